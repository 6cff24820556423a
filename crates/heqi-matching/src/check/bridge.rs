//! Discrepancies and bridges: every open line is explained once, every bridge closes.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::{LineIx, Reason, Side};

use super::Case;
use super::violation::{Place, Violations};
use crate::content::group_id;
use crate::evidence::Evidence;
use crate::members::Members;
use crate::outcome::{Discrepancy, Group, GroupId, State, Verdict};

/// What a discrepancy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Opening(u32),
    Group(GroupId),
    Line(Side, LineIx),
}

/// What the row about it must say.
struct Expected<'a> {
    block: u32,
    amount: i128,
    verdict: Verdict,
    ours: Members,
    theirs: Members,
    id: Option<GroupId>,
    evidence: Option<&'a Evidence>,
    /// Where the row's cause stands.
    cause: Place,
}

pub(crate) fn check(case: &Case, found: &mut Violations) {
    let mut due = due(case);
    for (at, row) in case.outcome.discrepancies.iter().enumerate() {
        let names = case.names(&row.ours, &row.theirs);
        let place = Place::Discrepancy(at);
        let Some(about) = about(row) else {
            found.add(place, "discrepancy", names, "a group, one line or an opening", "neither");
            continue;
        };
        match due.remove(&about) {
            Some(expected) => compare(place, row, &expected, &names, found),
            None => {
                let claimed = format!("{about:?} of {}", row.amount);
                found.add(place, "discrepancy", names, "something open, told once", claimed);
            }
        }
    }
    for missing in due.into_values() {
        let names = case.names(&missing.ours, &missing.theirs);
        let expected = format!("a row of {}", missing.amount);
        found.add(missing.cause, "discrepancy", names, expected, "none");
    }
    bridges(case, found);
}

fn about(row: &Discrepancy) -> Option<About> {
    match (row.group(), &row.ours[..], &row.theirs[..]) {
        (Some(group), _, _) => Some(About::Group(group)),
        (None, [], []) => Some(About::Opening(row.block)),
        (None, [line], []) => Some(About::Line(Side::Ours, *line)),
        (None, [], [line]) => Some(About::Line(Side::Theirs, *line)),
        _ => None,
    }
}

/// Everything that is open: openings that differ, groups that differ, lines in no group, and
/// lines of a suggestion whose other lines an earlier suggestion has spoken for.
fn due<'a>(case: &'a Case) -> BTreeMap<About, Expected<'a>> {
    let outcome = case.outcome;
    let mut due = BTreeMap::new();
    for (block, at) in outcome.blocks.iter().zip(0_u32..) {
        if block.opening[0] != block.opening[1] {
            due.insert(
                About::Opening(at),
                Expected {
                    block: at,
                    amount: block.opening[0] - block.opening[1],
                    verdict: Verdict::of(Reason::Opening),
                    ours: Members::none(),
                    theirs: Members::none(),
                    id: None,
                    evidence: None,
                    cause: Place::Block(at as usize),
                },
            );
        }
    }
    let mut spoken: BTreeSet<(Side, LineIx)> = BTreeSet::new();
    let mut later: Vec<(usize, &Group)> = Vec::new();
    for (at, group) in outcome.groups.iter().enumerate() {
        if group.state == State::Suggested {
            if members(group).any(|member| spoken.contains(&member)) {
                later.push((at, group));
                continue;
            }
            spoken.extend(members(group));
        }
        let amount = case.sum(Side::Ours, &group.ours) - case.sum(Side::Theirs, &group.theirs);
        if amount != 0 {
            due.insert(About::Group(group.id), of_group(at, group, amount));
        }
    }
    for (at, group) in later {
        for (side, line) in members(group).filter(|member| !spoken.contains(member)) {
            let verdict = Verdict::of(Reason::Ambiguous);
            let cause = Place::Group(at);
            let row = of_line(case, side, line, group.block, verdict, &group.evidence, cause);
            due.insert(About::Line(side, line), row);
        }
        spoken.extend(members(group));
    }
    for (at, open) in outcome.residuals.iter().enumerate() {
        let cause = Place::Residual(at);
        let evidence = &open.evidence;
        let row = of_line(case, open.side, open.line, open.block, open.verdict, evidence, cause);
        due.insert(About::Line(open.side, open.line), row);
    }
    due
}

fn members(group: &Group) -> impl Iterator<Item = (Side, LineIx)> + '_ {
    let ours = group.ours.iter().map(|line| (Side::Ours, *line));
    ours.chain(group.theirs.iter().map(|line| (Side::Theirs, *line)))
}

fn of_group(at: usize, group: &Group, amount: i128) -> Expected<'_> {
    let open = group.state == State::Suggested && group.verdict.main.is_none();
    Expected {
        block: group.block,
        amount,
        verdict: if open { Verdict::of(Reason::Ambiguous) } else { group.verdict },
        ours: group.ours.clone(),
        theirs: group.theirs.clone(),
        id: Some(group.id),
        evidence: Some(&group.evidence),
        cause: Place::Group(at),
    }
}

fn of_line<'a>(
    case: &Case,
    side: Side,
    line: LineIx,
    block: u32,
    verdict: Verdict,
    evidence: &'a Evidence,
    cause: Place,
) -> Expected<'a> {
    let (ours, theirs) = match side {
        Side::Ours => (line.into(), Members::none()),
        Side::Theirs => (Members::none(), line.into()),
    };
    let sign = if side == Side::Ours { 1 } else { -1 };
    Expected {
        block,
        amount: sign * case.amount(side, line),
        verdict,
        id: Some(group_id(case.ours, &ours, case.theirs, &theirs)),
        ours,
        theirs,
        evidence: Some(evidence),
        cause,
    }
}

fn compare(
    place: Place,
    row: &Discrepancy,
    expected: &Expected,
    names: &str,
    found: &mut Violations,
) {
    let mut differ = |what, wanted: String, claimed: String| {
        if wanted != claimed {
            found.add(place, what, names.to_owned(), wanted, claimed);
        }
    };
    differ(
        "amount",
        format!("{} minor units", expected.amount),
        format!("{} minor units", row.amount),
    );
    differ("reason", expected.verdict.code(), row.verdict.code());
    differ("block", expected.block.to_string(), row.block.to_string());
    if let Some(id) = expected.id {
        differ("discrepancy id", id.to_string(), row.id.to_string());
    }
    if (&expected.ours, &expected.theirs) != (&row.ours, &row.theirs) {
        let lines =
            |ours: &[LineIx], theirs: &[LineIx]| format!("{} + {} lines", ours.len(), theirs.len());
        let wanted = format!("those of its group ({})", lines(&expected.ours, &expected.theirs));
        differ("lines", wanted, format!("others ({})", lines(&row.ours, &row.theirs)));
    }
    if let Some(evidence) = expected.evidence.filter(|evidence| **evidence != *row.evidence) {
        differ("evidence", format!("{evidence:?}"), format!("{:?}", row.evidence));
    }
}

/// Lines and movements of every block, its rows, and the identity.
fn bridges(case: &Case, found: &mut Violations) {
    let outcome = case.outcome;
    let mut counted = vec![([0_u64; 2], [0_i128; 2]); outcome.blocks.len()];
    for (at, side) in [Side::Ours, Side::Theirs].into_iter().enumerate() {
        for line in 0..case.lines(side).len() as LineIx {
            if let Some(block) = case.block_of(side, line) {
                let (lines, movement) = &mut counted[block as usize];
                lines[at] += 1;
                movement[at] += case.amount(side, line);
            }
        }
    }
    let mut next = 0;
    for (at, (block, (lines, movement))) in outcome.blocks.iter().zip(counted).enumerate() {
        let place = Place::Block(at);
        let name = format!("`{}` {}", block.account.customer, block.account.currency);
        if block.lines != lines {
            found.add(
                place,
                "lines",
                name.clone(),
                format!("{lines:?}"),
                format!("{:?}", block.lines),
            );
        }
        if block.movement != movement {
            let claimed = format!("{:?}", block.movement);
            found.add(place, "movement", name.clone(), format!("{movement:?}"), claimed);
        }
        let rows = block.discrepancies.clone();
        let known =
            rows.start == next && rows.start <= rows.end && rows.end <= outcome.discrepancies.len();
        if !known {
            let claimed = format!("{}..{}", rows.start, rows.end);
            found.add(place, "rows", name, format!("rows from {next} on"), claimed);
            return;
        }
        next = rows.end;
        let rows = &outcome.discrepancies[rows];
        if rows.iter().any(|row| row.block as usize != at) {
            found.add(place, "rows", name.clone(), "rows of this block", "another block's");
        }
        let sum: i128 = rows.iter().map(|row| i128::from(row.amount)).sum();
        let closing = [0, 1].map(|side| block.opening[side] + movement[side]);
        let difference = closing[0] - closing[1];
        if difference != sum {
            let expected = format!("{difference} = closing difference");
            found.add(place, "identity", name, expected, format!("{sum} = Σ discrepancies"));
        }
    }
    if next != outcome.discrepancies.len() {
        let claimed = outcome.discrepancies.len();
        found.add(Place::Whole, "rows", String::new(), format!("{next} rows in bridges"), claimed);
    }
}
