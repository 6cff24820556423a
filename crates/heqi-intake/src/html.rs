//! HTML tables under other names: what many systems call an Excel export.
//!
//! Only cells are read: no scripts, no styles, no links. Rows are numbered by `<tr>`.

use std::ops::ControlFlow;

use crate::head::{HeadRow, Rows, Visit};
use crate::{IntakeError, Limits};

/// The rows of all tables of a document.
pub(crate) struct HtmlRows {
    rows: Vec<HeadRow>,
}

impl Rows for HtmlRows {
    fn each(&self, visit: &mut Visit<'_>) -> Result<(), IntakeError> {
        for row in &self.rows {
            let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
            if visit(row.row, Ok(&cells)) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

/// Whether the text is an HTML document with a table.
pub(crate) fn is_html(text: &str) -> bool {
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    let lower = start.get(..start.len().min(4096)).unwrap_or(start).to_ascii_lowercase();
    lower.starts_with('<')
        && (lower.contains("<table")
            || lower.starts_with("<html")
            || lower.starts_with("<!doctype html"))
}

/// Takes the tables out of a document.
///
/// # Errors
/// [`IntakeError::TooLarge`] beyond the bounds of cells and columns.
pub(crate) fn tables(text: &str, name: &str, limits: &Limits) -> Result<HtmlRows, IntakeError> {
    let mut rows: Vec<HeadRow> = Vec::new();
    let mut cell: Option<String> = None;
    let mut span = 1;
    let mut count = 0_u64;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        if let Some(cell) = &mut cell {
            cell.push_str(&rest[..at]);
        }
        let Some(end) = rest[at..].find('>') else { break };
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        let word = tag.split(|it: char| it.is_whitespace() || it == '/').find(|it| !it.is_empty());
        let word = word.unwrap_or("").to_ascii_lowercase();
        let closes = tag.starts_with('/');
        match (word.as_str(), closes) {
            ("script" | "style", false) => {
                let close = format!("</{word}");
                let skip = find_ignore_case(rest, &close).unwrap_or(rest.len());
                rest = &rest[skip..];
            }
            ("br", _) => {
                if let Some(cell) = &mut cell {
                    cell.push(' ');
                }
            }
            ("tr", _) | ("td" | "th", _) | ("table", true) => {
                if let Some(done) = cell.take() {
                    count += span as u64;
                    push(&mut rows, &done, span);
                }
                if word == "tr" && !closes {
                    let row = rows.len() as u64 + 1;
                    rows.push(HeadRow { row, cells: Vec::new() });
                }
                if word.starts_with('t') && word != "tr" && word != "table" && !closes {
                    cell = Some(String::new());
                    span = attribute(tag, "colspan").unwrap_or(1).clamp(1, limits.columns);
                }
            }
            _ => {}
        }
        let width = rows.last().map_or(0, |row| row.cells.len());
        let (what, limit) = if count > limits.cells {
            ("the number of cells", limits.cells)
        } else if width > limits.columns {
            ("the number of columns", limits.columns as u64)
        } else {
            continue;
        };
        return Err(IntakeError::TooLarge { name: name.into(), what: what.into(), limit });
    }
    rows.retain(|row| row.cells.iter().any(|it| !it.is_empty()));
    Ok(HtmlRows { rows })
}

fn push(rows: &mut [HeadRow], text: &str, span: usize) {
    let Some(row) = rows.last_mut() else { return };
    row.cells.push(unescape(text).split_whitespace().collect::<Vec<_>>().join(" "));
    row.cells.extend(std::iter::repeat_n(String::new(), span - 1));
}

fn find_ignore_case(text: &str, word: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(word.len())).find(|at| {
        bytes[*at] == b'<' && bytes[*at..*at + word.len()].eq_ignore_ascii_case(word.as_bytes())
    })
}

fn attribute(tag: &str, name: &str) -> Option<usize> {
    let lower = tag.to_ascii_lowercase();
    let value = lower.split_once(name)?.1.trim_start().strip_prefix('=')?;
    let value = value.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|it: char| !it.is_ascii_digit()).unwrap_or(value.len());
    value[..end].parse().ok()
}

/// Character references that stand in tables; others stay as they are.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 10);
        let known = end.and_then(|end| Some((reference(&rest[1..end])?, end)));
        match known {
            Some((character, end)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "yen" => Some('¥'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
