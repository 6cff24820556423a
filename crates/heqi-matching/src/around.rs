//! What the open lines must know of the whole ledger: whether the other side knows their number
//! or numbers documents in their shape, and which other lines carry their amount.
//!
//! Only open lines ask, so one scan over both sides with their questions in a table is enough;
//! nothing is built for the millions of lines that are matched already.

use std::sync::atomic::{AtomicU8, Ordering};

use hashbrown::HashMap;
use heqi_domain::{LineIx, Lines};
use rayon::prelude::*;

use crate::explain::residual::Twin;
use crate::reference;
use crate::ruleset::References;
use crate::work::{Item, OURS, THEIRS};

/// Open lines of one block, by side.
pub(crate) type OpenBlock = [Vec<Item>; 2];

/// Lines that bear an open line's amount, by block, amount, side, day and place in the file.
pub(crate) struct Twins(Vec<Twin>);

impl Twins {
    /// The lines of one amount, by day.
    pub fn of(&self, block: u32, side: usize, amount: i64) -> &[Twin] {
        let wanted = (block, amount, side as u8);
        let key = |twin: &Twin| (twin.block, twin.amount, twin.side);
        let first = self.0.partition_point(|twin| key(twin) < wanted);
        let count = self.0[first..].partition_point(|twin| key(twin) == wanted);
        &self.0[first..first + count]
    }
}

/// A question that an open line asks of the other side.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    /// A line of this number and direction: an invoice is not known by its payment.
    Key(u32, u64, bool),
    Shape(u32, u64),
}

impl Question {
    fn place(self) -> u64 {
        match self {
            Self::Key(block, key, positive) => place(block, key.wrapping_add(positive.into())),
            Self::Shape(block, shape) => place(block, !shape),
        }
    }
}

/// Amounts that open lines of a block bear.
type Amounts = HashMap<(u32, i64), ()>;

/// A bit for every question and amount: nearly all lines are asked nothing, and find that out
/// without a look into a table that no cache holds.
struct Asked {
    bits: Vec<u64>,
    shift: u32,
}

impl Asked {
    fn of(questions: &HashMap<Question, AtomicU8>, amounts: &Amounts) -> Self {
        // Sixteen bits a question, in words of 64.
        let words = ((questions.len() + amounts.len()) / 4).next_power_of_two().max(2);
        let mut asked = Self { bits: vec![0; words], shift: 64 - words.trailing_zeros() };
        let amounts = amounts.keys().map(|(block, amount)| place(*block, *amount as u64));
        for place in questions.keys().map(|question| question.place()).chain(amounts) {
            asked.bits[(place >> asked.shift) as usize] |= 1 << (place & 63);
        }
        asked
    }

    fn maybe(&self, place: u64) -> bool {
        self.bits[(place >> self.shift) as usize] >> (place & 63) & 1 == 1
    }
}

/// Spreads a block and a word over all bits.
///
/// Source: the multiplier of Knuth, TAOCP 6.4, and a fold of the high half.
const fn place(block: u32, word: u64) -> u64 {
    let mixed = (word ^ (block as u64).rotate_left(40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

/// Answers the open lines' questions and gathers their twins.
pub(crate) fn look(
    lines: [&Lines; 2],
    block_of: [&[u32]; 2],
    open: &mut [OpenBlock],
    references: References,
) -> Twins {
    let mut questions: HashMap<Question, AtomicU8> = HashMap::new();
    let mut amounts = Amounts::new();
    let shapes = shapes(lines, open);
    for (block, (sides, shapes)) in (0..).zip(open.iter().zip(&shapes)) {
        for (items, shapes) in sides.iter().zip(shapes) {
            for (item, shape) in items.iter().zip(shapes) {
                amounts.insert((block, item.amount), ());
                if item.key != 0 {
                    questions.entry(Question::Key(block, item.key, item.amount > 0)).or_default();
                    questions.entry(Question::Shape(block, *shape)).or_default();
                }
            }
        }
    }
    let asked = Asked::of(&questions, &amounts);
    let mut twins: Vec<Twin> = Vec::new();
    for side in [OURS, THEIRS] {
        let mut waiting = vec![0_u64; lines[side].len().div_ceil(64)];
        for item in open.iter().flat_map(|sides| &sides[side]) {
            waiting[item.line as usize / 64] |= 1 << (item.line % 64);
        }
        let tables = (&asked, &questions, &amounts);
        twins.extend(scan(lines[side], block_of[side], side, &waiting, tables, references));
    }
    twins
        .par_sort_unstable_by_key(|twin| (twin.block, twin.amount, twin.side, twin.day, twin.line));
    open.par_iter_mut().zip(&shapes).enumerate().for_each(|(block, (sides, shapes))| {
        let block = block as u32;
        for side in [OURS, THEIRS] {
            let other = 1_u8 << (1 - side);
            let asked = sides[side].iter_mut().zip(&shapes[side]);
            for (item, shape) in asked.filter(|(item, _)| item.key != 0) {
                let known = |question: Question| {
                    questions
                        .get(&question)
                        .is_some_and(|seen| seen.load(Ordering::Relaxed) & other != 0)
                };
                item.points = known(Question::Key(block, item.key, item.amount > 0));
                item.shared_shape = known(Question::Shape(block, *shape));
            }
        }
    });
    Twins(twins)
}

/// Per open line: the shape of its reference.
fn shapes(lines: [&Lines; 2], open: &[OpenBlock]) -> Vec<[Vec<u64>; 2]> {
    let shape = |side: usize, item: &Item| shape_hash(lines[side].reference.get(item.line));
    open.par_iter()
        .map(|sides| {
            [OURS, THEIRS].map(|side| sides[side].iter().map(|item| shape(side, item)).collect())
        })
        .collect()
}

/// Answers what is asked of the lines of one side, and picks those of an amount that is asked
/// for. `waiting` has a bit for every open line.
fn scan(
    lines: &Lines,
    block_of: &[u32],
    side: usize,
    waiting: &[u64],
    (asked, questions, amounts): (&Asked, &HashMap<Question, AtomicU8>, &Amounts),
    references: References,
) -> Vec<Twin> {
    (0..lines.len())
        .into_par_iter()
        .with_min_len(1 << 12)
        .filter_map(|index| {
            let line = index as LineIx;
            let block = block_of[lines.account[index] as usize];
            let raw = lines.reference.get(line);
            let key = references.key(raw);
            let amount = lines.amount[index];
            if key != 0 {
                for question in
                    [Question::Key(block, key, amount > 0), Question::Shape(block, shape_hash(raw))]
                {
                    // Many lines answer one question: whoever is late only reads.
                    if asked.maybe(question.place())
                        && let Some(seen) = questions.get(&question)
                        && seen.load(Ordering::Relaxed) & 1 << side == 0
                    {
                        seen.fetch_or(1 << side, Ordering::Relaxed);
                    }
                }
            }
            let equal =
                asked.maybe(place(block, amount as u64)) && amounts.contains_key(&(block, amount));
            let matched = waiting[index / 64] >> (index % 64) & 1 == 0;
            let (side, day) = (side as u8, lines.day[index]);
            equal.then_some(Twin { block, side, amount, day, key, line, matched })
        })
        .collect()
}

/// Hash of a reference's shape; equal shapes, equal hashes.
fn shape_hash(raw: &str) -> u64 {
    if raw.is_ascii() && raw.len() <= 64 {
        let mut shape = [0_u8; 64];
        let mut used = 0;
        for byte in raw.bytes().filter(u8::is_ascii_alphanumeric) {
            shape[used] = if byte.is_ascii_digit() { b'9' } else { byte.to_ascii_uppercase() };
            used += 1;
        }
        return reference::hash_text(&shape[..used]);
    }
    reference::hash_text(reference::shape(raw).as_bytes())
}
