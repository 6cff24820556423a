//! Pass 8 combination 组合: one line of one side is the sum of several of the other, with no
//! number in common.
//!
//! Only a unique sum may settle, and only if so many subsets could not have made it by chance.

use heqi_domain::{NO_DAY, Reason};
use rayon::prelude::*;

use crate::combination::{self, Bounds, Found};
use crate::evidence::{Evidence, SearchAnswer};
use crate::outcome::{Pass, Verdict};
use crate::passes::by_day::ByKind;
use crate::work::{OURS, THEIRS, Work};

/// What a total may be the sum of.
pub(crate) struct Parts {
    /// The candidates that are searched, nearest in date first.
    pub lines: Vec<usize>,
    /// All that lie in reach; more than `lines` where the rules bound them.
    pub within: u64,
}

impl Parts {
    /// Keeps some of the candidates.
    pub fn keep(&mut self, keep: impl Fn(usize) -> bool) {
        self.lines.retain(|item| keep(*item));
    }

    /// Whether some that lie in reach are not searched.
    pub const fn bounded(&self) -> bool {
        self.within > self.lines.len() as u64
    }
}

/// A unique sum.
struct Claim {
    total: usize,
    members: Vec<usize>,
    found: Found,
    candidates: usize,
}

pub(crate) fn run(work: &mut Work<'_>) {
    // Their one line for several of ours, then ours for several of theirs.
    for total_side in [THEIRS, OURS] {
        let totals: Vec<usize> =
            work.open(total_side).filter(|item| may_be_total(work, total_side, *item)).collect();
        let index = index(work, 1 - total_side);
        let looked: Vec<Option<(Claim, u64)>> =
            totals.par_iter().map(|total| look(work, &index, total_side, *total)).collect();
        let mut claims: Vec<Claim> = Vec::new();
        for (claim, limited) in looked.into_iter().flatten() {
            if claim.found.answer == SearchAnswer::Unique {
                claims.push(claim);
            } else {
                work.limited[total_side][claim.total] = limited;
            }
        }
        settle(work, total_side, &claims);
    }
}

/// The answer for one total, and the candidates in reach where a bound of the rules was met.
fn look(work: &Work<'_>, index: &ByKind, total_side: usize, total: usize) -> Option<(Claim, u64)> {
    let parts = parts(work, index, total_side, total);
    if parts.lines.len() < 2 || work.stopped() {
        return None;
    }
    let rule = &work.rules.combination;
    let bounds = bounds(work, rule.operations, rule.chance_ppm);
    let (found, members) = search(work, total_side, total, &parts.lines, bounds);
    let limited = if parts.bounded() || found.spent { parts.within } else { 0 };
    Some((Claim { total, members, found, candidates: parts.lines.len() }, limited))
}

/// A total has two parts or more.
pub(crate) fn bounds(work: &Work<'_>, operations: u64, chance_ppm: i64) -> Bounds {
    let most = work.rules.combination.lines;
    Bounds { least: 2, most, operations, chance_ppm: Some(chance_ppm), unit: work.unit }
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

/// Lines of a side that may be part of a total, by day.
pub(crate) fn index(work: &Work<'_>, side: usize) -> ByKind {
    ByKind::of(work, side, |item| !work.items[side][item].extra)
}

/// Lines that may be part of a total: of its sign and kind, in the window, nearest first.
pub(crate) fn parts(work: &Work<'_>, index: &ByKind, total_side: usize, total: usize) -> Parts {
    let whole = &work.items[total_side][total];
    let rule = &work.rules.combination;
    let (before, after) =
        if total_side == THEIRS { (rule.before, rule.after) } else { (rule.after, rule.before) };
    let index = index.meeting(whole.money());
    let reach = index.between(whole.day.saturating_sub(before), whole.day.saturating_add(after));
    let mut parts = Parts { lines: Vec::new(), within: 0 };
    for (_, day) in index.outward(reach, whole.day, whole.day) {
        let day = index.smaller(day, whole.amount);
        parts.within += day.len() as u64;
        let wanted = rule.candidates - parts.lines.len();
        parts.lines.extend(day.take(wanted).map(|at| index.line(at)));
    }
    parts
}

/// Joins the sums that no other sum competes with for a line.
fn settle(work: &mut Work<'_>, total_side: usize, claims: &[Claim]) {
    let mut wanted: Vec<usize> =
        claims.iter().flat_map(|claim| claim.members.iter().copied()).collect();
    wanted.sort_unstable();
    for Claim { total, members, found, candidates } in claims {
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
