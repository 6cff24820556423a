//! The kernel: two sets of lines and a rule set in; groups, discrepancies and a bridge out.
//!
//! Steps 3 and 4 of 8 of the path in `docs/ARCHITECTURE.md`. Pure: no I/O, no clock, no
//! randomness, no float near money, and nothing that depends on the order of its input.
#![deny(clippy::float_arithmetic, clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod evidence;
mod outcome;

pub use evidence::{Evidence, SearchAnswer, Witness};
pub use outcome::{
    Block, Discrepancy, ExactPair, Group, GroupId, Outcome, Pass, Residual, State, Verdict,
};
