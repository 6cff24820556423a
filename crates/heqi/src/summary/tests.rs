//! The summary of hand-made outcomes, in both languages.

use heqi_domain::{Account, Currency, Lang, Lines, Reason};
use heqi_intake::{Format, Orientation};
use heqi_matching::{
    Discrepancy, ExactPair, Grounds, Group, GroupId, Outcome, Pass, Residual, Verdict,
};

use super::*;
use crate::tally::Part;

fn inspection(rows: u64, rejected: u64, sum: &str) -> Inspection {
    Inspection {
        format: Format::Csv,
        encoding: Some("utf-8".into()),
        separator: Some(",".into()),
        sheet: None,
        header_row: Some(1),
        columns: Vec::new(),
        rows,
        rejected,
        sum: sum.into(),
        opening: None,
        closing: None,
        first: Some("2026-10-01".into()),
        last: Some("2026-10-31".into()),
        orientation: Orientation::Receivable,
        stated_customer: None,
        warnings: Vec::new(),
    }
}

fn lines(side: Side, amounts: &[i64]) -> Lines {
    let mut lines = Lines::new(side);
    lines.amount = amounts.to_vec();
    lines
}

fn discrepancy(block: u32, reason: Reason, amount: i64) -> Discrepancy {
    Discrepancy {
        id: GroupId(1),
        block,
        verdict: Verdict::of(reason),
        amount,
        ours: heqi_matching::Members::none(),
        theirs: heqi_matching::Members::none(),
        grouped: false,
        evidence: Grounds::default(),
    }
}

fn group(state: State, ours: &[u32], theirs: &[u32], difference: i64) -> Group {
    Group {
        id: GroupId(2),
        block: 0,
        pass: Pass::SameReference,
        state,
        ours: ours.into(),
        theirs: theirs.into(),
        difference,
        verdict: Verdict::NONE,
        evidence: Grounds::default(),
    }
}

fn block(customer: &str, opening: [i128; 2], movement: [i128; 2], rows: [usize; 2]) -> Block {
    Block {
        account: Account { customer: customer.into(), currency: Currency::CNY },
        lines: [0, 0],
        opening,
        movement,
        pairs: 0..0,
        discrepancies: rows[0]..rows[1],
    }
}

/// Two customers: one pair, one difference, two rival suggestions, one line missing.
fn outcome() -> (Outcome, Lines, Lines) {
    let ours = lines(Side::Ours, &[100_000, 50_000, 30_000, 1_234_567]);
    let theirs = lines(Side::Theirs, &[100_000, 49_500, 30_000, 30_000]);
    let residual = Residual {
        side: Side::Ours,
        line: 3,
        block: 1,
        verdict: Verdict::of(Reason::MissingTheirs),
        evidence: Grounds::default(),
    };
    let outcome = Outcome {
        blocks: vec![
            block("华东机电", [0, 0], [180_000, 209_500], [0, 2]),
            block("南海商贸", [1_000, 0], [1_234_567, 0], [2, 3]),
        ],
        pairs: vec![ExactPair { id: GroupId(3), ours: 0, theirs: 0 }],
        groups: vec![
            group(State::Differs, &[1], &[1], 500),
            group(State::Suggested, &[2], &[2], 0),
            group(State::Suggested, &[2], &[3], 0),
        ],
        residuals: vec![residual],
        discrepancies: vec![
            discrepancy(0, Reason::Amount, 500),
            discrepancy(0, Reason::Unexplained, -30_000),
            discrepancy(1, Reason::MissingTheirs, 1_234_567),
        ],
    };
    (outcome, ours, theirs)
}

fn rendered(lang: Lang, view: View, out: Option<&Path>) -> String {
    let (outcome, ours, theirs) = outcome();
    let tally = Tally::of(&outcome, &ours, &theirs);
    let (left, right) = (inspection(4, 0, "14145.67"), inspection(4, 2, "-2095.00"));
    let file = |name: &str, inspection| File {
        name: name.into(),
        inspection,
        outside: Outside::default(),
    };
    Summary {
        ours: file("我方.csv", &left),
        theirs: file("customer.csv", &right),
        view,
        period: None,
        tally: &tally,
        blocks: &outcome.blocks,
        details: &[],
        out,
        workbook: None,
        elapsed: Duration::from_millis(12),
        timings: &[],
    }
    .render(&Terminal::plain(lang))
}

#[test]
fn rivals_count_their_lines_once() {
    let (outcome, ours, theirs) = outcome();
    let tally = Tally::of(&outcome, &ours, &theirs);
    assert_eq!(tally.settled, Placed { groups: 1, lines: [1, 1] });
    assert_eq!(tally.differs, Placed { groups: 1, lines: [1, 1] });
    assert_eq!(tally.suggested, Placed { groups: 2, lines: [1, 2] });
    assert_eq!(tally.residual, [1, 0]);
    assert!(tally.anything_open());
}

#[test]
fn an_opening_difference_that_no_row_names_is_a_part_of_the_bridge() {
    let (outcome, ours, theirs) = outcome();
    let tally = Tally::of(&outcome, &ours, &theirs);
    let bridge = &tally.bridges[0];
    let [closing, their_closing] = bridge.closing();
    let sum: i128 = bridge.parts.iter().map(|part| part.amount).sum();
    assert_eq!(closing - their_closing, sum);
    assert_eq!(
        bridge.part(Reason::Opening),
        Part { reason: Reason::Opening, count: 1, amount: 1_000 }
    );
}

/// Compares with the file under `tests/golden`; `HEQI_GOLDEN=accept` writes it anew.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("HEQI_GOLDEN").is_some_and(|value| value == "accept") {
        std::fs::write(&path, text).expect("a writable golden file");
    }
    let expected = std::fs::read_to_string(&path).expect("a golden file");
    assert_eq!(text, expected, "{name}");
}

#[test]
fn the_summary_in_chinese() {
    let view = View::Detected { same: 2, opposite: 984 };
    golden("hand_made.zh.txt", &rendered(Lang::Zh, view, None));
}

#[test]
fn the_summary_in_english() {
    golden("hand_made.en.txt", &rendered(Lang::En, View::Asked, Some(Path::new("result"))));
}

#[test]
fn lines_outside_the_period_are_stated() {
    let period: Period = "2026-10".parse().expect("a period");
    let outside = Outside { before: 3, after: 1_200, undated: 1 };
    let zh = notes::outside_note("我方", period, outside, &Terminal::plain(Lang::Zh));
    assert_eq!(zh, "我方只核对2026年10月：期前 3 行、期后 1,200 行、无日期 1 行未参与");
    let en = notes::outside_note("ours", period, outside, &Terminal::plain(Lang::En));
    assert_eq!(
        en,
        "ours: only October 2026 is matched; left out: 3 before it, 1,200 after it, 1 without a \
         date"
    );
}
