//! Fees 手续费: five decimals are kept until somebody rounds, and says how.
//!
//! Payment services state fees as `0.00600` or `7.79000`. Rounding each row and adding is not
//! the same as adding and rounding once, so a [`Fee`] stays at 1/100,000 of the currency's
//! main unit until [`Fee::round`] turns it into [`Money`].

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError, decimal_text, parse_scaled};

/// A fee in 1/100,000 of the main unit: `Fee::parse("0.006")` holds 600.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fee(i64);

/// What to do with a fraction of the minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// 四舍五入: the nearest minor unit, a half away from zero.
    HalfUp,
    /// 四舍六入五成双: the nearest minor unit, a half to the even one.
    HalfEven,
}

impl Fee {
    /// Decimals of a fee, whatever the currency.
    pub const EXPONENT: u32 = 5;

    /// Wraps a count of 1/100,000 of the main unit.
    #[must_use]
    pub const fn from_scaled(scaled: i64) -> Self {
        Self(scaled)
    }

    /// The count of 1/100,000 of the main unit.
    #[must_use]
    pub const fn scaled(self) -> i64 {
        self.0
    }

    /// An amount as a fee, without loss.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if it cannot be held at five decimals.
    pub fn from_money(money: Money, exponent: u32) -> Result<Self, MoneyError> {
        let scale = 10_i64.checked_pow(Self::EXPONENT.saturating_sub(exponent));
        let scaled = scale.and_then(|scale| money.minor().checked_mul(scale));
        scaled.map(Self).ok_or(MoneyError::Overflow)
    }

    /// Reads plain decimal text of at most five decimals: `-0.00600`.
    ///
    /// # Errors
    /// As [`Money::parse`].
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        parse_scaled(text, Self::EXPONENT).map(Self)
    }

    /// Adds without rounding.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if the sum cannot be held.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// Subtracts without rounding.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if the difference cannot be held.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The same fee in the other direction.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one fee that has no opposite.
    pub fn negate(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::Overflow)
    }

    /// Rounds to minor units of a currency of at most five decimals; the only way to [`Money`].
    ///
    /// Rounding is symmetric: a refunded fee rounds to the opposite of the fee.
    #[must_use]
    pub fn round(self, exponent: u32, rounding: Rounding) -> Money {
        let unit = 10_i64.pow(Self::EXPONENT.saturating_sub(exponent));
        let (whole, rest) = (self.0 / unit, self.0 % unit);
        // `rest` is below 100,000, so doubling it is safe; `whole` moves by one at most,
        // and only where `unit` is at least 10.
        let away = match (rest.abs() * 2).cmp(&unit) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => rounding == Rounding::HalfUp || whole % 2 != 0,
            std::cmp::Ordering::Greater => true,
        };
        Money::from_minor(if away { whole + self.0.signum() } else { whole })
    }
}

impl std::fmt::Display for Fee {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&decimal_text(i128::from(self.0), Self::EXPONENT))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(fee: &str, exponent: u32, half_up: &str, half_even: &str) {
        let fee = Fee::parse(fee).unwrap();
        assert_eq!(fee.round(exponent, Rounding::HalfUp).text(exponent), half_up);
        assert_eq!(fee.round(exponent, Rounding::HalfEven).text(exponent), half_even);
    }

    #[test]
    fn rounds_as_it_is_told() {
        check("0.00600", 2, "0.01", "0.01");
        check("0.00500", 2, "0.01", "0.00");
        check("0.01500", 2, "0.02", "0.02");
        check("0.02500", 2, "0.03", "0.02");
        check("-0.02500", 2, "-0.03", "-0.02");
        check("0.02501", 2, "0.03", "0.03");
        check("0.00499", 2, "0.00", "0.00");
        check("7.79000", 2, "7.79", "7.79");
        check("0.50000", 0, "1", "0");
        check("2.50000", 0, "3", "2");
        check("0.12345", 3, "0.123", "0.123");
        check("0.12350", 3, "0.124", "0.124");
        check("0.12345", 5, "0.12345", "0.12345");
    }

    #[test]
    fn adding_then_rounding_differs_from_rounding_then_adding() {
        let fee = Fee::parse("0.00400").unwrap();
        let sum = fee.plus(fee).unwrap().plus(fee).unwrap();
        assert_eq!(sum.round(2, Rounding::HalfUp), Money::from_minor(1));
        assert_eq!(fee.round(2, Rounding::HalfUp), Money::ZERO);
    }

    #[test]
    fn refuses_a_sixth_decimal_and_overflow() {
        assert!(matches!(Fee::parse("0.000001"), Err(MoneyError::TooPrecise { exponent: 5, .. })));
        assert_eq!(Fee(i64::MAX).plus(Fee(1)), Err(MoneyError::Overflow));
        assert_eq!(Fee::from_money(Money::from_minor(i64::MAX), 2), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn text_comes_back(scaled: i64) {
            prop_assert_eq!(Fee::parse(&Fee(scaled).to_string()), Ok(Fee(scaled)));
        }

        #[test]
        fn money_survives_the_way_through_a_fee(minor: i32, exponent in 0_u32..=5) {
            let money = Money::from_minor(i64::from(minor));
            let fee = Fee::from_money(money, exponent).unwrap();
            prop_assert_eq!(fee.round(exponent, Rounding::HalfEven), money);
        }

        #[test]
        fn rounding_is_near_and_symmetric(scaled in -i64::MAX..=i64::MAX, exponent in 0_u32..5) {
            for rounding in [Rounding::HalfUp, Rounding::HalfEven] {
                let rounded = Fee(scaled).round(exponent, rounding);
                let unit = 10_i128.pow(5 - exponent);
                let error = i128::from(rounded.minor()) * unit - i128::from(scaled);
                prop_assert!(error.abs() * 2 <= unit);
                prop_assert_eq!(Fee(-scaled).round(exponent, rounding), rounded.negate().unwrap());
            }
        }
    }
}
