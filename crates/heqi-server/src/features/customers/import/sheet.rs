//! From the bytes of a file to rows of cells, by the columns of customers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use heqi_domain::{Side, original};
use heqi_intake::{Format, IntakeError, ReadOptions, Source};

use super::model::RowProblem;
use crate::features::customers::columns::{self, COLUMNS, Column, Field};
use crate::problem::Problem;

/// Most rows of a file.
pub(super) const ROWS_MAX: usize = 20_000;
/// Rows in which the header is looked for.
const HEAD_MAX: usize = 20;

/// A file as read.
#[derive(Default)]
pub(super) struct Sheet {
    /// The headings, with the columns that they name.
    pub(super) headings: Vec<(String, Option<&'static Column>)>,
    pub(super) rows: Vec<SheetRow>,
}

/// A row of data.
pub(super) struct SheetRow {
    /// 1-based row of the file.
    pub(super) row: u64,
    /// The cells that are not empty.
    pub(super) cells: BTreeMap<Field, String>,
    /// Why it cannot be taken apart.
    pub(super) problem: Option<RowProblem>,
}

impl Sheet {
    /// The heading of a field in this file.
    pub(super) fn heading(&self, field: Field) -> &str {
        let mut headings = self.headings.iter();
        let found = headings.find(|(_, column)| column.is_some_and(|it| it.field == field));
        found.map_or("", |(heading, _)| heading.as_str())
    }
}

/// Reads a file of customers.
///
/// # Errors
/// 422: the file cannot be read, has no header with code and name, or too many rows.
pub(super) fn read(bytes: &dyn Source, name: &str) -> Result<Sheet, Problem> {
    let mut found: Vec<(u64, Result<Vec<String>, heqi_intake::Reject>)> = Vec::new();
    let options = ReadOptions::new(Side::Ours);
    let format = heqi_intake::rows(bytes, name, &options, &mut |row, cells| {
        let cells = cells.map(|cells| cells.iter().map(|it| (*it).to_owned()).collect());
        found.push((row, cells));
        if found.len() > ROWS_MAX + HEAD_MAX {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let format = format.map_err(|error| unreadable(&error))?;
    let text = matches!(format, Format::Csv | Format::Html);
    let mut rows = found.into_iter();
    let headings = rows.by_ref().take(HEAD_MAX).find_map(|(_, cells)| header(&cells.ok()?, text));
    let mut sheet = Sheet { headings: headings.ok_or_else(no_header)?, rows: Vec::new() };
    for (row, cells) in rows {
        let read = match cells {
            Ok(cells) => filled(&sheet, row, &cells, text),
            Err(reject) => {
                let said = [reject.reason.zh().to_owned(), reject.reason.en().to_owned()];
                let problem = RowProblem::new(reject.reason.code(), "", &reject.value, said);
                Some(SheetRow { row, cells: BTreeMap::new(), problem: Some(problem) })
            }
        };
        sheet.rows.extend(read);
    }
    if sheet.rows.len() > ROWS_MAX {
        return Err(too_many());
    }
    Ok(sheet)
}

/// The headings, if a row names code and name.
fn header(cells: &[String], text: bool) -> Option<Vec<(String, Option<&'static Column>)>> {
    let mut headings: Vec<(String, Option<&'static Column>)> = Vec::new();
    for cell in cells {
        let heading = plain(cell, text);
        // A second column of the same meaning is passed over.
        let column = columns::named(&heading).filter(|column| {
            headings.iter().all(|(_, known)| known.is_none_or(|known| known.field != column.field))
        });
        headings.push((heading, column));
    }
    let has = |field| headings.iter().any(|(_, it)| it.is_some_and(|it| it.field == field));
    (has(Field::Code) && has(Field::Name)).then_some(headings)
}

/// A row with its cells; none for one that is blank or begins with `#`.
fn filled(sheet: &Sheet, row: u64, cells: &[String], text: bool) -> Option<SheetRow> {
    let cells: Vec<String> = cells.iter().map(|cell| plain(cell, text)).collect();
    let first = cells.iter().find(|cell| !cell.is_empty())?;
    if first.starts_with('#') {
        return None;
    }
    let mut filled = SheetRow { row, cells: BTreeMap::new(), problem: None };
    for (cell, (heading, column)) in cells.iter().zip(&sheet.headings) {
        let Some(column) = column.filter(|column| column.is_taken()) else { continue };
        if cell.contains(['\0', '\u{FFFD}']) {
            let said = [
                "有读不出的字符；请把文件另存为 UTF-8 再传".to_owned(),
                "It holds characters that cannot be read; save the file as UTF-8".to_owned(),
            ];
            filled.problem = Some(RowProblem::new("undecodable", heading, cell, said));
        } else if !cell.is_empty() {
            filled.cells.insert(column.field, cell.clone());
        }
    }
    Some(filled)
}

/// A cell without what an export put around it.
fn plain(cell: &str, text: bool) -> String {
    let cell = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let wrapped = cell.strip_prefix("=\"").and_then(|inner| inner.strip_suffix('"'));
    match wrapped {
        Some(inner) => inner.to_owned(),
        None if text => original(cell).trim().to_owned(),
        None => cell.to_owned(),
    }
}

fn unreadable(error: &IntakeError) -> Problem {
    Problem::invalid("file_unreadable", error.zh(), error.to_string())
}

fn no_header() -> Problem {
    let [zh, en] = [COLUMNS[0].zh, COLUMNS[0].en];
    Problem::invalid(
        "no_header",
        format!(
            "没有找到表头：前 {HEAD_MAX} 行里须有一行同时写着「{zh}」和「名称」；可下载模板填写"
        ),
        format!("No header: one of the first {HEAD_MAX} rows has to name `{en}` and `name`"),
    )
}

fn too_many() -> Problem {
    Problem::invalid(
        "too_many_rows",
        format!("一份文件最多 {ROWS_MAX} 个客户；请拆分后再传"),
        format!("A file has up to {ROWS_MAX} customers; split it"),
    )
}
