//! Keeping to a period: lines outside it take no part in the match, and are counted.

use heqi_domain::{LineIds, LineIx, Lines, NO_DAY, Period, Strings};

use crate::summary::Outside;

/// What keeping to a period left, and what it left out.
pub struct Kept {
    /// The lines of the period.
    pub lines: Lines,
    /// How many lines were left out, and why.
    pub outside: Outside,
    /// Σ of the lines before the period, minor units: what they add to an opening balance.
    pub before: i128,
}

/// Keeps the lines whose date lies in the period. A line without a date lies in none.
pub fn keep(lines: Lines, period: Option<Period>) -> Kept {
    let mut outside = Outside::default();
    let Some(period) = period else {
        return Kept { lines, outside, before: 0 };
    };
    let mut before = 0_i128;
    let mut inside = Vec::new();
    for (line, day) in lines.day.iter().enumerate() {
        if period.contains(*day) {
            inside.push(line as LineIx);
        } else if *day == NO_DAY {
            outside.undated += 1;
        } else if period.first().is_some_and(|first| *day < first) {
            outside.before += 1;
            before += i128::from(lines.amount[line]);
        } else {
            outside.after += 1;
        }
    }
    let lines = if inside.len() == lines.len() { lines } else { pick(&lines, &inside) };
    Kept { lines, outside, before }
}

/// The given lines alone, with the accounts that they use, in the order of first use.
fn pick(all: &Lines, kept: &[LineIx]) -> Lines {
    let mut lines = Lines::new(all.side);
    let mut renumbered = vec![u32::MAX; all.accounts.len()];
    for line in kept {
        let account = all.account[*line as usize] as usize;
        if renumbered[account] == u32::MAX {
            renumbered[account] = lines.accounts.len() as u32;
            lines.accounts.push(all.accounts[account].clone());
        }
        lines.account.push(renumbered[account]);
    }
    lines.amount = column(&all.amount, kept);
    lines.day = column(&all.day, kept);
    lines.kind = column(&all.kind, kept);
    lines.due = column(&all.due, kept);
    lines.reference = texts(&all.reference, kept);
    lines.text = texts(&all.text, kept);
    lines.other_reference = texts(&all.other_reference, kept);
    lines.id = match &all.id {
        LineIds::Named(names) => LineIds::Named(names.pick(kept)),
        LineIds::Rows(rows) => LineIds::Rows(column(rows, kept)),
    };
    lines
}

/// A column that the file does not have stays empty.
fn column<T: Copy>(all: &[T], kept: &[LineIx]) -> Vec<T> {
    if all.is_empty() {
        return Vec::new();
    }
    kept.iter().map(|line| all[*line as usize]).collect()
}

fn texts(all: &Strings, kept: &[LineIx]) -> Strings {
    let mut picked = Strings::new();
    if !all.is_empty() {
        kept.iter().for_each(|line| picked.push(all.get(*line)));
    }
    picked
}

#[cfg(test)]
mod tests {
    use heqi_domain::{Account, Currency, EntryKind, Side, day_from_iso};

    use super::*;

    fn ledger() -> Lines {
        let mut lines = Lines::new(Side::Ours);
        let rows = [
            ("甲", "2026-09-30", 100, "R1"),
            ("乙", "2026-10-01", 200, "R2"),
            ("甲", "", 400, "R3"),
            ("乙", "2026-10-31", 800, "R4"),
            ("甲", "2026-11-01", 1_600, "R5"),
        ];
        for customer in ["甲", "乙"] {
            lines.accounts.push(Account { customer: customer.into(), currency: Currency::CNY });
        }
        for (row, (customer, day, amount, reference)) in rows.into_iter().enumerate() {
            lines.account.push(u32::from(customer == "乙"));
            lines.day.push(day_from_iso(day).unwrap_or(NO_DAY));
            lines.amount.push(amount);
            lines.kind.push(EntryKind::Unknown);
            lines.reference.push(reference);
            if let LineIds::Rows(rows) = &mut lines.id {
                rows.push(row as u32 + 2);
            }
        }
        lines
    }

    #[test]
    fn lines_outside_are_left_out_and_counted() {
        let kept = keep(ledger(), "2026-10".parse().ok());
        assert_eq!(kept.outside, Outside { before: 1, after: 1, undated: 1 });
        assert_eq!(kept.before, 100);
        assert_eq!(kept.lines.amount, [200, 800]);
        assert_eq!(kept.lines.reference.iter().collect::<Vec<_>>(), ["R2", "R4"]);
        assert_eq!((kept.lines.id_of(0), kept.lines.id_of(1)), ("3".into(), "5".into()));
        assert_eq!(kept.lines.accounts.len(), 1, "only customers with lines in the period");
        assert!(kept.lines.text.is_empty() && kept.lines.due.is_empty());
    }

    #[test]
    fn without_a_period_nothing_is_left_out() {
        let kept = keep(ledger(), None);
        assert_eq!((kept.lines.len(), kept.outside, kept.before), (5, Outside::default(), 0));
    }
}
