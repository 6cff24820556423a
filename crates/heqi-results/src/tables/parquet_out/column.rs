//! One column of a piece, encoded as it is filled.
//!
//! The pages are laid out here and written by the library. A plain column is the page itself,
//! with the lengths of texts before them; a coded one keeps its distinct values and runs of equal
//! ones, so a column that says `settled` sixty thousand times costs a few bytes and no hashing
//! per row.
//!
//! Source: Apache Parquet format, "Encodings": PLAIN, `DELTA_LENGTH_BYTE_ARRAY`,
//! `RLE_DICTIONARY`.

use bytes::Bytes;
use hashbrown::HashTable;
use heqi_domain::{DIGITS, decimal};
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use twox_hash::XxHash3_64;

/// The encoded bytes of a column chunk and what is to say about them.
pub type Chunk = (Bytes, ColumnCloseResult);

/// A column as it is filled.
pub struct Column {
    /// Values of eight bytes instead of texts.
    fixed: bool,
    rows: u32,
    /// The values end to end, or the distinct values in the encoding PLAIN.
    plain: Vec<u8>,
    /// For a plain column of texts: how long each is.
    lengths: Vec<u32>,
    /// For a coded column: which value how many times, and where each value is known.
    coded: Option<Coded>,
}

#[derive(Default)]
struct Coded {
    /// Codes by the hash of their value.
    codes: HashTable<u32>,
    /// Per code: where its value ends in the dictionary.
    ends: Vec<u32>,
    runs: Vec<Run>,
    /// The codes of the two values seen last: most values repeat.
    recent: [u32; 2],
}

/// Codes of rows that follow each other.
enum Run {
    /// One code, so many times.
    Same(u32, u32),
    /// Two codes in turn, so many times four: a multiple of eight rows can be packed.
    InTurn([u32; 2], u32),
}

impl Column {
    /// A column of ever new values.
    pub fn plain(fixed: bool) -> Self {
        Self { fixed, rows: 0, plain: Vec::new(), lengths: Vec::new(), coded: None }
    }

    /// A column of few values.
    pub fn coded(fixed: bool) -> Self {
        Self { coded: Some(Coded::default()), ..Self::plain(fixed) }
    }

    /// Whether it holds values of eight bytes.
    pub const fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// Makes room for `rows` more values of `bytes` bytes each.
    pub fn reserve(&mut self, rows: usize, bytes: usize) {
        match &mut self.coded {
            None => {
                self.plain.reserve(rows * bytes);
                self.lengths.reserve(if self.fixed { 0 } else { rows });
            }
            Some(coded) => coded.runs.reserve(rows),
        }
    }

    /// Appends a text, or the eight bytes of a fixed value.
    pub fn push(&mut self, value: &[u8]) {
        self.push_times(value, 1);
    }

    /// Appends a number in decimal form.
    pub fn push_number(&mut self, number: u32) {
        self.push(decimal(number.into(), &mut [0; DIGITS]).as_bytes());
    }

    /// Appends a value many times over.
    pub fn push_times(&mut self, value: &[u8], times: u32) {
        if times == 0 {
            return;
        }
        self.rows += times;
        match &mut self.coded {
            None => {
                (0..times).for_each(|_| self.plain.extend_from_slice(value));
                if !self.fixed {
                    self.lengths.resize(self.rows as usize, value.len() as u32);
                }
            }
            Some(coded) => {
                let code = coded.code(value, &mut self.plain, self.fixed);
                coded.push(code, times);
            }
        }
    }

    /// Appends two values in turn, `times` times each.
    pub fn push_in_turn(&mut self, values: [&[u8]; 2], times: u32) {
        let Some(coded) = &mut self.coded else {
            return (0..times).for_each(|_| values.iter().for_each(|value| self.push(value)));
        };
        self.rows += 2 * times;
        let codes = values.map(|value| coded.code(value, &mut self.plain, self.fixed));
        if times >= 4 {
            coded.runs.push(Run::InTurn(codes, times / 4));
        }
        for _ in 0..times % 4 {
            codes.iter().for_each(|code| coded.push(*code, 1));
        }
    }

    /// The column chunk.
    pub fn chunk(self, descriptor: ColumnDescPtr) -> Result<Chunk, ParquetError> {
        let mut sink = TrackedWrite::new(Vec::with_capacity(self.plain.len() + 256));
        let mut writer = SerializedPageWriter::new(&mut sink);
        let mut metadata = ColumnChunkMetaData::builder(descriptor)
            .set_compression(Compression::UNCOMPRESSED)
            .set_num_values(self.rows.into());
        let (data, encoding) = match self.coded {
            None if self.fixed => (self.plain, Encoding::PLAIN),
            None => {
                let mut data = Vec::with_capacity(self.plain.len() + self.lengths.len() + 32);
                push_deltas(&mut data, &self.lengths);
                data.extend_from_slice(&self.plain);
                (data, Encoding::DELTA_LENGTH_BYTE_ARRAY)
            }
            Some(coded) => {
                let count = coded.ends.len() as u32;
                let page = Page::DictionaryPage {
                    buf: Bytes::from(self.plain),
                    num_values: count,
                    encoding: Encoding::PLAIN,
                    is_sorted: false,
                };
                let offset = write_page(&mut writer, page)?;
                metadata = metadata.set_dictionary_page_offset(Some(offset));
                (run_lengths(&coded.runs, count), Encoding::RLE_DICTIONARY)
            }
        };
        let page = Page::DataPage {
            buf: Bytes::from(data),
            num_values: self.rows,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let offset = write_page(&mut writer, page)?;
        writer.close()?;
        let bytes = sink.into_inner()?;
        let metadata = metadata
            .set_data_page_offset(offset)
            .set_encodings(vec![encoding, Encoding::PLAIN, Encoding::RLE])
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(bytes.len() as i64)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows.into(),
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(bytes), close))
    }
}

impl Coded {
    /// The code of a value, which enters the dictionary if it is new.
    fn code(&mut self, value: &[u8], dictionary: &mut Vec<u8>, fixed: bool) -> u32 {
        let count = self.ends.len() as u32;
        for _ in 0..2 {
            if count > 0 && *known(&self.ends, dictionary, self.recent[0], fixed) == *value {
                return self.recent[0];
            }
            self.recent.swap(0, 1);
        }
        let hash = XxHash3_64::oneshot(value);
        let same = |code: &u32| *known(&self.ends, dictionary, *code, fixed) == *value;
        let found = self.codes.find(hash, same).copied();
        let code = found.unwrap_or_else(|| {
            push_plain(dictionary, value, fixed);
            self.ends.push(dictionary.len() as u32);
            let ends = &self.ends;
            let hash_of = |code: &u32| XxHash3_64::oneshot(known(ends, dictionary, *code, fixed));
            self.codes.insert_unique(hash, count, hash_of);
            count
        });
        // What was seen last comes first; what was seen before it stays.
        self.recent = [code, self.recent[0]];
        code
    }

    fn push(&mut self, code: u32, times: u32) {
        match self.runs.last_mut() {
            Some(Run::Same(last, length)) if *last == code => *length += times,
            _ => self.runs.push(Run::Same(code, times)),
        }
    }
}

/// A value of a dictionary by its code.
fn known<'d>(ends: &[u32], dictionary: &'d [u8], code: u32, fixed: bool) -> &'d [u8] {
    let from = code.checked_sub(1).map_or(0, |before| ends[before as usize]) as usize;
    let head = if fixed { 0 } else { 4 };
    &dictionary[from + head..ends[code as usize] as usize]
}

fn push_plain(out: &mut Vec<u8>, value: &[u8], fixed: bool) {
    if !fixed {
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    out.extend_from_slice(value);
}

/// The bit width, then the runs: equal codes as length (shifted by one) and code in whole bytes,
/// alternating ones as eights (shifted by one, odd) and packed bits.
fn run_lengths(runs: &[Run], distinct: u32) -> Vec<u8> {
    let width = (32 - distinct.saturating_sub(1).leading_zeros()).max(1);
    let bytes = width.div_ceil(8) as usize;
    let mut out = Vec::with_capacity(1 + runs.len() * (bytes + 1));
    out.push(width as u8);
    for run in runs {
        match run {
            Run::Same(code, length) => {
                push_varint(&mut out, u64::from(*length) << 1);
                out.extend_from_slice(&code.to_le_bytes()[..bytes]);
            }
            Run::InTurn(codes, eights) => {
                push_varint(&mut out, u64::from(*eights) << 1 | 1);
                let packed = eight_in_turn(*codes, width);
                (0..*eights).for_each(|_| out.extend_from_slice(&packed));
            }
        }
    }
    out
}

/// Eight codes of `width` bits, two in turn, lowest bit first.
fn eight_in_turn(codes: [u32; 2], width: u32) -> Vec<u8> {
    let mut packed = vec![0; width as usize];
    for at in 0..8 * width {
        let (place, bit) = (at / width, at % width);
        let set = codes[(place % 2) as usize] >> bit & 1;
        packed[(at / 8) as usize] |= (set as u8) << (at % 8);
    }
    packed
}

/// Deltas of a block, and of one of its parts, which have a width of their own.
const DELTAS: usize = 128;
const PART: usize = 32;

/// Numbers in the encoding `DELTA_BINARY_PACKED`.
fn push_deltas(out: &mut Vec<u8>, numbers: &[u32]) {
    let first = numbers.first().copied().unwrap_or(0);
    push_varint(out, DELTAS as u64);
    push_varint(out, (DELTAS / PART) as u64);
    push_varint(out, numbers.len() as u64);
    push_varint(out, zigzag(first.into()));
    let deltas = numbers.windows(2).map(|two| i64::from(two[1]) - i64::from(two[0]));
    let deltas: Vec<i64> = deltas.collect();
    for block in deltas.chunks(DELTAS) {
        let least = block.iter().copied().min().unwrap_or(0);
        push_varint(out, zigzag(least));
        let widths = out.len();
        out.resize(widths + DELTAS / PART, 0);
        for (at, part) in block.chunks(PART).enumerate() {
            let most = part.iter().copied().max().unwrap_or(least);
            let width = 64 - ((most - least) as u64).leading_zeros();
            out[widths + at] = width as u8;
            push_packed(out, part.iter().map(|delta| (delta - least) as u64), width);
        }
    }
}

/// A part of [`PART`] numbers of `width` bits, at most 33, lowest bit first; zeros where there
/// are fewer.
fn push_packed(out: &mut Vec<u8>, numbers: impl Iterator<Item = u64>, width: u32) {
    let end = out.len() + PART / 8 * width as usize;
    let (mut bits, mut held) = (0_u64, 0);
    for number in numbers {
        bits |= number << held;
        held += width;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
    out.push(bits as u8);
    out.resize(end, 0);
}

/// Signs to the lowest bit.
const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_page<W: std::io::Write + Send>(
    writer: &mut SerializedPageWriter<'_, W>,
    page: Page,
) -> Result<i64, ParquetError> {
    let size = page.buffer().len();
    let spec = writer.write_page(CompressedPage::new(page, size))?;
    Ok(spec.offset as i64)
}
