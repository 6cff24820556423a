//! Attachments 附件 of a discrepancy: the letter, the slip, the screen that shows what happened.
//! Who may not see the customer does not see them; they stay once the discrepancy is cleared.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::Response;
use heqi_domain::{AttachmentId, DiscrepancyId, Lang};

use super::{Status, lock, view};
use crate::answer::Reply;
use crate::attachments::{self, Attachment, AttachmentQuery};
use crate::ctx::{At, Ctx, EMPTY};
use crate::input::Query;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Attaches a file to a discrepancy: the body is the file, `X-File-Name` its name (percent-encoded
/// UTF-8). PDF, PNG, JPEG, XLSX, DOCX, CSV and TXT up to 20 MiB.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/{discrepancy}/attachments",
    tag = "discrepancies", operation_id = "discrepancy_attachment_create",
    params(("company" = String, Path), ("discrepancy" = String, Path),
           ("x-file-name" = Option<String>, Header, description = "Name, percent-encoded")),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 201, description = "The file", body = Attachment),
              (status = 413, description = "Larger than 20 MiB", body = ProblemBody),
              (status = 422, description = "A kind of file that is not kept", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_attachment_create(
    ctx: Ctx,
    At(of): At<DiscrepancyId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Reply, Problem> {
    let permission = Permission::DiscrepanciesWrite;
    view(&ctx, &mut ctx.read().await?, permission, of.number()).await?;
    let sent = attachments::receive(&headers, body).await?;
    let mut change = ctx.begin(&sent.digest).await?;
    // Looked at again within the change.
    lock(&ctx, &mut change, permission, of.number()).await?;
    attachments::add(&ctx, change, ("discrepancies", &of.to_string()), sent).await
}

/// The files of a discrepancy.
#[utoipa::path(
    get, path = "/api/companies/{company}/discrepancies/{discrepancy}/attachments",
    tag = "discrepancies", operation_id = "discrepancy_attachment_list",
    params(("company" = String, Path), ("discrepancy" = String, Path), AttachmentQuery),
    responses((status = 200, description = "Files, oldest first", body = Vec<Attachment>),
              (status = 404, description = "No such discrepancy", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn discrepancy_attachment_list(
    ctx: Ctx,
    At(of): At<DiscrepancyId>,
    Query(query): Query<AttachmentQuery>,
) -> Result<Json<Vec<Attachment>>, Problem> {
    let mut tx = ctx.read().await?;
    view(&ctx, &mut tx, Permission::DiscrepanciesRead, of.number()).await?;
    Ok(Json(attachments::list(&mut tx, ctx.company, &of.to_string(), &query).await?))
}

/// A file of a discrepancy, to be kept and not to be shown by the browser.
#[utoipa::path(
    get, path = "/api/companies/{company}/discrepancies/{discrepancy}/attachments/{attachment}",
    tag = "discrepancies", operation_id = "discrepancy_attachment_download",
    params(("company" = String, Path), ("discrepancy" = String, Path),
           ("attachment" = String, Path)),
    responses((status = 200, description = "The bytes, of the type that they were kept as",
               body = Vec<u8>, content_type = "*/*"),
              (status = 404, description = "No such file", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn discrepancy_attachment_download(
    ctx: Ctx,
    At(of): At<DiscrepancyId>,
    At(id): At<AttachmentId>,
) -> Result<Response, Problem> {
    let mut tx = ctx.read().await?;
    view(&ctx, &mut tx, Permission::DiscrepanciesRead, of.number()).await?;
    attachments::download(&ctx, tx, &of.to_string(), id).await
}

/// Takes a file away from a discrepancy that is not cleared; what it was stays in the history.
#[utoipa::path(
    delete, path = "/api/companies/{company}/discrepancies/{discrepancy}/attachments/{attachment}",
    tag = "discrepancies", operation_id = "discrepancy_attachment_remove",
    params(("company" = String, Path), ("discrepancy" = String, Path),
           ("attachment" = String, Path)),
    responses((status = 200, description = "The file, taken away", body = Attachment),
              (status = 404, description = "No such file", body = ProblemBody),
              (status = 409, description = "It is cleared or signed", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_attachment_remove(
    ctx: Ctx,
    At(of): At<DiscrepancyId>,
    At(id): At<AttachmentId>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let found = lock(&ctx, &mut change, Permission::DiscrepanciesWrite, of.number()).await?;
    if !matches!(found.status, Status::Open | Status::Held) {
        let zh = format!(
            "这笔差异的状态是「{}」，附件是处理依据，不能再移除；要改请先重新打开",
            found.status.label(Lang::Zh)
        );
        let en = format!(
            "This discrepancy is {}: its files are evidence and stay; reopen it first",
            found.status.label(Lang::En)
        );
        return Err(Problem::conflict("attachment_stays", zh, en));
    }
    attachments::remove(&ctx, change, &of.to_string(), id).await
}
