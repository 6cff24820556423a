//! The two sides of one partition: who has an equal.

use heqi_domain::{EntryKind, LineIx, Lines};

use super::partition::Entry;
use super::{Exact, Left, PlainPair};
use crate::outcome::GroupId;
use crate::reference;
use crate::ruleset::{References, RuleSet};
use crate::work::date_note;

/// What is asked when two lines are compared.
pub(super) struct Join<'a> {
    pub ours: &'a Lines,
    pub theirs: &'a Lines,
    pub rules: &'a RuleSet,
}

/// The lines of ours by key; its room is used again for the next partition.
#[derive(Default)]
pub(super) struct Table {
    /// By hash: 1 + index of the first line of a key in `ours`; 0 = free.
    slots: Vec<u32>,
    ours: Vec<Entry>,
    /// Per line of ours: who asked for it.
    asked: Vec<Asked>,
}

/// Who of theirs has the key of a line of ours.
#[derive(Clone, Copy)]
enum Asked {
    /// Nobody.
    No,
    /// One line.
    Once(Entry),
    /// More than one, or more than one line of ours has the key.
    Several,
    /// It is not the first line of ours with its key.
    Repeats,
}

impl Table {
    /// Puts the lines of ours in their places.
    fn fill<'e>(&mut self, ours: impl Iterator<Item = &'e [Entry]>) {
        self.ours.clear();
        ours.for_each(|piece| self.ours.extend_from_slice(piece));
        let size = (2 * self.ours.len()).next_power_of_two();
        self.slots.clear();
        self.slots.resize(size, 0);
        self.asked.clear();
        self.asked.resize(self.ours.len(), Asked::No);
        for index in 0..self.ours.len() {
            let (slot, first) = self.find(self.ours[index].key);
            match first {
                None => self.slots[slot] = index as u32 + 1,
                Some(first) => {
                    self.asked[first] = Asked::Several;
                    self.asked[index] = Asked::Repeats;
                }
            }
        }
    }

    /// The place of a key, and the first line that has it.
    #[inline]
    fn find(&self, key: u64) -> (usize, Option<usize>) {
        let mask = self.slots.len() - 1;
        let mut slot = key as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return (slot, None),
                index if self.ours[index as usize - 1].key == key => {
                    return (slot, Some(index as usize - 1));
                }
                _ => slot = (slot + 1) & mask,
            }
        }
    }
}

impl Join<'_> {
    /// Joins the lines of one partition.
    pub fn partition<'e>(
        &self,
        ours: impl Iterator<Item = &'e [Entry]>,
        theirs: impl Iterator<Item = &'e [Entry]>,
        table: &mut Table,
    ) -> Exact {
        let mut found = Exact::default();
        // Lines whose key is not theirs alone.
        let mut several: [Vec<Entry>; 2] = [Vec::new(), Vec::new()];
        table.fill(ours);
        let mut pairs = Vec::with_capacity(table.ours.len());
        for entry in theirs.flatten() {
            let (_, first) = table.find(entry.key);
            let Some(first) = first else {
                found.open[1].push(entry.left(false));
                continue;
            };
            match table.asked[first] {
                Asked::No => table.asked[first] = Asked::Once(*entry),
                Asked::Once(before) => {
                    several[1].extend([before, *entry]);
                    table.asked[first] = Asked::Several;
                }
                Asked::Several | Asked::Repeats => several[1].push(*entry),
            }
        }
        for (a, asked) in table.ours.iter().zip(&table.asked) {
            match asked {
                Asked::No => found.open[0].push(a.left(false)),
                Asked::Several | Asked::Repeats => several[0].push(*a),
                Asked::Once(b) if a.block == b.block && self.agree(a, b) => {
                    self.pair(GroupId(a.key), (a, b), &mut pairs, &mut found);
                }
                Asked::Once(b) => {
                    found.open[0].push(a.left(false));
                    found.open[1].push(b.left(false));
                }
            }
        }
        self.clusters(several, &mut pairs, &mut found);
        // Room for pairs that there are not would stay until all are joined.
        if 2 * pairs.len() < pairs.capacity() {
            pairs.shrink_to_fit();
        }
        found.plain.push(pairs);
        found
    }

    /// Whether two lines of one block and key agree in full: a key alone is no proof.
    ///
    /// Equal references in one block leave the amount as all that the key still holds, and `mix`
    /// maps unlike amounts to unlike keys, so the amounts need no second look.
    pub(super) fn agree(&self, a: &Entry, b: &Entry) -> bool {
        let core = |lines: &Lines, line| reference::core(lines.reference.get(line));
        let same = self.same_as_written(a, b);
        match self.rules.references {
            References::AsWritten => same,
            References::Folded => {
                (same || core(self.ours, a.line) == core(self.theirs, b.line))
                    && self.may_meet(a, b)
            }
        }
    }

    pub(super) fn same_as_written(&self, a: &Entry, b: &Entry) -> bool {
        a.text == b.text && (!a.text.is_longer() || self.same_in_full(a.line, b.line))
    }

    fn same_in_full(&self, a: LineIx, b: LineIx) -> bool {
        self.ours.reference.get(a) == self.theirs.reference.get(b)
    }

    /// Whether kinds and dates allow two lines to be one.
    fn may_meet(&self, a: &Entry, b: &Entry) -> bool {
        let unknown = EntryKind::Unknown;
        let dates = &self.rules.dates;
        // What lies farther apart waits until the lines of its number are seen together: a
        // receipt may share number and amount with a sale whose sign was flipped.
        let window = if a.kind.is_money() || b.kind.is_money() {
            dates.money_tolerance * 2
        } else {
            dates.later
        };
        (a.kind == unknown || b.kind == unknown || a.kind.is_money() == b.kind.is_money())
            && a.distance(b).is_none_or(|days| days <= window)
    }

    pub(super) fn pair(
        &self,
        id: GroupId,
        (a, b): (&Entry, &Entry),
        pairs: &mut Vec<PlainPair>,
        found: &mut Exact,
    ) {
        let plain = self.rules.references == References::AsWritten || {
            let money = a.kind.is_money() || b.kind.is_money();
            date_note(self.rules, a.day, b.day, money).is_none()
        };
        if plain {
            pairs.push(PlainPair::new(id, a.line, b.line, a.block));
        } else {
            found.dated.push((a.line, b.line));
        }
    }
}

impl Entry {
    /// The line, left open.
    pub(super) const fn left(&self, extra: bool) -> Left {
        Left { line: self.line, block: self.block, extra }
    }

    /// Days between two lines, whichever is later; `None` where one has no date.
    pub(super) fn distance(&self, other: &Self) -> Option<i32> {
        let no = heqi_domain::NO_DAY;
        (self.day != no && other.day != no).then(|| self.day.abs_diff(other.day) as i32)
    }
}
