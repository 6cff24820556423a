//! Statements about the tokens of programs.

use heqi_domain::{CompanyId, Id, TokenId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::roles::codes;
use crate::features::users::tokens::Token;
use crate::permission::Permission;

/// A token to be added.
#[derive(Debug)]
pub struct New<'t> {
    /// Its owner.
    pub user: i64,
    /// The only company it opens.
    pub company: i64,
    /// What it is for.
    pub name: &'t str,
    /// What it is limited to.
    pub permissions: &'t [Permission],
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds a token; its number.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, new: &New<'_>, hash: [u8; 32]) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO api_token (token_hash, id, company_id, user_id, name, permissions, \
         expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let insert = insert.bind(hash).bind(id).bind(new.company).bind(new.user).bind(new.name);
    let insert = insert.bind(codes(new.permissions)).bind(new.expires_at).bind(now);
    tx.execute(insert).await?;
    Ok(id)
}

const COLUMNS: &str = "SELECT id, company_id, name, permissions, expires_at, last_used_at, \
                       revoked_at, created_at FROM api_token WHERE user_id = $1";

/// The tokens of a person, the newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(tx: &mut Tx, user: i64) -> Result<Vec<Token>, DbError> {
    let mut find = Sql::new(COLUMNS).bind(user);
    find.push(" ORDER BY created_at DESC, id DESC");
    tx.rows(find).await?.iter().map(read).collect()
}

/// A token of a person.
///
/// # Errors
/// Whatever the database says.
pub async fn find(tx: &mut Tx, user: i64, token: i64) -> Result<Option<Token>, DbError> {
    let mut find = Sql::new(COLUMNS).bind(user);
    find.push(" AND id = ").push_bind(token);
    tx.optional(find).await?.map(|row| read(&row)).transpose()
}

fn read(row: &Row) -> Result<Token, DbError> {
    Ok(Token {
        id: TokenId::text(row.get("id")?),
        company: CompanyId::text(row.get("company_id")?),
        name: row.get("name")?,
        permissions: row.json("permissions")?,
        expires_at: row.get("expires_at")?,
        last_used_at: row.get("last_used_at")?,
        revoked_at: row.get("revoked_at")?,
        created_at: row.get("created_at")?,
    })
}

/// Revokes one token of a person, or all; how many.
///
/// # Errors
/// Whatever the database says.
pub async fn revoke(tx: &mut Tx, user: i64, one: Option<i64>) -> Result<u64, DbError> {
    let mut sql =
        Sql::new("UPDATE api_token SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL");
    sql = sql.bind(tx.now()).bind(user);
    if let Some(one) = one {
        sql.push(" AND id = ").push_bind(one);
    }
    tx.execute(sql).await
}
