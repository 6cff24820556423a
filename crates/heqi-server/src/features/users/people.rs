//! Who works here: what the system administrator does with people.

use axum::Json;
use heqi_domain::UserId;
use heqi_platform::Value;

use super::model::{NewUser, PasswordReset, User, UserChange};
use super::session::refuse_weak;
use super::{duties, store};
use crate::answer::{Reply, etag};
use crate::auth::{password, session};
use crate::ctx::{At, Change, Ctx, EMPTY};
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Whoever manages people, their roles or their sessions has to find them.
pub(super) fn may_see(ctx: &Ctx) -> Result<(), Problem> {
    let ways = [Permission::RolesGrant, Permission::SessionsManage];
    if ways.into_iter().any(|way| ctx.may(way)) {
        return Ok(());
    }
    ctx.require(Permission::UsersManage).map(drop)
}

/// Who works here.
#[utoipa::path(
    get, path = "/api/users", tag = "users", operation_id = "user_list", params(PageQuery),
    responses((status = 200, description = "A page of people, by login", body = Page<User>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage|roles.grant|sessions.manage")))
)]
pub(super) async fn user_list(
    ctx: Ctx,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<User>>, Problem> {
    may_see(&ctx)?;
    let limit = query.limit()?;
    let after = match query.after(&ctx.app.keys.cursor)?.as_deref() {
        Some([Value::Text(login)]) => login.clone(),
        _ => String::new(),
    };
    let users = store::list(&mut ctx.read().await?, &after, limit).await?;
    let key = &ctx.app.keys.cursor;
    Ok(Json(Page::cut(users, limit, key, |user| vec![user.login.as_str().into()])))
}

/// Adds a person, with a first password that has to be changed.
#[utoipa::path(
    post, path = "/api/users", tag = "users", operation_id = "user_create",
    request_body = NewUser,
    responses((status = 201, description = "The person", body = User,
               links(("user_view" = (operation_id = "user_view",
                      parameters(("user" = "$response.body#/id")))))),
              (status = 409, description = "The login is taken", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn user_create(ctx: Ctx, input: Input<NewUser>) -> Result<Reply, Problem> {
    ctx.require(Permission::UsersManage)?;
    refuse_weak("/password", &input.value.password, &input.value.login)?;
    let hash = password::hash(&ctx.app, input.value.password.clone()).await?;
    let mut change = ctx.begin(&input.digest).await?;
    let id = match store::insert(&mut change, &input.value, &hash, true).await {
        Err(error) if error.is_unique("login") => {
            return Err(Problem::conflict("login_taken", "登录名已有人用", "The login is taken"));
        }
        other => other?,
    };
    let user = store::find(&mut change, id).await?.ok_or_else(Problem::not_found)?;
    change.record(ctx.event("user.create", &user.id, &user.login).with_detail(&user));
    let location = format!("/api/users/{}", user.id);
    change.answer(Reply::created(location, &user).version(user.version)).await
}

/// A person.
#[utoipa::path(
    get, path = "/api/users/{user}", tag = "users", operation_id = "user_view",
    params(("user" = String, Path, description = "The person")),
    responses((status = 200, description = "The person", body = User),
              (status = 404, description = "No such person", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage|roles.grant|sessions.manage")))
)]
pub(super) async fn user_view(
    ctx: Ctx,
    At(user): At<UserId>,
) -> Result<([(&'static str, String); 1], Json<User>), Problem> {
    may_see(&ctx)?;
    let user = store::find(&mut ctx.read().await?, user.number()).await?;
    let user = user.ok_or_else(Problem::not_found)?;
    Ok(([("etag", etag(user.version))], Json(user)))
}

/// Changes the name of a person.
#[utoipa::path(
    patch, path = "/api/users/{user}", tag = "users", operation_id = "user_change",
    params(("user" = String, Path, description = "The person")),
    request_body = UserChange,
    responses((status = 200, description = "The person", body = User),
              (status = 404, description = "No such person", body = ProblemBody),
              (status = 412, description = "Changed since", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn user_change(
    ctx: Ctx,
    At(user): At<UserId>,
    input: Input<UserChange>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::UsersManage)?;
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&input.digest).await?;
    let before = locked(&mut change, user).await?;
    if !store::rename(&mut change, user.number(), version, &input.value.name).await? {
        return Err(Problem::stale(before.version));
    }
    let detail = serde_json::json!({ "name": [before.name, input.value.name] });
    change.record(ctx.event("user.change", user, &before.login).with_detail(&detail));
    answer(change, user).await
}

/// Disables a person: sessions end and tokens are revoked at once; what was done stays.
#[utoipa::path(
    post, path = "/api/users/{user}/disable", tag = "users", operation_id = "user_disable",
    params(("user" = String, Path, description = "The person")),
    responses((status = 200, description = "The person", body = User),
              (status = 404, description = "No such person", body = ProblemBody),
              (status = 409, description = "Oneself, or the last one", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn user_disable(ctx: Ctx, At(user): At<UserId>) -> Result<Reply, Problem> {
    ctx.require(Permission::UsersManage)?;
    refuse_oneself(&ctx, user)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    disable(&mut change, user.number()).await?;
    change.record(ctx.event("user.disable", user, &person.login));
    answer(change, user).await
}

/// Ends everything that a person is let in by.
pub(super) async fn disable(tx: &mut heqi_platform::Tx, user: i64) -> Result<(), Problem> {
    let lost = store::grants::list(tx, user).await?;
    duties::refuse_last(tx, user, &lost).await?;
    store::set_disabled(tx, user, true).await?;
    session::end(tx, user, None, None).await?;
    store::tokens::revoke(tx, user, None).await?;
    Ok(())
}

/// Lets a person in again who was disabled.
#[utoipa::path(
    post, path = "/api/users/{user}/enable", tag = "users", operation_id = "user_enable",
    params(("user" = String, Path, description = "The person")),
    responses((status = 200, description = "The person", body = User),
              (status = 404, description = "No such person", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn user_enable(ctx: Ctx, At(user): At<UserId>) -> Result<Reply, Problem> {
    ctx.require(Permission::UsersManage)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    store::set_disabled(&mut change, user.number(), false).await?;
    change.record(ctx.event("user.enable", user, &person.login));
    answer(change, user).await
}

/// Lets a person try to sign in again at once.
#[utoipa::path(
    post, path = "/api/users/{user}/unlock", tag = "users", operation_id = "user_unlock",
    params(("user" = String, Path, description = "The person")),
    responses((status = 200, description = "The person", body = User),
              (status = 404, description = "No such person", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn user_unlock(ctx: Ctx, At(user): At<UserId>) -> Result<Reply, Problem> {
    ctx.require(Permission::UsersManage)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    store::unlock(&mut change, user.number()).await?;
    change.record(ctx.event("user.unlock", user, &person.login));
    answer(change, user).await
}

/// Sets a password that the person has to change; their sessions end. The second factor stays.
#[utoipa::path(
    post, path = "/api/users/{user}/password", tag = "users", operation_id = "password_reset",
    params(("user" = String, Path, description = "The person")),
    request_body = PasswordReset,
    responses((status = 200, description = "The person", body = User),
              (status = 404, description = "No such person", body = ProblemBody),
              (status = 409, description = "One's own is changed elsewhere", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn password_reset(
    ctx: Ctx,
    At(user): At<UserId>,
    input: Input<PasswordReset>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::UsersManage)?;
    refuse_oneself(&ctx, user)?;
    let person = store::find(&mut ctx.read().await?, user.number()).await?;
    let person = person.ok_or_else(Problem::not_found)?;
    refuse_weak("/password", &input.value.password, &person.login)?;
    let hash = password::hash(&ctx.app, input.value.password.clone()).await?;
    let mut change = ctx.begin(&input.digest).await?;
    store::set_password(&mut change, user.number(), &hash, true).await?;
    session::end(&mut change, user.number(), None, None).await?;
    change.record(ctx.event("password.reset", user, &person.login));
    answer(change, user).await
}

pub(super) async fn locked(change: &mut Change, user: UserId) -> Result<User, Problem> {
    store::lock(change, user.number()).await?.ok_or_else(Problem::not_found)
}

async fn answer(mut change: Change, user: UserId) -> Result<Reply, Problem> {
    let user = store::find(&mut change, user.number()).await?.ok_or_else(Problem::not_found)?;
    change.answer(Reply::ok(&user).version(user.version)).await
}

fn refuse_oneself(ctx: &Ctx, user: UserId) -> Result<(), Problem> {
    if ctx.user() == user.number() {
        let zh = "不能对自己做这个操作；自己的密码在「我的账户」里改";
        let en = "Not for oneself; change your own password in your account";
        return Err(Problem::conflict("own_account", zh, en));
    }
    Ok(())
}
