//! Lineage 来龙去脉 (R72): the story of one line, from the file it came in to the signature.
//!
//! Invariants: what is told is read from the tables where it happened, never from a copy; whoever
//! may not see the line is told that there is none.

mod model;
mod routes;
mod story;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(routes::line_lineage))
}
