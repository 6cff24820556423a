//! Periods 对账期间: step 8 of 8, everything explained, then signed off.

use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
