//! Plans, and matching by itself: what the runner does.

use std::sync::Arc;
use std::time::Duration;

use heqi_domain::{CustomerId, Id, LineId, RunId};
use heqi_platform::audit::Event;
use heqi_platform::jobs::{self, Handler, JobError, NewJob, Work};
use heqi_platform::{DbError, Tx};

use super::plan::{self, PlanError, Scope};
use super::summary::RunSummary;
use super::{hold, runs, store};
use crate::app::Shared;

/// How often a server looks for customers whose lines have changed.
pub const LOOK: Duration = Duration::from_secs(3);

/// Customers whose jobs one look enqueues.
const AT_A_TIME: i64 = 200;

/// How often a job that met new lines tries again at once.
const TRIES: usize = 5;

/// `match.plan`: makes a plan and stores it.
#[must_use]
pub fn plan() -> Handler {
    Arc::new(|work| Box::pin(make_plan(work)))
}

async fn make_plan(work: Work) -> Result<serde_json::Value, JobError> {
    let job = &work.claim.job;
    let scope = Scope {
        customer: job.payload["customer"].as_i64(),
        as_of: job.payload["as_of"].as_str().map(str::to_owned),
    };
    let base = plan::prepare(&mut work.db.read().await?, job.company, &scope).await?;
    let plan = plan::compute_with(base, work.clone()).await.map_err(no_plan)?;
    let summary = RunSummary::of(&plan).map_err(no_plan)?;
    let mut tx = work.db.write().await?;
    let by = &job.created_by;
    let run = store::insert_run(&mut tx, job.company, &plan.base, &summary, by).await?;
    let result = serde_json::json!({ "run": RunId::text(run), "digest": plan.base.digest });
    jobs::finish(&mut tx, &work.claim, &result).await?;
    tx.record(event(&work, "run.plan", RunId::text(run)).with_detail(&result));
    tx.commit().await?;
    Ok(result)
}

fn no_plan(error: PlanError) -> JobError {
    match error {
        PlanError::Kernel(heqi_matching::MatchError::Cancelled) => JobError::Canceled,
        PlanError::Lost(why) => JobError::Again(why),
        error => {
            tracing::error!(%error, "no plan");
            let detail = error.to_string();
            JobError::Hopeless(serde_json::json!({ "code": "no_plan", "detail": detail }))
        }
    }
}

fn event(work: &Work, action: &str, object: String) -> Event {
    let job = &work.claim.job;
    let system = job.created_by.is_empty();
    Event {
        company: job.company,
        actor_kind: if system { "system" } else { "user" }.to_owned(),
        actor: job.created_by.clone(),
        action: action.to_owned(),
        object,
        ..Event::default()
    }
}

/// `match.customer`: plans and commits what is open of one customer.
#[must_use]
pub fn customer() -> Handler {
    Arc::new(|work| Box::pin(match_customer(work)))
}

async fn match_customer(work: Work) -> Result<serde_json::Value, JobError> {
    let job = &work.claim.job;
    let scope = Scope { customer: job.payload["customer"].as_i64(), as_of: None };
    for _ in 0..TRIES {
        let base = plan::prepare(&mut work.db.read().await?, job.company, &scope).await?;
        let plan = plan::compute_with(base, work.clone()).await.map_err(no_plan)?;
        let summary = RunSummary::of(&plan).map_err(no_plan)?;
        let mut tx = work.db.write().await?;
        let run = store::insert_run(&mut tx, job.company, &plan.base, &summary, "").await?;
        let Some(counts) = runs::commit_same(&mut tx, job.company, run, &plan).await? else {
            continue;
        };
        if !counts.any() {
            // A run that changes nothing is no run; only the note that it was due goes away.
            drop(tx);
            return nothing_new(&work, &plan).await;
        }
        store::commit_run(&mut tx, run, "").await?;
        let result = serde_json::json!({ "run": RunId::text(run), "counts": counts });
        jobs::finish(&mut tx, &work.claim, &result).await?;
        tx.record(event(&work, "run.commit", RunId::text(run)).with_detail(&counts));
        tx.commit().await?;
        return Ok(result);
    }
    Err(JobError::Again("lines kept coming while the customer was matched".to_owned()))
}

async fn nothing_new(work: &Work, plan: &plan::Plan) -> Result<serde_json::Value, JobError> {
    let company = work.claim.job.company;
    let mut tx = work.db.write().await?;
    let customers = super::commit::customers(&mut tx, company, plan).await?;
    super::act::lock(&mut tx, company, &customers).await?;
    let now = plan::prepare(&mut tx, company, &plan.base.scope).await?;
    if now.digest != plan.base.digest {
        return Err(JobError::Again("lines came while the customer was matched".to_owned()));
    }
    store::not_due(&mut tx, company, &customers).await?;
    let result = serde_json::json!({ "run": null });
    jobs::finish(&mut tx, &work.claim, &result).await?;
    tx.commit_housekeeping().await?;
    Ok(result)
}

/// A look: releases holds that have run out, and enqueues a job for each customer whose lines
/// have changed. How many jobs.
///
/// # Errors
/// Whatever the database says.
pub async fn look(app: &Shared) -> Result<usize, DbError> {
    release(app).await?;
    let due = store::due(&mut app.db.read().await?, AT_A_TIME).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut tx = app.db.write().await?;
    for (company, customer) in &due {
        enqueue(&mut tx, *company, *customer).await?;
    }
    tx.commit_housekeeping().await?;
    app.wake_jobs();
    Ok(due.len())
}

async fn enqueue(tx: &mut Tx, company: i64, customer: i64) -> Result<(), DbError> {
    let merged = super::load::merged(tx, company).await?;
    let root = merged.get(&customer).copied().unwrap_or(customer);
    let new = NewJob {
        company,
        kind: "match.customer",
        payload: serde_json::json!({ "customer": root }),
        dedup: Some(CustomerId::text(root)),
        run_at: None,
        attempts_max: 5,
        created_by: String::new(),
    };
    jobs::enqueue(tx, &new).await.map(drop)
}

/// Releases holds whose day has passed.
async fn release(app: &Shared) -> Result<(), DbError> {
    let today = app.db.read().await?.now().book_date();
    if hold::run_out(&mut app.db.read().await?, &today).await?.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.write().await?;
    for (company, line, customer) in hold::run_out(&mut tx, &today).await? {
        hold::delete(&mut tx, line).await?;
        store::note_due(&mut tx, company, customer).await?;
        tx.record(Event {
            company,
            actor_kind: "system".to_owned(),
            action: "line.release".to_owned(),
            object: LineId::text(line),
            ..Event::default()
        });
    }
    tx.commit_housekeeping().await
}
