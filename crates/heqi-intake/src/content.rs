//! Tables without a header: columns told apart by what they hold, or not at all.

use crate::amount::{self, Style};
use crate::assign::{self, Assigned};
use crate::head::HeadRow;
use crate::plan::DecimalMark;
use crate::profile::{self, Profile};
use crate::{Column, Role, cell, date};

/// Index of the first row that has a date and a number: the first row of data.
pub(crate) fn first_data(head: &[HeadRow]) -> usize {
    let is_data = |row: &HeadRow| {
        let cells: Vec<&str> = row.cells.iter().map(|it| cell::clean(it)).collect();
        cells.len() >= 2
            && cells.iter().any(|it| date::is_written(it))
            && cells.iter().any(|it| !date::is_written(it) && amount::parse_any(it))
    };
    head.iter().position(is_data).unwrap_or(0)
}

/// Roles by contents alone; `None` unless there is a date, and one column of decimal numbers or
/// two of which one runs as the balance of the other.
pub(crate) fn assign(names: &[String], rows: &[HeadRow]) -> Option<Assigned> {
    let profiles = profile::columns(rows, names.len());
    let mut taken: Vec<Option<(Role, u8)>> = vec![None; names.len()];
    let date = profiles.iter().position(is_date)?;
    taken[date] = Some((Role::Date, 60));
    let money: Vec<usize> = (0..names.len()).filter(|it| is_money(&profiles[*it])).collect();
    match money.as_slice() {
        [amount] => taken[*amount] = Some((Role::Amount, 55)),
        [first, second] => {
            let (amount, balance) = if runs(rows, *first, *second) {
                (*first, *second)
            } else if runs(rows, *second, *first) {
                (*second, *first)
            } else {
                return None;
            };
            taken[amount] = Some((Role::Amount, 55));
            taken[balance] = Some((Role::Balance, 60));
        }
        _ => return None,
    }
    let free = |taken: &[Option<(Role, u8)>], index: usize| taken[index].is_none();
    let key = (0..names.len()).find(|it| free(&taken, *it) && is_key(&profiles[*it], rows, *it));
    if let Some(key) = key {
        taken[key] = Some((Role::Reference, 45));
    }
    let text = (0..names.len()).find(|it| free(&taken, *it) && profiles[*it].filled > 0);
    if let Some(text) = text {
        taken[text] = Some((Role::Text, 40));
    }
    let column = |(name, taken): (&String, &Option<(Role, u8)>)| {
        let (role, confidence) = taken.unwrap_or((Role::Ignored, 100));
        Column { name: name.clone(), role, confidence }
    };
    let columns: Vec<Column> = names.iter().zip(&taken).map(column).collect();
    let roles = assign::places(&columns);
    Some(Assigned { columns, roles })
}

fn is_date(profile: &Profile) -> bool {
    profile.filled > 0 && profile.percent(profile.dates) >= 80
}

fn is_money(profile: &Profile) -> bool {
    profile.filled > 0
        && profile.percent(profile.numbers) >= 90
        && profile.percent(profile.decimals) >= 50
        && profile.percent(profile.dates) < 50
}

/// Different in most rows, with digits, of a length that document numbers have.
fn is_key(profile: &Profile, rows: &[HeadRow], column: usize) -> bool {
    let cells = rows.iter().filter_map(|row| row.cells.get(column)).map(|it| cell::clean(it));
    let like = |it: &str| {
        (3..=40).contains(&it.len())
            && it.bytes().any(|byte| byte.is_ascii_digit())
            && !it.contains(' ')
    };
    let alike = cells.filter(|it| like(it)).count();
    profile.filled > 0
        && profile.percent(profile.distinct) >= 80
        && alike * 10 >= profile.filled as usize * 8
}

/// Whether `balance` runs with `amount` in four fifths of the rows, up or down the page.
fn runs(rows: &[HeadRow], amount: usize, balance: usize) -> bool {
    let read = |row: &HeadRow, column: usize| {
        let text = row.cells.get(column).map_or("", |it| cell::clean(it));
        let style = Style { mark: DecimalMark::Point, scale: 0, round: false };
        amount::parse(text, style, heqi_domain::Currency::CNY).ok().flatten()
    };
    let values: Vec<(i128, i128)> = rows
        .iter()
        .filter_map(|row| {
            let (amount, balance) = (read(row, amount)?, read(row, balance)?);
            Some((i128::from(amount.minor), i128::from(balance.minor)))
        })
        .collect();
    let good = values.windows(2).filter(|pair| {
        let step = pair[1].1 - pair[0].1;
        step.abs() == pair[1].0.abs() || step.abs() == pair[0].0.abs()
    });
    values.len() >= 3 && good.count() * 5 >= (values.len() - 1) * 4
}
