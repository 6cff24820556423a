//! How a file is read, in words that `heqi inspect` shows and `--json` prints.

use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Document or booking date.
    Date,
    /// Time of day beside the date.
    Time,
    /// Due date.
    Due,
    /// Document number.
    Reference,
    /// A further key: order, delivery note, contract.
    OtherReference,
    /// Signed amount.
    Amount,
    /// Debit amount.
    Debit,
    /// Credit amount.
    Credit,
    /// Direction word or flag (借/贷, Dr/Cr, 收入/支出, 1/2) that signs the amount.
    Direction,
    /// Running balance.
    Balance,
    /// Customer name or code.
    Customer,
    /// Currency code or name.
    Currency,
    /// Document type.
    Kind,
    /// Memo.
    Text,
    /// The file's own line id.
    Id,
    /// Tax amount.
    Tax,
    /// Quantity.
    Quantity,
    /// Unit price.
    Price,
    /// Discount rate of a goods line, 0 to 1.
    Discount,
    /// Row status (交易关闭 …): decides whether a row counts.
    Status,
    /// Means of payment: a closed transaction that was paid counts all the same.
    PaidBy,
    /// Nothing that Heqi uses.
    Ignored,
}

/// Container or text format of a file, by its content and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Delimited text.
    Csv,
    /// Office Open XML workbook.
    Xlsx,
    /// Binary workbook of Excel 97.
    Xls,
    /// Binary Office Open XML workbook.
    Xlsb,
    /// `OpenDocument` spreadsheet.
    Ods,
    /// Apache Parquet.
    Parquet,
    /// HTML table under another name.
    Html,
}

/// One column as understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name as written (two-level headers joined by `-`).
    pub name: String,
    /// What it holds.
    pub role: Role,
    /// 0–100: how sure the inference is; 100 when a person or template said so.
    pub confidence: u8,
}

/// How the file's amounts stand to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orientation {
    /// Plus = the customer owes more.
    Receivable,
    /// The file speaks from the customer's payable; amounts are mirrored.
    Payable,
}

/// Something a person should know; never a lost row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code, e.g. `running_balance_break`.
    pub code: String,
    /// 1-based row, where it has one.
    pub row: Option<u64>,
    /// In words, English; they name the row.
    pub en: String,
    /// In words, Chinese; they name the row.
    pub zh: String,
}

/// How the file was read. Sums are decimal text in the file's own orientation (debit or plus
/// positive).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Format by content.
    pub format: Format,
    /// Encoding of text files: `utf-8`, `utf-8-sig`, `gb18030`, `utf-16`, `big5`, `windows-1252`.
    pub encoding: Option<String>,
    /// Separator of text files.
    pub separator: Option<String>,
    /// Sheet of workbooks.
    pub sheet: Option<String>,
    /// 1-based physical row of the (first) header line; none when the file has no header.
    pub header_row: Option<u64>,
    /// Columns in file order.
    pub columns: Vec<Column>,
    /// Accepted lines.
    pub rows: u64,
    /// Rejected rows.
    pub rejected: u64,
    /// Σ amounts of the accepted lines, file orientation.
    pub sum: String,
    /// Opening balance, when the file states one.
    pub opening: Option<String>,
    /// Closing balance, when the file states one.
    pub closing: Option<String>,
    /// First date, ISO.
    pub first: Option<String>,
    /// Last date, ISO.
    pub last: Option<String>,
    /// How amounts stand to ours.
    pub orientation: Orientation,
    /// The customer that the text above the table names (客户编号：…); lines do not carry it.
    pub stated_customer: Option<String>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}
