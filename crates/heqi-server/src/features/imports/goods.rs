//! Tax, quantity and price of a row, held against its amount (R09, R34).
//!
//! The tax is kept with the line. What does not come to the amount is flagged and not refused:
//! the amount is what the other side is asked for, and a price may stand with or without tax.

use std::collections::BTreeMap;

use heqi_domain::goods::TOLERANCE;
use heqi_intake::{Figures, Inspection, Role};

use super::model::{Flag, Words};
use super::problems::{self, GOODS_DIFFER, TAX_DIFFERS, TAX_EXCEEDS};
use super::staged::{Staged, Status};

/// Rows that a flag names.
const SAMPLES_MAX: usize = 5;

/// Keeps the tax of a row, rejects what no ledger keeps, flags what does not come out.
pub(super) fn check(row: &mut Staged, figures: Figures, inspection: &Inspection) {
    let Some(amount) = row.amount.filter(|_| row.status != Status::Rejected) else { return };
    let gross = i128::from(amount).abs();
    let by_rate = figures.rate_ppm.map(|ppm| tax_in(gross, ppm));
    let stated = figures.tax.map(|tax| i128::from(tax).abs());
    let Some(tax) = stated.or(by_rate) else {
        flag_goods(row, figures.worth, gross, 0);
        return;
    };
    if tax > gross {
        let column = inspection.columns.iter().find(|column| column.role == Role::Tax);
        let column = column.map_or("", |column| column.name.as_str());
        row.reject(TAX_EXCEEDS, column, &figures.tax.unwrap_or_default().to_string());
        return;
    }
    row.tax = i64::try_from(tax).ok();
    if stated.zip(by_rate).is_some_and(|(stated, by_rate)| differs(stated, by_rate)) {
        TAX_DIFFERS.clone_into(&mut row.warning);
    }
    flag_goods(row, figures.worth, gross, tax);
}

fn flag_goods(row: &mut Staged, worth: Option<i64>, gross: i128, tax: i128) {
    let worth = worth.map(|worth| i128::from(worth).abs());
    if worth.is_some_and(|worth| differs(worth, gross) && differs(worth + tax, gross)) {
        GOODS_DIFFER.clone_into(&mut row.warning);
    }
}

fn differs(one: i128, other: i128) -> bool {
    (one - other).abs() > TOLERANCE
}

/// The tax in an amount that includes it, to the nearest minor unit, a half up.
fn tax_in(gross: i128, ppm: u32) -> i128 {
    let (ppm, unit) = (i128::from(ppm), 1_000_000 + i128::from(ppm));
    (2 * gross * ppm + unit) / (2 * unit)
}

/// What is flagged, by code.
pub(super) fn flags(rows: &[Staged]) -> Vec<Flag> {
    let mut found: BTreeMap<&str, (i64, Vec<i64>)> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.warning.is_empty()) {
        let (count, samples) = found.entry(&row.warning).or_default();
        *count += 1;
        if samples.len() < SAMPLES_MAX {
            samples.push(row.row);
        }
    }
    let flag = |(code, (rows, samples)): (&str, (i64, Vec<i64>))| {
        let (what, remedy) = problems::explain(code);
        let zh = format!("{}：{}", what.zh, remedy.zh);
        let detail = Words { zh, en: format!("{}: {}", what.en, remedy.en) };
        Flag { code: code.to_owned(), rows, samples, detail }
    };
    found.into_iter().map(flag).collect()
}

#[cfg(test)]
mod tests {
    use super::tax_in;

    #[test]
    fn the_tax_in_an_amount_is_rounded_once() {
        assert_eq!(tax_in(11_300, 130_000), 1_300);
        assert_eq!(tax_in(10_000, 130_000), 1_150);
        assert_eq!(tax_in(10_000, 60_000), 566);
        assert_eq!((tax_in(10_000, 0), tax_in(0, 130_000)), (0, 0));
    }
}
