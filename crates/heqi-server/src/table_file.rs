//! A table of texts as a file: CSV (UTF-8 with BOM) or XLSX, for every list that is exported.
//!
//! No text becomes a formula: in CSV it gets an apostrophe, in XLSX it is a cell of type text.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::harmless;
use heqi_platform::DbError;
use rust_xlsxwriter::{Color, Format as CellFormat, Workbook, Worksheet, XlsxError};
use unicode_width::UnicodeWidthStr;

use crate::ctx::Ctx;
use crate::problem::Problem;

/// What a table is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, UTF-8 with BOM, CRLF.
    Csv,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// The format that a query names; CSV unless said otherwise.
    ///
    /// # Errors
    /// 422 for any other.
    pub fn named(name: Option<&str>) -> Result<Self, Problem> {
        match name {
            None | Some("csv") => Ok(Self::Csv),
            Some("xlsx") => Ok(Self::Xlsx),
            Some(_) => Err(Problem::field(
                "/format",
                "格式只能是 csv 或 xlsx",
                "The format is `csv` or `xlsx`",
            )),
        }
    }

    /// How the name of the file ends.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// Rows from which the width of a column is taken.
const MEASURED: usize = 1_000;

/// Most rows of one file.
pub const EXPORT_MAX: usize = 100_000;

/// A list as a file, once it is recorded who took it: `noun` names the audit event, `name` the
/// file.
///
/// # Errors
/// 422 for more rows than [`EXPORT_MAX`]; whatever writing says.
pub async fn export(
    ctx: &Ctx,
    (noun, name): (&str, &str),
    format: Format,
    heads: &[&'static str],
    rows: Vec<Vec<String>>,
) -> Result<Response, Problem> {
    if rows.len() > EXPORT_MAX {
        return Err(Problem::invalid(
            "too_many_rows",
            format!("超过 {EXPORT_MAX} 行；请加条件分几次导出"),
            format!("More than {EXPORT_MAX} rows; narrow the filter and export in parts"),
        ));
    }
    let detail = serde_json::json!({ "rows": rows.len(), "format": format.extension() });
    ctx.note_read(ctx.event(&format!("{noun}.export"), name, "").with_detail(&detail)).await?;
    respond(name, format, heads, rows).await
}

/// The table as a file to be saved; `name` is without extension and ASCII.
///
/// # Errors
/// 500 if the workbook cannot be written.
pub async fn respond(
    name: &str,
    format: Format,
    heads: &[&'static str],
    rows: Vec<Vec<String>>,
) -> Result<Response, Problem> {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let written = tokio::task::spawn_blocking(move || match format {
        Format::Csv => Ok(csv(&heads, &rows)),
        Format::Xlsx => xlsx(&heads, &rows).map_err(|error| error.to_string()),
    });
    let written = written.await.map_err(|error| DbError::Failed(error.to_string()))?;
    let bytes = written.map_err(DbError::Failed)?;
    Ok(saved(name, format, bytes))
}

/// The bytes of a file as an answer that a browser saves; `name` is without extension and ASCII.
#[must_use]
pub fn saved(name: &str, format: Format, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let kind = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let saved = format!("attachment; filename=\"{name}.{}\"", format.extension());
    if let Ok(saved) = HeaderValue::from_str(&saved) {
        headers.insert(header::CONTENT_DISPOSITION, saved);
    }
    response
}

fn csv(heads: &[String], rows: &[Vec<String>]) -> Vec<u8> {
    let mut text = String::from("\u{feff}");
    for row in std::iter::once(heads).chain(rows.iter().map(Vec::as_slice)) {
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            let safe = harmless(cell);
            if safe.contains([',', ';', '"', '\r', '\n', '\t']) {
                text.push('"');
                text.push_str(&safe.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(&safe);
            }
        }
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn xlsx(heads: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let bold = CellFormat::new().set_bold().set_background_color(Color::RGB(0x00DD_EBF7));
    for (column, head) in (0_u16..).zip(heads) {
        let cells = rows.iter().take(MEASURED).filter_map(|row| row.get(usize::from(column)));
        let widest = cells.chain([head]).map(|cell| cell.width()).max().unwrap_or_default();
        sheet.set_column_width(column, widest.clamp(6, 40) as u16 + 2)?;
        sheet.write_with_format(0, column, head, &bold)?;
    }
    for (row, cells) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    print_across(sheet)?;
    workbook.save_to_buffer()
}

/// A table of many columns prints on A4 across, its header on top of each sheet.
///
/// # Errors
/// Never for a sheet that has a first row.
pub fn print_across(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    const A4: u8 = 9;
    sheet.set_paper_size(A4).set_landscape().set_repeat_rows(0, 0).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_a_text_is_never_a_formula() {
        let rows = [vec!["=HYPERLINK(\"x\")".to_owned(), "甲,乙".to_owned()]];
        let written = String::from_utf8(csv(&["名称".to_owned()], &rows)).unwrap();
        assert_eq!(written, "\u{feff}名称\r\n\"'=HYPERLINK(\"\"x\"\")\",\"甲,乙\"\r\n");
        assert!(xlsx(&["a".to_owned()], &rows).unwrap().starts_with(b"PK"));
    }
}
