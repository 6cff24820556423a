//! The independent checker 独立复核: does a result follow from the stored lines?
//!
//! Invariant 6 of matching.md. It is given what a run (or a file) *claims* and the lines, and
//! proves every claim again: conservation, blocks, groups, reasons, witnesses, discrepancies
//! and bridges. It shares no code with the passes, their arithmetic or their folding of
//! references; only the definition of a group's name (`content.rs`) and the data types are
//! common. What it cannot prove again is said in [`Checked`]: that no *other* pairing would
//! have been possible (uniqueness needs the search itself).

mod accounts;
mod arithmetic;
mod bridge;
mod claims;
mod evidence;
mod groups;
mod lines;
mod number;
mod order;
mod reasons;
mod residuals;
#[cfg(test)]
mod tests;
mod violation;

use heqi_domain::{LineIx, Lines, Side};
use rayon::prelude::*;

use crate::outcome::Outcome;
use crate::ruleset::RuleSet;

pub use violation::{Place, Violation, Violations};

/// What was proved again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Lines of ours and theirs that stand in exactly one place.
    pub lines: [u64; 2],
    /// Exact pairs whose references and amounts agree.
    pub pairs: u64,
    /// Other groups whose claim holds.
    pub groups: u64,
    /// Lines in no group whose witness counts right.
    pub residuals: u64,
    /// Rows of the bridges.
    pub discrepancies: u64,
    /// Bridges that close to the minor unit.
    pub blocks: u64,
}

/// The claims and the facts that they are checked against.
pub(crate) struct Case<'a> {
    pub outcome: &'a Outcome,
    pub ours: &'a Lines,
    pub theirs: &'a Lines,
    pub rules: &'a RuleSet,
    /// Per account of ours and of theirs: its block, none where no block fits.
    pub blocks: [Vec<Option<u32>>; 2],
}

impl<'a> Case<'a> {
    pub fn lines(&self, side: Side) -> &'a Lines {
        match side {
            Side::Ours => self.ours,
            Side::Theirs => self.theirs,
        }
    }

    /// Signed minor units of a line; the caller has checked that it exists.
    pub fn amount(&self, side: Side, line: LineIx) -> i128 {
        i128::from(self.lines(side).amount[line as usize])
    }

    pub fn sum(&self, side: Side, lines: &[LineIx]) -> i128 {
        lines.iter().map(|line| self.amount(side, *line)).sum()
    }

    /// The block in which a line belongs.
    pub fn block_of(&self, side: Side, line: LineIx) -> Option<u32> {
        let account = self.lines(side).account[line as usize] as usize;
        self.blocks[usize::from(side == Side::Theirs)][account]
    }

    /// Whether every line of a list exists.
    pub fn exist(&self, side: Side, lines: &[LineIx]) -> bool {
        lines.iter().all(|line| (*line as usize) < self.lines(side).len())
    }

    /// Lines as a person calls them: `ours 17, theirs T-4`.
    pub fn names(&self, ours: &[LineIx], theirs: &[LineIx]) -> String {
        let side = |side: Side, lines: &'a Lines| {
            move |line: &LineIx| {
                let known = (*line as usize) < lines.len();
                let id = if known { lines.id_of(*line) } else { "?".into() };
                format!("{} {id}", side.code())
            }
        };
        let names = ours.iter().take(4).map(side(Side::Ours, self.ours));
        let names = names.chain(theirs.iter().take(4).map(side(Side::Theirs, self.theirs)));
        let mut text = names.collect::<Vec<_>>().join(", ");
        if ours.len() > 4 || theirs.len() > 4 {
            text.push_str(" …");
        }
        text
    }
}

/// Proves an outcome again from the stored lines and the rules.
///
/// Amounts are minor units in receivable view on both sides, as the run had them.
///
/// # Errors
/// Everything that does not hold, in the order of the result: what, where, which lines, what was
/// expected and what was found. Of very many the first [`Violations::MOST`] are told.
pub fn check(
    outcome: &Outcome,
    ours: &Lines,
    theirs: &Lines,
    rules: &RuleSet,
) -> Result<Checked, Violations> {
    let mut found = Violations::default();
    let blocks = accounts::blocks(outcome, ours, theirs, &mut found);
    let case = Case { outcome, ours, theirs, rules, blocks };
    if !lines::in_range(&case, &mut found) {
        // Nothing further can be looked up.
        return Err(found);
    }
    lines::conserved(&case, &mut found);
    let (pairs, (groups, residuals)) = rayon::join(
        || parts(outcome.pairs.len(), |at, found| groups::pair(&case, at, found)),
        || {
            rayon::join(
                || parts(outcome.groups.len(), |at, found| groups::group(&case, at, found)),
                || residuals::check(&case),
            )
        },
    );
    for part in [pairs, groups, residuals] {
        found.append(part);
    }
    if !outcome.pairs.is_empty() && !rules.passes.exact {
        let pairs = outcome.pairs.len();
        found.add(Place::Pair(0), "pass", String::new(), "a pass that the rules allow", pairs);
    }
    bridge::check(&case, &mut found);
    order::check(&case, &mut found);
    order::distinct(&case, &mut found);
    if !found.is_empty() {
        return Err(found);
    }
    Ok(Checked {
        lines: [ours.len() as u64, theirs.len() as u64],
        pairs: outcome.pairs.len() as u64,
        groups: outcome.groups.len() as u64,
        residuals: outcome.residuals.len() as u64,
        discrepancies: outcome.discrepancies.len() as u64,
        blocks: outcome.blocks.len() as u64,
    })
}

/// Checks the items of a list on all threads; violations come back in order.
fn parts(count: usize, check: impl Fn(usize, &mut Violations) + Sync) -> Violations {
    const PIECE: usize = 1 << 12;
    let pieces: Vec<Violations> = (0..count.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| {
            let mut found = Violations::default();
            for at in piece * PIECE..count.min((piece + 1) * PIECE) {
                check(at, &mut found);
            }
            found
        })
        .collect();
    let mut all = Violations::default();
    pieces.into_iter().for_each(|piece| all.append(piece));
    all
}
