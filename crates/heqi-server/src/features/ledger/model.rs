//! What is said about documents and lines: shapes of requests and answers.

use garde::Validate;
use heqi_domain::day_from_iso;
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::line::LedgerKind;
use crate::problem::lang;

/// A document of ours to be drafted. Amounts are minor units, signed from the receivable's side:
/// plus = the customer owes more.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    /// The customer: `customer-17`.
    #[garde(length(min = 1, max = 40))]
    pub customer: String,
    /// What it records.
    #[garde(skip)]
    pub kind: LedgerKind,
    /// ISO 4217; the customer's currency unless said otherwise.
    #[serde(default)]
    #[garde(pattern("^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// Document number.
    #[garde(length(chars, min = 1, max = 100), custom(plain))]
    pub reference: String,
    /// Further keys: invoice, order, bank serial.
    #[serde(default)]
    #[garde(length(chars, max = 200), custom(plain))]
    pub other_reference: String,
    /// Memo.
    #[serde(default)]
    #[garde(length(chars, max = 500), custom(plain))]
    pub memo: String,
    /// Day of the document: `2026-11-24`.
    #[garde(custom(day))]
    pub business_date: String,
    /// Day of the books; the business date unless said otherwise.
    #[serde(default)]
    #[garde(inner(custom(day)))]
    pub posting_date: Option<String>,
    /// Due date; the business date and the customer's term where the customer owes more.
    #[serde(default)]
    #[garde(inner(custom(day)))]
    pub due_date: Option<String>,
    /// Signed minor units; of an exchange, what came back.
    #[garde(skip)]
    pub amount: i64,
    /// The tax in it; that of the goods where there are goods.
    #[serde(default)]
    #[garde(skip)]
    pub tax: Option<i64>,
    /// The freight in it.
    #[serde(default)]
    #[garde(skip)]
    pub freight: Option<i64>,
    /// Goods and services.
    #[serde(default)]
    #[garde(length(max = 500), dive)]
    pub goods: Vec<NewGoods>,
    /// The second leg: what went out in an exchange, the other customer of a transfer.
    #[serde(default)]
    #[garde(dive)]
    pub other_leg: Option<NewLeg>,
}

/// The second leg of an exchange or of a transfer.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLeg {
    /// The customer of a transfer's second leg; an exchange has one customer.
    #[serde(default)]
    #[garde(length(max = 40))]
    pub customer: Option<String>,
    /// Signed minor units.
    #[garde(skip)]
    pub amount: i64,
    /// The tax in it; that of the goods where there are goods.
    #[serde(default)]
    #[garde(skip)]
    pub tax: Option<i64>,
    /// Goods and services.
    #[serde(default)]
    #[garde(length(max = 500), dive)]
    pub goods: Vec<NewGoods>,
}

/// Goods or a service on a document. Quantities carry the sign of the amount: what comes back
/// is negative.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoods {
    /// The product's code, if it is in the catalog.
    #[serde(default)]
    #[garde(length(chars, max = 60), custom(plain))]
    pub product_code: String,
    /// Its name.
    #[garde(length(chars, min = 1, max = 200), custom(plain))]
    pub name: String,
    /// Specification.
    #[serde(default)]
    #[garde(length(chars, max = 200), custom(plain))]
    pub spec: String,
    /// Unit.
    #[serde(default)]
    #[garde(length(chars, max = 20), custom(plain))]
    pub unit: String,
    /// Millionths of the unit: 2,500,000 is 2.5.
    #[garde(skip)]
    pub quantity_micro: i64,
    /// Millionths of the main unit of the currency for one unit, without tax.
    #[garde(skip)]
    pub price_micro: i64,
    /// The tax rate in parts per million: 130,000 is 13 %.
    #[garde(range(max = 1_000_000))]
    pub tax_ppm: u32,
}

/// What is to be changed of a draft; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentPatch {
    /// The customer.
    #[garde(length(min = 1, max = 40))]
    pub customer: Option<String>,
    /// What it records.
    #[garde(skip)]
    pub kind: Option<LedgerKind>,
    /// Document number.
    #[garde(length(chars, min = 1, max = 100), inner(custom(plain)))]
    pub reference: Option<String>,
    /// Further keys.
    #[garde(length(chars, max = 200), inner(custom(plain)))]
    pub other_reference: Option<String>,
    /// Memo.
    #[garde(length(chars, max = 500), inner(custom(plain)))]
    pub memo: Option<String>,
    /// Day of the document. Due and posting date follow it unless they are given too.
    #[garde(inner(custom(day)))]
    pub business_date: Option<String>,
    /// Day of the books.
    #[garde(inner(custom(day)))]
    pub posting_date: Option<String>,
    /// Due date.
    #[garde(inner(custom(day)))]
    pub due_date: Option<String>,
    /// Signed minor units.
    #[garde(skip)]
    pub amount: Option<i64>,
    /// The tax in it.
    #[garde(skip)]
    pub tax: Option<i64>,
    /// The freight in it.
    #[garde(skip)]
    pub freight: Option<i64>,
    /// Goods and services, all of them.
    #[garde(length(max = 500), dive)]
    pub goods: Option<Vec<NewGoods>>,
    /// The second leg.
    #[garde(dive)]
    pub other_leg: Option<NewLeg>,
}

impl DocumentPatch {
    /// The document with what the patch names.
    #[must_use]
    pub fn apply(self, mut to: NewDocument) -> NewDocument {
        if self.business_date.is_some() {
            (to.posting_date, to.due_date) = (None, None);
        }
        to.customer = self.customer.unwrap_or(to.customer);
        to.kind = self.kind.unwrap_or(to.kind);
        to.reference = self.reference.unwrap_or(to.reference);
        to.other_reference = self.other_reference.unwrap_or(to.other_reference);
        to.memo = self.memo.unwrap_or(to.memo);
        to.business_date = self.business_date.unwrap_or(to.business_date);
        to.posting_date = self.posting_date.or(to.posting_date);
        to.due_date = self.due_date.or(to.due_date);
        to.amount = self.amount.unwrap_or(to.amount);
        to.tax = self.tax.or(to.tax);
        to.freight = self.freight.or(to.freight);
        to.goods = self.goods.unwrap_or(to.goods);
        to.other_leg = self.other_leg.or(to.other_leg);
        to
    }
}

/// A document of ours with its legs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// `draft`, `review`, `rejected`, `posted` or `withdrawn`.
    pub state: String,
    /// What the legs come to together.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The lines; an exchange and a transfer have two.
    pub legs: Vec<Leg>,
    /// Changes with every change.
    pub version: i64,
}

/// A line with its goods.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Leg {
    /// The line.
    #[serde(flatten)]
    pub line: Line,
    /// Goods and services.
    pub goods: Vec<GoodsShown>,
}

/// Goods or a service on a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GoodsShown {
    /// As they were written.
    #[serde(flatten)]
    pub goods: NewGoods,
    /// Minor units without tax.
    pub net: i64,
    /// The tax, minor units.
    pub tax: i64,
}

/// A line of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// The customer.
    pub customer: String,
    /// Our code for the customer.
    pub customer_code: String,
    /// The customer's name.
    pub customer_name: String,
    /// `ours` or `theirs`.
    pub side: String,
    /// ISO 4217.
    pub currency: String,
    /// What it records.
    pub kind: LedgerKind,
    /// Document number.
    pub reference: String,
    /// Further keys.
    pub other_reference: String,
    /// Memo.
    pub memo: String,
    /// Day of the document.
    pub business_date: String,
    /// Day of the books.
    pub posting_date: String,
    /// Due date.
    pub due_date: Option<String>,
    /// Signed minor units: plus = the customer owes more.
    pub amount: i64,
    /// The tax in it.
    pub tax: Option<i64>,
    /// The freight in it.
    pub freight: Option<i64>,
    /// `draft`, `review`, `rejected`, `posted` or `withdrawn`.
    pub state: String,
    /// Number in the books, without a gap for each year; none before posting.
    pub voucher_no: Option<i64>,
    /// The document it is a leg of.
    pub document: Option<String>,
    /// The line it reverses.
    pub reverses: Option<String>,
    /// The line it is reversed by.
    pub reversed_by: Option<String>,
    /// The batch it was imported with.
    pub batch: Option<String>,
    /// The system it comes from.
    pub source: String,
    /// Why it was rejected, or reversed another.
    pub reason: String,
    /// Who wrote it first.
    pub created_by: String,
    /// Who posted it.
    pub posted_by: String,
    /// When it was posted.
    #[schema(value_type = Option<String>)]
    pub posted_at: Option<Timestamp>,
    /// When it was written.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// Changes with every change.
    pub version: i64,
}

/// Why something is done.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithReason {
    /// The words that are kept with it.
    #[garde(length(chars, min = 1, max = 500), custom(plain))]
    pub reason: String,
}

/// Documents to be reviewed in one go.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchReview {
    /// At most 200.
    #[garde(length(min = 1, max = 200), dive)]
    pub items: Vec<ReviewItem>,
}

/// One document of a batch review.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewItem {
    /// The document.
    #[garde(length(min = 1, max = 40))]
    pub document: String,
    /// The version that was looked at; a newer one is refused.
    #[garde(range(min = 1))]
    pub version: i64,
    /// Why it is rejected; without a reason it is approved.
    #[serde(default)]
    #[garde(length(chars, min = 1, max = 500), inner(custom(plain)))]
    pub reject: Option<String>,
}

/// What became of one document of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReviewResult {
    /// The document.
    pub document: String,
    /// Its state now; none if it was refused.
    pub state: Option<String>,
    /// The voucher numbers it got.
    pub voucher_nos: Vec<i64>,
    /// The code of the refusal.
    pub code: Option<String>,
    /// The refusal in words.
    pub detail: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BatchResult {
    /// How many were carried out.
    pub done: usize,
    /// How many were refused; the others stand.
    pub refused: usize,
    /// One for each document, in the order of the request.
    pub items: Vec<ReviewResult>,
}

/// A reversal of a posted line; its document is reversed as a whole.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReversal {
    /// Why.
    #[garde(length(chars, min = 1, max = 500), custom(plain))]
    pub reason: String,
    /// Day of the reversal: `2026-11-24`.
    #[garde(custom(day))]
    pub date: String,
}

/// A reversal and the draft that takes the place of what is reversed.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    /// Why.
    #[garde(length(chars, min = 1, max = 500), custom(plain))]
    pub reason: String,
    /// Day of the reversal: `2026-11-24`.
    #[garde(custom(day))]
    pub date: String,
    /// What should have been written.
    #[garde(dive)]
    pub document: NewDocument,
}

/// The lines that reverse others.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reversed {
    /// One for each leg.
    pub lines: Vec<Line>,
    /// The draft of a correction.
    pub draft: Option<Document>,
}

/// Refuses what is no calendar date in ISO form.
fn day(text: &str, (): &()) -> garde::Result {
    if day_from_iso(text).is_some() {
        return Ok(());
    }
    let [zh, en] = ["日期须写成 2026-11-24 这样", "A date is written like 2026-11-24"];
    Err(garde::Error::new(lang().pick(zh, en)))
}

/// Refuses control characters: no book and no export can show them.
pub(super) fn plain(text: &str, (): &()) -> garde::Result {
    if !text.chars().any(char::is_control) {
        return Ok(());
    }
    let [zh, en] = ["不能含换行、制表等控制字符", "Control characters cannot be kept"];
    Err(garde::Error::new(lang().pick(zh, en)))
}

/// Which saved views.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ViewQuery {
    /// Of one screen only.
    pub screen: Option<String>,
}
