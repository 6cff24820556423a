//! Reasons of groups: each is computed again from the sums, kinds and dates of the lines.

use heqi_domain::{EntryKind, NO_DAY, Reason, ymd_of};

use super::groups::Judge;
use super::violation::Violations;
use super::{arithmetic, number};
use crate::outcome::{Pass, State};
use crate::ruleset::References;

/// The reason and the notes of a group.
pub(crate) fn group(judge: &Judge, found: &mut Violations) {
    if judge.group.pass == Pass::Decided {
        return;
    }
    let expected = mains(judge);
    let claimed = judge.group.verdict.main;
    let words: Vec<&str> = expected.iter().map(|reason| code(*reason)).collect();
    judge.demand(expected.contains(&claimed), "reason", words.join(" or "), code(claimed), found);
    hint(judge, found);
    unexplained(judge, found);
    rate(judge, found);
    hypotheses(judge, found);
    notes(judge, found);
}

fn code(reason: Option<Reason>) -> &'static str {
    reason.map_or("no reason", Reason::code)
}

/// The main reasons that the lines prove; more than one where the checker cannot tell.
fn mains(judge: &Judge) -> Vec<Option<Reason>> {
    let group = judge.group;
    let (ours, theirs) = (group.ours.len(), group.theirs.len());
    let by_count = match (ours, theirs) {
        (1, 1) => None,
        (_, 1) => Some(Reason::Merged),
        (1, _) => Some(Reason::Split),
        _ => Some(Reason::Regrouped),
    };
    let partly = ours.min(theirs) == 1 && ours != theirs;
    match group.pass {
        Pass::Exact | Pass::VariantReference | Pass::Decided => vec![None],
        Pass::Contra => vec![Some(Reason::ReversalOneSided)],
        Pass::SameReferenceSum if partly && mixed(judge) => vec![Some(Reason::PartialPayment)],
        Pass::SameReferenceSum => vec![by_count],
        Pass::SameReference if judge.group.difference == 0 => vec![None],
        Pass::SameReference | Pass::Diagnostic => vec![Some(differing(judge))],
        Pass::Mentioned => {
            let (a, b) = judge.sums();
            vec![if a == b { by_count } else { Some(Reason::BankCharge) }]
        }
        Pass::AmountDate if partly => vec![Some(Reason::PartialPayment)],
        Pass::AmountDate => vec![None],
        Pass::Combination if partly => vec![by_count, Some(Reason::PartialPayment)],
        Pass::Combination => vec![by_count],
    }
}

/// Why the sums of one number differ: the first exact explanation, else the amount itself.
fn differing(judge: &Judge) -> Reason {
    let first = explanations(judge).into_iter().next();
    let several = judge.group.ours.len() + judge.group.theirs.len() > 2;
    first.unwrap_or(if several { Reason::SplitIncomplete } else { Reason::Amount })
}

fn explanations(judge: &Judge) -> Vec<Reason> {
    let (ours, theirs) = judge.sums();
    arithmetic::explanations(ours, theirs, judge.money(), &judge.case.rules.differences)
}

/// Several lines of one number with an unexplained rest are a person's to decide, and nothing
/// that explains itself is.
fn unexplained(judge: &Judge, found: &mut Violations) {
    let group = judge.group;
    if group.pass != Pass::SameReference {
        return;
    }
    let (main, suggested) = (group.verdict.main, group.state == State::Suggested);
    let rest = main == Some(Reason::SplitIncomplete);
    judge.demand(!rest || suggested, "state", "suggested", group.state.code(), found);
    let open = matches!(main, Some(Reason::SplitIncomplete | Reason::Amount | Reason::BankCharge));
    judge.demand(open || !suggested, "state", "a certain state", "suggested", found);
}

/// A hint without an explanation stands on nearly one number or nearly one amount.
fn hint(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    if group.pass != Pass::Diagnostic || group.verdict.main != Some(Reason::Amount) {
        return;
    }
    let (ours, theirs) = judge.sums();
    let (a, b) =
        (case.ours.reference.get(group.ours[0]), case.theirs.reference.get(group.theirs[0]));
    let holds = arithmetic::one_digit(ours, theirs) || number::near(a, b);
    let expected = "one digit apart, in the amount or nearly in the number";
    judge.demand(holds, "hint", expected, format!("{ours} `{a}`, {theirs} `{b}`"), found);
}

/// Whether the several lines are documents and payments together.
fn mixed(judge: &Judge) -> bool {
    let (case, group) = (judge.case, judge.group);
    let (lines, members) = match group.theirs.len() {
        1 => (case.ours, &group.ours),
        _ => (case.theirs, &group.theirs),
    };
    let any = |test: &dyn Fn(EntryKind, i64) -> bool| {
        members.iter().any(|at| test(lines.kind_of(*at), lines.amount[*at as usize]))
    };
    let money = any(&|kind, _| kind.is_money());
    let documents = any(&|kind, _| kind != EntryKind::Unknown && !kind.is_money());
    let unknown = any(&|kind, _| kind == EntryKind::Unknown);
    let both_signs = any(&|_, amount| amount > 0) && any(&|_, amount| amount < 0);
    (money && documents) || (unknown && both_signs)
}

/// The rate that explains a difference is one of the rules and makes the amounts.
fn rate(judge: &Judge, found: &mut Violations) {
    let group = judge.group;
    let (ours, theirs) = judge.sums();
    let rates = &judge.case.rules.differences;
    let expected = match group.verdict.main.filter(|_| group.pass == Pass::SameReference) {
        Some(Reason::Tax) => arithmetic::tax_rate(ours, theirs, rates),
        Some(Reason::Discount) => arithmetic::discount_rate(ours, theirs, rates),
        Some(Reason::Withholding) => arithmetic::withheld_rate(ours, theirs, rates),
        _ => None,
    };
    let claimed = group.evidence.rate_ppm;
    let (words, claim) = (format!("{expected:?} ppm"), format!("{claimed:?}"));
    judge.demand(claimed == expected, "rate", words, claim, found);
}

/// The other exact explanations of the same difference.
fn hypotheses(judge: &Judge, found: &mut Violations) {
    let expected = match judge.group.pass {
        Pass::SameReference => explanations(judge).into_iter().skip(1).collect(),
        _ => Vec::new(),
    };
    let claimed = &judge.group.evidence.hypotheses;
    let words = format!("{expected:?}");
    judge.demand(*claimed == expected, "hypotheses", words, format!("{claimed:?}"), found);
}

/// The notes on dates, numbers and ambiguity.
fn notes(judge: &Judge, found: &mut Violations) {
    let group = judge.group;
    let has = |note: Reason| group.verdict.notes().any(|other| other == note);
    let text = || group.verdict.code();
    let expected = date_note(judge);
    for note in [Reason::Date, Reason::Cutoff] {
        let wanted = expected == Some(note);
        let words = format!("{}{}", if wanted { "" } else { "no " }, note.code());
        judge.demand(has(note) == wanted, "note", words, text(), found);
    }
    // A hint, or an unexplained rest of one number, is a suggestion without rivals.
    let rivals = matches!(group.pass, Pass::AmountDate | Pass::Combination);
    let ambiguous = group.state == State::Suggested && rivals;
    let words = if ambiguous { "ambiguous" } else { "nothing ambiguous" };
    judge.demand(has(Reason::Ambiguous) == ambiguous, "note", words, text(), found);
    // A proposed sum may stand on the nearest candidates alone and then says so.
    let limit = has(Reason::SearchLimit);
    let may = group.state == State::Suggested && group.pass == Pass::Combination;
    judge.demand(may || !limit, "note", "no search_limit", text(), found);
    for note in [Reason::MissingReference, Reason::WrongReference] {
        if let Some(wanted) = reference_note(judge, note) {
            let words = format!("{}{}", if wanted { "" } else { "no " }, note.code());
            judge.demand(has(note) == wanted, "note", words, text(), found);
        }
    }
}

/// The note that the dates of two lines deserve under the rules.
fn date_note(judge: &Judge) -> Option<Reason> {
    let (case, group) = (judge.case, judge.group);
    if case.rules.references == References::AsWritten {
        return None;
    }
    let one = group.ours.len() == 1 && group.theirs.len() == 1;
    let noted = match group.pass {
        Pass::Exact => true,
        Pass::Contra | Pass::Combination | Pass::Diagnostic | Pass::Decided => false,
        Pass::Mentioned => one && group.difference == 0,
        _ => one,
    };
    if !noted {
        return None;
    }
    let (ours, theirs) = (group.ours[0] as usize, group.theirs[0] as usize);
    let (a, b) = (case.ours.day[ours], case.theirs.day[theirs]);
    let money =
        case.ours.kind_of(ours as u32).is_money() || case.theirs.kind_of(theirs as u32).is_money();
    let dates = &case.rules.dates;
    let tolerance = if money { dates.money_tolerance } else { dates.document_tolerance };
    if a == NO_DAY || b == NO_DAY || i64::from(a.abs_diff(b)) <= i64::from(tolerance) {
        return None;
    }
    let month = |day| ymd_of(day).map(|(year, month, _)| (year, month));
    Some(if month(a) == month(b) { Reason::Date } else { Reason::Cutoff })
}

/// Whether a note on the numbers is due; none where the checker's folding cannot tell.
fn reference_note(judge: &Judge, note: Reason) -> Option<bool> {
    let (case, group) = (judge.case, judge.group);
    match group.pass {
        Pass::VariantReference => return Some(note == Reason::WrongReference),
        Pass::AmountDate | Pass::Diagnostic => {}
        _ => return Some(false),
    }
    let mut due = false;
    for (ours, theirs) in group.ours.iter().zip(&group.theirs) {
        let (a, b) = (case.ours.reference.get(*ours), case.theirs.reference.get(*theirs));
        if number::raw_agree(case.rules.references, a, b) {
            if a != b {
                // Alike for the checker, perhaps not for the pass.
                return None;
            }
            continue;
        }
        let blank = |raw: &str| !raw.bytes().any(|byte| byte.is_ascii_digit());
        due |= (blank(a) || blank(b)) == (note == Reason::MissingReference);
    }
    Some(due)
}
