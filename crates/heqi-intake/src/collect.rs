//! The collector: outcomes of rows in, columns of lines, rejects and facts for the checks out.
//!
//! Amounts stay in the file's own orientation until [`Collector::finish`].

use hashbrown::HashMap;
use heqi_domain::{Account, Currency, Day, LineIds, Lines, NO_DAY, Names};

use crate::normalise::{Control, LineDraft, Notes, RowOutcome, Skip};
use crate::plan::Plan;
use crate::row_numbers::RowNumbers;
use crate::{IntakeError, Reading, Reject};

/// Gathers the rows of one file or of one chunk of it.
pub(crate) struct Collector {
    /// The lines so far; `id` is filled by `finish`.
    pub lines: Lines,
    /// Per line: physical row.
    pub rows: RowNumbers,
    /// Per line: the file's own id; empty column when the plan has no id column.
    pub ids: Names,
    /// Rows that are not lines.
    pub rejects: Vec<Reject>,
    /// Sums and counts for the inspection and the checks.
    pub tally: Tally,
    accounts: HashMap<Account, u32>,
    last_account: Option<u32>,
}

/// What is counted while rows go by; chunks add up.
#[derive(Default)]
pub(crate) struct Tally {
    /// Σ debit and Σ credit in thousandths, file orientation.
    pub sums: Sums,
    /// First and last day.
    pub days: Option<(Day, Day)>,
    /// Control rows with the sums at their place.
    pub controls: Vec<(Control, Sums)>,
    /// Lines that carry a running balance.
    pub balances: Vec<Balance>,
    /// How often each note was seen, and where first.
    pub notes: [Seen; 7],
    /// Remarks, repeated headers, rows of other customers.
    pub skipped: [Seen; 3],
}

/// Sums in thousandths of the major unit, so that currencies of 0, 2 and 3 decimals add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Debit, or the signed amounts.
    pub debit: i128,
    /// Credit.
    pub credit: i128,
    /// Lines.
    pub count: u64,
}

/// A line's running balance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Balance {
    /// Index of the line.
    pub line: u32,
    /// Balance in minor units as the file signs it.
    pub balance: i64,
}

/// How often something was seen, and where first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Times.
    pub count: u64,
    /// Physical row of the first time.
    pub first: u64,
}

impl Seen {
    /// Once more, at `row`.
    pub fn at(&mut self, row: u64) {
        if self.count == 0 {
            self.first = row;
        }
        self.count += 1;
    }

    fn add(&mut self, later: Self) {
        if self.count == 0 {
            self.first = later.first;
        }
        self.count += later.count;
    }
}

/// Factor from a currency's minor unit to thousandths of its major unit.
pub(crate) fn thousandths(currency: Currency) -> i128 {
    10_i128.pow(3 - currency.exponent().min(3))
}

impl Collector {
    /// Nothing collected yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            lines: Lines::new(plan.side),
            rows: RowNumbers::default(),
            ids: Names::new(),
            rejects: Vec::new(),
            tally: Tally::default(),
            accounts: HashMap::new(),
            last_account: None,
        }
    }

    /// Takes the outcome of a row.
    pub fn push(&mut self, plan: &Plan, row: u64, outcome: RowOutcome<'_>) {
        match outcome {
            RowOutcome::Line(draft) => self.line(plan, &draft),
            RowOutcome::Reject(reject) => self.rejects.push(reject),
            RowOutcome::Control(control) => {
                self.tally.controls.push((control, self.tally.sums));
            }
            RowOutcome::Skip(skip) => self.tally.skip(row, skip),
        }
    }

    /// Takes a line.
    pub fn line(&mut self, plan: &Plan, draft: &LineDraft<'_>) {
        let account = self.account(plan, draft.customer, draft.currency);
        let index = self.lines.amount.len() as u32;
        self.lines.account.push(account);
        self.lines.amount.push(draft.amount);
        self.lines.day.push(draft.day);
        self.lines.kind.push(draft.kind);
        self.lines.reference.push(draft.reference);
        if plan.roles.due.is_some() {
            self.lines.due.push(draft.due);
        }
        if plan.keep_text && !plan.roles.text.is_empty() {
            self.lines.text.push(&draft.text);
        }
        if !plan.roles.other_reference.is_empty() {
            self.lines.other_reference.push(&draft.other);
        }
        if plan.roles.id.is_some() {
            self.ids.push(draft.id);
        }
        self.rows.push(u32::try_from(draft.row).unwrap_or(u32::MAX));
        if let Some(balance) = draft.balance {
            self.tally.balances.push(Balance { line: index, balance });
        }
        self.tally.line(draft);
    }

    /// Index of the account of a customer (empty: the plan's) and currency.
    pub fn account(&mut self, plan: &Plan, customer: &str, currency: Currency) -> u32 {
        let customer = if customer.is_empty() { &plan.customer } else { customer };
        if let Some(last) = self.last_account {
            let account = &self.lines.accounts[last as usize];
            if account.customer == customer && account.currency == currency {
                return last;
            }
        }
        let account = Account { customer: customer.to_owned(), currency };
        let index = self.intern(account);
        self.last_account = Some(index);
        index
    }

    fn intern(&mut self, account: Account) -> u32 {
        let next = self.lines.accounts.len() as u32;
        let index = *self.accounts.entry(account.clone()).or_insert(next);
        if index == next {
            self.lines.accounts.push(account);
        }
        index
    }

    /// Makes the reading: mirrors if the plan says so, checks what the file states, and fills in
    /// the inspection.
    ///
    /// # Errors
    /// [`IntakeError::TooLarge`] if there are more lines than an index can count,
    /// [`IntakeError::NoRows`] if there is neither line nor reject.
    pub fn finish(
        mut self,
        plan: &Plan,
        name: &str,
        sha256: [u8; 32],
    ) -> Result<Reading, IntakeError> {
        if self.lines.amount.len() >= u32::MAX as usize {
            let limit = u64::from(u32::MAX);
            return Err(IntakeError::TooLarge { name: name.into(), what: "lines".into(), limit });
        }
        if self.lines.is_empty() && self.rejects.is_empty() && self.tally.controls.is_empty() {
            let row = plan.header_row.unwrap_or(1);
            return Err(IntakeError::NoRows { name: name.into(), row });
        }
        let named = plan.roles.id.is_some() && crate::ids::all_unique(&self.ids);
        let repeated = plan.roles.id.is_some() && !named;
        let findings = crate::checks::run(plan, &self);
        self.lines.id =
            if named { LineIds::Named(self.ids) } else { LineIds::Rows(self.rows.to_vec()) };
        if findings.mirrored {
            for amount in &mut self.lines.amount {
                *amount = -*amount;
            }
        }
        if plan.roles.kind.is_none() {
            for (kind, memo) in self.lines.kind.iter_mut().zip(self.lines.text.iter()) {
                *kind = crate::words::kind_of_memo(memo);
            }
        }
        let inspection = crate::inspect::inspection(
            plan,
            &self.lines,
            &self.tally,
            self.rejects.len() as u64,
            &findings,
            repeated,
        );
        let control = findings.control;
        Ok(Reading { lines: self.lines, rejects: self.rejects, inspection, control, sha256 })
    }
}

impl Tally {
    /// Counts a line.
    pub fn line(&mut self, draft: &LineDraft<'_>) {
        let factor = thousandths(draft.currency);
        let credit = i128::from(draft.credit);
        self.sums.debit += (i128::from(draft.amount) + credit) * factor;
        self.sums.credit += credit * factor;
        self.sums.count += 1;
        if draft.day != NO_DAY {
            self.day(draft.day, draft.day);
        }
        self.note(draft.row, draft.notes);
    }

    /// Counts a row that is neither data nor control.
    pub fn skip(&mut self, row: u64, skip: Skip) {
        match skip {
            Skip::Blank => {}
            Skip::Remark => self.skipped[0].at(row),
            Skip::RepeatedHeader => self.skipped[1].at(row),
            Skip::OtherCustomer => self.skipped[2].at(row),
        }
    }

    fn note(&mut self, row: u64, notes: Notes) {
        if notes == Notes::default() {
            return;
        }
        for (seen, is) in self.notes.iter_mut().zip(notes.all()) {
            if is {
                seen.at(row);
            }
        }
    }

    /// Widens the span of days.
    pub fn day(&mut self, first: Day, last: Day) {
        let (low, high) = self.days.unwrap_or((first, last));
        self.days = Some((low.min(first), high.max(last)));
    }

    /// Joins what was counted in the rows that follow; `base` is the number of lines before them.
    pub fn append(&mut self, later: Self, base: u32) {
        let before = self.sums;
        self.controls
            .extend(later.controls.into_iter().map(|(control, sums)| (control, before.plus(sums))));
        self.balances
            .extend(later.balances.iter().map(|it| Balance { line: it.line + base, ..*it }));
        self.sums = before.plus(later.sums);
        if let Some((first, last)) = later.days {
            self.day(first, last);
        }
        for (seen, more) in self.notes.iter_mut().zip(later.notes) {
            seen.add(more);
        }
        for (seen, more) in self.skipped.iter_mut().zip(later.skipped) {
            seen.add(more);
        }
    }
}

impl Sums {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            debit: self.debit + other.debit,
            credit: self.credit + other.credit,
            count: self.count + other.count,
        }
    }

    /// What has come since `earlier`.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            debit: self.debit - earlier.debit,
            credit: self.credit - earlier.credit,
            count: self.count - earlier.count,
        }
    }

    /// Debit less credit.
    pub fn net(self) -> i128 {
        self.debit - self.credit
    }
}
