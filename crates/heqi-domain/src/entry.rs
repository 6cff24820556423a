//! What a line records 明细类型.

use serde::{Deserialize, Serialize};

/// The kind of an entry. The sign of its amount is a fact of its own: a kind never changes it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EntryKind {
    /// The file does not say.
    #[default]
    Unknown,
    /// Sale or invoice 销售.
    Sale,
    /// Return or credit note 退货.
    Return,
    /// One leg of an exchange 换货.
    Exchange,
    /// Money received from the customer 收款.
    Receipt,
    /// Money paid back to the customer 退款.
    Refund,
    /// Adjustment 调整.
    Adjustment,
    /// Allowance, rebate, discount 折让.
    Discount,
    /// Bad debt written off 坏账核销.
    WriteOff,
    /// Reversal of an earlier entry 红冲.
    Reversal,
}

impl EntryKind {
    /// The word used in files and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Sale => "sale",
            Self::Return => "return",
            Self::Exchange => "exchange",
            Self::Receipt => "receipt",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
            Self::Discount => "discount",
            Self::WriteOff => "write_off",
            Self::Reversal => "reversal",
        }
    }

    /// Whether the entry moves money (receipt, refund) rather than a document.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Receipt | Self::Refund)
    }
}
