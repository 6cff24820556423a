//! Many suggestions confirmed in one act, each with its result.

use axum::Json;
use heqi_domain::{ActId, GroupId, Id};
use heqi_platform::Tx;

use super::super::model::{
    AcceptAll, AcceptFilter, AcceptPlan, BulkConfirm, BulkResult, ItemResult,
};
use super::super::{accept, act, decide, groups};
use super::decisions::known;
use crate::answer::Reply;
use crate::ctx::{Change, Ctx};
use crate::input::{Input, Query};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Confirms many suggestions in one act: what can be confirmed is, and each item says why not.
#[utoipa::path(
    post, path = "/api/companies/{company}/groups/bulk-confirm", tag = "matching",
    operation_id = "group_bulk_confirm", params(("company" = String, Path)),
    request_body = BulkConfirm,
    responses((status = 200, description = "What became of each", body = BulkResult,
               links(("act" = (operation_id = "act_view",
                      parameters(("act" = "$response.body#/act"))))))),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn group_bulk_confirm(
    ctx: Ctx,
    input: Input<BulkConfirm>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let mut change = ctx.begin(&input.digest).await?;
    lock_all(&mut change, ctx.company, scope, &input.value.groups).await?;
    confirm(&ctx, change, &input.value.groups, &input.value.reason, "group.bulk_confirm").await
}

/// The suggestions that a threshold accepts, counted and added up; nothing is changed.
#[utoipa::path(
    get, path = "/api/companies/{company}/groups/accept", tag = "matching",
    operation_id = "group_accept_view", params(("company" = String, Path), AcceptFilter),
    responses((status = 200, description = "What would be confirmed", body = AcceptPlan),
              (status = 422, description = "Too many, or no filter", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(in crate::features::matching) async fn group_accept_view(
    ctx: Ctx,
    Query(filter): Query<AcceptFilter>,
) -> Result<Json<AcceptPlan>, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let found = accept::find(&mut ctx.read().await?, ctx.company, scope, &filter).await?;
    Ok(Json(found.plan))
}

/// Confirms the suggestions that a threshold accepts, in one act, if they are those shown.
#[utoipa::path(
    post, path = "/api/companies/{company}/groups/accept", tag = "matching",
    operation_id = "group_accept", params(("company" = String, Path)),
    request_body = AcceptAll,
    responses((status = 200, description = "What became of each", body = BulkResult,
               links(("act" = (operation_id = "act_view",
                      parameters(("act" = "$response.body#/act")))))),
              (status = 409, description = "They are not those shown", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn group_accept(
    ctx: Ctx,
    input: Input<AcceptAll>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let AcceptAll { filter, digest, reason } = &input.value;
    let mut change = ctx.begin(&input.digest).await?;
    let first = accept::find(&mut change, ctx.company, scope, filter).await?;
    act::lock(&mut change, ctx.company, &first.customers).await?;
    // Looked at again under the locks: nobody changes them from here on.
    let found = accept::find(&mut change, ctx.company, scope, filter).await?;
    if found.plan.digest != *digest {
        return Err(accept::changed(&found.plan));
    }
    confirm(&ctx, change, &found.groups, reason, "group.accept").await
}

/// Confirms each, in one act; the caller holds the locks.
async fn confirm(
    ctx: &Ctx,
    mut change: Change,
    groups: &[GroupId],
    reason: &str,
    action: &str,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let acting = act::begin(&mut change, ctx, "confirm", reason).await?;
    let mut items = Vec::new();
    for group in groups {
        // Everything is looked at before anything of an item is written.
        let result = match known(ctx.company, scope, &mut change, *group).await {
            Ok(found) => decide::confirm(&mut change, &acting, found).await,
            Err(problem) => Err(problem),
        };
        items.push(item(group.to_string(), result)?);
    }
    let done = items.iter().filter(|item| item.result == "done").count();
    let act = (done > 0).then(|| ActId::text(acting.act));
    let detail = serde_json::json!({ "done": done, "of": items.len() });
    let event = ctx.event(action, ActId::text(acting.act), &acting.note);
    change.record(event.with_detail(&detail));
    change.answer(Reply::ok(&BulkResult { act, items })).await
}

fn item(id: String, result: Result<(), Problem>) -> Result<ItemResult, Problem> {
    match result {
        Ok(()) => Ok(ItemResult { id, result: "done".to_owned(), detail: String::new() }),
        Err(problem) if problem.status.is_client_error() => {
            let detail = problem.sentence().to_owned();
            Ok(ItemResult { id, result: problem.code.to_owned(), detail })
        }
        Err(problem) => Err(problem),
    }
}

/// Locks the customers of all groups at once, in order, so that two bulk acts cannot wait for
/// each other.
async fn lock_all(
    tx: &mut Tx,
    company: i64,
    scope: &crate::permission::Scope,
    all: &[GroupId],
) -> Result<(), Problem> {
    let mut roots = Vec::new();
    for group in all {
        if let Ok(shown) = groups::find(tx, company, scope, group.number()).await
            && let Ok(customer) = shown.customer.parse::<heqi_domain::CustomerId>()
        {
            roots.push(customer.number());
        }
    }
    Ok(act::lock(tx, company, &roots).await?)
}
