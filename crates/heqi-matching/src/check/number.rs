//! Document numbers compared, the checker's own way: by their digits.
//!
//! Whatever a pass folds away (letters before the number, separators, width, zeros in front, a
//! year beside it), two numbers that it holds for one have the same digits in the same order.

use heqi_domain::LineIx;
use unicode_normalization::UnicodeNormalization;

use super::Case;
use crate::ruleset::References;

/// The digits of a number: all of them, and without the years that stand apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    all: String,
    yearless: String,
    /// The letters and digits where there is no digit at all.
    word: String,
}

impl Digits {
    pub fn of(raw: &str) -> Self {
        let text = upper(raw);
        let parts = || text.split(|letter: char| !letter.is_ascii_alphanumeric());
        let digits = |part: &str| part.chars().filter(char::is_ascii_digit).collect::<String>();
        let all: String = parts().map(digits).collect();
        let yearless: String = parts().filter(|part| !is_year(part)).map(digits).collect();
        let word = match all.is_empty() {
            true => text.chars().filter(|letter| letter.is_alphanumeric()).collect(),
            false => String::new(),
        };
        Self { all: no_zeros(&all), yearless: no_zeros(&yearless), word }
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.word.is_empty()
    }

    pub fn agrees(&self, other: &Self) -> bool {
        let digits = [&self.all, &self.yearless].into_iter().filter(|text| !text.is_empty());
        let mut same = digits.filter(|text| **text == other.all || **text == other.yearless);
        same.next().is_some() || (!self.word.is_empty() && self.word == other.word)
    }
}

/// Whether our line and theirs bear one number under the rules.
pub(crate) fn agree(case: &Case, ours: LineIx, theirs: LineIx) -> bool {
    raw_agree(
        case.rules.references,
        case.ours.reference.get(ours),
        case.theirs.reference.get(theirs),
    )
}

pub(crate) fn raw_agree(rule: References, ours: &str, theirs: &str) -> bool {
    match rule {
        References::AsWritten => !ours.is_empty() && ours == theirs,
        References::Folded if ours == theirs => !Digits::of(ours).is_empty(),
        References::Folded => Digits::of(ours).agrees(&Digits::of(theirs)),
    }
}

/// Whether a text mentions a number: as one of its words, or two neighbors written apart.
pub(crate) fn mentions(text: &str, number: &str) -> bool {
    let wanted = Digits::of(number);
    let text = upper(text);
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.chars().any(|letter| letter.is_ascii_digit()))
        .collect();
    words.iter().any(|word| wanted.agrees(&Digits::of(word)))
        || words.windows(2).any(|two| wanted.agrees(&Digits::of(&two.concat())))
}

/// Whether two numbers may be one, spoiled by a slip: a letter read for a digit, one character
/// off or two swapped, a short piece lost at an end.
pub(crate) fn near(ours: &str, theirs: &str) -> bool {
    let forms = |raw: &str| {
        let text = upper(raw);
        let whole: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let yearless: String = text
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|part| !is_year(part) && part.chars().any(|letter| letter.is_ascii_digit()))
            .collect();
        let numbered: String = text
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|part| part.chars().any(|letter| letter.is_ascii_digit()))
            .collect();
        let seen = whole.chars().map(as_seen).collect();
        let raw_seen = raw.nfkc().filter(char::is_ascii_alphanumeric).map(as_seen).collect();
        let bare = [core(&yearless), core(&numbered), core(&whole)];
        bare.into_iter().chain([seen, raw_seen]).collect::<Vec<String>>()
    };
    let (ours, theirs) = (forms(ours), forms(theirs));
    ours.iter().any(|a| theirs.iter().any(|b| alike(a, b)))
}

fn alike(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let tail = short.trim_start_matches('0');
    (tail.len() >= 4 && (long.ends_with(tail) || long.starts_with(short)))
        || (short.len() >= 3 && edits(short.as_bytes(), long.as_bytes()) <= 2)
}

/// Characters replaced, dropped or added between two texts (a swap counts two).
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// Without the letters and zeros in front.
fn core(text: &str) -> String {
    text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || letter == '0').to_owned()
}

/// A letter as the digit for which a reader takes it.
fn as_seen(letter: char) -> char {
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

fn upper(raw: &str) -> String {
    raw.nfkc().flat_map(char::to_uppercase).collect()
}

fn is_year(part: &str) -> bool {
    let digits = part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    digits && (part.starts_with("19") || part.starts_with("20"))
}

/// Without zeros in front; zero itself stays.
fn no_zeros(digits: &str) -> String {
    let rest = digits.trim_start_matches('0');
    if rest.is_empty() && !digits.is_empty() { "0".to_owned() } else { rest.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ours: &str, theirs: &str, expected: bool) {
        assert_eq!(raw_agree(References::Folded, ours, theirs), expected, "{ours} {theirs}");
        assert_eq!(raw_agree(References::Folded, theirs, ours), expected, "{theirs} {ours}");
    }

    #[test]
    fn one_number_written_in_many_ways() {
        for other in ["0000536365", "INV-536365", "536365/2011", "５３６ ３６５", "发票号：536365"]
        {
            check("536365", other, true);
        }
        check("XS-202610-00012", "XS-202610-00013", false);
        check("RCPT", "rcpt", true);
        check("", "", false);
        check("2019", "2019-1234", false);
        assert!(!raw_agree(References::AsWritten, "12", "012"));
    }

    #[test]
    fn mentions_and_near_misses() {
        assert!(mentions("付 XS261002-007、XS261016-005 货款", "XS261016005"));
        assert!(!mentions("付 XS261002-007 货款", "XS261016-005"));
        for (a, b) in
            [("541851", "S4l851"), ("536365", "36365"), ("536365", "536356"), ("536365", "6365")]
        {
            assert!(near(a, b), "{a} {b}");
        }
        assert!(!near("536365", "541412"));
    }
}
