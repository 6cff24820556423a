//! `heqi inspect`, `rules`, `completions`, help.

mod support;

use serde_json::Value;
use support::{Desk, golden};

#[test]
fn inspect_shows_how_a_file_is_read() {
    let desk = Desk::with_pair();
    let said = desk.say("inspect ours.csv");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    golden("inspect.zh.txt", &said.out);
    let said = desk.say("inspect ours.csv --lang en");
    golden("inspect.en.txt", &said.out);
}

#[test]
fn inspect_json_has_what_the_contract_names() {
    let desk = Desk::with_pair();
    let said = desk.say("inspect ours.csv --json");
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    for key in [
        "format",
        "encoding",
        "separator",
        "sheet",
        "header_row",
        "columns",
        "rows",
        "rejected",
        "sum",
        "opening",
        "closing",
        "first",
        "last",
        "orientation",
        "warnings",
    ] {
        assert!(json.get(key).is_some(), "{key} in {json}");
    }
    assert_eq!(json["rows"], 4);
    assert_eq!(json["sum"], "4360.50");
    assert_eq!(
        (json["first"].as_str(), json["last"].as_str()),
        (Some("2026-10-03"), Some("2026-10-28"))
    );
    let roles: Vec<(&str, &str)> = json["columns"]
        .as_array()
        .expect("columns")
        .iter()
        .map(|column| {
            (column["name"].as_str().expect("a name"), column["role"].as_str().expect("a role"))
        })
        .collect();
    assert_eq!(
        roles,
        [
            ("单据号", "reference"),
            ("日期", "date"),
            ("客户", "customer"),
            ("摘要", "text"),
            ("金额", "amount")
        ]
    );
}

#[test]
fn a_saved_template_reads_the_file_alike() {
    let desk = Desk::new();
    let text = "a,b,c,d\n2026-10-03,X1,12.00,7\n2026-10-04,X2,13.00,8\n";
    desk.put("plain.csv", text);
    let said = desk.run([
        "inspect",
        "plain.csv",
        "--map",
        "date=a,reference=b,amount=c",
        "--save-template",
        "plain.toml",
        "--json",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let first: Value = serde_json::from_str(&said.out).expect("JSON");
    let said = desk.say("inspect plain.csv --template plain.toml --json");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let second: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(first["columns"], second["columns"]);
    assert_eq!(second["sum"], "25.00");
    assert_eq!(desk.say("inspect plain.csv --template missing.toml").code, Some(4));
}

#[test]
fn rules_are_shown_explained_and_checked() {
    let desk = Desk::new();
    for preset in ["default", "strict", "classify"] {
        let shown = desk.say(&format!("rules show {preset}"));
        desk.put("mine.toml", &shown.out);
        let checked = desk.say("rules check mine.toml");
        assert_eq!(checked.code, Some(0), "{}", checked.err);
        let zh = desk.say(&format!("rules explain {preset}"));
        let en = desk.say(&format!("rules explain {preset} --lang en"));
        assert!(zh.out.lines().count() >= 3 && zh.out.contains('号'), "{}", zh.out);
        assert!(en.out.lines().count() >= 3, "{}", en.out);
        assert!(en.out.is_ascii() || !en.out.contains('号'), "{}", en.out);
    }
    desk.put("wrong.toml", "name = \"mine\"\n\n[dates]\nlatter = 40\n");
    let said = desk.say("rules check wrong.toml");
    assert_eq!(said.code, Some(4));
    assert!(
        said.err
            .starts_with("错误：wrong.toml 第 4 行：没有「latter」这条规则\n办法：是不是 later？"),
        "{}",
        said.err
    );
}

#[test]
fn completions_for_every_shell() {
    let desk = Desk::new();
    for (shell, expected) in
        [("bash", "complete -F"), ("zsh", "#compdef heqi"), ("fish", "complete -c heqi")]
    {
        let said = desk.say(&format!("completions {shell}"));
        assert_eq!(said.code, Some(0));
        assert!(said.out.contains(expected), "{shell}");
        assert!(said.out.contains("theirs-view"), "{shell} knows the flags");
    }
    assert_eq!(desk.say("completions tcsh").code, Some(2));
}

#[test]
fn a_sample_is_made_and_matched() {
    let desk = Desk::new();
    let said = desk.say("sample --customers 4 --lines 200 --seed 3 --out sample");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("heqi match sample/ours.csv sample/theirs.csv"), "{}", said.out);
    let said = desk.say("match sample/ours.csv sample/theirs.csv");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("对方账以应付记账"), "their ledger is a payable: {}", said.out);
    // The same seed makes the same bytes; a folder with anything else is left alone.
    let read = |name: &str| std::fs::read(desk.path().join(name)).expect("a sample");
    let first = read("sample/ours.csv");
    assert_eq!(desk.say("sample --customers 4 --lines 200 --seed 3 --out sample").code, Some(0));
    assert!(first == read("sample/ours.csv"));
    desk.put("note.txt", "a person's");
    assert_eq!(desk.say("sample --out .").code, Some(6));
    assert_eq!(desk.say("sample --bench 300 --seed 1 --out bench").code, Some(0));
    assert_eq!(desk.say("match bench/ours.csv bench/theirs.csv --json").code, Some(0));
}

#[test]
fn help_leads_with_examples() {
    let desk = Desk::new();
    for command in ["match", "verify", "inspect", "rules check", "sample", "completions"] {
        let said = desk.say(&format!("{command} --help"));
        assert_eq!(said.code, Some(0));
        assert!(said.out.starts_with("Examples 示例:\n  heqi "), "{command}: {}", said.out);
    }
    assert!(desk.say("--version").out.starts_with("heqi 0."));
}
