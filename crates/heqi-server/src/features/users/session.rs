//! The first run, signing in, signing out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::{Id, UserId};
use heqi_platform::audit::Event;
use heqi_platform::{DbError, Timestamp, Tx};

use super::model::{Setup, SignIn, User};
use super::second_factor::{self, Factor};
use super::store::{self, Credentials};
use crate::answer::Reply;
use crate::app::Shared;
use crate::auth::{pace, password, session};
use crate::ctx::{Address, Ctx};
use crate::features::companies;
use crate::input::Input;
use crate::problem::{Problem, ProblemBody};

/// Attempts that may fail in a row before the account waits.
const FAILURES_FREE: i64 = 5;

/// The first wait; each further failure doubles it, up to 32 times.
const WAIT_SECONDS: i64 = 30;

/// The first run: makes the administrator and the first company.
#[utoipa::path(
    post, path = "/api/setup", tag = "users", operation_id = "setup",
    request_body = Setup,
    responses((status = 201, description = "The administrator", body = User),
              (status = 409, description = "Somebody works here already", body = ProblemBody)),
    extensions(("x-permission" = json!("anonymous")))
)]
pub(super) async fn setup(
    State(app): State<Shared>,
    Address(address): Address,
    input: Input<Setup>,
) -> Result<Reply, Problem> {
    app.limiter.attempt("setup", &address)?;
    let Setup { token, user, company } = input.value;
    if !app.is_setup_token(&token) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "bad_setup_token",
            "初始化口令不对；它在服务器首次启动时打印在终端里",
            "The setup token is wrong; the server printed it when it first started",
        ));
    }
    refuse_weak("/user/password", &user.password, &user.login)?;
    let hash = password::hash(&app, user.password.clone()).await?;
    let mut tx = app.db.write().await?;
    if !store::is_empty(&mut tx).await? {
        return Err(Problem::conflict(
            "already_set_up",
            "系统已经初始化，请直接登录",
            "Somebody works here already; sign in",
        ));
    }
    let id = store::insert(&mut tx, &user, &hash, false).await?;
    let books = companies::insert(&mut tx, &company).await?;
    let who = UserId::text(id);
    store::grant(&mut tx, 0, id, "system_admin", ("all", ""), &who).await?;
    store::grant(&mut tx, books, id, "finance_manager", ("all", ""), &who).await?;
    tx.record(event(Some((id, &user.name, &user.login)), "installation.set_up", &address));
    let made = store::find(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Reply::created(format!("/api/users/{}", made.id), &made))
}

/// Signs in: a new session in a cookie; the one that this browser had before is over.
#[utoipa::path(
    post, path = "/api/session", tag = "users", operation_id = "sign_in",
    request_body = SignIn,
    responses((status = 200, description = "Signed in; the session is in the cookie", body = User),
              (status = 401, description = "Login, password or code are wrong", body = ProblemBody),
              (status = 429, description = "Too many attempts", body = ProblemBody)),
    extensions(("x-permission" = json!("anonymous")))
)]
pub(super) async fn sign_in(
    State(app): State<Shared>,
    Address(address): Address,
    headers: HeaderMap,
    input: Input<SignIn>,
) -> Result<Response, Problem> {
    let SignIn { login, password, code } = input.value;
    app.limiter.attempt(&login, &address)?;
    let seen = {
        let mut tx = app.db.read().await?;
        pace::refuse_above(&mut tx, &login, &address).await?;
        store::credentials(&mut tx, &login, false).await?
    };
    let hash = seen.map(|known| known.password_hash);
    let right = password::verify(&app, password.clone(), hash.clone()).await?;
    let renewed = match &hash {
        Some(old) if right && password::needs_rehash(old) => {
            Some(password::hash(&app, password).await?)
        }
        _ => None,
    };
    let mut tx = app.db.write().await?;
    // What was verified may have been changed in the meantime; then it is no longer right.
    let known = store::credentials(&mut tx, &login, true).await?;
    // So many others may have failed in the meantime that this one does not count either.
    pace::refuse_above(&mut tx, &login, &address).await?;
    let known = known.filter(|known| Some(&known.password_hash) == hash.as_ref());
    let now = tx.now();
    let Some(open) = known.as_ref().filter(|known| right && known.is_open(now)) else {
        return Err(refuse(tx, known.as_ref(), &login, &address).await?);
    };
    match second_factor::check(&app, &mut tx, open, code.as_deref()).await? {
        Factor::Right => {}
        Factor::Missing => return Err(code_required()),
        Factor::Wrong => return Err(refuse(tx, known.as_ref(), &login, &address).await?),
    }
    if let Some(hash) = renewed {
        store::renew_hash(&mut tx, open.user, &hash).await?;
    }
    if let Some(before) = session::cookie(&headers) {
        session::end_token(&mut tx, &before).await?;
    }
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    store::note_success(&mut tx, open.user).await?;
    let opened = session::open(&mut tx, open.user, &address, agent.unwrap_or_default()).await?;
    tx.record(event(Some((open.user, &open.name, &open.login)), "session.open", &address));
    let user = store::find(&mut tx, open.user).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(with_session(Json(user).into_response(), &app, Some(&opened.1)))
}

/// Counts a failure and says no; for an unknown login by the same statements, so that the time
/// tells nothing. What fails while the account waits does not make it wait longer.
async fn refuse(
    mut tx: Tx,
    known: Option<&Credentials>,
    login: &str,
    address: &str,
) -> Result<Problem, DbError> {
    let now = tx.now();
    let (user, mut failed, mut until) =
        known.map_or((0, 0, now), |known| (known.user, known.failed, known.locked_until));
    if until <= now {
        failed += 1;
        until = waits_until(now, failed);
    }
    store::note_failure(&mut tx, user, failed, until).await?;
    pace::note_failure(&mut tx, login, address).await?;
    // The login is not recorded of somebody unknown: it may be a password in the wrong field.
    let who = known.map(|known| (known.user, known.name.as_str(), known.login.as_str()));
    tx.record(event(who, "session.refused", address));
    tx.commit().await?;
    Ok(refused())
}

/// Until when nothing is accepted after so many failures in a row.
fn waits_until(now: Timestamp, failed: i64) -> Timestamp {
    if failed < FAILURES_FREE {
        return Timestamp::from_micros(0);
    }
    now.plus_seconds(WAIT_SECONDS << (failed - FAILURES_FREE).min(5))
}

/// Signs out: the session is over at once.
#[utoipa::path(
    delete, path = "/api/session", tag = "users", operation_id = "sign_out",
    responses((status = 204, description = "Signed out"),
              (status = 401, description = "Not signed in", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn sign_out(ctx: Ctx) -> Result<Response, Problem> {
    let session = session_of(&ctx)?;
    let mut tx = ctx.app.db.write().await?;
    session::end(&mut tx, ctx.user(), Some(session), None).await?;
    tx.record(ctx.event("session.end", ctx.actor(), &ctx.caller.name));
    tx.commit().await?;
    Ok(with_session(StatusCode::NO_CONTENT.into_response(), &ctx.app, None))
}

/// The session of a request that a person has to make: a token cannot give itself more time,
/// more tokens or another password.
///
/// # Errors
/// 403 for a token.
pub(super) fn session_of(ctx: &Ctx) -> Result<i64, Problem> {
    ctx.caller.session.ok_or_else(|| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "session_required",
            "接口令牌不能做这件事；请本人登录后操作",
            "A token cannot do this; sign in yourself",
        )
    })
}

/// The answer with a session in its cookie, or with the cookie taken back.
pub(super) fn with_session(mut response: Response, app: &Shared, token: Option<&str>) -> Response {
    let cookie = session::set_cookie(token, app.config.session_hours_max);
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// An event of somebody (number, name, login) who is not signed in yet.
fn event(who: Option<(i64, &str, &str)>, action: &str, address: &str) -> Event {
    let (id, name, login) = who.unwrap_or_default();
    Event {
        actor_kind: "user".to_owned(),
        actor: UserId::text(id),
        actor_name: name.to_owned(),
        action: action.to_owned(),
        object: UserId::text(id),
        label: login.to_owned(),
        address: address.to_owned(),
        ..Event::default()
    }
}

/// Refuses a password that is too easily guessed, naming the field.
pub(super) fn refuse_weak(pointer: &str, password: &str, login: &str) -> Result<(), Problem> {
    match password::weakness(password, login) {
        Some([zh, en]) => Err(Problem::field(pointer, zh, en)),
        None => Ok(()),
    }
}

/// One refusal for everything, so that nobody learns which logins exist.
fn refused() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "sign_in_refused",
        "登录名、密码或动态码不对，或账户暂时锁定；请稍后再试或找管理员",
        "Login, password or code are wrong, or the account waits; try later or ask for help",
    )
}

/// Only somebody who knows the password learns that a code is asked for.
fn code_required() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "code_required",
        "请输入手机验证器里的 6 位动态码，或一个恢复码",
        "Enter the six digits of your authenticator app, or a recovery code",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d4_waits_grow_and_are_bounded() {
        let now = Timestamp::from_micros(1_000_000_000);
        let wait = |failed| (waits_until(now, failed).micros() - now.micros()).max(0) / 1_000_000;
        let waits: Vec<i64> = (4..=12).map(wait).collect();
        assert_eq!(waits, [0, 30, 60, 120, 240, 480, 960, 960, 960]);
    }
}
