//! What a memo says of its line: charges beside the goods 运杂费, and set-off 抵账.

/// What charges are called.
const WORDS: [&str; 20] = [
    "运费",
    "运杂费",
    "运输费",
    "物流费",
    "快递费",
    "配送费",
    "送货费",
    "包装费",
    "装卸费",
    "搬运费",
    "仓储费",
    "freight",
    "shipping fee",
    "shipping charge",
    "delivery fee",
    "delivery charge",
    "handling fee",
    "handling charge",
    "packing charge",
    "carriage charge",
];

/// Before a word, these say that the charge is part of the goods' price, or that there is none.
const WITHIN: [&str; 8] = ["含", "免", "包", "incl ", "incl. ", "including ", "free ", "no "];

/// Behind a word, these say who bears the charge: a term of delivery, not a charge.
const TERMS: [&str; 12] = [
    "另计", "另付", "另算", "自理", "自付", "到付", "由", " collect", " prepaid", " extra",
    " free", " paid by",
];

/// What settling a debt against a claim is called.
const SET_OFF: [&str; 11] = [
    "抵账",
    "互抵",
    "抵销",
    "抵消",
    "应收应付对冲",
    "往来对冲",
    "冲抵",
    "set-off",
    "set off",
    "setoff",
    "netting agreement",
];

/// Whether a memo says that the line sets a debt off against a claim.
#[must_use]
pub fn names_set_off(memo: &str) -> bool {
    let memo = memo.to_lowercase();
    SET_OFF.iter().any(|word| whole(&memo, word).next().is_some())
}

/// Whether a memo says that the line is for freight, packing or handling and not for goods.
#[must_use]
pub fn names_charge(memo: &str) -> bool {
    let memo = memo.to_lowercase();
    WORDS.iter().any(|word| {
        whole(&memo, word).any(|(before, behind)| {
            !WITHIN.iter().any(|within| before.ends_with(within))
                && !TERMS.iter().any(|term| behind.starts_with(term))
        })
    })
}

/// What stands before and behind a word, wherever it stands as a word: letters beside a Latin one
/// would make it another.
fn whole<'m>(memo: &'m str, word: &'m str) -> impl Iterator<Item = (&'m str, &'m str)> {
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    memo.match_indices(word).filter_map(move |(at, _)| {
        let (before, behind) = (&memo[..at], &memo[at + word.len()..]);
        let beside = letter(before.as_bytes().last()) || letter(behind.as_bytes().first());
        (!(word.is_ascii() && beside)).then_some((before, behind))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_off_is_told_from_payment() {
        for memo in ["应收应付对冲 抵账协议", "货款互抵", "Set-off per agreement"] {
            assert!(names_set_off(memo), "{memo}");
        }
        for memo in ["", "货款", "七月对账", "offset printing", "Fixed asset office furniture"]
        {
            assert!(!names_set_off(memo), "{memo}");
        }
    }

    #[test]
    fn charges_are_told_from_goods() {
        for memo in ["运费", "10月运杂费", "代垫快递费 SF1029", "Freight Oct.", "Handling fee"]
        {
            assert!(names_charge(memo), "{memo}");
        }
        for memo in [
            "",
            "货款",
            "货款（含运费）",
            "不含运费",
            "免运费",
            "货款，运费另计",
            "运费自理",
            "incl. freight",
            "goods, freight collect",
            "Freightliner parts",
            "shipped 3 Oct",
        ] {
            assert!(!names_charge(memo), "{memo}");
        }
    }
}
