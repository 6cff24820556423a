//! Both ledgers while the story is told: before documents have numbers and lines an order.

use heqi_domain::{Day, Reason, day_from_ymd};

use super::model::Month;
use super::{GoodsLine, Kind};

/// An entry of ours to be.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub customer: usize,
    pub kind: Kind,
    pub day: Day,
    pub memo: String,
    pub amount: i64,
    pub goods: Vec<GoodsLine>,
    pub due: Option<Day>,
    /// The draft it goes back to or belongs to.
    pub related: Option<usize>,
    /// The draft whose number it bears.
    pub numbered_as: Option<usize>,
    /// Whether the customer books it in the same month; otherwise a slip says what it does.
    pub mirrored: bool,
}

impl Draft {
    /// A document without goods.
    pub(super) fn plain(customer: usize, kind: Kind, day: Day, memo: &str, amount: i64) -> Self {
        Self {
            customer,
            kind,
            day,
            memo: memo.to_owned(),
            amount,
            goods: Vec::new(),
            due: None,
            related: None,
            numbered_as: None,
            mirrored: true,
        }
    }
}

/// What a customer writes in the column for the number.
#[derive(Clone, Debug)]
pub(super) enum Wrote {
    Nothing,
    /// The number of a draft of ours, or its bank serial.
    Ours(usize),
    /// Something that we have not booked.
    Text(String),
}

/// A line of a customer's statement to be.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub customer: usize,
    pub month: usize,
    pub day: Day,
    pub wrote: Wrote,
    pub memo: String,
    pub amount: i64,
}

/// A discrepancy to be: drafts and lines of the month, and of the month that clears it.
#[derive(Clone, Debug)]
pub(super) struct Slip {
    pub customer: usize,
    pub month: usize,
    pub reason: Reason,
    pub ours: Vec<usize>,
    pub theirs: Vec<usize>,
    pub cleared_ours: Vec<usize>,
    pub cleared_theirs: Vec<usize>,
}

/// Both ledgers and what keeps them apart.
pub(super) struct Books {
    pub months: Vec<Month>,
    pub drafts: Vec<Draft>,
    pub lines: Vec<Line>,
    pub slips: Vec<Slip>,
}

impl Books {
    pub(super) fn new(months: &[Month]) -> Self {
        Self { months: months.to_vec(), drafts: vec![], lines: vec![], slips: vec![] }
    }

    pub(super) fn post(&mut self, draft: Draft) -> usize {
        self.drafts.push(draft);
        self.drafts.len() - 1
    }

    /// The days of a month on which the firm works: no Sunday, no Labor Day, no National Day.
    pub(super) fn working_days(&self, month: usize) -> Vec<Day> {
        let Month { first, last, .. } = self.months[month];
        let holidays = [((2026, 5, 1), 3), ((2026, 10, 1), 7)];
        let free = |day: &Day| {
            holidays.iter().any(|((year, month, of_month), length)| {
                let start = day_from_ymd(*year, *month, *of_month).unwrap_or(Day::MAX - 7);
                (start..start + length).contains(day)
            })
        };
        // Day 0 was a Thursday, so Sundays are 3, 10, 17 …
        (first..=last).filter(|day| day.rem_euclid(7) != 3 && !free(day)).collect()
    }

    /// What a customer owes at the end of a day.
    pub(super) fn balance(&self, customer: usize, day: Day) -> i64 {
        let until = |draft: &&Draft| draft.customer == customer && draft.day <= day;
        self.drafts.iter().filter(until).map(|draft| draft.amount).sum()
    }
}
