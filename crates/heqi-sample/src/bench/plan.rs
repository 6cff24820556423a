//! What must be known before a line can be made: merged groups and copies.

use super::line::{COPY, DAYS, GROUP, Source};
use crate::random::{Random, Shuffle, Weighted};

/// The merged groups, the copies, and the customers' shares.
#[derive(Debug)]
pub(super) struct Plan {
    lines: u32,
    seed: u64,
    customers: Weighted,
    /// One bit per line of ours: whether it is in a merged group.
    is_member: Vec<u64>,
    /// Lines in merged groups and their group, by line.
    members: Vec<(u32, u32)>,
    /// The same, by group: where each group's lines begin in `grouped`.
    starts: Vec<u32>,
    grouped: Vec<u32>,
    /// Customer of each group.
    group_customers: Vec<u32>,
    copies_of_ours: Vec<u32>,
    copies_of_theirs: Vec<u32>,
}

/// The lines of a group lie within so many days.
const GROUP_DAYS: u64 = 10;

impl Plan {
    pub(super) fn new(lines: u32, seed: u64) -> Self {
        let customers = Weighted::zipf(u64::from(lines / 1000).max(10));
        let mut plan = Self {
            lines,
            seed,
            customers,
            is_member: vec![0; (lines as usize).div_ceil(64)],
            members: Vec::new(),
            starts: vec![0],
            grouped: Vec::new(),
            group_customers: Vec::new(),
            copies_of_ours: Vec::new(),
            copies_of_theirs: Vec::new(),
        };
        plan.plan_groups();
        plan.plan_copies();
        plan
    }

    /// Groups of 2 to 5 lines, until a hundredth of the lines stands in one.
    ///
    /// The members are spread over the room of four times as many lines of the customer, so
    /// that about three strangers of the same customer lie between two members.
    fn plan_groups(&mut self) {
        let mut random = Random::at(self.seed, GROUP, u64::MAX);
        let lines = u64::from(self.lines);
        let widest = lines * GROUP_DAYS / DAYS;
        let mut left = lines / 100;
        // A ledger too small for groups within ten days simply has few or none.
        for _ in 0..lines {
            if left < 2 {
                break;
            }
            let size = (2 + random.below(4)).min(left);
            let customer = self.customers.draw(&mut random);
            let room = 4 * size * self.customers.total() / self.customers.weight(customer);
            // A customer with few lines rarely has so many within ten days.
            if widest < size || random.below(room) >= widest {
                continue;
            }
            let room = room.clamp(size, widest);
            let first = random.below(lines - room + 1);
            if self.add_group(customer as u32, first, room, size, &mut random) {
                left -= size;
            }
        }
        self.members.sort_unstable();
    }

    /// Adds a group of `size` lines out of the `room` lines from `first` on, if they are free.
    fn add_group(
        &mut self,
        customer: u32,
        first: u64,
        room: u64,
        size: u64,
        random: &mut Random,
    ) -> bool {
        let mut lines: Vec<u32> = Vec::with_capacity(size as usize);
        for _ in 0..size {
            let line = (first + random.below(room)) as u32;
            if lines.contains(&line) || self.has_bit(line) {
                return false;
            }
            lines.push(line);
        }
        lines.sort_unstable();
        let group = self.groups();
        for line in lines {
            self.is_member[line as usize / 64] |= 1 << (line % 64);
            self.members.push((line, group));
            self.grouped.push(line);
        }
        self.starts.push(self.grouped.len() as u32);
        self.group_customers.push(customer);
        true
    }

    fn plan_copies(&mut self) {
        let mut random = Random::at(self.seed, COPY, 0);
        let count = u64::from(self.lines / 1000);
        let order = Shuffle::new(u64::from(self.lines).max(1), &mut random);
        self.copies_of_ours = (0..count).map(|place| order.at(place) as u32).collect();
        let order = Shuffle::new(u64::from(self.lines).max(1), &mut random);
        self.copies_of_theirs = (0..u64::from(self.lines))
            .map(|place| order.at(place) as u32)
            .filter(|line| self.their_line(Source::Line(*line)).is_some())
            .take(count as usize)
            .collect();
    }

    fn has_bit(&self, line: u32) -> bool {
        self.is_member[line as usize / 64] >> (line % 64) & 1 == 1
    }

    pub(super) const fn lines(&self) -> u32 {
        self.lines
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn draw_customer(&self, random: &mut Random) -> u32 {
        self.customers.draw(random) as u32
    }

    pub(super) fn groups(&self) -> u32 {
        self.group_customers.len() as u32
    }

    pub(super) fn customer_of(&self, group: u32) -> u32 {
        self.group_customers[group as usize]
    }

    pub(super) fn group_of(&self, line: u32) -> Option<u32> {
        if !self.has_bit(line) {
            return None;
        }
        let place = self.members.binary_search_by_key(&line, |(member, _)| *member).ok()?;
        Some(self.members[place].1)
    }

    pub(super) fn members_of(&self, group: u32) -> impl Iterator<Item = u32> {
        let range = self.starts[group as usize] as usize..self.starts[group as usize + 1] as usize;
        self.grouped[range].iter().copied()
    }

    pub(super) fn copies_of_ours(&self) -> &[u32] {
        &self.copies_of_ours
    }

    /// Number of sources of lines of theirs: ours, groups, only theirs, copies.
    pub(super) fn their_sources(&self) -> u64 {
        u64::from(self.lines)
            + u64::from(self.groups())
            + u64::from(self.lines / 100)
            + self.copies_of_theirs.len() as u64
    }

    /// The source of that number, below [`Plan::their_sources`].
    pub(super) fn source(&self, number: u64) -> Source {
        let mut rest = number;
        for (count, kind) in [
            (self.lines, Source::Line as fn(u32) -> Source),
            (self.groups(), Source::Group),
            (self.lines / 100, Source::OnlyTheirs),
        ] {
            if rest < u64::from(count) {
                return kind(rest as u32);
            }
            rest -= u64::from(count);
        }
        Source::Copy(self.copies_of_theirs[rest as usize])
    }
}
