//! Who asks: a session of the browser, or a token of a program; and what they may do.
//!
//! Nothing is cached: a password that was changed, a session that was ended, a role that was
//! revoked count from the next request on.

pub mod limit;
pub mod password;
pub mod session;
pub mod totp;

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use heqi_domain::{Id, UserId};
use heqi_platform::{DbError, Sql, Tx};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::permission::{Grants, Permission, built_in};
use crate::problem::Problem;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The number of the user.
    pub user: i64,
    /// The name as it is shown.
    pub name: String,
    /// The number of the session; none for a token.
    pub session: Option<i64>,
    /// The token: its company and what it is limited to; none for a session.
    pub token: Option<Token>,
    /// The password has to be changed before anything else.
    pub must_change_password: bool,
}

/// A key for programs: it may do less than its owner, in one company.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// The only company it opens.
    pub company: i64,
    /// What it is limited to.
    pub permissions: Vec<Permission>,
}

impl Caller {
    /// The kind of actor in the audit chain.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.token.is_some() { "token" } else { "user" }
    }

    /// The id of the user as text.
    #[must_use]
    pub fn user_text(&self) -> String {
        UserId::text(self.user)
    }
}

/// Who sends this request.
///
/// # Errors
/// 401 if nobody that is known; 403 if the password has to be changed first.
pub async fn caller(app: &App, tx: &mut Tx, parts: &Parts) -> Result<Caller, Problem> {
    let caller = if let Some(token) = bearer(parts) {
        token_caller(tx, token).await?
    } else if let Some(token) = session::cookie(&parts.headers) {
        session::caller(app, tx, &token).await?
    } else {
        None
    };
    let caller = caller.ok_or_else(unauthenticated)?;
    if caller.must_change_password && !parts.uri.path().starts_with("/api/me") {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "password_must_change",
            "请先修改密码",
            "Change the password first",
        ));
    }
    Ok(caller)
}

/// 401: not signed in.
#[must_use]
pub fn unauthenticated() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "请先登录", "Sign in first")
}

fn bearer(parts: &Parts) -> Option<&str> {
    parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// What is stored of a secret that is long and random: only its hash.
#[must_use]
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

async fn token_caller(tx: &mut Tx, token: &str) -> Result<Option<Caller>, DbError> {
    let find = Sql::new(
        "SELECT t.id, t.company_id, t.permissions, u.id AS user_id, u.name FROM api_token t \
         JOIN user_account u ON u.id = t.user_id WHERE t.token_hash = $1 \
         AND t.revoked_at IS NULL AND t.expires_at > $2 AND u.disabled_at IS NULL",
    );
    let now = tx.now();
    let row = tx.optional(find.bind(secret_hash(token)).bind(now)).await?;
    let Some(row) = row else { return Ok(None) };
    let codes: Vec<String> = row.json("permissions")?;
    Ok(Some(Caller {
        user: row.get("user_id")?,
        name: row.get("name")?,
        session: None,
        token: Some(Token {
            id: row.get("id")?,
            company: row.get("company_id")?,
            permissions: codes.iter().filter_map(|code| Permission::from_code(code)).collect(),
        }),
        must_change_password: false,
    }))
}

/// What the caller may do in a company (0: outside of any).
///
/// # Errors
/// Whatever the database says.
pub async fn grants(tx: &mut Tx, caller: &Caller, company: i64) -> Result<Grants, DbError> {
    let find = Sql::new(
        "SELECT g.role, g.scope, g.scope_value, r.permissions FROM role_grant g \
         JOIN user_account u ON u.id = g.user_id \
         LEFT JOIN custom_role r ON 'role-' || CAST(r.id AS TEXT) = g.role \
         WHERE g.user_id = $1 AND g.company_id IN (0, $2) AND u.disabled_at IS NULL \
         AND ($2 = 0 OR EXISTS (SELECT 1 FROM company WHERE company.id = $2))",
    );
    let mut grants = Grants::default();
    for row in tx.rows(find.bind(caller.user).bind(company)).await? {
        let (role, scope): (String, String) = (row.get("role")?, row.get("scope")?);
        let value: String = row.get("scope_value")?;
        let own: Option<String> = row.get("permissions")?;
        let permissions: Vec<Permission> = match (built_in(&role), own) {
            (Some(role), _) => role.permissions.to_vec(),
            (None, Some(codes)) => {
                let codes: Vec<String> = serde_json::from_str(&codes).unwrap_or_default();
                codes.iter().filter_map(|code| Permission::from_code(code)).collect()
            }
            (None, None) => Vec::new(),
        };
        for permission in permissions {
            grants.add(permission, &scope, &value, caller.user);
        }
    }
    if let Some(token) = &caller.token {
        if token.company != company {
            return Ok(Grants::default());
        }
        grants.keep(&token.permissions);
    }
    Ok(grants)
}

/// The address a request came from.
#[must_use]
pub fn address(parts: &Parts) -> String {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or_else(|| "local".to_owned(), |info| info.0.ip().to_string())
}
