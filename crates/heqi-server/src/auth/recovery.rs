//! Recovery codes 恢复码: ten ways in for somebody who lost the phone, each good for once.

use heqi_platform::DbError;

use super::secret_hash;

/// Codes that are handed out at a time.
pub const COUNT: usize = 10;

/// 32 characters that no reader takes for each other: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Ten new codes of 80 random bits: too many to be tried against a stolen hash.
///
/// # Errors
/// The system has no randomness.
pub fn random() -> Result<Vec<String>, DbError> {
    let mut codes = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| DbError::Failed(error.to_string()))?;
        let letters = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        let letters: Vec<char> = letters.collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        codes.push(groups.join("-"));
    }
    Ok(codes)
}

/// What is stored of a code, however it was typed.
#[must_use]
pub fn hash(user: i64, code: &str) -> [u8; 32] {
    let typed = code.chars().filter(|c| c.is_ascii_alphanumeric());
    let plain: String = typed.map(|c| c.to_ascii_lowercase()).collect();
    secret_hash(&format!("heqi recovery code {user} {plain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d4_codes_differ_and_are_known_however_they_are_typed() {
        let codes = random().unwrap();
        let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
        assert_eq!((distinct.len(), codes[0].len()), (COUNT, 19));
        let typed = codes[0].to_uppercase().replace('-', " ");
        assert_eq!(hash(7, &typed), hash(7, &codes[0]));
        assert_ne!(hash(7, &codes[0]), hash(8, &codes[0]));
        assert_ne!(hash(7, &codes[0]), hash(7, &codes[1]));
    }
}
