//! What does not hold: where, which lines, what was expected and what was found.

use std::fmt;

use heqi_domain::{LineIx, Side};

/// Where something does not hold: an index into a list of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Index into [`crate::Outcome::blocks`].
    Block(usize),
    /// Index into [`crate::Outcome::pairs`].
    Pair(usize),
    /// Index into [`crate::Outcome::groups`].
    Group(usize),
    /// Index into [`crate::Outcome::residuals`].
    Residual(usize),
    /// Index into [`crate::Outcome::discrepancies`].
    Discrepancy(usize),
    /// A line of a side.
    Line(Side, LineIx),
    /// The whole outcome.
    Whole,
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where.
    pub place: Place,
    /// What is looked at, in words: `difference`, `block`, `tax rate` …
    pub what: &'static str,
    /// The lines concerned, as people call them; empty where none is.
    pub lines: String,
    /// What the stored lines say.
    pub expected: String,
    /// What the outcome claims.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, lines, expected, found, .. } = self;
        write!(out, "{what}: expected {expected}, found {found}")?;
        if lines.is_empty() { Ok(()) } else { write!(out, " ({lines})") }
    }
}

/// Everything that does not hold, in order; of very many the first are kept.
#[derive(Clone, Debug, Default)]
pub struct Violations {
    /// The first ones.
    pub kept: Vec<Violation>,
    /// How many there are in all.
    pub total: u64,
}

impl Violations {
    /// How many are kept.
    pub const MOST: usize = 1_000;

    /// Whether everything holds.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(crate) fn add(
        &mut self,
        place: Place,
        what: &'static str,
        lines: String,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) {
        self.total += 1;
        if self.kept.len() < Self::MOST {
            let (expected, found) = (expected.to_string(), found.to_string());
            self.kept.push(Violation { place, what, lines, expected, found });
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.total += other.total;
        let room = Self::MOST.saturating_sub(self.kept.len());
        self.kept.extend(other.kept.into_iter().take(room));
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} claims do not hold", self.total)?;
        self.kept.iter().take(20).try_for_each(|it| write!(out, "\n{:?}: {it}", it.place))
    }
}

impl std::error::Error for Violations {}
