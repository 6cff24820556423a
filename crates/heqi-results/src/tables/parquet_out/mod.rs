//! The tables as Parquet: columns encoded by all threads, a row group a piece, in order.
//!
//! Ids of groups and members are the eight bytes behind `G` (big-endian), because sixteen
//! letters of twenty million rows are a third of a gigabyte; every other cell is the text that
//! the CSV shows, or a count. Nothing is compressed: what repeats is run-length coded.

mod column;

use std::sync::Arc;

use heqi_domain::{AT_A_TIME, LineIds, Lines, Names, Side};
use heqi_matching::{Block, ExactPair, Pass, State};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};
use rayon::prelude::*;

use crate::encode::{Cells, Table};
use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::staging::{Output, Staging, WrittenFile};
use crate::tables::{PairCells, TableWriter, wave};
use crate::text::push_hash;
use crate::work::Work;
use column::{Chunk, Column};

/// Columns whose values rarely repeat: a dictionary would only cost.
const MANY_VALUES: [&str; 6] =
    ["line_id", "reference", "lines", "sentence", "discrepancy_id", "amount"];

/// Tables as Parquet files.
pub struct ParquetTables<'a> {
    /// The folder.
    pub staging: &'a Staging,
}

/// The columns of a piece.
pub struct Columns {
    columns: Vec<Column>,
    cell: usize,
    scratch: String,
}

/// What a column holds, by table and name.
fn physical(table: &Table, column: &str) -> Physical {
    match (table.name, column) {
        ("groups" | "members", "group_id") => Physical::FIXED_LEN_BYTE_ARRAY,
        (_, "n_ours" | "n_theirs" | "row") => Physical::INT64,
        _ => Physical::BYTE_ARRAY,
    }
}

impl Columns {
    fn new(table: &Table) -> Self {
        let many = |name: &str| {
            let id = table.name == "discrepancies" && matches!(name, "id" | "group_id");
            MANY_VALUES.contains(&name) || id
        };
        let column = |name: &&str| match physical(table, name) {
            Physical::FIXED_LEN_BYTE_ARRAY => Column::plain(true),
            Physical::INT64 => Column::coded(true),
            _ if many(name) => Column::plain(false),
            _ => Column::coded(false),
        };
        let columns = table.columns.iter().map(column).collect();
        Self { columns, cell: 0, scratch: String::new() }
    }

    fn push(&mut self, text: &str) {
        self.columns[self.cell].push(text.as_bytes());
        self.cell += 1;
    }

    fn push_with(&mut self, write: impl FnOnce(&mut String)) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        write(&mut scratch);
        self.push(&scratch);
        self.scratch = scratch;
    }
}

/// Cells of a table whose schema says which columns are counts and hashes: see [`physical`].
impl Cells for Columns {
    fn text(&mut self, text: &str) {
        self.push(text);
    }

    fn code(&mut self, code: &str) {
        self.push(code);
    }

    fn count(&mut self, count: u64) {
        if self.columns[self.cell].is_fixed() {
            self.columns[self.cell].push(&count.to_le_bytes());
            self.cell += 1;
        } else {
            // `rank` is a number where there is one and empty where not: it is text.
            self.push_with(|out| heqi_domain::push_decimal(out, count.into(), 0));
        }
    }

    fn row_id(&mut self, row: u32) {
        self.columns[self.cell].push_number(row);
        self.cell += 1;
    }

    fn amount(&mut self, minor: i128, exponent: u32) {
        self.push_with(|out| heqi_domain::push_decimal(out, minor, exponent));
    }

    fn hash(&mut self, prefix: char, hash: u64) {
        if self.columns[self.cell].is_fixed() {
            self.columns[self.cell].push(&hash.to_be_bytes());
            self.cell += 1;
        } else {
            self.push_with(|out| push_hash(out, prefix, hash));
        }
    }

    fn end(&mut self) {
        debug_assert_eq!(self.cell, self.columns.len());
        self.cell = 0;
    }
}

/// Column by column: what all pairs share is one run.
impl PairCells for Columns {
    fn pair_groups(&mut self, pairs: &[ExactPair], block: &Block) {
        let count = pairs.len() as u32;
        let account = &block.account;
        let zero = heqi_domain::decimal_text(0, account.currency.exponent());
        let one = 1_u64.to_le_bytes();
        let [id, state, pass, ours, theirs, difference, reason, customer, currency, rank] =
            &mut self.columns[..]
        else {
            return;
        };
        id.reserve(pairs.len(), 8);
        pairs.iter().for_each(|pair| id.push(&pair.id.0.to_be_bytes()));
        state.push_times(State::Settled.code().as_bytes(), count);
        pass.push_times(Pass::Exact.code().as_bytes(), count);
        ours.push_times(&one, count);
        theirs.push_times(&one, count);
        difference.push_times(zero.as_bytes(), count);
        reason.push_times(b"", count);
        customer.push_times(account.customer.as_bytes(), count);
        currency.push_times(account.currency.code().as_bytes(), count);
        rank.push_times(b"", count);
    }

    fn pair_members(&mut self, pairs: &[ExactPair], result: &MatchResult) {
        let count = 2 * pairs.len() as u32;
        let [side, line_id, group_id, state, reason] = &mut self.columns[..] else { return };
        let sides = [Side::Ours, Side::Theirs].map(|side| side.code().as_bytes());
        side.push_in_turn(sides, pairs.len() as u32);
        line_id.reserve(2 * pairs.len(), 12);
        group_id.reserve(2 * pairs.len(), 8);
        let (ours, theirs) = (result.lines(Side::Ours), result.lines(Side::Theirs));
        for pair in pairs {
            group_id.push_times(&pair.id.0.to_be_bytes(), 2);
        }
        push_ids(line_id, pairs, ours, theirs);
        state.push_times(State::Settled.code().as_bytes(), count);
        reason.push_times(b"", count);
    }
}

/// Line ids of pairs, looked up a batch at a time: see [`Lines::fetch`].
fn push_ids(column: &mut Column, pairs: &[ExactPair], ours: &Lines, theirs: &Lines) {
    use LineIds::{Named, Rows};
    match (&ours.id, &theirs.id) {
        (
            Named(Names::Numbers(ours)) | Rows(ours),
            Named(Names::Numbers(theirs)) | Rows(theirs),
        ) => {
            for batch in pairs.chunks(AT_A_TIME) {
                let mut numbers = [[0; 2]; AT_A_TIME];
                for (numbers, pair) in numbers.iter_mut().zip(batch) {
                    *numbers = [ours[pair.ours as usize], theirs[pair.theirs as usize]];
                }
                numbers[..batch.len()].as_flattened().iter().for_each(|it| column.push_number(*it));
            }
        }
        (Named(Names::Texts(ours)), Named(Names::Texts(theirs))) => {
            for batch in pairs.chunks(AT_A_TIME) {
                let span = |pair: &ExactPair| (ours.span(pair.ours), theirs.span(pair.theirs));
                let spans: Vec<_> = batch.iter().map(span).collect();
                for (of_ours, of_theirs) in spans {
                    column.push(&ours.bytes()[of_ours]);
                    column.push(&theirs.bytes()[of_theirs]);
                }
            }
        }
        _ => {
            for pair in pairs {
                ours.with_id(pair.ours, |id| column.push(id.as_bytes()));
                theirs.with_id(pair.theirs, |id| column.push(id.as_bytes()));
            }
        }
    }
}

impl TableWriter for ParquetTables<'_> {
    type Cells = Columns;

    /// While one wave is encoded, the one before it is hashed and written.
    fn write<P: Sync>(
        &self,
        table: Table,
        pieces: &[P],
        work: &Work,
        encode: impl Fn(&P, &mut Columns) + Sync,
    ) -> Result<WrittenFile, ResultsError> {
        let name = format!("{}.parquet", table.name);
        let path = self.staging.path().join(&name);
        let io =
            |error: ParquetError| ResultsError::io(&path)(std::io::Error::other(error.to_string()));
        let schema = schema(&table).map_err(io)?;
        let descriptor = SchemaDescriptor::new(Arc::clone(&schema));
        let properties = WriterProperties::builder()
            .set_statistics_enabled(EnabledStatistics::None)
            .set_created_by("heqi".to_owned())
            .build();
        let output = self.staging.create(&name)?;
        let mut writer =
            SerializedFileWriter::new(output, schema, Arc::new(properties)).map_err(io)?;
        let mut waiting: Vec<Result<Vec<Chunk>, ParquetError>> = Vec::new();
        for wave in pieces.chunks(wave()) {
            work.check()?;
            let (written, next) = rayon::join(
                || append(&mut writer, std::mem::take(&mut waiting)),
                || {
                    let encoded = wave.par_iter().map(|piece| {
                        let mut columns = Columns::new(&table);
                        encode(piece, &mut columns);
                        let columns = columns.columns.into_iter().enumerate();
                        columns.map(|(at, it)| it.chunk(descriptor.column(at))).collect()
                    });
                    encoded.collect()
                },
            );
            written.map_err(io)?;
            waiting = next;
        }
        append(&mut writer, waiting).map_err(io)?;
        writer.into_inner().map_err(io)?.finish()
    }
}

fn append(
    writer: &mut SerializedFileWriter<Output>,
    groups: Vec<Result<Vec<Chunk>, ParquetError>>,
) -> Result<(), ParquetError> {
    for group in groups {
        let mut row_group = writer.next_row_group()?;
        for (bytes, close) in group? {
            row_group.append_column(&bytes, close)?;
        }
        row_group.close()?;
    }
    Ok(())
}

fn schema(table: &Table) -> Result<TypePtr, ParquetError> {
    let mut fields: Vec<TypePtr> = Vec::with_capacity(table.columns.len());
    for name in table.columns {
        let physical = physical(table, name);
        let mut field =
            Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        field = match physical {
            Physical::FIXED_LEN_BYTE_ARRAY => field.with_length(8),
            Physical::BYTE_ARRAY => field.with_logical_type(Some(LogicalType::String)),
            _ => field,
        };
        fields.push(Arc::new(field.build()?));
    }
    Ok(Arc::new(Type::group_type_builder(table.name).with_fields(fields).build()?))
}

#[cfg(test)]
mod tests;
