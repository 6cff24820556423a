//! One record of delimited text, taken apart by the rules of RFC 4180 as the csv crate reads them.
//!
//! Own code because the rows of a ledger must be called by their physical lines, and because an
//! unclosed quotation mark may cost its row but not the file; a property test holds it to the
//! csv crate.

/// Cells of one record in one run of text.
#[derive(Default)]
pub(crate) struct Cells {
    text: String,
    ends: Vec<usize>,
}

/// How a record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// All cells are there.
    Whole,
    /// A quotation mark is still open.
    Open,
    /// More columns than allowed.
    TooMany,
}

/// Where the splitter is within a cell.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// Before its first character.
    Start,
    /// In plain text, where quotation marks are characters like others.
    Plain,
    /// Within quotation marks.
    Quoted,
    /// After a quotation mark within quotation marks: the end, or half of a doubled one.
    Quote,
}

impl Cells {
    /// Takes a record apart; a quotation mark opens a quoted cell only as its first character.
    pub fn split(&mut self, record: &str, separator: u8, columns: usize) -> Split {
        self.text.clear();
        self.ends.clear();
        let record = record.strip_suffix('\n').unwrap_or(record);
        let record = record.strip_suffix('\r').unwrap_or(record);
        let separator = char::from(separator);
        let mut at = At::Start;
        for character in record.chars() {
            at = match (at, character) {
                (At::Start, '"') => At::Quoted,
                (At::Quoted, '"') => At::Quote,
                (At::Quoted, other) => {
                    self.text.push(other);
                    At::Quoted
                }
                (At::Quote, '"') => {
                    self.text.push('"');
                    At::Quoted
                }
                (_, other) if other == separator => {
                    self.ends.push(self.text.len());
                    if self.ends.len() > columns {
                        return Split::TooMany;
                    }
                    At::Start
                }
                (_, other) => {
                    self.text.push(other);
                    At::Plain
                }
            };
        }
        self.ends.push(self.text.len());
        if at == At::Quoted { Split::Open } else { Split::Whole }
    }

    /// The cells.
    pub fn all(&self) -> Vec<&str> {
        let mut start = 0;
        let cut = |end: &usize| {
            let cell = &self.text[start..*end];
            start = *end;
            cell
        };
        self.ends.iter().map(cut).collect()
    }
}

#[cfg(test)]
mod tests;
