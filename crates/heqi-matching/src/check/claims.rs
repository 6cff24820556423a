//! What each pass claims of its lines: how many, which amounts, which numbers, which dates.

use heqi_domain::{EntryKind, LineIx, Side};

use super::groups::{Judge, enabled};
use super::violation::Violations;
use super::{Case, arithmetic, number};
use crate::evidence::SearchAnswer;
use crate::outcome::{Pass, State};
use crate::ruleset::References;

/// Whether two lines may be one fact: money never is a document.
pub(crate) fn kinds_fit(case: &Case, ours: LineIx, theirs: LineIx) -> bool {
    // A comparison of references as written asks for nothing else.
    if case.rules.references == References::AsWritten {
        return true;
    }
    let (a, b) = (case.ours.kind_of(ours), case.theirs.kind_of(theirs));
    a == EntryKind::Unknown || b == EntryKind::Unknown || a.is_money() == b.is_money()
}

/// The numbers of lines that the pass allows; false where the rest cannot be checked.
pub(crate) fn shape(judge: &Judge, found: &mut Violations) -> bool {
    let (ours, theirs) = (judge.group.ours.len(), judge.group.theirs.len());
    let (fits, expected) = match judge.group.pass {
        Pass::Contra => (ours + theirs == 2 && (ours == 0 || theirs == 0), "2 lines of one side"),
        Pass::VariantReference | Pass::Diagnostic => (ours == 1 && theirs == 1, "1 : 1"),
        Pass::Mentioned | Pass::AmountDate if judge.group.verdict.main.is_some() => {
            (ours.min(theirs) == 1, "one line against one or more")
        }
        Pass::Mentioned => (ours == 1 && theirs == 1, "1 : 1"),
        Pass::Exact | Pass::AmountDate => (ours == theirs && ours > 0, "k : k"),
        Pass::Combination => (ours > 0 && theirs > 0 && ours + theirs > 2, "3 lines or more"),
        Pass::Decided | Pass::SameReferenceSum | Pass::SameReference => {
            (ours > 0 && theirs > 0, "lines of both sides")
        }
    };
    judge.demand(fits, "cardinality", expected, format!("{ours} : {theirs}"), found);
    fits
}

/// The claim of the pass.
pub(crate) fn pass(judge: &Judge, found: &mut Violations) {
    let group = judge.group;
    let (pass, suggested) = (group.pass, group.state == State::Suggested);
    let allowed = enabled(judge.case, pass) || (suggested && judge.case.rules.passes.diagnostic);
    judge.demand(allowed, "pass", "a pass that the rules allow", pass.code(), found);
    let may_suggest = matches!(
        pass,
        Pass::SameReference | Pass::AmountDate | Pass::Combination | Pass::Diagnostic
    );
    let expected = if suggested { "a certain state" } else { "suggested" };
    let fits = if suggested { may_suggest } else { pass != Pass::Diagnostic };
    judge.demand(fits, "state", expected, group.state.code(), found);
    let (ours, theirs) = judge.sums();
    let equal = ours == theirs;
    let sums = |found: &mut Violations| {
        judge.demand(equal, "sum", format!("{ours} on both sides"), theirs, found);
    };
    match pass {
        Pass::Exact => {
            numbers(judge, found);
            amounts(judge, found);
            window(judge, found);
        }
        Pass::SameReferenceSum => {
            numbers(judge, found);
            sums(found);
        }
        // Equal sums farther apart in time than the exact pass allows are settled here.
        Pass::SameReference => numbers(judge, found),
        Pass::Contra => {
            let zero = ours == 0 && theirs == 0;
            judge.demand(zero, "reversal", "two lines that cancel out", ours + theirs, found);
            contra(judge, found);
        }
        Pass::Mentioned => mentioned(judge, equal, found),
        Pass::VariantReference => {
            sums(found);
            variant(judge, found);
        }
        Pass::AmountDate => {
            sums(found);
            if group.verdict.main.is_none() {
                amounts(judge, found);
                window(judge, found);
            }
        }
        Pass::Combination => {
            sums(found);
            search(judge, found);
        }
        Pass::Diagnostic | Pass::Decided => {}
    }
}

/// All lines bear one number.
fn numbers(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let rule = case.rules.references;
    let first = case.ours.reference.get(group.ours[0]);
    let ours = group.ours[1..].iter().map(|line| case.ours.reference.get(*line));
    let theirs = group.theirs.iter().map(|line| case.theirs.reference.get(*line));
    let other = ours.chain(theirs).find(|raw| !number::raw_agree(rule, first, raw));
    if let Some(other) = other {
        judge.demand(false, "reference", format!("`{first}`"), format!("`{other}`"), found);
    }
}

/// All lines have one amount, and kinds that may meet.
fn amounts(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let first = case.amount(Side::Ours, group.ours[0]);
    let ours = group.ours.iter().map(|line| case.amount(Side::Ours, *line));
    let theirs = group.theirs.iter().map(|line| case.amount(Side::Theirs, *line));
    if let Some(other) = ours.chain(theirs).find(|amount| *amount != first) {
        judge.demand(false, "amount", format!("{first} on every line"), other, found);
    }
    let mut pairs = group.ours.iter().zip(&group.theirs);
    let fit = pairs.all(|(a, b)| kinds_fit(case, *a, *b));
    let expected = "money against money or documents against documents";
    judge.demand(fit, "kind", expected, "one of each", found);
}

/// Days that two lines of one number and amount may lie apart; none where dates do not count.
pub(crate) fn exact_window(case: &Case, money: bool) -> Option<i32> {
    let dates = &case.rules.dates;
    match case.rules.references {
        References::AsWritten => None,
        References::Folded if money => Some(dates.money_tolerance * 2),
        References::Folded => Some(dates.later),
    }
}

/// Dates within the window that the rules allow for lines of one amount.
fn window(judge: &Judge, found: &mut Violations) {
    let (group, dates) = (judge.group, &judge.case.rules.dates);
    let (earlier, later) = match (group.pass, judge.money()) {
        (Pass::Exact, money) => match exact_window(judge.case, money) {
            Some(days) => (days, days),
            None => return,
        },
        (_, true) => (dates.money_tolerance * 2, dates.money_tolerance * 2),
        (_, false) => (dates.earlier, dates.later),
    };
    let allowed = i64::from(-earlier)..=i64::from(later);
    let outside = (group.ours.iter().zip(&group.theirs))
        .filter_map(|(ours, theirs)| judge.days(*ours, *theirs))
        .find(|days| !allowed.contains(days));
    if let Some(days) = outside {
        let expected = format!("{} to {} days", allowed.start(), allowed.end());
        judge.demand(false, "date", expected, format!("{days} days"), found);
    }
}

/// Entry and reversal bear one number.
fn contra(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let (lines, members) = match group.theirs.is_empty() {
        true => (case.ours, &group.ours),
        false => (case.theirs, &group.theirs),
    };
    let (a, b) = (lines.reference.get(members[0]), lines.reference.get(members[1]));
    let agree = number::raw_agree(case.rules.references, a, b);
    judge.demand(agree, "reference", format!("`{a}`"), format!("`{b}`"), found);
}

/// The one line names every other.
fn mentioned(judge: &Judge, equal: bool, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let (ours, theirs) = judge.sums();
    let charged = judge.money() && arithmetic::bank_charge(ours, theirs, &case.rules.differences);
    let expected = "equal sums or a bank's charge within the rules";
    judge.demand(equal || charged, "sum", expected, format!("{ours} and {theirs}"), found);
    let names = |side: Side, line: LineIx, others: &[LineIx]| {
        let (lines, named) = (case.lines(side), case.lines(side.other()));
        let text = format!("{} | {}", lines.reference.get(line), lines.text_of(line));
        others.iter().all(|other| number::mentions(&text, named.reference.get(*other)))
    };
    let named = (group.ours.len() == 1 && names(Side::Ours, group.ours[0], &group.theirs))
        || (group.theirs.len() == 1 && names(Side::Theirs, group.theirs[0], &group.ours));
    judge.demand(named, "mention", "a line that names the others", "none", found);
}

fn variant(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let ours = case.ours.reference.get(group.ours[0]);
    let theirs = case.theirs.reference.get(group.theirs[0]);
    let near = number::near(ours, theirs);
    let expected = format!("a slip of `{ours}`");
    judge.demand(near, "reference", expected, format!("`{theirs}`"), found);
    let fit = kinds_fit(case, group.ours[0], group.theirs[0]);
    judge.demand(fit, "kind", "kinds that may meet", "money against a document", found);
}

/// A certain sum is unique and chance is unlikely to have made it.
fn search(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let answer = group.evidence.search;
    let claimed = format!("{answer:?}");
    judge.demand(answer.is_some(), "search", "its answer", &claimed, found);
    if group.state == State::Suggested {
        return;
    }
    let unique = answer == Some(SearchAnswer::Unique);
    judge.demand(unique, "search", "a unique sum, or only a suggestion", claimed, found);
    let volume = |side: Side, lines: &[LineIx]| -> u128 {
        lines.iter().map(|line| case.amount(side, *line).unsigned_abs()).sum()
    };
    let amount = volume(Side::Ours, &group.ours).max(volume(Side::Theirs, &group.theirs));
    let limit = u128::from(case.rules.combination.chance_ppm.unsigned_abs()) * amount;
    let tried = group.evidence.tried;
    let unlikely = tried <= 1 || u128::from(tried) * 1_000_000 <= limit;
    judge.demand(unlikely, "chance", "fewer subsets tried for this amount", tried, found);
}
