//! Drafts of lines before documents have their numbers.
//!
//! A document is numbered in date order once all are known, as an ERP would have done; what
//! the customer writes about it is a reference to the draft until then. A draft that is in no
//! group is numbered and left out: a document that only the customer knows leaves a gap.

use heqi_domain::{Day, EntryKind, ymd_of};

use super::names::Product;

/// A kind of document of ours: prefix of its number, name, kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Document {
    Sale,
    Return,
    Exchange,
    Freight,
    Reversal,
    Receipt,
}

impl Document {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Sale => "XS",
            Self::Return => "TH",
            Self::Exchange => "HH",
            Self::Freight => "YF",
            Self::Reversal => "HC",
            Self::Receipt => "SK",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sale => "销售单",
            Self::Return => "退货单",
            Self::Exchange => "换货单",
            Self::Freight => "运费单",
            Self::Reversal => "红冲单",
            Self::Receipt => "收款单",
        }
    }

    pub(super) const fn kind(self) -> EntryKind {
        match self {
            Self::Sale | Self::Freight => EntryKind::Sale,
            Self::Return => EntryKind::Return,
            Self::Exchange => EntryKind::Exchange,
            Self::Reversal => EntryKind::Reversal,
            Self::Receipt => EntryKind::Receipt,
        }
    }
}

/// A number of pieces of one product at one price; the amount is exact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goods {
    pub product: &'static Product,
    pub quantity: i64,
    /// Cents with tax.
    pub price: i64,
}

impl Goods {
    pub(super) const fn amount(self) -> i64 {
        self.quantity * self.price
    }
}

/// Which number a document bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbered {
    /// The next one of its kind and month.
    Next,
    /// That of an earlier draft: posted twice, or the second leg of one document.
    As(usize),
}

/// A line of ours; amounts are cents, signed from the receivable's side.
#[derive(Clone, Debug)]
pub(super) struct Ours {
    pub customer: usize,
    pub document: Document,
    pub numbered: Numbered,
    pub day: Day,
    pub memo: String,
    pub goods: Option<Goods>,
    pub amount: i64,
    /// The draft whose invoice covers this one too.
    pub invoiced_with: Option<usize>,
    /// The group it belongs to; none for a document that is not in our ledger.
    pub group: Option<usize>,
}

/// What a customer writes in the column for our document number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    Nothing,
    /// The number of a draft.
    Number(usize),
    /// The number in another way, 0 to 5 as in [`rewrite`].
    Otherwise(usize, u64),
    /// The number of a draft and that of a part of it.
    Part(usize, usize),
    /// The invoice's number.
    Invoice(usize),
}

/// A line of theirs; the amount is signed from the receivable's side too.
#[derive(Clone, Debug)]
pub(super) struct Theirs {
    pub customer: usize,
    pub day: Day,
    pub reference: Wrote,
    pub memo: String,
    /// Drafts whose numbers follow the memo.
    pub mentions: Vec<usize>,
    pub amount: i64,
    pub group: usize,
}

/// The numbers of all documents, in the order of the drafts: `XS-202610-00012`.
pub(super) fn number_documents(drafts: &[Ours]) -> Vec<String> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|place| (drafts[*place].day, *place));
    let mut last = std::collections::BTreeMap::new();
    let mut numbers = vec![String::new(); drafts.len()];
    for place in order {
        let draft = &drafts[place];
        let (year, month, _) = ymd_of(draft.day).unwrap_or_default();
        if draft.numbered == Numbered::Next {
            let next: &mut u32 = last.entry((draft.document, year, month)).or_default();
            *next += 1;
            numbers[place] = format!("{}-{year:04}{month:02}-{:05}", draft.document.prefix(), next);
        }
    }
    for (place, draft) in drafts.iter().enumerate() {
        if let Numbered::As(other) = draft.numbered {
            numbers[place] = numbers[other].clone();
        }
    }
    numbers
}

/// Other ways to write `XS-202610-00012`. The first two differ in form only.
pub(super) const WAYS: u64 = 6;
pub(super) const WAYS_OF_FORM: u64 = 2;

pub(super) fn rewrite(number: &str, way: u64) -> String {
    let mut parts = number.split('-');
    let mut part = || parts.next().unwrap_or_default();
    let (prefix, month, serial) = (part(), part(), part());
    match way {
        0 => format!("{prefix}{month}{serial}"),
        1 => number.to_lowercase(),
        2 => format!("{month}-{serial}"),
        3 => format!("{month}-{}", serial.trim_start_matches('0')),
        4 => format!("送货单{number}"),
        // The first zero of the serial number read as a letter, a zero dropped otherwise.
        _ => match serial.strip_prefix('0') {
            Some(rest) => format!("{prefix}-{month}-O{rest}"),
            None => format!("{prefix}-{month}-{}", &serial[1..]),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_six_other_forms() {
        let forms: Vec<String> = (0..WAYS).map(|way| rewrite("XS-202610-00012", way)).collect();
        let expected = [
            "XS20261000012",
            "xs-202610-00012",
            "202610-00012",
            "202610-12",
            "送货单XS-202610-00012",
            "XS-202610-O0012",
        ];
        assert_eq!(forms, expected);
    }
}
