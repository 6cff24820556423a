//! The second factor 动态码: six digits of a phone app (RFC 6238: SHA-1, 30 s, one step of grace).
//!
//! Only the arithmetic; who has which secret and which step was used is the people's feature.

use heqi_platform::{DbError, Timestamp};
use totp_rs::{Builder, Secret, Totp};

/// Seconds that a code is shown for.
pub const STEP_SECONDS: i64 = 30;

/// What an app calls us.
const ISSUER: &str = "Heqi";

/// The secret that a phone and we share: 160 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret([u8; 20]);

impl SharedSecret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn random() -> Result<Self, DbError> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).map_err(|error| DbError::Failed(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// The secret as it is typed into an app: base 32.
    #[must_use]
    pub fn text(&self) -> String {
        let digit = |at: usize| {
            let bits = u16::from(self.0[at * 5 / 8]) << 8
                | self.0.get(at * 5 / 8 + 1).copied().map_or(0, u16::from);
            char::from(BASE32[usize::from(bits >> (11 - at * 5 % 8)) & 31])
        };
        (0..32).map(digit).collect()
    }

    /// The secret of such a text; none if it is not of one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut bytes = [0; 20];
        if text.len() != 32 {
            return None;
        }
        for (at, letter) in text.bytes().enumerate() {
            let five = u16::try_from(BASE32.iter().position(|known| *known == letter)?).ok()?;
            let bits = (five << (11 - at * 5 % 8)).to_be_bytes();
            bytes[at * 5 / 8] |= bits[0];
            if let Some(next) = bytes.get_mut(at * 5 / 8 + 1) {
                *next |= bits[1];
            }
        }
        Some(Self(bytes))
    }

    /// What a QR code holds: `otpauth://totp/…`. A login needs no escaping but for `@`.
    #[must_use]
    pub fn address(&self, login: &str) -> String {
        let login = login.replace('@', "%40");
        format!("otpauth://totp/{ISSUER}:{login}?secret={}&issuer={ISSUER}", self.text())
    }

    /// The time step that a code belongs to, if it is right and later than `last`.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp, last: i64) -> Option<i64> {
        let seconds = u64::try_from(now.micros() / 1_000_000).ok()?;
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let right = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        let step = right.then(|| self.app().check(&digits, seconds)).flatten()?;
        i64::try_from(step).ok().filter(|step| *step > last)
    }

    /// The code that an app shows at an instant.
    #[cfg(test)]
    pub fn code(&self, now: Timestamp) -> String {
        let seconds = u64::try_from(now.micros() / 1_000_000).unwrap_or_default();
        self.app().generate(seconds).to_string()
    }

    fn app(&self) -> Totp {
        Builder::new().with_secret(Secret::new_stack(self.0)).build_noncompliant()
    }
}

/// The alphabet of base 32 (RFC 4648).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// Appendix B of RFC 6238, the last six of its eight digits.
    #[test]
    fn d4_the_codes_are_those_of_the_standard() {
        let secret = SharedSecret(*b"12345678901234567890");
        assert_eq!(secret.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let known = [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")];
        for (seconds, code) in known {
            assert_eq!(secret.code(at(seconds)), code);
            assert_eq!(secret.step_of(code, at(seconds), 0), Some(seconds / STEP_SECONDS));
        }
    }

    #[test]
    fn d4_a_code_counts_for_one_step_of_grace_and_never_again() {
        let secret = SharedSecret::random().unwrap();
        let now = at(1_793_584_800);
        let step = 1_793_584_800 / STEP_SECONDS;
        let code = secret.code(now);
        assert_eq!(secret.step_of(&code, now.plus_seconds(STEP_SECONDS), 0), Some(step));
        assert_eq!(secret.step_of(&code, now.plus_seconds(2 * STEP_SECONDS), 0), None);
        assert_eq!(secret.step_of(&code, now, step), None);
        for wrong in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(secret.step_of(wrong, now, 0), None);
        }
    }

    #[test]
    fn a_secret_comes_back_from_its_text() {
        let secret = SharedSecret::random().unwrap();
        assert!(SharedSecret::from_text(&secret.text()) == Some(secret.clone()));
        assert!(SharedSecret::from_text("not base 32").is_none());
        let address = secret.address("li@example");
        assert!(address.starts_with("otpauth://totp/Heqi:li%40example?secret="), "{address}");
    }
}
