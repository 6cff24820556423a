//! Features in the order of the path: each may use those before it, through their public
//! functions, never their `store`.

pub mod users;

pub mod companies;

pub mod jobs;

use std::collections::HashMap;

use heqi_platform::jobs::{Handler, Runner};
use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;

/// The routes of every feature, in order.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().merge(users::router()).merge(companies::router()).merge(jobs::router())
}

/// What does the jobs of every feature.
#[must_use]
pub fn runner(app: &Shared) -> Runner {
    let handlers: HashMap<&'static str, Handler> = HashMap::new();
    Runner::new(app.db.clone(), handlers)
}
