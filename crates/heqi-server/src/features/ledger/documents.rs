//! Documents of ours 单据: drafted, changed, withdrawn, submitted.

use axum::Json;
use heqi_domain::{CompanyId, DocumentId, Id, Side};
use heqi_platform::Tx;

use super::line::LedgerKind;
use super::model::{Document, DocumentPatch, NewDocument};
use super::store::{self, Before, Held};
use super::{allowed, check};
use crate::answer::Reply;
use crate::ctx::{At, Ctx, EMPTY};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Drafts a document. Amounts carry the sign of the receivable; goods have to come to the amount.
#[utoipa::path(
    post, path = "/api/companies/{company}/documents", tag = "ledger",
    operation_id = "document_create", params(("company" = String, Path)),
    request_body = NewDocument,
    responses((status = 201, description = "The draft", body = Document),
              (status = 422, description = "It does not hold together", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.write")))
)]
pub(super) async fn document_create(ctx: Ctx, input: Input<NewDocument>) -> Result<Reply, Problem> {
    ctx.require(Permission::LedgerWrite)?;
    let mut change = ctx.begin(&input.digest).await?;
    let document = draft(&ctx, &mut change, &input.value, None).await?;
    change.record(ctx.event("document.create", &document.id, label(&document)));
    change.answer(Reply::created(location(&ctx, &document), &document).version(1)).await
}

/// A document with its legs and goods.
#[utoipa::path(
    get, path = "/api/companies/{company}/documents/{document}", tag = "ledger",
    operation_id = "document_view",
    params(("company" = String, Path), ("document" = String, Path)),
    responses((status = 200, description = "The document", body = Document),
              (status = 404, description = "No such document", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn document_view(ctx: Ctx, At(id): At<DocumentId>) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let held = store::document(&mut ctx.read().await?, ctx.company, scope, id.number()).await?;
    Ok(Reply::ok(&held.document).version(held.document.version))
}

/// Changes a draft, or a document that was rejected, which is a draft again.
#[utoipa::path(
    patch, path = "/api/companies/{company}/documents/{document}", tag = "ledger",
    operation_id = "document_change",
    params(("company" = String, Path), ("document" = String, Path)),
    request_body = DocumentPatch,
    responses((status = 200, description = "The draft", body = Document),
              (status = 409, description = "It is no draft any more", body = ProblemBody),
              (status = 412, description = "Somebody has changed it since", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.write")))
)]
pub(super) async fn document_change(
    ctx: Ctx,
    At(id): At<DocumentId>,
    input: Input<DocumentPatch>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&input.digest).await?;
    let held = open(&ctx, &mut change, id, Permission::LedgerWrite, ctx.if_match()?).await?;
    refuse_unless(&held, &["draft", "rejected"])?;
    let version = held.document.version;
    if !store::clear(&mut change, ctx.company, id.number(), version).await? {
        return Err(Problem::stale(version));
    }
    let new = input.value.apply(held.document.as_new());
    let first = &held.document.legs[0].line;
    let before = Before {
        id: id.number(),
        version: version + 1,
        lines: held.legs.iter().map(|(line, _)| *line).collect(),
        created: (first.created_by.clone(), first.created_at),
    };
    let document = draft(&ctx, &mut change, &new, Some(&before)).await?;
    let event = ctx.event("document.change", &document.id, label(&document));
    change.record(event.with_detail(&serde_json::json!({ "before": held.document.as_new(),
                                                         "after": new })));
    change.answer(Reply::ok(&document).version(document.version)).await
}

/// Withdraws a document that is not posted.
#[utoipa::path(
    delete, path = "/api/companies/{company}/documents/{document}", tag = "ledger",
    operation_id = "document_withdraw",
    params(("company" = String, Path), ("document" = String, Path)),
    responses((status = 200, description = "The document, withdrawn", body = Document),
              (status = 409, description = "It is posted", body = ProblemBody),
              (status = 412, description = "Somebody has changed it since", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.write")))
)]
pub(super) async fn document_withdraw(ctx: Ctx, At(id): At<DocumentId>) -> Result<Reply, Problem> {
    step(&ctx, id, &["draft", "review", "rejected"], "withdrawn", "document.withdraw").await
}

/// Submits a draft for review.
#[utoipa::path(
    post, path = "/api/companies/{company}/documents/{document}/submit", tag = "ledger",
    operation_id = "document_submit",
    params(("company" = String, Path), ("document" = String, Path)),
    responses((status = 200, description = "The document, waiting for review", body = Document),
              (status = 409, description = "It is no draft", body = ProblemBody),
              (status = 412, description = "Somebody has changed it since", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.write")))
)]
pub(super) async fn document_submit(ctx: Ctx, At(id): At<DocumentId>) -> Result<Reply, Problem> {
    step(&ctx, id, &["draft", "rejected"], "review", "document.submit").await
}

/// Moves a document from one state to another.
async fn step(
    ctx: &Ctx,
    id: DocumentId,
    from: &[&'static str],
    to: &'static str,
    action: &str,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let held = open(ctx, &mut change, id, Permission::LedgerWrite, ctx.if_match()?).await?;
    refuse_unless(&held, from)?;
    let at = (id.number(), held.document.version);
    if !store::set_state(&mut change, ctx.company, at, from, (to, "")).await? {
        return Err(Problem::stale(held.document.version));
    }
    let scope = ctx.require(Permission::LedgerWrite)?;
    let held = store::document(&mut change, ctx.company, scope, id.number()).await?;
    let document = held.document;
    change.record(ctx.event(action, &document.id, label(&document)));
    change.answer(Reply::ok(&document).version(document.version)).await
}

/// A document in the version that the caller looked at.
pub(super) async fn open(
    ctx: &Ctx,
    tx: &mut Tx,
    id: DocumentId,
    permission: Permission,
    version: i64,
) -> Result<Held, Problem> {
    let scope = ctx.require(permission)?;
    let held = store::document(tx, ctx.company, scope, id.number()).await?;
    if held.document.version != version {
        return Err(Problem::stale(held.document.version));
    }
    Ok(held)
}

/// Refuses a document in another state.
pub(super) fn refuse_unless(held: &Held, states: &[&str]) -> Result<(), Problem> {
    let state = held.document.state.as_str();
    if states.contains(&state) {
        return Ok(());
    }
    let zh = match state {
        "draft" => "单据还是草稿，先提交审核",
        "review" => "单据在审核中；退回后才能改",
        "rejected" => "单据已退回，改好后重新提交",
        "posted" => "单据已过账，不能再改；如有错，请红冲或更正",
        _ => "单据已作废",
    };
    let en = format!("The document is in the state `{state}`; a posted one can only be reversed");
    let problem = Problem::conflict("wrong_state", zh, en);
    Err(problem.with_facts(serde_json::json!({ "state": state })))
}

/// Checks a document and writes it as a draft.
pub(super) async fn draft(
    ctx: &Ctx,
    tx: &mut Tx,
    new: &NewDocument,
    before: Option<&Before>,
) -> Result<Document, Problem> {
    let scope = ctx.require(Permission::LedgerWrite)?;
    let first = store::party(ctx, tx, scope, &new.customer).await?;
    let other = new.other_leg.as_ref().and_then(|leg| leg.customer.as_deref());
    let second = match other {
        Some(id) => Some(store::party(ctx, tx, scope, id).await?),
        None => None,
    };
    for party in [Some(&first), second.as_ref()].into_iter().flatten() {
        refuse_party(party, new.kind)?;
    }
    let legs = check::legs(new, &first, second.as_ref())?;
    let id = store::insert(tx, ctx.company, &ctx.actor(), before, legs).await?;
    Ok(store::document(tx, ctx.company, scope, id).await?.document)
}

/// Refused before anybody has written all of it: posting it would be refused too.
fn refuse_party(party: &store::Party, kind: LedgerKind) -> Result<(), Problem> {
    let (name, kind) = (party.name.as_str(), (Side::Ours, kind));
    let refused = allowed::refusal(&party.status, name, kind);
    refused.map_or(Ok(()), |problem| Err(problem.at("/customer")))
}

/// What people know a document by.
pub(super) fn label(document: &Document) -> &str {
    &document.legs[0].line.reference
}

/// The address of a document.
pub(super) fn location(ctx: &Ctx, document: &Document) -> String {
    format!("/api/companies/{}/documents/{}", CompanyId::text(ctx.company), document.id)
}

/// What a line says, for those who only want to look.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines/{line}", tag = "ledger",
    operation_id = "line_view",
    params(("company" = String, Path), ("line" = String, Path)),
    responses((status = 200, description = "The line", body = super::model::Line),
              (status = 404, description = "No such line", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn line_view(
    ctx: Ctx,
    At(id): At<heqi_domain::LineId>,
) -> Result<Json<super::model::Line>, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    Ok(Json(store::line(&mut ctx.read().await?, ctx.company, scope, id.number()).await?))
}
