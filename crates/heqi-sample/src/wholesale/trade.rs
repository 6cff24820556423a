//! Our side of the story: what is sold, comes back, is paid and is settled, month by month.

use std::collections::VecDeque;

use heqi_domain::Day;

use super::Kind;
use super::catalog::{self, GOODS_COUNT};
use super::customers::{BRANCHES, Pays, Profile, Size};
use super::draft::{Books, Draft};
use super::goods::{GoodsLine, MICRO, gross, nearest};
use super::model::{Customer, Product};
use crate::company::names::RECEIVED;
use crate::random::Random;

/// Months (from 0) in whose last days rebates are granted and advances paid back.
const REBATES: [usize; 2] = [1, 4];
const REFUNDS: [usize; 2] = [2, 4];
/// The month in which the customer that closes down no longer buys; a month later its debt is
/// written off.
pub(super) const CLOSED: usize = 3;

/// Something that happens on a day; on one day in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Advance,
    Sale,
    Fee,
    Return,
    Exchange,
    /// How many payments of the month are still to come, this one included.
    Receipt(usize),
    Adjustment,
    Rebate,
    Refund,
    WriteOff,
}

/// One customer and what is open between us.
struct Dealings<'a> {
    books: &'a mut Books,
    customer: usize,
    term: Day,
    profile: Profile,
    products: &'a [Product],
    favorites: Vec<usize>,
    random: Random,
    /// Unpaid invoices, the oldest first: day and amount.
    open: VecDeque<(Day, i64)>,
    /// Credits that the next payment deducts; negative.
    credits: i64,
    balance: i64,
    /// Bought since the last rebate.
    bought: i64,
    /// Sales that something may come back of.
    sold: Vec<usize>,
}

/// Tells the six months of a customer.
pub(super) fn trade(
    books: &mut Books,
    place: usize,
    customer: &Customer,
    profile: &Profile,
    products: &[Product],
    mut random: Random,
) {
    let favorites = (0..10).map(|_| random.below(GOODS_COUNT as u64) as usize).collect();
    let mut dealings = Dealings {
        books,
        customer: place,
        term: customer.term_days as Day,
        profile: *profile,
        products,
        favorites,
        random,
        open: VecDeque::new(),
        credits: 0,
        balance: 0,
        bought: 0,
        sold: Vec::new(),
    };
    dealings.opening();
    for month in 0..dealings.books.months.len() {
        let mut events = dealings.plan(month);
        events.sort_unstable();
        for (day, event) in events {
            dealings.happen(day, event);
        }
    }
}

/// The parent settles a part of what its branches owe.
pub(super) fn transfers(books: &mut Books, customers: &[Customer], random: &mut Random) {
    for month in [1, 3, 5] {
        for branch in BRANCHES {
            let Some(parent) = customers[branch].parent else { continue };
            let Some(day) = books.working_days(month).iter().rev().nth(4).copied() else {
                continue;
            };
            let share = books.balance(branch, day) * random.between(20, 40) / 100;
            let amount = share / 10_000 * 10_000;
            if amount <= 0 {
                continue;
            }
            let memo = format!("{}货款转集团统一结算", customers[branch].code);
            let leg = Draft::plain(branch, Kind::Transfer, day, &memo, -amount);
            let out = books.post(leg);
            let mut leg = Draft::plain(parent, Kind::Transfer, day, &memo, amount);
            (leg.related, leg.numbered_as) = (Some(out), Some(out));
            books.drafts[out].related = Some(books.drafts.len());
            books.post(leg);
        }
    }
}

impl Dealings<'_> {
    fn post(&mut self, draft: Draft) -> usize {
        self.balance += draft.amount;
        self.books.post(draft)
    }

    fn plain(&mut self, kind: Kind, day: Day, memo: &str, amount: i64) -> usize {
        self.post(Draft::plain(self.customer, kind, day, memo, amount))
    }

    /// The balance that the first month begins with, of the day before.
    fn opening(&mut self) {
        let Some(first) = self.books.months.first().map(|month| month.first) else { return };
        let amount = match self.profile.size {
            _ if self.profile.pays == Pays::InAdvance => -self.random.between(20, 200) * 10_000,
            Size::Large => self.random.between(4_000_000, 18_000_000),
            Size::Middle => self.random.between(800_000, 4_500_000),
            Size::Small => self.random.between(60_000, 700_000),
        };
        self.plain(Kind::Opening, first - 1, "2026年4月末余额结转", amount);
        if amount > 0 {
            self.open.push_back((first - 30, amount));
        }
    }

    /// What is to happen in a month.
    fn plan(&mut self, month: usize) -> Vec<(Day, Event)> {
        let days = self.books.working_days(month);
        let mut events = Vec::new();
        let Some((&first, &last)) = days.first().zip(days.last()) else { return events };
        if self.profile.closes && month >= CLOSED {
            if month == CLOSED + 1 {
                events.push((last, Event::WriteOff));
            }
            return events;
        }
        let (sales, receipts) = match self.profile.size {
            Size::Large => ((13, 22), (3, 5)),
            Size::Middle => ((5, 10), (2, 3)),
            Size::Small => ((2, 5), (1, 2)),
        };
        let random = &mut self.random;
        for _ in 0..random.between(sales.0, sales.1) {
            events.push((*random.pick(&days), Event::Sale));
        }
        let per_mille = |size| match size {
            Size::Large => 850,
            Size::Middle => 500,
            Size::Small => 200,
        };
        let often = per_mille(self.profile.size);
        for (chance, event) in [
            (often, Event::Return),
            (often / 2, Event::Return),
            (often / 3, Event::Exchange),
            (often / 2, Event::Fee),
            (often / 6, Event::Adjustment),
        ] {
            if random.chance(chance) {
                events.push((*random.pick(&days), event));
            }
        }
        match self.profile.pays {
            Pays::InAdvance => events.push((first + 1, Event::Advance)),
            _ if self.profile.closes && month > 0 => {}
            _ => {
                let mut count = random.between(receipts.0, receipts.1) as usize;
                // Many pay on the last or the first days of a month.
                let early = days[..4.min(days.len())].to_vec();
                while count > 0 {
                    let of = if random.chance(250) { &early } else { &days };
                    events.push((*random.pick(of), Event::Receipt(count)));
                    count -= 1;
                }
            }
        }
        if self.profile.rebate && REBATES.contains(&month) {
            events.push((last, Event::Rebate));
        }
        if self.profile.pays == Pays::InAdvance && REFUNDS.contains(&month) {
            events.push((last, Event::Refund));
        }
        events
    }

    fn happen(&mut self, day: Day, event: Event) {
        match event {
            Event::Advance => self.advance(day),
            Event::Sale => self.sale(day),
            Event::Fee => self.fee(day),
            Event::Return => self.returned(day),
            Event::Exchange => self.exchange(day),
            Event::Receipt(left) => self.receipt(day, left),
            Event::Adjustment => {
                let amount = self.random.between(15, 480) * 100;
                let amount = if self.random.chance(700) { -amount } else { amount };
                self.plain(Kind::Adjustment, day, "价格补差调整", amount);
            }
            Event::Rebate => {
                let amount = nearest(i128::from(self.bought) * 15, 1_000);
                self.bought = 0;
                if amount > 0 {
                    self.plain(Kind::Rebate, day, "季度返利 1.5%", -amount);
                    self.credits -= amount;
                }
            }
            Event::Refund => {
                if self.balance < 0 {
                    self.plain(Kind::Refund, day, "退还预收款余额", -self.balance);
                }
            }
            Event::WriteOff => {
                if self.balance > 0 {
                    let memo = "客户歇业注销，货款无法收回";
                    let entry = self.plain(Kind::WriteOff, day, memo, -self.balance);
                    self.books.drafts[entry].mirrored = false;
                }
            }
        }
    }

    /// A quantity and the customer's price of a product.
    fn line(&mut self, product: usize) -> GoodsLine {
        let (low, high) = catalog::usual_quantity(product);
        let share = match self.profile.size {
            Size::Large => 160,
            Size::Middle => 70,
            Size::Small => 20,
        };
        let mut quantity = (self.random.between(low, high) * share / 100).max(1) * MICRO;
        let sold = &self.products[product];
        if sold.unit == "米" && self.random.chance(400) {
            quantity += MICRO / 2;
        }
        let percent = if sold.service { 100 } else { self.profile.price_percent };
        GoodsLine::new(product, quantity, sold.price_micro / 100 * percent, sold.tax_ppm)
    }

    fn describe(&self, verb: &str, goods: &[GoodsLine]) -> String {
        let Some(line) = goods.first() else { return verb.to_owned() };
        let name = self.products[line.product].name;
        match goods.len() {
            1 => format!("{verb} {name}"),
            more => format!("{verb} {name}等{more}项"),
        }
    }

    fn goods(&self, kind: Kind, day: Day, verb: &str, goods: Vec<GoodsLine>) -> Draft {
        let memo = self.describe(verb, &goods);
        Draft { goods, ..Draft::plain(self.customer, kind, day, &memo, 0) }
    }

    fn post_goods(&mut self, mut draft: Draft) -> usize {
        draft.amount = gross(&draft.goods);
        self.post(draft)
    }

    fn sale(&mut self, day: Day) {
        let mut wanted: Vec<usize> = Vec::new();
        for _ in 0..self.random.between(1, 5) {
            let product = *self.random.pick(&self.favorites);
            if !wanted.contains(&product) {
                wanted.push(product);
            }
        }
        let mut goods: Vec<GoodsLine> = wanted.into_iter().map(|one| self.line(one)).collect();
        if self.random.chance(80) {
            let price = self.products[GOODS_COUNT].price_micro;
            goods.push(GoodsLine::new(
                GOODS_COUNT,
                MICRO,
                price,
                self.products[GOODS_COUNT].tax_ppm,
            ));
        }
        let mut draft = self.goods(Kind::Sale, day, "销售", goods);
        draft.due = Some(day + self.term);
        let sale = self.post_goods(draft);
        let amount = self.books.drafts[sale].amount;
        self.open.push_back((day, amount));
        self.bought += amount;
        self.sold.push(sale);
    }

    fn fee(&mut self, day: Day) {
        let service = GOODS_COUNT + self.random.below(3) as usize;
        let goods = vec![self.line(service)];
        let mut draft = self.goods(Kind::Fee, day, "费用", goods);
        draft.due = Some(day + self.term);
        let fee = self.post_goods(draft);
        self.open.push_back((day, self.books.drafts[fee].amount));
    }

    /// About a tenth of a line of a recent sale, counted back.
    fn part_of_a_sale(&mut self) -> Option<(usize, GoodsLine)> {
        let recent = &self.sold[self.sold.len().saturating_sub(8)..];
        if recent.is_empty() {
            return None;
        }
        let sale = *self.random.pick(recent);
        let lines = &self.books.drafts[sale].goods;
        let line = *self.random.pick(lines);
        let pieces = (line.quantity_micro / MICRO / 10).max(1);
        (!self.products[line.product].service).then(|| (sale, line.of(-pieces * MICRO)))
    }

    fn returned(&mut self, day: Day) {
        let Some((sale, line)) = self.part_of_a_sale() else { return };
        let mut draft = self.goods(Kind::Return, day, "退货", vec![line]);
        draft.related = Some(sale);
        let entry = self.post_goods(draft);
        self.credits += self.books.drafts[entry].amount;
    }

    /// What came back and what went out, two entries with one number.
    fn exchange(&mut self, day: Day) {
        let Some((_, back)) = self.part_of_a_sale() else { return };
        let other = *self.random.pick(&self.favorites);
        let same = self.random.chance(600);
        let out = if same { back.of(-back.quantity_micro) } else { self.line(other) };
        let back = self.goods(Kind::Exchange, day, "换货退回", vec![back]);
        let back = self.post_goods(back);
        let mut draft = self.goods(Kind::Exchange, day, "换货发出", vec![out]);
        (draft.related, draft.numbered_as) = (Some(back), Some(back));
        let out = self.post_goods(draft);
        self.books.drafts[back].related = Some(out);
        self.credits += self.books.drafts[back].amount + self.books.drafts[out].amount;
    }

    fn receipt(&mut self, day: Day, left: usize) {
        let memo = *self.random.pick(&RECEIVED);
        if self.profile.pays == Pays::RoundSums {
            let share = self.balance * self.random.between(40, 90) / 100 / left as i64;
            let amount = share / 50_000 * 50_000;
            if amount > 0 {
                self.plain(Kind::Receipt, day, memo, -amount);
            }
            return;
        }
        let old = |(of, _): &&(Day, i64)| *of + self.term.min(40) / 2 <= day;
        let due = self.open.iter().take_while(old).count().div_ceil(left);
        let paid: i64 = self.open.iter().take(due).map(|(_, amount)| amount).sum();
        let amount = paid + self.credits;
        if due == 0 || amount <= 0 {
            return;
        }
        self.open.drain(..due);
        self.credits = 0;
        let early = self.profile.early && self.random.chance(300);
        let discount = if early { nearest(i128::from(amount), 100) } else { 0 };
        self.plain(Kind::Receipt, day, memo, discount - amount);
        if discount > 0 {
            self.plain(Kind::Discount, day, "提前付款现金折扣 1%", -discount);
        }
    }

    fn advance(&mut self, day: Day) {
        let amount = match self.profile.size {
            Size::Small => self.random.between(2, 10) * 100_000,
            _ => self.random.between(4, 24) * 500_000,
        };
        // What is left of the last advance is used up first.
        if self.balance > -amount {
            self.plain(Kind::Advance, day, "预收货款", -amount - self.balance.max(0) / 100 * 100);
        }
    }
}
