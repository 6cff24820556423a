//! Statements about secrets of phones and recovery codes.

use heqi_platform::{DbError, Sql, Tx, Value};

/// The sealed secret that waits for its first code; empty if none does.
///
/// # Errors
/// Whatever the database says.
pub async fn pending(tx: &mut Tx, user: i64) -> Result<String, DbError> {
    let find = Sql::new("SELECT totp_pending FROM user_account WHERE id = $1");
    tx.one(find.bind(user).for_update()).await?.get("totp_pending")
}

/// Stores a sealed secret that waits for its first code.
///
/// # Errors
/// Whatever the database says.
pub async fn set_pending(tx: &mut Tx, user: i64, sealed: &str) -> Result<(), DbError> {
    let sql = Sql::new("UPDATE user_account SET totp_pending = $1 WHERE id = $2");
    tx.execute(sql.bind(sealed).bind(user)).await.map(drop)
}

/// Makes a sealed secret the second factor; `step` is that of its first code.
///
/// # Errors
/// Whatever the database says.
pub async fn set(tx: &mut Tx, user: i64, sealed: &str, step: i64) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET totp_secret = $1, totp_pending = '', totp_last_step = $2, \
         version = version + 1 WHERE id = $3",
    );
    tx.execute(sql.bind(sealed).bind(step).bind(user)).await.map(drop)
}

/// Removes the second factor and its recovery codes.
///
/// # Errors
/// Whatever the database says.
pub async fn remove(tx: &mut Tx, user: i64) -> Result<(), DbError> {
    set(tx, user, "", 0).await?;
    let delete = Sql::new("DELETE FROM recovery_code WHERE user_id = $1");
    tx.execute(delete.bind(user)).await.map(drop)
}

/// Uses a time step up: whether it was later than the last one.
///
/// # Errors
/// Whatever the database says.
pub async fn use_step(tx: &mut Tx, user: i64, step: i64) -> Result<bool, DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET totp_last_step = $1 WHERE id = $2 AND totp_last_step < $1",
    );
    Ok(tx.execute(sql.bind(step).bind(user)).await? == 1)
}

/// Uses a recovery code up: whether there was one.
///
/// # Errors
/// Whatever the database says.
pub async fn use_code(tx: &mut Tx, user: i64, hash: [u8; 32]) -> Result<bool, DbError> {
    let sql = Sql::new(
        "UPDATE recovery_code SET used_at = $1 WHERE user_id = $2 AND code_hash = $3 \
         AND used_at IS NULL",
    );
    Ok(tx.execute(sql.bind(tx.now()).bind(user).bind(hash)).await? == 1)
}

/// Replaces the recovery codes of a person.
///
/// # Errors
/// Whatever the database says.
pub async fn replace_codes(tx: &mut Tx, user: i64, hashes: Vec<[u8; 32]>) -> Result<(), DbError> {
    let delete = Sql::new("DELETE FROM recovery_code WHERE user_id = $1");
    tx.execute(delete.bind(user)).await?;
    let rows = hashes.into_iter().map(|hash| vec![Value::from(user), Value::from(hash)]);
    tx.insert_many("recovery_code", "user_id, code_hash", rows).await.map(drop)
}

/// Recovery codes that were not used yet.
///
/// # Errors
/// Whatever the database says.
pub async fn codes_left(tx: &mut Tx, user: i64) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM recovery_code WHERE user_id = $1 AND used_at IS NULL";
    tx.count(Sql::new(sql).bind(user)).await
}
