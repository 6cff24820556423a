//! A run of rows that follow each other, read column by column.
//!
//! A column at a time is a tight loop over cells of one kind. A cell that is not simple marks
//! its row for care; what the loops make of such a row is never used.

use std::ops::Range;

use heqi_domain::{Currency, Day, EntryKind, NO_DAY};

use super::accounts::{Accounts, Customer, Words, currencies, kinds};
use super::cell::{hundredths, iso_day};
use super::chunk::{Chunk, Texts, plain_number};
use super::layout::{Layout, Part};
use super::plain::{is_plain, looks_odd};
use super::rows::Block;
use crate::plan::Plan;

/// Rows of a run: its bytes, marks and columns stay in the first cache.
pub(super) const RUN: usize = 256;

/// The decimals that `hundredths` gives.
const HUNDREDTHS: u32 = 2;

/// Rows of one run and the columns read from them.
pub(super) struct Run {
    /// Index of the mark before the first row.
    pub before: usize,
    /// Physical row of each.
    pub rows: Vec<u32>,
    /// Rows that must be looked at with care.
    pub care: Vec<bool>,
    amount: Vec<i64>,
    credit: Vec<i64>,
    /// The row has an amount.
    filled: Vec<bool>,
    day: Vec<Day>,
    due: Vec<Day>,
    kind: Vec<EntryKind>,
    currency: Vec<u32>,
    account: Vec<u32>,
    /// Ids that are plain numbers.
    id: Vec<u32>,
    /// All ids of the run are.
    numbered: bool,
    kinds: Words<EntryKind>,
    currencies: Words<Currency>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            before: 0,
            rows: Vec::with_capacity(RUN),
            care: Vec::new(),
            amount: Vec::new(),
            credit: Vec::new(),
            filled: Vec::new(),
            day: Vec::new(),
            due: Vec::new(),
            kind: Vec::new(),
            currency: Vec::new(),
            account: Vec::new(),
            id: Vec::new(),
            numbered: false,
            kinds: kinds(),
            currencies: currencies(),
        }
    }
}

/// The cells of one column of a run.
#[derive(Clone, Copy)]
struct Column<'b> {
    bytes: &'b [u8],
    /// From the mark before the cell in the first row on.
    marks: &'b [u32],
    width: usize,
    special: bool,
    last: bool,
}

impl Column<'_> {
    /// Start and end of the cell in a row, without quotes and the carriage return.
    #[inline(always)]
    fn span(&self, row: usize) -> (usize, usize) {
        let at = row * self.width;
        let start = self.marks[at].wrapping_add(1) as usize;
        let end = self.marks[at + 1] as usize;
        if self.special { self.bare(start, end) } else { (start, end) }
    }

    #[inline(always)]
    fn bare(&self, start: usize, mut end: usize) -> (usize, usize) {
        if self.last && end > start && self.bytes[end - 1] == b'\r' {
            end -= 1;
        }
        // A quote that opens a cell closes it too: the scan has seen to that.
        let quoted = end > start + 1 && self.bytes[start] == b'"';
        (start + usize::from(quoted), end - usize::from(quoted))
    }
}

impl Run {
    fn column<'b>(&self, block: Block<'b>, layout: &Layout, index: usize) -> Column<'b> {
        let width = layout.parts.len();
        let first = self.before + index;
        let end = self.before + self.rows.len() * width + 1;
        Column {
            bytes: block.bytes,
            marks: &block.marks[first..end],
            width,
            special: block.special,
            last: index + 1 == width,
        }
    }

    /// Reads all columns but texts that are kept as they are, marks the rows that need care, and
    /// enters the accounts of the others: once a run.
    pub fn read(
        &mut self,
        block: Block<'_>,
        layout: &Layout,
        accounts: &mut Accounts,
        plan: &Plan,
    ) {
        let count = self.rows.len();
        reset(&mut self.care, count, false);
        reset(&mut self.amount, count, 0);
        reset(&mut self.credit, count, 0);
        reset(&mut self.filled, count, false);
        reset(&mut self.day, count, NO_DAY);
        reset(&mut self.due, count, NO_DAY);
        reset(&mut self.kind, count, EntryKind::Unknown);
        reset(&mut self.currency, count, 0);
        reset(&mut self.account, count, 0);
        if plan.currency.exponent() != HUNDREDTHS {
            // Only a currency of its own can make a row simple.
            self.care.fill(true);
        }
        for (index, part) in layout.parts.iter().enumerate() {
            let column = self.column(block, layout, index);
            match part {
                Part::Amount | Part::Debit | Part::Credit => self.amounts(*part, column),
                Part::Date => days(&mut self.day, &mut self.care, column, false),
                Part::Due => days(&mut self.due, &mut self.care, column, true),
                Part::Currency => self.currencies(column, block, accounts),
                Part::Number => self.numbers(column),
                Part::Kind => self.kinds(column, block),
                Part::Id => self.ids(column, block),
                Part::Reference => self.texts(column, block, true),
                // Its turn comes when the currencies are known.
                Part::Customer => {}
                Part::Other | Part::Text | Part::Unused => self.texts(column, block, false),
            }
            if block.doubled {
                self.doubled(column);
            }
        }
        for row in 0..count {
            let both = self.amount[row] != 0 && self.credit[row] != 0;
            self.care[row] |= both || !self.filled[row];
            // Seventeen digits each: the difference cannot overflow.
            self.amount[row] -= self.credit[row];
        }
        let customers = plan.roles.customer.map(|index| self.column(block, layout, index));
        self.accounts(customers, block, accounts, &plan.customer);
    }

    fn amounts(&mut self, part: Part, column: Column<'_>) {
        let target = if part == Part::Credit { &mut self.credit } else { &mut self.amount };
        let may_be_blank = part != Part::Amount;
        let rows = target.iter_mut().zip(&mut self.care).zip(&mut self.filled).enumerate();
        for (row, ((target, care), filled)) in rows {
            let (start, end) = column.span(row);
            if let Some(amount) = hundredths(column.bytes, start, end) {
                *target = amount;
                *filled = true;
            } else if start < end || !may_be_blank {
                *care = true;
            }
        }
    }

    fn currencies(&mut self, column: Column<'_>, block: Block<'_>, accounts: &mut Accounts) {
        let mut last = (Currency::CNY, accounts.currency(Currency::CNY));
        for (row, (number, care)) in self.currency.iter_mut().zip(&mut self.care).enumerate() {
            let (start, end) = column.span(row);
            if start == end {
                continue;
            }
            let found = self.currencies.known(block.bytes, start, end).or_else(|| {
                let text = is_plain(&column.bytes[start..end]).then(|| block.text(start, end))?;
                self.currencies.learn(text, block.bytes, start, end)
            });
            match found {
                Some(currency) if currency == last.0 => *number = last.1,
                Some(currency) if currency.exponent() == HUNDREDTHS => {
                    last = (currency, accounts.currency(currency));
                    *number = last.1;
                }
                _ => *care = true,
            }
        }
    }

    fn numbers(&mut self, column: Column<'_>) {
        for (row, care) in self.care.iter_mut().enumerate() {
            let (start, end) = column.span(row);
            *care |= start < end && !is_plain(&column.bytes[start..end]);
        }
    }

    fn texts(&mut self, column: Column<'_>, block: Block<'_>, key: bool) {
        for (row, care) in self.care.iter_mut().enumerate() {
            let (start, end) = column.span(row);
            if start == end {
                continue;
            }
            let text = &column.bytes[start..end];
            *care |= looks_odd(text, key, block.ascii);
        }
    }

    /// Words met before were looked at then.
    fn kinds(&mut self, column: Column<'_>, block: Block<'_>) {
        for (row, (kind, care)) in self.kind.iter_mut().zip(&mut self.care).enumerate() {
            let (start, end) = column.span(row);
            if start == end {
                continue;
            }
            if let Some(known) = self.kinds.known(block.bytes, start, end) {
                *kind = known;
            } else if looks_odd(&column.bytes[start..end], false, block.ascii) {
                *care = true;
            } else {
                let text = block.text(start, end);
                *kind = self.kinds.learn(text, block.bytes, start, end).unwrap_or_default();
            }
        }
    }

    /// A plain number is nothing else.
    fn ids(&mut self, column: Column<'_>, block: Block<'_>) {
        self.id.clear();
        for row in 0..self.care.len() {
            let (start, end) = column.span(row);
            match plain_number(column.bytes, start, end) {
                Some(number) => self.id.push(number),
                None => break,
            }
        }
        self.numbered = self.id.len() == self.care.len();
        if !self.numbered {
            self.texts(column, block, true);
        }
    }

    /// Customers met before were looked at then.
    fn accounts(
        &mut self,
        customers: Option<Column<'_>>,
        block: Block<'_>,
        accounts: &mut Accounts,
        unnamed: &str,
    ) {
        let unnamed = Customer::of(unnamed);
        for (row, (account, care)) in self.account.iter_mut().zip(&mut self.care).enumerate() {
            let (start, end) = customers.map_or((0, 0), |column| column.span(row));
            let currency = self.currency[row];
            if *care {
                continue;
            } else if start == end {
                *account = accounts.index(unnamed, currency);
                continue;
            }
            let customer = Customer::at(block.text(start, end), block.bytes, start);
            if let Some(known) = accounts.known_plain(customer, currency) {
                *account = known;
            } else if looks_odd(&block.bytes[start..end], false, block.ascii) {
                *care = true;
            } else {
                *account = accounts.plain(customer, currency);
            }
        }
    }

    /// Cells with doubled quotes must be rewritten.
    fn doubled(&mut self, column: Column<'_>) {
        for (row, care) in self.care.iter_mut().enumerate() {
            let (start, end) = column.span(row);
            *care |= memchr::memchr(b'"', &column.bytes[start..end]).is_some();
        }
    }

    /// Puts rows that need no care into the columns of the block.
    pub fn keep(
        &mut self,
        block: Block<'_>,
        layout: &Layout,
        rows: Range<usize>,
        plan: &Plan,
        chunk: &mut Chunk,
    ) {
        if rows.is_empty() {
            return;
        }
        let columns = (&self.amount[rows.clone()], &self.credit[rows.clone()]);
        chunk.count(columns.0, columns.1, &self.day[rows.clone()]);
        chunk.amount.extend_from_slice(&self.amount[rows.clone()]);
        chunk.day.extend_from_slice(&self.day[rows.clone()]);
        chunk.kind.extend_from_slice(&self.kind[rows.clone()]);
        chunk.rows.extend_from_slice(&self.rows[rows.clone()]);
        if plan.roles.due.is_some() {
            chunk.due.extend_from_slice(&self.due[rows.clone()]);
        }
        let column = |index: usize| self.column(block, layout, index);
        chunk.account.extend_from_slice(&self.account[rows.clone()]);
        match plan.roles.reference {
            Some(index) => single(&mut chunk.reference, column(index), rows.clone()),
            None => rows.clone().for_each(|_| chunk.reference.end()),
        }
        match plan.roles.id {
            Some(_) if self.numbered => chunk.id.push_numbers(&self.id[rows.clone()]),
            Some(index) => {
                let column = column(index);
                chunk.id.extend(column.bytes, rows.clone().map(|row| column.span(row)));
            }
            None => {}
        }
        for (columns, texts) in [(&layout.other, &mut chunk.other), (&layout.text, &mut chunk.text)]
        {
            match columns.as_slice() {
                [] => {}
                [only] => single(texts, column(*only), rows.clone()),
                several => {
                    let columns: Vec<Column<'_>> = several.iter().map(|it| column(*it)).collect();
                    joined(texts, &columns, rows.clone());
                }
            }
        }
    }
}

fn reset<T: Clone>(column: &mut Vec<T>, count: usize, value: T) {
    column.clear();
    column.resize(count, value);
}

fn days(days: &mut [Day], care: &mut [bool], column: Column<'_>, may_be_blank: bool) {
    for (row, (day, care)) in days.iter_mut().zip(care).enumerate() {
        let (start, end) = column.span(row);
        match iso_day(column.bytes, start, end) {
            Some(found) => *day = found,
            None => *care |= start < end || !may_be_blank,
        }
    }
}

/// Appends the cells of one column.
fn single(texts: &mut Texts, column: Column<'_>, rows: Range<usize>) {
    texts.extend(column.bytes, rows.map(|row| column.span(row)));
}

/// Appends the cells of several columns, joined with spaces, blanks left out.
fn joined(texts: &mut Texts, columns: &[Column<'_>], rows: Range<usize>) {
    for row in rows {
        let mut filled = false;
        for column in columns {
            let (start, end) = column.span(row);
            if start < end {
                if filled {
                    texts.add(b" ");
                }
                texts.add(&column.bytes[start..end]);
                filled = true;
            }
        }
        texts.end();
    }
}
