//! What can be wrong with a sealed value, a key file or a backup: one variant per decision.
//! No variant holds a secret.

use std::path::{Path, PathBuf};

use super::keyring::KeyId;

mod zh;

/// A value, a key file or a backup cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// The key file lacks the key: it is of another installation, or from before a rotation.
    #[error(
        "sealed under key {key}, which the key file does not hold; put the key file of this \
         installation in its place (it is written anew by every rotation), then restart"
    )]
    UnknownKey {
        /// The key that is needed.
        key: KeyId,
    },
    /// Changed after it was sealed, or moved here from another place: investigate.
    #[error(
        "the sealed value of {place} was changed or moved there from another place; restore it \
         from a backup and find out who wrote it"
    )]
    Tampered {
        /// Where the value was read.
        place: String,
    },
    /// Cut off: the column or the file was shortened.
    #[error("only {bytes} bytes of a sealed value are left; restore it from a backup")]
    Truncated {
        /// Bytes found.
        bytes: usize,
    },
    /// Sealed by a later Heqi: update this one.
    #[error("sealed in form {version}, which this version of Heqi does not know; update Heqi")]
    UnknownVersion {
        /// The first byte.
        version: u8,
    },
    /// The column holds plain text: seal it, or correct the query.
    #[error("no sealed value: the column holds something else")]
    NotSealed,
    /// A file was opened as text: open it as bytes.
    #[error("the sealed value is no text")]
    NotText,
    /// Beyond what the cipher takes: split it.
    #[error("{bytes} bytes are more than can be sealed in one piece; split the file")]
    TooLarge {
        /// Bytes of the plaintext.
        bytes: usize,
    },
    /// The operating system gives no random numbers: nothing may be sealed.
    #[error("the operating system gives no random numbers ({what}); nothing was sealed")]
    NoRandomness {
        /// What it says.
        what: String,
    },
    /// No key file: restore it; without it, what is sealed stays sealed.
    #[error(
        "there is no key file {path}; put a copy of it back, or name the right place. Without \
         its keys nothing that is sealed can be read"
    )]
    KeyFileMissing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// A key file is never overwritten: choose another place.
    #[error("{path} exists already and is left as it is; keys are never overwritten")]
    KeyFileExists {
        /// The place that is taken.
        path: PathBuf,
    },
    /// Others can read the keys: close the file.
    #[error(
        "others can read the key file {path} (mode {mode:03o}); run: chmod 600 '{path}'. If \
         others had access to this machine, rotate the keys as well"
    )]
    KeyFileExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another process is changing the keys: wait and repeat.
    #[error("another process is changing the key file {path}; wait for it, then repeat")]
    KeyFileBusy {
        /// The file.
        path: PathBuf,
    },
    /// Edited by hand or damaged: put a copy back.
    #[error("the key file {path} is damaged{}: {what}; put a copy of it back", at(*line))]
    KeyFileDamaged {
        /// The file.
        path: PathBuf,
        /// The line, if one is to blame.
        line: Option<usize>,
        /// What is wrong; never what stands there.
        what: &'static str,
    },
    /// The operating system refused: free space, change rights.
    #[error("cannot read or write {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The passphrase is another one: try again.
    #[error(
        "wrong passphrase: the backup does not open with it (or its first lines are damaged); \
         check capitals, spaces and the input method, then repeat"
    )]
    WrongPassphrase,
    /// The identity file belongs to other backups: find the right one.
    #[error(
        "the backup is not for this identity (or its first lines are damaged); use the identity \
         file whose recipient it was made for"
    )]
    WrongIdentity,
    /// Made with a passphrase, opened with an identity: give the passphrase.
    #[error("the backup was made with a passphrase, not for a recipient; give the passphrase")]
    PassphraseNeeded,
    /// Made for a recipient, opened with a passphrase: give the identity file.
    #[error("the backup was made for a recipient, not with a passphrase; give the identity file")]
    IdentityNeeded,
    /// Nobody could open it: name a recipient.
    #[error("a backup needs a recipient; name at least one, such as age1…")]
    NoRecipient,
    /// Not a recipient: correct it.
    #[error("`{text}` is no recipient; expected text that begins with age1, whole and unbroken")]
    MalformedRecipient {
        /// The text as it was given. A recipient is public.
        text: String,
    },
    /// The end is missing: copy the file again, or take another backup.
    #[error("the backup ends too early; copy it again or take another one. Restore nothing of it")]
    BackupTruncated,
    /// Changed after it was written: take another backup.
    #[error("the backup is damaged or was changed; take another one. Restore nothing of it")]
    BackupDamaged,
    /// Another kind of file: choose the right one.
    #[error("not an encrypted backup (the file does not begin as one)")]
    NotABackup,
    /// Made to take hours: refused.
    #[error(
        "opening this backup would take more memory and time than Heqi allows (scrypt 2^{log_n}); \
         if it is yours, decrypt it with the age command first"
    )]
    BackupTooCostly {
        /// The base-2 logarithm of the work factor that the file asks for.
        log_n: u8,
    },
    /// The other end of the stream failed: see what it says.
    #[error("the backup cannot be read or written: {0}")]
    Stream(std::io::Error),
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(" in line {line}")).unwrap_or_default()
}

impl CryptoError {
    /// For `map_err` on I/O at `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// For `map_err` on the random numbers of the system.
    pub(super) fn no_randomness(error: getrandom::Error) -> Self {
        Self::NoRandomness { what: error.to_string() }
    }

    /// The error that a stream of [`backup`](super::backup) hid in an I/O error.
    #[must_use]
    pub fn within(error: &std::io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}
