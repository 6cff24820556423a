//! Pass 2 exact 精确: same customer, same reference, same amount, over whole columns.
//!
//! There are millions of such pairs, so this pass works on columns: both sides are cut into
//! partitions by a 64-bit key of (block, reference, amount) ([`partition`]), and partition by
//! partition the lines of ours are put into a table in which those of theirs look for their
//! equal ([`join`]). A key only finds candidates; what it finds is compared in full before it
//! counts.

mod clusters;
mod join;
mod order;
mod partition;

use heqi_domain::{LineIx, Lines};
use rayon::prelude::*;

use crate::block::Blocks;
use crate::outcome::{ExactPair, GroupId};
use crate::reference;
use crate::ruleset::RuleSet;
use join::{Join, Table};
pub(crate) use order::in_order;
use partition::Side;

/// What the exact pass found and what it left.
#[derive(Default)]
pub(crate) struct Exact {
    /// Pairs with nothing to say about them, by partition, in no order.
    pub plain: Vec<Vec<PlainPair>>,
    /// Pairs whose dates deserve a note.
    pub dated: Vec<(LineIx, LineIx)>,
    /// k lines against k that nothing tells apart.
    pub alike: Vec<(Vec<LineIx>, Vec<LineIx>)>,
    /// Open lines of each side; `true` = its equals found partners, it is one too many.
    pub open: [Vec<(LineIx, bool)>; 2],
}

/// A pair with nothing to say about it: twenty bytes, since there are millions.
#[derive(Clone, Copy)]
pub(crate) struct PlainPair {
    /// The two halves of its id, the upper one first.
    id: [u32; 2],
    pub ours: LineIx,
    pub theirs: LineIx,
    pub block: u32,
}

impl PlainPair {
    fn new(id: GroupId, ours: LineIx, theirs: LineIx, block: u32) -> Self {
        Self { id: [(id.0 >> 32) as u32, id.0 as u32], ours, theirs, block }
    }

    fn pair(self) -> ExactPair {
        let [upper, lower] = self.id.map(u64::from);
        ExactPair { id: GroupId(upper << 32 | lower), ours: self.ours, theirs: self.theirs }
    }
}

/// Lines a side whose partitions are in memory at once: what is beyond waits for the next round.
const AT_ONCE: usize = 1 << 20;

/// A round has its number in a byte.
const MOST_ROUNDS: usize = 200;

/// Runs the pass. What it returns is in no order: the later passes sort their lines by content,
/// and the caller sorts pairs and groups.
pub(crate) fn run(ours: &Lines, theirs: &Lines, blocks: &Blocks, rules: &RuleSet) -> Exact {
    if !rules.passes.exact {
        let all = |lines: &Lines| (0..lines.len() as LineIx).map(|line| (line, false)).collect();
        return Exact { open: [all(ours), all(theirs)], ..Exact::default() };
    }
    let salts: Vec<u64> = blocks
        .accounts
        .iter()
        .map(|account| {
            reference::hash_text(
                format!("{}\u{0}{}", account.customer, account.currency).as_bytes(),
            )
        })
        .collect();
    let longer = ours.len().max(theirs.len());
    let bits = partition::bits(longer);
    let count = 1_usize << bits;
    let step = count.div_ceil(longer.div_ceil(AT_ONCE).clamp(1, MOST_ROUNDS));
    let side = |lines, block_of| Side { lines, block_of, salts: &salts, rules, bits, step };
    let (a, b) = (side(ours, &blocks.of_ours), side(theirs, &blocks.of_theirs));
    let join = Join { ours, theirs, rules };
    let mut all = Exact::default();
    let (mut due_a, mut due_b) = (Vec::new(), Vec::new());
    for round in 0..count.div_ceil(step) {
        let (mut ours, mut theirs) =
            rayon::join(|| a.partition(round, &due_a), || b.partition(round, &due_b));
        if round == 0 {
            (due_a, due_b) = (ours.due(), theirs.due());
        }
        let parts: Vec<Exact> = (0..step.min(count - round * step))
            .into_par_iter()
            .map_init(Table::default, |table, part| {
                join.partition(ours.part(part), theirs.part(part), table)
            })
            .collect();
        for mut part in parts {
            all.plain.append(&mut part.plain);
            all.dated.append(&mut part.dated);
            all.alike.append(&mut part.alike);
            for side in 0..2 {
                all.open[side].append(&mut part.open[side]);
            }
        }
        all.open[0].extend(ours.without().map(|line| (line, false)));
        all.open[1].extend(theirs.without().map(|line| (line, false)));
    }
    all
}
