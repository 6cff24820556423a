//! Tokens 令牌: keys for programs, of which only the hash is stored.

use heqi_platform::{DbError, Sql, Timestamp, Tx};

use super::{Caller, SEEN_EVERY_SECONDS, Token, secret_hash, session, stored_permissions};
use crate::app::App;

/// Begins every token, so that a scanner for leaked secrets knows it.
pub const PREFIX: &str = "heqi_";

/// A token of 256 random bits: `heqi_` and 43 characters.
///
/// # Errors
/// The system has no randomness.
pub fn random() -> Result<String, DbError> {
    Ok(format!("{PREFIX}{}", session::random_token()?))
}

/// Who holds this token; none if it was revoked, has expired or its owner was disabled.
pub(super) async fn caller(tx: &mut Tx, token: &str) -> Result<Option<Caller>, DbError> {
    let find = Sql::new(
        "SELECT t.id, t.company_id, t.permissions, t.name AS token_name, t.last_used_at, \
         u.id AS user_id, u.name, u.must_change_password FROM api_token t \
         JOIN user_account u ON u.id = t.user_id WHERE t.token_hash = $1 \
         AND t.revoked_at IS NULL AND t.expires_at > $2 AND u.disabled_at IS NULL",
    );
    let now = tx.now();
    let row = tx.optional(find.bind(secret_hash(token)).bind(now)).await?;
    let Some(row) = row else { return Ok(None) };
    let (name, token_name): (String, String) = (row.get("name")?, row.get("token_name")?);
    let used: Option<Timestamp> = row.get("last_used_at")?;
    Ok(Some(Caller {
        user: row.get("user_id")?,
        name: format!("{name}（{token_name}）"),
        session: None,
        token: Some(Token {
            id: row.get("id")?,
            company: row.get("company_id")?,
            permissions: stored_permissions(&row.get::<String>("permissions")?),
        }),
        must_change_password: row.get("must_change_password")?,
        unseen: used.is_none_or(|at| at < now.plus_seconds(-SEEN_EVERY_SECONDS)),
    }))
}

/// Notes that a token was used.
pub(super) async fn see(app: &App, token: i64) -> Result<(), DbError> {
    let mut tx = app.db.write().await?;
    let sql = Sql::new("UPDATE api_token SET last_used_at = $1 WHERE id = $2");
    tx.execute(sql.bind(tx.now()).bind(token)).await?;
    tx.commit_housekeeping().await
}
