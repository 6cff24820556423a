//! Rejected rows as a file that can be mended and brought again: the cells as they stand, then
//! row, problem and remedy in columns that reading ignores.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::problems;
use super::staged::Staged;
use super::store::Batch;
use crate::problem::{Problem, lang};

/// What is written: header and rows.
#[derive(Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Columns of the file; what follows is ours.
    width: usize,
}

/// The rejected rows of an import.
#[must_use]
pub fn table(batch: &Batch, rows: &[Staged]) -> Table {
    let columns = batch.inspection.as_ref().and_then(|it| it["columns"].as_array());
    let name = |column: &serde_json::Value| column["name"].as_str().unwrap_or_default().to_owned();
    let mut header: Vec<String> = columns.into_iter().flatten().map(name).collect();
    let cells =
        |row: &Staged| -> Vec<String> { serde_json::from_str(&row.raw).unwrap_or_default() };
    let width = rows.iter().map(|row| cells(row).len()).max().unwrap_or(0).max(header.len());
    header.resize(width, String::new());
    let own =
        [("Heqi 原行", "Heqi row"), ("Heqi 问题", "Heqi problem"), ("Heqi 怎么改", "Heqi remedy")];
    header.extend(own.map(|(zh, en)| lang().pick(zh, en).to_owned()));
    let line = |row: &Staged| {
        let mut line = cells(row);
        line.resize(width, String::new());
        let (what, remedy) = problems::explain(&row.problem);
        let at = if row.at_fault.0.is_empty() {
            String::new()
        } else {
            format!("{}：", row.at_fault.0)
        };
        line.push(row.row.to_string());
        line.push(format!("{at}{}", lang().pick(&what.zh, &what.en)));
        line.push(lang().pick(&remedy.zh, &remedy.en).to_owned());
        line
    };
    Table { header, rows: rows.iter().map(line).collect(), width }
}

/// As text that spreadsheets open: UTF-8 with a mark, quoted where it must be.
#[must_use]
pub fn csv(table: &Table) -> Vec<u8> {
    let mut text = String::from("\u{FEFF}");
    for row in std::iter::once(&table.header).chain(&table.rows) {
        let cells: Vec<String> = row.iter().map(|cell| quoted(&inert(cell))).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// A cell that a spreadsheet would take for a formula gets the mark of text before it, which
/// reading takes off again; numbers stay numbers.
fn inert(cell: &str) -> String {
    let signed = cell.starts_with(['+', '-'])
        && cell[1..].chars().all(|it| it.is_ascii_digit() || matches!(it, '.' | ','));
    let wrapped = cell.starts_with("=\"") && cell.ends_with('"');
    if cell.starts_with(['=', '+', '-', '@', '\t']) && !signed && !wrapped {
        return format!("'{cell}");
    }
    cell.to_owned()
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n', '\t', ';', '|']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}

/// As a workbook; every cell is text, so that no number loses a digit.
///
/// # Errors
/// 500 if the workbook cannot be written, as with a cell beyond what a workbook holds.
pub fn xlsx(table: &Table) -> Result<Vec<u8>, Problem> {
    write(table).map_err(|error| unwritable(&error))
}

fn write(table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let bold = Format::new().set_bold();
    let ours = Format::new().set_font_color("9C0006");
    for (column, name) in table.header.iter().enumerate() {
        sheet.write_with_format(0, column as u16, name.as_str(), &bold)?;
    }
    for (at, row) in table.rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let (at, to) = (at as u32 + 1, column as u16);
            let cut: String = cell.chars().take(32_000).collect();
            if column < table.width {
                sheet.write_string(at, to, cut)?;
            } else {
                sheet.write_with_format(at, to, cut, &ours)?;
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}

pub(super) fn unwritable(error: &XlsxError) -> Problem {
    heqi_platform::DbError::Failed(format!("a workbook cannot be written: {error}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_download_runs() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-12.50", "-12.50"),
            ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
            ("=\"0012\"", "=\"0012\""),
            ("对账", "对账"),
        ] {
            assert_eq!(inert(cell), expected);
        }
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
