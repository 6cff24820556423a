//! Parquet files: columns with names and types of their own.
//!
//! Roles are found from the names and the first rows, like those of any table; what a type says
//! (a date, a decimal, cents) is believed. Row groups are decoded on all threads and joined in
//! file order. Rows are numbered by record, from 1. Columns of lists are left out.
//!
//! Whatever cannot be decoded makes the file damaged; so does a fault of the decoder.

mod decode;
mod leaf;
mod rows;
#[cfg(test)]
mod tests;
mod texts;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use heqi_domain::Progress;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::collect::Collector;
use crate::fast::chunk::{Chunk, Joined};
use crate::fast::layout::Layout;
use crate::fast::order::{Pool, Queue, Stop};
use crate::head::{Rows, Visit};
use crate::plan::Plan;
use crate::{Format, FormatName, IntakeError, Limits, ReadOptions, Role, Source};
use decode::{Cells, Decoder, Whole};
use leaf::Leaf;
use rows::RowTaker;

/// Rows decoded at a time.
const BATCH: usize = 4096;

/// Bytes of a column of texts in a row group: its places are told in 32 bits, and a batch may add
/// some hundreds of megabytes before it is asked.
const MOST_TEXT: usize = 2 << 30;

/// A Parquet file that has been opened.
pub(crate) struct Table<'a> {
    source: &'a dyn Source,
    name: &'a str,
    metadata: ParquetMetaData,
    leaves: Vec<Leaf>,
    /// Decimals of minor units while the currency of rows is not known.
    minor: u32,
    /// The bound of a cell.
    cell_bytes: usize,
}

impl<'a> Table<'a> {
    /// Reads the metadata.
    ///
    /// # Errors
    /// [`IntakeError::Damaged`], [`IntakeError::TooLarge`] (columns, or bytes of a column of a
    /// row group).
    pub fn open(
        source: &'a dyn Source,
        name: &'a str,
        options: &ReadOptions,
    ) -> Result<Self, IntakeError> {
        let read = || ParquetMetaDataReader::new().parse_and_finish(&Whole(source));
        let metadata = guarded(read).map_err(|what| damaged(name, what))?;
        let limits = &options.limits;
        let count = metadata.file_metadata().schema_descr().num_columns();
        let too_large = |what: &str, limit: u64| {
            Err(IntakeError::TooLarge { name: name.to_owned(), what: what.to_owned(), limit })
        };
        if count > limits.columns {
            return too_large("the number of columns", limits.columns as u64);
        }
        let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
        let inflated = |bytes: i64| u64::try_from(bytes).unwrap_or(u64::MAX);
        if chunks.map(|it| inflated(it.uncompressed_size())).any(|it| it > limits.inflated_bytes) {
            return too_large("a column of a row group", limits.inflated_bytes);
        }
        let leaves = leaf::leaves(metadata.file_metadata().schema_descr());
        let minor = options.currency.exponent();
        Ok(Self { source, name, metadata, leaves, minor, cell_bytes: limits.cell_bytes })
    }

    /// The options with the names of columns as inference sees them: `amount_cents` is `amount`.
    pub fn options(&self, options: &ReadOptions) -> ReadOptions {
        let mut options = options.clone();
        for (_, column) in &mut options.map {
            if let Some(leaf) = self.leaves.iter().find(|it| it.name == *column) {
                column.clone_from(&leaf.stem);
            }
        }
        options
    }

    /// Gives the plan of the table the file's own names.
    pub fn settle(&self, plan: &mut Plan) {
        for (column, leaf) in plan.columns.iter_mut().zip(&self.leaves) {
            column.name.clone_from(&leaf.name);
        }
        plan.header_row = None;
        plan.first_row = 1;
        plan.warnings.retain(|it| it.code != "no_header");
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// [`IntakeError::Damaged`], [`IntakeError::Cancelled`].
    pub fn read(
        &self,
        plan: &Plan,
        limits: &Limits,
        progress: &dyn Progress,
    ) -> Result<Collector, IntakeError> {
        self.read_by(plan, limits, progress, Layout::of(plan))
    }

    fn read_by(
        &self,
        plan: &Plan,
        limits: &Limits,
        progress: &dyn Progress,
        layout: Option<Layout>,
    ) -> Result<Collector, IntakeError> {
        let groups = self.metadata.num_row_groups();
        let threads = rayon::current_num_threads().min(groups).max(1);
        let crew = Crew {
            table: self,
            plan,
            limits,
            layout,
            progress,
            firsts: self.first_rows(),
            queue: Queue::new(Joined::new(plan, threads)),
            pool: Pool::new(threads * 2 + 2),
            next: AtomicUsize::new(0),
            stop: Stop::default(),
            fault: Mutex::new(None),
        };
        rayon::scope(|scope| {
            for thread in 1..threads {
                let crew = &crew;
                scope.spawn(move |_| crew.work(thread));
            }
            crew.work(0);
        });
        let fault = crew.fault.into_inner().unwrap_or_else(PoisonError::into_inner);
        fault.map_or_else(|| Ok(crew.queue.into_sink().finish()), Err)
    }

    /// Number of the first record of each row group.
    fn first_rows(&self) -> Vec<u64> {
        let mut next = 1_u64;
        let counts = self.metadata.row_groups().iter().map(|it| u64::try_from(it.num_rows()));
        counts
            .map(|count| {
                let first = next;
                next = next.saturating_add(count.unwrap_or(0));
                first
            })
            .collect()
    }

    /// Walks the rows of a row group, batch by batch, over the columns that `wanted` picks.
    fn batches(
        &self,
        group: usize,
        wanted: impl Fn(usize) -> bool,
        mut visit: impl FnMut(&mut [Cells], usize) -> ControlFlow<()>,
    ) -> Result<(), String> {
        guarded(|| {
            let group = self.metadata.row_group(group);
            let mut cells: Vec<Cells> = self.leaves.iter().map(|_| Cells::default()).collect();
            let mut decoders = Vec::new();
            for (index, leaf) in self.leaves.iter().enumerate().filter(|it| wanted(it.0)) {
                decoders.push((index, Decoder::open(self.source, group, leaf, self.cell_bytes)?));
            }
            let mut left = usize::try_from(group.num_rows())?;
            while left > 0 {
                let count = left.min(BATCH);
                for (index, decoder) in &mut decoders {
                    decoder.next(count, &mut cells[*index])?;
                    if cells[*index].len() != count {
                        let what = "a column has fewer rows than its row group";
                        return Err(ParquetError::General(what.into()));
                    }
                }
                if visit(&mut cells, count).is_break() {
                    break;
                }
                left -= count;
            }
            Ok(())
        })
    }
}

/// Runs the decoder; its errors and its faults are words.
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its pages contradict its metadata".to_owned()),
    }
}

fn damaged(name: &str, what: String) -> IntakeError {
    IntakeError::Damaged { name: name.to_owned(), format: FormatName(Format::Parquet), what }
}

/// As texts, for the inference of roles: the names in row 0, then every record.
impl Rows for Table<'_> {
    fn each(&self, visit: &mut Visit<'_>) -> Result<(), IntakeError> {
        let names: Vec<&str> = self.leaves.iter().map(|it| it.stem.as_str()).collect();
        if visit(0, Ok(&names)).is_break() {
            return Ok(());
        }
        let mut ended = false;
        for (group, first) in self.first_rows().into_iter().enumerate() {
            let mut number = first;
            let each = |cells: &mut [Cells], count: usize| {
                for row in 0..count {
                    let texts: Vec<String> = self
                        .leaves
                        .iter()
                        .zip(&*cells)
                        .map(|(leaf, cells)| rows::cell_text(leaf, cells, row, self.minor))
                        .collect();
                    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                    if visit(number, Ok(&texts)).is_break() {
                        ended = true;
                        return ControlFlow::Break(());
                    }
                    number += 1;
                }
                ControlFlow::Continue(())
            };
            self.batches(group, |_| true, each).map_err(|what| damaged(self.name, what))?;
            if ended {
                break;
            }
        }
        Ok(())
    }
}

/// All that the threads share.
struct Crew<'a> {
    table: &'a Table<'a>,
    plan: &'a Plan,
    limits: &'a Limits,
    layout: Option<Layout>,
    progress: &'a dyn Progress,
    firsts: Vec<u64>,
    queue: Queue<Chunk, Joined<'a>>,
    pool: Pool<Chunk>,
    next: AtomicUsize,
    stop: Stop,
    fault: Mutex<Option<IntakeError>>,
}

impl Crew<'_> {
    /// One thread: row group after row group until none is left.
    fn work(&self, thread: usize) {
        let layout = self.layout.clone();
        let mut taker = RowTaker::new(self.plan, self.limits, &self.table.leaves, layout);
        // Room first, then a row group: whoever has a row group can always finish it.
        while let Some(mut chunk) = self.pool.take(&self.stop) {
            let group = self.next.fetch_add(1, Ordering::Relaxed);
            if group >= self.firsts.len() {
                return self.pool.give(chunk);
            }
            chunk.clear();
            chunk.thread = thread;
            if let Err(fault) = self.group(group, &mut taker, &mut chunk) {
                self.stop.set();
                self.pool.wake();
                let mut first = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(fault);
                return;
            }
            chunk.fresh.append(&mut taker.accounts.fresh);
            self.queue.put(group, chunk, |joined, mut chunk| {
                if joined.collector.lines.is_empty() && !chunk.amount.is_empty() {
                    let rows = self.table.metadata.file_metadata().num_rows();
                    // What the file says of itself, but no more than its row groups bear out.
                    let likely = 2 * self.firsts.len() as u64 * chunk.amount.len() as u64;
                    let rows = u64::try_from(rows).unwrap_or(0).min(likely);
                    joined.reserve(&chunk, rows.saturating_mul(1024) / chunk.amount.len() as u64);
                }
                joined.append(&mut chunk);
                self.pool.give(chunk);
            });
            let columns = self.table.metadata.row_group(group).columns().iter();
            let sizes = columns.map(|it| u64::try_from(it.compressed_size()).unwrap_or(0));
            self.progress.advance(sizes.fold(0, u64::saturating_add));
        }
    }

    fn group(
        &self,
        group: usize,
        taker: &mut RowTaker<'_>,
        chunk: &mut Chunk,
    ) -> Result<(), IntakeError> {
        let used = |index: usize| {
            self.plan.columns.get(index).is_some_and(|column| column.role != Role::Ignored)
        };
        let mut first = self.firsts[group];
        let (mut cancelled, mut full) = (false, false);
        let take = |cells: &mut [Cells], count: usize| {
            cancelled = self.progress.cancelled();
            if cancelled || self.stop.is_set() {
                return ControlFlow::Break(());
            }
            taker.take(cells, count, first, chunk);
            first += count as u64;
            full = chunk.text_bytes() > MOST_TEXT;
            if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let done = self.table.batches(group, used, take);
        done.map_err(|what| damaged(self.table.name, what))?;
        if full {
            let (name, what) = (self.table.name.to_owned(), "the texts of a row group".to_owned());
            return Err(IntakeError::TooLarge { name, what, limit: MOST_TEXT as u64 });
        }
        if cancelled { Err(IntakeError::Cancelled) } else { Ok(()) }
    }
}
