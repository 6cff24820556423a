//! The running application: what every request stands on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heqi_platform::audit::{CheckpointError, Signer};
use heqi_platform::config::Config;
use heqi_platform::crypto::{CryptoError, Keyring, Purpose, Suite};
use heqi_platform::db::{DbError, SCHEMA};
use heqi_platform::idempotency::Key;
use heqi_platform::jobs::Runner;
use heqi_platform::{Clock, Db, Sql};
use tokio::sync::Semaphore;

use crate::auth::limit::Limiter;

/// What every request stands on; one for a process.
pub struct App {
    /// The database.
    pub db: Db,
    /// What the server was told before it started.
    pub config: Config,
    /// Keys outside the database.
    pub keys: Keys,
    /// Signs checkpoints of the audit chains.
    pub signer: Signer,
    /// Logins that compute a hash at a time: they may not starve other requests.
    pub hashing: Semaphore,
    /// Logins that compute a hash or wait for it; more are turned away.
    pub hashing_seats: Semaphore,
    /// Who has tried too often.
    pub limiter: Limiter,
    runner: Mutex<Option<Runner>>,
    in_flight: Mutex<HashSet<Key>>,
    setup_token: String,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("App")
    }
}

/// Keys that lie outside the database.
#[derive(Debug)]
pub struct Keys {
    /// Seals fields and files.
    pub ring: Keyring,
    /// Marks cursors as ours.
    pub cursor: [u8; 32],
}

/// Why the application does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be used.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The keys cannot be used.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The key that signs checkpoints cannot be used.
    #[error(transparent)]
    Signer(#[from] CheckpointError),
}

/// The application as handlers share it.
pub type Shared = Arc<App>;

/// Logins that compute a hash at a time.
const HASHING: usize = 2;

/// Logins that wait for it: about two seconds of work.
const WAITING: usize = 64;

impl App {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(config: Config, clock: Clock) -> Result<Shared, OpenError> {
        let mut options = config.database_options();
        options.clock = clock;
        let db = Db::open(&options, SCHEMA).await?;
        // The keys lie here also where the database is elsewhere.
        std::fs::create_dir_all(&config.data)
            .map_err(|error| DbError::Unavailable(format!("{}: {error}", config.data.display())))?;
        let ring = keyring(&db, &config).await?;
        let cursor = *ring.derive(Purpose::Cursor);
        let signer = Signer::open(&config.data.join("audit.key"))?;
        Ok(Arc::new(Self {
            db,
            config,
            keys: Keys { ring, cursor },
            signer,
            hashing: Semaphore::new(HASHING),
            hashing_seats: Semaphore::new(HASHING + WAITING),
            limiter: Limiter::default(),
            runner: Mutex::new(None),
            in_flight: Mutex::new(HashSet::new()),
            setup_token: crate::auth::session::random_token()?,
        }))
    }

    /// The token that the first run asks for; new with every start.
    #[must_use]
    pub fn setup_token(&self) -> &str {
        &self.setup_token
    }

    /// Whether this is that token.
    #[must_use]
    pub fn is_setup_token(&self, token: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.setup_token.as_bytes().ct_eq(token.trim().as_bytes()).into()
    }

    /// The runner that is to be woken when a job was enqueued.
    pub fn set_runner(&self, runner: Runner) {
        *lock(&self.runner) = Some(runner);
    }

    /// Says that a job was enqueued.
    pub fn wake_jobs(&self) {
        if let Some(runner) = lock(&self.runner).as_ref() {
            runner.wake();
        }
    }

    /// Notes that a request with this key is being answered; none if one is already.
    pub(crate) fn take_flight(self: &Arc<Self>, key: &Key) -> Option<Flight> {
        let new = lock(&self.in_flight).insert(key.clone());
        new.then(|| Flight { app: Arc::clone(self), key: key.clone() })
    }
}

/// The keys of this installation. They are made with it; to make new ones for a database that
/// holds sealed values would only hide that the right ones are lost.
async fn keyring(db: &Db, config: &Config) -> Result<Keyring, OpenError> {
    let path = config.data.join("keys.toml");
    if !path.exists() {
        let mut tx = db.read().await?;
        if tx.count(Sql::new("SELECT COUNT(*) FROM company")).await? == 0 {
            let today = heqi_domain::day_from_iso(&tx.now().book_date()).unwrap_or_default();
            return Ok(Keyring::create(&path, Suite::International, today)?);
        }
    }
    Ok(Keyring::load(&path)?)
}

/// A request under way; its key is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Flight {
    app: Shared,
    key: Key,
}

impl Drop for Flight {
    fn drop(&mut self) {
        lock(&self.app.in_flight).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
