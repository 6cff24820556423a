//! What a line records 明细类型.

use serde::{Deserialize, Serialize};

use crate::Lang;

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
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::Sale,
        Self::Return,
        Self::Exchange,
        Self::Receipt,
        Self::Refund,
        Self::Adjustment,
        Self::Discount,
        Self::WriteOff,
        Self::Reversal,
    ];

    /// The kind that a code names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The word for people: 销售, Sale.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Unknown => lang.pick("未注明", "Not stated"),
            Self::Sale => lang.pick("销售", "Sale"),
            Self::Return => lang.pick("退货", "Return"),
            Self::Exchange => lang.pick("换货", "Exchange"),
            Self::Receipt => lang.pick("收款", "Receipt"),
            Self::Refund => lang.pick("退款", "Refund"),
            Self::Adjustment => lang.pick("调整", "Adjustment"),
            Self::Discount => lang.pick("折让", "Allowance"),
            Self::WriteOff => lang.pick("坏账核销", "Bad debt written off"),
            Self::Reversal => lang.pick("红冲", "Reversal"),
        }
    }

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

    /// What the kind says beside an amount, signed from the receivable: a receipt lowers the debt
    /// and a refund raises it. One that does the reverse says nothing sure about its kind.
    #[must_use]
    pub const fn beside(self, amount: i64) -> Self {
        match self {
            Self::Receipt if amount > 0 => Self::Unknown,
            Self::Refund if amount < 0 => Self::Unknown,
            other => other,
        }
    }

    /// Whether the entry moves money (receipt, refund) rather than a document.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Receipt | Self::Refund)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_one_code_and_one_word_in_each_language() {
        for lang in Lang::ALL {
            let words: BTreeSet<&str> =
                EntryKind::ALL.iter().map(|kind| kind.label(lang)).collect();
            assert_eq!(words.len(), EntryKind::ALL.len());
        }
        for (number, kind) in EntryKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number, "ALL is out of order");
            assert_eq!(EntryKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(EntryKind::from_code("Sale"), None);
    }
}
