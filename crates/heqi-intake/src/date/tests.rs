//! Goal: every day is read back in every form, and nothing else is a day. Method: properties
//! over all days of two centuries, and the forms that must not be taken.

use proptest::prelude::*;

use super::*;

const FIRST: i64 = -25_567;

proptest! {
    #[test]
    fn every_form_of_a_day_is_that_day(day in FIRST..83_000_i64) {
        let day = day as Day;
        let iso = text(day);
        let part = |range: std::ops::Range<usize>| iso[range].parse::<u32>().unwrap();
        let (year, month, date) = (part(0..4), part(5..7), part(8..10));
        let name = MONTHS[month as usize - 1];
        for form in [
            iso.clone(),
            format!("{year}/{month}/{date}"),
            format!("{year}.{month:02}.{date:02}"),
            format!("{year}年{month}月{date}日"),
            format!("{year}{month:02}{date:02}"),
            format!("{iso} 23:59:59"),
            format!("{iso}T00:00:00+08:00"),
            format!("{date} {name} {year}"),
            format!("{date:02}-{name}-{year}"),
            format!("{name} {date}, {year}"),
        ] {
            prop_assert_eq!(parse(&form, DateOrder::DayMonth), Ok(Some(day)), "{}", form);
        }
        let dotted = format!("{date:02}.{month:02}.{year}");
        prop_assert_eq!(parse(&dotted, DateOrder::DayMonth), Ok(Some(day)));
        let american = format!("{month}/{date}/{year}");
        prop_assert_eq!(parse(&american, DateOrder::MonthDay), Ok(Some(day)));
        if SERIALS.contains(&(i64::from(day) + SERIAL_EPOCH)) {
            let serial = (i64::from(day) + SERIAL_EPOCH).to_string();
            prop_assert_eq!(parse(&serial, DateOrder::DayMonth), Ok(Some(day)));
        }
    }

    #[test]
    fn any_text_is_a_day_or_an_error(text in "[-0-9/.年月日T: ]{0,24}|\\PC{0,16}") {
        for order in [DateOrder::DayMonth, DateOrder::MonthDay] {
            if let Ok(Some(day)) = parse(&text, order) {
                prop_assert!((FIRST as Day..84_400).contains(&day), "{}", text);
            }
        }
        let _ = (order_vote(&text), is_time(&text));
    }
}

#[test]
fn two_digit_years_and_times() {
    assert_eq!(parse("05/01/26", DateOrder::DayMonth), parse("2026-01-05", DateOrder::DayMonth));
    assert_eq!(parse("05/01/99", DateOrder::DayMonth), parse("1999-01-05", DateOrder::DayMonth));
    for (text, expected) in [
        ("08:00", true),
        ("08:00:24", true),
        ("080024", true),
        ("250000", false),
        ("8:0", false),
        ("20260105", false),
    ] {
        assert_eq!(is_time(text), expected, "{text}");
    }
}

#[test]
fn not_every_number_is_a_day() {
    for text in [
        "1", "123", "1234", "19999", "80001", "123456", "1234567", "00000000", "1.5", "100.00",
        "-5", "A1", "2026", "2026-01",
    ] {
        assert!(parse(text, DateOrder::DayMonth).is_err(), "{text}");
    }
}
