//! Opening a database: by its address, with its schema brought up to date.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::migrate::{self, Migration};
use super::postgres::Postgres;
use super::sqlite::{Sqlite, WriteUnit};
use super::tx::Unit;
use super::wire::Wire;
use super::{DbError, Sql, Tx};
use crate::Clock;
use crate::ids::Ids;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// `postgres://…`, or the path of a SQLite file.
    pub address: String,
    /// Connections at a time (PostgreSQL) or readers (SQLite).
    pub connections: usize,
    /// Accepts that a power failure may undo what was acknowledged in the last seconds.
    pub may_lose_last_seconds: bool,
    /// Accepts that others on the network can read what goes to PostgreSQL and back.
    pub may_be_overheard: bool,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Options {
    /// The defaults for an address.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            connections: 8,
            may_lose_last_seconds: false,
            may_be_overheard: false,
            clock: Clock::System,
        }
    }
}

/// An open database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    clock: Clock,
    ids: Ids,
    process: String,
    file: Option<PathBuf>,
}

#[derive(Debug)]
enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Db {
    /// Opens a database and brings its schema up to date, unless it is a role's that does not
    /// own it: such a role finds the schema as the owner's `heqi migrate` has left it.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Unsafe`], [`DbError::Overheard`], or
    /// [`DbError::Schema`] if the schema is newer than `migrations` or one of them was changed
    /// after it had run.
    pub async fn open(options: &Options, migrations: &[Migration]) -> Result<Self, DbError> {
        let durable = !options.may_lose_last_seconds;
        let address = &options.address;
        let (engine, file) = if is_postgres(address) {
            let wire = Wire::of(address, options.may_be_overheard)?;
            let postgres = Postgres::open(wire, options.connections, durable).await?;
            (Engine::Postgres(postgres), None)
        } else {
            let path = Path::new(address);
            let sqlite = Sqlite::open(path, options.connections, durable)?;
            (Engine::Sqlite(sqlite), Some(path.to_owned()))
        };
        let clock = options.clock.clone();
        let process = format!("{:08x}-{:016x}", std::process::id(), random()?);
        let inner = |engine, slot| Inner {
            engine,
            ids: Ids::new(clock.clone(), slot),
            clock: clock.clone(),
            process: process.clone(),
            file: file.clone(),
        };
        let db = Self(Arc::new(inner(engine, 0)));
        migrate::run(&db, migrations).await?;
        let slot = claim_slot(&db).await?;
        let failed = |_| DbError::Failed("the database is in use while it is opened".to_owned());
        let engine = Arc::try_unwrap(db.0).map_err(failed)?.engine;
        Ok(Self(Arc::new(inner(engine, slot))))
    }

    /// Begins to read: one snapshot of the committed state.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub async fn read(&self) -> Result<Tx, DbError> {
        let unit = match &self.0.engine {
            Engine::Sqlite(sqlite) => Unit::Read(sqlite.read().await?),
            Engine::Postgres(postgres) => Unit::Postgres(postgres.read().await?),
        };
        Ok(Tx::new(self.clone(), unit))
    }

    /// Begins to write.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] or [`DbError::Conflict`].
    pub async fn write(&self) -> Result<Tx, DbError> {
        let unit = match &self.0.engine {
            Engine::Sqlite(sqlite) => Unit::Write(sqlite.write().await?),
            Engine::Postgres(postgres) => Unit::Postgres(postgres.write().await?),
        };
        Ok(Tx::new(self.clone(), unit))
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// A number for a new row.
    #[must_use]
    pub fn next_id(&self) -> i64 {
        self.0.ids.next()
    }

    /// The name of this process among those that share the database.
    #[must_use]
    pub fn process(&self) -> &str {
        &self.0.process
    }

    /// Whether the engine is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.0.engine, Engine::Postgres(_))
    }

    /// The file of a SQLite database.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// Renews this process's slot; to be called every minute while the process lives.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn renew_slot(&self) -> Result<(), DbError> {
        let mut tx = self.write().await?;
        let until = tx.now().plus_seconds(SLOT_SECONDS);
        let renew = Sql::new("UPDATE process_slot SET lease_until = $1 WHERE owner = $2");
        tx.execute(renew.bind(until).bind(self.process())).await?;
        tx.commit_housekeeping().await
    }

    /// Gives this process's slot back, as a process does that ends: no longer does anybody
    /// take it for alive.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn release_slot(&self) -> Result<(), DbError> {
        let mut tx = self.write().await?;
        let release = Sql::new("UPDATE process_slot SET lease_until = 0 WHERE owner = $1");
        tx.execute(release.bind(self.process())).await?;
        tx.commit_housekeeping().await
    }

    /// How many other processes have this database open, by their slots.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn other_processes(&self) -> Result<i64, DbError> {
        let mut tx = self.read().await?;
        let alive = "SELECT COUNT(*) FROM process_slot WHERE lease_until > $1 AND owner <> $2";
        let now = tx.now();
        tx.count(Sql::new(alive).bind(now).bind(self.process())).await
    }

    pub(super) fn statistics_renewed(&self) {
        if let Engine::Sqlite(sqlite) = &self.0.engine {
            sqlite.statistics_renewed();
        }
    }

    pub(super) async fn commit(&self, unit: WriteUnit) -> Result<(), DbError> {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.commit(unit).await,
            Engine::Postgres(_) => Err(DbError::Failed("not a unit of PostgreSQL".to_owned())),
        }
    }
}

/// How long a process keeps its slot without renewing it.
const SLOT_SECONDS: i64 = 600;

/// Takes the lowest slot that nobody holds.
async fn claim_slot(db: &Db) -> Result<u8, DbError> {
    loop {
        let mut tx = db.write().await?;
        let now = tx.now();
        let held = Sql::new("SELECT slot FROM process_slot WHERE lease_until > $1").bind(now);
        let held: Result<Vec<i64>, _> =
            tx.rows(held).await?.iter().map(|row| row.get("slot")).collect();
        let held = held?;
        let full = || DbError::Unavailable("256 processes share this database already".to_owned());
        let slot = (0..=u8::MAX).find(|slot| !held.contains(&i64::from(*slot)));
        let slot = slot.ok_or_else(full)?;
        let claim = Sql::new(
            "INSERT INTO process_slot (slot, owner, lease_until) VALUES ($1, $2, $3) \
             ON CONFLICT (slot) DO UPDATE SET owner = excluded.owner, \
             lease_until = excluded.lease_until WHERE process_slot.lease_until <= $4",
        );
        let until = now.plus_seconds(SLOT_SECONDS);
        let claim = claim.bind(i64::from(slot)).bind(db.process()).bind(until).bind(now);
        let claimed = tx.execute(claim).await?;
        tx.commit_housekeeping().await?;
        if claimed == 1 {
            return Ok(slot);
        }
    }
}

fn is_postgres(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

fn random() -> Result<u64, DbError> {
    getrandom::u64().map_err(|error| DbError::Failed(format!("no randomness: {error}")))
}
