//! The audit log 审计日志: who did what when, found again, read as sentences, verified, exported.
//!
//! Invariants: only `audit.read` sees it; nothing here changes a record; an export and a
//! checkpoint are recorded themselves.

pub mod cli;
pub mod jobs;
mod model;
mod routes;
mod sentence;
mod store;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

pub use jobs::enqueue_verify;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::audit_list))
        .routes(routes!(routes::audit_view))
        .routes(routes!(routes::audit_export))
        .routes(routes!(routes::audit_verify))
        .routes(routes!(routes::checkpoint_list, routes::checkpoint_create))
}
