//! Goal: D4, nobody learns from the time of a refusal whether a login exists.
//! Method: 500 refusals of known and 500 of unknown logins, in turn, so that what else the machine
//! does falls on both alike; medians and ranks are compared, once more before it fails. The
//! halves of one kind are held against each other first: where even they differ, the machine
//! gives no figures, and the test says that it was skipped.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{model, password, store};
use crate::testing::{Client, TestApp};

const SAMPLES: usize = 500;

/// A round takes a minute on an idle machine; one that needs so much longer has other work.
const ROUND_MAX: Duration = Duration::from_secs(120);

/// Failures for each account: fewer than those after which it waits.
const EACH: usize = 4;

/// Pairs at one process: its first gate lets a minute's tries through and then slows down.
const PROCESS: usize = 25;

/// The greatest difference of medians.
const PERCENT: f64 = 5.0;

/// |z| of a rank test at p = 0.01, both sides.
const Z: f64 = 2.576;

#[tokio::test(flavor = "multi_thread")]
async fn d4_the_time_of_a_refusal_tells_nothing() {
    let app = TestApp::on_sqlite().await;
    let hash = password::hash(&app.app, super::PASSWORD.to_owned()).await.unwrap();
    let mut seen = Vec::new();
    for round in 0..2 {
        let mut tx = app.app.db.write().await.unwrap();
        for n in 0..SAMPLES.div_ceil(EACH) {
            let login = format!("known{round}-{n}");
            let name = login.clone();
            let new = model::NewUser { login, name, password: String::new() };
            store::insert(&mut tx, &new, &hash, false).await.unwrap();
        }
        tx.commit_housekeeping().await.unwrap();
        let Some((known, unknown)) = sample(&app, round).await else {
            eprintln!("SKIPPED: the machine has no time to measure a refusal a thousand times");
            return;
        };
        if [&known, &unknown].iter().any(|times| differ(&halves(times)).is_some()) {
            eprintln!("the halves of one kind differ: no figures on this machine at this moment");
            continue;
        }
        let Some(difference) = differ(&(known, unknown)) else { return };
        eprintln!("round {round}: {difference}");
        seen.push(difference);
    }
    match seen.len() {
        2 => panic!("the time tells known from unknown logins, twice: {seen:?}"),
        _ => eprintln!("SKIPPED: the machine is too busy to measure the time of a refusal"),
    }
}

/// Seconds of refusals: of known logins, of unknown ones; none if the machine has no time.
async fn sample(app: &TestApp, round: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    let mut process = app.another_process().await;
    for n in 0..SAMPLES {
        if n % PROCESS == 0 {
            process = app.another_process().await;
        }
        if begun.elapsed() > ROUND_MAX {
            eprintln!("{n} of {SAMPLES} samples in {ROUND_MAX:?}");
            return None;
        }
        let account = n / EACH;
        // Which comes first changes too.
        for first in [n % 2 == 0, n % 2 != 0] {
            let word = if first { "known" } else { "nobody" };
            let took =
                refusal(app, &process, &format!("{word}{round}-{account}")).await.as_secs_f64();
            if first { known.push(took) } else { unknown.push(took) }
        }
    }
    Some((known, unknown))
}

/// The time of one refusal. The clock of the database stands otherwise: a minute makes up for what
/// was tried before.
async fn refusal(app: &TestApp, process: &Client, login: &str) -> Duration {
    app.clock.advance(60);
    let body = json!({ "login": login, "password": "Wrong-guess-1", "code": "" });
    let begun = Instant::now();
    let answer = process.post("/api/session", body).await;
    let took = begun.elapsed();
    answer.expect(401);
    took
}

fn halves(times: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let every = |from| times.iter().copied().skip(from).step_by(2).collect();
    (every(0), every(1))
}

/// How two series differ, if they do.
fn differ((one, other): &(Vec<f64>, Vec<f64>)) -> Option<String> {
    let (a, b) = (median(one), median(other));
    let percent = (a - b).abs() / b * 100.0;
    let z = ranks(one, other);
    let said = format!("medians {a:.6} s and {b:.6} s ({percent:.2} %), |z| {:.2}", z.abs());
    eprintln!("FIGURE {said}");
    (percent > PERCENT || z.abs() > Z).then_some(said)
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The z of Mann and Whitney's test; ties do not happen among times.
fn ranks(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = one.iter().map(|time| (*time, true)).collect();
    all.extend(other.iter().map(|time| (*time, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sum: usize = (1..).zip(&all).filter(|(_, (_, ours))| *ours).map(|(rank, _)| rank).sum();
    let (m, n) = (one.len() as f64, other.len() as f64);
    let u = sum as f64 - m * (m + 1.0) / 2.0;
    (u - m * n / 2.0) / (m * n * (m + n + 1.0) / 12.0).sqrt()
}

#[test]
fn ranks_are_those_of_the_book() {
    let series = |from: u32, step: u32| -> Vec<f64> {
        (0..100).map(|n| f64::from(from + n * step)).collect()
    };
    // The same distribution, and one that lies wholly below the other.
    assert!(ranks(&series(0, 2), &series(1, 2)).abs() < 0.2);
    assert!(ranks(&series(0, 1), &series(1_000, 1)) < -12.0);
    assert!(differ(&(series(100, 2), series(101, 2))).is_none());
    assert!(differ(&(series(100, 2), series(130, 2))).is_some());
}
