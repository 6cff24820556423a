//! Attachments 附件: files that hang on an object, such as a line or a discrepancy.
//!
//! Sealed, told by their bytes and not by their names. Whether the object may be seen, and
//! whether a file may still be taken away, is for the feature to say before it asks here; a file
//! that was taken away stays in the list of what was, and its bytes stay kept.

mod media;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::{AttachmentId, CompanyId, Id};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx, blobs};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::answer::Reply;
use crate::ctx::{Change, Ctx};
use crate::problem::Problem;

/// Largest file.
const SIZE_MAX: usize = 20 << 20;

/// Most files of an object.
const FILES_MAX: i64 = 50;

/// A file of an object.
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
    /// Who took it away; empty while it is there.
    pub removed_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub removed_at: Option<Timestamp>,
}

/// Which files of an object.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct AttachmentQuery {
    /// Also those that were taken away.
    pub removed: bool,
}

/// A file as it was sent.
#[derive(Debug)]
pub struct Sent {
    name: String,
    media_type: &'static str,
    bytes: Vec<u8>,
    /// Of name and bytes: what the change is about.
    pub digest: [u8; 32],
}

/// Takes in a file: the body is the file, `X-File-Name` its name, percent-encoded.
///
/// # Errors
/// 413 beyond 20 MiB, 422 without a name or for a kind of file that is not kept.
pub async fn receive(headers: &HeaderMap, body: Body) -> Result<Sent, Problem> {
    let bytes = to_bytes(body, SIZE_MAX).await.map_err(|_| too_large())?;
    let given = headers.get("x-file-name").and_then(|name| name.to_str().ok());
    let name = media::clean_name(given.unwrap_or_default()).ok_or_else(no_name)?;
    let media_type = media::kind_of(&name, &bytes).ok_or_else(not_kept)?;
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(&name);
    hash.update(&bytes);
    Ok(Sent { name, media_type, bytes: bytes.into(), digest: hash.finalize().into() })
}

/// Hangs a file on an object and answers with it; `kind` is how addresses call such objects.
///
/// # Errors
/// 409 beyond 50 files; whatever the database or the seal says.
pub async fn add(
    ctx: &Ctx,
    mut change: Change,
    (kind, object): (&str, &str),
    sent: Sent,
) -> Result<Reply, Problem> {
    let count = "SELECT COUNT(*) FROM attachment WHERE company_id = $1 AND object = $2";
    let count = Sql::new(count).bind(ctx.company).bind(object);
    if change.count(count).await? >= FILES_MAX {
        return Err(too_many());
    }
    let ring = &ctx.app.keys.ring;
    let digest = blobs::put(&mut change, ring, ctx.company, &sent.bytes).await.map_err(unsealed)?;
    let (id, now) = (change.next_id(), change.now());
    let file = Attachment {
        id: AttachmentId::text(id),
        name: sent.name,
        media_type: sent.media_type.to_owned(),
        size: sent.bytes.len() as i64,
        digest,
        created_by: ctx.actor(),
        created_at: now,
        removed_by: String::new(),
        removed_at: None,
    };
    let insert = Sql::new(
        "INSERT INTO attachment (id, company_id, object, name, media_type, digest, size, \
         created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let insert = insert.bind(id).bind(ctx.company).bind(object).bind(&file.name);
    let insert = insert.bind(sent.media_type).bind(&file.digest).bind(file.size);
    change.execute(insert.bind(&file.created_by).bind(now)).await?;
    change.record(ctx.event("attachment.create", object, &file.name).with_detail(&file));
    let company = CompanyId::text(ctx.company);
    let location = format!("/api/companies/{company}/{kind}/{object}/attachments/{}", file.id);
    change.answer(Reply::created(location, &file)).await
}

/// The files of an object, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    tx: &mut Tx,
    company: i64,
    object: &str,
    query: &AttachmentQuery,
) -> Result<Vec<Attachment>, DbError> {
    let mut sql = select(company, object);
    if !query.removed {
        sql.push(" AND removed_at IS NULL");
    }
    sql.push(" ORDER BY id");
    tx.rows(sql).await?.iter().map(read).collect()
}

/// The bytes of a file, to be kept and not to be shown by the browser; the read is recorded.
///
/// # Errors
/// 404 if the object has no such file, or had it.
pub async fn download(
    ctx: &Ctx,
    mut tx: Tx,
    object: &str,
    id: AttachmentId,
) -> Result<Response, Problem> {
    let file = find(&mut tx, ctx.company, object, id).await?;
    let kept = blobs::get(&mut tx, &ctx.app.keys.ring, ctx.company, &file.digest).await;
    let bytes = kept.map_err(unsealed)?.ok_or_else(Problem::not_found)?;
    drop(tx);
    let event = ctx.event("attachment.download", object, &file.name);
    ctx.note_read(event.with_detail(&serde_json::json!({ "attachment": file.id }))).await?;
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Problem::not_found());
    let headers = [
        (header::CONTENT_TYPE, value(&file.media_type)?),
        (header::CONTENT_DISPOSITION, value(&media::disposition(&file.name))?),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, bytes).into_response())
}

/// Takes a file away from an object: it is shown no more, and what it was stays in the history.
///
/// # Errors
/// 404 if the object has no such file, or had it.
pub async fn remove(
    ctx: &Ctx,
    mut change: Change,
    object: &str,
    id: AttachmentId,
) -> Result<Reply, Problem> {
    let mut file = find(&mut change, ctx.company, object, id).await?;
    let now = change.now();
    let update = Sql::new(
        "UPDATE attachment SET removed_by = $1, removed_at = $2 \
         WHERE company_id = $3 AND id = $4 AND removed_at IS NULL",
    );
    let update = update.bind(ctx.actor()).bind(now).bind(ctx.company).bind(id.number());
    if change.execute(update).await? != 1 {
        return Err(Problem::not_found());
    }
    (file.removed_by, file.removed_at) = (ctx.actor(), Some(now));
    change.record(ctx.event("attachment.remove", object, &file.name).with_detail(&file));
    change.answer(Reply::ok(&file)).await
}

async fn find(
    tx: &mut Tx,
    company: i64,
    object: &str,
    id: AttachmentId,
) -> Result<Attachment, Problem> {
    let mut sql = select(company, object);
    sql.push(" AND removed_at IS NULL AND id = ").push_bind(id.number());
    Ok(read(&tx.optional(sql).await?.ok_or_else(Problem::not_found)?)?)
}

fn select(company: i64, object: &str) -> Sql {
    let mut sql = Sql::new(
        "SELECT id, name, media_type, size, digest, created_by, created_at, removed_by, \
         removed_at FROM attachment WHERE company_id = ",
    );
    sql.push_bind(company).push(" AND object = ").push_bind(object);
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
        removed_by: row.get("removed_by")?,
        removed_at: row.get("removed_at")?,
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
        format!("一笔记录最多 {FILES_MAX} 个附件（含已移除的）"),
        format!("A record has up to {FILES_MAX} files, removed ones included"),
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
