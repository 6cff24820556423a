//! Writing a small difference off 尾差核销 at once, within the limits.

use heqi_domain::{CompanyId, DiscrepancyId, Id, Reason};
use heqi_platform::Tx;
use serde_json::json;

use super::decide;
use super::limits;
use super::model::{Adjustment, Kind, NewWriteOff};
use super::propose::require_open;
use super::store::{self, New};
use crate::answer::Reply;
use crate::ctx::Ctx;
use crate::features::customers;
use crate::features::discrepancies;
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Writes a small difference off; beyond a limit it has to be proposed instead.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/write-off", tag = "adjustments",
    operation_id = "adjustment_write_off",
    params(("company" = String, Path, description = "The company")),
    request_body = NewWriteOff,
    responses((status = 201, description = "Written off", body = Adjustment),
              (status = 404, description = "Not there or not yours", body = ProblemBody),
              (status = 409, description = "Beyond a limit, or no rounding", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.propose")))
)]
pub(super) async fn adjustment_write_off(
    ctx: Ctx,
    input: Input<NewWriteOff>,
) -> Result<Reply, Problem> {
    let asked = &input.value;
    let id = asked.discrepancy.parse::<DiscrepancyId>().map_err(|_| Problem::not_found())?;
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&input.digest).await?;
    let found = begin(&ctx, &mut change, id, version).await?;
    let today = change.now().book_date();
    require_limits(&ctx, &mut change, &found, &today).await?;
    let other_reference = discrepancies::reference(&mut change, &found).await?;
    let new = New {
        customer: found.customer,
        currency: &found.currency,
        discrepancy: Some(found.id),
        kind: Kind::Rounding,
        amount: found.remaining.checked_neg().ok_or_else(Problem::not_found)?,
        date: &today,
        account: &asked.account,
        reason: if asked.note.is_empty() { "尾差核销" } else { &asked.note },
        evidence: "",
        other_reference: &other_reference,
        reverses: None,
        within_limit: true,
    };
    let id = store::insert(&mut change, ctx.company, ctx.user(), &new).await?;
    let scope = ctx.require(Permission::AdjustmentsPropose)?;
    let written = store::find(&mut change, ctx.company, id, scope).await?;
    let written = written.ok_or_else(Problem::not_found)?;
    decide::post(&ctx, &mut change, &written, "").await?;
    let written = store::find(&mut change, ctx.company, id, scope).await?;
    let written = written.ok_or_else(Problem::not_found)?;
    let body = Adjustment::of(&written, ctx.lang);
    let event = ctx.event("adjustment.write_off", written.text(), &written.label());
    change.record(event.with_detail(&body));
    let company = CompanyId::text(ctx.company);
    let at = format!("/api/companies/{company}/adjustments/{}", written.text());
    change.answer(Reply::created(at, &body).version(written.version)).await
}

/// Locks limits, customer and discrepancy in this order, and holds that it may be written off.
async fn begin(
    ctx: &Ctx,
    tx: &mut Tx,
    id: DiscrepancyId,
    version: i64,
) -> Result<discrepancies::Stored, Problem> {
    let permission = Permission::AdjustmentsPropose;
    let seen = discrepancies::view(ctx, tx, permission, id.number()).await?;
    limits::lock(tx, ctx.company, &seen.currency).await?;
    customers::lock(tx, ctx.company, &[seen.customer]).await?;
    let customer = customers::visible(ctx, tx, permission, seen.customer).await?;
    let found = discrepancies::lock(ctx, tx, permission, id.number()).await?;
    discrepancies::require_live(&found, version)?;
    require_open(tx, &customer, &tx.now().book_date())?;
    if found.main_reason() != Reason::Rounding || found.remaining == 0 {
        let zh = "只有原因是尾差的差异可以直接核销；其他差异请提出调整";
        let en = "Only a rounding is written off at once; propose an adjustment of others";
        return Err(Problem::conflict("no_rounding", zh, en));
    }
    if store::waits(tx, Some(found.id), None).await? {
        let zh = "已有一笔调整待复核；请先处理它";
        let en = "Another adjustment of it waits for approval";
        return Err(Problem::conflict("adjustment_waits", zh, en));
    }
    Ok(found)
}

/// Each limit with the sum that would stand against it; whatever the signs, so that a surplus
/// does not make room for a loss.
async fn require_limits(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &discrepancies::Stored,
    today: &str,
) -> Result<(), Problem> {
    let limits = limits::of(tx, ctx.company, &found.currency).await?;
    let account = (ctx.company, found.currency.as_str());
    let this = found.remaining.saturating_abs();
    let customer = store::spent(tx, account, Some(found.customer), today, true).await?;
    let all = store::spent(tx, account, None, today, true).await?;
    for (name, limit, sum) in [
        ("write_off_item", limits.write_off_item, this),
        ("write_off_customer", limits.write_off_customer, customer.saturating_add(this)),
        ("write_off_total", limits.write_off_total, all.saturating_add(this)),
    ] {
        if sum > limit {
            let zh = "超过尾差核销限额；请提出调整，由另一人复核";
            let en = "Beyond the limit for small differences; propose an adjustment instead";
            let facts = json!({
                "exceeded": name, "limit": limit, "sum": sum, "currency": found.currency,
            });
            return Err(Problem::conflict("above_write_off_limit", zh, en).with_facts(facts));
        }
    }
    Ok(())
}
