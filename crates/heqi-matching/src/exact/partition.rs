//! The lines of one side with their keys, cut into partitions that fit a core's cache.

use std::ops::Range;

use heqi_domain::{Day, EntryKind, LineIx, Lines};
use rayon::prelude::*;

use super::Left;
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
    /// Partitions of a round; a round's are in memory at once.
    pub step: usize,
}

/// The lines of some partitions, chunk by chunk.
pub(super) struct Partitioned(Vec<Chunk>);

struct Chunk {
    /// By partition.
    entries: Vec<Entry>,
    /// Per partition: where its entries begin; and where the last ends.
    starts: Vec<u32>,
    /// Lines without a reference; noted in the first round.
    without: Vec<Left>,
    /// In the first round of several: in which round each line is due.
    due: Vec<u8>,
}

impl Partitioned {
    /// The lines of a partition, in pieces; partitions are counted from the first of the round.
    pub fn part(&self, part: usize) -> impl Iterator<Item = &[Entry]> + Clone {
        self.0.iter().map(move |chunk| {
            &chunk.entries[chunk.starts[part] as usize..chunk.starts[part + 1] as usize]
        })
    }

    /// Per chunk, if there are more rounds than this one: in which round each line is due.
    pub fn due(&mut self) -> Vec<Vec<u8>> {
        self.0.iter_mut().map(|chunk| std::mem::take(&mut chunk.due)).collect()
    }

    /// Lines without a reference.
    pub fn without(&self) -> impl Iterator<Item = Left> {
        self.0.iter().flat_map(|chunk| chunk.without.iter().copied())
    }
}

/// No round: the line has no reference.
const NEVER: u8 = u8::MAX;

impl Side<'_> {
    /// Cuts the side for one round. `due` is what the first round said; empty in the first round.
    pub fn partition(&self, round: usize, due: &[Vec<u8>]) -> Partitioned {
        let chunks = self.lines.len().div_ceil(CHUNK);
        let chunk = |keys: &mut Vec<(u64, LineIx)>, chunk: usize| {
            let lines = chunk * CHUNK..self.lines.len().min((chunk + 1) * CHUNK);
            self.chunk(lines, round, due.get(chunk).map(Vec::as_slice), keys)
        };
        let chunks = (0..chunks).into_par_iter();
        Partitioned(chunks.map_init(|| Vec::with_capacity(CHUNK), chunk).collect())
    }

    fn chunk(
        &self,
        lines: Range<usize>,
        round: usize,
        known: Option<&[u8]>,
        keys: &mut Vec<(u64, LineIx)>,
    ) -> Chunk {
        let part = |key: u64| (key >> 32 >> (32 - self.bits)) as usize;
        let several = self.step < 1 << self.bits;
        let (mut without, mut due) = (Vec::new(), Vec::new());
        if several && known.is_none() {
            due.reserve_exact(lines.len());
        }
        keys.clear();
        for (place, line) in lines.enumerate() {
            // Keys are hashed again rather than kept: they would cost eight bytes a line.
            if known.is_some_and(|due| usize::from(due[place]) != round) {
                continue;
            }
            let key = self.key(line);
            let turn = part(key) / self.step;
            if key == 0 {
                let block = self.block_of[self.lines.account[line] as usize];
                without.push(Left { line: line as LineIx, block, extra: false });
            } else if turn == round {
                keys.push((key, line as LineIx));
            }
            if several && known.is_none() {
                due.push(if key == 0 { NEVER } else { turn as u8 });
            }
        }
        let first = round * self.step;
        let mut starts = vec![0_u32; self.step + 1];
        for (key, _) in &*keys {
            starts[part(*key) - first + 1] += 1;
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
        let mut entries = vec![blank; keys.len()];
        let mut next = starts.clone();
        let texts = self.lines.reference.bytes();
        for (key, line) in &*keys {
            let slot = &mut next[part(*key) - first];
            entries[*slot as usize] = Entry {
                text: Short::of(texts, self.lines.reference.span(*line)),
                key: *key,
                line: *line,
                block: self.block_of[self.lines.account[*line as usize] as usize],
                day: self.lines.day[*line as usize],
                kind: self.lines.kind_of(*line),
            };
            *slot += 1;
        }
        Chunk { entries, starts, without, due }
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
    use heqi_domain::{Account, Currency, Side as Whose};

    use super::*;
    use crate::ruleset::RuleSet;

    #[test]
    fn rounds_cut_what_one_round_cuts() {
        let mut lines = Lines::new(Whose::Ours);
        lines.accounts = vec![Account { customer: String::new(), currency: Currency::CNY }];
        let count = 2 * CHUNK + 77;
        for line in 0..count {
            lines.account.push(0);
            lines.amount.push(line as i64 % 7 - 3);
            lines.day.push(line as i32);
            lines.kind.push(EntryKind::Sale);
            let number = if line % 5 == 0 { String::new() } else { format!("SO-{}", line / 2) };
            lines.reference.push(&number);
        }
        let rules = RuleSet::preset("default").unwrap();
        let cut = |step: usize| {
            let (block_of, salts) = ([0], [1]);
            let side = Side {
                lines: &lines,
                block_of: &block_of,
                salts: &salts,
                rules: &rules,
                bits: 4,
                step,
            };
            let (mut parts, mut without, mut due) = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..16_usize.div_ceil(step) {
                let mut cut = side.partition(round, &due);
                if round == 0 {
                    due = cut.due();
                }
                for part in 0..step.min(16 - round * step) {
                    let of_part = cut.part(part).flatten().map(|entry| (entry.key, entry.line));
                    parts.push(of_part.collect::<Vec<_>>());
                }
                without.extend(cut.without());
            }
            (parts, without)
        };
        let whole = cut(16);
        assert_eq!(whole.0.iter().map(Vec::len).sum::<usize>() + whole.1.len(), count);
        assert!(whole.0.iter().all(|part| !part.is_empty()));
        for step in [1, 3, 8] {
            assert_eq!(cut(step), whole, "{step} partitions a round");
        }
    }

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
