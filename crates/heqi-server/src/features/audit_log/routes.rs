//! Finding, verifying and exporting records; giving out checkpoints.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::{Id, JobId};
use heqi_platform::audit::Checkpoint;
use heqi_platform::{Timestamp, Value};

use super::model::{
    AuditQuery, AuditRecord, ExportQuery, GivenCheckpoint, NewCheckpoint, VerifyRequest,
};
use super::store::{self, Filter};
use crate::answer::Reply;
use crate::ctx::Ctx;
use crate::features::jobs::{Job, location, shown};
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Records that one statement of an export reads.
const AT_A_TIME: i64 = 1_000;

/// Records of the company, the newest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/audit", tag = "audit", operation_id = "audit_list",
    params(("company" = String, Path), AuditQuery),
    responses((status = 200, description = "A page of records", body = Page<AuditRecord>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("audit.read")))
)]
pub(super) async fn audit_list(
    ctx: Ctx,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditRecord>>, Problem> {
    ctx.require(Permission::AuditRead)?;
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let (limit, key) = (page.limit()?, &ctx.app.keys.cursor);
    let before = match page.after(key)?.as_deref() {
        Some([Value::Int(sequence)]) => *sequence,
        _ => i64::MAX,
    };
    let filter = Filter {
        actor: query.actor,
        action: query.action,
        object: query.object,
        text: query.q.filter(|text| !text.trim().is_empty()),
        from: day(query.from.as_deref(), "/from", 0)?,
        before: day(query.to.as_deref(), "/to", 1)?,
    };
    let mut tx = ctx.read().await?;
    let found = store::find(&mut tx, ctx.company, &filter, (before, limit)).await?;
    Ok(Json(Page::cut(found, limit, key, |record| vec![record.sequence.into()])))
}

/// The instant at which a day begins in the zone of the books, so many days later.
fn day(text: Option<&str>, pointer: &str, later: i64) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let bad = || Problem::field(pointer, "日期写法应如 2026-10-01", "Write a day like 2026-10-01");
    let begin = Timestamp::try_from(format!("{text}T00:00:00+08:00")).map_err(|_| bad())?;
    Ok(Some(begin.plus_seconds(later * 86_400)))
}

/// One record.
#[utoipa::path(
    get, path = "/api/companies/{company}/audit/records/{sequence}", tag = "audit",
    operation_id = "audit_view",
    params(("company" = String, Path), ("sequence" = i64, Path)),
    responses((status = 200, description = "The record", body = AuditRecord),
              (status = 404, description = "No such record", body = ProblemBody)),
    extensions(("x-permission" = json!("audit.read")))
)]
pub(super) async fn audit_view(
    ctx: Ctx,
    params: axum::extract::RawPathParams,
) -> Result<Json<AuditRecord>, Problem> {
    ctx.require(Permission::AuditRead)?;
    let found = params.iter().find(|(name, _)| *name == "sequence");
    let sequence = found.and_then(|(_, text)| text.parse::<i64>().ok());
    let sequence = sequence.ok_or_else(Problem::not_found)?;
    let mut tx = ctx.read().await?;
    let records = store::range(&mut tx, ctx.company, (sequence, sequence), 1).await?;
    records.into_iter().next().map(Json).ok_or_else(Problem::not_found)
}

/// Records as a file: `ndjson`, from which the chain can be verified, or `csv`.
#[utoipa::path(
    get, path = "/api/companies/{company}/audit/export", tag = "audit",
    operation_id = "audit_export", params(("company" = String, Path), ExportQuery),
    responses((status = 200, description = "The records, in order",
               content(
                   (String = "application/x-ndjson"), (String = "text/csv"))),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("audit.read")))
)]
pub(super) async fn audit_export(
    ctx: Ctx,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    ctx.require(Permission::AuditRead)?;
    let csv = match query.format.as_deref() {
        None | Some("ndjson") => false,
        Some("csv") => true,
        Some(_) => {
            return Err(Problem::field("/format", "格式须是 ndjson 或 csv", "ndjson or csv"));
        }
    };
    let (from, to) = (query.from.unwrap_or(1), query.to.unwrap_or(i64::MAX));
    let detail = serde_json::json!({ "from": from, "to": to, "csv": csv });
    ctx.note_read(ctx.event("audit.export", "audit", "").with_detail(&detail)).await?;
    let kind = if csv { "text/csv; charset=utf-8" } else { "application/x-ndjson" };
    let name = if csv { "audit.csv" } else { "audit.ndjson" };
    let disposition = format!("attachment; filename=\"{name}\"");
    let begin = (ctx, from, true);
    let parts = futures::stream::try_unfold(begin, move |(ctx, from, first)| async move {
        let mut tx = ctx.app.db.read().await?;
        let records = store::range(&mut tx, ctx.company, (from, to), AT_A_TIME).await?;
        drop(tx);
        let mut text = String::new();
        if csv && first {
            text.push_str(HEADER);
        }
        for record in &records {
            if csv { push_csv(&mut text, record) } else { push_json(&mut text, record) }
        }
        let Some(last) = records.last().map(|record| record.sequence) else {
            return Ok((!text.is_empty()).then_some((text, (ctx, i64::MAX, false))));
        };
        Ok::<_, heqi_platform::DbError>(Some((text, (ctx, last.saturating_add(1), false))))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn push_json(text: &mut String, record: &AuditRecord) {
    text.push_str(&serde_json::to_string(record).unwrap_or_default());
    text.push('\n');
}

/// With a mark at the front by which spreadsheets know that the text is UTF-8.
const HEADER: &str = "\u{feff}序号,时间,操作人,操作,对象,名称,说明,明细,请求,地址\r\n";

fn push_csv(text: &mut String, record: &AuditRecord) {
    let (sequence, at) = (record.sequence.to_string(), record.at.to_string());
    let fields = [
        &sequence,
        &at,
        &record.actor_name,
        &record.action,
        &record.object,
        &record.label,
        &record.sentence_zh,
        &record.detail,
        &record.request,
        &record.address,
    ];
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        // A field that a spreadsheet would take for a formula is shown as text.
        let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let field = field.replace('"', "\"\"");
        text.push_str(if formula { "\"'" } else { "\"" });
        text.push_str(&field);
        text.push('"');
    }
    text.push_str("\r\n");
}

/// Walks through the whole chain, and holds it against checkpoints that were kept outside.
#[utoipa::path(
    post, path = "/api/companies/{company}/audit/verify", tag = "audit",
    operation_id = "audit_verify", params(("company" = String, Path)),
    request_body = VerifyRequest,
    responses((status = 202, description = "The job; its result names the first bad record",
               body = Job),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("audit.read")))
)]
pub(super) async fn audit_verify(ctx: Ctx, input: Input<VerifyRequest>) -> Result<Reply, Problem> {
    ctx.require(Permission::AuditRead)?;
    let mut change = ctx.begin(&input.digest).await?;
    let (by, lines) = (ctx.actor(), &input.value.checkpoints);
    let job = super::jobs::enqueue(&mut change, ctx.company, &by, lines).await?;
    change.record(ctx.event("audit.verify", JobId::text(job), "").with_detail(&input.value));
    let row = heqi_platform::jobs::find(&mut change, ctx.company, job).await?;
    let shown = shown(row.ok_or_else(Problem::not_found)?, change.now());
    change.answer(Reply::accepted(location(ctx.company, job), &shown)).await
}

/// Checkpoints that were given out.
#[utoipa::path(
    get, path = "/api/companies/{company}/audit/checkpoints", tag = "audit",
    operation_id = "checkpoint_list", params(("company" = String, Path)),
    responses((status = 200, description = "The newest first", body = Vec<GivenCheckpoint>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("audit.read")))
)]
pub(super) async fn checkpoint_list(ctx: Ctx) -> Result<Json<Vec<GivenCheckpoint>>, Problem> {
    ctx.require(Permission::AuditRead)?;
    let public = ctx.app.signer.public_key();
    Ok(Json(store::given(&mut ctx.read().await?, ctx.company, &public).await?))
}

/// Gives out a checkpoint: one signed line that is to be kept outside of the database.
#[utoipa::path(
    post, path = "/api/companies/{company}/audit/checkpoints", tag = "audit",
    operation_id = "checkpoint_create", params(("company" = String, Path)),
    request_body = NewCheckpoint,
    responses((status = 201, description = "The checkpoint", body = GivenCheckpoint),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("audit.read")))
)]
pub(super) async fn checkpoint_create(
    ctx: Ctx,
    input: Input<NewCheckpoint>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::AuditRead)?;
    let mut change = ctx.begin(&input.digest).await?;
    let mark = Checkpoint::of(&mut change, ctx.company).await?;
    let (line, by) = (ctx.app.signer.sign(&mark), ctx.actor());
    let reason = input.value.reason.trim();
    let given = (line.as_str(), reason, by.as_str());
    store::give(&mut change, ctx.company, mark.sequence, given).await?;
    let event = ctx.event("checkpoint.export", "audit", reason);
    change.record(event.with_detail(&serde_json::json!({ "line": line })));
    let checkpoint = GivenCheckpoint {
        sequence: mark.sequence,
        line,
        reason: reason.to_owned(),
        created_by: by,
        created_at: change.now(),
        public_key: ctx.app.signer.public_key(),
    };
    let at = heqi_domain::CompanyId::text(ctx.company);
    let location = format!("/api/companies/{at}/audit/checkpoints");
    change.answer(Reply::created(location, &checkpoint)).await
}
