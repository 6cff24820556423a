//! Pass 10 suggestions 建议: what is likely but not certain, for a person to decide.
//!
//! Nothing is joined here. Pairs of one amount whose partner is not unique are assigned at
//! least total distance and proposed; then sums that chance could have made; then lines whose
//! amounts differ in a way that explains itself.

use heqi_domain::{NO_DAY, Reason};

use crate::combination::{Bounds, Found};
use crate::evidence::Evidence;
use crate::explain::difference;
use crate::outcome::{Pass, Verdict};
use crate::passes::amount_date::{distance, in_window, pair_verdict};
use crate::passes::combination::{parts, search};
use crate::passes::variant::clusters_by_amount;
use crate::reference;
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

pub(crate) fn run(work: &mut Work<'_>) {
    let mut spoken = Spoken(work.proposed());
    equal_amounts(work, &mut spoken);
    sums(work, &mut spoken);
    unequal_amounts(work, &mut spoken);
}

/// Equal amounts, partner not unique: the nearest dates first.
fn equal_amounts(work: &mut Work<'_>, spoken: &mut Spoken) {
    for (ours, theirs) in clusters_by_amount(work, |item| !item.extra) {
        if ours.len() * theirs.len() > 250_000 {
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
            if spoken.free(OURS, a) && spoken.free(THEIRS, b) {
                let verdict = pair_verdict(work, a, b).with(Reason::Ambiguous);
                let evidence = Evidence { days: work.days(a, b), rank: 1, ..Evidence::default() };
                work.suggest(Pass::AmountDate, &[a], &[b], verdict, evidence);
                spoken.take(&[a], &[b]);
            }
        }
    }
}

/// Sums that are not unique, or that chance could have made.
fn sums(work: &mut Work<'_>, spoken: &mut Spoken) {
    for total_side in [THEIRS, OURS] {
        let totals: Vec<usize> = work
            .open(total_side)
            .filter(|item| {
                let line = &work.items[total_side][*item];
                !line.extra && line.day != NO_DAY && spoken.free(total_side, *item)
            })
            .collect();
        for total in totals {
            propose_sum(work, spoken, total_side, total);
        }
    }
}

fn propose_sum(work: &mut Work<'_>, spoken: &mut Spoken, total_side: usize, total: usize) {
    let side = 1 - total_side;
    let mut parts = parts(work, total_side, total);
    parts.retain(|item| spoken.free(side, *item));
    if parts.len() < 2 {
        return;
    }
    let rule = &work.rules.combination;
    let bounds = Bounds {
        least: 2,
        most: rule.lines,
        operations: rule.operations / 10,
        // More accidents than one are expected beyond this: no hint at all.
        chance_ppm: Some(1_000_000),
        unit: work.unit,
    };
    let (found, first) = search(work, total_side, total, &parts, bounds);
    let main = if total_side == OURS { Reason::Split } else { Reason::Merged };
    let one = [total];
    // Whole groups in rank order; only the first speaks for its lines.
    for (rank, members) in (1..).zip(alternatives(&found, first, &parts)) {
        let (ours, theirs): (&[usize], &[usize]) =
            if total_side == OURS { (&one, &members) } else { (&members, &one) };
        let evidence = Evidence {
            search: Some(found.answer),
            tried: found.tried,
            candidates: parts.len() as u64,
            rank,
            ..Evidence::default()
        };
        let verdict = Verdict::of(main).with(Reason::Ambiguous);
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
    let theirs: Vec<usize> = work.open(THEIRS).filter(|item| spoken.free(THEIRS, *item)).collect();
    let mut hints: Vec<(u8, i32, usize, usize, Reason)> = Vec::new();
    for b in theirs {
        let day = work.items[THEIRS][b].day;
        if day == NO_DAY {
            continue;
        }
        let dates = &work.rules.dates;
        let items = &work.items[OURS];
        let first = items.partition_point(|item| item.day < day - dates.later);
        let near = (first..items.len()).take_while(|a| items[*a].day <= day + dates.earlier);
        for a in near.filter(|a| items[*a].open && spoken.free(OURS, *a)).take(400) {
            if let Some((rank, reason)) = hint(work, a, b) {
                hints.push((rank, distance(work, a, b), a, b, reason));
            }
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
fn hint(work: &Work<'_>, a: usize, b: usize) -> Option<(u8, Reason)> {
    let (x, y) = (&work.items[OURS][a], &work.items[THEIRS][b]);
    if x.extra || y.extra || x.amount == y.amount || !work.compatible(a, b) {
        return None;
    }
    let money = work.is_money(&[a], &[b]);
    let found = difference::explain(x.amount, y.amount, money, &work.rules.differences);
    let reason = found.reason?;
    let near = distance(work, a, b) <= work.rules.dates.money_tolerance;
    let named = reference::corruption(work.raw(OURS, a), work.raw(THEIRS, b)).is_some();
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
