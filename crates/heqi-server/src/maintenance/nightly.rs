//! The work that comes round, and who does it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use heqi_platform::jobs::{self, Every, Handler, JobError, Work};
use heqi_platform::{DbError, Sql, idempotency};
use serde_json::json;

use super::backups;
use crate::app::Shared;
use crate::auth::pace;
use crate::features::{audit_log, ledger};

const DAY: i64 = 24 * 3600;

/// The daily backup, at two in the morning.
pub const BACKUP: Every = Every { kind: "backup.daily", seconds: DAY, at: 2 * 3600 };
/// The walk through every audit chain, at one in the morning.
pub const AUDIT: Every = Every { kind: "audit.nightly", seconds: DAY, at: 3600 };
/// Words of lines that were posted among few, at three in the morning.
pub const WORDS: Every = Every { kind: "ledger.words", seconds: DAY, at: 3 * 3600 };
/// Stored answers that nobody will ask for again, tries that are made up for, every hour.
pub const FORGET: Every = Every { kind: "idempotency.forget", seconds: 3600, at: 0 };

/// Enqueues what is due; to be called every minute while the server runs.
pub async fn look(app: &Shared) {
    let backup = backups::is_daily(&app.config).then_some(BACKUP);
    for run in [Some(AUDIT), Some(FORGET), Some(WORDS), backup].into_iter().flatten() {
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
    handlers.insert(WORDS.kind, Arc::new(|work| take_in_words(work).boxed()));
    handlers.insert(FORGET.kind, Arc::new(|work| forget(work).boxed()));
}

/// Asks for a walk through the chain of every company.
async fn verify_chains(work: Work) -> Result<serde_json::Value, JobError> {
    audit_log::enqueue_verify(&work.db).await?;
    Ok(json!({}))
}

/// Takes the words of every company's lines into the index of the keyword.
async fn take_in_words(work: Work) -> Result<serde_json::Value, JobError> {
    let companies = work.db.read().await?.rows(Sql::new("SELECT id FROM company")).await?;
    let mut lines = 0;
    for company in &companies {
        let company = company.get("id")?;
        loop {
            // A transaction for each chunk: others write in between.
            let mut tx = work.db.write().await?;
            let taken = ledger::text::fold(&mut tx, company).await?;
            tx.commit_housekeeping().await?;
            lines += taken;
            if taken == 0 {
                break;
            }
        }
    }
    Ok(json!({ "lines": lines }))
}

async fn forget(work: Work) -> Result<serde_json::Value, JobError> {
    let mut tx = work.db.write().await?;
    let now = tx.now();
    let forgotten = idempotency::forget(&mut tx, now).await?;
    pace::forget(&mut tx).await?;
    tx.commit_housekeeping().await?;
    Ok(json!({ "forgotten": forgotten }))
}
