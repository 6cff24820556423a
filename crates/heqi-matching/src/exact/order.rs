//! Millions of pairs in the order in which they are shown.

use heqi_domain::{Day, LineIx};
use rayon::prelude::*;

use super::PlainPair;
use crate::outcome::{ExactPair, GroupId};

/// Pairs by block, day of ours and id (by content, and readable by a person), and how many each
/// block has.
pub(crate) fn in_order(
    parts: Vec<Vec<PlainPair>>,
    blocks: usize,
    days: &[Day],
) -> (Vec<ExactPair>, Vec<usize>) {
    let counts = count(&parts, blocks);
    let blank = ExactPair { id: GroupId(0), ours: 0, theirs: 0 };
    let mut sorted = vec![blank; counts.iter().sum()];
    let mut buckets = cut(&mut sorted, &counts);
    // Each range of blocks picks its pairs out of all.
    let ranges = rayon::current_num_threads();
    let share = counts.iter().sum::<usize>().div_ceil(ranges).max(1);
    let mut taken = Vec::with_capacity(ranges);
    let (mut first, mut size) = (0, 0);
    for (block, count) in counts.iter().enumerate() {
        size += count;
        if size >= share || block + 1 == counts.len() {
            taken.push((first, buckets.drain(..block + 1 - first).collect::<Vec<_>>()));
            (first, size) = (block + 1, 0);
        }
    }
    taken.into_par_iter().for_each(|(first, mut buckets): (usize, Vec<&mut [ExactPair]>)| {
        let mut used = vec![0_usize; buckets.len()];
        for pair in parts.iter().flatten() {
            let block = (pair.block as usize).wrapping_sub(first);
            if let (Some(bucket), Some(used)) = (buckets.get_mut(block), used.get_mut(block)) {
                bucket[*used] = pair.pair();
                *used += 1;
            }
        }
    });
    // The parts are larger than what has come of them.
    drop(parts);
    let buckets = cut(&mut sorted, &counts);
    buckets.into_par_iter().with_max_len(1).for_each(|bucket| by_day(bucket, days));
    (sorted, counts)
}

/// How many pairs each block has.
fn count(parts: &[Vec<PlainPair>], blocks: usize) -> Vec<usize> {
    let share = parts.len().div_ceil(rayon::current_num_threads()).max(1);
    let of_share = |parts: &[Vec<PlainPair>]| {
        let mut counts = vec![0_usize; blocks];
        parts.iter().flatten().for_each(|pair| counts[pair.block as usize] += 1);
        counts
    };
    let shares: Vec<Vec<usize>> = parts.par_chunks(share).map(of_share).collect();
    let mut counts = vec![0_usize; blocks];
    for share in shares {
        counts.iter_mut().zip(share).for_each(|(all, some)| *all += some);
    }
    counts
}

/// The pairs of a block by day and id.
fn by_day(pairs: &mut [ExactPair], days: &[Day]) {
    // One number says it all: the day (less than any if unknown), the id, the place here.
    let mut keys: Vec<u128> = Vec::with_capacity(pairs.len());
    keys.extend((0_u32..).zip(pairs.iter()).map(|(place, pair)| {
        let day = (days[pair.ours as usize] as u32) ^ 1 << 31;
        u128::from(day) << 96 | u128::from(pair.id.0) << 32 | u128::from(place)
    }));
    keys.sort_unstable();
    // Each place takes the id out of its key and the lines that stood where the key says.
    let lines: Vec<[LineIx; 2]> = pairs.iter().map(|pair| [pair.ours, pair.theirs]).collect();
    for (pair, key) in pairs.iter_mut().zip(keys) {
        let [ours, theirs] = lines[key as u32 as usize];
        *pair = ExactPair { id: GroupId((key >> 32) as u64), ours, theirs };
    }
}

/// Cuts pairs into pieces of the given lengths, which make the whole.
fn cut<'a>(pairs: &'a mut [ExactPair], counts: &[usize]) -> Vec<&'a mut [ExactPair]> {
    let mut rest = pairs;
    let mut pieces = Vec::with_capacity(counts.len());
    for count in counts {
        let (piece, others) = rest.split_at_mut(*count);
        pieces.push(piece);
        rest = others;
    }
    pieces
}
