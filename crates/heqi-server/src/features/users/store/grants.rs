//! Statements about who holds which role where.

use heqi_domain::{CompanyId, GrantId, Id};
use heqi_platform::{DbError, Row, Sql, Tx};

use crate::auth::permissions_of;
use crate::features::users::model::Grant;
use crate::permission::Permission;

/// The roles that a person holds, by company.
///
/// # Errors
/// Whatever the database says.
pub async fn list(tx: &mut Tx, user: i64) -> Result<Vec<Grant>, DbError> {
    let find = Sql::new(
        "SELECT id, company_id, role, scope, scope_value, granted_by, created_at \
         FROM role_grant WHERE user_id = $1 ORDER BY company_id, role, id",
    );
    tx.rows(find.bind(user)).await?.iter().map(read).collect()
}

/// A role that a person holds.
///
/// # Errors
/// Whatever the database says.
pub async fn find(tx: &mut Tx, user: i64, grant: i64) -> Result<Option<Grant>, DbError> {
    let find = Sql::new(
        "SELECT id, company_id, role, scope, scope_value, granted_by, created_at \
         FROM role_grant WHERE user_id = $1 AND id = $2",
    );
    tx.optional(find.bind(user).bind(grant)).await?.map(|row| read(&row)).transpose()
}

fn read(row: &Row) -> Result<Grant, DbError> {
    let company: i64 = row.get("company_id")?;
    Ok(Grant {
        id: GrantId::text(row.get("id")?),
        company: (company != 0).then(|| CompanyId::text(company)),
        role: row.get("role")?,
        scope: row.get("scope")?,
        scope_value: row.get("scope_value")?,
        granted_by: row.get("granted_by")?,
        created_at: row.get("created_at")?,
    })
}

/// Revokes a role.
///
/// # Errors
/// Whatever the database says.
pub async fn delete(tx: &mut Tx, grant: i64) -> Result<(), DbError> {
    tx.execute(Sql::new("DELETE FROM role_grant WHERE id = $1").bind(grant)).await.map(drop)
}

/// What a person may do anywhere, by every role but `except`.
///
/// # Errors
/// Whatever the database says.
pub async fn held(tx: &mut Tx, user: i64, except: &str) -> Result<Vec<Permission>, DbError> {
    let find = Sql::new(
        "SELECT DISTINCT g.role, r.permissions FROM role_grant g \
         LEFT JOIN custom_role r ON 'role-' || CAST(r.id AS TEXT) = g.role \
         WHERE g.user_id = $1 AND g.role <> $2",
    );
    let mut held = Vec::new();
    for row in tx.rows(find.bind(user).bind(except)).await? {
        let own: Option<String> = row.get("permissions")?;
        held.extend(permissions_of(&row.get::<String>("role")?, own.as_deref()));
    }
    Ok(held)
}

/// The people who hold a role, held until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn holders(tx: &mut Tx, role: &str) -> Result<Vec<i64>, DbError> {
    let find = Sql::new(
        "SELECT id FROM user_account WHERE id IN (SELECT user_id FROM role_grant WHERE role = $1) \
         ORDER BY id",
    );
    tx.rows(find.bind(role).for_update()).await?.iter().map(|row| row.get("id")).collect()
}

/// Holds every grant of the administrators, so that two of them cannot remove each other at a
/// time.
///
/// # Errors
/// Whatever the database says.
pub async fn lock_administrators(tx: &mut Tx) -> Result<(), DbError> {
    let find = Sql::new(
        "SELECT id FROM role_grant WHERE role IN ('system_admin', 'security_admin') ORDER BY id",
    );
    tx.rows(find.for_update()).await.map(drop)
}

/// How many people other than this one hold a role everywhere and are not disabled.
///
/// # Errors
/// Whatever the database says.
pub async fn others(tx: &mut Tx, user: i64, role: &str) -> Result<i64, DbError> {
    let find = Sql::new(
        "SELECT COUNT(DISTINCT g.user_id) AS n FROM role_grant g \
         JOIN user_account u ON u.id = g.user_id WHERE g.role = $1 AND g.user_id <> $2 \
         AND g.company_id = 0 AND u.disabled_at IS NULL",
    );
    tx.count(find.bind(role).bind(user)).await
}

/// Whether there is such a company.
///
/// # Errors
/// Whatever the database says.
pub async fn is_company(tx: &mut Tx, company: i64) -> Result<bool, DbError> {
    let find = Sql::new("SELECT COUNT(*) FROM company WHERE id = $1");
    Ok(tx.count(find.bind(company)).await? == 1)
}

/// The number of the company with a code.
///
/// # Errors
/// Whatever the database says.
pub async fn company_by_code(tx: &mut Tx, code: &str) -> Result<Option<i64>, DbError> {
    let find = Sql::new("SELECT id FROM company WHERE code = $1");
    tx.optional(find.bind(code)).await?.map(|row| row.get("id")).transpose()
}
