//! Names of lines: texts, kept as numbers as long as each is the plain decimal form of one.
//!
//! Most ledgers number their lines. A number takes four bytes and one look-up where a text takes
//! three times as much and two; what is read back is the same text to the byte.

use std::borrow::Cow;

use crate::{LineIx, Strings};

/// A column of names.
#[derive(Clone, Debug)]
pub enum Names {
    /// Each name is the decimal form of its number: no sign, no zero in front.
    Numbers(Vec<u32>),
    /// At least one is something else.
    Texts(Strings),
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

impl Names {
    /// No names yet.
    #[must_use]
    pub const fn new() -> Self {
        Self::Numbers(Vec::new())
    }

    /// The number whose decimal form is `text`, if there is one that fits.
    #[must_use]
    #[inline]
    pub fn number(text: &[u8]) -> Option<u32> {
        let plain = match text {
            [b'0'] => true,
            [b'1'..=b'9', ..] => text.len() <= 10,
            _ => false,
        };
        if !plain {
            return None;
        }
        let mut number = 0_u64;
        for byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number * 10 + u64::from(digit);
        }
        u32::try_from(number).ok()
    }

    /// Appends a name.
    pub fn push(&mut self, name: &str) {
        if let Self::Numbers(numbers) = self
            && let Some(number) = Self::number(name.as_bytes())
        {
            return numbers.push(number);
        }
        self.as_texts().push(name);
    }

    /// Appends names that are numbers.
    pub fn extend(&mut self, more: &[u32]) {
        match self {
            Self::Numbers(numbers) => numbers.extend_from_slice(more),
            Self::Texts(texts) => {
                let mut buffer = [0; DIGITS];
                more.iter().for_each(|number| texts.push(decimal((*number).into(), &mut buffer)));
            }
        }
    }

    /// The names as a column of texts, which they are from now on.
    pub fn as_texts(&mut self) -> &mut Strings {
        if let Self::Numbers(numbers) = self {
            let mut texts = Strings::with_capacity(numbers.len(), numbers.len() * 8);
            let mut buffer = [0; DIGITS];
            numbers.iter().for_each(|number| texts.push(decimal((*number).into(), &mut buffer)));
            *self = Self::Texts(texts);
        }
        match self {
            Self::Texts(texts) => texts,
            Self::Numbers(_) => unreachable!("numbers have just become texts"),
        }
    }

    /// The name at `index`.
    #[must_use]
    pub fn get(&self, index: LineIx) -> Cow<'_, str> {
        match self {
            Self::Numbers(numbers) => {
                decimal(numbers[index as usize].into(), &mut [0; DIGITS]).to_owned().into()
            }
            Self::Texts(texts) => texts.get(index).into(),
        }
    }

    /// Does something with the name at `index`, without a text on the heap.
    pub fn with<T>(&self, index: LineIx, act: impl FnOnce(&str) -> T) -> T {
        match self {
            Self::Numbers(numbers) => {
                act(decimal(numbers[index as usize].into(), &mut [0; DIGITS]))
            }
            Self::Texts(texts) => act(texts.get(index)),
        }
    }

    /// The names at some places, in their order.
    #[must_use]
    pub fn pick(&self, places: &[LineIx]) -> Self {
        match self {
            Self::Numbers(numbers) => {
                Self::Numbers(places.iter().map(|place| numbers[*place as usize]).collect())
            }
            Self::Texts(texts) => {
                let mut picked = Self::new();
                places.iter().for_each(|place| picked.push(texts.get(*place)));
                picked
            }
        }
    }

    /// Makes room for further names of `bytes` bytes in all, if there is so much.
    pub fn reserve(&mut self, names: usize, bytes: usize) {
        match self {
            Self::Numbers(numbers) => drop(numbers.try_reserve_exact(names)),
            Self::Texts(texts) => texts.reserve(names, bytes),
        }
    }

    /// Gives back room that is not used.
    pub fn shrink_to_fit(&mut self) {
        match self {
            Self::Numbers(numbers) => numbers.shrink_to_fit(),
            Self::Texts(texts) => texts.shrink_to_fit(),
        }
    }

    /// Number of names.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Whether there is no name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Digits of the largest number of 64 bits.
pub const DIGITS: usize = 20;

/// The decimal form of a number, made in `buffer`; for writers of millions of them.
#[must_use]
pub fn decimal(mut number: u64, buffer: &mut [u8; DIGITS]) -> &str {
    let mut at = DIGITS;
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    // Digits are ASCII.
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_comes_back_as_it_was(
            names in prop::collection::vec(
                "(0|[1-9][0-9]{0,11}|0[0-9]{1,3}|[A-Z单]{0,2}[0-9]{0,4}|)",
                0..8,
            ),
            more in prop::collection::vec(any::<u32>(), 0..3),
        ) {
            let mut column = Names::new();
            names.iter().for_each(|name| column.push(name));
            column.extend(&more);
            let all: Vec<String> =
                names.iter().cloned().chain(more.iter().map(u32::to_string)).collect();
            prop_assert_eq!(column.len(), all.len());
            for (at, name) in all.iter().enumerate() {
                prop_assert_eq!(column.get(at as u32), name.as_str());
                column.with(at as u32, |text| assert_eq!(text, name));
            }
            let backward: Vec<u32> = (0..all.len() as u32).rev().collect();
            let picked = column.pick(&backward);
            for (at, name) in all.iter().rev().enumerate() {
                prop_assert_eq!(picked.get(at as u32), name.as_str());
            }
        }
    }

    #[test]
    fn only_a_plain_number_is_a_number() {
        assert_eq!(Names::number(b"4294967295"), Some(u32::MAX));
        for text in ["", "4294967296", "00", "01", "-1", "+1", "1.0", "12345678901", "1 "] {
            assert_eq!(Names::number(text.as_bytes()), None, "{text}");
        }
    }
}
