//! Conservation 守恒: every line in exactly one place, of its own block.

use heqi_domain::{LineIx, Side};

use super::Case;
use super::violation::{Place, Violations};
use crate::outcome::State;

/// Whether every index points at something; nothing else can be checked otherwise.
pub(crate) fn in_range(case: &Case, found: &mut Violations) -> bool {
    let before = found.total;
    let outcome = case.outcome;
    let blocks = outcome.blocks.len();
    let mut look = |place: Place, block: usize, ours: &[LineIx], theirs: &[LineIx]| {
        let known = case.exist(Side::Ours, ours) && case.exist(Side::Theirs, theirs);
        if block >= blocks || !known {
            let names = case.names(ours, theirs);
            found.add(place, "lines", names, "lines and a block that exist", "others");
        }
    };
    for (at, pair) in outcome.pairs.iter().enumerate() {
        look(Place::Pair(at), 0, &[pair.ours], &[pair.theirs]);
    }
    for (at, group) in outcome.groups.iter().enumerate() {
        look(Place::Group(at), group.block as usize, &group.ours, &group.theirs);
    }
    for (at, residual) in outcome.residuals.iter().enumerate() {
        let one = [residual.line];
        let (ours, theirs): (&[LineIx], &[LineIx]) =
            if residual.side == Side::Ours { (&one, &[]) } else { (&[], &one) };
        look(Place::Residual(at), residual.block as usize, ours, theirs);
    }
    for (at, row) in outcome.discrepancies.iter().enumerate() {
        look(Place::Discrepancy(at), row.block as usize, &row.ours, &row.theirs);
    }
    found.total == before
}

/// Where a line stands.
const NOWHERE: u8 = 0;
const CERTAIN: u8 = 1;
const SUGGESTED: u8 = 2;
const RESIDUAL: u8 = 3;
const WORDS: [&str; 4] = ["nowhere", "in a certain group", "in a suggestion", "as a residual"];

struct Board<'a> {
    case: &'a Case<'a>,
    stands: [Vec<u8>; 2],
}

impl Board<'_> {
    fn put(&mut self, place: Place, side: Side, line: LineIx, role: u8, found: &mut Violations) {
        let slot = &mut self.stands[usize::from(side == Side::Theirs)][line as usize];
        if *slot == NOWHERE || (*slot == SUGGESTED && role == SUGGESTED) {
            *slot = role;
            return;
        }
        let names = name(self.case, side, line);
        let claimed = format!("also {}", WORDS[role as usize]);
        found.add(place, "conservation", names, format!("only {}", WORDS[*slot as usize]), claimed);
    }
}

fn name(case: &Case, side: Side, line: LineIx) -> String {
    match side {
        Side::Ours => case.names(&[line], &[]),
        Side::Theirs => case.names(&[], &[line]),
    }
}

/// N equal rows are N lines, and each of them stands somewhere once.
pub(crate) fn conserved(case: &Case, found: &mut Violations) {
    let outcome = case.outcome;
    let stands = [vec![NOWHERE; case.ours.len()], vec![NOWHERE; case.theirs.len()]];
    let mut board = Board { case, stands };
    for (at, pair) in outcome.pairs.iter().enumerate() {
        board.put(Place::Pair(at), Side::Ours, pair.ours, CERTAIN, found);
        board.put(Place::Pair(at), Side::Theirs, pair.theirs, CERTAIN, found);
    }
    for (at, group) in outcome.groups.iter().enumerate() {
        let role = if group.state == State::Suggested { SUGGESTED } else { CERTAIN };
        for (side, lines) in [(Side::Ours, &group.ours), (Side::Theirs, &group.theirs)] {
            let mut own = lines.to_vec();
            own.sort_unstable();
            own.dedup();
            if own.len() != lines.len() {
                let names = case.names(&group.ours, &group.theirs);
                found.add(Place::Group(at), "members", names, "each line once", "one twice");
            }
            own.iter().for_each(|line| board.put(Place::Group(at), side, *line, role, found));
        }
    }
    for (at, residual) in outcome.residuals.iter().enumerate() {
        board.put(Place::Residual(at), residual.side, residual.line, RESIDUAL, found);
    }
    for (side, stands) in [Side::Ours, Side::Theirs].into_iter().zip(&board.stands) {
        for (line, _) in stands.iter().enumerate().filter(|(_, role)| **role == NOWHERE) {
            let line = line as LineIx;
            let place = Place::Line(side, line);
            let expected = "in a group or as a residual";
            found.add(place, "conservation", name(case, side, line), expected, WORDS[0]);
        }
    }
}
