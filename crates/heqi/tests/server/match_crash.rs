//! Goal: A2, a matching run that is broken off by the end of its process leaves nothing behind,
//! and ends as if nothing had happened.
//! Method: the same two books are matched once undisturbed and once under kills; what matching
//! has made of them is compared by the content of the lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use heqi_testkit::databases::fresh_postgres;
use serde_json::json;

use crate::books::{Books, runtime};
use crate::desk::{Desk, Office};
use crate::files::both_books;
use crate::oracles;

const ROWS: usize = 4_000;

/// Kills while the plan is made, and while it is committed.
const KILLS: usize = 16;

#[test]
fn a2_kill_during_a_run_on_sqlite() {
    kill_during_a_run(None);
}

#[test]
fn a2_kill_during_a_run_on_postgres() {
    if let Some(database) = runtime().block_on(fresh_postgres()) {
        kill_during_a_run(Some(&database.url));
    }
}

fn kill_during_a_run(url: Option<&str>) {
    // Undisturbed, on SQLite for both engines: the engine makes no difference either.
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path(), None, &[]);
    bring(&office.desk(0));
    run(&office.desk(0), 0);
    let expected = settled(&office.books());
    drop(office);
    let parts = |word: &str| expected.iter().filter(|line| line.starts_with(word)).count();
    assert!(parts("live") > ROWS / 2 && parts("left") > 100, "{} groups", parts("live"));

    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), url, &[]);
    bring(&office.desk(0));
    let over = Arc::new(AtomicBool::new(false));
    let (desk, told) = (office.desk(0), over.clone());
    let person = std::thread::spawn(move || {
        for round in 0.. {
            run(&desk, round);
            if told.load(Ordering::SeqCst) {
                break;
            }
        }
    });
    let mut within = 0;
    for kill in 0..KILLS {
        wait_for_work(&office.books());
        std::thread::sleep(Duration::from_millis((kill as u64 * 37) % 150));
        within += usize::from(office.kill(UNDER_WAY) > 0);
        // At any moment the books are whole, not only at the end.
        oracles::whole(&office.books());
    }
    over.store(true, Ordering::SeqCst);
    person.join().unwrap();
    assert!(within >= KILLS / 3, "only {within} of {KILLS} kills hit a run");
    let books = office.books();
    let outcome = settled(&books);
    oracles::whole(&books);
    oracles::pages(&books);
    for (have, want) in outcome.iter().zip(&expected) {
        assert_eq!(have, want);
    }
    assert_eq!(outcome.len(), expected.len());
}

/// Both books, each as one file.
fn bring(desk: &Desk) {
    let [ours, theirs] = both_books("SO", ROWS);
    desk.import("ours", "ours", &ours);
    desk.import("theirs", "theirs", &theirs);
}

/// A plan is asked for, and committed as it stands; where customers were matched by themselves
/// meanwhile, it is stale, as it has to be, and the next one is asked for.
fn run(desk: &Desk, round: usize) {
    for attempt in 0.. {
        let key = format!("plan-{round}-{attempt}");
        let job = desk.post("/match-runs", &key, &json!({})).body["id"].clone();
        let plan = desk.job(job.as_str().unwrap());
        let path = format!("/match-runs/{}/commit", plan["run"].as_str().unwrap());
        let body = json!({ "digest": plan["digest"] }).to_string();
        let key = format!("commit-{round}-{attempt}");
        let answer = desk.send("POST", &path, &key, "", "application/json", &body);
        match answer.status {
            200 => return,
            409 => assert_eq!(answer.code(), "plan_stale", "{:#}", answer.body),
            _ => panic!("{:#}", answer.body),
        }
        assert!(attempt < 20, "every plan is stale");
    }
}

/// A plan that is being made, or one that waits for its commit.
const UNDER_WAY: &str = "SELECT (SELECT COUNT(*) FROM job WHERE kind LIKE 'match.%' \
     AND state = 'running') + (SELECT COUNT(*) FROM match_run WHERE state = 'planned')";

fn wait_for_work(books: &Books) {
    let begun = Instant::now();
    while books.number(UNDER_WAY) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody matches");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// What matching has made, once nothing is left to be done by itself.
fn settled(books: &Books) -> Vec<String> {
    let begun = Instant::now();
    let open = "SELECT (SELECT COUNT(*) FROM match_due) + (SELECT COUNT(*) FROM job \
                WHERE kind LIKE 'match.%' AND state IN ('queued', 'running'))";
    while books.number(open) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "matching does not come to an end");
        std::thread::sleep(Duration::from_millis(50));
    }
    oracles::outcome(books)
}
