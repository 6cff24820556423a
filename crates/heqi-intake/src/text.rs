//! The careful reader of delimited text: any encoding, any quoting, bounded memory.
//!
//! Rows are numbered by physical lines. A record is one line, or several where a quoted cell
//! holds line breaks. A quotation mark that is never closed costs its own row, not the file:
//! reading resumes with the next line.

use std::ops::ControlFlow;

use heqi_domain::Progress;

use crate::head::{Rows, Visit};
use crate::lines::{Bytes, Lines};
use crate::record::{Cells, Split};
use crate::{IntakeError, Limits, Reject, RejectReason, Source, cell, gzip};

/// Unclosed quotation marks after which the file is refused.
const MAX_UNCLOSED: u32 = 100;

/// A text file with its shape.
pub(crate) struct TextRows<'a> {
    pub source: &'a dyn Source,
    pub name: &'a str,
    /// The source is a gzip stream of the text.
    pub gzip: bool,
    pub encoding: &'static encoding_rs::Encoding,
    pub separator: u8,
    pub limits: &'a Limits,
    pub progress: &'a dyn Progress,
}

impl Rows for TextRows<'_> {
    fn each(&self, visit: &mut Visit<'_>) -> Result<(), IntakeError> {
        let bytes = if self.gzip {
            Bytes::Stream(gzip::bounded(self.source, self.limits))
        } else {
            Bytes::Plain { source: self.source, offset: 0 }
        };
        let mut lines =
            Lines::new(bytes, self.name, self.encoding, self.progress, self.limits.inflated_bytes);
        let mut cells = Cells::default();
        let mut record = String::new();
        let mut unclosed: Option<(u64, u32)> = None;
        while let Some((row, line)) = lines.next_line()? {
            if line.trim_matches(['\r', '\n']).is_empty() {
                continue;
            }
            let flow = if !line.contains('"') || line.starts_with('`') {
                self.plain(row, line, visit)
            } else {
                record.clear();
                record.push_str(line);
                match self.whole(&mut record, &mut lines, &mut cells)? {
                    Split::Whole => self.give(row, &cells.all(), visit),
                    Split::TooMany => refuse(row, "", RejectReason::TooManyCells, visit),
                    Split::Open => {
                        let (first, count) = unclosed.unwrap_or((row, 0));
                        if count >= MAX_UNCLOSED {
                            let name = self.name.into();
                            return Err(IntakeError::UnclosedQuotes { name, row: first });
                        }
                        unclosed = Some((first, count + 1));
                        refuse(row, &record, RejectReason::UnclosedQuote, visit)
                    }
                }
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl TextRows<'_> {
    /// A line without a quotation mark is a record as it stands.
    fn plain(&self, row: u64, line: &str, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let line = line.trim_end_matches(['\r', '\n']);
        let separator = char::from(self.separator);
        let cells: Vec<&str> = match line.strip_prefix('`') {
            Some(rest) if separator == ',' => rest.split(",`").collect(),
            _ => line.split(separator).take(self.limits.columns + 1).collect(),
        };
        self.give(row, &cells, visit)
    }

    fn give(&self, row: u64, cells: &[&str], visit: &mut Visit<'_>) -> ControlFlow<()> {
        if cells.len() > self.limits.columns {
            return refuse(row, "", RejectReason::TooManyCells, visit);
        }
        match cells.iter().find(|it| it.len() > self.limits.cell_bytes) {
            Some(long) => refuse(row, long, RejectReason::CellTooLong, visit),
            None => visit(row, Ok(cells)),
        }
    }

    /// Takes in the lines that an open quotation mark needs, up to the length of a cell beyond
    /// the first line. If none closes it, no line is taken in.
    fn whole(
        &self,
        record: &mut String,
        lines: &mut Lines<'_>,
        cells: &mut Cells,
    ) -> Result<Split, IntakeError> {
        let own = record.len();
        let mut taken = 0;
        loop {
            let split = cells.split(record, self.separator, self.limits.columns);
            if split != Split::Open {
                lines.consume(taken);
                return Ok(split);
            }
            // Only a line with a quotation mark can close one.
            loop {
                let more = if record.len() - own > self.limits.cell_bytes {
                    None
                } else {
                    lines.peek(taken)?
                };
                let Some(more) = more else {
                    record.truncate(own);
                    return Ok(Split::Open);
                };
                taken += 1;
                record.push_str(more);
                if more.contains('"') {
                    break;
                }
            }
        }
    }
}

fn refuse(row: u64, value: &str, reason: RejectReason, visit: &mut Visit<'_>) -> ControlFlow<()> {
    let value = cell::cut(value.trim_end());
    visit(row, Err(Reject { row, column: String::new(), value, reason }))
}
