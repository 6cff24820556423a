//! People 用户: who works here, how they sign in, what they may do.
//!
//! The first person is made at the first run, by a one-time token or at the terminal; there is
//! no default password. Three roles are kept apart 三员分立: nobody holds two of them.

pub mod model;
mod routes;
pub mod store;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::setup))
        .routes(routes!(routes::sign_in))
        .routes(routes!(routes::sign_out))
        .routes(routes!(routes::me))
        .routes(routes!(routes::user_list, routes::user_create))
        .routes(routes!(routes::grant_create))
}
