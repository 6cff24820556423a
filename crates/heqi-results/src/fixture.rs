//! A small match written by hand: two customers, two currencies, every kind of group.
//!
//! 杭州锦程 (CNY): an exact pair, a price difference, an invoice they lack, a payment we lack, a
//! suggestion with two alternatives, two of ours merged into one of theirs, different openings.
//! 青岛海纳 (JPY): one exact pair.

use std::time::Duration;

use heqi_domain::{
    Account, Currency, EntryKind, Lang, LineIds, Lines, NO_DAY, Names, Reason, Side, Stage,
    day_from_iso,
};
use heqi_intake::{Format, Inspection, Orientation, Reject, RejectReason};
use heqi_matching::{
    Block, Discrepancy, Evidence, ExactPair, Grounds, Group, GroupId, Members, Outcome, Pass,
    Residual, SearchAnswer, State, Verdict,
};

use crate::model::{Input, MatchResult, Rules};

/// id, customer, currency, date, number, minor units.
pub type LineText = (&'static str, &'static str, &'static str, &'static str, &'static str, i64);

pub const OURS: &[LineText] = &[
    ("O1", "杭州锦程", "CNY", "2026-10-02", "XS261002-007", 1_286_000),
    ("O2", "杭州锦程", "CNY", "2026-10-16", "XS261016-005", 1_584_000),
    ("O3", "杭州锦程", "CNY", "2026-10-21", "XS261021-008", 724_500),
    ("=O4", "杭州锦程", "CNY", "", "", 10_000),
    ("O5", "杭州锦程", "CNY", "2026-10-23", "XS261023-001", 100_000),
    ("O6", "杭州锦程", "CNY", "2026-10-24", "XS261024-001", 50_000),
    ("O7", "青岛海纳", "JPY", "2026-10-30", "QD-1", 5_000),
];

pub const THEIRS: &[LineText] = &[
    ("T1", "杭州锦程", "CNY", "2026-10-03", "XS261002-007", 1_286_000),
    ("T2", "杭州锦程", "CNY", "2026-10-17", "XS261016-005", 1_536_000),
    ("T3", "杭州锦程", "CNY", "2026-10-31", "FK-1031", -2_000_000),
    ("T4", "杭州锦程", "CNY", "2026-10-05", "+86-1", 10_000),
    ("T5", "杭州锦程", "CNY", "2026-10-06", "", 10_000),
    ("T6", "杭州锦程", "CNY", "2026-10-25", "RK-77", 150_000),
    ("T7", "青岛海纳", "JPY", "2026-10-30", "QD-1", 5_000),
];

pub fn lines(side: Side, rows: &[LineText]) -> Lines {
    let mut lines = Lines::new(side);
    let mut ids = Names::new();
    for (id, customer, currency, date, number, amount) in rows {
        let account = Account {
            customer: (*customer).to_owned(),
            currency: currency.parse::<Currency>().unwrap(),
        };
        let known = lines.accounts.iter().position(|it| *it == account);
        let place = known.unwrap_or_else(|| {
            lines.accounts.push(account);
            lines.accounts.len() - 1
        });
        lines.account.push(place as u32);
        lines.amount.push(*amount);
        lines.day.push(day_from_iso(date).unwrap_or(NO_DAY));
        lines.kind.push(if *amount < 0 { EntryKind::Receipt } else { EntryKind::Sale });
        lines.reference.push(number);
        lines.text.push(if number.is_empty() { "=1+1" } else { "" });
        ids.push(id);
    }
    lines.id = LineIds::Named(ids);
    lines
}

fn group(
    id: u64,
    pass: Pass,
    state: State,
    sides: [&[u32]; 2],
    difference: i64,
    verdict: Verdict,
    evidence: Grounds,
) -> Group {
    let [ours, theirs] = sides.map(Members::from);
    Group { id: GroupId(id), block: 0, pass, state, ours, theirs, difference, verdict, evidence }
}

fn discrepancy(
    id: u64,
    reason: Reason,
    amount: i64,
    sides: [&[u32]; 2],
    grouped: bool,
) -> Discrepancy {
    let [ours, theirs] = sides.map(Members::from);
    let (verdict, evidence) = (Verdict::of(reason), Grounds::default());
    Discrepancy { id: GroupId(id), block: 0, verdict, amount, ours, theirs, grouped, evidence }
}

fn groups() -> Vec<Group> {
    let proof = |key: &str, days| {
        Grounds::from(Evidence { key: key.to_owned(), days, ..Evidence::default() })
    };
    let rank = |rank| Grounds::from(Evidence { rank, candidates: 2, ..Evidence::default() });
    let merged =
        Evidence { search: Some(SearchAnswer::Unique), tried: 3, ..Evidence::default() }.into();
    let near = Verdict::of(Reason::Ambiguous).with(Reason::MissingReference);
    vec![
        group(
            2,
            Pass::SameReference,
            State::Differs,
            [&[1], &[1]],
            48_000,
            Verdict::of(Reason::PriceQuantity),
            proof("16005", Some(1)),
        ),
        group(
            5,
            Pass::Combination,
            State::Settled,
            [&[4, 5], &[5]],
            0,
            Verdict::of(Reason::Merged).with(Reason::WrongReference),
            merged,
        ),
        group(3, Pass::AmountDate, State::Suggested, [&[3], &[3]], 0, near, rank(1)),
        group(4, Pass::AmountDate, State::Suggested, [&[3], &[4]], 0, near, rank(2)),
    ]
}

pub fn outcome() -> Outcome {
    let account = |customer: &str, currency: &str| Account {
        customer: customer.to_owned(),
        currency: currency.parse().unwrap(),
    };
    Outcome {
        blocks: vec![
            Block {
                account: account("杭州锦程", "CNY"),
                lines: [6, 6],
                opening: [34_261_840, 33_811_840],
                movement: [3_754_500, 992_000],
                pairs: 0..1,
                discrepancies: 0..5,
            },
            Block {
                account: account("青岛海纳", "JPY"),
                lines: [1, 1],
                opening: [0, 0],
                movement: [5_000, 5_000],
                pairs: 1..2,
                discrepancies: 5..5,
            },
        ],
        pairs: vec![
            ExactPair { id: GroupId(1), ours: 0, theirs: 0 },
            ExactPair { id: GroupId(7), ours: 6, theirs: 6 },
        ],
        groups: groups(),
        residuals: vec![
            Residual {
                side: Side::Ours,
                line: 2,
                block: 0,
                verdict: Verdict::of(Reason::MissingTheirs),
                evidence: Grounds::default(),
            },
            Residual {
                side: Side::Theirs,
                line: 2,
                block: 0,
                verdict: Verdict::of(Reason::UnrecognisedPayment).with(Reason::Cutoff),
                evidence: Grounds::default(),
            },
        ],
        discrepancies: vec![
            discrepancy(2, Reason::PriceQuantity, 48_000, [&[1], &[1]], true),
            discrepancy(12, Reason::MissingTheirs, 724_500, [&[2], &[]], false),
            discrepancy(13, Reason::UnrecognisedPayment, 2_000_000, [&[], &[2]], false),
            discrepancy(10, Reason::Opening, 450_000, [&[], &[]], false),
            discrepancy(14, Reason::Ambiguous, -10_000, [&[], &[4]], false),
        ],
    }
}

fn inspection(rows: u64, orientation: Orientation) -> Inspection {
    Inspection {
        format: Format::Csv,
        encoding: Some("utf-8".to_owned()),
        separator: Some(",".to_owned()),
        sheet: None,
        header_row: Some(1),
        columns: Vec::new(),
        rows,
        rejected: 0,
        sum: "0.00".to_owned(),
        opening: None,
        closing: None,
        first: Some("2026-10-02".to_owned()),
        last: Some("2026-10-31".to_owned()),
        orientation,
        stated_customer: None,
        warnings: Vec::new(),
    }
}

/// Everything that a [`MatchResult`] borrows.
pub struct Fixture {
    pub outcome: Outcome,
    pub ours: Lines,
    pub theirs: Lines,
    pub inspections: [Inspection; 2],
    pub rejects: Vec<Reject>,
    pub options: Vec<(String, String)>,
    pub lang: Lang,
    pub timings: Vec<(Stage, Duration)>,
}

impl Fixture {
    pub fn new() -> Self {
        Self {
            outcome: outcome(),
            ours: lines(Side::Ours, OURS),
            theirs: lines(Side::Theirs, THEIRS),
            inspections: [
                inspection(7, Orientation::Receivable),
                inspection(7, Orientation::Payable),
            ],
            rejects: vec![Reject {
                row: 9,
                column: "金额".to_owned(),
                value: "=1/0".to_owned(),
                reason: RejectReason::AmountUnreadable,
            }],
            options: vec![("view".to_owned(), "payable".to_owned())],
            lang: Lang::Zh,
            timings: vec![(Stage::Match, Duration::from_micros(1_500))],
        }
    }

    /// Hands the result to `use_it`.
    pub fn with<T>(&self, use_it: impl FnOnce(&MatchResult) -> T) -> T {
        let sentence = |it: &Discrepancy| format!("-差 {}，见 \"单据\"", it.amount);
        let input = |at: usize, name: &'static str, digest: &'static str| Input {
            name,
            path: name,
            bytes: 1_000,
            sha256: digest,
            inspection: &self.inspections[at],
            options: if at == 1 { &self.options } else { &[] },
            rejects: if at == 1 { &self.rejects } else { &[] },
        };
        use_it(&MatchResult {
            outcome: &self.outcome,
            ours: &self.ours,
            theirs: &self.theirs,
            inputs: [
                input(0, "我方明细账.csv", "0a9f9f36be44962405d79c9cd8623a76"),
                input(1, "锦程对账单.xlsx", "1b9f9f36be44962405d79c9cd8623a76"),
            ],
            rules: Rules { name: "default", toml: "[passes]\nexact = true\n" },
            period: Some("2026-10".parse().unwrap()),
            lang: self.lang,
            sentence: &sentence,
            created: Some("2026-11-03 15:02"),
            timings: &self.timings,
        })
    }
}
