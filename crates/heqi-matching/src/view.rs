//! From whose books a statement speaks 对账方向, told from the data.
//!
//! Lines that share a reference and a magnitude either carry the same sign or the opposite one.
//! Where the opposite prevails, the statement is the customer's payable view and is mirrored.

use heqi_domain::Lines;
use rayon::prelude::*;

use crate::reference;

/// How many shared references carry the same sign, and how many the opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewFinding {
    /// Shared references of equal amount.
    pub same: u64,
    /// Shared references of opposite amount.
    pub opposite: u64,
    /// Whether the statement speaks from the payable.
    pub payable: bool,
}

/// Lines of a side that are looked at; the direction of a file shows long before its end.
const WINDOW: usize = 200_000;

/// References of a window that are compared first. Which, their hash says: it is the same on both
/// sides and in whatever order the lines stand.
const FIRST: usize = 2_000;

/// Lines of theirs that are looked at in full where the first do not tell.
const SECOND: usize = 20_000;

/// Shared references that are enough to tell.
const ENOUGH: u64 = 100;

/// Compares signs over shared references. A number that stands for an invoice and its payment
/// alike says nothing and is left out.
#[must_use]
pub fn detect_view(ours: &Lines, theirs: &Lines) -> ViewFinding {
    let one_in = (theirs.len().min(WINDOW) / FIRST).max(1) as u64;
    let finding = compare([ours, theirs], WINDOW, one_in);
    let (less, more) = (finding.same.min(finding.opposite), finding.same.max(finding.opposite));
    if one_in == 1 || more >= ENOUGH && less * 10 <= more {
        return finding;
    }
    compare([ours, theirs], SECOND, 1)
}

/// Compares the first `window` lines of theirs with those of ours; one reference in so many.
fn compare([ours, theirs]: [&Lines; 2], window: usize, one_in: u64) -> ViewFinding {
    let fact = |lines: &Lines, index: usize| {
        let key = reference::key_hash(lines.reference.get(index as u32));
        let amount = lines.amount[index];
        let taken = key != 0 && amount != 0 && key.is_multiple_of(one_in);
        taken.then_some(((key, amount.unsigned_abs()), side_bit(amount)))
    };
    let asked: Vec<_> = (0..theirs.len().min(window))
        .into_par_iter()
        .with_min_len(AT_LEAST)
        .filter_map(|index| fact(theirs, index))
        .collect();
    let mut wanted: Vec<(u64, u64)> = asked.iter().map(|(fact, _)| *fact).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let shared: Vec<(usize, u8)> = (0..ours.len().min(WINDOW))
        .into_par_iter()
        .with_min_len(AT_LEAST)
        .filter_map(|index| {
            let (fact, bit) = fact(ours, index)?;
            Some((wanted.binary_search(&fact).ok()?, bit))
        })
        .collect();
    let mut signs = vec![0_u8; wanted.len()];
    for (at, bit) in shared {
        signs[at] |= bit;
    }
    let mut finding = ViewFinding { same: 0, opposite: 0, payable: false };
    for (fact, bit) in asked {
        match wanted.binary_search(&fact).map(|at| signs[at]) {
            Ok(bits) if bits == bit => finding.same += 1,
            Ok(bits) if bits == OPPOSITE - bit => finding.opposite += 1,
            _ => {}
        }
    }
    finding.payable = finding.opposite > finding.same.saturating_mul(2);
    finding
}

/// Lines worth a thread's while.
const AT_LEAST: usize = 1 << 12;

/// The two bits of [`side_bit`] together.
const OPPOSITE: u8 = 3;

const fn side_bit(amount: i64) -> u8 {
    if amount > 0 { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use heqi_domain::{Account, Currency, EntryKind, Side};

    use super::*;

    /// Lines of (number, amount), one a day.
    fn lines(side: Side, rows: &[(u32, i64)]) -> Lines {
        let mut lines = Lines::new(side);
        lines.accounts = vec![Account { customer: String::new(), currency: Currency::CNY }];
        for (day, (number, amount)) in rows.iter().enumerate() {
            lines.account.push(0);
            lines.amount.push(*amount);
            lines.day.push(day as i32);
            lines.kind.push(EntryKind::Unknown);
            lines.reference.push(&format!("SO-{number:08}"));
        }
        lines
    }

    #[test]
    fn the_order_of_lines_says_nothing() {
        let rows: Vec<(u32, i64)> = (0..30_000).map(|it| (it, i64::from(it) * 7 + 1)).collect();
        let mirrored: Vec<(u32, i64)> = rows.iter().map(|(it, amount)| (*it, -amount)).collect();
        let backward: Vec<(u32, i64)> = mirrored.iter().rev().copied().collect();
        let ours = lines(Side::Ours, &rows);
        let finding = detect_view(&ours, &lines(Side::Theirs, &mirrored));
        assert!(finding.payable && finding.opposite > 1_000 && finding.same == 0);
        assert_eq!(finding, detect_view(&ours, &lines(Side::Theirs, &backward)));
    }

    #[test]
    fn invoices_and_their_receipts_under_one_number_say_nothing() {
        // A receipt bears number and amount of its invoice and comes later; their ledger has the
        // latest first. The last invoices are not paid yet: they tell.
        let paid =
            (0..9_000).flat_map(|it| [(it, 100 + i64::from(it)), (it, -100 - i64::from(it))]);
        let open = (9_000..11_000).map(|it| (it, 100 + i64::from(it)));
        let mut rows: Vec<(u32, i64)> = paid.chain(open).collect();
        rows.sort_by_key(|(number, amount)| (*amount < 0, *number));
        let backward: Vec<(u32, i64)> = rows.iter().rev().copied().collect();
        let finding = detect_view(&lines(Side::Ours, &rows), &lines(Side::Theirs, &backward));
        assert!(!finding.payable && finding.same > 0 && finding.opposite == 0, "{finding:?}");
    }

    #[test]
    fn few_shared_references_are_looked_at_in_full() {
        let ours: Vec<(u32, i64)> = (0..40_000).map(|it| (it, 500)).collect();
        // Nine lines of theirs are known to us, in the payable's view.
        let theirs: Vec<(u32, i64)> =
            (0..40_000).map(|it| if it < 9 { (it, -500) } else { (it + 90_000, 500) }).collect();
        let finding = detect_view(&lines(Side::Ours, &ours), &lines(Side::Theirs, &theirs));
        assert_eq!((finding.same, finding.opposite, finding.payable), (0, 9, true));
    }
}
