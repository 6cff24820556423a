//! Runs 对账批次: a plan is asked for, looked at, and committed by its digest.

use axum::Json;
use heqi_domain::{CompanyId, CustomerId, Id, RunId};
use heqi_platform::jobs::{self, NewJob};
use heqi_platform::{Tx, Value};

use super::act;
use super::commit::{self, Counts};
use super::model::{CommitRun, NewRun, Run};
use super::plan::{self, Plan, Scope};
use super::store;
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::features::{customers, jobs as work};
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Asks for a plan.
#[utoipa::path(
    post, path = "/api/companies/{company}/match-runs", tag = "matching",
    operation_id = "run_plan", params(("company" = String, Path)), request_body = NewRun,
    responses((status = 202, description = "The job; its result names the run", body = work::Job,
               links(("job" = (operation_id = "job_view",
                      parameters(("job" = "$response.body#/id")))))),
              (status = 404, description = "No such customer", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(super) async fn run_plan(ctx: Ctx, input: Input<NewRun>) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?.clone();
    let mut change = ctx.begin(&input.digest).await?;
    let NewRun { customer, as_of } = &input.value;
    let customer = customer.map(CustomerId::number);
    match customer {
        Some(id) => {
            customers::visible(&ctx, &mut change, Permission::MatchingWrite, id).await?;
        }
        None if !scope.all => {
            let zh = "您只负责一部分客户；请指定客户";
            let en = "You may match some customers only; name one";
            return Err(Problem::field("/customer", zh, en));
        }
        None => {}
    }
    if as_of.as_deref().is_some_and(|day| heqi_domain::day_from_iso(day).is_none()) {
        return Err(Problem::field("/as_of", "没有这一天", "There is no such day"));
    }
    let new = NewJob {
        company: ctx.company,
        kind: "match.plan",
        payload: serde_json::json!({ "customer": customer, "as_of": as_of }),
        dedup: None,
        run_at: None,
        attempts_max: 3,
        created_by: ctx.actor(),
    };
    let job = jobs::enqueue(&mut change, &new).await?;
    let label = customer.map(CustomerId::text).unwrap_or_default();
    change.record(ctx.event("run.ask", heqi_domain::JobId::text(job), &label));
    let now = change.now();
    let row = jobs::find(&mut change, ctx.company, job).await?.ok_or_else(Problem::not_found)?;
    let shown = work::shown(row, now);
    change.answer(Reply::accepted(work::location(ctx.company, job), &shown)).await
}

/// Runs, the newest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/match-runs", tag = "matching",
    operation_id = "run_list", params(("company" = String, Path), PageQuery),
    responses((status = 200, description = "A page of runs", body = Page<Run>)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(super) async fn run_list(
    ctx: Ctx,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Run>>, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let (limit, key) = (query.limit()?, &ctx.app.keys.cursor);
    let before = match query.after(key)?.as_deref() {
        Some([Value::Int(id)]) => *id,
        _ => i64::MAX,
    };
    let rows = store::run_list(&mut ctx.read().await?, ctx.company, scope, before, limit).await?;
    Ok(Json(Page::cut(rows, limit, key, |run| vec![run.number.into()])))
}

/// A run: what it does, in figures, and its digest.
#[utoipa::path(
    get, path = "/api/companies/{company}/match-runs/{run}", tag = "matching",
    operation_id = "run_view", params(("company" = String, Path), ("run" = String, Path)),
    responses((status = 200, description = "The run", body = Run,
               links(("commit" = (operation_id = "run_commit",
                      parameters(("run" = "$response.body#/id")))))),
              (status = 404, description = "No such run", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(super) async fn run_view(ctx: Ctx, At(run): At<RunId>) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let mut tx = ctx.read().await?;
    let found = store::run(&mut tx, ctx.company, scope, run.number()).await?;
    let run = found.ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&run).version(run.version))
}

/// Commits a plan: all of it, or nothing if a line, a decision or the rules have changed since.
#[utoipa::path(
    post, path = "/api/companies/{company}/match-runs/{run}/commit", tag = "matching",
    operation_id = "run_commit", params(("company" = String, Path), ("run" = String, Path)),
    request_body = CommitRun,
    responses((status = 200, description = "The committed run", body = Run),
              (status = 409, description = "Committed already, or stale", body = ProblemBody),
              (status = 422, description = "The digest of another plan", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(super) async fn run_commit(
    ctx: Ctx,
    At(run): At<RunId>,
    input: Input<CommitRun>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::MatchingWrite)?;
    // What takes long happens before the transaction that holds locks.
    let plan = again(&ctx, run.number()).await?;
    let mut change = ctx.begin(&input.digest).await?;
    let found = planned(&ctx, &mut change, run.number()).await?;
    if found.digest != input.value.digest {
        let zh = "摘要与这一方案不符；请重新打开方案";
        return Err(Problem::field("/digest", zh, "The digest is that of another plan"));
    }
    let plan = plan.filter(|plan| plan.base.digest == found.digest);
    let Some(plan) = plan else {
        drop(change);
        return Err(stale(&ctx, run.number()).await?);
    };
    let counts = match commit_same(&mut change, ctx.company, run.number(), &plan).await? {
        Some(counts) => counts,
        None => {
            drop(change);
            return Err(stale(&ctx, run.number()).await?);
        }
    };
    if !store::commit_run(&mut change, run.number(), &ctx.actor()).await? {
        return Err(Problem::not_found());
    }
    change.record(ctx.event("run.commit", run, "").with_detail(&counts));
    let scope = ctx.require(Permission::MatchingWrite)?;
    let done = store::run(&mut change, ctx.company, scope, run.number()).await?;
    let done = done.ok_or_else(Problem::not_found)?;
    change.answer(Reply::ok(&done).version(done.version)).await
}

/// The plan of a run computed again, if the run still waits.
async fn again(ctx: &Ctx, run: i64) -> Result<Option<Plan>, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let mut tx = ctx.read().await?;
    let found = store::run(&mut tx, ctx.company, scope, run).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    if found.state != "planned" {
        return Ok(None);
    }
    let base = plan::prepare(&mut tx, ctx.company, &scope_of(&found)).await?;
    drop(tx);
    if base.digest != found.digest {
        return Ok(None);
    }
    Ok(Some(plan::compute(base).await?))
}

fn scope_of(run: &Run) -> Scope {
    let customer = run.customer.as_deref().and_then(|text| text.parse::<CustomerId>().ok());
    Scope { customer: customer.map(CustomerId::number), as_of: run.as_of.clone() }
}

async fn planned(ctx: &Ctx, tx: &mut Tx, run: i64) -> Result<Run, Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let found = store::run(tx, ctx.company, scope, run).await?.ok_or_else(Problem::not_found)?;
    match found.state.as_str() {
        "planned" => Ok(found),
        "stale" => Err(plan_stale(ctx.company, run)),
        _ => Err(Problem::conflict(
            "run_committed",
            "这一方案已经提交",
            "This plan was committed already",
        )),
    }
}

async fn stale(ctx: &Ctx, run: i64) -> Result<Problem, Problem> {
    let mut tx = ctx.app.db.write().await?;
    if store::stale_run(&mut tx, ctx.company, run).await? {
        tx.record(ctx.event("run.stale", RunId::text(run), ""));
        tx.commit().await?;
    }
    Ok(plan_stale(ctx.company, run))
}

fn plan_stale(company: i64, run: i64) -> Problem {
    let problem = Problem::conflict(
        "plan_stale",
        "出方案之后，明细、人工处理或规则有变动；请重新生成方案",
        "Lines, decisions or rules have changed since the plan was made; plan again",
    );
    let (company, run) = (CompanyId::text(company), RunId::text(run));
    problem.with_facts(serde_json::json!({ "run": run, "company": company }))
}

/// Writes a plan if, under the locks of its customers, everything it rests on is the same;
/// none if it is not, and then nothing is written.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn commit_same(
    tx: &mut Tx,
    company: i64,
    run: i64,
    plan: &Plan,
) -> Result<Option<Counts>, heqi_platform::DbError> {
    let customers = commit::customers(tx, company, plan).await?;
    act::lock(tx, company, &customers).await?;
    let now = plan::prepare(tx, company, &plan.base.scope).await?;
    if now.digest != plan.base.digest {
        return Ok(None);
    }
    commit::write(tx, company, run, plan, &customers).await.map(Some)
}
