//! Looking at discrepancies.

use axum::Json;
use garde::Validate;
use heqi_domain::{AdjustmentId, CustomerId, DiscrepancyId, Id, LineId, UserId};
use heqi_platform::Value;

use super::model::{Discrepancy, DiscrepancyQuery, DiscrepancyView, Happening, Person, Settlement};
use super::store::{self, Filter};
use super::{history, people, sides};
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::features::customers;
use crate::input::Query;
use crate::page::Page;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Discrepancies, those that can be worked on unless asked otherwise.
#[utoipa::path(
    get, path = "/api/companies/{company}/discrepancies", tag = "discrepancies",
    operation_id = "discrepancy_list",
    params(("company" = String, Path, description = "The company"), DiscrepancyQuery),
    responses((status = 200, description = "A page of discrepancies", body = Page<Discrepancy>),
              (status = 422, description = "A filter that does not hold", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn discrepancy_list(
    ctx: Ctx,
    Query(query): Query<DiscrepancyQuery>,
) -> Result<Json<Page<Discrepancy>>, Problem> {
    let scope = ctx.require(Permission::DiscrepanciesRead)?;
    let mut filter = filter(&ctx, &query)?;
    let limit = filter.limit;
    let mut tx = ctx.read().await?;
    if let Some([customer]) = filter.customers.as_deref() {
        let all = customers::with_merged(&mut tx, ctx.company, *customer).await?;
        filter.customers = Some(all);
    }
    let found = store::list(&mut tx, &ctx, scope, &filter).await?;
    let by_amount = query.sort.as_deref() == Some("amount");
    let page = Page::cut(found, limit, &ctx.app.keys.cursor, |row| {
        let place =
            if by_amount { row.amount.saturating_abs() } else { row.first_seen_at.micros() };
        vec![Value::Int(place), Value::Int(row.id)]
    });
    let now = tx.now();
    let items = page.items.iter().map(|row| Discrepancy::of(row, now, ctx.lang)).collect();
    Ok(Json(Page { items, next: page.next }))
}

fn filter<'a>(ctx: &Ctx, query: &'a DiscrepancyQuery) -> Result<Filter<'a>, Problem> {
    query.validate().map_err(|report| {
        let what = report.to_string();
        Problem::invalid("invalid_filter", format!("筛选条件不对：{what}"), what)
    })?;
    let page = query.page();
    let after = match page.after(&ctx.app.keys.cursor)?.as_deref() {
        Some([Value::Int(place), Value::Int(id)]) => Some((*place, *id)),
        _ => None,
    };
    let customer = query.customer.as_deref().map(str::parse::<CustomerId>).transpose();
    let customer = customer.map_err(|_| wrong("/customer", "客户编号", "customer-17"))?;
    let owner = match query.owner.as_deref() {
        None => None,
        Some("none") => Some(None),
        Some("me") => Some(Some(ctx.user())),
        Some(id) => {
            let id = id.parse::<UserId>().map_err(|_| wrong("/owner", "用户编号", "user-17"))?;
            Some(Some(id.number()))
        }
    };
    let customers = customer.map(|customer| vec![customer.number()]);
    Ok(Filter { asked: query, customers, owner, after, limit: page.limit()? })
}

fn wrong(pointer: &str, what: &str, form: &str) -> Problem {
    Problem::field(pointer, format!("{what}应如 {form}"), format!("Expected a form like {form}"))
}

/// A discrepancy: both sides, what differs, what to do next.
#[utoipa::path(
    get, path = "/api/companies/{company}/discrepancies/{discrepancy}", tag = "discrepancies",
    operation_id = "discrepancy_view",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    responses((status = 200, description = "The discrepancy", body = DiscrepancyView),
              (status = 404, description = "Not there or not yours", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn discrepancy_view(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::DiscrepanciesRead)?;
    let mut tx = ctx.read().await?;
    let found = store::find(&mut tx, ctx.company, id.number(), scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let lines = store::lines(&mut tx, found.id).await?;
    let settlements = store::settlements(&mut tx, found.id).await?;
    let view = DiscrepancyView {
        discrepancy: Discrepancy::of(&found, tx.now(), ctx.lang),
        pairs: sides::pairs(&lines, &found.currency, ctx.lang),
        settlements: settlements
            .into_iter()
            .map(|(line, effect, adjustment)| Settlement {
                line: LineId::text(line),
                effect,
                adjustment: adjustment.map(AdjustmentId::text),
            })
            .collect(),
    };
    Ok(Reply::ok(&view).version(found.version))
}

/// What happened to a discrepancy, in words, from first sight on.
#[utoipa::path(
    get, path = "/api/companies/{company}/discrepancies/{discrepancy}/history",
    tag = "discrepancies", operation_id = "discrepancy_history",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    responses((status = 200, description = "What happened, oldest first", body = Vec<Happening>),
              (status = 404, description = "Not there or not yours", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn discrepancy_history(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
) -> Result<Json<Vec<Happening>>, Problem> {
    let scope = ctx.require(Permission::DiscrepanciesRead)?;
    let mut tx = ctx.read().await?;
    let found = store::find(&mut tx, ctx.company, id.number(), scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(history::of(&mut tx, ctx.company, &found, ctx.lang).await?))
}

/// Who can see the customer: whom it may be given to, whom a comment may name.
#[utoipa::path(
    get, path = "/api/companies/{company}/discrepancies/{discrepancy}/people",
    tag = "discrepancies", operation_id = "discrepancy_people",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    responses((status = 200, description = "People by name", body = Vec<Person>),
              (status = 404, description = "Not there or not yours", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn discrepancy_people(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
) -> Result<Json<Vec<Person>>, Problem> {
    let scope = ctx.require(Permission::DiscrepanciesRead)?;
    let mut tx = ctx.read().await?;
    let found = store::find(&mut tx, ctx.company, id.number(), scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(people::all(&mut tx, ctx.company, found.customer).await?))
}
