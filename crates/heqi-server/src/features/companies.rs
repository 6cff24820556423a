//! Companies 账套: the enterprises whose books these are, kept apart everywhere.

use axum::Json;
use garde::Validate;
use heqi_domain::{CompanyId, Id};
use heqi_platform::{DbError, Sql, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Reply;
use crate::app::Shared;
use crate::ctx::Ctx;
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(company_list, company_create))
}

/// A company to be added.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCompany {
    /// A short code.
    #[garde(length(min = 1, max = 20), pattern("^[A-Za-z0-9_-]+$"))]
    pub code: String,
    /// The name as it stands in the register.
    #[garde(length(chars, min = 1, max = 120))]
    pub name: String,
    /// The unified social credit code 统一社会信用代码.
    #[serde(default)]
    #[garde(length(max = 18))]
    pub credit_code: String,
    /// The currency of the books: `CNY`.
    #[serde(default = "cny")]
    #[garde(pattern("^[A-Z]{3}$"))]
    pub currency: String,
}

fn cny() -> String {
    "CNY".to_owned()
}

/// A company.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Company {
    /// Its id.
    pub id: String,
    /// A short code.
    pub code: String,
    /// The name as it stands in the register.
    pub name: String,
    /// The unified social credit code.
    pub credit_code: String,
    /// The currency of the books.
    pub currency: String,
    /// Changes with every change.
    pub version: i64,
}

/// Adds a company; its number.
///
/// # Errors
/// [`DbError::Unique`] if the code is taken.
pub async fn insert(tx: &mut Tx, new: &NewCompany) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO company (id, code, name, credit_code, currency, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let insert = insert.bind(id).bind(&new.code).bind(&new.name).bind(&new.credit_code);
    tx.execute(insert.bind(&new.currency).bind(now)).await?;
    Ok(id)
}

/// The company that a command means: number and code; without a code, the only one there is.
///
/// # Errors
/// A [`Problem`]: no such company, or several of which none was named.
pub async fn meant(tx: &mut Tx, code: Option<&str>) -> Result<(i64, String), Problem> {
    let rows = tx.rows(Sql::new("SELECT id, code FROM company ORDER BY code")).await?;
    let mut known = Vec::with_capacity(rows.len());
    for row in &rows {
        known.push((row.get::<i64>("id")?, row.get::<String>("code")?));
    }
    let codes: Vec<String> = known.iter().map(|(_, code)| code.clone()).collect();
    let mut meant = known.into_iter().filter(|(_, of)| code.is_none_or(|code| code == of));
    if let (Some(one), None) = (meant.next(), meant.next()) {
        return Ok(one);
    }
    let codes = codes.join(", ");
    Err(match code {
        Some(code) => Problem::invalid(
            "no_such_company",
            format!("没有编号为 {code} 的账套；现有：{codes}"),
            format!("No company has the code {code}; there are: {codes}"),
        ),
        None => Problem::invalid(
            "which_company",
            format!("请用 --company 指明账套；现有：{codes}"),
            format!("Name the company with --company; there are: {codes}"),
        ),
    })
}

/// Companies, all of them: there are a handful.
///
/// # Errors
/// Whatever the database says.
pub async fn list(tx: &mut Tx) -> Result<Vec<Company>, DbError> {
    let sql = "SELECT id, code, name, credit_code, currency, version FROM company ORDER BY code";
    let rows = tx.rows(Sql::new(sql)).await?;
    let read = |row: &heqi_platform::Row| {
        let id: i64 = row.get("id")?;
        Ok(Company {
            id: CompanyId::text(id),
            code: row.get("code")?,
            name: row.get("name")?,
            credit_code: row.get("credit_code")?,
            currency: row.get("currency")?,
            version: row.get("version")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The companies of this installation.
#[utoipa::path(
    get, path = "/api/companies", tag = "companies", operation_id = "company_list",
    responses((status = 200, description = "Every company", body = Vec<Company>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("companies.manage")))
)]
pub(crate) async fn company_list(ctx: Ctx) -> Result<Json<Vec<Company>>, Problem> {
    ctx.require(Permission::CompaniesManage)?;
    Ok(Json(list(&mut ctx.read().await?).await?))
}

/// Adds a company.
#[utoipa::path(
    post, path = "/api/companies", tag = "companies", operation_id = "company_create",
    request_body = NewCompany,
    responses((status = 201, description = "The company", body = Company),
              (status = 409, description = "The code is taken", body = ProblemBody)),
    extensions(("x-permission" = json!("companies.manage")))
)]
pub(crate) async fn company_create(ctx: Ctx, input: Input<NewCompany>) -> Result<Reply, Problem> {
    ctx.require(Permission::CompaniesManage)?;
    let mut change = ctx.begin(&input.digest).await?;
    let new = &input.value;
    let id = match insert(&mut change, new).await {
        Err(error) if error.is_unique("code") => {
            return Err(Problem::conflict("code_taken", "账套编号已有", "The code is taken"));
        }
        other => other?,
    };
    let id = CompanyId::text(id);
    let company = Company {
        id: id.clone(),
        code: new.code.clone(),
        name: new.name.clone(),
        credit_code: new.credit_code.clone(),
        currency: new.currency.clone(),
        version: 1,
    };
    change.record(ctx.event("company.create", &id, &new.name).with_detail(new));
    change.answer(Reply::created(format!("/api/companies/{id}"), &company).version(1)).await
}
