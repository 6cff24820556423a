//! Lines in no group: the counting witness is counted again, the reason fits the line.

use hashbrown::HashMap;
use heqi_domain::{EntryKind, LineIx, NO_DAY, Reason, Side};
use rayon::prelude::*;

use super::Case;
use super::violation::{Place, Violations};
use crate::evidence::SearchAnswer;
use crate::outcome::Residual;

/// Days of the lines of a block with one amount, by side, sorted. Only looked up, never walked.
type Equals = HashMap<(u32, i64), [Vec<i32>; 2]>;

pub(crate) fn check(case: &Case) -> Violations {
    let equals = equals(case);
    let parts: Vec<Violations> = case
        .outcome
        .residuals
        .par_iter()
        .enumerate()
        .map(|(at, residual)| {
            let mut found = Violations::default();
            one(case, &equals, at, residual, &mut found);
            found
        })
        .collect();
    let mut found = Violations::default();
    parts.into_iter().for_each(|part| found.append(part));
    found
}

/// One scan over both ledgers for the amounts that residuals ask about.
fn equals(case: &Case) -> Equals {
    let mut equals = Equals::new();
    for residual in &case.outcome.residuals {
        let amount = case.lines(residual.side).amount[residual.line as usize];
        equals.entry((residual.block, amount)).or_default();
    }
    for (at, side) in [Side::Ours, Side::Theirs].into_iter().enumerate() {
        let lines = case.lines(side);
        for (line, amount) in lines.amount.iter().enumerate() {
            let Some(block) = case.block_of(side, line as LineIx) else { continue };
            if let Some(days) = equals.get_mut(&(block, *amount)) {
                days[at].push(lines.day[line]);
            }
        }
    }
    equals.values_mut().flatten().for_each(|days| days.sort_unstable());
    equals
}

fn one(case: &Case, equals: &Equals, at: usize, residual: &Residual, found: &mut Violations) {
    let (side, line) = (residual.side, residual.line);
    let lines = case.lines(side);
    let place = Place::Residual(at);
    let names = || match side {
        Side::Ours => case.names(&[line], &[]),
        Side::Theirs => case.names(&[], &[line]),
    };
    if case.block_of(side, line) != Some(residual.block) {
        let account = &lines.accounts[lines.account[line as usize] as usize];
        let expected = format!("`{}` {}", account.customer, account.currency);
        found.add(place, "block", names(), expected, residual.block);
    }
    let amount = lines.amount[line as usize];
    let none = [Vec::new(), Vec::new()];
    let days = equals.get(&(residual.block, amount)).unwrap_or(&none);
    witness(case, residual, days, place, &names(), found);
    let expected = reasons(side, lines.kind_of(line), lines.text_of(line));
    let claimed = residual.verdict.main;
    let own = &days[usize::from(side == Side::Theirs)];
    let duplicate =
        if side == Side::Ours { Reason::DuplicateOurs } else { Reason::DuplicateTheirs };
    if claimed == Some(duplicate) {
        // One of n equal lines too many: there must be another.
        if own.len() < 2 {
            found.add(place, "reason", names(), "a twin on the same side", "none");
        }
    } else if claimed != Some(expected) {
        let claimed = claimed.map_or("no reason", Reason::code);
        found.add(place, "reason", names(), expected.code(), claimed);
    }
    let limit = residual.verdict.notes().any(|note| note == Reason::SearchLimit);
    if residual.verdict.notes().any(|note| note != Reason::SearchLimit) {
        found.add(place, "note", names(), "none but search_limit", residual.verdict.code());
    }
    bounds(case, residual, limit, place, &names(), found);
}

/// A line whose search met a bound says so, and names candidates that the other side has.
fn bounds(
    case: &Case,
    residual: &Residual,
    limit: bool,
    place: Place,
    names: &str,
    found: &mut Violations,
) {
    let evidence = &residual.evidence;
    let reached = evidence.search == Some(SearchAnswer::LimitReached);
    if reached != limit || reached != evidence.search.is_some() {
        let claimed = format!("{:?}", evidence.search);
        found.add(place, "search", names.to_owned(), "search_limit where one was met", claimed);
    }
    let others = residual.side.other();
    let block = &case.outcome.blocks[residual.block as usize];
    let most = if limit { block.lines[usize::from(others == Side::Theirs)] } else { 0 };
    let least = u64::from(limit);
    if !(least..=most).contains(&evidence.candidates) || evidence.tried > 0 {
        let expected = format!("{least} to {most} candidates of {}", others.code());
        found.add(place, "search", names.to_owned(), expected, evidence.candidates);
    }
}

/// What a line that stands alone is, by its side and kind and what its memo says.
fn reasons(side: Side, kind: EntryKind, memo: &str) -> Reason {
    match (side, kind) {
        (_, EntryKind::Return) => Reason::ReturnNotCredited,
        (_, EntryKind::Discount) => Reason::Discount,
        (_, EntryKind::Exchange) => Reason::ExchangeHalf,
        _ if heqi_domain::names_set_off(memo) => Reason::Withholding,
        (Side::Ours, EntryKind::Receipt | EntryKind::Refund) => Reason::UnappliedPayment,
        (Side::Theirs, EntryKind::Receipt | EntryKind::Refund) => Reason::UnrecognisedPayment,
        _ if heqi_domain::names_charge(memo) => Reason::FreightFee,
        (Side::Ours, _) => Reason::MissingTheirs,
        (Side::Theirs, _) => Reason::MissingOurs,
    }
}

fn witness(
    case: &Case,
    residual: &Residual,
    days: &[Vec<i32>; 2],
    place: Place,
    names: &str,
    found: &mut Violations,
) {
    let lines = case.lines(residual.side);
    let (amount, day) = (lines.amount[residual.line as usize], lines.day[residual.line as usize]);
    let Some(witness) = residual.evidence.witness else {
        // A plain comparison by number claims nothing about equal amounts elsewhere.
        let passes = &case.rules.passes;
        let by_amount = passes.amount_date || passes.combination || passes.variant_reference;
        if !(by_amount || passes.mentioned || passes.diagnostic) {
            return;
        }
        found.add(place, "witness", names.to_owned(), "the counts of equal lines", "none");
        return;
    };
    let reach = case.rules.dates.reference_window;
    let (from, to) = (day.saturating_sub(reach), day.saturating_add(reach));
    if (witness.amount, witness.from, witness.to) != (amount, from, to) {
        let expected = format!("amount {amount} between day {from} and {to}");
        let claimed = format!("{} between {} and {}", witness.amount, witness.from, witness.to);
        found.add(place, "witness", names.to_owned(), expected, claimed);
    }
    for (at, claimed) in [witness.ours, witness.theirs].into_iter().enumerate() {
        let inside = |day: &&i32| **day != NO_DAY && (from..=to).contains(*day);
        let dated = days[at].iter().filter(inside).count();
        // A line without a date may lie anywhere, so also in the window.
        let undated = days[at].iter().filter(|day| **day == NO_DAY).count();
        let most = if day == NO_DAY { days[at].len() } else { dated + undated };
        let least = if day == NO_DAY { 0 } else { dated };
        if !(least..=most).contains(&(claimed as usize)) {
            let side = if at == 0 { "ours" } else { "theirs" };
            let expected = format!("{least} to {most} equal lines of {side}");
            found.add(place, "witness", names.to_owned(), expected, claimed);
        }
    }
}
