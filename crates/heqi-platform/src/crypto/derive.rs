//! Keys from keys: every purpose works with a key of its own, so that what one of them gives
//! away says nothing about another.

use super::suite::{Suite, mac};

/// A key for one purpose; wiped when dropped.
pub type SubKey = zeroize::Zeroizing<[u8; 32]>;

/// What a sub-key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Values of columns: bank accounts, phones, identity numbers.
    Field,
    /// Uploaded files and attachments.
    Blob,
    /// Page cursors that go through the hands of a client.
    Cursor,
    /// Look-up by equality, see [`Keyring::blind_index`](super::Keyring::blind_index).
    Index,
}

impl Purpose {
    /// The word that is derived from; a changed word is a lost key.
    const fn label(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Blob => "blob",
            Self::Cursor => "cursor",
            Self::Index => "index",
        }
    }
}

/// The key of a purpose.
pub(super) fn sub_key(suite: Suite, secret: &[u8; 32], purpose: Purpose) -> SubKey {
    let info = format!("heqi/1/{}/{}", suite.code(), purpose.label());
    expand(suite, secret, info.as_bytes())
}

/// Eight bytes by which a key is known; they say nothing about the key.
pub(super) fn fingerprint(suite: Suite, secret: &[u8; 32]) -> [u8; 8] {
    let info = format!("heqi/1/{}/key id", suite.code());
    let long = expand(suite, secret, info.as_bytes());
    std::array::from_fn(|place| long[place])
}

/// First block of HKDF-Expand (RFC 5869, 2.3). Extract is left out, as its section 3.3 allows:
/// a data key is 32 random bytes already.
pub(super) fn expand(suite: Suite, secret: &[u8; 32], info: &[u8]) -> SubKey {
    SubKey::new(mac(suite, secret, &[info, &[1]]))
}
