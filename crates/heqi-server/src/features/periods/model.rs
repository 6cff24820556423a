//! What clients send and get.

use garde::Validate;
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A period to be opened.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPeriod {
    /// Whose account: `customer-17`.
    #[garde(length(max = 40))]
    pub customer: String,
    /// Its currency; the customer's own if left out.
    #[serde(default)]
    #[garde(inner(pattern("^[A-Z]{3}$")))]
    pub currency: Option<String>,
    /// `2026-10`, `2026-Q3`, `2026` or `2026-01-26..2026-02-25`.
    #[garde(length(min = 4, max = 22))]
    pub span: String,
    /// The day by which it should be signed.
    #[serde(default)]
    #[garde(inner(pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))]
    pub deadline: Option<String>,
}

/// How a period is prepared.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// Why there is no statement of the customer; empty if there is one.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub excuse: String,
}

/// Why a period is to be reopened.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reopening {
    /// The reason, for whoever decides and for the auditor.
    #[garde(length(chars, min = 2, max = 500))]
    pub reason: String,
}

/// One book within the period, in minor units: closing = opening + debit - credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SideFigures {
    /// Balance before the first day 期初.
    pub opening: i64,
    /// What made the customer owe more 本期借方.
    pub debit: i64,
    /// What made the customer owe less 本期贷方, positive.
    pub credit: i64,
    /// Balance on the last day 期末.
    pub closing: i64,
    /// Lines within the period.
    pub lines: i64,
}

/// The part of the difference that one reason has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// The code of the reason.
    pub reason: String,
    /// Ours less theirs, minor units.
    pub amount: i64,
    /// Items.
    pub count: i64,
}

/// One item of the difference, carried forward 未达账项.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// `main+note`.
    pub reason: String,
    /// Ours less theirs, minor units.
    pub amount: i64,
    /// The discrepancy that explains it.
    pub discrepancy: Option<String>,
    /// The lines it stands on.
    pub lines: Vec<String>,
    /// It was open before the first day already.
    pub carried_in: bool,
}

/// What is prepared, approved and signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// The company.
    pub company: String,
    /// The customer.
    pub customer: String,
    /// The currency.
    pub currency: String,
    /// The period as written.
    pub span: String,
    /// First day.
    pub first_day: String,
    /// Last day.
    pub last_day: String,
    /// Why there is no statement of the customer.
    pub excuse: String,
    /// Our book.
    pub ours: SideFigures,
    /// Theirs.
    pub theirs: SideFigures,
    /// The difference by reason; sums to ours less theirs at the end.
    pub breakdown: Vec<Share>,
    /// The difference item by item.
    pub items: Vec<Part>,
    /// SHA-256 of the lines of these days.
    pub lines_digest: String,
    /// SHA-256 of the signed period before; empty for the first.
    pub previous_digest: String,
}

impl Snapshot {
    /// Ours less theirs at the end.
    #[must_use]
    pub const fn difference(&self) -> i128 {
        self.ours.closing as i128 - self.theirs.closing as i128
    }
}

/// One thing that has to hold before a sign-off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Which.
    pub code: String,
    /// Whether it holds.
    pub ok: bool,
    /// What it is, Chinese and English.
    pub title_zh: String,
    /// See `title_zh`.
    pub title_en: String,
    /// What is wrong and what to do about it; empty if it holds.
    pub problem_zh: String,
    /// See `problem_zh`.
    pub problem_en: String,
    /// How many things are in the way.
    pub count: i64,
}

/// A period.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Period {
    /// Its id.
    pub id: String,
    /// Whose account.
    pub customer: String,
    /// The name of the customer.
    pub customer_name: String,
    /// The currency.
    pub currency: String,
    /// As written: `2026-10`.
    pub span: String,
    /// First day.
    pub first_day: String,
    /// Last day.
    pub last_day: String,
    /// `open`, `prepared`, `approved` or `signed`.
    pub state: String,
    /// The day by which it should be signed.
    pub deadline: Option<String>,
    /// Who prepared it.
    pub prepared_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub prepared_at: Option<Timestamp>,
    /// Who approved it.
    pub approved_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub approved_at: Option<Timestamp>,
    /// Who signed it.
    pub signed_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub signed_at: Option<Timestamp>,
    /// Why it is asked to be reopened; empty if nobody asks.
    pub reopen_reason: String,
    /// Who asks.
    pub reopen_by: String,
    /// SHA-256 of what was prepared or signed.
    pub digest: Option<String>,
    /// How often it was signed.
    pub seal: i64,
    /// Changes with every change.
    pub version: i64,
}

/// A period with what was prepared.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PeriodDetail {
    /// The period.
    #[serde(flatten)]
    pub period: Period,
    /// What was prepared or signed.
    pub snapshot: Option<Snapshot>,
    /// What was checked then.
    pub checklist: Vec<Check>,
    /// Every time it was signed, the last one first.
    pub seals: Vec<Seal>,
}

/// One signature under a period.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Seal {
    /// 1 for the first.
    pub number: i64,
    /// SHA-256 of what was signed.
    pub digest: String,
    /// Where the audit chain stood: a signed line to be kept outside.
    pub checkpoint: String,
    /// Who signed.
    pub signed_by: String,
    /// When.
    #[schema(value_type = String)]
    pub signed_at: Timestamp,
    /// Who approved that it is opened again; empty while it stands.
    pub reopened_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub reopened_at: Option<Timestamp>,
    /// Why.
    pub reopen_reason: String,
}

/// What a period would be if it were prepared now.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PeriodPreview)]
pub struct Preview {
    /// The figures.
    pub snapshot: Snapshot,
    /// What has to hold.
    pub checklist: Vec<Check>,
    /// Whether all of it holds.
    pub ready: bool,
}

/// What reopening would unravel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Unravel {
    /// Periods signed after it: they have to be reopened first.
    pub later: Vec<String>,
    /// Matches that could be changed again.
    pub groups: i64,
    /// Items that were carried forward and would be open here again.
    pub carried: Vec<Part>,
    /// The last day that would stay locked; empty if none.
    pub locked_through: String,
    /// The request, if there is one.
    pub reason: String,
    /// Who asks.
    pub requested_by: String,
}

/// What a check of a signed period found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Verification {
    /// Whether everything is as it was signed.
    pub ok: bool,
    /// What was signed says the same as when it was signed.
    pub snapshot_ok: bool,
    /// The lines of these days are the ones that were signed.
    pub lines_ok: bool,
    /// The signature of the checkpoint holds, and the audit chain still contains it.
    pub checkpoint_ok: bool,
    /// Documents of these days that came after the signature, booked in a later period.
    pub late: Vec<LateLine>,
    /// Their sum: ours less theirs.
    pub late_amount: i64,
}

/// A document that came after the period was signed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LateLine {
    /// The line.
    pub line: String,
    /// `ours` or `theirs`.
    pub side: String,
    /// Document number.
    pub reference: String,
    /// Day of the document, within the signed period.
    pub business_date: String,
    /// Day of the books, after it.
    pub posting_date: String,
    /// Signed minor units.
    pub amount: i64,
    /// `post_signature`.
    pub reason: String,
}

/// Which periods.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
pub struct PeriodQuery {
    /// Of this customer: `customer-17`.
    pub customer: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Which account and year.
#[derive(Debug, Clone, Deserialize, IntoParams)]
pub struct AnnualQuery {
    /// Whose account: `customer-17`.
    pub customer: String,
    /// Its currency; the customer's own if left out.
    pub currency: Option<String>,
    /// The month that the year begins with: `2026-01`; `2026-04` for a year from April.
    pub from: String,
}

/// Twelve months of an account, each opening at the closing before.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Annual {
    /// Whose account.
    pub customer: String,
    /// The currency.
    pub currency: String,
    /// The months.
    pub months: Vec<Month>,
    /// The year as a whole.
    pub total: MonthFigures,
    /// Whether every opening is the closing before it, and the year is the sum of its months.
    pub chained: bool,
}

/// Both books in a month.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MonthFigures {
    /// Our book.
    pub ours: SideFigures,
    /// Theirs.
    pub theirs: SideFigures,
    /// Ours less theirs at the end.
    pub difference: i64,
}

/// A month of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Month {
    /// `2026-10`.
    pub span: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: MonthFigures,
    /// The period that ends with it and its state; none if there is none.
    pub period: Option<String>,
    /// See `period`.
    pub state: Option<String>,
}

/// An account on the board: where its reconciliation stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BoardRow {
    /// The customer.
    pub customer: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Who looks after it.
    pub owner: String,
    /// The currency.
    pub currency: String,
    /// The first period that is not signed; none if there is none.
    pub period: Option<String>,
    /// Its days as written.
    pub span: Option<String>,
    /// Its state; `none` without a period.
    pub state: String,
    /// The day by which it should be signed.
    pub deadline: Option<String>,
    /// That day is past.
    pub overdue: bool,
    /// Open discrepancies.
    pub discrepancies: i64,
    /// Suggestions that wait.
    pub suggestions: i64,
    /// Drafts and documents in review.
    pub drafts: i64,
    /// The last signed day; empty if none.
    pub signed_through: String,
}
