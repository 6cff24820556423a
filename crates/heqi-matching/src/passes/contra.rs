//! Pass 1 contra 对冲: an entry and its exact reversal on one side.
//!
//! An invoice and its payment share a number and cancel out too, so the two lines must be of
//! one known kind, or one of them must say that it reverses. It runs on what the exact pass
//! left: an entry and reversal that the other side has as well are pairs, not a contra.

use heqi_domain::{EntryKind, Reason};

use crate::evidence::Evidence;
use crate::outcome::{Pass, Verdict};
use crate::work::{OURS, Work};

/// Words by which a line says that it reverses another.
const WORDS: [&str; 10] =
    ["红冲", "冲销", "冲红", "冲回", "作废", "reversal", "reverse", "storno", "void", "contra"];

/// Lines of one number and amount that are tried as an entry's reversal; where more stand open
/// they are movements of an account, not reversals.
const MOST_REVERSALS: usize = 200;

pub(crate) fn run(work: &mut Work<'_>) {
    for side in 0..2 {
        let mut keyed: Vec<(u64, i64, usize)> = work
            .open(side)
            .filter(|item| work.items[side][*item].key != 0)
            .map(|item| (work.items[side][item].key, work.items[side][item].amount, item))
            .collect();
        keyed.sort_unstable();
        for cluster in keyed.chunk_by(|a, b| a.0 == b.0) {
            reversals(work, side, cluster);
        }
    }
}

/// Entries in order of their amount, each with the first reversal that is still open. The cluster
/// is sorted by amount, so its reversals stand together.
fn reversals(work: &mut Work<'_>, side: usize, cluster: &[(u64, i64, usize)]) {
    // Where the open reversals of an amount begin; entries of one amount follow each other.
    let mut from = (0, 0);
    for (_, amount, entry) in cluster.iter().filter(|(_, amount, _)| *amount > 0) {
        let first = cluster.partition_point(|other| other.1 < -*amount);
        if from.0 != *amount {
            from = (*amount, first);
        }
        let closed =
            |at: &usize| cluster[*at].1 == -*amount && !work.items[side][cluster[*at].2].open;
        from.1 = (from.1..cluster.len()).find(|at| !closed(at)).unwrap_or(cluster.len());
        let partner = cluster[from.1..]
            .iter()
            .take_while(|(_, other, _)| *other == -*amount)
            .take(MOST_REVERSALS)
            .find(|(_, _, item)| {
                work.items[side][*item].open && reverses(work, side, *entry, *item)
            });
        if let Some((_, _, item)) = partner
            && work.items[side][*entry].open
        {
            let evidence = Evidence { key: work.key_text(side, *entry), ..Evidence::default() };
            let verdict = Verdict::of(Reason::ReversalOneSided);
            let lines = [*entry, *item];
            let (ours, theirs): (&[usize], &[usize]) =
                if side == OURS { (&lines, &[]) } else { (&[], &lines) };
            work.join(Pass::Contra, ours, theirs, verdict, evidence);
        }
    }
}

fn reverses(work: &Work<'_>, side: usize, a: usize, b: usize) -> bool {
    let (first, second) = (&work.items[side][a], &work.items[side][b]);
    let says = |item: usize| {
        let text = work.text(side, item).to_lowercase();
        work.items[side][item].kind == EntryKind::Reversal
            || WORDS.iter().any(|word| text.contains(word))
    };
    let same_kind = first.kind == second.kind && first.kind != EntryKind::Unknown;
    same_kind || says(a) || says(b)
}
