//! Where the cells and rows of a block end: 64 bytes at a time, quotes respected.
//!
//! Each word of 64 bytes becomes four bit masks (separator, quote, line feed, carriage return).
//! A running XOR over the quote bits says which bytes lie within quotes; separators and line
//! feeds outside of them are *marks*. Quotes are taken by parity, which is what RFC 4180 means
//! as long as every quote stands at the edge of a cell or is doubled; anything else (a quote
//! inside a bare cell, text after a closing quote, a lone carriage return) is *odd* and sends
//! the file to the careful reader.

use wide::u8x16;

/// Bytes of a word; block sizes are multiples of it.
pub(super) const WORD: usize = 64;

/// A mark before the first byte: a cell begins one behind the mark before it, wrapping.
pub(super) const BEFORE_ALL: u32 = u32::MAX;

/// The marks of one block, and what is needed to carry on from word to word.
#[derive(Default)]
pub(super) struct Index {
    marks: Vec<u32>,
    used: usize,
    ends: Vec<u32>,
    carry: Carry,
    /// Line feeds, those within quotes included.
    pub newlines: u64,
    /// Whether a quote or carriage return stands where RFC 4180 has none.
    pub odd: bool,
    /// Whether there are quotes or carriage returns at all.
    pub special: bool,
    /// Whether there are doubled quotes.
    pub doubled: bool,
}

/// What the next word must know of the last byte of this one.
#[derive(Clone, Copy, Default)]
struct Carry {
    /// All ones within quotes.
    inside: u64,
    /// 1 if a quote may open at the next byte.
    may_open: u64,
    /// 1 if the last byte closed a quote.
    closed: u64,
    /// 1 if the last byte was a carriage return outside quotes.
    returned: u64,
}

struct Masks {
    separator: u64,
    quote: u64,
    newline: u64,
    carriage: u64,
}

impl Index {
    /// Forgets the last block; `inside` says whether this one begins within quotes.
    pub fn restart(&mut self, inside: bool) {
        if self.marks.is_empty() {
            self.marks.resize(1 << 12, 0);
        }
        // The first row begins behind this one.
        self.marks[0] = BEFORE_ALL;
        self.used = 1;
        self.ends.clear();
        // What precedes the first byte was checked at the end of the block before.
        self.carry = Carry { inside: if inside { !0 } else { 0 }, may_open: 1, ..Carry::default() };
        self.newlines = 0;
        (self.odd, self.special, self.doubled) = (false, inside, false);
    }

    /// Whether the byte after the last one scanned lies within quotes.
    pub const fn inside(&self) -> bool {
        self.carry.inside != 0
    }

    /// Offsets of separators and line feeds outside quotes, ascending, behind [`BEFORE_ALL`].
    pub fn marks(&self) -> &[u32] {
        &self.marks[..self.used]
    }

    /// For each line feed outside quotes: its index in the marks.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Offset of the last line feed outside quotes.
    pub fn last_end(&self) -> Option<usize> {
        self.ends.last().map(|end| self.marks[*end as usize] as usize)
    }

    /// Adds the words of `bytes[from..to]`; both are multiples of [`WORD`] within `bytes`.
    pub fn scan(&mut self, bytes: &[u8], from: usize, to: usize, separator: u8) {
        let separator = u8x16::splat(separator);
        let (words, _) = bytes[from..to].as_chunks::<WORD>();
        for (number, word) in words.iter().enumerate() {
            self.word(word, (from + number * WORD) as u32, separator);
        }
    }

    #[inline]
    fn word(&mut self, word: &[u8; WORD], base: u32, separator: u8x16) {
        let masks = masks(word, separator);
        let (marks, newlines) = if masks.quote | masks.carriage | self.carry.inside == 0 {
            let marks = masks.separator | masks.newline;
            let wrong = self.carry.closed & !marks | self.carry.returned & !masks.newline;
            self.odd |= wrong != 0;
            self.carry = Carry { may_open: marks >> 63, ..Carry::default() };
            (marks, masks.newline)
        } else {
            self.quoted_word(&masks)
        };
        self.newlines += u64::from(masks.newline.count_ones());
        self.note(marks, newlines, base);
    }

    /// The marks and line feeds outside quotes of a word in which quotes play a part.
    fn quoted_word(&mut self, masks: &Masks) -> (u64, u64) {
        let within = running_xor(masks.quote) ^ self.carry.inside;
        self.special = true;
        let opening = masks.quote & within;
        let closing = masks.quote & !within;
        let newline = masks.newline & !within;
        let carriage = masks.carriage & !within;
        let marks = masks.separator & !within | newline;

        let may_open = (marks | closing) << 1 | self.carry.may_open;
        let after_close = closing << 1 | self.carry.closed;
        let after_return = carriage << 1 | self.carry.returned;
        let wrong = opening & !may_open
            | after_close & !(marks | carriage | opening)
            | after_return & !newline;
        self.odd |= wrong != 0;
        self.doubled |= opening & after_close != 0;
        self.carry = Carry {
            inside: if within >> 63 == 1 { !0 } else { 0 },
            may_open: (marks | closing) >> 63,
            closed: closing >> 63,
            returned: carriage >> 63,
        };
        (marks, newline)
    }

    #[inline]
    fn note(&mut self, marks: u64, mut newlines: u64, base: u32) {
        if self.used + WORD > self.marks.len() {
            self.marks.resize(self.marks.len() * 2, 0);
        }
        while newlines != 0 {
            let below = marks & (newlines & newlines.wrapping_neg()).wrapping_sub(1);
            self.ends.push(self.used as u32 + below.count_ones());
            newlines &= newlines - 1;
        }
        let count = marks.count_ones() as usize;
        let slots = &mut self.marks[self.used..self.used + WORD];
        // Eight slots are always written: cheaper than a branch that guesses how many.
        let mut rest = marks;
        for slot in &mut slots[..8] {
            *slot = base + rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
        }
        if count > 8 {
            for slot in &mut slots[8..count] {
                *slot = base + rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
            }
        }
        self.used += count;
    }
}

#[inline]
fn masks(word: &[u8; WORD], separator: u8x16) -> Masks {
    let (quarters, _) = word.as_chunks::<16>();
    let quarters = [
        u8x16::new(quarters[0]),
        u8x16::new(quarters[1]),
        u8x16::new(quarters[2]),
        u8x16::new(quarters[3]),
    ];
    let find = |needle: u8x16| {
        quarters
            .iter()
            .rev()
            .fold(0, |mask, quarter| mask << 16 | u64::from(quarter.simd_eq(needle).to_bitmask()))
    };
    Masks {
        separator: find(separator),
        quote: find(u8x16::splat(b'"')),
        newline: find(u8x16::splat(b'\n')),
        carriage: find(u8x16::splat(b'\r')),
    }
}

/// Bit i of the result is the XOR of bits 0..=i.
const fn running_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

#[cfg(test)]
mod tests {
    //! Goal: marks and oddities. Method: a text and, below it, a caret under every mark.

    use super::*;

    #[track_caller]
    fn check(text: &str, carets: &str, odd: bool) {
        // The same text at every place of a word, so that each carry is exercised.
        for shift in 0..WORD {
            let mut bytes = vec![b'x'; shift];
            if shift > 0 {
                bytes[shift - 1] = b'\n';
            }
            bytes.extend(text.as_bytes());
            bytes.push(b'\n');
            bytes.resize(bytes.len().next_multiple_of(WORD), 0);
            let mut index = Index::default();
            index.restart(false);
            index.scan(&bytes, 0, bytes.len(), b',');
            assert_eq!(index.marks()[0], BEFORE_ALL);
            let first = 1 + usize::from(shift > 0);
            let marks: Vec<usize> =
                index.marks()[first..].iter().map(|mark| *mark as usize - shift).collect();
            let mut expected: Vec<usize> = carets.match_indices('^').map(|(at, _)| at).collect();
            expected.push(text.len());
            assert_eq!(index.odd, odd, "{text:?} at {shift}");
            if !odd {
                assert_eq!(marks, expected, "{text:?} at {shift}");
                for end in index.ends() {
                    assert_eq!(bytes[index.marks()[*end as usize] as usize], b'\n');
                }
            }
        }
    }

    #[test]
    fn marks_are_found_outside_quotes() {
        check("a,b,,c", " ^ ^^ ", false);
        check(r#"a,"b,c",d"#, " ^     ^ ", false);
        check(r#""x""y,","#, "       ^", false);
        check("\"a\nb\",c\r", "     ^  ", false);
        check(r#""","""#, "  ^  ", false);
    }

    #[test]
    fn odd_quotes_and_returns_are_seen() {
        check(r#"a"b,c"#, "", true);
        check(r#""a"b,c"#, "", true);
        check(r#"a "b""#, "", true);
        check("a\rb", "", true);
        check(r#"a,""b""#, "", true);
    }
}
