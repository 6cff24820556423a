//! Goal: A1, a server that is killed at any moment loses nothing it has acknowledged, and does
//! nothing twice.
//! Method: clients retry every request with its key until it is answered, while the server is
//! killed and started again; then the database itself is asked what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use heqi_platform::audit;
use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Db, Sql};
use heqi_testkit::databases::{TestDatabase, fresh_postgres};
use serde_json::json;

use crate::process::{Server, ask, set_up};

const CLIENTS: usize = 6;
const KILLS: usize = 25;

/// Requests that are acknowledged between two kills.
const AT_LEAST: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_on_sqlite() {
    kill_and_retry(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_on_postgres() {
    if let Some(database) = fresh_postgres().await {
        kill_and_retry(Some(database)).await;
    }
}

async fn kill_and_retry(database: Option<TestDatabase>) {
    let folder = tempfile::tempdir().unwrap();
    let url = database.as_ref().map(|database| database.url.clone());
    let acknowledged = {
        let (data, url) = (folder.path().to_owned(), url.clone());
        tokio::task::spawn_blocking(move || run(&data, url.as_deref())).await.unwrap()
    };
    let address = url.unwrap_or_else(|| folder.path().join("heqi.db").display().to_string());
    let db = Db::open(&Options::new(address), SCHEMA).await.unwrap();
    let mut tx = db.read().await.unwrap();
    // O7, O8: everything acknowledged is there, once.
    let names = tx.rows(Sql::new("SELECT name FROM company")).await.unwrap();
    let mut names: Vec<String> = names.iter().map(|row| row.get("name").unwrap()).collect();
    names.retain(|name| name.starts_with("分公司"));
    names.sort();
    let mut acknowledged = acknowledged;
    acknowledged.sort();
    assert_eq!(names, acknowledged);
    // O6: one audit record for each effect; the chain holds.
    let made = Sql::new("SELECT COUNT(*) FROM audit_record WHERE action = 'company.create'");
    assert_eq!(tx.count(made).await.unwrap(), acknowledged.len() as i64);
    let report = audit::verify(&mut tx, 0, &[]).await.unwrap();
    assert_eq!(report.fault, None);
    if !db.is_postgres() {
        let check = tx.rows(Sql::new("PRAGMA integrity_check")).await.unwrap();
        assert_eq!(check[0].get::<String>("integrity_check").unwrap(), "ok");
        assert!(tx.rows(Sql::new("PRAGMA foreign_key_check")).await.unwrap().is_empty());
    }
}

/// The names of the companies whose creation was acknowledged.
fn run(data: &std::path::Path, url: Option<&str>) -> Vec<String> {
    let server = Server::start(data, url);
    let (cookie, _) = set_up(&server);
    let place = Arc::new(RwLock::new(server.address.clone()));
    let over = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (place, over, count) = (Arc::clone(&place), Arc::clone(&over), Arc::clone(&count));
            let (acknowledged, cookie) = (Arc::clone(&acknowledged), cookie.clone());
            std::thread::spawn(move || {
                for round in 0.. {
                    let name = format!("分公司{client}-{round}");
                    let key = format!("key-{client}-{round}");
                    let body = json!({ "code": format!("C{client}-{round}"), "name": name });
                    loop {
                        let address = place.read().unwrap().clone();
                        let headers = [("cookie", cookie.as_str()), ("idempotency-key", &key)];
                        let path = "/api/companies";
                        let answer = ask(&address, "POST", path, &headers, &body.to_string());
                        match answer.map(|answer| (answer.status, answer.body)) {
                            Some((201, _)) => break,
                            Some((status, body)) => {
                                assert!([409, 503].contains(&status), "{status}: {body}");
                            }
                            None => std::thread::sleep(Duration::from_millis(20)),
                        }
                    }
                    acknowledged.lock().unwrap().push(name);
                    count.fetch_add(1, Ordering::SeqCst);
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                }
            })
        })
        .collect();
    let mut server = Some(server);
    for kill in 0..KILLS {
        // Work is under way again, however slow the machine is; then any moment will do.
        let before = count.load(Ordering::SeqCst);
        let started = std::time::Instant::now();
        while count.load(Ordering::SeqCst) < before + AT_LEAST {
            assert!(started.elapsed() < Duration::from_secs(60), "nothing is acknowledged");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis((kill as u64 * 37) % 60));
        server.take().unwrap().kill();
        let next = Server::start(data, url);
        place.write().unwrap().clone_from(&next.address);
        server = Some(next);
    }
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    let names = acknowledged.lock().unwrap();
    names.clone()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn f6_a_server_that_is_told_to_stop_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let (good, took) = tokio::task::spawn_blocking(move || {
        let server = Server::start(&data, None);
        set_up(&server);
        server.stop()
    })
    .await
    .unwrap();
    assert!(good);
    // No measurement: far beyond the grace it would hang.
    assert!(took < Duration::from_secs(20), "{took:?}");
}
