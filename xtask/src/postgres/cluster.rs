//! One cluster: made, started, waited for, stopped, removed.

use super::find::Programs;
use super::home::{Home, USER};
use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a start may take on a slow machine.
const START_MAX: Duration = Duration::from_secs(60);
/// Between two looks at a process that starts or runs.
const LOOK: Duration = Duration::from_millis(50);
/// Someone else may take the free port before the server does.
const TRIES: usize = 3;
/// How a shell reports a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// A running cluster; it ends when this value does, or at Ctrl-C.
pub struct Cluster {
    /// How a test connects, with the password, to the database `postgres`.
    pub url: String,
    server: Arc<Mutex<Option<Server>>>,
}

impl Cluster {
    /// Makes and starts one. A process has one at most: the handler of Ctrl-C is its own.
    ///
    /// # Errors
    /// `initdb` or the server fails, or the server is not ready in a minute.
    pub fn start(programs: &Programs) -> Result<Self> {
        let slot = Arc::new(Mutex::new(None));
        // Held until the server runs: an interrupt waits for it, and then stops it.
        let mut started = lock(&slot);
        let interrupted = Arc::clone(&slot);
        ctrlc::set_handler(move || {
            drop(lock(&interrupted).take());
            #[expect(
                clippy::disallowed_methods,
                reason = "the cluster, all there is to clean, is gone"
            )]
            std::process::exit(INTERRUPTED);
        })
        .context("the handler of Ctrl-C could not be set")?;
        let (server, url) = Server::start(programs)?;
        *started = Some(server);
        drop(started);
        Ok(Self { url, server: slot })
    }

    /// Sleeps until Ctrl-C ends the process.
    ///
    /// # Errors
    /// The server ended by itself.
    pub fn wait(&self) -> Result<()> {
        loop {
            std::thread::sleep(LOOK);
            if let Some(server) = lock(&self.server).as_mut()
                && let Some(status) = server.ended()?
            {
                bail!("PostgreSQL ended by itself ({status}):\n{}", server.home.log());
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(lock(&self.server).take());
    }
}

fn lock(slot: &Mutex<Option<Server>>) -> MutexGuard<'_, Option<Server>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The process and its folder, which goes away after it.
struct Server {
    process: Option<Child>,
    home: Home,
}

impl Server {
    fn start(programs: &Programs) -> Result<(Self, String)> {
        let password = password()?;
        let mut server = Self { process: None, home: Home::make(programs, &password)? };
        for _ in 0..TRIES {
            let port = free_port()?;
            server.process = Some(server.home.spawn(port)?);
            if server.is_ready()? {
                let url = format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres");
                return Ok((server, url));
            }
        }
        bail!("PostgreSQL ended while it started; its log:\n{}", server.home.log())
    }

    /// Waits; `false` if the process ended instead.
    fn is_ready(&mut self) -> Result<bool> {
        let start = Instant::now();
        while start.elapsed() < START_MAX {
            if self.ended()?.is_some() {
                return Ok(false);
            }
            if self.home.says_ready() {
                return Ok(true);
            }
            std::thread::sleep(LOOK);
        }
        bail!("PostgreSQL was not ready after {START_MAX:?}; its log:\n{}", self.home.log())
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(match &mut self.process {
            Some(process) => process.try_wait()?,
            None => None,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        if matches!(process.try_wait(), Ok(Some(_))) {
            return;
        }
        // Its workers end when they see that the server is gone.
        let ended: Result<()> = self.home.stop().or_else(|_| Ok(process.kill()?));
        if let Err(error) = ended.and_then(|()| Ok(process.wait()?)) {
            eprintln!("error: PostgreSQL (process {}) was not stopped: {error:#}", process.id());
        }
    }
}

/// Hexadecimal digits, which need no escape in an address.
fn password() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_cluster_listens_and_leaves_nothing_behind() {
        let Ok(programs) = super::super::find() else {
            eprintln!("SKIPPED: PostgreSQL is not there");
            return;
        };
        let cluster = Cluster::start(&programs).unwrap();
        let url = cluster.url.clone();
        let (before, address) = url.split_once('@').unwrap();
        assert!(before.starts_with("postgres://heqi:"), "{before}");
        let address = address.strip_suffix("/postgres").unwrap();
        TcpStream::connect(address).unwrap();
        let folder = lock(&cluster.server).as_ref().unwrap().home.path().to_path_buf();
        assert!(folder.join("data/PG_VERSION").is_file());

        drop(cluster);
        assert!(TcpStream::connect(address).is_err());
        assert!(!folder.exists());
    }
}
