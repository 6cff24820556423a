//! Content order: equal inputs give equal bytes, so rows stand in one order only.

use heqi_domain::Side;

use super::Case;
use super::violation::{Place, Violations};
use crate::outcome::ExactPair;

pub(crate) fn check(case: &Case, found: &mut Violations) {
    let outcome = case.outcome;
    let accounts = |at: usize| &outcome.blocks[at].account;
    ascending(outcome.blocks.len(), accounts, Place::Block, found);
    let pair = |at: usize| {
        let pair = &outcome.pairs[at];
        let day = case.ours.day[pair.ours as usize];
        (case.block_of(Side::Ours, pair.ours), day, pair.id)
    };
    ascending(outcome.pairs.len(), pair, Place::Pair, found);
    ranges(case, found);
    let group = |at: usize| {
        let group = &outcome.groups[at];
        let ours = group.ours.iter().map(|line| case.ours.day[*line as usize]);
        let theirs = group.theirs.iter().map(|line| case.theirs.day[*line as usize]);
        let first = ours.chain(theirs).min();
        (group.block, group.state, group.evidence.rank, first)
    };
    ascending(outcome.groups.len(), group, Place::Group, found);
    ascending(outcome.residuals.len(), |at| outcome.residuals[at].block, Place::Residual, found);
    let row = |at: usize| {
        let row = &outcome.discrepancies[at];
        (row.block, row.verdict.main, row.id)
    };
    ascending(outcome.discrepancies.len(), row, Place::Discrepancy, found);
}

/// The pairs of the blocks follow each other and are all.
fn ranges(case: &Case, found: &mut Violations) {
    let (blocks, pairs) = (&case.outcome.blocks, &case.outcome.pairs);
    let mut end = 0;
    for (at, block) in blocks.iter().enumerate() {
        let own = pairs.get(block.pairs.clone()).unwrap_or_default();
        // Pairs are in the order of blocks, so the outer ones speak for those between.
        let inside = |pair: Option<&ExactPair>| {
            pair.is_none_or(|pair| case.block_of(Side::Ours, pair.ours) == Some(at as u32))
        };
        let fits = block.pairs.start == end && inside(own.first()) && inside(own.last());
        if !fits || own.len() != block.pairs.len() {
            let claimed = format!("{:?}", block.pairs);
            found.add(Place::Block(at), "pairs", String::new(), "the next pairs", claimed);
        }
        end = block.pairs.end;
    }
    if end != pairs.len() {
        let expected = format!("{} pairs in all", pairs.len());
        found.add(Place::Block(blocks.len()), "pairs", String::new(), expected, end);
    }
}

/// No two groups have one name.
pub(crate) fn distinct(case: &Case, found: &mut Violations) {
    let groups = &case.outcome.groups;
    let mut ids: Vec<_> = groups.iter().enumerate().map(|(at, group)| (group.id, at)).collect();
    ids.sort_unstable();
    for twice in ids.windows(2).filter(|two| two[0].0 == two[1].0) {
        let group = &groups[twice[1].1];
        let names = case.names(&group.ours, &group.theirs);
        found.add(Place::Group(twice[1].1), "group id", names, "one group a name", group.id);
    }
}

/// Notes the first place where a row stands before its predecessor.
fn ascending<K: PartialOrd>(
    count: usize,
    key: impl Fn(usize) -> K,
    place: impl Fn(usize) -> Place,
    found: &mut Violations,
) {
    if let Some(at) = (1..count).find(|at| key(*at) < key(at - 1)) {
        found.add(place(at), "order", String::new(), "rows in content order", "out of order");
    }
}
