//! The audit log 审计记录: search, verify, export.

use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
