//! Roles 角色: the built-in ones, and a company's own from the closed list of permissions.

use axum::Json;
use garde::Validate;
use heqi_domain::{CompanyId, Id, RoleId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::duties;
use super::store::grants;
use super::store::roles::{self as store, Stored};
use crate::answer::{Reply, etag};
use crate::ctx::{At, Ctx, EMPTY};
use crate::input::Input;
use crate::permission::{Permission, ROLES, office};
use crate::problem::{FieldError, Problem, ProblemBody, lang};

/// A role to be added, or what it is to become.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleInput {
    /// Its name: `出纳`.
    #[garde(length(chars, min = 1, max = 40))]
    pub name: String,
    /// Codes of what it may do.
    #[garde(length(min = 1, max = 100))]
    pub permissions: Vec<String>,
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub struct Role {
    /// What a grant names: `accountant` or `role-17`.
    pub id: String,
    /// Its name in the language of the request.
    pub name: String,
    /// Whether every installation has it.
    pub built_in: bool,
    /// Codes of what it may do.
    pub permissions: Vec<&'static str>,
    /// Changes with every change; 0 for a built-in role.
    pub version: i64,
}

/// Something that a role may hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionWords {
    /// Its code.
    pub code: &'static str,
    /// The words in the language of the request.
    pub label: &'static str,
    /// The one of the three roles kept apart that it belongs to; none for everyday work.
    pub kept_apart: Option<&'static str>,
}

/// Roles, and what roles are made of.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleList {
    /// The built-in roles, then the company's own by name.
    pub roles: Vec<Role>,
    /// The closed list of permissions.
    pub permissions: Vec<PermissionWords>,
}

fn shown(stored: &Stored) -> Role {
    Role {
        id: RoleId::text(stored.id),
        name: stored.name.clone(),
        built_in: false,
        permissions: stored.permissions.iter().map(|one| one.code()).collect(),
        version: stored.version,
    }
}

/// Every role that can be granted in a company.
#[utoipa::path(
    get, path = "/api/companies/{company}/roles", tag = "users", operation_id = "role_list",
    params(("company" = String, Path)),
    responses((status = 200, description = "Roles and permissions", body = RoleList),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn role_list(ctx: Ctx) -> Result<Json<RoleList>, Problem> {
    ctx.require(Permission::RolesGrant)?;
    let built_in = ROLES.iter().map(|role| Role {
        id: role.code.to_owned(),
        name: duties::label(role, lang()).to_owned(),
        built_in: true,
        permissions: role.permissions.iter().map(|one| one.code()).collect(),
        version: 0,
    });
    let own = store::list(&mut ctx.read().await?, ctx.company).await?;
    let permissions = Permission::ALL.iter().map(|one| PermissionWords {
        code: one.code(),
        label: one.label(lang()),
        kept_apart: office(*one).map(|role| role.code),
    });
    let roles = built_in.chain(own.iter().map(shown)).collect();
    Ok(Json(RoleList { roles, permissions: permissions.collect() }))
}

/// A role of the company's own.
#[utoipa::path(
    get, path = "/api/companies/{company}/roles/{role}", tag = "users", operation_id = "role_view",
    params(("company" = String, Path), ("role" = String, Path)),
    responses((status = 200, description = "The role", body = Role),
              (status = 404, description = "No such role", body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn role_view(
    ctx: Ctx,
    At(role): At<RoleId>,
) -> Result<([(&'static str, String); 1], Json<Role>), Problem> {
    ctx.require(Permission::RolesGrant)?;
    let found = store::find(&mut ctx.read().await?, ctx.company, role.number()).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(([("etag", etag(found.version))], Json(shown(&found))))
}

/// Adds a role. It may not join powers of two roles that are kept apart.
#[utoipa::path(
    post, path = "/api/companies/{company}/roles", tag = "users", operation_id = "role_create",
    params(("company" = String, Path)),
    request_body = RoleInput,
    responses((status = 201, description = "The role", body = Role,
               links(("role_view" = (operation_id = "role_view",
                      parameters(("company" = "$request.path.company"),
                                 ("role" = "$response.body#/id")))))),
              (status = 409, description = "Name taken, or powers kept apart",
               body = ProblemBody),
              (status = 422, description = "Unknown permissions", body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn role_create(ctx: Ctx, input: Input<RoleInput>) -> Result<Reply, Problem> {
    ctx.require(Permission::RolesGrant)?;
    let permissions = known(&input.value.permissions)?;
    duties::refuse_two_offices(&permissions)?;
    let mut change = ctx.begin(&input.digest).await?;
    let name = input.value.name.trim();
    let id = store::insert(&mut change, ctx.company, name, &permissions).await;
    let id = id.map_err(name_taken)?;
    let role = store::find(&mut change, ctx.company, id).await?.ok_or_else(Problem::not_found)?;
    let role = shown(&role);
    change.record(ctx.event("role.create", &role.id, &role.name).with_detail(&role));
    let company = CompanyId::text(ctx.company);
    let location = format!("/api/companies/{company}/roles/{}", role.id);
    change.answer(Reply::created(location, &role).version(role.version)).await
}

/// Changes a role, for everybody who holds it; nobody changes a role of their own.
#[utoipa::path(
    put, path = "/api/companies/{company}/roles/{role}", tag = "users",
    operation_id = "role_change",
    params(("company" = String, Path), ("role" = String, Path)),
    request_body = RoleInput,
    responses((status = 200, description = "The role", body = Role),
              (status = 404, description = "No such role", body = ProblemBody),
              (status = 409, description = "Own role, or powers kept apart", body = ProblemBody),
              (status = 412, description = "Changed since", body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn role_change(
    ctx: Ctx,
    At(role): At<RoleId>,
    input: Input<RoleInput>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::RolesGrant)?;
    let version = ctx.if_match()?;
    let permissions = known(&input.value.permissions)?;
    duties::refuse_two_offices(&permissions)?;
    let mut change = ctx.begin(&input.digest).await?;
    let before = store::lock(&mut change, ctx.company, role.number()).await?;
    let before = before.ok_or_else(Problem::not_found)?;
    if before.version != version {
        return Err(Problem::stale(before.version));
    }
    for holder in grants::holders(&mut change, &role.to_string()).await? {
        duties::refuse_own(&ctx, holder)?;
        let code = role.to_string();
        duties::refuse_combined(&mut change, holder, &code, &permissions).await?;
    }
    let name = input.value.name.trim();
    let updated = store::update(&mut change, role.number(), name, &permissions).await;
    updated.map_err(name_taken)?;
    let after = store::find(&mut change, ctx.company, role.number()).await?;
    let after = shown(&after.ok_or_else(Problem::not_found)?);
    let detail = serde_json::json!({ "before": shown(&before), "after": after });
    change.record(ctx.event("role.change", role, &after.name).with_detail(&detail));
    change.answer(Reply::ok(&after).version(after.version)).await
}

/// Deletes a role that nobody holds.
#[utoipa::path(
    delete, path = "/api/companies/{company}/roles/{role}", tag = "users",
    operation_id = "role_delete",
    params(("company" = String, Path), ("role" = String, Path)),
    responses((status = 204, description = "Deleted"),
              (status = 404, description = "No such role", body = ProblemBody),
              (status = 409, description = "Somebody holds it", body = ProblemBody),
              (status = 412, description = "Changed since", body = ProblemBody)),
    extensions(("x-permission" = json!("roles.grant")))
)]
pub(super) async fn role_delete(ctx: Ctx, At(role): At<RoleId>) -> Result<Reply, Problem> {
    ctx.require(Permission::RolesGrant)?;
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&EMPTY).await?;
    let before = store::lock(&mut change, ctx.company, role.number()).await?;
    let before = before.ok_or_else(Problem::not_found)?;
    if before.version != version {
        return Err(Problem::stale(before.version));
    }
    let holders = grants::holders(&mut change, &role.to_string()).await?.len();
    if holders > 0 {
        return Err(Problem::conflict(
            "role_in_use",
            format!("还有 {holders} 人持有这个角色；请先收回授权"),
            format!("{holders} people hold this role; revoke it first"),
        ));
    }
    store::delete(&mut change, role.number()).await?;
    let detail = shown(&before);
    change.record(ctx.event("role.delete", role, &before.name).with_detail(&detail));
    change.answer(Reply::no_content()).await
}

/// The permissions that these codes name.
fn known(codes: &[String]) -> Result<Vec<Permission>, Problem> {
    let (mut permissions, mut errors) = (Vec::new(), Vec::new());
    for (at, code) in codes.iter().enumerate() {
        match Permission::from_code(code) {
            Some(one) if !permissions.contains(&one) => permissions.push(one),
            Some(_) => {}
            None => errors.push(FieldError {
                pointer: format!("/permissions/{at}"),
                detail: lang().pick("没有这项权限", "There is no such permission").to_owned(),
            }),
        }
    }
    if errors.is_empty() {
        return Ok(permissions);
    }
    let mut problem =
        Problem::invalid("unknown_permissions", "有不认识的权限", "Some permissions are unknown");
    problem.errors = errors;
    Err(problem)
}

fn name_taken(error: heqi_platform::DbError) -> Problem {
    if error.is_unique("custom_role") {
        return Problem::conflict("name_taken", "已有同名角色", "There is a role of this name");
    }
    error.into()
}
