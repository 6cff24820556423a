//! The order of `groups` and `members`: by block, exact pairs first, then the other groups.
//!
//! The outcome keeps exact pairs apart and without their block, because there are millions of
//! them; here the two lists are merged again and cut into pieces that threads encode at once.

use std::collections::BTreeMap;
use std::ops::Range;

use heqi_domain::{Account, LineIx, Lines, Side};
use heqi_matching::{ExactPair, Outcome};

use crate::model::MatchResult;

/// A run of rows of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Exact pairs: a range of [`Outcome::pairs`], all of this block.
    Pairs(usize, Range<usize>),
    /// Other groups: a range of [`Outcome::groups`].
    Groups(Range<usize>),
}

/// Rows per piece of work, in groups.
pub const PIECE: usize = 1 << 15;

/// The merged order, in pieces of about [`PIECE`] groups.
pub fn pieces(result: &MatchResult) -> Vec<Vec<Run>> {
    let outcome = result.outcome;
    let pair_block = PairBlocks::new(result);
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    let mut room = PIECE;
    let (mut pair, mut group) = (0, 0);
    for block in 0..outcome.blocks.len().max(1) {
        let last = block + 1 >= outcome.blocks.len();
        // Every pair and group is placed exactly once even if one were out of order.
        let pair_end = match last {
            true => outcome.pairs.len(),
            false => pair + outcome.pairs[pair..].partition_point(|it| pair_block.of(it) <= block),
        };
        let group_end = match last {
            true => outcome.groups.len(),
            false => {
                group + outcome.groups[group..].partition_point(|it| it.block as usize <= block)
            }
        };
        let mut place = |range: Range<usize>, run: &dyn Fn(Range<usize>) -> Run| {
            let mut from = range.start;
            while from < range.end {
                let to = range.end.min(from + room);
                piece.push(run(from..to));
                room -= to - from;
                from = to;
                if room == 0 {
                    pieces.push(std::mem::take(&mut piece));
                    room = PIECE;
                }
            }
        };
        place(pair..pair_end, &|range| Run::Pairs(block, range));
        place(group..group_end, &Run::Groups);
        (pair, group) = (pair_end, group_end);
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Finds the block of an exact pair by the account of its lines.
struct PairBlocks<'a> {
    ours: (&'a Lines, Vec<Option<usize>>),
    theirs: (&'a Lines, Vec<Option<usize>>),
}

impl<'a> PairBlocks<'a> {
    fn new(result: &MatchResult<'a>) -> Self {
        let of = |side| (result.lines(side), account_blocks(result.outcome, result.lines(side)));
        Self { ours: of(Side::Ours), theirs: of(Side::Theirs) }
    }

    fn of(&self, pair: &ExactPair) -> usize {
        let look = |(lines, blocks): &(&Lines, Vec<Option<usize>>), line: LineIx| {
            blocks[lines.account[line as usize] as usize]
        };
        look(&self.ours, pair.ours).or_else(|| look(&self.theirs, pair.theirs)).unwrap_or(0)
    }
}

/// Per account of a side: its block. By name; an account that the kernel put under another
/// name (a customer group) by the groups and residuals that hold its lines.
fn account_blocks(outcome: &Outcome, lines: &Lines) -> Vec<Option<usize>> {
    let names: BTreeMap<&Account, usize> =
        outcome.blocks.iter().enumerate().map(|(at, block)| (&block.account, at)).collect();
    let mut blocks: Vec<Option<usize>> =
        lines.accounts.iter().map(|account| names.get(account).copied()).collect();
    if blocks.iter().all(Option::is_some) {
        return blocks;
    }
    let mut learn = |line: LineIx, block: u32| {
        let known = &mut blocks[lines.account[line as usize] as usize];
        *known = known.or(Some(block as usize));
    };
    for group in &outcome.groups {
        let members = if lines.side == Side::Ours { &group.ours } else { &group.theirs };
        members.iter().for_each(|line| learn(*line, group.block));
    }
    for residual in outcome.residuals.iter().filter(|residual| residual.side == lines.side) {
        learn(residual.line, residual.block);
    }
    blocks
}
