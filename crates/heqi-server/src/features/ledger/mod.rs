//! The ledger 往来明细: what happened between us and a customer, in both books.
//!
//! Invariants: a posted entry of ours never changes and is never deleted, it is reversed;
//! voucher numbers have no gap; nothing is booked within a signed period; who wrote a document
//! does not post it; a document's amount is what its goods come to.

mod allowed;
mod attachments;
pub mod balance;
mod check;
mod documents;
mod events;
mod export;
pub mod line;
pub mod lists;
pub mod model;
pub mod query;
mod reversal;
mod review;
mod signed;
mod store;
#[cfg(test)]
mod tests;
pub mod text;
mod views;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

pub use allowed::new_business;
pub use line::{LedgerKind, NewLine, first_open_day, post, touch};
pub use signed::Signed;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(documents::document_create))
        .routes(routes!(review::document_review_many))
        .routes(routes!(
            documents::document_view,
            documents::document_change,
            documents::document_withdraw
        ))
        .routes(routes!(documents::document_submit))
        .routes(routes!(review::document_approve))
        .routes(routes!(review::document_reject))
        .routes(routes!(lists::line_list))
        .routes(routes!(lists::line_total))
        .routes(routes!(export::line_export))
        .routes(routes!(views::view_list, views::view_create))
        .routes(routes!(views::view_view, views::view_replace, views::view_delete))
        .routes(routes!(events::ledger_events))
        .routes(routes!(attachments::attachment_list, attachments::attachment_create))
        .routes(routes!(attachments::attachment_download, attachments::attachment_remove))
        .routes(routes!(balance::balance_view))
        .routes(routes!(balance::balance_list))
        .routes(routes!(balance::account_view))
        .routes(routes!(documents::line_view))
        .routes(routes!(reversal::line_reverse))
        .routes(routes!(reversal::line_correct))
}
