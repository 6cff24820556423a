//! From whose books a statement speaks, where nobody has said so: the customer's payable turns
//! every amount around, and the numbers that both books know tell it.

use heqi_domain::{Account, Currency, EntryKind, LineIds, Lines, NO_DAY, Side};
use heqi_intake::Orientation;
use heqi_matching::detect_view;

use super::check::Posted;
use super::staged::ReadFile;
use crate::problem::Problem;

/// Turns the file around if it speaks from the payable: its rows, and the balances it states.
/// The inspection says so, and a person may say otherwise.
///
/// # Errors
/// 422 if an amount has no opposite.
pub fn orient(file: &mut ReadFile, ours: &[Posted]) -> Result<(), Problem> {
    let book = of(Side::Ours, ours.iter().map(|line| (line.reference.as_str(), line.amount)));
    let rows = file.rows.iter().filter_map(|row| Some((row.reference.as_str(), row.amount?)));
    if !detect_view(&book, &of(Side::Theirs, rows)).payable {
        return Ok(());
    }
    let amounts = file.rows.iter_mut().filter_map(|row| row.amount.as_mut());
    let balances = [&mut file.control.opening, &mut file.control.closing];
    for amount in amounts.chain(balances.into_iter().flatten()) {
        *amount = amount.checked_neg().ok_or_else(too_large)?;
    }
    file.inspection.orientation = match file.inspection.orientation {
        Orientation::Receivable => Orientation::Payable,
        Orientation::Payable => Orientation::Receivable,
    };
    Ok(())
}

/// Numbers and amounts as the kernel takes them; nothing else is looked at.
fn of<'a>(side: Side, rows: impl Iterator<Item = (&'a str, i64)>) -> Lines {
    let mut lines = Lines::new(side);
    lines.accounts = vec![Account { customer: String::new(), currency: Currency::CNY }];
    let mut numbers = Vec::new();
    for (number, (reference, amount)) in (1..).zip(rows) {
        lines.account.push(0);
        lines.amount.push(amount);
        lines.day.push(NO_DAY);
        lines.kind.push(EntryKind::Unknown);
        lines.reference.push(reference);
        numbers.push(number);
    }
    lines.id = LineIds::Rows(numbers);
    lines
}

fn too_large() -> Problem {
    Problem::invalid("amount_too_large", "金额超出范围", "An amount is beyond the range")
}
