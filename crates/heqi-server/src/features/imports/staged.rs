//! Step 2 of 8: from the bytes of a file to staged rows. Pure but for the customers it is given.
//!
//! Every row of data is kept with its number and its cells as they stand; what it became, or
//! what is wrong with it, stands beside.

use heqi_domain::{Currency, Day, EntryKind, Id, Lang, NO_DAY, Progress, Side, day_text};
use heqi_intake::{
    Became, ControlTotals, Figures, Inspection, IntakeError, ReadOptions, Reading, RejectReason,
    Role, Source, View,
};

use super::model::Mapping;
use super::{goods, problems};
use crate::features::customers::known::{Directory, Found};
use crate::features::ledger::{LedgerKind, NewLine};

/// What is to become of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The ledger does not have it.
    New,
    /// The ledger has it.
    Known,
    /// The ledger has something like it: a person decides.
    Possible,
    /// It is no line yet.
    Rejected,
}

impl Status {
    /// The word used in the database and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Possible => "possible",
            Self::Rejected => "rejected",
        }
    }

    /// The status that a word names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::New, Self::Known, Self::Possible, Self::Rejected]
            .into_iter()
            .find(|status| status.code() == code)
    }
}

/// A row of the file.
#[derive(Clone, Debug)]
pub struct Staged {
    /// 1-based row of the file.
    pub row: i64,
    /// JSON array of its cells.
    pub raw: String,
    /// What the file calls the customer.
    pub customer_text: String,
    /// The customer.
    pub customer: Option<i64>,
    /// ISO 4217; empty where it could not be read.
    pub currency: String,
    /// What it records.
    pub kind: LedgerKind,
    /// Document number.
    pub reference: String,
    /// Further keys.
    pub other_reference: String,
    /// Memo.
    pub memo: String,
    /// Day of the document; empty where it has none.
    pub business_date: String,
    /// Due date.
    pub due_date: Option<String>,
    /// Minor units; none where it could not be read.
    pub amount: Option<i64>,
    /// The tax in it, minor units without a sign.
    pub tax: Option<i64>,
    /// Code of what a person should look at, though it can be posted; empty if nothing.
    pub warning: String,
    /// What is to become of it.
    pub status: Status,
    /// Code of what is the matter; empty if nothing is.
    pub problem: String,
    /// Column and value at fault.
    pub at_fault: (String, String),
    /// The line of the ledger that it equals or resembles.
    pub twin: Option<i64>,
}

impl Staged {
    /// The line that it would be; none while no customer or amount is known.
    #[must_use]
    pub fn line(&self, side: Side, batch: i64) -> Option<NewLine> {
        Some(NewLine {
            customer: self.customer?,
            side,
            currency: self.currency.clone(),
            kind: self.kind,
            reference: self.reference.clone(),
            other_reference: self.other_reference.clone(),
            memo: self.memo.clone(),
            business_date: self.business_date.clone(),
            posting_date: self.business_date.clone(),
            due_date: self.due_date.clone(),
            amount: self.amount?,
            tax: self.tax.and_then(|tax| tax.checked_mul(self.amount?.signum())),
            freight: None,
            document: None,
            reverses: None,
            source: (String::new(), String::new()),
            batch: Some((batch, self.row)),
        })
    }

    pub(super) fn reject(&mut self, code: &str, column: &str, value: &str) {
        self.status = Status::Rejected;
        code.clone_into(&mut self.problem);
        self.at_fault = (column.to_owned(), value.to_owned());
    }
}

/// A file as read.
#[derive(Debug)]
pub struct ReadFile {
    /// Its rows of data.
    pub rows: Vec<Staged>,
    /// How it was understood.
    pub inspection: Inspection,
    /// What it states about its balance.
    pub control: ControlTotals,
    /// The template that it was read with or that was made from it; empty if none can be.
    pub template: String,
}

/// Reads a file. `template` is the TOML of a saved one; empty for none.
///
/// # Errors
/// [`IntakeError`]: the file as a whole cannot be read.
pub fn read(
    bytes: &dyn Source,
    name: &str,
    side: Side,
    mapping: &Mapping,
    template: &str,
    progress: &dyn Progress,
) -> Result<ReadFile, IntakeError> {
    let mut options = options(side, mapping, template);
    let own = heqi_intake::template(bytes, name, &options);
    let own = own.ok().and_then(|template| template.to_toml().ok()).unwrap_or_default();
    if !mapping.columns.is_empty() {
        // A person has corrected the template: what is kept is what came of it.
        options.template = (!own.is_empty()).then(|| own.clone());
    }
    if let Some(order) = &mapping.date_order {
        options.template = with_date_order(options.template.as_deref().unwrap_or(&own), order);
    }
    let mut raw: Vec<(i64, String, bool, Vec<String>, Figures)> = Vec::new();
    let kind_column = |inspection: &Inspection| {
        inspection.columns.iter().position(|column| column.role == Role::Kind)
    };
    let mut keep = |row: u64, cells: &[&str], became: Became, figures: Figures| {
        if matches!(became, Became::Line | Became::Reject) {
            let text = serde_json::to_string(cells).unwrap_or_default();
            let cells = if became == Became::Line { short(cells) } else { Vec::new() };
            raw.push((row as i64, text, became == Became::Line, cells, figures));
        }
    };
    let reading = heqi_intake::read_rows(bytes, name, &options, progress, &mut keep)?;
    let kind_at = kind_column(&reading.inspection);
    let mut rows = Vec::with_capacity(raw.len());
    let (mut line, mut reject) = (0_u32, 0_usize);
    if raw.is_empty() {
        // Parquet has no rows of text: the lines stand for themselves.
        let line = |at: usize| (at as i64 + 1, "[]".into(), true, vec![], Figures::default());
        raw.extend((0..reading.lines.len()).map(line));
    }
    for (number, text, is_line, cells, figures) in raw {
        if is_line {
            let stated = kind_at.and_then(|at| stated_kind(cells.get(at)?));
            let mut row = of_line(&reading, line, number, text, stated);
            goods::check(&mut row, figures, &reading.inspection);
            rows.push(row);
            line += 1;
        } else if let Some(found) = reading.rejects.get(reject) {
            let mut row = blank(number, text);
            row.reject(found.reason.code(), &found.column, &found.value);
            if found.reason == RejectReason::StatusClosed {
                row.memo.clone_from(&found.value);
            }
            rows.push(row);
            reject += 1;
        }
    }
    let Reading { inspection, control, .. } = reading;
    let template = options.template.unwrap_or(own);
    Ok(ReadFile { rows, inspection, control, template })
}

/// The cells, cut: only the word of the kind is looked at.
fn short(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| cell.trim().chars().take(12).collect()).collect()
}

/// Whether a template was made from a file with this header.
#[must_use]
pub fn fits(
    bytes: &dyn Source,
    name: &str,
    side: Side,
    mapping: &Mapping,
    (fingerprint, toml): (&str, &str),
) -> bool {
    let found = heqi_intake::template(bytes, name, &options(side, mapping, toml));
    found.is_ok_and(|found| found.fingerprint == fingerprint)
}

fn options(side: Side, mapping: &Mapping, template: &str) -> ReadOptions {
    let mut options = ReadOptions::new(side);
    options.map = mapping.columns.iter().map(|it| (it.role, it.column.clone())).collect();
    options.template = (!template.is_empty()).then(|| template.to_owned());
    options.view = mapping.view.as_deref().map(|view| match view {
        "payable" => View::Payable,
        _ => View::Receivable,
    });
    let currency = mapping.currency.as_deref().and_then(|code| code.parse().ok());
    options.currency = currency.unwrap_or(Currency::CNY);
    options.sheet.clone_from(&mapping.sheet);
    options.header_row = mapping.header_row;
    options.encoding.clone_from(&mapping.encoding);
    options
}

/// The template with another order of dates.
fn with_date_order(template: &str, order: &str) -> Option<String> {
    let mut table: toml::Table = toml::from_str(template).ok()?;
    table.insert("dates".to_owned(), order.into());
    toml::to_string(&table).ok()
}

/// The kind that a cell names in the words of the ledger, which has more than the kernel.
fn stated_kind(cell: &str) -> Option<LedgerKind> {
    let named = |kind: &&LedgerKind| {
        [kind.code(), kind.label(Lang::Zh), kind.label(Lang::En)]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(cell))
    };
    LedgerKind::ALL.iter().find(named).copied()
}

const fn ledger_kind(kind: EntryKind) -> LedgerKind {
    match kind {
        EntryKind::Sale => LedgerKind::Sale,
        EntryKind::Return => LedgerKind::Return,
        EntryKind::Exchange => LedgerKind::Exchange,
        EntryKind::Receipt => LedgerKind::Receipt,
        EntryKind::Refund => LedgerKind::Refund,
        EntryKind::Adjustment => LedgerKind::Adjustment,
        EntryKind::Discount => LedgerKind::Discount,
        EntryKind::WriteOff => LedgerKind::WriteOff,
        EntryKind::Reversal => LedgerKind::Reversal,
        EntryKind::Unknown => LedgerKind::Unknown,
    }
}

fn blank(row: i64, raw: String) -> Staged {
    Staged {
        row,
        raw,
        customer_text: String::new(),
        customer: None,
        currency: String::new(),
        kind: LedgerKind::Unknown,
        reference: String::new(),
        other_reference: String::new(),
        memo: String::new(),
        business_date: String::new(),
        due_date: None,
        amount: None,
        tax: None,
        warning: String::new(),
        status: Status::New,
        problem: String::new(),
        at_fault: (String::new(), String::new()),
        twin: None,
    }
}

fn of_line(
    reading: &Reading,
    line: u32,
    row: i64,
    raw: String,
    stated: Option<LedgerKind>,
) -> Staged {
    let lines = &reading.lines;
    let at = line as usize;
    let account = &lines.accounts[lines.account[at] as usize];
    let iso = |day: Day| if day == NO_DAY { String::new() } else { day_text(day) };
    let due = lines.due.get(at).copied().map(iso).filter(|due| !due.is_empty());
    let named = |column: Role| {
        let found = reading.inspection.columns.iter().find(|it| it.role == column);
        found.map_or("", |column| column.name.as_str())
    };
    let mut staged = blank(row, raw);
    staged.customer_text.clone_from(&account.customer);
    account.currency.code().clone_into(&mut staged.currency);
    staged.kind = stated.unwrap_or_else(|| ledger_kind(lines.kind_of(line)));
    lines.reference.get(line).clone_into(&mut staged.reference);
    lines.other_reference_of(line).clone_into(&mut staged.other_reference);
    lines.text_of(line).clone_into(&mut staged.memo);
    staged.business_date = iso(lines.day[at]);
    staged.due_date = due;
    staged.amount = Some(lines.amount[at]);
    if staged.business_date.is_empty() {
        staged.reject(problems::LINE_UNDATED, named(Role::Date), "");
    } else if lines.amount[at] == 0 {
        staged.reject(problems::AMOUNT_ZERO, named(Role::Amount), "0");
    }
    staged
}

/// Finds the customers of the rows. Lines that name none belong to `fixed`, or to whom the text
/// above the table names.
pub fn find_customers(file: &mut ReadFile, known: &Directory, fixed: Option<i64>) {
    let stated = file.inspection.stated_customer.clone().unwrap_or_default();
    let column = file.inspection.columns.iter().find(|it| it.role == Role::Customer);
    let column = column.map_or("", |column| column.name.as_str());
    let mut last: Option<(String, Found)> = None;
    for row in file.rows.iter_mut().filter(|row| row.amount.is_some()) {
        if row.customer_text.is_empty() {
            if let Some(fixed) = fixed {
                row.customer = Some(fixed);
                continue;
            }
            row.customer_text.clone_from(&stated);
        }
        let text = row.customer_text.as_str();
        let found = match &last {
            Some((name, found)) if name == text => *found,
            _ if text.is_empty() => Found::None,
            _ => known.find(text),
        };
        last = Some((text.to_owned(), found));
        let code = match found {
            Found::One(customer) => {
                row.customer = Some(customer);
                continue;
            }
            Found::Several => problems::CUSTOMER_AMBIGUOUS,
            Found::None if text.is_empty() => problems::CUSTOMER_MISSING,
            Found::None => problems::CUSTOMER_UNKNOWN,
        };
        if row.status != Status::Rejected {
            let text = row.customer_text.clone();
            row.reject(code, column, &text);
        }
    }
}

/// The number of the customer that a mapping names.
#[must_use]
pub fn fixed_customer(mapping: &Mapping) -> Option<i64> {
    let id = mapping.customer.as_deref()?.parse::<heqi_domain::CustomerId>().ok()?;
    Some(Id::number(id))
}
