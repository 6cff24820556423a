//! Matching 匹配: steps 3 and 4 of 8, from a plan to groups and discrepancies.
//!
//! A run makes a plan with a digest; the commit accepts exactly that digest against the same
//! lines. What is settled or differs then holds its lines, what is suggested waits for a person.
//! Invariants: a posted line is open, or held, or in one live group; what a person decided comes
//! first and no run touches it; an act is taken back as one, until something stands on it.
//!
//! A customer whose lines have changed is matched again by itself: triggers note it, a look
//! every few seconds enqueues the job, one a customer.

mod accept;
pub mod act;
pub mod bench;
pub mod commit;
pub mod decide;
mod found;
mod groups;
pub mod hold;
pub mod jobs;
pub mod load;
pub mod model;
pub mod plan;
mod routes;
mod run_undo;
mod runs;
mod store;
pub mod summary;
#[cfg(test)]
pub(crate) mod tests;
mod undo;

use heqi_platform::{DbError, Tx};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;
use routes::{acts, bulk, decisions, groups as shown, holds};

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(runs::run_list, runs::run_plan))
        .routes(routes!(runs::run_view))
        .routes(routes!(runs::run_commit))
        .routes(routes!(run_undo::run_undo_view, run_undo::run_undo))
        .routes(routes!(shown::group_list, shown::group_match))
        .routes(routes!(shown::group_sums))
        .routes(routes!(bulk::group_bulk_confirm))
        .routes(routes!(bulk::group_accept_view, bulk::group_accept))
        .routes(routes!(shown::group_view))
        .routes(routes!(decisions::group_confirm))
        .routes(routes!(decisions::group_reject))
        .routes(routes!(decisions::group_unmatch))
        .routes(routes!(holds::hold_list, holds::hold_create))
        .routes(routes!(holds::hold_release))
        .routes(routes!(acts::act_view))
        .routes(routes!(acts::act_undo))
}

/// Says that what is open of a customer is to be matched again.
///
/// # Errors
/// Whatever the database says.
pub async fn touch(tx: &mut Tx, company: i64, customer: i64) -> Result<(), DbError> {
    store::note_due(tx, company, customer).await
}
