//! A result that stands is verified; every single tampering is found and its place is named.
//!
//! Half of the tamperings are those of somebody who knows the folder: every digest, the plan's
//! rules and the seal are made to match again, so only the content can tell.

use std::fs;
use std::path::{Path, PathBuf};

use heqi_domain::{Lang, NoProgress, Side};
use heqi_intake::{Orientation, ReadOptions, Reading, Source};
use heqi_matching::{Discrepancy, Openings, RuleSet, match_lines};
use heqi_results::{
    Finding, FindingCode, Input, MatchResult, ResultFormat, Rules, Summary, Unsound, VerifyError,
    digest_of, sha256_hex, verify, write,
};
use tempfile::TempDir;

/// Two ledgers and a result in a folder of their own.
struct Case {
    home: TempDir,
}

impl Case {
    fn dir(&self) -> PathBuf {
        self.home.path().join("result")
    }

    fn path(&self, file: &str) -> PathBuf {
        match file {
            "ours.csv" | "theirs.csv" => self.home.path().join(file),
            _ => self.dir().join(file),
        }
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// A fresh copy whose inputs are found beside the folder.
    fn copy(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        for file in ["ours.csv", "theirs.csv"] {
            fs::copy(self.path(file), home.path().join(file)).unwrap();
        }
        fs::create_dir(home.path().join("result")).unwrap();
        for entry in fs::read_dir(self.dir()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), home.path().join("result").join(entry.file_name())).unwrap();
        }
        Self { home }
    }
}

struct Bytes(Vec<u8>);

impl Source for Bytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.as_slice().read_at(offset, buffer)
    }
}

fn read(home: &Path, side: Side, view: Option<heqi_intake::View>) -> Reading {
    let mut options = ReadOptions::new(side);
    options.view = view;
    let bytes = fs::read(home.join(format!("{}.csv", side.code()))).unwrap();
    let name = format!("{}.csv", side.code());
    heqi_intake::read(&Bytes(bytes), &name, &options, &NoProgress).unwrap()
}

/// The invented company's ledgers, matched and written as `heqi match` does.
fn result(formats: &[ResultFormat]) -> Case {
    result_from(formats, [0, 0])
}

/// The same where every customer opens with these balances.
fn result_from(formats: &[ResultFormat], opening: [i64; 2]) -> Case {
    let home = tempfile::tempdir().unwrap();
    let sample = heqi_sample::generate(&heqi_sample::Spec::new(4, 320, 7));
    let mut bytes = Vec::new();
    sample.write_ours(&mut bytes).unwrap();
    fs::write(home.path().join("ours.csv"), &bytes).unwrap();
    bytes.clear();
    sample.write_theirs(&mut bytes).unwrap();
    fs::write(home.path().join("theirs.csv"), &bytes).unwrap();
    let case = Case { home };
    let ours = read(case.home.path(), Side::Ours, None);
    let mut theirs = read(case.home.path(), Side::Theirs, None);
    if heqi_matching::detect_view(&ours.lines, &theirs.lines).payable {
        theirs.lines.mirror().unwrap();
        theirs.inspection.orientation = match theirs.inspection.orientation {
            Orientation::Payable => Orientation::Receivable,
            Orientation::Receivable => Orientation::Payable,
        };
    }
    let rules = RuleSet::default();
    let accounts = ours.lines.accounts.iter().filter(|_| opening != [0, 0]);
    let by_account = accounts.map(|account| (account.clone(), opening)).collect();
    let openings = Openings { by_account, only: None };
    let outcome = match_lines(&ours.lines, &theirs.lines, &rules, &openings, &NoProgress).unwrap();
    let view = match theirs.inspection.orientation {
        Orientation::Payable => "payable",
        Orientation::Receivable => "receivable",
    };
    let options = [vec![], vec![("view".to_owned(), view.to_owned())]];
    let names = ["ours.csv", "theirs.csv"];
    let hex = |reading: &Reading| -> String {
        reading.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let digests = [hex(&ours), hex(&theirs)];
    let readings = [&ours, &theirs];
    let input = |at: usize| Input {
        name: names[at],
        // Not where it lies: it is found beside the folder.
        path: names[at],
        bytes: fs::metadata(case.path(names[at])).unwrap().len(),
        sha256: &digests[at],
        inspection: &readings[at].inspection,
        options: &options[at],
        rejects: &readings[at].rejects,
    };
    let toml = toml::to_string_pretty(&rules).unwrap();
    let sentence = |row: &Discrepancy| {
        heqi_matching::sentence(row, &outcome, &ours.lines, &theirs.lines, Lang::Zh)
    };
    let result = MatchResult {
        outcome: &outcome,
        ours: &ours.lines,
        theirs: &theirs.lines,
        inputs: [input(0), input(1)],
        rules: Rules { name: "default", toml: &toml },
        period: None,
        lang: Lang::Zh,
        sentence: &sentence,
        created: Some("2026-11-24T00:00:00Z"),
        timings: &[],
    };
    write(&case.dir(), formats, &result, &NoProgress).unwrap();
    case
}

/// Makes every digest match again: of files, rules, inputs, and the seal.
fn reseal(case: &Case) {
    let mut summary: Summary = serde_json::from_str(&case.text("summary.json")).unwrap();
    summary.files.retain(|file| case.path(&file.name).is_file());
    for file in &mut summary.files {
        (file.bytes, file.sha256) = digest_of(&case.path(&file.name)).unwrap();
    }
    if case.path("rules.toml").is_file() {
        summary.rules.sha256 = sha256_hex(case.text("rules.toml").as_bytes());
    }
    for (name, input) in
        [("ours.csv", &mut summary.inputs.ours), ("theirs.csv", &mut summary.inputs.theirs)]
    {
        (input.bytes, input.sha256) = digest_of(&case.path(name)).unwrap();
    }
    summary.seal = summary.seal_of();
    fs::write(case.path("summary.json"), summary.to_bytes()).unwrap();
}

/// The rows of a table, the header first; row n stands on line n + 1.
type Rows = Vec<Vec<String>>;

fn rows(case: &Case, file: &str) -> Rows {
    let bytes = fs::read(case.path(file)).unwrap();
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
    let row = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// Changes a table; what `change` returns is the line on which the change must be found.
fn edit(case: &Case, file: &str, change: impl FnOnce(&mut Rows) -> u64) -> Option<u64> {
    let mut table = rows(case, file);
    let row = change(&mut table);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    table.iter().for_each(|row| writer.write_record(row).unwrap());
    fs::write(case.path(file), writer.into_inner().unwrap()).unwrap();
    (row > 0).then_some(row)
}

/// Index of the first row that `wanted` accepts.
fn first(rows: &Rows, wanted: impl Fn(&[String]) -> bool) -> usize {
    (1..rows.len()).find(|at| wanted(&rows[*at])).expect("the sample has such a row")
}

/// Sets a cell of the first row that `wanted` accepts.
fn set(
    case: &Case,
    file: &str,
    column: usize,
    value: &str,
    wanted: impl Fn(&[String]) -> bool,
) -> Option<u64> {
    edit(case, file, |rows| {
        let at = first(rows, wanted);
        assert_ne!(rows[at][column], value, "{file}: nothing changes");
        value.clone_into(&mut rows[at][column]);
        at as u64 + 1
    })
}

/// Replaces the first occurrence of a text in a file.
fn replace(case: &Case, file: &str, from: &str, to: &str) -> Option<u64> {
    let text = case.text(file);
    let at = text.find(from).unwrap_or_else(|| panic!("{file} holds no {from}"));
    fs::write(case.path(file), text.replacen(from, to, 1)).unwrap();
    (!file.ends_with(".json") && !file.ends_with(".toml"))
        .then(|| text[..at].matches('\n').count() as u64 + 1)
}

/// Removes the n-th row that `wanted` accepts.
fn remove(case: &Case, file: &str, wanted: impl Fn(&[String]) -> bool) {
    edit(case, file, |rows| {
        let at = first(rows, wanted);
        rows.remove(at);
        0
    });
}

fn double(case: &Case, file: &str, wanted: impl Fn(&[String]) -> bool) {
    edit(case, file, |rows| {
        let at = first(rows, wanted);
        rows.insert(at, rows[at].clone());
        0
    });
}

/// What is done to a copy; returns the line on which it must be found, if it has one.
type Tamper = fn(&Case) -> Option<u64>;

/// One tampering: name, file in which it must be found, the deed.
struct Deed(&'static str, &'static str, Tamper);

fn any(_: &[String]) -> bool {
    true
}

const GROUPS: &[Deed] = &[
    Deed("an exact pair is said to differ", "groups.csv", |case| {
        set(case, "groups.csv", 1, "differs", |row| row[2] == "exact" && row[6].is_empty())
    }),
    Deed("a difference is said to be settled", "groups.csv", |case| {
        set(case, "groups.csv", 1, "settled", |row| row[1] == "differs")
    }),
    Deed("a suggestion is said to be settled", "groups.csv", |case| {
        set(case, "groups.csv", 1, "settled", |row| row[1] == "suggested")
    }),
    Deed("a difference is changed", "groups.csv", |case| {
        set(case, "groups.csv", 5, "0.01", |row| row[1] == "differs")
    }),
    Deed("a reason is changed", "groups.csv", |case| {
        set(case, "groups.csv", 6, "rounding", |row| row[1] == "differs" && row[6] != "rounding")
    }),
    Deed("a reason is taken away", "groups.csv", |case| {
        set(case, "groups.csv", 6, "", |row| row[1] == "differs")
    }),
    Deed("a pass is changed", "groups.csv", |case| {
        set(case, "groups.csv", 2, "variant_reference", |row| row[2] == "exact")
    }),
    Deed("a sum is said to be exact", "groups.csv", |case| {
        set(case, "groups.csv", 2, "exact", |row| row[2] == "same_reference")
    }),
    Deed("a count is changed", "groups.csv", |case| set(case, "groups.csv", 3, "9", any)),
    Deed("a group is moved to another customer", "groups.csv", |case| {
        let other = rows(case, "bridge.csv").last().unwrap()[0].clone();
        set(case, "groups.csv", 7, &other, |row| row[7] != other)
    }),
    Deed("two group ids are swapped", "groups.csv", |case| {
        edit(case, "groups.csv", |rows| {
            let (a, b) = (rows[3][0].clone(), rows[9][0].clone());
            (rows[3][0], rows[9][0]) = (b, a);
            4
        })
    }),
    Deed("a group is removed", "groups.csv", |case| {
        remove(case, "groups.csv", any);
        None
    }),
    Deed("a group is doubled", "groups.csv", |case| {
        double(case, "groups.csv", any);
        None
    }),
    Deed("a rank is changed", "groups.csv", |case| {
        set(case, "groups.csv", 9, "7", |row| row[1] == "suggested")
    }),
    Deed("a row of the JSON table is changed", "groups.jsonl", |case| {
        replace(case, "groups.jsonl", "settled", "differs")
    }),
];

const MEMBERS: &[Deed] = &[
    Deed("a member is dropped", "members.csv", |case| {
        remove(case, "members.csv", any);
        None
    }),
    Deed("a member is doubled", "members.csv", |case| {
        double(case, "members.csv", any);
        None
    }),
    Deed("a member is added to a group", "members.csv", |case| {
        edit(case, "members.csv", |rows| {
            let mut row = rows[2].clone();
            rows[7][1].clone_into(&mut row[1]);
            rows.insert(3, row);
            4
        })
    }),
    Deed("two members are swapped", "members.csv", |case| {
        edit(case, "members.csv", |rows| {
            let (a, b) = (rows[2][1].clone(), rows[4][1].clone());
            (rows[2][1], rows[4][1]) = (b, a);
            3
        })
    }),
    Deed("a member is another line", "members.csv", |case| {
        let other = rows(case, "residuals.csv")[1].clone();
        set(case, "members.csv", 1, &other[1], |row| row[0] == other[0])
    }),
    Deed("a member is no line at all", "members.csv", |case| {
        set(case, "members.csv", 1, "no such line", any)
    }),
    Deed("a member changes sides", "members.csv", |case| {
        set(case, "members.csv", 0, "theirs", |row| row[0] == "ours")
    }),
    Deed("the state of a member is changed", "members.csv", |case| {
        set(case, "members.csv", 3, "settled", |row| row[3] == "differs")
    }),
    Deed("the members table is gone", "members.csv", |case| {
        fs::remove_file(case.path("members.csv")).unwrap();
        None
    }),
];

const OPEN: &[Deed] = &[
    Deed("a residual is removed", "residuals.csv", |case| {
        remove(case, "residuals.csv", any);
        None
    }),
    Deed("a residual is doubled", "residuals.csv", |case| {
        double(case, "residuals.csv", any);
        None
    }),
    Deed("a residual is another line", "residuals.csv", |case| {
        let other = rows(case, "members.csv")[1].clone();
        set(case, "residuals.csv", 1, &other[1], |row| row[0] == other[0])
    }),
    Deed("the reason of a residual is changed", "residuals.csv", |case| {
        set(case, "residuals.csv", 2, "rounding", any)
    }),
    Deed("the amount of a residual is changed", "residuals.csv", |case| {
        set(case, "residuals.csv", 7, "1.23", any)
    }),
    Deed("the amount of a discrepancy is changed", "discrepancies.csv", |case| {
        set(case, "discrepancies.csv", 4, "0.01", any)
    }),
    Deed("the lines of a discrepancy are changed", "discrepancies.csv", |case| {
        let other = rows(case, "members.csv")[1].clone();
        set(case, "discrepancies.csv", 5, &format!("{}:{}", other[0], other[1]), any)
    }),
    Deed("the reason of a discrepancy is changed", "discrepancies.csv", |case| {
        set(case, "discrepancies.csv", 3, "freight_fee", any)
    }),
    Deed("a discrepancy is tied to another group", "discrepancies.csv", |case| {
        let other = rows(case, "groups.csv")[1][0].clone();
        set(case, "discrepancies.csv", 6, &other, |row| !row[6].is_empty())
    }),
    Deed("a sentence is changed", "discrepancies.csv", |case| {
        set(case, "discrepancies.csv", 7, "双方一致", any)
    }),
    Deed("a discrepancy is removed", "discrepancies.csv", |case| {
        remove(case, "discrepancies.csv", any);
        None
    }),
    Deed("a discrepancy is told twice", "discrepancies.csv", |case| {
        double(case, "discrepancies.csv", any);
        None
    }),
    Deed("a closing balance is changed", "bridge.csv", |case| {
        set(case, "bridge.csv", 6, "1.00", |row| row[2] == "closing")
    }),
    Deed("an opening balance is changed", "bridge.csv", |case| {
        set(case, "bridge.csv", 7, "5.00", |row| row[2] == "opening")
    }),
    Deed("both opening balances are changed", "bridge.csv", |case| {
        set(case, "bridge.csv", 6, "5.00", |row| row[2] == "opening");
        set(case, "bridge.csv", 7, "5.00", |row| row[2] == "opening")
    }),
    Deed("a row of the bridge is changed", "bridge.csv", |case| {
        set(case, "bridge.csv", 5, "0.01", |row| row[2] == "discrepancy")
    }),
    Deed("a row of the bridge is removed", "bridge.csv", |case| {
        remove(case, "bridge.csv", |row| row[2] == "discrepancy");
        None
    }),
    Deed("a bridge is removed", "bridge.csv", |case| {
        remove(case, "bridge.csv", |row| row[2] == "opening");
        None
    }),
    Deed("a reject is invented", "rejects.csv", |case| {
        edit(case, "rejects.csv", |rows| {
            let row = ["ours", "9", "金额", "x", "amount", "x", "x"];
            rows.push(row.map(str::to_owned).to_vec());
            rows.len() as u64
        })
    }),
];

const EVIDENCE: &[Deed] = &[
    Deed("the number of a group is changed", "groups.csv", |case| {
        replace(case, "evidence.jsonl", "\"key\":\"", "\"key\":\"9");
        None
    }),
    Deed("the days of a group are changed", "groups.csv", |case| {
        replace(case, "evidence.jsonl", "\"days\":", "\"days\":9");
        None
    }),
    Deed("a witness counts otherwise", "residuals.csv", |case| {
        let text = case.text("evidence.jsonl");
        let at = text.find("\"of\":\"residual\"").unwrap();
        let (head, tail) = text.split_at(at);
        let tail = tail.replacen("\"theirs\":", "\"theirs\":9", 1);
        fs::write(case.path("evidence.jsonl"), format!("{head}{tail}")).unwrap();
        None
    }),
    Deed("a proof is removed", "evidence.jsonl", |case| {
        let text = case.text("evidence.jsonl");
        let rest = text.split_once('\n').unwrap().1;
        fs::write(case.path("evidence.jsonl"), rest).unwrap();
        Some(1)
    }),
    Deed("a proof is added", "evidence.jsonl", |case| {
        let text = case.text("evidence.jsonl");
        let last = text.lines().last().unwrap();
        fs::write(case.path("evidence.jsonl"), format!("{text}{last}\n")).unwrap();
        Some(text.lines().count() as u64 + 1)
    }),
    Deed("the evidence is gone", "evidence.jsonl", |case| {
        fs::remove_file(case.path("evidence.jsonl")).unwrap();
        None
    }),
    Deed("a tolerance is raised", "summary.json", |case| {
        replace(case, "rules.toml", "rounding = 5", "rounding = 6");
        None
    }),
    Deed("a rule is commented", "rules.toml", |case| {
        replace(case, "rules.toml", "rounding = 5", "# agreed with the auditor\nrounding = 5");
        None
    }),
    Deed("a pass is switched off", "rules.toml", |case| {
        replace(case, "rules.toml", "exact = true", "exact = maybe");
        None
    }),
    Deed("the rules are gone", "rules.toml", |case| {
        fs::remove_file(case.path("rules.toml")).unwrap();
        None
    }),
    Deed("a byte of the workbook is changed", "reconciliation.xlsx", |case| {
        let mut bytes = fs::read(case.path("reconciliation.xlsx")).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(case.path("reconciliation.xlsx"), bytes).unwrap();
        None
    }),
    Deed("a file is added", "approval.csv", |case| {
        fs::write(case.path("approval.csv"), "approved\n").unwrap();
        None
    }),
];

const SUMMARY: &[Deed] = &[
    Deed("a count of groups is changed", "summary.json", |case| number(case, "\"groups\": ")),
    Deed("a count of lines is changed", "summary.json", |case| {
        number(case, "\"lines\": {\n        \"ours\": ")
    }),
    Deed("a count of rows is changed", "summary.json", |case| number(case, "\"rows\": ")),
    Deed("a sum is changed", "summary.json", |case| number(case, "\"amount\": \"")),
    Deed("the settled share is changed", "summary.json", |case| number(case, "\"ours\": \"0.")),
    Deed("the closing difference is changed", "summary.json", |case| {
        number(case, "\"closing_difference\": \"")
    }),
    Deed("the unexplained amount is changed", "summary.json", |case| {
        number(case, "\"unexplained_amount\": \"")
    }),
    Deed("the plan is changed", "summary.json", |case| number(case, "\"plan\": \"")),
    Deed("a period is claimed", "summary.json", |case| {
        replace(case, "summary.json", "\"period\": null", "\"period\": \"2026-10-01..2026-10-20\"")
    }),
];

/// Puts a digit in front of the number behind `mark`; the seal is that of the changed summary.
fn number(case: &Case, mark: &str) -> Option<u64> {
    replace(case, "summary.json", mark, &format!("{mark}1"))
}

const INPUTS: &[Deed] = &[
    Deed("an amount of ours is changed", "ours.csv", |case| {
        set(case, "ours.csv", 9, "1.23", any);
        None
    }),
    Deed("an amount of theirs is changed", "theirs.csv", |case| {
        set(case, "theirs.csv", 7, "1.23", |row| !row[7].is_empty());
        None
    }),
    Deed("a number of theirs is changed", "theirs.csv", |case| {
        set(case, "theirs.csv", 5, "XS-1", |row| !row[5].is_empty());
        None
    }),
    Deed("a date of ours is changed", "ours.csv", |case| {
        set(case, "ours.csv", 4, "2026-01-09", any);
        None
    }),
    Deed("a customer of ours is changed", "ours.csv", |case| {
        let other = rows(case, "ours.csv").last().unwrap().clone();
        edit(case, "ours.csv", |rows| {
            let at = first(rows, |row| row[0] != other[0]);
            rows[at][..2].clone_from_slice(&other[..2]);
            0
        })
    }),
    Deed("a row of ours is removed", "ours.csv", |case| {
        remove(case, "ours.csv", any);
        None
    }),
    Deed("a row of theirs is doubled", "theirs.csv", |case| {
        double(case, "theirs.csv", any);
        None
    }),
    Deed("our ledger is gone", "ours.csv", |case| {
        fs::remove_file(case.path("ours.csv")).unwrap();
        None
    }),
];

/// The findings of one tampering.
fn findings(original: &Case, deed: &Deed, resealed: bool) -> (Option<u64>, Unsound) {
    let copy = original.copy();
    let row = deed.2(&copy);
    if resealed && copy.path("ours.csv").is_file() {
        reseal(&copy);
    }
    match verify(&copy.dir(), &NoProgress) {
        Ok(verified) => panic!("{} (resealed: {resealed}) is verified: {verified:?}", deed.0),
        Err(VerifyError::Unsound(unsound)) => (row, unsound),
        Err(error) => panic!("{}: {error}", deed.0),
    }
}

#[track_caller]
fn check(deeds: &[Deed], formats: &[ResultFormat]) {
    let original = result(formats);
    for deed in deeds {
        for resealed in [false, true] {
            let (row, unsound) = findings(&original, deed, resealed);
            // An input that the digests fit is another input: the claims no longer follow from it.
            let input = deed.1 == "ours.csv" || deed.1 == "theirs.csv";
            let unproved = [FindingCode::Unproved, FindingCode::Unreadable];
            let named = |finding: &&Finding| match input && resealed {
                true => unproved.contains(&finding.code) || finding.file == deed.1,
                false => {
                    finding.file == deed.1 && (row.is_none() || !resealed || finding.row == row)
                }
            };
            let found = unsound.findings.iter().find(named);
            assert!(
                found.is_some(),
                "{} (resealed: {resealed}): {} row {row:?} is not named in {unsound}",
                deed.0,
                deed.1,
            );
            if resealed {
                let digests = [FindingCode::SealBroken, FindingCode::FileChanged];
                let by_digest = |finding: &&Finding| digests.contains(&finding.code);
                assert!(unsound.findings.iter().find(by_digest).is_none(), "{}: {unsound}", deed.0);
            }
        }
    }
}

#[test]
fn tampered_groups_are_found() {
    check(GROUPS, TABLES);
}

#[test]
fn tampered_members_are_found() {
    check(MEMBERS, TABLES);
}

#[test]
fn tampered_open_items_and_bridges_are_found() {
    check(OPEN, TABLES);
}

#[test]
fn tampered_evidence_rules_and_files_are_found() {
    check(EVIDENCE, FORMATS);
}

#[test]
fn tampered_summaries_are_found() {
    check(SUMMARY, TABLES);
}

#[test]
fn tampered_inputs_are_found() {
    check(INPUTS, TABLES);
}

#[test]
fn opening_differences_are_part_of_the_bridge() {
    let case = result_from(TABLES, [100_000, 50]);
    if let Err(error) = verify(&case.dir(), &NoProgress) {
        panic!("{error}");
    }
    set(&case, "bridge.csv", 5, "0.01", |row| row[2] == "opening" && !row[3].is_empty());
    reseal(&case);
    let Err(VerifyError::Unsound(unsound)) = verify(&case.dir(), &NoProgress) else {
        panic!("a changed opening difference is verified");
    };
    assert!(unsound.findings.iter().any(|finding| finding.file == "bridge.csv"), "{unsound}");
}

/// The tools of these tests change nothing by themselves.
#[test]
fn an_untouched_copy_is_verified() {
    let copy = result(FORMATS).copy();
    for file in ["groups.csv", "members.csv", "residuals.csv", "discrepancies.csv", "bridge.csv"] {
        edit(&copy, file, |_| 0);
    }
    reseal(&copy);
    if let Err(error) = verify(&copy.dir(), &NoProgress) {
        panic!("{error}");
    }
}

#[test]
fn what_is_no_result_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let refused = verify(home.path(), &NoProgress);
    assert!(matches!(refused, Err(VerifyError::NotAResult { .. })));
    fs::write(home.path().join("summary.json"), "{}").unwrap();
    let error = verify(home.path(), &NoProgress).unwrap_err().to_string();
    assert!(error.contains("summary.json cannot be read: missing field"), "{error}");
}

const TABLES: &[ResultFormat] = &[ResultFormat::Csv, ResultFormat::Json];
const FORMATS: &[ResultFormat] = &[ResultFormat::Csv, ResultFormat::Json, ResultFormat::Xlsx];

#[test]
fn a_result_that_stands_is_verified() {
    for formats in [FORMATS, &[ResultFormat::Json], &[ResultFormat::Xlsx], &[]] {
        let case = result(formats);
        let verified = match verify(&case.dir(), &NoProgress) {
            Ok(verified) => verified,
            Err(error) => panic!("{formats:?}: {error}"),
        };
        let tables = formats.iter().any(|format| *format != ResultFormat::Xlsx);
        assert_eq!(verified.from_tables, tables, "{formats:?}");
        assert!(verified.repeated);
        assert!(verified.checked.lines.iter().all(|lines| *lines > 300));
        assert!(verified.checked.pairs > 80 && verified.checked.groups > 10);
        assert!(verified.checked.residuals > 3 && verified.checked.discrepancies > 10);
    }
}
