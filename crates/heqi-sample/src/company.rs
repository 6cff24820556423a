//! An invented company, its customers and one period of their dealings, seen from both sides.

mod draft;
mod events;
pub(crate) mod names;
mod story;
mod write;

use heqi_domain::{Day, EntryKind, Money, Period, Reason, month_end, ymd_of};

use crate::random::{Random, Weighted};
use draft::{Ours, Theirs, Wrote, number_documents, rewrite};
use story::Story;

/// What to make. The same specification makes the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Customers; 0 counts as 1.
    pub customers: u32,
    /// Lines of our ledger, reached or passed by a few; theirs has about as many.
    pub lines: u32,
    /// The seed of all chance.
    pub seed: u64,
    /// The days of the dealings; an open end is a month away from the other.
    pub period: Period,
    /// How many of 1,000 dealings go wrong.
    pub discrepancies: u32,
}

impl Spec {
    /// October 2026, one dealing in ten goes wrong.
    ///
    /// # Panics
    /// Never: the month exists.
    #[must_use]
    pub fn new(customers: u32, lines: u32, seed: u64) -> Self {
        let period = Period::month(2026, 10).or_else(|| Period::month_of(0));
        let Some(period) = period else { unreachable!("the calendar has an October 2026") };
        Self { customers, lines, seed, period, discrepancies: 100 }
    }
}

/// A customer of the invented company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Code in our books, `KH0001`.
    pub code: String,
    /// Name of the firm.
    pub name: String,
    /// Whether its bookkeeper writes returns as negative credits 红字 rather than as debits.
    pub red_letters: bool,
}

/// Goods on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoodsRow {
    /// Number of pieces.
    pub quantity: i64,
    /// Price of one, with tax.
    pub price: Money,
    /// Tax in percent.
    pub tax_percent: i64,
    /// Tax within the line's amount, signed like it.
    pub tax: Money,
}

/// A line of our ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurRow {
    /// Index into [`Sample::customers`].
    pub customer: usize,
    /// Name of the document type 单据类型.
    pub document: &'static str,
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// Document number 单据编号.
    pub number: String,
    /// Document date.
    pub day: Day,
    /// Due date of a sale.
    pub due: Option<Day>,
    /// Memo 摘要.
    pub memo: String,
    /// Goods, where the line is about goods.
    pub goods: Option<GoodsRow>,
    /// Signed amount with tax, plus = the customer owes more.
    pub amount: Money,
    /// The 20 digits of the e-invoice 数电票, empty where there is none.
    pub invoice: String,
    /// Index into [`Sample::groups`].
    pub group: usize,
}

/// A line of the customer's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TheirRow {
    /// Index into [`Sample::customers`].
    pub customer: usize,
    /// Booking date.
    pub day: Day,
    /// Voucher 凭证字号 of the customer.
    pub voucher: String,
    /// Our document number as the customer wrote it, empty where it did not.
    pub reference: String,
    /// Memo 摘要.
    pub memo: String,
    /// Signed amount from the *receivable's* side, plus = the customer owes us more.
    pub amount: Money,
    /// Index into [`Sample::groups`].
    pub group: usize,
}

/// Lines that belong together, and why they do not agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TruthGroup {
    /// What went wrong; none where all agrees.
    pub reason: Option<Reason>,
    /// Number of our lines.
    pub ours: u32,
    /// Number of their lines.
    pub theirs: u32,
    /// Our amounts less theirs.
    pub difference: Money,
}

/// Two ledgers and the truth about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The invented company.
    pub company: String,
    /// Its customers.
    pub customers: Vec<Customer>,
    /// Our ledger, by date.
    pub ours: Vec<OurRow>,
    /// Their ledgers one after the other, each by date.
    pub theirs: Vec<TheirRow>,
    /// The truth: every row names its group here.
    pub groups: Vec<TruthGroup>,
}

/// Invents a company and a period of its dealings.
#[must_use]
pub fn generate(spec: &Spec) -> Sample {
    let mut random = Random::new(spec.seed);
    let company = names::firm(&mut random);
    let customers = invent_customers(spec.customers.max(1), &company, &mut random);
    let story = tell(spec, &mut random);
    let numbers = number_documents(&story.ours);
    let invoices = number_invoices(&story.ours, &mut random);
    let mut sample = Sample { company, customers, ours: vec![], theirs: vec![], groups: vec![] };
    let group = |reason: &Option<Reason>| TruthGroup { reason: *reason, ..Default::default() };
    sample.groups = story.groups.iter().map(group).collect();
    sample.ours = our_rows(&story.ours, &numbers, &invoices);
    sample.theirs = their_rows(&story.theirs, &numbers, &invoices);
    for row in &sample.ours {
        let group = &mut sample.groups[row.group];
        group.ours += 1;
        group.difference = Money::from_minor(group.difference.minor() + row.amount.minor());
    }
    for row in &sample.theirs {
        let group = &mut sample.groups[row.group];
        group.theirs += 1;
        group.difference = Money::from_minor(group.difference.minor() - row.amount.minor());
    }
    sample
}

fn invent_customers(count: u32, company: &str, random: &mut Random) -> Vec<Customer> {
    let mut names = names::firms(count + 1, random);
    // The company does not trade with itself.
    names.retain(|name| name != company);
    let named = names.into_iter().take(count as usize).enumerate();
    named
        .map(|(place, name)| Customer {
            code: format!("KH{:04}", place + 1),
            name,
            red_letters: random.chance(400),
        })
        .collect()
}

/// First and last day of the dealings.
fn days(period: Period) -> (Day, Day) {
    match (period.first(), period.last()) {
        (Some(first), Some(last)) => (first, last),
        (Some(first), None) => {
            let end = ymd_of(first).and_then(|(year, month, _)| month_end(year, month));
            (first, end.unwrap_or(first).max(first + 27))
        }
        (None, Some(last)) => (last - 30, last),
        (None, None) => (0, 30),
    }
}

/// Lets events happen until our ledger has its lines.
fn tell(spec: &Spec, random: &mut Random) -> Story {
    let agreements = Weighted::new(events::AGREEMENTS.map(|(weight, _)| weight));
    let discrepancies = Weighted::new(events::DISCREPANCIES.map(|(weight, _)| weight));
    let own = Random::new(random.next());
    let mut story = Story::new(spec.customers.max(1), days(spec.period), own);
    let (mut lines, mut counted) = (0, 0);
    while lines < spec.lines as usize {
        let event = if random.chance(spec.discrepancies.into()) {
            events::DISCREPANCIES[discrepancies.draw(random)].1
        } else {
            events::AGREEMENTS[agreements.draw(random)].1
        };
        event(&mut story);
        lines += story.our_count_from(counted);
        counted = story.ours.len();
    }
    story
}

/// Invoices of goods: 20 digits, rising with the date; several documents may share one.
fn number_invoices(drafts: &[Ours], random: &mut Random) -> Vec<String> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|place| (drafts[*place].day, *place));
    let mut serial = 4_000_000 + random.below(1_000_000);
    let mut invoices = vec![String::new(); drafts.len()];
    for place in order {
        let draft = &drafts[place];
        if draft.goods.is_some() && draft.invoiced_with.is_none() {
            let year = ymd_of(draft.day).map_or(0, |(year, _, _)| year % 100);
            serial += 1 + random.below(30);
            invoices[place] = format!("{year:02}33200000{serial:010}");
        }
    }
    for (place, draft) in drafts.iter().enumerate() {
        if let Some(other) = draft.invoiced_with {
            invoices[place] = invoices[other].clone();
        }
    }
    invoices
}

/// `percent` of an amount, to the nearest cent, a half away from zero.
fn share_of(amount: i64, percent: i64) -> i64 {
    (amount * percent + amount.signum() * 50) / 100
}

/// The tax of `percent` that an amount with tax contains, to the nearest cent.
fn tax_within(amount: i64, percent: i64) -> i64 {
    (amount * percent * 2 + amount.signum() * (100 + percent)) / ((100 + percent) * 2)
}

fn our_rows(drafts: &[Ours], numbers: &[String], invoices: &[String]) -> Vec<OurRow> {
    let in_ledger = |(place, draft): (usize, &Ours)| {
        let goods = draft.goods.map(|goods| GoodsRow {
            quantity: goods.quantity * draft.amount.signum(),
            price: Money::from_minor(goods.price),
            tax_percent: goods.product.tax,
            tax: Money::from_minor(tax_within(draft.amount, goods.product.tax)),
        });
        Some(OurRow {
            customer: draft.customer,
            document: draft.document.name(),
            kind: draft.document.kind(),
            number: numbers[place].clone(),
            day: draft.day,
            due: (draft.document == draft::Document::Sale).then_some(draft.day + 30),
            memo: draft.memo.clone(),
            goods,
            amount: Money::from_minor(draft.amount),
            invoice: invoices[place].clone(),
            group: draft.group?,
        })
    };
    let mut rows: Vec<OurRow> = drafts.iter().enumerate().filter_map(in_ledger).collect();
    rows.sort_by(|a, b| (a.day, &a.number).cmp(&(b.day, &b.number)));
    rows
}

fn their_rows(drafts: &[Theirs], numbers: &[String], invoices: &[String]) -> Vec<TheirRow> {
    let reference = |wrote| match wrote {
        Wrote::Nothing => String::new(),
        Wrote::Number(ours) => numbers[ours].clone(),
        Wrote::Otherwise(ours, way) => rewrite(&numbers[ours], way),
        Wrote::Part(ours, part) => format!("{}-{part}", numbers[ours]),
        Wrote::Invoice(ours) => invoices[ours].clone(),
    };
    let mut order: Vec<&Theirs> = drafts.iter().collect();
    order.sort_by_key(|draft| (draft.customer, draft.day));
    let (mut voucher, mut month) = (0, (0, 0, 0));
    let mut rows = Vec::with_capacity(order.len());
    for draft in order {
        let (year, of_year, _) = ymd_of(draft.day).unwrap_or_default();
        if month != (draft.customer, year, of_year) {
            (voucher, month) = (0, (draft.customer, year, of_year));
        }
        voucher += 1;
        let named: Vec<&str> = draft.mentions.iter().map(|ours| &*numbers[*ours]).collect();
        let space = if named.is_empty() { "" } else { " " };
        rows.push(TheirRow {
            customer: draft.customer,
            day: draft.day,
            voucher: format!("记-{voucher:04}"),
            reference: reference(draft.reference),
            memo: format!("{}{space}{}", draft.memo, named.join("、")),
            amount: Money::from_minor(draft.amount),
            group: draft.group,
        });
    }
    rows
}

#[cfg(test)]
mod tests;
