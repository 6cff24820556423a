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
    /// Open lines of each side.
    pub open: [Vec<Left>; 2],
}

/// A line that the pass left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Left {
    pub line: LineIx,
    pub block: u32,
    /// Its equals found partners, it is one too many.
    pub extra: bool,
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
    run_by(ours, theirs, blocks, rules, AT_ONCE)
}

fn run_by(ours: &Lines, theirs: &Lines, blocks: &Blocks, rules: &RuleSet, at_once: usize) -> Exact {
    if !rules.passes.exact {
        let all = |lines: &Lines, of: &[u32]| {
            let block = lines.account.iter().map(|account| of[*account as usize]);
            (0..).zip(block).map(|(line, block)| Left { line, block, extra: false }).collect()
        };
        let open = [all(ours, &blocks.of_ours), all(theirs, &blocks.of_theirs)];
        return Exact { open, ..Exact::default() };
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
    let step = count.div_ceil(longer.div_ceil(at_once).clamp(1, MOST_ROUNDS));
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
        all.open[0].extend(ours.without());
        all.open[1].extend(theirs.without());
    }
    all
}

#[cfg(test)]
mod tests {
    //! Goal: rounds change nothing. Method: one ledger with pairs, repeats, late and lonely lines,
    //! in one round and in many.

    use heqi_domain::{Account, Currency, EntryKind, Side as Whose};

    use super::*;

    fn ledger(side: Whose, count: usize, of: impl Fn(usize) -> (String, i64, i32)) -> Lines {
        let mut lines = Lines::new(side);
        lines.accounts = vec![Account { customer: String::new(), currency: Currency::CNY }];
        for (reference, amount, day) in (0..count).map(of) {
            lines.account.push(0);
            lines.amount.push(amount);
            lines.day.push(day);
            lines.kind.push(EntryKind::Sale);
            lines.reference.push(&reference);
        }
        lines
    }

    /// Everything that was found, in an order of its own.
    fn found(mut exact: Exact) -> impl PartialEq + std::fmt::Debug {
        let pairs = exact.plain.iter().flatten();
        let mut pairs: Vec<_> =
            pairs.map(|it| (it.pair().id, it.ours, it.theirs, it.block)).collect();
        pairs.sort_unstable();
        exact.dated.sort_unstable();
        exact.alike.sort_unstable();
        exact.open.iter_mut().for_each(|side| side.sort_unstable());
        (pairs, exact.dated, exact.alike, exact.open)
    }

    #[test]
    fn many_rounds_find_what_one_finds() {
        let count = 60_000;
        let number = |line: usize| match line % 11 {
            0 => String::new(),
            1 => format!("XS-{:020}", line / 40),
            _ => format!("XS-{line}"),
        };
        let amount = |line: usize| (line / 40) as i64 + 100;
        let ours =
            ledger(Whose::Ours, count, |line| (number(line), amount(line), line as i32 / 40 % 90));
        let theirs = ledger(Whose::Theirs, count, |line| {
            let late = if line % 17 == 0 { 20 } else { 0 };
            let other = i64::from(line % 23 == 0);
            (number(line), amount(line) + other, line as i32 / 40 % 90 + late)
        });
        let rules = RuleSet::preset("default").unwrap();
        let blocks = crate::block::find(&ours, &theirs);
        let by = |at_once| run_by(&ours, &theirs, &blocks, &rules, at_once);
        let one = by(count);
        let sizes = [one.plain.iter().map(Vec::len).sum(), one.dated.len(), one.alike.len()];
        assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
        assert!(one.open.iter().flatten().any(|left| left.extra));
        let one = found(one);
        for at_once in [count / 2, count / 5, 1] {
            assert!(found(by(at_once)) == one, "{at_once} lines at once");
        }
    }
}
