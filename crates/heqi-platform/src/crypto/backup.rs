//! Encrypted backups: streams in the format of [age](https://age-encryption.org/v1), which the
//! `age` command opens as well, should there be no Heqi at hand.
//!
//! A backup is made for recipients (public keys; who holds the identity file opens it), or with
//! a passphrase. Unattended backups take a recipient: then the machine that makes them cannot
//! read them.
//!
//! Every 64 KiB are authenticated, and so is the end. **What has been read counts only when the
//! reader has come to its end without an error.**
//!
//! age's ciphers are X25519, scrypt and ChaCha20-Poly1305 in both suites; where the national
//! algorithms are required of backups too, they have to lie on a volume that provides them.

use std::io::{self, Read, Write};
use std::path::Path;

use age::secrecy::ExposeSecret as _;
pub use age::secrecy::SecretString;
use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, EncryptError};

use super::error::CryptoError;
use super::private_file::{self, Place};

/// log₂ of the work to turn a passphrase into a key: 256 MiB and about a second, as age does.
const WORK_FACTOR: u8 = 18;
/// Above it, a file is made to exhaust this machine: 2^20 takes 1 GiB.
const WORK_FACTOR_MAX: u8 = 20;

/// Who can open a backup; public text such as `age1…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(age::x25519::Recipient);

impl std::str::FromStr for Recipient {
    type Err = CryptoError;
    fn from_str(text: &str) -> Result<Self, CryptoError> {
        match text.trim().parse() {
            Ok(recipient) => Ok(Self(recipient)),
            Err(_) => Err(CryptoError::MalformedRecipient { text: text.to_owned() }),
        }
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What a backup is encrypted with.
#[derive(Clone, Debug)]
pub enum Encryption {
    /// For the holders of any of these recipients' identities.
    Recipients(Vec<Recipient>),
    /// With a passphrase that a person keeps.
    Passphrase(SecretString),
}

/// What a backup is opened with.
#[derive(Clone)]
pub enum Decryption {
    /// The secret half of a recipient.
    Identity(Identity),
    /// The passphrase that it was made with.
    Passphrase(SecretString),
}

/// The secret half of a recipient.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// Makes an identity file, readable by its owner alone. It belongs on another machine than
    /// the one that makes the backups; that one needs [`Identity::recipient`] only.
    ///
    /// # Errors
    /// [`CryptoError::KeyFileExists`], [`CryptoError::Io`].
    pub fn create(path: &Path) -> Result<Self, CryptoError> {
        let identity = age::x25519::Identity::generate();
        let head = "# Heqi backup identity 合契备份身份文件：没有它，备份打不开";
        let (public, secret) = (identity.to_public(), identity.to_string());
        let secret = secret.expose_secret();
        let text = format!("{head}\n# public key: {public}\n{secret}\n");
        private_file::write(path, &zeroize::Zeroizing::new(text), Place::Free)?;
        Ok(Self(identity))
    }

    /// Reads an identity file, of ours or of `age-keygen`; the first identity in it.
    ///
    /// # Errors
    /// [`CryptoError::KeyFileMissing`], [`CryptoError::KeyFileExposed`],
    /// [`CryptoError::KeyFileDamaged`], [`CryptoError::Io`].
    pub fn load(path: &Path) -> Result<Self, CryptoError> {
        let text = private_file::read(path)?;
        let mut lines = text.lines().map(str::trim).zip(1..);
        let found = lines.find(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        let damaged =
            |line, what| CryptoError::KeyFileDamaged { path: path.to_owned(), line, what };
        let (line, number) = found.ok_or_else(|| damaged(None, "it holds no identity"))?;
        let identity = line.parse().map_err(|_| damaged(Some(number), "this is no identity"))?;
        Ok(Self(identity))
    }

    /// The public half, to be named where backups are made.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Identity(of {})", self.recipient())
    }
}

/// Encrypts what is written to it. Without [`Encrypting::finish`] the backup has no end and
/// will be refused.
pub struct Encrypting<W: Write>(StreamWriter<W>);

impl<W: Write> Encrypting<W> {
    /// Writes the end and gives the writer back, not yet flushed or synced.
    ///
    /// # Errors
    /// [`CryptoError::Stream`].
    pub fn finish(self) -> Result<W, CryptoError> {
        self.0.finish().map_err(CryptoError::Stream)
    }
}

impl<W: Write> Write for Encrypting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Begins a backup. With a passphrase this takes about a second of one core.
///
/// # Errors
/// [`CryptoError::NoRecipient`], [`CryptoError::Stream`].
pub fn encrypt_to<W: Write>(
    writer: W,
    encryption: &Encryption,
) -> Result<Encrypting<W>, CryptoError> {
    encrypt_with_work(writer, encryption, WORK_FACTOR)
}

fn encrypt_with_work<W: Write>(
    writer: W,
    encryption: &Encryption,
    work_factor: u8,
) -> Result<Encrypting<W>, CryptoError> {
    let encryptor = match encryption {
        Encryption::Recipients(recipients) => age::Encryptor::with_recipients(
            recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient),
        ),
        Encryption::Passphrase(passphrase) => {
            let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
            recipient.set_work_factor(work_factor);
            age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        }
    };
    let encryptor = encryptor.map_err(|error| match error {
        EncryptError::MissingRecipients => CryptoError::NoRecipient,
        EncryptError::Io(error) => CryptoError::Stream(error),
        other => CryptoError::Stream(io::Error::other(other.to_string())),
    })?;
    encryptor.wrap_output(writer).map(Encrypting).map_err(CryptoError::Stream)
}

/// Decrypts what it reads; see [`CryptoError::within`] for what its errors mean. After an error
/// it gives nothing more.
pub struct Decrypting<R: Read>(StreamReader<R>);

impl<R: Read> Read for Decrypting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // These two kinds are age's own; all others come from the reader beneath.
        self.0.read(buffer).map_err(|error| match error.kind() {
            kind @ io::ErrorKind::UnexpectedEof => {
                io::Error::new(kind, CryptoError::BackupTruncated)
            }
            kind @ io::ErrorKind::InvalidData => io::Error::new(kind, CryptoError::BackupDamaged),
            _ => error,
        })
    }
}

/// Begins to read a backup.
///
/// # Errors
/// [`CryptoError::WrongPassphrase`], [`CryptoError::WrongIdentity`],
/// [`CryptoError::PassphraseNeeded`], [`CryptoError::IdentityNeeded`],
/// [`CryptoError::NotABackup`], [`CryptoError::BackupTruncated`],
/// [`CryptoError::BackupDamaged`], [`CryptoError::BackupTooCostly`], [`CryptoError::Stream`].
pub fn decrypt_from<R: Read>(
    reader: R,
    decryption: &Decryption,
) -> Result<Decrypting<R>, CryptoError> {
    let decryptor = age::Decryptor::new(reader).map_err(|error| explain(error, decryption))?;
    let stream = match (decryption, decryptor.is_scrypt()) {
        (Decryption::Identity(_), true) => return Err(CryptoError::PassphraseNeeded),
        (Decryption::Passphrase(_), false) => return Err(CryptoError::IdentityNeeded),
        (Decryption::Identity(identity), false) => {
            decryptor.decrypt(std::iter::once(&identity.0 as &dyn age::Identity))
        }
        (Decryption::Passphrase(passphrase), true) => {
            let mut identity = age::scrypt::Identity::new(passphrase.clone());
            identity.set_max_work_factor(WORK_FACTOR_MAX);
            decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
        }
    };
    stream.map(Decrypting).map_err(|error| explain(error, decryption))
}

fn explain(error: DecryptError, decryption: &Decryption) -> CryptoError {
    match (error, decryption) {
        (DecryptError::DecryptionFailed, Decryption::Passphrase(_)) => CryptoError::WrongPassphrase,
        (DecryptError::NoMatchingKeys, Decryption::Identity(_)) => CryptoError::WrongIdentity,
        (DecryptError::ExcessiveWork { required, .. }, _) => {
            CryptoError::BackupTooCostly { log_n: required }
        }
        (DecryptError::UnknownFormat | DecryptError::InvalidHeader, _) => CryptoError::NotABackup,
        (DecryptError::Io(error), _) => match error.kind() {
            io::ErrorKind::UnexpectedEof => CryptoError::BackupTruncated,
            io::ErrorKind::InvalidData => CryptoError::NotABackup,
            _ => CryptoError::Stream(error),
        },
        _ => CryptoError::BackupDamaged,
    }
}

#[cfg(test)]
mod tests;
