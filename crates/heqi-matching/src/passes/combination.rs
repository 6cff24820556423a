//! Pass 8 combination 组合: one line of one side is the sum of several of the other, with no
//! number in common.
//!
//! Only a unique sum may settle, and only if so many subsets could not have made it by chance.

use heqi_domain::{NO_DAY, Reason};

use crate::combination::{self, Bounds, Found};
use crate::evidence::{Evidence, SearchAnswer};
use crate::outcome::{Pass, Verdict};
use crate::work::{OURS, THEIRS, Work};

pub(crate) fn run(work: &mut Work<'_>) {
    // Their one line for several of ours, then ours for several of theirs.
    for total_side in [THEIRS, OURS] {
        let totals: Vec<usize> =
            work.open(total_side).filter(|item| may_be_total(work, total_side, *item)).collect();
        let mut claims: Vec<(usize, Vec<usize>, Found, usize)> = Vec::new();
        for total in totals {
            let parts = parts(work, total_side, total);
            if parts.len() < 2 {
                continue;
            }
            let rule = &work.rules.combination;
            let bounds = Bounds {
                least: 2,
                most: rule.lines,
                operations: rule.operations,
                chance_ppm: Some(rule.chance_ppm),
                unit: work.unit,
            };
            let (found, members) = search(work, total_side, total, &parts, bounds);
            if found.answer == SearchAnswer::Unique {
                claims.push((total, members, found, parts.len()));
            }
        }
        settle(work, total_side, &claims);
    }
}

/// Searches the parts for the total, and the lines of the first solution.
///
/// What one transfer pays is booked on one day, so the parts of a payment are first sought among
/// the lines of single days; only where no day has them are days mixed. Two days that both have
/// them are two alternatives.
pub(crate) fn search(
    work: &Work<'_>,
    total_side: usize,
    total: usize,
    parts: &[usize],
    bounds: Bounds,
) -> (Found, Vec<usize>) {
    let side = 1 - total_side;
    let whole = &work.items[total_side][total];
    let look = |parts: &[usize]| {
        let amounts: Vec<i64> = parts.iter().map(|item| work.items[side][*item].amount).collect();
        let found = combination::search(&amounts, whole.amount, bounds);
        let first = found.solutions.first().into_iter().flatten();
        let members: Vec<usize> = first.map(|at| parts[*at]).collect();
        (found, members)
    };
    let money = parts.iter().any(|item| work.items[side][*item].kind.is_money());
    if money || whole.kind.is_money() {
        let days = parts.chunk_by(|a, b| work.items[side][*a].day == work.items[side][*b].day);
        let mut batches: Vec<(Found, Vec<usize>)> =
            days.map(look).filter(|(found, _)| !found.solutions.is_empty()).collect();
        let count = batches.len();
        if let Some((mut found, members)) = (!batches.is_empty()).then(|| batches.swap_remove(0)) {
            if count > 1 {
                found.answer = SearchAnswer::Alternatives { found: count as u32 };
            }
            return (found, members);
        }
    }
    look(parts)
}

/// A line that a number ties to a known document is no total of others.
fn may_be_total(work: &Work<'_>, side: usize, item: usize) -> bool {
    let line = &work.items[side][item];
    !line.extra && line.day != NO_DAY && (line.key == 0 || !line.points) && !line.shared_shape
}

/// Lines that may be part of a total: of its sign and kind, in the window, nearest first.
pub(crate) fn parts(work: &Work<'_>, total_side: usize, total: usize) -> Vec<usize> {
    let side = 1 - total_side;
    let whole = &work.items[total_side][total];
    let rule = &work.rules.combination;
    let (from, to) = if total_side == THEIRS {
        (whole.day - rule.before, whole.day + rule.after)
    } else {
        (whole.day - rule.after, whole.day + rule.before)
    };
    // Items are sorted by day, so the window is a range.
    let items = &work.items[side];
    let first = items.partition_point(|item| item.day < from);
    let mut parts: Vec<usize> = (first..items.len())
        .take_while(|item| items[*item].day <= to)
        .filter(|item| {
            let part = &items[*item];
            let (ours, theirs) = if total_side == THEIRS { (*item, total) } else { (total, *item) };
            part.open
                && !part.extra
                && part.amount.signum() == whole.amount.signum()
                && part.amount.unsigned_abs() < whole.amount.unsigned_abs()
                && work.compatible(ours, theirs)
        })
        .collect();
    let distance = |item: &usize| (items[*item].day - whole.day).abs();
    parts.sort_by_key(|item| (distance(item), items[*item].day, *item));
    parts.truncate(rule.candidates);
    parts
}

/// Joins the sums that no other sum competes with for a line.
fn settle(work: &mut Work<'_>, total_side: usize, claims: &[(usize, Vec<usize>, Found, usize)]) {
    let mut wanted: Vec<usize> = claims.iter().flat_map(|claim| claim.1.iter().copied()).collect();
    wanted.sort_unstable();
    for (total, members, found, candidates) in claims {
        let contested = members.iter().any(|member| {
            let first = wanted.partition_point(|item| item < member);
            wanted.get(first + 1) == Some(member)
        });
        if contested {
            continue;
        }
        let evidence = Evidence {
            search: Some(found.answer),
            tried: found.tried,
            candidates: *candidates as u64,
            ..Evidence::default()
        };
        let one = [*total];
        let (ours, theirs): (&[usize], &[usize]) =
            if total_side == OURS { (&one, members) } else { (members, &one) };
        let main = if total_side == OURS { Reason::Split } else { Reason::Merged };
        work.join(Pass::Combination, ours, theirs, Verdict::of(main), evidence);
    }
}
