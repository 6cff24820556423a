//! Walking through the whole chain: when somebody asks, when the server starts, every night.

use std::sync::Arc;

use futures::FutureExt;
use heqi_platform::audit::{self, Event, Report};
use heqi_platform::jobs::{self, Handler, JobError, NewJob, Work};
use heqi_platform::{Db, DbError, Tx};
use serde_json::json;

use super::store;
use crate::app::Shared;

/// The kind of the job.
pub const VERIFY: &str = "audit.verify";

/// Who asks for the walks at the start and at night.
const SYSTEM: &str = "system";

/// Enqueues a walk through the chain of every company, and of the installation. A server does
/// this when it starts and every night; several that do cause one walk.
///
/// # Errors
/// Whatever the database says.
pub async fn enqueue_verify(db: &Db) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    let all = heqi_platform::Sql::new("SELECT company_id FROM audit_head ORDER BY company_id");
    for row in tx.rows(all).await? {
        enqueue(&mut tx, row.get("company_id")?, SYSTEM, &[]).await?;
    }
    tx.commit_housekeeping().await
}

/// Enqueues a walk through one chain, held against these checkpoints too.
///
/// # Errors
/// Whatever the database says.
pub async fn enqueue(
    tx: &mut Tx,
    company: i64,
    by: &str,
    checkpoints: &[String],
) -> Result<i64, DbError> {
    // Who brings checkpoints of their own is not given the result of another walk.
    let dedup = checkpoints.is_empty().then(|| by.to_owned());
    let new = NewJob {
        company,
        kind: VERIFY,
        payload: json!({ "checkpoints": checkpoints }),
        dedup,
        run_at: None,
        attempts_max: 3,
        created_by: by.to_owned(),
    };
    jobs::enqueue(tx, &new).await
}

/// Does the job.
#[must_use]
pub fn verify(app: Shared) -> Handler {
    Arc::new(move |work: Work| walk(app.clone(), work).boxed())
}

async fn walk(app: Shared, work: Work) -> Result<serde_json::Value, JobError> {
    let job = &work.claim.job;
    work.progress("verify", 0, 0);
    let mut tx = work.db.read().await?;
    let mut lines = store::lines(&mut tx, job.company).await?;
    let known = lines.len();
    let brought: Vec<String> =
        serde_json::from_value(job.payload["checkpoints"].clone()).unwrap_or_default();
    lines.extend(brought);
    let (mut marks, mut foreign) = (Vec::new(), Vec::new());
    for (at, line) in lines.iter().enumerate() {
        match app.signer.read(line) {
            Ok(mark) if mark.company == job.company => marks.push(mark),
            Ok(_) => foreign.push(format!("{line}: another company")),
            Err(error) if at < known => foreign.push(format!("stored: {error}")),
            Err(error) => foreign.push(error.to_string()),
        }
    }
    let report = audit::verify(&mut tx, job.company, &marks).await?;
    drop(tx);
    let result = result(&report, marks.len(), &foreign);
    let mut tx = work.db.write().await?;
    audit::note(&mut tx, &report).await?;
    tx.record(Event {
        company: job.company,
        actor_kind: "job".to_owned(),
        actor: job.created_by.clone(),
        action: "audit.verify".to_owned(),
        detail: result.to_string(),
        ..Event::default()
    });
    jobs::finish(&mut tx, &work.claim, &result).await?;
    tx.commit().await?;
    Ok(result)
}

fn result(report: &Report, checkpoints: usize, foreign: &[String]) -> serde_json::Value {
    if let Some(fault) = &report.fault {
        tracing::error!(company = report.company, %fault, "an audit chain is not whole");
    }
    json!({
        "ok": report.fault.is_none() && foreign.is_empty(),
        "good": report.good,
        "checkpoints": checkpoints,
        "checkpoints_refused": foreign,
        "fault": report.fault.as_ref().map(ToString::to_string),
    })
}
