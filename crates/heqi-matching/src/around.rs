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

/// Answers the open lines' questions and gathers their twins.
pub(crate) fn look(
    lines: [&Lines; 2],
    block_of: [&[u32]; 2],
    open: &mut [(u32, OpenBlock)],
    references: References,
) -> Twins {
    let mut questions: HashMap<Question, AtomicU8> = HashMap::new();
    let mut amounts: HashMap<(u32, i64), ()> = HashMap::new();
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
    let mut twins: HashMap<(u32, usize, i64), Vec<Twin>> = HashMap::new();
    for side in [OURS, THEIRS] {
        let found = scan(lines[side], block_of[side], side, &questions, &amounts, references);
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
    questions: &HashMap<Question, AtomicU8>,
    amounts: &HashMap<(u32, i64), ()>,
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
                    if let Some(seen) = questions.get(&question) {
                        seen.fetch_or(1 << side, Ordering::Relaxed);
                    }
                }
            }
            let amount = lines.amount[index];
            amounts
                .contains_key(&(block, amount))
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
