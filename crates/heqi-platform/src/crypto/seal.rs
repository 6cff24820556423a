//! Sealed values: a plaintext, its key and its place, in an envelope that describes itself.
//!
//! ```text
//! version 1 | suite 1 | key id 8 | nonce 12 | ciphertext n | tag 16      (bytes)
//! ```
//!
//! Version, suite, key id and place are authenticated together with the ciphertext.
//!
//! Nonces are 96 random bits. NIST SP 800-38D (8.3) allows 2^32 of them, four thousand million
//! values, for one key: up to there two are equal with a chance below one in 2^32. Each purpose
//! has a key of its own, so the bound holds for fields and for files apart; a key that comes
//! near it is to be rotated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::context::{Context, IndexedColumn};
use super::derive::Purpose;
use super::error::CryptoError;
use super::keyring::{KeyId, Keyring};
use super::suite::{NONCE_LENGTH, TAG_LENGTH, decrypt, encrypt, mac};

/// The only envelope so far.
const VERSION: u8 = 1;
/// Version, suite and key id.
const HEADER_LENGTH: usize = 2 + KeyId::LENGTH;
/// An envelope around nothing.
const OVERHEAD: usize = HEADER_LENGTH + NONCE_LENGTH + TAG_LENGTH;
/// Begins what is authenticated, so that no other use of the key can be taken for this one.
const DOMAIN: &[u8] = b"heqi sealed value";

impl Keyring {
    /// Seals a value for its place, under the active key. It grows by 38 bytes.
    ///
    /// # Errors
    /// [`CryptoError::TooLarge`] beyond 64 GiB; [`CryptoError::NoRandomness`].
    pub fn seal(&self, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let key = self.active();
        let nonce = fresh_nonce()?;
        let mut sealed = Vec::with_capacity(OVERHEAD + plaintext.len());
        sealed.extend([VERSION, key.suite.byte()]);
        sealed.extend(key.id.bytes());
        let associated = associated(&sealed, context);
        let sub_key = key.sub_key(context.purpose);
        let ciphertext = encrypt(key.suite, &sub_key, nonce, &associated, plaintext)
            .ok_or(CryptoError::TooLarge { bytes: plaintext.len() })?;
        sealed.extend(nonce);
        sealed.extend(ciphertext);
        Ok(sealed)
    }

    /// The value that was sealed for this place, under whichever key of the ring.
    ///
    /// # Errors
    /// [`CryptoError::Truncated`], [`CryptoError::UnknownVersion`], [`CryptoError::UnknownKey`];
    /// [`CryptoError::Tampered`] for any change and any other place.
    pub fn open(&self, context: &Context, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let id = key_of(sealed)?;
        let key = self.key(id).ok_or(CryptoError::UnknownKey { key: id })?;
        let tampered = || CryptoError::Tampered { place: context.label.clone() };
        let (header, rest) = sealed.split_at(HEADER_LENGTH);
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or_else(tampered)?;
        let associated = associated(header, context);
        let sub_key = key.sub_key(context.purpose);
        decrypt(key.suite, &sub_key, *nonce, &associated, ciphertext).ok_or_else(tampered)
    }

    /// [`Keyring::seal`] for a TEXT column: base64url without padding.
    ///
    /// # Errors
    /// As [`Keyring::seal`].
    pub fn seal_text(&self, context: &Context, plaintext: &str) -> Result<String, CryptoError> {
        Ok(URL_SAFE_NO_PAD.encode(self.seal(context, plaintext.as_bytes())?))
    }

    /// [`Keyring::open`] for a TEXT column.
    ///
    /// # Errors
    /// As [`Keyring::open`], and [`CryptoError::NotSealed`] for text that is no envelope.
    pub fn open_text(&self, context: &Context, sealed: &str) -> Result<String, CryptoError> {
        let plaintext = self.open(context, &envelope(sealed)?)?;
        // Sealed as bytes and opened as text: the caller has the wrong column.
        String::from_utf8(plaintext).map_err(|_| CryptoError::NotText)
    }

    /// Whether a value stands under the active key; all others are to be sealed anew after a
    /// rotation.
    ///
    /// # Errors
    /// As [`key_of`].
    pub fn is_current(&self, sealed: &[u8]) -> Result<bool, CryptoError> {
        Ok(key_of(sealed)? == self.active().id)
    }

    /// What to store beside a sealed value so that it can be found by equality. The text has to
    /// be normalized first: two spellings have two indexes.
    ///
    /// Whoever reads the index column learns which rows are equal, and nothing else without the
    /// key file.
    #[must_use]
    pub fn blind_index(&self, column: IndexedColumn<'_>, normalized: &str) -> [u8; 32] {
        self.active().blind_index(column, normalized)
    }

    /// What to look for: the index under every key, the active one first, because rows that
    /// are not yet sealed anew keep the index of their old key.
    #[must_use]
    pub fn blind_indexes(&self, column: IndexedColumn<'_>, normalized: &str) -> Vec<[u8; 32]> {
        self.keys().map(|key| key.blind_index(column, normalized)).collect()
    }
}

impl super::keyring::DataKey {
    fn blind_index(&self, column: IndexedColumn<'_>, normalized: &str) -> [u8; 32] {
        let sub_key = self.sub_key(Purpose::Index);
        mac(self.suite, &sub_key, &[b"heqi blind index", &column.bytes(), normalized.as_bytes()])
    }
}

/// The key under which a value is sealed, without opening it.
///
/// # Errors
/// [`CryptoError::Truncated`], [`CryptoError::UnknownVersion`].
pub fn key_of(sealed: &[u8]) -> Result<KeyId, CryptoError> {
    let truncated = CryptoError::Truncated { bytes: sealed.len() };
    match sealed {
        [] => Err(truncated),
        [version, ..] if *version != VERSION => {
            Err(CryptoError::UnknownVersion { version: *version })
        }
        _ if sealed.len() < OVERHEAD => Err(truncated),
        [_, _, rest @ ..] => rest.first_chunk().map(|id| KeyId::from_bytes(*id)).ok_or(truncated),
        [_] => Err(truncated),
    }
}

/// [`key_of`] for a TEXT column.
///
/// # Errors
/// As [`key_of`], and [`CryptoError::NotSealed`].
pub fn key_of_text(sealed: &str) -> Result<KeyId, CryptoError> {
    key_of(&envelope(sealed)?)
}

fn envelope(text: &str) -> Result<Vec<u8>, CryptoError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| CryptoError::NotSealed)
}

fn associated(header: &[u8], context: &Context) -> Vec<u8> {
    [DOMAIN, header, &context.bytes].concat()
}

fn fresh_nonce() -> Result<[u8; NONCE_LENGTH], CryptoError> {
    let mut nonce = [0; NONCE_LENGTH];
    getrandom::fill(&mut nonce).map_err(CryptoError::no_randomness)?;
    Ok(nonce)
}

#[cfg(test)]
mod tests;
