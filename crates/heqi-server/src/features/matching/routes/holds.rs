//! Holding and releasing lines over HTTP.

use axum::Json;
use heqi_domain::{CompanyId, Id, LineId};
use heqi_platform::Value;

use super::super::act::{self, Acting};
use super::super::model::{Act, Hold, HoldLines, ReleaseLines};
use super::super::{hold, undo};
use super::groups::chosen_locked;
use crate::answer::Reply;
use crate::ctx::{Change, Ctx};
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Held lines.
#[utoipa::path(
    get, path = "/api/companies/{company}/line-holds", tag = "matching",
    operation_id = "hold_list", params(("company" = String, Path), PageQuery),
    responses((status = 200, description = "A page of held lines", body = Page<Hold>)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(in crate::features::matching) async fn hold_list(
    ctx: Ctx,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Hold>>, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let (limit, key) = (page.limit()?, &ctx.app.keys.cursor);
    let after = match page.after(key)?.as_deref() {
        Some([Value::Int(line)]) => *line,
        _ => 0,
    };
    let rows = hold::list(&mut ctx.read().await?, ctx.company, scope, after, limit).await?;
    Ok(Json(Page::cut(rows, limit, key, |hold| vec![hold.number.into()])))
}

/// Holds lines: they are left out of matching until released, or until a day.
#[utoipa::path(
    post, path = "/api/companies/{company}/line-holds", tag = "matching",
    operation_id = "hold_create", params(("company" = String, Path)), request_body = HoldLines,
    responses((status = 201, description = "The act", body = Act),
              (status = 409, description = "A line is taken or held", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn hold_create(
    ctx: Ctx,
    input: Input<HoldLines>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::MatchingWrite)?;
    let HoldLines { lines, reason, until } = &input.value;
    let mut change = ctx.begin(&input.digest).await?;
    let today = change.now().book_date();
    let fits = |day: &String| heqi_domain::day_from_iso(day).is_some() && **day >= *today;
    if until.as_ref().is_some_and(|day| !fits(day)) {
        let zh = "挂起到期日须是今天或以后的日期";
        return Err(Problem::field("/until", zh, "The day must be today or later"));
    }
    let loaded = chosen_locked(&ctx, &mut change, lines).await?;
    let acting = act::begin(&mut change, &ctx, "hold", reason).await?;
    hold::hold(&mut change, &acting, &loaded, until.as_deref()).await?;
    answer_act(&ctx, change, &acting, "line.hold", lines).await
}

/// Releases held lines.
#[utoipa::path(
    post, path = "/api/companies/{company}/line-holds/release", tag = "matching",
    operation_id = "hold_release", params(("company" = String, Path)),
    request_body = ReleaseLines,
    responses((status = 201, description = "The act", body = Act),
              (status = 409, description = "A line is not held", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn hold_release(
    ctx: Ctx,
    input: Input<ReleaseLines>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::MatchingWrite)?;
    let ReleaseLines { lines, reason } = &input.value;
    let mut change = ctx.begin(&input.digest).await?;
    let loaded = chosen_locked(&ctx, &mut change, lines).await?;
    let acting = act::begin(&mut change, &ctx, "release", reason).await?;
    hold::release(&mut change, &acting, &loaded).await?;
    answer_act(&ctx, change, &acting, "line.release", lines).await
}

async fn answer_act(
    ctx: &Ctx,
    mut change: Change,
    acting: &Acting,
    action: &str,
    lines: &[LineId],
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let act = undo::find(&mut change, ctx.company, scope, acting.act).await?;
    let detail = serde_json::json!({ "lines": lines, "reason": acting.note });
    change.record(ctx.event(action, act.id, &acting.note).with_detail(&detail));
    let location = format!("/api/companies/{}/match-acts/{}", CompanyId::text(ctx.company), act.id);
    change.answer(Reply::created(location, &act)).await
}
