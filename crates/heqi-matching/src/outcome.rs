//! What a run returns: groups, residuals, discrepancies and bridges, with their evidence.
//!
//! A pair of the pass *exact* is kept as two numbers: there are millions of them, and all that
//! is to say follows from the two lines. Everything else is a [`Group`].

use heqi_domain::{Account, LineIx, Reason, Side};
use serde::{Deserialize, Serialize};

use crate::evidence::Grounds;
use crate::members::Members;

/// The rule that joined a group. The order is the order of the passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Pass {
    /// 0 A person said so.
    Decided,
    /// 1 An entry and its exact reversal on one side.
    Contra,
    /// 2 Same reference, same amount.
    Exact,
    /// 3 Same reference, the sums agree.
    SameReferenceSum,
    /// 4 Same reference, the amounts differ.
    SameReference,
    /// 5 A line names several references whose sum agrees.
    Mentioned,
    /// 6 Same amount, the references differ by a known corruption.
    VariantReference,
    /// 7 Same amount and date, no usable reference.
    AmountDate,
    /// 8 Several lines make one amount.
    Combination,
    /// 10 Only a hint: flipped sign, digit slip, sister customer.
    Diagnostic,
}

impl Pass {
    /// Every pass, in order.
    pub const ALL: [Self; 10] = [
        Self::Decided,
        Self::Contra,
        Self::Exact,
        Self::SameReferenceSum,
        Self::SameReference,
        Self::Mentioned,
        Self::VariantReference,
        Self::AmountDate,
        Self::Combination,
        Self::Diagnostic,
    ];

    /// The word used in files, JSON and rules.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Contra => "contra",
            Self::Exact => "exact",
            Self::SameReferenceSum => "same_reference_sum",
            Self::SameReference => "same_reference",
            Self::Mentioned => "mentioned",
            Self::VariantReference => "variant_reference",
            Self::AmountDate => "amount_date",
            Self::Combination => "combination",
            Self::Diagnostic => "diagnostic",
        }
    }
}

/// How far a group is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// The pairing is certain and nothing stays open.
    Settled,
    /// The pairing is certain, a difference stays open as a discrepancy.
    Differs,
    /// The pairing itself is a person's to decide.
    Suggested,
}

impl State {
    /// The word used in files and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Differs => "differs",
            Self::Suggested => "suggested",
        }
    }
}

/// One main reason, if anything is to say, and the notes beside it; written `main+note`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verdict {
    /// The most specific reason that can be proved; none for a plain match.
    pub main: Option<Reason>,
    /// A bit per reason, the highest first; in bytes, since millions of lines carry a verdict.
    notes: [u8; 7],
}

// A note is a bit of seven bytes.
const _: () = assert!(Reason::ALL.len() <= 56 && size_of::<Verdict>() == 8);

impl Verdict {
    /// Nothing to say: a plain match.
    pub const NONE: Self = Self { main: None, notes: [0; 7] };

    /// A verdict with a main reason and no note.
    #[must_use]
    pub const fn of(main: Reason) -> Self {
        Self { main: Some(main), notes: [0; 7] }
    }

    /// The same verdict with a note beside it.
    #[must_use]
    pub const fn with(mut self, note: Reason) -> Self {
        self.notes[6 - note as usize / 8] |= 1 << (note as u8 % 8);
        self
    }

    /// The notes, in order of precedence, without the main reason.
    pub fn notes(self) -> impl Iterator<Item = Reason> {
        let noted = move |note: Reason| self.notes[6 - note as usize / 8] >> (note as u8 % 8) & 1;
        Reason::ALL
            .iter()
            .copied()
            .filter(move |note| noted(*note) == 1 && Some(*note) != self.main)
    }

    /// The text used in files: empty, `main`, `main+note`, or `note+note`.
    #[must_use]
    pub fn code(self) -> String {
        let codes: Vec<&str> =
            self.main.into_iter().chain(self.notes()).map(Reason::code).collect();
        codes.join("+")
    }
}

/// Hash of the members' content keys: the same in every run and on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId(pub u64);

impl std::fmt::Display for GroupId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "G{:016x}", self.0)
    }
}

/// A pair of the pass *exact*, settled, with nothing open; the date may carry a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactPair {
    /// Hash of the two lines' content keys.
    pub id: GroupId,
    /// Our line.
    pub ours: LineIx,
    /// Their line.
    pub theirs: LineIx,
}

/// Lines of one or both sides that settle each other, or are proposed to.
#[derive(Clone, Debug)]
pub struct Group {
    /// Hash of the members' content keys.
    pub id: GroupId,
    /// Index into [`Outcome::blocks`].
    pub block: u32,
    /// The rule that joined it.
    pub pass: Pass,
    /// How far it is decided.
    pub state: State,
    /// Our lines, in content order.
    pub ours: Members,
    /// Their lines, in content order.
    pub theirs: Members,
    /// Σ ours − Σ theirs, minor units.
    pub difference: i64,
    /// What is to say about it.
    pub verdict: Verdict,
    /// Why, so that the checker can re-verify it.
    pub evidence: Grounds,
}

/// A line that no pass could place.
#[derive(Clone, Debug)]
pub struct Residual {
    /// Whose line.
    pub side: Side,
    /// The line.
    pub line: LineIx,
    /// Index into [`Outcome::blocks`].
    pub block: u32,
    /// Why it stands alone.
    pub verdict: Verdict,
    /// Why, so that the checker can re-verify it.
    pub evidence: Grounds,
}

/// One reason, one signed amount, the lines it stands on.
#[derive(Clone, Debug)]
pub struct Discrepancy {
    /// Hash of the lines' content keys: its identity survives a re-run.
    pub id: GroupId,
    /// Index into [`Outcome::blocks`].
    pub block: u32,
    /// Why.
    pub verdict: Verdict,
    /// ours − theirs, minor units.
    pub amount: i64,
    /// Our lines.
    pub ours: Members,
    /// Their lines.
    pub theirs: Members,
    /// It is the difference of a group, whose id is its own.
    pub grouped: bool,
    /// Why, so that the checker can re-verify it.
    pub evidence: Grounds,
}

impl Discrepancy {
    /// The group it belongs to, if it belongs to one.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        self.grouped.then_some(self.id)
    }
}

/// The lines that may meet 分组, and their bridge 余额调节表.
///
/// Invariant, checked on every run:
/// `closing(ours) − closing(theirs) = opening difference + Σ discrepancies`.
#[derive(Clone, Debug)]
pub struct Block {
    /// Customer and currency.
    pub account: Account,
    /// Lines of our side and of theirs.
    pub lines: [u64; 2],
    /// Opening balances, ours and theirs; 0 where none was given.
    pub opening: [i128; 2],
    /// Σ movements, ours and theirs.
    pub movement: [i128; 2],
    /// Its exact pairs: a range of [`Outcome::pairs`]; the ranges of all blocks follow each other.
    pub pairs: std::ops::Range<usize>,
    /// Its discrepancies: a range of [`Outcome::discrepancies`].
    pub discrepancies: std::ops::Range<usize>,
}

impl Block {
    /// Closing balances: opening + movements, ours and theirs.
    #[must_use]
    pub const fn closing(&self) -> [i128; 2] {
        [self.opening[0] + self.movement[0], self.opening[1] + self.movement[1]]
    }
}

/// The whole answer. Every vector is in content order, so equal inputs give equal bytes.
#[derive(Debug)]
pub struct Outcome {
    /// The blocks, by customer and currency.
    pub blocks: Vec<Block>,
    /// Exact pairs, by block, date and content.
    pub pairs: Vec<ExactPair>,
    /// Every other group, by block; suggestions for the same lines stand in rank order.
    pub groups: Vec<Group>,
    /// Lines in no group, by block.
    pub residuals: Vec<Residual>,
    /// The rows of the bridges, by block.
    pub discrepancies: Vec<Discrepancy>,
}
