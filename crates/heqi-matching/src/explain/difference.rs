//! Why two amounts of one document differ 金额差异定性.
//!
//! Checks run in the order of precedence of reasons.md; the first that holds is the reason, the
//! others are hypotheses. Every check is exact arithmetic on minor units.

use heqi_domain::Reason;

use crate::ruleset::{Differences, MOST_TAX};

/// What explains a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The first reason that holds; `Amount` where none does.
    pub reason: Option<Reason>,
    /// The others that hold too.
    pub hypotheses: Vec<Reason>,
    /// The rate, where the reason is one.
    pub rate_ppm: Option<i64>,
}

/// Explains `ours` against `theirs` of one document; `money` says that they are payments.
pub(crate) fn explain(ours: i64, theirs: i64, money: bool, rules: &Differences) -> Finding {
    let mut finding = Finding::default();
    let mut note = |reason: Reason| match finding.reason {
        None => finding.reason = Some(reason),
        Some(_) => finding.hypotheses.push(reason),
    };
    let difference = i128::from(ours) - i128::from(theirs);
    if difference == 0 {
        return finding;
    }
    if difference.unsigned_abs() <= rules.rounding.unsigned_abs().into() {
        note(Reason::Rounding);
    }
    let rate = rules.tax_ppm.iter().copied().find(|rate| is_rate(ours, theirs, *rate));
    if rate.is_some() && !money {
        note(Reason::Tax);
    }
    let less = |rates: &[i64], whole: i64, part: i64| {
        rates.iter().copied().find(|rate| is_less(whole, part, *rate))
    };
    let discount = less(&rules.discount_ppm, ours, theirs);
    let discount = discount.or_else(|| less(&rules.discount_ppm, theirs, ours));
    if discount.is_some() && !money {
        note(Reason::Discount);
    }
    if money && is_bank_charge(ours, theirs, rules) {
        note(Reason::BankCharge);
    }
    // They paid the whole, and what they withheld did not arrive.
    let withheld = less(&rules.withholding_ppm, theirs, ours);
    if withheld.is_some() && money {
        note(Reason::Withholding);
    }
    if ours == -theirs {
        note(Reason::WrongSign);
    }
    if is_digit_slip(ours, theirs) {
        note(Reason::DigitSlip);
    }
    if finding.reason.is_none() {
        finding.reason = Some(Reason::Amount);
    }
    finding.rate_ppm = match finding.reason {
        Some(Reason::Tax) => rate,
        Some(Reason::Discount) => discount,
        Some(Reason::Withholding) => withheld,
        _ => None,
    };
    finding
}

/// Whether one amount is the other with a tax of `ppm` on top, rounded to the minor unit.
pub(crate) fn is_rate(ours: i64, theirs: i64, ppm: i64) -> bool {
    if !(1..=MOST_TAX).contains(&ppm) {
        return false;
    }
    let gross = |net: i64| {
        let product = i128::from(net.unsigned_abs()) * (1_000_000 + i128::from(ppm));
        (product + 500_000) / 1_000_000
    };
    // Tax of a tiny amount is a rounding of anything.
    ours.signum() == theirs.signum()
        && ours.unsigned_abs().min(theirs.unsigned_abs()) >= 10
        && (gross(ours) == i128::from(theirs.unsigned_abs())
            || gross(theirs) == i128::from(ours.unsigned_abs()))
}

/// Whether `part` is `whole` less `ppm` of it, rounded to the minor unit.
fn is_less(whole: i64, part: i64, ppm: i64) -> bool {
    let (large, small) = (i128::from(whole.unsigned_abs()), i128::from(part.unsigned_abs()));
    if !(1..1_000_000).contains(&ppm) {
        return false;
    }
    let taken = (large * i128::from(ppm) + 500_000) / 1_000_000;
    // A share of a tiny amount is a rounding of anything.
    whole.signum() == part.signum() && small >= 10 && taken > 0 && large - taken == small
}

/// Whether what we received is what they paid less a bank's charge.
pub(crate) fn is_bank_charge(ours: i64, theirs: i64, rules: &Differences) -> bool {
    let (received, paid) = (i128::from(ours.unsigned_abs()), i128::from(theirs.unsigned_abs()));
    let charge = paid - received;
    ours.signum() == theirs.signum()
        && charge > 0
        && charge <= i128::from(rules.bank_charge)
        && charge % i128::from(rules.bank_charge_step.max(1)) == 0
        && charge * 1_000_000 <= paid * i128::from(rules.bank_charge_ppm)
}

/// Whether one amount is the other with two neighbouring digits swapped or the point shifted.
pub(crate) fn is_digit_slip(ours: i64, theirs: i64) -> bool {
    let (a, b) = (ours.unsigned_abs(), theirs.unsigned_abs());
    if ours.signum() != theirs.signum() || a == b {
        return false;
    }
    let shifted = |x: u64, y: u64| x.checked_mul(10) == Some(y) || x.checked_mul(100) == Some(y);
    shifted(a, b) || shifted(b, a) || is_swap(a, b)
}

/// One swap of neighbouring digits; both amounts padded to the longer one's length.
pub(crate) fn is_swap(a: u64, b: u64) -> bool {
    if !a.abs_diff(b).is_multiple_of(9) {
        return false;
    }
    let (mut a, mut b, mut differing) = (a, b, Vec::new());
    while a > 0 || b > 0 {
        differing.push((a % 10, b % 10));
        (a, b) = (a / 10, b / 10);
    }
    let places: Vec<usize> =
        (0..differing.len()).filter(|place| differing[*place].0 != differing[*place].1).collect();
    matches!(places[..], [low, high] if high == low + 1
        && differing[low].0 == differing[high].1
        && differing[low].1 == differing[high].0)
}

/// Whether the amounts have the same digits but for one.
pub(crate) fn is_one_digit(ours: i64, theirs: i64) -> bool {
    let (mut a, mut b) = (ours.unsigned_abs(), theirs.unsigned_abs());
    if ours.signum() != theirs.signum() || a < 100 || b < 100 {
        return false;
    }
    let mut differing = 0;
    while a > 0 || b > 0 {
        differing += u32::from(a % 10 != b % 10);
        (a, b) = (a / 10, b / 10);
    }
    differing == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ours: i64, theirs: i64, money: bool, expected: Reason) {
        let finding = explain(ours, theirs, money, &Differences::default());
        assert_eq!(finding.reason, Some(expected), "{ours} {theirs}");
    }

    #[test]
    fn reasons_in_order_of_precedence() {
        check(10_000, 10_003, false, Reason::Rounding);
        check(11_300, 10_000, false, Reason::Tax);
        check(-9_500, -10_000, true, Reason::BankCharge);
        check(10_000, -10_000, false, Reason::WrongSign);
        check(12_345, 12_435, false, Reason::DigitSlip);
        check(12_345, 123_450, false, Reason::DigitSlip);
        check(12_345, 12_845, false, Reason::Amount);
        check(-10_000, -9_500, true, Reason::Amount);
    }

    #[test]
    fn agreed_rates_explain() {
        let rules = Differences {
            discount_ppm: vec![20_000],
            withholding_ppm: vec![50_000],
            ..Differences::default()
        };
        let check = |ours, theirs, money, expected: (Reason, Option<i64>)| {
            let finding = explain(ours, theirs, money, &rules);
            assert_eq!((finding.reason.unwrap(), finding.rate_ppm), expected, "{ours} {theirs}");
        };
        check(123_456, 120_987, false, (Reason::Discount, Some(20_000)));
        check(120_987, 123_456, false, (Reason::Discount, Some(20_000)));
        check(123_456, 120_986, false, (Reason::Amount, None));
        check(-950_000, -1_000_000, true, (Reason::Withholding, Some(50_000)));
        check(-1_000_000, -950_000, true, (Reason::Amount, None));
        check(12_345, -12_098, false, (Reason::Amount, None));
    }

    #[test]
    fn what_else_would_explain_it_is_kept() {
        let finding =
            explain(1_234, 1_243, false, &Differences { rounding: 10, ..Differences::default() });
        assert_eq!(finding.reason, Some(Reason::Rounding));
        assert_eq!(finding.hypotheses, [Reason::DigitSlip]);
    }
}
