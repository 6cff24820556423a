//! Pass 7 for what is still open 未结余额: an invoice and its part receipts on one side stand
//! against the one open item of the other, whose number is missing or corrupted.

use heqi_domain::Reason;

use crate::evidence::Evidence;
use crate::outcome::{Pass, Verdict};
use crate::passes::same_reference::Cluster;
use crate::reference;
use crate::work::{OURS, THEIRS, Work};

/// Open lines of one amount among which one is looked for; of more none is singled out.
const MOST_EQUAL: usize = 200;

/// Lines of one number whose signs net to what is still open.
struct Net {
    lines: Vec<usize>,
    amount: i64,
}

pub(crate) fn run(work: &mut Work<'_>) {
    for side in [OURS, THEIRS] {
        let nets = nets(work, side);
        let mut by_amount: Vec<(i64, usize)> =
            work.open(1 - side).map(|item| (work.items[1 - side][item].amount, item)).collect();
        by_amount.sort_unstable();
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (at, net) in nets.iter().enumerate() {
            let first = by_amount.partition_point(|entry| entry.0 < net.amount);
            let last = by_amount.partition_point(|entry| entry.0 <= net.amount);
            if last - first > MOST_EQUAL {
                net.lines.iter().for_each(|line| work.limit(side, *line, last - first));
                continue;
            }
            let equal = by_amount[first..last].iter().map(|entry| entry.1);
            let found = equal.filter(|item| stands_against(work, side, net, *item));
            pairs.extend(found.map(|item| (at, item)));
        }
        let mut of_item: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
        of_item.sort_unstable();
        let rivals = |item: usize| {
            let first = of_item.partition_point(|other| *other < item);
            of_item.get(first + 1) == Some(&item)
        };
        let unique = pairs.chunk_by(|a, b| a.0 == b.0).filter(|chunk| chunk.len() == 1);
        for (at, item) in unique.flatten().filter(|pair| !rivals(pair.1)) {
            join(work, side, &nets[*at], *item);
        }
    }
}

fn nets(work: &Work<'_>, side: usize) -> Vec<Net> {
    let mut keyed: Vec<(u64, usize)> = work
        .open(side)
        .map(|item| (work.items[side][item].key, item))
        .filter(|(key, item)| *key != 0 && !work.items[side][*item].extra)
        .collect();
    keyed.sort_unstable();
    keyed
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|chunk| chunk.len() > 1)
        .map(|chunk| {
            let lines: Vec<usize> = chunk.iter().map(|entry| entry.1).collect();
            Net { amount: work.sum(side, &lines), lines }
        })
        .filter(|net| {
            let kinds = |money: bool| {
                net.lines.iter().any(|item| work.items[side][*item].money() == Some(money))
            };
            net.amount != 0 && kinds(true) && kinds(false)
        })
        .collect()
}

fn stands_against(work: &Work<'_>, side: usize, net: &Net, item: usize) -> bool {
    let other = &work.items[1 - side][item];
    if other.amount != net.amount || other.extra || other.kind.is_money() {
        return false;
    }
    // The open item is dated like the document, which is the first of the net's lines.
    let first = net.lines.iter().copied().find(|at| work.items[side][*at].money() == Some(false));
    let Some(document) = first else { return false };
    let (ours, theirs) = if side == OURS { (document, item) } else { (item, document) };
    let near = work
        .days(ours, theirs)
        .is_none_or(|days| days >= -work.rules.dates.earlier && days <= work.rules.dates.later);
    let named = reference::corruption(work.raw(OURS, ours), work.raw(THEIRS, theirs)).is_some();
    near && (named || other.key == 0 || (!other.points && !other.shared_shape))
}

fn join(work: &mut Work<'_>, side: usize, net: &Net, item: usize) {
    let class = if side == OURS {
        Cluster { ours: net.lines.clone(), theirs: vec![item] }
    } else {
        Cluster { ours: vec![item], theirs: net.lines.clone() }
    };
    let mut verdict = Verdict::of(Reason::PartialPayment);
    if let Some(note) = work.reference_note(class.ours[0], class.theirs[0]) {
        verdict = verdict.with(note);
    }
    let evidence = Evidence { key: work.key_text(side, net.lines[0]), ..Evidence::default() };
    work.join(Pass::AmountDate, &class.ours, &class.theirs, verdict, evidence);
}
