//! Goal: A8, PostgreSQL dies, stops, restarts and drops its sessions while people work: the server
//! goes on by itself as soon as the database does, and every doubt is resolved by its key.
//! Method: a cluster of its own, people who bring files and make companies, and a list of what
//! happens to the database; then the books are held to the oracles.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::books::Books;
use crate::cluster::Cluster;
use crate::desk::{Desk, Office};
use crate::files::{Row, file};
use crate::oracles;

/// People who make companies; as many bring files.
const PEOPLE: usize = 3;

/// Whom every fault has to let work before the next one.
const AT_LEAST: usize = 12;

/// Rounds of all faults.
const ROUNDS: usize = 3;

/// No measurement: beyond it somebody would have to look after the server.
const RECOVERS: Duration = Duration::from_secs(20);

#[test]
fn a8_postgres_dies_and_comes_back() {
    let Some(mut cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), Some(&cluster.url), &[]);
    let work = Work::begin(&office);
    for round in 0..ROUNDS {
        terminate(&cluster.url, &work);
        work.goes_on();
        cluster.kill();
        std::thread::sleep(Duration::from_millis(300));
        cluster.up();
        work.goes_on();
        cluster.stop("immediate");
        cluster.up();
        work.goes_on();
        cluster.stop("fast");
        // Down for a while: nobody is told anything but that it is unavailable.
        std::thread::sleep(Duration::from_millis(700 * round as u64));
        cluster.up();
        work.goes_on();
        oracles::whole(&Books::open(&cluster.url));
    }
    let (companies, files) = work.end();
    assert!(!office.has_ended(), "the server itself has ended");
    let books = office.books();
    oracles::whole(&books);
    oracles::imported(&books, &files);
    let mut made: Vec<String> = books
        .rows("SELECT name FROM company WHERE name LIKE '分公司%'")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    made.sort();
    assert_eq!(made, companies, "O7, O8");
    let noted = "SELECT COUNT(*) FROM audit_record WHERE action = 'company.create'";
    assert_eq!(books.number(noted), companies.len() as i64, "O6");
    oracles::pages(&books);
}

/// Every session of the server is ended, every 200 ms for two seconds.
fn terminate(url: &str, work: &Work) {
    let books = Books::open(url);
    for _ in 0..10 {
        books.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(work.steps.load(Ordering::SeqCst) > 0);
}

/// The name of a file, and its rows.
type Brought = (String, Vec<Row>);

/// People at work.
struct Work {
    over: Arc<AtomicBool>,
    steps: Arc<AtomicUsize>,
    companies: Arc<Mutex<Vec<String>>>,
    files: Arc<Mutex<Vec<Brought>>>,
    people: Vec<std::thread::JoinHandle<()>>,
}

impl Work {
    fn begin(office: &Office) -> Self {
        let mut work = Self {
            over: Arc::default(),
            steps: Arc::default(),
            companies: Arc::default(),
            files: Arc::default(),
            people: Vec::new(),
        };
        for person in 0..PEOPLE {
            let (over, steps) = (work.over.clone(), work.steps.clone());
            let (desk, companies) = (office.desk(person % 2), work.companies.clone());
            // Only the administrator makes companies.
            let admin = office.desk(0);
            let (still, steps_too) = (over.clone(), steps.clone());
            work.people.push(std::thread::spawn(move || {
                repeat(&still, &steps_too, |round| {
                    let name = format!("分公司{person}-{round}");
                    found(&admin, &name, &format!("P{person}-{round}"));
                    companies.lock().unwrap().push(name);
                });
            }));
            let files = work.files.clone();
            work.people.push(std::thread::spawn(move || {
                repeat(&over, &steps, |round| {
                    let name = format!("F{person}R{round}");
                    let (text, rows) = file(&name, 240);
                    desk.import("ours", &name, &text);
                    files.lock().unwrap().push((name, rows));
                });
            }));
        }
        work
    }

    /// Waits until enough was acknowledged since now: the server works again.
    fn goes_on(&self) {
        let (before, begun) = (self.steps.load(Ordering::SeqCst), Instant::now());
        while self.steps.load(Ordering::SeqCst) < before + AT_LEAST {
            assert!(begun.elapsed() < RECOVERS, "it does not recover");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Lets everybody finish; the companies in their order, and the files.
    fn end(self) -> (Vec<String>, Vec<Brought>) {
        self.over.store(true, Ordering::SeqCst);
        for person in self.people {
            person.join().unwrap();
        }
        let mut companies = self.companies.lock().unwrap().clone();
        companies.sort();
        (companies, self.files.lock().unwrap().clone())
    }
}

fn repeat(over: &AtomicBool, steps: &AtomicUsize, mut step: impl FnMut(usize)) {
    for round in 0.. {
        step(round);
        steps.fetch_add(1, Ordering::SeqCst);
        if over.load(Ordering::SeqCst) {
            return;
        }
    }
}

fn found(admin: &Desk, name: &str, code: &str) {
    let body = json!({ "code": code, "name": name });
    admin.post("/api/companies", &format!("key-{code}"), &body);
}
