//! What a screen shows of a bank account or a phone number 脱敏: enough to know it again, too
//! little to use it. The length is not shown either.

/// `6222 **** **** 1234`. Of a short account only the end, of a very short one nothing.
#[must_use]
pub fn bank_account(account: &str) -> String {
    let characters = kept(account, char::is_alphanumeric);
    match characters.len() {
        12.. => format!("{} **** **** {}", head(&characters, 4), tail(&characters, 4)),
        8..=11 => format!("**** {}", tail(&characters, 4)),
        1..=7 => "****".to_owned(),
        0 => String::new(),
    }
}

/// `138****1234`, also for a number with the code of the country. Of a short number only the
/// end, of a very short one nothing.
#[must_use]
pub fn phone(number: &str) -> String {
    let mut digits = kept(number, |character| character.is_ascii_digit());
    for country in ["0086", "86"] {
        let code: Vec<char> = country.chars().collect();
        // A Chinese mobile number has 11 digits and begins with 1.
        if digits.len() == code.len() + 11 && digits.starts_with(&code) {
            digits.drain(..code.len());
        }
    }
    match digits.len() {
        11.. => format!("{}****{}", head(&digits, 3), tail(&digits, 4)),
        8..=10 => format!("****{}", tail(&digits, 4)),
        1..=7 => "****".to_owned(),
        0 => String::new(),
    }
}

/// The characters that count, full-width digits as plain ones.
fn kept(text: &str, counts: impl Fn(char) -> bool) -> Vec<char> {
    let narrow = |character: char| match character {
        '０'..='９' => char::from_u32(character as u32 - 0xFF10 + 0x30).unwrap_or(character),
        _ => character,
    };
    text.chars().map(narrow).filter(|character| counts(*character)).collect()
}

fn head(characters: &[char], count: usize) -> String {
    characters.iter().take(count).collect()
}

fn tail(characters: &[char], count: usize) -> String {
    characters.iter().skip(characters.len().saturating_sub(count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bank_account_shows_its_two_ends() {
        assert_eq!(bank_account("6222020200011231234"), "6222 **** **** 1234");
        assert_eq!(bank_account("6222 0202 0001 1234"), "6222 **** **** 1234");
        assert_eq!(bank_account("６２２２０２０２０００１１２３４"), "6222 **** **** 1234");
        assert_eq!(bank_account("44-0301 5678"), "**** 5678");
        assert_eq!(bank_account("12345"), "****");
        assert_eq!(bank_account(" - "), "");
    }

    #[test]
    fn a_phone_number_shows_its_two_ends() {
        assert_eq!(phone("13800131234"), "138****1234");
        assert_eq!(phone("138 0013 1234"), "138****1234");
        assert_eq!(phone("+86 138-0013-1234"), "138****1234");
        assert_eq!(phone("0086 13800131234"), "138****1234");
        assert_eq!(phone("010-12345678"), "010****5678");
        assert_eq!(phone("26001234"), "****1234");
        assert_eq!(phone("95588"), "****");
        assert_eq!(phone("无"), "");
    }

    proptest! {
        #[test]
        fn at_most_eight_characters_are_ever_shown(text in "\\PC{0,40}") {
            let shown = |mask: String| mask.chars().filter(|c| c.is_alphanumeric()).count();
            let given = text.chars().filter(|c| c.is_alphanumeric()).count();
            prop_assert!(shown(bank_account(&text)) <= 8.min(given * 2 / 3));
            prop_assert!(shown(phone(&text)) <= 7.min(given * 2 / 3));
        }
    }
}
