//! Unified social credit codes 统一社会信用代码 of GB 32100-2015: alphabet and check character.
//!
//! 18 characters: registry and class of the body (2), administrative division (6 digits),
//! the body itself (9), check character (1). The check finds every single wrong character and
//! every swap of two neighbors; it cannot tell whether anybody has the code.

use unicode_normalization::UnicodeNormalization;

/// The 31 characters in the order of their values: no I, O, S, V, Z, which look like others.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Characters of a code.
const LENGTH: usize = 18;

/// Why a text is not a credit code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditCodeError {
    /// Something is missing or too much.
    #[error("a unified social credit code has 18 characters, this has {0}; copy it whole")]
    Length(usize),
    /// A character that no code has: lower case, I, O, S, V, Z, a space, a full-width digit.
    #[error(
        "character {position} is `{found}`; a code has digits and capital letters without \
         I, O, S, V and Z"
    )]
    Character {
        /// Place in the text, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The administrative division, characters 3 to 8, is digits only.
    #[error("character {position} is `{found}`; characters 3 to 8 are digits")]
    Division {
        /// Place in the text, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// A mistyped code: some character before the last is wrong, or the last itself.
    #[error("the check character is `{found}` and should be `{expected}`; compare the code again")]
    Check {
        /// What the first 17 characters ask for.
        expected: char,
        /// What stands there.
        found: char,
    },
}

/// The code as it is registered, of the code as somebody typed it: without blanks, full-width
/// characters narrow, letters large. Whether it is one, [`validate`] says.
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfkc().filter(|it| !it.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// Whether a text is a credit code as it is registered: 18 characters, capital letters.
///
/// # Errors
/// The first thing that is wrong, from the left.
pub fn validate(text: &str) -> Result<(), CreditCodeError> {
    let length = text.chars().count();
    if length != LENGTH {
        return Err(CreditCodeError::Length(length));
    }
    for (position, found) in (1..).zip(text.chars()) {
        if value_of(found).is_none() {
            return Err(CreditCodeError::Character { position, found });
        }
        if (3..=8).contains(&position) && !found.is_ascii_digit() {
            return Err(CreditCodeError::Division { position, found });
        }
    }
    // All characters are of the alphabet, so each is one byte.
    let (body, last) = text.split_at(LENGTH - 1);
    match (check_character(body), last.chars().next()) {
        (Some(expected), Some(found)) if expected != found => {
            Err(CreditCodeError::Check { expected, found })
        }
        _ => Ok(()),
    }
}

/// The check character of the first 17 characters of a code; none if they are not 17 of the
/// alphabet.
///
/// The weight of the character at place `i` (from 0) is 3^i mod 31; the weighted sum and the
/// check character add up to a multiple of 31 (GB 32100-2015, appendix on the check character).
#[must_use]
pub fn check_character(body: &str) -> Option<char> {
    let (mut sum, mut weight, mut count) = (0, 1, 0);
    for character in body.chars() {
        sum = (sum + value_of(character)? * weight) % 31;
        weight = weight * 3 % 31;
        count += 1;
    }
    let value = (31 - sum) % 31;
    (count == LENGTH - 1).then(|| char::from(ALPHABET[value]))
}

/// The value of a character, 0 to 30.
fn value_of(character: char) -> Option<usize> {
    ALPHABET.iter().position(|one| char::from(*one) == character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the standard: the weighted sum is 1640, 1640 mod 31 is 28.
    #[test]
    fn knows_the_example_of_the_standard() {
        assert_eq!(check_character("91350100M000100Y4"), Some('3'));
        assert_eq!(validate("91350100M000100Y43"), Ok(()));
        let wrong = CreditCodeError::Check { expected: '3', found: '4' };
        assert_eq!(validate("91350100M000100Y44"), Err(wrong));
    }

    #[test]
    fn what_was_typed_is_folded_before_it_is_checked() {
        assert_eq!(fold(" ９1350100 m000100y43 "), "91350100M000100Y43");
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        use CreditCodeError::{Character, Division, Length};
        for (text, error) in [
            ("", Length(0)),
            ("91350100M000100Y4", Length(17)),
            ("91350100M000100Y433", Length(19)),
            ("91350100M000100Y4Z", Character { position: 18, found: 'Z' }),
            ("91350100m000100Y43", Character { position: 9, found: 'm' }),
            ("９1350100M000100Y43", Character { position: 1, found: '９' }),
            ("9135O100M000100Y43", Character { position: 5, found: 'O' }),
            ("9135A100M000100Y43", Division { position: 5, found: 'A' }),
        ] {
            assert_eq!(validate(text), Err(error), "{text}");
        }
        assert_eq!(check_character("91350100M000100Y"), None);
        assert_eq!(check_character("91350100M000100YZ"), None);
    }

    proptest! {
        #[test]
        fn finds_one_wrong_character_and_swapped_neighbors(
            head in "[159Y][1-9]", division in "[0-9]{6}",
            body in "[0-9A-HJ-NPQRTUWXY]{9}",
            place in 0_usize..17, other in 1_usize..31,
        ) {
            let mut code = format!("{head}{division}{body}");
            code.push(check_character(&code).unwrap());
            prop_assert_eq!(validate(&code), Ok(()));

            let mut wrong: Vec<char> = code.chars().collect();
            let value = value_of(wrong[place]).unwrap();
            wrong[place] = char::from(ALPHABET[(value + other) % 31]);
            prop_assert!(validate(&wrong.iter().collect::<String>()).is_err());

            let mut swapped: Vec<char> = code.chars().collect();
            swapped.swap(place, place + 1);
            let same = swapped[place] == swapped[place + 1];
            prop_assert_eq!(validate(&swapped.iter().collect::<String>()).is_ok(), same);
        }
    }
}
