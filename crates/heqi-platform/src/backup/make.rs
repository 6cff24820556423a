//! Making a backup: beside its place first, on the disk, then renamed.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use heqi_domain::Progress;

use super::error::BackupError;
use super::export::{self, hex, sink};
use super::format::{Contents, FORMAT, Head, Header, KeyFile, Trailer, VERSION};
use crate::audit::{Checkpoint, Signer};
use crate::crypto::backup::{Encryption, encrypt_to};
use crate::db::{Db, DbError, Sql, Tx};
use crate::fault;

/// Which backup to make.
pub struct Order<'order> {
    /// The file; it must not be there yet.
    pub path: &'order Path,
    /// Who will be able to open it.
    pub encryption: &'order Encryption,
    /// Signs where the audit chains stood.
    pub signer: Option<&'order Signer>,
    /// Key files to take along; without them the backup is of no use where they are lost.
    pub keys: &'order [PathBuf],
    /// Told of the progress; may ask to stop.
    pub watch: &'order dyn Progress,
}

/// Makes a backup of one committed state, while others read and write.
///
/// # Errors
/// [`BackupError::Exists`], [`BackupError::Io`], [`BackupError::Canceled`], [`BackupError::Db`],
/// [`BackupError::Crypto`]. After an error no file is left.
pub async fn make(db: &Db, order: &Order<'_>) -> Result<Contents, BackupError> {
    if order.path.exists() {
        return Err(BackupError::Exists(order.path.to_owned()));
    }
    let draft = Draft::beside(order.path)?;
    let file = draft.create().map_err(BackupError::io(&draft.0))?;
    let encrypting = encrypt_to(BufWriter::new(file), order.encryption)?;
    let mut text = BufWriter::new(GzEncoder::new(encrypting, Compression::fast()));
    let mut tx = db.read().await?;
    let header = header(db, &mut tx, order).await?;
    line(&mut text, &header)?;
    let summary = export::write(&mut tx, order.watch, &mut text).await?;
    drop(tx);
    line(&mut text, &Trailer::of(&summary))?;
    let gzip = text.into_inner().map_err(|error| sink(error.into_error()))?;
    let encrypting = gzip.finish().map_err(sink)?;
    let file = encrypting.finish()?.into_inner().map_err(|error| sink(error.into_error()))?;
    file.sync_all().map_err(BackupError::io(&draft.0))?;
    let size = file.metadata().map_err(BackupError::io(&draft.0))?.len();
    fault::at("backup.draft")?;
    draft.place(order.path)?;
    Ok(Contents { header, summary, size })
}

fn line(text: &mut impl Write, what: &impl serde::Serialize) -> Result<(), BackupError> {
    serde_json::to_writer(&mut *text, what).map_err(|error| sink(error.into()))?;
    text.write_all(b"\n").map_err(sink)
}

async fn header(db: &Db, tx: &mut Tx, order: &Order<'_>) -> Result<Header, BackupError> {
    let mut keys = Vec::with_capacity(order.keys.len());
    for path in order.keys {
        let text = std::fs::read_to_string(path).map_err(BackupError::io(path))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        keys.push(KeyFile { name, text });
    }
    Ok(Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        engine: if db.is_postgres() { "postgres" } else { "sqlite" }.to_owned(),
        schema: schema(tx).await?,
        made_at: tx.now(),
        heads: heads(tx, order.signer).await?,
        keys,
    })
}

/// The migrations that a database has had: number and digest.
pub(super) async fn schema(tx: &mut Tx) -> Result<Vec<(i64, String)>, DbError> {
    let sql = Sql::new("SELECT number, digest FROM schema_version ORDER BY number");
    let rows = tx.rows(sql).await?;
    rows.iter().map(|row| Ok((row.get("number")?, row.get("digest")?))).collect()
}

/// Where the audit chains stand.
async fn heads(tx: &mut Tx, signer: Option<&Signer>) -> Result<Vec<Head>, DbError> {
    let sql = Sql::new("SELECT company_id FROM audit_head ORDER BY company_id");
    let mut heads = Vec::new();
    for row in tx.rows(sql).await? {
        let mark = Checkpoint::of(tx, row.get("company_id")?).await?;
        heads.push(Head {
            company: mark.company,
            sequence: mark.sequence,
            hash: hex(&mark.hash),
            checkpoint: signer.map(|signer| signer.sign(&mark)),
        });
    }
    Ok(heads)
}

/// A file that is removed again unless it comes to its place.
struct Draft(PathBuf);

impl Draft {
    fn beside(path: &Path) -> Result<Self, BackupError> {
        let number = getrandom::u64().map_err(|error| DbError::Failed(error.to_string()))?;
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number:016x}.part"));
        Ok(Self(PathBuf::from(name)))
    }

    fn create(&self) -> std::io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.0)
    }

    fn place(self, path: &Path) -> Result<(), BackupError> {
        // A link, since a rename would put it over a file that has come there meanwhile. Disks
        // that know no links, as those carried about, leave only the rename.
        match std::fs::hard_link(&self.0, path) {
            Ok(()) => {}
            Err(_) if path.exists() => return Err(BackupError::Exists(path.to_owned())),
            Err(_) => std::fs::rename(&self.0, path).map_err(BackupError::io(path))?,
        }
        let durable = fault::at("backup.place").map_err(BackupError::from);
        let durable = durable.and_then(|()| sync_folder(path));
        if durable.is_err() {
            // Who is told that there is no backup finds none, and may use the name again.
            std::fs::remove_file(path).map_err(BackupError::io(path))?;
        }
        durable
    }
}

/// The name of a new file is durable only when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), BackupError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(BackupError::io(folder))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), BackupError> {
    Ok(())
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.0.display(), "a draft of a backup stays behind");
        }
    }
}
