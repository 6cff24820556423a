//! Reasons of a discrepancy 差异原因: the closed list of codes.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What is seen and can be proved about a discrepancy; the cause is a person's to confirm.
        ///
        /// The order is the order of precedence: where several exact explanations hold, the
        /// first is the code and the others are hypotheses.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code used in files, JSON and rules.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

reasons! {
    /// A few minor units 尾差.
    Rounding = "rounding",
    /// The tax component differs, or the difference equals a tax 税差.
    Tax = "tax",
    /// Price or quantity of a goods line differs.
    PriceQuantity = "price_quantity",
    /// A discount or rebate on one side only.
    Discount = "discount",
    /// Freight, packing or handling on one side only.
    FreightFee = "freight_fee",
    /// The payment arrived short by a bank's charge.
    BankCharge = "bank_charge",
    /// Tax withheld, contra, set-off.
    Withholding = "withholding",
    /// The same foreign amount at another rate.
    ExchangeRate = "exchange_rate",
    /// Settled in part, the rest is open on both sides.
    PartialPayment = "partial_payment",
    /// We have it, they do not 客方漏记.
    MissingTheirs = "missing_theirs",
    /// They have it, we do not 企业漏记.
    MissingOurs = "missing_ours",
    /// Both have it, in different periods, or it is in transit 在途.
    Cutoff = "cutoff",
    /// A return on one side only.
    ReturnNotCredited = "return_not_credited",
    /// One leg of an exchange is missing.
    ExchangeHalf = "exchange_half",
    /// The money is known, not allocated.
    UnappliedPayment = "unapplied_payment",
    /// They say paid, we see nothing.
    UnrecognisedPayment = "unrecognised_payment",
    /// Posted twice on our side 重复.
    DuplicateOurs = "duplicate_ours",
    /// Posted twice on their side.
    DuplicateTheirs = "duplicate_theirs",
    /// An entry and its reversal on one side only.
    ReversalOneSided = "reversal_one_sided",
    /// The direction is flipped 方向相反.
    WrongSign = "wrong_sign",
    /// Transposed digits or a shifted decimal point.
    DigitSlip = "digit_slip",
    /// The same document, the amounts differ, nothing above fits 金额不符.
    Amount = "amount",
    /// All agrees but the number.
    WrongReference = "wrong_reference",
    /// No number on one side.
    MissingReference = "missing_reference",
    /// Only the date differs beyond the window.
    Date = "date",
    /// The currency codes differ.
    Currency = "currency",
    /// Booked on a branch, sister or parent 串户.
    WrongParty = "wrong_party",
    /// One of ours is several of theirs.
    Split = "split",
    /// Several of ours are one of theirs.
    Merged = "merged",
    /// Several are several, only the sums agree.
    Regrouped = "regrouped",
    /// A group was found, its sum is short.
    SplitIncomplete = "split_incomplete",
    /// The opening balances differ.
    Opening = "opening",
    /// Their opening and movements do not make their closing.
    StatementNotSumming = "statement_not_summing",
    /// Changed after both signed.
    PostSignature = "post_signature",
    /// Several admissible partners, not interchangeable.
    Ambiguous = "ambiguous",
    /// The search budget was spent.
    SearchLimit = "search_limit",
    /// Nothing above 待查.
    Unexplained = "unexplained",
}

impl Reason {
    /// The reason that a code names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// Whether the reason may stand beside a main code as a note (`main+note`).
    #[must_use]
    pub const fn is_note(self) -> bool {
        matches!(
            self,
            Self::WrongReference
                | Self::MissingReference
                | Self::Date
                | Self::Cutoff
                | Self::Ambiguous
                | Self::SearchLimit
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for (number, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
            assert_eq!(*reason as usize, number);
        }
        assert_eq!(Reason::from_code("rounding+date"), None);
    }
}
