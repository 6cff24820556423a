//! Writing, trying, proposing and approving versions of the rules.

use axum::Json;
use heqi_domain::{CompanyId, Id, RulesId};
use heqi_matching::RuleSet;
use heqi_platform::jobs::{self, NewJob};
use heqi_platform::{Tx, Value};

use super::model::{Decision, NewRules, Rules};
use super::store::{self, Known};
use crate::answer::Reply;
use crate::ctx::{At, Ctx, EMPTY};
use crate::features::jobs as work;
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody, lang};

/// Versions of the rules, the newest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/rules", tag = "rules", operation_id = "rules_list",
    params(("company" = String, Path), PageQuery),
    responses((status = 200, description = "A page of versions", body = Page<Rules>)),
    extensions(("x-permission" = json!("rules.read")))
)]
pub(super) async fn rules_list(
    ctx: Ctx,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Rules>>, Problem> {
    ctx.require(Permission::RulesRead)?;
    let (limit, key) = (query.limit()?, &ctx.app.keys.cursor);
    let before = match query.after(key)?.as_deref() {
        Some([Value::Int(number)]) => *number,
        _ => i64::MAX,
    };
    let rows = store::list(&mut ctx.read().await?, ctx.company, before, limit).await?;
    Ok(Json(Page::cut(rows, limit, key, |rules| vec![rules.number.into()])))
}

/// Writes a version as a draft.
#[utoipa::path(
    post, path = "/api/companies/{company}/rules", tag = "rules", operation_id = "rules_create",
    params(("company" = String, Path)), request_body = NewRules,
    responses((status = 201, description = "The draft", body = Rules,
               links(("view" = (operation_id = "rules_view",
                      parameters(("rules" = "$response.body#/id")))))),
              (status = 422, description = "The rules cannot be read", body = ProblemBody)),
    extensions(("x-permission" = json!("rules.write")))
)]
pub(super) async fn rules_create(ctx: Ctx, input: Input<NewRules>) -> Result<Reply, Problem> {
    ctx.require(Permission::RulesWrite)?;
    refuse_unreadable(&input.value)?;
    let mut change = ctx.begin(&input.digest).await?;
    let id = store::insert(&mut change, ctx.company, ctx.user(), &input.value).await?;
    let rules = known(&ctx, &mut change, id).await?.rules;
    change.record(ctx.event("rules.create", RulesId::text(id), &rules.name).with_detail(&rules));
    let location = address(&ctx, id);
    change.answer(Reply::created(location, &rules).version(rules.version)).await
}

/// The rules that hold now: the active version, or the preset.
#[utoipa::path(
    get, path = "/api/companies/{company}/rules/active", tag = "rules",
    operation_id = "rules_active", params(("company" = String, Path)),
    responses((status = 200, description = "The rules that hold", body = Rules)),
    extensions(("x-permission" = json!("rules.read")))
)]
pub(super) async fn rules_active(ctx: Ctx) -> Result<Json<Rules>, Problem> {
    ctx.require(Permission::RulesRead)?;
    let mut tx = ctx.read().await?;
    if let Some((id, _)) = store::active(&mut tx, ctx.company).await? {
        let found = store::view(&mut tx, ctx.company, id).await?;
        return found.map(Json).ok_or_else(Problem::not_found);
    }
    Ok(Json(preset()))
}

fn preset() -> Rules {
    let set = RuleSet::default();
    let toml = super::as_toml(&set);
    Rules {
        id: None,
        number: 0,
        name: set.name.clone(),
        state: "active".to_owned(),
        digest: super::digest(&toml),
        sentences: set.explain(lang()),
        toml,
        owner: String::new(),
        proposed_by: String::new(),
        approved_by: String::new(),
        active_from: None,
        active_to: None,
        bench: None,
        note: String::new(),
        decision_note: String::new(),
        version: 1,
    }
}

/// A version of the rules.
#[utoipa::path(
    get, path = "/api/companies/{company}/rules/{rules}", tag = "rules",
    operation_id = "rules_view",
    params(("company" = String, Path), ("rules" = String, Path)),
    responses((status = 200, description = "The version", body = Rules),
              (status = 404, description = "No such version", body = ProblemBody)),
    extensions(("x-permission" = json!("rules.read")))
)]
pub(super) async fn rules_view(ctx: Ctx, At(rules): At<RulesId>) -> Result<Reply, Problem> {
    ctx.require(Permission::RulesRead)?;
    let mut tx = ctx.read().await?;
    let found = store::view(&mut tx, ctx.company, rules.number()).await?;
    let rules = found.ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&rules).version(rules.version))
}

/// Changes a draft; it has to be tried again.
#[utoipa::path(
    put, path = "/api/companies/{company}/rules/{rules}", tag = "rules",
    operation_id = "rules_change",
    params(("company" = String, Path), ("rules" = String, Path)), request_body = NewRules,
    responses((status = 200, description = "The draft", body = Rules),
              (status = 409, description = "It is no draft any more", body = ProblemBody),
              (status = 412, description = "Somebody has changed it", body = ProblemBody)),
    extensions(("x-permission" = json!("rules.write")))
)]
pub(super) async fn rules_change(
    ctx: Ctx,
    At(rules): At<RulesId>,
    input: Input<NewRules>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::RulesWrite)?;
    refuse_unreadable(&input.value)?;
    let mut change = ctx.begin(&input.digest).await?;
    let found = in_state(&ctx, &mut change, rules, "draft").await?;
    store::change(&mut change, found.id, &input.value).await?;
    answer(&ctx, change, "rules.change", found.id).await
}

/// Tries a draft on what people have confirmed or signed.
#[utoipa::path(
    post, path = "/api/companies/{company}/rules/{rules}/bench", tag = "rules",
    operation_id = "rules_bench",
    params(("company" = String, Path), ("rules" = String, Path)),
    responses((status = 202, description = "The job; its result is in `bench`", body = work::Job),
              (status = 409, description = "It is no draft any more", body = ProblemBody)),
    extensions(("x-permission" = json!("rules.write")))
)]
pub(super) async fn rules_bench(ctx: Ctx, At(rules): At<RulesId>) -> Result<Reply, Problem> {
    ctx.require(Permission::RulesWrite)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let found = known(&ctx, &mut change, rules.number()).await?;
    expect_state(&found.rules, "draft")?;
    let new = NewJob {
        company: ctx.company,
        kind: "rules.bench",
        payload: serde_json::json!({ "rules": rules.number() }),
        dedup: Some(rules.to_string()),
        run_at: None,
        attempts_max: 3,
        created_by: ctx.actor(),
    };
    let job = jobs::enqueue(&mut change, &new).await?;
    change.record(ctx.event("rules.bench", rules, &found.rules.name));
    let now = change.now();
    let row = jobs::find(&mut change, ctx.company, job).await?.ok_or_else(Problem::not_found)?;
    let shown = work::shown(row, now);
    change.answer(Reply::accepted(work::location(ctx.company, job), &shown)).await
}

/// Proposes a draft that was tried on the past.
#[utoipa::path(
    post, path = "/api/companies/{company}/rules/{rules}/propose", tag = "rules",
    operation_id = "rules_propose",
    params(("company" = String, Path), ("rules" = String, Path)),
    responses((status = 200, description = "The proposed version", body = Rules),
              (status = 409, description = "No draft, or not tried", body = ProblemBody)),
    extensions(("x-permission" = json!("rules.write")))
)]
pub(super) async fn rules_propose(ctx: Ctx, At(rules): At<RulesId>) -> Result<Reply, Problem> {
    ctx.require(Permission::RulesWrite)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let found = in_state(&ctx, &mut change, rules, "draft").await?;
    if found.rules.bench.as_ref().is_none_or(|bench| bench.rules != found.rules.digest) {
        return Err(Problem::conflict(
            "not_tried",
            "这一版规则还没有在历史数据上试跑；请先试跑，再提交",
            "This version was not tried on the past; run its test first, then propose it",
        ));
    }
    store::propose(&mut change, found.id, &ctx.actor()).await?;
    answer(&ctx, change, "rules.propose", found.id).await
}

/// Approves a proposed version: it holds from now on.
#[utoipa::path(
    post, path = "/api/companies/{company}/rules/{rules}/approve", tag = "rules",
    operation_id = "rules_approve",
    params(("company" = String, Path), ("rules" = String, Path)), request_body = Decision,
    responses((status = 200, description = "The active version", body = Rules),
              (status = 409, description = "Not proposed, or one's own", body = ProblemBody)),
    extensions(("x-permission" = json!("rules.approve")))
)]
pub(super) async fn rules_approve(
    ctx: Ctx,
    At(rules): At<RulesId>,
    input: Input<Decision>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::RulesApprove)?;
    let mut change = ctx.begin(&input.digest).await?;
    let found = in_state(&ctx, &mut change, rules, "proposed").await?;
    if found.owner == ctx.user() || found.rules.proposed_by == ctx.actor() {
        return Err(Problem::conflict(
            "own_rules",
            "自己编写或提交的规则须由另一人复核启用",
            "Who wrote or proposed a version does not approve it; another person does",
        ));
    }
    let (id, by) = (found.id, ctx.actor());
    match store::activate(&mut change, ctx.company, id, &by, &input.value.reason).await {
        Err(error) if error.is_unique("rules") => Err(heqi_platform::DbError::Conflict),
        other => other,
    }?;
    answer(&ctx, change, "rules.approve", id).await
}

/// Rejects a draft or a proposed version.
#[utoipa::path(
    post, path = "/api/companies/{company}/rules/{rules}/reject", tag = "rules",
    operation_id = "rules_reject",
    params(("company" = String, Path), ("rules" = String, Path)), request_body = Decision,
    responses((status = 200, description = "The rejected version", body = Rules),
              (status = 409, description = "Not proposed", body = ProblemBody)),
    extensions(("x-permission" = json!("rules.approve")))
)]
pub(super) async fn rules_reject(
    ctx: Ctx,
    At(rules): At<RulesId>,
    input: Input<Decision>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::RulesApprove)?;
    if input.value.reason.trim().is_empty() {
        return Err(Problem::field("/reason", "请写明退回的理由", "Say why it is rejected"));
    }
    let mut change = ctx.begin(&input.digest).await?;
    let found = in_state(&ctx, &mut change, rules, "proposed").await?;
    store::reject(&mut change, found.id, &ctx.actor(), &input.value.reason).await?;
    answer(&ctx, change, "rules.reject", found.id).await
}

async fn answer(
    ctx: &Ctx,
    mut change: crate::ctx::Change,
    action: &str,
    id: i64,
) -> Result<Reply, Problem> {
    let rules = known(ctx, &mut change, id).await?.rules;
    change.record(ctx.event(action, RulesId::text(id), &rules.name).with_detail(&rules));
    change.answer(Reply::ok(&rules).version(rules.version)).await
}

async fn known(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<Known, Problem> {
    store::find(tx, ctx.company, id).await?.ok_or_else(Problem::not_found)
}

/// The version, if it is in this state and the client has seen it as it is.
async fn in_state(ctx: &Ctx, tx: &mut Tx, id: RulesId, state: &str) -> Result<Known, Problem> {
    let found = known(ctx, tx, id.number()).await?;
    expect_state(&found.rules, state)?;
    if ctx.if_match()? != found.rules.version {
        return Err(Problem::stale(found.rules.version));
    }
    Ok(found)
}

fn expect_state(rules: &Rules, state: &str) -> Result<(), Problem> {
    if rules.state == state {
        return Ok(());
    }
    let problem = Problem::conflict(
        "wrong_state",
        format!("规则第 {} 版的状态是 {}，不能这样操作", rules.number, rules.state),
        format!("Version {} of the rules is {}, not {state}", rules.number, rules.state),
    );
    Err(problem.with_facts(serde_json::json!({ "state": rules.state })))
}

fn refuse_unreadable(new: &NewRules) -> Result<(), Problem> {
    super::parse(&new.toml).map(drop).map_err(|[zh, en]| Problem::field("/toml", zh, en))
}

fn address(ctx: &Ctx, id: i64) -> String {
    format!("/api/companies/{}/rules/{}", CompanyId::text(ctx.company), RulesId::text(id))
}
