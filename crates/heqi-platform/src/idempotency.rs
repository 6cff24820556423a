//! A request that is repeated has one effect and one answer.
//!
//! The answer is stored in the transaction of the effect, under company, actor and key, with a
//! digest of the request. The same request again gets the stored answer; another request under
//! the same key is refused.

use crate::Timestamp;
use crate::db::{DbError, Sql, Tx};
use crate::fault;

/// How long an answer is kept: a client that retries later has to look before it asks again.
pub const KEPT_SECONDS: i64 = 7 * 24 * 3600;

/// Who asks under which key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whose books; 0 for the installation.
    pub company: i64,
    /// The id of who asks, as text.
    pub actor: String,
    /// What the client chose.
    pub key: String,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `ETag`, empty if there is none.
    pub etag: String,
    /// `Location`, empty if there is none.
    pub location: String,
    /// JSON.
    pub body: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the request may go ahead.
    New,
    /// The same request was answered.
    Answered(Answer),
    /// The key was used for another request.
    OtherRequest,
}

/// What is known of a key.
///
/// # Errors
/// Whatever the database says, typed.
pub async fn find(tx: &mut Tx, key: &Key, request: &[u8; 32]) -> Result<Known, DbError> {
    let find = Sql::new(
        "SELECT request, status, etag, location, body FROM idempotency \
         WHERE company_id = $1 AND actor = $2 AND key = $3",
    );
    let row = tx.optional(find.bind(key.company).bind(&key.actor).bind(&key.key)).await?;
    let Some(row) = row else { return Ok(Known::New) };
    if row.get::<[u8; 32]>("request")? != *request {
        return Ok(Known::OtherRequest);
    }
    Ok(Known::Answered(Answer {
        status: u16::try_from(row.get::<i64>("status")?).unwrap_or(500),
        etag: row.get("etag")?,
        location: row.get("location")?,
        body: row.get("body")?,
    }))
}

/// Stores the answer beside the effect.
///
/// # Errors
/// [`DbError::Unique`] on `idempotency` if another process has answered meanwhile.
pub async fn store(
    tx: &mut Tx,
    key: &Key,
    request: &[u8; 32],
    answer: &Answer,
) -> Result<(), DbError> {
    fault::at("idempotency.store")?;
    let insert = Sql::new(
        "INSERT INTO idempotency (company_id, actor, key, request, status, etag, location, body, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let insert = insert.bind(key.company).bind(&key.actor).bind(&key.key).bind(*request);
    let insert = insert.bind(i64::from(answer.status)).bind(&answer.etag);
    let insert = insert.bind(&answer.location).bind(&answer.body).bind(tx.now());
    tx.execute(insert).await?;
    fault::at("idempotency.stored")
}

/// Forgets answers older than [`KEPT_SECONDS`].
///
/// # Errors
/// Whatever the database says, typed.
pub async fn forget(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    let old = Sql::new("DELETE FROM idempotency WHERE created_at < $1");
    tx.execute(old.bind(now.plus_seconds(-KEPT_SECONDS))).await
}
