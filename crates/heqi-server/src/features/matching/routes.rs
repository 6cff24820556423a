//! Groups, holds and acts over HTTP.

use axum::Json;
use heqi_domain::{ActId, CompanyId, GroupId, Id, LineId};
use heqi_platform::{Tx, Value};

use super::act::{self, Acting, Known};
use super::load::{self, Loaded, Select};
use super::model::{
    Act, BulkConfirm, BulkResult, Group, GroupDecision, GroupQuery, GroupView, Hold, HoldLines,
    ItemResult, ManualMatch, ReleaseLines, SumQuery, Sums,
};
use super::{decide, groups, hold, undo};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
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
pub(super) async fn group_list(
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
pub(super) async fn group_view(ctx: Ctx, At(group): At<GroupId>) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let view = groups::view(&mut ctx.read().await?, ctx.company, scope, group.number()).await?;
    Ok(Reply::ok(&view).version(view.group.version))
}

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
pub(super) async fn group_confirm(
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
pub(super) async fn group_reject(
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
pub(super) async fn group_unmatch(
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

fn needed(reason: &str) -> Result<&str, Problem> {
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

async fn known(
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
pub(super) async fn group_bulk_confirm(
    ctx: Ctx,
    input: Input<BulkConfirm>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let mut change = ctx.begin(&input.digest).await?;
    lock_all(&mut change, ctx.company, scope, &input.value.groups).await?;
    let acting = act::begin(&mut change, &ctx, "confirm", &input.value.reason).await?;
    let mut items = Vec::new();
    for group in &input.value.groups {
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
    let event = ctx.event("group.bulk_confirm", ActId::text(acting.act), &acting.note);
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

/// Adds up lines that a person has chosen.
#[utoipa::path(
    get, path = "/api/companies/{company}/groups/sums", tag = "matching",
    operation_id = "group_sums", params(("company" = String, Path), SumQuery),
    responses((status = 200, description = "The sums", body = Sums),
              (status = 422, description = "Several customers or currencies", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(super) async fn group_sums(
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
async fn chosen_locked(ctx: &Ctx, tx: &mut Tx, ids: &[LineId]) -> Result<Loaded, Problem> {
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
pub(super) async fn group_match(ctx: Ctx, input: Input<ManualMatch>) -> Result<Reply, Problem> {
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

/// Held lines.
#[utoipa::path(
    get, path = "/api/companies/{company}/line-holds", tag = "matching",
    operation_id = "hold_list", params(("company" = String, Path), PageQuery),
    responses((status = 200, description = "A page of held lines", body = Page<Hold>)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(super) async fn hold_list(
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
pub(super) async fn hold_create(ctx: Ctx, input: Input<HoldLines>) -> Result<Reply, Problem> {
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
pub(super) async fn hold_release(ctx: Ctx, input: Input<ReleaseLines>) -> Result<Reply, Problem> {
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

/// What a person did in one go, and what stands on it.
#[utoipa::path(
    get, path = "/api/companies/{company}/match-acts/{act}", tag = "matching",
    operation_id = "act_view", params(("company" = String, Path), ("act" = String, Path)),
    responses((status = 200, description = "The act", body = Act),
              (status = 404, description = "No such act", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(super) async fn act_view(ctx: Ctx, At(act): At<ActId>) -> Result<Json<Act>, Problem> {
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
pub(super) async fn act_undo(
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
