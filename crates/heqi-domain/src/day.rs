//! Days 日期: a day is a count from 1970-01-01, its text is ISO 8601.
//!
//! Plain functions on [`Day`], because a column of ten million days is a `Vec<i32>`.
//! [`NO_DAY`](crate::NO_DAY) has no calendar date and no text.

use chrono::{Datelike, NaiveDate};

use crate::{Day, Lang};

/// The day of a calendar date, none if the calendar has no such date.
#[must_use]
pub fn day_from_ymd(year: i32, month: u32, day: u32) -> Option<Day> {
    NaiveDate::from_ymd_opt(year, month, day).map(|date| date.to_epoch_days())
}

/// Year, month and day of the month; none for `NO_DAY` and days outside the calendar.
#[must_use]
pub fn ymd_of(day: Day) -> Option<(i32, u32, u32)> {
    let date = NaiveDate::from_epoch_days(day)?;
    Some((date.year(), date.month(), date.day()))
}

/// The last day of a month, none if there is no such month.
#[must_use]
pub fn month_end(year: i32, month: u32) -> Option<Day> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    Some(first.checked_add_months(chrono::Months::new(1))?.pred_opt()?.to_epoch_days())
}

/// Reads `2026-10-31`: four, two and two digits, nothing else; years 0001 to 9999.
#[must_use]
pub fn day_from_iso(text: &str) -> Option<Day> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |value, digit| {
            digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok().filter(|year| *year > 0)?;
    day_from_ymd(year, number(&[m1, m2])?, number(&[d1, d2])?)
}

/// The text `2026-10-31`; empty where the day is not known.
#[must_use]
pub fn day_text(day: Day) -> String {
    let mut text = String::with_capacity(10);
    push_day(&mut text, day);
    text
}

/// Appends [`day_text`] without a new allocation; for writers of millions of rows.
pub fn push_day(out: &mut String, day: Day) {
    let Some((year, month, day)) = ymd_of(day) else { return };
    if !(1..=9999).contains(&year) {
        // No ledger holds such a day; the text says so instead of misleading.
        out.push_str(&format!("{year}-{month:02}-{day:02}"));
        return;
    }
    push_digits(out, year as u32, 4);
    out.push('-');
    push_digits(out, month, 2);
    out.push('-');
    push_digits(out, day, 2);
}

fn push_digits(out: &mut String, number: u32, width: u32) {
    for place in (0..width).rev() {
        out.push(char::from(b'0' + (number / 10_u32.pow(place) % 10) as u8));
    }
}

/// The day as a document shows it: `2026年10月31日` or `2026-10-31`; empty where not known.
#[must_use]
pub fn day_label(day: Day, lang: Lang) -> String {
    match (lang, ymd_of(day)) {
        (Lang::Zh, Some((year, month, day))) => format!("{year}年{month}月{day}日"),
        _ => day_text(day),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NO_DAY;

    #[test]
    fn knows_the_calendar() {
        assert_eq!(day_from_ymd(1970, 1, 1), Some(0));
        assert_eq!(day_from_ymd(2026, 2, 29), None);
        assert_eq!(day_from_ymd(2028, 2, 29).map(day_text).as_deref(), Some("2028-02-29"));
        assert_eq!(month_end(2026, 12), day_from_ymd(2026, 12, 31));
        assert_eq!(month_end(2028, 2), day_from_ymd(2028, 2, 29));
        assert_eq!(month_end(2026, 13), None);
        let day = day_from_ymd(2026, 11, 24).unwrap();
        assert_eq!(day_label(day, Lang::Zh), "2026年11月24日");
        assert_eq!(day_label(day, Lang::En), "2026-11-24");
    }

    #[test]
    fn a_day_not_known_has_no_text() {
        assert_eq!(ymd_of(NO_DAY), None);
        assert_eq!(day_text(NO_DAY), "");
        assert_eq!(day_label(NO_DAY, Lang::Zh), "");
    }

    #[test]
    fn refuses_other_forms() {
        for text in
            ["", "2026-1-01", "2026/01/01", "20260101", "2026-01-32", "0000-01-01", "２026-01-01"]
        {
            assert_eq!(day_from_iso(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_calendar_come_back(day in -719_162_i32..=2_932_896) {
            prop_assert_eq!(day_from_iso(&day_text(day)), Some(day));
            let (year, month, of_month) = ymd_of(day).unwrap();
            prop_assert_eq!(day_from_ymd(year, month, of_month), Some(day));
            let end = month_end(year, month);
            prop_assert!(end.is_none_or(|end| (day..day + 31).contains(&end)));
        }
    }
}
