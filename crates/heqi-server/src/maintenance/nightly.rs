//! The work that comes round, and who does it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use heqi_platform::jobs::{self, Every, Handler, JobError, Work};
use heqi_platform::{DbError, Sql, audit, idempotency};
use serde_json::json;

use super::backups;
use crate::app::Shared;

const DAY: i64 = 24 * 3600;

/// The daily backup, at two in the morning.
pub const BACKUP: Every = Every { kind: "backup.daily", seconds: DAY, at: 2 * 3600 };
/// The walk through every audit chain, at one in the morning.
pub const AUDIT: Every = Every { kind: "audit.verify", seconds: DAY, at: 3600 };
/// Stored answers that nobody will ask for again, every hour.
pub const FORGET: Every = Every { kind: "idempotency.forget", seconds: 3600, at: 0 };

/// Enqueues what is due; to be called every minute while the server runs.
pub async fn look(app: &Shared) {
    let backup = backups::is_daily(&app.config).then_some(BACKUP);
    for run in [Some(AUDIT), Some(FORGET), backup].into_iter().flatten() {
        match enqueue(app, &run).await {
            // Another process was faster.
            Ok(()) | Err(DbError::Unique { .. }) => {}
            Err(error) => tracing::warn!(%error, kind = run.kind, "not enqueued"),
        }
    }
    app.wake_jobs();
}

async fn enqueue(app: &Shared, run: &Every) -> Result<(), DbError> {
    let mut tx = app.db.write().await?;
    jobs::every(&mut tx, run).await?;
    tx.commit_housekeeping().await
}

/// Adds the handlers of these kinds.
pub fn handle(app: &Shared, handlers: &mut HashMap<&'static str, Handler>) {
    let app = Arc::clone(app);
    let backup: Handler = Arc::new(move |work| backups::daily(Arc::clone(&app), work).boxed());
    handlers.insert(BACKUP.kind, backup);
    handlers.insert(AUDIT.kind, Arc::new(|work| verify_chains(work).boxed()));
    handlers.insert(FORGET.kind, Arc::new(|work| forget(work).boxed()));
}

/// Walks through the chain of every company. What is wrong is the problem of the job, an error
/// in the log, and found again by the doctor; reading goes on.
async fn verify_chains(work: Work) -> Result<serde_json::Value, JobError> {
    let mut tx = work.db.read().await?;
    let sql = Sql::new("SELECT company_id FROM audit_head ORDER BY company_id");
    let rows = tx.rows(sql).await?;
    let (mut good, total) = (0, rows.len() as i64);
    for (done, row) in rows.iter().enumerate() {
        work.progress("verify", done as i64, total);
        let report = audit::verify(&mut tx, row.get("company_id")?, &[]).await?;
        if let Some(fault) = report.fault {
            let company = report.company;
            tracing::error!(company, %fault, "the audit chain does not hold");
            return Err(JobError::Hopeless(json!({
                "code": "audit_chain_broken",
                "company": company,
                "good": report.good,
                "detail": fault.to_string(),
            })));
        }
        good += report.good;
        if work.is_stopped() {
            return Err(JobError::Canceled);
        }
    }
    Ok(json!({ "chains": total, "records": good }))
}

async fn forget(work: Work) -> Result<serde_json::Value, JobError> {
    let mut tx = work.db.write().await?;
    let now = tx.now();
    let forgotten = idempotency::forget(&mut tx, now).await?;
    tx.commit_housekeeping().await?;
    Ok(json!({ "forgotten": forgotten }))
}
