//! The fast reader: clean UTF-8 text by blocks, on all threads, with the result of the careful
//! one.
//!
//! 1. A thread takes a free buffer and the next block, and reads it ([`block`]).
//! 2. It finds the ends of cells and rows 64 bytes at a time ([`scan`]) as if the block began
//!    outside quotes, learns from the blocks before it whether that was so ([`order::Turn`]),
//!    and looks again if it was not.
//! 3. Rows of simple cells go straight into the columns of the block, a run of rows at a time,
//!    column by column ([`run`], [`plain`], [`cell`]); every other row goes through
//!    `normalise::row` ([`rows`]).
//! 4. Blocks are hashed (SHA-256) and appended to the columns of the file in file order, by
//!    whichever thread comes by when one is due ([`order::Queue`], [`chunk`]).
//!
//! The file is never held as a whole. Whatever is odd (bytes that are not UTF-8, a quote where
//! RFC 4180 has none, a lone carriage return) ends the attempt, and the careful reader reads the
//! whole file.

pub(crate) mod accounts;
mod block;
pub(crate) mod cell;
pub(crate) mod chunk;
pub(crate) mod layout;
pub(crate) mod order;
pub(crate) mod plain;
mod rows;
mod run;
mod scan;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use heqi_domain::Progress;
use sha2::{Digest, Sha256};

use crate::collect::Collector;
use crate::plan::Plan;
use crate::sniff::read_full;
use crate::{IntakeError, Limits, Source};
use block::{Grid, Slot, Work};
use chunk::Joined;
use order::{Pool, Queue, Stop, Turn};
use rows::RowReader;
use scan::{Index, WORD};

/// Bytes of a block: with the columns made of it, it stays in the cache of a core.
const BLOCK: usize = 256 << 10;

/// Smaller files are cut finer, so that every thread has a share.
const SMALLEST_BLOCK: usize = 32 << 10;

/// Why the fast reader stops.
pub(crate) enum Refusal {
    /// The careful reader must have a look.
    Careful,
    /// The file cannot be read.
    Io(std::io::Error),
    /// A person asked to stop.
    Cancelled,
}

/// Lines of a file and the SHA-256 of its bytes.
pub(crate) struct Fast {
    /// The lines, not yet finished.
    pub collector: Collector,
    /// SHA-256 of all bytes of the file.
    pub sha256: [u8; 32],
}

/// Reads a text file; `None`: the careful reader must.
///
/// # Errors
/// [`IntakeError::Io`], [`IntakeError::Cancelled`].
pub(crate) fn read(
    source: &dyn Source,
    name: &str,
    plan: &Plan,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<Option<Fast>, IntakeError> {
    let size = usize::try_from(source.len()).unwrap_or(usize::MAX);
    let share = size / (rayon::current_num_threads() * 8);
    let block = share.clamp(SMALLEST_BLOCK, BLOCK).next_multiple_of(WORD);
    match read_by(source, plan, limits, progress, block) {
        Ok(fast) => Ok(Some(fast)),
        Err(Refusal::Careful) => Ok(None),
        Err(Refusal::Cancelled) => Err(IntakeError::Cancelled),
        Err(Refusal::Io(source)) => Err(IntakeError::Io { name: name.to_owned(), source }),
    }
}

/// SHA-256 of a file, for readers that do not go through its bytes in order.
pub(crate) fn sha256(source: &dyn Source) -> std::io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    hash_range(source, 0, source.len(), &mut hash)?;
    Ok(hash.finalize().into())
}

fn hash_range(source: &dyn Source, from: u64, to: u64, hash: &mut Sha256) -> std::io::Result<()> {
    let mut buffer = vec![0; BLOCK.min(usize::try_from(to - from).unwrap_or(BLOCK))];
    let mut offset = from;
    while offset < to {
        let want = buffer.len().min(usize::try_from(to - offset).unwrap_or(BLOCK));
        let count = read_full(source, offset, &mut buffer[..want])?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        offset += count as u64;
    }
    Ok(())
}

/// What is done with blocks in file order.
struct Sink<'p> {
    hash: Sha256,
    joined: Joined<'p>,
}

fn read_by(
    source: &dyn Source,
    plan: &Plan,
    limits: &Limits,
    progress: &dyn Progress,
    block: usize,
) -> Result<Fast, Refusal> {
    let Some((shape, start)) =
        plan.text.as_ref().and_then(|shape| Some((shape, shape.data_offset?)))
    else {
        return Err(Refusal::Careful);
    };
    let grid = Grid { start, end: source.len(), block };
    if shape.backtick || start > grid.end {
        return Err(Refusal::Careful);
    }
    let mut hash = Sha256::new();
    hash_range(source, 0, start, &mut hash).map_err(Refusal::Io)?;
    progress.advance(start);

    let threads = rayon::current_num_threads().min(grid.count()).max(1);
    let crew = Crew {
        source,
        plan,
        limits,
        progress,
        grid,
        separator: shape.separator,
        turn: Turn::new(plan.first_row),
        pool: Pool::new(threads * 2 + 2),
        queue: Queue::new(Sink { hash, joined: Joined::new(plan, threads) }),
        next: AtomicUsize::new(0),
        stop: Stop::default(),
        refusal: Mutex::new(None),
    };
    rayon::scope(|scope| {
        for thread in 1..threads {
            let crew = &crew;
            scope.spawn(move |_| crew.work(thread));
        }
        crew.work(0);
    });
    if let Some(refusal) = crew.refusal.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(refusal);
    }
    let sink = crew.queue.into_sink();
    Ok(Fast { collector: sink.joined.finish(), sha256: sink.hash.finalize().into() })
}

/// All that the threads share.
struct Crew<'a> {
    source: &'a dyn Source,
    plan: &'a Plan,
    limits: &'a Limits,
    progress: &'a dyn Progress,
    grid: Grid,
    separator: u8,
    turn: Turn,
    pool: Pool<Slot>,
    queue: Queue<Slot, Sink<'a>>,
    next: AtomicUsize,
    stop: Stop,
    refusal: Mutex<Option<Refusal>>,
}

impl Crew<'_> {
    /// One thread: block after block until none is left.
    fn work(&self, thread: usize) {
        let mut index = Index::default();
        let mut reader = RowReader::new(self.plan, self.limits, self.separator);
        let blocks = self.grid.count();
        // A buffer first, then a block: whoever has a block can always finish it.
        while let Some(mut slot) = self.pool.take(&self.stop) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= blocks {
                self.pool.give(slot);
                return;
            }
            if self.progress.cancelled() {
                return self.refuse(Refusal::Cancelled);
            }
            slot.chunk.clear();
            slot.chunk.thread = thread;
            match self.block(number, &mut slot, &mut index, &mut reader) {
                Ok(true) => {}
                Ok(false) => return,
                Err(refusal) => return self.refuse(refusal),
            }
            slot.chunk.fresh.append(&mut reader.accounts.fresh);
            self.queue.put(number, slot, |sink, slot| self.serve(sink, slot));
        }
    }

    fn block(
        &self,
        number: usize,
        slot: &mut Slot,
        index: &mut Index,
        reader: &mut RowReader<'_>,
    ) -> Result<bool, Refusal> {
        slot.fill(self.source, self.grid, number).map_err(Refusal::Io)?;
        let work = Work {
            source: self.source,
            grid: self.grid,
            separator: self.separator,
            turn: &self.turn,
            stop: &self.stop,
        };
        work.rows(number, slot, index, reader)
    }

    fn serve(&self, sink: &mut Sink<'_>, mut slot: Slot) {
        sink.hash.update(slot.own());
        if sink.joined.collector.lines.is_empty() && !slot.chunk.amount.is_empty() {
            let share = (self.grid.end - self.grid.start) * 1024 / slot.own().len().max(1) as u64;
            sink.joined.reserve(&slot.chunk, share);
        }
        sink.joined.append(&mut slot.chunk);
        self.progress.advance(slot.own().len() as u64);
        self.pool.give(slot);
    }

    fn refuse(&self, refusal: Refusal) {
        let mut first = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(refusal);
        drop(first);
        self.stop.set();
        self.turn.wake();
        self.pool.wake();
    }
}
