//! The customers' side: every month each books what we booked, and some get something wrong.

use heqi_domain::Day;

use super::customers::Invented;
use super::draft::{Books, Draft, Line, Slip, Wrote};
use super::model::{Month, Product};
use super::slips::{self, SLIPS};
use super::trade::CLOSED;
use super::{Kind, STREAM};
use crate::company::names::{BOOKED, PAID};
use crate::random::{Random, Weighted};

/// Of 1,000 customers, how many have something in a month; more in the month in work, of which
/// nobody has cleared anything yet.
const SOMETHING: u64 = 230;
const SOMETHING_IN_WORK: u64 = 480;

/// A customer's bookkeeper in one month.
pub(super) struct Bookkeeper<'a> {
    pub books: &'a mut Books,
    pub products: &'a [Product],
    pub customer: usize,
    pub month: usize,
    pub random: Random,
    /// Drafts of the month that are still to be booked as they are, by date.
    pub left: Vec<usize>,
}

/// Tells all months of all customers; months first, because a month is cleared in the next.
pub(super) fn tell(books: &mut Books, invented: &Invented, products: &[Product], seed: u64) {
    let weights = Weighted::new(SLIPS.map(|slip| slip.weight));
    for month in 0..books.months.len() {
        for (customer, profile) in invented.profiles.iter().enumerate() {
            if profile.closes && month >= CLOSED {
                continue;
            }
            let index = (customer * books.months.len() + month) as u64;
            let mut random = Random::at(seed, STREAM + 2, index);
            let often = if books.months[month].signed { SOMETHING } else { SOMETHING_IN_WORK };
            // A customer about to close has no later month to clear anything in.
            let wrong = !profile.closes && random.chance(often);
            let left = booked_alike(books, customer, month);
            let mut keeper = Bookkeeper { books, products, customer, month, random, left };
            if wrong {
                keeper.get_something_wrong(&weights);
            }
            for draft in std::mem::take(&mut keeper.left) {
                keeper.book(draft);
            }
        }
    }
}

/// The drafts of a customer and month that the customer books too, by date.
fn booked_alike(books: &Books, customer: usize, month: usize) -> Vec<usize> {
    let Month { first, last, .. } = books.months[month];
    let alike = |draft: &Draft| {
        draft.customer == customer && draft.mirrored && (first..=last).contains(&draft.day)
    };
    let drafts = books.drafts.iter().enumerate();
    let mut places: Vec<usize> =
        drafts.filter(|(_, draft)| alike(draft)).map(|(place, _)| place).collect();
    places.sort_by_key(|place| (books.drafts[*place].day, *place));
    places
}

impl Bookkeeper<'_> {
    fn get_something_wrong(&mut self, weights: &Weighted) {
        let mut wanted = if self.random.chance(350) { 2 } else { 1 };
        for _ in 0..12 {
            let slip = &SLIPS[weights.draw(&mut self.random)];
            let allowed = !slip.only_in_work || !self.dates().signed;
            if wanted > 0 && allowed && (slip.happen)(self) {
                wanted -= 1;
            }
        }
        if wanted == 2 {
            slips::without_number(self);
        }
    }

    pub(super) fn dates(&self) -> Month {
        self.books.months[self.month]
    }

    /// A working day in the first half of the next month; none after the last month.
    pub(super) fn day_in_next_month(&mut self) -> Option<Day> {
        if self.month + 1 >= self.books.months.len() {
            return None;
        }
        let days = self.books.working_days(self.month + 1);
        Some(*self.random.pick(&days[2..days.len() / 2]))
    }

    /// Takes the first draft that suits out of what is left, from a random place on.
    pub(super) fn take(&mut self, suits: impl Fn(&Draft) -> bool) -> Option<usize> {
        if self.left.is_empty() {
            return None;
        }
        let from = self.random.below(self.left.len() as u64) as usize;
        let mut places = (from..self.left.len()).chain(0..from);
        let place = places.find(|place| suits(&self.books.drafts[self.left[*place]]))?;
        Some(self.left.remove(place))
    }

    /// The line that a draft becomes where all agrees, up to two days later.
    pub(super) fn line_of(&mut self, draft: usize) -> Line {
        let entry = &self.books.drafts[draft];
        let memo = match (entry.kind, entry.goods.first()) {
            (Kind::Receipt | Kind::Advance, _) => (*self.random.pick(&PAID)).to_owned(),
            (Kind::Refund, _) => "收到供应商退款".to_owned(),
            (Kind::Discount, _) => "供应商现金折扣".to_owned(),
            (Kind::Rebate, _) => "供应商返利".to_owned(),
            (Kind::Adjustment, _) => "价差调整".to_owned(),
            (Kind::Transfer, _) => "货款转集团结算".to_owned(),
            (Kind::Fee, Some(goods)) => self.products[goods.product].name.to_owned(),
            (Kind::Return, Some(goods)) => {
                format!("退货给供应商 {}", self.products[goods.product].name)
            }
            (Kind::Exchange, Some(goods)) => format!("换货 {}", self.products[goods.product].name),
            (_, Some(goods)) => {
                let verb = self.random.pick(&BOOKED);
                format!("{verb} {}", self.products[goods.product].name)
            }
            (_, None) => "往来".to_owned(),
        };
        let late = if self.random.chance(650) { 0 } else { self.random.between(0, 2) };
        // Money has the date of the bank on both sides.
        let late = if entry.kind.is_money() { 0 } else { late as Day };
        let day = (entry.day + late).min(self.dates().last);
        let (customer, month, amount) = (self.customer, self.month, entry.amount);
        Line { customer, month, day, wrote: Wrote::Ours(draft), memo, amount }
    }

    pub(super) fn write(&mut self, line: Line) -> usize {
        self.books.lines.push(line);
        self.books.lines.len() - 1
    }

    fn book(&mut self, draft: usize) -> usize {
        let line = self.line_of(draft);
        self.write(line)
    }

    /// The line, in the next month and with another memo; none after the last month.
    pub(super) fn write_later(&mut self, mut line: Line, memo: &str) -> Vec<usize> {
        let Some(day) = self.day_in_next_month() else { return vec![] };
        (line.day, line.month) = (day, self.month + 1);
        line.memo = memo.to_owned();
        vec![self.write(line)]
    }

    /// An entry of ours in the next month that the customer does not book; none after the last.
    pub(super) fn post_later(&mut self, mut draft: Draft) -> Vec<usize> {
        let Some(day) = self.day_in_next_month() else { return vec![] };
        (draft.day, draft.mirrored) = (day, false);
        vec![self.books.post(draft)]
    }

    pub(super) fn label(&mut self, mut slip: Slip) {
        (slip.customer, slip.month) = (self.customer, self.month);
        self.books.slips.push(slip);
    }
}
