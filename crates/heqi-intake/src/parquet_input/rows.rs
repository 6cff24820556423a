//! Rows of decoded columns: simple ones straight into the columns of a chunk, the others as
//! texts through `normalise::row`.

use std::ops::Range;

use heqi_domain::{Currency, Day, EntryKind, NO_DAY};

use super::decode::Cells;
use super::leaf::{Leaf, Meaning};
use crate::fast::accounts::{Accounts, Customer, Words, currencies, kinds};
use crate::fast::cell::{hundredths, iso_day};
use crate::fast::chunk::{Chunk, Texts};
use crate::fast::layout::{Layout, Part};
use crate::fast::plain::{is_plain, looks_odd};
use crate::normalise::{self, RowOutcome};
use crate::plan::Plan;
use crate::{Limits, Reject, RejectReason, cell, words};

/// The decimals of a currency whose rows can be simple.
const HUNDREDTHS: u32 = 2;

/// Amounts beyond seventeen digits are looked at with care.
const MOST: i128 = 99_999_999_999_999_999;

/// Days from 1980 to 2079, as the fast text reader takes them.
const DAYS: Range<i64> = 3652..40_177;

/// Takes rows of decoded columns for one thread.
pub(super) struct RowTaker<'p> {
    plan: &'p Plan,
    limits: &'p Limits,
    leaves: &'p [Leaf],
    layout: Option<Layout>,
    pub accounts: Accounts,
    kinds: Words<EntryKind>,
    currencies: Words<Currency>,
    care: Vec<bool>,
    filled: Vec<bool>,
    amount: Vec<i64>,
    credit: Vec<i64>,
    day: Vec<Day>,
    due: Vec<Day>,
    kind: Vec<EntryKind>,
    currency: Vec<u32>,
}

impl<'p> RowTaker<'p> {
    /// Without a layout every row goes through `normalise::row`.
    pub fn new(
        plan: &'p Plan,
        limits: &'p Limits,
        leaves: &'p [Leaf],
        layout: Option<Layout>,
    ) -> Self {
        let mut accounts = Accounts::default();
        // Number 0 is the plan's.
        accounts.currency(plan.currency);
        Self {
            plan,
            limits,
            leaves,
            layout,
            accounts,
            kinds: kinds(),
            currencies: currencies(),
            care: Vec::new(),
            filled: Vec::new(),
            amount: Vec::new(),
            credit: Vec::new(),
            day: Vec::new(),
            due: Vec::new(),
            kind: Vec::new(),
            currency: Vec::new(),
        }
    }

    /// Takes the rows of a batch, the first of which is `first` of the file. Columns that are
    /// not used have no cells.
    pub fn take(&mut self, cells: &mut [Cells], count: usize, first: u64, chunk: &mut Chunk) {
        let Some(layout) = self.layout.take() else {
            for row in 0..count {
                self.with_care(cells, row, first + row as u64, chunk);
            }
            return;
        };
        self.read(&layout, cells, count);
        // Once a batch: whether bytes are text is asked of all of them at once.
        let names = self.plan.roles.customer.map(|it| cells[it].whole());
        let mut done = 0;
        while done < count {
            let simple = self.care[done..count].iter().position(|it| *it).unwrap_or(count - done);
            self.keep(&layout, (cells, names), done..done + simple, first, chunk);
            done += simple;
            if done < count {
                self.with_care(cells, done, first + done as u64, chunk);
                done += 1;
            }
        }
        self.layout = Some(layout);
    }

    /// Reads all columns but the texts, and marks the rows that need care.
    fn read(&mut self, layout: &Layout, cells: &mut [Cells], count: usize) {
        self.reset(count);
        for ((part, leaf), cells) in layout.parts.iter().zip(self.leaves).zip(cells) {
            if cells.len() == 0 {
                continue;
            }
            match part {
                Part::Amount | Part::Debit | Part::Credit => self.amounts(*part, leaf, cells),
                Part::Date => days(&mut self.day, &mut self.care, leaf, cells, false),
                Part::Due => days(&mut self.due, &mut self.care, leaf, cells, true),
                Part::Number => {}
                Part::Id if plain_ids(leaf, cells) => {}
                _ => {
                    cells.render(leaf.meaning, self.plan.currency.exponent());
                    match part {
                        Part::Currency => self.currencies(cells),
                        Part::Kind => self.kinds(cells),
                        _ => self.texts(*part, cells),
                    }
                }
            }
        }
        for row in 0..count {
            let both = self.amount[row] != 0 && self.credit[row] != 0;
            self.care[row] |= both || !self.filled[row];
            // Seventeen digits each: the difference cannot overflow.
            self.amount[row] -= self.credit[row];
        }
    }

    fn reset(&mut self, count: usize) {
        // Minor units of another currency than the plan's are read with care, too.
        let care = self.plan.currency.exponent() != HUNDREDTHS;
        for (column, value) in [(&mut self.care, care), (&mut self.filled, false)] {
            column.clear();
            column.resize(count, value);
        }
        for column in [&mut self.amount, &mut self.credit] {
            column.clear();
            column.resize(count, 0);
        }
        for column in [&mut self.day, &mut self.due] {
            column.clear();
            column.resize(count, NO_DAY);
        }
        self.kind.clear();
        self.kind.resize(count, EntryKind::Unknown);
        self.currency.clear();
        self.currency.resize(count, 0);
    }

    fn amounts(&mut self, part: Part, leaf: &Leaf, cells: &Cells) {
        let target = if part == Part::Credit { &mut self.credit } else { &mut self.amount };
        let text = cells.is_text();
        for (row, target) in target.iter_mut().enumerate() {
            let blank = if text {
                let (start, end) = cells.span(row);
                start == end
            } else {
                !cells.valid[row]
            };
            let value = if text {
                let (start, end) = cells.span(row);
                hundredths(&cells.bytes, start, end)
            } else {
                let value = leaf.meaning.hundredths(cells.numbers[row], HUNDREDTHS);
                value.filter(|it| it.abs() <= MOST).and_then(|it| i64::try_from(it).ok())
            };
            match value.filter(|_| !blank) {
                Some(amount) => {
                    *target = amount;
                    self.filled[row] = true;
                }
                None => self.care[row] |= !blank || part == Part::Amount,
            }
        }
    }

    fn texts(&mut self, part: Part, cells: &Cells) {
        let key = matches!(part, Part::Reference | Part::Id);
        let whole = cells.whole();
        let ascii = whole.is_ascii();
        for row in 0..cells.len() {
            let (start, end) = cells.span(row);
            if start == end {
                continue;
            }
            let text = &cells.bytes[start..end];
            self.care[row] |= end - start > self.limits.cell_bytes || looks_odd(text, key, ascii);
        }
    }

    fn currencies(&mut self, cells: &Cells) {
        let whole = cells.whole();
        for row in 0..cells.len() {
            let (start, end) = cells.span(row);
            if start == end {
                continue;
            }
            let found = self.currencies.known(&cells.bytes, start, end).or_else(|| {
                let plain = is_plain(&cells.bytes[start..end]);
                let text = plain.then(|| &whole[start..end])?;
                self.currencies.learn(text, &cells.bytes, start, end)
            });
            match found.filter(|it| it.exponent() == HUNDREDTHS) {
                Some(currency) if end - start <= self.limits.cell_bytes => {
                    self.currency[row] = self.accounts.currency(currency);
                }
                _ => self.care[row] = true,
            }
        }
    }

    /// Words met before were looked at then.
    fn kinds(&mut self, cells: &Cells) {
        let whole = cells.whole();
        let ascii = whole.is_ascii();
        for row in 0..cells.len() {
            let (start, end) = cells.span(row);
            if start == end {
                continue;
            }
            if end - start > self.limits.cell_bytes {
                self.care[row] = true;
            } else if let Some(known) = self.kinds.known(&cells.bytes, start, end) {
                self.kind[row] = known;
            } else if looks_odd(&cells.bytes[start..end], false, ascii) {
                self.care[row] = true;
            } else {
                let found = self.kinds.learn(&whole[start..end], &cells.bytes, start, end);
                self.kind[row] = found.unwrap_or_default();
            }
        }
    }

    /// Puts rows that need no care into the columns of the chunk.
    fn keep(
        &mut self,
        layout: &Layout,
        (cells, names): (&[Cells], Option<&str>),
        rows: Range<usize>,
        first: u64,
        chunk: &mut Chunk,
    ) {
        if rows.is_empty() {
            return;
        }
        let roles = &self.plan.roles;
        chunk.count(
            &self.amount[rows.clone()],
            &self.credit[rows.clone()],
            &self.day[rows.clone()],
        );
        chunk.amount.extend_from_slice(&self.amount[rows.clone()]);
        chunk.day.extend_from_slice(&self.day[rows.clone()]);
        chunk.kind.extend_from_slice(&self.kind[rows.clone()]);
        let number = |row: usize| u32::try_from(first + row as u64).unwrap_or(u32::MAX);
        chunk.rows.extend(rows.clone().map(number));
        if roles.due.is_some() {
            chunk.due.extend_from_slice(&self.due[rows.clone()]);
        }
        let unnamed = Customer::of(&self.plan.customer);
        let (accounts, currency) = (&mut self.accounts, &self.currency);
        match roles.customer.map(|it| &cells[it]).zip(names) {
            Some((cells, names)) => {
                chunk.account.extend(rows.clone().map(|row| {
                    let (start, end) = cells.span(row);
                    let named = || Customer::at(&names[start..end], &cells.bytes, start);
                    let customer = if start == end { unnamed } else { named() };
                    accounts.index(customer, currency[row])
                }));
            }
            None => {
                chunk.account.extend(rows.clone().map(|row| accounts.index(unnamed, currency[row])))
            }
        }
        match roles.reference {
            Some(column) => single(&mut chunk.reference, &cells[column], rows.clone()),
            None => rows.clone().for_each(|_| chunk.reference.end()),
        }
        if let Some(column) = roles.id {
            let cells = &cells[column];
            if cells.is_text() {
                chunk.id.extend(&cells.bytes, rows.clone().map(|row| cells.span(row)));
            } else {
                // Numbers that were left as they are: see `plain_ids`.
                let numbers: Vec<u32> =
                    cells.numbers[rows.clone()].iter().map(|it| *it as u32).collect();
                chunk.id.push_numbers(&numbers);
            }
        }
        for (columns, texts) in [(&layout.other, &mut chunk.other), (&layout.text, &mut chunk.text)]
        {
            if let [only] = columns.as_slice() {
                single(texts, &cells[*only], rows.clone());
            } else if !columns.is_empty() {
                joined(texts, cells, columns, rows.clone());
            }
        }
    }

    fn with_care(&mut self, cells: &[Cells], row: usize, number: u64, chunk: &mut Chunk) {
        let texts = row_texts(self.leaves, cells, row, self.plan);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let outcome = match texts.iter().find(|it| it.len() > self.limits.cell_bytes) {
            Some(long) => RowOutcome::Reject(Reject {
                row: number,
                column: String::new(),
                value: cell::cut(long.trim_end()),
                reason: RejectReason::CellTooLong,
            }),
            None => normalise::row(self.plan, number, &texts),
        };
        chunk.take(outcome, number, self.plan, &mut self.accounts);
    }
}

/// The cells of a row as texts. Minor units are those of the row's currency.
fn row_texts(leaves: &[Leaf], cells: &[Cells], row: usize, plan: &Plan) -> Vec<String> {
    let named = plan.roles.currency.and_then(|it| cells.get(it)).filter(|it| it.is_text());
    let named = named.filter(|it| row < it.len()).and_then(|it| words::currency(it.text(row)));
    let minor = named.unwrap_or(plan.currency).exponent();
    leaves.iter().zip(cells).map(|(leaf, cells)| cell_text(leaf, cells, row, minor)).collect()
}

/// One cell as text; empty where the row has no value.
pub(super) fn cell_text(leaf: &Leaf, cells: &Cells, row: usize, minor: u32) -> String {
    match () {
        () if row >= cells.len() || !cells.valid[row] => String::new(),
        () if cells.is_text() => cells.text(row).to_owned(),
        () => leaf.meaning.text(cells.numbers[row], minor),
    }
}

fn days(days: &mut [Day], care: &mut [bool], leaf: &Leaf, cells: &Cells, may_be_blank: bool) {
    let text = cells.is_text();
    for (row, (day, care)) in days.iter_mut().zip(care).enumerate() {
        let (found, blank) = if text {
            let (start, end) = cells.span(row);
            (iso_day(&cells.bytes, start, end), start == end)
        } else {
            let day = leaf.meaning.day(cells.numbers[row]).filter(|it| DAYS.contains(it));
            (day.and_then(|it| Day::try_from(it).ok()), !cells.valid[row])
        };
        match found.filter(|_| !blank) {
            Some(found) => *day = found,
            None => *care |= !blank || !may_be_blank,
        }
    }
}

/// Whether the ids are whole numbers that need not become texts.
fn plain_ids(leaf: &Leaf, cells: &Cells) -> bool {
    let fits = |number: &i128| u32::try_from(*number).is_ok();
    matches!(leaf.meaning, Meaning::Whole { .. })
        && !cells.is_text()
        && cells.valid.iter().all(|valid| *valid)
        && cells.numbers.iter().all(fits)
}

fn single(texts: &mut Texts, cells: &Cells, rows: Range<usize>) {
    texts.extend(&cells.bytes, rows.map(|row| cells.span(row)));
}

/// Appends the cells of several columns, joined with spaces, blanks left out.
fn joined(texts: &mut Texts, cells: &[Cells], columns: &[usize], rows: Range<usize>) {
    for row in rows {
        let filled = columns.iter().map(|it| cells[*it].text(row)).filter(|it| !it.is_empty());
        for (number, text) in filled.enumerate() {
            if number > 0 {
                texts.add(b" ");
            }
            texts.add(text.as_bytes());
        }
        texts.end();
    }
}
