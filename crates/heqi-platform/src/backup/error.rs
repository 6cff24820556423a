//! Why a backup was not made, does not hold, or was not restored: one variant per decision.

use std::io;
use std::path::{Path, PathBuf};

use crate::audit::Fault;
use crate::crypto::CryptoError;
use crate::db::DbError;

/// A backup was not made, does not hold, or was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Wrong key, truncated, damaged.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A backup never replaces a file.
    #[error("{0} is there already; name a new file")]
    Exists(PathBuf),
    /// It opens, and is something else.
    #[error("the file opens with this key, but it is no backup of Heqi")]
    NotOurs,
    /// A later Heqi wrote it.
    #[error("the backup has form {0}, which this version of Heqi does not know; update Heqi")]
    Newer(u32),
    /// It is not put together as a backup is.
    #[error("line {line} of the backup: {what}; take another backup")]
    Malformed {
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// It does not hold what its own last line says.
    #[error(
        "the backup says of itself {stated} and holds {found}; take another backup. \
         Restore nothing of it"
    )]
    Differs {
        /// Digest or number in the last line.
        stated: String,
        /// What was found.
        found: String,
    },
    /// An audit chain in it was changed before the backup was made.
    #[error(
        "the audit chain of company {company} in the backup does not hold: {fault}; \
         it was changed before the backup was made: look for an older one"
    )]
    Chain {
        /// Whose chain; 0 is the installation's.
        company: i64,
        /// What is wrong.
        fault: Fault,
    },
    /// Made with another schema.
    #[error(
        "the backup has schema {theirs} and this program {ours}; restore it with the version of \
         Heqi that made it ({program}), then upgrade"
    )]
    Schema {
        /// Schema of the backup.
        theirs: String,
        /// Schema of this program.
        ours: String,
        /// The version that made it.
        program: String,
    },
    /// A restore never mixes with what is there.
    #[error(
        "the database is not empty ({table} has rows); name a database that nothing is in. \
         Nothing was changed"
    )]
    NotEmpty {
        /// The first table with rows.
        table: String,
    },
    /// The restored database does not equal the backup; nothing of it was kept.
    #[error(
        "what was restored ({found}) does not equal the backup ({stated}); nothing was kept. \
         Report this as a defect"
    )]
    NotEqual {
        /// Digest of the backup.
        stated: String,
        /// Digest of what was restored.
        found: String,
    },
    /// A person asked to stop; nothing is left behind.
    #[error("stopped; nothing was left behind")]
    Canceled,
}

impl BackupError {
    /// For `map_err` on I/O at `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// What reading a backup came to: the decryption's own verdict first.
    pub(super) fn reading(path: &Path, error: io::Error) -> Self {
        match (CryptoError::within(&error), error.kind()) {
            (Some(CryptoError::BackupTruncated), _) | (None, io::ErrorKind::UnexpectedEof) => {
                Self::Crypto(CryptoError::BackupTruncated)
            }
            (Some(_), _) | (None, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                Self::Crypto(CryptoError::BackupDamaged)
            }
            (None, _) => Self::Io { path: path.to_owned(), source: error },
        }
    }

    /// The message in Chinese 中文说明.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Db(error) => format!("数据库出错：{error}"),
            Self::Crypto(error) => error.zh(),
            Self::Io { path, source } => format!("{}：读写失败（{source}）", path.display()),
            Self::Exists(path) => {
                format!("{} 已存在，备份从不覆盖文件，请换个文件名", path.display())
            }
            Self::NotOurs => "这把密钥能打开文件，但里面不是合契的备份".to_owned(),
            Self::Newer(form) => format!("备份格式 {form} 由更新版本的合契写出，请先升级"),
            Self::Malformed { line, what } => {
                format!("备份第 {line} 行不合格式（{what}），请换一份备份")
            }
            Self::Differs { stated, found } => format!(
                "备份自己记的是 {stated}，实际是 {found}，请换一份备份；这份里的内容一律不要恢复"
            ),
            Self::Chain { company, fault } => format!(
                "备份里账套 {company} 的审计链对不上（{fault}），备份之前就已被改动，请找更早的备份"
            ),
            Self::Schema { theirs, ours, program } => format!(
                "备份的库结构是 {theirs}，本程序是 {ours}。请用备份时的合契 {program} 恢复，再升级"
            ),
            Self::NotEmpty { table } => {
                format!("目标数据库不是空的（{table} 表已有数据），请换一个空库；没有改动任何数据")
            }
            Self::NotEqual { stated, found } => format!(
                "恢复出来的数据（{found}）与备份（{stated}）不一致，已全部撤销。请向开发者反馈"
            ),
            Self::Canceled => "已停止，没有留下任何东西".to_owned(),
        }
    }
}
