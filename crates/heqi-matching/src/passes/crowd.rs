//! A crowd of equal amounts 同额成群: more lines of one amount than are compared pair by pair.
//!
//! Which is which nobody can tell, but that the other side has them too is plain, so they are not
//! called missing: they are paired by nearest date, a day's distance at a time, in one walk over
//! both sides each.

use std::collections::BTreeMap;

use heqi_domain::NO_DAY;

use crate::passes::amount_date::in_window;
use crate::work::{Item, OURS, THEIRS, Work};

/// Lines that may meet the same others: money, document or unknown; with a number or without.
type Class = (Option<bool>, bool);

/// Lines of one side that wait for a partner, by class, each in content order.
type Waiting = BTreeMap<Class, Vec<usize>>;

/// Pairs of lines of one amount, nearest dates first and those without a date last. Two lines that
/// both bear a number are left apart: unlike numbers are two documents.
pub(crate) fn pairs(work: &Work<'_>, ours: &[usize], theirs: &[usize]) -> Vec<(usize, usize)> {
    let of =
        |dated: bool| [by_class(work, OURS, ours, dated), by_class(work, THEIRS, theirs, dated)];
    let (mut waiting, mut undated) = (of(true), of(false));
    let mut pairs = Vec::new();
    for distance in 0..=farthest(work, ours, theirs) {
        if work.stopped() {
            break;
        }
        // At one distance the statement that follows goes before the one that precedes.
        walk_all(work, &mut waiting, distance, &mut pairs);
        if distance > 0 {
            walk_all(work, &mut waiting, -distance, &mut pairs);
        }
    }
    let ([a, b], [undated_a, undated_b]) = (&mut waiting, &mut undated);
    in_order(undated_a, undated_b, &mut pairs);
    in_order(undated_a, b, &mut pairs);
    in_order(a, undated_b, &mut pairs);
    pairs
}

fn by_class(work: &Work<'_>, side: usize, lines: &[usize], dated: bool) -> Waiting {
    let mut waiting = Waiting::new();
    let wanted = |line: &&usize| (work.items[side][**line].day != NO_DAY) == dated;
    for line in lines.iter().filter(wanted) {
        waiting.entry(class(&work.items[side][*line])).or_default().push(*line);
    }
    waiting
}

fn class(line: &Item) -> Class {
    (line.money(), line.key != 0)
}

fn may_meet((a, a_numbered): Class, (b, b_numbered): Class) -> bool {
    let alike = match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    alike && !(a_numbered && b_numbered)
}

/// The largest distance that the rules allow and the dates have.
fn farthest(work: &Work<'_>, ours: &[usize], theirs: &[usize]) -> i32 {
    let dates = &work.rules.dates;
    let allowed = dates.earlier.max(dates.later).max(dates.money_tolerance.saturating_mul(2));
    let ours = ours.iter().map(|line| work.items[OURS][*line].day);
    let days = ours.chain(theirs.iter().map(|line| work.items[THEIRS][*line].day));
    let dated = days.filter(|day| *day != NO_DAY);
    let (first, last) = dated.fold((i32::MAX, i32::MIN), |(a, b), day| (a.min(day), b.max(day)));
    allowed.min(last.saturating_sub(first))
}

fn walk_all(
    work: &Work<'_>,
    waiting: &mut [Waiting; 2],
    days: i32,
    pairs: &mut Vec<(usize, usize)>,
) {
    let [ours, theirs] = waiting;
    for (of_ours, a) in ours.iter_mut() {
        for (of_theirs, b) in theirs.iter_mut() {
            if may_meet(*of_ours, *of_theirs) {
                walk(work, a, b, days, pairs);
            }
        }
    }
}

/// Pairs the lines whose dates lie so many days apart, ours before theirs.
fn walk(
    work: &Work<'_>,
    ours: &mut Vec<usize>,
    theirs: &mut Vec<usize>,
    days: i32,
    pairs: &mut Vec<(usize, usize)>,
) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (ours.get(i), theirs.get(j)) {
        let wanted = work.items[OURS][*a].day.saturating_add(days);
        match wanted.cmp(&work.items[THEIRS][*b].day) {
            std::cmp::Ordering::Equal if in_window(work, *a, *b) => {
                pairs.push((*a, *b));
                (i, j) = (i + 1, j + 1);
            }
            std::cmp::Ordering::Greater => {
                right.push(*b);
                j += 1;
            }
            _ => {
                left.push(*a);
                i += 1;
            }
        }
    }
    left.extend_from_slice(&ours[i..]);
    right.extend_from_slice(&theirs[j..]);
    (*ours, *theirs) = (left, right);
}

/// Pairs lines between which no date decides.
fn in_order(ours: &mut Waiting, theirs: &mut Waiting, pairs: &mut Vec<(usize, usize)>) {
    for (of_ours, a) in ours.iter_mut() {
        for (of_theirs, b) in theirs.iter_mut() {
            if may_meet(*of_ours, *of_theirs) {
                let count = a.len().min(b.len());
                pairs.extend(a.drain(..count).zip(b.drain(..count)));
            }
        }
    }
}
