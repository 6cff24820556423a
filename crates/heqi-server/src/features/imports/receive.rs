//! Step 1 of 8: the bytes of a file are kept, and a job is asked to read them.

use heqi_domain::{BatchId, Id, Side};
use heqi_platform::blobs::{self, BlobError};
use heqi_platform::crypto::Keyring;
use heqi_platform::jobs::{self, NewJob};
use heqi_platform::{DbError, Tx};
use serde::{Deserialize, Serialize};

use super::model::{File, Mapping};
use super::store::{self, Batch, NewBatch};
use crate::permission::Scope;
use crate::problem::Problem;

/// What somebody brings.
#[derive(Debug)]
pub struct Upload<'a> {
    /// Whose work.
    pub company: i64,
    /// What the file is called.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whose book.
    pub side: Side,
    /// What is said about it.
    pub mapping: Mapping,
    /// The import whose rejected rows it brings.
    pub mends: Option<Batch>,
    /// Who.
    pub by: &'a str,
}

/// Keeps a file and begins its import; the number of the import, and the file.
///
/// # Errors
/// Whatever the database or the seal says.
pub async fn receive(
    tx: &mut Tx,
    keys: &Keyring,
    upload: &Upload<'_>,
) -> Result<(i64, File), Problem> {
    let put = blobs::put(tx, keys, upload.company, upload.bytes).await;
    let digest = put.map_err(problem_of)?;
    let size = upload.bytes.len() as i64;
    let file = File { name: upload.name.to_owned(), digest, size };
    let number = store::file(tx, upload.company, &file, upload.by).await?;
    let mapping = upload.mends.as_ref().map_or_else(|| upload.mapping.clone(), as_read);
    let new = NewBatch {
        company: upload.company,
        file: number,
        name: upload.name,
        side: upload.mends.as_ref().map_or(upload.side, |first| first.side),
        mapping: &mapping,
        mends: upload.mends.as_ref().map(|first| (first.id, first.template.clone())),
        by: upload.by,
    };
    Ok((store::insert(tx, &new).await?, file))
}

/// How the file that is mended was read: a few of its rows would not show as much.
fn as_read(first: &Batch) -> Mapping {
    let mut mapping = first.mapping.clone();
    (mapping.sheet, mapping.header_row, mapping.encoding) = (None, None, None);
    let orientation = first.inspection.as_ref().and_then(|it| it["orientation"].as_str());
    mapping.view = mapping.view.or_else(|| orientation.map(str::to_owned));
    mapping
}

pub(super) fn problem_of(error: BlobError) -> Problem {
    match error {
        BlobError::Db(error) => error.into(),
        BlobError::Crypto(error) => DbError::Failed(error.to_string()).into(),
    }
}

/// What a job of this feature is given.
#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    /// The number of the import.
    pub batch: i64,
    /// The customers that who asked may see: everyone, own, departments, regions.
    pub all: bool,
    /// See `all`.
    pub owner: Option<i64>,
    /// See `all`.
    pub departments: Vec<String>,
    /// See `all`.
    pub regions: Vec<String>,
    /// The plan that is committed; empty for reading.
    #[serde(default)]
    pub plan: String,
}

impl Payload {
    /// For this import, within this scope.
    #[must_use]
    pub fn new(batch: i64, scope: &Scope) -> Self {
        let Scope { all, owner, departments, regions } = scope.clone();
        Self { batch, all, owner, departments, regions, plan: String::new() }
    }

    /// The scope of who asked.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            all: self.all,
            owner: self.owner,
            departments: self.departments.clone(),
            regions: self.regions.clone(),
        }
    }
}

/// Asks for a job on an import; one of a kind at a time. Its number.
///
/// # Errors
/// Whatever the database says.
pub async fn enqueue(
    tx: &mut Tx,
    company: i64,
    kind: &'static str,
    payload: &Payload,
    version: i64,
    by: &str,
) -> Result<i64, DbError> {
    let new = NewJob {
        company,
        kind,
        payload: serde_json::to_value(payload).unwrap_or_default(),
        dedup: Some(format!("{}/{version}", BatchId::text(payload.batch))),
        run_at: None,
        attempts_max: 3,
        created_by: by.to_owned(),
    };
    let job = jobs::enqueue(tx, &new).await?;
    store::set_job(tx, payload.batch, job).await?;
    Ok(job)
}
