//! Every statement about people.

pub mod grants;
pub mod roles;
pub mod second_factor;
pub mod sessions;
pub mod tokens;

use heqi_domain::{Id, UserId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::model::{NewUser, User};

/// What signing in has to know of a person.
#[derive(Debug)]
pub struct Credentials {
    /// The number of the user.
    pub user: i64,
    /// What the person signs in with.
    pub login: String,
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

impl Credentials {
    /// Whether an attempt to sign in is accepted at all.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.disabled && self.locked_until <= now
    }
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

/// What signing in has to know of the person with this login. `locked`: held until the
/// transaction ends, so that two attempts at a time are counted as two.
///
/// # Errors
/// Whatever the database says.
pub async fn credentials(
    tx: &mut Tx,
    login: &str,
    locked: bool,
) -> Result<Option<Credentials>, DbError> {
    let find = Sql::new(
        "SELECT id, login, name, password_hash, failed_logins, locked_until, disabled_at, \
         totp_secret, totp_last_step FROM user_account WHERE login = $1",
    );
    let find = find.bind(login.to_lowercase());
    let row = tx.optional(if locked { find.for_update() } else { find }).await?;
    row.map(|row| {
        Ok(Credentials {
            user: row.get("id")?,
            login: row.get("login")?,
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

/// The hash of a person's password.
///
/// # Errors
/// Whatever the database says.
pub async fn password_hash(tx: &mut Tx, user: i64) -> Result<Option<String>, DbError> {
    let find = Sql::new("SELECT password_hash FROM user_account WHERE id = $1");
    tx.optional(find.bind(user)).await?.map(|row| row.get("password_hash")).transpose()
}

/// Notes how many attempts failed in a row, and until when none is accepted. Of nobody (user 0)
/// nothing is noted, by the same statement.
///
/// # Errors
/// Whatever the database says.
pub async fn note_failure(
    tx: &mut Tx,
    user: i64,
    failed: i64,
    until: Timestamp,
) -> Result<(), DbError> {
    let sql = "UPDATE user_account SET failed_logins = $1, locked_until = $2 WHERE id = $3";
    tx.execute(Sql::new(sql).bind(failed).bind(until).bind(user)).await.map(drop)
}

/// Notes that a person signed in.
///
/// # Errors
/// Whatever the database says.
pub async fn note_success(tx: &mut Tx, user: i64) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET failed_logins = 0, locked_until = 0, last_sign_in_at = $1 \
         WHERE id = $2",
    );
    tx.execute(sql.bind(tx.now()).bind(user)).await.map(drop)
}

/// Sets a password.
///
/// # Errors
/// Whatever the database says.
pub async fn set_password(
    tx: &mut Tx,
    user: i64,
    hash: &str,
    must_change: bool,
) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET password_hash = $1, password_set_at = $2, \
         must_change_password = $3, failed_logins = 0, locked_until = 0, version = version + 1 \
         WHERE id = $4",
    );
    let sql = sql.bind(hash).bind(tx.now()).bind(must_change).bind(user);
    tx.execute(sql).await.map(drop)
}

/// Replaces a hash by one of the same password with today's parameters.
///
/// # Errors
/// Whatever the database says.
pub async fn renew_hash(tx: &mut Tx, user: i64, hash: &str) -> Result<(), DbError> {
    let sql = Sql::new("UPDATE user_account SET password_hash = $1 WHERE id = $2");
    tx.execute(sql.bind(hash).bind(user)).await.map(drop)
}

/// Changes the name, if the version still stands; whether it did.
///
/// # Errors
/// Whatever the database says.
pub async fn rename(tx: &mut Tx, user: i64, version: i64, name: &str) -> Result<bool, DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET name = $1, version = version + 1 WHERE id = $2 AND version = $3",
    );
    Ok(tx.execute(sql.bind(name).bind(user).bind(version)).await? == 1)
}

/// Disables a person, or lets them in again; whether that changed anything.
///
/// # Errors
/// Whatever the database says.
pub async fn set_disabled(tx: &mut Tx, user: i64, disabled: bool) -> Result<bool, DbError> {
    let mut sql = Sql::new("UPDATE user_account SET disabled_at = $1, version = version + 1")
        .bind(disabled.then_some(tx.now()))
        .bind(user);
    sql.push(" WHERE id = $2 AND disabled_at IS ");
    sql.push(if disabled { "NULL" } else { "NOT NULL" });
    Ok(tx.execute(sql).await? == 1)
}

/// Lets a person try to sign in again at once.
///
/// # Errors
/// Whatever the database says.
pub async fn unlock(tx: &mut Tx, user: i64) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE user_account SET failed_logins = 0, locked_until = 0, version = version + 1 \
         WHERE id = $1",
    );
    tx.execute(sql.bind(user)).await.map(drop)
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
    tx.optional(select(user)).await?.map(|row| read(&row)).transpose()
}

/// A person, held until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, user: i64) -> Result<Option<User>, DbError> {
    tx.optional(select(user).for_update()).await?.map(|row| read(&row)).transpose()
}

/// The number of the person with a login.
///
/// # Errors
/// Whatever the database says.
pub async fn by_login(tx: &mut Tx, login: &str) -> Result<Option<i64>, DbError> {
    let find = Sql::new("SELECT id FROM user_account WHERE login = $1");
    let row = tx.optional(find.bind(login.to_lowercase())).await?;
    row.map(|row| row.get("id")).transpose()
}

fn select(user: i64) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM user_account WHERE id = ").push_bind(user);
    sql
}

/// People after a login, in its order.
///
/// # Errors
/// Whatever the database says.
pub async fn list(tx: &mut Tx, after: &str, limit: usize) -> Result<Vec<User>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM user_account WHERE login > ").push_bind(after);
    sql.push(" ORDER BY login LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

const COLUMNS: &str = "id, login, name, totp_secret, must_change_password, last_sign_in_at, \
                       locked_until, disabled_at, version";

fn read(row: &Row) -> Result<User, DbError> {
    Ok(User {
        id: UserId::text(row.get("id")?),
        login: row.get("login")?,
        name: row.get("name")?,
        second_factor: !row.get::<String>("totp_secret")?.is_empty(),
        must_change_password: row.get("must_change_password")?,
        last_sign_in_at: row.get("last_sign_in_at")?,
        locked_until: Some(row.get("locked_until")?).filter(|at: &Timestamp| at.micros() > 0),
        disabled_at: row.get("disabled_at")?,
        version: row.get("version")?,
    })
}
