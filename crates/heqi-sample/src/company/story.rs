//! The story of a period: dealings that agree and dealings that went wrong, one by one.

use heqi_domain::{Day, Reason};

use super::draft::{Document, Goods, Numbered, Ours, Theirs, Wrote};
use super::names::{BOOKED, PAID, PRODUCTS, RECEIVED};
use crate::random::{Random, Weighted};

/// Everything that has happened so far.
pub(super) struct Story {
    pub random: Random,
    pub customers: Weighted,
    pub first: Day,
    pub last: Day,
    pub ours: Vec<Ours>,
    pub theirs: Vec<Theirs>,
    /// The reason of each group, none where all agrees.
    pub groups: Vec<Option<Reason>>,
}

impl Story {
    pub(super) fn new(customers: u32, days: (Day, Day), random: Random) -> Self {
        Self {
            random,
            customers: Weighted::zipf(customers.into()),
            first: days.0,
            last: days.1,
            ours: Vec::new(),
            theirs: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// Our lines that stand in the ledger, from a draft on.
    pub(super) fn our_count_from(&self, draft: usize) -> usize {
        self.ours[draft..].iter().filter(|draft| draft.group.is_some()).count()
    }

    pub(super) fn group(&mut self, reason: Option<Reason>) -> usize {
        self.groups.push(reason);
        self.groups.len() - 1
    }

    pub(super) fn someone(&mut self) -> usize {
        self.customers.draw(&mut self.random)
    }

    pub(super) fn someday(&mut self) -> Day {
        self.random.between(self.first.into(), self.last.into()) as Day
    }

    fn goods(&mut self) -> Goods {
        let product = self.random.pick(&PRODUCTS);
        let quantity = self.random.between(product.quantity.0, product.quantity.1);
        // Prices end in 0 or 5 as in price lists, so that they come again.
        let price = self.random.between(product.price.0, product.price.1) / 5 * 5;
        Goods { product, quantity, price }
    }

    /// A document about goods; `sign` is −1 where the customer owes less by it.
    fn deal(
        &mut self,
        customer: usize,
        document: Document,
        sign: i64,
        group: Option<usize>,
    ) -> usize {
        let goods = self.goods();
        let (product, day) = (goods.product, self.someday());
        let verb = match document {
            Document::Return => "退货",
            Document::Exchange if sign < 0 => "换货退回",
            Document::Exchange => "换货发出",
            _ => "销售",
        };
        self.ours.push(Ours {
            customer,
            document,
            numbered: Numbered::Next,
            day,
            memo: format!("{verb} {} {}{}", product.name, goods.quantity, product.unit),
            goods: Some(goods),
            amount: sign * goods.amount(),
            invoiced_with: None,
            group,
        });
        self.ours.len() - 1
    }

    pub(super) fn sale(&mut self, customer: usize, group: Option<usize>) -> usize {
        self.deal(customer, Document::Sale, 1, group)
    }

    pub(super) fn returned(&mut self, customer: usize, group: Option<usize>) -> usize {
        let goods_back = self.deal(customer, Document::Return, -1, group);
        // Little comes back of what was sold.
        let draft = &mut self.ours[goods_back];
        if let Some(goods) = &mut draft.goods {
            goods.quantity = (goods.quantity / 10).max(1);
            draft.amount = -goods.amount();
            let (name, unit) = (goods.product.name, goods.product.unit);
            draft.memo = format!("退货 {name} {}{unit}", goods.quantity);
        }
        goods_back
    }

    /// Both legs of an exchange under one number: what came back, what went out.
    pub(super) fn exchange(&mut self, customer: usize, groups: [usize; 2]) -> [usize; 2] {
        let back = self.deal(customer, Document::Exchange, -1, Some(groups[0]));
        let out = self.deal(customer, Document::Exchange, 1, Some(groups[1]));
        self.ours[out].numbered = Numbered::As(back);
        self.ours[out].day = self.ours[back].day;
        [back, out]
    }

    /// Money received: what some earlier document asks for, or a round sum on account.
    pub(super) fn receipt(&mut self, customer: usize, group: usize) -> usize {
        let day = self.someday();
        let earlier = self.random.below(self.ours.len() as u64 + 1) as usize;
        let owed = self.ours.get(earlier).filter(|draft| draft.amount > 0);
        let amount = match owed.map(|draft| draft.amount) {
            Some(amount) if !self.random.chance(250) => amount,
            _ => self.random.between(1, 60) * 500_000,
        };
        let memo = (*self.random.pick(&RECEIVED)).to_owned();
        self.money(customer, Document::Receipt, day, memo, -amount, group)
    }

    pub(super) fn freight(&mut self, customer: usize, group: usize) -> usize {
        let (day, amount) = (self.someday(), self.random.between(8, 240) * 1_000);
        self.money(customer, Document::Freight, day, "代垫运费".to_owned(), amount, group)
    }

    fn money(
        &mut self,
        customer: usize,
        document: Document,
        day: Day,
        memo: String,
        amount: i64,
        group: usize,
    ) -> usize {
        self.ours.push(Ours {
            customer,
            document,
            numbered: Numbered::Next,
            day,
            memo,
            goods: None,
            amount,
            invoiced_with: None,
            group: Some(group),
        });
        self.ours.len() - 1
    }

    /// The customer books a document of ours as it is, up to two days later.
    pub(super) fn booked(&mut self, ours: usize, group: usize) -> &mut Theirs {
        let draft = &self.ours[ours];
        let (customer, amount, day) = (draft.customer, draft.amount, draft.day);
        let memo = match (draft.document, draft.goods) {
            (Document::Receipt, _) => (*self.random.pick(&PAID)).to_owned(),
            (Document::Freight, _) => "运费".to_owned(),
            (Document::Return, Some(goods)) => format!("退货给供应商 {}", goods.product.name),
            (Document::Exchange, Some(goods)) => format!("换货 {}", goods.product.name),
            (_, Some(goods)) => format!("{} {}", self.random.pick(&BOOKED), goods.product.name),
            (_, None) => "采购".to_owned(),
        };
        let late = if self.random.chance(600) { 0 } else { self.random.between(0, 2) };
        let day = (day + late as Day).min(self.last.max(day));
        let reference = Wrote::Number(ours);
        self.wrote(Theirs { customer, day, reference, memo, mentions: vec![], amount, group })
    }

    /// A line of theirs that no document of ours explains.
    pub(super) fn alone(&mut self, customer: usize, memo: &str, amount: i64, group: usize) {
        let (day, memo) = (self.someday(), memo.to_owned());
        let reference = Wrote::Nothing;
        self.wrote(Theirs { customer, day, reference, memo, mentions: vec![], amount, group });
    }

    fn wrote(&mut self, line: Theirs) -> &mut Theirs {
        let place = self.theirs.len();
        self.theirs.push(line);
        &mut self.theirs[place]
    }
}
