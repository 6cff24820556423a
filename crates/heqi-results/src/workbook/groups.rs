//! Sheets 已匹配 and 待确认: the groups with both sides next to each other.
//!
//! A group of several lines takes as many rows as its longer side has; customer, group id and
//! state are repeated so that filters keep a group together, the difference stands once.

use heqi_domain::{LineIx, Lines, Side};
use heqi_matching::{GroupId, Pass, State, Verdict};
use rust_xlsxwriter::XlsxError;

use super::sheet::{Column, List, Row, Shows, column};
use super::{Done, Parts, words};
use crate::error::ResultsError;
use crate::order::Run;

pub const MATCHED: (&str, &str) = ("已匹配", "Matched");
pub const SUGGESTED: (&str, &str) = ("待确认", "To confirm");

/// The columns of suggestions; matched groups have no alternatives, so not the last one.
pub const COLUMNS: &[Column] = &[
    column("客户", "Customer", 18.0, Shows::Text),
    column("币种", "Currency", 6.5, Shows::Text),
    column("组号", "Group", 19.0, Shows::Text),
    column("状态", "State", 8.0, Shows::Text),
    column("匹配方式", "Found by", 17.0, Shows::Text),
    column("我方单号", "Our number", 18.0, Shows::Text),
    column("我方日期", "Our date", 11.5, Shows::Text),
    column("我方金额", "Our amount", 15.0, Shows::Figure),
    column("对方单号", "Their number", 18.0, Shows::Text),
    column("对方日期", "Their date", 11.5, Shows::Text),
    column("对方金额", "Their amount", 15.0, Shows::Figure),
    column("差额", "Difference", 13.0, Shows::Figure),
    column("原因", "Reason", 20.0, Shows::Text),
    column("方案", "Alternative", 6.5, Shows::Figure),
];

/// A group of either kind.
struct Shown<'a> {
    block: usize,
    id: GroupId,
    pass: Pass,
    state: State,
    ours: &'a [LineIx],
    theirs: &'a [LineIx],
    difference: i64,
    verdict: Verdict,
    rank: u32,
}

/// Fills the sheet of certain groups, or that of suggestions.
pub fn fill(mut list: List, parts: &Parts, suggested: bool) -> Result<Done, ResultsError> {
    let outcome = parts.result.outcome;
    let mut number = 0_u64;
    for run in parts.work.pieces.iter().flatten() {
        match run {
            Run::Pairs(..) if suggested => {}
            Run::Pairs(block, range) => {
                for pair in &outcome.pairs[range.clone()] {
                    number += 1;
                    parts.tick(number)?;
                    let shown = Shown {
                        block: *block,
                        id: pair.id,
                        pass: Pass::Exact,
                        state: State::Settled,
                        ours: &[pair.ours],
                        theirs: &[pair.theirs],
                        difference: 0,
                        verdict: Verdict::NONE,
                        rank: 0,
                    };
                    group(&mut list, parts, &shown)?;
                }
            }
            Run::Groups(range) => {
                let wanted = |state: State| (state == State::Suggested) == suggested;
                let all = outcome.groups[range.clone()].iter();
                for it in all.filter(|group| wanted(group.state)) {
                    number += 1;
                    parts.tick(number)?;
                    let shown = Shown {
                        block: it.block as usize,
                        id: it.id,
                        pass: it.pass,
                        state: it.state,
                        ours: &it.ours,
                        theirs: &it.theirs,
                        difference: it.difference,
                        verdict: it.verdict,
                        rank: it.evidence.rank,
                    };
                    group(&mut list, parts, &shown)?;
                }
            }
        }
    }
    let lang = parts.result.lang;
    let empty = match suggested {
        true => lang.pick("没有待确认的匹配。", "Nothing to confirm."),
        false => lang.pick("没有已匹配的明细。", "Nothing is matched."),
    };
    Ok(list.finish(empty, &parts.elsewhere("groups"))?)
}

fn group(list: &mut List, parts: &Parts, shown: &Shown) -> Result<(), XlsxError> {
    let lang = parts.result.lang;
    let account = &parts.result.outcome.blocks[shown.block].account;
    let exponent = account.currency.exponent();
    for place in 0..shown.ours.len().max(shown.theirs.len()) {
        let Some(mut row) = list.next() else { continue };
        row.text(&account.customer)?
            .text(account.currency.code())?
            .text(&shown.id.to_string())?
            .text(words::state(Some(shown.state), lang))?
            .text(words::pass(shown.pass, lang))?;
        for (side, members) in [(Side::Ours, shown.ours), (Side::Theirs, shown.theirs)] {
            line_cells(&mut row, parts.result.lines(side), members.get(place), exponent)?;
        }
        if place == 0 {
            row.money(shown.difference.into(), exponent)?;
        } else {
            row.skip()?;
        }
        row.text(&words::verdict(shown.verdict, lang))?;
        if shown.state == State::Suggested {
            row.count(Some(shown.rank.into()))?;
        }
    }
    Ok(())
}

fn line_cells(
    row: &mut Row,
    lines: &Lines,
    line: Option<&LineIx>,
    exponent: u32,
) -> Result<(), XlsxError> {
    let Some(line) = line else {
        row.skip()?.date(None)?.skip()?;
        return Ok(());
    };
    let place = *line as usize;
    row.text(lines.reference.get(*line))?
        .date(Some(lines.day[place]))?
        .money(lines.amount[place].into(), exponent)?;
    Ok(())
}
