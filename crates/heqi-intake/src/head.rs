//! The head of a table: its first rows, before anything is understood.

use std::ops::ControlFlow;

use crate::{IntakeError, RejectReason};

/// Rows looked at to understand a file.
pub(crate) const HEAD_ROWS: usize = 600;

/// A row with its physical number; cells unquoted but otherwise as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeadRow {
    /// 1-based physical row.
    pub row: u64,
    /// Cells.
    pub cells: Vec<String>,
}

/// What a row visitor is given: physical row and cells, or the reason why the row cannot be
/// taken apart.
pub(crate) type Visit<'a> = dyn FnMut(u64, Result<&[&str], crate::Reject>) -> ControlFlow<()> + 'a;

/// Anything that has rows: a text file, a sheet, an HTML table. Each call starts anew.
pub(crate) trait Rows {
    /// Calls `visit` for every row that is not empty, in order, until it breaks.
    ///
    /// # Errors
    /// What makes the whole file unreadable.
    fn each(&self, visit: &mut Visit<'_>) -> Result<(), IntakeError>;
}

/// The first rows of a table, and whether those are all it has.
///
/// # Errors
/// [`IntakeError::TooLarge`] if no row keeps within the bound of columns, or what reading gives.
pub(crate) fn head(
    rows: &dyn Rows,
    name: &str,
    columns: usize,
) -> Result<(Vec<HeadRow>, bool), IntakeError> {
    let mut head = Vec::new();
    let mut complete = true;
    let mut refused = None;
    rows.each(&mut |row, cells| {
        if head.len() == HEAD_ROWS {
            complete = false;
            return ControlFlow::Break(());
        }
        match cells {
            Ok(cells) => {
                let cells = cells.iter().map(|it| (*it).to_owned()).collect();
                head.push(HeadRow { row, cells });
            }
            Err(reject) => {
                refused.get_or_insert(reject);
            }
        }
        ControlFlow::Continue(())
    })?;
    match refused {
        Some(reject) if head.is_empty() && reject.reason == RejectReason::TooManyCells => {
            let what = format!("the number of columns in row {}", reject.row);
            Err(IntakeError::TooLarge { name: name.to_owned(), what, limit: columns as u64 })
        }
        _ => Ok((head, complete)),
    }
}
