//! What the values of a Parquet column mean, and how they are written as the cell of a table.
//!
//! Everything has one exact text: decimals and minor units as decimal text, dates as ISO dates,
//! instants as their day and time in UTC+8, floats in their shortest form that reads back equal.
//! So a float amount with more decimals than its currency is refused like any other.

use heqi_domain::day_text;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};

use crate::amount;

/// A column of plain values (not of lists).
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Index among the file's columns.
    pub index: usize,
    /// Its name in the file.
    pub name: String,
    /// The name without the word for its unit: `amount` of `amount_cents`.
    pub stem: String,
    /// What its values are.
    pub meaning: Meaning,
    /// The file's own description.
    pub descriptor: ColumnDescPtr,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Text, as bytes of UTF-8.
    Text,
    /// A whole number.
    Whole {
        /// The stored bits are an unsigned number.
        unsigned: bool,
    },
    /// Hundredths of a currency's major unit, as the column's name says (`…_cents`, 分).
    Cents,
    /// Minor units of the row's currency, as the column's name says (`…_minor`).
    Minor,
    /// A decimal number with so many decimals.
    Decimal(u32),
    /// Days since 1970-01-01.
    Day,
    /// A point in time, in parts of a second since 1970-01-01.
    Instant {
        /// Parts of a second.
        per_second: i64,
        /// Counted in UTC; otherwise in the time of the place.
        utc: bool,
    },
    /// A time of day, in parts of a second.
    Clock {
        /// Parts of a second.
        per_second: i64,
    },
    /// 1 or 0.
    Flag,
    /// A binary float.
    Float,
}

const DAY_SECONDS: i64 = 86_400;

/// China has one time zone and no summer time.
const UTC_PLUS_8: i64 = 8 * 3600;

/// Words for hundredths and for minor units at the end of a name, in lower case.
const CENTS: &[&str] = &["_in_cents", "_cents", " cents", "(cents)", "_fen", "(分)", "（分）"];
const MINOR: &[&str] = &["_minor_units", "_minor_unit", "_minor", " minor"];

/// The columns of a file that hold one value a row.
pub(super) fn leaves(schema: &SchemaDescriptor) -> Vec<Leaf> {
    let flat = schema.columns().iter().enumerate().filter(|(_, it)| it.max_rep_level() == 0);
    flat.map(|(index, descriptor)| leaf(index, descriptor)).collect()
}

fn leaf(index: usize, descriptor: &ColumnDescPtr) -> Leaf {
    let name = descriptor.path().parts().join(".");
    let mut meaning = meaning(descriptor);
    let mut stem = name.clone();
    if matches!(meaning, Meaning::Whole { .. }) {
        let lower = name.to_lowercase();
        let ending =
            |words: &[&str]| words.iter().find(|it| lower.ends_with(**it)).map(|it| it.len());
        let unit = ending(CENTS).map(|it| (it, Meaning::Cents));
        let unit = unit.or_else(|| ending(MINOR).map(|it| (it, Meaning::Minor)));
        // Lower case may change the length of other scripts.
        let cut = unit.and_then(|(length, unit)| Some((name.get(..name.len() - length)?, unit)));
        if let Some((rest, unit)) = cut.filter(|(rest, _)| !rest.is_empty()) {
            (stem, meaning) = (rest.to_owned(), unit);
        }
    }
    Leaf { index, name, stem, meaning, descriptor: descriptor.clone() }
}

fn meaning(descriptor: &ColumnDescPtr) -> Meaning {
    let parts = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    };
    let logical = match descriptor.logical_type_ref() {
        Some(LogicalType::Date) => Some(Meaning::Day),
        Some(LogicalType::Decimal(decimal)) => Some(Meaning::Decimal(decimal.scale.unsigned_abs())),
        Some(LogicalType::Timestamp(it)) => {
            Some(Meaning::Instant { per_second: parts(&it.unit), utc: it.is_adjusted_to_u_t_c })
        }
        Some(LogicalType::Time(it)) => Some(Meaning::Clock { per_second: parts(&it.unit) }),
        Some(LogicalType::Integer(it)) => Some(Meaning::Whole { unsigned: !it.is_signed }),
        _ => None,
    };
    logical.unwrap_or_else(|| match (descriptor.converted_type(), descriptor.physical_type()) {
        (ConvertedType::DATE, _) => Meaning::Day,
        (ConvertedType::DECIMAL, _) => Meaning::Decimal(descriptor.type_scale().unsigned_abs()),
        (ConvertedType::TIMESTAMP_MILLIS, _) => Meaning::Instant { per_second: 1_000, utc: true },
        (ConvertedType::TIMESTAMP_MICROS, _) => {
            Meaning::Instant { per_second: 1_000_000, utc: true }
        }
        (ConvertedType::TIME_MILLIS, _) => Meaning::Clock { per_second: 1_000 },
        (ConvertedType::TIME_MICROS, _) => Meaning::Clock { per_second: 1_000_000 },
        (
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64,
            _,
        ) => Meaning::Whole { unsigned: true },
        (_, Type::BOOLEAN) => Meaning::Flag,
        (_, Type::INT32 | Type::INT64) => Meaning::Whole { unsigned: false },
        (_, Type::INT96) => Meaning::Instant { per_second: 1_000, utc: true },
        (_, Type::FLOAT | Type::DOUBLE) => Meaning::Float,
        (_, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY) => Meaning::Text,
    })
}

impl Meaning {
    /// The day of a value, if it is one.
    pub fn day(self, value: i128) -> Option<i64> {
        let value = i64::try_from(value).ok()?;
        match self {
            Self::Day => Some(value),
            Self::Instant { .. } => Some(self.seconds(value)?.div_euclid(DAY_SECONDS)),
            _ => None,
        }
    }

    /// Seconds of an instant in the time of the place, or of UTC+8.
    fn seconds(self, value: i64) -> Option<i64> {
        let Self::Instant { per_second, utc } = self else { return None };
        let shift = if utc { UTC_PLUS_8 } else { 0 };
        value.div_euclid(per_second).checked_add(shift)
    }

    /// The value in hundredths of a major unit, if it is a whole number of them. `minor` is the
    /// number of decimals of the row's currency.
    pub fn hundredths(self, value: i128, minor: u32) -> Option<i128> {
        let decimals = match self {
            Self::Whole { .. } => 0,
            Self::Cents => 2,
            Self::Minor => minor,
            Self::Decimal(decimals) => decimals,
            _ => return None,
        };
        if decimals <= 2 {
            return value.checked_mul(10_i128.pow(2 - decimals));
        }
        let unit = 10_i128.checked_pow(decimals - 2)?;
        (value % unit == 0).then(|| value / unit)
    }

    /// The text of a number. `minor` is the number of decimals of the row's currency.
    pub fn text(self, value: i128, minor: u32) -> String {
        match self {
            Self::Cents => amount::text(value, 2),
            Self::Minor => amount::text(value, minor),
            Self::Decimal(decimals) => amount::text(value, decimals),
            Self::Flag => value.to_string(),
            Self::Day => self.day(value).and_then(day_of).unwrap_or_else(|| value.to_string()),
            Self::Instant { .. } => self.instant(value).unwrap_or_else(|| value.to_string()),
            Self::Clock { per_second } => {
                let seconds = value.div_euclid(i128::from(per_second));
                clock(i64::try_from(seconds).unwrap_or(0).rem_euclid(DAY_SECONDS))
            }
            Self::Text | Self::Whole { .. } | Self::Float => value.to_string(),
        }
    }

    fn instant(self, value: i128) -> Option<String> {
        let seconds = self.seconds(i64::try_from(value).ok()?)?;
        let day = day_of(seconds.div_euclid(DAY_SECONDS))?;
        let time = seconds.rem_euclid(DAY_SECONDS);
        Some(if time == 0 { day } else { format!("{day} {}", clock(time)) })
    }
}

fn day_of(day: i64) -> Option<String> {
    i32::try_from(day).ok().map(day_text)
}

fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The shortest text that reads back as the same float; scientific where whole numbers are no
/// longer exact, so that a long id is seen to be damaged.
pub(super) fn float_text(value: f64) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.is_finite() && value.abs() >= EXACT {
        let text = format!("{value:E}");
        return if text.contains("E-") { text } else { text.replace('E', "E+") };
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_text() {
        let check = |meaning: Meaning, value: i128, minor: u32, text: &str| {
            assert_eq!(meaning.text(value, minor), text);
        };
        check(
            Meaning::Whole { unsigned: false },
            4_200_000_000_012_345_678,
            2,
            "4200000000012345678",
        );
        check(Meaning::Cents, -5, 2, "-0.05");
        check(Meaning::Cents, 123, 0, "1.23");
        check(Meaning::Minor, 123, 0, "123");
        check(Meaning::Minor, 123, 3, "0.123");
        check(Meaning::Decimal(4), 12_345_600, 2, "1234.5600");
        check(Meaning::Day, 20_454, 2, "2026-01-01");
        check(Meaning::Day, i128::from(i64::MAX), 2, "9223372036854775807");
        let local = Meaning::Instant { per_second: 1_000, utc: false };
        let utc = Meaning::Instant { per_second: 1_000_000, utc: true };
        check(local, 20_454 * 86_400_000, 2, "2026-01-01");
        check(local, 20_454 * 86_400_000 - 1, 2, "2025-12-31 23:59:59");
        check(utc, 20_454 * 86_400_000_000 - 8 * 3_600_000_000, 2, "2026-01-01");
        check(Meaning::Clock { per_second: 1_000 }, 29_024_000, 2, "08:03:44");
        assert_eq!(float_text(487.96), "487.96");
        assert_eq!(float_text(-0.1), "-0.1");
        assert_eq!(float_text(1.234), "1.234");
        assert_eq!(float_text(4.200_000_000_012_345e18), "4.200000000012345E+18");
    }

    #[test]
    fn hundredths_are_exact_or_none() {
        let check = |meaning: Meaning, value: i128, expected: Option<i128>| {
            assert_eq!(meaning.hundredths(value, 2), expected);
        };
        check(Meaning::Cents, 123, Some(123));
        check(Meaning::Whole { unsigned: false }, 123, Some(12_300));
        check(Meaning::Decimal(4), 12_300, Some(123));
        check(Meaning::Decimal(4), 12_345, None);
        check(Meaning::Decimal(1), -5, Some(-50));
        check(Meaning::Day, 5, None);
        check(Meaning::Whole { unsigned: false }, i128::MAX, None);
    }
}
