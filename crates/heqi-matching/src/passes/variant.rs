//! Pass 6 variant reference 号码变体: the same amount, and references that differ by a known
//! corruption. It settles only where the pair is unique both ways.

use hashbrown::HashMap;
use heqi_domain::Reason;
use rayon::prelude::*;

use crate::evidence::Evidence;
use crate::outcome::{Pass, Verdict};
use crate::reference::{Corruption, Written};
use crate::work::{OURS, THEIRS, Work};

/// Most lines of one amount on both sides that are compared pair by pair.
pub(crate) const MOST_PAIRS: usize = 40_000;

pub(crate) fn run(work: &mut Work<'_>) {
    let clusters = by_amount(work);
    let found: Vec<Vec<(usize, usize, Corruption)>> =
        clusters.par_iter().map(|(ours, theirs)| variants(work, ours, theirs)).collect();
    for pairs in found.into_iter().filter(|pairs| !pairs.is_empty()) {
        // The clearest corruption first: a pair that is unique among confusions stays so even
        // if some other number is one edit away.
        for kind in [Corruption::Confused, Corruption::OneEdit, Corruption::Shortened] {
            let open: Vec<&(usize, usize, Corruption)> = pairs
                .iter()
                .filter(|(a, b, _)| work.items[OURS][*a].open && work.items[THEIRS][*b].open)
                .collect();
            let mut uses: [HashMap<usize, u32>; 2] = [HashMap::new(), HashMap::new()];
            for (a, b, _) in open.iter().filter(|pair| pair.2 <= kind) {
                *uses[OURS].entry(*a).or_default() += 1;
                *uses[THEIRS].entry(*b).or_default() += 1;
            }
            let unique: Vec<(usize, usize)> = open
                .iter()
                .filter(|(_, _, corruption)| *corruption == kind)
                .filter(|(a, b, _)| uses[OURS][a] == 1 && uses[THEIRS][b] == 1)
                .map(|(a, b, _)| (*a, *b))
                .collect();
            for (a, b) in unique {
                join(work, a, b);
            }
        }
    }
}

/// Open lines with a reference, by amount, both sides present.
fn by_amount(work: &Work<'_>) -> Vec<(Vec<usize>, Vec<usize>)> {
    clusters_by_amount(work, |item| item.key != 0 && !item.extra)
}

/// Open lines of one amount that pass a filter, both sides present, in content order.
pub(crate) fn clusters_by_amount(
    work: &Work<'_>,
    keep: impl Fn(&crate::work::Item) -> bool,
) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut keyed: Vec<(i64, usize, usize)> = Vec::new();
    for side in [OURS, THEIRS] {
        let open = work.open(side).filter(|item| keep(&work.items[side][*item]));
        keyed.extend(open.map(|item| (work.items[side][item].amount, side, item)));
    }
    keyed.sort_unstable();
    keyed
        .chunk_by(|a, b| a.0 == b.0)
        .map(|chunk| {
            let pick = |side| -> Vec<usize> {
                chunk.iter().filter(|entry| entry.1 == side).map(|entry| entry.2).collect()
            };
            (pick(OURS), pick(THEIRS))
        })
        .filter(|(ours, theirs)| !ours.is_empty() && !theirs.is_empty())
        .collect()
}

fn variants(work: &Work<'_>, ours: &[usize], theirs: &[usize]) -> Vec<(usize, usize, Corruption)> {
    let mut pairs = Vec::new();
    if ours.len() * theirs.len() > MOST_PAIRS || work.stopped() {
        return pairs;
    }
    let window = work.rules.dates.reference_window;
    let written = |side: usize, lines: &[usize]| -> Vec<Written> {
        lines.iter().map(|line| Written::of(work.raw(side, *line))).collect()
    };
    let (of_ours, of_theirs) = (written(OURS, ours), written(THEIRS, theirs));
    for (a, of_a) in ours.iter().zip(&of_ours) {
        for (b, of_b) in theirs.iter().zip(&of_theirs) {
            if work.compatible(*a, *b)
                && work.days(*a, *b).is_none_or(|days| days.abs() <= window)
                && let Some(kind) = of_a.corruption(of_b)
            {
                pairs.push((*a, *b, kind));
            }
        }
    }
    pairs
}

fn join(work: &mut Work<'_>, a: usize, b: usize) {
    let mut verdict = Verdict::NONE.with(Reason::WrongReference);
    if let Some(note) = work.date_note(a, b) {
        verdict = verdict.with(note);
    }
    let evidence =
        Evidence { key: work.key_text(OURS, a), days: work.days(a, b), ..Evidence::default() };
    work.join(Pass::VariantReference, &[a], &[b], verdict, evidence);
}
