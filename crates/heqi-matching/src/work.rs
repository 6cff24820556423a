//! The lines of one block that the exact pass left open, and what the later passes make of them.
//!
//! Items are sorted by content, so every pass sees the same order whatever the file's was.

use heqi_domain::{Day, EntryKind, LineIx, Lines, NO_DAY, Progress, Reason, Side};

use crate::chance::Trials;
use crate::content::{content_key, id_of_keys};
use crate::evidence::Evidence;
use crate::exact::Left;
use crate::members::Members;
use crate::outcome::{Group, Pass, State, Verdict};
use crate::reference;
use crate::ruleset::{References, RuleSet};

/// One open line, with what the passes ask of it again and again.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub line: LineIx,
    pub amount: i64,
    pub day: Day,
    pub kind: EntryKind,
    /// Folded reference key; 0 = none.
    pub key: u64,
    /// Some line of the other side bears the same key and sign (it may be matched already).
    pub points: bool,
    /// The other side numbers documents in this shape too.
    pub shared_shape: bool,
    /// Left over where its equals found a partner: one of n equal lines too many.
    pub extra: bool,
    /// Content key; the last tie-breaker.
    pub content: u64,
    pub open: bool,
}

impl Item {
    /// Whether the line moves money; a line of unknown kind may be either.
    pub fn money(&self) -> Option<bool> {
        (self.kind != EntryKind::Unknown).then(|| self.kind.is_money())
    }
}

/// A block at work.
pub(crate) struct Work<'a> {
    pub rules: &'a RuleSet,
    pub block: u32,
    pub lines: [&'a Lines; 2],
    pub items: [Vec<Item>; 2],
    pub groups: Vec<Group>,
    /// Per item: a sum that nothing proves would explain it too, so no difference of it is certain.
    pub doubtful: [Vec<bool>; 2],
    /// Per item: the candidates in reach of a search that may only look at some of them; 0
    /// where no bound was met.
    pub limited: [Vec<u64>; 2],
    /// The searches for sums around a shared number.
    pub anchored: Trials,
    /// The round number that most open amounts are a multiple of.
    pub unit: i64,
    progress: &'a dyn Progress,
}

/// Index of a side in arrays.
pub(crate) const OURS: usize = 0;
/// Index of a side in arrays.
pub(crate) const THEIRS: usize = 1;

impl<'a> Work<'a> {
    pub fn new(
        rules: &'a RuleSet,
        block: u32,
        lines: [&'a Lines; 2],
        mut items: [Vec<Item>; 2],
        progress: &'a dyn Progress,
    ) -> Self {
        for side in &mut items {
            side.sort_unstable_by_key(|item| (item.day, item.amount, item.content, item.line));
        }
        let amounts = items.iter().flatten().map(|item| item.amount);
        let unit = crate::combination::unit_of(amounts);
        let doubtful = [OURS, THEIRS].map(|side| vec![false; items[side].len()]);
        let limited = [OURS, THEIRS].map(|side| vec![0; items[side].len()]);
        Self {
            rules,
            block,
            lines,
            items,
            groups: Vec::new(),
            doubtful,
            limited,
            anchored: Trials::default(),
            unit,
            progress,
        }
    }

    /// Notes that a search for this line's partner looked only at some of so many candidates.
    pub fn limit(&mut self, side: usize, item: usize, candidates: usize) {
        let noted = &mut self.limited[side][item];
        *noted = (*noted).max(candidates as u64);
    }

    /// Whether a person asked to stop: a pass then ends where it is and nothing is kept.
    pub fn stopped(&self) -> bool {
        self.progress.cancelled()
    }

    /// Open items of a side, in content order.
    pub fn open(&self, side: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.items[side].len()).filter(move |index| self.items[side][*index].open)
    }

    pub fn raw(&self, side: usize, item: usize) -> &'a str {
        self.lines[side].reference.get(self.items[side][item].line)
    }

    pub fn text(&self, side: usize, item: usize) -> &'a str {
        self.lines[side].text_of(self.items[side][item].line)
    }

    pub fn sum(&self, side: usize, items: &[usize]) -> i64 {
        items.iter().map(|item| self.items[side][*item].amount).sum()
    }

    /// Days from our line to theirs; `None` where one has no date.
    pub fn days(&self, ours: usize, theirs: usize) -> Option<i32> {
        let (a, b) = (self.items[OURS][ours].day, self.items[THEIRS][theirs].day);
        (a != NO_DAY && b != NO_DAY).then(|| b - a)
    }

    /// Whether two lines may be one document: money never is a sale.
    pub fn compatible(&self, ours: usize, theirs: usize) -> bool {
        match (self.items[OURS][ours].money(), self.items[THEIRS][theirs].money()) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    /// Whether a group of these lines is about money.
    pub fn is_money(&self, ours: &[usize], theirs: &[usize]) -> bool {
        ours.iter().any(|item| self.items[OURS][*item].kind.is_money())
            || theirs.iter().any(|item| self.items[THEIRS][*item].kind.is_money())
    }

    /// The note that the dates of a 1:1 pair deserve, if any.
    pub fn date_note(&self, ours: usize, theirs: usize) -> Option<Reason> {
        let money = self.is_money(&[ours], &[theirs]);
        date_note(self.rules, self.items[OURS][ours].day, self.items[THEIRS][theirs].day, money)
    }

    /// The note that the references of a 1:1 pair deserve, if any.
    pub fn reference_note(&self, ours: usize, theirs: usize) -> Option<Reason> {
        let (a, b) = (&self.items[OURS][ours], &self.items[THEIRS][theirs]);
        if a.key != 0 && a.key == b.key {
            return None;
        }
        let empty = |side, item| !self.raw(side, item).bytes().any(|byte| byte.is_ascii_digit());
        Some(if empty(OURS, ours) || empty(THEIRS, theirs) {
            Reason::MissingReference
        } else {
            Reason::WrongReference
        })
    }

    /// Joins lines for good: they are no longer open.
    pub fn join(
        &mut self,
        pass: Pass,
        ours: &[usize],
        theirs: &[usize],
        verdict: Verdict,
        evidence: Evidence,
    ) {
        let difference = self.sum(OURS, ours) - self.sum(THEIRS, theirs);
        let state = if difference == 0 || verdict.main == Some(Reason::Rounding) {
            State::Settled
        } else {
            State::Differs
        };
        self.push(pass, state, ours, theirs, verdict, evidence);
        for (side, items) in [(OURS, ours), (THEIRS, theirs)] {
            for item in items {
                self.items[side][*item].open = false;
            }
        }
    }

    /// Proposes lines to a person: they stay open.
    pub fn suggest(
        &mut self,
        pass: Pass,
        ours: &[usize],
        theirs: &[usize],
        verdict: Verdict,
        evidence: Evidence,
    ) {
        self.push(pass, State::Suggested, ours, theirs, verdict, evidence);
    }

    fn push(
        &mut self,
        pass: Pass,
        state: State,
        ours: &[usize],
        theirs: &[usize],
        verdict: Verdict,
        evidence: Evidence,
    ) {
        let pick = |side: usize, items: &[usize]| -> Members {
            let mut items = items.to_vec();
            items.sort_unstable();
            items.iter().map(|item| self.items[side][*item].line).collect()
        };
        let (ours_ix, theirs_ix) = (pick(OURS, ours), pick(THEIRS, theirs));
        self.groups.push(Group {
            id: id_of_keys(&self.contents(OURS, ours), &self.contents(THEIRS, theirs)),
            block: self.block,
            pass,
            state,
            difference: self.sum(OURS, ours) - self.sum(THEIRS, theirs),
            ours: ours_ix,
            theirs: theirs_ix,
            verdict,
            evidence: evidence.into(),
        });
    }

    /// Content keys of items, sorted.
    pub fn contents(&self, side: usize, items: &[usize]) -> Vec<u64> {
        let mut keys: Vec<u64> = items.iter().map(|at| self.items[side][*at].content).collect();
        keys.sort_unstable();
        keys
    }

    /// Per item: whether a suggestion proposes it.
    pub fn proposed(&self) -> [Vec<bool>; 2] {
        let mut proposed =
            [vec![false; self.items[OURS].len()], vec![false; self.items[THEIRS].len()]];
        let suggested = self.groups.iter().filter(|group| group.state == State::Suggested);
        let mut lines: Vec<(usize, LineIx)> = suggested
            .flat_map(|group| {
                let ours = group.ours.iter().map(|line| (OURS, *line));
                ours.chain(group.theirs.iter().map(|line| (THEIRS, *line)))
            })
            .collect();
        lines.sort_unstable();
        for side in [OURS, THEIRS] {
            for (at, item) in self.items[side].iter().enumerate() {
                proposed[side][at] = lines.binary_search(&(side, item.line)).is_ok();
            }
        }
        proposed
    }

    /// Drops the suggestions whose lines a later pass has joined for good.
    pub fn drop_overtaken(&mut self) {
        let mut closed: Vec<(usize, LineIx)> = Vec::new();
        for side in [OURS, THEIRS] {
            closed.extend(
                self.items[side].iter().filter(|item| !item.open).map(|item| (side, item.line)),
            );
        }
        closed.sort_unstable();
        let overtaken = |side: usize, lines: &[LineIx]| {
            lines.iter().any(|line| closed.binary_search(&(side, *line)).is_ok())
        };
        self.groups.retain(|group| {
            group.state != State::Suggested
                || !(overtaken(OURS, &group.ours) || overtaken(THEIRS, &group.theirs))
        });
    }

    /// The folded key that two lines share, as text for the evidence.
    pub fn key_text(&self, side: usize, item: usize) -> String {
        reference::core(self.raw(side, item))
    }
}

/// Makes an item of a line.
pub(crate) fn item(lines: &Lines, left: &Left, references: References) -> Item {
    let Left { line, extra, .. } = *left;
    let index = line as usize;
    Item {
        line,
        amount: lines.amount[index],
        day: lines.day[index],
        kind: lines.kind_of(line),
        key: references.key(lines.reference.get(line)),
        points: false,
        shared_shape: false,
        extra,
        content: content_key(lines, line),
        open: true,
    }
}

/// The note that two dates deserve: none within the tolerance, else `cutoff` across a month's
/// end and `date` within it.
pub(crate) fn date_note(rules: &RuleSet, ours: Day, theirs: Day, money: bool) -> Option<Reason> {
    if ours == NO_DAY || theirs == NO_DAY {
        return None;
    }
    let tolerance =
        if money { rules.dates.money_tolerance } else { rules.dates.document_tolerance };
    if (theirs - ours).abs() <= tolerance {
        return None;
    }
    Some(if month(ours) == month(theirs) { Reason::Date } else { Reason::Cutoff })
}

/// Months since year 0 of a day (civil calendar).
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub(crate) const fn month(day: Day) -> i64 {
    let days = day as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // Years run from March; months 0..12 counted from March.
    let from_march = (5 * of_year + 2) / 153;
    (era * 400 + year) * 12 + from_march
}

/// The side of an index.
pub(crate) const fn side(index: usize) -> Side {
    if index == OURS { Side::Ours } else { Side::Theirs }
}
