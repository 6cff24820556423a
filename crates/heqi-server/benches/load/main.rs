//! Figures of the server on this machine: `cargo bench -p heqi-server --bench load [-- LINES]`.
//!
//! - L: lines posted a second (voucher numbers, digests, indexes, audit record, commit).
//! - R: stored lines loaded a second for the matcher.
//! - I: lines that became due matched, all of them, and then one in a hundred more (Inc).
//! - E3: audit records verified.
//! - Q: the first page of typical filters. F1: pages of one customer read by 16 clients. F2:
//!   discrepancies changed by 16 clients, each with its audit record. Through the router with
//!   sign-in, rights and scope, without a socket.
//! - F6: opening a database of that size.
//!
//! On SQLite, and on PostgreSQL where `HEQI_TEST_POSTGRES` names one. Figures, no gates: perf.md
//! has the bars.

mod requests;
mod store;

use std::path::{Path, PathBuf};
use std::time::Instant;

use heqi_platform::Clock;
use heqi_platform::config::Config;
use heqi_server::App;
use heqi_testkit::databases::{fresh_postgres, fresh_sqlite};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let lines = std::env::args().filter_map(|text| text.parse().ok()).next();
    let lines: usize = lines.unwrap_or(1_000_000);
    let (folder, path) = fresh_sqlite();
    // A folder that is named is kept: `heqi serve --data FOLDER` opens it.
    match std::env::var_os("HEQI_BENCH_KEEP").map(PathBuf::from) {
        Some(kept) => run("SQLite", &kept, "", lines).await,
        None => run("SQLite", folder.path(), &path.to_string_lossy(), lines).await,
    }
    if let Some(database) = fresh_postgres().await {
        let (folder, _) = fresh_sqlite();
        run("PostgreSQL", folder.path(), &database.url, lines).await;
    }
}

async fn run(engine: &str, data: &Path, address: &str, lines: usize) {
    let (data, database) = (data.to_owned(), address.to_owned());
    let config = Config { data, database, ..Config::default() };
    let app = App::open(config.clone(), Clock::System).await.expect("an application");
    let customers = store::customers(&app.db).await;
    store::post_lines(engine, &app.db, &customers, 0..lines).await;
    store::read_lines(engine, &app.db, lines).await;
    store::verify_chain(engine, &app.db, lines).await;
    requests::run(engine, &app, &customers).await;
    store::match_lines(engine, &app, lines).await;
    let more = lines / 100;
    store::post_lines(engine, &app.db, &customers, lines..lines + more).await;
    store::match_lines(engine, &app, more).await;
    drop(app);
    let started = Instant::now();
    App::open(config, Clock::System).await.expect("opened again");
    println!("{engine:10} F6 opened with {lines} lines in {:?}", started.elapsed());
}

/// Says how many lines took how long.
fn told(engine: &str, what: &str, lines: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let rate = lines as f64 / seconds / 1e6;
    println!("{engine:10} {what:24} {lines:>9} lines {seconds:>7.2} s {rate:>7.3} M lines/s");
}
