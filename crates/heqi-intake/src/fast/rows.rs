//! The rows of a block: simple ones straight into columns, the others through `normalise::row`.

use heqi_domain::{Currency, Day, EntryKind, NO_DAY};

use super::accounts::{Accounts, Customer, Words, currencies, kinds};
use super::cell::{hundredths, iso_day};
use super::chunk::Chunk;
use super::layout::{Layout, Part};
use super::plain::{is_plain, may_be_label, may_be_scientific};
use crate::normalise::{self, LineDraft, RowOutcome};
use crate::plan::Plan;
use crate::record::{Cells, Split};
use crate::{Limits, Reject, RejectReason, cell};

/// The decimals that `hundredths` gives.
const HUNDREDTHS: u32 = 2;

/// Takes rows apart for one thread.
pub(super) struct RowReader<'p> {
    plan: &'p Plan,
    pub limits: &'p Limits,
    layout: Option<Layout>,
    separator: u8,
    pub accounts: Accounts,
    kinds: Words<EntryKind>,
    currencies: Words<Option<Currency>>,
    /// Start and end of each cell of the row at hand, quotes taken off.
    spans: Vec<(u32, u32)>,
    cells: Cells,
}

/// The block that rows are cut out of.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    /// The bytes, with some to spare at the end.
    pub bytes: &'b [u8],
    /// The same as text, up to the end of the last row.
    pub text: &'b str,
    /// Where `text` begins in `bytes`.
    pub text_start: usize,
    /// The text is ASCII.
    pub ascii: bool,
}

impl<'b> Block<'b> {
    #[inline]
    fn text(&self, start: usize, end: usize) -> &'b str {
        &self.text[start - self.text_start..end - self.text_start]
    }
}

/// What the simple cells of a row say.
struct Simple {
    debit: Option<i64>,
    credit: Option<i64>,
    signed: Option<i64>,
    day: Day,
    due: Day,
    kind: EntryKind,
    currency: Currency,
    customer: (u32, u32),
}

impl<'p> RowReader<'p> {
    pub fn new(plan: &'p Plan, limits: &'p Limits, separator: u8) -> Self {
        Self {
            plan,
            limits,
            layout: Layout::of(plan).filter(|it| it.parts.len() <= limits.columns),
            separator,
            accounts: Accounts::default(),
            kinds: kinds(),
            currencies: currencies(),
            spans: Vec::new(),
            cells: Cells::default(),
        }
    }

    /// Takes the row that begins at `start`; `marks` are the ends of its cells, the last one the
    /// line feed.
    #[inline]
    pub fn row(
        &mut self,
        block: Block<'_>,
        start: usize,
        marks: &[u32],
        row: u64,
        chunk: &mut Chunk,
    ) {
        let end = marks.last().map_or(start, |last| *last as usize);
        let short = end - start <= self.limits.cell_bytes;
        let simple = match &self.layout {
            Some(layout) if marks.len() == layout.parts.len() && short => {
                self.simple(block, start, marks)
            }
            _ => None,
        };
        match simple {
            Some(simple) => self.keep(block, row, &simple, chunk),
            None => self.with_care(block.text(start, end), row, chunk),
        }
    }

    /// What the row says if all its cells are simple.
    #[inline]
    fn simple(&mut self, block: Block<'_>, start: usize, marks: &[u32]) -> Option<Simple> {
        let Some(layout) = &self.layout else { return None };
        let mut simple = Simple {
            debit: None,
            credit: None,
            signed: None,
            day: NO_DAY,
            due: NO_DAY,
            kind: EntryKind::Unknown,
            currency: self.plan.currency,
            customer: (0, 0),
        };
        self.spans.clear();
        let mut start = start;
        let last = marks.len() - 1;
        for (index, (mark, part)) in marks.iter().zip(&layout.parts).enumerate() {
            let mut end = *mark as usize;
            let next = end + 1;
            if index == last && end > start && block.bytes[end - 1] == b'\r' {
                end -= 1;
            }
            if end > start && block.bytes[start] == b'"' {
                (start, end) = (start + 1, end - 1);
                if memchr::memchr(b'"', &block.bytes[start..end]).is_some() {
                    return None;
                }
            }
            let bytes = &block.bytes[start..end];
            match part {
                Part::Amount => simple.signed = Some(hundredths(bytes)?),
                Part::Debit => simple.debit = side(bytes)?,
                Part::Credit => simple.credit = side(bytes)?,
                Part::Date => simple.day = iso_day(bytes)?,
                Part::Due if bytes.is_empty() => {}
                Part::Due => simple.due = iso_day(bytes)?,
                Part::Currency if bytes.is_empty() => {}
                Part::Currency => {
                    if !is_plain(bytes) {
                        return None;
                    }
                    simple.currency = self.currencies.get(block.text(start, end))?;
                }
                Part::Number => {
                    if !bytes.is_empty() && !is_plain(bytes) {
                        return None;
                    }
                }
                _ if bytes.is_empty() => {}
                _ => {
                    if !is_plain(bytes) || may_be_label(bytes, block.ascii) {
                        return None;
                    }
                    let key = matches!(part, Part::Reference | Part::Id);
                    if key && may_be_scientific(bytes) {
                        return None;
                    }
                    if !block.ascii && is_broken(bytes) {
                        return None;
                    }
                    match part {
                        Part::Customer => simple.customer = (start as u32, end as u32),
                        Part::Kind => simple.kind = self.kinds.get(block.text(start, end)),
                        _ => {}
                    }
                }
            }
            self.spans.push((start as u32, end as u32));
            start = next;
        }
        let filled = [simple.signed, simple.debit, simple.credit].iter().any(Option::is_some);
        let both = simple.debit.unwrap_or(0) != 0 && simple.credit.unwrap_or(0) != 0;
        (filled && !both && simple.currency.exponent() == HUNDREDTHS).then_some(simple)
    }

    /// Puts a simple row into the columns.
    #[inline]
    fn keep(&mut self, block: Block<'_>, row: u64, simple: &Simple, chunk: &mut Chunk) {
        let (start, end) = (simple.customer.0 as usize, simple.customer.1 as usize);
        let customer = if start == end {
            Customer::of(&self.plan.customer)
        } else {
            Customer::at(block.text(start, end), block.bytes, start)
        };
        let credit = simple.credit.unwrap_or(0);
        // Seventeen digits each: neither the difference nor the sum can overflow.
        let amount = simple.signed.unwrap_or(0) + simple.debit.unwrap_or(0) - credit;
        chunk.account.push(self.accounts.index(customer, simple.currency));
        chunk.amount.push(amount);
        chunk.day.push(simple.day);
        chunk.kind.push(simple.kind);
        chunk.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        self.texts(block, simple, chunk);
        let thousandths = 10;
        chunk.tally.sums.debit += i128::from(amount + credit) * thousandths;
        chunk.tally.sums.credit += i128::from(credit) * thousandths;
        chunk.tally.sums.count += 1;
        if simple.day != NO_DAY {
            chunk.tally.day(simple.day, simple.day);
        }
    }

    #[inline]
    fn texts(&self, block: Block<'_>, simple: &Simple, chunk: &mut Chunk) {
        let roles = &self.plan.roles;
        let span = |column: usize| {
            let (start, end) = self.spans[column];
            (start as usize, end as usize)
        };
        let (start, end) = roles.reference.map_or((0, 0), span);
        chunk.reference.push(block.bytes, start, end);
        if let Some(column) = roles.id {
            let (start, end) = span(column);
            chunk.id.push(block.bytes, start, end);
        }
        if roles.due.is_some() {
            chunk.due.push(simple.due);
        }
        let keep_text = self.plan.keep_text && !roles.text.is_empty();
        let joined = [
            (&roles.other_reference, &mut chunk.other, !roles.other_reference.is_empty()),
            (&roles.text, &mut chunk.text, keep_text),
        ];
        for (columns, texts, _) in joined.into_iter().filter(|it| it.2) {
            let mut filled = false;
            for column in columns {
                let (start, end) = span(*column);
                if start < end {
                    if filled {
                        texts.add(b" ", 0, 1);
                    }
                    texts.add(block.bytes, start, end);
                    filled = true;
                }
            }
            texts.end();
        }
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
        match outcome {
            RowOutcome::Line(draft) => self.line(&draft, chunk),
            RowOutcome::Reject(reject) => chunk.rejects.push(reject),
            RowOutcome::Control(control) => {
                chunk.tally.controls.push((control, chunk.tally.sums));
            }
            RowOutcome::Skip(skip) => chunk.tally.skip(row, skip),
        }
        self.cells = taken;
    }

    fn line(&mut self, draft: &LineDraft<'_>, chunk: &mut Chunk) {
        let roles = &self.plan.roles;
        let customer = if draft.customer.is_empty() { &self.plan.customer } else { draft.customer };
        let line = chunk.amount.len() as u32;
        chunk.account.push(self.accounts.index(Customer::of(customer), draft.currency));
        chunk.amount.push(draft.amount);
        chunk.day.push(draft.day);
        chunk.kind.push(draft.kind);
        chunk.rows.push(u32::try_from(draft.row).unwrap_or(u32::MAX));
        chunk.reference.push_text(draft.reference);
        if roles.id.is_some() {
            chunk.id.push_text(draft.id);
        }
        if roles.due.is_some() {
            chunk.due.push(draft.due);
        }
        if !roles.other_reference.is_empty() {
            chunk.other.push_text(&draft.other);
        }
        if self.plan.keep_text && !roles.text.is_empty() {
            chunk.text.push_text(&draft.text);
        }
        if let Some(balance) = draft.balance {
            chunk.tally.balances.push(crate::collect::Balance { line, balance });
        }
        chunk.tally.line(draft);
    }
}

/// A debit or credit cell: blank, or a plain amount.
#[inline]
fn side(bytes: &[u8]) -> Option<Option<i64>> {
    if bytes.is_empty() { Some(None) } else { hundredths(bytes).map(Some) }
}

/// Whether the text holds the character that stands for undecodable bytes.
fn is_broken(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, "\u{FFFD}".as_bytes()).is_some()
}
