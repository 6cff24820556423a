//! What is said about adjustments: shapes of requests and answers.

use garde::Validate;
use heqi_domain::{AdjustmentId, CustomerId, DiscrepancyId, Id, Lang, LineId, UserId};
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::store::Stored;
use crate::features::discrepancies::{Resolution, is_date, words};
use crate::features::ledger::LedgerKind;

/// Largest amount of an adjustment, in minor units: ten trillion yuan.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

words! {
    /// What an adjustment is.
    Kind {
        Adjustment = "adjustment", "调整", "Adjustment";
        Discount = "discount", "折让", "Allowance";
        Rebate = "rebate", "返利", "Rebate";
        Fee = "fee", "费用", "Fee";
        WriteOff = "write_off", "坏账核销", "Bad debt written off";
        Rounding = "rounding", "尾差核销", "Small difference written off";
    }
}

impl Kind {
    /// The entry that it is posted as.
    #[must_use]
    pub const fn ledger(self) -> LedgerKind {
        match self {
            Self::Adjustment | Self::Rounding => LedgerKind::Adjustment,
            Self::Discount => LedgerKind::Discount,
            Self::Rebate => LedgerKind::Rebate,
            Self::Fee => LedgerKind::Fee,
            Self::WriteOff => LedgerKind::WriteOff,
        }
    }

    /// The sign that its amount has to have; none where either makes sense.
    #[must_use]
    pub const fn sign(self) -> Option<i64> {
        match self {
            Self::Discount | Self::Rebate | Self::WriteOff => Some(-1),
            Self::Fee => Some(1),
            Self::Adjustment | Self::Rounding => None,
        }
    }

    /// What a discrepancy is resolved as when this leaves nothing of it.
    #[must_use]
    pub const fn resolution(self) -> Resolution {
        match self {
            Self::WriteOff | Self::Rounding => Resolution::WrittenOff,
            _ => Resolution::OurCorrection,
        }
    }
}

words! {
    /// How far an adjustment has come.
    State {
        Proposed = "proposed", "待复核", "waiting for approval";
        Posted = "posted", "已过账", "posted";
        Rejected = "rejected", "已驳回", "rejected";
        Withdrawn = "withdrawn", "已撤回", "withdrawn";
    }
}

/// An adjustment to be asked for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdjustment {
    /// The id of the discrepancy that it clears, all or a part; then `If-Match` names its
    /// version, and customer and currency are its own.
    #[garde(skip)]
    pub discrepancy: Option<String>,
    /// The id of the customer, without a discrepancy.
    #[garde(skip)]
    pub customer: Option<String>,
    /// Signed minor units: plus = the customer owes more.
    #[garde(custom(is_amount))]
    pub amount: i64,
    /// What it is.
    #[garde(skip)]
    pub kind: Kind,
    /// The day of the entry: `2026-11-24`.
    #[garde(custom(is_date))]
    pub date: String,
    /// The account that stands against the receivable 对方科目.
    #[garde(length(chars, min = 1, max = 100))]
    pub account: String,
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
    /// What proves it: the number of the contract, the bank's slip, the mail.
    #[serde(default)]
    #[garde(length(chars, max = 1000))]
    pub evidence: String,
}

fn is_amount(amount: &i64, (): &()) -> garde::Result {
    if *amount != 0 && (-AMOUNT_MAX..=AMOUNT_MAX).contains(amount) {
        return Ok(());
    }
    let lang = crate::problem::lang();
    Err(garde::Error::new(lang.pick("金额不能为零，也不能过大", "Not zero, and not so large")))
}

/// A reversal to be asked for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAdjustmentReversal)]
pub struct NewReversal {
    /// The day of the entry: `2026-11-24`.
    #[garde(custom(is_date))]
    pub date: String,
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
}

/// A small difference to be written off.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWriteOff {
    /// The id of the discrepancy; `If-Match` names its version.
    #[garde(skip)]
    pub discrepancy: String,
    /// The account that stands against the receivable 对方科目.
    #[garde(length(chars, min = 1, max = 100))]
    pub account: String,
    /// What is to be noted.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub note: String,
}

/// What the approver has to say.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What is to be noted.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub note: String,
}

/// Which adjustments.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentQuery {
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    #[garde(skip)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[garde(skip)]
    pub cursor: Option<String>,
    /// `proposed`, `posted`, `rejected`, `withdrawn`.
    #[garde(inner(pattern("^(proposed|posted|rejected|withdrawn)$")))]
    pub state: Option<String>,
    /// The id of a customer.
    #[garde(skip)]
    pub customer: Option<String>,
    /// The id of a discrepancy.
    #[garde(skip)]
    pub discrepancy: Option<String>,
}

/// An adjustment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Adjustment {
    /// Its id.
    pub id: String,
    /// The id of the customer.
    pub customer: String,
    /// The customer's name.
    pub customer_name: String,
    /// ISO 4217.
    pub currency: String,
    /// The discrepancy that it clears.
    pub discrepancy: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// The word for it.
    pub kind_label: String,
    /// Signed minor units: plus = the customer owes more.
    pub amount: i64,
    /// The day of the entry.
    pub date: String,
    /// The account that stands against the receivable.
    pub account: String,
    /// Why.
    pub reason: String,
    /// What proves it.
    pub evidence: String,
    /// The number of the document that it corrects.
    pub other_reference: String,
    /// The adjustment that it takes back.
    pub reverses: Option<String>,
    /// The adjustment that took it back.
    pub reversed_by: Option<String>,
    /// Whether it was written off within the limit, without a second person.
    pub within_limit: bool,
    /// How far it has come.
    pub state: State,
    /// The word for it.
    pub state_label: String,
    /// The entry that it was posted as.
    pub line: Option<String>,
    /// The id of who asked for it.
    pub proposed_by: String,
    /// The name of who asked for it.
    pub proposed_by_name: String,
    /// When.
    #[schema(value_type = String)]
    pub proposed_at: Timestamp,
    /// The id of who decided.
    pub decided_by: Option<String>,
    /// The name of who decided.
    pub decided_by_name: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub decided_at: Option<Timestamp>,
    /// What the decision noted.
    pub decision_note: String,
    /// Changes with every change.
    pub version: i64,
}

/// An adjustment as the approver sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdjustmentView {
    /// The adjustment.
    pub adjustment: Adjustment,
    /// What the customer owes by our book without it.
    pub balance_before: i64,
    /// What the customer owes by our book with it.
    pub balance_after: i64,
    /// What is left of the discrepancy without it.
    pub difference_before: Option<i64>,
    /// What is left of the discrepancy with it.
    pub difference_after: Option<i64>,
    /// Whether the caller may approve it: not their own, and within their limit.
    pub may_approve: bool,
}

impl Adjustment {
    /// What is said of it in a language.
    #[must_use]
    pub fn of(found: &Stored, lang: Lang) -> Self {
        Self {
            id: found.text(),
            customer: CustomerId::text(found.customer),
            customer_name: found.customer_name.clone(),
            currency: found.currency.clone(),
            discrepancy: found.discrepancy.map(DiscrepancyId::text),
            kind: found.kind,
            kind_label: found.kind.label(lang).to_owned(),
            amount: found.amount,
            date: found.date.clone(),
            account: found.account.clone(),
            reason: found.reason.clone(),
            evidence: found.evidence.clone(),
            other_reference: found.other_reference.clone(),
            reverses: found.reverses.map(AdjustmentId::text),
            reversed_by: found.reversed_by.map(AdjustmentId::text),
            within_limit: found.within_limit,
            state: found.state,
            state_label: found.state.label(lang).to_owned(),
            line: found.line.map(LineId::text),
            proposed_by: UserId::text(found.proposed_by),
            proposed_by_name: found.proposed_by_name.clone(),
            proposed_at: found.proposed_at,
            decided_by: found.decided_by.map(UserId::text),
            decided_by_name: found.decided_by_name.clone(),
            decided_at: found.decided_at,
            decision_note: found.decision_note.clone(),
            version: found.version,
        }
    }
}
