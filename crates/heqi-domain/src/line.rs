//! Lines 明细 of one side, kept as columns.
//!
//! Ten million lines must fit in memory, so a line is not a struct with strings in it but an
//! index into the columns of [`Lines`]. Texts live in [`Strings`]: one run of bytes and an
//! end per text. Nothing here is interpreted: the raw reference is kept as it was written.

use crate::names::{DIGITS, decimal};
use crate::{Currency, EntryKind, Names, Side};

/// Index of a line within its side's [`Lines`].
pub type LineIx = u32;

/// Days since 1970-01-01; [`NO_DAY`] where the file gives no date.
pub type Day = i32;

/// The value of a day that is not known.
pub const NO_DAY: Day = i32::MIN;

/// One customer in one currency 往来账户: the unit within which lines may meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// The customer as the file names it, trimmed; empty when the file names none.
    pub customer: String,
    /// The currency of the amounts.
    pub currency: Currency,
}

/// One side's lines as columns; every column has the same length.
///
/// Amounts are signed from the receivable's side, in minor units of the account's currency:
/// plus = the customer owes more. Intake has already mirrored a payable view.
#[derive(Debug)]
pub struct Lines {
    /// Whose lines these are.
    pub side: Side,
    /// The accounts, in the order in which the file first names them.
    pub accounts: Vec<Account>,
    /// Per line: index into `accounts`.
    pub account: Vec<u32>,
    /// Per line: signed minor units.
    pub amount: Vec<i64>,
    /// Per line: document or booking date.
    pub day: Vec<Day>,
    /// Per line: what kind of entry it is, [`EntryKind::Unknown`] where the file does not say.
    pub kind: Vec<EntryKind>,
    /// Per line: the document number as written.
    pub reference: Strings,
    /// Per line: the memo; an empty column (length 0) when the caller did not ask for memos.
    pub text: Strings,
    /// Per line: further keys both sides may know (order, delivery note, contract), as written;
    /// an empty column (length 0) when the file has none.
    pub other_reference: Strings,
    /// Per line: due date; an empty column when the file has none.
    pub due: Vec<Day>,
    /// Per line: how the line is called in results.
    pub id: LineIds,
}

/// How a line is called in results: the file's own id, or its row number.
#[derive(Debug)]
pub enum LineIds {
    /// The id column of the file.
    Named(Names),
    /// The 1-based physical row of the file (of the sheet).
    Rows(Vec<u32>),
}

impl Lines {
    /// No lines yet.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self {
            side,
            accounts: Vec::new(),
            account: Vec::new(),
            amount: Vec::new(),
            day: Vec::new(),
            kind: Vec::new(),
            reference: Strings::new(),
            text: Strings::new(),
            other_reference: Strings::new(),
            due: Vec::new(),
            id: LineIds::Rows(Vec::new()),
        }
    }

    /// Number of lines.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.amount.len()
    }

    /// Whether there is no line.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.amount.is_empty()
    }

    /// The kind of a line as far as its amount bears it out: see [`EntryKind::beside`].
    #[must_use]
    pub fn kind_of(&self, line: LineIx) -> EntryKind {
        self.kind[line as usize].beside(self.amount[line as usize])
    }

    /// The memo of a line, empty where none was kept.
    #[must_use]
    pub fn text_of(&self, line: LineIx) -> &str {
        if self.text.is_empty() { "" } else { self.text.get(line) }
    }

    /// The further key of a line, empty where the file has none.
    #[must_use]
    pub fn other_reference_of(&self, line: LineIx) -> &str {
        if self.other_reference.is_empty() { "" } else { self.other_reference.get(line) }
    }

    /// How the line is called in results.
    #[must_use]
    pub fn id_of(&self, line: LineIx) -> std::borrow::Cow<'_, str> {
        match &self.id {
            LineIds::Named(names) => names.get(line),
            LineIds::Rows(rows) => rows[line as usize].to_string().into(),
        }
    }

    /// Does something with how the line is called, without a text on the heap.
    pub fn with_id<T>(&self, line: LineIx, act: impl FnOnce(&str) -> T) -> T {
        match &self.id {
            LineIds::Named(names) => names.with(line, act),
            LineIds::Rows(rows) => act(decimal(rows[line as usize].into(), &mut [0; DIGITS])),
        }
    }

    /// Looks at all that is known of these lines, so that it is in the processor's cache when
    /// they are worked on one by one: the look-ups here do not wait for each other.
    pub fn fetch(&self, lines: impl Iterator<Item = LineIx>) {
        let mut seen = 0_u64;
        for line in lines {
            let at = line as usize;
            seen ^= self.amount[at] as u64;
            seen ^= u64::from(self.account[at] ^ self.day[at] as u32) ^ self.kind[at] as u64;
            seen ^= match &self.id {
                LineIds::Named(Names::Numbers(rows)) | LineIds::Rows(rows) => rows[at].into(),
                LineIds::Named(Names::Texts(names)) => names.fetch(line),
            };
            for texts in [&self.reference, &self.text, &self.other_reference] {
                if !texts.is_empty() {
                    seen ^= texts.fetch(line);
                }
            }
        }
        std::hint::black_box(seen);
    }
}

/// Lines worth fetching together: see [`Lines::fetch`]. What is known of them fits the cache, and
/// their look-ups fill what the processor has under way.
pub const AT_A_TIME: usize = 128;

/// A column of texts: one run of bytes, and where each text ends.
///
/// Ends are kept as 32-bit offsets from a base that is noted every 65 536 texts, so that a
/// column of ten million texts costs four bytes a text beyond its bytes.
#[derive(Debug, Default, Clone)]
pub struct Strings {
    bytes: String,
    ends: Vec<u32>,
    bases: Vec<u64>,
}

const PER_BASE: usize = 1 << 16;

impl Strings {
    /// An empty column.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: String::new(), ends: Vec::new(), bases: Vec::new() }
    }

    /// An empty column with room for `texts` texts of `bytes` bytes in all.
    #[must_use]
    pub fn with_capacity(texts: usize, bytes: usize) -> Self {
        Self {
            bytes: String::with_capacity(bytes),
            ends: Vec::with_capacity(texts),
            bases: Vec::with_capacity(texts / PER_BASE + 1),
        }
    }

    /// Appends a text.
    ///
    /// # Panics
    /// If 65 536 neighbouring texts exceed 4 GiB; intake bounds a cell far below that.
    pub fn push(&mut self, text: &str) {
        if self.ends.len().is_multiple_of(PER_BASE) {
            self.bases.push(self.bytes.len() as u64);
        }
        self.bytes.push_str(text);
        let base = self.bases[self.ends.len() / PER_BASE];
        let end = u32::try_from(self.bytes.len() as u64 - base);
        assert!(end.is_ok(), "65 536 neighbouring texts exceed 4 GiB");
        self.ends.push(end.unwrap_or(u32::MAX));
    }

    /// Appends all texts of another column.
    pub fn append(&mut self, other: &Self) {
        let mut ends = other.ends.chunks(PER_BASE);
        for (number, base) in other.bases.iter().enumerate() {
            let next = other.bases.get(number + 1).map_or(other.bytes.len(), |next| *next as usize);
            self.append_run(&other.bytes[*base as usize..next], ends.next().unwrap_or(&[]));
        }
    }

    /// Appends the texts that lie end to end in `run`; `ends` says where in `run` each ends.
    ///
    /// # Panics
    /// If an end lies outside `run` or within a character, or 65 536 neighbouring texts exceed
    /// 4 GiB.
    pub fn append_run(&mut self, run: &str, ends: &[u32]) {
        let shift = self.bytes.len() as u64;
        self.bytes.push_str(run);
        let mut at = 0;
        while at < ends.len() {
            if self.ends.len().is_multiple_of(PER_BASE) {
                let start = if at == 0 { 0 } else { ends[at - 1] };
                assert!(run.is_char_boundary(start as usize), "a text ends within a character");
                self.bases.push(shift + u64::from(start));
            }
            let base = self.bases[self.ends.len() / PER_BASE];
            let count = (ends.len() - at).min(PER_BASE - self.ends.len() % PER_BASE);
            let group = &ends[at..at + count];
            let last = shift + u64::from(group[count - 1]) - base;
            assert!(u32::try_from(last).is_ok(), "65 536 neighbouring texts exceed 4 GiB");
            // Ends ascend, so none exceeds the last; the sum wraps where a base lies in the run.
            let offset = shift.wrapping_sub(base) as u32;
            self.ends.extend(group.iter().map(|end| end.wrapping_add(offset)));
            at += count;
        }
    }

    /// Makes room for further texts, if there is so much.
    pub fn reserve(&mut self, texts: usize, bytes: usize) {
        drop(self.bytes.try_reserve_exact(bytes));
        drop(self.ends.try_reserve_exact(texts));
        drop(self.bases.try_reserve_exact(texts / PER_BASE + 1));
    }

    /// Gives back room that is not used.
    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.bases.shrink_to_fit();
    }

    /// The text at `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> &str {
        &self.bytes[self.span(index)]
    }

    /// Where the text at `index` lies in [`Strings::bytes`].
    ///
    /// Who looks up many texts in no order asks for the spans of a batch first and for the
    /// bytes then: the look-ups of a batch do not wait for each other.
    #[must_use]
    pub fn span(&self, index: u32) -> std::ops::Range<usize> {
        let index = index as usize;
        let end = self.bases[index / PER_BASE] + u64::from(self.ends[index]);
        let start = if index.is_multiple_of(PER_BASE) {
            self.bases[index / PER_BASE]
        } else {
            self.bases[(index - 1) / PER_BASE] + u64::from(self.ends[index - 1])
        };
        start as usize..end as usize
    }

    /// Looks at the first byte of a text, or of the one behind an empty one.
    fn fetch(&self, index: u32) -> u64 {
        self.bytes.as_bytes().get(self.span(index).start).copied().unwrap_or(0).into()
    }

    /// The bytes of all texts, one after the other.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        self.bytes.as_bytes()
    }

    /// Number of texts.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all texts together.
    #[must_use]
    pub const fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_across_a_base() {
        let mut column = Strings::new();
        for number in 0..(PER_BASE * 2 + 3) {
            column.push(&format!("单{number}"));
        }
        for number in [0, 1, PER_BASE - 1, PER_BASE, PER_BASE + 1, PER_BASE * 2 + 2] {
            assert_eq!(column.get(number as u32), format!("单{number}"));
        }
    }
    #[test]
    fn runs_come_back_across_a_base() {
        let mut column = Strings::new();
        let mut pushed = Strings::new();
        let mut run = String::new();
        let mut ends = Vec::new();
        for number in 0..(PER_BASE * 2 + 99) {
            let text = format!("单{number}");
            pushed.push(&text);
            run.push_str(&text);
            ends.push(run.len() as u32);
            if number % 1_000 == 998 || number == PER_BASE * 2 + 98 {
                column.append_run(&run, &ends);
                run.clear();
                ends.clear();
            }
        }
        let mut doubled = Strings::new();
        doubled.push("");
        doubled.append(&column);
        doubled.append(&pushed);
        assert!(column.iter().eq(pushed.iter()));
        assert!(doubled.iter().skip(1).eq(pushed.iter().chain(pushed.iter())));
    }
}
