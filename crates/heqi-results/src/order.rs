//! The order of `groups` and `members`: by block, exact pairs first, then the other groups.
//!
//! The outcome keeps exact pairs apart, because there are millions of them; here the two lists
//! are merged again and cut into pieces that threads encode at once.

use std::ops::Range;

use crate::model::MatchResult;

/// A run of rows of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Exact pairs of this block: a range of [`pairs`](heqi_matching::Outcome::pairs).
    Pairs(usize, Range<usize>),
    /// Other groups: a range of [`groups`](heqi_matching::Outcome::groups).
    Groups(Range<usize>),
}

/// Rows per piece of work, in groups.
pub const PIECE: usize = 1 << 15;

/// The merged order, in pieces of about [`PIECE`] groups.
pub fn pieces(result: &MatchResult) -> Vec<Vec<Run>> {
    let outcome = result.outcome;
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    let mut room = PIECE;
    let (mut pair, mut group) = (0, 0);
    let last = outcome.blocks.len().saturating_sub(1);
    for (at, block) in outcome.blocks.iter().enumerate() {
        // The last block takes what is left, so that all are written even if one were out of
        // place.
        let pair_end = if at == last { outcome.pairs.len() } else { block.pairs.end.max(pair) };
        let ahead = outcome.groups[group..].partition_point(|it| it.block as usize <= at);
        let group_end = if at == last { outcome.groups.len() } else { group + ahead };
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
        place(pair..pair_end, &|range| Run::Pairs(at, range));
        place(group..group_end, &Run::Groups);
        (pair, group) = (pair_end, group_end);
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}
