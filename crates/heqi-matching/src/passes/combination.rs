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
            let side = 1 - total_side;
            let amounts: Vec<i64> =
                parts.iter().map(|item| work.items[side][*item].amount).collect();
            let rule = &work.rules.combination;
            let bounds = Bounds {
                least: 2,
                most: rule.lines,
                operations: rule.operations,
                chance_ppm: Some(rule.chance_ppm),
                unit: work.unit,
            };
            let found = combination::search(&amounts, work.items[total_side][total].amount, bounds);
            if found.answer == SearchAnswer::Unique {
                let members: Vec<usize> = found.solutions[0].iter().map(|at| parts[*at]).collect();
                claims.push((total, members, found, parts.len()));
            }
        }
        settle(work, total_side, &claims);
    }
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
    parts.sort_by_key(|item| ((items[*item].day - whole.day).abs(), *item));
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
