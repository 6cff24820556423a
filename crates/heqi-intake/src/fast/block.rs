//! One block of a file in memory, with the rest of its last row.
//!
//! A block is a fixed range of the file. It owns the rows that begin behind a line feed of the
//! range (block 0 also the first row), so it must see beyond its end until the last of them is
//! complete; the row that is under way at its beginning belongs to the block before.

use super::Refusal;
use super::chunk::Chunk;
use super::order::{Before, Stop, Turn};
use super::rows::{Block, RowReader};
use super::scan::{Index, WORD};
use crate::Source;
use crate::lines::MAX_LINE;
use crate::sniff::read_full;

/// Bytes read beyond a block at first, for the rest of its last row.
const BEYOND: usize = 4 << 10;

/// Spare bytes at the end of a buffer, so that cells can be copied 16 bytes at a time.
const SPARE: usize = WORD;

/// Where blocks lie in the file.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    /// Offset of the first row of data.
    pub start: u64,
    /// Bytes of the file.
    pub end: u64,
    /// Bytes of a block, a multiple of [`WORD`].
    pub block: usize,
}

impl Grid {
    /// Number of blocks.
    pub const fn count(&self) -> usize {
        self.end.saturating_sub(self.start).div_ceil(self.block as u64) as usize
    }

    const fn offset(&self, number: usize) -> u64 {
        self.start + number as u64 * self.block as u64
    }
}

/// A block and the lines made of it; used again for the next one.
#[derive(Default)]
pub(super) struct Slot {
    bytes: Vec<u8>,
    /// Bytes of the block itself.
    own: usize,
    /// Bytes read, the block's and those beyond.
    have: usize,
    pub chunk: Chunk,
}

impl Slot {
    /// The bytes of the block itself.
    pub fn own(&self) -> &[u8] {
        &self.bytes[..self.own]
    }

    /// Reads block `number`.
    pub fn fill(&mut self, source: &dyn Source, grid: Grid, number: usize) -> std::io::Result<()> {
        let offset = grid.offset(number);
        let left = usize::try_from(grid.end - offset).unwrap_or(usize::MAX);
        self.own = left.min(grid.block);
        self.have = 0;
        self.read_to(source, offset, left.min(grid.block + BEYOND))
    }

    /// Reads on until `want` bytes are there, and ends the last line of the file.
    fn read_to(&mut self, source: &dyn Source, offset: u64, want: usize) -> std::io::Result<()> {
        let room = (want + 1).next_multiple_of(WORD) + SPARE;
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
        let count = read_full(source, offset + self.have as u64, &mut self.bytes[self.have..want])?;
        if self.have + count < want {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        self.have = want;
        // What follows is left from a block before; a line feed ends a last line without one.
        self.bytes[want..room].fill(0);
        self.bytes[want] = b'\n';
        Ok(())
    }
}

/// What it takes to turn blocks into lines.
pub(super) struct Work<'a> {
    pub source: &'a dyn Source,
    pub grid: Grid,
    pub separator: u8,
    pub turn: &'a Turn,
    pub stop: &'a Stop,
}

impl Work<'_> {
    /// Finds the cells of a block and takes its rows. `Ok(false)`: stopped.
    pub fn rows(
        &self,
        number: usize,
        slot: &mut Slot,
        index: &mut Index,
        reader: &mut RowReader<'_>,
    ) -> Result<bool, Refusal> {
        // The line feed that ends the file's last line lies behind the last block's own bytes.
        let last = usize::from(slot.have == slot.own);
        let own = (slot.own + last).next_multiple_of(WORD);
        // Most blocks begin outside quotes; if this one does not, it is looked at again.
        self.scan(slot, index, own, false);
        let newlines = index.newlines;
        let passed = self.turn.pass(number, index.inside(), newlines, self.stop);
        let Some(before) = passed else { return Ok(false) };
        if before.inside {
            self.scan(slot, index, own, true);
        }
        let plain_lines = index.newlines == index.ends().len() as u64;
        self.scan_beyond(number, slot, index, own)?;
        if index.odd {
            return Err(Refusal::Careful);
        }
        self.take(number, slot, index, reader, before, plain_lines)?;
        Ok(true)
    }

    fn scan(&self, slot: &Slot, index: &mut Index, own: usize, inside: bool) {
        index.restart(inside);
        index.scan(&slot.bytes, 0, own, self.separator);
    }

    /// Scans on until the last row of the block is complete.
    fn scan_beyond(
        &self,
        number: usize,
        slot: &mut Slot,
        index: &mut Index,
        own: usize,
    ) -> Result<(), Refusal> {
        let offset = self.grid.offset(number);
        let left = usize::try_from(self.grid.end - offset).unwrap_or(usize::MAX);
        let mut scanned = own;
        while slot.own < left && index.last_end().is_none_or(|end| end < slot.own) {
            let complete = slot.have == left;
            let until =
                if complete { (left + 1).next_multiple_of(WORD) } else { slot.have / WORD * WORD };
            if scanned < until {
                // Word by word: rows are short.
                index.scan(&slot.bytes, scanned, scanned + WORD, self.separator);
                scanned += WORD;
            } else if complete || slot.have - slot.own > MAX_LINE {
                // A quote that never closes, or a line too long.
                return Err(Refusal::Careful);
            } else {
                let want = left.min(slot.own + (slot.have - slot.own) * 2);
                slot.read_to(self.source, offset, want).map_err(Refusal::Io)?;
            }
        }
        if slot.own == left && index.inside() {
            return Err(Refusal::Careful);
        }
        Ok(())
    }

    fn take(
        &self,
        number: usize,
        slot: &mut Slot,
        index: &Index,
        reader: &mut RowReader<'_>,
        before: Before,
        plain_lines: bool,
    ) -> Result<(), Refusal> {
        let Slot { bytes, own, have, chunk } = slot;
        let (marks, ends) = (index.marks(), index.ends());
        // The first row of block 0 begins at once, the others behind the first line feed.
        let mut nth = usize::from(number > 0);
        let mut mark = match (number, ends.first()) {
            (0, _) => 0,
            (_, Some(end)) => *end as usize,
            (_, None) => return Ok(()),
        };
        let start_behind = |mark: usize| marks[mark].wrapping_add(1) as usize;
        let text_start = start_behind(mark);
        let text_end = index.last_end().map_or(text_start, |end| end.min(*have).max(text_start));
        let text = simdutf8::basic::from_utf8(&bytes[text_start..text_end]);
        let text = text.map_err(|_| Refusal::Careful)?;
        let (special, doubled, ascii) = (index.special, index.doubled, text.is_ascii());
        let block = Block { bytes, marks, text, text_start, ascii, special, doubled };
        let mut lines =
            LineCount { first: before.row, counted: 0, at: 0, plain: plain_lines, own: *own };
        while start_behind(mark) <= *own && start_behind(mark) < *have && nth < ends.len() {
            let start = start_behind(mark);
            let end = ends[nth] as usize;
            let stop = marks[end] as usize;
            if bytes[start] == b'`' || stop - start > MAX_LINE {
                return Err(Refusal::Careful);
            }
            let (row, spans) = lines.record(bytes, start, stop, nth as u64);
            // The careful reader gives up on a cell that goes on for too long.
            if spans && stop - start > reader.limits.cell_bytes {
                return Err(Refusal::Careful);
            }
            reader.row(block, mark, end, row, chunk);
            (mark, nth) = (end, nth + 1);
        }
        reader.flush(block, chunk);
        Ok(())
    }
}

/// Physical rows of the records of a block.
struct LineCount {
    /// Physical row of the block's first byte.
    first: u64,
    /// Line feeds of the block up to `at`.
    counted: u64,
    at: usize,
    /// No line feed of the block lies within quotes: records are lines.
    plain: bool,
    /// Bytes of the block; its last record goes on behind them.
    own: usize,
}

impl LineCount {
    /// Physical row of the record at `start..stop`, the `nth` of the block (from 0), and whether
    /// it spans lines.
    #[inline]
    fn record(&mut self, bytes: &[u8], start: usize, stop: usize, nth: u64) -> (u64, bool) {
        if self.plain {
            let spans = stop >= self.own && newlines(&bytes[start..stop]) > 0;
            return (self.first + nth, spans);
        }
        self.counted += newlines(&bytes[self.at..start]);
        self.at = start;
        (self.first + self.counted, newlines(&bytes[start..stop]) > 0)
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
