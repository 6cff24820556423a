//! Customers in and out: many at once from a sheet, all that one may see as a file.

use axum::http::StatusCode;
use axum::response::Response;
use garde::Validate;
use heqi_domain::{CustomerId, Id, Lang};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::columns::{self, COLUMNS, Column, Field, Names};
use super::model::{CustomerQuery, NewCustomer};
use super::store::{self, Kept};
use super::{routes, save};
use crate::answer::Reply;
use crate::ctx::Ctx;
use crate::input::{Input, Query};
use crate::page::PageQuery;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};
use crate::table_file::{self, EXPORT_MAX, Format};

/// Most customers of one request.
const BATCH_MAX: usize = 1000;

/// Customers to be added.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerBatch {
    /// At most 1000.
    #[garde(length(min = 1, max = BATCH_MAX))]
    pub items: Vec<NewCustomer>,
}

/// What became of one customer of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerBatchResult)]
pub struct BatchResult {
    /// Its place in the request, from 0.
    pub index: usize,
    /// `created`, `exists` or `rejected`.
    pub result: String,
    /// The customer that was added.
    pub id: Option<String>,
    /// Why it was rejected.
    pub problem: Option<ProblemBody>,
}

/// Adds many customers; each that does not hold is left out and told.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/batch", tag = "customers",
    operation_id = "customer_batch",
    params(("company" = String, Path)),
    request_body = CustomerBatch,
    responses((status = 200, description = "What became of each", body = Vec<BatchResult>)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_batch(
    ctx: Ctx,
    input: Input<CustomerBatch>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let items: Vec<_> = input.value.items.into_iter().map(checked).collect();
    let mut change = ctx.begin(&input.digest).await?;
    let codes: Vec<String> = items.iter().flatten().map(|new| new.code.clone()).collect();
    let mut taken = store::taken_codes(&mut change, ctx.company, &codes).await?;
    let (mut results, mut created) = (Vec::with_capacity(items.len()), 0);
    for (index, item) in items.into_iter().enumerate() {
        let made = match item {
            Ok(new) if taken.contains(&new.code) => Ok(None),
            Ok(new) => {
                taken.push(new.code.clone());
                match save::create(&ctx, &mut change, &new).await {
                    // Told before anything was written; whatever else fails, fails as a whole.
                    Err(problem) if is_of_one(&problem) => Err(problem),
                    made => Ok(Some(made?)),
                }
            }
            Err(problem) => Err(problem),
        };
        created += usize::from(matches!(made, Ok(Some(_))));
        results.push(match made {
            Ok(Some(id)) => result(index, "created", Some(CustomerId::text(id)), None),
            Ok(None) => result(index, "exists", None, None),
            Err(problem) => result(index, "rejected", None, Some(problem.body())),
        });
    }
    let ids: Vec<&String> = results.iter().filter_map(|result| result.id.as_ref()).collect();
    let detail = serde_json::json!({ "created": created, "of": results.len(), "ids": ids });
    change.record(ctx.event("customer.batch", "customers", "").with_detail(&detail));
    change.answer(Reply::ok(&results)).await
}

fn checked(new: NewCustomer) -> Result<NewCustomer, Problem> {
    new.validate().map_err(|report| crate::input::invalid(&report))?;
    save::normalized(new)
}

fn is_of_one(problem: &Problem) -> bool {
    problem.status == StatusCode::UNPROCESSABLE_ENTITY || problem.code == "alias_taken"
}

fn result(
    index: usize,
    result: &str,
    id: Option<String>,
    problem: Option<ProblemBody>,
) -> BatchResult {
    BatchResult { index, result: result.to_owned(), id, problem }
}

/// The customers that a list would show, as a file; who took it is recorded.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/export", tag = "customers",
    operation_id = "customer_export",
    params(("company" = String, Path), CustomerQuery),
    responses((status = 200, description = "CSV (UTF-8 with BOM) or XLSX",
               content(
                   (String = "text/csv"),
                   (Vec<u8> =
                       "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))),
    extensions(("x-permission" = json!("customers.read")))
)]
pub(super) async fn customer_export(
    ctx: Ctx,
    Query(query): Query<CustomerQuery>,
) -> Result<Response, Problem> {
    let scope = ctx.require(Permission::CustomersRead)?;
    let format = Format::named(query.format.as_deref())?;
    PageQuery { limit: query.limit, cursor: None }.limit()?;
    let filter = routes::filter(query)?;
    let mut tx = ctx.read().await?;
    let rows = store::kept(&mut tx, ctx.company, scope, Some(&filter), EXPORT_MAX).await?;
    let names = store::names(&mut tx, ctx.company, scope).await?;
    drop(tx);
    let heads: Vec<&str> = COLUMNS.iter().map(|column| column.heading(ctx.lang)).collect();
    let cells = rows.iter().map(|row| cells(row, &names, ctx.lang)).collect();
    table_file::export(&ctx, ("customer", "customers"), format, &heads, cells).await
}

fn cells(row: &Kept, names: &Names, lang: Lang) -> Vec<String> {
    let cell = |column: &Column| match column.field {
        Field::Status => status(&row.status, lang).to_owned(),
        Field::Id => CustomerId::text(row.id),
        field => columns::text(field, &row.entered, names),
    };
    COLUMNS.iter().map(cell).collect()
}

fn status(code: &str, lang: Lang) -> &str {
    match code {
        "active" => lang.pick("使用中", "Active"),
        "stopped" => lang.pick("已停用", "Stopped"),
        "merged" => lang.pick("已合并", "Merged"),
        other => other,
    }
}
