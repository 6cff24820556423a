//! Why a line stands alone 未达定性.

use heqi_domain::{EntryKind, NO_DAY, Reason, names_charge, names_set_off};

use crate::evidence::{Evidence, SearchAnswer, Witness};
use crate::outcome::Verdict;
use crate::work::{OURS, Work};

/// A line that bears the amount of an open line of its block, matched or not.
#[derive(Clone, Copy)]
pub(crate) struct Twin {
    pub block: u32,
    /// Index of its side.
    pub side: u8,
    pub amount: i64,
    pub day: i32,
    /// Folded reference key; 0 = none.
    pub key: u64,
    pub line: u32,
    pub matched: bool,
}

/// Explains one open line; `twins` are the lines of the block with its amount, ours and theirs,
/// where the rules look around at all (a plain comparison does not).
pub(crate) fn explain(
    work: &Work<'_>,
    side: usize,
    item: usize,
    twins: Option<[&[Twin]; 2]>,
) -> (Verdict, Evidence) {
    let main = main_reason(work, side, item, twins);
    let mut verdict = Verdict::of(main);
    let mut evidence = Evidence::default();
    // Not every candidate in reach was searched: the answer is not "none".
    let reach = work.limited[side][item];
    if reach > 0 {
        verdict = verdict.with(Reason::SearchLimit);
        evidence.search = Some(SearchAnswer::LimitReached);
        evidence.candidates = reach;
    }
    let Some(twins) = twins else { return (verdict, evidence) };
    let line = &work.items[side][item];
    let window = work.rules.dates.reference_window;
    let count = |index: usize| {
        within(twins[index], line.day, window).map(<[Twin]>::len).iter().sum::<usize>() as u32
    };
    let witness = Witness {
        amount: line.amount,
        from: line.day.saturating_sub(window),
        to: line.day.saturating_add(window),
        ours: count(0),
        theirs: count(1),
    };
    evidence.witness = Some(witness);
    (verdict, evidence)
}

/// The twins that may lie at most so many days from a day: those without a date, and those
/// dated within. They stand by day, those without one first.
fn within(twins: &[Twin], day: i32, days: i32) -> [&[Twin]; 2] {
    if day == NO_DAY {
        return [twins, &[]];
    }
    let (undated, dated) = twins.split_at(twins.partition_point(|twin| twin.day == NO_DAY));
    let first = dated.partition_point(|twin| twin.day < day.saturating_sub(days));
    let last = dated.partition_point(|twin| twin.day <= day.saturating_add(days));
    [undated, &dated[first..last]]
}

/// Days between two days; none where one is missing.
fn apart(a: i32, b: i32) -> Option<i32> {
    (a != NO_DAY && b != NO_DAY).then(|| (a - b).abs())
}

fn main_reason(work: &Work<'_>, side: usize, item: usize, twins: Option<[&[Twin]; 2]>) -> Reason {
    let line = &work.items[side][item];
    let duplicate = if side == OURS { Reason::DuplicateOurs } else { Reason::DuplicateTheirs };
    // A twin that found its partner while this one did not: one too many, also where the twin
    // lost its number. An amount that many lines carry makes no twins.
    let near = work.rules.dates.document_tolerance * 2;
    let window = work.rules.dates.reference_window;
    let alike = || {
        let twins = twins.map_or([&[][..]; 2], |twins| within(twins[side], line.day, window));
        twins.into_iter().flatten().filter(|twin| twin.line != line.line)
    };
    let rare = alike().nth(1).is_none();
    let twin = rare
        && alike().any(|twin| {
            twin.matched
                && apart(twin.day, line.day).is_none_or(|days| days <= near)
                && (line.key == 0 || twin.key == 0 || twin.key == line.key || !line.shared_shape)
        });
    if line.extra || twin {
        return duplicate;
    }
    match (side == OURS, line.kind) {
        (_, EntryKind::Return) => Reason::ReturnNotCredited,
        (_, EntryKind::Discount) => Reason::Discount,
        (_, EntryKind::Exchange) => Reason::ExchangeHalf,
        _ if names_set_off(work.text(side, item)) => Reason::Withholding,
        (_, kind) if !kind.is_money() && names_charge(work.text(side, item)) => Reason::FreightFee,
        (true, kind) if kind.is_money() => Reason::UnappliedPayment,
        (true, _) => Reason::MissingTheirs,
        (false, kind) if kind.is_money() => Reason::UnrecognisedPayment,
        (false, _) => Reason::MissingOurs,
    }
}
