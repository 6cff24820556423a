//! Asking for an adjustment, or for taking one back.

use heqi_domain::{AdjustmentId, CompanyId, CustomerId, DiscrepancyId, Id};
use heqi_platform::Tx;
use serde_json::json;

use super::model::{Adjustment, Kind, NewAdjustment, NewReversal, State};
use super::store::{self, New, Stored};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
use crate::features::customers::{self, Brief};
use crate::features::discrepancies;
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Asks for an adjustment.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments", tag = "adjustments",
    operation_id = "adjustment_propose",
    params(("company" = String, Path, description = "The company")),
    request_body = NewAdjustment,
    responses((status = 201, description = "The adjustment, waiting", body = Adjustment,
               links(("adjustment_view" = (operation_id = "adjustment_view", parameters(
                   ("company" = "$request.path.company"),
                   ("adjustment" = "$response.body#/id")))))),
              (status = 404, description = "Not there or not yours", body = ProblemBody),
              (status = 409, description = "Signed, closed or waiting", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody),
              (status = 422, description = "More than is left of it", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.propose")))
)]
pub(super) async fn adjustment_propose(
    ctx: Ctx,
    input: Input<NewAdjustment>,
) -> Result<Reply, Problem> {
    let asked = &input.value;
    require_sign(asked)?;
    let id = match (&asked.discrepancy, &asked.customer) {
        (Some(discrepancy), None) => propose_for(&ctx, &input, discrepancy).await?,
        (None, Some(customer)) => propose_free(&ctx, &input, customer).await?,
        _ => {
            let zh = "请指明差异或客户，二者选一";
            let en = "Name either a discrepancy or a customer";
            return Err(Problem::field("/discrepancy", zh, en));
        }
    };
    let (change, id) = id;
    answer(&ctx, change, id).await
}

fn require_sign(asked: &NewAdjustment) -> Result<(), Problem> {
    if asked.kind.sign().is_none_or(|sign| sign == asked.amount.signum()) {
        return Ok(());
    }
    Err(Problem::field(
        "/amount",
        "金额方向不对：折让、返利、核销减少应收，填负数；费用增加应收，填正数",
        "Wrong sign: allowances, rebates and write-offs lower the debt, fees raise it",
    ))
}

async fn propose_for(
    ctx: &Ctx,
    input: &Input<NewAdjustment>,
    discrepancy: &str,
) -> Result<(Change, i64), Problem> {
    let asked = &input.value;
    let id = discrepancy.parse::<DiscrepancyId>().map_err(|_| Problem::not_found())?;
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&input.digest).await?;
    let permission = Permission::AdjustmentsPropose;
    let seen = discrepancies::view(ctx, &mut change, permission, id.number()).await?;
    let customer = locked(ctx, &mut change, seen.customer).await?;
    let mut found = discrepancies::lock(ctx, &mut change, permission, id.number()).await?;
    discrepancies::require_live(&found, version)?;
    require_open(&change, &customer, &asked.date)?;
    require_within(&found, asked.amount)?;
    if store::waits(&mut change, Some(found.id), None).await? {
        return Err(waits_already());
    }
    let other_reference = discrepancies::reference(&mut change, &found).await?;
    let new = New {
        discrepancy: Some(found.id),
        other_reference: &other_reference,
        ..plain(asked, found.customer, &found.currency)
    };
    let adjustment = store::insert(&mut change, ctx.company, ctx.user(), &new).await?;
    let detail = json!({
        "adjustment": AdjustmentId::text(adjustment), "amount": asked.amount,
        "reason": asked.reason,
    });
    let event = discrepancies::note_proposal(ctx, &mut change, &mut found, &detail).await?;
    change.record(event);
    Ok((change, adjustment))
}

async fn propose_free(
    ctx: &Ctx,
    input: &Input<NewAdjustment>,
    customer: &str,
) -> Result<(Change, i64), Problem> {
    let asked = &input.value;
    if asked.kind == Kind::Rounding {
        let zh = "尾差核销须针对一笔差异";
        return Err(Problem::field("/kind", zh, "A rounding is written off of a discrepancy"));
    }
    let id = customer.parse::<CustomerId>().map_err(|_| Problem::not_found())?;
    let mut change = ctx.begin(&input.digest).await?;
    let permission = Permission::AdjustmentsPropose;
    let customer = customers::visible(ctx, &mut change, permission, id.number()).await?;
    require_open(&change, &customer, &asked.date)?;
    let new = plain(asked, customer.id, &customer.currency);
    let adjustment = store::insert(&mut change, ctx.company, ctx.user(), &new).await?;
    Ok((change, adjustment))
}

/// The customer, locked before anything that refers to it, as everything that posts does.
async fn locked(ctx: &Ctx, tx: &mut Tx, customer: i64) -> Result<Brief, Problem> {
    customers::lock(tx, ctx.company, &[customer]).await?;
    customers::visible(ctx, tx, Permission::AdjustmentsPropose, customer).await
}

fn plain<'a>(asked: &'a NewAdjustment, customer: i64, currency: &'a str) -> New<'a> {
    New {
        customer,
        currency,
        discrepancy: None,
        kind: asked.kind,
        amount: asked.amount,
        date: &asked.date,
        account: &asked.account,
        reason: &asked.reason,
        evidence: &asked.evidence,
        other_reference: "",
        reverses: None,
        within_limit: false,
    }
}

/// The day is neither to come nor within a signed period. What is signed is looked at again when
/// the entry is posted; here the maker is told early.
pub(super) fn require_open(tx: &Tx, customer: &Brief, date: &str) -> Result<(), Problem> {
    if date > tx.now().book_date().as_str() {
        let zh = "入账日期不能晚于今天";
        return Err(Problem::field("/date", zh, "The entry cannot be dated later than today"));
    }
    let through = &customer.locked_through;
    if date > through.as_str() {
        return Ok(());
    }
    let problem = Problem::conflict(
        "period_signed",
        format!("{date} 在已签认的期间内（签认至 {through}）；请记入下一期，或申请反结账"),
        format!("{date} lies in a signed period (through {through}); use a later date"),
    );
    Err(problem.with_facts(json!({ "locked_through": through })))
}

/// An adjustment takes off what is left of the discrepancy, never adds to it or overshoots.
pub(super) fn require_within(found: &discrepancies::Stored, amount: i64) -> Result<(), Problem> {
    let left = found.remaining;
    if amount.signum() == -left.signum() && amount.unsigned_abs() <= left.unsigned_abs() {
        return Ok(());
    }
    let mut problem = Problem::field(
        "/amount",
        "调整金额应与剩余差额方向相反，且不超过它",
        "The amount has to go against what is left of the difference, and not beyond it",
    );
    problem.facts = Some(json!({ "remaining": left }));
    Err(problem)
}

fn waits_already() -> Problem {
    let zh = "已有一笔调整待复核；请先处理它";
    Problem::conflict("adjustment_waits", zh, "Another adjustment of it waits for approval")
}

/// Asks for taking a posted adjustment back; that again needs another person.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/{adjustment}/reverse",
    tag = "adjustments", operation_id = "adjustment_reverse",
    params(("company" = String, Path, description = "The company"),
           ("adjustment" = String, Path, description = "The adjustment")),
    request_body = NewReversal,
    responses((status = 201, description = "The reversal, waiting", body = Adjustment),
              (status = 404, description = "Not there or not yours", body = ProblemBody),
              (status = 409, description = "Not posted, or reversed", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.propose")))
)]
pub(super) async fn adjustment_reverse(
    ctx: Ctx,
    At(id): At<AdjustmentId>,
    input: Input<NewReversal>,
) -> Result<Reply, Problem> {
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&input.digest).await?;
    let scope = ctx.require(Permission::AdjustmentsPropose)?;
    let seen = store::find(&mut change, ctx.company, id.number(), scope).await?;
    let seen = seen.ok_or_else(Problem::not_found)?;
    let customer = locked(&ctx, &mut change, seen.customer).await?;
    change.lock_row("adjustment", ctx.company, seen.id).await?;
    let found = store::find(&mut change, ctx.company, seen.id, scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    if found.version != version {
        return Err(Problem::stale(found.version));
    }
    require_reversible(&mut change, &found).await?;
    require_open(&change, &customer, &input.value.date)?;
    let new = New {
        customer: found.customer,
        currency: &found.currency,
        discrepancy: found.discrepancy,
        kind: found.kind,
        amount: -found.amount,
        date: &input.value.date,
        account: &found.account,
        reason: &input.value.reason,
        evidence: "",
        other_reference: &found.other_reference,
        reverses: Some(found.id),
        within_limit: false,
    };
    let adjustment = store::insert(&mut change, ctx.company, ctx.user(), &new).await?;
    answer(&ctx, change, adjustment).await
}

async fn require_reversible(tx: &mut Tx, found: &Stored) -> Result<(), Problem> {
    if found.state != State::Posted || found.reversed_by.is_some() || found.reverses.is_some() {
        let zh = "只有已过账、未冲销过的调整可以冲销";
        let en = "Only a posted adjustment that was not reversed can be reversed";
        let facts = json!({ "state": found.state, "version": found.version });
        return Err(Problem::conflict("not_reversible", zh, en).with_facts(facts));
    }
    if store::waits(tx, found.discrepancy, Some(found.id)).await? {
        return Err(waits_already());
    }
    Ok(())
}

/// The adjustment that was asked for, with its record.
async fn answer(ctx: &Ctx, mut change: Change, id: i64) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::AdjustmentsPropose)?;
    let found = store::find(&mut change, ctx.company, id, scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let body = Adjustment::of(&found, ctx.lang);
    let action = if found.reverses.is_some() { "adjustment.reverse" } else { "adjustment.propose" };
    change.record(ctx.event(action, found.text(), &found.label()).with_detail(&body));
    let company = CompanyId::text(ctx.company);
    let at = format!("/api/companies/{company}/adjustments/{}", found.text());
    change.answer(Reply::created(at, &body).version(found.version)).await
}
