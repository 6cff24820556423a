//! Looking at adjustments.

use axum::Json;
use garde::Validate;
use heqi_domain::{AdjustmentId, CustomerId, DiscrepancyId};
use heqi_platform::Value;

use super::decide::within_limit;
use super::model::{Adjustment, AdjustmentQuery, AdjustmentView, State};
use super::store::{self, Filter};
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::features::discrepancies;
use crate::input::Query;
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Adjustments, newest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/adjustments", tag = "adjustments",
    operation_id = "adjustment_list",
    params(("company" = String, Path, description = "The company"), AdjustmentQuery),
    responses((status = 200, description = "A page of adjustments", body = Page<Adjustment>),
              (status = 422, description = "A filter that does not hold", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn adjustment_list(
    ctx: Ctx,
    Query(query): Query<AdjustmentQuery>,
) -> Result<Json<Page<Adjustment>>, Problem> {
    let scope = ctx.require(Permission::DiscrepanciesRead)?;
    let bad = || Problem::invalid("invalid_filter", "筛选条件不对", "A filter does not hold");
    query.validate().map_err(|_| bad())?;
    let key = &ctx.app.keys.cursor;
    let page = PageQuery { limit: query.limit, cursor: query.cursor.clone() };
    let before = match page.after(key)?.as_deref() {
        Some([Value::Int(id)]) => Some(*id),
        _ => None,
    };
    let customer = query.customer.as_deref().map(str::parse::<CustomerId>);
    let discrepancy = query.discrepancy.as_deref().map(str::parse::<DiscrepancyId>);
    let filter = Filter {
        state: query.state.as_deref(),
        customer: customer.transpose().map_err(|_| bad())?.map(CustomerId::number),
        discrepancy: discrepancy.transpose().map_err(|_| bad())?.map(DiscrepancyId::number),
        before,
        limit: page.limit()?,
    };
    let found = store::list(&mut ctx.read().await?, ctx.company, scope, &filter).await?;
    let page = Page::cut(found, filter.limit, key, |row| vec![row.id.into()]);
    let items = page.items.iter().map(|row| Adjustment::of(row, ctx.lang)).collect();
    Ok(Json(Page { items, next: page.next }))
}

/// An adjustment as the approver sees it: the balance with and without it.
#[utoipa::path(
    get, path = "/api/companies/{company}/adjustments/{adjustment}", tag = "adjustments",
    operation_id = "adjustment_view",
    params(("company" = String, Path, description = "The company"),
           ("adjustment" = String, Path, description = "The adjustment")),
    responses((status = 200, description = "The adjustment", body = AdjustmentView),
              (status = 404, description = "Not there or not yours", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn adjustment_view(ctx: Ctx, At(id): At<AdjustmentId>) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::DiscrepanciesRead)?;
    let mut tx = ctx.read().await?;
    let found = store::find(&mut tx, ctx.company, id.number(), scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let present = store::balance(&mut tx, found.customer, &found.currency).await?;
    let left = match found.discrepancy {
        Some(id) => {
            let read = Permission::DiscrepanciesRead;
            Some(discrepancies::view(&ctx, &mut tx, read, id).await?.remaining)
        }
        None => None,
    };
    // Once it is posted the present figures hold it already.
    let (before, after) = match found.state {
        State::Posted => (-found.amount, 0),
        _ => (0, found.amount),
    };
    let waits = found.state == State::Proposed && found.proposed_by != ctx.user();
    let may = waits && ctx.may(Permission::AdjustmentsApprove);
    let view = AdjustmentView {
        balance_before: present.saturating_add(before),
        balance_after: present.saturating_add(after),
        difference_before: left.map(|left| left.saturating_add(before)),
        difference_after: left.map(|left| left.saturating_add(after)),
        may_approve: may && within_limit(&ctx, &mut tx, &found).await?.is_ok(),
        adjustment: Adjustment::of(&found, ctx.lang),
    };
    Ok(Reply::ok(&view).version(found.version))
}
