//! Where claims stand: lines in blocks, violations in rows of files.

use std::collections::BTreeMap;

use heqi_domain::{Account, Lines, Side};
use heqi_matching::{ExactPair, Outcome, Place, Violations};

use super::super::finding::{FindingCode, Unsound};
use super::Rebuilt;

/// Lines per block, and the blocks of residuals, from the accounts of the lines: a block is the
/// account of its own name, else the one in which other lines of the account stand.
pub fn count_lines(outcome: &mut Outcome, lines: [&Lines; 2]) {
    let names: BTreeMap<&Account, u32> =
        outcome.blocks.iter().zip(0..).map(|(block, at)| (&block.account, at)).collect();
    let mut places: [Vec<Option<u32>>; 2] =
        lines.map(|side| side.accounts.iter().map(|account| names.get(account).copied()).collect());
    for group in &outcome.groups {
        for (at, members) in [&group.ours, &group.theirs].into_iter().enumerate() {
            for line in members {
                let account = lines[at].account[*line as usize] as usize;
                places[at][account] = places[at][account].or(Some(group.block));
            }
        }
    }
    let of_pair = |pair: &ExactPair, at: usize| {
        lines[at].account[[pair.ours, pair.theirs][at] as usize] as usize
    };
    for pair in &outcome.pairs {
        let known = places[0][of_pair(pair, 0)].or(places[1][of_pair(pair, 1)]);
        for at in [0, 1] {
            let place = &mut places[at][of_pair(pair, at)];
            *place = place.or(known);
        }
    }
    for row in &outcome.discrepancies {
        for (at, members) in [&row.ours, &row.theirs].into_iter().enumerate() {
            for line in members {
                let account = lines[at].account[*line as usize] as usize;
                places[at][account] = places[at][account].or(Some(row.block));
            }
        }
    }
    for residual in &mut outcome.residuals {
        let at = usize::from(residual.side == Side::Theirs);
        let account = lines[at].account[residual.line as usize] as usize;
        residual.block = places[at][account].unwrap_or(0);
    }
    for at in [0, 1] {
        for account in &lines[at].account {
            if let Some(block) = places[at][*account as usize] {
                outcome.blocks[block as usize].lines[at] += 1;
            }
        }
    }
}

impl Rebuilt {
    /// Turns what the checker found into findings with file and row.
    pub fn blame(&self, violations: &Violations, lines: [&Lines; 2], unsound: &mut Unsound) {
        let ending = self.ending;
        for violation in &violations.kept {
            let row = |rows: &[u64], at: usize| rows.get(at).copied();
            let (file, row) = match violation.place {
                Place::Block(at) => ("bridge", row(&self.blocks, at)),
                Place::Pair(at) => ("groups", row(&self.pairs, at)),
                Place::Group(at) => ("groups", row(&self.groups, at)),
                Place::Residual(at) => ("residuals", row(&self.residuals, at)),
                Place::Discrepancy(at) => ("discrepancies", row(&self.discrepancies, at)),
                // A line that stands nowhere is missing from both.
                Place::Line(..) => ("members", None),
                Place::Whole => ("bridge", None),
            };
            let mut what = violation.what.to_owned();
            let named = match violation.place {
                Place::Line(side, line) => {
                    let at = usize::from(side == Side::Theirs);
                    format!("{} {}", side.code(), lines[at].id_of(line))
                }
                Place::Pair(at) => {
                    format!("{}: {}", self.outcome.pairs[at].id, violation.lines)
                }
                Place::Group(at) => {
                    format!("{}: {}", self.outcome.groups[at].id, violation.lines)
                }
                _ => violation.lines.clone(),
            };
            if !named.is_empty() {
                what = format!("{what} of {named}");
            }
            let file = format!("{file}.{ending}");
            let (expected, found) = (&violation.expected, &violation.found);
            unsound.add(FindingCode::Unproved, &file, row, &what, expected, found);
        }
        unsound.total += violations.total - violations.kept.len() as u64;
    }
}
