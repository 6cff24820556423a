//! What everybody does for themselves: the password, the sessions.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use heqi_domain::{CompanyId, Id, SessionId};

use super::model::{Me, MyCompany, PasswordChange, Session, User};
use super::session::{refuse_weak, session_of, with_session};
use super::store;
use crate::answer::Reply;
use crate::auth::{self, pace, password, session};
use crate::ctx::{At, Ctx, EMPTY};
use crate::input::Input;
use crate::problem::{Problem, ProblemBody};

/// Who is signed in, and what they may do where.
#[utoipa::path(
    get, path = "/api/me", tag = "users", operation_id = "me",
    responses((status = 200, description = "Who is signed in", body = Me),
              (status = 401, description = "Not signed in", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn me(ctx: Ctx) -> Result<Json<Me>, Problem> {
    let mut tx = ctx.read().await?;
    let user = store::find(&mut tx, ctx.user()).await?.ok_or_else(Problem::not_found)?;
    let mut companies = Vec::new();
    for (id, name) in store::companies_of(&mut tx, ctx.user()).await? {
        let grants = auth::grants(&mut tx, &ctx.caller, id).await?;
        let permissions = grants.0.keys().map(|held| held.code().to_owned()).collect();
        companies.push(MyCompany { id: CompanyId::text(id), name, permissions });
    }
    let permissions = ctx.grants().0.keys().map(|held| held.code().to_owned()).collect();
    let must_change_password = ctx.caller.must_change_password;
    let recovery_codes_left = store::second_factor::codes_left(&mut tx, ctx.user()).await?;
    Ok(Json(Me { user, must_change_password, companies, permissions, recovery_codes_left }))
}

/// Changes one's own password. Every other session ends, and this one gets a new token.
#[utoipa::path(
    post, path = "/api/me/password", tag = "users", operation_id = "password_change",
    request_body = PasswordChange,
    responses((status = 200, description = "Changed; the new session is in the cookie",
               body = User),
              (status = 403, description = "The old password is wrong", body = ProblemBody),
              (status = 422, description = "The new one is too weak", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn password_change(
    ctx: Ctx,
    input: Input<PasswordChange>,
) -> Result<Response, Problem> {
    let session = session_of(&ctx)?;
    let PasswordChange { old, new } = input.value;
    prove(&ctx, &old).await?;
    let user = store::find(&mut ctx.read().await?, ctx.user()).await?;
    let user = user.ok_or_else(Problem::not_found)?;
    refuse_weak("/new", &new, &user.login)?;
    if old == new {
        let zh = "新密码与原密码相同";
        return Err(Problem::field("/new", zh, "The new password is the old one"));
    }
    let hash = password::hash(&ctx.app, new).await?;
    let mut change = ctx.begin(&input.digest).await?;
    store::set_password(&mut change, ctx.user(), &hash, false).await?;
    session::end(&mut change, ctx.user(), None, Some(session)).await?;
    let token = session::renew(&mut change, session).await?;
    change.record(ctx.event("password.change", &user.id, &user.login));
    let user = store::find(&mut change, ctx.user()).await?.ok_or_else(Problem::not_found)?;
    let reply = change.answer(Reply::ok(&user).version(user.version)).await?;
    Ok(with_session(reply.into_response(), &ctx.app, Some(&token)))
}

/// Refuses unless this is the password of who asks. Tries are limited, apart from those that
/// others make at the sign-in: they cannot keep anybody from changing a password.
///
/// # Errors
/// 403 if it is wrong, 429 after too many tries.
pub(super) async fn prove(ctx: &Ctx, password: &str) -> Result<(), Problem> {
    let account = format!("me {}", ctx.actor());
    ctx.app.limiter.attempt(&account, &ctx.address)?;
    let hash = {
        let mut tx = ctx.read().await?;
        pace::refuse_above(&mut tx, &account, &ctx.address).await?;
        store::password_hash(&mut tx, ctx.user()).await?
    };
    if password::verify(&ctx.app, password.to_owned(), hash).await? {
        return Ok(());
    }
    let mut tx = ctx.app.db.write().await?;
    pace::note_failure(&mut tx, &account, &ctx.address).await?;
    tx.record(ctx.event("password.refused", ctx.actor(), &ctx.caller.name));
    tx.commit().await?;
    Err(Problem::new(StatusCode::FORBIDDEN, "wrong_password", "密码不对", "The password is wrong"))
}

/// One's own sessions that are open.
#[utoipa::path(
    get, path = "/api/me/sessions", tag = "users", operation_id = "my_session_list",
    responses((status = 200, description = "Sessions, the last used first", body = Vec<Session>),
              (status = 401, description = "Not signed in", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn my_session_list(ctx: Ctx) -> Result<Json<Vec<Session>>, Problem> {
    let mut tx = ctx.read().await?;
    let limits = session::limits(&ctx.app, tx.now());
    let list = store::sessions::list(&mut tx, ctx.user(), limits, ctx.caller.session);
    Ok(Json(list.await?))
}

/// Ends one of one's own sessions.
#[utoipa::path(
    delete, path = "/api/me/sessions/{session}", tag = "users", operation_id = "my_session_end",
    params(("session" = String, Path, description = "The session")),
    responses((status = 204, description = "Ended"),
              (status = 404, description = "No such session", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn my_session_end(ctx: Ctx, At(one): At<SessionId>) -> Result<Reply, Problem> {
    session_of(&ctx)?;
    let mut change = ctx.begin(&EMPTY).await?;
    if session::end(&mut change, ctx.user(), Some(one.number()), None).await? == 0 {
        return Err(Problem::not_found());
    }
    change.record(ctx.event("session.end", one, &ctx.caller.name));
    change.answer(Reply::no_content()).await
}

/// Logs out everywhere, here too.
#[utoipa::path(
    delete, path = "/api/me/sessions", tag = "users", operation_id = "sign_out_everywhere",
    responses((status = 204, description = "No session is open any more"),
              (status = 401, description = "Not signed in", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn sign_out_everywhere(ctx: Ctx) -> Result<Response, Problem> {
    session_of(&ctx)?;
    let mut change = ctx.begin(&EMPTY).await?;
    session::end(&mut change, ctx.user(), None, None).await?;
    change.record(ctx.event("session.end_all", ctx.actor(), &ctx.caller.name));
    let reply = change.answer(Reply::no_content()).await?;
    Ok(with_session(reply.into_response(), &ctx.app, None))
}
