//! From open to signed and back: prepare, approve, sign off, reopen, verify.

use axum::Json;
use heqi_domain::PeriodId;
use heqi_platform::Tx;
use heqi_platform::audit::{self, Checkpoint};

use super::digest::{digest, hex, lines_digest};
use super::model::{
    Check, Period, Preparation, Preview, Reopening, Snapshot, Unravel, Verification,
};
use super::routes::{chain_fault, find, label, lock, preview};
use super::sources;
use super::store::{self, Record};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx, EMPTY};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Computes and stores what is to be approved; open items do not hinder it.
#[utoipa::path(
    post, path = "/api/companies/{company}/periods/{period}/prepare", tag = "periods",
    operation_id = "period_prepare", request_body = Preparation,
    params(("company" = String, Path), ("period" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, description = "Figures and checklist", body = Preview),
              (status = 409, description = "Signed already", body = ProblemBody),
              (status = 412, description = "Changed since", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.prepare")))
)]
pub(super) async fn period_prepare(
    ctx: Ctx,
    At(period): At<PeriodId>,
    input: Input<Preparation>,
) -> Result<Reply, Problem> {
    let fault = chain_fault(&mut ctx.read().await?, ctx.company).await?;
    let (mut change, record) =
        begin(&ctx, &input.digest, Permission::PeriodsPrepare, period).await?;
    if record.shown.state == "signed" {
        return Err(signed_already(&record));
    }
    let made = preview(&mut change, &record, &input.value.excuse, fault).await?;
    let mark = digest(&made.snapshot);
    let (by, what) = (ctx.actor(), (&made.snapshot, mark));
    store::prepare(&mut change, record.number, what, &made.checklist, &by).await?;
    let detail = serde_json::json!({ "digest": hex(&mark), "ready": made.ready,
        "difference": made.snapshot.difference().to_string() });
    let event = ctx.event("period.prepare", &record.shown.id, &label(&record));
    change.record(event.with_detail(&detail));
    change.answer(Reply::ok(&made).version(record.shown.version + 1)).await
}

/// Approves what somebody else has prepared.
#[utoipa::path(
    post, path = "/api/companies/{company}/periods/{period}/approve", tag = "periods",
    operation_id = "period_approve",
    params(("company" = String, Path), ("period" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, description = "The period", body = Period),
              (status = 409, description = "Not prepared, or by the same person",
               body = ProblemBody)),
    extensions(("x-permission" = json!("periods.sign")))
)]
pub(super) async fn period_approve(ctx: Ctx, At(period): At<PeriodId>) -> Result<Reply, Problem> {
    let (mut change, record) = begin(&ctx, &EMPTY, Permission::PeriodsSign, period).await?;
    if record.shown.state != "prepared" {
        return Err(Problem::conflict(
            "not_prepared",
            "这个期间还没有提交复核，或已经复核",
            "The period is not waiting for approval",
        ));
    }
    refuse_own(&record.shown.prepared_by, &ctx)?;
    store::approve(&mut change, record.number, &ctx.actor()).await?;
    change.record(ctx.event("period.approve", &record.shown.id, &label(&record)));
    finish(&ctx, change, &record, Permission::PeriodsSign).await
}

/// Signs a period off: only what was approved, only if everything on the list holds.
#[utoipa::path(
    post, path = "/api/companies/{company}/periods/{period}/sign-off", tag = "periods",
    operation_id = "period_sign_off",
    params(("company" = String, Path), ("period" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, description = "The period", body = Period),
              (status = 409, description = "Not approved, not the same any more, or something is \
               in the way", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.sign")))
)]
pub(super) async fn period_sign_off(ctx: Ctx, At(period): At<PeriodId>) -> Result<Reply, Problem> {
    // Outside of the change: it may take seconds, and what is appended meanwhile is the change's.
    let fault = chain_fault(&mut ctx.read().await?, ctx.company).await?;
    let (mut change, record) = begin(&ctx, &EMPTY, Permission::PeriodsSign, period).await?;
    if record.shown.state != "approved" {
        return Err(Problem::conflict(
            "not_approved",
            "这个期间还没有复核通过，不能签认",
            "The period is not approved yet",
        ));
    }
    refuse_own(&record.shown.prepared_by, &ctx)?;
    let made = preview(&mut change, &record, &record.excuse, fault).await?;
    if record.digest != Some(digest(&made.snapshot)) {
        return Err(Problem::conflict(
            "prepared_stale",
            "提交以后数据有变动，签认的内容已不是复核时的内容；请重新提交、复核",
            "Something has changed since it was prepared; prepare and approve it again",
        ));
    }
    refuse_unready(&made.checklist)?;
    let checkpoint = Checkpoint::of(&mut change, ctx.company).await?;
    let line = ctx.app.signer.sign(&checkpoint);
    store::seal(&mut change, &record, &line, &ctx.actor()).await?;
    let detail = serde_json::json!({ "digest": record.shown.digest, "checkpoint": line });
    let event = ctx.event("period.sign_off", &record.shown.id, &label(&record));
    change.record(event.with_detail(&detail));
    finish(&ctx, change, &record, Permission::PeriodsSign).await
}

/// What reopening would unravel.
#[utoipa::path(
    get, path = "/api/companies/{company}/periods/{period}/reopening", tag = "periods",
    operation_id = "reopening_view", params(("company" = String, Path), ("period" = String, Path)),
    responses((status = 200, description = "What it would unravel", body = Unravel),
              (status = 404, description = "No such period", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.read")))
)]
pub(super) async fn reopening_view(
    ctx: Ctx,
    At(period): At<PeriodId>,
) -> Result<Json<Unravel>, Problem> {
    let mut tx = ctx.read().await?;
    let record = find(&ctx, &mut tx, Permission::PeriodsRead, period.number()).await?;
    Ok(Json(unravel(&mut tx, &record).await?))
}

/// Asks for a signed period to be reopened; another person decides.
#[utoipa::path(
    post, path = "/api/companies/{company}/periods/{period}/reopening", tag = "periods",
    operation_id = "reopening_request", request_body = Reopening,
    params(("company" = String, Path), ("period" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, description = "What it would unravel", body = Unravel),
              (status = 409, description = "Not signed", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.prepare")))
)]
pub(super) async fn reopening_request(
    ctx: Ctx,
    At(period): At<PeriodId>,
    input: Input<Reopening>,
) -> Result<Reply, Problem> {
    let (mut change, record) =
        begin(&ctx, &input.digest, Permission::PeriodsPrepare, period).await?;
    if record.shown.state != "signed" {
        return Err(not_signed());
    }
    let (reason, by) = (input.value.reason.trim(), ctx.actor());
    store::ask_reopening(&mut change, record.number, reason, &by).await?;
    let event = ctx.event("period.reopen_request", &record.shown.id, &label(&record));
    change.record(event.with_detail(&input.value));
    let record = find(&ctx, &mut change, Permission::PeriodsPrepare, period.number()).await?;
    let answer = unravel(&mut change, &record).await?;
    change.answer(Reply::ok(&answer).version(record.shown.version)).await
}

/// Opens a signed period again, as somebody else has asked; its seal is kept as superseded.
#[utoipa::path(
    post, path = "/api/companies/{company}/periods/{period}/reopening/approve", tag = "periods",
    operation_id = "reopening_approve",
    params(("company" = String, Path), ("period" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, description = "The period", body = Period),
              (status = 409, description = "Nobody asked, a later period is signed, or it is \
               one's own request", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.reopen")))
)]
pub(super) async fn reopening_approve(
    ctx: Ctx,
    At(period): At<PeriodId>,
) -> Result<Reply, Problem> {
    let (mut change, record) = begin(&ctx, &EMPTY, Permission::PeriodsReopen, period).await?;
    if record.shown.state != "signed" || record.shown.reopen_by.is_empty() {
        return Err(Problem::conflict(
            "reopening_not_asked",
            "没有待批准的反结账申请",
            "Nobody has asked for this period to be reopened",
        ));
    }
    refuse_own(&record.shown.reopen_by, &ctx)?;
    let later = unravel(&mut change, &record).await?.later;
    if !later.is_empty() {
        let problem = Problem::conflict(
            "later_signed",
            format!("后面的期间（{}）已签认；请从最后一期开始反结账", later.join("、")),
            format!("Later periods are signed ({}); reopen the last one first", later.join(", ")),
        );
        return Err(problem.with_facts(serde_json::json!({ "later": later })));
    }
    store::reopen(&mut change, &record, &ctx.actor()).await?;
    let event = ctx.event("period.reopen", &record.shown.id, &label(&record));
    let detail = serde_json::json!({ "reason": record.shown.reopen_reason,
        "requested_by": record.shown.reopen_by, "superseded": record.shown.digest });
    change.record(event.with_detail(&detail));
    finish(&ctx, change, &record, Permission::PeriodsReopen).await
}

/// Holds a signed period against its lines, its seal and the audit chain.
#[utoipa::path(
    post, path = "/api/companies/{company}/periods/{period}/verify", tag = "periods",
    operation_id = "period_verify", params(("company" = String, Path), ("period" = String, Path)),
    responses((status = 200, description = "What was found", body = Verification),
              (status = 409, description = "Not signed", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.read")))
)]
pub(super) async fn period_verify(ctx: Ctx, At(period): At<PeriodId>) -> Result<Reply, Problem> {
    let mut tx = ctx.read().await?;
    let record = find(&ctx, &mut tx, Permission::PeriodsRead, period.number()).await?;
    if record.shown.state != "signed" {
        return Err(not_signed());
    }
    let found = verify(&ctx, &mut tx, &record).await?;
    drop(tx);
    let mut change = ctx.begin(&EMPTY).await?;
    let event = ctx.event("period.verify", &record.shown.id, &label(&record));
    change.record(event.with_detail(&found));
    change.answer(Reply::ok(&found)).await
}

async fn verify(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Verification, Problem> {
    let (snapshot, stored) = store::sealed(tx, record).await?;
    let late = sources::late(tx, record).await?;
    let checkpoint = store::seals(tx, record.number).await?.into_iter().next();
    let mark = checkpoint.and_then(|seal| ctx.app.signer.read(&seal.checkpoint).ok());
    let checkpoint_ok = match mark {
        Some(mark) => audit::verify(tx, ctx.company, &[mark]).await?.fault.is_none(),
        None => false,
    };
    let late_amount: i128 = late
        .iter()
        .map(|line| i128::from(line.amount) * if line.side == "ours" { 1 } else { -1 })
        .sum();
    let snapshot_ok = digest(&snapshot) == stored && record.digest == Some(stored);
    let lines_ok = lines_as_signed(tx, record, &snapshot).await?;
    Ok(Verification {
        ok: snapshot_ok && lines_ok && checkpoint_ok && late.is_empty(),
        snapshot_ok,
        lines_ok,
        checkpoint_ok,
        late,
        late_amount: late_amount.try_into().unwrap_or(i64::MAX),
    })
}

/// Whether the books still say about these days what was signed.
async fn lines_as_signed(tx: &mut Tx, record: &Record, signed: &Snapshot) -> Result<bool, Problem> {
    let Record { account, shown, .. } = record;
    let facts = sources::facts(tx, account, &shown.last_day).await?;
    let ties = super::figures::Ties::default();
    let Ok(now) = super::figures::figures(&facts, &ties, &shown.first_day, "") else {
        return Ok(false);
    };
    let same = now.ours == signed.ours && now.theirs == signed.theirs;
    Ok(same && lines_digest(&facts, &shown.first_day) == signed.lines_digest)
}

async fn unravel(tx: &mut Tx, record: &Record) -> Result<Unravel, Problem> {
    let periods = store::of_account(tx, &record.account).await?;
    let signed = || periods.iter().filter(|it| it.shown.state == "signed");
    let later = signed().filter(|it| it.shown.first_day > record.shown.last_day);
    let before = signed().rfind(|it| it.shown.last_day < record.shown.first_day);
    let carried = match record.shown.seal {
        0 => Vec::new(),
        _ => store::sealed(tx, record).await?.0.items,
    };
    let groups = heqi_platform::Sql::new("SELECT COUNT(*) FROM match_group WHERE period_id = $1");
    Ok(Unravel {
        later: later.map(|it| it.shown.span.clone()).collect(),
        groups: tx.count(groups.bind(record.number)).await?,
        carried,
        locked_through: before.map(|it| it.shown.last_day.clone()).unwrap_or_default(),
        reason: record.shown.reopen_reason.clone(),
        requested_by: record.shown.reopen_by.clone(),
    })
}

/// Begins a change of a period: under the lock of its customer, of the version that was read.
async fn begin(
    ctx: &Ctx,
    body: &[u8; 32],
    permission: Permission,
    period: PeriodId,
) -> Result<(Change, Record), Problem> {
    let version = ctx.if_match()?;
    let mut change = ctx.begin(body).await?;
    let record = lock(ctx, &mut change, permission, period).await?;
    if record.shown.version != version {
        return Err(Problem::stale(record.shown.version));
    }
    Ok((change, record))
}

/// Answers with the period as it is now.
async fn finish(
    ctx: &Ctx,
    mut change: Change,
    record: &Record,
    permission: Permission,
) -> Result<Reply, Problem> {
    let now = find(ctx, &mut change, permission, record.number).await?.shown;
    change.answer(Reply::ok(&now).version(now.version)).await
}

fn refuse_own(other: &str, ctx: &Ctx) -> Result<(), Problem> {
    if other != ctx.actor() {
        return Ok(());
    }
    Err(Problem::conflict(
        "four_eyes",
        "提交和批准须由不同的人办理",
        "Whoever asks does not decide; another person has to",
    ))
}

fn refuse_unready(checklist: &[Check]) -> Result<(), Problem> {
    let failed: Vec<&Check> = checklist.iter().filter(|check| !check.ok).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let join = |of: fn(&Check) -> &str, with: &str| {
        failed.iter().map(|check| of(check)).collect::<Vec<_>>().join(with)
    };
    let problem = Problem::conflict(
        "checklist",
        format!("还不能签认：{}", join(|check| &check.problem_zh, "；")),
        format!("It cannot be signed yet: {}", join(|check| &check.problem_en, "; ")),
    );
    let codes: Vec<&str> = failed.iter().map(|check| check.code.as_str()).collect();
    Err(problem.with_facts(serde_json::json!({ "failed": codes })))
}

fn signed_already(record: &Record) -> Problem {
    let day = &record.shown.last_day;
    Problem::conflict(
        "period_signed",
        format!("期间已签认（至 {day}）；要改请先申请反结账"),
        format!("The period is signed (through {day}); ask for it to be reopened first"),
    )
}

fn not_signed() -> Problem {
    Problem::conflict("not_signed", "这个期间还没有签认", "The period is not signed")
}
