//! Rotation of keys: a new key seals from now on, and what older ones sealed is sealed anew.
//!
//! Sealing anew goes in small transactions from row to row; broken off, it begins again and
//! skips what is done. Nobody sees any of it: values and versions stay as they are.

use heqi_domain::{Progress, Stage};
use heqi_platform::blobs::{self, BlobError};
use heqi_platform::crypto::{CryptoError, IndexedColumn, Keyring, Suite, key_of_text};
use heqi_platform::{Db, DbError, Row, Sql};
use serde_json::json;

use super::sealed::{Index, SEALED, Sealed};
use crate::app::App;

/// Rows that one transaction seals anew.
const BATCH: i64 = 200;
/// Parts of files, a mebibyte each, that one transaction seals anew.
const PARTS: i64 = 8;

/// Why keys were not rotated, or values not sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A value cannot be opened or sealed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// Servers that run do not know the new key and could not open what it seals.
    #[error(
        "{0} other processes have this database open; stop them, rotate, start them again. \
         A process that was killed counts for ten minutes"
    )]
    InUse(i64),
    /// A person asked to stop; what was sealed anew stays so.
    #[error("stopped; run it again to seal the rest anew")]
    Canceled,
}

impl KeysError {
    /// The message in Chinese 中文说明.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Db(error) => format!("数据库出错：{error}"),
            Self::Crypto(error) => error.zh(),
            Self::InUse(others) => format!(
                "还有 {others} 个程序在用这个数据库。请先停止，轮换密钥后再启动；被强行结束的程序要\
                 等十分钟才不再计入"
            ),
            Self::Canceled => "已停止；再运行一次即可把其余数据换成新密钥加密".to_owned(),
        }
    }
}

impl From<BlobError> for KeysError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Db(error) => Self::Db(error),
            BlobError::Crypto(error) => Self::Crypto(error),
        }
    }
}

/// Adds a key, makes it the active one, and seals everything anew with it. `force` does so
/// although other processes seem to be at work. The ring that is returned is the new one; the
/// application itself goes on with the old one until it is opened again.
///
/// # Errors
/// [`KeysError`]. If only the sealing failed, [`reseal`] does the rest.
pub async fn rotate(
    app: &App,
    suite: Suite,
    force: bool,
    watch: &dyn Progress,
) -> Result<(Keyring, u64), KeysError> {
    let others = app.db.other_processes().await?;
    if others > 0 && !force {
        return Err(KeysError::InUse(others));
    }
    let today = heqi_domain::day_from_iso(&app.db.clock().now().book_date()).unwrap_or_default();
    let ring = Keyring::rotate(&app.config.data.join("keys.toml"), suite, today)?;
    let mut tx = app.db.write().await?;
    let detail = json!({ "from": app.keys.ring.active_id().to_string(), "suite": suite.code() });
    let key = ring.active_id().to_string();
    tx.record(super::event("cli", "keys.rotate", &key).with_detail(&detail));
    tx.commit().await?;
    let changed = reseal(&app.db, &ring, watch).await?;
    Ok((ring, changed))
}

/// Seals anew what is not sealed under the active key of the ring; how many values were.
///
/// # Errors
/// [`KeysError`].
pub async fn reseal(db: &Db, ring: &Keyring, watch: &dyn Progress) -> Result<u64, KeysError> {
    watch.stage(Stage::Write, 0);
    let mut changed = 0;
    for sealed in SEALED {
        let mut after = i64::MIN;
        while let Some((count, last)) = step(db, ring, sealed, after).await? {
            changed += count;
            after = last;
            watch.advance(count);
            if watch.cancelled() {
                return Err(KeysError::Canceled);
            }
        }
    }
    let mut after = (i64::MIN, String::new(), i64::MIN);
    while let Some((count, last)) = blobs::reseal(db, ring, &after, PARTS).await? {
        changed += count;
        after = last;
        watch.advance(count);
        if watch.cancelled() {
            return Err(KeysError::Canceled);
        }
    }
    let mut tx = db.write().await?;
    let detail = json!({ "values": changed });
    let key = ring.active_id().to_string();
    tx.record(super::event("cli", "keys.reseal", &key).with_detail(&detail));
    tx.commit().await?;
    Ok(changed)
}

/// The values of a column after a row: `row_id`, `company`, `sealed`, `blind`.
pub(super) fn values(sealed: &Sealed, after: i64, limit: i64) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(sealed.row).push(" AS row_id, ");
    sql.push(sealed.company.unwrap_or("CAST(0 AS BIGINT)")).push(" AS company, ");
    sql.push(sealed.column).push(" AS sealed, ");
    sql.push(sealed.index.as_ref().map_or("CAST(NULL AS BYTEA)", |index| index.column));
    sql.push(" AS blind FROM ").push(sealed.table).push(" WHERE ").push(sealed.row);
    sql.push(" > ").push_bind(after).push(" AND ").push(sealed.column).push(" <> '' ORDER BY ");
    sql.push(sealed.row).push(" LIMIT ").push_bind(limit);
    sql
}

/// One batch of a column: how many were sealed anew, and the last row that was looked at.
async fn step(
    db: &Db,
    ring: &Keyring,
    sealed: &Sealed,
    after: i64,
) -> Result<Option<(u64, i64)>, KeysError> {
    let rows = db.read().await?.rows(values(sealed, after, BATCH)).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let last = last.get("row_id")?;
    let mut updates = Vec::new();
    for row in &rows {
        updates.extend(update(ring, sealed, row)?);
    }
    let mut changed = 0;
    if !updates.is_empty() {
        let mut tx = db.write().await?;
        for sql in updates {
            changed += tx.execute(sql).await?;
        }
        tx.commit_housekeeping().await?;
    }
    Ok(Some((changed, last)))
}

/// The statement that puts the value sealed anew in the place of the one that was read, unless
/// somebody has written another one meanwhile.
fn update(ring: &Keyring, sealed: &Sealed, row: &Row) -> Result<Option<Sql>, KeysError> {
    let old: String = row.get("sealed")?;
    if key_of_text(&old)? == ring.active_id() {
        return Ok(None);
    }
    let (company, id): (i64, i64) = (row.get("company")?, row.get("row_id")?);
    let place = sealed.place(company, id);
    let opened = ring.open_text(&place, &old)?;
    let mut sql = Sql::new("UPDATE ");
    sql.push(sealed.table).push(" SET ").push(sealed.column).push(" = ");
    sql.push_bind(ring.seal_text(&place, &opened)?);
    if let (Some(index), Some(blind)) = (&sealed.index, row.get::<Option<[u8; 32]>>("blind")?) {
        let IndexedPair { known, new } = indexes(ring, index, company, &opened);
        // An index that does not follow from the value is left for the doctor to report.
        if known.contains(&blind)
            && let Some(new) = new
        {
            sql.push(", ").push(index.column).push(" = ").push_bind(new);
        }
    }
    sql.push(" WHERE ").push(sealed.row).push(" = ").push_bind(id);
    sql.push(" AND ").push(sealed.column).push(" = ").push_bind(old);
    Ok(Some(sql))
}

struct IndexedPair {
    known: Vec<[u8; 32]>,
    new: Option<[u8; 32]>,
}

fn indexes(ring: &Keyring, index: &Index, company: i64, opened: &str) -> IndexedPair {
    let column = IndexedColumn { company, table: index.of.0, column: index.of.1 };
    let Some(text) = (index.normalize)(opened) else {
        return IndexedPair { known: Vec::new(), new: None };
    };
    let known = ring.blind_indexes(column, &text);
    IndexedPair { known, new: Some(ring.blind_index(column, &text)) }
}

/// How many values are not sealed under the active key, and the first that does not open.
///
/// # Errors
/// The database cannot be read.
pub async fn sample(
    db: &Db,
    ring: &Keyring,
    sealed: &Sealed,
    limit: i64,
) -> Result<(u64, Option<CryptoError>), DbError> {
    let (mut old, mut broken) = (0, None);
    for row in db.read().await?.rows(values(sealed, i64::MIN, limit)).await? {
        let text: String = row.get("sealed")?;
        let place = sealed.place(row.get("company")?, row.get("row_id")?);
        match ring.open_text(&place, &text) {
            Ok(_) => {
                old += u64::from(key_of_text(&text).is_ok_and(|key| key != ring.active_id()));
            }
            Err(error) => broken = broken.or(Some(error)),
        }
    }
    Ok((old, broken))
}
