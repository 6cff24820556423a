//! The canonical export: everything that a database holds, as text that is the same on both
//! engines for the same content.
//!
//! One line each, JSON: `{"table":…,"columns":[…],"types":[…]}`, then its rows as arrays in the
//! order of the primary key, then `{"end":…,"rows":n}`. JSON quotes what could be taken for an
//! end of line, so nothing that a person has typed can look like another row. BYTEA is base64.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use heqi_domain::{Progress, Stage};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::error::BackupError;
use super::schema::{Column, Kind, Table, quoted, tables};
use crate::db::{Cells, DbError, Sql, Tx};

/// Rows after which progress is told and a wish to stop is heard.
const STEP: u64 = 1_000;

/// What an export came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// SHA-256 of its bytes, as hexadecimal text.
    pub digest: String,
    /// Tables and how many rows each has, in the order of the export.
    pub tables: Vec<(String, u64)>,
}

impl Summary {
    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

/// Writes the canonical export of one snapshot.
///
/// # Errors
/// [`BackupError::Db`], [`BackupError::Canceled`]; [`BackupError::Crypto`] with what the sink says.
pub async fn write(
    tx: &mut Tx,
    watch: &dyn Progress,
    sink: &mut (dyn Write + Send),
) -> Result<Summary, BackupError> {
    let tables = tables(tx).await?;
    watch.stage(Stage::Write, count(tx, &tables).await?);
    let mut out = Hashed { hash: Sha256::new(), sink };
    let mut counted = Vec::with_capacity(tables.len());
    for table in tables {
        let rows = write_table(tx, &table, watch, &mut out).await?;
        counted.push((table.name, rows));
    }
    Ok(Summary { digest: hex(&out.hash.finalize()), tables: counted })
}

/// The digest of the canonical export.
///
/// # Errors
/// [`BackupError::Db`].
pub async fn digest(tx: &mut Tx) -> Result<Summary, BackupError> {
    write(tx, &heqi_domain::NoProgress, &mut io::sink()).await
}

async fn count(tx: &mut Tx, tables: &[Table]) -> Result<u64, DbError> {
    let mut total = 0;
    for table in tables {
        let text = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
        total += tx.count(Sql::of_schema(text)).await?.unsigned_abs();
    }
    Ok(total)
}

async fn write_table(
    tx: &mut Tx,
    table: &Table,
    watch: &dyn Progress,
    out: &mut Hashed<'_>,
) -> Result<u64, BackupError> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let types: Vec<&str> = table.columns.iter().map(|column| column.kind.code()).collect();
    out.line(json!({ "table": table.name, "columns": names, "types": types }).to_string())?;
    let (mut rows, mut text, mut failed) = (0_u64, Vec::new(), None);
    let select = table.select(tx.is_postgres(), None);
    let scanned = tx.scan(select, |cells| {
        text.clear();
        row(&mut text, cells, &table.columns)?;
        rows += 1;
        if rows.is_multiple_of(STEP) {
            watch.advance(STEP);
            if watch.cancelled() {
                failed = Some(BackupError::Canceled);
                return Err(DbError::Conflict);
            }
        }
        out.write_all(&text).map_err(|error| {
            failed = Some(sink(error));
            DbError::Conflict
        })
    });
    match (scanned.await, failed) {
        (_, Some(error)) => return Err(error),
        (Err(error), None) => return Err(error.into()),
        (Ok(()), None) => {}
    }
    watch.advance(rows % STEP);
    out.line(json!({ "end": table.name, "rows": rows }).to_string())?;
    Ok(rows)
}

/// One row as a JSON array and an end of line.
fn row(text: &mut Vec<u8>, cells: &Cells<'_>, columns: &[Column]) -> Result<(), DbError> {
    for (at, column) in columns.iter().enumerate() {
        text.push(if at == 0 { b'[' } else { b',' });
        if cells.is_null(at)? {
            text.extend(b"null");
            continue;
        }
        match column.kind {
            Kind::Number => text.extend(cells.int(at)?.to_string().bytes()),
            Kind::Boolean => text.extend(cells.boolean(at)?.to_string().bytes()),
            Kind::Text => serde_json::to_writer(&mut *text, cells.text(at)?)
                .map_err(|error| DbError::Failed(error.to_string()))?,
            Kind::Bytes => {
                text.push(b'"');
                text.extend(BASE64.encode(cells.bytes(at)?).bytes());
                text.push(b'"');
            }
        }
    }
    text.extend(b"]\n");
    Ok(())
}

/// A sink that hashes what goes through it.
struct Hashed<'sink> {
    hash: Sha256,
    sink: &'sink mut (dyn Write + Send),
}

impl Hashed<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.sink.write_all(bytes)
    }

    fn line(&mut self, mut text: String) -> Result<(), BackupError> {
        text.push('\n');
        self.write_all(text.as_bytes()).map_err(sink)
    }
}

pub(super) fn sink(error: io::Error) -> BackupError {
    BackupError::Crypto(crate::crypto::CryptoError::Stream(error))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
