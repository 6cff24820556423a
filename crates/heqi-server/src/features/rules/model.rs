//! What clients send and get about rules.

use garde::Validate;
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A version of the rules to be written.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    /// What it is called.
    #[garde(length(chars, min = 1, max = 80))]
    pub name: String,
    /// The rules as TOML; what is not named keeps its default.
    #[garde(length(max = 20_000))]
    pub toml: String,
    /// Why it is wanted.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub note: String,
}

/// A decision, and why.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RulesDecision)]
pub struct Decision {
    /// Why; needed to reject.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub reason: String,
}

/// A version of the rules.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Rules {
    /// Its id; none for the preset that holds without a version.
    pub id: Option<String>,
    /// Its number in the company: 1, 2, 3, …
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// `draft`, `proposed`, `active`, `retired` or `rejected`.
    pub state: String,
    /// The rules as TOML.
    pub toml: String,
    /// SHA-256 of the text.
    pub digest: String,
    /// Each rule in words, in the language of the request.
    pub sentences: Vec<String>,
    /// Who wrote it.
    pub owner: String,
    /// Who proposed it; empty until then.
    pub proposed_by: String,
    /// Who approved or rejected it; empty until then.
    pub approved_by: String,
    /// Since when it holds.
    #[schema(value_type = Option<String>)]
    pub active_from: Option<Timestamp>,
    /// Until when it held.
    #[schema(value_type = Option<String>)]
    pub active_to: Option<Timestamp>,
    /// How it did on the past.
    pub bench: Option<Bench>,
    /// Why it is wanted.
    pub note: String,
    /// Why it was approved or rejected.
    pub decision_note: String,
    /// Changes with every change.
    pub version: i64,
}

/// How a version did on what people have confirmed or signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bench {
    /// SHA-256 of the rules that were tried.
    pub rules: String,
    /// Groups of the past that were confirmed or signed: what is taken for true.
    pub groups: i64,
    /// The lines in them; 0: there is no past yet, and the version may be proposed all the same.
    pub lines: i64,
    /// The version that was tried.
    pub tried: BenchScore,
    /// The rules that hold now, on the same lines.
    pub holding: BenchScore,
    /// Lines that the tried version places and the holding rules leave open.
    pub more: i64,
    /// Lines that the holding rules place and the tried version leaves open.
    pub less: i64,
    /// Lines that both place, in different groups.
    pub differently: i64,
}

/// How one set of rules did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BenchScore {
    /// Groups it would match by itself.
    pub groups: i64,
    /// Of these, groups with exactly the lines that were confirmed or signed.
    pub right: i64,
    /// `right` of `groups`, in parts per million; none where it matches nothing.
    pub precision_ppm: Option<i64>,
    /// Groups it would suggest.
    pub suggested: i64,
    /// Lines it would match by itself.
    pub lines: i64,
}
