//! SQLite: one writer, a few readers, statements run where they are called.
//!
//! Commits are grouped. A unit of work runs inside a savepoint of the transaction that is open;
//! who finishes first calls for a commit, and the commit waits in line behind the units that
//! were already waiting. All of them are answered when their common commit is on the disk:
//! the durability of one fsync each at a fraction of its cost.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};

use super::DbError;
use crate::fault;

/// Statements kept prepared for each connection.
const PREPARED: usize = 256;

/// How long a process waits for another one that writes.
const BUSY: Duration = Duration::from_secs(30);

/// An open database file.
#[derive(Debug)]
pub(super) struct Sqlite {
    path: PathBuf,
    durable: bool,
    writer: Arc<tokio::sync::Mutex<Writer>>,
    readers: Readers,
    free: Arc<Semaphore>,
    /// How often the statistics of tables were renewed.
    renewed: AtomicU64,
}

/// Readers that are free, each with the statistics it knows.
type Readers = Arc<Mutex<Vec<(Connection, u64)>>>;

/// The one connection that writes, and the units that wait for its commit.
#[derive(Debug)]
struct Writer {
    connection: Connection,
    waiting: Vec<oneshot::Sender<Result<(), DbError>>>,
    open: bool,
}

impl Sqlite {
    /// Opens the file, making it if there is none.
    pub(super) fn open(path: &Path, readers: usize, durable: bool) -> Result<Self, DbError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| unavailable(folder, &error))?;
        let connection = connect(path, durable)?;
        // The name of a new file is durable only when its folder is.
        #[cfg(unix)]
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| unavailable(folder, &error))?;
        let lent: Result<Vec<_>, DbError> =
            (0..readers).map(|_| Ok((reader(path, durable)?, 0))).collect();
        let writer = Writer { connection, waiting: Vec::new(), open: false };
        Ok(Self {
            path: path.to_owned(),
            durable,
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            readers: Arc::new(Mutex::new(lent?)),
            free: Arc::new(Semaphore::new(readers)),
            renewed: AtomicU64::new(0),
        })
    }

    /// Lends a connection that sees the committed state of this moment.
    pub(super) async fn read(&self) -> Result<ReadUnit, DbError> {
        let closed = || DbError::Unavailable("the database is closed".to_owned());
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| closed())?;
        let lent = lock(&self.readers).pop().ok_or_else(closed)?;
        let home = Arc::clone(&self.readers);
        let mut unit = ReadUnit { connection: Some(lent), home, _permit: permit };
        let renewed = self.renewed.load(Ordering::Acquire);
        if unit.connection.as_ref().is_some_and(|(_, known)| *known != renewed) {
            // Statistics are read with the schema: a connection of before does not know them.
            unit.connection = Some((reader(&self.path, self.durable)?, renewed));
        }
        unit.connection().execute_batch("BEGIN")?;
        Ok(unit)
    }

    /// Says that statistics were renewed and committed.
    pub(super) fn statistics_renewed(&self) {
        self.renewed.fetch_add(1, Ordering::AcqRel);
    }

    /// Lends the writer, within a savepoint.
    pub(super) async fn write(&self) -> Result<WriteUnit, DbError> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        if !writer.open {
            writer.begin()?;
        }
        writer.connection.execute_batch("SAVEPOINT unit")?;
        Ok(WriteUnit(Some(writer)))
    }

    /// Ends a unit of work and returns when its changes are on the disk.
    pub(super) async fn commit(&self, mut unit: WriteUnit) -> Result<(), DbError> {
        unit.connection().execute_batch("RELEASE unit")?;
        let (done, committed) = oneshot::channel();
        if let Some(mut writer) = unit.0.take() {
            writer.waiting.push(done);
            if writer.waiting.len() == 1 {
                let line = Arc::clone(&self.writer);
                tokio::spawn(async move { line.lock_owned().await.commit() });
            }
        }
        let stopping = || DbError::Unavailable("the server is stopping".to_owned());
        committed.await.unwrap_or_else(|_| Err(stopping()))
    }
}

impl Writer {
    fn commit(&mut self) {
        // Whatever becomes of this, nobody waits for it any longer, and the next unit begins anew.
        let waiting = std::mem::take(&mut self.waiting);
        self.open = false;
        let result = self.commit_now();
        if result.is_err()
            && !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a failed commit could not be undone; the next write will try");
        }
        for waiting in waiting {
            // Who no longer waits has given up its request; the change stands all the same.
            drop(waiting.send(result.clone()));
        }
    }

    fn commit_now(&mut self) -> Result<(), DbError> {
        fault::at("sqlite.commit")?;
        let result = blocking(|| self.connection.execute_batch("COMMIT"));
        if let Err(error) = &result {
            stop_if_unsure(error);
        }
        result?;
        fault::at("sqlite.committed")
    }

    /// Begins a transaction; one that a commit broken off has left open is undone first.
    fn begin(&mut self) -> Result<(), DbError> {
        blocking(|| {
            if !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
            self.connection.execute_batch("BEGIN IMMEDIATE")
        })?;
        self.open = true;
        Ok(())
    }
}

/// After a failed fsync nobody knows what is on the disk, and asking again would lie.
fn stop_if_unsure(error: &rusqlite::Error) {
    if let rusqlite::Error::SqliteFailure(code, _) = error
        && code.extended_code == rusqlite::ffi::SQLITE_IOERR_FSYNC
    {
        tracing::error!("the disk did not confirm a write; stopping before anything is promised");
        std::process::abort();
    }
}

/// The writer, lent to one unit of work; what is not committed is undone when it is dropped.
#[derive(Debug)]
pub(super) struct WriteUnit(Option<OwnedMutexGuard<Writer>>);

impl WriteUnit {
    pub(super) fn connection(&mut self) -> &mut Connection {
        match &mut self.0 {
            Some(writer) => &mut writer.connection,
            None => unreachable!("a committed unit is consumed"),
        }
    }
}

impl Drop for WriteUnit {
    fn drop(&mut self) {
        let Some(writer) = &mut self.0 else { return };
        let undone = writer.connection.execute_batch("ROLLBACK TO unit; RELEASE unit");
        if undone.is_ok() && !writer.waiting.is_empty() {
            return;
        }
        // Nobody waits for this transaction, or SQLite has ended it: leave no lock behind.
        let ended = writer.connection.execute_batch("ROLLBACK");
        writer.open = false;
        let lost = || DbError::Conflict;
        if undone.is_err() || ended.is_err() {
            for waiting in writer.waiting.drain(..) {
                drop(waiting.send(Err(lost())));
            }
        }
    }
}

/// A reader, lent to one unit of work.
#[derive(Debug)]
pub(super) struct ReadUnit {
    connection: Option<(Connection, u64)>,
    home: Readers,
    _permit: OwnedSemaphorePermit,
}

impl ReadUnit {
    pub(super) fn connection(&mut self) -> &mut Connection {
        match &mut self.connection {
            Some((connection, _)) => connection,
            None => unreachable!("a reader goes home only when dropped"),
        }
    }
}

impl Drop for ReadUnit {
    fn drop(&mut self) {
        if let Some(reader) = self.connection.take() {
            if reader.0.execute_batch("ROLLBACK").is_err() {
                tracing::debug!("a failed read had ended its transaction already");
            }
            lock(&self.home).push(reader);
        }
    }
}

fn connect(path: &Path, durable: bool) -> Result<Connection, DbError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL lost up to 19 acknowledged commits at a power failure when measured; FULL none.
    connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -256 * 1024)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // Statistics from a sample: enough to choose an index, and done in milliseconds.
    connection.pragma_update(None, "analysis_limit", 400)?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        let what = format!("{}: journal mode is {mode}, not WAL", path.display());
        return Err(DbError::Unsafe(what));
    }
    Ok(connection)
}

fn reader(path: &Path, durable: bool) -> Result<Connection, DbError> {
    let connection = connect(path, durable)?;
    connection.pragma_update(None, "query_only", true)?;
    // Pages are read where the system has them, instead of being copied one by one.
    connection.pragma_update(None, "mmap_size", 8_i64 << 30)?;
    Ok(connection)
}

fn unavailable(folder: &Path, error: &std::io::Error) -> DbError {
    DbError::Unavailable(format!("{}: {error}", folder.display()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what may wait for a disk or take long, without holding up other requests.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
