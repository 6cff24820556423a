//! Statements about roles of one's own.

use heqi_platform::{DbError, Row, Sql, Tx};

use crate::auth::stored_permissions;
use crate::permission::Permission;

/// A role of a company's own.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Changes with every change.
    pub version: i64,
}

/// The own roles of a company, by name.
///
/// # Errors
/// Whatever the database says.
pub async fn list(tx: &mut Tx, company: i64) -> Result<Vec<Stored>, DbError> {
    let find = Sql::new(
        "SELECT id, name, permissions, version FROM custom_role WHERE company_id = $1 \
         ORDER BY name, id",
    );
    tx.rows(find.bind(company)).await?.iter().map(read).collect()
}

/// A role of a company's own.
///
/// # Errors
/// Whatever the database says.
pub async fn find(tx: &mut Tx, company: i64, role: i64) -> Result<Option<Stored>, DbError> {
    let row = tx.optional(select(company, role)).await?;
    row.map(|row| read(&row)).transpose()
}

/// The same, held until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, company: i64, role: i64) -> Result<Option<Stored>, DbError> {
    let row = tx.optional(select(company, role).for_update()).await?;
    row.map(|row| read(&row)).transpose()
}

fn select(company: i64, role: i64) -> Sql {
    let find = "SELECT id, name, permissions, version FROM custom_role \
                WHERE company_id = $1 AND id = $2";
    Sql::new(find).bind(company).bind(role)
}

fn read(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        id: row.get("id")?,
        name: row.get("name")?,
        permissions: stored_permissions(&row.get::<String>("permissions")?),
        version: row.get("version")?,
    })
}

/// Adds a role; its number.
///
/// # Errors
/// [`DbError::Unique`] if the name is taken.
pub async fn insert(
    tx: &mut Tx,
    company: i64,
    name: &str,
    permissions: &[Permission],
) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO custom_role (id, company_id, name, permissions, created_at) \
         VALUES ($1, $2, $3, $4, $5)",
    );
    let insert = insert.bind(id).bind(company).bind(name).bind(codes(permissions));
    tx.execute(insert.bind(now)).await?;
    Ok(id)
}

/// Changes a role; it is locked, so its version was looked at already.
///
/// # Errors
/// [`DbError::Unique`] if the name is taken.
pub async fn update(
    tx: &mut Tx,
    role: i64,
    name: &str,
    permissions: &[Permission],
) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE custom_role SET name = $1, permissions = $2, version = version + 1 WHERE id = $3",
    );
    tx.execute(sql.bind(name).bind(codes(permissions)).bind(role)).await.map(drop)
}

/// Deletes a role.
///
/// # Errors
/// Whatever the database says.
pub async fn delete(tx: &mut Tx, role: i64) -> Result<(), DbError> {
    tx.execute(Sql::new("DELETE FROM custom_role WHERE id = $1").bind(role)).await.map(drop)
}

/// Permissions as a column holds them.
pub fn codes(permissions: &[Permission]) -> String {
    let codes: Vec<_> = permissions.iter().map(|one| one.code()).collect();
    serde_json::json!(codes).to_string()
}
