//! The first and the last line of a backup.

use serde::{Deserialize, Serialize};

use super::export::Summary;
use crate::Timestamp;

/// What the first line says it is.
pub(super) const FORMAT: &str = "heqi-backup";
/// The only form so far.
pub(super) const VERSION: u32 = 1;

/// The first line of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// `heqi-backup`.
    pub format: String,
    /// The form of the file.
    pub version: u32,
    /// The version of the program that made it.
    pub program: String,
    /// `sqlite` or `postgres`: where it was made, not where it can go.
    pub engine: String,
    /// Migrations of the database: number and digest.
    pub schema: Vec<(i64, String)>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Where the audit chains stood.
    pub heads: Vec<Head>,
    /// Key files that were taken along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyFile>,
}

/// Where an audit chain stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose; 0 is the installation's.
    pub company: i64,
    /// Its last record.
    pub sequence: i64,
    /// That record's hash, as hexadecimal text.
    pub hash: String,
    /// The signed checkpoint, if the installation's key was at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// A key file that was taken along.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeyFile {
    /// Its name without a folder: `keys.toml`.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyFile").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trailer {
    /// SHA-256 of the canonical export.
    pub(super) digest: String,
    /// Tables in it.
    pub(super) tables: u64,
    /// Rows in it.
    pub(super) rows: u64,
}

impl Trailer {
    pub(super) fn of(summary: &Summary) -> Self {
        let tables = summary.tables.len() as u64;
        Self { digest: summary.digest.clone(), tables, rows: summary.rows() }
    }
}

/// What a backup holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Its first line.
    pub header: Header,
    /// Digest, tables and rows of the canonical export.
    pub summary: Summary,
    /// Length of the file in bytes.
    pub size: u64,
}
