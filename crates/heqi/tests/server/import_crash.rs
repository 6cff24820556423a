//! Goal: A1 on imports: a server that is killed while files are received, read and posted loses
//! nothing, doubles nothing, and goes on where it was.
//! Method: people bring files of thousands of rows and repeat every request under its key; the
//! server is killed in the middle of each step in turn; then the books are held to the oracles.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use heqi_testkit::databases::fresh_postgres;

use crate::books::{Books, runtime};
use crate::desk::{Desk, Office};
use crate::files::{Row, file};
use crate::oracles;

const CLIENTS: usize = 3;
const KILLS: usize = 16;

/// Rows of a file: so many are posted while the client waits, and so many by a job.
const ROWS: [usize; 3] = [1_500, 2_500, 5_500];

#[test]
fn a1_kill_during_imports_on_sqlite() {
    kill_during_imports(None);
}

#[test]
fn a1_kill_during_imports_on_postgres() {
    if let Some(database) = runtime().block_on(fresh_postgres()) {
        kill_during_imports(Some(&database.url));
    }
}

fn kill_during_imports(url: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), url, &[]);
    let over = Arc::new(AtomicBool::new(false));
    let steps = Arc::new(AtomicUsize::new(0));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (desk, over, steps) = (office.desk(client % 2), over.clone(), steps.clone());
            let acknowledged = acknowledged.clone();
            std::thread::spawn(move || {
                for round in 0.. {
                    let name = format!("F{client}R{round}");
                    let rows = work(&desk, &name, ROWS[client], &steps);
                    acknowledged.lock().unwrap().push((name, rows));
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                }
            })
        })
        .collect();
    let mut within = 0;
    for kill in 0..KILLS {
        let books = office.books();
        let moment = kill % MOMENTS.len();
        wait_for(&books, moment, &steps);
        drop(books);
        // Anywhere within the step.
        std::thread::sleep(Duration::from_millis((kill as u64 * 53) % 160));
        within += usize::from(office.kill(RUNNING) > 0);
    }
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    // Half of the kills wait for a job that runs; a few of them may come too late.
    assert!(within >= KILLS / 4, "only {within} of {KILLS} kills hit a job");
    let books = office.books();
    oracles::whole(&books);
    oracles::imported(&books, &acknowledged.lock().unwrap());
    oracles::pages(&books);
    let failed = books.rows("SELECT id, kind, problem FROM job WHERE state = 'failed'");
    assert!(failed.is_empty(), "{failed:?}");
}

const RUNNING: &str = "SELECT COUNT(*) FROM job WHERE kind LIKE 'import.%' AND state = 'running'";

fn work(desk: &Desk, name: &str, rows: usize, steps: &AtomicUsize) -> Vec<Row> {
    let (text, rows) = file(name, rows);
    let import = desk.receive("ours", name, &text);
    steps.fetch_add(1, Ordering::SeqCst);
    desk.wait(&import, "checked");
    desk.commit(&import, name);
    desk.wait(&import, "committed");
    rows
}

/// When a kill is due: while a file is read, after the next one was received, while one is read
/// again, once one is read and about to be posted.
const MOMENTS: [&str; 4] = [
    "SELECT COUNT(*) FROM job WHERE kind = 'import.read' AND state = 'running'",
    "",
    RUNNING,
    "SELECT COUNT(*) FROM import_batch WHERE state = 'checked'",
];

fn wait_for(books: &Books, moment: usize, steps: &AtomicUsize) {
    let (before, begun) = (steps.load(Ordering::SeqCst), Instant::now());
    loop {
        let now = match MOMENTS[moment] {
            "" => steps.load(Ordering::SeqCst) > before,
            sql => books.number(sql) > 0,
        };
        if now {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no moment {moment}");
        std::thread::sleep(Duration::from_millis(3));
    }
}
