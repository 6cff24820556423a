//! A folder that is put together beside its place, with the digest of every file in it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use heqi_platform::{DbError, Value};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::ExportError;

/// The folder; removed again unless it comes to its place.
pub(super) struct Out {
    folder: PathBuf,
    sums: Vec<(String, String)>,
    placed: bool,
}

/// A file of it that is being written.
struct Leaf {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
}

/// A table of it that is being written: CSV and NDJSON.
pub(super) struct Sheet {
    csv: Leaf,
    lines: Leaf,
}

impl Out {
    pub(super) fn beside(place: &Path) -> Result<Self, ExportError> {
        let number = getrandom::u64().map_err(|error| DbError::Failed(error.to_string()))?;
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".{number:016x}.part"));
        let folder = PathBuf::from(name);
        for folder in [folder.join("tables"), folder.join("files")] {
            fs::create_dir_all(&folder).map_err(io(&folder))?;
        }
        Ok(Self { folder, sums: Vec::new(), placed: false })
    }

    /// Begins a table.
    pub(super) fn sheet(&self, table: &str, names: &[&str]) -> Result<Sheet, ExportError> {
        let mut csv = self.leaf(&format!("tables/{table}.csv"))?;
        csv.put(csv_line(names.iter().map(|name| (*name).to_owned())).as_bytes())?;
        Ok(Sheet { csv, lines: self.leaf(&format!("tables/{table}.ndjson"))? })
    }

    /// Ends a table.
    pub(super) fn close(&mut self, sheet: Sheet) -> Result<(), ExportError> {
        self.sums.push(sheet.csv.close()?);
        self.sums.push(sheet.lines.close()?);
        Ok(())
    }

    /// Writes a whole file.
    pub(super) fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let mut leaf = self.leaf(name)?;
        leaf.put(bytes)?;
        self.sums.push(leaf.close()?);
        Ok(())
    }

    /// Writes the digests and moves the folder to its place.
    pub(super) fn place(mut self, folder: &Path) -> Result<(), ExportError> {
        self.sums.sort_by(|one, other| one.0.cmp(&other.0));
        let lines = self.sums.iter().map(|(name, digest)| format!("{digest}  {name}\n"));
        let text: String = lines.collect();
        let mut leaf = self.leaf("SHA256SUMS")?;
        leaf.put(text.as_bytes())?;
        leaf.close()?;
        if folder.exists() {
            return Err(ExportError::Exists(folder.to_owned()));
        }
        fs::rename(&self.folder, folder).map_err(io(folder))?;
        self.placed = true;
        Ok(())
    }

    fn leaf(&self, name: &str) -> Result<Leaf, ExportError> {
        let path = self.folder.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = BufWriter::new(options.open(&path).map_err(io(&path))?);
        Ok(Leaf { name: name.to_owned(), path, file, hash: Sha256::new() })
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        if !self.placed
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            tracing::warn!(%error, folder = %self.folder.display(), "a draft stays behind");
        }
    }
}

impl Leaf {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(io(&self.path))
    }

    /// Its name and its digest, when it is on the disk.
    fn close(self) -> Result<(String, String), ExportError> {
        let Self { name, path, file, hash } = self;
        let file = file.into_inner().map_err(|error| io(&path)(error.into_error()))?;
        file.sync_all().map_err(io(&path))?;
        let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((name, digest))
    }
}

impl Sheet {
    /// One row.
    pub(super) fn row(&mut self, names: &[&str], values: &[Value]) -> Result<(), ExportError> {
        self.csv.put(csv_line(values.iter().map(plain)).as_bytes())?;
        let pairs = names.iter().zip(values);
        let object: Map<String, Json> =
            pairs.map(|(name, value)| ((*name).to_owned(), json(value))).collect();
        self.lines.put(format!("{}\n", Json::Object(object)).as_bytes())
    }
}

/// RFC 4180: what holds a comma, a quote or an end of line stands in quotes.
fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|cell| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => BASE64.encode(bytes),
        Value::Bool(is) => is.to_string(),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(number) => (*number).into(),
        Value::Bool(is) => (*is).into(),
        Value::Text(_) | Value::Bytes(_) => plain(value).into(),
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ExportError + '_ {
    |source| ExportError::Io { path: path.to_owned(), source }
}
