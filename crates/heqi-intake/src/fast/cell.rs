//! Cells so plain that they need no care: `-?\d+(\.\d{1,2})?` and `yyyy-mm-dd`.
//!
//! Everything else answers `None` and goes the careful way; nothing here guesses.

use heqi_domain::Day;

/// Whole digits at most: 15 digits and two decimals stay far inside an `i64`.
const MOST_DIGITS: usize = 15;

/// The amount in hundredths.
#[inline]
pub(super) fn hundredths(cell: &[u8]) -> Option<i64> {
    let (negative, digits) = match cell {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, cell),
    };
    let value = match digits {
        [whole @ .., b'.', tens, units] => {
            number(whole)? * 100 + digit(*tens)? * 10 + digit(*units)?
        }
        [whole @ .., b'.', tens] => number(whole)? * 100 + digit(*tens)? * 10,
        whole => number(whole)? * 100,
    };
    Some(if negative { -value } else { value })
}

#[inline]
fn digit(byte: u8) -> Option<i64> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(i64::from(value))
}

#[inline]
fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return None;
    }
    let mut value = 0_i64;
    let mut wrong = false;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        wrong |= digit > 9;
        value = value * 10 + i64::from(digit & 15);
    }
    (!wrong).then_some(value)
}

/// Years that a ledger of today can hold; a date outside them is looked at with care.
const YEARS: std::ops::Range<i32> = 1980..2080;

/// The day of an ISO date.
#[inline]
pub(super) fn iso_day(cell: &[u8]) -> Option<Day> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = cell else { return None };
    let mut wrong = false;
    let mut two = |tens: u8, units: u8| {
        let (tens, units) = (tens.wrapping_sub(b'0'), units.wrapping_sub(b'0'));
        wrong |= tens > 9 || units > 9;
        i32::from(tens & 15) * 10 + i32::from(units & 15)
    };
    let (year, month, day) = (two(y1, y2) * 100 + two(y3, y4), two(m1, m2), two(d1, d2));
    if wrong || !YEARS.contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    // Within the range every fourth year is a leap year (2000 is one).
    let leap = year % 4 == 0;
    let before = BEFORE_MONTH[month as usize - 1] + i32::from(leap && month > 2);
    let length = BEFORE_MONTH[month as usize] - BEFORE_MONTH[month as usize - 1]
        + i32::from(leap && month == 2);
    if day < 1 || day > length {
        return None;
    }
    Some((year - 1970) * 365 + (year - 1969) / 4 + before + day - 1)
}

/// Days of a common year before each month.
const BEFORE_MONTH: [i32; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

#[cfg(test)]
mod tests {
    //! Goal: plain cells have their value, all others none.

    use super::*;

    #[test]
    fn amounts() {
        let check = |cell: &str, expected: Option<i64>| {
            assert_eq!(hundredths(cell.as_bytes()), expected, "{cell:?}");
        };
        check("487.96", Some(48_796));
        check("-0.5", Some(-50));
        check("7", Some(700));
        check("00012.30", Some(1_230));
        check("999999999999999.99", Some(99_999_999_999_999_999));
        for cell in ["", "-", ".", ".5", "5.", "1,000", "1.234", "+1", "１", "1e3", " 1", "--1"] {
            check(cell, None);
        }
        check("1000000000000000", None);
    }

    #[test]
    fn dates() {
        // Every day of the range, counted one by one.
        let mut expected = 3652;
        for year in YEARS {
            for month in 1..=12 {
                for day in 1..=31 {
                    let long = match month {
                        2 => day <= 28 + i32::from(year % 4 == 0),
                        4 | 6 | 9 | 11 => day <= 30,
                        _ => true,
                    };
                    let cell = format!("{year:04}-{month:02}-{day:02}");
                    assert_eq!(iso_day(cell.as_bytes()), long.then_some(expected), "{cell}");
                    expected += i32::from(long);
                }
            }
        }
        for cell in [
            "",
            "2026-1-1",
            "2026/01/01",
            "2026-00-10",
            "2026-13-01",
            "1899-01-01",
            "2026-01-0x",
            "x026-01-01",
        ] {
            assert_eq!(iso_day(cell.as_bytes()), None, "{cell}");
        }
    }
}
