//! What there is to see of an import: how it was read, what is the matter, what would be posted.

use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::{BatchId, CustomerId, Id};

use super::model::{
    Counted, CustomerChoice, Import, Issue, LinesQuery, PossibleGroup, Preview, Sample,
    SavedTemplate, StagedLine, UnknownCustomer, Words,
};
use super::routes::visible;
use super::staged::Status;
use super::{check, commit, problems, rejected, staging, store, workbook};
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::features::customers::known::Directory;
use crate::input::Query;
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// `{kind}` of an address: which file is wanted.
pub(super) struct Kind(String);

impl<S: Send + Sync> FromRequestParts<S> for Kind {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::not_found())?;
        let found = params.iter().find(|(name, _)| *name == "kind");
        found.map(|(_, text)| Self(text.to_owned())).ok_or_else(Problem::not_found)
    }
}

/// Imports, the latest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/imports", tag = "imports", operation_id = "import_list",
    params(("company" = String, Path), PageQuery),
    responses((status = 200, description = "A page of imports", body = Page<Import>)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_list(
    ctx: Ctx,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Import>>, Problem> {
    let scope = ctx.require(Permission::ImportsWrite)?;
    let limit = query.limit()?;
    let key = &ctx.app.keys.cursor;
    let before = match query.after(key)?.as_deref() {
        Some([heqi_platform::Value::Int(id)]) => Some(*id),
        _ => None,
    };
    let mut tx = ctx.read().await?;
    let actor = ctx.actor();
    let by = (!scope.all).then_some(actor.as_str());
    let found = store::list(&mut tx, ctx.company, by, before, limit).await?;
    let page = Page::cut(found, limit, key, |batch| vec![batch.id.into()]);
    let mut items = Vec::with_capacity(page.items.len());
    for batch in page.items {
        items.push(store::shown(&mut tx, ctx.company, batch).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

/// An import.
#[utoipa::path(
    get, path = "/api/companies/{company}/imports/{batch}", tag = "imports",
    operation_id = "import_view",
    params(("company" = String, Path), ("batch" = String, Path)),
    responses((status = 200, description = "The import", body = Import),
              (status = 404, description = "No such import", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_view(ctx: Ctx, At(batch): At<BatchId>) -> Result<Reply, Problem> {
    let mut tx = ctx.read().await?;
    let found = visible(&ctx, &mut tx, batch).await?;
    let import = store::shown(&mut tx, ctx.company, found).await?;
    Ok(Reply::ok(&import).version(import.version))
}

/// What a commit would do, in numbers.
#[utoipa::path(
    get, path = "/api/companies/{company}/imports/{batch}/preview", tag = "imports",
    operation_id = "import_preview",
    params(("company" = String, Path), ("batch" = String, Path)),
    responses((status = 200, description = "The preview", body = Preview),
              (status = 409, description = "It is not read yet", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_preview(ctx: Ctx, At(batch): At<BatchId>) -> Result<Reply, Problem> {
    let mut tx = ctx.read().await?;
    let found = visible(&ctx, &mut tx, batch).await?;
    let Some(Counted { totals, control, warnings }) = found.totals.clone() else {
        return Err(commit::not_checked(&found.state));
    };
    let mut possible = Vec::new();
    let mut chosen: i64 =
        totals.iter().filter(|it| it.status == Status::New.code()).map(|it| it.rows).sum();
    for (code, customer, customer_name, rows) in staging::possible(&mut tx, found.id).await? {
        let action = commit::decided(&found.decisions, &code, customer).map(str::to_owned);
        if action.as_deref() == Some("import") {
            chosen += rows;
        }
        let customer = CustomerId::text(customer);
        let (what, remedy) = problems::explain(&code);
        let detail = Words {
            zh: format!("{}：{}", what.zh, remedy.zh),
            en: format!("{}: {}", what.en, remedy.en),
        };
        let group = format!("{code}:{customer}");
        possible.push(PossibleGroup { group, code, customer, customer_name, rows, action, detail });
    }
    let plan = check::plan(&found.plan, &found.decisions);
    let version = found.version;
    let preview = Preview { totals, control, warnings, possible, chosen, plan, version };
    Ok(Reply::ok(&preview).version(version))
}

/// What is the matter with rejected rows, by what to do about it, the commonest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/imports/{batch}/issues", tag = "imports",
    operation_id = "import_issues",
    params(("company" = String, Path), ("batch" = String, Path)),
    responses((status = 200, description = "The issues", body = Vec<Issue>)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_issues(
    ctx: Ctx,
    At(batch): At<BatchId>,
) -> Result<Json<Vec<Issue>>, Problem> {
    let mut tx = ctx.read().await?;
    let found = visible(&ctx, &mut tx, batch).await?;
    let known =
        Directory::load(&mut tx, ctx.company, ctx.require(Permission::ImportsWrite)?).await?;
    let mut issues = Vec::new();
    for (code, column, name, rows) in staging::problems(&mut tx, found.id).await? {
        let samples = staging::samples(&mut tx, found.id, (&code, &column, &name)).await?;
        let sample = |row: super::staged::Staged| Sample { row: row.row, value: row.at_fault.1 };
        let samples = samples.into_iter().map(sample).collect();
        let (what, remedy) = problems::explain(&code);
        let customer = (!name.is_empty()).then(|| unknown(&known, name));
        issues.push(Issue { code, column, rows, what, remedy, samples, customer });
    }
    Ok(Json(issues))
}

fn unknown(known: &Directory, name: String) -> UnknownCustomer {
    let choice = |customer: &crate::features::customers::Brief| CustomerChoice {
        id: customer.text(),
        code: customer.code.clone(),
        name: customer.name.clone(),
    };
    let similar = known.similar(&name).into_iter().map(choice).collect();
    UnknownCustomer { name, choices: vec!["map".to_owned(), "create".to_owned()], similar }
}

/// The rows of a file as they were understood.
#[utoipa::path(
    get, path = "/api/companies/{company}/imports/{batch}/lines", tag = "imports",
    operation_id = "import_lines",
    params(("company" = String, Path), ("batch" = String, Path), LinesQuery),
    responses((status = 200, description = "A page of rows", body = Page<StagedLine>)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_lines(
    ctx: Ctx,
    At(batch): At<BatchId>,
    Query(query): Query<LinesQuery>,
) -> Result<Json<Page<StagedLine>>, Problem> {
    let status = match query.status.as_deref() {
        None => None,
        Some(code) => Some(Status::from_code(code).ok_or_else(|| {
            let en = "The status is new, known, possible or rejected";
            Problem::field("/status", "状态只能是 new、known、possible 或 rejected", en)
        })?),
    };
    let pages = PageQuery { limit: query.limit, cursor: query.cursor };
    let limit = pages.limit()?;
    let key = &ctx.app.keys.cursor;
    let after = match pages.after(key)?.as_deref() {
        Some([heqi_platform::Value::Int(row)]) => *row,
        _ => 0,
    };
    let mut tx = ctx.read().await?;
    let found = visible(&ctx, &mut tx, batch).await?;
    let lines = staging::page(&mut tx, found.id, status, after, limit).await?;
    Ok(Json(Page::cut(lines, limit, key, |line| vec![line.row.into()])))
}

/// The rejected rows as a file: their cells, what is the matter, what to do. Mended, it is
/// brought again with `mends`.
#[utoipa::path(
    get, path = "/api/companies/{company}/imports/{batch}/rejected/{kind}", tag = "imports",
    operation_id = "import_rejected",
    params(("company" = String, Path), ("batch" = String, Path),
           ("kind" = String, Path, description = "`csv` or `xlsx`")),
    responses((status = 200, description = "The file", content(
                   (String = "text/csv"),
                   (Vec<u8> =
                       "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 404, description = "No such import", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_rejected(
    ctx: Ctx,
    At(batch): At<BatchId>,
    kind: Kind,
) -> Result<Response, Problem> {
    let mut tx = ctx.read().await?;
    let found = visible(&ctx, &mut tx, batch).await?;
    let rows = staging::rejected(&mut tx, found.id).await?;
    drop(tx);
    let table = rejected::table(&found, &rows);
    let (kind, bytes) = match kind.0.as_str() {
        "csv" => ("csv", rejected::csv(&table)),
        "xlsx" => ("xlsx", rejected::xlsx(&table)?),
        _ => return Err(Problem::not_found()),
    };
    let event = ctx.event("import.export_rejected", batch, &found.file_name);
    ctx.note_read(event.with_detail(&serde_json::json!({ "rows": rows.len() }))).await?;
    Ok(download(&format!("{batch}-rejected.{kind}"), bytes))
}

/// The templates that were saved.
#[utoipa::path(
    get, path = "/api/companies/{company}/import-templates", tag = "imports",
    operation_id = "import_template_list", params(("company" = String, Path)),
    responses((status = 200, description = "The templates", body = Vec<SavedTemplate>)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_template_list(ctx: Ctx) -> Result<Json<Vec<SavedTemplate>>, Problem> {
    ctx.require(Permission::ImportsWrite)?;
    Ok(Json(store::templates(&mut ctx.read().await?, ctx.company).await?))
}

/// An empty workbook to be filled in: instructions, header, lists to choose from, samples.
#[utoipa::path(
    get, path = "/api/import-templates/{kind}", tag = "imports",
    operation_id = "import_template_file",
    params(("kind" = String, Path, description = "`ours.xlsx` or `theirs.xlsx`")),
    responses((status = 200, description = "The workbook",
               content_type =
                   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
               body = Vec<u8>),
              (status = 404, description = "No such template", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn import_template_file(ctx: Ctx, kind: Kind) -> Result<Response, Problem> {
    let kind = kind.0.as_str();
    let side = match kind {
        "ours.xlsx" => heqi_domain::Side::Ours,
        "theirs.xlsx" => heqi_domain::Side::Theirs,
        _ => return Err(Problem::not_found()),
    };
    Ok(download(kind, workbook::template(side, ctx.lang)?))
}

fn download(name: &str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let kind = if name.ends_with(".csv") {
        "text/csv; charset=utf-8"
    } else {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
