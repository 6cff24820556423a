//! Goal: the two ledgers differ by exactly what the truth says, and the same seed makes the
//! same bytes. Method: write, read back, and add up.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::day_from_iso;

use super::*;

fn files(spec: &Spec) -> [String; 3] {
    let sample = generate(spec);
    let (mut ours, mut theirs, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    sample.write_ours(&mut ours).unwrap();
    sample.write_theirs(&mut theirs).unwrap();
    sample.write_truth(&mut truth).unwrap();
    [ours, theirs, truth].map(|bytes| String::from_utf8(bytes).unwrap())
}

fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

fn cents(text: &str) -> i128 {
    if text.is_empty() {
        return 0;
    }
    Money::parse(&text.replace(',', ""), 2).unwrap().minor().into()
}

#[test]
fn same_seed_same_bytes() {
    let spec = Spec::new(5, 300, 7);
    assert_eq!(files(&spec), files(&spec));
    assert_ne!(files(&spec)[0], files(&Spec::new(5, 300, 8))[0]);
}

#[test]
fn the_files_differ_by_exactly_what_the_truth_says() {
    for spec in [Spec::new(0, 1, 1), Spec::new(1, 40, 2), Spec::new(12, 1_000, 3)] {
        let sample = generate(&spec);
        let [ours, theirs, truth] = files(&spec);
        let sum_ours: i128 = rows(&ours).iter().map(|row| cents(&row["金额"])).sum();
        let payable = |row: &BTreeMap<_, String>| cents(&row["贷方金额"]) - cents(&row["借方金额"]);
        let sum_theirs: i128 = rows(&theirs).iter().map(payable).sum();
        let of_groups = |group: &TruthGroup| i128::from(group.difference.minor());
        let sum_groups: i128 = sample.groups.iter().map(of_groups).sum();
        assert_eq!(sum_ours - sum_theirs, sum_groups);
        let sum_truth: i128 = rows(&truth)
            .iter()
            .map(|row| if row["side"] == "ours" { 1 } else { -1 } * cents(&row["amount"]))
            .sum();
        assert_eq!(sum_truth, sum_groups);
        assert!(rows(&ours).len() >= spec.lines as usize);
    }
}

#[test]
fn the_truth_names_the_physical_row() {
    let [ours, theirs, truth] = files(&Spec::new(3, 200, 4));
    let (ours, theirs) = (rows(&ours), rows(&theirs));
    let mut seen = BTreeSet::new();
    for row in rows(&truth) {
        let line = row["line_id"].parse::<usize>().unwrap() - 2;
        assert!(seen.insert((row["side"].clone(), line)), "a line stands once");
        let amount = match row["side"].as_str() {
            "ours" => cents(&ours[line]["金额"]),
            _ => cents(&theirs[line]["贷方金额"]) - cents(&theirs[line]["借方金额"]),
        };
        assert_eq!(amount, cents(&row["amount"]));
    }
    assert_eq!(seen.len(), ours.len() + theirs.len());
}

#[test]
fn without_discrepancies_every_group_agrees() {
    let sample = generate(&Spec { discrepancies: 0, ..Spec::new(4, 500, 5) });
    for group in &sample.groups {
        assert_eq!((group.reason, group.ours, group.theirs), (None, 1, 1));
        assert_eq!(group.difference, Money::ZERO);
    }
}

/// The reasons in which nothing but form, date or place differs: no money is at stake.
const NO_DIFFERENCE: [Reason; 9] = [
    Reason::WrongReference,
    Reason::MissingReference,
    Reason::Date,
    Reason::Cutoff,
    Reason::WrongParty,
    Reason::Split,
    Reason::Merged,
    Reason::Regrouped,
    Reason::ReversalOneSided,
];

#[test]
fn every_kind_of_discrepancy_occurs_and_is_what_it_says() {
    let sample = generate(&Spec { discrepancies: 700, ..Spec::new(9, 4_000, 6) });
    let mut seen = BTreeSet::new();
    for group in &sample.groups {
        let differs = group.difference != Money::ZERO;
        let Some(reason) = group.reason else {
            assert!(!differs, "a group that agrees has no difference");
            continue;
        };
        seen.insert(reason);
        let in_transit = reason == Reason::Cutoff && group.ours == 0;
        assert_eq!(differs, in_transit || !NO_DIFFERENCE.contains(&reason), "{reason:?}");
        let sides = match reason {
            Reason::MissingTheirs | Reason::FreightFee | Reason::ExchangeHalf => (1, 0),
            Reason::DuplicateOurs => (1, 0),
            Reason::ReversalOneSided => (2, 0),
            Reason::MissingOurs | Reason::ReturnNotCredited | Reason::Withholding => (0, 1),
            Reason::UnrecognisedPayment | Reason::DuplicateTheirs => (0, 1),
            Reason::Split | Reason::Merged | Reason::Regrouped => {
                assert!(group.ours > 1 || group.theirs > 1);
                continue;
            }
            _ if in_transit => (0, 1),
            _ => (1, 1),
        };
        assert_eq!((group.ours, group.theirs), sides, "{reason:?}");
        let cents = group.difference.minor();
        if reason == Reason::DigitSlip {
            assert_eq!(cents % 9, 0, "a slip differs by a multiple of nine");
        }
        assert!(reason != Reason::Rounding || cents.abs() <= 5);
    }
    assert_eq!(seen.len(), 26, "{seen:?}");
}

#[test]
fn documents_look_like_documents() {
    let spec = Spec { period: "2026-Q4".parse().unwrap(), ..Spec::new(30, 900, 9) };
    let sample = generate(&spec);
    let names: BTreeSet<&str> = sample.customers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), 30);
    for row in &sample.ours {
        assert!(spec.period.contains(row.day));
        assert!(row.number.len() >= 15 && row.number.is_ascii(), "{}", row.number);
        assert!(row.invoice.is_empty() || row.invoice.len() == 20, "{}", row.invoice);
        let money = row.goods.is_none();
        assert_eq!(money, row.invoice.is_empty());
        if let Some(goods) = row.goods {
            assert_eq!(goods.quantity * goods.price.minor(), row.amount.minor());
            let net = row.amount.minor() - goods.tax.minor();
            let tax = (goods.tax.minor() * 100 - net * goods.tax_percent).abs();
            assert!(tax <= 100, "the tax is that of the net amount: {row:?}");
        }
    }
    let [ours, theirs, _] = files(&spec);
    assert!(ours.starts_with("\u{feff}客户编码,客户名称,单据类型,单据编号,日期,"));
    for row in rows(&theirs) {
        assert!(day_from_iso(&row["记账日期"]).is_some());
        assert!(row["借方金额"].is_empty() != row["贷方金额"].is_empty());
    }
}

#[test]
fn a_period_open_at_an_end_is_a_month() {
    for (period, first, last) in [
        ("2026-10-01..", "2026-10-01", "2026-10-31"),
        ("..2026-10-31", "2026-10-01", "2026-10-31"),
        ("2026-01-26..2026-02-25", "2026-01-26", "2026-02-25"),
    ] {
        let expected = (day_from_iso(first).unwrap(), day_from_iso(last).unwrap());
        assert_eq!(days(period.parse().unwrap()), expected, "{period}");
    }
}
