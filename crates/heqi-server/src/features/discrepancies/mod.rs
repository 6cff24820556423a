//! Discrepancies 差异: step 5 of 8, who clears which difference until when.

use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
