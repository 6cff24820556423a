//! Goal: A1, a server that is killed at any moment loses nothing it has acknowledged, and does
//! nothing twice.
//! Method: clients retry every request with its key until it is answered, while the server is
//! killed and started again; then the database itself is asked what is there.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use heqi_testkit::databases::fresh_postgres;
use serde_json::json;

use crate::books::runtime;
use crate::desk::Office;
use crate::oracles;
use crate::process::{Server, set_up};

const CLIENTS: usize = 6;
const KILLS: usize = 15;

/// Requests that are acknowledged between two kills.
const AT_LEAST: usize = 12;

#[test]
fn a1_kill_on_sqlite() {
    kill_and_retry(None);
}

#[test]
fn a1_kill_on_postgres() {
    if let Some(database) = runtime().block_on(fresh_postgres()) {
        kill_and_retry(Some(&database.url));
    }
}

fn kill_and_retry(url: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), url, &[]);
    let over = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (desk, over, count) = (office.desk(0), over.clone(), count.clone());
            let acknowledged = acknowledged.clone();
            std::thread::spawn(move || {
                for round in 0.. {
                    let name = format!("分公司{client}-{round}");
                    let body = json!({ "code": format!("C{client}-{round}"), "name": name });
                    desk.post("/api/companies", &format!("key-{client}-{round}"), &body);
                    acknowledged.lock().unwrap().push(name);
                    count.fetch_add(1, Ordering::SeqCst);
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                }
            })
        })
        .collect();
    for kill in 0..KILLS {
        // Work is under way again, however slow the machine is; then any moment will do.
        let (before, begun) = (count.load(Ordering::SeqCst), Instant::now());
        while count.load(Ordering::SeqCst) < before + AT_LEAST {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is acknowledged");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis((kill as u64 * 37) % 60));
        office.kill("SELECT 0");
    }
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    let books = office.books();
    // O7, O8: everything acknowledged is there, once.
    let names = "SELECT name FROM company WHERE name LIKE '分公司%'";
    let mut names: Vec<String> = books.rows(names).into_iter().flatten().collect();
    let mut acknowledged = acknowledged.lock().unwrap();
    names.sort();
    acknowledged.sort();
    assert_eq!(names, *acknowledged);
    // O6: one audit record for each effect.
    let made = "SELECT COUNT(*) FROM audit_record WHERE action = 'company.create'";
    assert_eq!(books.number(made), names.len() as i64);
    oracles::whole(&books);
    oracles::pages(&books);
}

#[cfg(unix)]
#[test]
fn f6_a_server_that_is_told_to_stop_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), None);
    set_up(&server);
    let (good, took) = server.stop();
    assert!(good);
    // No measurement: far beyond the grace it would hang.
    assert!(took < Duration::from_secs(20), "{took:?}");
}
