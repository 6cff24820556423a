//! The rows of each table, cell by cell.

use std::ops::Range;

use heqi_domain::{LineIds, LineIx, Lines, Names, Side};
use heqi_matching::{Block, Discrepancy, ExactPair, Group, Pass, Residual, State};

use crate::encode::Cells;
use crate::model::MatchResult;
use crate::summary::{is_opening, movements};

/// Letter before the hash of a group.
pub const GROUP: char = 'G';
/// Letter before the hash of a discrepancy, so that it is not taken for its group.
pub const DISCREPANCY: char = 'D';

pub fn exact_group(id: u64, block: &Block, rows: &mut impl Cells) {
    rows.hash(GROUP, id);
    rows.code(State::Settled.code());
    rows.code(Pass::Exact.code());
    rows.count(1);
    rows.count(1);
    rows.amount(0, block.account.currency.exponent());
    rows.code("");
    account_cells(block, rows);
    rows.code("");
    rows.end();
}

pub fn group_row(group: &Group, block: &Block, rows: &mut impl Cells) {
    rows.hash(GROUP, group.id.0);
    rows.code(group.state.code());
    rows.code(group.pass.code());
    rows.count(group.ours.len() as u64);
    rows.count(group.theirs.len() as u64);
    rows.amount(group.difference.into(), block.account.currency.exponent());
    rows.code(&group.verdict.code());
    account_cells(block, rows);
    match group.state {
        State::Suggested => rows.count(group.evidence.rank.into()),
        State::Settled | State::Differs => rows.code(""),
    }
    rows.end();
}

fn account_cells(block: &Block, rows: &mut impl Cells) {
    rows.text(&block.account.customer);
    rows.code(block.account.currency.code());
}

pub fn pair_members(pair: &ExactPair, result: &MatchResult, rows: &mut impl Cells) {
    for (side, line) in [(Side::Ours, pair.ours), (Side::Theirs, pair.theirs)] {
        member_row(result.lines(side), line, pair.id.0, State::Settled, "", rows);
    }
}

pub fn member_rows(groups: &Range<usize>, result: &MatchResult, rows: &mut impl Cells) {
    for group in &result.outcome.groups[groups.clone()] {
        let reason = group.verdict.code();
        for (side, lines) in [(Side::Ours, &group.ours), (Side::Theirs, &group.theirs)] {
            for line in lines {
                let book = result.lines(side);
                member_row(book, *line, group.id.0, group.state, &reason, rows);
            }
        }
    }
}

fn member_row(
    book: &Lines,
    line: LineIx,
    group: u64,
    state: State,
    reason: &str,
    rows: &mut impl Cells,
) {
    rows.code(book.side.code());
    line_id(book, line, rows);
    rows.hash(GROUP, group);
    rows.code(state.code());
    rows.code(reason);
    rows.end();
}

fn line_id(lines: &Lines, line: LineIx, rows: &mut impl Cells) {
    match &lines.id {
        LineIds::Named(Names::Texts(names)) => rows.text(names.get(line)),
        LineIds::Named(Names::Numbers(numbers)) | LineIds::Rows(numbers) => {
            rows.row_id(numbers[line as usize]);
        }
    }
}

pub fn residual_row(residual: &Residual, result: &MatchResult, rows: &mut impl Cells) {
    let lines = result.lines(residual.side);
    let line = residual.line as usize;
    let account = &lines.accounts[lines.account[line] as usize];
    rows.code(residual.side.code());
    line_id(lines, residual.line, rows);
    rows.code(&residual.verdict.code());
    rows.text(&account.customer);
    rows.code(account.currency.code());
    rows.code(&heqi_domain::day_text(lines.day[line]));
    rows.text(lines.reference.get(residual.line));
    rows.amount(lines.amount[line].into(), account.currency.exponent());
    rows.end();
}

pub fn discrepancy_row(discrepancy: &Discrepancy, result: &MatchResult, rows: &mut impl Cells) {
    let block = &result.outcome.blocks[discrepancy.block as usize];
    rows.hash(DISCREPANCY, discrepancy.id.0);
    account_cells(block, rows);
    rows.code(&discrepancy.verdict.code());
    rows.amount(discrepancy.amount.into(), block.account.currency.exponent());
    rows.text(&lines_cell(discrepancy, result));
    match discrepancy.group() {
        Some(group) => rows.hash(GROUP, group.0),
        None => rows.code(""),
    }
    rows.text(&(result.sentence)(discrepancy));
    rows.end();
}

/// The lines of a discrepancy in one cell: `ours:ID;ours:ID;theirs:ID`, ours first. Within an
/// id, `\` stands before `;` and `\`.
fn lines_cell(discrepancy: &Discrepancy, result: &MatchResult) -> String {
    let mut cell = String::new();
    for (side, lines) in [(Side::Ours, &discrepancy.ours), (Side::Theirs, &discrepancy.theirs)] {
        for line in lines {
            if !cell.is_empty() {
                cell.push(';');
            }
            cell.push_str(side.code());
            cell.push(':');
            result.lines(side).with_id(*line, |id| push_escaped(&mut cell, id));
        }
    }
    cell
}

fn push_escaped(cell: &mut String, id: &str) {
    if !id.contains([';', '\\']) {
        return cell.push_str(id);
    }
    for letter in id.chars() {
        if matches!(letter, ';' | '\\') {
            cell.push('\\');
        }
        cell.push(letter);
    }
}

/// Takes the cell `lines` of a discrepancy apart again; none if it has not the form
/// `side:ID;side:ID` that is written there.
#[must_use]
pub fn parse_lines_cell(cell: &str) -> Option<Vec<(Side, String)>> {
    let mut members = Vec::new();
    let mut letters = cell.chars();
    let mut member = String::new();
    loop {
        match letters.next() {
            Some('\\') => member.push(letters.next()?),
            Some(letter) if letter != ';' => member.push(letter),
            end => {
                if end.is_none() && member.is_empty() && members.is_empty() {
                    return Some(members);
                }
                let (side, id) = member.split_once(':')?;
                let side = [Side::Ours, Side::Theirs].into_iter().find(|it| it.code() == side)?;
                members.push((side, id.to_owned()));
                if end.is_none() {
                    return Some(members);
                }
                member.clear();
            }
        }
    }
}

/// Opening, one row a discrepancy of the period, closing: the amounts of the rows above make
/// the last. An opening difference that is listed as a discrepancy has its id in the first row.
pub fn bridge_rows(block: &Block, result: &MatchResult, rows: &mut impl Cells) {
    let exponent = block.account.currency.exponent();
    let outcome = result.outcome;
    let opening = &outcome.discrepancies[block.discrepancies.clone()];
    let opening = opening.iter().find(|it| is_opening(it));
    balance_row("opening", block, block.opening, opening, rows);
    for discrepancy in movements(block, outcome) {
        account_cells(block, rows);
        rows.code("discrepancy");
        rows.hash(DISCREPANCY, discrepancy.id.0);
        rows.code(&discrepancy.verdict.code());
        rows.amount(discrepancy.amount.into(), exponent);
        rows.code("");
        rows.code("");
        rows.end();
    }
    balance_row("closing", block, block.closing(), None, rows);
}

fn balance_row(
    item: &str,
    block: &Block,
    [ours, theirs]: [i128; 2],
    listed: Option<&Discrepancy>,
    rows: &mut impl Cells,
) {
    let exponent = block.account.currency.exponent();
    account_cells(block, rows);
    rows.code(item);
    match listed {
        Some(discrepancy) => {
            rows.hash(DISCREPANCY, discrepancy.id.0);
            rows.code(&discrepancy.verdict.code());
        }
        None => {
            rows.code("");
            rows.code("");
        }
    }
    rows.amount(ours - theirs, exponent);
    rows.amount(ours, exponent);
    rows.amount(theirs, exponent);
    rows.end();
}

pub fn reject_rows(side: Side, result: &MatchResult, rows: &mut impl Cells) {
    for reject in result.input(side).rejects {
        rows.code(side.code());
        rows.count(reject.row);
        rows.text(&reject.column);
        rows.text(&reject.value);
        let reason = reject.reason;
        rows.code(reason.code());
        rows.text(result.lang.pick(reason.zh(), reason.en()));
        rows.text(result.lang.pick(reason.remedy_zh(), reason.remedy_en()));
        rows.end();
    }
}
