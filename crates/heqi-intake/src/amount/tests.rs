//! Goal: amounts are read exactly or not at all. Method: text by text, and as properties: what
//! is printed is read back, in every style and currency.

use proptest::prelude::*;

use super::*;

const CNY: Currency = Currency::CNY;

fn style(mark: DecimalMark) -> Style {
    Style { mark, scale: 0, round: false }
}

#[track_caller]
fn check(text: &str, mark: DecimalMark, expected: Result<Option<i64>, AmountError>) {
    let read = parse(text, style(mark), CNY).map(|it| it.map(|it| it.minor));
    assert_eq!(read, expected, "{text}");
}

#[test]
fn each_mark_reads_its_own_style_only() {
    use DecimalMark::{Comma, Point};
    for (text, mark, expected) in [
        ("1,234.56", Point, Ok(Some(123_456))),
        ("1.234,56", Comma, Ok(Some(123_456))),
        ("1.234,56", Point, Err(AmountError::Style)),
        ("1,234.56", Comma, Err(AmountError::Style)),
        ("1,234", Point, Ok(Some(123_400))),
        ("1,234", Comma, Err(AmountError::TooPrecise)),
        ("1,2345", Point, Err(AmountError::Style)),
        ("1,2,3", Point, Err(AmountError::Unreadable)),
        ("12 34", Point, Err(AmountError::Unreadable)),
        ("1 234 567,8", Comma, Ok(Some(123_456_780))),
        ("1.2.3", Point, Err(AmountError::Unreadable)),
        ("", Point, Ok(None)),
        ("—", Point, Ok(None)),
        ("N/A", Point, Ok(None)),
        ("abc", Point, Err(AmountError::Unreadable)),
        ("5-5", Point, Err(AmountError::Unreadable)),
        ("-(5)", Point, Err(AmountError::Unreadable)),
        ("(-5)", Point, Err(AmountError::Unreadable)),
    ] {
        check(text, mark, expected);
    }
}

#[test]
fn a_cell_may_name_its_currency() {
    for (text, code) in
        [("HK$5", "HKD"), ("5 USD", "USD"), ("€5", "EUR"), ("RMB 5", "CNY"), ("JPY5", "JPY")]
    {
        let amount = parse(text, style(DecimalMark::Point), CNY).unwrap().unwrap();
        assert_eq!(amount.currency.map(|it| it.to_string()), Some(code.to_owned()), "{text}");
        assert_eq!(amount.minor, if code == "JPY" { 5 } else { 500 });
    }
}

#[test]
fn noise_of_floats_is_told_from_decimals() {
    let read = |text: &str| parse(text, style(DecimalMark::Point), CNY).map(|it| it.unwrap());
    for (text, minor) in [
        ("32.3800011", 3_238),
        ("11.6099997", 1_161),
        ("1007.64001", 100_764),
        ("0.30000000000000004", 30),
        ("1059.3099999999999", 105_931),
        ("-0.1499999999999999944", -15),
    ] {
        let amount = read(text).unwrap();
        assert_eq!((amount.minor, amount.noise), (minor, true), "{text}");
    }
    for text in ["972.785", "880.3484", "0.000005", "123456.7891", "12.3456789", "10.0001"] {
        assert_eq!(read(text).unwrap_err(), AmountError::TooPrecise, "{text}");
    }
    let rounding = Style { round: true, ..style(DecimalMark::Point) };
    for (text, minor) in
        [("972.785", 97_279), ("-972.785", -97_279), ("0.004", 0), ("880.3484", 88_035)]
    {
        let amount = parse(text, rounding, CNY).unwrap().unwrap();
        assert_eq!((amount.minor, amount.rounded), (minor, true), "{text}");
    }
}

#[test]
fn goods_are_multiplied_exactly() {
    let number = |text: &str| number(text, DecimalMark::Point).unwrap().unwrap();
    let product = |quantity, price, discount: Option<&str>| {
        let exact = product(number(quantity), number(price), discount.map(number)).unwrap();
        to_minor(exact, 2, true).unwrap().0
    };
    assert_eq!(product("6", "2.55", None), 1_530);
    assert_eq!(product("-3", "0.333", None), -100);
    assert_eq!(product("10", "9.80000019", None), 9_800);
    assert_eq!(product("35", "18.6", Some("0.15")), 55_335);
}

proptest! {
    /// c6: parse ∘ print = id, for currencies of 0, 2 and 3 decimals.
    #[test]
    fn c6_what_is_printed_is_read_back(minor in -i64::MAX..=i64::MAX, code in 0..3_usize) {
        let currency: Currency = ["JPY", "CNY", "KWD"][code].parse().unwrap();
        let printed = text(i128::from(minor), currency.exponent());
        let read = parse(&printed, style(DecimalMark::Point), currency).unwrap().unwrap();
        prop_assert_eq!(read.minor, minor);
        prop_assert!(!read.noise && !read.rounded);
    }

    /// Grouping, full-width digits, signs and wrappers change nothing.
    #[test]
    fn c6_dress_changes_nothing(
        minor in -999_999_999_999_i64..999_999_999_999,
        dress in 0..6_usize,
    ) {
        let plain = text(i128::from(minor.abs()), 2);
        let (whole, cents) = plain.split_once('.').unwrap();
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let grouped = format!("{grouped}.{cents}");
        let widen = |it: char| char::from_u32(it as u32 + 0xFEE0).unwrap();
        let wide: String = grouped.chars().map(widen).collect();
        let minus = if minor < 0 { "-" } else { "" };
        let dressed = match dress {
            0 => format!("{minus}{grouped}"),
            1 => format!("{minus}￥{grouped}"),
            2 => format!(" {minus}{grouped} 元 "),
            3 if minor < 0 => format!("({grouped})"),
            4 => format!("{grouped}{minus}"),
            5 if minor < 0 => format!("－{wide}"),
            _ => format!("{minus}{plain}"),
        };
        check(&dressed, DecimalMark::Point, Ok(Some(minor)));
    }

    /// No text makes the reader panic, and a number is never read as another one.
    #[test]
    fn any_text_is_a_number_or_an_error(text in "[-+()0-9.,eE¥元 ]{0,24}|\\PC{0,16}") {
        for mark in [DecimalMark::Point, DecimalMark::Comma] {
            let read = parse(&text, style(mark), CNY);
            if let Ok(Some(amount)) = read {
                prop_assert!(text.chars().any(|it| it.is_numeric()));
                prop_assert_ne!(amount.minor, i64::MIN);
            }
            let _ = mark_vote(&text);
        }
    }
}
