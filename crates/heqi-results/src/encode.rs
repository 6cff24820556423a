//! Rows as bytes: CSV for people and scorers, JSON Lines for machines; the cells are the same.

use std::fmt::Write;

use heqi_domain::push_decimal;

use crate::text::{push_csv, push_hash};

/// How the tables of a result are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Comma-separated, RFC 4180 quoting, LF, UTF-8 without BOM, a header line.
    Csv,
    /// One JSON object per line; amounts are decimal text, ids are text, counts are numbers.
    Jsonl,
}

impl Shape {
    /// Ending of the file name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// A table: its file name without ending, and its columns.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// File name without ending.
    pub name: &'static str,
    /// The columns, in order.
    pub columns: &'static [&'static str],
}

/// Takes the cells of one table's rows, in the order of its columns.
pub trait Cells {
    /// A text that came from outside or is written for people.
    fn text(&mut self, text: &str);
    /// A code of ours: lower-case words, digits and plus signs inside, never harmful.
    fn code(&mut self, code: &str);
    /// A count.
    fn count(&mut self, count: u64);
    /// A row number as an id: digits, but text in JSON.
    fn row_id(&mut self, row: u32);
    /// Minor units as decimal text.
    fn amount(&mut self, minor: i128, exponent: u32);
    /// A prefix and sixteen hexadecimal digits.
    fn hash(&mut self, prefix: char, hash: u64);
    /// Ends the row.
    fn end(&mut self);
}

/// Writes the rows of one table, cell by cell, into one buffer; allocates nothing per cell.
pub struct Encoder {
    out: String,
    shape: Shape,
    columns: &'static [&'static str],
    cell: usize,
}

impl Encoder {
    /// An encoder with room for `rows` rows of ordinary length.
    pub fn new(shape: Shape, table: Table, rows: usize) -> Self {
        let out = String::with_capacity(rows * 16 * table.columns.len());
        Self { out, shape, columns: table.columns, cell: 0 }
    }

    /// The header line, where the shape has one.
    pub fn header(&mut self) {
        if self.shape == Shape::Csv {
            self.out.push_str(&self.columns.join(","));
            self.out.push('\n');
        }
    }

    /// The rows written so far.
    pub fn finish(self) -> String {
        debug_assert_eq!(self.cell, 0, "a row was left open");
        self.out
    }

    fn open(&mut self) {
        match self.shape {
            Shape::Csv if self.cell == 0 => {}
            Shape::Csv => self.out.push(','),
            Shape::Jsonl => {
                self.out.push(if self.cell == 0 { '{' } else { ',' });
                self.out.push('"');
                self.out.push_str(self.columns[self.cell]);
                self.out.push_str("\":");
            }
        }
        self.cell += 1;
    }

    fn quoted(&mut self, push: impl FnOnce(&mut String)) {
        self.open();
        if self.shape == Shape::Jsonl {
            self.out.push('"');
        }
        push(&mut self.out);
        if self.shape == Shape::Jsonl {
            self.out.push('"');
        }
    }
}

impl Cells for Encoder {
    fn text(&mut self, text: &str) {
        self.open();
        match self.shape {
            Shape::Csv => push_csv(&mut self.out, text),
            Shape::Jsonl => push_json(&mut self.out, text),
        }
    }

    fn code(&mut self, code: &str) {
        self.quoted(|out| out.push_str(code));
    }

    fn count(&mut self, count: u64) {
        self.open();
        push_decimal(&mut self.out, count.into(), 0);
    }

    fn row_id(&mut self, row: u32) {
        self.quoted(|out| push_decimal(out, row.into(), 0));
    }

    fn amount(&mut self, minor: i128, exponent: u32) {
        self.quoted(|out| push_decimal(out, minor, exponent));
    }

    fn hash(&mut self, prefix: char, hash: u64) {
        self.quoted(|out| push_hash(out, prefix, hash));
    }

    fn end(&mut self) {
        debug_assert_eq!(self.cell, self.columns.len(), "a row of {:?}", self.columns);
        if self.shape == Shape::Jsonl {
            self.out.push('}');
        }
        self.out.push('\n');
        self.cell = 0;
    }
}

/// Appends a JSON string.
pub fn push_json(out: &mut String, text: &str) {
    out.push('"');
    if !text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\u{0}'..='\u{1f}' => {
                // Writing into a string cannot fail.
                let written = write!(out, "\\u{:04x}", letter as u32);
                debug_assert!(written.is_ok());
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table { name: "t", columns: &["a", "b", "c", "d", "e", "f"] };

    #[track_caller]
    fn check(shape: Shape, expected: &str) {
        let mut encoder = Encoder::new(shape, TABLE, 1);
        encoder.header();
        encoder.text("=1,\"甲\"");
        encoder.code("amount+date");
        encoder.count(3);
        encoder.row_id(17);
        encoder.amount(-5, 2);
        encoder.hash('G', 10);
        encoder.end();
        assert_eq!(encoder.finish(), expected);
    }

    #[test]
    fn csv_and_json_lines_hold_the_same_cells() {
        check(
            Shape::Csv,
            "a,b,c,d,e,f\n\"'=1,\"\"甲\"\"\",amount+date,3,17,-0.05,G000000000000000a\n",
        );
        check(
            Shape::Jsonl,
            "{\"a\":\"=1,\\\"甲\\\"\",\"b\":\"amount+date\",\"c\":3,\"d\":\"17\",\"e\":\"-0.05\",\
             \"f\":\"G000000000000000a\"}\n",
        );
    }
    #[test]
    fn json_strings_come_back() {
        for text in ["", "甲\"乙\\丙", "a\tb\r\n\0\u{1f}", "🙂"] {
            let mut out = String::new();
            push_json(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
