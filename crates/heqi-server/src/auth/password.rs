//! Passwords: Argon2id, computed a few at a time, never on the threads that answer requests.

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};

use axum::http::StatusCode;

use crate::app::App;
use crate::problem::Problem;

/// OWASP's minimum: 19 MiB, 2 passes, 1 lane; about 50 ms.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Fewest characters of a password.
pub const LENGTH_MIN: usize = 10;

/// Passwords that are tried first.
const COMMON: &[&str] = &[
    "password", "12345678", "qwerty", "admin", "heqi", "11111111", "88888888", "abcd1234",
    "1q2w3e4r", "iloveyou", "letmein", "woaini", "5201314",
];

fn argon() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Why a password is not good enough, in Chinese and English; none if it is.
#[must_use]
pub fn weakness(password: &str, login: &str) -> Option<[&'static str; 2]> {
    let folded = password.to_lowercase();
    let kinds = [
        password.chars().any(|c| c.is_ascii_lowercase()),
        password.chars().any(|c| c.is_ascii_uppercase()),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    let distinct: std::collections::BTreeSet<char> = folded.chars().collect();
    if password.chars().count() < LENGTH_MIN {
        return Some(["密码至少 10 位", "A password has at least 10 characters"]);
    }
    if password.len() > 200 {
        return Some(["密码最长 200 字节", "A password has at most 200 bytes"]);
    }
    if !login.is_empty() && folded.contains(&login.to_lowercase()) {
        return Some(["密码不能包含登录名", "The password must not contain the login"]);
    }
    let common =
        COMMON.iter().any(|word| folded.starts_with(word) && folded.len() < word.len() + 6);
    if common || distinct.len() < 5 {
        return Some(["这个密码太容易猜到", "This password is too easily guessed"]);
    }
    if kinds.iter().filter(|has| **has).count() < 3 && password.chars().count() < 16 {
        return Some([
            "密码须含大写、小写、数字、符号中的三类，或不少于 16 位",
            "Use three of upper case, lower case, digits and signs, or 16 characters",
        ]);
    }
    None
}

/// The hash that is stored.
///
/// # Errors
/// 500 if it cannot be computed.
pub async fn hash(app: &App, password: String) -> Result<String, Problem> {
    compute(app, move || {
        argon().hash_password(password.as_bytes()).map(|hash| hash.to_string()).ok()
    })
    .await?
    .ok_or_else(failed)
}

/// Whether this is the password. With no hash (an unknown login) the same work is done, so that
/// the time tells nothing.
///
/// # Errors
/// 500 if it cannot be computed.
pub async fn verify(app: &App, password: String, hash: Option<String>) -> Result<bool, Problem> {
    compute(app, move || {
        let Some(hash) = hash else {
            return argon().hash_password(password.as_bytes()).is_err();
        };
        argon().verify_password(password.as_bytes(), hash.as_str()).is_ok()
    })
    .await
}

/// Whether a stored hash was made with other parameters than today's: it is made anew when its
/// owner signs in next.
#[must_use]
pub fn needs_rehash(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return true };
    let Ok(params) = Params::try_from(&hash) else { return true };
    let cost = (params.m_cost(), params.t_cost(), params.p_cost());
    let version = u32::from(Version::V0x13);
    hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || hash.version != Some(version)
        || cost != (MEMORY_KIB, PASSES, LANES)
}

async fn compute<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    // Whoever finds no seat is told to come back: a flood of sign-ins fills neither the memory
    // nor the time of those who wait.
    let _seat = app.hashing_seats.try_acquire().map_err(|_| busy())?;
    let _permit = app.hashing.acquire().await.map_err(|_| failed())?;
    tokio::task::spawn_blocking(work).await.map_err(|_| failed())
}

fn busy() -> Problem {
    let mut problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "sign_in_busy",
        "现在登录的人太多；请稍后再试",
        "Too many people sign in at this moment; try again shortly",
    );
    problem.retry_after = Some(2);
    problem
}

fn failed() -> Problem {
    heqi_platform::DbError::Failed("a password could not be hashed".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_with_a_reason() {
        for weak in
            ["short1A!", "aaaaaaaaaaaaaaaaaaaa", "Wangfang2026!", "Password12!", "abcdefghijkl"]
        {
            assert!(weakness(weak, "wangfang").is_some(), "{weak}");
        }
        for strong in ["Xq7-riverbank", "ledger mountain copper sky"] {
            assert_eq!(weakness(strong, "wangfang"), None, "{strong}");
        }
    }
}
