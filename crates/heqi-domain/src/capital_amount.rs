//! Capital amounts 大写金额: the form that a Chinese document gives an amount in words.
//!
//! The characters are 零壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分(厘毫)整负. An amount that ends at 元
//! or 角 takes 整, one that ends at 分 or below takes none; zeros inside are one 零; below one
//! 元 the text begins at 角 or 分.
//!
//! # Source
//! Ministry of Finance order 98 (会计基础工作规范), art. 52 (3)–(5), which leaves 零 before 角
//! to the writer when the 元 digit is zero; we leave it out (壹仟陆佰捌拾元叁角贰分).

use crate::{Currency, Money};

const DIGITS: [&str; 10] = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];
/// Places below 元, downwards. 厘 and 毫 serve currencies of three and four decimals.
const FRACTIONS: [&str; 4] = ["角", "分", "厘", "毫"];
const YI: u64 = 100_000_000;
const WAN: u64 = 10_000;

/// The amount in words, without the currency's name: `1409.50` is 壹仟肆佰零玖元伍角整.
///
/// `exponent` is the currency's number of decimals: 0 ends at 元, 2 at 分, 3 at 厘. Decimals
/// beyond 毫 (an exponent above 4, which no currency has) are not written.
#[must_use]
pub fn capital_amount(amount: Money, exponent: u32) -> String {
    let mut text = String::new();
    if amount.is_negative() {
        text.push('负');
    }
    let unit = 10_u64.saturating_pow(exponent);
    let magnitude = amount.minor().unsigned_abs();
    let (whole, fraction) = (magnitude / unit, magnitude % unit);
    if whole > 0 {
        push_integer(&mut text, whole);
        text.push('元');
    } else if fraction == 0 {
        text.push_str("零元");
    }
    let ends_with = push_fraction(&mut text, fraction, exponent, whole > 0);
    if ends_with.is_none_or(|place| place == 0) {
        text.push('整');
    }
    text
}

/// The amount in words behind the currency's name, with no gap: 人民币壹元整, 美元伍角整.
///
/// A currency without a name of its own here is given by its code: SEK壹元整.
#[must_use]
pub fn capital_amount_of(amount: Money, currency: Currency) -> String {
    let name = match currency.code() {
        "CNY" => "人民币",
        "HKD" => "港元",
        "MOP" => "澳门元",
        "TWD" => "新台币",
        "USD" => "美元",
        "EUR" => "欧元",
        "JPY" => "日元",
        "GBP" => "英镑",
        "KRW" => "韩元",
        "SGD" => "新加坡元",
        "AUD" => "澳大利亚元",
        "CAD" => "加拿大元",
        "CHF" => "瑞士法郎",
        code => return code.to_owned() + &capital_amount(amount, currency.exponent()),
    };
    name.to_owned() + &capital_amount(amount, currency.exponent())
}

/// A positive whole number: what stands above 亿, above 万, and the rest, each read alike.
fn push_integer(text: &mut String, number: u64) {
    let split = [(YI, "亿"), (WAN, "万")].into_iter().find(|(size, _)| number >= *size);
    let Some((size, name)) = split else {
        return push_below_wan(text, number);
    };
    push_integer(text, number / size);
    text.push_str(name);
    let rest = number % size;
    if rest == 0 {
        return;
    }
    if rest < size / 10 {
        text.push('零');
    }
    push_integer(text, rest);
}

/// 1 to 9999.
fn push_below_wan(text: &mut String, number: u64) {
    let mut skipped_zero = false;
    let mut begun = false;
    for (place, name) in [(1000, "仟"), (100, "佰"), (10, "拾"), (1, "")] {
        let digit = number / place % 10;
        if digit == 0 {
            skipped_zero = begun;
            continue;
        }
        if skipped_zero {
            text.push('零');
        }
        text.push_str(DIGITS[digit as usize]);
        text.push_str(name);
        (begun, skipped_zero) = (true, false);
    }
}

/// The decimals; returns the last place written (0 = 角), none if there is none.
fn push_fraction(text: &mut String, fraction: u64, exponent: u32, begun: bool) -> Option<usize> {
    let mut last = None;
    let mut skipped_zero = false;
    for (place, name) in FRACTIONS.iter().enumerate().take(exponent as usize) {
        let digit = fraction / 10_u64.saturating_pow(exponent - 1 - place as u32) % 10;
        if digit == 0 {
            skipped_zero = begun || last.is_some();
            continue;
        }
        if skipped_zero {
            text.push('零');
        }
        text.push_str(DIGITS[digit as usize]);
        text.push_str(name);
        (last, skipped_zero) = (Some(place), false);
    }
    last
}

#[cfg(test)]
mod tests {
    //! Goal: every vector of the design, and that the words say exactly the amount: a reader
    //! written apart turns them back into the number.

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors_of_the_design() {
        let vectors = [
            ("0", "零元整"),
            ("0.05", "伍分"),
            ("0.50", "伍角整"),
            ("1", "壹元整"),
            ("10", "壹拾元整"),
            ("100000", "壹拾万元整"),
            ("100005", "壹拾万零伍元整"),
            ("1000001.01", "壹佰万零壹元零壹分"),
            ("1409.50", "壹仟肆佰零玖元伍角整"),
            ("6007.14", "陆仟零柒元壹角肆分"),
            ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
            ("107000.53", "壹拾万柒仟元伍角叁分"),
            ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
            ("325.04", "叁佰贰拾伍元零肆分"),
            ("10000100.30", "壹仟万零壹佰元叁角整"),
            ("100000000", "壹亿元整"),
            ("10203040506.07", "壹佰零贰亿零叁佰零肆万零伍佰零陆元零柒分"),
            ("-1234.50", "负壹仟贰佰叁拾肆元伍角整"),
            ("100000001", "壹亿零壹元整"),
            ("110000000", "壹亿壹仟万元整"),
            ("1000000000000", "壹万亿元整"),
            ("0.15", "壹角伍分"),
        ];
        for (amount, expected) in vectors {
            let amount = Money::parse(amount, 2).unwrap();
            assert_eq!(capital_amount(amount, 2), expected);
        }
        let largest = capital_amount(Money::from_minor(i64::MAX), 2);
        assert_eq!(
            largest,
            "玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌元零柒分"
        );
    }

    #[test]
    fn other_exponents_and_currencies() {
        assert_eq!(capital_amount(Money::from_minor(1200), 0), "壹仟贰佰元整");
        assert_eq!(capital_amount(Money::from_minor(1005), 3), "壹元零伍厘");
        assert_eq!(capital_amount(Money::from_minor(1050), 3), "壹元零伍分");
        assert_eq!(capital_amount(Money::from_minor(1505), 3), "壹元伍角零伍厘");
        assert_eq!(capital_amount(Money::from_minor(5), 3), "伍厘");
        assert_eq!(capital_amount(Money::from_minor(10_001), 4), "壹元零壹毫");
        let one = Money::from_minor(100);
        assert_eq!(capital_amount_of(one, Currency::CNY), "人民币壹元整");
        assert_eq!(capital_amount_of(one, "JPY".parse().unwrap()), "日元壹佰元整");
        assert_eq!(capital_amount_of(one, "SEK".parse().unwrap()), "SEK壹元整");
    }

    /// Reads the words back as minor units, by the value of each character.
    fn read_back(text: &str, exponent: u32) -> i128 {
        let (sign, text) = text.strip_prefix('负').map_or((1, text), |rest| (-1, rest));
        let unit = 10_i128.pow(exponent);
        let (mut total, mut section, mut below_wan, mut digit) = (0, 0, 0, 0);
        for word in text.chars() {
            let value = DIGITS.iter().position(|name| name.starts_with(word));
            let fraction = FRACTIONS.iter().position(|name| name.starts_with(word));
            match word {
                '拾' | '佰' | '仟' => {
                    below_wan += digit * [10, 100, 1000]["拾佰仟".find(word).unwrap() / 3];
                    digit = 0;
                }
                '万' => {
                    section += (below_wan + digit) * 10_000;
                    (below_wan, digit) = (0, 0);
                }
                '亿' => {
                    total = (total + section + below_wan + digit) * 100_000_000;
                    (section, below_wan, digit) = (0, 0, 0);
                }
                '元' => {
                    total = (total + section + below_wan + digit) * unit;
                    (section, below_wan, digit) = (0, 0, 0);
                }
                '整' => {}
                _ => match (value, fraction) {
                    (Some(value), _) => digit = value as i128,
                    (None, Some(place)) => {
                        total += digit * 10_i128.pow(exponent - 1 - place as u32);
                        digit = 0;
                    }
                    (None, None) => panic!("`{word}` has no place in an amount"),
                },
            }
        }
        sign * total
    }

    proptest! {
        #[test]
        fn the_words_say_the_amount(minor: i64, shrink in 0_u32..63, exponent in 0_u32..=4) {
            let minor = minor >> shrink;
            let text = capital_amount(Money::from_minor(minor), exponent);
            prop_assert_eq!(read_back(&text, exponent), i128::from(minor));
        }

        #[test]
        fn form_is_lawful(minor: i64, shrink in 0_u32..63) {
            let minor = minor >> shrink;
            let text = capital_amount(Money::from_minor(minor), 2);
            prop_assert!(!text.contains("零零"));
            prop_assert_eq!(text.ends_with('整'), minor % 10 == 0);
            prop_assert_eq!(text.ends_with('分'), minor % 10 != 0);
            prop_assert_eq!(text.contains('元'), minor == 0 || minor.unsigned_abs() >= 100);
            prop_assert_eq!(text.starts_with('负'), minor < 0);
        }
    }
}
