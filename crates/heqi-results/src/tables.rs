//! The tables of a result: which rows, which cells; encoded by all threads, written in order.

use heqi_domain::{LineIds, LineIx, Lines, Side};
use heqi_matching::{Block, Discrepancy, Evidence, Group, Pass, Residual, State};
use rayon::prelude::*;

use crate::encode::{Encoder, Shape, Table, push_json};
use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::order::{PIECE, Run};
use crate::staging::{Staging, WrittenFile};
use crate::summary::{is_opening, movements};
use crate::text::push_hash;
use crate::work::Work;

/// Letter before the hash of a group.
pub const GROUP: char = 'G';
/// Letter before the hash of a discrepancy, so that it is not taken for its group.
pub const DISCREPANCY: char = 'D';

const GROUPS: Table = Table {
    name: "groups",
    columns: &[
        "group_id",
        "state",
        "pass",
        "n_ours",
        "n_theirs",
        "difference",
        "reason",
        "customer",
        "currency",
        "rank",
    ],
};
const MEMBERS: Table =
    Table { name: "members", columns: &["side", "line_id", "group_id", "state", "reason"] };
const RESIDUALS: Table = Table {
    name: "residuals",
    columns: &["side", "line_id", "reason", "customer", "currency", "date", "reference", "amount"],
};
const DISCREPANCIES: Table = Table {
    name: "discrepancies",
    columns: &["id", "customer", "currency", "reason", "amount", "lines", "group_id", "sentence"],
};
const BRIDGE: Table = Table {
    name: "bridge",
    columns: &[
        "customer",
        "currency",
        "item",
        "discrepancy_id",
        "reason",
        "amount",
        "ours",
        "theirs",
    ],
};
const REJECTS: Table = Table {
    name: "rejects",
    columns: &["side", "row", "column", "value", "reason", "text", "remedy"],
};

/// Writes every table in one shape.
pub fn write_all(
    staging: &Staging,
    shape: Shape,
    result: &MatchResult,
    work: &Work,
    files: &mut Vec<WrittenFile>,
) -> Result<(), ResultsError> {
    let outcome = result.outcome;
    let blocks = &outcome.blocks;
    let pieces = &work.pieces;
    files.push(write(staging, shape, GROUPS, pieces, work, |piece, rows| {
        for run in piece {
            match run {
                Run::Pairs(block, range) => {
                    let block = &blocks[*block];
                    outcome.pairs[range.clone()].iter().for_each(|pair| {
                        exact_group(pair.id.0, block, rows);
                    });
                }
                Run::Groups(range) => outcome.groups[range.clone()].iter().for_each(|group| {
                    group_row(group, &blocks[group.block as usize], rows);
                }),
            }
        }
    })?);
    files.push(write(staging, shape, MEMBERS, pieces, work, |piece, rows| {
        for run in piece {
            member_rows(run, result, rows);
        }
        let lines = piece.iter().map(|run| lines_of(run, result)).sum();
        work.progress.advance(lines);
    })?);
    let residuals: Vec<_> = outcome.residuals.chunks(PIECE).collect();
    files.push(write(staging, shape, RESIDUALS, &residuals, work, |piece, rows| {
        piece.iter().for_each(|residual| residual_row(residual, result, rows));
        work.progress.advance(piece.len() as u64);
    })?);
    let discrepancies: Vec<_> =
        outcome.discrepancies.chunks(PIECE).zip(work.sentences.chunks(PIECE)).collect();
    files.push(write(staging, shape, DISCREPANCIES, &discrepancies, work, |piece, rows| {
        for (discrepancy, sentence) in piece.0.iter().zip(piece.1) {
            discrepancy_row(discrepancy, sentence, result, rows);
        }
    })?);
    let bridges: Vec<_> = blocks.chunks(PIECE / 16).collect();
    files.push(write(staging, shape, BRIDGE, &bridges, work, |piece, rows| {
        piece.iter().for_each(|block| bridge_rows(block, result, rows));
    })?);
    let sides = [Side::Ours, Side::Theirs];
    files.push(write(staging, shape, REJECTS, &sides, work, |side, rows| {
        reject_rows(*side, result, rows);
    })?);
    Ok(())
}

/// Pieces that are encoded before the earlier ones are on their way to the disk.
const WAVE: usize = 16;

/// Encodes the pieces on all threads; while one wave is encoded, the one before it is hashed
/// and written.
fn write<P: Sync>(
    staging: &Staging,
    shape: Shape,
    table: Table,
    pieces: &[P],
    work: &Work,
    encode: impl Fn(&P, &mut Encoder) + Sync,
) -> Result<WrittenFile, ResultsError> {
    let mut output = staging.create(&format!("{}.{}", table.name, shape.extension()))?;
    let mut head = Encoder::new(shape, table, 1);
    head.header();
    let mut waiting = vec![head.finish()];
    for wave in pieces.chunks(WAVE) {
        work.check()?;
        let (written, next) = rayon::join(
            || waiting.iter().try_for_each(|rows| output.write(rows.as_bytes())),
            || {
                let encoded = wave.par_iter().map(|piece| {
                    let mut rows = Encoder::new(shape, table, PIECE);
                    encode(piece, &mut rows);
                    rows.finish()
                });
                encoded.collect()
            },
        );
        written?;
        waiting = next;
    }
    waiting.iter().try_for_each(|rows| output.write(rows.as_bytes()))?;
    output.finish()
}

fn lines_of(run: &Run, result: &MatchResult) -> u64 {
    match run {
        Run::Pairs(_, range) => 2 * range.len() as u64,
        Run::Groups(range) => result.outcome.groups[range.clone()]
            .iter()
            .map(|group| (group.ours.len() + group.theirs.len()) as u64)
            .sum(),
    }
}

fn exact_group(id: u64, block: &Block, rows: &mut Encoder) {
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

fn group_row(group: &Group, block: &Block, rows: &mut Encoder) {
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

fn account_cells(block: &Block, rows: &mut Encoder) {
    rows.text(&block.account.customer);
    rows.code(block.account.currency.code());
}

fn member_rows(run: &Run, result: &MatchResult, rows: &mut Encoder) {
    let mut row = |side: Side, line: LineIx, group: u64, state: State, reason: &str| {
        rows.code(side.code());
        line_id(result.lines(side), line, rows);
        rows.hash(GROUP, group);
        rows.code(state.code());
        rows.code(reason);
        rows.end();
    };
    match run {
        Run::Pairs(_, range) => {
            for pair in &result.outcome.pairs[range.clone()] {
                row(Side::Ours, pair.ours, pair.id.0, State::Settled, "");
                row(Side::Theirs, pair.theirs, pair.id.0, State::Settled, "");
            }
        }
        Run::Groups(range) => {
            for group in &result.outcome.groups[range.clone()] {
                let reason = group.verdict.code();
                for (side, lines) in [(Side::Ours, &group.ours), (Side::Theirs, &group.theirs)] {
                    for line in lines {
                        row(side, *line, group.id.0, group.state, &reason);
                    }
                }
            }
        }
    }
}

fn line_id(lines: &Lines, line: LineIx, rows: &mut Encoder) {
    match &lines.id {
        LineIds::Named(names) => rows.text(names.get(line)),
        LineIds::Rows(numbers) => rows.row_id(numbers[line as usize]),
    }
}

fn residual_row(residual: &Residual, result: &MatchResult, rows: &mut Encoder) {
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

fn discrepancy_row(
    discrepancy: &Discrepancy,
    sentence: &str,
    result: &MatchResult,
    rows: &mut Encoder,
) {
    let block = &result.outcome.blocks[discrepancy.block as usize];
    rows.hash(DISCREPANCY, discrepancy.id.0);
    account_cells(block, rows);
    rows.code(&discrepancy.verdict.code());
    rows.amount(discrepancy.amount.into(), block.account.currency.exponent());
    rows.text(&lines_cell(discrepancy, result));
    match discrepancy.group {
        Some(group) => rows.hash(GROUP, group.0),
        None => rows.code(""),
    }
    rows.text(sentence);
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
            for letter in result.lines(side).id_of(*line).chars() {
                if matches!(letter, ';' | '\\') {
                    cell.push('\\');
                }
                cell.push(letter);
            }
        }
    }
    cell
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
fn bridge_rows(block: &Block, result: &MatchResult, rows: &mut Encoder) {
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
    rows: &mut Encoder,
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

fn reject_rows(side: Side, result: &MatchResult, rows: &mut Encoder) {
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

/// Something that carries evidence.
enum Proof<'a> {
    Group(&'a Group),
    Discrepancy(&'a Discrepancy),
    Residual(&'a Residual),
}

/// Writes `evidence.jsonl`: one object per group that is not an exact pair, per discrepancy and
/// per residual, in the order of the tables, so that every proof can be checked again.
pub fn write_evidence(
    staging: &Staging,
    result: &MatchResult,
    work: &Work,
) -> Result<WrittenFile, ResultsError> {
    let outcome = result.outcome;
    let proofs: Vec<Proof> = (outcome.groups.iter().map(Proof::Group))
        .chain(outcome.discrepancies.iter().map(Proof::Discrepancy))
        .chain(outcome.residuals.iter().map(Proof::Residual))
        .collect();
    let mut output = staging.create("evidence.jsonl")?;
    for wave in proofs.chunks(PIECE * WAVE) {
        work.check()?;
        let encoded: Vec<String> = wave
            .par_chunks(PIECE / 4)
            .map(|piece| {
                let mut out = String::with_capacity(piece.len() * 128);
                piece.iter().for_each(|proof| evidence_line(proof, result, &mut out));
                out
            })
            .collect();
        encoded.iter().try_for_each(|lines| output.write(lines.as_bytes()))?;
    }
    output.finish()
}

fn evidence_line(proof: &Proof, result: &MatchResult, out: &mut String) {
    let (what, prefix, id, evidence): (_, _, _, &Evidence) = match proof {
        Proof::Group(group) => ("group", GROUP, group.id.0, &group.evidence),
        Proof::Discrepancy(it) => ("discrepancy", DISCREPANCY, it.id.0, &it.evidence),
        Proof::Residual(residual) => {
            out.push_str("{\"of\":\"residual\",\"side\":\"");
            out.push_str(residual.side.code());
            out.push_str("\",\"line_id\":");
            push_json(out, &result.lines(residual.side).id_of(residual.line));
            return evidence_end(&residual.evidence, out);
        }
    };
    out.push_str("{\"of\":\"");
    out.push_str(what);
    out.push_str("\",\"id\":\"");
    push_hash(out, prefix, id);
    out.push('"');
    if let Proof::Group(group) = proof {
        out.push_str(",\"pass\":\"");
        out.push_str(group.pass.code());
        out.push('"');
    }
    evidence_end(evidence, out);
}

fn evidence_end(evidence: &Evidence, out: &mut String) {
    out.push_str(",\"evidence\":");
    // Plain data without maps: it cannot fail.
    out.push_str(&serde_json::to_string(evidence).unwrap_or_default());
    out.push_str("}\n");
}
