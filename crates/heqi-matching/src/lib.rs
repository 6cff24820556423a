//! The kernel: two sets of lines and a rule set in; groups, discrepancies and a bridge out.
//!
//! Steps 3 and 4 of 8 of the path in `docs/ARCHITECTURE.md`. Pure: no I/O, no clock, no
//! randomness, no float near money, and nothing that depends on the order of its input.
#![deny(clippy::float_arithmetic, clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")
)]

mod around;
mod block;
mod bridge;
mod chance;
mod check;
mod combination;
mod content;
mod evidence;
mod exact;
mod explain;
mod members;
mod outcome;
mod passes;
mod reference;
mod rules_text;
mod ruleset;
mod run;
mod view;
mod work;

pub use bridge::Openings;
pub use check::{Checked, Place, Violation, Violations, check};
pub use content::group_id;
pub use evidence::{Evidence, Grounds, SearchAnswer, Witness};
pub use explain::sentence;
pub use members::Members;
pub use outcome::{
    Block, Discrepancy, ExactPair, Group, GroupId, Outcome, Pass, Residual, State, Verdict,
};
pub use ruleset::{Combination, Dates, Differences, Passes, References, RuleSet};
pub use run::{MatchError, match_lines};
pub use view::{ViewFinding, detect_view};
