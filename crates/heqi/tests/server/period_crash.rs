//! Goal: A3, a period is signed or it is not; so it is with approval and reopening.
//! Method: two people prepare, approve, sign and reopen the periods of several customers, month
//! after month, and repeat every request under its key; the server is killed again and again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use heqi_testkit::databases::fresh_postgres;
use serde_json::json;

use crate::books::runtime;
use crate::desk::{Desk, Office};
use crate::files::file;
use crate::oracles;

const KILLS: usize = 18;

/// Customers whose periods are signed, each by a pair of people of its own.
const PAIRS: usize = 4;

/// Steps that are acknowledged between two kills.
const AT_LEAST: usize = 5;

#[test]
fn a3_kill_during_sign_off_on_sqlite() {
    kill_during_sign_off(None);
}

#[test]
fn a3_kill_during_sign_off_on_postgres() {
    if let Some(database) = runtime().block_on(fresh_postgres()) {
        kill_during_sign_off(Some(&database.url));
    }
}

/// A step that was acknowledged: the period and its state from then on.
type Told = Mutex<Vec<(String, &'static str)>>;

fn kill_during_sign_off(url: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), url, &[]);
    // Equal books: nothing is left to be explained.
    let (text, _) = file("S", 600);
    office.desk(0).import("ours", "ours", &text);
    office.desk(0).import("theirs", "theirs", &text);
    matched(&office);
    let steps = Arc::new(AtomicUsize::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let told: Arc<Told> = Arc::default();
    let customers = office.books().rows("SELECT id FROM customer ORDER BY code");
    let pairs: Vec<_> = (0..PAIRS)
        .map(|pair| {
            let (people, customer) = ([office.desk(0), office.desk(1)], customers[pair][0].clone());
            let (steps, over, told) = (steps.clone(), over.clone(), told.clone());
            std::thread::spawn(move || {
                let customer = format!("customer-{customer}");
                work(&people, &customer, &|period, state| {
                    told.lock().unwrap().push((period.to_owned(), state));
                    steps.fetch_add(1, Ordering::SeqCst);
                    over.load(Ordering::SeqCst)
                });
            })
        })
        .collect();
    for kill in 0..KILLS {
        let (before, begun) = (steps.load(Ordering::SeqCst), Instant::now());
        while steps.load(Ordering::SeqCst) < before + AT_LEAST {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody signs");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis((kill as u64 * 13) % 40));
        office.kill("SELECT 0");
        oracles::whole(&office.books());
    }
    over.store(true, Ordering::SeqCst);
    for pair in pairs {
        pair.join().unwrap();
    }
    let books = office.books();
    oracles::whole(&books);
    oracles::pages(&books);
    // O7: every period stands where it was last said to stand.
    let told = told.lock().unwrap();
    for (at, (period, state)) in told.iter().enumerate() {
        if told[at + 1..].iter().any(|(later, _)| later == period) {
            continue;
        }
        let number = period.strip_prefix("period-").unwrap();
        let now = books.rows(&format!("SELECT state FROM period WHERE id = {number}"));
        assert_eq!(now, [[*state]], "{period}");
    }
    // O8: each acknowledged step happened once.
    for (action, state) in [("period.sign_off", "signed"), ("period.prepare", "prepared")] {
        let noted = format!("SELECT COUNT(*) FROM audit_record WHERE action = '{action}'");
        let said = told.iter().filter(|(_, it)| *it == state).count() as i64;
        assert_eq!(books.number(&noted), said, "{action}");
    }
}

/// Waits until the server has matched everything by itself.
fn matched(office: &Office) {
    let (books, begun) = (office.books(), Instant::now());
    let all = books.number("SELECT COUNT(*) FROM line");
    while books.number("SELECT COUNT(*) FROM line_claim") < all
        || books.number("SELECT COUNT(*) FROM match_due") > 0
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "not everything is matched");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Signs month after month, each twice with a reopening between, until it is told to stop.
fn work(people: &[Desk; 2], customer: &str, tell: &dyn Fn(&str, &'static str) -> bool) {
    let [first, second] = people;
    for month in 0.. {
        let span = format!("{}-{:02}", 2026 + (month + 9) / 12, 1 + (month + 9) % 12);
        let key = |step: &str| format!("{step}-{customer}-{span}");
        let new = json!({ "customer": customer, "span": span });
        let period = first.post("/periods", &key("new"), &new).body["id"].clone();
        let period = period.as_str().unwrap();
        let step = |who: &Desk, name: &str, round: usize, body: &serde_json::Value| {
            let path = format!("/periods/{period}");
            let etag = who.get(&path).expect(200).etag();
            let key = key(&format!("{}-{round}", name.replace('/', "-")));
            who.change(&format!("{path}/{name}"), &key, &etag, body)
        };
        for round in 0..2 {
            let excuse = json!({ "excuse": "对方本月无往来，电话确认余额" });
            let ready = step(first, "prepare", round, &excuse).body;
            assert_eq!(ready["ready"], true, "{ready:#}");
            tell(period, "prepared");
            step(second, "approve", round, &json!({}));
            tell(period, "approved");
            step(second, "sign-off", round, &json!({}));
            if tell(period, "signed") {
                return;
            }
            if round == 0 {
                step(first, "reopening", round, &json!({ "reason": "漏了一张单据" }));
                step(second, "reopening/approve", round, &json!({}));
                tell(period, "open");
            }
        }
    }
}
