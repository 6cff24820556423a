//! Pass 7 amount and date 金额日期: no usable reference, the same amount, dates in the window.
//!
//! Only what is unique both ways is joined, again and again until nothing more becomes unique;
//! then sets of interchangeable lines whose counts agree, asserted as sets. First in the whole
//! window, then in ever narrower ones, where a pair must be near and every rival far.

use heqi_domain::Reason;

use crate::evidence::Evidence;
use crate::outcome::{Pass, Verdict};
use crate::passes::variant::clusters_by_amount;
use crate::work::{OURS, THEIRS, Work};

/// Most lines of one amount that are compared pair by pair.
const MOST_PAIRS: usize = 40_000;

/// Our line, their line, days between them.
type Edge = (usize, usize, i32);

pub(crate) fn run(work: &mut Work<'_>) {
    for (ours, theirs) in clusters_by_amount(work, |item| !item.extra) {
        let (ours, theirs) = (distinct(work, OURS, &ours), distinct(work, THEIRS, &theirs));
        if ours.len() * theirs.len() <= MOST_PAIRS {
            unique_pairs(work, &ours, &theirs);
        }
    }
}

/// Lines of one number, amount and date are one document entered more than once: one of them
/// stands for all, the others are too many.
fn distinct(work: &mut Work<'_>, side: usize, lines: &[usize]) -> Vec<usize> {
    let near = work.rules.dates.document_tolerance * 2;
    let mut kept: Vec<usize> = Vec::with_capacity(lines.len());
    for at in lines {
        let line = &work.items[side][*at];
        let twin = kept.iter().any(|other| {
            let first = &work.items[side][*other];
            line.key != 0 && first.key == line.key && first.day.abs_diff(line.day) as i32 <= near
        });
        if twin {
            work.items[side][*at].extra = true;
        } else {
            kept.push(*at);
        }
    }
    kept
}

/// Whether two lines may be one although no number says so.
pub(crate) fn admissible(work: &Work<'_>, ours: usize, theirs: usize) -> bool {
    let (a, b) = (&work.items[OURS][ours], &work.items[THEIRS][theirs]);
    work.compatible(ours, theirs) && in_window(work, ours, theirs) && !contradict(work, a, b)
}

/// Two numbers of one numbering that differ are two documents. Money is named after what it
/// pays as often as by a number of its own, so its number proves nothing.
fn contradict(work: &Work<'_>, a: &crate::work::Item, b: &crate::work::Item) -> bool {
    let money = a.kind.is_money() || b.kind.is_money();
    if a.key == 0 || b.key == 0 || a.key == b.key {
        return false;
    }
    if money {
        b.points && a.points && !work.rules.passes.diagnostic
    } else {
        a.points || b.points || (a.shared_shape && b.shared_shape)
    }
}

pub(crate) fn in_window(work: &Work<'_>, ours: usize, theirs: usize) -> bool {
    let dates = &work.rules.dates;
    let money = work.is_money(&[ours], &[theirs]);
    let (earlier, later) = if money {
        (dates.money_tolerance * 2, dates.money_tolerance * 2)
    } else {
        (dates.earlier, dates.later)
    };
    work.days(ours, theirs).is_none_or(|days| days >= -earlier && days <= later)
}

/// Distance that orders rivals: a statement that follows is nearer than one that precedes.
pub(crate) fn distance(work: &Work<'_>, ours: usize, theirs: usize) -> i32 {
    work.days(ours, theirs).map_or(0, i32::abs)
}

fn unique_pairs(work: &mut Work<'_>, ours: &[usize], theirs: &[usize]) {
    let mut edges: Vec<Edge> = Vec::new();
    for a in ours {
        for b in theirs {
            if admissible(work, *a, *b) {
                edges.push((*a, *b, distance(work, *a, *b)));
            }
        }
    }
    // Whole window, then narrower: in a narrow one the rivals outside must be far.
    let near = work.rules.dates.near;
    for (width, clear) in [(i32::MAX, 0), (near, near * 5)] {
        loop {
            let before = edges.len();
            settle_unique(work, &mut edges, width, clear);
            settle_alike(work, &mut edges, width);
            if edges.len() == before {
                break;
            }
        }
    }
}

fn settle_unique(work: &mut Work<'_>, edges: &mut Vec<Edge>, width: i32, clear: i32) {
    let (best_ours, best_theirs) = (two_best(edges, |edge| edge.0), two_best(edges, |edge| edge.1));
    let clear_of_rivals = |best: &[(usize, i32, i32)], item: usize, days: i32| {
        best.binary_search_by_key(&item, |entry| entry.0).is_ok_and(|at| {
            let (_, nearest, second) = best[at];
            if width == i32::MAX {
                second == i32::MAX
            } else {
                days == nearest && second >= days.saturating_add(clear)
            }
        })
    };
    let unique: Vec<Edge> = edges
        .iter()
        .filter(|(a, b, days)| {
            *days <= width
                && clear_of_rivals(&best_ours, *a, *days)
                && clear_of_rivals(&best_theirs, *b, *days)
        })
        .copied()
        .collect();
    for (a, b, _) in unique {
        join(work, a, b);
    }
    edges.retain(|(a, b, _)| work.items[OURS][*a].open && work.items[THEIRS][*b].open);
}

/// Per line, by line: its nearest partner's distance and the next one's (`MAX`: none).
fn two_best(edges: &[Edge], line: impl Fn(&Edge) -> usize) -> Vec<(usize, i32, i32)> {
    let mut distances: Vec<(usize, i32)> = edges.iter().map(|edge| (line(edge), edge.2)).collect();
    distances.sort_unstable();
    distances
        .chunk_by(|a, b| a.0 == b.0)
        .map(|chunk| (chunk[0].0, chunk[0].1, chunk.get(1).map_or(i32::MAX, |next| next.1)))
        .collect()
}

/// Components whose every line may be any other's partner, with equal counts: a block match.
fn settle_alike(work: &mut Work<'_>, edges: &mut Vec<Edge>, width: i32) {
    let within: Vec<(usize, usize)> =
        edges.iter().filter(|edge| edge.2 <= width).map(|edge| (edge.0, edge.1)).collect();
    for (ours, theirs) in components(&within) {
        let complete =
            within.iter().filter(|(a, b)| ours.contains(a) && theirs.contains(b)).count()
                == ours.len() * theirs.len();
        // A line with a rival outside the component is not this component's to decide.
        let closed = edges.iter().all(|(a, b, _)| ours.contains(a) == theirs.contains(b));
        if ours.len() == theirs.len() && ours.len() > 1 && complete && closed {
            let verdict = alike_verdict(work, &ours, &theirs);
            work.join(Pass::AmountDate, &ours, &theirs, verdict, Evidence::default());
        }
    }
    edges.retain(|(a, b, _)| work.items[OURS][*a].open && work.items[THEIRS][*b].open);
}

fn alike_verdict(work: &Work<'_>, ours: &[usize], theirs: &[usize]) -> Verdict {
    let mut verdict = Verdict::NONE;
    let notes: Vec<Option<Reason>> =
        ours.iter().zip(theirs).map(|(a, b)| work.reference_note(*a, *b)).collect();
    for note in notes.into_iter().flatten() {
        verdict = verdict.with(note);
    }
    verdict
}

/// Connected components of a bipartite graph, each side sorted, in order of their first line.
pub(crate) fn components(edges: &[(usize, usize)]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut result: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (a, b) in edges {
        let mut merged = (vec![*a], vec![*b]);
        result.retain_mut(|component| {
            let touches = component.0.contains(a) || component.1.contains(b);
            if touches {
                merged.0.append(&mut component.0);
                merged.1.append(&mut component.1);
            }
            !touches
        });
        merged.0.sort_unstable();
        merged.0.dedup();
        merged.1.sort_unstable();
        merged.1.dedup();
        result.push(merged);
    }
    result.sort_unstable();
    result
}

fn join(work: &mut Work<'_>, a: usize, b: usize) {
    let verdict = pair_verdict(work, a, b);
    let evidence = Evidence { days: work.days(a, b), ..Evidence::default() };
    work.join(Pass::AmountDate, &[a], &[b], verdict, evidence);
}

/// Notes on reference and date of a pair that amount and date alone have joined.
pub(crate) fn pair_verdict(work: &Work<'_>, a: usize, b: usize) -> Verdict {
    let mut verdict = Verdict::NONE;
    for note in [work.reference_note(a, b), work.date_note(a, b)].into_iter().flatten() {
        verdict = verdict.with(note);
    }
    verdict
}
