//! Evidence 依据: why a group or a discrepancy holds, in a form that can be checked again.
//!
//! Evidence names facts of the stored lines, never intermediate state of a pass; the checker
//! shares no code with the passes.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use heqi_domain::Reason;
use serde::{Deserialize, Serialize};

/// The answer of an exact combination search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum SearchAnswer {
    /// Exactly one subset makes the amount.
    Unique,
    /// Several do; `found` counts those seen before the search stopped.
    Alternatives {
        /// Subsets seen.
        found: u32,
    },
    /// None does, proved.
    None,
    /// The budget of operations was spent first.
    LimitReached,
}

/// Facts that a group or discrepancy stands on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The reference key both sides share, folded; empty where none is shared.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Days from our (last) line to theirs; none where a date is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// Answer of the combination search, where one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchAnswer>,
    /// Operations spent (subsets tried), where a search was made.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tried: u64,
    /// Candidates that the search could choose from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub candidates: u64,
    /// The rate, in parts per million, that explains the difference (tax, discount).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_ppm: Option<i64>,
    /// Counting witness: equal amounts on our side and on theirs within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// Other exact explanations of the same difference, in order of precedence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hypotheses: Vec<Reason>,
    /// Rank among suggestions for the same lines, 1 = best; 0 where it is not a suggestion.
    #[serde(default, skip_serializing_if = "is_zero32")]
    pub rank: u32,
}

/// Evidence as a group, residual or discrepancy carries it: shared with whatever rests on the same
/// facts, and nothing where there are none, since there are millions of lines and most have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds(Option<Arc<Evidence>>);

/// What is shown where there are no facts.
static NOTHING: Evidence = Evidence {
    key: String::new(),
    days: None,
    search: None,
    tried: 0,
    candidates: 0,
    rate_ppm: None,
    witness: None,
    hypotheses: Vec::new(),
    rank: 0,
};

impl Grounds {
    /// Whether there is any fact.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

impl From<Evidence> for Grounds {
    fn from(evidence: Evidence) -> Self {
        Self((evidence != NOTHING).then(|| Arc::new(evidence)))
    }
}

impl Deref for Grounds {
    type Target = Evidence;

    fn deref(&self) -> &Evidence {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Grounds {
    fn deref_mut(&mut self) -> &mut Evidence {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

/// "You list `ours` documents of this amount in this window, the customer lists `theirs`":
/// whatever the pairing, the difference is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The amount, minor units.
    pub amount: i64,
    /// First day of the window.
    pub from: i32,
    /// Last day of the window.
    pub to: i32,
    /// Lines of that amount on our side in the window.
    pub ours: u32,
    /// Lines of that amount on their side in the window.
    pub theirs: u32,
}

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

const fn is_zero32(number: &u32) -> bool {
    *number == 0
}
