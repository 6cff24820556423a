//! References 参考号 compared: how a document number is folded into a key.
//!
//! The raw form is kept and shown; only the comparison is folded. A number is written in many
//! ways (`INV-536365`, `0000536365`, `５３６３６５`, `536 365`, `536365/2011`, `Your invoice no.
//! 536365 thank you`): what stays the same is its run of digits.
//!
//! Source: matching.md, "Normalising": NFKC, upper case, separators dropped, prefixes dropped,
//! fiscal-year patterns and leading zeros folded.

use std::borrow::Cow;

use twox_hash::XxHash3_64;
use unicode_normalization::UnicodeNormalization;

/// A run of ASCII letters and digits that holds a digit, upper case.
pub(crate) type Token = String;

/// The folded key of a reference: hash 0 and empty text where nothing usable is written.
pub(crate) fn key_hash(raw: &str) -> u64 {
    if let Some(digits) = plain_number(raw) {
        return hash_text(digits);
    }
    let core = core(raw);
    if core.is_empty() { 0 } else { hash_text(core.as_bytes()) }
}

/// Hash of a key text; never 0, which stands for "no key".
pub(crate) fn hash_text(core: &[u8]) -> u64 {
    XxHash3_64::oneshot(core).max(1)
}

/// The commonest form, read without allocating: letters and separators, then one run of digits.
fn plain_number(raw: &str) -> Option<&[u8]> {
    let bytes = raw.as_bytes();
    let first = bytes.iter().position(u8::is_ascii_digit)?;
    let run = bytes[first..].iter().position(|byte| !byte.is_ascii_digit());
    let (head, digits) = (&bytes[..first], &bytes[first..]);
    if run.is_some() || !head.is_ascii() {
        return None;
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    // An all-zero number keeps one zero, as the general form does.
    Some(&digits[zeros.min(digits.len() - 1)..])
}

/// The folded key as text: digits without prefix letters, year and leading zeros; the whole
/// upper-case text where it holds no digit.
pub(crate) fn core(raw: &str) -> String {
    if let Some(digits) = plain_number(raw) {
        return String::from_utf8_lossy(digits).into_owned();
    }
    let folded = fold(raw);
    let tokens = number_tokens(&folded);
    if tokens.is_empty() {
        return folded.chars().filter(|letter| letter.is_alphanumeric()).collect();
    }
    strip(&joined(&drop_year(tokens)))
}

/// Whether two references of one key are short numbers of unlike series (YF-0001, DZ-01): with
/// unlike amounts nothing says that they are one document.
pub(crate) fn other_series(ours: &str, theirs: &str) -> bool {
    let letters =
        |raw: &str| -> String { fold(raw).chars().filter(|it| it.is_alphabetic()).collect() };
    let (a, b) = (letters(ours), letters(theirs));
    core(ours).len() < 4 && !a.is_empty() && !b.is_empty() && a != b
}

/// NFKC and upper case; borrowed where nothing changes.
pub(crate) fn fold(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()) {
        return Cow::Borrowed(raw);
    }
    // ASCII is its own compatible form.
    if raw.is_ascii() {
        return Cow::Owned(raw.to_ascii_uppercase());
    }
    Cow::Owned(raw.nfkc().flat_map(char::to_uppercase).collect())
}

/// The runs of ASCII letters and digits that hold a digit.
pub(crate) fn number_tokens(folded: &str) -> Vec<Token> {
    folded
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|token| token.bytes().any(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// A fiscal year beside a longer number says nothing; beside a short one it is part of it.
fn drop_year(tokens: Vec<Token>) -> Vec<Token> {
    let is_year = |token: &str| {
        token.len() == 4
            && token.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(&token[..2], "19" | "20")
    };
    let long = tokens.iter().any(|token| !is_year(token) && strip(token).len() >= 4);
    if !long {
        return tokens;
    }
    tokens.into_iter().filter(|token| !is_year(token)).collect()
}

fn joined(tokens: &[Token]) -> String {
    // Only the first token loses its prefix letters: `SO 12A 7` is 12A7.
    tokens.concat()
}

/// Drops leading letters and zeros, however they alternate (`000C545478`).
pub(crate) fn strip(token: &str) -> String {
    stripped(token).to_owned()
}

/// See [`strip`]; a token is ASCII.
fn stripped(token: &str) -> &str {
    let rest =
        token.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || letter == '0');
    if rest.is_empty() {
        let digits = token.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        &digits[..digits.len().min(1)]
    } else {
        rest
    }
}

/// Every key that a text mentions: each number by itself, and neighbours written apart.
pub(crate) fn mentions(text: &str) -> Vec<u64> {
    let folded = fold(text);
    let mut keys: Vec<u64> = Vec::new();
    let mut both = String::new();
    let mut before = "";
    let tokens = folded.split(|letter: char| !letter.is_ascii_alphanumeric());
    for token in tokens.filter(|token| token.bytes().any(|byte| byte.is_ascii_digit())) {
        push_key(&mut keys, stripped(token));
        if !before.is_empty() {
            both.clear();
            both.push_str(before);
            both.push_str(token);
            push_key(&mut keys, stripped(&both));
        }
        before = token;
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn push_key(keys: &mut Vec<u64>, core: &str) {
    if core.len() >= 3 {
        keys.push(hash_text(core.as_bytes()));
    }
}

/// The shape of a reference, digits as 9, letters kept: `RC-9999`. Two numbers of one shape
/// that differ are two documents; numbers of unlike shapes may be two names of one.
pub(crate) fn shape(raw: &str) -> String {
    let folded = fold(raw);
    let mut shape = String::new();
    for letter in folded.chars().filter(|letter| letter.is_alphanumeric()) {
        shape.push(if letter.is_ascii_digit() { '9' } else { letter });
    }
    shape
}

/// Letters that a reader or a scanner takes for digits, folded to the digit.
pub(crate) fn confusable(raw: &str) -> String {
    // ASCII is its own compatible form.
    if raw.is_ascii() {
        return raw.chars().filter(char::is_ascii_alphanumeric).map(as_digit).collect();
    }
    raw.nfkc().filter(char::is_ascii_alphanumeric).map(as_digit).collect()
}

const fn as_digit(letter: char) -> char {
    match letter {
        'O' | 'o' | 'Q' | 'D' => '0',
        'I' | 'i' | 'L' | 'l' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'b' | 'G' => '6',
        'B' => '8',
        other => other.to_ascii_uppercase(),
    }
}

/// How two references differ, if by a known corruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Corruption {
    /// Letters taken for digits (O/0, I/1, B/8, S/5).
    Confused,
    /// One character replaced, dropped, added, or two neighbours swapped.
    OneEdit,
    /// A prefix or suffix of one or two characters lost.
    Shortened,
}

/// The corruption that turns one reference into the other; `None` if they differ otherwise.
pub(crate) fn corruption(ours: &str, theirs: &str) -> Option<Corruption> {
    Written::of(ours).corruption(&Written::of(theirs))
}

/// A reference in the forms in which corruptions are seen, for many comparisons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    core: String,
    confusable: String,
}

impl Written {
    pub fn of(raw: &str) -> Self {
        Self { core: core(raw), confusable: confusable(raw) }
    }

    /// See [`corruption`]. Numbers of fewer than four characters are never compared: they are
    /// all alike. Nor are words without a digit: they name no document.
    pub fn corruption(&self, other: &Self) -> Option<Corruption> {
        let (a, b) = (&self.core, &other.core);
        let numbered = |core: &str| core.bytes().any(|byte| byte.is_ascii_digit());
        if a.len().min(b.len()) < 4 || !numbered(a) || !numbered(b) {
            return None;
        }
        if same_tail(&self.confusable, &other.confusable) {
            return Some(Corruption::Confused);
        }
        if one_edit(a.as_bytes(), b.as_bytes()) {
            return Some(Corruption::OneEdit);
        }
        let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
        let lost = long.len() - short.len();
        let kept = long.ends_with(&**short) || long.starts_with(&**short);
        (lost <= 2 && short.len() >= 4 && kept).then_some(Corruption::Shortened)
    }
}

/// Whether the confusables-folded texts are one, but for a prefix of letters or zeros.
fn same_tail(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let tail = short.trim_start_matches('0');
    tail.len() >= 4 && long.ends_with(tail) && {
        let head = &long[..long.len() - tail.len()];
        head.bytes().all(|byte| byte == b'0' || byte.is_ascii_alphabetic())
            || long.len() == short.len()
    }
}

/// At most one replacement, insertion, deletion or swap of neighbours, and at least one.
pub(crate) fn one_edit(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let tail = short[head..]
        .iter()
        .rev()
        .zip(long[head..].iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (rest_short, rest_long) = (short.len() - head - tail, long.len() - head - tail);
    match (rest_short, rest_long) {
        (0, 1) | (1, 1) => true,
        (2, 2) => short[head] == long[head + 1] && short[head + 1] == long[head],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        assert_eq!(core(raw), expected, "{raw}");
        assert_eq!(key_hash(raw) == 0, expected.is_empty(), "{raw}");
        assert_eq!(
            key_hash(raw),
            if expected.is_empty() { 0 } else { hash_text(expected.as_bytes()) }
        );
    }

    #[test]
    fn the_many_ways_to_write_a_number() {
        for raw in [
            "536365",
            "0000536365",
            "INV-536365",
            "536365/2011",
            "inv #536365",
            "536 365",
            "Your invoice no. 536365 thank you",
            "５３６３６５",
            "发票号：536365",
            "RC-536365",
            "C536365",
            "000C536365",
            "2011-536365",
            "No.536365",
        ] {
            check(raw, "536365");
        }
    }

    #[test]
    fn a_year_is_part_of_a_short_number() {
        check("INV/2019/00001", "201900001");
        check("2019-00001", "201900001");
        check("XS-202610-00012", "20261000012");
    }

    #[test]
    fn a_text_without_digits_is_its_own_key() {
        check("RCPT", "RCPT");
        check("期初", "期初");
        check(" - ", "");
        check("", "");
        check("000", "0");
    }

    #[test]
    fn known_corruptions() {
        assert_eq!(corruption("541851", "S4l851"), Some(Corruption::Confused));
        assert_eq!(corruption("552181", "55Z1B1"), Some(Corruption::Confused));
        assert_eq!(corruption("536365", "36365"), Some(Corruption::OneEdit));
        assert_eq!(corruption("536365", "536356"), Some(Corruption::OneEdit));
        assert_eq!(corruption("536365", "6365"), Some(Corruption::Shortened));
        assert_eq!(corruption("536365", "536412"), None);
    }
}
