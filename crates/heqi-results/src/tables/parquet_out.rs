//! The tables as Parquet: columns encoded by all threads, a row group a piece, in order.
//!
//! Ids of groups and members are the eight bytes behind `G` (big-endian), because sixteen
//! letters of twenty million rows are a third of a gigabyte; every other cell is the text that
//! the CSV shows. Columns of few values are dictionary-coded, nothing is compressed.

use std::sync::Arc;

use parquet::basic::{Encoding, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnPath, SchemaDescriptor, Type, TypePtr};
use rayon::prelude::*;

use crate::encode::{Cells, Table};
use crate::error::ResultsError;
use crate::staging::{Staging, WrittenFile};
use crate::tables::{TableWriter, WAVE};
use crate::text::push_hash;
use crate::work::Work;

/// Columns whose values rarely repeat: a dictionary would only cost.
const MANY_VALUES: [&str; 6] =
    ["line_id", "reference", "lines", "sentence", "id", "discrepancy_id"];

/// Tables as Parquet files.
pub struct ParquetTables<'a> {
    /// The folder.
    pub staging: &'a Staging,
}

/// One column of a piece, as it is filled.
enum Column {
    /// Texts: one run of bytes and their ends.
    Text { bytes: Vec<u8>, ends: Vec<usize> },
    /// Counts.
    Count(Vec<i64>),
    /// Hashes.
    Hash(Vec<u8>),
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
        let column = |name: &&str| match physical(table, name) {
            Physical::INT64 => Column::Count(Vec::new()),
            Physical::FIXED_LEN_BYTE_ARRAY => Column::Hash(Vec::new()),
            _ => Column::Text { bytes: Vec::new(), ends: Vec::new() },
        };
        Self {
            columns: table.columns.iter().map(column).collect(),
            cell: 0,
            scratch: String::new(),
        }
    }

    fn push(&mut self, text: &str) {
        if let Column::Text { bytes, ends } = &mut self.columns[self.cell] {
            bytes.extend_from_slice(text.as_bytes());
            ends.push(bytes.len());
        }
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

impl Cells for Columns {
    fn text(&mut self, text: &str) {
        self.push(text);
    }

    fn code(&mut self, code: &str) {
        self.push(code);
    }

    fn count(&mut self, count: u64) {
        if let Column::Count(counts) = &mut self.columns[self.cell] {
            counts.push(i64::try_from(count).unwrap_or(i64::MAX));
            self.cell += 1;
        } else {
            self.push_with(|out| heqi_domain::push_decimal(out, count.into(), 0));
        }
    }

    fn row_id(&mut self, row: u32) {
        self.push_with(|out| heqi_domain::push_decimal(out, row.into(), 0));
    }

    fn amount(&mut self, minor: i128, exponent: u32) {
        self.push_with(|out| heqi_domain::push_decimal(out, minor, exponent));
    }

    fn hash(&mut self, prefix: char, hash: u64) {
        if let Column::Hash(bytes) = &mut self.columns[self.cell] {
            bytes.extend_from_slice(&hash.to_be_bytes());
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

type Chunk = (Vec<u8>, ColumnCloseResult);

impl TableWriter for ParquetTables<'_> {
    type Cells = Columns;

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
        let properties = Arc::new(properties(&table));
        let file = std::fs::File::create_new(&path).map_err(ResultsError::io(&path))?;
        let file = std::io::BufWriter::with_capacity(1 << 20, file);
        let mut writer =
            SerializedFileWriter::new(file, Arc::clone(&schema), Arc::clone(&properties))
                .map_err(io)?;
        let descriptor = SchemaDescriptor::new(schema);
        for wave in pieces.chunks(WAVE) {
            work.check()?;
            let encoded: Vec<Result<Vec<Chunk>, ParquetError>> = wave
                .par_iter()
                .map(|piece| {
                    let mut columns = Columns::new(&table);
                    encode(piece, &mut columns);
                    chunks(columns, &descriptor, &properties)
                })
                .collect();
            for group in encoded {
                let mut row_group = writer.next_row_group().map_err(io)?;
                for (bytes, close) in group.map_err(io)? {
                    row_group.append_column(&bytes::Bytes::from(bytes), close).map_err(io)?;
                }
                row_group.close().map_err(io)?;
            }
        }
        writer.close().map_err(io)?;
        self.staging.measure(&name)
    }
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

fn properties(table: &Table) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::None)
        .set_write_batch_size(1 << 14)
        .set_created_by("heqi".to_owned());
    for name in table.columns {
        let many = MANY_VALUES.contains(name)
            || physical(table, name) == Physical::FIXED_LEN_BYTE_ARRAY
            || (table.name == "discrepancies" && *name == "group_id");
        if many {
            let path = ColumnPath::from(*name);
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::PLAIN);
        }
    }
    builder.build()
}

/// The columns of a piece as encoded column chunks.
fn chunks(
    columns: Columns,
    descriptor: &SchemaDescriptor,
    properties: &WriterPropertiesPtr,
) -> Result<Vec<Chunk>, ParquetError> {
    let mut chunks = Vec::with_capacity(columns.columns.len());
    for (at, column) in columns.columns.into_iter().enumerate() {
        let mut sink = TrackedWrite::new(Vec::new());
        let close = {
            let pages = Box::new(SerializedPageWriter::new(&mut sink));
            let mut writer =
                get_column_writer(descriptor.column(at), Arc::clone(properties), pages);
            fill(&mut writer, column)?;
            writer.close()?
        };
        chunks.push((sink.into_inner()?, close));
    }
    Ok(chunks)
}

fn fill(writer: &mut ColumnWriter<'_>, column: Column) -> Result<(), ParquetError> {
    match (writer, column) {
        (ColumnWriter::ByteArrayColumnWriter(writer), Column::Text { bytes, ends }) => {
            let bytes = bytes::Bytes::from(bytes);
            let mut start = 0;
            let values: Vec<ByteArray> = ends
                .into_iter()
                .map(|end| {
                    let value = ByteArray::from(bytes.slice(start..end));
                    start = end;
                    value
                })
                .collect();
            writer.write_batch(&values, None, None)?;
        }
        (ColumnWriter::FixedLenByteArrayColumnWriter(writer), Column::Hash(bytes)) => {
            let bytes = bytes::Bytes::from(bytes);
            let values: Vec<FixedLenByteArray> = (0..bytes.len() / 8)
                .map(|at| ByteArray::from(bytes.slice(at * 8..at * 8 + 8)).into())
                .collect();
            writer.write_batch(&values, None, None)?;
        }
        (ColumnWriter::Int64ColumnWriter(writer), Column::Count(counts)) => {
            writer.write_batch(&counts, None, None)?;
        }
        _ => return Err(ParquetError::General("a column of another type".into())),
    }
    Ok(())
}
