//! Adjustments 调整: proposed by one person, approved by another, posted as an entry.

use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
