//! A process at work: takes jobs, runs their handlers, shows their progress.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use heqi_domain::{Progress, Stage};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::queue::{self, Claim, JobState};
use crate::db::{Db, DbError};
use crate::fault;

/// How often a process looks for jobs that another one has enqueued.
const POLL: Duration = Duration::from_millis(500);

/// How often a running job gives a sign of life.
const BEAT: Duration = Duration::from_millis(500);

/// How long a job is left alone for which the database was away.
const AWAY_SECONDS: i64 = 1;

/// How often the end of a job is written again while the database is away: for as long as its
/// lease holds.
const TRIES: u32 = 50;

/// How a job ends that was not done.
#[derive(Debug)]
pub enum JobError {
    /// Trying again may help.
    Again(String),
    /// The database was away or had no room: no fault of the job, which is tried again uncounted.
    Away(String),
    /// Trying again will not help; the problem as problem+json.
    Hopeless(serde_json::Value),
    /// A person asked to stop.
    Canceled,
}

impl From<DbError> for JobError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(_) | DbError::Full(_) => Self::Away(error.to_string()),
            error => Self::Again(error.to_string()),
        }
    }
}

/// What does the jobs of one kind.
pub type Handler =
    Arc<dyn Fn(Work) -> BoxFuture<'static, Result<serde_json::Value, JobError>> + Send + Sync>;

/// A job in hand: what it is, and how its handler shows progress and hears of cancellation.
#[derive(Clone, Debug)]
pub struct Work {
    /// The database.
    pub db: Db,
    /// The job and its lease.
    pub claim: Claim,
    signs: Arc<Signs>,
}

#[derive(Debug, Default)]
struct Signs {
    stop: AtomicBool,
    done: AtomicI64,
    total: AtomicI64,
    stage: Mutex<String>,
}

impl Work {
    /// Says what is being done and how far it is.
    pub fn progress(&self, stage: &str, done: i64, total: i64) {
        stage.clone_into(&mut self.signs.stage.lock().unwrap_or_else(PoisonError::into_inner));
        self.signs.done.store(done, Ordering::Relaxed);
        self.signs.total.store(total, Ordering::Relaxed);
    }

    /// Whether the work should end: a person asked, or the lease was lost.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.signs.stop.load(Ordering::Relaxed)
    }
}

impl Progress for Work {
    fn stage(&self, stage: Stage, total: u64) {
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        self.progress(stage.code(), 0, total);
    }

    fn advance(&self, done: u64) {
        let done = i64::try_from(done).unwrap_or(i64::MAX);
        self.signs.done.fetch_add(done, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.is_stopped()
    }
}

/// Runs jobs until it is told to stop.
#[derive(Clone)]
pub struct Runner {
    db: Db,
    handlers: Arc<HashMap<&'static str, Handler>>,
    wake: Arc<Notify>,
}

impl Runner {
    /// A runner for these kinds of jobs.
    #[must_use]
    pub fn new(db: Db, handlers: HashMap<&'static str, Handler>) -> Self {
        Self { db, handlers: Arc::new(handlers), wake: Arc::new(Notify::new()) }
    }

    /// Says that a job was just enqueued, so that nobody waits for the next look.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Takes and runs jobs, `at_a_time` of them, until `stop` turns true; then gives back what
    /// it holds.
    pub async fn run(&self, at_a_time: usize, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            let claimed = if running.len() < at_a_time { self.take().await } else { None };
            if let Some(claim) = claimed {
                running.spawn(self.clone().work(claim, stop.clone()));
                continue;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
                _ = stop.changed() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Runs every job that waits now, one after the other: for tests and commands.
    pub async fn drain(&self) {
        let (_keep, stop) = watch::channel(false);
        while let Some(claim) = self.take().await {
            self.clone().work(claim, stop.clone()).await;
        }
    }

    async fn take(&self) -> Option<Claim> {
        let kinds: Vec<&'static str> = self.handlers.keys().copied().collect();
        match queue::claim(&self.db, &kinds).await {
            Ok(claim) => claim,
            Err(error) => {
                tracing::warn!(%error, "no job could be taken");
                None
            }
        }
    }

    async fn work(self, claim: Claim, mut stop: watch::Receiver<bool>) {
        let signs = Arc::new(Signs::default());
        let work = Work { db: self.db.clone(), claim: claim.clone(), signs: Arc::clone(&signs) };
        let Some(handler) = self.handlers.get(claim.job.kind.as_str()) else { return };
        let handler = Arc::clone(handler);
        let mut task = tokio::spawn(async move {
            fault::at("jobs.claimed")?;
            handler(work).await
        });
        let result = loop {
            tokio::select! {
                ended = &mut task => break ended,
                () = tokio::time::sleep(BEAT) => self.beat(&claim, &signs).await,
                _ = stop.changed() => {
                    signs.stop.store(true, Ordering::Relaxed);
                    // What does not hear within its time is taken over by its lease.
                    let ended = tokio::time::timeout(Duration::from_secs(3), &mut task).await;
                    match ended {
                        Ok(Ok(Ok(result))) => break Ok(Ok(result)),
                        _ => {
                            task.abort();
                            return report(queue::release(&self.db, &claim, 0).await);
                        }
                    }
                }
            }
        };
        let result = result.unwrap_or_else(|panic| Err(JobError::Again(panic.to_string())));
        if let Err(JobError::Away(why) | JobError::Again(why)) = &result {
            tracing::warn!(job = claim.job.id, kind = claim.job.kind, why, "job failed");
        }
        // Where the database is away for a moment, the end waits for it: the lease of a job that
        // nobody works on would keep everybody waiting for longer.
        for _ in 0..TRIES {
            match self.end(&claim, &result).await {
                Err(DbError::Unavailable(_) | DbError::Full(_)) if !*stop.borrow() => {
                    tokio::time::sleep(BEAT).await;
                }
                ended => return report(ended),
            }
        }
        report(self.end(&claim, &result).await);
    }

    async fn beat(&self, claim: &Claim, signs: &Signs) {
        let stage = signs.stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let done = signs.done.load(Ordering::Relaxed);
        let total = signs.total.load(Ordering::Relaxed);
        match queue::beat(&self.db, claim, &stage, done, total).await {
            Ok(Some(false)) => {}
            Ok(Some(true) | None) => signs.stop.store(true, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, job = claim.job.id, "no sign of life written"),
        }
    }

    /// Writes down how the job ended, unless its own transaction has done so.
    async fn end(
        &self,
        claim: &Claim,
        result: &Result<serde_json::Value, JobError>,
    ) -> Result<(), DbError> {
        let last = claim.job.attempts >= claim_max(&self.db, claim).await?;
        match result {
            Ok(result) => {
                let mut tx = self.db.write().await?;
                match queue::finish(&mut tx, claim, result).await {
                    Ok(()) => tx.commit_housekeeping().await,
                    Err(DbError::Conflict) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            Err(JobError::Canceled) => {
                let problem = serde_json::json!({ "code": "canceled" });
                queue::fail(&self.db, claim, &problem, JobState::Canceled).await
            }
            Err(JobError::Hopeless(problem)) => {
                queue::fail(&self.db, claim, problem, JobState::Failed).await
            }
            Err(JobError::Away(_)) => queue::release(&self.db, claim, AWAY_SECONDS).await,
            Err(JobError::Again(why)) => {
                let problem = serde_json::json!({ "code": "job_failed", "detail": why });
                let end = if last { JobState::Failed } else { JobState::Queued };
                queue::fail(&self.db, claim, &problem, end).await
            }
        }
    }
}

async fn claim_max(db: &Db, claim: &Claim) -> Result<i64, DbError> {
    let mut tx = db.read().await?;
    let sql = crate::Sql::new("SELECT attempts_max FROM job WHERE id = $1").bind(claim.job.id);
    tx.count(sql).await
}

fn report(result: Result<(), DbError>) {
    if let Err(error) = result {
        tracing::error!(%error, "the end of a job could not be written; its lease will expire");
    }
}
