//! Maintenance 运维: what whoever runs the server does with it, apart from anybody's books.
//!
//! The schema, backups and their restore, rotation of keys, the doctor, a company's export,
//! metrics, and the work that comes round every night. Plain functions: the command line and the
//! routes parse arguments and call them.

pub mod backups;
pub mod company_export;
pub mod doctor;
pub mod keys;
pub mod metrics;
pub mod nightly;
pub mod schema;
pub mod sealed;

#[cfg(test)]
mod tests;

use heqi_platform::audit::Event;

/// Who does it, where no request says so: `cli` or `job`, in the chain of the installation.
#[must_use]
pub fn event(actor_kind: &str, action: &str, object: &str) -> Event {
    Event {
        actor_kind: actor_kind.to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        ..Event::default()
    }
}
