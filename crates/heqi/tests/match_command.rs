//! `heqi match` as a person and a script use it.

mod support;

use serde_json::Value;
use support::{Desk, OURS, Said, THEIRS, golden};

/// The summary without its last line, which tells the time.
fn timeless(said: &Said) -> String {
    let lines: Vec<&str> = said.out.lines().collect();
    let (last, rest) = lines.split_last().expect("a summary");
    assert!(last.contains("7 "), "the last line counts lines and time: {last}");
    rest.join("\n") + "\n"
}

#[test]
fn the_summary_in_both_languages() {
    let desk = Desk::with_pair();
    let zh = desk.say("match ours.csv theirs.csv");
    assert_eq!((zh.code, zh.err.as_str()), (Some(0), ""));
    golden("small.zh.txt", &timeless(&zh));
    let en = desk.say("match ours.csv theirs.csv --lang en --out result --format csv,xlsx");
    assert_eq!((en.code, en.err.as_str()), (Some(0), ""));
    golden("small.en.txt", &timeless(&en));
}

#[test]
fn the_language_follows_the_locale_unless_said() {
    let desk = Desk::with_pair();
    let check = |locale: Option<&str>, flag: &[&str], expected: &str| {
        let mut command = desk.command();
        command.env_remove("LANG").args(["match", "ours.csv", "theirs.csv"]).args(flag);
        if let Some(locale) = locale {
            command.env("LANG", locale);
        }
        let said: Said = command.output().expect("the binary").into();
        assert!(said.out.contains(expected), "{locale:?} {flag:?}: {}", said.out);
    };
    check(None, &[], "余额调节表");
    check(Some("zh_CN.UTF-8"), &[], "余额调节表");
    check(Some("en_US.UTF-8"), &[], "Bridge (");
    check(Some("en_US.UTF-8"), &["--lang", "zh"], "余额调节表");
    check(Some("zh_CN.UTF-8"), &["--lang", "en"], "Bridge (");
}

#[test]
fn json_has_counts_sums_digests_and_timings_and_no_translation() {
    let desk = Desk::with_pair();
    let said = desk.say("match ours.csv theirs.csv --json");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    let states: Vec<(&str, u64)> = json["states"]
        .as_array()
        .expect("states")
        .iter()
        .map(|state| (state["state"].as_str().expect("a word"), state["lines"]["ours"].as_u64()))
        .map(|(state, lines)| (state, lines.expect("a count")))
        .collect();
    assert_eq!(states, [("settled", 2), ("differs", 1), ("suggested", 0), ("residual", 1)]);
    let bridge = &json["bridge"][0];
    assert_eq!(bridge["currency"], "CNY");
    assert_eq!(bridge["closing"]["ours"], "4360.50");
    assert_eq!(bridge["closing"]["theirs"], "3050.00");
    assert_eq!(bridge["closing_difference"], "1310.50");
    assert_eq!(json["inputs"]["ours"]["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(json["plan"].as_str().map(str::len), Some(64));
    assert_eq!(json["theirs_view"]["mirrored"], false);
    assert!(json["timings"]["read_ours"].is_u64() && json["elapsed"].is_u64(), "{json}");
    assert_eq!(json["out"], Value::Null);
}

#[test]
fn json_with_a_folder_is_what_summary_json_says() {
    let desk = Desk::with_pair();
    let said = desk.say("match ours.csv theirs.csv --json --out result");
    let printed: Value = serde_json::from_str(&said.out).expect("JSON");
    let file = std::fs::read(desk.path().join("result/summary.json")).expect("a summary");
    let file: Value = serde_json::from_slice(&file).expect("JSON");
    for (key, value) in file.as_object().expect("an object") {
        assert_eq!(&printed[key], value, "{key}");
    }
    assert!(printed["out"].as_str().expect("a path").ends_with("result"));
    assert!(printed["timings"]["write"].is_u64());
}

#[test]
fn exit_codes() {
    let desk = Desk::with_pair();
    desk.put("same.csv", OURS);
    desk.put("taken.txt", "a person's file");
    std::fs::create_dir(desk.path().join("photos")).expect("a folder");
    desk.put("photos/1.jpg", "not ours");
    let rejected = OURS.replace("2026-10-28", "2026-10-88");
    desk.put("rejected.csv", &rejected);
    let check = |line: &str, code: i32| {
        let said = desk.say(line);
        assert_eq!(said.code, Some(code), "{line}\n{}\n{}", said.out, said.err);
    };
    check("match ours.csv theirs.csv", 0);
    check("match ours.csv theirs.csv --fail-on-diff", 3);
    check("match ours.csv same.csv --fail-on-diff", 0);
    check("match rejected.csv rejected.csv", 0);
    check("match rejected.csv rejected.csv --fail-on-diff", 7);
    check("match ours.csv nowhere.csv", 4);
    check("match ours.csv photos", 4);
    check("match ours.csv", 2);
    check("match ours.csv theirs.csv --format csv", 2);
    check("match ours.csv theirs.csv --threads 0", 2);
    check("match ours.csv theirs.csv --currency RMBX", 2);
    check("match ours.csv theirs.csv --period 2026-13", 2);
    check("match ours.csv theirs.csv --rules strct", 2);
    check("match ours.csv theirs.csv --opening-ours x", 2);
    check("match - -", 2);
    check("match ours.csv theirs.csv --out photos", 6);
    check("match ours.csv theirs.csv --out taken.txt", 6);
    check("match ours.csv theirs.csv --out result", 0);
    check("match ours.csv theirs.csv --out result", 0);
    assert_eq!(desk.names().iter().filter(|name| name.contains("result")).count(), 1);
}

#[test]
#[cfg(unix)]
fn a_file_that_may_not_be_read_is_a_matter_of_permission() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with_pair();
    let path = desk.path().join("theirs.csv");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("a change");
    if std::fs::File::open(&path).is_ok() {
        eprintln!("SKIPPED: this user may read every file");
        return;
    }
    let said = desk.say("match ours.csv theirs.csv");
    assert_eq!(said.code, Some(5), "{}", said.err);
}

#[test]
fn errors_say_what_where_and_how() {
    let desk = Desk::with_pair();
    let check = |words: &[&str], expected: &str| {
        let said = desk.run(words);
        assert_eq!(said.out, "", "data is not for errors");
        assert_eq!(said.err, expected, "{words:?}");
    };
    check(
        &["match", "ours.csv", "their.csv"],
        "错误：找不到文件 their.csv\n办法：同一目录下有 theirs.csv，是不是它？\n",
    );
    check(
        &["match", "ours.csv", "theirs.csv", "--map-theirs", "amonut=金额", "--lang", "en"],
        "error: `amonut` in --map-theirs is not a role of a column\n hint: did you mean amount? \
         Roles: date, time, due, reference, other_reference, amount, debit, credit, direction, \
         balance, customer, currency, kind, text, id, tax, quantity, price, discount, status, \
         paid_by, ignored\n",
    );
    check(
        &["match", "ours.csv", "theirs.csv", "--map-ours", "amount=含税金额"],
        "错误：ours.csv：没有“含税金额”这一列，现有列：单据号, 日期, 客户, 摘要, 金额\n\
         办法：是不是「金额」？\n",
    );
    check(
        &["match", "ours.csv", "theirs.csv", "--rules", "strct"],
        "错误：没有名为「strct」的规则\n\
         办法：是不是 strict？预设有 default、strict、classify，或给出 TOML 文件的路径\n",
    );
}

#[test]
fn an_unknown_flag_is_answered_with_the_nearest() {
    let said = Desk::with_pair().say("match ours.csv theirs.csv --theirs-vew payable");
    assert_eq!(said.code, Some(2));
    assert_eq!(said.err, "错误：没有参数「--theirs-vew」\n办法：是不是 --theirs-view？\n");
    let said = Desk::new().say("mtach a b");
    assert_eq!(said.err, "错误：没有子命令「mtach」\n办法：是不是 match？\n");
    let said = Desk::new().say("mtach a b --lang en");
    assert_eq!(said.err, "error: unrecognized subcommand 'mtach'\n hint: did you mean match?\n");
}

#[test]
fn quiet_says_nothing_but_errors() {
    let desk = Desk::with_pair();
    let said = desk.say("match ours.csv theirs.csv --quiet --out result");
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", ""));
    assert!(desk.path().join("result/members.csv").is_file());
    let said = desk.say("match ours.csv theirs.csv --quiet --json");
    assert!(said.out.starts_with('{'), "asked-for data is still printed");
}

#[test]
fn a_payable_view_is_detected_mirrored_and_stated() {
    let desk = Desk::with_pair();
    let mirrored: String = THEIRS
        .lines()
        .map(|line| match line.rsplit_once(',') {
            Some((head, amount)) if head.starts_with(['X', 'S']) => {
                let amount = amount.strip_prefix('-').map_or(format!("-{amount}"), str::to_owned);
                format!("{head},{amount}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    desk.put("payable.csv", mirrored);
    let said = desk.say("match ours.csv payable.csv");
    assert!(said.out.contains("对方账以应付记账"), "{}", said.out);
    assert!(said.out.contains("1,310.50"), "{}", said.out);
    let said = desk.say("match ours.csv payable.csv --theirs-view payable --json");
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(json["theirs_view"]["why"], "asked");
    assert_eq!(json["bridge"][0]["closing_difference"], "1310.50");
    let said = desk.say("match ours.csv payable.csv --theirs-view receivable --json");
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(json["bridge"][0]["closing"]["theirs"], "-3050.00", "as the file has it");
}

#[test]
fn a_period_keeps_lines_out_and_says_so() {
    let desk = Desk::with_pair();
    desk.put(
        "long.csv",
        OURS.to_owned() + "XS-261101,2026-11-02,华东机电设备有限公司,泵体,77.00\n",
    );
    let said = desk.say("match long.csv theirs.csv --period 2026-10");
    assert!(said.out.contains("我方只核对2026年10月：期后 1 行未参与"), "{}", said.out);
    let said = desk.say("match long.csv theirs.csv --period 2026-10 --json");
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(json["outside_period"][0]["after"], 1);
    assert_eq!(json["bridge"][0]["closing"]["ours"], "4360.50");
}

#[test]
fn openings_enter_the_bridge() {
    let desk = Desk::with_pair();
    let said = desk.run([
        "match",
        "ours.csv",
        "theirs.csv",
        "--opening-ours",
        "1,000.00",
        "--opening-theirs=-0.50",
        "--json",
        "--out",
        "result",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    let bridge = &json["bridge"][0];
    assert_eq!(bridge["opening"]["ours"], "1000.00");
    assert_eq!(bridge["opening"]["theirs"], "-0.50");
    assert_eq!(bridge["closing_difference"], "2311.00");
}

#[test]
fn an_opening_without_its_customer_is_refused() {
    let desk = Desk::with_pair();
    let two = OURS.replacen("华东机电设备有限公司", "南海商贸有限公司", 1);
    desk.put("two.csv", two);
    let said = desk.say("match two.csv two.csv --opening-ours 5");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("--customer"), "{}", said.err);
    let said = desk.say("match two.csv two.csv --opening-ours 5 --customer 南海商贸有限公司");
    assert_eq!(said.code, Some(0), "{}", said.err);
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    use std::io::Write;
    use std::process::Stdio;
    let desk = Desk::with_pair();
    let mut child = desk
        .command()
        .args(["match", "ours.csv", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(THEIRS.as_bytes()).expect("a reader");
    drop(stdin);
    let said: Said = child.wait_with_output().expect("an end").into();
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(json["bridge"][0]["closing_difference"], "1310.50");
    assert_eq!(json["inputs"]["theirs"]["name"], "-");
}

#[test]
fn threads_change_nothing() {
    let desk = Desk::with_pair();
    for threads in ["1", "2", "7"] {
        let out = format!("result{threads}");
        let said =
            desk.run(["match", "ours.csv", "theirs.csv", "--threads", threads, "--out", &out]);
        assert_eq!(said.code, Some(0), "{}", said.err);
    }
    for name in ["members.csv", "discrepancies.csv", "evidence.jsonl", "summary.json"] {
        let read = |folder: &str| std::fs::read(desk.path().join(folder).join(name)).expect(name);
        assert_eq!(read("result1"), read("result2"), "{name}");
        assert_eq!(read("result1"), read("result7"), "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_no_text_works() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::with_pair();
    let name = OsStr::from_bytes(b"\xb6\xd4\xd5\xcb.csv");
    desk.put(name, THEIRS);
    let words = [OsStr::new("match"), OsStr::new("ours.csv"), name];
    let said = desk.run(words);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let words = [OsStr::new("match"), OsStr::new("ours.csv"), OsStr::from_bytes(b"\xb6.csv")];
    assert_eq!(desk.run(words).code, Some(4));
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::Stdio;
    let desk = Desk::with_pair();
    let mut child = desk
        .command()
        .args(["match", "ours.csv", "theirs.csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    drop(child.stdout.take());
    let said: Said = child.wait_with_output().expect("an end").into();
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}
