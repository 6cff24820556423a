//! Roll-forward 期初→期末: the arithmetic at the heart of a statement 对账单.
//!
//! Step 6 of the path in `docs/ARCHITECTURE.md`: the movements of one customer in one
//! period come in, a [`Statement`] goes out. Reads no clock, no file, no database.

use crate::money::{Money, MoneyError};

/// One customer, one period, one currency. Invariant: `closing` = `opening` + Σ movements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    opening: Money,
    running: Vec<Money>,
    increase: Money,
    decrease: Money,
    closing: Money,
}

impl Statement {
    /// Balance before the first movement 期初余额.
    #[must_use]
    pub const fn opening(&self) -> Money {
        self.opening
    }

    /// Balance after each movement, in their order.
    #[must_use]
    pub fn running(&self) -> &[Money] {
        &self.running
    }

    /// Sum of the movements that make the customer owe more 本期借方, zero or positive.
    #[must_use]
    pub const fn increase(&self) -> Money {
        self.increase
    }

    /// Sum of the movements that make the customer owe less 本期贷方, zero or negative.
    #[must_use]
    pub const fn decrease(&self) -> Money {
        self.decrease
    }

    /// Balance after the last movement 期末余额.
    #[must_use]
    pub const fn closing(&self) -> Money {
        self.closing
    }
}

/// Builds the statement that follows `opening`.
///
/// `movements` are signed amounts of one currency, in posting order, all inside the
/// period (the caller filters: [`Period::contains`](crate::Period::contains)). The statement
/// keeps one running balance per movement; an empty slice is a quiet month and closes at
/// `opening`.
///
/// # Errors
/// [`MoneyError::Overflow`] if any running balance or total cannot be held; nothing is built.
///
/// # Source
/// The T-account identity: 期末余额 = 期初余额 + 本期借方 − 本期贷方.
pub fn roll_forward(opening: Money, movements: &[Money]) -> Result<Statement, MoneyError> {
    let mut running = Vec::with_capacity(movements.len());
    let (mut closing, mut increase, mut decrease) = (opening, Money::ZERO, Money::ZERO);
    for movement in movements {
        closing = closing.plus(*movement)?;
        running.push(closing);
        let total = if movement.is_negative() { &mut decrease } else { &mut increase };
        *total = total.plus(*movement)?;
    }
    Ok(Statement { opening, running, increase, decrease, closing })
}

#[cfg(test)]
mod tests {
    //! Goal: the identity and its edges. Method: one line per case, read like a ledger:
    //! opening, movements, then the running balances (or the refusal).

    use proptest::prelude::*;

    use super::*;

    fn amounts(text: &str) -> Vec<Money> {
        text.split_whitespace().map(|word| Money::parse(word, 2).unwrap()).collect()
    }

    #[track_caller]
    fn check(opening: &str, movements: &str, expected: Result<&str, MoneyError>) {
        let opening = amounts(opening)[0];
        let actual = roll_forward(opening, &amounts(movements));
        if let Ok(statement) = &actual {
            assert_eq!(statement.closing, *statement.running.last().unwrap_or(&opening));
        }
        assert_eq!(actual.map(|statement| statement.running), expected.map(amounts));
    }

    #[test]
    fn sale_then_part_payment_then_return() {
        check("100.00", "250.50 -300 -50.5", Ok("350.50 50.50 0"));
    }

    #[test]
    fn overpayment_leaves_an_advance() {
        check("0", "10 -12.50", Ok("10 -2.50"));
    }

    #[test]
    fn quiet_month_closes_where_it_opened() {
        check("7.07", "", Ok(""));
    }

    #[test]
    fn refuses_a_balance_it_cannot_hold() {
        check("92233720368547758.07", "-1 0.99 0.02", Err(MoneyError::Overflow));
    }

    #[test]
    fn totals_are_kept_by_direction() {
        let statement = roll_forward(Money::ZERO, &amounts("10 -3 5 -4")).unwrap();
        assert_eq!(statement.increase(), Money::from_minor(1500));
        assert_eq!(statement.decrease(), Money::from_minor(-700));
    }

    proptest! {
        #[test]
        fn closing_is_opening_plus_movements(
            opening: i32,
            movements in prop::collection::vec(any::<i32>(), 0..50),
        ) {
            let money = |minor: &i32| Money::from_minor(i64::from(*minor));
            let movements: Vec<Money> = movements.iter().map(money).collect();
            let opening = money(&opening);
            let statement = roll_forward(opening, &movements).unwrap();
            let all = [opening].into_iter().chain(movements.iter().copied());
            prop_assert_eq!(Money::total(all), Ok(statement.closing()));
            let directions = [statement.opening(), statement.increase(), statement.decrease()];
            prop_assert_eq!(Money::total(directions), Ok(statement.closing()));
        }
    }
}
