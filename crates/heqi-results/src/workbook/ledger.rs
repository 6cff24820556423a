//! Sheets 我方明细 and 对方明细: the ledgers in file order, each line with what became of it.

use heqi_domain::{EntryKind, LineIx, Side};
use heqi_matching::{GroupId, State, Verdict};

use super::sheet::{Column, List, Shows, column};
use super::{Done, Parts, words};
use crate::error::ResultsError;

pub const OURS: (&str, &str) = ("我方明细", "Our ledger");
pub const THEIRS: (&str, &str) = ("对方明细", "Their ledger");

pub const COLUMNS: &[Column] = &[
    column("行号/编号", "Line", 13.0, Shows::Text),
    column("客户", "Customer", 18.0, Shows::Text),
    column("日期", "Date", 11.5, Shows::Text),
    column("类型", "Type", 8.0, Shows::Text),
    column("单号", "Number", 18.0, Shows::Text),
    column("关联单号", "Related number", 14.0, Shows::Text),
    column("摘要", "Memo", 24.0, Shows::Text),
    column("币种", "Currency", 6.5, Shows::Text),
    column("金额", "Amount", 15.0, Shows::Figure),
    column("状态", "State", 8.0, Shows::Text),
    column("组号", "Group", 19.0, Shows::Text),
    column("原因", "Reason", 20.0, Shows::Text),
];

/// Where a line ended: an index into the pairs, groups or residuals.
#[derive(Clone, Copy)]
enum Place {
    Pair(u32),
    Group(u32),
    Residual(u32),
}

/// Fills the sheet of one side.
pub fn fill(mut list: List, parts: &Parts, side: Side) -> Result<Done, ResultsError> {
    let (outcome, lang) = (parts.result.outcome, parts.result.lang);
    let lines = parts.result.lines(side);
    let places = places(parts, side);
    let mut total = 0_i128;
    for line in 0..lines.len() as LineIx {
        parts.tick(u64::from(line) + 1)?;
        let at = line as usize;
        let account = &lines.accounts[lines.account[at] as usize];
        let exponent = account.currency.exponent();
        total += i128::from(lines.amount[at]);
        let (state, group, verdict): (_, Option<GroupId>, _) = match places[at] {
            Some(Place::Pair(pair)) => {
                (Some(State::Settled), Some(outcome.pairs[pair as usize].id), Verdict::NONE)
            }
            Some(Place::Group(group)) => {
                let group = &outcome.groups[group as usize];
                (Some(group.state), Some(group.id), group.verdict)
            }
            Some(Place::Residual(residual)) => {
                (None, None, outcome.residuals[residual as usize].verdict)
            }
            None => (None, None, Verdict::NONE),
        };
        let kind = lines.kind[at];
        let kind = if kind == EntryKind::Unknown { "" } else { kind.label(lang) };
        let Some(mut row) = list.next() else { continue };
        row.text(&lines.id_of(line))?
            .text(&account.customer)?
            .date(Some(lines.day[at]))?
            .text(kind)?
            .text(lines.reference.get(line))?
            .text(lines.other_reference_of(line))?
            .text(lines.text_of(line))?
            .text(account.currency.code())?
            .money(lines.amount[at].into(), exponent)?
            .text(words::state(state, lang))?
            .text(&group.map(|group| group.to_string()).unwrap_or_default())?
            .text(&words::verdict(verdict, lang))?;
    }
    if let Some(currency) = parts.only_currency()
        && !lines.is_empty()
    {
        list.total(lang.pick("合计", "Total"), currency.exponent(), &[(8, total)])?;
    }
    let empty = lang.pick("没有明细。", "No lines.");
    Ok(list.finish(empty, &parts.elsewhere("members"))?)
}

/// Per line where it ended; a line of several suggestions stands with the first of them.
fn places(parts: &Parts, side: Side) -> Vec<Option<Place>> {
    let outcome = parts.result.outcome;
    let mut places = vec![None; parts.result.lines(side).len()];
    for (index, pair) in (0..).zip(&outcome.pairs) {
        let line = if side == Side::Ours { pair.ours } else { pair.theirs };
        places[line as usize] = Some(Place::Pair(index));
    }
    for (index, group) in (0..).zip(&outcome.groups) {
        let members = if side == Side::Ours { &group.ours } else { &group.theirs };
        for line in members {
            places[*line as usize].get_or_insert(Place::Group(index));
        }
    }
    for (index, residual) in (0..).zip(&outcome.residuals) {
        if residual.side == side {
            places[residual.line as usize].get_or_insert(Place::Residual(index));
        }
    }
    places
}
