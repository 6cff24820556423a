//! Cells so plain that they need no care: `-?\d+(\.\d{1,2})?` and `yyyy-mm-dd`.
//!
//! Everything else answers `None` and goes the careful way; nothing here guesses. Digits are
//! taken eight at a time as the bytes of one word.

use heqi_domain::Day;

/// Whole digits at most: 15 digits and two decimals stay far inside an `i64`.
const MOST_DIGITS: usize = 15;

const ONES: u64 = 0x0101_0101_0101_0101;

/// The amount in hundredths at `start..end` of a buffer.
#[inline]
pub(crate) fn hundredths(buffer: &[u8], start: usize, end: usize) -> Option<i64> {
    let cell = buffer.get(start..end)?;
    let negative = cell.first() == Some(&b'-');
    let start = start + usize::from(negative);
    let (whole, cents) = match *cell {
        [.., b'.', tens, units] => (end.checked_sub(3)?, digit(tens)? * 10 + digit(units)?),
        [.., b'.', tens] => (end.checked_sub(2)?, digit(tens)? * 10),
        _ => (end, 0),
    };
    let value = number(buffer, start, whole)? * 100 + cents;
    Some(if negative { -value } else { value })
}

#[inline]
fn digit(byte: u8) -> Option<i64> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(i64::from(value))
}

/// The whole number at `start..end`.
#[inline]
pub(crate) fn number(buffer: &[u8], start: usize, end: usize) -> Option<i64> {
    let length = end.checked_sub(start)?;
    if let (1..=8, Some(word)) = (length, buffer[start..].first_chunk::<8>()) {
        // Digits to the high bytes, zeros before them.
        let digits = (u64::from_le_bytes(*word) ^ (ONES * u64::from(b'0'))) << (64 - length * 8);
        return are_digits(digits).then(|| eight_digits(digits));
    }
    long_number(&buffer[start..end])
}

fn long_number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return None;
    }
    digits.iter().try_fold(0, |value, byte| Some(value * 10 + digit(*byte)?))
}

/// Whether every byte is 0 to 9.
#[inline]
const fn are_digits(bytes: u64) -> bool {
    // A byte above 9 reaches its high bit; none carries into its neighbor unless one above has.
    (bytes.wrapping_add(ONES * 0x76) | bytes) & (ONES * 0x80) == 0
}

/// The number whose decimal digits are the bytes, the most significant in the lowest byte.
#[inline]
const fn eight_digits(bytes: u64) -> i64 {
    let pairs = bytes * 10 + (bytes >> 8);
    let high = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let low = (pairs >> 16 & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    (high.wrapping_add(low) >> 32) as i64
}

/// Years that a ledger of today can hold; a date outside them is looked at with care.
const YEARS: std::ops::Range<u64> = 1980..2080;

/// The day of an ISO date at `start..end` of a buffer.
#[inline]
pub(crate) fn iso_day(buffer: &[u8], start: usize, end: usize) -> Option<Day> {
    let &[y1, y2, y3, y4, h1, m1, m2, h2, d1, d2] = buffer.get(start..end)? else { return None };
    let word = u64::from_le_bytes([y1, y2, y3, y4, h1, m1, m2, h2]);
    let parts = word ^ u64::from_le_bytes(*b"0000-00-");
    let hyphens = u64::from_le_bytes([0, 0, 0, 0, 0xFF, 0, 0, 0xFF]);
    if !are_digits(parts) || parts & hyphens != 0 {
        return None;
    }
    let [y1, y2, y3, y4, _, m1, m2, _] = parts.to_le_bytes().map(u64::from);
    let (d1, d2) = (u64::from(d1.wrapping_sub(b'0')), u64::from(d2.wrapping_sub(b'0')));
    let year = y1 * 1000 + y2 * 100 + y3 * 10 + y4;
    let (month, day) = (m1 * 10 + m2, d1 * 10 + d2);
    if d1 > 9 || d2 > 9 || !YEARS.contains(&year) {
        return None;
    }
    // Within the range every fourth year is a leap year (2000 is one).
    let leap = usize::from(year.is_multiple_of(4));
    let month = MONTHS[leap].get(month as usize)?;
    if day < 1 || day > month.length {
        return None;
    }
    let before_year = (year - 1970) * 365 + (year - 1969) / 4;
    Some((before_year + month.before + day - 1) as Day)
}

/// A month of a year.
#[derive(Clone, Copy)]
struct Month {
    /// Days of the year before it.
    before: u64,
    length: u64,
}

/// The months (index 1 to 12) of a common year and of a leap year.
const MONTHS: [[Month; 13]; 2] = [months(28), months(29)];

const fn months(february: u64) -> [Month; 13] {
    let lengths = [0, 31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut months = [Month { before: 0, length: 0 }; 13];
    let mut before = 0;
    let mut index = 0;
    while index < 13 {
        months[index] = Month { before, length: lengths[index] };
        before += lengths[index];
        index += 1;
    }
    months
}

#[cfg(test)]
mod tests {
    //! Goal: plain cells have their value, all others none.

    use super::*;

    /// The cell alone, and with something before and behind it.
    fn both<T: PartialEq + std::fmt::Debug>(
        cell: &str,
        read: fn(&[u8], usize, usize) -> Option<T>,
    ) -> Option<T> {
        let alone = read(cell.as_bytes(), 0, cell.len());
        let amid = format!("9{cell}9999999999999999");
        assert_eq!(read(amid.as_bytes(), 1, 1 + cell.len()), alone, "{cell}");
        alone
    }

    #[test]
    fn amounts() {
        let check = |cell: &str, expected: Option<i64>| {
            assert_eq!(both(cell, hundredths), expected, "{cell:?}");
        };
        check("487.96", Some(48_796));
        check("-0.5", Some(-50));
        check("7", Some(700));
        check("00012.30", Some(1_230));
        check("12345678.90", Some(1_234_567_890));
        check("123456789.01", Some(12_345_678_901));
        check("-98765432", Some(-9_876_543_200));
        check("999999999999999.99", Some(99_999_999_999_999_999));
        for cell in [
            "",
            "-",
            ".",
            ".5",
            "-.5",
            "5.",
            "1,000",
            "1.234",
            "+1",
            "１",
            "1e3",
            " 1",
            "--1",
            "1-",
            "1/2",
            "1:2",
            "a",
            "1000000000000000",
            "-.55",
            ".55",
            "1.2.3",
        ] {
            check(cell, None);
        }
        for number in (0..100_000_000_u64).step_by(76_543) {
            check(&format!("{number}.07"), Some(number as i64 * 100 + 7));
        }
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
                    assert_eq!(both(&cell, iso_day), long.then_some(expected), "{cell}");
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
            "2026-01-00",
            "2026-99-01",
            "2026-01-1:",
            "2026-01-011",
        ] {
            assert_eq!(both(cell, iso_day), None, "{cell}");
        }
    }
}
