//! The bounds of a packed workbook, checked by inflating it once before anything parses it.
//!
//! What the directory says about sizes is not believed: bytes are counted as they come out.
//! Pictures and charts of honest workbooks pass; a part that inflates to hundreds of times its
//! packed size beyond 64 MiB does not.

use std::io::{BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{Format, FormatName, IntakeError, Limits, Source};

/// A part may be this many times its packed size once it is larger than [`RATIO_FROM`].
const RATIO: u64 = 250;

/// Inflated bytes from which the ratio counts.
const RATIO_FROM: u64 = 64 << 20;

/// Shared strings are kept in memory by the workbook reader.
const SHARED_STRINGS: u64 = 256 << 20;

/// Cells of an ODS sheet, repeated ones counted, kept in memory by the workbook reader.
const ODS_CELLS: u64 = 10_000_000;

/// A source as a seekable stream.
#[derive(Clone)]
pub(crate) struct Seekable<'a> {
    source: &'a dyn Source,
    position: u64,
}

impl<'a> Seekable<'a> {
    /// At the first byte.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, position: 0 }
    }
}

impl Read for Seekable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read_at(self.position, buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Seekable<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.source.len().checked_add_signed(by),
        };
        let outside =
            || std::io::Error::new(std::io::ErrorKind::InvalidInput, "seek before byte 0");
        self.position = target.ok_or_else(outside)?;
        Ok(self.position)
    }
}

/// Checks the bounds and says which workbook it is.
///
/// # Errors
/// [`IntakeError::TooLarge`], [`IntakeError::Password`], [`IntakeError::Damaged`], or
/// [`IntakeError::Unsupported`] for an archive that holds no workbook.
pub(crate) fn check(
    source: &dyn Source,
    name: &str,
    limits: &Limits,
) -> Result<Format, IntakeError> {
    let too_large = |what: String, limit: u64| {
        Err(IntakeError::TooLarge { name: name.to_owned(), what, limit })
    };
    let stated = stated_entries(source);
    if stated > limits.entries as u64 {
        return too_large(format!("the number of parts ({stated})"), limits.entries as u64);
    }
    let damaged = |error| damaged(name, &error);
    let mut archive = ZipArchive::new(BufReader::new(Seekable::new(source))).map_err(damaged)?;
    if archive.len() > limits.entries {
        return too_large(
            format!("the number of parts ({})", archive.len()),
            limits.entries as u64,
        );
    }
    let format = format_of(&archive).ok_or_else(|| IntakeError::Unsupported {
        name: name.to_owned(),
        what: "a ZIP archive without a workbook; unpack it and read the files one by one".into(),
    })?;
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        if entry.is_dir() {
            continue;
        }
        let part = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let packed = entry.compressed_size().min(source.len()).max(1);
        let mut seen = Part::new(format, &part);
        let mut block = vec![0; 64 << 10];
        loop {
            let count = entry.read(&mut block).map_err(|it| damaged(ZipError::Io(it)))?;
            if count == 0 {
                break;
            }
            seen.take(&block[..count]);
            total += count as u64;
            if total > limits.inflated_bytes {
                return too_large("the unpacked size".into(), limits.inflated_bytes);
            }
            if seen.bytes > RATIO_FROM && seen.bytes / packed > RATIO {
                let what = format!("the unpacked size of {part} against its packed size");
                return too_large(what, RATIO);
            }
            if part.ends_with("sharedStrings.xml") && seen.bytes > SHARED_STRINGS {
                return too_large("the texts of the workbook".into(), SHARED_STRINGS);
            }
            if seen.cells() > ODS_CELLS {
                return too_large("the number of cells".into(), ODS_CELLS);
            }
        }
        if seen.declares_entities {
            let what = format!("{part} declares XML entities, which no workbook needs");
            let format = FormatName(format);
            return Err(IntakeError::Damaged { name: name.to_owned(), format, what });
        }
    }
    Ok(format)
}

fn damaged(name: &str, error: &ZipError) -> IntakeError {
    let name = name.to_owned();
    if matches!(error, ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) {
        return IntakeError::Password { name };
    }
    let (format, what) = (FormatName(Format::Xlsx), error.to_string());
    IntakeError::Damaged { name, format, what }
}

/// What is seen of a part while it is inflated.
struct Part {
    bytes: u64,
    xml: bool,
    declares_entities: bool,
    ods: Option<OdsCells>,
}

impl Part {
    fn new(format: Format, part: &str) -> Self {
        let ods = (format == Format::Ods && part == "content.xml").then(OdsCells::default);
        let xml = part.ends_with(".xml") || part.ends_with(".rels");
        Self { bytes: 0, xml, declares_entities: false, ods }
    }

    fn take(&mut self, block: &[u8]) {
        // A document type can only stand at the beginning.
        if self.xml && self.bytes == 0 {
            let head = &block[..block.len().min(8192)];
            self.declares_entities = memchr::memmem::find(head, b"<!DOCTYPE").is_some()
                || memchr::memmem::find(head, b"<!ENTITY").is_some();
        }
        self.bytes += block.len() as u64;
        if let Some(cells) = &mut self.ods {
            cells.take(block);
        }
    }

    fn cells(&self) -> u64 {
        self.ods.as_ref().map_or(0, OdsCells::area)
    }
}

/// Cells of an ODS sheet as the reader lays them out: rows × widest row, repetitions of cells
/// that hold a value counted.
#[derive(Default)]
struct OdsCells {
    tag: Vec<u8>,
    inside: bool,
    rows: u64,
    width: u64,
    widest: u64,
    pending_rows: u64,
    pending_cells: u64,
}

impl OdsCells {
    fn take(&mut self, block: &[u8]) {
        for byte in block {
            match byte {
                b'<' => {
                    self.tag.clear();
                    self.inside = true;
                }
                b'>' if self.inside => {
                    self.inside = false;
                    let tag = std::mem::take(&mut self.tag);
                    self.tag(&tag);
                    self.tag = tag;
                }
                other if self.inside && self.tag.len() < 4096 => self.tag.push(*other),
                _ => {}
            }
        }
    }

    fn tag(&mut self, tag: &[u8]) {
        let repeated = |name: &[u8]| {
            let at = memchr::memmem::find(tag, name)? + name.len();
            let digits: String = tag[at..]
                .iter()
                .skip_while(|it| matches!(**it, b'=' | b'"' | b'\''))
                .take_while(|it| it.is_ascii_digit())
                .map(|it| char::from(*it))
                .collect();
            digits.parse::<u64>().ok()
        };
        if tag.starts_with(b"table:table-row") {
            self.width = 0;
            self.pending_cells = 0;
            self.pending_rows = repeated(b"number-rows-repeated").unwrap_or(1).min(1 << 20);
        } else if tag.starts_with(b"table:table-cell") {
            let count = repeated(b"number-columns-repeated").unwrap_or(1).min(1 << 14);
            if memchr::memmem::find(tag, b"value-type").is_some() {
                self.width = (self.width + self.pending_cells + count).min(1 << 14);
                self.pending_cells = 0;
            } else {
                self.pending_cells += count;
            }
        } else if tag.starts_with(b"/table:table-row") && self.width > 0 {
            self.rows += self.pending_rows;
            self.widest = self.widest.max(self.width);
        }
    }

    fn area(&self) -> u64 {
        self.rows * self.widest
    }
}

fn format_of<R: Read + Seek>(archive: &ZipArchive<R>) -> Option<Format> {
    let has = |name: &str| archive.index_for_name(name).is_some();
    if has("xl/workbook.xml") {
        Some(Format::Xlsx)
    } else if has("xl/workbook.bin") {
        Some(Format::Xlsb)
    } else {
        (has("content.xml") && has("mimetype")).then_some(Format::Ods)
    }
}

/// Number of entries that the end of the archive states, before any of them is read; 0 where no
/// end is found.
fn stated_entries(source: &dyn Source) -> u64 {
    const TAIL: u64 = 66 << 10;
    let start = source.len().saturating_sub(TAIL);
    let mut tail = vec![0; (source.len() - start) as usize];
    let Ok(count) = source.read_at(start, &mut tail) else { return 0 };
    let tail = &tail[..count];
    let number = |at: usize, bytes: usize| {
        let field = tail.get(at..at + bytes)?;
        Some(field.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    };
    let end = memchr::memmem::rfind(tail, b"PK\x05\x06");
    let entries = end.and_then(|at| number(at + 10, 2)).unwrap_or(0);
    if entries < 0xFFFF {
        return entries;
    }
    let wide = memchr::memmem::rfind(tail, b"PK\x06\x06");
    wide.and_then(|at| number(at + 32, 8)).unwrap_or(entries)
}
