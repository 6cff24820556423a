//! Ctrl-C leaves nothing half-written.
#![cfg(unix)]

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Desk, OURS, Said};

fn interrupt(process: u32) {
    let status = Command::new("kill").args(["-INT", &process.to_string()]).status();
    assert!(status.expect("kill").success());
}

#[test]
fn waiting_for_standard_input_can_be_interrupted() {
    let desk = Desk::with_pair();
    let mut child = desk
        .command()
        .args(["match", "ours.csv", "-", "--out", "result"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    // The pipe stays open, so the run waits for ever.
    let stdin = child.stdin.take();
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().expect("a state").is_none(), "it waits");
    interrupt(child.id());
    let said: Said = child.wait_with_output().expect("an end").into();
    drop(stdin);
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert_eq!(said.err, "错误：已中断，没有写出任何结果\n");
    assert_eq!(desk.names(), ["ours.csv", "theirs.csv"]);
}

#[test]
fn an_interrupted_run_leaves_no_folder() {
    let desk = Desk::new();
    let mut large = String::from(OURS);
    for number in 0..400_000 {
        let (day, cents) = (number % 28 + 1, number % 9_973);
        large.push_str(&format!(
            "XS-{number:07},2026-10-{day:02},客户{},货款,{cents}.25\n",
            number % 500
        ));
    }
    desk.put("ours.csv", &large);
    desk.put("theirs.csv", &large);
    let mut interrupted = 0;
    for wait in [20, 60, 120, 250, 500, 1_000, 2_000] {
        let began = Instant::now();
        let child = desk
            .command()
            .args(["match", "ours.csv", "theirs.csv", "--out", "result"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        std::thread::sleep(Duration::from_millis(wait));
        // It may have ended before; then there is nobody to interrupt.
        drop(Command::new("kill").args(["-INT", &child.id().to_string()]).output());
        let said: Said = child.wait_with_output().expect("an end").into();
        match said.code {
            Some(130) => {
                interrupted += 1;
                assert_eq!(desk.names(), ["ours.csv", "theirs.csv"], "after {wait} ms");
            }
            // Before the handler stood: the system ended it, and nothing was written either.
            None => assert_eq!(desk.names(), ["ours.csv", "theirs.csv"], "after {wait} ms"),
            Some(0) => break,
            code => panic!("{code:?} after {wait} ms: {}", said.err),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it must stop soon");
    }
    assert!(interrupted > 0, "no run was long enough to be interrupted");
}
