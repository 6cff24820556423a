//! Pass 8 with a shared number: a sum that one common reference anchors.
//!
//! A payment names one invoice and pays three; a consolidated line bears the last delivery's
//! number. The lines of that number differ, and exactly the missing amount lies in lines of the
//! same side that no number of the other side claims. The anchor does most of the proving, so
//! the nearest lines are tried first and the search widens day by day.

use heqi_domain::{NO_DAY, Reason};

use crate::combination::{self, Bounds, Found};
use crate::evidence::{Evidence, SearchAnswer};
use crate::outcome::{Pass, Verdict};
use crate::passes::same_reference::{self, Cluster};
use crate::work::{OURS, THEIRS, Work};

/// Widths, in days, by which the neighbourhood of the anchor grows. What one transfer pays is
/// booked within its week; what one document gathers may be months old.
const MONEY_WIDTHS: [i32; 3] = [0, 3, 7];
const WIDTHS: [i32; 7] = [0, 3, 7, 14, 31, 62, 400];

pub(crate) fn run(work: &mut Work<'_>) {
    one_number(work, true);
    two_numbers(work);
}

/// The same once more, after the other passes: only what is certain, nothing is proposed.
pub(crate) fn again(work: &mut Work<'_>) {
    one_number(work, false);
}

/// One number differs; lines without a claimed number make up the rest.
fn one_number(work: &mut Work<'_>, propose: bool) {
    for (class, difference) in same_reference::differing(work) {
        for side in sides(work, &class) {
            if !alive(work, &class) || mixed(work, &class) {
                continue;
            }
            // Σ ours + part = Σ theirs, or Σ ours = Σ theirs + part.
            let missing = if side == OURS { -difference } else { difference };
            let anchors = if side == OURS { &class.ours } else { &class.theirs };
            let free = free_lines(work, side, anchors);
            let Some((found, members, candidates)) = nearest(work, side, anchors, &free, missing)
            else {
                continue;
            };
            let sum = Sum { side, found: &found, members: &members, candidates, missing };
            settle(work, &class, &sum, propose);
        }
    }
}

/// The side whose amount is the smaller lacks lines, unless the other's lines cancel out; it is
/// tried first.
fn sides(work: &Work<'_>, class: &Cluster) -> [usize; 2] {
    let (a, b) = (work.sum(OURS, &class.ours), work.sum(THEIRS, &class.theirs));
    if a.unsigned_abs() < b.unsigned_abs() { [OURS, THEIRS] } else { [THEIRS, OURS] }
}

fn alive(work: &Work<'_>, class: &Cluster) -> bool {
    class.ours.iter().all(|item| work.items[OURS][*item].open)
        && class.theirs.iter().all(|item| work.items[THEIRS][*item].open)
}

/// Open lines of a side that no open line of the other side claims by number and sign, of the
/// anchors' kind.
fn free_lines(work: &Work<'_>, side: usize, anchors: &[usize]) -> Vec<usize> {
    let other = 1 - side;
    let mut claimed: Vec<(u64, i64)> = work
        .open(other)
        .map(|item| (work.items[other][item].key, work.items[other][item].amount.signum()))
        .filter(|(key, _)| *key != 0)
        .collect();
    claimed.sort_unstable();
    let money = work.items[side][anchors[0]].money();
    work.open(side)
        .filter(|item| !anchors.contains(item) && !work.items[side][*item].extra)
        .filter(|item| {
            let line = &work.items[side][*item];
            claimed.binary_search(&(line.key, line.amount.signum())).is_err()
        })
        .filter(|item| {
            let kind = work.items[side][*item].money();
            kind.is_none() || money.is_none() || kind == money
        })
        .collect()
}

/// The first width around the anchors in which some subset makes the missing amount.
fn nearest(
    work: &Work<'_>,
    side: usize,
    anchors: &[usize],
    free: &[usize],
    missing: i64,
) -> Option<(Found, Vec<usize>, usize)> {
    let rule = &work.rules.combination;
    let (from, to) = (
        same_reference::first_day(work, side, anchors)?,
        same_reference::last_day(work, side, anchors)?,
    );
    let money = work.items[side][anchors[0]].kind.is_money();
    let widths: &[i32] = if money { &MONEY_WIDTHS } else { &WIDTHS };
    let mut previous = usize::MAX;
    for width in widths {
        let mut near: Vec<usize> = free
            .iter()
            .copied()
            .filter(|item| {
                let day = work.items[side][*item].day;
                day != NO_DAY && day >= from - width && day <= to + width
            })
            .collect();
        near.sort_by_key(|item| {
            let day = work.items[side][*item].day;
            ((day - to).abs().min((day - from).abs()), *item)
        });
        // Beyond the candidates of a full search one or two parts are still looked for.
        near.truncate(rule.candidates * 10);
        if near.len() == previous {
            continue;
        }
        previous = near.len();
        let most = rule.lines.saturating_sub(anchors.len()).max(1);
        let full = search(work, side, &near[..near.len().min(rule.candidates)], missing, most);
        let few = (near.len() > rule.candidates).then(|| search(work, side, &near, missing, 2));
        let found =
            [Some(full), few].into_iter().flatten().find(|found| !found.solutions.is_empty());
        if let Some(found) = found {
            let members = found.solutions[0].iter().map(|at| near[*at]).collect();
            return Some((found, members, near.len()));
        }
    }
    None
}

fn search(work: &Work<'_>, side: usize, near: &[usize], missing: i64, most: usize) -> Found {
    let amounts: Vec<i64> = near.iter().map(|item| work.items[side][*item].amount).collect();
    let bounds = Bounds {
        least: 1,
        most,
        operations: work.rules.combination.operations,
        chance_ppm: None,
        unit: work.unit,
    };
    combination::search(&amounts, missing, bounds)
}

/// Lines of both kinds or signs under one number (an invoice and its receipt) are no anchor: what
/// would be missing of their net is anybody's guess.
fn mixed(work: &Work<'_>, class: &Cluster) -> bool {
    [(OURS, &class.ours), (THEIRS, &class.theirs)].into_iter().any(|(side, items)| {
        let first = &work.items[side][items[0]];
        items.iter().any(|item| {
            let line = &work.items[side][*item];
            line.amount.signum() != first.amount.signum() || line.money() != first.money()
        })
    })
}

/// A sum found around an anchor.
struct Sum<'a> {
    side: usize,
    found: &'a Found,
    members: &'a [usize],
    candidates: usize,
    missing: i64,
}

/// Joins a unique sum that is no accident; proposes any other, if asked to.
fn settle(work: &mut Work<'_>, class: &Cluster, sum: &Sum<'_>, propose: bool) {
    let mut whole = class.clone();
    if sum.side == OURS { &mut whole.ours } else { &mut whole.theirs }.extend(sum.members);
    // The anchor is a proof of its own: five times the chance of a sum without one is allowed.
    let limit = work.rules.combination.chance_ppm * 5;
    let likely = combination::by_chance(sum.found.tried, sum.missing, work.unit, limit);
    let sure = sum.found.answer == SearchAnswer::Unique && !likely;
    let verdict = same_reference::shape(work, &whole);
    let evidence = Evidence {
        key: work.key_text(OURS, class.ours[0]),
        search: Some(sum.found.answer),
        tried: sum.found.tried,
        candidates: sum.candidates as u64,
        rank: u32::from(!sure),
        ..Evidence::default()
    };
    if sure {
        work.join(Pass::Combination, &whole.ours, &whole.theirs, verdict, evidence);
    } else if propose {
        let verdict = verdict.with(Reason::Ambiguous);
        work.suggest(Pass::Combination, &whole.ours, &whole.theirs, verdict, evidence);
        for (side, items) in [(OURS, &class.ours), (THEIRS, &class.theirs)] {
            for item in items {
                work.doubtful[side][*item] = true;
            }
        }
    }
}

/// Two numbers differ by amounts that cancel out, alone or with lines that neither side's
/// numbers claim: several of ours are several of theirs and only the sums agree.
fn two_numbers(work: &mut Work<'_>) {
    let differing = same_reference::differing(work);
    let mut order: Vec<(i32, usize)> = differing
        .iter()
        .enumerate()
        .filter_map(|(at, (class, _))| {
            same_reference::last_day(work, THEIRS, &class.theirs).map(|day| (day, at))
        })
        .collect();
    order.sort_unstable();
    let mut rivals: Vec<(usize, usize, Vec<usize>, Found)> = Vec::new();
    for (place, (day, a)) in order.iter().enumerate() {
        for (other_day, b) in order[place + 1..].iter().take(40) {
            if other_day - day > work.rules.combination.after {
                break;
            }
            if let Some((members, found)) = cancel(work, &differing[*a], &differing[*b]) {
                rivals.push((*a, *b, members, found));
            }
        }
    }
    let uses = |at: usize| rivals.iter().filter(|(a, b, _, _)| *a == at || *b == at).count();
    for (a, b, members, found) in &rivals {
        let (first, second) = (&differing[*a].0, &differing[*b].0);
        if uses(*a) > 1
            || uses(*b) > 1
            || !alive(work, first)
            || !alive(work, second)
            || members.iter().any(|item| !work.items[OURS][*item].open)
        {
            continue;
        }
        let ours: Vec<usize> =
            first.ours.iter().chain(&second.ours).chain(members).copied().collect();
        let theirs: Vec<usize> = first.theirs.iter().chain(&second.theirs).copied().collect();
        let verdict = Verdict::of(Reason::Regrouped);
        let evidence = Evidence {
            key: work.key_text(OURS, first.ours[0]),
            search: Some(found.answer),
            tried: found.tried,
            ..Evidence::default()
        };
        work.join(Pass::Combination, &ours, &theirs, verdict, evidence);
    }
}

/// The free lines of ours that make two differences cancel: none, or a unique few between the
/// two numbers' dates.
fn cancel(work: &Work<'_>, a: &(Cluster, i64), b: &(Cluster, i64)) -> Option<(Vec<usize>, Found)> {
    let missing = -(a.1.checked_add(b.1)?);
    let none = Found { answer: SearchAnswer::Unique, solutions: Vec::new(), tried: 1 };
    if missing == 0 {
        return Some((Vec::new(), none));
    }
    let anchors: Vec<usize> = a.0.ours.iter().chain(&b.0.ours).copied().collect();
    if work.is_money(&anchors, &[]) {
        return None;
    }
    let free = free_lines(work, OURS, &anchors);
    let (from, to) = (
        same_reference::first_day(work, OURS, &anchors)?,
        same_reference::last_day(work, OURS, &anchors)?,
    );
    let between: Vec<usize> = free
        .into_iter()
        .filter(|item| {
            let day = work.items[OURS][*item].day;
            day >= from && day <= to
        })
        .take(work.rules.combination.candidates)
        .collect();
    let amounts: Vec<i64> = between.iter().map(|item| work.items[OURS][*item].amount).collect();
    let bounds = Bounds {
        least: 1,
        most: 3,
        operations: work.rules.combination.operations,
        chance_ppm: Some(work.rules.combination.chance_ppm),
        unit: work.unit,
    };
    let found = combination::search(&amounts, missing, bounds);
    (found.answer == SearchAnswer::Unique).then(|| {
        let members = found.solutions[0].iter().map(|at| between[*at]).collect();
        (members, found)
    })
}
