//! Which rows are control rows: totals, subtotals, opening and closing balances.

use crate::normalise::ControlKind;
use crate::rows::Row;
use crate::{amount, words};

/// The kind and label of a control row; `None` for every other row.
///
/// A row without a date is a control row if any of its texts is, or begins or ends with, such a
/// label. A row with a date must carry the label as its whole memo, and a total in it no
/// document number: a line may well speak of a 合计.
pub(crate) fn control<'a>(row: &Row<'_, '_, 'a>, dated: bool) -> Option<(ControlKind, &'a str)> {
    let roles = &row.plan.roles;
    let numeric = [
        roles.amount,
        roles.debit,
        roles.credit,
        roles.balance,
        roles.quantity,
        roles.price,
        roles.tax,
        roles.currency,
        roles.direction,
        roles.balance_direction,
    ];
    let has_reference = roles.reference.is_some_and(|it| {
        let text = row.at(it);
        !amount::is_blank(text) && words::control(text).is_none()
    });
    for column in 0..row.cells.len().min(row.plan.columns.len()) {
        if numeric.contains(&Some(column)) {
            continue;
        }
        let text = row.at(column);
        let Some((kind, exact)) = words::control(text) else { continue };
        if !dated && roles.date.is_some() && !has_reference {
            return Some((kind, text));
        }
        let is_label = roles.text.contains(&column) || roles.kind == Some(column) || column == 0;
        let states_balance = !matches!(kind, ControlKind::Total);
        if exact && is_label && (states_balance || !has_reference) {
            return Some((kind, text));
        }
    }
    None
}
