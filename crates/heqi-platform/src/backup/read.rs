//! Reading a backup, line by line, without ever holding more than one row.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::bufread::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::error::BackupError;
use super::export::{Summary, hex};
use super::format::{Contents, FORMAT, Header, Trailer, VERSION};
use super::schema::{Column, Kind, Table};
use crate::crypto::CryptoError;
use crate::crypto::backup::{Decrypting, Decryption, decrypt_from};
use crate::db::Value;

/// Longer is no row: a part of a file has a mebibyte, which base64 makes a third longer.
const LINE_MAX: u64 = 64 << 20;

/// A backup that is being read.
pub(super) struct Reader {
    path: PathBuf,
    /// The first line.
    pub(super) header: Header,
    text: BufReader<GzDecoder<BufReader<Decrypting<BufReader<File>>>>>,
    line: Vec<u8>,
    number: u64,
    hash: Sha256,
    tables: Vec<(String, u64)>,
    trailer: Option<Trailer>,
    size: u64,
}

/// A line between the first and the last one that is no row.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Mark {
    Table { table: String, columns: Vec<String>, types: Vec<String> },
    End { end: String, rows: u64 },
    Last(Trailer),
}

impl Reader {
    /// Opens a backup and reads its first line.
    pub(super) fn open(path: &Path, decryption: &Decryption) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(BackupError::io(path))?;
        let size = file.metadata().map_err(BackupError::io(path))?.len();
        let plain = BufReader::new(decrypt_from(BufReader::new(file), decryption)?);
        let mut text = BufReader::with_capacity(1 << 16, GzDecoder::new(plain));
        let mut line = Vec::new();
        let read = (&mut text).take(LINE_MAX).read_until(b'\n', &mut line);
        match read {
            Ok(_) => {}
            // What opens and is not compressed was made by somebody else.
            Err(error)
                if CryptoError::within(&error).is_none() && text.get_ref().header().is_none() =>
            {
                return Err(BackupError::NotOurs);
            }
            Err(error) => return Err(BackupError::reading(path, error)),
        }
        let header: Header = serde_json::from_slice(&line).map_err(|_| BackupError::NotOurs)?;
        if header.format != FORMAT {
            return Err(BackupError::NotOurs);
        }
        if header.version != VERSION {
            return Err(BackupError::Newer(header.version));
        }
        let (hash, tables) = (Sha256::new(), Vec::new());
        let path = path.to_owned();
        Ok(Self { path, header, text, line, number: 1, hash, tables, trailer: None, size })
    }

    /// The next table; none after the last one.
    pub(super) fn table(&mut self) -> Result<Option<Table>, BackupError> {
        self.next_line()?;
        let mark = serde_json::from_slice(&self.line).map_err(|error| self.malformed(error))?;
        match mark {
            Mark::Table { table, columns, types } => {
                self.hash.update(&self.line);
                self.tables.push((table.clone(), 0));
                self.head(table, columns, &types).map(Some)
            }
            Mark::Last(trailer) => {
                self.trailer = Some(trailer);
                Ok(None)
            }
            Mark::End { .. } => Err(self.malformed("a table ends that did not begin")),
        }
    }

    fn head(
        &self,
        name: String,
        columns: Vec<String>,
        types: &[String],
    ) -> Result<Table, BackupError> {
        let kinds: Option<Vec<Kind>> = types.iter().map(|code| Kind::of(code)).collect();
        let kinds = kinds.filter(|kinds| kinds.len() == columns.len());
        let kinds = kinds.ok_or_else(|| self.malformed("columns and types do not fit"))?;
        let columns = columns.into_iter().zip(kinds);
        let columns = columns.map(|(name, kind)| Column { name, kind }).collect();
        Ok(Table { name, columns, key: Vec::new() })
    }

    /// The next row of a table; none at its end.
    pub(super) fn row(&mut self, table: &Table) -> Result<Option<Vec<Value>>, BackupError> {
        self.next_line()?;
        self.hash.update(&self.line);
        let Some((_, rows)) = self.tables.last_mut() else {
            return Err(self.malformed("a row before the first table"));
        };
        if self.line.first() == Some(&b'[') {
            *rows += 1;
            return self.values(table).map(Some);
        }
        let counted = *rows;
        match serde_json::from_slice(&self.line).map_err(|error| self.malformed(error))? {
            Mark::End { end, rows } if end == table.name && rows == counted => Ok(None),
            _ => {
                Err(self.malformed(format!("{counted} rows of {} and no fitting end", table.name)))
            }
        }
    }

    fn values(&self, table: &Table) -> Result<Vec<Value>, BackupError> {
        let cells: Vec<serde_json::Value> =
            serde_json::from_slice(&self.line).map_err(|error| self.malformed(error))?;
        if cells.len() != table.columns.len() {
            return Err(self.malformed(format!("not the columns of {}", table.name)));
        }
        let cells = cells.into_iter().zip(&table.columns);
        let values = cells.map(|(cell, column)| value(cell, column.kind).ok_or(column));
        values.collect::<Result<_, _>>().map_err(|column| {
            self.malformed(format!("{}.{} is no {}", table.name, column.name, column.kind.code()))
        })
    }

    /// Reads to the very end and holds the backup to its last line.
    pub(super) fn finish(self) -> Result<Contents, BackupError> {
        let summary = Summary { digest: hex(&self.hash.finalize()), tables: self.tables };
        let missing = || BackupError::Crypto(CryptoError::BackupTruncated);
        let (stated, found) = (self.trailer.ok_or_else(missing)?, Trailer::of(&summary));
        if stated != found {
            let text = |trailer: &Trailer| format!("{} ({} rows)", trailer.digest, trailer.rows);
            return Err(BackupError::Differs { stated: text(&stated), found: text(&found) });
        }
        // Only the end of each layer says that nothing was cut off or added behind it.
        let path = &self.path;
        let mut text = self.text;
        let rest = rest(&mut text).and_then(|more| Ok(more + rest_of(&mut text.into_inner())?));
        match rest {
            Ok(0) => Ok(Contents { header: self.header, summary, size: self.size }),
            Ok(_) => Err(BackupError::Crypto(CryptoError::BackupDamaged)),
            Err(error) => Err(BackupError::reading(path, error)),
        }
    }

    fn next_line(&mut self) -> Result<(), BackupError> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.text).take(LINE_MAX).read_until(b'\n', &mut self.line);
        read.map_err(|error| BackupError::reading(&self.path, error))?;
        match self.line.last() {
            None => Err(BackupError::Crypto(CryptoError::BackupTruncated)),
            Some(b'\n') => Ok(()),
            Some(_) => Err(self.malformed("it has no end")),
        }
    }

    fn malformed(&self, what: impl std::fmt::Display) -> BackupError {
        BackupError::Malformed { line: self.number, what: what.to_string() }
    }
}

fn value(cell: serde_json::Value, kind: Kind) -> Option<Value> {
    use serde_json::Value as Json;
    Some(match (cell, kind) {
        (Json::Null, _) => Value::Null,
        (Json::Number(number), Kind::Number) => Value::Int(number.as_i64()?),
        (Json::Bool(is), Kind::Boolean) => Value::Bool(is),
        (Json::String(text), Kind::Text) => Value::Text(text),
        (Json::String(text), Kind::Bytes) => Value::Bytes(BASE64.decode(text).ok()?),
        _ => return None,
    })
}

fn rest(reader: &mut impl Read) -> std::io::Result<u64> {
    std::io::copy(reader, &mut std::io::sink())
}

fn rest_of(gzip: &mut GzDecoder<BufReader<Decrypting<BufReader<File>>>>) -> std::io::Result<u64> {
    rest(gzip.get_mut())
}
