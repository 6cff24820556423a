//! One line of the benchmark, made from its number alone.

use super::plan::Plan;
use crate::random::{Random, log_normal_cents};

/// Streams of random numbers; each line has its own numbers in each.
pub(super) const LINE: u64 = 1;
pub(super) const CHANGE: u64 = 2;
pub(super) const GROUP: u64 = 3;
pub(super) const STRANGER: u64 = 4;
pub(super) const ORDER: u64 = 5;
pub(super) const COPY: u64 = 6;

pub(super) const DAYS: u64 = 365;
/// Document type of a payment, 0 to 4 as in [`super::text`].
const PAYMENT: u8 = 3;

/// A line as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BenchLine {
    pub customer: u32,
    pub number: u64,
    /// Days after 2026-01-01.
    pub day: u32,
    /// Cents.
    pub amount: i64,
    pub kind: u8,
    pub currency: u8,
    pub memo: u32,
    /// 0 as it is, 1 to 6 the other ways to write a reference.
    pub form: u8,
    /// Whether the reference is of their own series.
    pub own_series: bool,
}

/// Where a line of theirs comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A line of ours.
    Line(u32),
    /// A merged group.
    Group(u32),
    /// Nothing of ours.
    OnlyTheirs(u32),
    /// The second copy of their version of a line of ours.
    Copy(u32),
}

/// What a line is, in the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Exact,
    AmountDiffers,
    Reformatted,
    Merged,
    OnlyOurs,
    OnlyTheirs,
    DuplicateOurs,
    DuplicateTheirs,
}

impl Class {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AmountDiffers => "amount_differs",
            Self::Reformatted => "reformatted",
            Self::Merged => "merged",
            Self::OnlyOurs => "only_ours",
            Self::OnlyTheirs => "only_theirs",
            Self::DuplicateOurs => "duplicate_ours",
            Self::DuplicateTheirs => "duplicate_theirs",
        }
    }

    /// The class of a line of ours that is in no group; shares of the 99 % that are left.
    pub(super) const fn draw(random: &mut Random) -> Self {
        match random.below(990) {
            0..30 => Self::AmountDiffers,
            30..50 => Self::Reformatted,
            50..60 => Self::OnlyOurs,
            _ => Self::Exact,
        }
    }
}

impl Plan {
    /// The day of a line of ours: they rise evenly over the year.
    pub(super) fn day(&self, number: u32) -> u32 {
        (u64::from(number) * DAYS / u64::from(self.lines())) as u32
    }

    /// A line of ours.
    pub(super) fn our_line(&self, number: u32) -> BenchLine {
        let mut random = Random::at(self.seed(), LINE, number.into());
        let mut line = self.random_line(&mut random);
        line.day = self.day(number);
        line.number = (u64::from(number) + 1) * 7 + random.below(7);
        if let Some(group) = self.group_of(number) {
            (line.customer, line.currency) = (self.customer_of(group), 0);
        }
        line
    }

    /// All that does not depend on a line's place.
    fn random_line(&self, random: &mut Random) -> BenchLine {
        BenchLine {
            customer: self.draw_customer(random),
            number: 0,
            day: 0,
            amount: log_normal_cents(random),
            kind: share(random, &[60, 65, 68, 98, 100]),
            currency: share(random, &[97, 99, 100]),
            memo: random.below(1 << 30) as u32,
            form: 0,
            own_series: false,
        }
    }

    /// What a line of ours is.
    pub(super) fn class(&self, number: u32) -> Class {
        if self.group_of(number).is_some() {
            return Class::Merged;
        }
        Class::draw(&mut Random::at(self.seed(), CHANGE, number.into()))
    }

    /// The line of theirs that a source gives, none where a line of ours has none.
    pub(super) fn their_line(&self, source: Source) -> Option<(BenchLine, Class)> {
        match source {
            Source::Line(number) => self.their_version(number),
            Source::Group(group) => Some((self.merged_line(group), Class::Merged)),
            Source::OnlyTheirs(number) => {
                let mut random = Random::at(self.seed(), STRANGER, number.into());
                let mut line = self.random_line(&mut random);
                line.day = random.below(DAYS) as u32;
                line.number = self.own_number(self.groups() + number);
                (line.own_series, line.kind, line.currency) = (true, 0, 0);
                Some((line, Class::OnlyTheirs))
            }
            Source::Copy(number) => {
                self.their_version(number).map(|(line, _)| (line, Class::DuplicateTheirs))
            }
        }
    }

    /// How they book a line of ours, none if they do not or have it in a merged line.
    fn their_version(&self, number: u32) -> Option<(BenchLine, Class)> {
        if self.group_of(number).is_some() {
            return None;
        }
        let mut random = Random::at(self.seed(), CHANGE, number.into());
        let class = Class::draw(&mut random);
        if class == Class::OnlyOurs {
            return None;
        }
        let mut line = self.our_line(number);
        line.memo ^= 5;
        if !random.chance(800) {
            line.day += random.below(4) as u32;
        }
        match class {
            Class::AmountDiffers => {
                let small = random.chance(500);
                let size = if small { random.between(1, 5) } else { random.between(6, 49_999) };
                let less = random.chance(500) && line.amount > size;
                line.amount += if less { -size } else { size };
            }
            Class::Reformatted => line.form = random.between(1, 6) as u8,
            _ => {}
        }
        Some((line, class))
    }

    fn merged_line(&self, group: u32) -> BenchLine {
        let mut random = Random::at(self.seed(), GROUP, group.into());
        let members = || self.members_of(group).map(|number| self.our_line(number));
        BenchLine {
            customer: self.customer_of(group),
            number: self.own_number(group),
            day: members().map(|line| line.day).max().unwrap_or(0) + random.below(4) as u32,
            amount: members().map(|line| line.amount).sum(),
            kind: PAYMENT,
            currency: 0,
            memo: random.below(1 << 30) as u32,
            form: 0,
            own_series: true,
        }
    }

    /// A number of their own series, above all of ours.
    fn own_number(&self, number: u32) -> u64 {
        u64::from(self.lines()) * 7 + 10 + u64::from(number)
    }
}

/// Draws by running percentages.
fn share(random: &mut Random, ends: &[u64]) -> u8 {
    let at = random.below(100);
    ends.iter().take_while(|end| **end <= at).count() as u8
}
