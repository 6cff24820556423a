//! Attachments 附件 of a line: contracts, delivery notes, bank slips. Who may not see the line does
//! not see them; they are taken away only while the line is not posted.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::Response;
use heqi_domain::{AttachmentId, CustomerId, LineId};

use super::store;
use crate::answer::Reply;
use crate::attachments::{self, Attachment, AttachmentQuery};
use crate::ctx::{At, Ctx, EMPTY};
use crate::features::customers;
use crate::input::Query;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

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
    let sent = attachments::receive(&headers, body).await?;
    let mut change = ctx.begin(&sent.digest).await?;
    // Looked at again within the change.
    store::line(&mut change, ctx.company, scope, line.number()).await?;
    attachments::add(&ctx, change, ("lines", &line.to_string()), sent).await
}

/// The files of a line.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines/{line}/attachments", tag = "ledger",
    operation_id = "attachment_list",
    params(("company" = String, Path), ("line" = String, Path), AttachmentQuery),
    responses((status = 200, description = "Files, oldest first", body = Vec<Attachment>),
              (status = 404, description = "No such line", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn attachment_list(
    ctx: Ctx,
    At(line): At<LineId>,
    Query(query): Query<AttachmentQuery>,
) -> Result<Json<Vec<Attachment>>, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let mut tx = ctx.read().await?;
    store::line(&mut tx, ctx.company, scope, line.number()).await?;
    Ok(Json(attachments::list(&mut tx, ctx.company, &line.to_string(), &query).await?))
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
    attachments::download(&ctx, tx, &line.to_string(), id).await
}

/// Takes a file away from a line that is a draft; what it was stays in the history.
#[utoipa::path(
    delete, path = "/api/companies/{company}/lines/{line}/attachments/{attachment}",
    tag = "ledger", operation_id = "attachment_remove",
    params(("company" = String, Path), ("line" = String, Path), ("attachment" = String, Path)),
    responses((status = 200, description = "The file, taken away", body = Attachment),
              (status = 404, description = "No such file", body = ProblemBody),
              (status = 409, description = "The line is no draft any more", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.write")))
)]
pub(super) async fn attachment_remove(
    ctx: Ctx,
    At(line): At<LineId>,
    At(id): At<AttachmentId>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::LedgerWrite)?;
    let mut change = ctx.begin(&EMPTY).await?;
    let seen = store::line(&mut change, ctx.company, scope, line.number()).await?;
    // Posting holds the same lock: what is a draft now is one until this is done.
    let customer = seen.customer.parse::<CustomerId>().map_err(|_| Problem::not_found())?;
    customers::lock(&mut change, ctx.company, &[customer.number()]).await?;
    let seen = store::line(&mut change, ctx.company, scope, line.number()).await?;
    if !matches!(seen.state.as_str(), "draft" | "rejected") {
        return Err(Problem::conflict(
            "attachment_stays",
            "单据已提交或已过账，附件不能再移除；传错的请在备注里说明，再补传正确的",
            "The entry is no draft any more, so its files stay; add the right one beside it",
        ));
    }
    attachments::remove(&ctx, change, &line.to_string(), id).await
}
