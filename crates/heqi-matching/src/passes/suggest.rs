//! Pass 10 suggestions 建议: what is likely but not certain, for a person to decide.
//!
//! Nothing is joined here. Pairs of one amount whose partner is not unique are assigned at
//! least total distance and proposed; then sums that chance could have made; then lines whose
//! amounts differ in a way that explains itself.

use std::ops::Range;

use heqi_domain::{NO_DAY, Reason};
use rayon::prelude::*;

use crate::combination::Found;
use crate::evidence::Evidence;
use crate::explain::difference;
use crate::outcome::{Pass, Verdict};
use crate::passes::amount_date::{distance, in_window, pair_verdict};
use crate::passes::by_day::ByDay;
use crate::passes::combination::{self, Parts};
use crate::passes::crowd;
use crate::passes::variant::{MOST_PAIRS, clusters_by_amount};
use crate::reference::Written;
use crate::ruleset::Differences;
use crate::work::{OURS, THEIRS, Work};

/// Lines that a suggestion has spoken for; they stay open but are not proposed twice.
struct Spoken([Vec<bool>; 2]);

impl Spoken {
    fn free(&self, side: usize, item: usize) -> bool {
        !self.0[side][item]
    }

    fn take(&mut self, ours: &[usize], theirs: &[usize]) {
        for item in ours {
            self.0[OURS][*item] = true;
        }
        for item in theirs {
            self.0[THEIRS][*item] = true;
        }
    }
}

/// The nearest lines of ours that are held against one of theirs for a difference that explains
/// itself.
const MOST_HINTS: usize = 400;

/// How good a hint is, days apart, our line, their line, what it says.
type Hint = (u8, i32, usize, usize, Reason);

pub(crate) fn run(work: &mut Work<'_>) {
    let mut spoken = Spoken(work.proposed());
    equal_amounts(work, &mut spoken);
    sums(work, &mut spoken);
    unequal_amounts(work, &mut spoken);
}

/// Equal amounts, partner not unique: the nearest dates first.
fn equal_amounts(work: &mut Work<'_>, spoken: &mut Spoken) {
    for (ours, theirs) in clusters_by_amount(work, |item| !item.extra) {
        if ours.len() * theirs.len() > MOST_PAIRS || work.stopped() {
            for (side, lines, others) in [(OURS, &ours, &theirs), (THEIRS, &theirs, &ours)] {
                for line in lines {
                    work.limit(side, *line, others.len());
                }
            }
            for (a, b) in crowd::pairs(work, &ours, &theirs) {
                propose_pair(work, spoken, a, b);
            }
            continue;
        }
        let mut pairs: Vec<(bool, i32, usize, usize)> = Vec::new();
        for a in &ours {
            for b in &theirs {
                if work.compatible(*a, *b) && in_window(work, *a, *b) {
                    let (x, y) = (&work.items[OURS][*a], &work.items[THEIRS][*b]);
                    let clash = x.key != 0 && y.key != 0 && (x.shared_shape && y.shared_shape);
                    pairs.push((clash, distance(work, *a, *b), *a, *b));
                }
            }
        }
        pairs.sort_unstable();
        for (_, _, a, b) in pairs {
            propose_pair(work, spoken, a, b);
        }
    }
}

fn propose_pair(work: &mut Work<'_>, spoken: &mut Spoken, a: usize, b: usize) {
    if spoken.free(OURS, a) && spoken.free(THEIRS, b) {
        let verdict = pair_verdict(work, a, b).with(Reason::Ambiguous);
        let evidence = Evidence { days: work.days(a, b), rank: 1, ..Evidence::default() };
        work.suggest(Pass::AmountDate, &[a], &[b], verdict, evidence);
        spoken.take(&[a], &[b]);
    }
}

/// Sums that are not unique, or that chance could have made. All are searched at once; where a
/// line has been spoken for since, what is left is searched again.
fn sums(work: &mut Work<'_>, spoken: &mut Spoken) {
    for total_side in [THEIRS, OURS] {
        let totals: Vec<usize> = work
            .open(total_side)
            .filter(|item| {
                let line = &work.items[total_side][*item];
                !line.extra && line.day != NO_DAY && spoken.free(total_side, *item)
            })
            .collect();
        let index = combination::index(work, 1 - total_side);
        let found: Vec<Option<Sum>> = totals
            .par_iter()
            .map(|total| {
                let parts = combination::parts(work, &index, total_side, *total);
                sum(work, spoken, total_side, *total, parts)
            })
            .collect();
        for (total, found) in totals.into_iter().zip(found) {
            let Some(first) = found else { continue };
            let side = 1 - total_side;
            let found = if first.parts.lines.iter().all(|item| spoken.free(side, *item)) {
                Some(first)
            } else {
                sum(work, spoken, total_side, total, first.parts)
            };
            if let Some(found) = found {
                propose_sum(work, spoken, total_side, total, found);
            }
        }
    }
}

/// A search for a sum: among which lines, and its answer.
struct Sum {
    parts: Parts,
    found: Found,
    first: Vec<usize>,
    /// Not all lines in reach were searched.
    bounded: bool,
}

/// Searches the parts that nothing speaks for.
fn sum(
    work: &Work<'_>,
    spoken: &Spoken,
    total_side: usize,
    total: usize,
    mut parts: Parts,
) -> Option<Sum> {
    let bounded = parts.bounded();
    parts.keep(|item| spoken.free(1 - total_side, item));
    if parts.lines.len() < 2 || work.stopped() {
        return None;
    }
    // Where more accidents than one are expected there is no hint at all.
    let bounds = combination::bounds(work, work.rules.combination.operations / 10, 1_000_000);
    let (found, first) = combination::search(work, total_side, total, &parts.lines, bounds);
    Some(Sum { parts, found, first, bounded })
}

fn propose_sum(
    work: &mut Work<'_>,
    spoken: &mut Spoken,
    total_side: usize,
    total: usize,
    sum: Sum,
) {
    let Sum { parts, found, first, bounded } = sum;
    let main = if total_side == OURS { Reason::Split } else { Reason::Merged };
    let one = [total];
    // Whole groups in rank order; only the first speaks for its lines.
    for (rank, members) in (1..).zip(alternatives(&found, first, &parts.lines)) {
        let (ours, theirs): (&[usize], &[usize]) =
            if total_side == OURS { (&one, &members) } else { (&members, &one) };
        let evidence = Evidence {
            search: Some(found.answer),
            tried: found.tried,
            candidates: parts.lines.len() as u64,
            rank,
            ..Evidence::default()
        };
        let mut verdict = Verdict::of(main).with(Reason::Ambiguous);
        if bounded {
            verdict = verdict.with(Reason::SearchLimit);
        }
        work.suggest(Pass::Combination, ours, theirs, verdict, evidence);
        if rank == 1 {
            spoken.take(ours, theirs);
        }
    }
}

/// The solutions of a search as lines, the first one first. Of a search by single days only the
/// first is known by its lines.
fn alternatives(found: &Found, first: Vec<usize>, parts: &[usize]) -> Vec<Vec<usize>> {
    let by_index = |solution: &Vec<usize>| solution.iter().map(|at| parts[*at]).collect();
    let mut all: Vec<Vec<usize>> = found.solutions.iter().map(by_index).collect();
    if all.first() != Some(&first) {
        all = vec![first];
    }
    all.retain(|members| !members.is_empty());
    all
}

/// Amounts that differ in a way that explains itself, or whose numbers are nearly one.
fn unequal_amounts(work: &mut Work<'_>, spoken: &mut Spoken) {
    let dates = &work.rules.dates;
    let index = ByDay::of(work, OURS, |item| spoken.free(OURS, item));
    let theirs: Vec<usize> = work
        .open(THEIRS)
        .filter(|b| spoken.free(THEIRS, *b) && work.items[THEIRS][*b].day != NO_DAY)
        .collect();
    let written = |side: usize| -> Vec<Written> {
        let wanted = |item: usize| {
            let line = &work.items[side][item];
            line.open && spoken.free(side, item) && line.key != 0 && line.day != NO_DAY
        };
        let of = |item: usize| match wanted(item) {
            true => Written::of(work.raw(side, item)),
            false => Written::default(),
        };
        (0..work.items[side].len()).into_par_iter().map(of).collect()
    };
    let written = [written(OURS), written(THEIRS)];
    let look = |b: &usize| -> (Vec<Hint>, Range<usize>) {
        if work.stopped() {
            return (Vec::new(), 0..0);
        }
        let day = work.items[THEIRS][*b].day;
        let reach =
            index.between(day.saturating_sub(dates.later), day.saturating_add(dates.earlier));
        let days = index.outward(reach.clone(), day, day);
        let near = days.flat_map(|(_, day)| day).take(MOST_HINTS).map(|at| index.line(at));
        let hints = near.filter_map(|a| {
            let (rank, reason) = hint(work, &written, a, *b)?;
            Some((rank, distance(work, a, *b), a, *b, reason))
        });
        (hints.collect(), reach)
    };
    let mut hints: Vec<Hint> = Vec::new();
    let looked: Vec<(Vec<Hint>, Range<usize>)> = theirs.par_iter().map(look).collect();
    // Per line of ours, by day: how many more such searches reach it than reach the one before.
    let mut reached = vec![0_i64; index.len() + 1];
    for (b, (of_b, reach)) in theirs.iter().zip(looked) {
        if reach.len() > MOST_HINTS {
            work.limit(THEIRS, *b, reach.len());
            reached[reach.start] += 1;
            reached[reach.end] -= 1;
        }
        hints.extend(of_b);
    }
    let mut searches = 0;
    for (at, more) in reached.iter().take(index.len()).enumerate() {
        searches += more;
        if searches > 0 {
            work.limit(OURS, index.line(at), searches as usize);
        }
    }
    hints.sort_unstable_by_key(|(rank, days, a, b, _)| (*rank, *days, *a, *b));
    for (_, days, a, b, reason) in hints {
        if !spoken.free(OURS, a) || !spoken.free(THEIRS, b) {
            continue;
        }
        let mut verdict = Verdict::of(reason);
        if let Some(note) = work.reference_note(a, b) {
            verdict = verdict.with(note);
        }
        let evidence = Evidence { days: Some(days), rank: 1, ..Evidence::default() };
        work.suggest(Pass::Diagnostic, &[a], &[b], verdict, evidence);
        spoken.take(&[a], &[b]);
    }
}

/// How good a hint two lines of unlike amounts give: smaller is better.
fn hint(work: &Work<'_>, written: &[Vec<Written>; 2], a: usize, b: usize) -> Option<(u8, Reason)> {
    let (x, y) = (&work.items[OURS][a], &work.items[THEIRS][b]);
    if x.extra || y.extra || x.amount == y.amount || !work.compatible(a, b) {
        return None;
    }
    let near = distance(work, a, b) <= work.rules.dates.money_tolerance;
    let rules = &work.rules.differences;
    // Nearly all pairs end here: nothing explains them, so only their numbers could.
    let reason = if explicable(x.amount, y.amount, rules) {
        difference::explain(x.amount, y.amount, work.is_money(&[a], &[b]), rules).reason?
    } else {
        Reason::Amount
    };
    if reason == Reason::Amount && !near {
        return None;
    }
    let named = written[OURS][a].corruption(&written[THEIRS][b]).is_some();
    let clash = x.key != 0 && (y.points || y.shared_shape) && !named;
    match reason {
        _ if clash => None,
        Reason::Amount if named && near => Some((2, reason)),
        Reason::Amount if near && difference::is_one_digit(x.amount, y.amount) => Some((4, reason)),
        Reason::Amount => None,
        _ if named => Some((0, reason)),
        Reason::Rounding if near => Some((1, reason)),
        _ if near => Some((3, reason)),
        _ => None,
    }
}

/// Whether a difference may explain itself at all; cheap, and true for all that do.
fn explicable(ours: i64, theirs: i64, rules: &Differences) -> bool {
    let apart = (i128::from(ours) - i128::from(theirs)).unsigned_abs();
    let (a, b) = (u128::from(ours.unsigned_abs()), u128::from(theirs.unsigned_abs()));
    let (small, large) = (a.min(b), a.max(b));
    let rate = rules.tax_ppm.iter().copied().max().unwrap_or(0).unsigned_abs();
    let taxed = large <= small + small * u128::from(rate) / 1_000_000 + 1;
    let shares = rules.discount_ppm.iter().chain(&rules.withholding_ppm);
    let share = shares.copied().max().unwrap_or(0).unsigned_abs();
    let reduced = large - small <= large * u128::from(share) / 1_000_000 + 1;
    apart <= u128::from(rules.rounding.unsigned_abs().max(rules.bank_charge.unsigned_abs()))
        || taxed
        || reduced
        || large == small * 10
        || large == small * 100
        // Two neighboring digits swapped.
        || apart.is_multiple_of(9)
}
