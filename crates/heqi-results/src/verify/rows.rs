//! Tables as rows of text, whatever their shape, with the line of the file on which each stands.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::VerifyError;
use super::finding::{FindingCode, Unsound};
use crate::summary::Summary;
use crate::text::original;

/// The ending of the tables that are read: CSV, else JSON Lines; none without either.
pub fn shape(dir: &Path, summary: &Summary) -> Option<&'static str> {
    ["csv", "jsonl"].into_iter().find(|ending| {
        let name = format!("groups.{ending}");
        summary.files.iter().any(|file| file.name == name) || dir.join(name).is_file()
    })
}

/// One table, read row by row.
pub struct Table {
    pub file: String,
    path: PathBuf,
    columns: &'static [&'static str],
    reader: Reader,
    /// Line of the current row.
    pub row: u64,
}

enum Reader {
    Csv(Box<csv::Reader<File>>, csv::StringRecord),
    Jsonl(BufReader<File>, String),
}

impl Table {
    /// Opens a table; none (and a finding) if it is missing or has other columns.
    pub fn open(
        dir: &Path,
        name: &str,
        ending: &str,
        columns: &'static [&'static str],
        unsound: &mut Unsound,
    ) -> Result<Option<Self>, VerifyError> {
        let file = format!("{name}.{ending}");
        let path = dir.join(&file);
        let open = match File::open(&path) {
            Ok(open) => open,
            // A missing file was said already, if the summary names it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VerifyError::io(&path)(error)),
        };
        let reader = if ending == "csv" {
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(open);
            let header = reader.headers().map(|header| header.iter().eq(columns.iter().copied()));
            if !header.unwrap_or(false) {
                let expected = columns.join(",");
                let code = FindingCode::Unreadable;
                unsound.add(code, &file, Some(1), "header", expected, "other columns");
                return Ok(None);
            }
            Reader::Csv(Box::new(reader), csv::StringRecord::new())
        } else {
            Reader::Jsonl(BufReader::new(open), String::new())
        };
        Ok(Some(Self { file, path, columns, reader, row: u64::from(ending == "csv") }))
    }

    /// The next row's cells; none at the end or (with a finding) at a row that is none.
    pub fn next(&mut self, unsound: &mut Unsound) -> Result<Option<Vec<String>>, VerifyError> {
        let cells = match &mut self.reader {
            Reader::Csv(reader, record) => match reader.read_record(record) {
                Ok(false) => return Ok(None),
                Ok(true) => {
                    self.row = record.position().map_or(self.row + 1, csv::Position::line);
                    (record.len() == self.columns.len())
                        .then(|| record.iter().map(|cell| original(cell).into_owned()).collect())
                }
                Err(error) if error.is_io_error() => {
                    return Err(VerifyError::io(&self.path)(error.into()));
                }
                Err(_) => None,
            },
            Reader::Jsonl(reader, line) => {
                line.clear();
                if reader.read_line(line).map_err(VerifyError::io(&self.path))? == 0 {
                    return Ok(None);
                }
                self.row += 1;
                json_cells(line, self.columns)
            }
        };
        if cells.is_none() {
            let expected = format!("{} cells", self.columns.len());
            let code = FindingCode::Unreadable;
            unsound.add(code, &self.file, Some(self.row), "row", expected, "something else");
        }
        Ok(cells)
    }
}

fn json_cells(line: &str, columns: &[&str]) -> Option<Vec<String>> {
    let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    if row.len() != columns.len() {
        return None;
    }
    let cell = |column: &&str| match row.get(*column)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Null => Some(String::new()),
        _ => None,
    };
    columns.iter().map(cell).collect()
}

/// The first line in which two files differ, and what stands there; row 0 where none does.
pub struct Difference {
    pub row: u64,
    pub expected: String,
    pub found: String,
}

/// Compares two texts line by line.
pub fn first_difference(expected: &[u8], found: &[u8]) -> Difference {
    let (mut left, mut right) =
        (expected.split(|byte| *byte == b'\n'), found.split(|byte| *byte == b'\n'));
    for row in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => return Difference { row, expected: show(a), found: show(b) },
        }
    }
    Difference { row: 0, expected: String::new(), found: String::new() }
}

/// A line as it is shown in a finding.
pub fn show(line: Option<&[u8]>) -> String {
    const MOST: usize = 160;
    let Some(line) = line else { return "the end of the file".to_owned() };
    let text = String::from_utf8_lossy(line);
    let mut short: String = text.chars().take(MOST).collect();
    if text.chars().count() > MOST {
        short.push('…');
    }
    format!("`{short}`")
}

/// Notes a line that differs.
pub fn add_line(
    unsound: &mut Unsound,
    code: FindingCode,
    file: &str,
    line: &Difference,
    what: &str,
) {
    let row = (line.row > 0).then_some(line.row);
    unsound.add(code, file, row, what, &line.expected, &line.found);
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
