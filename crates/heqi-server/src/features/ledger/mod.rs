//! The ledger 往来明细: what happened between us and a customer, in both books.
//!
//! Invariants: a posted entry of ours never changes and is never deleted, it is reversed;
//! voucher numbers have no gap; nothing is dated within a signed period.

pub mod line;

use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;

pub use line::{LedgerKind, NewLine, post};

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
