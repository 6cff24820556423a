//! What stands above the header: customer, unit, number of records, sums.

use heqi_domain::Currency;

use crate::amount::{self, Style};
use crate::head::HeadRow;
use crate::plan::{DecimalMark, Stated, StatedSum};
use crate::{cell, names};

/// Labels of the customer.
const CUSTOMER: &[&str] = &[
    "客户编号",
    "客户编码",
    "客户代码",
    "客户名称",
    "客户",
    "往来单位",
    "购货单位",
    "customer no",
    "customer id",
    "customer name",
    "customer",
];

/// Reads what the rows above the header state; the second is the power of ten of the unit.
pub(crate) fn read(rows: &[HeadRow], currency: Currency) -> (Stated, u32) {
    let mut stated = Stated::default();
    let mut unit = 0;
    for row in rows {
        for cell in &row.cells {
            let text = cell::clean(cell);
            if stated.customer.is_none() {
                stated.customer = customer(text);
            }
            if text.contains("单位") {
                unit = unit.max(names::unit(text));
            }
            if let Some(count) = count(text) {
                stated.count = Some((row.row, count));
            }
            stated.sums.extend(sum(row.row, text, currency));
        }
    }
    (stated, unit)
}

/// 客户编号：13668
fn customer(text: &str) -> Option<String> {
    let (label, value) = text.split_once([':', '：'])?;
    let label = label.trim().to_lowercase();
    let value = value.trim();
    let known = CUSTOMER.iter().any(|it| *it == label);
    (known && !value.is_empty() && value.chars().count() <= 80).then(|| value.to_owned())
}

/// 共66笔记录
fn count(text: &str) -> Option<u64> {
    let rest = text.trim().strip_prefix('共')?;
    let (digits, _) = rest.split_once('笔')?;
    digits.trim().parse().ok()
}

/// 收入：1笔 28.50元
fn sum(row: u64, text: &str, currency: Currency) -> Option<StatedSum> {
    let (word, rest) = text.split_once([':', '：'])?;
    let sign = match word.trim() {
        "收入" => 1,
        "支出" => -1,
        _ => return None,
    };
    let (count, money) = rest.split_once('笔')?;
    let style = Style { mark: DecimalMark::Point, scale: 0, round: false };
    let amount = amount::parse(money.trim(), style, currency).ok()??;
    let count = count.trim().parse().ok()?;
    Some(StatedSum { row, sign, count, minor: i128::from(amount.minor) })
}
