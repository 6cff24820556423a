//! Files 原件: kept byte for byte, sealed, under their digest, in the database.
//!
//! In the database, so that a file and the row that names it are one transaction and one backup
//! holds both. A file is cut into parts of a mebibyte, each sealed with its place.

use crate::crypto::{Context, CryptoError, Keyring, Suite, digest};
use crate::db::{Db, DbError, Sql, Tx};
use crate::fault;

const PART: usize = 1 << 20;

/// Why a file cannot be kept or given back.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The file cannot be sealed or opened.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Keeps a file; its digest, by which it is found. The same bytes twice are one file.
///
/// # Errors
/// [`BlobError`].
pub async fn put(
    tx: &mut Tx,
    keys: &Keyring,
    company: i64,
    bytes: &[u8],
) -> Result<String, BlobError> {
    let name = hex(&digest(Suite::International, bytes));
    let now = tx.now();
    let insert = Sql::new(
        "INSERT INTO blob (company_id, digest, size, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (company_id, digest) DO NOTHING",
    );
    let insert = insert.bind(company).bind(&name).bind(bytes.len() as i64).bind(now);
    if tx.execute(insert).await? == 0 {
        return Ok(name);
    }
    for (part, piece) in bytes.chunks(PART).enumerate() {
        let sealed = keys.seal(&place(company, &name, part), piece)?;
        let insert = Sql::new(
            "INSERT INTO blob_part (company_id, digest, part, bytes) VALUES ($1, $2, $3, $4)",
        );
        let insert = insert.bind(company).bind(&name).bind(part as i64).bind(sealed);
        tx.execute(insert).await?;
    }
    fault::at("blobs.put")?;
    Ok(name)
}

/// The bytes of a file; none if there is no such file.
///
/// # Errors
/// [`BlobError`].
pub async fn get(
    tx: &mut Tx,
    keys: &Keyring,
    company: i64,
    name: &str,
) -> Result<Option<Vec<u8>>, BlobError> {
    let find = Sql::new("SELECT size FROM blob WHERE company_id = $1 AND digest = $2");
    let Some(row) = tx.optional(find.bind(company).bind(name)).await? else { return Ok(None) };
    let size: i64 = row.get("size")?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    let parts = Sql::new(
        "SELECT part, bytes FROM blob_part WHERE company_id = $1 AND digest = $2 ORDER BY part",
    );
    for (part, row) in tx.rows(parts.bind(company).bind(name)).await?.iter().enumerate() {
        let sealed: Vec<u8> = row.get("bytes")?;
        bytes.extend(keys.open(&place(company, name, part), &sealed)?);
    }
    if bytes.len() as i64 != size {
        return Err(CryptoError::Truncated { bytes: bytes.len() }.into());
    }
    Ok(Some(bytes))
}

/// The next parts, after one of a company's file, that are not sealed under the active key; each
/// is opened and sealed anew. How many were changed, and the last part looked at; none at the
/// end. Two processes may do it at the same time.
///
/// # Errors
/// [`BlobError`].
pub async fn reseal(
    db: &Db,
    keys: &Keyring,
    after: &(i64, String, i64),
    limit: i64,
) -> Result<Option<(u64, (i64, String, i64))>, BlobError> {
    let find = Sql::new(
        "SELECT company_id, digest, part, bytes FROM blob_part \
         WHERE (company_id, digest, part) > ($1, $2, $3) \
         ORDER BY company_id, digest, part LIMIT $4",
    );
    let find = find.bind(after.0).bind(&after.1).bind(after.2).bind(limit);
    let rows = db.read().await?.rows(find).await?;
    let (mut last, mut anew) = (None, Vec::new());
    for row in rows {
        let at: (i64, String, i64) = (row.get("company_id")?, row.get("digest")?, row.get("part")?);
        let sealed: Vec<u8> = row.get("bytes")?;
        if !keys.is_current(&sealed)? {
            let place = place(at.0, &at.1, usize::try_from(at.2).unwrap_or_default());
            anew.push((at.clone(), keys.seal(&place, &keys.open(&place, &sealed)?)?));
        }
        last = Some(at);
    }
    let Some(last) = last else { return Ok(None) };
    let changed = anew.len() as u64;
    if changed > 0 {
        let mut tx = db.write().await?;
        for ((company, digest, part), sealed) in anew {
            let sql = "UPDATE blob_part SET bytes = $1 WHERE company_id = $2 AND digest = $3 \
                       AND part = $4";
            let sql = Sql::new(sql).bind(sealed).bind(company).bind(digest).bind(part);
            tx.execute(sql).await?;
        }
        tx.commit_housekeeping().await?;
    }
    Ok(Some((changed, last)))
}

fn place(company: i64, name: &str, part: usize) -> Context {
    Context::blob(company, &format!("{name}/{part}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
