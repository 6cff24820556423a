//! Why a line stands alone 未达定性.

use heqi_domain::{EntryKind, Reason};

use crate::evidence::{Evidence, Witness};
use crate::outcome::Verdict;
use crate::work::{OURS, Work};

/// Equal amounts of a block: every line of it, matched or not, by side.
pub(crate) struct Twin {
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
    let Some(twins) = twins else { return (Verdict::of(main), Evidence::default()) };
    let line = &work.items[side][item];
    let window = work.rules.dates.reference_window;
    let near = |twin: &&Twin| twin.day.abs_diff(line.day) as i32 <= window;
    let count = |index: usize| twins[index].iter().filter(near).count() as u32;
    let witness = Witness {
        amount: line.amount,
        from: line.day.saturating_sub(window),
        to: line.day.saturating_add(window),
        ours: count(0),
        theirs: count(1),
    };
    let evidence = Evidence { witness: Some(witness), ..Evidence::default() };
    (Verdict::of(main), evidence)
}

fn main_reason(work: &Work<'_>, side: usize, item: usize, twins: Option<[&[Twin]; 2]>) -> Reason {
    let line = &work.items[side][item];
    let duplicate = if side == OURS { Reason::DuplicateOurs } else { Reason::DuplicateTheirs };
    // A twin that found its partner while this one did not: one too many, also where the twin
    // lost its number. An amount that many lines carry makes no twins.
    let near = work.rules.dates.document_tolerance * 2;
    let window = work.rules.dates.reference_window;
    let alike = || {
        twins
            .into_iter()
            .flat_map(|twins| twins[side])
            .filter(|twin| twin.line != line.line && twin.day.abs_diff(line.day) as i32 <= window)
    };
    let rare = alike().nth(1).is_none();
    let twin = alike().any(|twin| {
        twin.matched
            && twin.day.abs_diff(line.day) as i32 <= near
            && (line.key == 0 || twin.key == 0 || twin.key == line.key || !line.shared_shape)
    });
    if line.extra || (twin && rare) {
        return duplicate;
    }
    match (side == OURS, line.kind) {
        (true, EntryKind::Return) | (false, EntryKind::Return) => Reason::ReturnNotCredited,
        (true, kind) if kind.is_money() => Reason::UnappliedPayment,
        (true, _) => Reason::MissingTheirs,
        (false, kind) if kind.is_money() => Reason::UnrecognisedPayment,
        (false, _) => Reason::MissingOurs,
    }
}
