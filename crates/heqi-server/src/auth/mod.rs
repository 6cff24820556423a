//! Who asks: a session of the browser, or a token of a program; and what they may do.
//!
//! Nothing is cached: a password that was changed, a session that was ended, a role that was
//! revoked count from the next request on.

pub mod limit;
pub mod pace;
pub mod password;
pub mod recovery;
pub mod session;
pub mod token;
pub mod totp;

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
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
    /// The session or token was last noted as used more than [`SEEN_EVERY_SECONDS`] ago.
    pub unseen: bool,
}

/// The use of a session or a token is noted at most this often.
pub const SEEN_EVERY_SECONDS: i64 = 60;

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
        token::caller(tx, token).await?
    } else if let Some(token) = session::cookie(&parts.headers) {
        session::caller(app, tx, &token).await?
    } else {
        None
    };
    let caller = caller.ok_or_else(unauthenticated)?;
    if caller.must_change_password && !opens_the_way(parts) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "password_must_change",
            "请先修改密码",
            "Change the password first",
        ));
    }
    Ok(caller)
}

/// What somebody may do whose password has to be changed: look, change it, sign out.
fn opens_the_way(parts: &Parts) -> bool {
    let request = (&parts.method, parts.uri.path());
    let open = [
        (&Method::GET, "/api/me"),
        (&Method::POST, "/api/me/password"),
        (&Method::DELETE, "/api/session"),
    ];
    open.contains(&request)
}

/// Notes that a session or a token is in use. Failing to note it refuses nobody: on a full disk
/// reading still works.
pub async fn note_seen(app: &App, caller: &Caller) {
    if !caller.unseen {
        return;
    }
    let noted = match (&caller.token, caller.session) {
        (Some(token), _) => token::see(app, token.id).await,
        (None, Some(session)) => session::see(app, session).await,
        (None, None) => Ok(()),
    };
    if let Err(error) = noted {
        tracing::warn!(%error, "the use of a session could not be noted");
    }
}

/// Whether the caller is still let in, looked up again under the write lock of a change.
///
/// # Errors
/// Whatever the database says.
pub async fn is_current(tx: &mut Tx, caller: &Caller) -> Result<bool, DbError> {
    let (find, id) = match &caller.token {
        Some(token) => (
            Sql::new(
                "SELECT COUNT(*) FROM api_token t JOIN user_account u ON u.id = t.user_id \
                 WHERE t.id = $1 AND t.revoked_at IS NULL AND u.disabled_at IS NULL",
            ),
            Some(token.id),
        ),
        None => (
            Sql::new(
                "SELECT COUNT(*) FROM session s JOIN user_account u ON u.id = s.user_id \
                 WHERE s.id = $1 AND s.ended_at IS NULL AND u.disabled_at IS NULL",
            ),
            caller.session,
        ),
    };
    Ok(tx.count(find.bind(id)).await? == 1)
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
        let permissions = permissions_of(&role, own.as_deref());
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

/// What a role may do: a built-in one, or one of one's own by what is stored of it.
#[must_use]
pub fn permissions_of(role: &str, own: Option<&str>) -> Vec<Permission> {
    match (built_in(role), own) {
        (Some(role), _) => role.permissions.to_vec(),
        (None, own) => own.map(stored_permissions).unwrap_or_default(),
    }
}

/// The permissions in a column. What this version does not know permits nothing.
#[must_use]
pub fn stored_permissions(codes: &str) -> Vec<Permission> {
    let codes: Vec<String> = serde_json::from_str(codes).unwrap_or_default();
    codes.iter().filter_map(|code| Permission::from_code(code)).collect()
}

/// The address a request came from. Behind a proxy of our own that is what the proxy appended
/// last; everything before it is the client's word.
#[must_use]
pub fn address(app: &App, parts: &Parts) -> String {
    if app.config.behind_tls_proxy
        && let Some(address) = forwarded(&parts.headers)
    {
        return address.to_string();
    }
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or_else(|| "local".to_owned(), |info| info.0.ip().to_string())
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d4_of_forwarded_addresses_the_one_our_proxy_added_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded(&headers), None);
        headers.append("x-forwarded-for", "203.0.113.9".parse().unwrap());
        headers.append("x-forwarded-for", "198.51.100.1, 192.0.2.7".parse().unwrap());
        assert_eq!(forwarded(&headers), "192.0.2.7".parse().ok());
        headers.append("x-forwarded-for", "made up".parse().unwrap());
        assert_eq!(forwarded(&headers), None);
    }
}
