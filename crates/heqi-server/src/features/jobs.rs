//! Jobs 任务: how far long work has come, and stopping it.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive};
use futures::Stream;
use heqi_domain::{CompanyId, Id, JobId};
use heqi_platform::jobs::{self, Job as Row, JobState};
use heqi_platform::{Timestamp, Tx};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Reply;
use crate::app::Shared;
use crate::ctx::{At, Ctx, EMPTY};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(job_view))
        .routes(routes!(job_events))
        .routes(routes!(job_cancel))
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What kind of work.
    pub kind: String,
    /// `queued`, `running`, `done`, `failed` or `canceled`.
    #[schema(value_type = String)]
    pub state: JobState,
    /// What it is doing.
    pub stage: String,
    /// How much is done, of `total`.
    pub done: i64,
    /// 0 while unknown.
    pub total: i64,
    /// Seconds that are left, by the pace so far.
    pub seconds_left: Option<i64>,
    /// What it returned.
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    #[schema(value_type = Option<Object>)]
    pub problem: Option<serde_json::Value>,
    /// When it was enqueued.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>)]
    pub finished_at: Option<Timestamp>,
}

/// The address of a job, for `Location`.
#[must_use]
pub fn location(company: i64, job: i64) -> String {
    format!("/api/companies/{}/jobs/{}", CompanyId::text(company), JobId::text(job))
}

/// A job as clients see it.
#[must_use]
pub fn shown(row: Row, now: Timestamp) -> Job {
    let elapsed = row.started_at.map_or(0, |at| (now.micros() - at.micros()) / 1_000_000);
    let left = (row.done > 0 && row.total >= row.done && row.state == JobState::Running)
        .then(|| elapsed.saturating_mul(row.total - row.done) / row.done);
    Job {
        id: JobId::text(row.id),
        kind: row.kind,
        state: row.state,
        stage: row.stage,
        done: row.done,
        total: row.total,
        seconds_left: left,
        result: row.result,
        problem: row.problem,
        created_at: row.created_at,
        finished_at: row.finished_at,
    }
}

/// A job that this person asked for, or may see as an operator.
async fn visible(ctx: &Ctx, tx: &mut Tx, job: JobId) -> Result<Row, Problem> {
    let row = jobs::find(tx, ctx.company, job.number()).await?;
    let own = |row: &Row| row.created_by == ctx.actor() || ctx.may(Permission::SystemOperate);
    row.filter(own).ok_or_else(Problem::not_found)
}

/// How far a job has come.
#[utoipa::path(
    get, path = "/api/companies/{company}/jobs/{job}", tag = "jobs", operation_id = "job_view",
    params(("company" = String, Path), ("job" = String, Path)),
    responses((status = 200, description = "The job", body = Job),
              (status = 404, description = "No such job", body = ProblemBody)),
    extensions(("x-permission" = json!("own")))
)]
pub(crate) async fn job_view(ctx: Ctx, At(job): At<JobId>) -> Result<Json<Job>, Problem> {
    let mut tx = ctx.read().await?;
    let row = visible(&ctx, &mut tx, job).await?;
    Ok(Json(shown(row, tx.now())))
}

/// The job whenever it changes, until it is over.
#[utoipa::path(
    get, path = "/api/companies/{company}/jobs/{job}/events", tag = "jobs",
    operation_id = "job_events",
    params(("company" = String, Path), ("job" = String, Path)),
    responses((status = 200, description = "The job, again and again",
               content_type = "text/event-stream", body = String),
              (status = 404, description = "No such job", body = ProblemBody)),
    extensions(("x-permission" = json!("own")))
)]
pub(crate) async fn job_events(
    ctx: Ctx,
    At(job): At<JobId>,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Problem> {
    visible(&ctx, &mut ctx.read().await?, job).await?;
    let begin = (ctx, job, None::<Job>, false);
    let events = futures::stream::unfold(begin, |(ctx, job, last, over)| async move {
        if over {
            return None;
        }
        loop {
            let mut tx = ctx.read().await.ok()?;
            // Looked up as on a first request: a session that was ended or a right that was
            // revoked ends the stream.
            let current = crate::auth::is_current(&mut tx, &ctx.caller).await.ok()?;
            let grants = crate::auth::grants(&mut tx, &ctx.caller, ctx.company).await.ok()?;
            let row = visible(&ctx, &mut tx, job).await.ok()?;
            let now = shown(row, tx.now());
            drop(tx);
            if !current || grants.0.is_empty() {
                return None;
            }
            if last.as_ref() != Some(&now) {
                let over = now.state.is_over();
                let sent = Sent::default().json_data(&now).unwrap_or_default();
                return Some((Ok(sent), (ctx, job, Some(now), over)));
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// Asks a job to stop; what it has committed stays.
#[utoipa::path(
    post, path = "/api/companies/{company}/jobs/{job}/cancel", tag = "jobs",
    operation_id = "job_cancel",
    params(("company" = String, Path), ("job" = String, Path)),
    responses((status = 200, description = "The job", body = Job),
              (status = 409, description = "It is over", body = ProblemBody)),
    extensions(("x-permission" = json!("own")))
)]
pub(crate) async fn job_cancel(ctx: Ctx, At(job): At<JobId>) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let row = visible(&ctx, &mut change, job).await?;
    if !jobs::cancel(&mut change, ctx.company, row.id).await? {
        return Err(Problem::conflict("job_over", "任务已经结束", "The job is over"));
    }
    change.record(ctx.event("job.cancel", JobId::text(row.id), &row.kind));
    let now = change.now();
    let row = visible(&ctx, &mut change, job).await?;
    let shown = shown(row, now);
    change.answer(Reply::ok(&shown)).await
}
