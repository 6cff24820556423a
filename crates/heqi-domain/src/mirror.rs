//! Mirroring 借贷互换: a customer's payable view read from the receivable's side.

use crate::{Lines, MoneyError};

impl Lines {
    /// Turns every amount around, once, so that lines that agree carry the same signed amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if an amount has no opposite in `i64`; nothing is changed then.
    pub fn mirror(&mut self) -> Result<(), MoneyError> {
        if self.amount.contains(&i64::MIN) {
            return Err(MoneyError::Overflow);
        }
        for amount in &mut self.amount {
            *amount = -*amount;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Lines, MoneyError, Side};

    #[test]
    fn every_amount_turns_around_or_none_does() {
        let mut lines = Lines::new(Side::Theirs);
        lines.amount = vec![5, -7, 0, i64::MAX];
        assert_eq!(lines.mirror(), Ok(()));
        assert_eq!(lines.amount, [-5, 7, 0, -i64::MAX]);
        lines.amount = vec![5, i64::MIN];
        assert_eq!(lines.mirror(), Err(MoneyError::Overflow));
        assert_eq!(lines.amount, [5, i64::MIN]);
    }
}
