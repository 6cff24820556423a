//! Every statement about people.

use heqi_domain::{Id, UserId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::model::{NewUser, User};

/// What signing in has to know of a person.
#[derive(Debug)]
pub struct Credentials {
    /// The number of the user.
    pub user: i64,
    /// The name as it is shown.
    pub name: String,
    /// The Argon2id hash.
    pub password_hash: String,
    /// Attempts that failed in a row.
    pub failed: i64,
    /// Until when no attempt is accepted.
    pub locked_until: Timestamp,
    /// Whether the person was disabled.
    pub disabled: bool,
    /// The sealed secret of the second factor; empty without one.
    pub totp_secret: String,
    /// The last time step that was used.
    pub totp_last_step: i64,
}

/// Whether nobody works here yet.
///
/// # Errors
/// Whatever the database says.
pub async fn is_empty(tx: &mut Tx) -> Result<bool, DbError> {
    Ok(tx.count(Sql::new("SELECT COUNT(*) FROM user_account")).await? == 0)
}

/// Adds a person; the number.
///
/// # Errors
/// [`DbError::Unique`] if the login is taken.
pub async fn insert(
    tx: &mut Tx,
    new: &NewUser,
    password_hash: &str,
    must_change: bool,
) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO user_account (id, login, name, password_hash, password_set_at, \
         must_change_password, created_at) VALUES ($1, $2, $3, $4, $5, $6, $5)",
    );
    let insert = insert.bind(id).bind(new.login.to_lowercase()).bind(&new.name);
    tx.execute(insert.bind(password_hash).bind(now).bind(must_change)).await?;
    Ok(id)
}

/// What signing in has to know of the person with this login.
///
/// # Errors
/// Whatever the database says.
pub async fn credentials(tx: &mut Tx, login: &str) -> Result<Option<Credentials>, DbError> {
    let find = Sql::new(
        "SELECT id, name, password_hash, failed_logins, locked_until, disabled_at, totp_secret, \
         totp_last_step FROM user_account WHERE login = $1",
    );
    let row = tx.optional(find.bind(login.to_lowercase())).await?;
    row.map(|row| {
        Ok(Credentials {
            user: row.get("id")?,
            name: row.get("name")?,
            password_hash: row.get("password_hash")?,
            failed: row.get("failed_logins")?,
            locked_until: row.get("locked_until")?,
            disabled: row.get::<Option<i64>>("disabled_at")?.is_some(),
            totp_secret: row.get("totp_secret")?,
            totp_last_step: row.get("totp_last_step")?,
        })
    })
    .transpose()
}

/// Notes a failed attempt, and from when on the next one is accepted.
///
/// # Errors
/// Whatever the database says.
pub async fn note_failure(tx: &mut Tx, user: i64, until: Timestamp) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET failed_logins = failed_logins + 1, locked_until = $1 \
         WHERE id = $2",
    );
    tx.execute(sql.bind(until).bind(user)).await.map(drop)
}

/// Notes that a person signed in, and with which step of the second factor.
///
/// # Errors
/// Whatever the database says.
pub async fn note_success(tx: &mut Tx, user: i64, step: i64) -> Result<u64, DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET failed_logins = 0, locked_until = 0, totp_last_step = $1 \
         WHERE id = $2 AND totp_last_step <= $1",
    );
    tx.execute(sql.bind(step).bind(user)).await
}

/// Grants a role; the number of the grant.
///
/// # Errors
/// [`DbError::Unique`] if it was granted already.
pub async fn grant(
    tx: &mut Tx,
    company: i64,
    user: i64,
    role: &str,
    scope: (&str, &str),
    by: &str,
) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO role_grant (id, company_id, user_id, role, scope, scope_value, granted_by, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let insert = insert.bind(id).bind(company).bind(user).bind(role).bind(scope.0).bind(scope.1);
    tx.execute(insert.bind(by).bind(now)).await?;
    Ok(id)
}

/// The roles that a person holds anywhere.
///
/// # Errors
/// Whatever the database says.
pub async fn roles_of(tx: &mut Tx, user: i64) -> Result<Vec<String>, DbError> {
    let find = Sql::new("SELECT DISTINCT role FROM role_grant WHERE user_id = $1");
    tx.rows(find.bind(user)).await?.iter().map(|row| row.get("role")).collect()
}

/// The companies in which a person holds a role.
///
/// # Errors
/// Whatever the database says.
pub async fn companies_of(tx: &mut Tx, user: i64) -> Result<Vec<(i64, String)>, DbError> {
    let find = Sql::new(
        "SELECT id, name FROM company WHERE EXISTS (SELECT 1 FROM role_grant g \
         WHERE g.user_id = $1 AND g.company_id IN (0, company.id)) ORDER BY code",
    );
    let rows = tx.rows(find.bind(user)).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("name")?))).collect()
}

/// A person.
///
/// # Errors
/// Whatever the database says.
pub async fn find(tx: &mut Tx, user: i64) -> Result<Option<User>, DbError> {
    let mut sql = Sql::new("SELECT ").clone();
    sql.push(COLUMNS).push(" FROM user_account WHERE id = ").push_bind(user);
    tx.optional(sql).await?.map(|row| read(&row)).transpose()
}

/// People after a login, in its order.
///
/// # Errors
/// Whatever the database says.
pub async fn list(tx: &mut Tx, after: &str, limit: usize) -> Result<Vec<User>, DbError> {
    let mut sql = Sql::new("SELECT ").clone();
    sql.push(COLUMNS).push(" FROM user_account WHERE login > ").push_bind(after);
    sql.push(" ORDER BY login LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

const COLUMNS: &str = "id, login, name, totp_secret, disabled_at, version";

fn read(row: &Row) -> Result<User, DbError> {
    Ok(User {
        id: UserId::text(row.get("id")?),
        login: row.get("login")?,
        name: row.get("name")?,
        second_factor: !row.get::<String>("totp_secret")?.is_empty(),
        disabled_at: row.get("disabled_at")?,
        version: row.get("version")?,
    })
}
