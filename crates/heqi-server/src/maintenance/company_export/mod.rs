//! Everything a company owns 账套全量导出, in open formats: whoever wants to leave can.
//!
//! A folder with every table as CSV and as NDJSON, sealed values opened, every original file
//! byte for byte, a README and digests that `sha256sum -c SHA256SUMS` checks. It is put
//! together beside its place and moved there when it is complete.

mod out;

use std::io;
use std::path::{Path, PathBuf};

use heqi_domain::{Progress, Stage};
use heqi_platform::audit::Event;
use heqi_platform::backup::{Table, rows_of, tables};
use heqi_platform::blobs::{self, BlobError};
use heqi_platform::crypto::CryptoError;
use heqi_platform::{DbError, Sql, Tx, Value};

use self::out::Out;
use super::sealed::Sealed;
use crate::app::App;

/// Tables that hold nothing a company could use: requests, work, secrets of programs, parts of
/// files that lie in `files` as a whole.
const LEFT_OUT: &[&str] = &["api_token", "blob_part", "idempotency", "job"];

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A value or a file cannot be opened.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// An export never mixes with what is there.
    #[error("{0} is there already; name a new folder")]
    Exists(PathBuf),
    /// A person asked to stop; nothing is left behind.
    #[error("stopped; nothing was left behind")]
    Canceled,
}

impl ExportError {
    /// The message in Chinese 中文说明.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Db(error) => format!("数据库出错：{error}"),
            Self::Crypto(error) => error.zh(),
            Self::Io { path, source } => format!("{}：读写失败（{source}）", path.display()),
            Self::Exists(path) => format!("{} 已存在，请换个文件夹名", path.display()),
            Self::Canceled => "已停止，没有留下任何文件".to_owned(),
        }
    }
}

impl From<BlobError> for ExportError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Db(error) => Self::Db(error),
            BlobError::Crypto(error) => Self::Crypto(error),
        }
    }
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Tables and their rows.
    pub tables: Vec<(String, u64)>,
    /// Original files.
    pub files: u64,
}

/// Exports a company into a new folder. `event` says who does it, and is written first: what
/// cannot be noted is not exported. The caller has checked the permission `export.all`.
///
/// # Errors
/// [`ExportError`]; then there is no folder.
pub async fn export(
    app: &App,
    company: i64,
    folder: &Path,
    event: Event,
    watch: &dyn Progress,
) -> Result<Exported, ExportError> {
    if folder.exists() {
        return Err(ExportError::Exists(folder.to_owned()));
    }
    let mut tx = app.db.write().await?;
    tx.record(event);
    tx.commit().await?;
    let mut out = Out::beside(folder)?;
    let mut tx = app.db.read().await?;
    let all = tables(&mut tx).await?;
    let owned = |table: &&Table| {
        (table.name == "company" || table.has("company_id"))
            && !LEFT_OUT.contains(&table.name.as_str())
    };
    watch.stage(Stage::Write, 0);
    let mut exported = Exported { tables: Vec::new(), files: 0 };
    for table in all.iter().filter(owned) {
        let rows = table_out(app, &mut tx, table, company, &mut out).await?;
        exported.tables.push((table.name.clone(), rows));
        watch.advance(rows);
        if watch.cancelled() {
            return Err(ExportError::Canceled);
        }
    }
    people_out(&mut tx, company, &mut out).await?;
    exported.files = files_out(app, &mut tx, company, &mut out, watch).await?;
    out.file("README.md", README.as_bytes())?;
    out.place(folder)?;
    Ok(exported)
}

/// One table, as CSV and as NDJSON.
async fn table_out(
    app: &App,
    tx: &mut Tx,
    table: &Table,
    company: i64,
    out: &mut Out,
) -> Result<u64, ExportError> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut sheet = out.sheet(&table.name, &names)?;
    let (mut rows, mut failed) = (0, None);
    let scanned = rows_of(tx, table, company, |mut values| {
        rows += 1;
        let written = open_values(app, table, company, &mut values);
        written.and_then(|()| sheet.row(&names, &values)).map_err(|error| {
            failed = Some(error);
            DbError::Conflict
        })
    });
    match (scanned.await, failed) {
        (_, Some(error)) => return Err(error),
        (Err(error), None) => return Err(error.into()),
        (Ok(()), None) => {}
    }
    out.close(sheet)?;
    Ok(rows)
}

/// Puts what was sealed in the place of the sealed values.
fn open_values(
    app: &App,
    table: &Table,
    company: i64,
    values: &mut [Value],
) -> Result<(), ExportError> {
    for (at, column) in table.columns.iter().enumerate() {
        let Some(sealed) = Sealed::of(&table.name, &column.name) else { continue };
        let row = table.columns.iter().position(|column| column.name == sealed.row);
        let (Some(Value::Int(row)), Value::Text(text)) = (row.map(|row| &values[row]), &values[at])
        else {
            continue;
        };
        if !text.is_empty() {
            let opened = app.keys.ring.open_text(&sealed.place(company, *row), text)?;
            values[at] = Value::Text(opened);
        }
    }
    Ok(())
}

/// Who is behind `user-17`: everybody who holds a role in the company.
async fn people_out(tx: &mut Tx, company: i64, out: &mut Out) -> Result<(), ExportError> {
    let names = ["id", "login", "name"];
    let mut sheet = out.sheet("people", &names)?;
    let people = Sql::new(
        "SELECT id, login, name FROM user_account u WHERE EXISTS (SELECT 1 FROM role_grant g \
         WHERE g.user_id = u.id AND g.company_id IN (0, $1)) ORDER BY id",
    );
    for row in tx.rows(people.bind(company)).await? {
        sheet.row(&names, row.values())?;
    }
    out.close(sheet)
}

/// The original files, each under its digest.
async fn files_out(
    app: &App,
    tx: &mut Tx,
    company: i64,
    out: &mut Out,
    watch: &dyn Progress,
) -> Result<u64, ExportError> {
    let list = Sql::new("SELECT digest FROM blob WHERE company_id = $1 ORDER BY digest");
    let mut files = 0;
    for row in tx.rows(list.bind(company)).await? {
        let digest: String = row.get("digest")?;
        if let Some(bytes) = blobs::get(tx, &app.keys.ring, company, &digest).await? {
            out.file(&format!("files/{digest}"), &bytes)?;
            files += 1;
        }
        watch.advance(1);
        if watch.cancelled() {
            return Err(ExportError::Canceled);
        }
    }
    Ok(files)
}

const README: &str = include_str!("README.txt");
