//! Signing in and out, and who works here.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::{CompanyId, GrantId, Id, UserId};
use heqi_platform::Value;
use heqi_platform::audit::Event;

use super::model::{Me, MyCompany, NewGrant, NewUser, Setup, SignIn, User};
use super::store;
use crate::answer::Reply;
use crate::app::Shared;
use crate::auth::{self, password, session};
use crate::ctx::{Address, At, Ctx};
use crate::features::companies;
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::{Permission, built_in};
use crate::problem::{Problem, ProblemBody};

/// Attempts that may fail in a row before the account waits.
const FAILURES_FREE: i64 = 5;

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
    refuse_weak(&user)?;
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
    tx.record(Event {
        actor_kind: "user".to_owned(),
        actor: who.clone(),
        actor_name: user.name.clone(),
        action: "installation.set_up".to_owned(),
        object: who,
        label: user.login.clone(),
        address,
        ..Event::default()
    });
    let made = store::find(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Reply::created(format!("/api/users/{}", made.id), &made))
}

/// Signs in: a session in a cookie.
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
    let known = store::credentials(&mut app.db.read().await?, &login).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let right = password::verify(&app, password, hash).await?;
    let mut tx = app.db.write().await?;
    let now = tx.now();
    let Some(known) = known else { return Err(refused()) };
    let open = !known.disabled && known.locked_until <= now;
    let step = auth::totp::check(&app, &mut tx, &known, code.as_deref()).await?;
    let event = |action: &str| Event {
        actor_kind: "user".to_owned(),
        actor: UserId::text(known.user),
        actor_name: known.name.clone(),
        action: action.to_owned(),
        object: UserId::text(known.user),
        label: login.clone(),
        address: address.clone(),
        ..Event::default()
    };
    let Some(step) = step.filter(|_| right && open) else {
        let waits =
            (known.failed + 1 >= FAILURES_FREE).then(|| 30 << (known.failed - 4).clamp(0, 5));
        store::note_failure(&mut tx, known.user, now.plus_seconds(waits.unwrap_or(0))).await?;
        tx.record(event("session.refused"));
        tx.commit().await?;
        return Err(refused());
    };
    if store::note_success(&mut tx, known.user, step).await? == 0 {
        return Err(refused());
    }
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let opened = session::open(&mut tx, known.user, &address, agent.unwrap_or_default()).await?;
    tx.record(event("session.open"));
    let user = store::find(&mut tx, known.user).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    let cookie = session::set_cookie(Some(&opened.1), app.config.session_hours_max);
    Ok(with_cookie(Json(user).into_response(), &cookie))
}

/// Signs out: the session is over at once.
#[utoipa::path(
    delete, path = "/api/session", tag = "users", operation_id = "sign_out",
    responses((status = 204, description = "Signed out"),
              (status = 401, description = "Not signed in", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn sign_out(ctx: Ctx) -> Result<Response, Problem> {
    let mut tx = ctx.app.db.write().await?;
    session::end(&mut tx, ctx.user(), ctx.caller.session, None).await?;
    let mut event = ctx.event("session.end", ctx.actor(), &ctx.caller.name);
    event.company = 0;
    tx.record(event);
    tx.commit().await?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), &session::set_cookie(None, 0)))
}

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
    Ok(Json(Me { user, must_change_password, companies, permissions }))
}

/// Who works here.
#[utoipa::path(
    get, path = "/api/users", tag = "users", operation_id = "user_list", params(PageQuery),
    responses((status = 200, description = "A page of people, by login", body = Page<User>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn user_list(
    ctx: Ctx,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<User>>, Problem> {
    ctx.require(Permission::UsersManage)?;
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
    responses((status = 201, description = "The person", body = User),
              (status = 409, description = "The login is taken", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage")))
)]
pub(super) async fn user_create(ctx: Ctx, input: Input<NewUser>) -> Result<Reply, Problem> {
    ctx.require(Permission::UsersManage)?;
    refuse_weak(&input.value)?;
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

/// Grants a role to a person.
#[utoipa::path(
    post, path = "/api/users/{user}/grants", tag = "users", operation_id = "grant_create",
    params(("user" = String, Path, description = "The person")),
    request_body = NewGrant,
    responses((status = 201, description = "The id of the grant", body = String),
              (status = 409, description = "Roles that are kept apart", body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn grant_create(
    ctx: Ctx,
    At(user): At<UserId>,
    input: Input<NewGrant>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::RolesGrant)?;
    let user = user.number();
    let grant = &input.value;
    let company = match &grant.company {
        None => 0,
        Some(id) => id.parse::<CompanyId>().map_err(|_| Problem::not_found())?.number(),
    };
    let mut change = ctx.begin(&input.digest).await?;
    let person = store::find(&mut change, user).await?.ok_or_else(Problem::not_found)?;
    refuse_own(&ctx, user)?;
    refuse_combined(&store::roles_of(&mut change, user).await?, &grant.role)?;
    let scope = (grant.scope.as_str(), grant.scope_value.as_str());
    let id = store::grant(&mut change, company, user, &grant.role, scope, &ctx.actor()).await?;
    let id = GrantId::text(id);
    let detail =
        serde_json::json!({ "role": grant.role, "company": grant.company, "scope": scope });
    change.record(ctx.event("grant.create", &person.id, &person.login).with_detail(&detail));
    change.answer(Reply::created(format!("/api/users/{}/grants/{id}", person.id), &id)).await
}

/// Nobody grants a right to themselves.
fn refuse_own(ctx: &Ctx, user: i64) -> Result<(), Problem> {
    if ctx.user() == user {
        let zh = "不能给自己授权；请另一位安全管理员操作";
        let en = "Nobody grants a role to themselves; ask another security administrator";
        return Err(Problem::conflict("own_grant", zh, en));
    }
    Ok(())
}

/// Nobody holds two of the three roles that are kept apart.
fn refuse_combined(held: &[String], role: &str) -> Result<(), Problem> {
    let separated = |code: &str| built_in(code).is_some_and(|role| role.separated);
    let other = held.iter().find(|code| separated(code) && *code != role);
    if let Some(other) = other.filter(|_| separated(role)) {
        return Err(Problem::conflict(
            "roles_kept_apart",
            format!("系统管理员、安全管理员、审计员须由不同的人担任；此人已是 {other}"),
            format!("System and security administrator and auditor are three people: has {other}"),
        ));
    }
    if built_in(role).is_none() && !role.starts_with("role-") {
        return Err(Problem::field("/role", "没有这个角色", "There is no such role"));
    }
    Ok(())
}

fn refuse_weak(user: &NewUser) -> Result<(), Problem> {
    match password::weakness(&user.password, &user.login) {
        Some([zh, en]) => Err(Problem::field("/password", zh, en)),
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

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
