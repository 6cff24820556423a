//! Names of firms 户名 as they are compared: two spellings of one name fold to one text.

use unicode_normalization::UnicodeNormalization;

/// Words for the legal form, longest first.
const SUFFIXES: [&str; 12] = [
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "公司",
    "COLTD",
    "COMPANYLIMITED",
    "LIMITED",
    "LTD",
    "GMBH",
    "INC",
    "LLC",
    "PLC",
];

/// A name without width, case, spacing and punctuation.
#[must_use]
pub fn plain_name(name: &str) -> String {
    name.nfkc().flat_map(char::to_uppercase).filter(|letter| letter.is_alphanumeric()).collect()
}

/// [`plain_name`] without the legal form at its end, unless nothing else is left.
#[must_use]
pub fn fold_name(name: &str) -> String {
    let plain = plain_name(name);
    let short = SUFFIXES.iter().find_map(|suffix| plain.strip_suffix(suffix));
    short.filter(|short| !short.is_empty()).map(str::to_owned).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_fold_to_one_text() {
        for name in ["海仓贸易有限公司", "海仓 贸易（有限公司）", "海仓贸易股份有限公司"]
        {
            assert_eq!(fold_name(name), "海仓贸易", "{name}");
        }
        assert_eq!(fold_name("ＡＢＣ Trading Co., Ltd."), "ABCTRADING");
        assert_eq!(fold_name("公司"), "公司");
        assert_eq!(plain_name("C-001 号"), "C001号");
    }
}
