//! The plan: everything that was decided about a file before its rows are read.
//!
//! `detect` makes a [`Plan`] from the head of the file (and, where the head leaves a question
//! open, from a whole column). After that nothing is guessed any more: the careful reader and
//! the fast reader hand each row to [`crate::normalise::row`], which is a pure function of the
//! plan, the row number and the cells. So both readers give the same result by construction.
//!
//! ## For a reader of clean text
//! - Rows are numbered by physical lines, 1-based; a record that spans lines has the number of
//!   the line on which it starts. Blank lines are counted and skipped.
//! - The first data record starts at byte [`TextShape::data_offset`], which is physical row
//!   [`Plan::first_row`]. Everything above it (preamble, header) is done with.
//! - Cells are handed over unquoted but otherwise as they stand: `normalise::row` trims and
//!   unwraps them itself (TAB, backtick, `="…"`, `'`).
//! - A reader that builds a line itself must give what `normalise::row` would give. The cells
//!   for which that is simple: [`Plan::is_plain`] is true, the amount is
//!   `-?[0-9]{1,15}(\.[0-9]{0,exponent})?` with [`DecimalMark::Point`], the date is in
//!   [`DateOrder`] with two-digit months and days, texts are ASCII without a leading or
//!   trailing character out of ``space TAB ` ' = "`` and are not the word of a control row.
//!   Everything else goes through `normalise::row`.

use heqi_domain::{Currency, Side};

use crate::{Column, Format, Warning};

/// How a file is to be read. See the module.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Format by content.
    pub format: Format,
    /// Shape of text files; `None` for workbooks, HTML and Parquet.
    pub text: Option<TextShape>,
    /// Sheet of workbooks.
    pub sheet: Option<String>,
    /// Physical row of the (first) header line, 1-based; `None`: the file has no header.
    pub header_row: Option<u64>,
    /// Physical row of the first record below the header, 1-based.
    pub first_row: u64,
    /// All columns, in file order, with the role that was inferred or set.
    pub columns: Vec<Column>,
    /// Where each role is found: indexes into the cells of a row.
    pub roles: Roles,
    /// Decimal mark of the amounts.
    pub mark: DecimalMark,
    /// Amounts are in units of 10^`scale`: 0, or 3 for 千元, 4 for 万元.
    pub scale: u32,
    /// A template says that amounts with more decimals than the currency are rounded half up.
    pub round: bool,
    /// Refunds count as minus whatever sign they carry: Alipay's merchant bills have written them
    /// both ways, and their type is what counts.
    pub refunds_negative: bool,
    /// The amounts are order totals that repeat on every goods line of an order.
    pub order_totals: bool,
    /// Order of day, month and year in ambiguous dates.
    pub order: DateOrder,
    /// Currency of rows that name none.
    pub currency: Currency,
    /// The customer of every line, when the file has no customer column.
    pub customer: String,
    /// Keep only lines of this customer, when the file has a customer column.
    pub only_customer: Option<String>,
    /// Whether the file speaks from the customer's payable: then the amounts of lines and control
    /// totals are negated once, by the collector. `Some`: a person or template said so; `None`:
    /// the collector decides by the running balance, or by `holder_words`. `normalise::row` gives
    /// the file's own orientation in any case.
    pub mirrored: Option<bool>,
    /// The columns are named as a bank names them: its debit is what leaves its customer's account
    /// (支出, 转出, paid out), or 借/贷 stand beside the counterparty's account number. Such a file
    /// speaks from the bank's payable: mirrored, plus is what comes in.
    pub holder_words: bool,
    /// Whose book it is.
    pub side: Side,
    /// Whether memos are kept.
    pub keep_text: bool,
    /// What detection has to say.
    pub warnings: Vec<Warning>,
    /// What the preamble states about the file as a whole.
    pub stated: Stated,
}

/// Shape of a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextShape {
    /// Name as in [`crate::Inspection::encoding`].
    pub encoding: &'static str,
    /// Field separator, one ASCII byte.
    pub separator: u8,
    /// Byte offset of the first record below the header; `Some` only for UTF-8, with or without
    /// BOM.
    pub data_offset: Option<u64>,
    /// Lines start with a backtick and are split at ``,` ``; quotes mean nothing there.
    pub backtick: bool,
}

/// Where each role is found; indexes into the cells of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles {
    pub date: Option<usize>,
    pub time: Option<usize>,
    pub due: Option<usize>,
    pub reference: Option<usize>,
    /// Joined with a space, blanks left out.
    pub other_reference: Vec<usize>,
    /// Signed amount; excludes `debit` and `credit`.
    pub amount: Option<usize>,
    pub debit: Option<usize>,
    pub credit: Option<usize>,
    /// Signs the amount.
    pub direction: Option<usize>,
    /// Signs the balance (方向 beside 余额 in a three-column ledger).
    pub balance_direction: Option<usize>,
    pub balance: Option<usize>,
    pub customer: Option<usize>,
    pub currency: Option<usize>,
    pub kind: Option<usize>,
    /// Joined with a space, blanks left out.
    pub text: Vec<usize>,
    pub id: Option<usize>,
    pub tax: Option<usize>,
    pub quantity: Option<usize>,
    pub price: Option<usize>,
    pub discount: Option<usize>,
    pub status: Option<usize>,
    /// Means of payment: a closed transaction that was paid still counts.
    pub paid_by: Option<usize>,
}

/// Decimal mark of a column of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecimalMark {
    /// `1,234.56`
    #[default]
    Point,
    /// `1.234,56`
    Comma,
}

/// Order of the parts of a date whose first part is not the year. A date that starts with a
/// four-digit year is read year, month, day under every order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DateOrder {
    /// `31/12/2026`, `31.12.2026`
    #[default]
    DayMonth,
    /// `12/31/2026`
    MonthDay,
}

/// What the preamble states: checked, never trusted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stated {
    /// Customer named above the header.
    pub customer: Option<String>,
    /// Row, and the number of records that it states (共66笔).
    pub count: Option<(u64, u64)>,
    /// Sums by direction (收入：1笔 28.50元).
    pub sums: Vec<StatedSum>,
}

/// One line such as 收入：1笔 28.50元.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StatedSum {
    /// Physical row.
    pub row: u64,
    /// +1 income, −1 expenditure.
    pub sign: i8,
    /// Number of rows.
    pub count: u64,
    /// Minor units of the plan's currency.
    pub minor: i128,
}

impl Plan {
    /// Whether a line follows from simple cells alone: one signed amount or debit and credit, no
    /// direction word, status, unit, balance or quantity that would have to be weighed.
    pub fn is_plain(&self) -> bool {
        let roles = &self.roles;
        let amounts = roles.amount.is_some() || roles.debit.is_some() || roles.credit.is_some();
        amounts
            && roles.direction.is_none()
            && roles.status.is_none()
            && roles.balance.is_none()
            && self.scale == 0
            && !self.refunds_negative
            && self.mark == DecimalMark::Point
            && self.text.as_ref().is_none_or(|text| !text.backtick)
    }

    /// Name of a column, for messages.
    pub fn column_name(&self, index: usize) -> &str {
        self.columns.get(index).map_or("", |column| &column.name)
    }
}
