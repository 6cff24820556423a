//! Sheet 差异明细: one row a discrepancy, with what to do about it.

use heqi_domain::{LineIx, Lines, Side};
use rust_xlsxwriter::XlsxError;

use super::sheet::{Column, List, Row, Shows, column};
use super::{Done, Parts, members, words};
use crate::error::ResultsError;

pub const TITLE: (&str, &str) = ("差异明细", "Differences");

pub const COLUMNS: &[Column] = &[
    column("序号", "No.", 6.0, Shows::Figure),
    column("客户", "Customer", 18.0, Shows::Text),
    column("币种", "Currency", 6.5, Shows::Text),
    column("差异原因", "Reason", 14.0, Shows::Wrap),
    column("差额（我方－对方）", "Difference (ours − theirs)", 15.0, Shows::Figure),
    column("我方单号", "Our number", 17.0, Shows::Wrap),
    column("我方日期", "Our date", 11.5, Shows::Text),
    column("我方金额", "Our amount", 15.0, Shows::Figure),
    column("对方单号", "Their number", 17.0, Shows::Wrap),
    column("对方日期", "Their date", 11.5, Shows::Text),
    column("对方金额", "Their amount", 15.0, Shows::Figure),
    column("说明", "What is seen", 40.0, Shows::Wrap),
    column("负责", "Owner", 11.0, Shows::Wrap),
    column("下一步", "Next step", 26.0, Shows::Wrap),
    column("差异编号", "Difference id", 19.0, Shows::Text),
];

/// Fills the sheet.
pub fn fill(list: List, parts: &Parts) -> Result<Done, ResultsError> {
    let mut list = list.print_without_last(1);
    let (result, lang) = (parts.result, parts.result.lang);
    let outcome = result.outcome;
    for (number, discrepancy) in (1..).zip(&outcome.discrepancies) {
        parts.tick(number)?;
        let account = &outcome.blocks[discrepancy.block as usize].account;
        let exponent = account.currency.exponent();
        let reason = words::filed_under(discrepancy.verdict);
        let Some(mut row) = list.next() else { continue };
        row.count(Some(number))?
            .text(&account.customer)?
            .text(account.currency.code())?
            .wrap(&words::verdict(discrepancy.verdict, lang))?
            .money(discrepancy.amount.into(), exponent)?;
        side_cells(&mut row, parts, Side::Ours, &discrepancy.ours, exponent)?;
        side_cells(&mut row, parts, Side::Theirs, &discrepancy.theirs, exponent)?;
        row.wrap(&(result.sentence)(discrepancy))?
            .wrap(reason.owner(lang))?
            .wrap(reason.next_step(lang))?
            .text(&format!("D{:016x}", discrepancy.id.0))?;
    }
    if let Some(currency) = parts.only_currency()
        && !outcome.discrepancies.is_empty()
    {
        let sum = outcome.discrepancies.iter().map(|it| i128::from(it.amount)).sum();
        list.total(lang.pick("合计", "Total"), currency.exponent(), &[(4, sum)])?;
    }
    Ok(list.finish(lang.pick("没有差异。", "No differences."), &parts.elsewhere("discrepancies"))?)
}

/// Number, date and amount of one side's lines.
fn side_cells(
    row: &mut Row,
    parts: &Parts,
    side: Side,
    lines: &[LineIx],
    exponent: u32,
) -> Result<(), XlsxError> {
    let all: &Lines = parts.result.lines(side);
    row.wrap(&members::numbers(all, lines, parts.result.lang))?
        .date(members::first_day(all, lines))?;
    match members::sum(all, lines) {
        Some(sum) => row.money(sum, exponent)?,
        None => row.skip()?,
    };
    Ok(())
}
