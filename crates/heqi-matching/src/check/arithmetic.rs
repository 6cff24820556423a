//! What explains a difference, computed again from the two sums; exact, in minor units.

use heqi_domain::Reason;

use crate::ruleset::{Differences, MOST_TAX};

/// Every exact explanation of `ours` against `theirs`, in order of precedence; `money` says that
/// the lines are payments.
pub(crate) fn explanations(
    ours: i128,
    theirs: i128,
    money: bool,
    rules: &Differences,
) -> Vec<Reason> {
    let difference = ours - theirs;
    if difference == 0 {
        return Vec::new();
    }
    let tests = [
        (Reason::Rounding, rounding(difference, rules)),
        (Reason::Tax, !money && tax_rate(ours, theirs, rules).is_some()),
        (Reason::Discount, !money && discount_rate(ours, theirs, rules).is_some()),
        (Reason::BankCharge, money && bank_charge(ours, theirs, rules)),
        (Reason::Withholding, money && withheld_rate(ours, theirs, rules).is_some()),
        (Reason::WrongSign, ours + theirs == 0),
        (Reason::DigitSlip, digit_slip(ours, theirs)),
    ];
    tests.into_iter().filter(|(_, holds)| *holds).map(|(reason, _)| reason).collect()
}

pub(crate) fn rounding(difference: i128, rules: &Differences) -> bool {
    difference.unsigned_abs() <= u128::from(rules.rounding.unsigned_abs())
}

/// The first rate of the rules at which one amount is the other and its tax, to the half cent.
pub(crate) fn tax_rate(ours: i128, theirs: i128, rules: &Differences) -> Option<i64> {
    let (small, large) = ordered(ours, theirs);
    let same_direction = ours.signum() == theirs.signum();
    rules.tax_ppm.iter().copied().find(|rate| {
        // |large·10⁶ − small·(10⁶ + rate)| within half a minor unit, halves rounded up.
        if !(1..=MOST_TAX).contains(rate) {
            return false;
        }
        let excess = large * 1_000_000 - small * (1_000_000 + i128::from(*rate));
        same_direction
            && small >= 10
            && excess > -500_000 - 1
            && excess <= 500_000
            && rounds_to(small, *rate, large)
    })
}

/// The first discount of the rules that makes the larger amount the smaller one.
pub(crate) fn discount_rate(ours: i128, theirs: i128, rules: &Differences) -> Option<i64> {
    let of = |whole: i128, part: i128| {
        rules.discount_ppm.iter().copied().find(|rate| leaves(whole, *rate, part))
    };
    if abs(ours) > abs(theirs) { of(ours, theirs) } else { of(theirs, ours) }
}

/// The first rate of the rules that, withheld from what they paid, leaves what we received.
pub(crate) fn withheld_rate(ours: i128, theirs: i128, rules: &Differences) -> Option<i64> {
    rules.withholding_ppm.iter().copied().find(|rate| leaves(theirs, *rate, ours))
}

/// Whether a share of the whole, rounded half up, taken off leaves the part.
fn leaves(whole: i128, rate: i64, part: i128) -> bool {
    // Nothing is taken, or more than there is; nor do the products leave 128 bits.
    if !(1..1_000_000).contains(&rate) {
        return false;
    }
    let taken = abs(whole) - abs(part);
    // taken = ⌊whole·rate/10⁶ + ½⌋, said without a division.
    let twice = 2 * (abs(whole) * i128::from(rate) - taken * 1_000_000);
    whole.signum() == part.signum()
        && abs(part) >= 10
        && taken > 0
        && (-1_000_000..1_000_000).contains(&twice)
}

/// Whether `net` and its tax, rounded half up, is `gross`.
fn rounds_to(net: i128, rate: i64, gross: i128) -> bool {
    (2 * net * (1_000_000 + i128::from(rate)) + 1_000_000) / 2_000_000 == gross
}

/// Whether we received what they paid, less a charge within the bounds of the rules.
pub(crate) fn bank_charge(ours: i128, theirs: i128, rules: &Differences) -> bool {
    let (received, paid) = (abs(ours), abs(theirs));
    let charge = paid - received;
    let most = i128::from(rules.bank_charge);
    let step = i128::from(rules.bank_charge_step).max(1);
    ours.signum() == theirs.signum()
        && (1..=most).contains(&charge)
        && charge % step == 0
        && charge * 1_000_000 <= paid * i128::from(rules.bank_charge_ppm)
}

/// Whether one amount is ten or a hundred times the other, or has two neighboring digits swapped.
pub(crate) fn digit_slip(ours: i128, theirs: i128) -> bool {
    let (small, large) = ordered(ours, theirs);
    if ours.signum() != theirs.signum() || small == large {
        return false;
    }
    small * 10 == large || small * 100 == large || swapped(small, large)
}

fn swapped(small: i128, large: i128) -> bool {
    let text = large.to_string();
    let padded = format!("{small:0>width$}", width = text.len());
    let (a, b) = (text.as_bytes(), padded.as_bytes());
    let Some(first) = (0..a.len()).find(|place| a[*place] != b[*place]) else { return false };
    first + 1 < a.len()
        && a[first] == b[first + 1]
        && a[first + 1] == b[first]
        && a[first + 2..] == b[first + 2..]
}

/// Whether two amounts of three digits or more have the same digits but for one.
pub(crate) fn one_digit(ours: i128, theirs: i128) -> bool {
    let (small, large) = ordered(ours, theirs);
    let text = large.to_string();
    let padded = format!("{small:0>width$}", width = text.len());
    let differing = text.bytes().zip(padded.bytes()).filter(|(a, b)| a != b).count();
    ours.signum() == theirs.signum() && small >= 100 && differing == 1
}

fn ordered(ours: i128, theirs: i128) -> (i128, i128) {
    (abs(ours).min(abs(theirs)), abs(ours).max(abs(theirs)))
}

const fn abs(amount: i128) -> i128 {
    if amount < 0 { -amount } else { amount }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ours: i128, theirs: i128, money: bool, expected: &[Reason]) {
        let found = explanations(ours, theirs, money, &Differences::default());
        assert_eq!(found, expected, "{ours} {theirs}");
    }

    #[test]
    fn every_explanation_is_found_again() {
        check(10_000, 10_003, false, &[Reason::Rounding]);
        check(11_300, 10_000, false, &[Reason::Tax]);
        check(-9_500, -10_000, true, &[Reason::BankCharge]);
        check(10_000, -10_000, false, &[Reason::WrongSign]);
        check(12_345, 12_435, false, &[Reason::DigitSlip]);
        check(12_345, 123_450, false, &[Reason::DigitSlip]);
        check(12_345, 12_845, false, &[]);
        check(-10_000, -9_500, true, &[]);
        check(5, 5, false, &[]);
    }

    #[test]
    fn agreed_rates_are_found_again() {
        let rules = Differences {
            discount_ppm: vec![20_000],
            withholding_ppm: vec![50_000],
            ..Differences::default()
        };
        let check = |ours, theirs, money, expected: &[Reason]| {
            assert_eq!(explanations(ours, theirs, money, &rules), expected, "{ours} {theirs}");
        };
        check(123_456, 120_987, false, &[Reason::Discount]);
        check(120_987, 123_456, false, &[Reason::Discount]);
        check(123_456, 120_986, false, &[]);
        check(-950_000, -1_000_000, true, &[Reason::Withholding]);
        check(-1_000_000, -950_000, true, &[]);
    }

    #[test]
    fn rates_that_no_amount_can_have_explain_nothing() {
        let rates = [0, -5, i64::MIN, i64::MAX];
        let shares = [&rates[..], &[1_000_000]].concat();
        let rules = Differences {
            tax_ppm: rates.to_vec(),
            discount_ppm: shares.clone(),
            withholding_ppm: shares,
            ..Differences::default()
        };
        let large = i128::from(i64::MAX);
        for (ours, theirs) in [(large, 1), (large, large - 12_345), (1_000, 500), (-large, -3)] {
            for money in [false, true] {
                let found = explanations(ours, theirs, money, &rules);
                assert!(found.iter().all(|it| *it != Reason::Tax && *it != Reason::Discount));
                let kernel =
                    crate::explain::difference::explain(ours as i64, theirs as i64, money, &rules);
                assert_eq!(kernel.rate_ppm, None);
            }
        }
    }

    proptest::proptest! {
        /// The kernel and the checker round alike, each in its own way.
        #[test]
        fn a_share_taken_off_is_seen_by_both(
            whole in 1_i64..10_000_000, off in -2_i64..3, ppm in 1_i64..300_000,
        ) {
            let part = whole - whole * ppm / 1_000_000 + off;
            let rules = Differences { discount_ppm: vec![ppm], ..Differences::default() };
            let found = crate::explain::difference::explain(whole, part, false, &rules);
            let kernel = found.reason.into_iter().chain(found.hypotheses.iter().copied());
            let kernel: Vec<Reason> = kernel.filter(|it| *it != Reason::Amount).collect();
            let checker = explanations(whole.into(), part.into(), false, &rules);
            proptest::prop_assert_eq!(kernel, checker);
        }
    }
}
