//! Which texts mean themselves: nothing to trim, to unwrap or to weigh.
//!
//! Each test here may say "look with care" too often, never too rarely; a property test holds
//! them to `cell::clean`, `amount::is_blank`, `amount::is_scientific` and `words::control`.

use crate::words;

/// Whether a byte may begin a plain text: a letter, a digit, most ASCII marks, or the first byte
/// of an ideograph (U+4000–U+9FFF).
const BEGINS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte < 0x7F {
        let wrapper = matches!(byte, b'#' | b'"' | b'\'' | b'`' | b'=');
        let nothing = matches!(byte, b'-' | b'/' | b'\\' | b'+');
        table[byte as usize] = !wrapper && !nothing;
        byte += 1;
    }
    let mut byte = 0xE4;
    while byte <= 0xE9 {
        table[byte] = true;
        byte += 1;
    }
    table
};

/// Whether a text that is not empty is its own cleaned form, and does not say "nothing".
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let (Some(&first), Some(&last)) = (text.first(), text.last()) else { return false };
    let ends = if last < 0x80 { last.is_ascii_graphic() } else { ends_wide(text) };
    // null, NULL, None, N/A, n/a, nil
    let nothing = text.len() <= 4 && first | 0x20 == b'n';
    BEGINS[first as usize] && ends && !nothing
}

/// The last character is an ideograph or a full-width form, so certainly not a blank.
fn ends_wide(text: &[u8]) -> bool {
    matches!(text, [.., 0xE4..=0xE9, _, _] | [.., 0xEF, 0xBC | 0xBD, _])
}

/// Whether a plain text could be a long number that went through a spreadsheet (`1.2E+19`).
#[inline]
pub(crate) fn may_be_scientific(text: &[u8]) -> bool {
    matches!(text, [b'0'..=b'9', b'.' | b'E' | b'e', ..])
}

/// Whether a plain text could be the label of a control row; `ascii`: the block has no others.
#[inline]
pub(crate) fn may_be_label(text: &[u8], ascii: bool) -> bool {
    if ascii || text.is_ascii() {
        return (may_begin_label(text) || may_end_label(text)) && is_label(text);
    }
    is_label(text)
}

/// The full test.
#[cold]
fn is_label(text: &[u8]) -> bool {
    std::str::from_utf8(text).map_or(true, |text| words::control(text).is_some())
}

/// A set of pairs of bytes.
struct Pairs([u64; 1024]);

impl Pairs {
    #[inline]
    fn has(&self, first: u8, second: u8) -> bool {
        let pair = usize::from(first) << 8 | usize::from(second);
        self.0[pair / 64] >> (pair % 64) & 1 == 1
    }
}

/// Pairs of bytes that at the beginning of a text call for a closer look.
static FIRST_LOOK: Pairs = {
    let mut pairs = [0; 1024];
    let mut pair = 0;
    while pair < 1 << 16 {
        let (first, second) = ((pair >> 8) as u8, (pair & 0xFF) as u8);
        let nothing = first | 0x20 == b'n';
        let number = first.is_ascii_digit() && matches!(second, b'.' | b'E' | b'e');
        if !first.is_ascii()
            || !BEGINS[first as usize]
            || nothing
            || number
            || may_pair(first, second, &SECOND)
        {
            pairs[pair / 64] |= 1 << (pair % 64);
        }
        pair += 1;
    }
    Pairs(pairs)
};

/// Pairs of bytes that at the end of a text call for a closer look.
static LAST_LOOK: Pairs = {
    let mut pairs = [0; 1024];
    let mut pair = 0;
    while pair < 1 << 16 {
        let (before, last) = ((pair >> 8) as u8, (pair & 0xFF) as u8);
        if !last.is_ascii_graphic() || may_pair(last, before, &BEFORE_LAST) {
            pairs[pair / 64] |= 1 << (pair % 64);
        }
        pair += 1;
    }
    Pairs(pairs)
};

/// Whether a text of ASCII is plain, no label and not in scientific notation; `false` may also
/// mean that it takes a closer look to tell.
#[inline(always)]
pub(crate) fn is_plain_at_once(text: &[u8]) -> bool {
    match *text {
        [first, second] => !FIRST_LOOK.has(first, second) && !LAST_LOOK.has(first, second),
        [first, second, .., before, last] => {
            !FIRST_LOOK.has(first, second) && !LAST_LOOK.has(before, last)
        }
        [first, second, last] => !FIRST_LOOK.has(first, second) && !LAST_LOOK.has(second, last),
        _ => false,
    }
}

/// Whether a text is not plain, or may be more than a text: the label of a control row, or, where
/// it is a `key`, a number that a spreadsheet has damaged. `ascii`: the block has no other bytes.
#[inline(always)]
pub(crate) fn looks_odd(text: &[u8], key: bool, ascii: bool) -> bool {
    let at_once = is_plain_at_once(text) && (ascii || text.is_ascii());
    !at_once && looks_odd_closely(text, key, ascii)
}

#[inline(never)]
fn looks_odd_closely(text: &[u8], key: bool, ascii: bool) -> bool {
    !is_plain(text)
        || may_be_label(text, ascii)
        || key && may_be_scientific(text)
        || !ascii && is_broken(text)
}

/// Whether the text holds the character that stands for undecodable bytes.
fn is_broken(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, "\u{FFFD}".as_bytes()).is_some()
}

/// Beginnings of the labels in ASCII; every label of [`words::control`] has one of them.
const BEGINNINGS: [&[u8; 4]; 11] = [
    b"open", b"bala", b"brou", b"begi", b"clos", b"endi", b"carr", b"subt", b"tota", b"gran",
    b"summ",
];

/// Endings of the labels that may stand at the end of a text.
const ENDINGS: [&[u8; 4]; 6] = [b"ance", b"ward", b"cebf", b"otal", b"tals", b"umme"];

/// Per first letter of a label (`a` = 0): the second letters, as bits.
const SECOND: [u32; 26] = pairs(&BEGINNINGS, 0, 1);

/// Per last letter of a label: the letters before it, as bits.
const BEFORE_LAST: [u32; 26] = pairs(&ENDINGS, 3, 2);

const fn pairs<const N: usize>(words: &[&[u8; 4]; N], key: usize, other: usize) -> [u32; 26] {
    let mut table = [0; 26];
    let mut index = 0;
    while index < N {
        let word = words[index];
        table[(word[key] - b'a') as usize] |= 1 << (word[other] - b'a');
        index += 1;
    }
    table
}

#[inline]
fn may_begin_label(text: &[u8]) -> bool {
    match *text {
        [first, second, ..] => {
            may_pair(first, second, &SECOND) && has(text.first_chunk(), &BEGINNINGS)
        }
        // One letter is no label, and marks alone are none either.
        _ => false,
    }
}

#[inline]
fn may_end_label(text: &[u8]) -> bool {
    match *text {
        [.., before, last] => {
            may_pair(last, before, &BEFORE_LAST) && has(text.last_chunk(), &ENDINGS)
        }
        _ => false,
    }
}

/// Whether two neighbours may belong to a label. Marks may be dropped from a label, so a mark
/// says nothing; a digit is never part of one.
#[inline]
const fn may_pair(key: u8, other: u8, table: &[u32; 26]) -> bool {
    let (key, other) = (key | 0x20, other | 0x20);
    if key.is_ascii_lowercase() && other.is_ascii_lowercase() {
        return table[(key - b'a') as usize] >> (other - b'a') & 1 == 1;
    }
    !(key.is_ascii_digit() || other.is_ascii_digit())
}

#[cold]
fn has(part: Option<&[u8; 4]>, words: &[&[u8; 4]]) -> bool {
    let Some(part) = part else { return true };
    let lower = part.map(|byte| byte | 0x20);
    let letters = part.iter().all(u8::is_ascii_alphabetic);
    !letters || words.contains(&&lower)
}

#[cfg(test)]
mod tests {
    //! Goal: a plain text is what the careful reader would make of it. Method: random texts out
    //! of what is difficult.

    use proptest::prelude::*;

    use super::*;
    use crate::{amount, cell};

    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[ -~]{0,3}",
            "(?i)(total|subtotal|grand|opening|balance|b/f|c/f|forward|carried|sum|closing|ending)",
            "(合计|期初|余额|小计|货款|有限公司|（三）|　|\u{A0}|—|\u{FEFF}|ｔｏｔａｌ|：)",
            "(null|NULL|None|N/A|n/a|nil|-|--|/|#|=\"|\"|'|`|\t|1E\\+5|1.5e-3)",
        ];
        prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]
        #[test]
        fn plain_texts_mean_themselves(text in texts()) {
            let bytes = text.as_bytes();
            if text.is_ascii() && is_plain_at_once(bytes) {
                prop_assert!(is_plain(bytes) && !may_be_scientific(bytes));
                prop_assert!(!may_be_label(bytes, true));
            }
            if is_plain(bytes) {
                prop_assert_eq!(cell::clean(&text), &text);
                prop_assert!(!amount::is_blank(&text));
                prop_assert!(!text.starts_with('#'));
                if !may_be_scientific(bytes) {
                    prop_assert!(!amount::is_scientific(&text));
                }
                let label = words::control(&text).is_some();
                prop_assert_eq!(may_be_label(bytes, text.is_ascii()), label);
            }
        }
    }

    #[test]
    fn common_texts_are_settled_at_once() {
        let check = |text: &str| {
            assert!(is_plain(text.as_bytes()), "{text}");
            assert!(is_plain_at_once(text.as_bytes()), "{text}");
        };
        for text in [
            "C0000012",
            "SO-0000000012",
            "order 2D809084",
            "sale",
            "refund",
            "payment",
            "order BD04BD6, per contract",
            "Shanghai Trading",
            "17",
        ] {
            check(text);
        }
        assert!(is_plain("上海某某有限公司".as_bytes()));
        assert!(may_be_label("合计".as_bytes(), false));
        assert!(!is_plain(b"") && !is_plain(b"-") && !is_plain(b" x") && !is_plain(b"x "));
    }
}
