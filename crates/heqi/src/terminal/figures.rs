//! Numbers as accountants read them: grouped, with the currency's decimals.

use heqi_domain::Currency;

/// A whole number with thousands grouped: `1,234,567`.
pub fn count(number: u64) -> String {
    group(&number.to_string())
}

/// Minor units for people: `-1,234,567.80`.
pub fn money(minor: i128, currency: Currency) -> String {
    heqi_domain::grouped_text(minor, currency.exponent())
}

/// Decimal text with its whole part grouped; what is not a number stays as it is.
pub fn decimal(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{decimals}", group(whole))
}

/// `part` of `whole` as a percentage with one decimal, rounded down: 100.0 means all.
pub fn share(part: u64, whole: u64) -> String {
    let permille = (u128::from(part) * 1_000).checked_div(u128::from(whole)).unwrap_or(1_000);
    format!("{}.{} %", permille / 10, permille % 10)
}

/// Bytes as `1.2 GB`, in steps of a thousand.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut tenths = u128::from(number) * 10;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    if unit == 0 {
        format!("{number} B")
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_and_keeps_its_decimals() {
        let check = |minor: i128, code: &str, expected: &str| {
            assert_eq!(money(minor, code.parse().expect("a currency")), expected);
        };
        check(0, "CNY", "0.00");
        check(5, "CNY", "0.05");
        check(-5, "CNY", "-0.05");
        check(100_000, "CNY", "1,000.00");
        check(-123_456_780, "CNY", "-1,234,567.80");
        check(1_234, "JPY", "1,234");
        check(-1_234_567, "KWD", "-1,234.567");
        check(i128::from(i64::MIN), "CNY", "-92,233,720,368,547,758.08");
    }

    #[test]
    fn decimal_text_is_grouped_without_being_read_as_a_number() {
        let check = |text, expected| assert_eq!(decimal(text), expected);
        check("1234567.8", "1,234,567.8");
        check("-1234", "-1,234");
        check("12", "12");
        check("见附件", "见附件");
        check("", "");
    }

    #[test]
    fn shares_never_round_up_to_all() {
        let check = |part, whole, expected| assert_eq!(share(part, whole), expected);
        check(9_999, 10_000, "99.9 %");
        check(10_000, 10_000, "100.0 %");
        check(0, 10, "0.0 %");
        check(0, 0, "100.0 %");
    }

    #[test]
    fn bytes_take_the_unit_that_reads_best() {
        let check = |number, expected| assert_eq!(bytes(number), expected);
        check(999, "999 B");
        check(1_200, "1.2 KB");
        check(2_000_000_000, "2.0 GB");
    }
}
