//! People 用户: who works here, how they sign in, what they may do.
//!
//! The first person is made at the first run, by a one-time token or at the terminal; there is
//! no default password. Three roles are kept apart 三员分立: nobody holds two of them, nobody
//! grants anything to themselves, and it takes two people to get into an account that has a
//! second factor. What is revoked counts from the next request on.

pub mod cli;
mod duties;
mod grants;
mod me;
pub mod model;
mod people;
mod roles;
mod second_factor;
mod session;
mod sessions;
pub mod store;
#[cfg(test)]
mod tests;
pub mod tokens;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().merge(own()).merge(of_others())
}

/// What everybody does for themselves.
fn own() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(session::setup))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(me::me))
        .routes(routes!(me::password_change))
        .routes(routes!(me::my_session_list, me::sign_out_everywhere))
        .routes(routes!(me::my_session_end))
        .routes(routes!(second_factor::totp_enrol))
        .routes(routes!(second_factor::totp_confirm))
        .routes(routes!(second_factor::totp_disable))
        .routes(routes!(second_factor::recovery_codes_renew))
        .routes(routes!(tokens::my_token_list, tokens::my_token_create))
        .routes(routes!(tokens::my_token_revoke))
}

/// What the administrators do.
fn of_others() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(people::user_list, people::user_create))
        .routes(routes!(people::user_view, people::user_change))
        .routes(routes!(people::user_disable))
        .routes(routes!(people::user_enable))
        .routes(routes!(people::user_unlock))
        .routes(routes!(people::password_reset))
        .routes(routes!(sessions::session_list, sessions::session_end_all))
        .routes(routes!(sessions::session_end))
        .routes(routes!(sessions::totp_remove))
        .routes(routes!(sessions::token_list))
        .routes(routes!(sessions::token_revoke))
        .routes(routes!(grants::grant_list, grants::grant_create))
        .routes(routes!(grants::grant_revoke))
        .routes(routes!(roles::role_list, roles::role_create))
        .routes(routes!(roles::role_view, roles::role_change, roles::role_delete))
}
