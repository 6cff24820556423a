//! Periods 对账期间: step 8 of 8, everything explained, then signed off.
//!
//! Invariants: the days of an account have no gap and are signed in order; what is signed was
//! prepared by one person and approved by another, with nothing unexplained; its digest is over
//! the lines themselves; nothing is posted within it; a seal is never changed or deleted, a
//! reopened period keeps it as superseded.

mod checklist;
mod digest;
mod figures;
mod model;
mod reports;
mod routes;
mod sources;
mod store;
#[cfg(test)]
mod tests;
mod workflow;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::period_list, routes::period_create))
        .routes(routes!(routes::period_view, routes::period_delete))
        .routes(routes!(routes::period_preview))
        .routes(routes!(workflow::period_prepare))
        .routes(routes!(workflow::period_approve))
        .routes(routes!(workflow::period_sign_off))
        .routes(routes!(workflow::reopening_view, workflow::reopening_request))
        .routes(routes!(workflow::reopening_approve))
        .routes(routes!(workflow::period_verify))
        .routes(routes!(reports::period_board))
        .routes(routes!(reports::period_annual))
}
