//! Money 金额: whole minor units (分 for CNY), never a float.
//!
//! A `Money` names no currency: the currency belongs to the account 往来账户 the amount was
//! read from, so the *exponent* (number of decimals: 2 for CNY, 0 for JPY, 3 for KWD, see
//! [`Currency::exponent`](crate::Currency::exponent)) is given when text is read or written.
//! Positive = the customer owes the enterprise. Overflow is an error, never a wrap.

use serde::{Deserialize, Serialize};

/// An amount in minor units: `Money::from_minor(12_345)` is 123.45 in a currency of exponent 2.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(i64);

/// Why a text is not an amount, or a result cannot be held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Grouping commas, `(1.00)` and full-width digits are the file reader's job.
    #[error("`{0}` is not an amount; expected a form like -1234.50")]
    Malformed(String),
    /// We never round what a customer wrote.
    #[error("`{text}` has more than {exponent} decimals; correct the amount or the currency")]
    TooPrecise {
        /// The text as it was given.
        text: String,
        /// The decimals that the currency (or the fee) allows.
        exponent: u32,
    },
    /// The result is outside ±9,223,372,036,854,775,807 minor units.
    #[error("the amount is too large: beyond ±9,223,372,036,854,775,807 minor units")]
    Overflow,
}

impl Money {
    /// Nothing owed.
    pub const ZERO: Self = Self(0);

    /// Wraps a count of minor units.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The count of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Whether the customer owes less by it.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Adds an amount of the same currency.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if the sum cannot be held.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// Subtracts an amount of the same currency.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if the difference cannot be held.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The same amount in the other direction.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn negate(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::Overflow)
    }

    /// Adds up amounts; only the total must fit, not the sums on the way.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if the total cannot be held.
    pub fn total(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        let sum: i128 = amounts.into_iter().map(|amount| i128::from(amount.0)).sum();
        i64::try_from(sum).map(Self).map_err(|_| MoneyError::Overflow)
    }

    /// Reads plain decimal text: `-1234.50`, `1234.5`, `1234`.
    ///
    /// Zeros beyond the currency's decimals are no precision and are read: `1.500` is 1.50.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`], [`MoneyError::TooPrecise`] or [`MoneyError::Overflow`].
    pub fn parse(text: &str, exponent: u32) -> Result<Self, MoneyError> {
        parse_scaled(text, exponent).map(Self)
    }

    /// The plain decimal text with exactly `exponent` decimals, as files carry it: `-1234.50`.
    #[must_use]
    pub fn text(self, exponent: u32) -> String {
        decimal_text(i128::from(self.0), exponent)
    }

    /// The text for people, with thousands separators: `-1,234.50`.
    #[must_use]
    pub fn grouped(self, exponent: u32) -> String {
        grouped_text(i128::from(self.0), exponent)
    }
}

/// Reads decimal text as a count of units of 10^-`exponent`.
pub(crate) fn parse_scaled(text: &str, exponent: u32) -> Result<i64, MoneyError> {
    let malformed = || MoneyError::Malformed(text.to_owned());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = match unsigned.split_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
        Some(_) => return Err(malformed()),
        None => (unsigned, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
        return Err(malformed());
    }
    let kept = decimals.len().min(exponent as usize);
    if decimals[kept..].bytes().any(|byte| byte != b'0') {
        return Err(MoneyError::TooPrecise { text: text.to_owned(), exponent });
    }
    // Counted downwards, so that the smallest i64 can be read too.
    let mut negative = 0_i64;
    let padding = std::iter::repeat_n(b'0', exponent as usize - kept);
    for digit in whole.bytes().chain(decimals[..kept].bytes()).chain(padding) {
        negative = negative
            .checked_mul(10)
            .and_then(|value| value.checked_sub(i64::from(digit - b'0')))
            .ok_or(MoneyError::Overflow)?;
    }
    if unsigned.len() < text.len() {
        return Ok(negative);
    }
    negative.checked_neg().ok_or(MoneyError::Overflow)
}

/// Plain decimal text of a count of minor units, also of a sum beyond `i64`: `-1234.50`.
#[must_use]
pub fn decimal_text(minor: i128, exponent: u32) -> String {
    let mut text = String::with_capacity(24);
    push_decimal(&mut text, minor, exponent);
    text
}

/// Appends [`decimal_text`] without a new allocation; for writers of millions of rows.
pub fn push_decimal(out: &mut String, minor: i128, exponent: u32) {
    if minor < 0 {
        out.push('-');
    }
    push_unsigned(out, minor.unsigned_abs(), exponent, false);
}

/// Text for people with thousands separators, also of a sum beyond `i64`: `-1,234.50`.
#[must_use]
pub fn grouped_text(minor: i128, exponent: u32) -> String {
    let mut text = String::with_capacity(32);
    push_grouped(&mut text, minor, exponent);
    text
}

/// Appends [`grouped_text`] without a new allocation; for writers of many sentences.
pub fn push_grouped(out: &mut String, minor: i128, exponent: u32) {
    if minor < 0 {
        out.push('-');
    }
    push_unsigned(out, minor.unsigned_abs(), exponent, true);
}

/// Digits of the magnitude, at least one before the point.
fn push_unsigned(out: &mut String, magnitude: u128, exponent: u32, grouped: bool) {
    // A u128 has at most 39 digits, a comma for three of them, and a point; no currency has more
    // decimals than that, and more than there is room for would stop the run, not shorten a figure.
    let mut text = [0; 64];
    let mut at = text.len();
    let mut put = |byte: u8| {
        at -= 1;
        text[at] = byte;
    };
    let mut rest = magnitude;
    let mut whole = 0_u32;
    let mut place = 0_u32;
    loop {
        // Division of a u128 is slow: only the digits beyond a u64 pay for it.
        let digit = match u64::try_from(rest) {
            Ok(number) => {
                rest = (number / 10).into();
                number % 10
            }
            Err(_) => {
                let digit = (rest % 10) as u64;
                rest /= 10;
                digit
            }
        };
        put(b'0' + digit as u8);
        place += 1;
        if place > exponent {
            whole += 1;
            if rest == 0 {
                break;
            }
            if grouped && whole.is_multiple_of(3) {
                put(b',');
            }
        } else if place == exponent {
            put(b'.');
        }
    }
    // Digits and marks are ASCII.
    out.push_str(std::str::from_utf8(&text[at..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    //! Goal: what a customer wrote comes back to the digit, or is refused with the reason.

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, exponent: u32, expected: Result<i64, &str>) {
        let actual = Money::parse(text, exponent).map(Money::minor);
        let kind = actual.map_err(|error| match error {
            MoneyError::Malformed(_) => "malformed",
            MoneyError::TooPrecise { .. } => "too precise",
            MoneyError::Overflow => "overflow",
        });
        assert_eq!(kind, expected, "{text}");
    }

    #[test]
    fn reads_plain_amounts() {
        check("1234.50", 2, Ok(123_450));
        check("-0.05", 2, Ok(-5));
        check("7", 2, Ok(700));
        check("7.5", 2, Ok(750));
        check("7.5000", 2, Ok(750));
        check("007.50", 2, Ok(750));
        check("1200", 0, Ok(1200));
        check("1200.00", 0, Ok(1200));
        check("1.234", 3, Ok(1234));
        check("-92233720368547758.08", 2, Ok(i64::MIN));
        check("92233720368547758.07", 2, Ok(i64::MAX));
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in
            ["", "-", ".", ".5", "5.", "1,234.00", "(1.00)", "--1", "+1", "1e3", "１２", "1.2.3"]
        {
            check(text, 2, Err("malformed"));
        }
        check("1.005", 2, Err("too precise"));
        check("0.5", 0, Err("too precise"));
        check("92233720368547758.08", 2, Err("overflow"));
        check("99999999999999999999", 2, Err("overflow"));
    }

    #[test]
    fn prints_with_and_without_separators() {
        let cases = [
            (0, 2, "0.00", "0.00"),
            (-5, 2, "-0.05", "-0.05"),
            (100, 0, "100", "100"),
            (1_000, 0, "1000", "1,000"),
            (-123_456_789, 2, "-1234567.89", "-1,234,567.89"),
            (123_456_789, 3, "123456.789", "123,456.789"),
            (i64::MIN, 2, "-92233720368547758.08", "-92,233,720,368,547,758.08"),
        ];
        for (minor, exponent, plain, grouped) in cases {
            let money = Money::from_minor(minor);
            assert_eq!(
                (money.text(exponent), money.grouped(exponent)),
                (plain.into(), grouped.into())
            );
        }
        assert_eq!(decimal_text(i128::from(i64::MAX) * 10, 2), "922337203685477580.70");
    }

    #[test]
    fn arithmetic_refuses_to_wrap() {
        let (max, min, one) = (Money(i64::MAX), Money(i64::MIN), Money(1));
        assert_eq!(max.plus(one), Err(MoneyError::Overflow));
        assert_eq!(min.minus(one), Err(MoneyError::Overflow));
        assert_eq!(min.negate(), Err(MoneyError::Overflow));
        assert_eq!(Money(3).minus(Money(5)), Ok(Money(-2)));
        assert_eq!(Money::total([max, one, Money(-1)]), Ok(max));
        assert_eq!(Money::total([max, one]), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(minor: i64, exponent in 0_u32..=5) {
            let money = Money(minor);
            prop_assert_eq!(Money::parse(&money.text(exponent), exponent), Ok(money));
            prop_assert_eq!(money.grouped(exponent).replace(',', ""), money.text(exponent));
        }

        #[test]
        fn plus_and_minus_undo_each_other(a: i32, b: i32) {
            let (a, b) = (Money(i64::from(a)), Money(i64::from(b)));
            prop_assert_eq!(a.plus(b).and_then(|sum| sum.minus(b)), Ok(a));
            prop_assert_eq!(a.minus(b), b.minus(a).and_then(Money::negate));
        }

        #[test]
        fn never_panics_on_any_text(text in ".{0,12}", exponent in 0_u32..=3) {
            if let Ok(money) = Money::parse(&text, exponent) {
                prop_assert_eq!(Money::parse(&money.text(exponent), exponent), Ok(money));
            }
        }
    }
}
