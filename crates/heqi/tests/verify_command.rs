//! `heqi verify`: a sound result passes, each tampering is named.

mod support;

use serde_json::Value;
use support::Desk;

/// A matched pair in a folder, ready to be tampered with.
fn matched() -> Desk {
    let desk = Desk::with_pair();
    let said = desk.say("match ours.csv theirs.csv --out result --format csv,xlsx,json");
    assert_eq!(said.code, Some(0), "{}", said.err);
    desk
}

#[test]
fn a_sound_result_passes() {
    let desk = matched();
    let said = desk.say("verify result");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.starts_with("result：复核通过"), "{}", said.out);
    let said = desk.say("verify result --json");
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(json["ok"], true);
    assert_eq!(desk.say("verify result --quiet").out, "");
}

#[test]
fn a_changed_byte_of_any_file_is_named() {
    let desk = matched();
    let folder = desk.path().join("result");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "timings.json")
        .collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let path = folder.join(&name);
        let sound = std::fs::read(&path).expect("a file");
        if sound.is_empty() {
            continue;
        }
        let mut tampered = sound.clone();
        // A letter or digit, so that JSON and CSV stay readable.
        let at = tampered.iter().rposition(u8::is_ascii_alphanumeric).expect("a letter");
        tampered[at] = if tampered[at] == b'7' { b'8' } else { b'7' };
        std::fs::write(&path, &tampered).expect("a change");
        let said = desk.say("verify result");
        assert_eq!(said.code, Some(8), "{name}: {}", said.out);
        assert!((said.out + &said.err).contains(&name), "{name}");
        std::fs::write(&path, &sound).expect("a repair");
    }
    assert_eq!(desk.say("verify result").code, Some(0));
}

#[test]
fn missing_added_and_foreign_files_are_named() {
    let desk = matched();
    let check = |code: i32, expected: &str| {
        let said = desk.say("verify result");
        assert_eq!(said.code, Some(code), "{expected}: {}{}", said.out, said.err);
        let text = said.out + &said.err;
        assert!(text.contains(expected), "{expected}: {text}");
    };
    desk.put("result/note.txt", "a person's");
    check(8, "note.txt：不属于本次结果");
    std::fs::remove_file(desk.path().join("result/note.txt")).expect("a file");
    let input = std::fs::read(desk.path().join("theirs.csv")).expect("an input");
    desk.put("theirs.csv", [&input[..], b"X,2026-10-30,,,1.00\n"].concat());
    check(8, "原始文件被改动");
    std::fs::remove_file(desk.path().join("theirs.csv")).expect("a file");
    check(4, "找不到原始文件");
    desk.put("theirs.csv", input);
    check(0, "复核通过");
    std::fs::remove_file(desk.path().join("result/bridge.csv")).expect("a file");
    check(8, "bridge.csv：文件缺失");
    std::fs::remove_file(desk.path().join("result/summary.json")).expect("a file");
    check(4, "不是 Heqi 的结果目录");
    assert_eq!(desk.say("verify nowhere").code, Some(4));
}

#[test]
fn a_result_that_moves_with_its_inputs_still_passes() {
    let desk = matched();
    let place = desk.path().join("archive");
    std::fs::create_dir(&place).expect("a folder");
    for name in ["ours.csv", "theirs.csv", "result"] {
        std::fs::rename(desk.path().join(name), place.join(name)).expect("a move");
    }
    let said = desk.say("verify archive/result");
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}
