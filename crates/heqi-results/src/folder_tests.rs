//! Goal: the files say what the outcome says, the same bytes every time, and the folder is
//! there whole or not at all. Method: a small match written by hand, golden texts, and runs
//! that are refused, stopped or repeated.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use heqi_domain::{Account, NoProgress, Progress, Side, Stage};
use heqi_matching::{Block, ExactPair, GroupId};
use tempfile::TempDir;

use crate::fixture::{Fixture, lines};
use crate::model::Written;
use crate::{ResultFormat, ResultsError, Summary, parse_lines_cell, write};

const ALL: [ResultFormat; 3] = [ResultFormat::Csv, ResultFormat::Json, ResultFormat::Xlsx];

fn write_to(dir: &Path, fixture: &Fixture) -> Result<Written, ResultsError> {
    fixture.with(|result| write(dir, &ALL, result, &NoProgress))
}

fn written(fixture: &Fixture) -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("result");
    write_to(&dir, fixture).unwrap();
    (parent, dir)
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

/// Names in a folder, sorted.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn check(name: &str, expected: &str) {
    let (_parent, dir) = written(&Fixture::new());
    assert_eq!(read(&dir, name), expected, "{name}");
}

#[test]
fn groups_stand_by_block_exact_pairs_first() {
    check(
        "groups.csv",
        "\
group_id,state,pass,n_ours,n_theirs,difference,reason,customer,currency,rank
G0000000000000001,settled,exact,1,1,0.00,,杭州锦程,CNY,
G0000000000000002,differs,same_reference,1,1,480.00,price_quantity,杭州锦程,CNY,
G0000000000000005,settled,combination,2,1,0.00,merged+wrong_reference,杭州锦程,CNY,
G0000000000000003,suggested,amount_date,1,1,0.00,ambiguous+missing_reference,杭州锦程,CNY,1
G0000000000000004,suggested,amount_date,1,1,0.00,ambiguous+missing_reference,杭州锦程,CNY,2
G0000000000000007,settled,exact,1,1,0,,青岛海纳,JPY,
",
    );
}

#[test]
fn c5_members_keep_their_ids_readable_and_harmless() {
    check(
        "members.csv",
        "\
side,line_id,group_id,state,reason
ours,O1,G0000000000000001,settled,
theirs,T1,G0000000000000001,settled,
ours,O2,G0000000000000002,differs,price_quantity
theirs,T2,G0000000000000002,differs,price_quantity
ours,O5,G0000000000000005,settled,merged+wrong_reference
ours,O6,G0000000000000005,settled,merged+wrong_reference
theirs,T6,G0000000000000005,settled,merged+wrong_reference
ours,'=O4,G0000000000000003,suggested,ambiguous+missing_reference
theirs,T4,G0000000000000003,suggested,ambiguous+missing_reference
ours,'=O4,G0000000000000004,suggested,ambiguous+missing_reference
theirs,T5,G0000000000000004,suggested,ambiguous+missing_reference
ours,O7,G0000000000000007,settled,
theirs,T7,G0000000000000007,settled,
",
    );
}

#[test]
fn residuals_say_what_they_are() {
    check(
        "residuals.csv",
        "\
side,line_id,reason,customer,currency,date,reference,amount
ours,O3,missing_theirs,杭州锦程,CNY,2026-10-21,XS261021-008,7245.00
theirs,T3,unrecognised_payment+cutoff,杭州锦程,CNY,2026-10-31,FK-1031,-20000.00
",
    );
}

#[test]
fn c5_discrepancies_name_their_lines_and_negative_amounts_stay_numbers() {
    check(
        "discrepancies.csv",
        "\
id,customer,currency,reason,amount,lines,group_id,sentence
D0000000000000002,杭州锦程,CNY,price_quantity,480.00,ours:O2;theirs:T2,G0000000000000002,\
\"'-差 48000，见 \"\"单据\"\"\"
D000000000000000c,杭州锦程,CNY,missing_theirs,7245.00,ours:O3,,\"'-差 724500，见 \"\"单据\"\"\"
D000000000000000d,杭州锦程,CNY,unrecognised_payment,20000.00,theirs:T3,,\
\"'-差 2000000，见 \"\"单据\"\"\"
D000000000000000a,杭州锦程,CNY,opening,4500.00,,,\"'-差 450000，见 \"\"单据\"\"\"
D000000000000000e,杭州锦程,CNY,ambiguous,-100.00,theirs:T5,,\"'-差 -10000，见 \"\"单据\"\"\"
",
    );
}

#[test]
fn the_bridge_leads_from_opening_to_closing_and_counts_the_opening_once() {
    check(
        "bridge.csv",
        "\
customer,currency,item,discrepancy_id,reason,amount,ours,theirs
杭州锦程,CNY,opening,D000000000000000a,opening,4500.00,342618.40,338118.40
杭州锦程,CNY,discrepancy,D0000000000000002,price_quantity,480.00,,
杭州锦程,CNY,discrepancy,D000000000000000c,missing_theirs,7245.00,,
杭州锦程,CNY,discrepancy,D000000000000000d,unrecognised_payment,20000.00,,
杭州锦程,CNY,discrepancy,D000000000000000e,ambiguous,-100.00,,
杭州锦程,CNY,closing,,,32125.00,380163.40,348038.40
青岛海纳,JPY,opening,,,0,0,0
青岛海纳,JPY,closing,,,0,5000,5000
",
    );
}

#[test]
fn c5_rejects_show_the_cell_without_running_it() {
    let (_parent, dir) = written(&Fixture::new());
    let text = read(&dir, "rejects.csv");
    let (head, row) = text.split_once('\n').unwrap();
    assert_eq!(head, "side,row,column,value,reason,text,remedy");
    assert!(row.starts_with("theirs,9,金额,'=1/0,amount_unreadable,金额无法识别,"), "{row}");
}

#[test]
fn evidence_has_a_line_for_each_group_and_for_whatever_else_has_some() {
    let mut fixture = Fixture::new();
    fixture.outcome.discrepancies[1].evidence.candidates = 3;
    fixture.outcome.residuals[0].evidence.key = "16007".to_owned();
    let (_parent, dir) = written(&fixture);
    assert_eq!(
        read(&dir, "evidence.jsonl").replace("00000000000000", "…"),
        r#"{"of":"group","id":"G…02","pass":"same_reference","evidence":{"key":"16005","days":1}}
{"of":"group","id":"G…05","pass":"combination","evidence":{"search":{"answer":"unique"},"tried":3}}
{"of":"group","id":"G…03","pass":"amount_date","evidence":{"candidates":2,"rank":1}}
{"of":"group","id":"G…04","pass":"amount_date","evidence":{"candidates":2,"rank":2}}
{"of":"discrepancy","id":"D…0c","evidence":{"candidates":3}}
{"of":"residual","side":"ours","line_id":"O3","evidence":{"key":"16007"}}
"#,
    );
}

#[test]
fn json_lines_hold_the_cells_of_the_csv() {
    let (_parent, dir) = written(&Fixture::new());
    for table in ["groups", "members", "residuals", "discrepancies", "bridge", "rejects"] {
        let text = read(&dir, &format!("{table}.csv"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let heads = reader.headers().unwrap().clone();
        let objects = read(&dir, &format!("{table}.jsonl"));
        let mut objects = objects.lines();
        for record in reader.records() {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(objects.next().unwrap()).unwrap();
            for (head, cell) in heads.iter().zip(&record.unwrap()) {
                let value = match &object[head] {
                    serde_json::Value::String(text) => text.clone(),
                    number => number.to_string(),
                };
                assert_eq!(value, crate::original(cell), "{table}.{head}");
            }
        }
        assert_eq!(objects.next(), None, "{table}");
    }
}

#[test]
fn the_summary_counts_and_seals() {
    let (_parent, dir) = written(&Fixture::new());
    let bytes = fs::read(dir.join("summary.json")).unwrap();
    let summary: Summary = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(summary.to_bytes(), bytes);
    assert_eq!(summary.seal, summary.seal_of());
    let states: Vec<_> = summary
        .states
        .iter()
        .map(|it| (it.state.as_str(), it.groups, it.lines.ours, it.lines.theirs))
        .collect();
    assert_eq!(
        states,
        [("settled", 3, 4, 3), ("differs", 1, 1, 1), ("suggested", 2, 1, 2), ("residual", 0, 1, 1)]
    );
    assert_eq!(summary.settled_share.ours, "0.5714");
    let bridge = &summary.bridge[0];
    assert_eq!(bridge.currency, "CNY");
    assert_eq!(bridge.opening_difference, "4500.00");
    assert_eq!((bridge.discrepancies, bridge.discrepancy_sum.as_str()), (4, "27625.00"));
    assert_eq!(bridge.closing_difference, "32125.00");
    assert_eq!((bridge.unexplained, bridge.unexplained_amount.as_str()), (0, "0.00"));
    let listed: Vec<String> = summary.files.iter().map(|file| file.name.clone()).collect();
    let mut present = names(&dir);
    present.retain(|name| name != "summary.json" && name != "timings.json");
    assert_eq!(listed, present);
    for file in &summary.files {
        let found = crate::digest_of(&dir.join(&file.name)).unwrap();
        assert_eq!(found, (file.bytes, file.sha256.clone()), "{}", file.name);
    }
    let timings: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("timings.json")).unwrap()).unwrap();
    assert_eq!(timings["stages"][0]["microseconds"], 1_500);
    assert_eq!(timings["created"], "2026-11-03 15:02");
}

#[test]
fn the_plan_depends_on_inputs_reading_rules_and_openings() {
    let plan = |fixture: &Fixture| fixture.with(Summary::of).unwrap().plan;
    let first = plan(&Fixture::new());
    assert_eq!(first, plan(&Fixture::new()));
    let mut other = Fixture::new();
    other.options[0].1 = "receivable".to_owned();
    assert_ne!(first, plan(&other), "what the caller said");
    let mut other = Fixture::new();
    other.inspections[0].header_row = Some(2);
    assert_ne!(first, plan(&other), "how it was read");
    let mut other = Fixture::new();
    other.outcome.blocks[0].opening = [34_261_841, 33_811_841];
    assert_ne!(first, plan(&other), "opening balances");
}

#[test]
fn two_runs_and_any_number_of_threads_give_the_same_bytes() {
    let fixture = Fixture::new();
    let (_parent, first) = written(&fixture);
    for threads in [1, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("elsewhere");
        pool.install(|| write_to(&dir, &fixture)).unwrap();
        assert_eq!(names(&first), names(&dir));
        for name in names(&dir) {
            let same = fs::read(first.join(&name)).unwrap() == fs::read(dir.join(&name)).unwrap();
            assert!(same, "{name} with {threads} threads");
        }
    }
}

/// `pairs` exact pairs of three customers; blocks stand in another order than the file names
/// the customers. Returns it with the customer of each pair, in the order of the outcome.
fn exact_pairs(pairs: usize) -> (Fixture, Vec<(usize, &'static str)>) {
    let customers = ["甲", "乙", "丙"];
    let mut fixture = Fixture::new();
    let rows: Vec<crate::fixture::LineText> = (0..pairs)
        .map(|at| ("", customers[at * 3 / pairs], "CNY", "2026-10-01", "XS-261001", 100))
        .collect();
    fixture.ours = lines(Side::Ours, &rows);
    fixture.theirs = lines(Side::Theirs, &rows);
    for lines in [&mut fixture.ours, &mut fixture.theirs] {
        let mut ids = heqi_domain::Names::new();
        (0..pairs).for_each(|at| ids.push(&format!("O{at:09}")));
        lines.id = heqi_domain::LineIds::Named(ids);
    }
    let order = [2_usize, 0, 1];
    let of = |customer: usize| (0..pairs).filter(move |at| at * 3 / pairs == customer);
    let mut end = 0;
    let blocks = order.map(|customer| {
        let count = of(customer).count();
        end += count;
        Block {
            account: Account {
                customer: customers[customer].to_owned(),
                currency: heqi_domain::Currency::CNY,
            },
            lines: [count as u64; 2],
            opening: [0, 0],
            movement: [100 * count as i128; 2],
            pairs: end - count..end,
            discrepancies: 0..0,
        }
    });
    let in_order: Vec<usize> = order.into_iter().flat_map(of).collect();
    let pair = |at: &usize| {
        let line = *at as u32;
        ExactPair { id: GroupId(*at as u64), ours: line, theirs: line }
    };
    fixture.outcome = heqi_matching::Outcome {
        blocks: blocks.into(),
        pairs: in_order.iter().map(pair).collect(),
        groups: Vec::new(),
        residuals: Vec::new(),
        discrepancies: Vec::new(),
    };
    let shown = in_order.into_iter().map(|at| (at, customers[at * 3 / pairs])).collect();
    (fixture, shown)
}

#[test]
fn pieces_keep_every_pair_in_its_block() {
    // More pairs than a piece holds.
    let (fixture, expected) = exact_pairs(50_000);
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("r");
    fixture.with(|result| write(&dir, &[ResultFormat::Csv], result, &NoProgress)).unwrap();
    let groups = read(&dir, "groups.csv");
    assert_eq!(groups.lines().count(), expected.len() + 1);
    for (row, (at, customer)) in groups.lines().skip(1).zip(expected) {
        assert_eq!(row, format!("G{at:016x},settled,exact,1,1,0.00,,{customer},CNY,"));
    }
    assert_eq!(read(&dir, "members.csv").lines().count(), 100_001);
}

/// `cargo test --release -p heqi-results speed -- --ignored --nocapture`
#[test]
#[ignore = "measures; needs a release build"]
fn speed_of_a_million_pairs() {
    let (fixture, _) = exact_pairs(1_000_000);
    for (format, most) in [(ResultFormat::Csv, 1.0), (ResultFormat::Json, 1.5)] {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("r");
        let start = std::time::Instant::now();
        fixture.with(|result| write(&dir, &[format], result, &NoProgress)).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        eprintln!("{}: 1 M groups, 2 M members in {seconds:.3} s", format.code());
        assert!(seconds < most, "{seconds} s");
    }
    let (fixture, _) = exact_pairs(100_000);
    let parent = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let dir = parent.path().join("r");
    fixture.with(|result| write(&dir, &[ResultFormat::Xlsx], result, &NoProgress)).unwrap();
    eprintln!("xlsx: 100 k lines a side in {:.3} s", start.elapsed().as_secs_f64());
}

#[test]
fn a_result_of_ours_is_replaced() {
    let (parent, dir) = written(&Fixture::new());
    let mut fixture = Fixture::new();
    fixture.rejects.clear();
    write_to(&dir, &fixture).unwrap();
    assert_eq!(read(&dir, "rejects.csv").lines().count(), 1);
    assert_eq!(names(parent.path()), ["result"], "nothing is left beside it");
}

#[test]
fn an_empty_folder_and_missing_parents_are_taken() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("empty");
    fs::create_dir(&dir).unwrap();
    write_to(&dir, &Fixture::new()).unwrap();
    let dir = parent.path().join("a/b/c");
    let written = write_to(&dir, &Fixture::new()).unwrap();
    assert!(written.workbook.unwrap().exists());
}

#[track_caller]
fn check_refused(prepare: impl FnOnce(&Path), expected: &str) {
    let (parent, dir) = written(&Fixture::new());
    prepare(&dir);
    let before: Option<Vec<String>> = dir.is_dir().then(|| names(&dir));
    let error = write_to(&dir, &Fixture::new()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert_eq!(before, dir.is_dir().then(|| names(&dir)), "what stood there still stands");
    assert_eq!(names(parent.path()), ["result"], "nothing is left beside it");
}

#[test]
fn what_is_not_ours_is_never_replaced() {
    check_refused(
        |dir| fs::write(dir.join("批注.docx"), "x").unwrap(),
        "holds `批注.docx`, which Heqi did not write",
    );
    check_refused(
        |dir| fs::create_dir(dir.join("old")).unwrap(),
        "holds `old`, which Heqi did not write",
    );
    check_refused(
        |dir| fs::write(dir.join("summary.json"), "{\"product\":\"other\"}").unwrap(),
        "is not empty and holds no result of Heqi",
    );
    check_refused(
        |dir| fs::remove_file(dir.join("summary.json")).unwrap(),
        "is not empty and holds no result of Heqi",
    );
    check_refused(
        |dir| {
            fs::remove_dir_all(dir).unwrap();
            fs::write(dir, "a file").unwrap();
        },
        "is a file",
    );
}

/// Asks to stop at the n-th question.
struct StopAt(AtomicU32);

impl Progress for StopAt {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn cancelled(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) <= 1
    }
}

#[test]
fn a_stop_at_any_moment_leaves_what_was_there() {
    let fixture = Fixture::new();
    let (parent, dir) = written(&fixture);
    let before = fs::read(dir.join("summary.json")).unwrap();
    let mut stopped = 0;
    for question in 1..200 {
        let stop = StopAt(AtomicU32::new(question));
        let fresh = parent.path().join("fresh");
        match fixture.with(|result| write(&fresh, &ALL, result, &stop)) {
            Err(ResultsError::Cancelled) => stopped += 1,
            other => {
                other.unwrap();
                break;
            }
        }
        assert_eq!(names(parent.path()), ["result"], "after question {question}");
        let stop = StopAt(AtomicU32::new(question));
        let again = fixture.with(|result| write(&dir, &ALL, result, &stop));
        assert!(matches!(again, Err(ResultsError::Cancelled)));
        assert_eq!(fs::read(dir.join("summary.json")).unwrap(), before);
    }
    assert!((10..199).contains(&stopped), "{stopped} places were tried");
}

#[test]
fn an_outcome_that_does_not_add_up_is_never_published() {
    let refused = |change: &dyn Fn(&mut Fixture)| {
        let mut fixture = Fixture::new();
        change(&mut fixture);
        let parent = tempfile::tempdir().unwrap();
        let error = write_to(&parent.path().join("r"), &fixture).unwrap_err();
        assert!(names(parent.path()).is_empty());
        error.to_string()
    };
    let lost = refused(&|it| drop(it.outcome.residuals.pop()));
    assert!(lost.starts_with("conservation broken: 6 of 7 lines of theirs"), "{lost}");
    let off = refused(&|it| it.outcome.discrepancies[0].amount += 1);
    assert!(off.starts_with("the bridge of customer `杭州锦程` in CNY is off by -0.01"), "{off}");
    let opening = refused(&|it| {
        it.outcome.discrepancies[3].amount -= 1;
    });
    assert!(opening.contains("is off by 0.01"), "{opening}");
    let sums = refused(&|it| {
        it.outcome.blocks[1].movement = [5_001, 5_001];
    });
    assert!(sums.contains("the JPY movements of ours add up to 5001, the lines to 5000"), "{sums}");
}

#[test]
fn the_cell_of_lines_can_be_taken_apart() {
    let id = |text: &str| text.to_owned();
    assert_eq!(parse_lines_cell(""), Some(Vec::new()));
    assert_eq!(
        parse_lines_cell(r"ours:a\;b;theirs:c\\;ours:x:y"),
        Some(vec![(Side::Ours, id("a;b")), (Side::Theirs, id(r"c\")), (Side::Ours, id("x:y"))])
    );
    for broken in ["ours", "mine:1", r"ours:1\", "ours:1;", ";"] {
        assert_eq!(parse_lines_cell(broken), None, "{broken}");
    }
}
