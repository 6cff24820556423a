//! The two sets of algorithms, each an authenticated cipher and a hash.
//!
//! | suite | cipher | hash | standard |
//! |---|---|---|---|
//! | international | AES-256-GCM | SHA-256 | NIST SP 800-38D, FIPS 180-4 |
//! | chinese | SM4-GCM | SM3 | GB/T 32907, GB/T 32905, RFC 8998 |

use aes_gcm::aead::Aead;
use aes_gcm::aead::Payload;
use aes_gcm::{Aes256Gcm, AesGcm, KeyInit};
use cipher::consts::U12;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sm3::Sm3;
use sm4::Sm4;

/// Bytes of a nonce: the 96 bits that GCM takes as they are.
pub(super) const NONCE_LENGTH: usize = 12;
/// Bytes of the authentication tag that follows the ciphertext.
pub(super) const TAG_LENGTH: usize = 16;
/// Bytes of an SM4 key: the first half of a sub-key.
const SM4_KEY_LENGTH: usize = 16;
/// Bytes of a block of SHA-256 and of SM3.
const HASH_BLOCK_LENGTH: usize = 64;

/// GCM is defined for every cipher of 128-bit blocks; RFC 8998 uses it with SM4.
type Sm4Gcm = AesGcm<Sm4, U12>;

/// A set of algorithms. Every sealed value names its own, so both can stand in one database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suite {
    /// AES-256-GCM and SHA-256.
    #[default]
    International,
    /// SM4-GCM and SM3 国密算法.
    Chinese,
}

impl Suite {
    /// The word in the configuration and in the key file.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::International => "international",
            Self::Chinese => "chinese",
        }
    }

    /// The algorithms by their names, for `heqi doctor` and the log of a rotation.
    #[must_use]
    pub const fn algorithms(self) -> &'static str {
        match self {
            Self::International => "AES-256-GCM, SHA-256",
            Self::Chinese => "SM4-GCM, SM3",
        }
    }

    /// The suite of that code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::International, Self::Chinese].into_iter().find(|suite| suite.code() == code)
    }

    /// Its byte in a sealed value; never given to another suite.
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::International => 1,
            Self::Chinese => 2,
        }
    }
}

/// The digest of a file or a text: SHA-256 or SM3.
#[must_use]
pub fn digest(suite: Suite, bytes: &[u8]) -> [u8; 32] {
    let mut digester = Digester::new(suite);
    digester.update(bytes);
    digester.finish()
}

/// [`digest`] of a file that is read piece by piece.
#[derive(Clone)]
pub struct Digester(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sm3(Sm3),
}

impl Digester {
    /// Nothing read yet.
    #[must_use]
    pub fn new(suite: Suite) -> Self {
        Self(match suite {
            Suite::International => State::Sha256(Sha256::new()),
            Suite::Chinese => State::Sm3(Sm3::new()),
        })
    }

    /// Takes in the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(hash) => hash.update(bytes),
            State::Sm3(hash) => hash.update(bytes),
        }
    }

    /// The digest of everything taken in.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        match self.0 {
            State::Sha256(hash) => hash.finalize().into(),
            State::Sm3(hash) => hash.finalize().into(),
        }
    }
}

/// HMAC (RFC 2104) of the parts one after another, with the hash of the suite.
pub(super) fn mac(suite: Suite, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key shorter than a block is filled up with zeros by HMAC itself, so this is the same
    // key, in the form whose length the compiler knows.
    let mut block = zeroize::Zeroizing::new([0; HASH_BLOCK_LENGTH]);
    block[..key.len()].copy_from_slice(key);
    match suite {
        Suite::International => mac_parts(<Hmac<Sha256> as KeyInit>::new((&*block).into()), parts),
        Suite::Chinese => mac_parts(<Hmac<Sm3> as KeyInit>::new((&*block).into()), parts),
    }
}

fn mac_parts<M>(mut mac: M, parts: &[&[u8]]) -> [u8; 32]
where
    M: Mac<OutputSize = cipher::consts::U32>,
{
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Ciphertext and tag; none only beyond the 64 GiB that GCM can take.
pub(super) fn encrypt(
    suite: Suite,
    key: &[u8; 32],
    nonce: [u8; NONCE_LENGTH],
    associated: &[u8],
    plaintext: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload { msg: plaintext, aad: associated };
    match suite {
        Suite::International => Aes256Gcm::new(key.into()).encrypt(&nonce.into(), payload),
        Suite::Chinese => sm4_gcm(key).encrypt(&nonce.into(), payload),
    }
    .ok()
}

/// The plaintext; none if anything is not as it was sealed.
pub(super) fn decrypt(
    suite: Suite,
    key: &[u8; 32],
    nonce: [u8; NONCE_LENGTH],
    associated: &[u8],
    ciphertext: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload { msg: ciphertext, aad: associated };
    match suite {
        Suite::International => Aes256Gcm::new(key.into()).decrypt(&nonce.into(), payload),
        Suite::Chinese => sm4_gcm(key).decrypt(&nonce.into(), payload),
    }
    .ok()
}

fn sm4_gcm(key: &[u8; 32]) -> Sm4Gcm {
    let mut half = zeroize::Zeroizing::new([0; SM4_KEY_LENGTH]);
    half.copy_from_slice(&key[..SM4_KEY_LENGTH]);
    Sm4Gcm::new((&*half).into())
}
