//! Goal: A4, whatever goes wrong at whatever seam of a change, the change happens wholly or not
//! at all, and the same request under the same key has one effect.
//! Method: every point of [`POINTS`] fails in every way while people work; each must be hit.
//! Needs a program with points: `cargo nextest run -p heqi --features failpoints a4_`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use heqi_platform::fault::POINTS;
use heqi_testkit::databases::fresh_postgres;
use serde_json::json;

use crate::books::runtime;
use crate::desk::{Desk, Office};
use crate::files::{Row, both_books, file};
use crate::oracles;

/// Longer than a job stays without a sign of life, shorter than anybody's patience.
const FAILURES: [&str; 4] = ["error", "panic", "abort", "sleep 1200"];

/// Books that are worked on at the same time, each with its share of the points: most of the
/// time is spent waiting for jobs to be tried again.
const SHARES: usize = 4;

#[test]
fn a4_every_point_of_failure_on_sqlite() {
    std::thread::scope(|scope| {
        for share in 0..SHARES {
            scope.spawn(move || sweep(None, share, "postgres."));
        }
    });
}

#[test]
fn a4_every_point_of_failure_on_postgres() {
    std::thread::scope(|scope| {
        for share in 0..SHARES {
            scope.spawn(move || {
                if let Some(database) = runtime().block_on(fresh_postgres()) {
                    sweep(Some(&database.url), share, "sqlite.");
                }
            });
        }
    });
}

fn sweep(url: Option<&str>, share: usize, not_here: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (data, armory) = (folder.path().join("data"), folder.path().join("points"));
    std::fs::create_dir_all(&data).unwrap();
    std::fs::create_dir_all(&armory).unwrap();
    let at = armory.display().to_string();
    let mut office = Office::open(&data, url, &[("HEQI_FAILPOINTS", &at)]);
    let mut story = Story::default();
    let mut missed = BTreeSet::new();
    let points = POINTS.iter().filter(|point| !point.starts_with(not_here));
    for point in points.skip(share).step_by(SHARES) {
        for failure in FAILURES {
            story.number += 1;
            std::fs::write(armory.join(point), failure).unwrap();
            match point.split_once('.').unwrap().0 {
                "backup" => backup(&office, &data, &armory, failure),
                _ => story.tell(&mut office, point),
            }
            if !armory.join(format!("{point}.hit")).exists() {
                missed.insert(format!("{point} {failure}"));
            }
            for file in std::fs::read_dir(&armory).unwrap() {
                std::fs::remove_file(file.unwrap().path()).unwrap();
            }
            oracles::whole(&office.books());
        }
    }
    assert!(missed.is_empty(), "never hit: {missed:?}");
    oracles::imported(&office.books(), &story.acknowledged);
    oracles::pages(&office.books());
}

/// What people do while a point is armed.
#[derive(Default)]
struct Story {
    number: usize,
    acknowledged: Vec<(String, Vec<Row>)>,
}

impl Story {
    /// Works until everything is acknowledged, however often it takes a new server.
    fn tell(&mut self, office: &mut Office, point: &str) {
        let people = [0, 1].map(|who| {
            let mut desk = office.desk(who);
            // What has failed is asked for again.
            desk.forgives.push(500);
            desk
        });
        let (name, subject) = (format!("N{}", self.number), point.split_once('.').unwrap().0);
        let (text, rows) = file(&name, 24);
        let subject = subject.to_owned();
        let told = name.clone();
        let work = std::thread::spawn(move || match subject.as_str() {
            "matching" => run(&people[0], &told),
            "periods" | "audit" => {
                people[0].import("ours", &told, &text);
                period(&people, &told);
            }
            _ => people[0].import("ours", &told, &text),
        });
        while !work.is_finished() {
            if office.has_ended() {
                office.start();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        work.join().unwrap();
        if !point.starts_with("matching") {
            self.acknowledged.push((name, rows));
        }
    }
}

/// Both books of some business, and a run over them. New customers would be matched by
/// themselves after a while; whoever comes first passes the point.
fn run(desk: &Desk, name: &str) {
    let [ours, theirs] = both_books(name, 48);
    desk.import("ours", &format!("{name}O"), &ours);
    desk.import("theirs", &format!("{name}T"), &theirs);
    for attempt in 0..20 {
        let job = desk.post("/match-runs", &format!("plan-{name}-{attempt}"), &json!({}));
        let plan = desk.job(job.body["id"].as_str().unwrap());
        let path = format!("/match-runs/{}/commit", plan["run"].as_str().unwrap());
        let body = json!({ "digest": plan["digest"] }).to_string();
        let key = format!("run-{name}-{attempt}");
        let answer = desk.send("POST", &path, &key, "", "application/json", &body);
        if answer.status == 200 {
            return;
        }
        assert_eq!(answer.code(), "plan_stale", "{:#}", answer.body);
    }
    panic!("every plan is stale");
}

/// A period of a new customer is prepared, approved, signed, reopened and signed again.
fn period(people: &[Desk; 2], name: &str) {
    let new = json!({ "code": name, "name": format!("新客户{name}有限公司") });
    let customer = people[0].post("/customers", &format!("customer-{name}"), &new);
    let new = json!({ "customer": customer.body["id"], "span": "2026-10" });
    let period = people[0].post("/periods", &format!("period-{name}"), &new);
    let period = format!("/periods/{}", period.body["id"].as_str().unwrap());
    let excuse = json!({ "excuse": "对方本月无往来，电话确认余额" });
    let reason = json!({ "reason": "漏了一张单据" });
    let steps = [
        (0, "prepare", &excuse),
        (1, "approve", &json!({})),
        (1, "sign-off", &json!({})),
        (0, "reopening", &reason),
        (1, "reopening/approve", &json!({})),
        (0, "prepare", &excuse),
        (1, "approve", &json!({})),
        (1, "sign-off", &json!({})),
    ];
    for (at, (who, step, body)) in steps.into_iter().enumerate() {
        let etag = people[who].get(&period).expect(200).etag();
        people[who].change(&format!("{period}/{step}"), &format!("{name}-{at}"), &etag, body);
    }
}

/// A backup that fails leaves no file behind that is no backup, and its name free for the next.
fn backup(office: &Office, data: &Path, armory: &Path, failure: &str) {
    let folder = data.parent().unwrap();
    let file = folder.join("one.age");
    let heqi = |arguments: &[&str]| {
        let mut heqi = Command::new(env!("CARGO_BIN_EXE_heqi"));
        heqi.args(arguments).env("HEQI_FAILPOINTS", armory);
        heqi.output().unwrap()
    };
    let (path, identity) = (file.display().to_string(), folder.join("identity.txt"));
    let identity = identity.display().to_string();
    if !Path::new(&identity).exists() {
        assert!(heqi(&["backup", "identity", &identity]).status.success());
    }
    let recipient = std::fs::read_to_string(&identity).unwrap();
    let recipient = recipient.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    let (data, address) = (data.display().to_string(), office.address());
    let mut order = vec!["backup", "--out", &path, "--recipient", recipient, "--data", &data];
    if address.starts_with("postgres") {
        order.extend(["--database", &address]);
    }
    let first = heqi(&order);
    assert_eq!(first.status.success(), failure.starts_with("sleep"), "{first:?}");
    if failure == "error" {
        assert!(!file.exists(), "after an error no file is left");
    }
    if file.exists() {
        let verified = heqi(&["backup", "verify", &path, "--identity", &identity]);
        assert!(verified.status.success(), "{verified:?}");
        std::fs::remove_file(&file).unwrap();
    }
    let again = heqi(&order);
    assert!(again.status.success(), "{again:?}");
    std::fs::remove_file(&file).unwrap();
    for left in std::fs::read_dir(folder).unwrap() {
        let left = left.unwrap().path();
        if left.extension().is_some_and(|ending| ending == "part") {
            assert_eq!(failure, "abort", "{} stays behind", left.display());
            std::fs::remove_file(left).unwrap();
        }
    }
}
