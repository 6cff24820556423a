//! `rows`: the rows of any table as they stand, for lists that are no ledger: customers, products.

use std::ops::ControlFlow;

use heqi_domain::NoProgress;

use crate::head::Rows;
use crate::read::{Task, html_rows, kind, named_sheet, separator, text_rows};
use crate::sheet::{Book, SheetRows};
use crate::sniff::{self, Kind, TextKind};
use crate::{Format, FormatName, IntakeError, ReadOptions, Reject, Source, guard};

/// Told of each row that is not empty: its 1-based physical row and its cells as they stand, or
/// why it cannot be taken apart.
pub type EachCells<'a> = dyn FnMut(u64, Result<&[&str], Reject>) -> ControlFlow<()> + 'a;

/// Gives every row of a table until `each` breaks: of a workbook the sheet asked for, or the
/// first visible one. The header is a row like the others. What the file is comes back, since a
/// text file may carry marks that a workbook has no need of ([`heqi_domain::original`]).
///
/// # Errors
/// [`IntakeError`]: the file as a whole cannot be read.
pub fn rows(
    source: &dyn Source,
    name: &str,
    options: &ReadOptions,
    each: &mut EachCells<'_>,
) -> Result<Format, IntakeError> {
    let task = Task { source, name, options, template: None, progress: &NoProgress };
    match kind(task)? {
        Kind::Parquet => {
            let what = "it is a Parquet file, which has no rows of text".to_owned();
            Err(IntakeError::Unsupported { name: name.to_owned(), what })
        }
        Kind::Text(text) => {
            let text = match sniff::later(source, name, &text)? {
                Some(found) => TextKind { found, ..text },
                None => text,
            };
            text_rows(task, &text, separator(task, &text)?).each(each)?;
            Ok(Format::Csv)
        }
        Kind::Html(found) => html_rows(task, found)?.each(each).map(|()| Format::Html),
        Kind::Zip => {
            let format = guard::check(source, name, &options.limits)?;
            sheet(task, &Book::open(source, name, format, &options.limits)?, each)
        }
        Kind::Xls => sheet(task, &Book::open(source, name, Format::Xls, &options.limits)?, each),
    }
}

fn sheet(task: Task<'_>, book: &Book<'_>, each: &mut EachCells<'_>) -> Result<Format, IntakeError> {
    let sheet = match &task.options.sheet {
        Some(wanted) => named_sheet(task, book, wanted)?,
        None => {
            let first = book.sheets.iter().find(|(_, visible)| *visible);
            first.map(|(name, _)| name.clone()).ok_or_else(|| IntakeError::Damaged {
                name: task.name.to_owned(),
                format: FormatName(book.format),
                what: "it has no visible sheet".into(),
            })?
        }
    };
    SheetRows { book, sheet }.each(each)?;
    Ok(book.format)
}

#[cfg(test)]
mod tests {
    use heqi_domain::Side;

    use super::*;

    fn cells(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut found = Vec::new();
        let options = ReadOptions::new(Side::Ours);
        let each: &mut EachCells<'_> = &mut |row, cells| {
            let cells = cells.map(|cells| cells.iter().map(|it| (*it).to_owned()).collect());
            found.push((row, cells.unwrap_or_default()));
            ControlFlow::Continue(())
        };
        rows(&bytes.to_vec(), "list.csv", &options, each).unwrap();
        found
    }

    #[test]
    fn a_list_without_amounts_is_read_in_any_text() {
        let wanted = vec![
            (1, vec!["编码".to_owned(), "名称".to_owned()]),
            (3, vec!["C,1".to_owned(), "'=甲".to_owned()]),
        ];
        let text = "编码,名称\r\n\r\n\"C,1\",'=甲\r\n";
        assert_eq!(cells(text.as_bytes()), wanted);
        let (gbk, ..) = encoding_rs::GB18030.encode(text);
        assert_eq!(cells(&gbk), wanted);
        assert_eq!(cells("编码;名称\nC1;乙".as_bytes())[1].1, ["C1", "乙"]);
    }
}
