//! The ways in of others: what the security administrator sees and ends.

use axum::Json;
use heqi_domain::{SessionId, TokenId, UserId};

use super::model::Session;
use super::people::locked;
use super::store;
use super::tokens::Token;
use crate::answer::Reply;
use crate::auth::session;
use crate::ctx::{At, Ctx, EMPTY};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// The sessions of a person that are open.
#[utoipa::path(
    get, path = "/api/users/{user}/sessions", tag = "users", operation_id = "session_list",
    params(("user" = String, Path, description = "The person")),
    responses((status = 200, description = "Sessions, the last used first", body = Vec<Session>),
              (status = 404, description = "No such person", body = ProblemBody)),
    extensions(("x-permission" = json!("sessions.manage")))
)]
pub(super) async fn session_list(
    ctx: Ctx,
    At(user): At<UserId>,
) -> Result<Json<Vec<Session>>, Problem> {
    ctx.require(Permission::SessionsManage)?;
    let mut tx = ctx.read().await?;
    store::find(&mut tx, user.number()).await?.ok_or_else(Problem::not_found)?;
    let limits = session::limits(&ctx.app, tx.now());
    let list = store::sessions::list(&mut tx, user.number(), limits, ctx.caller.session);
    Ok(Json(list.await?))
}

/// Ends one session of a person.
#[utoipa::path(
    delete, path = "/api/users/{user}/sessions/{session}", tag = "users",
    operation_id = "session_end",
    params(("user" = String, Path, description = "The person"),
           ("session" = String, Path, description = "The session")),
    responses((status = 204, description = "Ended"),
              (status = 404, description = "No such session", body = ProblemBody)),
    extensions(("x-permission" = json!("sessions.manage")))
)]
pub(super) async fn session_end(
    ctx: Ctx,
    At(user): At<UserId>,
    At(one): At<SessionId>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::SessionsManage)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    if session::end(&mut change, user.number(), Some(one.number()), None).await? == 0 {
        return Err(Problem::not_found());
    }
    change.record(ctx.event("session.end", one, &person.login));
    change.answer(Reply::no_content()).await
}

/// Ends every session of a person.
#[utoipa::path(
    delete, path = "/api/users/{user}/sessions", tag = "users", operation_id = "session_end_all",
    params(("user" = String, Path, description = "The person")),
    responses((status = 204, description = "No session is open any more"),
              (status = 404, description = "No such person", body = ProblemBody)),
    extensions(("x-permission" = json!("sessions.manage")))
)]
pub(super) async fn session_end_all(ctx: Ctx, At(user): At<UserId>) -> Result<Reply, Problem> {
    ctx.require(Permission::SessionsManage)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    session::end(&mut change, user.number(), None, None).await?;
    change.record(ctx.event("session.end_all", user, &person.login));
    change.answer(Reply::no_content()).await
}

/// Removes the second factor of somebody who lost the phone and the recovery codes. Whoever
/// resets passwords cannot do this: it takes two people to get into a protected account.
#[utoipa::path(
    delete, path = "/api/users/{user}/totp", tag = "users", operation_id = "totp_remove",
    params(("user" = String, Path, description = "The person")),
    responses((status = 204, description = "Removed; sessions ended"),
              (status = 404, description = "No such person", body = ProblemBody),
              (status = 409, description = "Oneself", body = ProblemBody)),
    extensions(("x-permission" = json!("sessions.manage")))
)]
pub(super) async fn totp_remove(ctx: Ctx, At(user): At<UserId>) -> Result<Reply, Problem> {
    ctx.require(Permission::SessionsManage)?;
    if ctx.user() == user.number() {
        let zh = "自己的动态码在「我的账户」里停用";
        let en = "Remove your own second factor in your account";
        return Err(Problem::conflict("own_account", zh, en));
    }
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    store::second_factor::remove(&mut change, user.number()).await?;
    session::end(&mut change, user.number(), None, None).await?;
    change.record(ctx.event("totp.remove", user, &person.login));
    change.answer(Reply::no_content()).await
}

/// The tokens of a person.
#[utoipa::path(
    get, path = "/api/users/{user}/tokens", tag = "users", operation_id = "token_list",
    params(("user" = String, Path, description = "The person")),
    responses((status = 200, description = "Tokens, the newest first", body = Vec<Token>),
              (status = 404, description = "No such person", body = ProblemBody)),
    extensions(("x-permission" = json!("sessions.manage")))
)]
pub(super) async fn token_list(
    ctx: Ctx,
    At(user): At<UserId>,
) -> Result<Json<Vec<Token>>, Problem> {
    ctx.require(Permission::SessionsManage)?;
    let mut tx = ctx.read().await?;
    store::find(&mut tx, user.number()).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(store::tokens::list(&mut tx, user.number()).await?))
}

/// Revokes a token of a person.
#[utoipa::path(
    delete, path = "/api/users/{user}/tokens/{token}", tag = "users", operation_id = "token_revoke",
    params(("user" = String, Path, description = "The person"),
           ("token" = String, Path, description = "The token")),
    responses((status = 204, description = "Revoked"),
              (status = 404, description = "No such token", body = ProblemBody)),
    extensions(("x-permission" = json!("sessions.manage")))
)]
pub(super) async fn token_revoke(
    ctx: Ctx,
    At(user): At<UserId>,
    At(token): At<TokenId>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::SessionsManage)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    if store::tokens::revoke(&mut change, user.number(), Some(token.number())).await? == 0 {
        return Err(Problem::not_found());
    }
    change.record(ctx.event("token.revoke", token, &person.login));
    change.answer(Reply::no_content()).await
}
