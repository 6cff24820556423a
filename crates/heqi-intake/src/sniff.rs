//! What a file is, by its first bytes and never by its name.

use crate::encoding::{self, Found};
use crate::{Format, FormatName, IntakeError, Source, gzip, html};

/// Bytes looked at to tell format, encoding and separator.
pub(crate) const SAMPLE: usize = 256 << 10;

/// What the file is.
pub(crate) enum Kind {
    /// Delimited text.
    Text(TextKind),
    /// An HTML document with tables.
    Html(Found),
    /// A ZIP container; which workbook it holds is seen inside.
    Zip,
    /// A workbook of Excel 97.
    Xls,
    /// Parquet.
    Parquet,
}

/// What is known of a text file before it is taken apart.
pub(crate) struct TextKind {
    /// Its encoding.
    pub found: Found,
    /// It is packed with gzip.
    pub gzip: bool,
    /// The first bytes, inflated.
    pub sample: Vec<u8>,
}

const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Formats that are not tables, with what to call them.
const OTHERS: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
    (b"GIF8", "a picture"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xBC\xAF", "a 7-Zip archive"),
    (b"SQLite format 3", "a database"),
    (b"\x7FELF", "a program"),
    (b"MZ", "a program"),
    (b"{\\rtf", "an RTF document"),
];

/// Tells what the file is.
///
/// # Errors
/// [`IntakeError::Empty`], [`IntakeError::Unsupported`], [`IntakeError::Password`],
/// [`IntakeError::Damaged`] or [`IntakeError::Io`].
pub(crate) fn sniff(source: &dyn Source, name: &str) -> Result<Kind, IntakeError> {
    let io = |source| IntakeError::Io { name: name.to_owned(), source };
    let mut sample = vec![0; SAMPLE.min(source.len() as usize)];
    let count = read_full(source, 0, &mut sample).map_err(io)?;
    sample.truncate(count);
    if sample.iter().all(|it| it.is_ascii_whitespace() || matches!(it, 0xEF | 0xBB | 0xBF)) {
        return Err(IntakeError::Empty { name: name.to_owned() });
    }
    if sample.starts_with(b"PAR1") {
        return Ok(Kind::Parquet);
    }
    if sample.starts_with(b"PK\x03\x04") || sample.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Zip);
    }
    if sample.starts_with(OLE) {
        return ole(source, name);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Err(unsupported(name, what));
    }
    let gzip = gzip::is_gzip(&sample);
    if gzip {
        sample = inflated(source, name)?;
    }
    let whole = !gzip && source.len() == sample.len() as u64;
    let found = encoding::detect(&sample, whole)
        .ok_or_else(|| unsupported(name, "bytes that are no text in any known encoding"))?;
    let text = found.encoding.decode(&sample).0;
    if html::is_html(&text) {
        let kind = TextKind { found, gzip, sample };
        return Ok(Kind::Html(later(source, name, &kind)?.unwrap_or(kind.found)));
    }
    if text.trim_start().starts_with("<?xml") {
        return Err(unsupported(name, "an XML document"));
    }
    Ok(Kind::Text(TextKind { found, gzip, sample }))
}

fn unsupported(name: &str, what: &str) -> IntakeError {
    IntakeError::Unsupported { name: name.to_owned(), what: what.to_owned() }
}

/// Reads until the buffer is full or the source ends.
pub(crate) fn read_full(
    source: &dyn Source,
    offset: u64,
    buffer: &mut [u8],
) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read_at(offset + filled as u64, &mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn inflated(source: &dyn Source, name: &str) -> Result<Vec<u8>, IntakeError> {
    use std::io::Read as _;
    let limits = crate::Limits { inflated_bytes: u64::MAX, ..crate::Limits::default() };
    let mut sample = Vec::new();
    let mut stream = gzip::bounded(source, &limits).take(SAMPLE as u64);
    stream.read_to_end(&mut sample).map_err(|error| IntakeError::Damaged {
        name: name.to_owned(),
        format: FormatName(Format::Csv),
        what: format!("gzip: {error}"),
    })?;
    Ok(sample)
}

/// Where the sample is nothing but ASCII, the first bytes beyond ASCII decide; they may lie at
/// the end of a large file. `None`: there are none, or they are UTF-8, so that `text` stands.
pub(crate) fn later(
    source: &dyn Source,
    name: &str,
    text: &TextKind,
) -> Result<Option<Found>, IntakeError> {
    let whole = source.len() <= text.sample.len() as u64;
    if !text.found.ascii || text.gzip || whole {
        return Ok(None);
    }
    let io = |source| IntakeError::Io { name: name.to_owned(), source };
    let mut block = vec![0; 1 << 20];
    let mut offset = SAMPLE as u64;
    loop {
        let count = read_full(source, offset, &mut block).map_err(io)?;
        if count == 0 {
            return Ok(None);
        }
        if let Some(at) = block[..count].iter().position(|it| !it.is_ascii()) {
            // From the line with the first such byte on.
            let start = block[..at].iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
            let mut window = vec![0; SAMPLE];
            let count = read_full(source, offset + start as u64, &mut window).map_err(io)?;
            let found = encoding::detect(&window[..count], false);
            return Ok(found.filter(|it| it.encoding != encoding_rs::UTF_8));
        }
        offset += count as u64;
    }
}

/// An OLE container: a workbook of Excel 97, or a newer one that is encrypted.
fn ole(source: &dyn Source, name: &str) -> Result<Kind, IntakeError> {
    let io = |source| IntakeError::Io { name: name.to_owned(), source };
    if source.len() < 1536 {
        let (format, what) = (FormatName(Format::Xls), "it is cut off".to_owned());
        return Err(IntakeError::Damaged { name: name.to_owned(), format, what });
    }
    let wide = |text: &str| text.bytes().flat_map(|it| [it, 0]).collect::<Vec<u8>>();
    let names = [wide("EncryptedPackage"), wide("Workbook"), wide("Book"), wide("WordDocument")];
    let mut seen = [false; 4];
    let mut block = vec![0; 1 << 20];
    let mut offset = 0;
    loop {
        let count = read_full(source, offset, &mut block).map_err(io)?;
        for (seen, word) in seen.iter_mut().zip(&names) {
            *seen |= memchr::memmem::find(&block[..count], word).is_some();
        }
        if count < block.len() || seen[0] {
            break;
        }
        // Blocks overlap by the longest name.
        offset += (count - 64) as u64;
    }
    let [encrypted, workbook, book, word] = seen;
    if encrypted {
        return Err(IntakeError::Password { name: name.to_owned() });
    }
    if word && !workbook && !book {
        return Err(unsupported(name, "a Word document"));
    }
    Ok(Kind::Xls)
}
