//! The table of jobs: every statement that touches it.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::db::{Db, DbError, Row, Sql, Tx};
use crate::fault;

/// How long a process keeps a job without a sign of life.
pub(super) const LEASE_SECONDS: i64 = 30;
/// How many processes may die at one job before it is given up: it is the job that ends them.
const DEATHS_MAX: i64 = 20;

/// A job to be enqueued.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Whose work; 0 for the installation.
    pub company: i64,
    /// Which handler does it.
    pub kind: &'static str,
    /// What the handler is given.
    pub payload: serde_json::Value,
    /// At most one job of a kind with this word waits or runs at a time.
    pub dedup: Option<String>,
    /// Not before this instant; at once if none.
    pub run_at: Option<Timestamp>,
    /// How often it is tried.
    pub attempts_max: i64,
    /// Who asked for it, as text.
    pub created_by: String,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits.
    Queued,
    /// A process works on it.
    Running,
    /// Its effect is there.
    Done,
    /// It was given up.
    Failed,
    /// A person stopped it.
    Canceled,
}

impl JobState {
    fn of(code: &str) -> Self {
        match code {
            "queued" => Self::Queued,
            "running" => Self::Running,
            "done" => Self::Done,
            "canceled" => Self::Canceled,
            _ => Self::Failed,
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Canceled)
    }
}

/// A job as the table has it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Whose work.
    pub company: i64,
    /// Which handler.
    pub kind: String,
    /// What the handler is given.
    pub payload: serde_json::Value,
    /// Where it stands.
    pub state: JobState,
    /// How often it was tried.
    pub attempts: i64,
    /// What it is doing.
    pub stage: String,
    /// How much is done, of `total`; 0 of 0 while unknown.
    pub done: i64,
    /// See `done`.
    pub total: i64,
    /// What it returned.
    pub result: Option<serde_json::Value>,
    /// Why it failed, as problem+json.
    pub problem: Option<serde_json::Value>,
    /// Whether a person asked it to stop.
    pub cancel_requested: bool,
    /// Who asked for it.
    pub created_by: String,
    /// When it was enqueued, begun and ended.
    pub created_at: Timestamp,
    /// See `created_at`.
    pub started_at: Option<Timestamp>,
    /// See `created_at`.
    pub finished_at: Option<Timestamp>,
}

/// A job taken by this process, for as long as the lease is renewed.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The job.
    pub job: Job,
    /// Who holds it.
    pub owner: String,
}

/// Enqueues a job; the number of the one that waits or runs already, if there is one.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn enqueue(tx: &mut Tx, new: &NewJob) -> Result<i64, DbError> {
    let now = tx.now();
    if let Some(dedup) = &new.dedup {
        let same = Sql::new(
            "SELECT id FROM job WHERE company_id = $1 AND kind = $2 AND dedup = $3 \
             AND state IN ('queued', 'running')",
        );
        let same = same.bind(new.company).bind(new.kind).bind(dedup);
        if let Some(row) = tx.optional(same).await? {
            return row.get("id");
        }
    }
    let id = tx.next_id();
    let insert = Sql::new(
        "INSERT INTO job (id, company_id, kind, dedup, payload, state, run_at, attempts_max, \
         created_by, created_at) VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $9)",
    );
    let insert = insert.bind(id).bind(new.company).bind(new.kind).bind(new.dedup.clone());
    let insert = insert.bind(&new.payload).bind(new.run_at.unwrap_or(now)).bind(new.attempts_max);
    tx.execute(insert.bind(&new.created_by).bind(now)).await?;
    fault::at("jobs.enqueued")?;
    Ok(id)
}

const COLUMNS: &str = "id, company_id, kind, payload, state, attempts, stage, done, total, \
     result, problem, cancel_requested, created_by, created_at, started_at, finished_at";

/// The job with this number.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn find(tx: &mut Tx, company: i64, id: i64) -> Result<Option<Job>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM job WHERE company_id = ").push_bind(company);
    sql.push(" AND id = ").push_bind(id);
    tx.optional(sql).await?.map(|row| read(&row)).transpose()
}

/// Takes the job that has waited longest, if one waits or was left by a dead process.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn claim(db: &Db, kinds: &[&'static str]) -> Result<Option<Claim>, DbError> {
    loop {
        let Some(claim) = take(db, kinds).await? else { return Ok(None) };
        if claim.job.attempts <= DEATHS_MAX {
            return Ok(Some(claim));
        }
        // What fails is given up long before: here the processes did not live to say so.
        let problem = serde_json::json!({
            "code": "job_failed",
            "detail": "每次执行此任务，程序都意外退出；已停止重试，请查看运行日志 / \
                       The program ended each time it did this job; it is not tried again, see \
                       the log",
        });
        fail(db, &claim, &problem, JobState::Failed).await?;
    }
}

async fn take(db: &Db, kinds: &[&'static str]) -> Result<Option<Claim>, DbError> {
    let mut tx = db.write().await?;
    let now = tx.now();
    let mut sql = Sql::new(
        "UPDATE job SET state = 'running', attempts = attempts + 1, lease_owner = $1, \
         lease_until = $2, started_at = COALESCE(started_at, $3) WHERE id = (\
         SELECT id FROM job WHERE ((state = 'queued' AND run_at <= $3) \
         OR (state = 'running' AND lease_until < $3)) AND kind IN ",
    );
    sql = sql.bind(db.process()).bind(now.plus_seconds(LEASE_SECONDS)).bind(now);
    sql.push_list(kinds.iter().copied()).push(" ORDER BY run_at, id LIMIT 1");
    if db.is_postgres() {
        sql.push(" FOR UPDATE SKIP LOCKED");
    }
    sql.push(") RETURNING ").push(COLUMNS);
    let row = tx.optional(sql).await?;
    let job = row.map(|row| read(&row)).transpose()?;
    tx.commit_housekeeping().await?;
    Ok(job.map(|job| Claim { job, owner: db.process().to_owned() }))
}

/// A sign of life: renews the lease and notes the progress. Whether a person asked to stop;
/// none if the lease was lost.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn beat(
    db: &Db,
    claim: &Claim,
    stage: &str,
    done: i64,
    total: i64,
) -> Result<Option<bool>, DbError> {
    let mut tx = db.write().await?;
    let until = tx.now().plus_seconds(LEASE_SECONDS);
    let renew = Sql::new(
        "UPDATE job SET lease_until = $1, stage = $2, done = $3, total = $4 WHERE id = $5 \
         AND state = 'running' AND lease_owner = $6 AND attempts = $7 RETURNING cancel_requested",
    );
    let renew = renew.bind(until).bind(stage).bind(done).bind(total).bind(claim.job.id);
    let row = tx.optional(renew.bind(&claim.owner).bind(claim.job.attempts)).await?;
    tx.commit_housekeeping().await?;
    row.map(|row| row.get("cancel_requested")).transpose()
}

/// Marks a job done, in the transaction of its effect.
///
/// # Errors
/// [`DbError::Conflict`] if the lease was lost: then the effect must not be committed.
pub async fn finish(tx: &mut Tx, claim: &Claim, result: &serde_json::Value) -> Result<(), DbError> {
    let now = tx.now();
    let end = Sql::new(
        "UPDATE job SET state = 'done', result = $1, finished_at = $2, done = total \
         WHERE id = $3 AND state = 'running' AND lease_owner = $4 AND attempts = $5",
    );
    let end = end.bind(result).bind(now).bind(claim.job.id);
    match tx.execute(end.bind(&claim.owner).bind(claim.job.attempts)).await? {
        1 => fault::at("jobs.finish"),
        _ => Err(DbError::Conflict),
    }
}

/// Ends a job that could not be done: tries it again later, or gives it up.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn fail(
    db: &Db,
    claim: &Claim,
    problem: &serde_json::Value,
    end: JobState,
) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    let now = tx.now();
    // 2, 4, 8, … seconds: what is wrong for a moment is over by then.
    let again = now.plus_seconds(1 << claim.job.attempts.clamp(1, 12));
    let state = match end {
        JobState::Queued => "queued",
        JobState::Canceled => "canceled",
        _ => "failed",
    };
    let finished = (end != JobState::Queued).then_some(now);
    let sql = Sql::new(
        "UPDATE job SET state = $1, problem = $2, run_at = $3, finished_at = $4, lease_until = 0 \
         WHERE id = $5 AND state = 'running' AND lease_owner = $6 AND attempts = $7",
    );
    let sql = sql.bind(state).bind(problem).bind(again).bind(finished).bind(claim.job.id);
    tx.execute(sql.bind(&claim.owner).bind(claim.job.attempts)).await?;
    tx.commit_housekeeping().await
}

/// Gives a job back untouched, as a server does that is stopping; not before `seconds` have
/// passed is it taken again.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn release(db: &Db, claim: &Claim, seconds: i64) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    let again = tx.now().plus_seconds(seconds);
    let sql = Sql::new(
        "UPDATE job SET state = 'queued', attempts = attempts - 1, lease_until = 0, run_at = $1 \
         WHERE id = $2 AND state = 'running' AND lease_owner = $3 AND attempts = $4",
    );
    let sql = sql.bind(again).bind(claim.job.id).bind(&claim.owner);
    tx.execute(sql.bind(claim.job.attempts)).await?;
    tx.commit_housekeeping().await
}

/// Asks a job to stop; one that waits is stopped at once. Whether there was anything to stop.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn cancel(tx: &mut Tx, company: i64, id: i64) -> Result<bool, DbError> {
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE job SET cancel_requested = TRUE, \
         finished_at = CASE WHEN state = 'queued' THEN CAST($1 AS BIGINT) ELSE finished_at END, \
         state = CASE WHEN state = 'queued' THEN 'canceled' ELSE state END \
         WHERE company_id = $2 AND id = $3 AND state IN ('queued', 'running')",
    );
    Ok(tx.execute(sql.bind(now).bind(company).bind(id)).await? == 1)
}

fn read(row: &Row) -> Result<Job, DbError> {
    let json = |name: &str| -> Result<Option<serde_json::Value>, DbError> {
        let text: Option<String> = row.get(name)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    };
    Ok(Job {
        id: row.get("id")?,
        company: row.get("company_id")?,
        kind: row.get("kind")?,
        payload: json("payload")?.unwrap_or_default(),
        state: JobState::of(&row.get::<String>("state")?),
        attempts: row.get("attempts")?,
        stage: row.get("stage")?,
        done: row.get("done")?,
        total: row.get("total")?,
        result: json("result")?,
        problem: json("problem")?,
        cancel_requested: row.get("cancel_requested")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}
