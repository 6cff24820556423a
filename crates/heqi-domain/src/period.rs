//! Period 会计期间: which days a reconciliation speaks about.
//!
//! Written `2026-10`, `2026-Q3`, `2026`, `2026-01-26..2026-02-25` (both days included),
//! `2026-10-01..` or `..2026-10-31`; the text comes back as it was written.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::day::{day_from_iso, day_from_ymd, day_label, day_text, month_end};
use crate::{Day, Lang, NO_DAY};

/// A range of days, first and last included, open at one end if need be.
///
/// Two periods are equal if they are written alike; use [`Period::first`] and
/// [`Period::last`] to compare the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(Shape);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    /// `length` calendar months from `month` on; length 1, 3 or 12.
    Calendar { year: i32, month: u32, length: u32 },
    /// First and last day; at least one of them is given, and first ≤ last.
    Days { first: Option<Day>, last: Option<Day> },
}

/// Why a text is not a period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// None of the forms.
    #[error(
        "`{0}` is not a period; \
         expected 2026-10, 2026-Q3, 2026, 2026-01-26..2026-02-25 or 2026-10-01.."
    )]
    Malformed(String),
    /// The calendar has no such day, month or quarter.
    #[error("`{0}` names a day, month or quarter that the calendar does not have")]
    NoSuchDate(String),
    /// It ends before it begins.
    #[error("`{0}` ends before it begins; swap the two days")]
    Reversed(String),
}

impl Period {
    /// A calendar month 月; none unless the year is 1 to 9999 and the month 1 to 12.
    #[must_use]
    pub fn month(year: i32, month: u32) -> Option<Self> {
        Self::calendar(year, month, 1)
    }

    /// A calendar quarter 季度, 1 to 4.
    #[must_use]
    pub fn quarter(year: i32, quarter: u32) -> Option<Self> {
        let month = quarter.checked_sub(1)?.checked_mul(3)?.checked_add(1)?;
        Self::calendar(year, month, 3)
    }

    /// A calendar year 年度.
    #[must_use]
    pub fn year(year: i32) -> Option<Self> {
        Self::calendar(year, 1, 12)
    }

    fn calendar(year: i32, month: u32, length: u32) -> Option<Self> {
        let exists = (1..=9999).contains(&year) && (1..=12).contains(&month);
        exists.then_some(Self(Shape::Calendar { year, month, length }))
    }

    /// Any days: open where a day is not given; none if both are open or they are reversed.
    #[must_use]
    pub fn days(first: Option<Day>, last: Option<Day>) -> Option<Self> {
        let known = [first, last].into_iter().flatten();
        let printable =
            known.clone().all(|day| day_from_iso(&day_text(day)).is_some()) && known.count() > 0;
        let ordered = first.zip(last).is_none_or(|(first, last)| first <= last);
        (printable && ordered).then_some(Self(Shape::Days { first, last }))
    }

    /// The calendar month that holds the day; none if the day is not known.
    #[must_use]
    pub fn month_of(day: Day) -> Option<Self> {
        let (year, month, _) = crate::day::ymd_of(day)?;
        Self::month(year, month)
    }

    /// The first day, none where the period is open at its beginning.
    #[must_use]
    pub fn first(self) -> Option<Day> {
        match self.0 {
            Shape::Calendar { year, month, .. } => day_from_ymd(year, month, 1),
            Shape::Days { first, .. } => first,
        }
    }

    /// The last day, none where the period is open at its end.
    #[must_use]
    pub fn last(self) -> Option<Day> {
        match self.0 {
            Shape::Calendar { year, month, length } => month_end(year, month + length - 1),
            Shape::Days { last, .. } => last,
        }
    }

    /// Whether the day lies in the period; a day that is not known lies in none.
    #[must_use]
    pub fn contains(self, day: Day) -> bool {
        day != NO_DAY
            && self.first().is_none_or(|first| first <= day)
            && self.last().is_none_or(|last| day <= last)
    }

    /// The calendar period of the same length just after; none for custom days.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.shifted(1)
    }

    /// The calendar period of the same length just before; none for custom days.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.shifted(-1)
    }

    fn shifted(self, by: i32) -> Option<Self> {
        let Shape::Calendar { year, month, length } = self.0 else { return None };
        let months = year * 12 + month as i32 - 1 + by * length as i32;
        Self::calendar(months.div_euclid(12), months.rem_euclid(12) as u32 + 1, length)
    }

    /// The period as a heading shows it: `2026年10月`, `2026年第3季度`, `2026年度`,
    /// `2026年1月26日至2026年2月25日`, `2026年10月1日起`; in English `October 2026`,
    /// `Q3 2026`, `2026`, `2026-01-26 to 2026-02-25`, `from 2026-10-01`.
    #[must_use]
    pub fn label(self, lang: Lang) -> String {
        match (self.0, lang) {
            (Shape::Calendar { year, month, length }, Lang::Zh) => match length {
                1 => format!("{year}年{month}月"),
                3 => format!("{year}年第{}季度", month.div_ceil(3)),
                _ => format!("{year}年度"),
            },
            (Shape::Calendar { year, month, length }, Lang::En) => match length {
                1 => format!("{} {year}", MONTHS[(month as usize - 1) % 12]),
                3 => format!("Q{} {year}", month.div_ceil(3)),
                _ => year.to_string(),
            },
            (Shape::Days { first, last }, lang) => {
                let label = |day| day_label(day, lang);
                match (first.map(label), last.map(label)) {
                    (Some(first), Some(last)) => first + lang.pick("至", " to ") + &last,
                    (Some(first), None) if lang == Lang::Zh => first + "起",
                    (None, Some(last)) if lang == Lang::Zh => last + "止",
                    (Some(first), None) => format!("from {first}"),
                    (None, Some(last)) => format!("to {last}"),
                    (None, None) => String::new(),
                }
            }
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Shape::Calendar { year, month, length: 1 } => write!(formatter, "{year:04}-{month:02}"),
            Shape::Calendar { year, month, length: 3 } => {
                write!(formatter, "{year:04}-Q{}", month.div_ceil(3))
            }
            Shape::Calendar { year, .. } => write!(formatter, "{year:04}"),
            Shape::Days { first, last } => {
                let text = |day: Option<Day>| day.map(day_text).unwrap_or_default();
                write!(formatter, "{}..{}", text(first), text(last))
            }
        }
    }
}

impl std::str::FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let malformed = || PeriodError::Malformed(text.to_owned());
        if let Some((first, last)) = text.split_once("..") {
            return parse_days(text, first, last);
        }
        let (year, rest) = text.split_at_checked(4).ok_or_else(malformed)?;
        let year = digits(year).ok_or_else(malformed)? as i32;
        let period = match rest.strip_prefix('-') {
            None if rest.is_empty() => Self::year(year),
            None => return Err(malformed()),
            Some(part) => match part.strip_prefix(['Q', 'q']) {
                Some(quarter) if quarter.len() == 1 => {
                    Self::quarter(year, digits(quarter).ok_or_else(malformed)?)
                }
                None if part.len() == 2 => Self::month(year, digits(part).ok_or_else(malformed)?),
                _ => return Err(malformed()),
            },
        };
        period.ok_or_else(|| PeriodError::NoSuchDate(text.to_owned()))
    }
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn parse_days(text: &str, first: &str, last: &str) -> Result<Period, PeriodError> {
    let day = |part: &str| -> Result<Option<Day>, PeriodError> {
        if part.is_empty() {
            return Ok(None);
        }
        let looks_like_a_day = part.len() == 10
            && part.bytes().enumerate().all(|(place, byte)| match place {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        match day_from_iso(part) {
            Some(day) => Ok(Some(day)),
            None if looks_like_a_day => Err(PeriodError::NoSuchDate(text.to_owned())),
            None => Err(PeriodError::Malformed(text.to_owned())),
        }
    };
    let (first, last) = (day(first)?, day(last)?);
    if first.is_none() && last.is_none() {
        return Err(PeriodError::Malformed(text.to_owned()));
    }
    Period::days(first, last).ok_or_else(|| PeriodError::Reversed(text.to_owned()))
}

impl TryFrom<String> for Period {
    type Error = PeriodError;
    fn try_from(text: String) -> Result<Self, PeriodError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    //! Method: one line per period: text, first and last day, Chinese and English label.

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, first: &str, last: &str, zh: &str, en: &str) {
        let period: Period = text.parse().unwrap();
        assert_eq!(period.to_string(), text);
        assert_eq!(period.first().map(day_text).unwrap_or_default(), first);
        assert_eq!(period.last().map(day_text).unwrap_or_default(), last);
        assert_eq!((period.label(Lang::Zh), period.label(Lang::En)), (zh.into(), en.into()));
        for (edge, inside, outside) in [(period.first(), 0, -1), (period.last(), 0, 1)] {
            if let Some(day) = edge {
                assert!(period.contains(day + inside) && !period.contains(day + outside));
            }
        }
        assert!(!period.contains(NO_DAY));
    }

    #[test]
    fn every_form_is_read_and_labeled() {
        check("2026-10", "2026-10-01", "2026-10-31", "2026年10月", "October 2026");
        check("2028-02", "2028-02-01", "2028-02-29", "2028年2月", "February 2028");
        check("2026-Q3", "2026-07-01", "2026-09-30", "2026年第3季度", "Q3 2026");
        check("2026-Q4", "2026-10-01", "2026-12-31", "2026年第4季度", "Q4 2026");
        check("2026", "2026-01-01", "2026-12-31", "2026年度", "2026");
        check(
            "2026-01-26..2026-02-25",
            "2026-01-26",
            "2026-02-25",
            "2026年1月26日至2026年2月25日",
            "2026-01-26 to 2026-02-25",
        );
        check("2026-10-01..", "2026-10-01", "", "2026年10月1日起", "from 2026-10-01");
        check("..2026-10-31", "", "2026-10-31", "2026年10月31日止", "to 2026-10-31");
    }

    #[test]
    fn refuses_with_the_reason() {
        let malformed = [
            "",
            "..",
            "26-10",
            "2026-1",
            "2026-10-01",
            "2026/10",
            "2026-Q",
            "2026-010",
            "2026-10-1..",
            "２０２６",
            "2026年10月",
            "a..b",
            "2026-10-01...",
            "2026-10-01..x",
        ];
        for text in malformed {
            assert_eq!(text.parse::<Period>(), Err(PeriodError::Malformed(text.into())), "{text}");
        }
        for text in ["2026-13", "2026-00", "2026-Q5", "2026-Q0", "0000", "2026-02-29.."] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError::NoSuchDate(text.into())), "{text}");
        }
        let reversed = "2026-02-25..2026-01-26";
        assert_eq!(reversed.parse::<Period>(), Err(PeriodError::Reversed(reversed.into())));
    }

    #[test]
    fn neighbors_are_calendar_periods() {
        let cases = [
            ("2026-12", "2027-01"),
            ("2026-Q4", "2027-Q1"),
            ("2026", "2027"),
            ("2026-09", "2026-10"),
        ];
        for (period, next) in cases {
            let (period, next): (Period, Period) = (period.parse().unwrap(), next.parse().unwrap());
            assert_eq!(period.next(), Some(next));
            assert_eq!(next.previous(), Some(period));
            assert_eq!(period.last().map(|day| day + 1), next.first());
        }
        assert_eq!("9999".parse::<Period>().unwrap().next(), None);
        assert_eq!("2026-10-01..".parse::<Period>().unwrap().next(), None);
    }

    proptest! {
        #[test]
        fn custom_days_come_back(first in -719_162_i32..2_900_000, length in 0_i32..30_000) {
            let period = Period::days(Some(first), Some(first + length)).unwrap();
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }

        #[test]
        fn a_day_lies_in_exactly_its_month(day in -700_000_i32..2_900_000) {
            let month = Period::month_of(day).unwrap();
            prop_assert!(month.contains(day));
            prop_assert!(!month.next().unwrap().contains(day));
            prop_assert!(!month.previous().unwrap().contains(day));
        }

        #[test]
        fn never_panics_on_any_text(text in "[0-9Q.年-]{0,22}") {
            if let Ok(period) = text.parse::<Period>() {
                prop_assert_eq!(period.to_string().parse(), Ok(period));
            }
        }
    }
}
