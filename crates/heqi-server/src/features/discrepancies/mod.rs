//! Discrepancies 差异: step 5 of 8, who clears which difference until when.
//!
//! Invariants: what a run found is never changed here, only what people did about it; a
//! discrepancy is resolved only when nothing of its amount is left, that is when entries that
//! are posted stand against all of it; one entry clears one discrepancy; of several people who
//! act on the same version, one wins and the others are told.

mod act;
mod attachments;
mod bulk;
mod comments;
mod diff;
#[cfg(test)]
pub(crate) mod fixture;
mod history;
mod model;
mod notifications;
mod people;
mod routes;
mod sides;
mod store;
#[cfg(test)]
mod tests;

use heqi_domain::{DiscrepancyId, Id, Lang, Reason, decimal_text};
use heqi_platform::audit::Event;
use heqi_platform::{DbError, Tx};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;
use crate::ctx::Ctx;
use crate::permission::Permission;
use crate::problem::Problem;

pub use model::{Resolution, Status};
pub(crate) use model::{is_date, words};
pub use store::Stored;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::discrepancy_list))
        .routes(routes!(routes::discrepancy_view, act::discrepancy_update))
        .routes(routes!(routes::discrepancy_history))
        .routes(routes!(routes::discrepancy_people))
        .routes(routes!(act::discrepancy_hold))
        .routes(routes!(act::discrepancy_timing))
        .routes(routes!(act::discrepancy_release))
        .routes(routes!(act::discrepancy_resolve))
        .routes(routes!(act::discrepancy_reopen))
        .routes(routes!(bulk::discrepancy_bulk))
        .routes(routes!(comments::comment_list, comments::comment_create))
        .routes(routes!(
            attachments::discrepancy_attachment_list,
            attachments::discrepancy_attachment_create
        ))
        .routes(routes!(
            attachments::discrepancy_attachment_download,
            attachments::discrepancy_attachment_remove
        ))
        .routes(routes!(notifications::notification_list))
        .routes(routes!(notifications::notification_read))
}

impl Stored {
    /// The id as text.
    #[must_use]
    pub fn text(&self) -> String {
        DiscrepancyId::text(self.id)
    }

    /// The main code of what was seen.
    #[must_use]
    pub fn main_reason(&self) -> Reason {
        let main = self.reason.split('+').next().unwrap_or_default();
        Reason::from_code(main).unwrap_or(Reason::Unexplained)
    }

    /// What a person recognizes it by in the audit records: customer, reason, amount.
    #[must_use]
    pub fn label(&self) -> String {
        let exponent = exponent(&self.currency);
        let amount = decimal_text(self.amount.into(), exponent);
        let reason = self.main_reason().label(Lang::Zh);
        format!("{} {reason} {amount} {}", self.customer_code, self.currency)
    }
}

/// A discrepancy within the caller's scope for this permission, locked until the transaction
/// ends.
///
/// # Errors
/// 403, or 404 if it is not there or not the caller's to see.
pub async fn lock(
    ctx: &Ctx,
    tx: &mut Tx,
    permission: Permission,
    id: i64,
) -> Result<Stored, Problem> {
    tx.lock_row("discrepancy", ctx.company, id).await?;
    store::find(tx, ctx.company, id, ctx.require(permission)?).await?.ok_or_else(Problem::not_found)
}

/// The same without a lock.
///
/// # Errors
/// 403, or 404 if it is not there or not the caller's to see.
pub async fn view(
    ctx: &Ctx,
    tx: &mut Tx,
    permission: Permission,
    id: i64,
) -> Result<Stored, Problem> {
    store::find(tx, ctx.company, id, ctx.require(permission)?).await?.ok_or_else(Problem::not_found)
}

/// A discrepancy without regard to who asks, locked until the transaction ends: for what was
/// allowed by the object that refers to it.
///
/// # Errors
/// Whatever the database says.
pub async fn lock_linked(tx: &mut Tx, company: i64, id: i64) -> Result<Option<Stored>, DbError> {
    tx.lock_row("discrepancy", company, id).await?;
    let everywhere = crate::permission::Scope { all: true, ..Default::default() };
    store::find(tx, company, id, &everywhere).await
}

/// Refuses unless the version is the present one and somebody can still work on it.
///
/// # Errors
/// 412 `stale`; 409 `discrepancy_closed` with its present state.
pub fn require_live(found: &Stored, version: i64) -> Result<(), Problem> {
    if found.version != version {
        return Err(Problem::stale(found.version));
    }
    if found.status.is_live() {
        return Ok(());
    }
    let status = found.status.code();
    let zh = format!("这笔差异的状态是「{}」，不能再处理", found.status.label(Lang::Zh));
    let en = format!("This discrepancy is {}; nothing is left to do", found.status.label(Lang::En));
    let facts = json!({ "status": status, "version": found.version });
    Err(Problem::conflict("discrepancy_closed", zh, en).with_facts(facts))
}

/// Lets a posted entry of ours stand against a discrepancy that is locked. When nothing is left
/// of it, it is resolved; when something is left again (a reversal), it is open again.
///
/// # Errors
/// Whatever the database says.
pub async fn settle(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &mut Stored,
    entry: &Settling<'_>,
) -> Result<Event, DbError> {
    let link = (entry.line, entry.effect, Some(entry.adjustment));
    store::insert_settlement(tx, found, link).await?;
    found.remaining = found.remaining.saturating_add(entry.effect);
    if found.remaining == 0 {
        found.resolve(entry.resolution, ctx, tx);
    } else if found.status == Status::Resolved {
        found.reopen();
    }
    store::save(tx, found).await?;
    let detail = json!({
        "adjustment": heqi_domain::AdjustmentId::text(entry.adjustment),
        "line": heqi_domain::LineId::text(entry.line),
        "effect": entry.effect, "remaining": found.remaining, "currency": found.currency,
    });
    Ok(ctx.event("discrepancy.settle", found.text(), &found.label()).with_detail(&detail))
}

/// An entry that stands against a discrepancy.
#[derive(Debug)]
pub struct Settling<'a> {
    /// The number of the posted line.
    pub line: i64,
    /// Its signed amount.
    pub effect: i64,
    /// The adjustment that posted it.
    pub adjustment: i64,
    /// What the discrepancy is resolved as when nothing is left.
    pub resolution: &'a Resolution,
}

/// Notes that somebody asked for an adjustment of it: whoever acts on the version before is told.
///
/// # Errors
/// Whatever the database says.
pub async fn note_proposal(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &mut Stored,
    detail: &serde_json::Value,
) -> Result<Event, DbError> {
    store::save(tx, found).await?;
    Ok(ctx.event("discrepancy.propose", found.text(), &found.label()).with_detail(detail))
}

/// The document that it is about, for the entry that corrects it: ours before theirs.
///
/// # Errors
/// Whatever the database says.
pub async fn reference(tx: &mut Tx, found: &Stored) -> Result<String, DbError> {
    let lines = store::lines(tx, found.id).await?;
    let mut named = lines.into_iter().filter(|line| !line.reference.is_empty());
    Ok(named.next().map(|line| line.reference).unwrap_or_default())
}

/// Digits after the point of a currency; two where it is not known.
#[must_use]
pub fn exponent(currency: &str) -> u32 {
    currency.parse::<heqi_domain::Currency>().map_or(2, heqi_domain::Currency::exponent)
}
