//! The form 余额调节表: both closing balances, adjusted until they agree.
//!
//! A discrepancy adjusts the book that has to change: what only one side booked adjusts the
//! other side's balance; what a side booked twice adjusts that side's. Where both have booked
//! and only the amounts differ, nobody knows yet who is right: it is shown on the customer's
//! side, and the remark under the form says so. Both columns end in the same adjusted balance.

use std::collections::BTreeMap;

use heqi_domain::{Currency, Lang, Reason, Side, decimal_text};
use heqi_matching::{Block, Discrepancy, Outcome};
use rust_xlsxwriter::{Format, Formula, Worksheet, XlsxError};

use super::sheet::write_money;
use super::styles::{Styles, number_of};
use super::words;
use crate::summary::movements;

/// The halves of the form and their first columns.
const SIDES: [(usize, u16); 2] = [(0, 0), (1, 3)];

/// One adjustment: so many discrepancies of a reason and a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Why; none for the opening difference.
    pub reason: Option<Reason>,
    /// How many.
    pub count: u64,
    /// What is added to the balance (negative: taken off).
    pub amount: i128,
}

/// The figures of one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Currency of the amounts.
    pub currency: Currency,
    /// Closing balances, ours and theirs.
    pub closing: [i128; 2],
    /// Adjustments of each.
    pub items: [Vec<Item>; 2],
}

/// The balance that a discrepancy adjusts.
fn adjusts(discrepancy: &Discrepancy) -> Side {
    match discrepancy.verdict.main {
        Some(Reason::DuplicateOurs) => Side::Ours,
        Some(Reason::DuplicateTheirs | Reason::StatementNotSumming) => Side::Theirs,
        _ if discrepancy.ours.is_empty() && !discrepancy.theirs.is_empty() => Side::Ours,
        _ => Side::Theirs,
    }
}

impl Form {
    /// The form of some blocks of one currency, added up.
    pub fn of<'a>(
        currency: Currency,
        blocks: impl Iterator<Item = &'a Block>,
        outcome: &Outcome,
    ) -> Self {
        let mut form = Self { currency, closing: [0; 2], items: [Vec::new(), Vec::new()] };
        let mut opening = (0, 0);
        // By reason, then what adds before what takes off.
        let mut sums = [BTreeMap::new(), BTreeMap::new()];
        for block in blocks {
            let closing = block.closing();
            form.closing[0] += closing[0];
            form.closing[1] += closing[1];
            let difference = block.opening[0] - block.opening[1];
            opening = (opening.0 + u64::from(difference != 0), opening.1 + difference);
            for discrepancy in movements(block, outcome) {
                let side = adjusts(discrepancy);
                let amount = i128::from(discrepancy.amount);
                let amount = if side == Side::Ours { -amount } else { amount };
                if amount == 0 {
                    continue;
                }
                let key = (words::filed_under(discrepancy.verdict), amount < 0);
                let (count, sum) = sums[side as usize].entry(key).or_insert((0_u64, 0_i128));
                *count += 1;
                *sum += amount;
            }
        }
        if opening.0 > 0 {
            form.items[1].push(Item { reason: None, count: opening.0, amount: opening.1 });
        }
        for (items, sums) in form.items.iter_mut().zip(sums) {
            items.extend(sums.into_iter().map(|((reason, _), (count, amount))| Item {
                reason: Some(reason),
                count,
                amount,
            }));
        }
        form
    }

    /// Both balances after the adjustments; equal when the identity holds.
    pub fn adjusted(&self) -> [i128; 2] {
        [0, 1].map(|side: usize| {
            self.closing[side] + self.items[side].iter().map(|item| item.amount).sum::<i128>()
        })
    }

    /// Whether nothing has to be adjusted.
    pub fn agrees(&self) -> bool {
        self.closing[0] == self.closing[1] && self.items.iter().all(Vec::is_empty)
    }

    /// Writes the form at `row`, row by row; returns the row after it.
    pub fn write(
        &self,
        sheet: &mut Worksheet,
        styles: &Styles,
        lang: Lang,
        row: u32,
    ) -> Result<u32, XlsxError> {
        let exponent = self.currency.exponent();
        let heads = [lang.pick("我方账", "Our book"), lang.pick("对方账", "Their book")];
        let closing = [
            lang.pick("我方期末余额", "Our closing balance"),
            lang.pick("对方期末余额", "Their closing balance"),
        ];
        for (side, base) in SIDES {
            sheet.write_string_with_format(row, base, heads[side], &styles.head)?;
            let items = lang.pick("项数", "Items");
            sheet.write_string_with_format(row, base + 1, items, &styles.head_right)?;
            let amount = lang.pick("金额", "Amount");
            sheet.write_string_with_format(row, base + 2, amount, &styles.head_right)?;
        }
        for (side, base) in SIDES {
            sheet.write_string_with_format(row + 1, base, closing[side], &styles.text)?;
            sheet.write_blank(row + 1, base + 1, &styles.count)?;
            write_money(sheet, styles, (row + 1, base + 2), self.closing[side], exponent)?;
        }
        let total = row + 2 + self.height();
        for at in row + 2..total {
            for (side, base) in SIDES {
                match self.items[side].get((at - row - 2) as usize) {
                    Some(item) => write_item(sheet, styles, lang, (at, base), item, exponent)?,
                    None => {
                        sheet.write_blank(at, base, &styles.text)?;
                        sheet.write_blank(at, base + 1, &styles.count)?;
                        sheet.write_blank(at, base + 2, styles.money(exponent))?;
                    }
                }
            }
        }
        self.totals(sheet, styles, lang, row, total)?;
        Ok(total + 2)
    }

    /// Rows between the closing balances and the adjusted ones.
    pub fn height(&self) -> u32 {
        self.items[0].len().max(self.items[1].len()) as u32
    }

    /// The last two rows: the adjusted balances, and their difference, 0.00.
    fn totals(
        &self,
        sheet: &mut Worksheet,
        styles: &Styles,
        lang: Lang,
        row: u32,
        total: u32,
    ) -> Result<(), XlsxError> {
        let exponent = self.currency.exponent();
        let format = styles.total_money(exponent);
        let adjusted = self.adjusted();
        for (side, base) in SIDES {
            let label = lang.pick("调节后余额", "Adjusted balance");
            sheet.write_string_with_format(total, base, label, &styles.total)?;
            sheet.write_blank(total, base + 1, &styles.total)?;
            let letter = rust_xlsxwriter::column_number_to_name(base + 2);
            let formula = format!("=ROUND(SUM({letter}{}:{letter}{total}),{exponent})", row + 2);
            self.sum(sheet, format, (total, base + 2), &formula, adjusted[side])?;
        }
        for place in 0..5 {
            sheet.write_blank(total + 1, place, &styles.total)?;
        }
        let label = lang.pick("调节后差额（应为零）", "Difference (must be 0)");
        sheet.write_string_with_format(total + 1, 3, label, &styles.total)?;
        let formula = format!("=ROUND(C{0}-F{0},{exponent})", total + 1);
        self.sum(sheet, format, (total + 1, 5), &formula, adjusted[0] - adjusted[1])
    }

    /// A sum as a formula with its value; as plain text where a term has too many digits.
    fn sum(
        &self,
        sheet: &mut Worksheet,
        format: &Format,
        (row, column): (u32, u16),
        formula: &str,
        value: i128,
    ) -> Result<(), XlsxError> {
        let exponent = self.currency.exponent();
        let terms = self.items.iter().flatten().map(|item| item.amount).chain(self.closing);
        let exact = terms.chain([value]).all(|term| number_of(term, exponent).is_some());
        match number_of(value, exponent) {
            Some(number) if exact => {
                let formula = Formula::new(formula).set_result(number.to_string());
                sheet.write_formula_with_format(row, column, formula, format)?;
            }
            Some(number) => {
                sheet.write_number_with_format(row, column, number, format)?;
            }
            None => {
                let text = decimal_text(value, exponent);
                sheet.write_string_with_format(row, column, text, format)?;
            }
        }
        Ok(())
    }
}

fn write_item(
    sheet: &mut Worksheet,
    styles: &Styles,
    lang: Lang,
    (row, column): (u32, u16),
    item: &Item,
    exponent: u32,
) -> Result<(), XlsxError> {
    let name = match item.reason {
        Some(reason) => reason.label(lang),
        None => lang.pick("期初差额", "Opening difference"),
    };
    let sign = match item.amount < 0 {
        true => lang.pick("减：", "less: "),
        false => lang.pick("加：", "add: "),
    };
    sheet.write_string_with_format(row, column, format!("{sign}{name}"), &styles.text)?;
    // Counts of discrepancies are far below 2^53.
    sheet.write_number_with_format(row, column + 1, item.count as f64, &styles.count)?;
    write_money(sheet, styles, (row, column + 2), item.amount, exponent)
}

/// The remark under a form.
pub const fn remark(lang: Lang) -> &'static str {
    lang.pick(
        "只有一方入账的，调整未入账的一方；重复入账的，调整重复的一方；双方都已入账而金额不一致的，\
         责任待双方核实，暂列对方账。",
        "What only one side booked adjusts the other side; what a side booked twice adjusts that \
         side; where both booked different amounts, the item stands with their book until the \
         two sides have found who is right.",
    )
}
