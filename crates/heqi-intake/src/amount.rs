//! Amounts in every form that ledgers use, to whole minor units, never through a float.

use heqi_domain::Currency;

use crate::plan::DecimalMark;
use crate::words;

/// An amount as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Minor units.
    pub minor: i64,
    /// The cell names a currency of its own (`CNY 12`, `HK$5`).
    pub currency: Option<Currency>,
    /// Decimals beyond the currency were the noise of a binary float.
    pub noise: bool,
    /// Decimals beyond the currency were rounded because a template says so.
    pub rounded: bool,
}

/// Why a cell is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountError {
    Unreadable,
    TooPrecise,
    TooLarge,
    Scientific,
    Style,
}

/// How the numbers of a file are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub mark: DecimalMark,
    /// The unit is 10^scale.
    pub scale: u32,
    /// Round half up instead of refusing.
    pub round: bool,
}

/// A decimal number: `digits` × 10^−`decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub digits: i128,
    pub decimals: u32,
}

/// A number cell taken apart: sign, currency, and the bare body of digits and marks.
struct Parts {
    negative: bool,
    currency: Option<Currency>,
    body: String,
}

/// Digits that an `i128` holds with room to multiply by a unit.
const MAX_DIGITS: usize = 28;

/// Whether a cell says "nothing" in a column of numbers or keys.
pub(crate) fn is_blank(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || matches!(text, "/" | "\\" | "\\N" | "null" | "NULL" | "None" | "N/A" | "n/a" | "nil")
        || text.chars().all(is_dash)
}

const fn is_dash(character: char) -> bool {
    matches!(character, '-' | '—' | '–' | '－' | '−' | '﹣' | '‑')
}

/// Reads an amount cell; `Ok(None)` for a blank one.
pub(crate) fn parse(
    text: &str,
    style: Style,
    currency: Currency,
) -> Result<Option<Amount>, AmountError> {
    if is_blank(text) {
        return Ok(None);
    }
    let parts = take_apart(text)?;
    let number = decimal(&parts, style.mark)?;
    let exponent = parts.currency.unwrap_or(currency).exponent();
    let number = Decimal {
        digits: number.digits.checked_mul(10_i128.pow(style.scale)).ok_or(AmountError::TooLarge)?,
        ..number
    };
    let (minor, noise, rounded) = to_minor(number, exponent, style.round)?;
    Ok(Some(Amount { minor, currency: parts.currency, noise, rounded }))
}

/// Reads a quantity, price or rate; `Ok(None)` for a blank one.
pub(crate) fn number(text: &str, mark: DecimalMark) -> Result<Option<Decimal>, AmountError> {
    if is_blank(text) {
        return Ok(None);
    }
    decimal(&take_apart(text)?, mark).map(Some)
}

/// Whole minor units, or why not. The flags say that float noise was dropped, or that it was
/// rounded.
pub(crate) fn to_minor(
    number: Decimal,
    exponent: u32,
    round: bool,
) -> Result<(i64, bool, bool), AmountError> {
    let fit = |minor: i128| {
        i64::try_from(minor).ok().filter(|minor| *minor != i64::MIN).ok_or(AmountError::TooLarge)
    };
    if number.decimals <= exponent {
        let factor = 10_i128.pow(exponent - number.decimals);
        let minor = number.digits.checked_mul(factor).ok_or(AmountError::TooLarge)?;
        return Ok((fit(minor)?, false, false));
    }
    let unit = 10_i128.checked_pow(number.decimals - exponent).ok_or(AmountError::TooPrecise)?;
    let remainder = number.digits % unit;
    if remainder == 0 {
        return Ok((fit(number.digits / unit)?, false, false));
    }
    let away = if remainder.abs() >= unit - remainder.abs() { number.digits.signum() } else { 0 };
    let nearest = number.digits / unit + away;
    if is_noise(number, unit, nearest) {
        return Ok((fit(nearest)?, true, false));
    }
    if round {
        return Ok((fit(nearest)?, false, true));
    }
    Err(AmountError::TooPrecise)
}

/// Whether the excess decimals are what a binary float prints for a number of whole minor
/// units: 8 or 9 significant digits from single precision (`32.3800011`), 15 and more from
/// double precision (`0.30000000000000004`), and the distance is within that precision.
fn is_noise(number: Decimal, unit: i128, nearest: i128) -> bool {
    let significant = number.digits.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
    let distance = (number.digits - nearest * unit).unsigned_abs();
    let size = number.digits.unsigned_abs();
    match significant {
        8..=9 => distance * 100 < unit.unsigned_abs() && distance <= size >> 23,
        15.. => distance * 10_000 < unit.unsigned_abs() && distance <= size >> 49,
        _ => false,
    }
}

/// Full-width forms to ASCII, so that `１，２３４．５６` is a number.
fn narrow(character: char) -> char {
    match character {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(character as u32 - 0xFEE0).unwrap_or(character),
        '\u{3000}' | '\u{A0}' | '\u{202F}' | '\u{2009}' | '\t' => ' ',
        '−' | '﹣' | '‑' | '–' => '-',
        '￥' => '¥',
        '’' => '\'',
        '。' => '.',
        '、' => ',',
        other => other,
    }
}

fn take_apart(text: &str) -> Result<Parts, AmountError> {
    let plain: String = text.chars().map(narrow).collect();
    let mut rest = plain.trim();
    let mut negative = None;
    let mut currency = None;
    if let Some(inner) = rest.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        negative = Some(true);
        rest = inner.trim();
    }
    loop {
        let before = rest;
        rest = strip_sign(rest, &mut negative)?;
        rest = strip_currency(rest, &mut currency);
        if rest == before {
            break;
        }
    }
    let allowed = |it: char| it.is_ascii_digit() || matches!(it, '.' | ',' | ' ' | '\'');
    if !rest.chars().all(allowed) {
        return Err(if is_scientific(rest) {
            AmountError::Scientific
        } else {
            AmountError::Unreadable
        });
    }
    if !rest.bytes().any(|it| it.is_ascii_digit()) {
        return Err(AmountError::Unreadable);
    }
    if !spaces_group(rest) {
        return Err(AmountError::Unreadable);
    }
    let body = rest.chars().filter(|it| !matches!(it, ' ' | '\'')).collect();
    Ok(Parts { negative: negative.unwrap_or(false), currency, body })
}

/// Spaces and apostrophes may only stand between groups of three digits: `1 234.56`, `1'234`.
fn spaces_group(rest: &str) -> bool {
    let whole = rest.split(['.', ',']).next().unwrap_or(rest);
    let decimals = &rest[whole.len()..];
    let mut groups = whole.split([' ', '\'']).skip(1);
    groups.all(|group| group.len() == 3) && (whole.len() == rest.len() || !decimals.contains(' '))
}

/// Takes one sign off either end: `-`, `+`, 红字, and the words Dr/Cr, 借/贷.
fn strip_sign<'a>(rest: &'a str, negative: &mut Option<bool>) -> Result<&'a str, AmountError> {
    const PREFIXES: [(&str, bool); 4] = [("-", true), ("+", false), ("红字", true), ("负", true)];
    const SUFFIXES: [(&str, bool); 8] = [
        ("-", true),
        ("+", false),
        ("CR", true),
        ("Cr", true),
        ("DR", false),
        ("Dr", false),
        ("贷", true),
        ("借", false),
    ];
    let found =
        PREFIXES.iter().find_map(|(sign, minus)| Some((rest.strip_prefix(sign)?, *minus))).or_else(
            || SUFFIXES.iter().find_map(|(sign, minus)| Some((rest.strip_suffix(sign)?, *minus))),
        );
    let Some((rest, minus)) = found else { return Ok(rest) };
    if negative.is_some() {
        return Err(AmountError::Unreadable);
    }
    *negative = Some(minus);
    Ok(rest.trim())
}

/// Takes one currency sign, code or word off either end.
fn strip_currency<'a>(rest: &'a str, currency: &mut Option<Currency>) -> &'a str {
    for (word, code) in words::MONEY_MARKS {
        let stripped = rest.strip_prefix(word).or_else(|| rest.strip_suffix(word));
        if let Some(rest) = stripped {
            *currency = code.and_then(|it| it.parse().ok()).or(*currency);
            return rest.trim();
        }
    }
    let letters = |part: &str| part.bytes().all(|it| it.is_ascii_uppercase());
    let (head, tail) = (rest.get(..3), rest.len().checked_sub(3).and_then(|at| rest.get(at..)));
    if let Some(code) = head.filter(|it| letters(it)) {
        *currency = code.parse().ok();
        return rest[3..].trim();
    }
    if let Some(code) = tail.filter(|it| letters(it)) {
        *currency = code.parse().ok();
        return rest[..rest.len() - 3].trim();
    }
    rest
}

/// `1.23E+19` and the like: what a spreadsheet makes of a long number.
pub(crate) fn is_scientific(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let Some(power) = exponent.strip_prefix(['+', '-']) else { return false };
    whole.len() == 1 && digits(whole) && digits(fraction) && digits(power)
}

fn decimal(parts: &Parts, mark: DecimalMark) -> Result<Decimal, AmountError> {
    let found = split(&parts.body, mark);
    let Some((whole, fraction)) = found else {
        let other = match mark {
            DecimalMark::Point => DecimalMark::Comma,
            DecimalMark::Comma => DecimalMark::Point,
        };
        let wrong = split(&parts.body, other).is_some();
        return Err(if wrong { AmountError::Style } else { AmountError::Unreadable });
    };
    let fraction = fraction.trim_end_matches('0');
    let digits: String =
        whole.chars().chain(fraction.chars()).filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    if digits.len() > MAX_DIGITS {
        return Err(AmountError::TooLarge);
    }
    let value: i128 = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(i128::MAX) };
    let value = if parts.negative { -value } else { value };
    Ok(Decimal { digits: value, decimals: fraction.len() as u32 })
}

/// Whole part (with its grouping marks) and decimals, if the body is well formed under `mark`.
fn split(body: &str, mark: DecimalMark) -> Option<(&str, &str)> {
    let (point, group) = match mark {
        DecimalMark::Point => ('.', ','),
        DecimalMark::Comma => (',', '.'),
    };
    let (whole, fraction) = body.split_once(point).unwrap_or((body, ""));
    let digits_only = fraction.bytes().all(|it| it.is_ascii_digit());
    (digits_only && fraction.len() <= 40 && is_grouped(whole, group)).then_some((whole, fraction))
}

/// `1234`, `1,234`, `12,34,567` (the last group has three digits, the others two or three).
fn is_grouped(whole: &str, group: char) -> bool {
    let mut groups = whole.rsplit(group);
    let Some(last) = groups.next() else { return true };
    let rest: Vec<&str> = groups.collect();
    let digits = |part: &str| part.bytes().all(|it| it.is_ascii_digit());
    if rest.is_empty() {
        return digits(last);
    }
    let (first, middle) = rest.split_last().unwrap_or((&"", &[]));
    last.len() == 3
        && digits(last)
        && (1..=3).contains(&first.len())
        && digits(first)
        && middle.iter().all(|part| matches!(part.len(), 2 | 3) && digits(part))
}

/// Whether the cell carries a minus in any form.
pub(crate) fn is_negative(text: &str) -> bool {
    take_apart(text).is_ok_and(|parts| parts.negative)
}

/// Quantity × price × (1 − discount), exactly.
pub(crate) fn product(
    quantity: Decimal,
    price: Decimal,
    discount: Option<Decimal>,
) -> Result<Decimal, AmountError> {
    let times = |a: Decimal, b: Decimal| {
        let digits = a.digits.checked_mul(b.digits).ok_or(AmountError::TooLarge)?;
        Ok(Decimal { digits, decimals: a.decimals + b.decimals })
    };
    let gross = times(quantity, price)?;
    let Some(discount) = discount else { return Ok(gross) };
    let one = 10_i128.checked_pow(discount.decimals).ok_or(AmountError::TooLarge)?;
    times(gross, Decimal { digits: one - discount.digits, decimals: discount.decimals })
}

/// Whether the cell is a number under either decimal mark.
pub(crate) fn parse_any(text: &str) -> bool {
    take_apart(text).is_ok_and(|parts| {
        split(&parts.body, DecimalMark::Point).is_some()
            || split(&parts.body, DecimalMark::Comma).is_some()
    })
}

/// What a cell says about the decimal mark of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkVote {
    /// Only a decimal point makes sense.
    Point,
    /// Only a decimal comma makes sense.
    Comma,
    /// `1,234` or `1.234`: a thousand and something, or one and something.
    Either,
    /// No mark at all, or not a number.
    None,
}

/// What a cell says about the decimal mark of its column.
pub(crate) fn mark_vote(text: &str) -> MarkVote {
    if is_blank(text) {
        return MarkVote::None;
    }
    let Ok(parts) = take_apart(text) else { return MarkVote::None };
    if !parts.body.contains(['.', ',']) {
        return MarkVote::None;
    }
    let point = split(&parts.body, DecimalMark::Point).is_some();
    let comma = split(&parts.body, DecimalMark::Comma).is_some();
    match (point, comma) {
        (true, true) => MarkVote::Either,
        (true, false) => MarkVote::Point,
        (false, true) => MarkVote::Comma,
        (false, false) => MarkVote::None,
    }
}

/// Decimal text of minor units: `-1234.50`.
pub(crate) fn text(minor: i128, exponent: u32) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = exponent as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - exponent as usize);
    let point = if exponent == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests;
