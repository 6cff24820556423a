//! The data keys: one seals, all open.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use heqi_domain::Day;
use zeroize::Zeroizing;

use super::derive::{Purpose, SubKey, fingerprint, sub_key};
use super::error::CryptoError;
use super::key_file;
use super::private_file::{self, Place};
use super::suite::Suite;

/// Eight bytes by which a key is known: computed from the key, of no use without it. As text
/// 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    /// Bytes of an id.
    pub(super) const LENGTH: usize = 8;

    pub(super) const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(self) -> [u8; Self::LENGTH] {
        self.0
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}

/// A key of the ring.
pub(super) struct DataKey {
    pub(super) id: KeyId,
    pub(super) suite: Suite,
    pub(super) created: Day,
    /// In a box, because a value that is moved leaves a copy where it was.
    secret: Box<Zeroizing<[u8; 32]>>,
}

impl DataKey {
    pub(super) fn new(suite: Suite, created: Day, secret: &[u8; 32]) -> Self {
        let mut boxed = Box::new(Zeroizing::new([0; 32]));
        boxed.copy_from_slice(secret);
        Self::boxed(suite, created, boxed)
    }

    fn random(suite: Suite, created: Day) -> Result<Self, CryptoError> {
        let mut secret = Box::new(Zeroizing::new([0; 32]));
        getrandom::fill(secret.as_mut_slice()).map_err(CryptoError::no_randomness)?;
        Ok(Self::boxed(suite, created, secret))
    }

    fn boxed(suite: Suite, created: Day, secret: Box<Zeroizing<[u8; 32]>>) -> Self {
        Self { id: KeyId(fingerprint(suite, &secret)), suite, created, secret }
    }

    pub(super) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    pub(super) fn sub_key(&self, purpose: Purpose) -> SubKey {
        sub_key(self.suite, &self.secret, purpose)
    }
}

/// The keys of an installation, as its key file holds them. Wiped from memory when dropped.
pub struct Keyring {
    active: DataKey,
    older: Vec<DataKey>,
}

impl Keyring {
    /// Makes a key file with one key, readable by its owner alone. `today` is noted in it.
    ///
    /// # Errors
    /// [`CryptoError::KeyFileExists`], [`CryptoError::Io`], [`CryptoError::NoRandomness`].
    pub fn create(path: &Path, suite: Suite, today: Day) -> Result<Self, CryptoError> {
        let key = DataKey::random(suite, today)?;
        let text = key_file::text(key.id, std::slice::from_ref(&key));
        private_file::write(path, &text, Place::Free)?;
        Ok(Self { active: key, older: Vec::new() })
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`CryptoError::KeyFileMissing`], [`CryptoError::KeyFileExposed`] if others may read it,
    /// [`CryptoError::KeyFileDamaged`], [`CryptoError::Io`].
    pub fn load(path: &Path) -> Result<Self, CryptoError> {
        let mut keys = key_file::parse(path, &private_file::read(path)?)?.into_iter();
        match keys.next() {
            Some(active) => Ok(Self { active, older: keys.collect() }),
            None => Err(CryptoError::KeyFileDamaged {
                path: path.to_owned(),
                line: None,
                what: "it holds no key",
            }),
        }
    }

    /// Adds a key, of the same suite or of another one, and makes it the active one. The older
    /// keys stay and open what they sealed. Processes that run already know the new key only
    /// when they load the file again.
    ///
    /// # Errors
    /// As [`Keyring::load`]; [`CryptoError::KeyFileBusy`] while another process does the same.
    pub fn rotate(path: &Path, suite: Suite, today: Day) -> Result<Self, CryptoError> {
        // Two rotations at once would each write a file without the other's key, and what was
        // sealed under the lost one could never be opened. The lock is the system's: it ends
        // with the process, so the file can stay.
        let _locked = lock(path)?;
        let ring = Self::load(path)?;
        let mut keys = Vec::with_capacity(ring.older.len() + 2);
        keys.push(DataKey::random(suite, today)?);
        keys.push(ring.active);
        keys.extend(ring.older);
        let text = key_file::text(keys[0].id, &keys);
        private_file::write(path, &text, Place::Taken)?;
        let active = keys.remove(0);
        Ok(Self { active, older: keys })
    }

    /// The suite in which values are sealed and indexes made.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.active.suite
    }

    /// The key that seals.
    #[must_use]
    pub fn active_id(&self) -> KeyId {
        self.active.id
    }

    /// Id, suite and day of creation of every key, the active one first.
    pub fn list(&self) -> impl Iterator<Item = (KeyId, Suite, Day)> {
        self.keys().map(|key| (key.id, key.suite, key.created))
    }

    /// The active key's sub-key for a purpose.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> SubKey {
        self.active.sub_key(purpose)
    }

    pub(super) fn active(&self) -> &DataKey {
        &self.active
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &DataKey> {
        std::iter::once(&self.active).chain(&self.older)
    }

    pub(super) fn key(&self, id: KeyId) -> Option<&DataKey> {
        self.keys().find(|key| key.id == id)
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.keys().map(|key| key.id).collect();
        formatter.debug_struct("Keyring").field("keys", &ids).finish_non_exhaustive()
    }
}

fn lock(path: &Path) -> Result<File, CryptoError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = File::options().write(true).create(true).truncate(false).open(&name);
    let file = file.map_err(CryptoError::io(&name))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CryptoError::KeyFileBusy { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(CryptoError::io(&name)(error)),
    }
}

#[cfg(test)]
pub(super) mod tests;
