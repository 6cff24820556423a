//! What the caller may say about a file; everything else is found in the file.

use heqi_domain::{Currency, Side};

use crate::Role;

/// From whose books a file speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Plus (debit) = the customer owes more: the enterprise's receivable.
    Receivable,
    /// Plus (credit) = the customer owes more: the customer's payable; intake mirrors it.
    Payable,
}

/// Bounds of every reader; a file beyond them is refused with a typed error.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Inflated bytes of a workbook.
    pub inflated_bytes: u64,
    /// Entries of an archive.
    pub entries: usize,
    /// Cells of a workbook (text files stream and have no such bound).
    pub cells: u64,
    /// Columns of a row.
    pub columns: usize,
    /// Bytes of a cell.
    pub cell_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inflated_bytes: 1 << 30,
            entries: 10_000,
            cells: 50_000_000,
            columns: 2_000,
            cell_bytes: 64 << 10,
        }
    }
}

/// What the caller says about a file.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Whose book it is.
    pub side: Side,
    /// Overrides of the inferred mapping: role = column name (or 1-based number).
    pub map: Vec<(Role, String)>,
    /// A saved template (TOML text).
    pub template: Option<String>,
    /// From whose books the file speaks; `None`: as the file shows, receivable if it does not.
    pub view: Option<View>,
    /// The customer of every line, when the file names none (or the only one to keep).
    pub customer: Option<String>,
    /// Currency of lines that name none.
    pub currency: Currency,
    /// Sheet by name or 1-based number.
    pub sheet: Option<String>,
    /// 1-based physical row of the header; none: found by its names.
    pub header_row: Option<u64>,
    /// Encoding of a text file by its label (`gb18030`, `utf-8`); none: told by its bytes.
    pub encoding: Option<String>,
    /// Whether memos are kept; without them a plain comparison needs less memory.
    pub keep_text: bool,
    /// Bounds.
    pub limits: Limits,
}

impl ReadOptions {
    /// Nothing said: everything is found in the file.
    #[must_use]
    pub fn new(side: Side) -> Self {
        Self {
            side,
            map: Vec::new(),
            template: None,
            view: None,
            customer: None,
            currency: Currency::CNY,
            sheet: None,
            header_row: None,
            encoding: None,
            keep_text: true,
            limits: Limits::default(),
        }
    }
}
