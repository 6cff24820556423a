//! Imports 导入: step 1 of 8, a file is received; step 2 of 8, it is read and becomes lines.
//!
//! A file is kept as it came. A job reads it and holds its rows against the ledger; a person
//! looks at the preview, decides, and all chosen rows are posted in one transaction, or none.
//!
//! Invariants: every row of data ends as posted, known, left out by decision, or rejected with
//! its reason (`check` counts them); n equal rows are n lines, the same file twice adds nothing;
//! a commit posts what the preview showed or refuses; nothing that was posted is deleted.

mod check;
pub mod cli;
mod commit;
mod direction;
mod goods;
pub mod jobs;
mod ledger_side;
pub mod model;
mod problems;
mod reading;
mod receive;
mod rejected;
mod routes;
mod staged;
mod staging;
mod store;
#[cfg(test)]
mod tests;
mod views;
mod workbook;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(views::import_list, routes::import_create))
        .routes(routes!(views::import_view))
        .routes(routes!(routes::import_map))
        .routes(routes!(routes::import_check))
        .routes(routes!(views::import_issues))
        .routes(routes!(routes::import_name_customer))
        .routes(routes!(views::import_preview))
        .routes(routes!(views::import_lines))
        .routes(routes!(routes::import_decide))
        .routes(routes!(routes::import_commit))
        .routes(routes!(routes::import_undo))
        .routes(routes!(routes::import_discard))
        .routes(routes!(views::import_rejected))
        .routes(routes!(routes::import_template_save))
        .routes(routes!(views::import_template_list))
        .routes(routes!(views::import_template_file))
}
