//! The rows of a block: simple ones by the run, column by column; the others one by one through
//! `normalise::row`.

use super::accounts::Accounts;
use super::chunk::Chunk;
use super::layout::Layout;
use super::run::{RUN, Run};
use crate::normalise::{self, RowOutcome};
use crate::plan::Plan;
use crate::record::{Cells, Split};
use crate::{Limits, Reject, RejectReason, cell};

/// Takes rows apart for one thread.
pub(super) struct RowReader<'p> {
    plan: &'p Plan,
    pub limits: &'p Limits,
    layout: Option<Layout>,
    separator: u8,
    pub accounts: Accounts,
    run: Run,
    cells: Cells,
}

/// The block that rows are cut out of.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    /// The bytes, with some to spare at the end.
    pub bytes: &'b [u8],
    /// Ends of cells, see [`super::scan::Index::marks`].
    pub marks: &'b [u32],
    /// The bytes as text, up to the end of the last row.
    pub text: &'b str,
    /// Where `text` begins in `bytes`.
    pub text_start: usize,
    /// The text is ASCII.
    pub ascii: bool,
    /// There are quotes or carriage returns.
    pub special: bool,
    /// There are doubled quotes.
    pub doubled: bool,
}

impl<'b> Block<'b> {
    /// A piece of text.
    #[inline]
    pub fn text(&self, start: usize, end: usize) -> &'b str {
        &self.text[start - self.text_start..end - self.text_start]
    }
}

impl<'p> RowReader<'p> {
    pub fn new(plan: &'p Plan, limits: &'p Limits, separator: u8) -> Self {
        let mut accounts = Accounts::default();
        // Number 0 is the plan's.
        accounts.currency(plan.currency);
        Self {
            plan,
            limits,
            layout: Layout::of(plan).filter(|it| it.parts.len() <= limits.columns),
            separator,
            accounts,
            run: Run::default(),
            cells: Cells::default(),
        }
    }

    /// Takes the row between two marks: the one before it, and its line feed. Rows must come in
    /// order, and [`Self::flush`] at the end of the block.
    #[inline]
    pub fn row(
        &mut self,
        block: Block<'_>,
        before: usize,
        end: usize,
        row: u64,
        chunk: &mut Chunk,
    ) {
        let start = block.marks[before].wrapping_add(1) as usize;
        let stop = block.marks[end] as usize;
        let fits = match &self.layout {
            Some(layout) => {
                end - before == layout.parts.len() && stop - start <= self.limits.cell_bytes
            }
            None => false,
        };
        if fits {
            if self.run.rows.is_empty() {
                self.run.before = before;
            }
            self.run.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
            if self.run.rows.len() == RUN {
                self.flush(block, chunk);
            }
        } else {
            self.flush(block, chunk);
            self.with_care(block.text(start, stop), row, chunk);
        }
    }

    /// Takes the rows that are waiting.
    pub fn flush(&mut self, block: Block<'_>, chunk: &mut Chunk) {
        let count = self.run.rows.len();
        if count == 0 {
            return;
        }
        let Some(layout) = self.layout.take() else { return };
        let width = layout.parts.len();
        self.run.read(block, &layout, &mut self.accounts, self.plan);
        let mut done = 0;
        while done < count {
            let simple =
                self.run.care[done..].iter().position(|care| *care).unwrap_or(count - done);
            self.run.keep(block, &layout, done..done + simple, self.plan, chunk);
            done += simple;
            if done < count {
                let before = self.run.before + done * width;
                let start = block.marks[before].wrapping_add(1) as usize;
                let stop = block.marks[before + width] as usize;
                let row = u64::from(self.run.rows[done]);
                self.with_care(block.text(start, stop), row, chunk);
                done += 1;
            }
        }
        self.run.rows.clear();
        self.layout = Some(layout);
    }

    /// The careful way, as `text::TextRows` goes it.
    #[cold]
    fn with_care(&mut self, record: &str, row: u64, chunk: &mut Chunk) {
        let line = record.trim_end_matches('\r');
        if line.is_empty() {
            return;
        }
        let mut taken = std::mem::take(&mut self.cells);
        let columns = self.limits.columns;
        let split = taken.split(record, self.separator, columns);
        let cells = taken.all();
        let long = cells.iter().find(|it| it.len() > self.limits.cell_bytes);
        let refused = |value: &str, reason| {
            let value = cell::cut(value.trim_end());
            RowOutcome::Reject(Reject { row, column: String::new(), value, reason })
        };
        let outcome = match (split, long) {
            (Split::TooMany, _) => refused("", RejectReason::TooManyCells),
            _ if cells.len() > columns => refused("", RejectReason::TooManyCells),
            (_, Some(long)) => refused(long, RejectReason::CellTooLong),
            _ => normalise::row(self.plan, row, &cells),
        };
        chunk.take(outcome, row, self.plan, &mut self.accounts);
        self.cells = taken;
    }
}
