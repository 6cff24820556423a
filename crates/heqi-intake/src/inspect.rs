//! The inspection: how the file was read, for `heqi inspect` and for the result.

use heqi_domain::Lines;

use crate::checks::{Findings, warning};
use crate::collect::{Seen, Tally};
use crate::plan::Plan;
use crate::{Inspection, Orientation, Warning, amount, date};

/// Makes the inspection. `repeated`: the id column repeats values, so rows are called by number.
pub(crate) fn inspection(
    plan: &Plan,
    lines: &Lines,
    tally: &Tally,
    rejected: u64,
    findings: &Findings,
    repeated: bool,
) -> Inspection {
    let mut warnings = plan.warnings.clone();
    warnings.extend(findings.warnings.iter().cloned());
    warnings.extend(noted(tally));
    if repeated {
        warnings.push(warning(
            "ids_repeat",
            None,
            "the id column repeats or leaves out values; lines are called by their row".into(),
            "行标识列有重复或空值，明细改以行号标识".into(),
        ));
    }
    let payable = findings.mirrored;
    Inspection {
        format: plan.format,
        encoding: plan.text.as_ref().map(|it| it.encoding.to_owned()),
        separator: plan.text.as_ref().map(|it| char::from(it.separator).to_string()),
        sheet: plan.sheet.clone(),
        header_row: plan.header_row,
        columns: plan.columns.clone(),
        rows: lines.len() as u64,
        rejected,
        sum: sum(plan, lines, tally),
        opening: findings.opening.clone(),
        closing: findings.closing.clone(),
        first: tally.days.map(|(first, _)| date::text(first)),
        last: tally.days.map(|(_, last)| date::text(last)),
        orientation: if payable { Orientation::Payable } else { Orientation::Receivable },
        stated_customer: plan.stated.customer.clone(),
        warnings,
    }
}

/// Σ in the file's own orientation, with the decimals of its most precise currency.
fn sum(plan: &Plan, lines: &Lines, tally: &Tally) -> String {
    let exponents = lines.accounts.iter().map(|it| it.currency.exponent());
    let exponent = exponents.max().unwrap_or(plan.currency.exponent()).min(3);
    amount::text(tally.sums.net() / 10_i128.pow(3 - exponent), exponent)
}

/// Code, English and Chinese of each note, in the order of `Notes::all`.
const NOTES: [(&str, &str, &str); 7] = [
    (
        "float_noise",
        "amounts carried the noise of a binary float (32.3800011) and were read without it",
        "笔金额带有浮点误差（如 32.3800011），已去除",
    ),
    (
        "rounded_amounts",
        "amounts were rounded to the currency's decimals, as the template says",
        "笔金额按模板要求四舍五入",
    ),
    (
        "computed_amounts",
        "amounts were computed as quantity × price, less discount",
        "笔金额由数量 × 单价（减折扣）算出",
    ),
    (
        "both_debit_and_credit",
        "lines fill both debit and credit; their difference was taken",
        "笔借方、贷方同时有数，已取差额",
    ),
    ("balance_unreadable", "running balances could not be read", "笔余额无法识别"),
    (
        "closed_but_paid",
        "lines are closed but were paid, and count",
        "笔交易已关闭但有付款，仍计入",
    ),
    ("lines_without_date", "lines have no date", "笔没有日期"),
];

/// The same for rows that are neither lines nor rejects.
const SKIPPED: [(&str, &str, &str); 3] = [
    ("remarks_skipped", "remarks were passed over", "行说明文字未计入"),
    ("repeated_headers", "repeated header rows were passed over", "行重复表头未计入"),
    ("other_customers", "rows of other customers were left out", "行属于其他往来单位，未计入"),
];

fn noted(tally: &Tally) -> Vec<Warning> {
    let notes = tally.notes.iter().zip(NOTES);
    let skipped = tally.skipped.iter().zip(SKIPPED);
    let tell = |(seen, (code, en, zh)): (&Seen, (&str, &str, &str))| {
        let Seen { count, first } = *seen;
        (count > 0).then(|| {
            let en = format!("{count} {en}; first in row {first}");
            warning(code, Some(first), en, format!("{count} {zh}，首见于第 {first} 行"))
        })
    };
    notes.chain(skipped).filter_map(tell).collect()
}
