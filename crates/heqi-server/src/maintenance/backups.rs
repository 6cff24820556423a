//! Backups as an operator orders them: by hand, by night, back into a database.

use std::fs;
use std::path::{Path, PathBuf};

use heqi_domain::Progress;
use heqi_platform::audit::{Checkpoint, CheckpointError, Signer};
use heqi_platform::backup::{self, BackupError, Contents, Order};
use heqi_platform::config::{Config, write_secret};
use heqi_platform::crypto::backup::{Decryption, Encryption};
use heqi_platform::db::SCHEMA;
use heqi_platform::jobs::{self, JobError, Work};
use heqi_platform::{Db, DbError, Timestamp};
use serde_json::json;

use crate::app::{App, Shared};

/// What can be taken along in a backup.
const KEY_FILES: [&str; 2] = ["keys.toml", "audit.key"];

/// How the names of daily backups end; `age` opens them.
const ENDING: &str = ".heqi.age";

/// Why a backup does not hold what its installation signed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The backup itself does not hold.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A checkpoint in it was not signed by this installation.
    #[error("company {company}: {error}; the backup is of another installation, or forged")]
    Checkpoint {
        /// Whose chain.
        company: i64,
        /// What is wrong with the checkpoint.
        error: CheckpointError,
    },
}

impl VerifyError {
    /// The message in Chinese 中文说明.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Backup(error) => error.zh(),
            Self::Checkpoint { company, .. } => {
                format!("账套 {company} 的审计检查点不是本系统签的：备份来自另一套系统，或是伪造的")
            }
        }
    }
}

/// Makes a backup now, and notes it in the audit chain of the installation. With keys it opens
/// on a machine that has lost everything, and whoever can open it can read every bank account.
///
/// # Errors
/// [`BackupError`].
pub async fn make(
    app: &App,
    path: &Path,
    encryption: &Encryption,
    with_keys: bool,
    actor_kind: &str,
    watch: &dyn Progress,
) -> Result<Contents, BackupError> {
    let contents = write(app, path, encryption, with_keys, watch).await?;
    let mut tx = app.db.write().await?;
    tx.record(made(&contents, path, with_keys, actor_kind));
    tx.commit().await?;
    Ok(contents)
}

async fn write(
    app: &App,
    path: &Path,
    encryption: &Encryption,
    with_keys: bool,
    watch: &dyn Progress,
) -> Result<Contents, BackupError> {
    let keys = match with_keys {
        true => KEY_FILES.iter().map(|name| app.config.data.join(name)).collect(),
        false => Vec::new(),
    };
    let signer = Some(&app.signer);
    backup::make(&app.db, &Order { path, encryption, signer, keys: &keys, watch }).await
}

fn made(
    contents: &Contents,
    path: &Path,
    with_keys: bool,
    actor_kind: &str,
) -> heqi_platform::audit::Event {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    super::event(actor_kind, "backup.make", &name).with_detail(&json!({
        "digest": contents.summary.digest,
        "rows": contents.summary.rows(),
        "bytes": contents.size,
        "with_keys": with_keys,
    }))
}

/// Verifies a backup: what it says of itself, its audit chains, and, where the key of its
/// installation is at hand, that the installation signed where they stood.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(
    path: &Path,
    decryption: &Decryption,
    signer: Option<&Signer>,
    checkpoints: &[Checkpoint],
    watch: &dyn Progress,
) -> Result<Contents, VerifyError> {
    let contents = backup::verify(path, decryption, checkpoints, watch)?;
    let Some(signer) = signer else { return Ok(contents) };
    for head in &contents.header.heads {
        let failed = |error| VerifyError::Checkpoint { company: head.company, error };
        let line = head.checkpoint.as_deref().ok_or_else(|| failed(CheckpointError::Malformed))?;
        let mark = signer.read(line).map_err(failed)?;
        let hash: String = mark.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if (mark.company, mark.sequence, &hash) != (head.company, head.sequence, &head.hash) {
            return Err(failed(CheckpointError::NotOurs));
        }
    }
    Ok(contents)
}

/// Restores a backup into an empty database, and the keys that it holds into the data folder of
/// `config`, where none are yet.
///
/// # Errors
/// [`BackupError`]; then the database is as empty as before, and no key was written.
pub async fn restore(
    config: &Config,
    path: &Path,
    decryption: &Decryption,
    watch: &dyn Progress,
) -> Result<Contents, BackupError> {
    let db = Db::open(&config.database_options(), SCHEMA).await?;
    let contents = backup::restore(&db, path, decryption, watch).await?;
    for key in &contents.header.keys {
        let place = config.data.join(&key.name);
        // The name comes from a file that anybody may have made: only these two.
        if KEY_FILES.contains(&key.name.as_str()) && !place.exists() {
            let written = write_secret(&place, &key.text);
            written.map_err(|source| BackupError::Io { path: place, source })?;
        }
    }
    db.release_slot().await?;
    Ok(contents)
}

/// The daily backup, as the configuration orders it; none if it does not.
fn daily_plan(config: &Config) -> Option<Result<Encryption, JobError>> {
    if config.backup_dir.as_os_str().is_empty() || config.backup_recipient.is_empty() {
        return None;
    }
    Some(match config.backup_recipient.parse() {
        Ok(recipient) => Ok(Encryption::Recipients(vec![recipient])),
        Err(error) => Err(hopeless("backup_recipient", &error.zh(), &error.to_string())),
    })
}

/// Whether the configuration orders daily backups.
#[must_use]
pub fn is_daily(config: &Config) -> bool {
    daily_plan(config).is_some()
}

/// The job `backup.daily`: makes a backup, reads nothing of it (the machine cannot), removes
/// the oldest beyond those that are to be kept.
///
/// # Errors
/// [`JobError`].
pub async fn daily(app: Shared, work: Work) -> Result<serde_json::Value, JobError> {
    let Some(encryption) = daily_plan(&app.config) else { return Ok(json!({ "made": null })) };
    let encryption = encryption?;
    let folder = &app.config.backup_dir;
    fs::create_dir_all(folder).map_err(|error| again(folder, &error))?;
    let path = folder.join(name(app.db.clock().now()));
    let contents = match write(&app, &path, &encryption, false, &work).await {
        Ok(contents) => contents,
        Err(BackupError::Canceled) => return Err(JobError::Canceled),
        Err(error) => return Err(JobError::Again(error.to_string())),
    };
    let result = json!({ "made": path, "bytes": contents.size, "digest": contents.summary.digest });
    let mut tx = work.db.write().await?;
    tx.record(made(&contents, &path, false, "job"));
    jobs::finish(&mut tx, &work.claim, &result).await?;
    tx.commit().await?;
    for old in kept(folder).iter().rev().skip(app.config.backup_keep.max(1)) {
        if let Err(error) = fs::remove_file(old) {
            tracing::warn!(%error, file = %old.display(), "an old backup could not be removed");
        }
    }
    Ok(result)
}

/// `heqi-20261124T180000Z.heqi.age`: names in the order of time.
#[must_use]
pub fn name(at: Timestamp) -> String {
    let text: String = at.to_string().chars().filter(|c| !"-:".contains(*c)).collect();
    format!("heqi-{}Z{ENDING}", text.split('.').next().unwrap_or_default())
}

/// When a daily backup was made, by its name.
#[must_use]
pub fn made_at(path: &Path) -> Option<Timestamp> {
    let name = path.file_name()?.to_str()?;
    let text = name.strip_prefix("heqi-")?.strip_suffix(ENDING)?;
    let (day, time) = text.split_once('T')?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(day, 0, 4)?,
        part(day, 4, 6)?,
        part(day, 6, 8)?,
        part(time, 0, 2)?,
        part(time, 2, 4)?,
        part(time, 4, 6)?
    );
    Timestamp::try_from(text).ok()
}

/// The daily backups of a folder, the oldest first. Other files are nobody's business.
#[must_use]
pub fn kept(folder: &Path) -> Vec<PathBuf> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("heqi-") && name.ends_with(ENDING)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(ours).collect();
    found.sort();
    found
}

fn hopeless(code: &str, zh: &str, en: &str) -> JobError {
    JobError::Hopeless(json!({ "code": code, "detail": zh, "detail_en": en }))
}

fn again(path: &Path, error: &std::io::Error) -> JobError {
    JobError::Again(DbError::Unavailable(format!("{}: {error}", path.display())).to_string())
}
