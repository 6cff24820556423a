//! Dates in every form that ledgers use, to days since 1970-01-01.
//!
//! No time zone is read into a date: the day is the one that is written (UTC+8 where the file
//! does not say). A two-digit year is 2000–2069 or 1970–1999.

use std::borrow::Cow;

use heqi_domain::Day;

use crate::amount;
use crate::plan::DateOrder;

/// Why a cell is not a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateError {
    /// Not like a date.
    Unreadable,
    /// Like a date, but there is no such day.
    Impossible,
}

/// Days that a spreadsheet's serial number may mean: 1954 to 2119. Smaller and larger numbers
/// are more likely counts or amounts.
const SERIALS: std::ops::RangeInclusive<i64> = 20_000..=80_000;

/// Serial number of 1970-01-01 in the 1900 date system.
const SERIAL_EPOCH: i64 = 25_569;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date taken apart before the order of day and month is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// Year, month, day in a known order.
    Known(i64, i64, i64),
    /// First, second, year: day and month in the column's order.
    Open(i64, i64, i64),
    /// Days since 1970-01-01.
    Days(i64),
}

/// Reads a date cell; `Ok(None)` for a blank one.
pub(crate) fn parse(text: &str, order: DateOrder) -> Result<Option<Day>, DateError> {
    if amount::is_blank(text) {
        return Ok(None);
    }
    let (year, month, day) = match take_apart(text).ok_or(DateError::Unreadable)? {
        Parts::Known(year, month, day) => (year, month, day),
        Parts::Open(first, second, year) => match order {
            DateOrder::DayMonth => (year, second, first),
            DateOrder::MonthDay => (year, first, second),
        },
        Parts::Days(days) => return Ok(Some(days as Day)),
    };
    if !(1900..2200).contains(&year) {
        return Err(DateError::Unreadable);
    }
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return Err(DateError::Impossible);
    }
    Ok(Some(days_from_civil(year, month, day) as Day))
}

/// What a cell says about the order of day and month in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderVote {
    /// `31/12/2026`
    DayMonth,
    /// `12/31/2026`
    MonthDay,
    /// `01/02/2026`
    Either,
    /// Another form, or no date.
    None,
}

/// What a cell says about the order of day and month in its column.
pub(crate) fn order_vote(text: &str) -> OrderVote {
    match take_apart(text) {
        Some(Parts::Open(first, second, _)) => match (first, second) {
            (13..=31, 1..=12) => OrderVote::DayMonth,
            (1..=12, 13..=31) => OrderVote::MonthDay,
            (1..=12, 1..=12) if first != second => OrderVote::Either,
            _ => OrderVote::None,
        },
        _ => OrderVote::None,
    }
}

/// Whether the cell is a date written in words or with marks, not a bare number.
pub(crate) fn is_written(text: &str) -> bool {
    !matches!(take_apart(text), None | Some(Parts::Days(_)))
}

/// Whether the cell is a time of day: `08:00:24`, `080024`.
pub(crate) fn is_time(text: &str) -> bool {
    let text = text.trim();
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &&str, limit: u32| {
        part.len() == 2 && part.parse::<u32>().is_ok_and(|value| value < limit)
    };
    match parts.as_slice() {
        [hour, minute] => number(hour, 24) && number(minute, 60),
        [hour, minute, second] => {
            let second = second.split('.').next().unwrap_or(second);
            number(hour, 24) && number(minute, 60) && number(&second, 60)
        }
        [digits] if digits.len() == 6 && digits.is_ascii() => {
            number(&&digits[..2], 24) && number(&&digits[2..4], 60) && number(&&digits[4..], 60)
        }
        _ => false,
    }
}

fn take_apart(text: &str) -> Option<Parts> {
    let text = text.trim();
    let plain: Cow<'_, str> = if text.is_ascii() {
        // A date has digits, and ASCII has no other form of them.
        if !text.bytes().any(|it| it.is_ascii_digit()) {
            return None;
        }
        text.into()
    } else {
        text.chars().map(narrow).collect::<String>().into()
    };
    let plain = plain.trim();
    if plain.len() > 64 {
        return None;
    }
    if let Some(digits) = leading_digits(plain) {
        return compact(digits, &plain[digits.len()..]);
    }
    let mut rest = plain;
    let mut numbers = Vec::with_capacity(3);
    let mut month = None;
    while numbers.len() + usize::from(month.is_some()) < 3 {
        rest = rest.trim_start_matches([' ', ',']);
        let end = rest.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        if let Some(named) = month_of(word) {
            if month.replace((numbers.len(), named)).is_some() {
                return None;
            }
        } else {
            let word = if month.is_some() {
                word.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h'])
            } else {
                word
            };
            let (number, tail) = cut_time(word, tail, numbers.len());
            numbers.push((number.parse::<i64>().ok()?, number.len()));
            rest = tail;
            rest = rest.strip_prefix(['-', '/', '.']).unwrap_or(rest);
            continue;
        }
        rest = tail.strip_prefix(['-', '/', '.', ',']).unwrap_or(tail);
    }
    is_time_of_day(rest).then(|| assemble(&numbers, month))?
}

/// `2026-01-02T08:00` : the last number of a date may run straight into its time.
fn cut_time<'a>(word: &'a str, tail: &'a str, have: usize) -> (&'a str, &'a str) {
    match word.find('T') {
        Some(at) if have == 2 && at > 0 => (&word[..at], tail),
        _ => (word, tail),
    }
}

fn narrow(character: char) -> char {
    match character {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(character as u32 - 0xFEE0).unwrap_or(character),
        '年' | '月' => '-',
        '日' | '\u{3000}' | '\u{A0}' | '号' => ' ',
        '。' => '.',
        other => other,
    }
}

fn month_of(word: &str) -> Option<i64> {
    let lower = word.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|name| *name == lower)?;
    word.bytes().all(|it| it.is_ascii_alphabetic()).then_some(at as i64 + 1)
}

/// What may follow a date: nothing, or a time with its zone.
fn is_time_of_day(rest: &str) -> bool {
    let allowed = |it: char| {
        it.is_ascii_digit()
            || matches!(it, ':' | '.' | ' ' | 'T' | 'Z' | '+' | '-' | 'A' | 'P' | 'M')
    };
    let rest = rest.trim();
    rest.is_empty() || (rest.len() <= 32 && rest.chars().all(allowed))
}

/// A cell whose first run of digits has five digits or more is a serial or a compact date.
fn leading_digits(text: &str) -> Option<&str> {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    (end >= 5).then(|| &text[..end])
}

fn compact(digits: &str, rest: &str) -> Option<Parts> {
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        5 => {
            let fraction = rest.strip_prefix('.').unwrap_or(rest);
            let bare = fraction.bytes().all(|it| it.is_ascii_digit());
            (bare && SERIALS.contains(&number)).then_some(Parts::Days(number - SERIAL_EPOCH))
        }
        8 | 12 | 14 if is_time_of_day(rest) => {
            let date: i64 = digits[..8].parse().ok()?;
            Some(Parts::Known(date / 10_000, date / 100 % 100, date % 100))
        }
        _ => None,
    }
}

fn assemble(numbers: &[(i64, usize)], month: Option<(usize, i64)>) -> Option<Parts> {
    let year = |(value, digits): (i64, usize)| match digits {
        4 => Some(value),
        2 if value < 70 => Some(2000 + value),
        2 => Some(1900 + value),
        _ => None,
    };
    match (numbers, month) {
        ([first, second], Some((_, month))) => {
            if first.1 == 4 {
                return Some(Parts::Known(first.0, month, second.0));
            }
            (first.1 <= 2).then_some(Parts::Known(year(*second)?, month, first.0))
        }
        ([first, second, third], None) => {
            if first.1 == 4 && second.1 <= 2 && third.1 <= 2 {
                return Some(Parts::Known(first.0, second.0, third.0));
            }
            if first.1 > 2 || second.1 > 2 {
                return None;
            }
            Some(Parts::Open(first.0, second.0, year(*third)?))
        }
        _ => None,
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a day of the proleptic Gregorian calendar (Hinnant's algorithm).
pub(crate) const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// ISO text of a day: `2026-11-24`.
pub(crate) fn text(day: Day) -> String {
    let days = i64::from(day) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
