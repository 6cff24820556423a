//! Cases of other reconciliation engines 同类产品用例, and where we differ on purpose.
//!
//! The cases are facts transcribed from the tests of public projects (ERPNext, OCA, Blnk,
//! Lerian, Formance); they are not part of the repository. A case that is listed as agreeing
//! and no longer does fails the test, and so does one that is listed as differing and agrees.
//! `docs/PEERS.md` is this table; `HEQI_ACCEPT=1` writes it.

#[path = "../common/mod.rs"]
mod common;
mod judges;
mod stands;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use judges::{run_case, text};
use serde_json::Value;
use stands::STANDS;
use stands::Stand::{self, Agrees, Differs, Elsewhere};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cases")
}

fn table(titles: &[(String, String)]) -> String {
    let count =
        |wanted: fn(&Stand) -> bool| STANDS.iter().filter(|(_, stand)| wanted(stand)).count();
    let mut text = format!(
        "# Cases of other engines\n\n\
         {} test cases of public reconciliation engines, transcribed as facts (inputs, rule, \
         expected result) and run against the kernel by `cargo test -p heqi-matching --test \
         cases`. {} agree, {} differ on purpose, {} ask nothing that a matching kernel answers. \
         A case that changes its place fails the test. Peers disagree among themselves, so \
         agreeing with all of them is no aim.\n\n\
         | case | what it shows | Heqi | why |\n|---|---|---|---|\n",
        STANDS.len(),
        count(|stand| matches!(stand, Agrees(..))),
        count(|stand| matches!(stand, Differs(..))),
        count(|stand| matches!(stand, Elsewhere(_))),
    );
    for (id, stand) in STANDS {
        let title = titles.iter().find(|(known, _)| known == id).map_or("", |(_, title)| title);
        let (word, why) = match stand {
            Agrees(_, why) => ("agrees", why),
            Differs(_, why) => ("differs on purpose", why),
            Elsewhere(why) => ("not a matching question", why),
        };
        writeln!(text, "| {id} | {} | {word} | {why} |", title.replace('|', "/")).unwrap();
    }
    text
}

#[test]
fn peers() {
    if !folder().is_dir() {
        eprintln!("SKIPPED: the peers' cases are not there");
        return;
    }
    let mut bad = String::new();
    let mut titles: Vec<(String, String)> = Vec::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| !file.ends_with("_index.json")) {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let id = text(&case, "id");
        titles.push((id.to_owned(), text(&case, "title").to_owned()));
        let Some((_, stand)) = STANDS.iter().find(|(known, _)| *known == id) else {
            writeln!(bad, "{id} is not listed").unwrap();
            continue;
        };
        let (judge, listed) = match stand {
            Agrees(judge, _) => (judge, true),
            Differs(judge, _) => (judge, false),
            Elsewhere(_) => continue,
        };
        if judge(&case) != listed {
            let word = if listed { "agreeing and differs" } else { "differing and agrees" };
            let got = if case["ours"].as_array().is_some_and(|rows| !rows.is_empty()) {
                run_case(&case).named()
            } else {
                Vec::new()
            };
            writeln!(bad, "{id} is listed as {word}: {got:#?}").unwrap();
        }
    }
    assert!(bad.is_empty(), "{bad}");
    assert_eq!(titles.len(), STANDS.len());
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PEERS.md");
    let wanted = table(&titles);
    if std::env::var("HEQI_ACCEPT").is_ok_and(|value| value == "1") {
        std::fs::write(&page, &wanted).unwrap();
    }
    let stands = std::fs::read_to_string(&page).unwrap_or_default() == wanted;
    assert!(stands, "docs/PEERS.md is not this table; HEQI_ACCEPT=1 writes it");
    print!("{wanted}");
}
