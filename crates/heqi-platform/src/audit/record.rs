//! One record: what it says, how it is encoded for its hash, how it is stored.
//!
//! The encoding is versioned, names its domain, and gives every field its length, so that no
//! two different records have one encoding: moving a character from one field to the next, or a
//! separator into a field, changes the hash.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Timestamp;
use crate::db::Sql;

const DOMAIN: &str = "heqi.audit.record.v1";
const GENESIS: &str = "heqi.audit.genesis.v1";

/// What happened, as the feature tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Whose chain; 0 is the installation's.
    pub company: i64,
    /// `user`, `token`, `job`, `cli`, `customer` or `system`.
    pub actor_kind: String,
    /// The id of who acted, as text.
    pub actor: String,
    /// The name of who acted, as it was then.
    pub actor_name: String,
    /// Noun and verb: `customer.create`, `period.sign_off`.
    pub action: String,
    /// The id of what was acted on, as text: `customer-17`.
    pub object: String,
    /// What a person calls it: a name, a document number.
    pub label: String,
    /// What changed, as JSON: never a secret or a value that is encrypted at rest.
    pub detail: String,
    /// The request it belongs to.
    pub request: String,
    /// The address it came from.
    pub address: String,
}

/// A record in its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose chain.
    pub company: i64,
    /// 1, 2, 3, … without gaps.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// Hash of the record before it.
    pub previous: [u8; 32],
}

/// Columns of the table, in the order of [`Record::insert`].
pub(super) const COLUMNS: &str = "company_id, sequence, at, actor_kind, actor, actor_name, \
     action, object, label, detail, request, address, previous, hash";

impl Event {
    /// The same with a detail that is anything JSON can say.
    #[must_use]
    pub fn with_detail(mut self, detail: &impl Serialize) -> Self {
        self.detail = serde_json::to_string(detail).unwrap_or_else(|error| error.to_string());
        self
    }

    fn fields(&self) -> [&str; 9] {
        [
            &self.actor_kind,
            &self.actor,
            &self.actor_name,
            &self.action,
            &self.object,
            &self.label,
            &self.detail,
            &self.request,
            &self.address,
        ]
    }
}

impl Record {
    /// The hash that the next record holds.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        put(&mut hash, DOMAIN.as_bytes());
        for number in [self.company, self.sequence, self.at.micros()] {
            put(&mut hash, &number.to_le_bytes());
        }
        for field in self.event.fields() {
            put(&mut hash, field.as_bytes());
        }
        put(&mut hash, &self.previous);
        hash.finalize().into()
    }

    pub(super) fn insert(&self, hash: [u8; 32]) -> Sql {
        let mut sql = Sql::new(
            "INSERT INTO audit_record (company_id, sequence, at, actor_kind, actor, actor_name, \
             action, object, label, detail, request, address, previous, hash) VALUES \
             ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        );
        sql = sql.bind(self.company).bind(self.sequence).bind(self.at);
        for field in self.event.fields() {
            sql = sql.bind(field);
        }
        sql.bind(self.previous).bind(hash)
    }
}

/// What the first record of a chain holds as the hash before it.
pub(super) fn genesis(company: i64) -> [u8; 32] {
    let mut hash = Sha256::new();
    put(&mut hash, GENESIS.as_bytes());
    put(&mut hash, &company.to_le_bytes());
    hash.finalize().into()
}

fn put(hash: &mut Sha256, field: &[u8]) {
    hash.update((field.len() as u64).to_le_bytes());
    hash.update(field);
}

#[cfg(test)]
mod tests {
    //! Goal: E2, two records that differ have two encodings; the encoding is fixed for good.

    use super::*;

    fn record() -> Record {
        let event = Event {
            company: 1,
            actor_kind: "user".into(),
            actor: "user-7".into(),
            actor_name: "王芳".into(),
            action: "customer.create".into(),
            object: "customer-9".into(),
            label: "海仓贸易".into(),
            detail: r#"{"name":"海仓贸易"}"#.into(),
            request: "r1".into(),
            address: "127.0.0.1".into(),
        };
        let at = Timestamp::from_micros(1_795_550_700_000_000);
        Record { company: 1, sequence: 1, at, event, previous: genesis(1) }
    }

    #[test]
    fn e2_the_encoding_is_fixed() {
        let hex: String = record().hash().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "d12f0a0486bbc559b63665f58c8b7a95f9c7577ecfa654a48de91f7acc1b6bfd");
    }

    #[test]
    fn e2_a_character_that_moves_to_the_next_field_changes_the_hash() {
        let moved = |edit: fn(&mut Event)| {
            let mut record = record();
            edit(&mut record.event);
            record.hash()
        };
        let original = record().hash();
        assert_ne!(
            original,
            moved(|event| (event.actor, event.actor_name) = ("user-7王".into(), "芳".into()))
        );
        assert_ne!(original, moved(|event| event.label.push('|')));
        assert_ne!(original, moved(|event| event.address.clear()));
    }
}
