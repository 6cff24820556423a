//! Groups: sums, state, block, and what the pass and the reason claim.

use heqi_domain::{Reason, Side};

use super::violation::{Place, Violations};
use super::{Case, claims, evidence, number, reasons};
use crate::content::group_id;
use crate::outcome::{Group, Pass, State};

/// A violation finder for one group.
pub(crate) struct Judge<'a> {
    pub case: &'a Case<'a>,
    pub group: &'a Group,
    pub place: Place,
}

impl Judge<'_> {
    /// Notes a violation unless `holds`.
    pub fn demand(
        &self,
        holds: bool,
        what: &'static str,
        expected: impl std::fmt::Display,
        claimed: impl std::fmt::Display,
        found: &mut Violations,
    ) {
        if !holds {
            let names = self.case.names(&self.group.ours, &self.group.theirs);
            found.add(self.place, what, names, expected, claimed);
        }
    }

    pub fn sums(&self) -> (i128, i128) {
        let ours = self.case.sum(Side::Ours, &self.group.ours);
        (ours, self.case.sum(Side::Theirs, &self.group.theirs))
    }

    /// Whether some line moves money.
    pub fn money(&self) -> bool {
        let ours = self.group.ours.iter().map(|line| self.case.ours.kind_of(*line));
        let theirs = self.group.theirs.iter().map(|line| self.case.theirs.kind_of(*line));
        ours.chain(theirs).any(heqi_domain::EntryKind::is_money)
    }

    /// Days from our line to theirs, where both have one.
    pub fn days(&self, ours: u32, theirs: u32) -> Option<i64> {
        let (a, b) = (self.case.ours.day[ours as usize], self.case.theirs.day[theirs as usize]);
        let known = a != heqi_domain::NO_DAY && b != heqi_domain::NO_DAY;
        known.then(|| i64::from(b) - i64::from(a))
    }
}

/// An exact pair: one block, one amount, one number, in the window.
pub(crate) fn pair(case: &Case, at: usize, found: &mut Violations) {
    let pair = case.outcome.pairs[at];
    let (ours, theirs) = (pair.ours, pair.theirs);
    let mut demand =
        |holds: bool, what, expected: &dyn Fn() -> String, claimed: &dyn Fn() -> String| {
            if !holds {
                let names = case.names(&[ours], &[theirs]);
                found.add(Place::Pair(at), what, names, expected(), claimed());
            }
        };
    let blocks = [case.block_of(Side::Ours, ours), case.block_of(Side::Theirs, theirs)];
    demand(
        blocks[0].is_some() && blocks[0] == blocks[1],
        "block",
        &|| "one customer and currency".to_owned(),
        &|| format!("blocks {blocks:?}"),
    );
    let amounts = [case.amount(Side::Ours, ours), case.amount(Side::Theirs, theirs)];
    demand(amounts[0] == amounts[1], "amount", &|| format!("theirs {}", amounts[0]), &|| {
        format!("theirs {} (minor units)", amounts[1])
    });
    demand(
        number::agree(case, ours, theirs),
        "reference",
        &|| format!("`{}`", case.ours.reference.get(ours)),
        &|| format!("`{}`", case.theirs.reference.get(theirs)),
    );
    let (x, y) = (case.ours.day[ours as usize], case.theirs.day[theirs as usize]);
    let known = x != heqi_domain::NO_DAY && y != heqi_domain::NO_DAY;
    let kinds = [case.ours.kind_of(ours), case.theirs.kind_of(theirs)];
    let most = claims::exact_window(case, kinds.iter().any(|kind| kind.is_money()));
    let apart = i64::from(x.abs_diff(y));
    demand(
        !known || most.is_none_or(|most| apart <= i64::from(most)),
        "date",
        &|| format!("at most {} days apart", most.unwrap_or_default()),
        &|| format!("{apart} days"),
    );
    demand(
        claims::kinds_fit(case, ours, theirs),
        "kind",
        &|| "money against money or documents against documents".to_owned(),
        &|| "one of each".to_owned(),
    );
}

/// Any other group.
pub(crate) fn group(case: &Case, at: usize, found: &mut Violations) {
    let group = &case.outcome.groups[at];
    let judge = Judge { case, group, place: Place::Group(at) };
    if group.ours.is_empty() && group.theirs.is_empty() {
        judge.demand(false, "members", "at least two lines", "none", found);
        return;
    }
    blocks(&judge, found);
    state(&judge, found);
    identity(&judge, found);
    evidence::group(&judge, found);
    let shape = claims::shape(&judge, found);
    if shape {
        claims::pass(&judge, found);
        reasons::group(&judge, found);
    }
}

fn blocks(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    for (side, lines) in [(Side::Ours, &group.ours), (Side::Theirs, &group.theirs)] {
        let stray = lines.iter().find(|line| case.block_of(side, **line) != Some(group.block));
        if let Some(line) = stray {
            let lines = case.lines(side);
            let account = &lines.accounts[lines.account[*line as usize] as usize];
            let expected = &case.outcome.blocks[group.block as usize].account;
            let expected = format!("`{}` {}", expected.customer, expected.currency);
            let id = lines.id_of(*line);
            let claimed =
                format!("{} {id} of `{}` {}", side.code(), account.customer, account.currency);
            judge.demand(false, "block", expected, claimed, found);
        }
    }
}

fn state(judge: &Judge, found: &mut Violations) {
    let (group, rules) = (judge.group, judge.case.rules);
    let (ours, theirs) = judge.sums();
    let difference = ours - theirs;
    judge.demand(
        difference == i128::from(group.difference),
        "difference",
        format!("{difference} minor units"),
        group.difference,
        found,
    );
    let rounded = group.verdict.main == Some(Reason::Rounding)
        && super::arithmetic::rounding(difference, &rules.differences);
    let rank = group.evidence.rank;
    match group.state {
        State::Settled => {
            let claimed = format!("settled with {difference}");
            let settled = difference == 0 || rounded;
            judge.demand(settled, "state", "nothing open or a rounding", claimed, found);
        }
        State::Differs => {
            let expected = "settled: nothing is open beyond a rounding";
            judge.demand(difference != 0 && !rounded, "state", expected, "differs", found);
        }
        State::Suggested => {
            judge.demand(rank > 0, "rank", "1 or more for a suggestion", rank, found);
        }
    }
    if group.state != State::Suggested {
        judge.demand(rank == 0, "rank", "none for a certain group", rank, found);
    }
}

/// A group is named by its lines; a second group of equal content by its ordinal too.
fn identity(judge: &Judge, found: &mut Violations) {
    let (case, group) = (judge.case, judge.group);
    let id = group_id(case.ours, &group.ours, case.theirs, &group.theirs);
    let off = group.id.0.wrapping_sub(id.0);
    let ordinal = off / 0x9e37_79b9;
    let told_apart = off.is_multiple_of(0x9e37_79b9) && ordinal < case.outcome.groups.len() as u64;
    judge.demand(off == 0 || told_apart, "group id", id, group.id, found);
}

/// The switch of a pass.
pub(crate) fn enabled(case: &Case, pass: Pass) -> bool {
    let passes = &case.rules.passes;
    match pass {
        Pass::Decided => true,
        Pass::Contra => passes.contra,
        Pass::Exact => passes.exact,
        Pass::SameReferenceSum => passes.same_reference_sum,
        Pass::SameReference => passes.same_reference,
        Pass::Mentioned => passes.mentioned,
        Pass::VariantReference => passes.variant_reference,
        Pass::AmountDate => passes.amount_date,
        Pass::Combination => passes.combination,
        Pass::Diagnostic => passes.diagnostic,
    }
}
