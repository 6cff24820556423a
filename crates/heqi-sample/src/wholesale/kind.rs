//! Kinds of entries of a wholesale ledger, finer than what a file of lines tells.

use heqi_domain::EntryKind;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Opening balance 期初.
    Opening,
    /// Sale 销售.
    Sale,
    /// Return 退货.
    Return,
    /// One leg of an exchange 换货; both legs bear one number.
    Exchange,
    /// Money received 收款.
    Receipt,
    /// Money paid back 退款.
    Refund,
    /// Money received before any goods 预收.
    Advance,
    /// Allowance 折让, cash discount 现金折扣.
    Discount,
    /// Rebate on what was bought in a quarter 返利.
    Rebate,
    /// Freight and services charged 费用.
    Fee,
    /// Adjustment 调整.
    Adjustment,
    /// Bad debt written off 坏账核销.
    WriteOff,
    /// Debt moved from one customer to another 转账; both legs bear one number.
    Transfer,
    /// Reversal of an entry posted in error 红冲.
    Reversal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Opening,
        Self::Sale,
        Self::Return,
        Self::Exchange,
        Self::Receipt,
        Self::Refund,
        Self::Advance,
        Self::Discount,
        Self::Rebate,
        Self::Fee,
        Self::Adjustment,
        Self::WriteOff,
        Self::Transfer,
        Self::Reversal,
    ];

    /// The code for machines, `write_off`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Sale => "sale",
            Self::Return => "return",
            Self::Exchange => "exchange",
            Self::Receipt => "receipt",
            Self::Refund => "refund",
            Self::Advance => "advance",
            Self::Discount => "discount",
            Self::Rebate => "rebate",
            Self::Fee => "fee",
            Self::Adjustment => "adjustment",
            Self::WriteOff => "write_off",
            Self::Transfer => "transfer",
            Self::Reversal => "reversal",
        }
    }

    /// The two letters that its document numbers begin with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Opening => "QC",
            Self::Sale => "XS",
            Self::Return => "TH",
            Self::Exchange => "HH",
            Self::Receipt => "SK",
            Self::Refund => "TK",
            Self::Advance => "YS",
            Self::Discount => "ZR",
            Self::Rebate => "FL",
            Self::Fee => "FY",
            Self::Adjustment => "TZ",
            Self::WriteOff => "HZ",
            Self::Transfer => "ZZ",
            Self::Reversal => "HC",
        }
    }

    /// The nearest kind of a line as the matcher knows it.
    #[must_use]
    pub const fn entry_kind(self) -> EntryKind {
        match self {
            Self::Opening => EntryKind::Unknown,
            Self::Sale | Self::Fee => EntryKind::Sale,
            Self::Return => EntryKind::Return,
            Self::Exchange => EntryKind::Exchange,
            Self::Receipt | Self::Advance => EntryKind::Receipt,
            Self::Refund => EntryKind::Refund,
            Self::Discount | Self::Rebate => EntryKind::Discount,
            Self::Adjustment | Self::Transfer => EntryKind::Adjustment,
            Self::WriteOff => EntryKind::WriteOff,
            Self::Reversal => EntryKind::Reversal,
        }
    }

    /// Whether a second person has to approve it.
    #[must_use]
    pub const fn needs_approval(self) -> bool {
        matches!(
            self,
            Self::Adjustment
                | Self::Discount
                | Self::Rebate
                | Self::Refund
                | Self::WriteOff
                | Self::Transfer
                | Self::Reversal
        )
    }

    /// Whether it is about money that moved through a bank.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Receipt | Self::Refund | Self::Advance)
    }
}
