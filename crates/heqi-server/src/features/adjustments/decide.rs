//! Approving, rejecting, withdrawing: what becomes of an adjustment that waits.

use heqi_domain::{AdjustmentId, Id, Lang, Side};
use heqi_platform::Tx;
use serde_json::json;

use super::limits;
use super::model::{Adjustment, Note, State};
use super::propose::require_within;
use super::store::{self, Stored};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
use crate::features::customers;
use crate::features::discrepancies::{self, Settling, Status};
use crate::features::ledger::{self, LedgerKind, NewLine};
use crate::input::Input;
use crate::permission::{Permission, Scope};
use crate::problem::{Problem, ProblemBody};

/// Locks customer and adjustment, and holds version and state.
async fn begin(
    ctx: &Ctx,
    id: AdjustmentId,
    digest: &[u8; 32],
    permission: Permission,
) -> Result<(Change, Stored), Problem> {
    let version = ctx.if_match()?;
    let mut change = ctx.begin(digest).await?;
    let scope = ctx.require(permission)?;
    let found = find(ctx, &mut change, id.number(), scope).await?;
    // The customer first, as everything that posts does.
    customers::lock(&mut change, ctx.company, &[found.customer]).await?;
    change.lock_row("adjustment", ctx.company, found.id).await?;
    let found = find(ctx, &mut change, found.id, scope).await?;
    if found.version != version {
        return Err(Problem::stale(found.version));
    }
    if found.state != State::Proposed {
        let zh = format!("这笔调整{}，不能再处理", found.state.label(Lang::Zh));
        let en = format!("This adjustment is {}", found.state.label(Lang::En));
        let facts = json!({ "state": found.state, "version": found.version });
        return Err(Problem::conflict("adjustment_decided", zh, en).with_facts(facts));
    }
    Ok((change, found))
}

async fn find(ctx: &Ctx, tx: &mut Tx, id: i64, scope: &Scope) -> Result<Stored, Problem> {
    store::find(tx, ctx.company, id, scope).await?.ok_or_else(Problem::not_found)
}

async fn finish(
    ctx: &Ctx,
    mut change: Change,
    found: &Stored,
    action: &str,
    permission: Permission,
) -> Result<Reply, Problem> {
    let found = find(ctx, &mut change, found.id, ctx.require(permission)?).await?;
    let body = Adjustment::of(&found, ctx.lang);
    change.record(ctx.event(action, found.text(), &found.label()).with_detail(&body));
    change.answer(Reply::ok(&body).version(found.version)).await
}

fn require_other(ctx: &Ctx, found: &Stored) -> Result<(), Problem> {
    if found.proposed_by != ctx.user() {
        return Ok(());
    }
    let zh = "不能复核自己提出的调整；请另一位有复核权限的人复核";
    let en = "Nobody decides on an adjustment they asked for; another person has to";
    Err(Problem::conflict("own_adjustment", zh, en))
}

/// Approves an adjustment and posts it.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/{adjustment}/approve",
    tag = "adjustments", operation_id = "adjustment_approve",
    params(("company" = String, Path, description = "The company"),
           ("adjustment" = String, Path, description = "The adjustment")),
    request_body = Note,
    responses((status = 200, description = "Posted", body = Adjustment),
              (status = 403, description = "Above your limit", body = ProblemBody),
              (status = 404, description = "Not there or not yours", body = ProblemBody),
              (status = 409, description = "Your own, decided or signed", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.approve")))
)]
pub(super) async fn adjustment_approve(
    ctx: Ctx,
    At(id): At<AdjustmentId>,
    input: Input<Note>,
) -> Result<Reply, Problem> {
    let permission = Permission::AdjustmentsApprove;
    let (mut change, found) = begin(&ctx, id, &input.digest, permission).await?;
    require_other(&ctx, &found)?;
    require_limit(&ctx, &mut change, &found).await?;
    post(&ctx, &mut change, &found, &input.value.note).await?;
    finish(&ctx, change, &found, "adjustment.approve", permission).await
}

/// Whether the caller may approve so much: the sum for the customer and month counts, so that
/// nothing is gained by splitting.
pub(super) async fn within_limit(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &Stored,
) -> Result<Result<(), [i64; 2]>, Problem> {
    let permission = Permission::AdjustmentsApproveLarge;
    if let Ok(scope) = ctx.require(permission)
        && store::find(tx, ctx.company, found.id, scope).await?.is_some()
    {
        return Ok(Ok(()));
    }
    let account = (ctx.company, found.currency.as_str());
    let limit = limits::of(tx, ctx.company, &found.currency).await?.approval;
    let spent = store::spent(tx, account, Some(found.customer), &found.date, false).await?;
    let sum = spent.saturating_add(found.amount.saturating_abs());
    Ok(if sum <= limit { Ok(()) } else { Err([limit, sum]) })
}

async fn require_limit(ctx: &Ctx, tx: &mut Tx, found: &Stored) -> Result<(), Problem> {
    let Err([limit, sum]) = within_limit(ctx, tx, found).await? else { return Ok(()) };
    let problem = Problem::new(
        axum::http::StatusCode::FORBIDDEN,
        "above_approval_limit",
        "该客户本月调整合计超过您的复核限额；请财务经理复核",
        "With it the customer's adjustments of the month exceed your limit; a finance manager \
         has to approve it",
    );
    Err(problem.with_facts(json!({ "limit": limit, "sum": sum, "currency": found.currency })))
}

/// Posts one that waits, and lets the entry stand against its discrepancy.
pub(super) async fn post(
    ctx: &Ctx,
    change: &mut Change,
    found: &Stored,
    note: &str,
) -> Result<(), Problem> {
    let discrepancy = match found.discrepancy {
        Some(id) => discrepancies::lock_linked(change, ctx.company, id).await?,
        None => None,
    };
    if let Some(discrepancy) = &discrepancy
        && found.reverses.is_none()
    {
        discrepancies::require_live(discrepancy, discrepancy.version)?;
        require_within(discrepancy, found.amount)?;
    }
    let reversed = match found.reverses {
        Some(id) => find(ctx, change, id, &Scope { all: true, ..Scope::default() }).await?.line,
        None => None,
    };
    let entry = entry(found, reversed);
    let lines = ledger::post(change, ctx.company, &ctx.actor(), &[entry]).await?;
    let line = lines.first().copied().ok_or_else(Problem::not_found)?;
    store::decide(change, found, State::Posted, ctx.user(), note, Some(line)).await?;
    if let Some(mut discrepancy) = discrepancy.filter(|found| found.status != Status::Gone) {
        let resolution = found.kind.resolution();
        let (effect, adjustment) = (found.amount, found.id);
        let settling = Settling { line, effect, adjustment, resolution: &resolution };
        let event = discrepancies::settle(ctx, change, &mut discrepancy, &settling).await?;
        change.record(event);
    }
    Ok(())
}

/// The entry: it names the document that it corrects, so that a person can match the two.
fn entry(found: &Stored, reversed: Option<i64>) -> NewLine {
    let discrepancy = found.discrepancy.map(heqi_domain::DiscrepancyId::text);
    let kind = if reversed.is_some() { LedgerKind::Reversal } else { found.kind.ledger() };
    NewLine {
        customer: found.customer,
        side: Side::Ours,
        currency: found.currency.clone(),
        kind,
        reference: format!("TZ-{}", found.id),
        other_reference: found.other_reference.clone(),
        memo: [Some(found.reason.clone()), discrepancy]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        business_date: found.date.clone(),
        posting_date: found.date.clone(),
        due_date: None,
        amount: found.amount,
        tax: None,
        freight: None,
        document: None,
        reverses: reversed,
        source: ("adjustment".to_owned(), found.text()),
        batch: None,
    }
}

/// Rejects an adjustment.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/{adjustment}/reject",
    tag = "adjustments", operation_id = "adjustment_reject",
    params(("company" = String, Path, description = "The company"),
           ("adjustment" = String, Path, description = "The adjustment")),
    request_body = Note,
    responses((status = 200, description = "Rejected", body = Adjustment),
              (status = 404, description = "Not there or not yours", body = ProblemBody),
              (status = 409, description = "Your own, or decided", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody),
              (status = 422, description = "No reason given", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.approve")))
)]
pub(super) async fn adjustment_reject(
    ctx: Ctx,
    At(id): At<AdjustmentId>,
    input: Input<Note>,
) -> Result<Reply, Problem> {
    let note = input.value.note.trim();
    if note.is_empty() {
        let (zh, en) = ("请写明驳回原因", "Say why it is rejected");
        return Err(Problem::field("/note", zh, en));
    }
    let permission = Permission::AdjustmentsApprove;
    let (mut change, found) = begin(&ctx, id, &input.digest, permission).await?;
    require_other(&ctx, &found)?;
    store::decide(&mut change, &found, State::Rejected, ctx.user(), note, None).await?;
    finish(&ctx, change, &found, "adjustment.reject", permission).await
}

/// Takes back what the caller asked for.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/{adjustment}/withdraw",
    tag = "adjustments", operation_id = "adjustment_withdraw",
    params(("company" = String, Path, description = "The company"),
           ("adjustment" = String, Path, description = "The adjustment")),
    request_body = Note,
    responses((status = 200, description = "Withdrawn", body = Adjustment),
              (status = 404, description = "Not there or not yours", body = ProblemBody),
              (status = 409, description = "Another's, or decided", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.propose")))
)]
pub(super) async fn adjustment_withdraw(
    ctx: Ctx,
    At(id): At<AdjustmentId>,
    input: Input<Note>,
) -> Result<Reply, Problem> {
    let permission = Permission::AdjustmentsPropose;
    let (mut change, found) = begin(&ctx, id, &input.digest, permission).await?;
    if found.proposed_by != ctx.user() {
        let zh = "只有提出人可以撤回；复核人请驳回";
        let en = "Only who asked for it withdraws it; an approver rejects it";
        return Err(Problem::conflict("not_own_adjustment", zh, en));
    }
    let note = &input.value.note;
    store::decide(&mut change, &found, State::Withdrawn, ctx.user(), note, None).await?;
    finish(&ctx, change, &found, "adjustment.withdraw", permission).await
}
