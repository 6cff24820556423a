//! What clients send and get.

use garde::Validate;
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A record, as written and as a sentence.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditRecord {
    /// The number of the company in its hash.
    pub company: i64,
    /// 1, 2, 3, … without gaps.
    pub sequence: i64,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// The same in microseconds, as it stands in the hash.
    pub at_micros: i64,
    /// `user`, `token`, `job`, `cli`, `customer` or `system`.
    pub actor_kind: String,
    /// The id of who acted.
    pub actor: String,
    /// The name, as it was then.
    pub actor_name: String,
    /// Noun and verb.
    pub action: String,
    /// The id of what was acted on.
    pub object: String,
    /// What a person calls it.
    pub label: String,
    /// What changed, as JSON.
    pub detail: String,
    /// The request it belongs to.
    pub request: String,
    /// The address it came from.
    pub address: String,
    /// Hash of the record before, hexadecimal.
    pub previous: String,
    /// Hash of this record, hexadecimal.
    pub hash: String,
    /// What happened, in plain Chinese.
    pub sentence_zh: String,
    /// What happened, in plain English.
    pub sentence_en: String,
}

/// Which records; every condition that is given has to hold.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
pub struct AuditQuery {
    /// By this person: `user-7`.
    pub actor: Option<String>,
    /// With this action: `period.sign_off`; or all of a noun: `period`.
    pub action: Option<String>,
    /// On this object: `customer-17`.
    pub object: Option<String>,
    /// With this text in its label or detail.
    pub q: Option<String>,
    /// From this day on, in the zone of the books.
    pub from: Option<String>,
    /// Through this day.
    pub to: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What to export.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
pub struct ExportQuery {
    /// `ndjson`, which can be verified, or `csv` for people.
    pub format: Option<String>,
    /// From this record on.
    pub from: Option<i64>,
    /// Through this record.
    pub to: Option<i64>,
}

/// A checkpoint to be given out.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCheckpoint {
    /// Whom it is given to, or what for.
    #[garde(length(chars, min = 1, max = 200))]
    pub reason: String,
}

/// A checkpoint: one signed line to be kept outside of the database.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GivenCheckpoint {
    /// The record it testifies to.
    pub sequence: i64,
    /// The line.
    pub line: String,
    /// Whom it was given to, or what for.
    pub reason: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// What anybody needs to check its signature: Ed25519, base64url.
    pub public_key: String,
}

/// Checkpoints that somebody kept outside, to be held against the chain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// Their lines.
    #[serde(default)]
    #[garde(length(max = 100), inner(length(max = 400)))]
    pub checkpoints: Vec<String>,
}
