//! Cryptography 密码: what is secret is sealed before it reaches the database, with keys that the
//! database never sees.
//!
//! - [`Suite`]: AES-256-GCM with SHA-256, or the national algorithms SM4-GCM with SM3 国密.
//! - [`Keyring`]: the data keys, in a file of their own. One is active and seals; older ones
//!   still open. [`Keyring::rotate`] adds a key, and [`Keyring::is_current`] tells which values
//!   are still to be sealed anew.
//! - [`Context`]: the place of a value. It is sealed with the value, so that a value copied into
//!   another row, column or company does not open there.
//! - [`mask`]: what a screen shows of a bank account or a phone number.
//! - [`backup`]: whole files, encrypted as [age](https://age-encryption.org/v1) streams.
//!
//! Nothing here logs, and no `Debug` prints a key.

pub mod backup;
mod context;
mod derive;
mod error;
mod key_file;
mod keyring;
pub mod mask;
mod private_file;
mod seal;
mod suite;

pub use context::{Context, IndexedColumn};
pub use derive::{Purpose, SubKey};
pub use error::CryptoError;
pub use keyring::{KeyId, Keyring};
pub use seal::{key_of, key_of_text};
pub use suite::{Digester, Suite, digest};

#[cfg(test)]
mod test_vectors;
