//! Matching 匹配: steps 3 and 4 of 8, from a plan to groups and discrepancies.

use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
