//! Fresh databases for tests, so that one suite runs on SQLite and on PostgreSQL.
//!
//! `cargo xtask test` starts a private PostgreSQL and names it in `HEQI_TEST_POSTGRES`; each
//! test makes its own database there. Whatever goes wrong here ends the test with a message:
//! a server that is named and does not answer is never a reason to skip.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::id as process_id;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

/// The variable that `cargo xtask test` sets.
const VARIABLE: &str = "HEQI_TEST_POSTGRES";

/// A database of one test, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// How to connect to it, with user and password.
    pub url: String,
    name: String,
    server: String,
}

/// Where the PostgreSQL of this run is: the address of its database `postgres`.
pub fn postgres_url() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|url| !url.is_empty())
}

/// An empty folder and the path of a database file that is not there yet.
///
/// # Panics
/// If no temporary folder can be made.
pub fn fresh_sqlite() -> (tempfile::TempDir, PathBuf) {
    let folder = sure(tempfile::tempdir());
    let path = folder.path().join("test.db");
    (folder, path)
}

/// Runs a test on an empty SQLite database, and again on an empty PostgreSQL one if there is one;
/// it is given the address.
///
/// # Panics
/// As [`fresh_postgres`].
pub async fn on_both(test: impl AsyncFn(String)) {
    let (_folder, path) = fresh_sqlite();
    test(path.to_string_lossy().into_owned()).await;
    if let Some(database) = fresh_postgres().await {
        eprintln!("again on PostgreSQL");
        test(database.url.clone()).await;
    }
}

/// An empty database; `None`, and a line on stderr, if there is no PostgreSQL in this run.
///
/// # Panics
/// If there is one and it does not answer.
pub async fn fresh_postgres() -> Option<TestDatabase> {
    let server = server()?;
    Some(sure(create(server, "template1").await))
}

/// A copy of a database that `prepare` has filled, which takes far less time than filling it.
///
/// `prepare` is given the address of an empty database. It runs once in the whole test run,
/// whichever process comes first, for each `key`: a text that changes when what it does
/// changes, such as a hash of the migrations. If it fails, the next test tries again.
///
/// # Panics
/// If `prepare` fails, or the server does not answer.
pub async fn fresh_postgres_from<E: Display>(
    key: &str,
    prepare: impl AsyncFnOnce(&str) -> Result<(), E>,
) -> Option<TestDatabase> {
    let server = server()?;
    let template = sure(template(&server, key, prepare).await);
    Some(sure(create(server, &template).await))
}

fn server() -> Option<String> {
    static TOLD: Once = Once::new();
    let url = postgres_url();
    if url.is_none() {
        TOLD.call_once(|| {
            eprintln!("SKIPPED on PostgreSQL: {VARIABLE} is not set (cargo xtask test sets it)");
        });
    }
    url
}

/// A test that has no database cannot go on, and says why.
fn sure<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("no database for this test: {error}"),
    }
}

/// A connection to the database `postgres`; closed by hand, since a lock or a session that
/// outlives it would stop other tests.
struct Connection {
    client: Client,
    task: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl Connection {
    async fn open(url: &str) -> Result<Self, String> {
        let opened = tokio_postgres::connect(url, NoTls).await;
        let (client, connection) = opened.map_err(|error| described(&error))?;
        Ok(Self { client, task: tokio::spawn(connection) })
    }

    async fn run(&self, statement: &str) -> Result<(), String> {
        let done = self.client.batch_execute(statement).await;
        done.map_err(|error| format!("{statement}: {}", described(&error)))
    }

    async fn ask<T>(&self, query: &str, name: &str) -> Result<T, String>
    where
        T: for<'row> tokio_postgres::types::FromSql<'row>,
    {
        let row = self.client.query_one(query, &[&name]).await;
        row.and_then(|row| row.try_get(0))
            .map_err(|error| format!("{query}: {}", described(&error)))
    }

    async fn close(self) -> Result<(), String> {
        drop(self.client);
        match self.task.await {
            Ok(ended) => ended.map_err(|error| described(&error)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The driver's own text is only "db error"; what the server said is behind it.
fn described(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(from_server) => from_server.to_string(),
        None => error.to_string(),
    }
}

/// Process and counter make it unique in a run, the time in a cluster of several runs.
fn unique_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let micros = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_micros());
    format!("heqi_test_{}_{number}_{micros:x}", process_id())
}

async fn create(server: String, template: &str) -> Result<TestDatabase, String> {
    let name = unique_name();
    let connection = Connection::open(&server).await?;
    connection.run(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    connection.close().await?;
    Ok(TestDatabase { url: with_database(&server, &name), name, server })
}

/// The name of the template for `key`, made if it is not there.
async fn template<E: Display>(
    server: &str,
    key: &str,
    prepare: impl AsyncFnOnce(&str) -> Result<(), E>,
) -> Result<String, String> {
    let connection = Connection::open(server).await?;
    let name: String = connection.ask("SELECT 'heqi_template_' || md5($1)", key).await?;
    if !is_finished(&connection, &name).await? {
        // One process prepares; the others wait here and then find it finished.
        let lock = "SELECT pg_advisory_lock(hashtextextended($1, 0)) IS NULL";
        connection.ask::<bool>(lock, &name).await?;
        if !is_finished(&connection, &name).await? {
            build(&connection, server, &name, prepare).await?;
        }
    }
    connection.close().await?;
    Ok(name)
}

async fn build<E: Display>(
    connection: &Connection,
    server: &str,
    name: &str,
    prepare: impl AsyncFnOnce(&str) -> Result<(), E>,
) -> Result<(), String> {
    // Half a template is what a test that was killed has left.
    connection.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    connection.run(&format!("CREATE DATABASE {name}")).await?;
    let prepared = prepare(&with_database(server, name)).await;
    prepared.map_err(|error| format!("the template could not be prepared: {error}"))?;
    // Nobody can copy a database that somebody is connected to.
    connection.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await?;
    let leave = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
                 WHERE datname = $1";
    connection.ask::<i64>(leave, name).await?;
    connection.run(&format!("ALTER DATABASE {name} IS_TEMPLATE true")).await
}

/// A template is marked as one only when it is finished.
async fn is_finished(connection: &Connection, name: &str) -> Result<bool, String> {
    let query = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)";
    connection.ask(query, name).await
}

/// The same server, user and options; another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = match url.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (url, String::new()),
    };
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address[host..].find('/').map_or(address.len(), |at| host + at);
    format!("{}/{name}{options}", &address[..end])
}

impl Drop for TestDatabase {
    /// On a thread of its own: the runtime of the test may be the one that is ending.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || drop_database(&server, &name)).join();
        if let Ok(Err(reason)) = dropped {
            eprintln!("the database {} stays until its cluster goes: {reason}", self.name);
        }
    }
}

fn drop_database(server: &str, name: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let connection = Connection::open(server).await?;
        connection.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        connection.close().await
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A key that no other test and no other run has.
    fn key() -> String {
        unique_name()
    }

    async fn exists(server: &str, name: &str) -> bool {
        let connection = Connection::open(server).await.unwrap();
        let query = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)";
        connection.ask(query, name).await.unwrap()
    }

    async fn fill(url: &str) -> Result<(), String> {
        let connection = Connection::open(url).await?;
        connection
            .run("CREATE TABLE customer (name TEXT); INSERT INTO customer VALUES ('远大')")
            .await
        // Left open on purpose, as a pool would be.
    }

    #[test]
    fn another_database_on_the_same_server() {
        for (url, expected) in [
            ("postgres://u:p@127.0.0.1:5432/postgres", "postgres://u:p@127.0.0.1:5432/x"),
            ("postgres://u:p@127.0.0.1:5432", "postgres://u:p@127.0.0.1:5432/x"),
            ("postgresql://h/a?sslmode=disable", "postgresql://h/x?sslmode=disable"),
            ("postgresql://h?options=-c/b", "postgresql://h/x?options=-c/b"),
        ] {
            assert_eq!(with_database(url, "x"), expected);
        }
    }

    #[test]
    fn names_are_unique_and_short_enough() {
        assert_ne!(unique_name(), unique_name());
        assert!(unique_name().len() <= 63);
    }

    #[test]
    fn sqlite_gets_a_path_in_a_folder_of_its_own() {
        let (folder, path) = fresh_sqlite();
        assert!(path.starts_with(folder.path()) && !path.exists());
    }

    #[tokio::test]
    async fn a_database_lives_as_long_as_its_value() {
        let Some(database) = fresh_postgres().await else { return };
        let (server, name) = (database.server.clone(), database.name.clone());
        fill(&database.url).await.unwrap();
        assert!(exists(&server, &name).await);
        drop(database);
        assert!(!exists(&server, &name).await);
    }

    #[tokio::test]
    async fn a_template_is_prepared_once_and_copied_to_all() {
        let (key, prepared) = (key(), Cell::new(0));
        let one = || {
            fresh_postgres_from(&key, async |url: &str| {
                prepared.set(prepared.get() + 1);
                fill(url).await
            })
        };
        let (Some(first), Some(second), Some(third)) = tokio::join!(one(), one(), one()) else {
            return;
        };
        assert_eq!(prepared.get(), 1);
        for database in [&first, &second, &third] {
            let copy = Connection::open(&database.url).await.unwrap();
            let found: bool = copy
                .ask("SELECT EXISTS (SELECT 1 FROM customer WHERE name = $1)", "远大")
                .await
                .unwrap();
            assert!(found);
        }
        assert_ne!(first.url, second.url);
    }

    #[tokio::test]
    async fn a_template_that_failed_is_made_anew() {
        let Some(server) = server() else { return };
        let key = key();
        let failed = template(&server, &key, async |url: &str| {
            fill(url).await?;
            Err("no more".to_owned())
        });
        let reason = failed.await.unwrap_err();
        assert_eq!(reason, "the template could not be prepared: no more");
        // `fill` would fail on what the first one left.
        let database = fresh_postgres_from(&key, fill).await.unwrap();
        assert!(database.url.contains(&database.name));
    }
}
