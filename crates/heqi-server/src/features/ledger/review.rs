//! Review 审核: who did not write a document looks at it, and posts or rejects it.

use heqi_domain::DocumentId;
use heqi_platform::Tx;

use super::documents::{label, open, refuse_unless};
use super::line::{self, LedgerKind, Waiting};
use super::model::{BatchResult, BatchReview, Document, ReviewItem, ReviewResult, WithReason};
use super::store::{self, Held};
use crate::answer::Reply;
use crate::ctx::{At, Ctx, EMPTY};
use crate::features::customers;
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Posts a document that waits for review: it gets its voucher numbers and never changes again.
#[utoipa::path(
    post, path = "/api/companies/{company}/documents/{document}/approve", tag = "ledger",
    operation_id = "document_approve",
    params(("company" = String, Path), ("document" = String, Path)),
    responses((status = 200, description = "The document, posted", body = Document),
              (status = 409, description = "Its writer cannot post it, or its period is signed",
               body = ProblemBody),
              (status = 412, description = "Somebody has changed it since", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.post")))
)]
pub(super) async fn document_approve(ctx: Ctx, At(id): At<DocumentId>) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let document = review(&ctx, &mut change, id, ctx.if_match()?, None).await?;
    change.answer(Reply::ok(&document).version(document.version)).await
}

/// Rejects a document that waits for review; its writer is told why.
#[utoipa::path(
    post, path = "/api/companies/{company}/documents/{document}/reject", tag = "ledger",
    operation_id = "document_reject",
    params(("company" = String, Path), ("document" = String, Path)),
    request_body = WithReason,
    responses((status = 200, description = "The document, rejected", body = Document),
              (status = 409, description = "It does not wait for review", body = ProblemBody),
              (status = 412, description = "Somebody has changed it since", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.post")))
)]
pub(super) async fn document_reject(
    ctx: Ctx,
    At(id): At<DocumentId>,
    input: Input<WithReason>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&input.digest).await?;
    let reason = Some(input.value.reason.as_str());
    let document = review(&ctx, &mut change, id, ctx.if_match()?, reason).await?;
    change.answer(Reply::ok(&document).version(document.version)).await
}

/// Reviews many documents; each stands or is refused for itself.
#[utoipa::path(
    post, path = "/api/companies/{company}/documents/review", tag = "ledger",
    operation_id = "document_review_many", params(("company" = String, Path)),
    request_body = BatchReview,
    responses((status = 200, description = "What became of each", body = BatchResult),
              (status = 422, description = "The list does not hold", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.post")))
)]
pub(super) async fn document_review_many(
    ctx: Ctx,
    input: Input<BatchReview>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&input.digest).await?;
    lock_all(&ctx, &mut change, &input.value.items).await?;
    let mut items = Vec::with_capacity(input.value.items.len());
    for item in &input.value.items {
        items.push(review_one(&ctx, &mut change, item).await?);
    }
    let done = items.iter().filter(|item| item.code.is_none()).count();
    let result = BatchResult { done, refused: items.len() - done, items };
    let counts = serde_json::json!({ "done": done, "refused": result.refused });
    change.record(ctx.event("document.review_many", "", "").with_detail(&counts));
    change.answer(Reply::ok(&result)).await
}

/// All customers at once and in order, so that two batches cannot wait for each other.
async fn lock_all(ctx: &Ctx, tx: &mut Tx, items: &[ReviewItem]) -> Result<(), Problem> {
    let scope = ctx.require(Permission::LedgerPost)?;
    let mut wanted = Vec::new();
    for item in items {
        let Ok(id) = item.document.parse::<DocumentId>() else { continue };
        match store::document(tx, ctx.company, scope, id.number()).await {
            Ok(held) => wanted.extend(held.legs.iter().map(|(_, customer)| *customer)),
            Err(problem) if problem.status.is_client_error() => {}
            Err(problem) => return Err(problem),
        }
    }
    customers::lock(tx, ctx.company, &wanted).await?;
    Ok(())
}

async fn review_one(ctx: &Ctx, tx: &mut Tx, item: &ReviewItem) -> Result<ReviewResult, Problem> {
    let reviewed = match item.document.parse::<DocumentId>() {
        Ok(id) => review(ctx, tx, id, item.version, item.reject.as_deref()).await,
        Err(_) => Err(Problem::not_found()),
    };
    let document = item.document.clone();
    match reviewed {
        Ok(done) => {
            let voucher_nos = done.legs.iter().filter_map(|leg| leg.line.voucher_no).collect();
            let state = Some(done.state);
            Ok(ReviewResult { document, state, voucher_nos, code: None, detail: None })
        }
        // A refusal comes before anything is written; what the database refuses ends the batch.
        Err(problem) if problem.status.is_client_error() && problem.code != "conflict_retry" => {
            let (code, detail) = (problem.code.to_owned(), problem.sentence().to_owned());
            let (code, detail) = (Some(code), Some(detail));
            Ok(ReviewResult { document, state: None, voucher_nos: Vec::new(), code, detail })
        }
        Err(problem) => Err(problem),
    }
}

/// Posts a document, or rejects it with a reason.
async fn review(
    ctx: &Ctx,
    tx: &mut Tx,
    id: DocumentId,
    version: i64,
    reject: Option<&str>,
) -> Result<Document, Problem> {
    let held = open(ctx, tx, id, Permission::LedgerPost, version).await?;
    refuse_unless(&held, &["review"])?;
    let action = match reject {
        Some(reason) => {
            let at = (id.number(), version);
            let to = ("rejected", reason);
            if !store::set_state(tx, ctx.company, at, &["review"], to).await? {
                return Err(Problem::stale(version));
            }
            "document.reject"
        }
        None => {
            post(ctx, tx, &held, id).await?;
            "document.post"
        }
    };
    let scope = ctx.require(Permission::LedgerPost)?;
    let document = store::document(tx, ctx.company, scope, id.number()).await?.document;
    tx.record(ctx.event(action, &document.id, label(&document)).with_detail(&document));
    Ok(document)
}

async fn post(ctx: &Ctx, tx: &mut Tx, held: &Held, id: DocumentId) -> Result<(), Problem> {
    refuse_own(ctx, held)?;
    let customers: Vec<i64> = held.legs.iter().map(|(_, customer)| *customer).collect();
    customers::lock(tx, ctx.company, &customers).await?;
    // Looked at again under the lock: somebody may have posted it a moment ago.
    let scope = ctx.require(Permission::LedgerPost)?;
    let now = store::document(tx, ctx.company, scope, id.number()).await?;
    refuse_unless(&now, &["review"])?;
    if now.document.version != held.document.version {
        return Err(Problem::stale(now.document.version));
    }
    for (leg, customer) in now.document.legs.iter().zip(&customers) {
        let line = &leg.line;
        let opened = store::opened(tx, ctx.company, *customer, &line.currency).await?;
        refuse_opening(line.kind, &line.business_date, &opened)?;
    }
    let waiting: Vec<Waiting> = now
        .legs
        .iter()
        .zip(&now.document.legs)
        .map(|((id, customer), leg)| Waiting {
            id: *id,
            customer: *customer,
            currency: leg.line.currency.clone(),
            kind: leg.line.kind,
            posting_date: leg.line.posting_date.clone(),
        })
        .collect();
    line::post_waiting(tx, ctx.company, &ctx.actor(), &waiting).await?;
    Ok(())
}

/// Maker ≠ checker: neither who wrote a document first nor who wrote it last posts it.
fn refuse_own(ctx: &Ctx, held: &Held) -> Result<(), Problem> {
    if !held.writers.contains(&ctx.actor()) {
        return Ok(());
    }
    Err(Problem::conflict(
        "own_document",
        "自己录入或改过的单据不能自己审核；请另一位有审核权限的同事过账",
        "Who wrote a document does not post it; ask a colleague who may review",
    ))
}

/// One opening for an account, and before every other entry.
fn refuse_opening(kind: LedgerKind, date: &str, opened: &store::Opened) -> Result<(), Problem> {
    if kind == LedgerKind::Opening {
        if opened.opening.is_some() {
            return Err(Problem::conflict(
                "opening_exists",
                "该客户此币种已有期初余额；如有错，先红冲原期初",
                "The account has an opening balance; reverse that one first",
            ));
        }
        if let Some(first) = opened.first.as_deref().filter(|first| *first <= date) {
            return Err(Problem::conflict(
                "opening_not_first",
                format!("期初须早于其他明细：{first} 已有过账的单据，请把期初日期提前"),
                format!("An opening comes before every other entry: there is one of {first}"),
            ));
        }
        return Ok(());
    }
    if let Some(opening) = opened.opening.as_deref().filter(|opening| date < *opening) {
        return Err(Problem::conflict(
            "before_opening",
            format!("单据日期 {date} 早于期初（{opening}）；期初之前的往来已含在期初余额内"),
            format!("{date} lies before the opening of {opening}, which holds it already"),
        ));
    }
    Ok(())
}
