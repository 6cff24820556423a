//! Physical lines of a text source, decoded, with bounded memory and a look ahead.

use std::collections::VecDeque;
use std::io;

use encoding_rs::{CoderResult, Decoder, Encoding};
use heqi_domain::Progress;

use crate::{Format, FormatName, IntakeError, Source};

/// Bytes read at a time: a head, which is looked at several times over, needs no more.
const BLOCK: usize = 64 << 10;

/// A line longer than this is not a line of a ledger.
pub(crate) const MAX_LINE: usize = 4 << 20;

/// Where the bytes come from: a source at offsets, or an inflater.
pub(crate) enum Bytes<'a> {
    /// A file.
    Plain { source: &'a dyn Source, offset: u64 },
    /// A compressed stream, already bounded.
    Stream(Box<dyn io::Read + 'a>),
}

impl io::Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain { source, offset } => {
                let count = source.read_at(*offset, buffer)?;
                *offset += count as u64;
                Ok(count)
            }
            Self::Stream(stream) => stream.read(buffer),
        }
    }
}

/// Lines with their physical numbers, line breaks included.
pub(crate) struct Lines<'a> {
    bytes: Bytes<'a>,
    name: &'a str,
    progress: &'a dyn Progress,
    decoder: Decoder,
    block: Vec<u8>,
    text: String,
    start: usize,
    ended: bool,
    /// Bound of a compressed stream, for its message.
    limit: u64,
    /// Old Macintosh files break lines with CR alone.
    cr_only: bool,
    row: u64,
    ahead: VecDeque<String>,
    current: String,
}

impl<'a> Lines<'a> {
    /// Lines of `bytes` in `encoding`; a byte-order mark of that encoding is taken off. `limit`
    /// is the bound that a compressed stream keeps.
    pub fn new(
        bytes: Bytes<'a>,
        name: &'a str,
        encoding: &'static Encoding,
        progress: &'a dyn Progress,
        limit: u64,
    ) -> Self {
        Self {
            bytes,
            name,
            progress,
            decoder: encoding.new_decoder_with_bom_removal(),
            block: vec![0; BLOCK],
            text: String::new(),
            start: 0,
            ended: false,
            limit,
            cr_only: false,
            row: 0,
            ahead: VecDeque::new(),
            current: String::new(),
        }
    }

    /// The next line and its number.
    pub fn next_line(&mut self) -> Result<Option<(u64, &str)>, IntakeError> {
        if let Some(line) = self.ahead.pop_front() {
            self.current = line;
        } else {
            let Some((start, end)) = self.cut()? else { return Ok(None) };
            self.row += 1;
            return Ok(Some((self.row, &self.text[start..end])));
        }
        self.row += 1;
        Ok(Some((self.row, &self.current)))
    }

    /// The line `distance` lines after the current one.
    pub fn peek(&mut self, distance: usize) -> Result<Option<&str>, IntakeError> {
        while self.ahead.len() <= distance {
            let Some((start, end)) = self.cut()? else { return Ok(None) };
            self.ahead.push_back(self.text[start..end].to_owned());
        }
        Ok(self.ahead.get(distance).map(String::as_str))
    }

    /// Passes over lines that were looked at.
    pub fn consume(&mut self, count: usize) {
        self.ahead.drain(..count.min(self.ahead.len()));
        self.row += count as u64;
    }

    /// Span of the next line in `text`.
    fn cut(&mut self) -> Result<Option<(usize, usize)>, IntakeError> {
        let mut searched = self.start;
        loop {
            let end_mark = if self.cr_only { b'\r' } else { b'\n' };
            if let Some(at) = memchr::memchr(end_mark, &self.text.as_bytes()[searched..]) {
                let (start, end) = (self.start, searched + at + 1);
                self.start = end;
                return Ok(Some((start, end)));
            }
            searched = self.text.len();
            if self.ended {
                let start = std::mem::replace(&mut self.start, searched);
                return Ok((start < searched).then_some((start, searched)));
            }
            if searched - self.start > MAX_LINE {
                let what = format!("the length of row {}", self.row + self.ahead.len() as u64 + 1);
                let limit = MAX_LINE as u64;
                return Err(IntakeError::TooLarge { name: self.name.into(), what, limit });
            }
            searched -= self.start;
            self.text.drain(..self.start);
            self.start = 0;
            self.fill()?;
        }
    }

    fn failed(&self, source: io::Error) -> IntakeError {
        let name = self.name.to_owned();
        match (source.kind(), &self.bytes) {
            (io::ErrorKind::FileTooLarge, _) => {
                IntakeError::TooLarge { name, what: "the unpacked size".into(), limit: self.limit }
            }
            (_, Bytes::Stream(_)) => {
                let (format, what) = (FormatName(Format::Csv), format!("gzip: {source}"));
                IntakeError::Damaged { name, format, what }
            }
            _ => IntakeError::Io { name, source },
        }
    }

    /// Decodes one more block.
    fn fill(&mut self) -> Result<(), IntakeError> {
        use io::Read as _;
        if self.progress.cancelled() {
            return Err(IntakeError::Cancelled);
        }
        let count = self.bytes.read(&mut self.block).map_err(|it| self.failed(it))?;
        self.progress.advance(count as u64);
        self.ended = count == 0;
        let first = self.row == 0 && self.text.is_empty() && self.ahead.is_empty();
        let mut input = &self.block[..count];
        loop {
            let need = self.decoder.max_utf8_buffer_length(input.len()).unwrap_or(BLOCK * 4);
            self.text.reserve(need);
            let (result, read, _) =
                self.decoder.decode_to_string(input, &mut self.text, self.ended);
            input = &input[read..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if first {
            self.cr_only = self.text.contains('\r') && !self.text.contains('\n');
        }
        Ok(())
    }
}
