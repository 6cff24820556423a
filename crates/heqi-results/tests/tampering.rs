//! A result that stands is verified; every single tampering is found and its place is named.
//!
//! Each is tried twice: as it is, and as by somebody who knows the folder, who makes every
//! digest and the seal match again, so that only the content can tell.

#[path = "tampering/case.rs"]
mod case;
#[path = "tampering/deeds.rs"]
mod deeds;

use std::fs;

use heqi_domain::NoProgress;
use heqi_results::{Finding, FindingCode, ResultFormat, Unsound, VerifyError, verify};

use case::{Case, FORMATS, TABLES, edit, reseal, result, result_from, set};
use deeds::{Deed, EVIDENCE, GROUPS, INPUTS, MEMBERS, OPEN, SUMMARY};

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
