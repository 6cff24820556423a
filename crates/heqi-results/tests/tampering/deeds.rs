//! Single tamperings: what is done, and in which file it must be found.

use std::fs;

use crate::case::{Case, double, edit, first, remove, replace, rows, set};

/// What is done to a copy; returns the line on which it must be found, if it has one.
pub type Tamper = fn(&Case) -> Option<u64>;

/// One tampering: name, file in which it must be found, the deed.
pub struct Deed(pub &'static str, pub &'static str, pub Tamper);

pub fn any(_: &[String]) -> bool {
    true
}

pub const GROUPS: &[Deed] = &[
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

pub const MEMBERS: &[Deed] = &[
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

pub const OPEN: &[Deed] = &[
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

/// Takes the first line that holds a text out of the evidence. A line may be missing there, so
/// only its proof can be missed.
fn without(case: &Case, what: &str) {
    let text = case.text("evidence.jsonl");
    let line = text.lines().find(|line| line.contains(what)).unwrap();
    fs::write(case.path("evidence.jsonl"), text.replacen(&format!("{line}\n"), "", 1)).unwrap();
}

pub const EVIDENCE: &[Deed] = &[
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
    Deed("the proof of a line that stands alone is removed", "residuals.csv", |case| {
        without(case, "\"of\":\"residual\"");
        None
    }),
    Deed("the proof of a discrepancy is removed", "discrepancies.csv", |case| {
        without(case, "\"of\":\"discrepancy\"");
        None
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

pub const SUMMARY: &[Deed] = &[
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

pub const INPUTS: &[Deed] = &[
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
