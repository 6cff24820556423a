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

/// Lines of a block by amount: (block, side, amount) → lines, by day.
pub(crate) struct Twins(HashMap<(u32, usize, i64), Vec<Twin>>);

impl Twins {
    pub fn of(&self, block: u32, side: usize, amount: i64) -> &[Twin] {
        self.0.get(&(block, side, amount)).map_or(&[], Vec::as_slice)
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
    open: &mut [(u32, OpenBlock)],
    references: References,
) -> Twins {
    let mut questions: HashMap<Question, AtomicU8> = HashMap::new();
    let mut amounts = Amounts::new();
    for (block, sides) in open.iter() {
        for (side, items) in sides.iter().enumerate() {
            for item in items {
                amounts.insert((*block, item.amount), ());
                let raw = lines[side].reference.get(item.line);
                if item.key != 0 {
                    questions.entry(Question::Key(*block, item.key, item.amount > 0)).or_default();
                    questions.entry(Question::Shape(*block, shape_hash(raw))).or_default();
                }
            }
        }
    }
    let asked = Asked::of(&questions, &amounts);
    let mut twins: HashMap<(u32, usize, i64), Vec<Twin>> = HashMap::new();
    for side in [OURS, THEIRS] {
        let tables = (&asked, &questions, &amounts);
        let found = scan(lines[side], block_of[side], side, tables, references);
        for (block, amount, twin) in found {
            twins.entry((block, side, amount)).or_default().push(twin);
        }
    }
    for (block, sides) in open.iter_mut() {
        for side in [OURS, THEIRS] {
            let other = 1_u8 << (1 - side);
            for item in &mut sides[side] {
                let raw = lines[side].reference.get(item.line);
                let known = |question: Question| {
                    questions
                        .get(&question)
                        .is_some_and(|seen| seen.load(Ordering::Relaxed) & other != 0)
                };
                if item.key != 0 {
                    item.points = known(Question::Key(*block, item.key, item.amount > 0));
                    item.shared_shape = known(Question::Shape(*block, shape_hash(raw)));
                }
                if let Some(equal) = twins.get_mut(&(*block, side, item.amount)) {
                    // One scan found them, so they stand in the order of the file.
                    if let Ok(at) = equal.binary_search_by_key(&item.line, |twin| twin.line) {
                        equal[at].matched = false;
                    }
                }
            }
        }
    }
    let lists: Vec<&mut Vec<Twin>> = twins.values_mut().collect();
    lists
        .into_par_iter()
        .for_each(|equal| equal.sort_unstable_by_key(|twin| (twin.day, twin.line)));
    Twins(twins)
}

fn scan(
    lines: &Lines,
    block_of: &[u32],
    side: usize,
    (asked, questions, amounts): (&Asked, &HashMap<Question, AtomicU8>, &Amounts),
    references: References,
) -> Vec<(u32, i64, Twin)> {
    (0..lines.len())
        .into_par_iter()
        .with_min_len(1 << 12)
        .filter_map(|index| {
            let line = index as LineIx;
            let block = block_of[lines.account[index] as usize];
            let raw = lines.reference.get(line);
            let key = references.key(raw);
            if key != 0 {
                for question in [
                    Question::Key(block, key, lines.amount[index] > 0),
                    Question::Shape(block, shape_hash(raw)),
                ] {
                    // Many lines answer one question: whoever is late only reads.
                    if asked.maybe(question.place())
                        && let Some(seen) = questions.get(&question)
                        && seen.load(Ordering::Relaxed) & 1 << side == 0
                    {
                        seen.fetch_or(1 << side, Ordering::Relaxed);
                    }
                }
            }
            let amount = lines.amount[index];
            (asked.maybe(place(block, amount as u64)) && amounts.contains_key(&(block, amount)))
                .then(|| (block, amount, Twin { key, day: lines.day[index], line, matched: true }))
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
