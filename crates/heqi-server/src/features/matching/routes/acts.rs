//! What a person did in one go, and taking it back.

use axum::Json;
use heqi_domain::ActId;

use super::super::model::{Act, GroupDecision};
use super::super::{act, undo};
use super::decisions::needed;
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// What a person did in one go, and what stands on it.
#[utoipa::path(
    get, path = "/api/companies/{company}/match-acts/{act}", tag = "matching",
    operation_id = "act_view", params(("company" = String, Path), ("act" = String, Path)),
    responses((status = 200, description = "The act", body = Act),
              (status = 404, description = "No such act", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(in crate::features::matching) async fn act_view(
    ctx: Ctx,
    At(act): At<ActId>,
) -> Result<Json<Act>, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    Ok(Json(undo::find(&mut ctx.read().await?, ctx.company, scope, act.number()).await?))
}

/// Takes an act back, all of it.
#[utoipa::path(
    post, path = "/api/companies/{company}/match-acts/{act}/undo", tag = "matching",
    operation_id = "act_undo", params(("company" = String, Path), ("act" = String, Path)),
    request_body = GroupDecision,
    responses((status = 200, description = "The act, taken back", body = Act),
              (status = 409, description = "Something stands on it", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn act_undo(
    ctx: Ctx,
    At(act): At<ActId>,
    input: Input<GroupDecision>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let reason = needed(&input.value.reason)?;
    let mut change = ctx.begin(&input.digest).await?;
    let touched = undo::customers(&mut change, ctx.company, act.number()).await?;
    act::lock(&mut change, ctx.company, &touched).await?;
    let found = undo::find(&mut change, ctx.company, scope, act.number()).await?;
    undo::undo(&mut change, ctx.company, &found, &ctx.actor(), reason).await?;
    let found = undo::find(&mut change, ctx.company, scope, act.number()).await?;
    let detail = serde_json::json!({ "reason": reason });
    change.record(ctx.event("act.undo", act, &found.kind).with_detail(&detail));
    change.answer(Reply::ok(&found)).await
}
