//! Goods of a document 商品行: what quantity, price and tax rate come to, and whether a document's
//! amount is that (R34).
//!
//! Quantities and prices are whole millionths, rates are parts per million; every product is
//! taken in `i128` and rounded once to the minor unit, a half away from zero, as invoices are.

use crate::Money;
use crate::money::MoneyError;

/// Goods or a service: how much of it, at which price, taxed how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goods {
    /// Millionths of the unit; negative for what comes back.
    pub quantity_micro: i64,
    /// Millionths of the currency's main unit for one unit, without tax.
    pub price_micro: i64,
    /// The tax rate in parts per million: 130,000 is 13 %.
    pub tax_ppm: u32,
}

/// What goods come to, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
}

/// A document's amount is not what its goods come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountDiffers {
    /// What the goods come to, in minor units.
    pub goods: i128,
    /// What the document says, in minor units.
    pub amount: Money,
}

/// Rounding of single lines may add up to this many minor units.
pub const TOLERANCE: i128 = 1;

const MICRO_DIGITS: u32 = 12;
const PPM: i128 = 1_000_000;

impl Goods {
    /// What the goods come to in a currency of `exponent` decimals: net rounded to the minor
    /// unit, then the tax on the rounded net.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if a figure cannot be held.
    pub fn worth(self, exponent: u32) -> Result<Worth, MoneyError> {
        let scale = MICRO_DIGITS.checked_sub(exponent).ok_or(MoneyError::Overflow)?;
        let product = i128::from(self.quantity_micro) * i128::from(self.price_micro);
        let net = rounded(product, 10_i128.pow(scale))?;
        let tax = rounded(i128::from(net.minor()) * i128::from(self.tax_ppm), PPM)?;
        Ok(Worth { net, tax })
    }
}

/// `product / unit` to the nearest whole, a half away from zero. `unit` is positive and even or 1.
fn rounded(product: i128, unit: i128) -> Result<Money, MoneyError> {
    let (whole, rest) = (product / unit, product % unit);
    // `rest` is below 10^12: doubling it is safe.
    let away = if rest.abs() * 2 >= unit { product.signum() } else { 0 };
    let nearest = i64::try_from(whole + away).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::from_minor(nearest))
}

/// What goods come to together, tax included; the sum may exceed an amount.
#[must_use]
pub fn total(worth: &[Worth]) -> i128 {
    worth.iter().map(|line| i128::from(line.net.minor()) + i128::from(line.tax.minor())).sum()
}

/// Whether a document's amount is what its goods and its freight come to, within
/// [`TOLERANCE`]. A document without goods says nothing to compare.
///
/// # Errors
/// [`AmountDiffers`] with both figures.
pub fn check(amount: Money, worth: &[Worth], freight: Money) -> Result<(), AmountDiffers> {
    if worth.is_empty() {
        return Ok(());
    }
    let goods = total(worth) + i128::from(freight.minor());
    if (goods - i128::from(amount.minor())).abs() <= TOLERANCE {
        return Ok(());
    }
    Err(AmountDiffers { goods, amount })
}

#[cfg(test)]
mod tests {
    //! Goal: a figure on a document is what a person with a pocket calculator gets.

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_worth(quantity: i64, price: i64, ppm: u32, exponent: u32, net: i64, tax: i64) {
        let goods = Goods { quantity_micro: quantity, price_micro: price, tax_ppm: ppm };
        let worth = goods.worth(exponent).map(|worth| (worth.net.minor(), worth.tax.minor()));
        assert_eq!(worth, Ok((net, tax)));
    }

    #[test]
    fn a_half_is_rounded_away_from_zero() {
        // 3 boxes at 12.35, 13 %: 37.05 and 4.8165.
        check_worth(3_000_000, 12_350_000, 130_000, 2, 3_705, 482);
        check_worth(-3_000_000, 12_350_000, 130_000, 2, -3_705, -482);
        // 1 at 0.005 is half a cent.
        check_worth(1_000_000, 5_000, 0, 2, 1, 0);
        check_worth(-1_000_000, 5_000, 0, 2, -1, 0);
        check_worth(1_000_000, 4_999, 0, 2, 0, 0);
        // Tax of half a cent: 0.50 at 1 %.
        check_worth(1_000_000, 500_000, 10_000, 2, 50, 1);
        check_worth(2_000_000, 1_500_000, 100_000, 0, 3, 0);
        check_worth(1_000_000, 1_234_567, 0, 3, 1_235, 0);
    }

    #[test]
    fn what_cannot_be_held_is_an_error() {
        let most = Goods { quantity_micro: i64::MAX, price_micro: i64::MAX, tax_ppm: 0 };
        assert_eq!(most.worth(2), Err(MoneyError::Overflow));
        let least = Goods { quantity_micro: i64::MIN, price_micro: i64::MIN, tax_ppm: u32::MAX };
        assert_eq!(least.worth(0), Err(MoneyError::Overflow));
        assert_eq!(most.worth(13), Err(MoneyError::Overflow));
    }

    #[test]
    fn one_minor_unit_is_rounding_and_two_are_not() {
        let worth = [Worth { net: Money::from_minor(3_705), tax: Money::from_minor(482) }];
        let check = |amount| check(Money::from_minor(amount), &worth, Money::ZERO);
        assert_eq!([4_186, 4_187, 4_188].map(check), [Ok(()), Ok(()), Ok(())]);
        let amount = Money::from_minor(4_189);
        assert_eq!(check(4_189), Err(AmountDiffers { goods: 4_187, amount }));
        assert!(check(4_185).is_err() && check(-4_187).is_err());
        assert_eq!(super::check(amount, &[], Money::ZERO), Ok(()));
        assert_eq!(super::check(amount, &worth, Money::from_minor(2)), Ok(()));
    }

    proptest! {
        #[test]
        fn net_is_the_nearest_minor_unit(
            quantity_micro in -1_000_000_000_000_i64..1_000_000_000_000,
            price_micro in -1_000_000_000_i64..1_000_000_000_000,
            exponent in 0_u32..=4,
        ) {
            let goods = Goods { quantity_micro, price_micro, tax_ppm: 0 };
            if let Ok(worth) = goods.worth(exponent) {
                let unit = 10_i128.pow(12 - exponent);
                let exact = i128::from(quantity_micro) * i128::from(price_micro);
                let off = exact - i128::from(worth.net.minor()) * unit;
                prop_assert!(off.abs() * 2 <= unit);
                // A half went away from zero: what is left over points back to it.
                prop_assert!(off.abs() * 2 < unit || off.signum() == -exact.signum());
            }
        }

        #[test]
        fn what_comes_back_is_worth_the_opposite(
            quantity_micro in 0_i64..10_000_000_000_000,
            price_micro in 0_i64..10_000_000_000,
            tax_ppm in 0_u32..=1_000_000,
        ) {
            let sold = Goods { quantity_micro, price_micro, tax_ppm };
            let back = Goods { quantity_micro: -quantity_micro, ..sold };
            if let (Ok(sold), Ok(back)) = (sold.worth(2), back.worth(2)) {
                prop_assert_eq!(total(&[sold, back]), 0);
                prop_assert!(sold.tax <= sold.net && sold.tax >= Money::ZERO);
            }
        }

        #[test]
        fn no_input_panics(quantity_micro: i64, price_micro: i64, tax_ppm: u32, exponent: u32) {
            let worth = Goods { quantity_micro, price_micro, tax_ppm }.worth(exponent % 20);
            if let Ok(worth) = worth {
                let exact = i64::try_from(total(&[worth]));
                if let Ok(exact) = exact {
                    prop_assert_eq!(check(Money::from_minor(exact), &[worth], Money::ZERO), Ok(()));
                }
            }
        }
    }
}
