//! One row of cells in, one outcome out: the single place where a row becomes a line.
//!
//! Pure: the outcome depends on the plan, the row number and the cells alone. The careful
//! readers call it for every row, the fast reader for every row that is not trivially simple.

use std::borrow::Cow;

use heqi_domain::{Currency, Day, EntryKind};

use crate::Reject;
use crate::plan::Plan;

/// What a row is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowOutcome<'a> {
    /// A line of the ledger.
    Line(LineDraft<'a>),
    /// A row of data that could not be taken.
    Reject(Reject),
    /// A row that states a balance or a total; never a line.
    Control(Control),
    /// Neither data nor control.
    Skip(Skip),
}

/// A line, in the file's own orientation (debit or plus positive).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LineDraft<'a> {
    /// Physical row.
    pub row: u64,
    /// Minor units of `currency`, file orientation.
    pub amount: i64,
    /// The part that came from the credit column: `amount` = debit − `credit`. 0 where there is
    /// no such column.
    pub credit: i64,
    /// Currency of the row, or the plan's.
    pub currency: Currency,
    /// Date, [`heqi_domain::NO_DAY`] where the row has none.
    pub day: Day,
    /// Due date, [`heqi_domain::NO_DAY`] where the row has none.
    pub due: Day,
    /// Kind of entry.
    pub kind: EntryKind,
    /// Document number as written, without wrappers and padding.
    pub reference: &'a str,
    /// Further keys.
    pub other: Cow<'a, str>,
    /// Memo.
    pub text: Cow<'a, str>,
    /// Customer as written; empty: the plan's.
    pub customer: &'a str,
    /// The file's own id; empty where there is no id column.
    pub id: &'a str,
    /// Running balance after the row, minor units, as the file signs it.
    pub balance: Option<i64>,
    /// What the collector counts for a warning.
    pub notes: Notes,
}

/// Things about a line that are counted and told once a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// The amount carried the noise of a binary float beyond the currency's decimals.
    pub float_noise: bool,
    /// The amount was rounded because a template says so.
    pub rounded: bool,
    /// The amount is quantity × price.
    pub computed: bool,
    /// Both debit and credit are filled; the amount is their difference.
    pub both_sides: bool,
    /// The running balance could not be read.
    pub balance_unreadable: bool,
    /// Closed, but paid.
    pub closed_but_paid: bool,
    /// The row has a date column and no date.
    pub undated: bool,
}

impl Notes {
    /// All notes in the order of [`crate::collect::Tally::notes`].
    pub const fn all(self) -> [bool; 7] {
        [
            self.float_noise,
            self.rounded,
            self.computed,
            self.both_sides,
            self.balance_unreadable,
            self.closed_but_paid,
            self.undated,
        ]
    }
}

/// A row that states something about other rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    /// Physical row.
    pub row: u64,
    /// What it states.
    pub kind: ControlKind,
    /// Its label as written.
    pub label: String,
    /// Amount column, or the debit column, minor units.
    pub debit: Option<i64>,
    /// Credit column, minor units (0 decimals moved); `None` when there is no such column.
    pub credit: Option<i64>,
    /// Balance column, minor units.
    pub balance: Option<i64>,
    /// Currency of the row, or the plan's.
    pub currency: Currency,
}

/// What a control row states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlKind {
    /// 期初余额, 上年结转, 承前页, opening balance.
    Opening,
    /// 期末余额, 结转下年, 过次页, closing balance.
    Closing,
    /// 小计, 本月合计, 本期合计, subtotal: the rows since the last one.
    Subtotal,
    /// 合计, 总计, total: all rows.
    Total,
    /// 本年累计 and what else cannot be recomputed from the file.
    Cumulative,
}

/// Why a row is neither data nor control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    /// Nothing but blanks.
    Blank,
    /// A remark: one cell of text, a comment line, a rule of dashes.
    Remark,
    /// The header again.
    RepeatedHeader,
    /// Another customer than the one asked for.
    OtherCustomer,
}

/// What the row is. `cells` are unquoted but otherwise as they stand in the file.
pub(crate) fn row<'a>(plan: &Plan, row: u64, cells: &[&'a str]) -> RowOutcome<'a> {
    crate::rows::outcome(plan, row, cells)
}
