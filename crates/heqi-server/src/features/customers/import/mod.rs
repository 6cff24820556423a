//! A file of customers comes in: looked at first, then taken over as it was shown, or not at all.
//!
//! Nothing is kept in between: the file is sent again with the plan of the preview, which names
//! the file and what each row would do to what there is. An empty cell changes nothing. A bank
//! account in a file is never taken over: it changes by two people.

mod apply;
mod beside;
mod compare;
mod fill;
mod model;
mod sheet;
mod template;
#[cfg(test)]
mod tests;

use axum::Json;
use axum::response::Response;
use heqi_domain::{CustomerId, Id};
use sha2::{Digest, Sha256};

use self::compare::{Planned, Status, Survey};
use self::model::{
    CommitQuery, CustomerImportPreview, CustomerImportResult, ImportColumn, ImportCounts,
    ImportNote, ImportQuery, ImportRow, ImportSuspect,
};
use self::sheet::Sheet;
use super::columns;
use crate::answer::Reply;
use crate::ctx::Ctx;
use crate::input::Query;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};
use crate::table_file::{self, Format};
use crate::upload::{Received, plain_name};

/// Rows that a preview tells.
const TOLD_MAX: usize = 2_000;
/// Largest file.
const SIZE_MAX: usize = 20 << 20;

/// What a file of customers would do, row by row; nothing is changed. CSV, XLSX and the other
/// formats of an import, as the body or as a form.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/import/preview", tag = "customers",
    operation_id = "customer_import_preview",
    params(("company" = String, Path), ImportQuery,
           ("x-file-name" = Option<String>, Header, description = "Name, percent-encoded")),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, description = "The preview", body = CustomerImportPreview),
              (status = 413, description = "Larger than 20 MiB", body = ProblemBody),
              (status = 422, description = "It cannot be read", body = ProblemBody)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_import_preview(
    ctx: Ctx,
    Query(query): Query<ImportQuery>,
    received: Received,
) -> Result<Json<CustomerImportPreview>, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let file = opened(received, query.name)?;
    let mut tx = ctx.read().await?;
    let survey = compare::survey(&ctx, &mut tx, &file.sheet).await?;
    Ok(Json(preview(file, survey)))
}

/// Takes over what a preview showed, in one transaction. The file is sent again.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/import", tag = "customers",
    operation_id = "customer_import",
    params(("company" = String, Path), CommitQuery,
           ("x-file-name" = Option<String>, Header, description = "Name, percent-encoded")),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, description = "What was taken over", body = CustomerImportResult),
              (status = 409, description = "The preview does not hold", body = ProblemBody),
              (status = 413, description = "Larger than 20 MiB", body = ProblemBody),
              (status = 422, description = "It cannot be read", body = ProblemBody)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_import(
    ctx: Ctx,
    Query(query): Query<CommitQuery>,
    received: Received,
) -> Result<Reply, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let body: [u8; 32] = Sha256::digest(&received.bytes).into();
    let file = opened(received, query.name)?;
    // Compared before the change begins, which is to be short; versions and unique codes tell
    // whether somebody was faster.
    let mut tx = ctx.read().await?;
    let survey = compare::survey(&ctx, &mut tx, &file.sheet).await?;
    drop(tx);
    let plan = compare::plan(&file.digest, &survey.rows);
    let mut change = ctx.begin(&body).await?;
    if plan != query.plan {
        return Err(apply::plan_changed());
    }
    let chosen = apply::chosen(survey, query.also.as_deref())?;
    let result = apply::take_over(&ctx, &mut change, chosen, &file.digest).await?;
    change.record(ctx.event("customer.import", "customers", &file.name).with_detail(&result));
    change.answer(Reply::ok(&result)).await
}

/// An empty workbook of customers to be filled in, with instructions.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/template", tag = "customers",
    operation_id = "customer_template",
    params(("company" = String, Path)),
    responses((status = 200, description = "The workbook",
               content_type =
                   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
               body = Vec<u8>)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_template(ctx: Ctx) -> Result<Response, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let bytes = template::template(ctx.lang)?;
    Ok(table_file::saved("customers-template", Format::Xlsx, bytes))
}

/// A file as it was sent, read.
struct Opened {
    name: String,
    digest: String,
    sheet: Sheet,
}

fn opened(received: Received, name: Option<String>) -> Result<Opened, Problem> {
    let received = received.within(SIZE_MAX)?;
    let name = plain_name(&name.unwrap_or(received.name));
    let digest = Sha256::digest(&received.bytes);
    let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let sheet = tokio::task::block_in_place(|| sheet::read(&received.bytes, &name))?;
    Ok(Opened { name, digest, sheet })
}

fn preview(file: Opened, survey: Survey) -> CustomerImportPreview {
    let Opened { name, digest, sheet } = file;
    let plan = compare::plan(&digest, &survey.rows);
    let mut counts = ImportCounts::default();
    let mut rows = Vec::new();
    for planned in survey.rows {
        let count = match planned.status {
            Status::New => &mut counts.new,
            Status::Changed => &mut counts.changed,
            Status::Same => &mut counts.same,
            Status::Possible => &mut counts.possible,
            Status::Rejected => &mut counts.rejected,
        };
        *count += 1;
        if planned.status != Status::Same {
            rows.push(told(planned));
        }
    }
    let more = rows.len() > TOLD_MAX;
    rows.truncate(TOLD_MAX);
    let (columns, notes) = (columns(&sheet), notes(&sheet));
    CustomerImportPreview { name, digest, columns, notes, counts, rows, more, plan }
}

fn told(planned: Planned) -> ImportRow {
    let suspects = planned.suspects.into_iter().map(|it| ImportSuspect {
        customer: it.customer.map(CustomerId::text),
        row: it.row,
        code: it.code,
        name: it.name,
        reasons: it.reasons,
    });
    ImportRow {
        row: planned.row,
        status: planned.status.code(),
        code: planned.new.code,
        name: planned.new.name,
        customer: planned.existing.map(|(id, _)| CustomerId::text(id)),
        changes: planned.changes,
        suspects: suspects.collect(),
        problem: planned.problem,
    }
}

fn columns(sheet: &Sheet) -> Vec<ImportColumn> {
    let column = |(heading, column): &(String, Option<&columns::Column>)| ImportColumn {
        heading: heading.clone(),
        field: column.filter(|it| it.is_taken()).map_or("", |it| it.en).to_owned(),
    };
    sheet.headings.iter().map(column).collect()
}

/// What bank accounts are headed.
const BANK: [&str; 10] = [
    "银行账号",
    "银行帐号",
    "账号",
    "帐号",
    "开户行",
    "开户银行",
    "银行",
    "bank",
    "bankaccount",
    "account",
];

fn notes(sheet: &Sheet) -> Vec<ImportNote> {
    let is_bank = |heading: &&str| BANK.contains(&columns::fold(heading).as_str());
    let unknown = sheet.headings.iter().filter(|(heading, it)| it.is_none() && !heading.is_empty());
    let (bank, other): (Vec<&str>, Vec<&str>) =
        unknown.map(|(heading, _)| heading.as_str()).partition(is_bank);
    let note = |code: &str, zh: String, en: String| ImportNote { code: code.to_owned(), zh, en };
    let mut notes = Vec::new();
    if !bank.is_empty() {
        let (zh, en) = (bank.join("、"), bank.join(", "));
        notes.push(note(
            "bank_accounts_not_taken",
            format!("「{zh}」不导入：银行账号要一人提出、另一人复核，请在客户页面办理账号变更"),
            format!(
                "{en}: not taken over; a bank account is asked for by one person and \
                     approved by another, on the customer's page"
            ),
        ));
    }
    if !other.is_empty() {
        let (zh, en) = (other.join("、"), other.join(", "));
        notes.push(note(
            "columns_passed_over",
            format!("不认识这些列，没有读：{zh}；表头请照模板写"),
            format!(
                "These columns are not known and passed over: {en}; name them as the \
                     template does"
            ),
        ));
    }
    notes
}
