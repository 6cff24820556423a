//! Acting on one discrepancy: assign, date, cause, hold, release, resolve, reopen.
//!
//! Each act is a function on a locked discrepancy, so that a bulk act does the same to many.

use heqi_domain::{DiscrepancyId, LineId, UserId};
use heqi_platform::Tx;
use heqi_platform::audit::Event;
use serde_json::json;

use super::model::{
    Discrepancy, DiscrepancyUpdate, Hold, Resolution, Resolve, Status, Timing, Why,
};
use super::notifications::{self, Told};
use super::{Stored, lock, people, require_live, store};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Owner, due date, cause.
pub(super) async fn update(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &mut Stored,
    asked: &DiscrepancyUpdate,
) -> Result<Event, Problem> {
    let mut detail = serde_json::Map::new();
    match asked.owner.as_deref() {
        None => {}
        Some("") => {
            (found.owner, found.owner_name) = (None, String::new());
            detail.insert("owner".into(), "".into());
        }
        Some(owner) => {
            assign(ctx, tx, found, owner).await?;
            detail.insert("owner".into(), owner.into());
            detail.insert("owner_name".into(), found.owner_name.as_str().into());
        }
    }
    if let Some(date) = &asked.due_date {
        found.due_date = Some(date.clone()).filter(|date| !date.is_empty());
        detail.insert("due_date".into(), date.as_str().into());
    }
    if let Some(cause) = &asked.cause {
        found.cause.clone_from(cause);
        detail.insert("cause".into(), cause.as_str().into());
    }
    store::save(tx, found).await?;
    let event = ctx.event("discrepancy.update", found.text(), &found.label());
    Ok(event.with_detail(&serde_json::Value::Object(detail)))
}

async fn assign(ctx: &Ctx, tx: &mut Tx, found: &mut Stored, owner: &str) -> Result<(), Problem> {
    let unfit = || {
        Problem::field(
            "/owner",
            "没有这个人，或他看不到这个客户；请另选一位，或先授权",
            "No such person, or one who may not see this customer; choose another",
        )
    };
    let user = owner.parse::<UserId>().map_err(|_| unfit())?.number();
    let person = people::sees(tx, ctx.company, user, found.customer).await?.ok_or_else(unfit)?;
    if found.owner != Some(user) && user != ctx.user() {
        let told = Told { user, kind: "assigned", body: "" };
        notifications::tell(ctx, tx, &told, &found.text(), &found.label()).await?;
    }
    (found.owner, found.owner_name) = (Some(user), person.name);
    Ok(())
}

/// It waits until a day. What was carried forward stays that.
pub(super) async fn hold(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &mut Stored,
    asked: &Hold,
) -> Result<Event, Problem> {
    wait(tx, found, &asked.until, "/until")?;
    store::save(tx, found).await?;
    let detail = json!({ "until": asked.until, "reason": asked.reason });
    Ok(ctx.event("discrepancy.hold", found.text(), &found.label()).with_detail(&detail))
}

fn wait(tx: &Tx, found: &mut Stored, until: &str, pointer: &str) -> Result<(), Problem> {
    if until < tx.now().book_date().as_str() {
        let (zh, en) = ("日期已过；请填今天或以后的日期", "This day is over; name a later one");
        return Err(Problem::field(pointer, zh, en));
    }
    if found.status == Status::Open {
        found.status = Status::Held;
    }
    found.hold_until = Some(until.to_owned());
    Ok(())
}

/// An item in transit: the cause is the cutoff, and it waits for the day it should clear on.
async fn timing(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &mut Stored,
    asked: &Timing,
) -> Result<Event, Problem> {
    wait(tx, found, &asked.expected, "/expected")?;
    found.cause = heqi_domain::Reason::Cutoff.code().to_owned();
    store::save(tx, found).await?;
    let detail = json!({ "expected": asked.expected, "note": asked.note });
    Ok(ctx.event("discrepancy.timing", found.text(), &found.label()).with_detail(&detail))
}

/// It waits no longer.
pub(super) async fn release(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &mut Stored,
    reason: &str,
) -> Result<Event, Problem> {
    if found.hold_until.is_none() && found.status != Status::Held {
        let (zh, en) = ("这笔差异没有挂起", "This discrepancy is not on hold");
        return Err(Problem::conflict("not_held", zh, en));
    }
    if found.status == Status::Held {
        found.status = Status::Open;
    }
    found.hold_until = None;
    store::save(tx, found).await?;
    let detail = json!({ "reason": reason });
    Ok(ctx.event("discrepancy.release", found.text(), &found.label()).with_detail(&detail))
}

/// It is cleared, if entries stand against all of it.
async fn resolve(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &mut Stored,
    asked: &Resolve,
) -> Result<Event, Problem> {
    for (at, line) in asked.lines.iter().enumerate() {
        let unfit = || {
            Problem::field(
                &format!("/lines/{at}"),
                "这笔明细不能冲抵本差异：须是同一客户、同一币种、已过账，且未用于其他差异",
                "This entry cannot clear it: it has to be posted, of the same account, and free",
            )
        };
        let line = line.parse::<LineId>().map_err(|_| unfit())?.number();
        let effect = store::effect(tx, found, line).await?.ok_or_else(unfit)?;
        store::insert_settlement(tx, found, (line, effect, None)).await?;
        found.remaining = found.remaining.checked_add(effect).ok_or_else(unfit)?;
    }
    if found.remaining != 0 {
        return Err(not_cleared(found.remaining));
    }
    let fits = match asked.resolution {
        Resolution::NoEffect => found.amount == 0,
        Resolution::WrittenOff => store::is_written_off(tx, found.id).await?,
        _ => true,
    };
    if !fits {
        let zh = "处理结果与事实不符：核销须有已过账的核销，不影响金额须差额为零";
        let en = "The resolution does not fit: a write-off has to be posted, no effect means zero";
        return Err(Problem::field("/resolution", zh, en));
    }
    found.resolve(&asked.resolution, ctx, tx);
    store::save(tx, found).await?;
    let detail = json!({
        "resolution": asked.resolution, "note": asked.note, "lines": asked.lines,
    });
    Ok(ctx.event("discrepancy.resolve", found.text(), &found.label()).with_detail(&detail))
}

fn not_cleared(remaining: i64) -> Problem {
    let zh = "还有差额没有冲平；请提出调整，或指明冲平它的明细";
    let en = "Some of the amount is left: propose an adjustment or name the entries that clear it";
    let problem = Problem::conflict("not_cleared", zh, en);
    problem.with_facts(json!({ "remaining": remaining }))
}

/// It is open again; the entries a person named stand against it no more.
async fn reopen(ctx: &Ctx, tx: &mut Tx, found: &mut Stored, asked: &Why) -> Result<Event, Problem> {
    if found.status != Status::Resolved {
        let (zh, en) = ("只有已处理的差异可以重新打开", "Only what was resolved can be reopened");
        let facts = json!({ "status": found.status, "version": found.version });
        return Err(Problem::conflict("not_resolved", zh, en).with_facts(facts));
    }
    let removed = store::remove_named(tx, found.id).await?;
    if removed == 0 && found.amount != 0 {
        let zh = "它由已过账的调整冲平；请先冲销那笔调整";
        let en = "A posted adjustment clears it: reverse that adjustment instead";
        return Err(Problem::conflict("cleared_by_adjustment", zh, en));
    }
    found.reopen();
    store::save(tx, found).await?;
    let detail = json!({ "reason": asked.reason });
    Ok(ctx.event("discrepancy.reopen", found.text(), &found.label()).with_detail(&detail))
}

/// Locks the one that the address names and holds its version against `If-Match`.
async fn begin(
    ctx: &Ctx,
    id: DiscrepancyId,
    digest: &[u8; 32],
) -> Result<(Change, Stored), Problem> {
    let version = ctx.if_match()?;
    let mut change = ctx.begin(digest).await?;
    let found = lock(ctx, &mut change, Permission::DiscrepanciesWrite, id.number()).await?;
    require_live(&found, version)?;
    Ok((change, found))
}

async fn finish(
    ctx: &Ctx,
    mut change: Change,
    found: &Stored,
    event: Event,
) -> Result<Reply, Problem> {
    change.record(event);
    // Read again: the list of what stands against it is the database's to sum up.
    let scope = ctx.require(Permission::DiscrepanciesWrite)?;
    let found = store::find(&mut change, ctx.company, found.id, scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let shown = Discrepancy::of(&found, change.now(), ctx.lang);
    change.answer(Reply::ok(&shown).version(found.version)).await
}

/// Gives it an owner, a due date, a cause.
#[utoipa::path(
    patch, path = "/api/companies/{company}/discrepancies/{discrepancy}", tag = "discrepancies",
    operation_id = "discrepancy_update",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    request_body = DiscrepancyUpdate,
    responses((status = 200, description = "The discrepancy", body = Discrepancy),
              (status = 409, description = "Nothing is left to do", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody),
              (status = 422, description = "The owner cannot see it", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_update(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
    input: Input<DiscrepancyUpdate>,
) -> Result<Reply, Problem> {
    let (mut change, mut found) = begin(&ctx, id, &input.digest).await?;
    let event = update(&ctx, &mut change, &mut found, &input.value).await?;
    finish(&ctx, change, &found, event).await
}

/// Lets it wait until a day.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/{discrepancy}/hold",
    tag = "discrepancies", operation_id = "discrepancy_hold",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    request_body = Hold,
    responses((status = 200, description = "The discrepancy", body = Discrepancy),
              (status = 409, description = "Nothing is left to do", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_hold(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
    input: Input<Hold>,
) -> Result<Reply, Problem> {
    let (mut change, mut found) = begin(&ctx, id, &input.digest).await?;
    let event = hold(&ctx, &mut change, &mut found, &input.value).await?;
    finish(&ctx, change, &found, event).await
}

/// Marks it as an item in transit, with the day on which it should clear.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/{discrepancy}/timing",
    tag = "discrepancies", operation_id = "discrepancy_timing",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    request_body = Timing,
    responses((status = 200, description = "The discrepancy", body = Discrepancy),
              (status = 409, description = "Nothing is left to do", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_timing(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
    input: Input<Timing>,
) -> Result<Reply, Problem> {
    let (mut change, mut found) = begin(&ctx, id, &input.digest).await?;
    let event = timing(&ctx, &mut change, &mut found, &input.value).await?;
    finish(&ctx, change, &found, event).await
}

/// Takes it off hold.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/{discrepancy}/release",
    tag = "discrepancies", operation_id = "discrepancy_release",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    request_body = Why,
    responses((status = 200, description = "The discrepancy", body = Discrepancy),
              (status = 409, description = "It is not on hold", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_release(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
    input: Input<Why>,
) -> Result<Reply, Problem> {
    let (mut change, mut found) = begin(&ctx, id, &input.digest).await?;
    let event = release(&ctx, &mut change, &mut found, &input.value.reason).await?;
    finish(&ctx, change, &found, event).await
}

/// Says how it was cleared; refused while some of the amount is left.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/{discrepancy}/resolve",
    tag = "discrepancies", operation_id = "discrepancy_resolve",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    request_body = Resolve,
    responses((status = 200, description = "The discrepancy", body = Discrepancy),
              (status = 409, description = "Some of it is left", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody),
              (status = 422, description = "An entry that cannot clear it", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_resolve(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
    input: Input<Resolve>,
) -> Result<Reply, Problem> {
    let (mut change, mut found) = begin(&ctx, id, &input.digest).await?;
    let event = resolve(&ctx, &mut change, &mut found, &input.value).await?;
    finish(&ctx, change, &found, event).await
}

/// Opens what was resolved again.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/{discrepancy}/reopen",
    tag = "discrepancies", operation_id = "discrepancy_reopen",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    request_body = Why,
    responses((status = 200, description = "The discrepancy", body = Discrepancy),
              (status = 409, description = "It was not resolved by a person", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_reopen(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
    input: Input<Why>,
) -> Result<Reply, Problem> {
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&input.digest).await?;
    let permission = Permission::DiscrepanciesWrite;
    let mut found = lock(&ctx, &mut change, permission, id.number()).await?;
    if found.version != version {
        return Err(Problem::stale(found.version));
    }
    let event = reopen(&ctx, &mut change, &mut found, &input.value).await?;
    finish(&ctx, change, &found, event).await
}
