//! The lines of one side with their keys, cut into partitions that fit a core's cache.

use std::ops::Range;

use heqi_domain::{Day, EntryKind, LineIx, Lines};
use rayon::prelude::*;

use crate::ruleset::RuleSet;

/// A line, the key it is looked for by, and what decides without a look at its columns: those
/// look-ups would be in no order, and cost more than all the rest.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub text: Short,
    pub key: u64,
    pub line: LineIx,
    pub block: u32,
    pub day: Day,
    pub kind: EntryKind,
}

/// A reference of up to fifteen bytes and, in the last byte, its length; of a longer one, the
/// beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Short([u8; 16]);

/// Length of a text that is longer than a [`Short`] holds.
const LONGER: u8 = 0xFF;

impl Short {
    const EMPTY: Self = Self([0; 16]);

    /// The text at `span` of `bytes`.
    fn of(bytes: &[u8], span: Range<usize>) -> Self {
        let length = span.len();
        // Sixteen bytes at once where there are so many; what is not the text's is masked out.
        let word = match bytes.get(span.start..).and_then(<[u8]>::first_chunk::<16>) {
            Some(chunk) => u128::from_le_bytes(*chunk),
            None => {
                let mut chunk = [0; 16];
                let some = length.min(16);
                chunk[..some].copy_from_slice(&bytes[span.start..span.start + some]);
                u128::from_le_bytes(chunk)
            }
        };
        let shown = length.min(15);
        let mut text = (word & ((1_u128 << (8 * shown)) - 1)).to_le_bytes();
        text[15] = if length > 15 { LONGER } else { length as u8 };
        Self(text)
    }

    /// Whether the text is longer than this shows.
    pub const fn is_longer(self) -> bool {
        self.0[15] == LONGER
    }
}

/// Both sides of a partition of about 8 Ki lines stay in a core's cache.
pub(super) fn bits(lines: usize) -> u32 {
    (lines >> 13).next_power_of_two().trailing_zeros().min(12)
}

/// Lines that are cut at once: with their entries they stay in a core's cache.
const CHUNK: usize = 1 << 14;

/// One side.
pub(super) struct Side<'a> {
    pub lines: &'a Lines,
    /// Per account: its block.
    pub block_of: &'a [u32],
    /// Per block: what makes its keys unlike those of other blocks.
    pub salts: &'a [u64],
    pub rules: &'a RuleSet,
    /// Number of partitions, as a power of two.
    pub bits: u32,
}

/// The lines of some partitions, chunk by chunk.
pub(super) struct Partitioned(Vec<Chunk>);

struct Chunk {
    /// By partition.
    entries: Vec<Entry>,
    /// Per partition: where its entries begin; and where the last ends.
    starts: Vec<u32>,
    /// Lines without a reference; noted with the first partitions.
    without: Vec<LineIx>,
}

impl Partitioned {
    /// The lines of a partition, in pieces; partitions are counted from the first of the range.
    pub fn part(&self, part: usize) -> impl Iterator<Item = &[Entry]> + Clone {
        self.0.iter().map(move |chunk| {
            &chunk.entries[chunk.starts[part] as usize..chunk.starts[part + 1] as usize]
        })
    }

    /// Lines without a reference.
    pub fn without(&self) -> impl Iterator<Item = LineIx> {
        self.0.iter().flat_map(|chunk| chunk.without.iter().copied())
    }
}

impl Side<'_> {
    /// Cuts the side; only the partitions in `range` are kept.
    pub fn partition(&self, range: Range<usize>) -> Partitioned {
        let chunks = self.lines.len().div_ceil(CHUNK);
        let chunk = |keys: &mut Vec<u64>, chunk: usize| {
            let lines = chunk * CHUNK..self.lines.len().min((chunk + 1) * CHUNK);
            self.chunk(lines, range.clone(), keys)
        };
        let chunks = (0..chunks).into_par_iter();
        Partitioned(chunks.map_init(|| Vec::with_capacity(CHUNK), chunk).collect())
    }

    fn chunk(&self, lines: Range<usize>, range: Range<usize>, keys: &mut Vec<u64>) -> Chunk {
        let part = |key: u64| (key >> 32 >> (32 - self.bits)) as usize;
        let mut starts = vec![0_u32; range.len() + 1];
        let mut without = Vec::new();
        keys.clear();
        for line in lines.clone() {
            let mut key = self.key(line);
            if key == 0 {
                if range.start == 0 {
                    without.push(line as LineIx);
                }
            } else if range.contains(&part(key)) {
                starts[part(key) - range.start + 1] += 1;
            } else {
                key = 0;
            }
            keys.push(key);
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let blank = Entry {
            text: Short::EMPTY,
            key: 0,
            line: 0,
            block: 0,
            day: 0,
            kind: EntryKind::Unknown,
        };
        let mut entries = vec![blank; starts[range.len()] as usize];
        let mut next = starts.clone();
        let texts = self.lines.reference.bytes();
        for (line, key) in lines.zip(keys.iter()).filter(|(_, key)| **key != 0) {
            let slot = &mut next[part(*key) - range.start];
            entries[*slot as usize] = Entry {
                text: Short::of(texts, self.lines.reference.span(line as LineIx)),
                key: *key,
                line: line as LineIx,
                block: self.block_of[self.lines.account[line] as usize],
                day: self.lines.day[line],
                kind: self.lines.kind_of(line as LineIx),
            };
            *slot += 1;
        }
        Chunk { entries, starts, without }
    }

    /// The key of a line; 0 where it has no reference.
    fn key(&self, line: usize) -> u64 {
        let key = self.rules.references.key(self.lines.reference.get(line as LineIx));
        if key == 0 {
            return 0;
        }
        let block = self.block_of[self.lines.account[line] as usize] as usize;
        mix(key ^ self.salts[block], self.lines.amount[line] as u64).max(1)
    }
}

/// Mixes two words so that every bit of both reaches every bit of the result.
///
/// Source: the `fmix64` finaliser of `MurmurHash3`, Austin Appleby, public domain.
const fn mix(a: u64, b: u64) -> u64 {
    let mut word = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    word = (word ^ word >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ word >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ word >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_equal_where_texts_are() {
        let texts = [
            "",
            "A",
            "AB",
            "B",
            "SO-0000000012",
            "123456789012345",
            "123456789012346",
            "单12",
            "单",
        ];
        let all = texts.concat();
        let mut start = 0;
        let shorts: Vec<Short> = texts
            .iter()
            .map(|text| {
                start += text.len();
                Short::of(all.as_bytes(), start - text.len()..start)
            })
            .collect();
        for (i, a) in shorts.iter().enumerate() {
            assert!(!a.is_longer());
            // The same text elsewhere, at the end of its column.
            assert!(*a == Short::of(texts[i].as_bytes(), 0..texts[i].len()));
            for (j, b) in shorts.iter().enumerate() {
                assert_eq!(a == b, i == j);
            }
        }
        let long = Short::of(b"1234567890123456", 0..16);
        assert!(long.is_longer() && long != Short::of(b"1234567890123456", 0..15));
        assert!(long == Short::of(b"1234567890123459", 0..16), "only the beginning is kept");
    }
}
