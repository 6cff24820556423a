//! Goal: A7, a full disk costs nobody anything: what cannot be kept is refused with a reason,
//! what was kept can be read, and work goes on by itself as soon as there is room again.
//! Method: the books lie on a small disk in memory, which the test fills while files are imported
//! and matched and a backup is made.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::desk::{Desk, Office};
use crate::files::{both_books, file};
use crate::oracles;
use crate::process::{Answer, LOG};

/// A disk of 64 MiB.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None, and a line on stderr, where this process may mount nothing.
    fn mount() -> Option<Self> {
        let place = tempfile::Builder::new().prefix("heqi-disk-").tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(place.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("SKIPPED: a small disk cannot be mounted here (it takes root)");
            return None;
        }
        Some(Self(place))
    }

    /// Fills it to the last byte, those that the log has left in its last block too.
    fn fill(&self) {
        for name in ["ballast", "log"] {
            let path = self.0.path().join(name);
            let mut file = fs::File::options().append(true).create(true).open(path).unwrap();
            for size in [1 << 20, 1 << 12, 1] {
                while file.write_all(&vec![b'\n'; size]).is_ok() {}
            }
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.path().join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it for as long, and no longer.
        drop(Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}

#[test]
fn a7_a_full_disk() {
    let Some(disk) = Disk::mount() else { return };
    let data = disk.0.path().join("data");
    fs::create_dir(&data).unwrap();
    // The log lies on the same disk, as it often does.
    let log = disk.0.path().join("log").display().to_string();
    let mut office = Office::open(&data, None, &[(LOG, &log)]);
    let desk = office.desk(0);
    let mut kept = Vec::new();
    let (text, rows) = file("K1", 600);
    desk.import("ours", "K1", &text);
    kept.push(("K1".to_owned(), rows));

    // Received, and no room to keep it.
    let (text, rows) = file("K2", 1_200);
    disk.fill();
    let path = "/imports?side=ours&view=receivable&name=K2";
    refused(&desk.send("POST", path, "receive-K2", "", "text/csv", &text));
    let mut english = office.desk(0);
    english.lang = "en";
    let told = english.send("POST", path, "receive-K2", "", "text/csv", &text).expect(507).body;
    assert!(told["detail"].as_str().unwrap().contains("disk of the server is full"), "{told:#}");
    readable(&desk);
    oracles::whole(&office.books());
    disk.free();
    desk.import("ours", "K2", &text);
    kept.push(("K2".to_owned(), rows));

    // The job that reads finds no room; it waits, and goes on by itself.
    let (text, rows) = file("K3", 2_400);
    let import = desk.receive("ours", "K3", &text);
    disk.fill();
    std::thread::sleep(Duration::from_secs(8));
    readable(&desk);
    disk.free();
    let begun = Instant::now();
    desk.wait(&import, "checked");
    // No measurement: a runner that had died of its log would be replaced by its lease only.
    assert!(begun.elapsed() < Duration::from_secs(20), "the job was lost");

    // Read, and no room to post it.
    let plan = desk.get(&format!("/imports/{import}/preview")).expect(200).body["plan"].clone();
    let (commit, plan) = (format!("/imports/{import}/commit"), json!({ "plan": plan }).to_string());
    disk.fill();
    refused(&desk.send("POST", &commit, "commit-K3", "", "application/json", &plan));
    readable(&desk);
    oracles::whole(&office.books());
    disk.free();
    desk.send("POST", &commit, "commit-K3", "", "application/json", &plan).expect(200);
    kept.push(("K3".to_owned(), rows));

    matching(&disk, &office, &desk);
    backup(&disk, &data);
    assert!(!office.has_ended(), "the server itself has ended");
    let books = office.books();
    oracles::whole(&books);
    oracles::imported(&books, &kept);
    oracles::pages(&books);
}

fn matching(disk: &Disk, office: &Office, desk: &Desk) {
    let [ours, theirs] = both_books("M7", 1_200);
    desk.import("ours", "M7O", &ours);
    desk.import("theirs", "M7T", &theirs);
    let begun = Instant::now();
    for attempt in 0.. {
        let asked = desk.post("/match-runs", &format!("plan-{attempt}"), &json!({}));
        let plan = desk.job(asked.body["id"].as_str().unwrap());
        let path = format!("/match-runs/{}/commit", plan["run"].as_str().unwrap());
        let body = json!({ "digest": plan["digest"] }).to_string();
        let key = format!("run-{attempt}");
        disk.fill();
        let answer = desk.send("POST", &path, &key, "", "application/json", &body);
        readable(desk);
        oracles::whole(&office.books());
        disk.free();
        // Stale where customers were matched by themselves meanwhile.
        if answer.status == 507 {
            refused(&answer);
            let again = desk.send("POST", &path, &key, "", "application/json", &body);
            assert!(again.status == 200 || again.code() == "plan_stale", "{:#}", again.body);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{:#}", answer.body);
    }
    let due = "SELECT COUNT(*) FROM match_due";
    while office.books().number(due) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(90), "matching does not go on");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A backup without room leaves nothing behind; with room it is one.
fn backup(disk: &Disk, data: &Path) {
    let identity = disk.0.path().join("identity.txt");
    let heqi = |arguments: &[&str], paths: [&Path; 2]| {
        let mut heqi = Command::new(env!("CARGO_BIN_EXE_heqi"));
        heqi.args(["--lang", "en", "backup"]).args(&arguments[..arguments.len() - 1]);
        heqi.arg(paths[0]).arg(arguments[arguments.len() - 1]).arg(paths[1]);
        heqi.output().unwrap()
    };
    let mut make = Command::new(env!("CARGO_BIN_EXE_heqi"));
    assert!(make.args(["backup", "identity"]).arg(&identity).output().unwrap().status.success());
    let recipient = fs::read_to_string(&identity).unwrap();
    let recipient = recipient.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    let out = disk.0.path().join("one.age");
    disk.fill();
    // Enough to open the books, far too little for the file.
    let ballast = fs::File::options().write(true).open(disk.0.path().join("ballast")).unwrap();
    ballast.set_len(ballast.metadata().unwrap().len() - (128 << 10)).unwrap();
    drop(ballast);
    let order = ["--recipient", recipient, "--out", "--data"];
    let said = heqi(&order, [&out, data]);
    assert!(!said.status.success(), "{said:?}");
    let told = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(told.contains("space") || told.contains("disk"), "{told}");
    assert!(!out.exists());
    let left = fs::read_dir(disk.0.path()).unwrap().flatten().map(|entry| entry.path());
    let left: Vec<_> = left.filter(|path| path.to_string_lossy().ends_with(".part")).collect();
    assert!(left.is_empty(), "{left:?}");
    disk.free();
    let said = heqi(&order, [&out, data]);
    assert!(said.status.success(), "{said:?}");
    let said = heqi(&["verify", "--identity"], [&out, &identity]);
    assert!(said.status.success(), "{said:?}");
}

/// Says in both languages what is wrong and what to do about it.
#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (507, "disk_full"), "{:#}", answer.body);
    assert!(answer.head.to_lowercase().contains("content-type: application/problem+json"));
    let told = answer.body["detail"].as_str().unwrap();
    assert!(told.contains("磁盘已满") && told.contains("没有保存"), "{told}");
}

/// Lists, balances and files can be read.
#[track_caller]
fn readable(desk: &Desk) {
    for path in ["/customers?limit=5", "/imports?limit=5", "/lines?limit=5"] {
        let seen = desk.get(path).expect(200);
        assert!(!seen.body["items"].as_array().unwrap().is_empty(), "{path}");
    }
}
