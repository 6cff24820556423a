//! Reading and posting as jobs: their effect and their end are one transaction.

use std::sync::Arc;

use heqi_domain::{BatchId, Id};
use heqi_platform::Tx;
use heqi_platform::audit::Event;
use heqi_platform::fault;
use heqi_platform::jobs::{self, Handler, JobError, Work};
use serde_json::{Value, json};

use super::reading::{self, Read};
use super::receive::Payload;
use super::store::{self, Batch};
use super::{check, commit, staging};
use crate::app::Shared;
use crate::problem::Problem;

/// Reads a file and holds it against the ledger.
pub const READ: &str = "import.read";
/// Posts what was chosen.
pub const COMMIT: &str = "import.commit";

/// What does [`READ`].
#[must_use]
pub fn read(app: Shared) -> Handler {
    Arc::new(move |work| {
        let app = Arc::clone(&app);
        Box::pin(async move { read_file(&app, &work).await })
    })
}

/// What does [`COMMIT`].
#[must_use]
pub fn commit(app: Shared) -> Handler {
    Arc::new(move |work| {
        let app = Arc::clone(&app);
        Box::pin(async move { post_rows(&app, &work).await })
    })
}

fn payload(work: &Work) -> Result<Payload, JobError> {
    let payload = serde_json::from_value(work.claim.job.payload.clone());
    payload.map_err(|error| {
        JobError::Hopeless(json!({ "code": "bad_job", "detail": error.to_string() }))
    })
}

/// A refusal that trying again does not change ends the job; anything else is tried again.
fn ended(problem: &Problem) -> JobError {
    if ["database_unavailable", "disk_full"].contains(&problem.code) {
        return JobError::Away(problem.detail[1].clone());
    }
    if problem.status.is_server_error() || problem.code == "conflict_retry" {
        return JobError::Again(problem.detail[1].clone());
    }
    JobError::Hopeless(serde_json::to_value(problem.body()).unwrap_or_default())
}

async fn read_file(app: &Shared, work: &Work) -> Result<Value, JobError> {
    let payload = payload(work)?;
    let company = work.claim.job.company;
    let mut tx = app.db.read().await?;
    let found = store::find(&mut tx, company, payload.batch).await?;
    drop(tx);
    let Some(mut batch) = found.filter(is_open) else { return Ok(json!({ "state": "over" })) };
    let version = batch.version;
    let read = reading::read(app, company, &mut batch, &payload.scope(), work).await;
    let read = read.map_err(|problem| ended(&problem))?;
    if work.is_stopped() {
        return Err(JobError::Canceled);
    }
    work.progress("stage", 0, 0);
    let mut tx = app.db.write().await?;
    let now = store::lock(&mut tx, company, batch.id).await?;
    if now.filter(is_open).is_none_or(|now| now.version != version) {
        // The mapping was changed meanwhile: the job that came with the change will read it.
        return Ok(json!({ "state": "superseded" }));
    }
    let result = keep(&mut tx, company, &batch, read).await?;
    jobs::finish(&mut tx, &work.claim, &result).await?;
    let event = event(&mut tx, work, "import.check", &batch).await?;
    tx.record(event.with_detail(&result));
    tx.commit().await?;
    Ok(result)
}

/// Stages what was read, or notes why it cannot be read; what there is to say about it.
///
/// # Errors
/// [`JobError::Canceled`] if reading was stopped.
pub(super) async fn keep(
    tx: &mut Tx,
    company: i64,
    batch: &Batch,
    read: Read,
) -> Result<Value, JobError> {
    let id = BatchId::text(batch.id);
    match read {
        Read::Stopped => Err(JobError::Canceled),
        Read::Unreadable(problem) => {
            store::set_problem(tx, batch.id, &problem).await?;
            Ok(json!({ "id": id, "state": "inspected", "problem": problem }))
        }
        Read::Rows(read) => {
            let (file, counted, plan) = *read;
            staging::stage(tx, company, batch, &file, &counted, &plan).await?;
            fault::at("imports.staged")?;
            let plan = check::plan(&plan, &batch.decisions);
            Ok(json!({ "id": id, "state": "checked", "totals": counted.totals, "plan": plan }))
        }
    }
}

fn is_open(batch: &Batch) -> bool {
    ["received", "inspected", "mapped", "checked"].contains(&batch.state.as_str())
}

async fn post_rows(app: &Shared, work: &Work) -> Result<Value, JobError> {
    let payload = payload(work)?;
    let (job, by) = (&work.claim.job, &work.claim.job.created_by);
    if work.is_stopped() {
        return Err(JobError::Canceled);
    }
    work.progress("post", 0, 0);
    let mut tx = app.db.write().await?;
    let scope = payload.scope();
    let posted = commit::apply(&mut tx, job.company, payload.batch, &payload.plan, &scope, by);
    let posted = posted.await.map_err(|problem| ended(&problem))?;
    if work.is_stopped() {
        return Err(JobError::Canceled);
    }
    let result = serde_json::to_value(&posted).unwrap_or_default();
    jobs::finish(&mut tx, &work.claim, &result).await?;
    let batch = store::find(&mut tx, job.company, payload.batch).await?;
    if let Some(batch) = batch {
        let event = event(&mut tx, work, "import.commit", &batch).await?;
        tx.record(event.with_detail(&posted));
    }
    tx.commit().await?;
    Ok(result)
}

async fn event(
    tx: &mut Tx,
    work: &Work,
    action: &str,
    batch: &Batch,
) -> Result<Event, heqi_platform::DbError> {
    let job = &work.claim.job;
    Ok(Event {
        company: job.company,
        actor_kind: "job".to_owned(),
        actor: job.created_by.clone(),
        actor_name: store::name_of(tx, &job.created_by).await?,
        action: action.to_owned(),
        object: BatchId::text(batch.id),
        label: batch.file_name.clone(),
        detail: String::new(),
        request: heqi_domain::JobId::text(job.id),
        address: String::new(),
    })
}
