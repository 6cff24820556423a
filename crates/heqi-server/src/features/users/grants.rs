//! Grants 授权: who holds which role in which company, for which customers.

use axum::Json;
use heqi_domain::{GrantId, Id, UserId};

use super::model::{Grant, NewGrant};
use super::people::{locked, may_see};
use super::{duties, store};
use crate::answer::Reply;
use crate::ctx::{At, Ctx, EMPTY};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// The roles that a person holds.
#[utoipa::path(
    get, path = "/api/users/{user}/grants", tag = "users", operation_id = "grant_list",
    params(("user" = String, Path, description = "The person")),
    responses((status = 200, description = "Grants, by company", body = Vec<Grant>),
              (status = 404, description = "No such person", body = ProblemBody)),
    extensions(("x-permission" = json!("users.manage|roles.grant|sessions.manage")))
)]
pub(super) async fn grant_list(
    ctx: Ctx,
    At(user): At<UserId>,
) -> Result<Json<Vec<Grant>>, Problem> {
    may_see(&ctx)?;
    let mut tx = ctx.read().await?;
    store::find(&mut tx, user.number()).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(store::grants::list(&mut tx, user.number()).await?))
}

/// Grants a role to a person.
#[utoipa::path(
    post, path = "/api/users/{user}/grants", tag = "users", operation_id = "grant_create",
    params(("user" = String, Path, description = "The person")),
    request_body = NewGrant,
    responses((status = 201, description = "The grant", body = Grant,
               links(("grant_revoke" = (operation_id = "grant_revoke",
                      parameters(("user" = "$request.path.user"),
                                 ("grant" = "$response.body#/id")))))),
              (status = 404, description = "No such person", body = ProblemBody),
              (status = 409, description = "Oneself, or roles that are kept apart",
               body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn grant_create(
    ctx: Ctx,
    At(user): At<UserId>,
    input: Input<NewGrant>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::RolesGrant)?;
    let new = &input.value;
    let mut change = ctx.begin(&input.digest).await?;
    let person = locked(&mut change, user).await?;
    duties::refuse_own(&ctx, user.number())?;
    refuse_scope(new)?;
    let company = duties::company_of(&mut change, new.company.as_deref()).await?;
    duties::refuse_part(company, &new.role)?;
    let permissions = duties::role_to_grant(&mut change, company, &new.role).await?;
    duties::refuse_combined(&mut change, user.number(), &new.role, &permissions).await?;
    let (number, scope) = (user.number(), (new.scope.as_str(), new.scope_value.as_str()));
    let id = store::grant(&mut change, company, number, &new.role, scope, &ctx.actor()).await;
    let id = match id {
        Err(error) if error.is_unique("role_grant") => {
            return Err(Problem::conflict("granted_already", "已有这项授权", "Granted already"));
        }
        id => id?,
    };
    let grant = store::grants::find(&mut change, number, id).await?;
    let grant = grant.ok_or_else(Problem::not_found)?;
    change.record(ctx.event("grant.create", &person.id, &person.login).with_detail(&grant));
    let location = format!("/api/users/{user}/grants/{}", GrantId::text(id));
    change.answer(Reply::created(location, &grant)).await
}

/// A department or a region has a name; everything else has none.
fn refuse_scope(new: &NewGrant) -> Result<(), Problem> {
    let named = matches!(new.scope.as_str(), "department" | "region");
    if named == new.scope_value.trim().is_empty() {
        return Err(Problem::field(
            "/scope_value",
            "按部门或地区授权时填部门或地区名称，其他范围不填",
            "Name the department or region; leave it empty for other scopes",
        ));
    }
    Ok(())
}

/// Revokes a role; it is gone from the next request on.
#[utoipa::path(
    delete, path = "/api/users/{user}/grants/{grant}", tag = "users", operation_id = "grant_revoke",
    params(("user" = String, Path, description = "The person"),
           ("grant" = String, Path, description = "The grant")),
    responses((status = 204, description = "Revoked"),
              (status = 404, description = "No such grant", body = ProblemBody),
              (status = 409, description = "The last administrator", body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn grant_revoke(
    ctx: Ctx,
    At(user): At<UserId>,
    At(grant): At<GrantId>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::RolesGrant)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let person = locked(&mut change, user).await?;
    let held = store::grants::find(&mut change, user.number(), grant.number()).await?;
    let held = held.ok_or_else(Problem::not_found)?;
    duties::refuse_last(&mut change, user.number(), [&held]).await?;
    store::grants::delete(&mut change, grant.number()).await?;
    change.record(ctx.event("grant.revoke", &person.id, &person.login).with_detail(&held));
    change.answer(Reply::no_content()).await
}
