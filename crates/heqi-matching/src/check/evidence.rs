//! The facts that a group says it stands on: its number and its days.

use super::groups::Judge;
use super::number::Digits;
use super::violation::Violations;
use crate::outcome::Pass;

/// Checks the facts of a group's evidence.
pub(crate) fn group(judge: &Judge, found: &mut Violations) {
    key(judge, found);
    days(judge, found);
    let group = judge.group;
    let searched = group.evidence.search.is_some();
    let may = group.pass == Pass::Combination;
    judge.demand(searched == may, "search", "an answer where sums were searched", searched, found);
    let counted = group.evidence.tried > 0 || group.evidence.candidates > 0;
    judge.demand(may || !counted, "search", "no counts without a search", counted, found);
    let witness = group.evidence.witness.is_some();
    judge.demand(!witness, "witness", "none for a group", witness, found);
}

/// The shared number is that of a member.
fn key(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let ours = group.ours.iter().map(|line| case.ours.reference.get(*line));
    let theirs = group.theirs.iter().map(|line| case.theirs.reference.get(*line));
    let mut members = ours.chain(theirs);
    let keyed = !matches!(
        group.pass,
        Pass::AmountDate | Pass::Combination | Pass::Diagnostic | Pass::Decided
    );
    let claimed = &group.evidence.key;
    if claimed.is_empty() {
        let numbered = members.any(|raw| !Digits::of(raw).is_empty());
        judge.demand(!(keyed && numbered), "key", "the shared number", "none", found);
        return;
    }
    let key = Digits::of(claimed);
    let holds = members.any(|raw| key.agrees(&Digits::of(raw)));
    judge.demand(holds, "key", "the number of a member", format!("`{claimed}`"), found);
}

/// Days from our last line to theirs, where the pass says them.
fn days(judge: &Judge, found: &mut Violations) {
    let group = judge.group;
    let (Some(ours), Some(theirs)) = (group.ours.last(), group.theirs.last()) else {
        judge.demand(group.evidence.days.is_none(), "days", "none on one side", "some", found);
        return;
    };
    let apart = judge.days(*ours, *theirs);
    let one = group.ours.len() == 1 && group.theirs.len() == 1;
    let expected = match group.pass {
        Pass::SameReferenceSum | Pass::SameReference | Pass::VariantReference => apart,
        Pass::AmountDate if one => apart,
        Pass::Diagnostic => Some(apart.map_or(0, i64::abs)),
        Pass::Decided => return,
        _ => None,
    };
    let claimed = group.evidence.days.map(i64::from);
    let words = format!("{expected:?}");
    judge.demand(claimed == expected, "days", words, format!("{claimed:?}"), found);
}
