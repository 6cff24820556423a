//! Tokens 接口令牌: keys that a person makes for programs. Such a key may do less than its owner,
//! in one company, for a year at most.

use axum::Json;
use garde::Validate;
use heqi_domain::{CompanyId, Id, TokenId};
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::session_of;
use super::store;
use crate::answer::Reply;
use crate::auth::{self, secret_hash};
use crate::ctx::{At, Ctx, EMPTY};
use crate::input::Input;
use crate::permission::{Grants, Permission};
use crate::problem::{FieldError, Problem, ProblemBody, lang};

const DAY_SECONDS: i64 = 24 * 3600;

/// A token to be made.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The only company that it opens.
    #[garde(length(min = 1, max = 40))]
    pub company: String,
    /// What it is for: `ERP 每日导入`.
    #[garde(length(chars, min = 1, max = 60))]
    pub name: String,
    /// What it may do: some of one's own permissions.
    #[garde(length(min = 1, max = 100))]
    pub permissions: Vec<String>,
    /// Days after which it ends: 365 at most.
    #[garde(range(min = 1, max = 365))]
    pub days: i64,
}

/// A token as it is listed; the secret is not known any more.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// The only company that it opens.
    pub company: String,
    /// What it is for.
    pub name: String,
    /// What it is limited to.
    pub permissions: Vec<String>,
    /// When it ends.
    #[schema(value_type = String)]
    pub expires_at: Timestamp,
    /// When it was used last, to a minute.
    #[schema(value_type = Option<String>)]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>)]
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
}

/// A token with its secret, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeToken {
    /// What it is from now on.
    pub token: Token,
    /// `heqi_…`: for the header `Authorization: Bearer …`.
    pub secret: String,
}

/// One's own tokens.
#[utoipa::path(
    get, path = "/api/me/tokens", tag = "users", operation_id = "my_token_list",
    responses((status = 200, description = "Tokens, the newest first", body = Vec<Token>),
              (status = 401, description = "Not signed in", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn my_token_list(ctx: Ctx) -> Result<Json<Vec<Token>>, Problem> {
    session_of(&ctx)?;
    Ok(Json(store::tokens::list(&mut ctx.read().await?, ctx.user()).await?))
}

/// Makes a token.
#[utoipa::path(
    post, path = "/api/me/tokens", tag = "users", operation_id = "my_token_create",
    request_body = NewToken,
    responses((status = 201, description = "The token and its secret", body = MadeToken,
               links(("my_token_revoke" = (operation_id = "my_token_revoke",
                      parameters(("token" = "$response.body#/token/id")))))),
              (status = 404, description = "No such company", body = ProblemBody),
              (status = 422, description = "More than one may do oneself", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn my_token_create(ctx: Ctx, input: Input<NewToken>) -> Result<Reply, Problem> {
    session_of(&ctx)?;
    let new = &input.value;
    let company: CompanyId = new.company.parse().map_err(|_| Problem::not_found())?;
    let mut change = ctx.begin(&input.digest).await?;
    let own = auth::grants(&mut change, &ctx.caller, company.number()).await?;
    if own.0.is_empty() {
        return Err(Problem::not_found());
    }
    let permissions = subset(&own, &new.permissions)?;
    let secret = auth::token::random()?;
    let stored = store::tokens::New {
        user: ctx.user(),
        company: company.number(),
        name: &new.name,
        permissions: &permissions,
        expires_at: change.now().plus_seconds(new.days * DAY_SECONDS),
    };
    let id = store::tokens::insert(&mut change, &stored, secret_hash(&secret)).await?;
    let token = store::tokens::find(&mut change, ctx.user(), id).await?;
    let token = token.ok_or_else(Problem::not_found)?;
    change.record(ctx.event("token.create", &token.id, &new.name).with_detail(&token));
    let location = format!("/api/me/tokens/{}", TokenId::text(id));
    change.answer_secret(Reply::created(location, &MadeToken { token, secret })).await
}

/// The permissions that these codes name, if the owner has all of them.
fn subset(own: &Grants, codes: &[String]) -> Result<Vec<Permission>, Problem> {
    let (mut permissions, mut errors) = (Vec::new(), Vec::new());
    for (at, code) in codes.iter().enumerate() {
        match Permission::from_code(code).filter(|one| own.0.contains_key(one)) {
            Some(one) if !permissions.contains(&one) => permissions.push(one),
            Some(_) => {}
            None => errors.push(FieldError {
                pointer: format!("/permissions/{at}"),
                detail: lang()
                    .pick("自己没有这项权限", "You do not have this permission")
                    .to_owned(),
            }),
        }
    }
    if errors.is_empty() {
        return Ok(permissions);
    }
    let mut problem = Problem::invalid(
        "more_than_own",
        "令牌的权限不能多于本人在这个账套里的权限",
        "A token may not do more than its owner may in this company",
    );
    problem.errors = errors;
    Err(problem)
}

/// Revokes one of one's own tokens.
#[utoipa::path(
    delete, path = "/api/me/tokens/{token}", tag = "users", operation_id = "my_token_revoke",
    params(("token" = String, Path, description = "The token")),
    responses((status = 204, description = "Revoked"),
              (status = 404, description = "No such token", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn my_token_revoke(ctx: Ctx, At(token): At<TokenId>) -> Result<Reply, Problem> {
    session_of(&ctx)?;
    let mut change = ctx.begin(&EMPTY).await?;
    if store::tokens::revoke(&mut change, ctx.user(), Some(token.number())).await? == 0 {
        return Err(Problem::not_found());
    }
    change.record(ctx.event("token.revoke", token, &ctx.caller.name));
    change.answer(Reply::no_content()).await
}
