//! The rows of one block as columns, and how they join the columns of the file.

use heqi_domain::{Account, Day, EntryKind, NO_DAY, Names};

use super::accounts::{Accounts, Customer};
use super::cell::number;
use crate::Reject;
use crate::collect::{Balance, Collector, Tally};
use crate::normalise::{LineDraft, RowOutcome};
use crate::plan::Plan;

/// Lines of one block. Columns that the file does not have stay empty.
#[derive(Default)]
pub(crate) struct Chunk {
    /// The thread that made it.
    pub thread: usize,
    /// Accounts that the thread met here for the first time.
    pub fresh: Vec<Account>,
    /// Per line: number of the account among the thread's.
    pub account: Vec<u32>,
    pub amount: Vec<i64>,
    pub day: Vec<Day>,
    pub due: Vec<Day>,
    pub kind: Vec<EntryKind>,
    pub rows: Vec<u32>,
    pub reference: Texts,
    pub other: Texts,
    pub text: Texts,
    pub id: IdCells,
    pub rejects: Vec<Reject>,
    pub tally: Tally,
}

/// Appends the cell at `start..end` of a buffer; most are short.
#[inline]
pub(crate) fn append_cell(bytes: &mut Vec<u8>, buffer: &[u8], start: usize, end: usize) {
    // A copy of fixed size is one instruction; what is too much is cut off again.
    match buffer.get(start..).and_then(<[u8]>::first_chunk::<16>) {
        Some(chunk) if end - start <= 16 => {
            let total = bytes.len() + (end - start);
            bytes.extend_from_slice(chunk);
            bytes.truncate(total);
        }
        _ => bytes.extend_from_slice(&buffer[start..end]),
    }
}

/// Texts end to end, and where each ends.
#[derive(Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    /// Appends the texts at the given places of a buffer.
    #[inline]
    pub fn extend(&mut self, buffer: &[u8], spans: impl Iterator<Item = (usize, usize)>) {
        for (start, end) in spans {
            append_cell(&mut self.bytes, buffer, start, end);
            self.ends.push(self.bytes.len() as u32);
        }
    }

    /// Appends to the text at hand.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The text at hand is complete.
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len() as u32);
    }

    /// Appends a text.
    pub fn push_text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.end();
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn join(&self, column: &mut heqi_domain::Strings) {
        // Blocks are checked as a whole before cells are cut at ASCII marks.
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        column.append_run(text, &self.ends);
    }
}

/// [`Names::number`] of the cell at `start..end`, by eight digits at once.
#[inline]
pub(super) fn plain_number(buffer: &[u8], start: usize, end: usize) -> Option<u32> {
    if end - start > 8 {
        return Names::number(&buffer[start..end]);
    }
    let number = number(buffer, start, end)?;
    (buffer[start] != b'0' || end == start + 1).then_some(number as u32)
}

/// Ids of lines: numbers as long as each is the plain form of one, else texts.
#[derive(Default)]
pub(crate) struct IdCells {
    numbers: Vec<u32>,
    texts: Texts,
    /// One of them is not a number, so all are texts.
    mixed: bool,
}

impl IdCells {
    /// Appends the ids at the given places of a buffer.
    pub fn extend(&mut self, buffer: &[u8], mut spans: impl Iterator<Item = (usize, usize)>) {
        if !self.mixed {
            for (start, end) in spans.by_ref() {
                if let Some(number) = plain_number(buffer, start, end) {
                    self.numbers.push(number);
                } else {
                    self.mix();
                    self.texts.extend(buffer, std::iter::once((start, end)));
                    break;
                }
            }
        }
        self.texts.extend(buffer, spans);
    }

    /// Appends an id.
    pub fn push_text(&mut self, text: &str) {
        self.extend(text.as_bytes(), std::iter::once((0, text.len())));
    }

    #[cold]
    fn mix(&mut self) {
        for number in self.numbers.drain(..) {
            self.texts.push_text(&number.to_string());
        }
        self.mixed = true;
    }

    /// Appends ids that are numbers.
    pub fn push_numbers(&mut self, numbers: &[u32]) {
        if self.mixed {
            numbers.iter().for_each(|number| self.texts.push_text(&number.to_string()));
        } else {
            self.numbers.extend_from_slice(numbers);
        }
    }

    fn clear(&mut self) {
        self.numbers.clear();
        self.texts.clear();
        self.mixed = false;
    }

    fn join(&self, column: &mut Names) {
        if self.mixed { self.texts.join(column.as_texts()) } else { column.extend(&self.numbers) }
    }
}

impl Chunk {
    /// Forgets everything but the room.
    pub fn clear(&mut self) {
        self.fresh.clear();
        self.account.clear();
        self.amount.clear();
        self.day.clear();
        self.due.clear();
        self.kind.clear();
        self.rows.clear();
        self.id.clear();
        for texts in [&mut self.reference, &mut self.other, &mut self.text] {
            texts.clear();
        }
        self.rejects.clear();
        self.tally = Tally::default();
    }
}

impl Chunk {
    /// Bytes of the column of texts that has most.
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.reference, &self.other, &self.text, &self.id.texts];
        texts.map(|it| it.bytes.len()).into_iter().max().unwrap_or(0)
    }

    /// Adds up what the inspection and the checks need of rows in hundredths.
    pub fn count(&mut self, amounts: &[i64], credits: &[i64], days: &[Day]) {
        let sum = |values: &[i64]| values.iter().map(|it| i128::from(*it)).sum::<i128>();
        let (net, credit) = (sum(amounts), sum(credits));
        let thousandths = 10;
        self.tally.sums.debit += (net + credit) * thousandths;
        self.tally.sums.credit += credit * thousandths;
        self.tally.sums.count += amounts.len() as u64;
        // A row without a day needs care; only where the file has no dates are there none.
        let first = days.iter().copied().reduce(Day::min).unwrap_or(NO_DAY);
        if first != NO_DAY {
            self.tally.day(first, days.iter().copied().reduce(Day::max).unwrap_or(first));
        }
    }

    /// Takes what `normalise::row` made of a row.
    pub fn take(
        &mut self,
        outcome: RowOutcome<'_>,
        row: u64,
        plan: &Plan,
        accounts: &mut Accounts,
    ) {
        match outcome {
            RowOutcome::Line(draft) => self.line(&draft, plan, accounts),
            RowOutcome::Reject(reject) => self.rejects.push(reject),
            RowOutcome::Control(control) => {
                self.tally.controls.push((control, self.tally.sums));
            }
            RowOutcome::Skip(skip) => self.tally.skip(row, skip),
        }
    }

    fn line(&mut self, draft: &LineDraft<'_>, plan: &Plan, accounts: &mut Accounts) {
        let roles = &plan.roles;
        let customer = if draft.customer.is_empty() { &plan.customer } else { draft.customer };
        let line = self.amount.len() as u32;
        let currency = accounts.currency(draft.currency);
        self.account.push(accounts.index(Customer::of(customer), currency));
        self.amount.push(draft.amount);
        self.day.push(draft.day);
        self.kind.push(draft.kind);
        self.rows.push(u32::try_from(draft.row).unwrap_or(u32::MAX));
        self.reference.push_text(draft.reference);
        if roles.id.is_some() {
            self.id.push_text(draft.id);
        }
        if roles.due.is_some() {
            self.due.push(draft.due);
        }
        if !roles.other_reference.is_empty() {
            self.other.push_text(&draft.other);
        }
        if plan.keep_text && !roles.text.is_empty() {
            self.text.push_text(&draft.text);
        }
        if let Some(balance) = draft.balance {
            self.tally.balances.push(Balance { line, balance });
        }
        self.tally.line(draft);
    }
}

/// Texts or bytes of texts that room is made for in advance: a file that lies about its size must
/// not cost more than it is worth.
const MOST_ROOM: usize = 1 << 31;

/// The columns of the file, joined block by block in file order.
pub(crate) struct Joined<'p> {
    plan: &'p Plan,
    pub collector: Collector,
    /// Per thread: number of the account in the file by its number in the thread.
    accounts: Vec<Vec<u32>>,
    /// Accounts met, and not yet named by a line: per thread.
    named: Vec<Vec<Account>>,
}

/// Not yet met in file order.
const NOT_YET: u32 = u32::MAX;

impl<'p> Joined<'p> {
    pub fn new(plan: &'p Plan, threads: usize) -> Self {
        Self {
            plan,
            collector: Collector::new(plan),
            accounts: vec![Vec::new(); threads],
            named: vec![Vec::new(); threads],
        }
    }

    /// Makes room for the file, judging by its first part: `share` = file ÷ part, in 1/1024.
    pub fn reserve(&mut self, chunk: &Chunk, share: u64) {
        let scaled = |count: usize| {
            // One part in 32 more, since blocks differ. Room that is not used costs no memory,
            // and room that there is not is made when it is needed.
            (count as u64).saturating_mul(share) / 1024 * 33 / 32 + 1024
        };
        let room = |count: usize| usize::try_from(scaled(count)).unwrap_or(0).min(MOST_ROOM);
        let lines = &mut self.collector.lines;
        let count = room(chunk.amount.len());
        drop(lines.account.try_reserve_exact(count));
        drop(lines.amount.try_reserve_exact(count));
        drop(lines.day.try_reserve_exact(count));
        drop(lines.kind.try_reserve_exact(count));
        if !chunk.due.is_empty() {
            drop(lines.due.try_reserve_exact(count));
        }
        self.collector.ids.reserve(
            if chunk.id.mixed || !chunk.id.numbers.is_empty() { count } else { 0 },
            room(chunk.id.texts.bytes.len()),
        );
        let texts = [
            (&chunk.reference, &mut lines.reference),
            (&chunk.other, &mut lines.other_reference),
            (&chunk.text, &mut lines.text),
        ];
        for (texts, column) in texts {
            if !texts.ends.is_empty() {
                column.reserve(count, room(texts.bytes.len()));
            }
        }
    }

    /// Appends the block that follows.
    pub fn append(&mut self, chunk: &mut Chunk) {
        let base = self.collector.lines.amount.len() as u32;
        self.join_accounts(chunk);
        let lines = &mut self.collector.lines;
        lines.amount.extend_from_slice(&chunk.amount);
        lines.day.extend_from_slice(&chunk.day);
        lines.due.extend_from_slice(&chunk.due);
        lines.kind.extend_from_slice(&chunk.kind);
        chunk.reference.join(&mut lines.reference);
        chunk.other.join(&mut lines.other_reference);
        chunk.text.join(&mut lines.text);
        chunk.id.join(&mut self.collector.ids);
        self.collector.rows.extend(&chunk.rows);
        self.collector.rejects.append(&mut chunk.rejects);
        self.collector.tally.append(std::mem::take(&mut chunk.tally), base);
    }

    /// Accounts are numbered in the order in which the file names them, whichever thread met
    /// them first.
    fn join_accounts(&mut self, chunk: &mut Chunk) {
        let numbers = &mut self.accounts[chunk.thread];
        let named = &mut self.named[chunk.thread];
        named.append(&mut chunk.fresh);
        numbers.resize(named.len(), NOT_YET);
        let start = self.collector.lines.account.len();
        self.collector.lines.account.extend_from_slice(&chunk.account);
        for line in start..self.collector.lines.account.len() {
            let own = self.collector.lines.account[line] as usize;
            let number = &mut numbers[own];
            if *number == NOT_YET {
                let account = &named[own];
                *number = self.collector.account(self.plan, &account.customer, account.currency);
            }
            self.collector.lines.account[line] = *number;
        }
    }

    /// Gives back room that was not needed.
    pub fn finish(mut self) -> Collector {
        let lines = &mut self.collector.lines;
        lines.account.shrink_to_fit();
        lines.amount.shrink_to_fit();
        lines.day.shrink_to_fit();
        lines.due.shrink_to_fit();
        lines.kind.shrink_to_fit();
        lines.reference.shrink_to_fit();
        lines.other_reference.shrink_to_fit();
        lines.text.shrink_to_fit();
        self.collector.ids.shrink_to_fit();
        self.collector
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_numbers_are_those_of_names(
            cell in "[0-9]{0,11}|0|-?[0-9]{1,3}|[0-9]{1,7}[a-z.]?",
        ) {
            let buffer = format!("9{cell}99999999");
            let found = plain_number(buffer.as_bytes(), 1, 1 + cell.len());
            prop_assert_eq!(found, Names::number(cell.as_bytes()));
            let alone = plain_number(cell.as_bytes(), 0, cell.len());
            prop_assert_eq!(alone, Names::number(cell.as_bytes()));
        }
    }
}
