//! Goal: the pair has the shapes and shares it promises, the truth accounts for every line
//! and every cent, and the same seed makes the same bytes. Method: read back what is written.

use std::collections::BTreeMap;

use super::*;

struct Written {
    ours: String,
    theirs: String,
    truth: String,
    summary: BenchSummary,
}

fn write(lines: u32, seed: u64) -> Written {
    let (mut ours, mut theirs, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    let summary = bench_pair(lines, seed).write(&mut ours, &mut theirs, &mut truth).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Written { ours: text(ours), theirs: text(theirs), truth: text(truth), summary }
}

/// Rows by line id, columns as written.
fn rows(text: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row[0], number.to_string(), "ids count from 0");
    }
    rows
}

fn cents(row: &csv::StringRecord) -> i128 {
    heqi_domain::Money::parse(&row[4], 2).unwrap().minor().into()
}

#[test]
fn same_seed_same_bytes_and_another_seed_another_pair() {
    let (one, again, other) = (write(2_000, 5), write(2_000, 5), write(2_000, 6));
    assert_eq!((&one.ours, &one.theirs, &one.truth), (&again.ours, &again.theirs, &again.truth));
    assert_ne!(one.ours, other.ours);
    assert_ne!(one.theirs, other.theirs);
    // Two machines must agree: the first rows are pinned.
    let head =
        |text: &str| text.lines().take(3).map(|row| row.to_owned() + "\n").collect::<String>();
    assert_eq!(
        head(&one.ours),
        "line_id,customer_id,ref,doc_date,amount,type,currency,memo\n\
         0,C0000008,SO-0000000009,2026-01-01,221.01,sale,CNY,\
         order 3885C159 delivered to warehouse\n\
         1,C0000004,PY-0000000014,2026-01-01,472.88,payment,CNY,\
         \"order 13BFFD, per contract\"\n"
    );
    assert_eq!(
        head(&one.theirs),
        "line_id,customer_id,ref,doc_date,amount,type,currency,memo\n\
         0,C0000003,PY-0000011228,2026-10-20,5308.60,payment,CNY,\
         order 2A7A001C delivered to warehouse\n\
         1,C0000000,SO-0000008758,2026-08-17,3423.75,sale,CNY,order 4E55F64\n"
    );
}

#[test]
fn the_truth_accounts_for_every_line_and_every_cent() {
    for lines in [0, 1, 99, 1_000, 30_000] {
        let written = write(lines, 11);
        let (ours, theirs) = (rows(&written.ours), rows(&written.theirs));
        let mut seen_ours = vec![0_u32; ours.len()];
        let mut theirs_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut classes: BTreeMap<String, u64> = BTreeMap::new();
        let mut difference = 0;
        let mut reader = csv::Reader::from_reader(written.truth.as_bytes());
        for row in reader.records().map(Result::unwrap) {
            *classes.entry(row[2].to_owned()).or_default() += 1;
            let (their, our) = (row[0].parse::<usize>().ok(), row[1].parse::<usize>().ok());
            if let Some(our) = our {
                seen_ours[our] += 1;
                difference += cents(&ours[our]);
            }
            if let Some(their) = their {
                theirs_of.entry(their).or_default().extend(our);
            }
            check_class(&row[2], our.map(|our| &ours[our]), their.map(|their| &theirs[their]));
        }
        assert!(seen_ours.iter().all(|times| *times == 1), "each of ours stands once");
        assert!(theirs_of.keys().copied().eq(0..theirs.len()), "each of theirs stands");
        for (their, members) in &theirs_of {
            let sum: i128 = members.iter().map(|our| cents(&ours[*our])).sum();
            assert!(members.len() < 2 || sum == cents(&theirs[*their]), "a group sums up");
            difference -= cents(&theirs[*their]);
        }
        let summary = written.summary;
        assert_eq!(difference, summary.sum_ours - summary.sum_theirs);
        assert_eq!(summary.sum_ours, ours.iter().map(cents).sum::<i128>());
        assert_eq!(summary.sum_theirs, theirs.iter().map(cents).sum::<i128>());
        assert_eq!((summary.ours, summary.theirs), (ours.len() as u64, theirs.len() as u64));
        let count = |class: &str| classes.get(class).copied().unwrap_or(0);
        assert_eq!(count("exact"), summary.exact);
        assert_eq!(count("amount_differs"), summary.amount_differs);
        assert_eq!(count("reformatted"), summary.reformatted);
        assert_eq!(count("merged"), summary.merged);
        assert_eq!(count("only_ours"), summary.only_ours);
        assert_eq!(count("only_theirs"), summary.only_theirs);
        assert_eq!(count("duplicate_ours"), summary.duplicate_ours);
        assert_eq!(count("duplicate_theirs"), summary.duplicate_theirs);
    }
}

/// What a row of the truth claims is visible in the two lines.
#[track_caller]
fn check_class(class: &str, ours: Option<&csv::StringRecord>, theirs: Option<&csv::StringRecord>) {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        assert!(class.starts_with("only_") || class.starts_with("duplicate_"), "{class}");
        return;
    };
    assert_eq!((&ours[1], &ours[6]), (&theirs[1], &theirs[6]), "one account");
    assert_eq!(class == "reformatted" || class == "merged", ours[2] != theirs[2], "{class}");
    assert_eq!(class == "amount_differs" || class == "merged", ours[4] != theirs[4], "{class}");
    let day = |row: &csv::StringRecord| heqi_domain::day_from_iso(&row[3]).unwrap();
    let latest = if class == "merged" { 13 } else { 3 };
    assert!((0..=latest).contains(&(day(theirs) - day(ours))), "{class}");
}

#[test]
fn shares_are_those_of_the_benchmark() {
    let summary = write(100_000, 20_260_101).summary;
    let near = |actual: u64, expected: u64| actual.abs_diff(expected) * 10 < expected;
    assert!(near(summary.exact, 93_000), "{summary:?}");
    assert!(near(summary.amount_differs, 3_000), "{summary:?}");
    assert!(near(summary.small_difference, 1_500), "{summary:?}");
    assert!(near(summary.reformatted, 2_000), "{summary:?}");
    assert!(near(summary.merged, 1_000), "{summary:?}");
    assert!(near(summary.groups, 1_000 * 2 / 7), "{summary:?}");
    assert!(near(summary.only_ours, 1_000), "{summary:?}");
    assert_eq!((summary.only_theirs, summary.ours), (1_000, 100_100));
    assert_eq!((summary.duplicate_ours, summary.duplicate_theirs), (100, 100));
}
