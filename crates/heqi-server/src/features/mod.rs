//! Features in the order of the path: each may use those before it, through their public
//! functions, never their `store`.

pub mod users;

pub mod companies;

pub mod jobs;

pub mod customers;

pub mod catalog;

pub mod ledger;

pub mod imports;

pub mod rules;

pub mod matching;

pub mod discrepancies;

pub mod adjustments;

pub mod periods;

pub mod lineage;

pub mod audit_log;

use std::collections::HashMap;

use heqi_platform::jobs::{Handler, Runner};
use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;
use crate::maintenance::nightly;

/// The routes of every feature, in order.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(users::router())
        .merge(companies::router())
        .merge(jobs::router())
        .merge(customers::router())
        .merge(catalog::router())
        .merge(ledger::router())
        .merge(imports::router())
        .merge(rules::router())
        .merge(matching::router())
        .merge(discrepancies::router())
        .merge(adjustments::router())
        .merge(periods::router())
        .merge(lineage::router())
        .merge(audit_log::router())
}

/// What does the jobs of every feature.
#[must_use]
pub fn runner(app: &Shared) -> Runner {
    let mut handlers: HashMap<&'static str, Handler> = HashMap::new();
    handlers.insert(audit_log::jobs::VERIFY, audit_log::jobs::verify(app.clone()));
    handlers.insert("match.plan", matching::jobs::plan());
    handlers.insert("match.customer", matching::jobs::customer());
    handlers.insert("rules.bench", matching::bench::bench());
    nightly::handle(app, &mut handlers);
    handlers.insert(imports::jobs::READ, imports::jobs::read(app.clone()));
    handlers.insert(imports::jobs::COMMIT, imports::jobs::commit(app.clone()));
    Runner::new(app.db.clone(), handlers)
}
