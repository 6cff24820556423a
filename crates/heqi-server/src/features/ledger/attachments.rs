//! Attachments 附件 of a line: contracts, delivery notes, bank slips; sealed, and told by their
//! bytes, not by their names. Who may not see the line does not see them.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::{AttachmentId, CompanyId, Id, LineId};
use heqi_platform::{DbError, Row, Sql, Timestamp, blobs};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::media;
use super::store;
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Largest file.
const SIZE_MAX: usize = 20 << 20;

/// Most files of a line.
const FILES_MAX: i64 = 50;

/// A file of a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Attachment {
    /// Its id.
    pub id: String,
    /// Its name, cleaned.
    pub name: String,
    /// What it is, by its bytes.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the bytes.
    pub digest: String,
    /// Who brought it.
    pub created_by: String,
    /// When.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
}

/// Attaches a file to a line: the body is the file, `X-File-Name` its name (percent-encoded
/// UTF-8). PDF, PNG, JPEG, XLSX, DOCX, CSV and TXT up to 20 MiB.
#[utoipa::path(
    post, path = "/api/companies/{company}/lines/{line}/attachments", tag = "ledger",
    operation_id = "attachment_create",
    params(("company" = String, Path), ("line" = String, Path),
           ("x-file-name" = Option<String>, Header, description = "Name, percent-encoded")),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 201, description = "The file", body = Attachment),
              (status = 413, description = "Larger than 20 MiB", body = ProblemBody),
              (status = 422, description = "A kind of file that is not kept", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.write")))
)]
pub(super) async fn attachment_create(
    ctx: Ctx,
    At(line): At<LineId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::LedgerWrite)?;
    store::line(&mut ctx.read().await?, ctx.company, scope, line.number()).await?;
    let bytes = to_bytes(body, SIZE_MAX).await.map_err(|_| too_large())?;
    let given = headers.get("x-file-name").and_then(|name| name.to_str().ok());
    let name = media::clean_name(given.unwrap_or_default()).ok_or_else(no_name)?;
    let media_type = media::kind_of(&name, &bytes).ok_or_else(not_kept)?;
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(&name);
    hash.update(&bytes);
    let mut change = ctx.begin(&hash.finalize().into()).await?;
    // Looked at again within the change: the line, and how many files it has.
    let scope = ctx.require(Permission::LedgerWrite)?;
    store::line(&mut change, ctx.company, scope, line.number()).await?;
    let count = "SELECT COUNT(*) FROM attachment WHERE company_id = $1 AND object = $2";
    let count = Sql::new(count).bind(ctx.company).bind(line.to_string());
    if change.count(count).await? >= FILES_MAX {
        return Err(too_many());
    }
    let ring = &ctx.app.keys.ring;
    let digest = blobs::put(&mut change, ring, ctx.company, &bytes).await.map_err(unsealed)?;
    let (id, now) = (change.next_id(), change.now());
    let file = Attachment {
        id: AttachmentId::text(id),
        name,
        media_type: media_type.to_owned(),
        size: bytes.len() as i64,
        digest,
        created_by: ctx.actor(),
        created_at: now,
    };
    let insert = Sql::new(
        "INSERT INTO attachment (id, company_id, object, name, media_type, digest, size, \
         created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let insert = insert.bind(id).bind(ctx.company).bind(line.to_string()).bind(&file.name);
    let insert = insert.bind(media_type).bind(&file.digest).bind(file.size);
    change.execute(insert.bind(&file.created_by).bind(now)).await?;
    change.record(ctx.event("attachment.create", line, &file.name).with_detail(&file));
    let company = CompanyId::text(ctx.company);
    let location = format!("/api/companies/{company}/lines/{line}/attachments/{}", file.id);
    change.answer(Reply::created(location, &file)).await
}

/// The files of a line.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines/{line}/attachments", tag = "ledger",
    operation_id = "attachment_list",
    params(("company" = String, Path), ("line" = String, Path)),
    responses((status = 200, description = "Files, oldest first", body = Vec<Attachment>),
              (status = 404, description = "No such line", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn attachment_list(
    ctx: Ctx,
    At(line): At<LineId>,
) -> Result<Json<Vec<Attachment>>, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let mut tx = ctx.read().await?;
    store::line(&mut tx, ctx.company, scope, line.number()).await?;
    let mut sql = select(&ctx, line);
    sql.push(" ORDER BY id");
    let rows = tx.rows(sql).await?;
    Ok(Json(rows.iter().map(read).collect::<Result<_, _>>()?))
}

/// A file of a line, to be kept and not to be shown by the browser.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines/{line}/attachments/{attachment}", tag = "ledger",
    operation_id = "attachment_download",
    params(("company" = String, Path), ("line" = String, Path), ("attachment" = String, Path)),
    responses((status = 200, description = "The bytes, of the type that they were kept as",
               body = Vec<u8>, content_type = "*/*"),
              (status = 404, description = "No such file", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn attachment_download(
    ctx: Ctx,
    At(line): At<LineId>,
    At(id): At<AttachmentId>,
) -> Result<Response, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let mut tx = ctx.read().await?;
    store::line(&mut tx, ctx.company, scope, line.number()).await?;
    let mut sql = select(&ctx, line);
    sql.push(" AND id = ").push_bind(id.number());
    let file = read(&tx.optional(sql).await?.ok_or_else(Problem::not_found)?)?;
    let kept = blobs::get(&mut tx, &ctx.app.keys.ring, ctx.company, &file.digest).await;
    let bytes = kept.map_err(unsealed)?.ok_or_else(Problem::not_found)?;
    drop(tx);
    let event = ctx.event("attachment.download", line, &file.name);
    ctx.note_read(event.with_detail(&serde_json::json!({ "attachment": file.id }))).await?;
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Problem::not_found());
    let headers = [
        (header::CONTENT_TYPE, value(&file.media_type)?),
        (header::CONTENT_DISPOSITION, value(&media::disposition(&file.name))?),
    ];
    Ok((headers, bytes).into_response())
}

fn select(ctx: &Ctx, line: LineId) -> Sql {
    let mut sql = Sql::new(
        "SELECT id, name, media_type, size, digest, created_by, created_at FROM attachment \
         WHERE company_id = ",
    );
    sql.push_bind(ctx.company).push(" AND object = ").push_bind(line.to_string());
    sql
}

fn read(row: &Row) -> Result<Attachment, DbError> {
    Ok(Attachment {
        id: AttachmentId::text(row.get("id")?),
        name: row.get("name")?,
        media_type: row.get("media_type")?,
        size: row.get("size")?,
        digest: row.get("digest")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
    })
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "file_too_large",
        "附件不能超过 20 MiB",
        "An attachment has up to 20 MiB",
    )
}

fn too_many() -> Problem {
    Problem::conflict(
        "too_many_files",
        format!("一笔明细最多 {FILES_MAX} 个附件"),
        format!("A line has up to {FILES_MAX} files"),
    )
}

fn no_name() -> Problem {
    Problem::field(
        "/x-file-name",
        "请在 X-File-Name 写文件名（按 UTF-8 百分号编码）",
        "Name the file in X-File-Name (percent-encoded UTF-8)",
    )
}

fn not_kept() -> Problem {
    Problem::invalid(
        "file_kind_not_kept",
        "只收 pdf、png、jpg、xlsx、docx、csv、txt，且内容须与扩展名相符、不含宏",
        "Only pdf, png, jpg, xlsx, docx, csv and txt are kept, if they are what their name says \
         and have no macros",
    )
}

fn unsealed(error: blobs::BlobError) -> Problem {
    match error {
        blobs::BlobError::Db(error) => error.into(),
        other => DbError::Failed(other.to_string()).into(),
    }
}
