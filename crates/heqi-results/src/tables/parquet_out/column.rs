//! One column of a piece, encoded as it is filled.
//!
//! The pages are laid out here and written by the library. A plain column is the page itself;
//! a coded one keeps its distinct values and runs of equal ones, so a column that says `settled`
//! sixty thousand times costs a few bytes and no hashing per row.
//!
//! Source: Apache Parquet format, "Encodings": PLAIN, `RLE_DICTIONARY`.

use bytes::Bytes;
use hashbrown::HashMap;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// The encoded bytes of a column chunk and what is to say about them.
pub type Chunk = (Bytes, ColumnCloseResult);

/// A column as it is filled.
pub struct Column {
    /// Values of eight bytes instead of texts.
    fixed: bool,
    rows: u32,
    /// The values, or the distinct values, in the encoding PLAIN.
    plain: Vec<u8>,
    /// For a coded column: which value how many times, and where each value is known.
    coded: Option<Coded>,
}

#[derive(Default)]
struct Coded {
    codes: HashMap<Box<[u8]>, u32>,
    runs: Vec<(u32, u32)>,
    /// The two values seen last and their codes: sides alternate, most else repeats.
    recent: [(Box<[u8]>, u32); 2],
}

impl Column {
    /// A column of ever new values.
    pub fn plain(fixed: bool) -> Self {
        Self { fixed, rows: 0, plain: Vec::new(), coded: None }
    }

    /// A column of few values.
    pub fn coded(fixed: bool) -> Self {
        Self { fixed, rows: 0, plain: Vec::new(), coded: Some(Coded::default()) }
    }

    /// Whether it holds values of eight bytes.
    pub const fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// Makes room for `rows` more values of `bytes` bytes each.
    pub fn reserve(&mut self, rows: usize, bytes: usize) {
        match &mut self.coded {
            None => self.plain.reserve(rows * bytes),
            Some(coded) => coded.runs.reserve(rows),
        }
    }

    /// Appends a text, or the eight bytes of a fixed value.
    pub fn push(&mut self, value: &[u8]) {
        self.push_times(value, 1);
    }

    /// Appends a value many times over.
    pub fn push_times(&mut self, value: &[u8], times: u32) {
        if times == 0 {
            return;
        }
        self.rows += times;
        match &mut self.coded {
            None => (0..times).for_each(|_| push_plain(&mut self.plain, value, self.fixed)),
            Some(coded) => coded.push(value, times, &mut self.plain, self.fixed),
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
            None => (self.plain, Encoding::PLAIN),
            Some(coded) => {
                let count = coded.codes.len() as u32;
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
    fn push(&mut self, value: &[u8], times: u32, dictionary: &mut Vec<u8>, fixed: bool) {
        if let Some((code, length)) = self.runs.last_mut() {
            if *self.recent[0].0 == *value {
                debug_assert_eq!(*code, self.recent[0].1);
                *length += times;
                return;
            }
            if *self.recent[1].0 == *value && self.codes.len() > 1 {
                self.recent.swap(0, 1);
                self.runs.push((self.recent[0].1, times));
                return;
            }
        }
        let next = self.codes.len() as u32;
        let code = match self.codes.get(value) {
            Some(code) => *code,
            None => {
                push_plain(dictionary, value, fixed);
                self.codes.insert(value.into(), next);
                next
            }
        };
        self.recent.swap(0, 1);
        self.recent[0] = (value.into(), code);
        self.runs.push((code, times));
    }
}

fn push_plain(out: &mut Vec<u8>, value: &[u8], fixed: bool) {
    if !fixed {
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    out.extend_from_slice(value);
}

/// The bit width, then per run its length (shifted by one) and its code in whole bytes.
fn run_lengths(runs: &[(u32, u32)], distinct: u32) -> Vec<u8> {
    let width = (32 - distinct.saturating_sub(1).leading_zeros()).max(1);
    let bytes = width.div_ceil(8) as usize;
    let mut out = Vec::with_capacity(1 + runs.len() * (bytes + 1));
    out.push(width as u8);
    for (code, length) in runs {
        let mut header = u64::from(*length) << 1;
        while header >= 0x80 {
            out.push(header as u8 | 0x80);
            header >>= 7;
        }
        out.push(header as u8);
        out.extend_from_slice(&code.to_le_bytes()[..bytes]);
    }
    out
}

fn write_page<W: std::io::Write + Send>(
    writer: &mut SerializedPageWriter<'_, W>,
    page: Page,
) -> Result<i64, ParquetError> {
    let size = page.buffer().len();
    let spec = writer.write_page(CompressedPage::new(page, size))?;
    Ok(spec.offset as i64)
}
