//! Columns of texts in their two common encodings, straight from the page into the cells.
//!
//! The library hands out every value as an object of its own, which costs several times what a
//! cell of a dozen bytes takes to copy. Pages are found and unpacked by the library;
//! columns in another encoding are left to it as a whole.
//!
//! Source: Apache Parquet format, "Data Pages" and "Encodings": PLAIN, `RLE_DICTIONARY`, and the
//! hybrid of run lengths and bit packing that codes and definition levels share.

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;

use super::decode::Cells;
use super::leaf::{Leaf, Meaning};
use crate::fast::chunk::append_cell;

/// A column chunk of texts.
pub(super) struct TextColumn {
    pages: Box<dyn PageReader>,
    /// Rows may have no value.
    optional: bool,
    /// Bytes of a text that are kept: one more than a cell may have, which shows that it is too
    /// long. A few bytes of a file can stand for thousands of texts of any length.
    most: usize,
    dictionary: Dictionary,
    page: TextPage,
    levels: Vec<u32>,
    codes: Vec<u32>,
}

/// The distinct texts of a column chunk.
#[derive(Default)]
struct Dictionary {
    bytes: Bytes,
    spans: Vec<(u32, u32)>,
}

/// What is left of a page.
struct TextPage {
    rows: usize,
    levels: Option<Hybrid>,
    values: Values,
}

enum Values {
    /// Length and bytes of each.
    Plain(Bytes, usize),
    /// Places in the dictionary.
    Coded(Hybrid),
}

/// Whether a column chunk can be read here.
pub(super) fn readable(column: &ColumnChunkMetaData, leaf: &Leaf) -> bool {
    let top = leaf.descriptor.max_def_level();
    let known = |encoding: Encoding| match encoding {
        Encoding::PLAIN | Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY | Encoding::RLE => {
            true
        }
        // The levels of a column without any.
        #[expect(deprecated, reason = "old files name it")]
        Encoding::BIT_PACKED => top == 0,
        _ => false,
    };
    leaf.meaning == Meaning::Text
        && column.column_type() == Type::BYTE_ARRAY
        && top <= 1
        && column.encodings().all(known)
}

fn contradiction<T>() -> Result<T> {
    Err(ParquetError::General("its pages contradict its metadata".into()))
}

impl TextColumn {
    /// A column chunk; `optional` as its schema says, `cell_bytes` the bound of a cell.
    pub fn new(pages: Box<dyn PageReader>, optional: bool, cell_bytes: usize) -> Self {
        let page = TextPage { rows: 0, levels: None, values: Values::Plain(Bytes::new(), 0) };
        let dictionary = Dictionary::default();
        let most = cell_bytes.saturating_add(1);
        Self { pages, optional, most, dictionary, page, levels: Vec::new(), codes: Vec::new() }
    }

    /// Appends up to `count` rows; fewer only where the column ends.
    pub fn next(&mut self, count: usize, cells: &mut Cells) -> Result<()> {
        let mut left = count;
        while left > 0 {
            if self.page.rows == 0 {
                match self.pages.get_next_page()? {
                    Some(page) => self.open(page)?,
                    None => break,
                }
                continue;
            }
            let rows = left.min(self.page.rows);
            self.take(rows, cells)?;
            self.page.rows -= rows;
            left -= rows;
        }
        cells.mend();
        Ok(())
    }

    fn open(&mut self, page: Page) -> Result<()> {
        let (bytes, encoding, rows, levels) = match page {
            Page::DictionaryPage { buf, num_values, encoding, .. } => {
                let plain = matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY);
                if !plain || !self.dictionary.spans.is_empty() {
                    return contradiction();
                }
                self.dictionary = Dictionary::read(buf, num_values)?;
                return Ok(());
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
                if !self.optional {
                    (buf, encoding, num_values, None)
                } else if def_level_encoding == Encoding::RLE {
                    let Some(length) = buf.first_chunk::<4>() else { return contradiction() };
                    let end = (u32::from_le_bytes(*length) as usize).saturating_add(4);
                    if end > buf.len() {
                        return contradiction();
                    }
                    let levels = Hybrid::new(buf.slice(4..end), 1);
                    (buf.slice(end..), encoding, num_values, Some(levels))
                } else {
                    return contradiction();
                }
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let from = rep_levels_byte_len as usize;
                let end = from.saturating_add(def_levels_byte_len as usize);
                if end > buf.len() {
                    return contradiction();
                }
                let levels = self.optional.then(|| Hybrid::new(buf.slice(from..end), 1));
                (buf.slice(end..), encoding, num_values, levels)
            }
        };
        let values = match (encoding, bytes.first()) {
            (Encoding::PLAIN, _) => Values::Plain(bytes, 0),
            (Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY, Some(width @ 0..=32)) => {
                let width = u32::from(*width);
                Values::Coded(Hybrid::new(bytes.slice(1..), width))
            }
            // Rows without any value: to read one from nothing is a contradiction.
            (Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY, None) => {
                Values::Coded(Hybrid::new(bytes, 1))
            }
            _ => return contradiction(),
        };
        self.page = TextPage { rows: rows as usize, levels, values };
        Ok(())
    }

    fn take(&mut self, rows: usize, cells: &mut Cells) -> Result<()> {
        let mut present = rows;
        let first = cells.valid.len();
        match &mut self.page.levels {
            None => cells.valid.resize(first + rows, true),
            Some(levels) => {
                self.levels.clear();
                levels.read(rows, &mut self.levels)?;
                cells.valid.extend(self.levels.iter().map(|level| *level == 1));
                present = cells.valid[first..].iter().filter(|valid| **valid).count();
            }
        }
        self.codes.clear();
        if let Values::Coded(codes) = &mut self.page.values {
            codes.read(present, &mut self.codes)?;
        }
        let mut codes = self.codes.iter();
        for row in first..first + rows {
            if cells.valid[row] {
                match &mut self.page.values {
                    Values::Plain(bytes, at) => {
                        let (start, end) = plain(bytes, *at)?;
                        append_cell(&mut cells.bytes, bytes, start, end.min(start + self.most));
                        *at = end;
                    }
                    Values::Coded(_) => {
                        let code = codes.next().map_or(usize::MAX, |code| *code as usize);
                        let Some((start, end)) = self.dictionary.spans.get(code) else {
                            return contradiction();
                        };
                        let (start, end) = (*start as usize, *end as usize);
                        let end = end.min(start + self.most);
                        append_cell(&mut cells.bytes, &self.dictionary.bytes, start, end);
                    }
                }
            }
            cells.ends.push(cells.bytes.len());
        }
        Ok(())
    }
}

/// Start and end of the text whose length stands at `at`.
#[inline]
fn plain(bytes: &[u8], at: usize) -> Result<(usize, usize)> {
    let Some(length) = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) else {
        return contradiction();
    };
    let start = at + 4;
    let end = start.saturating_add(u32::from_le_bytes(*length) as usize);
    if end > bytes.len() { contradiction() } else { Ok((start, end)) }
}

impl Dictionary {
    fn read(bytes: Bytes, count: u32) -> Result<Self> {
        if u32::try_from(bytes.len()).is_err() {
            return contradiction();
        }
        // Every text has four bytes of length, so no count can ask for more room than that.
        let mut spans = Vec::with_capacity((count as usize).min(bytes.len() / 4));
        let mut at = 0;
        for _ in 0..count {
            let (start, end) = plain(&bytes, at)?;
            spans.push((start as u32, end as u32));
            at = end;
        }
        Ok(Self { bytes, spans })
    }
}

/// Numbers of a few bits: runs of one number, and packed ones, in turn.
struct Hybrid {
    bytes: Bytes,
    at: usize,
    width: u32,
    run: Run,
}

enum Run {
    /// A number, so many times.
    Same(u32, usize),
    /// So many numbers, from this bit on.
    Packed(usize, usize),
}

impl Hybrid {
    const fn new(bytes: Bytes, width: u32) -> Self {
        Self { bytes, at: 0, width, run: Run::Same(0, 0) }
    }

    /// Appends the next `count` numbers.
    fn read(&mut self, count: usize, out: &mut Vec<u32>) -> Result<()> {
        let mut left = count;
        while left > 0 {
            let taken = match &mut self.run {
                Run::Same(_, 0) | Run::Packed(0, _) => {
                    self.next_run()?;
                    continue;
                }
                Run::Same(number, times) => {
                    let taken = left.min(*times);
                    out.resize(out.len() + taken, *number);
                    *times -= taken;
                    taken
                }
                Run::Packed(numbers, bit) => {
                    let taken = left.min(*numbers);
                    let width = self.width;
                    let first = *bit;
                    let bytes = &self.bytes;
                    if first + taken * width as usize > bytes.len() * 8 {
                        return contradiction();
                    }
                    let all = (0..taken)
                        .map(|number| packed(bytes, first + number * width as usize, width));
                    out.extend(all);
                    *numbers -= taken;
                    *bit += taken * width as usize;
                    taken
                }
            };
            left -= taken;
        }
        Ok(())
    }

    fn next_run(&mut self) -> Result<()> {
        // Numbers of no bits need no bytes.
        if self.width == 0 && self.at >= self.bytes.len() {
            self.run = Run::Same(0, usize::MAX);
            return Ok(());
        }
        let header = self.varint()?;
        let length = usize::try_from(header >> 1)?;
        if header & 1 == 1 {
            let bytes = length.saturating_mul(self.width as usize);
            // The last eight may be cut behind the numbers that are asked for.
            if bytes.saturating_sub(self.bytes.len() - self.at) > self.width as usize {
                return contradiction();
            }
            self.run = Run::Packed(length.saturating_mul(8), self.at * 8);
            self.at = self.at.saturating_add(bytes).min(self.bytes.len());
            return Ok(());
        }
        let mut number = [0; 4];
        let width = self.width.div_ceil(8) as usize;
        let Some(bytes) = self.bytes.get(self.at..self.at + width) else {
            return contradiction();
        };
        number[..width].copy_from_slice(bytes);
        self.at += width;
        self.run = Run::Same(u32::from_le_bytes(number), length);
        Ok(())
    }

    fn varint(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let Some(byte) = self.bytes.get(self.at) else { return contradiction() };
            self.at += 1;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        contradiction()
    }
}

/// The number of `width` bits (at most 32) at a bit of the bytes, which hold it.
#[inline]
fn packed(bytes: &[u8], bit: usize, width: u32) -> u32 {
    let from = bit / 8;
    let word = match bytes.get(from..).and_then(<[u8]>::first_chunk::<8>) {
        Some(word) => u64::from_le_bytes(*word),
        None => {
            let mut word = [0; 8];
            let rest = bytes.get(from..).unwrap_or_default();
            word[..rest.len().min(8)].copy_from_slice(&rest[..rest.len().min(8)]);
            u64::from_le_bytes(word)
        }
    };
    ((word >> (bit % 8)) & ((1 << width) - 1)) as u32
}

#[cfg(test)]
mod tests {
    //! Goal: a page that does not hold what it states is refused, and costs no more than it is.

    use std::collections::VecDeque;

    use parquet::column::page::PageMetadata;

    use super::*;

    struct Pages(VecDeque<Page>);

    impl Iterator for Pages {
        type Item = Result<Page>;

        fn next(&mut self) -> Option<Self::Item> {
            self.get_next_page().transpose()
        }
    }

    impl PageReader for Pages {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(self.0.pop_front())
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<()> {
            self.0.pop_front();
            Ok(())
        }
    }

    fn dictionary(texts: &[&str]) -> Page {
        let mut buf = Vec::new();
        for text in texts {
            buf.extend((text.len() as u32).to_le_bytes());
            buf.extend(text.as_bytes());
        }
        let num_values = texts.len() as u32;
        Page::DictionaryPage {
            buf: buf.into(),
            num_values,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        }
    }

    fn coded(bytes: &[u8], rows: u32) -> Page {
        Page::DataPage {
            buf: Bytes::copy_from_slice(bytes),
            num_values: rows,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        }
    }

    /// The texts of the pages, or `None` where they are refused.
    fn read(pages: Vec<Page>, rows: usize) -> Option<Vec<String>> {
        let mut column = TextColumn::new(Box::new(Pages(pages.into())), false, 5);
        let mut cells = Cells::default();
        column.next(rows, &mut cells).ok()?;
        Some((0..cells.len()).map(|row| cells.text(row).to_owned()).collect())
    }

    #[test]
    fn runs_and_packed_codes_are_read() {
        let all = || dictionary(&["a", "bc", "", "d"]);
        // Width 2; three times code 1; eight packed codes 0 1 2 3 3 2 1 0.
        let page = coded(&[2, 3 << 1, 1, 1 << 1 | 1, 0b1110_0100, 0b0001_1011], 11);
        let texts = read(vec![all(), page], 20).unwrap();
        assert_eq!(texts.join("|"), "bc|bc|bc|a|bc||d|d||bc|a");
        // A run of nothing says nothing.
        let page = coded(&[2, 0, 1, 1, 1 << 1, 3], 1);
        assert_eq!(read(vec![all(), page], 1).unwrap(), ["d"]);
    }

    #[test]
    fn pages_that_contradict_themselves_are_refused() {
        let all = || dictionary(&["a", "bc"]);
        let check = |page: Page, what: &str| {
            assert_eq!(read(vec![all(), page], 100), None, "{what}");
        };
        check(coded(&[], 100), "no bytes for a hundred rows");
        check(coded(&[1], 1), "no run");
        check(coded(&[33, 2, 0], 1), "codes of 33 bits");
        check(coded(&[1, 2 << 1, 7], 2), "a code beyond the dictionary");
        check(coded(&[8, 1 << 1 | 1, 0, 1], 8), "packed codes cut off");
        check(coded(&[1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1), "a length that never ends");
        assert_eq!(read(vec![all(), all(), coded(&[1, 2, 0], 1)], 1), None, "two dictionaries");
        assert_eq!(read(vec![coded(&[1, 2, 0], 1)], 1), None, "no dictionary");
        let Page::DictionaryPage { buf, .. } = all() else { unreachable!() };
        let cut = Page::DictionaryPage {
            buf: buf.slice(..buf.len() - 1),
            num_values: 2,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        assert_eq!(read(vec![cut, coded(&[1, 2, 0], 1)], 1), None, "a text cut off");
    }

    #[test]
    fn a_text_beyond_the_bound_is_kept_just_so_far_that_it_shows() {
        let texts = read(vec![dictionary(&["12345678"]), coded(&[1, 3 << 1, 0], 3)], 3).unwrap();
        assert_eq!(texts, ["123456"; 3], "the bound is five bytes");
    }
}
