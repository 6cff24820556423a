//! How many groups and lines are in which state, from which pass, for which reason.

use std::collections::BTreeMap;

use heqi_domain::{Reason, Side};
use heqi_matching::{Outcome, Pass, State};

use super::{BySide, PassCount, ReasonCount, StateCount};
use crate::error::ResultsError;
use crate::model::MatchResult;

/// Settled, differs, suggested, residual, in this order; every line is in exactly one.
pub fn states(result: &MatchResult) -> Result<Vec<StateCount>, ResultsError> {
    let outcome = result.outcome;
    let mut counts: Vec<StateCount> = ["settled", "differs", "suggested", "residual"]
        .map(|state| StateCount { state: state.to_owned(), groups: 0, lines: BySide::default() })
        .into();
    let pairs = outcome.pairs.len() as u64;
    counts[0].groups = pairs;
    counts[0].lines = BySide { ours: pairs, theirs: pairs };
    let mut suggested = BySide { ours: Vec::new(), theirs: Vec::new() };
    for group in &outcome.groups {
        let count = &mut counts[group.state as usize];
        count.groups += 1;
        if group.state == State::Suggested {
            suggested.ours.extend(&group.ours);
            suggested.theirs.extend(&group.theirs);
        } else {
            count.lines.ours += group.ours.len() as u64;
            count.lines.theirs += group.theirs.len() as u64;
        }
    }
    let distinct = |mut lines: Vec<u32>| {
        lines.sort_unstable();
        lines.dedup();
        lines.len() as u64
    };
    counts[2].lines = BySide { ours: distinct(suggested.ours), theirs: distinct(suggested.theirs) };
    for residual in &outcome.residuals {
        let lines = &mut counts[3].lines;
        *(if residual.side == Side::Ours { &mut lines.ours } else { &mut lines.theirs }) += 1;
    }
    for side in [Side::Ours, Side::Theirs] {
        let lines = result.lines(side).len() as u64;
        let of = |count: &StateCount| match side {
            Side::Ours => count.lines.ours,
            Side::Theirs => count.lines.theirs,
        };
        let placed = counts.iter().map(of).sum();
        if placed != lines {
            return Err(ResultsError::NotConserved { side, lines, placed });
        }
    }
    Ok(counts)
}

pub fn passes(outcome: &Outcome) -> Vec<PassCount> {
    let mut counts = [[0_u64; 3]; Pass::ALL.len()];
    counts[Pass::Exact as usize][State::Settled as usize] = outcome.pairs.len() as u64;
    for group in &outcome.groups {
        counts[group.pass as usize][group.state as usize] += 1;
    }
    let some = Pass::ALL.into_iter().zip(counts).filter(|(_, count)| *count != [0; 3]);
    some.map(|(pass, [settled, differs, suggested])| PassCount {
        pass: pass.code().to_owned(),
        settled,
        differs,
        suggested,
    })
    .collect()
}

/// Main reasons and notes, each in order of precedence.
pub fn reasons(outcome: &Outcome) -> (Vec<ReasonCount>, Vec<ReasonCount>) {
    type Counts = BTreeMap<Reason, [u64; 3]>;
    let (mut main, mut notes) = (Counts::new(), Counts::new());
    let groups = outcome.groups.iter().map(|group| (group.verdict, 0));
    let residuals = outcome.residuals.iter().map(|residual| (residual.verdict, 1));
    let discrepancies = outcome.discrepancies.iter().map(|it| (it.verdict, 2));
    for (verdict, place) in groups.chain(residuals).chain(discrepancies) {
        if let Some(reason) = verdict.main {
            main.entry(reason).or_default()[place] += 1;
        }
        for note in verdict.notes() {
            notes.entry(note).or_default()[place] += 1;
        }
    }
    let list =
        |counts: Counts| {
            let row = |(reason, [groups, residuals, discrepancies]): (Reason, [u64; 3])| {
                ReasonCount { reason: reason.code().to_owned(), groups, residuals, discrepancies }
            };
            counts.into_iter().map(row).collect()
        };
    (list(main), list(notes))
}
