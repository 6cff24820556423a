//! A decision about one group, under the lock of its customer.

use heqi_domain::{ActId, GroupId, Id};
use heqi_platform::Tx;

use super::super::act::{self, Acting, Known};
use super::super::model::{GroupDecision, GroupView};
use super::super::{decide, groups};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Confirms a suggestion.
#[utoipa::path(
    post, path = "/api/companies/{company}/groups/{group}/confirm", tag = "matching",
    operation_id = "group_confirm", params(("company" = String, Path), ("group" = String, Path)),
    request_body = GroupDecision,
    responses((status = 200, description = "The live group", body = GroupView),
              (status = 409, description = "Decided already, or a line taken", body = ProblemBody),
              (status = 412, description = "Somebody has changed it", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn group_confirm(
    ctx: Ctx,
    At(group): At<GroupId>,
    input: Input<GroupDecision>,
) -> Result<Reply, Problem> {
    let (mut change, known) = locked(&ctx, group, &input.digest, "suggested").await?;
    let acting = act::begin(&mut change, &ctx, "confirm", &input.value.reason).await?;
    decide::confirm(&mut change, &acting, known).await?;
    answer(&ctx, change, &acting, "group.confirm", group).await
}

/// Rejects a suggestion: it is not proposed again.
#[utoipa::path(
    post, path = "/api/companies/{company}/groups/{group}/reject", tag = "matching",
    operation_id = "group_reject", params(("company" = String, Path), ("group" = String, Path)),
    request_body = GroupDecision,
    responses((status = 200, description = "The rejected group", body = GroupView),
              (status = 409, description = "Decided already", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn group_reject(
    ctx: Ctx,
    At(group): At<GroupId>,
    input: Input<GroupDecision>,
) -> Result<Reply, Problem> {
    let reason = needed(&input.value.reason)?;
    let (mut change, known) = locked(&ctx, group, &input.digest, "suggested").await?;
    let acting = act::begin(&mut change, &ctx, "reject", reason).await?;
    decide::reject(&mut change, &acting, known).await?;
    answer(&ctx, change, &acting, "group.reject", group).await
}

/// Breaks a match apart.
#[utoipa::path(
    post, path = "/api/companies/{company}/groups/{group}/unmatch", tag = "matching",
    operation_id = "group_unmatch", params(("company" = String, Path), ("group" = String, Path)),
    request_body = GroupDecision,
    responses((status = 200, description = "The group, apart", body = GroupView),
              (status = 409, description = "Not live, or signed", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn group_unmatch(
    ctx: Ctx,
    At(group): At<GroupId>,
    input: Input<GroupDecision>,
) -> Result<Reply, Problem> {
    let reason = needed(&input.value.reason)?;
    let (mut change, known) = locked(&ctx, group, &input.digest, "live").await?;
    let acting = act::begin(&mut change, &ctx, "unmatch", reason).await?;
    decide::unmatch(&mut change, &acting, known).await?;
    answer(&ctx, change, &acting, "group.unmatch", group).await
}

/// The reason of a decision that needs one.
pub(super) fn needed(reason: &str) -> Result<&str, Problem> {
    if reason.trim().is_empty() {
        return Err(Problem::field("/reason", "请写明理由", "Say why"));
    }
    Ok(reason)
}

/// A group under the lock of its customer. That somebody else has decided it is said before
/// that the version is old: it is what a person needs to know.
async fn locked(
    ctx: &Ctx,
    group: GroupId,
    digest: &[u8; 32],
    status: &str,
) -> Result<(Change, Known), Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let mut change = ctx.begin(digest).await?;
    let found = known(ctx.company, scope, &mut change, group).await?;
    let version = ctx.if_match()?;
    if found.version != version && found.was.status == status {
        return Err(Problem::stale(found.version));
    }
    Ok((change, found))
}

/// A group as it is, under the lock of its customer.
pub(in crate::features::matching) async fn known(
    company: i64,
    scope: &crate::permission::Scope,
    tx: &mut Tx,
    group: GroupId,
) -> Result<Known, Problem> {
    let shown = groups::find(tx, company, scope, group.number()).await?;
    let customer = shown.customer.parse::<heqi_domain::CustomerId>();
    let customer = customer.map_err(|_| Problem::not_found())?.number();
    act::lock(tx, company, &[customer]).await?;
    act::known(tx, company, group.number()).await
}

async fn answer(
    ctx: &Ctx,
    mut change: Change,
    acting: &Acting,
    action: &str,
    group: GroupId,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let view = groups::view(&mut change, ctx.company, scope, group.number()).await?;
    let detail = serde_json::json!({ "act": ActId::text(acting.act), "reason": acting.note });
    change.record(ctx.event(action, group, &view.group.customer).with_detail(&detail));
    change.answer(Reply::ok(&view).version(view.group.version)).await
}
