//! Statements about the sessions that are open.

use heqi_domain::{Id, SessionId};
use heqi_platform::{DbError, Sql, Timestamp, Tx};

use crate::features::users::model::Session;

/// The sessions of a person that are alive, the last used first. `limits` are those of
/// [`crate::auth::session::limits`].
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    tx: &mut Tx,
    user: i64,
    limits: (Timestamp, Timestamp),
    current: Option<i64>,
) -> Result<Vec<Session>, DbError> {
    let find = Sql::new(
        "SELECT id, address, agent, created_at, seen_at FROM session WHERE user_id = $1 \
         AND ended_at IS NULL AND seen_at > $2 AND created_at > $3 ORDER BY seen_at DESC, id DESC",
    );
    let rows = tx.rows(find.bind(user).bind(limits.0).bind(limits.1)).await?;
    let read = |row: &heqi_platform::Row| {
        let id: i64 = row.get("id")?;
        Ok(Session {
            id: SessionId::text(id),
            address: row.get("address")?,
            agent: row.get("agent")?,
            created_at: row.get("created_at")?,
            seen_at: row.get("seen_at")?,
            current: current == Some(id),
        })
    };
    rows.iter().map(read).collect()
}
