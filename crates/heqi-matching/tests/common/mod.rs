//! What the kernel's tests share: ledgers built from plain lines, and an outcome as text.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fmt::Write as _;

use heqi_domain::{
    Account, Currency, EntryKind, LineIds, LineIx, Lines, NO_DAY, Names, NoProgress, Side,
};
use heqi_matching::{Evidence, Openings, Outcome, RuleSet, State, match_lines};

/// One line of a test ledger. Amounts are minor units, signed from the receivable's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: String,
    pub customer: String,
    pub currency: &'static str,
    pub day: i32,
    pub kind: EntryKind,
    pub reference: String,
    pub amount: i64,
    pub text: String,
}

/// A line of customer 甲 in CNY, of unknown kind, without date, reference and memo.
pub fn line(id: &str, amount: i64) -> Line {
    Line {
        id: id.to_owned(),
        customer: "甲".to_owned(),
        currency: "CNY",
        day: NO_DAY,
        kind: EntryKind::Unknown,
        reference: String::new(),
        amount,
        text: String::new(),
    }
}

/// Columns of one side; lines are called by their ids.
pub fn lines(side: Side, rows: &[Line]) -> Lines {
    let mut lines = Lines::new(side);
    let mut ids = Names::new();
    for row in rows {
        let account = Account {
            customer: row.customer.clone(),
            currency: row.currency.parse::<Currency>().unwrap(),
        };
        let at = lines.accounts.iter().position(|known| *known == account).unwrap_or_else(|| {
            lines.accounts.push(account);
            lines.accounts.len() - 1
        });
        lines.account.push(at as u32);
        lines.amount.push(row.amount);
        lines.day.push(row.day);
        lines.kind.push(row.kind);
        lines.reference.push(&row.reference);
        lines.text.push(&row.text);
        ids.push(&row.id);
    }
    lines.id = LineIds::Named(ids);
    lines
}

/// Two sides and what the kernel says about them.
pub struct Run {
    pub ours: Lines,
    pub theirs: Lines,
    pub outcome: Outcome,
}

/// A group with the ids of its lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub state: State,
    pub pass: &'static str,
    pub ours: Vec<String>,
    pub theirs: Vec<String>,
    pub difference: i64,
    pub verdict: String,
}

/// Matches two ledgers.
pub fn run(ours: &[Line], theirs: &[Line], rules: &RuleSet) -> Run {
    run_opened(ours, theirs, rules, &Openings::default())
}

/// Matches two ledgers with opening balances.
pub fn run_opened(ours: &[Line], theirs: &[Line], rules: &RuleSet, openings: &Openings) -> Run {
    let (ours, theirs) = (lines(Side::Ours, ours), lines(Side::Theirs, theirs));
    let outcome = match match_lines(&ours, &theirs, rules, openings, &NoProgress) {
        Ok(outcome) => outcome,
        Err(error) => panic!("{error}\n{ours:#?}\n{theirs:#?}"),
    };
    Run { ours, theirs, outcome }
}

impl Run {
    /// The ids of lines of a side, sorted.
    pub fn ids(&self, side: Side, indices: &[LineIx]) -> Vec<String> {
        let lines = if side == Side::Ours { &self.ours } else { &self.theirs };
        let mut ids: Vec<String> =
            indices.iter().map(|line| lines.id_of(*line).into_owned()).collect();
        ids.sort();
        ids
    }

    /// Every group, exact pairs among them, sorted.
    pub fn named(&self) -> Vec<Named> {
        let pairs = self.outcome.pairs.iter().map(|pair| Named {
            state: State::Settled,
            pass: "exact",
            ours: self.ids(Side::Ours, &[pair.ours]),
            theirs: self.ids(Side::Theirs, &[pair.theirs]),
            difference: 0,
            verdict: String::new(),
        });
        let groups = self.outcome.groups.iter().map(|group| Named {
            state: group.state,
            pass: group.pass.code(),
            ours: self.ids(Side::Ours, &group.ours),
            theirs: self.ids(Side::Theirs, &group.theirs),
            difference: group.difference,
            verdict: group.verdict.code(),
        });
        let mut all: Vec<Named> = pairs.chain(groups).collect();
        all.sort();
        all
    }

    /// Lines that stand alone: side, id, reason; sorted.
    pub fn alone(&self) -> Vec<(Side, String, String)> {
        let mut alone: Vec<(Side, String, String)> = self
            .outcome
            .residuals
            .iter()
            .map(|left| {
                (left.side, self.ids(left.side, &[left.line]).remove(0), left.verdict.code())
            })
            .collect();
        alone.sort();
        alone
    }

    /// The whole outcome in its own order, lines called by id, but for customers that `skip`
    /// names. Two outcomes are the same if their texts are.
    pub fn render(&self, skip: &str) -> String {
        let mut text = String::new();
        let outcome = &self.outcome;
        let skipped = |block: u32| outcome.blocks[block as usize].account.customer == skip;
        let name = |block: u32| {
            let account = &outcome.blocks[block as usize].account;
            format!("{}/{}", account.customer, account.currency)
        };
        for (number, block) in outcome.blocks.iter().enumerate() {
            if !skipped(number as u32) {
                let closing = block.closing();
                let rows = block.discrepancies.len();
                let place = name(number as u32);
                writeln!(text, "block {place} {:?} {closing:?} {rows}", block.lines).unwrap();
            }
        }
        for pair in &outcome.pairs {
            let account = self.ours.account[pair.ours as usize] as usize;
            if self.ours.accounts[account].customer != skip {
                let (a, b) = (self.ours.id_of(pair.ours), self.theirs.id_of(pair.theirs));
                writeln!(text, "pair {} {a} = {b}", pair.id).unwrap();
            }
        }
        for group in outcome.groups.iter().filter(|group| !skipped(group.block)) {
            let sides = self.sides(&group.ours, &group.theirs);
            let (id, place, state) = (group.id, name(group.block), group.state.code());
            let (pass, verdict) = (group.pass.code(), group.verdict.code());
            let (left, why) = (group.difference, facts(&group.evidence));
            writeln!(text, "group {id} {place} {state} {pass} {sides} {left} [{verdict}] {why}")
                .unwrap();
        }
        for left in outcome.residuals.iter().filter(|left| !skipped(left.block)) {
            let (side, id) = (left.side.code(), self.ids(left.side, &[left.line]));
            let (place, verdict) = (name(left.block), left.verdict.code());
            let why = facts(&left.evidence);
            writeln!(text, "alone {place} {side} {id:?} [{verdict}] {why}").unwrap();
        }
        for row in outcome.discrepancies.iter().filter(|row| !skipped(row.block)) {
            let sides = self.sides(&row.ours, &row.theirs);
            let (id, place, verdict) = (row.id, name(row.block), row.verdict.code());
            let (amount, why) = (row.amount, facts(&row.evidence));
            let group = row.group().map(|group| group.to_string()).unwrap_or_default();
            writeln!(text, "row {id} {place} [{verdict}] {amount} {sides} {group} {why}").unwrap();
        }
        text
    }

    /// `O1+O2 = T1`, in the order in which the kernel gives the lines.
    fn sides(&self, ours: &[LineIx], theirs: &[LineIx]) -> String {
        let text = |lines: &Lines, indices: &[LineIx]| -> String {
            let ids: Vec<_> = indices.iter().map(|line| lines.id_of(*line)).collect();
            ids.join("+")
        };
        format!("{} = {}", text(&self.ours, ours), text(&self.theirs, theirs))
    }
}

fn facts(evidence: &Evidence) -> String {
    format!("{evidence:?}")
}
