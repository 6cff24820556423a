//! Groups as they are shown, and lines that a person chooses to match.

use axum::Json;
use heqi_domain::{CompanyId, GroupId, Id, LineId};
use heqi_platform::{Tx, Value};

use super::super::load::{self, Loaded, Select};
use super::super::model::{Group, GroupQuery, GroupView, ManualMatch, SumQuery, Sums};
use super::super::{act, decide, groups};
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::features::{customers, rules};
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Groups, the newest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/groups", tag = "matching", operation_id = "group_list",
    params(("company" = String, Path), GroupQuery, PageQuery),
    responses((status = 200, description = "A page of groups", body = Page<Group>)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(in crate::features::matching) async fn group_list(
    ctx: Ctx,
    Query(query): Query<GroupQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Group>>, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let (limit, key) = (page.limit()?, &ctx.app.keys.cursor);
    let before = match page.after(key)?.as_deref() {
        Some([Value::Int(id)]) => *id,
        _ => i64::MAX,
    };
    let mut tx = ctx.read().await?;
    let rows = groups::list(&mut tx, ctx.company, scope, &query, before, limit).await?;
    Ok(Json(Page::cut(rows, limit, key, |group| vec![group.number.into()])))
}

/// A group: both sides side by side, why, and what else is suggested for its lines.
#[utoipa::path(
    get, path = "/api/companies/{company}/groups/{group}", tag = "matching",
    operation_id = "group_view", params(("company" = String, Path), ("group" = String, Path)),
    responses((status = 200, description = "The group", body = GroupView),
              (status = 404, description = "No such group", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(in crate::features::matching) async fn group_view(
    ctx: Ctx,
    At(group): At<GroupId>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let view = groups::view(&mut ctx.read().await?, ctx.company, scope, group.number()).await?;
    Ok(Reply::ok(&view).version(view.group.version))
}

/// Adds up lines that a person has chosen.
#[utoipa::path(
    get, path = "/api/companies/{company}/groups/sums", tag = "matching",
    operation_id = "group_sums", params(("company" = String, Path), SumQuery),
    responses((status = 200, description = "The sums", body = Sums),
              (status = 422, description = "Several customers or currencies", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(in crate::features::matching) async fn group_sums(
    ctx: Ctx,
    Query(query): Query<SumQuery>,
) -> Result<Json<Sums>, Problem> {
    let ids = query.lines.split(',').filter(|text| !text.is_empty()).map(|text| {
        text.trim().parse::<LineId>().map_err(|error| {
            Problem::field("/lines", format!("明细编号不对：{error}"), error.to_string())
        })
    });
    let ids: Vec<LineId> = ids.collect::<Result<_, _>>()?;
    if ids.is_empty() || ids.len() > 500 {
        return Err(Problem::field("/lines", "请选 1 到 500 笔明细", "Choose 1 to 500 lines"));
    }
    let mut tx = ctx.read().await?;
    let loaded = chosen(&ctx, &mut tx, Permission::MatchingRead, &ids).await?;
    let sum = decide::add_up(&loaded)?;
    let rounding = rules::active(&mut tx, ctx.company).await?.set.differences.rounding;
    let lines = loaded.ids.concat();
    let taken = act::taken(&mut tx, &lines).await?;
    Ok(Json(Sums {
        currency: Some(sum.account.1.to_string()),
        ours: sum.sums[0],
        theirs: sum.sums[1],
        difference: sum.difference,
        within_rounding: sum.difference.unsigned_abs() <= rounding.unsigned_abs(),
        taken: taken.into_iter().map(|(line, _)| LineId::text(line)).collect(),
        held: act::held(&mut tx, &lines).await?.into_iter().map(LineId::text).collect(),
    }))
}

/// Lines by their ids: posted, and of customers within the caller's scope.
async fn chosen(
    ctx: &Ctx,
    tx: &mut Tx,
    permission: Permission,
    ids: &[LineId],
) -> Result<Loaded, Problem> {
    let mut numbers: Vec<i64> = ids.iter().map(|id| id.number()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let count = numbers.len();
    let loaded = load::load(tx, ctx.company, &Select::These(numbers)).await?;
    if loaded.ids.concat().len() != count {
        return Err(Problem::not_found());
    }
    for customer in loaded.touched() {
        customers::visible(ctx, tx, permission, customer).await?;
    }
    Ok(loaded)
}

/// The same under the locks of their customers.
pub(in crate::features::matching) async fn chosen_locked(
    ctx: &Ctx,
    tx: &mut Tx,
    ids: &[LineId],
) -> Result<Loaded, Problem> {
    let loaded = chosen(ctx, tx, Permission::MatchingWrite, ids).await?;
    act::lock(tx, ctx.company, &loaded.touched()).await?;
    // A line may have been withdrawn while we waited for the lock.
    chosen(ctx, tx, Permission::MatchingWrite, ids).await
}

/// Matches lines by hand.
#[utoipa::path(
    post, path = "/api/companies/{company}/groups", tag = "matching",
    operation_id = "group_match", params(("company" = String, Path)), request_body = ManualMatch,
    responses((status = 201, description = "The live group", body = GroupView,
               links(("view" = (operation_id = "group_view",
                      parameters(("group" = "$response.body#/group/id")))))),
              (status = 409, description = "A line is taken or held", body = ProblemBody),
              (status = 422, description = "A difference without a reason", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(in crate::features::matching) async fn group_match(
    ctx: Ctx,
    input: Input<ManualMatch>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let mut change = ctx.begin(&input.digest).await?;
    let loaded = chosen_locked(&ctx, &mut change, &input.value.lines).await?;
    let rounding = rules::active(&mut change, ctx.company).await?.set.differences.rounding;
    let acting = act::begin(&mut change, &ctx, "manual", &input.value.reason).await?;
    let group = decide::manual(&mut change, &acting, &loaded, rounding).await?;
    let view = groups::view(&mut change, ctx.company, scope, group).await?;
    let id = GroupId::text(group);
    change.record(ctx.event("group.match", &id, &view.group.customer).with_detail(&view));
    let location = format!("/api/companies/{}/groups/{id}", CompanyId::text(ctx.company));
    change.answer(Reply::created(location, &view).version(view.group.version)).await
}
