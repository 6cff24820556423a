//! Adjustments 调整: step 5 of 8, what has to change in our book, by four eyes.
//!
//! Invariants: what an adjustment says is never changed; nobody approves what they asked for;
//! each is posted at most once, as an entry of ours in an open period, in the transaction that
//! approves it; it never does more than is left of its discrepancy; what one person may write
//! off or approve is limited by sums over a customer and month, not by single amounts.

mod decide;
mod limits;
mod model;
mod propose;
mod routes;
mod store;
#[cfg(test)]
mod tests;
mod write_off;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::adjustment_list, propose::adjustment_propose))
        .routes(routes!(routes::adjustment_view))
        .routes(routes!(decide::adjustment_approve))
        .routes(routes!(decide::adjustment_reject))
        .routes(routes!(decide::adjustment_withdraw))
        .routes(routes!(propose::adjustment_reverse))
        .routes(routes!(write_off::adjustment_write_off))
        .routes(routes!(limits::limit_list, limits::limit_propose))
        .routes(routes!(limits::limit_approve))
        .routes(routes!(limits::limit_reject))
}
