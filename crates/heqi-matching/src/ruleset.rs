//! The rule set 规则集: what a run may do, as data.
//!
//! Every number that decides something stands here with its meaning, and can be set in a TOML
//! file. Unknown keys are refused: a misspelt rule is a rule that does not hold.

use serde::{Deserialize, Serialize};

/// All rules of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSet {
    /// Name shown in results.
    pub name: String,
    /// How references are compared.
    pub references: References,
    /// The passes that may run.
    pub passes: Passes,
    /// Windows of days.
    pub dates: Dates,
    /// Differences that explain themselves.
    pub differences: Differences,
    /// The search for sums.
    pub combination: Combination,
}

/// How references are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum References {
    /// Folded: prefixes, zeros, separators, years and widths do not count.
    Folded,
    /// As written: two references are one only if their bytes are.
    AsWritten,
}

impl References {
    /// The key of a reference under this rule; 0 where it says nothing.
    pub(crate) fn key(self, raw: &str) -> u64 {
        match self {
            Self::Folded => crate::reference::key_hash(raw),
            Self::AsWritten if raw.is_empty() => 0,
            Self::AsWritten => crate::reference::hash_text(raw.as_bytes()),
        }
    }
}

/// The passes that may run; each is one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passes {
    /// 1 An entry and its reversal on one side.
    pub contra: bool,
    /// 2 Same reference, same amount.
    pub exact: bool,
    /// 3 Same reference, the sums agree.
    pub same_reference_sum: bool,
    /// 4 Same reference, the amounts differ.
    pub same_reference: bool,
    /// 5 References named in memos.
    pub mentioned: bool,
    /// 6 Same amount, a corrupted reference.
    pub variant_reference: bool,
    /// 7 Same amount, date in the window.
    pub amount_date: bool,
    /// 8 Several lines make one amount.
    pub combination: bool,
    /// 10 Hints only.
    pub diagnostic: bool,
}

impl Passes {
    /// Whether any pass asks what else the ledgers hold; a plain comparison does not.
    pub(crate) const fn look_around(&self) -> bool {
        self.mentioned
            || self.variant_reference
            || self.amount_date
            || self.combination
            || self.diagnostic
    }
}

/// Windows of days; "later" means that their line is dated after ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dates {
    /// Days that two lines of one reference may lie apart, either way.
    pub reference_window: i32,
    /// Days that a document may be booked apart before the date is worth a note.
    pub document_tolerance: i32,
    /// The same for money, which travels.
    pub money_tolerance: i32,
    /// Without a reference: days that their line may be earlier than ours.
    pub earlier: i32,
    /// Without a reference: days that their line may be later than ours.
    pub later: i32,
    /// Without a reference: lines this close need no further proof if the next is far.
    pub near: i32,
}

/// No tax is more than a thousand times the amount; products with it stay within 128 bits.
pub(crate) const MOST_TAX: i64 = 1_000_000_000;

/// Differences that explain themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Differences {
    /// A difference of so many minor units is rounding.
    pub rounding: i64,
    /// Tax rates, parts per million of the net amount.
    pub tax_ppm: Vec<i64>,
    /// Discount and rebate rates agreed with the customer, parts per million of the larger amount.
    pub discount_ppm: Vec<i64>,
    /// Rates at which the customer withholds from a payment, parts per million of what they paid.
    pub withholding_ppm: Vec<i64>,
    /// A payment may arrive short by a bank's charge of at most so many minor units …
    pub bank_charge: i64,
    /// … that is a multiple of so many minor units (charges are round) …
    pub bank_charge_step: i64,
    /// … and at most so many parts per million of the payment.
    pub bank_charge_ppm: i64,
}

/// The search for sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Combination {
    /// Most lines of a sum.
    pub lines: usize,
    /// Days before the total within which its parts lie.
    pub before: i32,
    /// Days after the total within which its parts lie.
    pub after: i32,
    /// Most candidates of a search, nearest in date first.
    pub candidates: usize,
    /// A unique sum settles only if chance is unlikely: subsets tried per minor unit of the
    /// amount, in parts per million.
    pub chance_ppm: i64,
    /// Subsets that a search may try before it says that its limit was reached.
    pub operations: u64,
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            contra: true,
            exact: true,
            same_reference_sum: true,
            same_reference: true,
            mentioned: true,
            variant_reference: true,
            amount_date: true,
            combination: true,
            diagnostic: true,
        }
    }
}

impl Default for Dates {
    fn default() -> Self {
        Self {
            reference_window: 180,
            document_tolerance: 2,
            money_tolerance: 4,
            earlier: 5,
            later: 36,
            near: 2,
        }
    }
}

impl Default for Differences {
    fn default() -> Self {
        Self {
            rounding: 5,
            tax_ppm: vec![130_000, 90_000, 60_000, 50_000, 30_000, 10_000, 200_000],
            // Contracts differ, so there is no rate to start with.
            discount_ppm: Vec::new(),
            withholding_ppm: Vec::new(),
            bank_charge: 5_000,
            bank_charge_step: 50,
            bank_charge_ppm: 250_000,
        }
    }
}

impl Default for Combination {
    fn default() -> Self {
        Self {
            lines: 5,
            before: 14,
            after: 3,
            candidates: 40,
            chance_ppm: 10_000,
            operations: 200_000,
        }
    }
}

impl Default for RuleSet {
    fn default() -> Self {
        Self {
            name: "default".into(),
            references: References::Folded,
            passes: Passes::default(),
            dates: Dates::default(),
            differences: Differences::default(),
            combination: Combination::default(),
        }
    }
}

impl Differences {
    /// The first rate that no amount can have: its key and what it says.
    #[must_use]
    pub fn impossible_rate(&self) -> Option<(&'static str, i64)> {
        let shares = [
            ("tax_ppm", &self.tax_ppm, MOST_TAX),
            ("discount_ppm", &self.discount_ppm, 999_999),
            ("withholding_ppm", &self.withholding_ppm, 999_999),
        ];
        shares.into_iter().find_map(|(key, rates, most)| {
            let wrong = rates.iter().copied().find(|rate| !(1..=most).contains(rate));
            wrong.map(|rate| (key, rate))
        })
    }
}

impl RuleSet {
    /// Names of the presets.
    pub const PRESETS: [&str; 3] = ["default", "strict", "classify"];

    /// A preset by name: `default` (all passes), `strict` (nothing by amount alone),
    /// `classify` (a plain comparison of two tables by the reference as written).
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        let off = Passes {
            contra: false,
            exact: true,
            same_reference_sum: false,
            same_reference: true,
            mentioned: false,
            variant_reference: false,
            amount_date: false,
            combination: false,
            diagnostic: false,
        };
        match name {
            "default" => Some(Self::default()),
            "strict" => Some(Self {
                name: "strict".into(),
                passes: Passes { same_reference_sum: true, contra: true, ..off },
                ..Self::default()
            }),
            "classify" => Some(Self {
                name: "classify".into(),
                references: References::AsWritten,
                // A plain comparison calls a cent a difference.
                differences: Differences { rounding: 0, ..Differences::default() },
                passes: off,
                ..Self::default()
            }),
            _ => None,
        }
    }
}
