//! What clients get.

use heqi_platform::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The story of a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Lineage {
    /// The line.
    pub line: LineFacts,
    /// Where it came from; none if it was entered here.
    pub origin: Option<Origin>,
    /// What happened to it, in order.
    pub events: Vec<LineageEvent>,
    /// Lines that it hangs together with: reversed, reversing, other legs, matched with.
    pub related: Vec<Related>,
}

/// The line itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LineFacts {
    /// Its id.
    pub id: String,
    /// Whose account.
    pub customer: String,
    /// The name of the customer.
    pub customer_name: String,
    /// `ours` or `theirs`.
    pub side: String,
    /// The currency.
    pub currency: String,
    /// What it records.
    pub kind: String,
    /// Document number.
    pub reference: String,
    /// Memo.
    pub memo: String,
    /// Day of the document.
    pub business_date: String,
    /// Day of the books.
    pub posting_date: String,
    /// Signed minor units.
    pub amount: i64,
    /// `draft`, `review`, `rejected`, `posted` or `withdrawn`.
    pub state: String,
    /// Number of the voucher.
    pub voucher_no: Option<i64>,
}

/// Where a line came from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Origin {
    /// The system it was taken from; empty if it came in a file.
    pub source: String,
    /// Its key there.
    pub source_key: String,
    /// The batch of the file.
    pub batch: Option<String>,
    /// The row in the file, counted from 1.
    pub row: Option<i64>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineageEvent {
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What: `created`, `posted`, `matched`, `unmatched`, `suggested`, `rejected`, `held`,
    /// `discrepancy`, `resolved`, `adjustment_proposed`, `adjustment_decided`, `reversed`,
    /// `signed`, `reopened`.
    pub what: String,
    /// Who, by name; empty for the system.
    pub who: String,
    /// The object that tells more: `group-3`.
    pub object: String,
    /// What it says, Chinese and English.
    pub text_zh: String,
    /// See `text_zh`.
    pub text_en: String,
    /// Whether it still holds; a match that was undone does not.
    pub live: bool,
}

/// Another line of the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Related {
    /// The line.
    pub line: String,
    /// `reverses`, `reversed_by`, `same_document` or `matched_with`.
    pub how: String,
    /// `ours` or `theirs`.
    pub side: String,
    /// Document number.
    pub reference: String,
    /// Day of the document.
    pub business_date: String,
    /// Signed minor units.
    pub amount: i64,
}
