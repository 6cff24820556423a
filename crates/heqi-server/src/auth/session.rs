//! Sessions 会话: a random token in a cookie, of which only the hash is stored.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use heqi_platform::{DbError, Sql, Timestamp, Tx};

use super::{Caller, SEEN_EVERY_SECONDS, secret_hash};
use crate::app::App;

/// `__Host-`: only from this host, only over TLS, for the whole site. Browsers treat loopback as
/// secure, so it holds there too.
pub const COOKIE: &str = "__Host-heqi";

/// The token in the cookie of a request.
#[must_use]
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|one| one.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE).map(|(_, token)| token.trim().to_owned())
}

/// The `Set-Cookie` that hands out a token, or takes it back.
#[must_use]
pub fn set_cookie(token: Option<&str>, hours: i64) -> String {
    let (token, age) = token.map_or(("", 0), |token| (token, hours * 3600));
    format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}")
}

/// A random token of 256 bits.
///
/// # Errors
/// The system has no randomness.
pub fn random_token() -> Result<String, DbError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| DbError::Failed(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Opens a session; its number and its token.
///
/// # Errors
/// Whatever the database says.
pub async fn open(
    tx: &mut Tx,
    user: i64,
    address: &str,
    agent: &str,
) -> Result<(i64, String), DbError> {
    let token = random_token()?;
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO session (token_hash, id, user_id, address, agent, created_at, seen_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    );
    let agent: String = agent.chars().take(200).collect();
    let insert = insert.bind(secret_hash(&token)).bind(id).bind(user).bind(address).bind(agent);
    tx.execute(insert.bind(now)).await?;
    Ok((id, token))
}

/// Ends one session of a user, or all of them but `except`.
///
/// # Errors
/// Whatever the database says.
pub async fn end(
    tx: &mut Tx,
    user: i64,
    one: Option<i64>,
    except: Option<i64>,
) -> Result<u64, DbError> {
    let mut sql =
        Sql::new("UPDATE session SET ended_at = $1 WHERE user_id = $2 AND ended_at IS NULL");
    sql = sql.bind(tx.now()).bind(user);
    if let Some(one) = one {
        sql.push(" AND id = ").push_bind(one);
    }
    if let Some(except) = except {
        sql.push(" AND id <> ").push_bind(except);
    }
    tx.execute(sql).await
}

/// Gives a session another token: who has the old one is out.
///
/// # Errors
/// Whatever the database says.
pub async fn renew(tx: &mut Tx, session: i64) -> Result<String, DbError> {
    let token = random_token()?;
    let sql = Sql::new("UPDATE session SET token_hash = $1 WHERE id = $2");
    tx.execute(sql.bind(secret_hash(&token)).bind(session)).await?;
    Ok(token)
}

/// Ends the session of a token, if there is one.
///
/// # Errors
/// Whatever the database says.
pub async fn end_token(tx: &mut Tx, token: &str) -> Result<u64, DbError> {
    let sql = "UPDATE session SET ended_at = $1 WHERE token_hash = $2 AND ended_at IS NULL";
    tx.execute(Sql::new(sql).bind(tx.now()).bind(secret_hash(token))).await
}

/// The instants that a session must have been seen after and opened after to be alive.
#[must_use]
pub fn limits(app: &App, now: Timestamp) -> (Timestamp, Timestamp) {
    let idle = now.plus_seconds(-app.config.session_idle_minutes * 60);
    (idle, now.plus_seconds(-app.config.session_hours_max * 3600))
}

/// Who holds this token; none if the session was ended, stood idle or is too old.
pub(super) async fn caller(app: &App, tx: &mut Tx, token: &str) -> Result<Option<Caller>, DbError> {
    let now = tx.now();
    let (idle, oldest) = limits(app, now);
    let find = Sql::new(
        "SELECT s.id, s.seen_at, s.user_id, u.name, u.must_change_password FROM session s \
         JOIN user_account u ON u.id = s.user_id WHERE s.token_hash = $1 AND s.ended_at IS NULL \
         AND s.seen_at > $2 AND s.created_at > $3 AND u.disabled_at IS NULL",
    );
    let row = tx.optional(find.bind(secret_hash(token)).bind(idle).bind(oldest)).await?;
    let Some(row) = row else { return Ok(None) };
    let seen: Timestamp = row.get("seen_at")?;
    Ok(Some(Caller {
        user: row.get("user_id")?,
        name: row.get("name")?,
        session: Some(row.get("id")?),
        token: None,
        must_change_password: row.get("must_change_password")?,
        unseen: seen < now.plus_seconds(-SEEN_EVERY_SECONDS),
    }))
}

/// Notes that a session was used.
pub(super) async fn see(app: &App, session: i64) -> Result<(), DbError> {
    let mut tx = app.db.write().await?;
    let sql = Sql::new("UPDATE session SET seen_at = $1 WHERE id = $2 AND ended_at IS NULL");
    tx.execute(sql.bind(tx.now()).bind(session)).await?;
    tx.commit_housekeeping().await
}
