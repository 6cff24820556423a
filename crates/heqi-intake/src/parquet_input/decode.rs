//! Column chunks of one row group, decoded a few thousand rows at a time.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use heqi_domain::{DIGITS, decimal};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::leaf::{Leaf, Meaning, float_text};
use super::texts::{self, TextColumn};
use crate::Source;
use crate::sniff::read_full;

/// A source as the parquet crate wants it, for the metadata at the end of the file.
pub(super) struct Whole<'a>(pub &'a dyn Source);

impl Length for Whole<'_> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Whole<'_> {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let length = usize::try_from(self.0.len().saturating_sub(start)).unwrap_or(usize::MAX);
        self.get_bytes(start, length).map(Buf::reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        range(self.0, start, length as u64)
    }
}

/// Bytes of the source; an error where it ends before.
fn range(source: &dyn Source, start: u64, length: u64) -> Result<Bytes> {
    let inside = start.checked_add(length).is_some_and(|end| end <= source.len());
    if !inside {
        return Err(ParquetError::EOF("a part lies beyond the end of the file".into()));
    }
    let mut bytes = vec![0; usize::try_from(length)?];
    let count = read_full(source, start, &mut bytes)?;
    bytes.truncate(count);
    Ok(bytes.into())
}

/// The bytes of one column chunk, at their offset in the file.
struct Part {
    start: u64,
    bytes: Bytes,
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Part {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let length = usize::try_from(self.len().saturating_sub(start))?;
        self.get_bytes(start, length).map(Buf::reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let from = start.checked_sub(self.start).and_then(|it| usize::try_from(it).ok());
        let from =
            from.filter(|from| from.checked_add(length).is_some_and(|end| end <= self.bytes.len()));
        let from =
            from.ok_or_else(|| ParquetError::EOF("a page lies outside its column".into()))?;
        Ok(self.bytes.slice(from..from + length))
    }
}

/// Values of one column, one a row. Texts are valid UTF-8.
#[derive(Default)]
pub(super) struct Cells {
    /// Whether the row has a value.
    pub valid: Vec<bool>,
    /// Numbers; 0 where there is none.
    pub numbers: Vec<i128>,
    /// Texts end to end; numbers too where they were rendered.
    pub bytes: Vec<u8>,
    /// Where each text ends; empty where the column holds numbers.
    pub ends: Vec<usize>,
}

impl Cells {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// Whether the cells are texts.
    pub fn is_text(&self) -> bool {
        self.ends.len() == self.valid.len()
    }

    /// Start and end of a text.
    #[inline]
    pub fn span(&self, row: usize) -> (usize, usize) {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        (start, self.ends[row])
    }

    /// A text.
    pub fn text(&self, row: usize) -> &str {
        let (start, end) = self.span(row);
        std::str::from_utf8(&self.bytes[start..end]).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.valid.clear();
        self.numbers.clear();
        self.bytes.clear();
        self.ends.clear();
    }

    /// All texts as one, to cut them out by their spans; none where the cells hold numbers.
    pub fn whole(&self) -> &str {
        simdutf8::basic::from_utf8(&self.bytes).unwrap_or_default()
    }

    /// Puts the mark of an undecodable byte into texts that are not UTF-8.
    pub fn mend(&mut self) {
        if self.bytes.is_ascii() {
            return;
        }
        let sound = |row| {
            let (start, end) = self.span(row);
            std::str::from_utf8(&self.bytes[start..end]).is_ok()
        };
        if (0..self.len()).all(sound) {
            return;
        }
        let mut mended = Self::default();
        for row in 0..self.len() {
            let (start, end) = self.span(row);
            mended.push_text(&self.bytes[start..end]);
        }
        (self.bytes, self.ends) = (mended.bytes, mended.ends);
    }

    fn push_text(&mut self, bytes: &[u8]) {
        if bytes.is_ascii() {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.bytes.extend_from_slice(String::from_utf8_lossy(bytes).as_bytes());
        }
        self.ends.push(self.bytes.len());
    }

    /// Writes numbers as texts.
    pub fn render(&mut self, meaning: Meaning, minor: u32) {
        if self.is_text() {
            return;
        }
        for row in 0..self.valid.len() {
            if self.valid[row] {
                match (meaning, u64::try_from(self.numbers[row])) {
                    (Meaning::Whole { .. }, Ok(number)) => {
                        let digits = &mut [0; DIGITS];
                        self.bytes.extend_from_slice(decimal(number, digits).as_bytes());
                    }
                    _ => {
                        let text = meaning.text(self.numbers[row], minor);
                        self.bytes.extend_from_slice(text.as_bytes());
                    }
                }
            }
            self.ends.push(self.bytes.len());
        }
    }
}

/// Decodes one column of one row group.
pub(super) enum Decoder {
    /// Texts that we take from the pages ourselves.
    Texts(Box<TextColumn>),
    /// Whatever else, by the library.
    Values {
        /// The library's reader.
        reader: Box<ColumnReader>,
        /// What its values are.
        meaning: Meaning,
        /// The level of a row that has a value.
        top_level: i16,
        /// Room for levels.
        levels: Vec<i16>,
    },
}

impl Decoder {
    /// Opens a column of a row group; its compressed bytes are read at once.
    pub fn open(
        source: &dyn Source,
        group: &RowGroupMetaData,
        leaf: &Leaf,
        cell_bytes: usize,
    ) -> Result<Self> {
        let column = group.column(leaf.index);
        let (start, length) = column.byte_range();
        let part = Part { start, bytes: range(source, start, length)? };
        let rows = usize::try_from(group.num_rows())?;
        let pages = SerializedPageReader::new(Arc::new(part), column, rows, None)?;
        let top_level = leaf.descriptor.max_def_level();
        if texts::readable(column, leaf) {
            let column = TextColumn::new(Box::new(pages), top_level > 0, cell_bytes);
            return Ok(Self::Texts(Box::new(column)));
        }
        Ok(Self::Values {
            reader: Box::new(get_column_reader(leaf.descriptor.clone(), Box::new(pages))),
            meaning: leaf.meaning,
            top_level,
            levels: Vec::new(),
        })
    }

    /// Decodes up to `count` more rows into `cells`.
    pub fn next(&mut self, count: usize, cells: &mut Cells) -> Result<()> {
        cells.clear();
        let (reader, meaning, top, levels) = match self {
            Self::Texts(column) => return column.next(count, cells),
            Self::Values { reader, meaning, top_level, levels } => {
                (reader, *meaning, *top_level, levels)
            }
        };
        let unsigned = meaning == Meaning::Whole { unsigned: true };
        match &mut **reader {
            ColumnReader::BoolColumnReader(reader) => {
                numbers(reader, count, top, levels, cells, |it| i128::from(*it))
            }
            ColumnReader::Int32ColumnReader(reader) => {
                let value =
                    |it: &i32| if unsigned { i128::from(*it as u32) } else { i128::from(*it) };
                numbers(reader, count, top, levels, cells, value)
            }
            ColumnReader::Int64ColumnReader(reader) => {
                let value =
                    |it: &i64| if unsigned { i128::from(*it as u64) } else { i128::from(*it) };
                numbers(reader, count, top, levels, cells, value)
            }
            ColumnReader::Int96ColumnReader(reader) => {
                numbers(reader, count, top, levels, cells, |it| i128::from(it.to_millis()))
            }
            ColumnReader::FloatColumnReader(reader) => {
                texts(reader, count, top, levels, cells, |it, out| {
                    out.push_text(it.to_string().as_bytes());
                })
            }
            ColumnReader::DoubleColumnReader(reader) => {
                texts(reader, count, top, levels, cells, |it, out| {
                    out.push_text(float_text(*it).as_bytes());
                })
            }
            ColumnReader::ByteArrayColumnReader(reader) => match meaning {
                Meaning::Decimal(_) => {
                    numbers(reader, count, top, levels, cells, |it| big_endian(it.data()))
                }
                _ => texts(reader, count, top, levels, cells, |it, out| out.push_text(it.data())),
            },
            ColumnReader::FixedLenByteArrayColumnReader(reader) => match meaning {
                Meaning::Decimal(_) => {
                    numbers(reader, count, top, levels, cells, |it| big_endian(it.data()))
                }
                _ => texts(reader, count, top, levels, cells, |it, out| out.push_text(it.data())),
            },
        }
    }
}

/// A signed number of any length; one beyond 128 bits is as good as the largest.
fn big_endian(bytes: &[u8]) -> i128 {
    let negative = bytes.first().is_some_and(|it| it & 0x80 != 0);
    let fill = if negative { 0xFF } else { 0 };
    let spare = bytes.len().saturating_sub(16);
    if bytes[..spare].iter().any(|it| *it != fill) {
        return if negative { i128::MIN } else { i128::MAX };
    }
    let mut whole = [fill; 16];
    let tail = &bytes[spare..];
    whole[16 - tail.len()..].copy_from_slice(tail);
    i128::from_be_bytes(whole)
}

/// Reads records, and notes which have a value.
fn records<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    top: i16,
    levels: &mut Vec<i16>,
    valid: &mut Vec<bool>,
) -> Result<Vec<T::T>> {
    levels.clear();
    let mut values = Vec::with_capacity(count);
    let mut got = 0;
    while got < count {
        let defined = (top > 0).then_some(&mut *levels);
        let (records, _, _) = reader.read_records(count - got, defined, None, &mut values)?;
        if records == 0 {
            break;
        }
        got += records;
    }
    if top > 0 {
        valid.extend(levels.iter().map(|level| *level == top));
    } else {
        valid.resize(got, true);
    }
    let named = valid.iter().filter(|it| **it).count();
    if valid.len() != got || named != values.len() {
        return Err(ParquetError::General("a column holds fewer values than it states".into()));
    }
    Ok(values)
}

fn numbers<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    top: i16,
    levels: &mut Vec<i16>,
    cells: &mut Cells,
    value: impl Fn(&T::T) -> i128,
) -> Result<()> {
    let values = records(reader, count, top, levels, &mut cells.valid)?;
    if values.len() == cells.valid.len() {
        cells.numbers.extend(values.iter().map(value));
        return Ok(());
    }
    let mut values = values.iter();
    let numbers =
        cells.valid.iter().map(|valid| if *valid { values.next().map_or(0, &value) } else { 0 });
    cells.numbers.extend(numbers);
    Ok(())
}

fn texts<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    top: i16,
    levels: &mut Vec<i16>,
    cells: &mut Cells,
    push: impl Fn(&T::T, &mut Cells),
) -> Result<()> {
    let values = records(reader, count, top, levels, &mut cells.valid)?;
    let mut values = values.iter();
    for row in 0..cells.valid.len() {
        let value = if cells.valid[row] { values.next() } else { None };
        match value {
            Some(value) => push(value, cells),
            None => cells.ends.push(cells.bytes.len()),
        }
    }
    Ok(())
}
