//! Sheet 客户一览: one row per customer and currency, when there are several.

use rust_xlsxwriter::XlsxError;

use super::sheet::{Column, List, Shows, column};
use super::{Done, Parts};
use crate::error::ResultsError;
use crate::summary::{close, is_unexplained, movements};

pub const TITLE: (&str, &str) = ("客户一览", "Customers");

pub const COLUMNS: &[Column] = &[
    column("客户", "Customer", 22.0, Shows::Text),
    column("币种", "Currency", 6.5, Shows::Text),
    column("我方期初余额", "Our opening", 15.5, Shows::Figure),
    column("我方本期发生", "Our movements", 15.5, Shows::Figure),
    column("我方期末余额", "Our closing", 15.5, Shows::Figure),
    column("对方期初余额", "Their opening", 15.5, Shows::Figure),
    column("对方本期发生", "Their movements", 15.5, Shows::Figure),
    column("对方期末余额", "Their closing", 15.5, Shows::Figure),
    column("期末差额", "Closing difference", 15.5, Shows::Figure),
    column("期初差额", "Opening difference", 15.5, Shows::Figure),
    column("本期差异合计", "Sum of differences", 15.5, Shows::Figure),
    column("差异项数", "Differences", 8.0, Shows::Figure),
    column("未查明金额", "Unexplained", 14.0, Shows::Figure),
    column("结论", "Result", 10.0, Shows::Text),
];

/// Fills the sheet.
pub fn fill(mut list: List, parts: &Parts) -> Result<Done, ResultsError> {
    let (outcome, lang) = (parts.result.outcome, parts.result.lang);
    let mut totals = [0_i128; 10];
    for (number, block) in (1..).zip(&outcome.blocks) {
        parts.tick(number)?;
        let exponent = block.account.currency.exponent();
        let discrepancies = &outcome.discrepancies[block.discrepancies.clone()];
        let unexplained: i128 = discrepancies
            .iter()
            .filter(|it| is_unexplained(it))
            .map(|it| i128::from(it.amount).abs())
            .sum();
        let (sum, _) = close(block, outcome);
        let [our_closing, their_closing] = block.closing();
        let verdict = match (discrepancies.is_empty(), unexplained) {
            (true, _) if our_closing == their_closing => lang.pick("相符", "Agrees"),
            (_, 0) => lang.pick("有差异", "Differs"),
            _ => lang.pick("有未查明", "Unexplained"),
        };
        let before = [
            block.opening[0],
            block.movement[0],
            our_closing,
            block.opening[1],
            block.movement[1],
            their_closing,
            our_closing - their_closing,
            block.opening[0] - block.opening[1],
            sum,
            unexplained,
        ];
        for (total, amount) in totals.iter_mut().zip(before) {
            *total += amount;
        }
        let Some(mut row) = list.next() else { continue };
        row.text(&block.account.customer)?.text(block.account.currency.code())?;
        for amount in &before[..9] {
            row.money(*amount, exponent)?;
        }
        row.count(Some(movements(block, outcome).count() as u64))?
            .money(unexplained, exponent)?
            .text(verdict)?;
    }
    total_row(&mut list, parts, totals)?;
    Ok(list.finish("", &parts.elsewhere("bridge"))?)
}

fn total_row(list: &mut List, parts: &Parts, totals: [i128; 10]) -> Result<(), XlsxError> {
    let Some(currency) = parts.only_currency() else { return Ok(()) };
    // Column 11 is a count of differences, not an amount.
    let places = (2..11).chain([12]);
    let sums: Vec<(u16, i128)> = places.zip(totals).collect();
    list.total(parts.result.lang.pick("合计", "Total"), currency.exponent(), &sums)
}
