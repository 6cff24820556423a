//! The tables of a result: encoded by all threads, written in order.

mod evidence;
mod parquet_out;
mod rows;

use heqi_domain::{AT_A_TIME, Side};
use heqi_matching::{Block, ExactPair};
use rayon::prelude::*;

use crate::encode::{Cells, Encoder, Shape, Table};
use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::order::{PIECE, Run};
use crate::staging::{Staging, WrittenFile};
use crate::work::Work;

pub use evidence::write as write_evidence;
pub use parquet_out::ParquetTables;
pub use rows::parse_lines_cell;

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

/// Writes every table in one shape, all at once: while one waits for the disk or has its last
/// rows encoded, another keeps the threads busy.
pub fn write_all(
    writer: &(impl TableWriter + Sync),
    result: &MatchResult,
    work: &Work,
    files: &mut Vec<WrittenFile>,
) -> Result<(), ResultsError> {
    let tables: [&(dyn Fn() -> Wrote + Sync); 6] = [
        &|| write_groups(writer, result, work),
        &|| write_members(writer, result, work),
        &|| write_residuals(writer, result, work),
        &|| write_discrepancies(writer, result, work),
        &|| write_bridge(writer, result, work),
        &|| write_rejects(writer, result, work),
    ];
    let written: Result<Vec<WrittenFile>, _> = tables.par_iter().map(|write| write()).collect();
    files.extend(written?);
    Ok(())
}

type Wrote = Result<WrittenFile, ResultsError>;

fn write_groups(writer: &impl TableWriter, result: &MatchResult, work: &Work) -> Wrote {
    let outcome = result.outcome;
    let blocks = &outcome.blocks;
    writer.write(GROUPS, &work.pieces, work, |piece, out| {
        for run in piece {
            match run {
                Run::Pairs(block, range) => {
                    out.pair_groups(&outcome.pairs[range.clone()], &blocks[*block]);
                }
                Run::Groups(range) => outcome.groups[range.clone()].iter().for_each(|group| {
                    rows::group_row(group, &blocks[group.block as usize], out);
                }),
            }
        }
    })
}

fn write_members(writer: &impl TableWriter, result: &MatchResult, work: &Work) -> Wrote {
    let pairs = &result.outcome.pairs;
    writer.write(MEMBERS, &work.pieces, work, |piece, out| {
        for run in piece {
            match run {
                Run::Pairs(_, range) => out.pair_members(&pairs[range.clone()], result),
                Run::Groups(range) => rows::member_rows(range, result, out),
            }
        }
        let lines = piece.iter().map(|run| lines_of(run, result)).sum();
        work.progress.advance(lines);
    })
}

fn write_residuals(writer: &impl TableWriter, result: &MatchResult, work: &Work) -> Wrote {
    let pieces: Vec<_> = result.outcome.residuals.chunks(PIECE).collect();
    writer.write(RESIDUALS, &pieces, work, |piece, out| {
        for some in piece.chunks(AT_A_TIME) {
            for side in [Side::Ours, Side::Theirs] {
                let of_side = some.iter().filter(|residual| residual.side == side);
                result.lines(side).fetch(of_side.map(|residual| residual.line));
            }
            some.iter().for_each(|residual| rows::residual_row(residual, result, out));
        }
        work.progress.advance(piece.len() as u64);
    })
}

fn write_discrepancies(writer: &impl TableWriter, result: &MatchResult, work: &Work) -> Wrote {
    let pieces: Vec<_> = result.outcome.discrepancies.chunks(PIECE / 4).collect();
    writer.write(DISCREPANCIES, &pieces, work, |piece, out| {
        for some in piece.chunks(AT_A_TIME) {
            result.ours.fetch(some.iter().flat_map(|it| it.ours.iter().copied()));
            result.theirs.fetch(some.iter().flat_map(|it| it.theirs.iter().copied()));
            some.iter().for_each(|it| rows::discrepancy_row(it, result, out));
        }
    })
}

fn write_bridge(writer: &impl TableWriter, result: &MatchResult, work: &Work) -> Wrote {
    // A few customers have most of the rows, so pieces are cut by rows.
    let mut rest = result.outcome.blocks.as_slice();
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let mut rows = 0;
        let count = rest.iter().take_while(|block| {
            let fits = rows < PIECE / 4;
            rows += 2 + block.discrepancies.len();
            fits
        });
        let (piece, others) = rest.split_at(count.count());
        pieces.push(piece);
        rest = others;
    }
    writer.write(BRIDGE, &pieces, work, |piece, out| {
        piece.iter().for_each(|block| rows::bridge_rows(block, result, out));
    })
}

fn write_rejects(writer: &impl TableWriter, result: &MatchResult, work: &Work) -> Wrote {
    writer.write(REJECTS, &[Side::Ours, Side::Theirs], work, |side, out| {
        rows::reject_rows(*side, result, out);
    })
}

/// Rows of exact pairs: nearly all of a large result, so a shape may take them in bulk.
pub trait PairCells: Cells + Sized {
    /// The rows of `groups`.
    fn pair_groups(&mut self, pairs: &[ExactPair], block: &Block) {
        pairs.iter().for_each(|pair| rows::exact_group(pair.id.0, block, self));
    }

    /// The rows of `members`.
    fn pair_members(&mut self, pairs: &[ExactPair], result: &MatchResult) {
        pairs.iter().for_each(|pair| rows::pair_members(pair, result, self));
    }
}

impl PairCells for Encoder {}

/// Writes tables in one shape: as text, or as columns.
pub trait TableWriter {
    /// What takes the cells of a piece.
    type Cells: PairCells;

    /// Encodes the pieces of a table on all threads and writes them in order.
    fn write<P: Sync>(
        &self,
        table: Table,
        pieces: &[P],
        work: &Work,
        encode: impl Fn(&P, &mut Self::Cells) + Sync,
    ) -> Result<WrittenFile, ResultsError>;
}

/// Pieces that are encoded before the earlier ones are on their way to the disk.
pub fn wave() -> usize {
    rayon::current_num_threads()
}

/// Tables as text.
pub struct TextTables<'a> {
    /// The folder.
    pub staging: &'a Staging,
    /// CSV or JSON Lines.
    pub shape: Shape,
}

impl TableWriter for TextTables<'_> {
    type Cells = Encoder;

    /// While one wave is encoded, the one before it is hashed and written.
    fn write<P: Sync>(
        &self,
        table: Table,
        pieces: &[P],
        work: &Work,
        encode: impl Fn(&P, &mut Encoder) + Sync,
    ) -> Result<WrittenFile, ResultsError> {
        let shape = self.shape;
        let mut output = self.staging.create(&format!("{}.{}", table.name, shape.extension()))?;
        let mut head = Encoder::new(shape, table, 1);
        head.header();
        let mut waiting = vec![head.finish()];
        for wave in pieces.chunks(wave()) {
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
