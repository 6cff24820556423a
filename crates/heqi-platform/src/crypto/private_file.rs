//! Files that only their owner may read: keys and identities. Written whole or not at all.
//!
//! On Unix the mode is 0600, and a file with more is refused. On Windows a new file inherits
//! the access list of its folder; that folder is the administrator's to close.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::CryptoError;

/// Longer is no key file.
const LENGTH_MAX: u64 = 1 << 20;

/// Whether a file may already stand in the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It must be free.
    Free,
    /// What stands there is replaced.
    Taken,
}

/// The text of a private file.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, CryptoError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => CryptoError::KeyFileMissing { path: path.to_owned() },
        _ => CryptoError::io(path)(error),
    })?;
    let metadata = file.metadata().map_err(CryptoError::io(path))?;
    refuse_exposed(path, &metadata)?;
    let damaged = |what| CryptoError::KeyFileDamaged { path: path.to_owned(), line: None, what };
    if !metadata.is_file() || metadata.len() > LENGTH_MAX {
        return Err(damaged("this is no key file"));
    }
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(metadata.len() as usize + 1));
    match file.take(LENGTH_MAX).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(damaged("not UTF-8 text")),
        Err(error) => Err(CryptoError::io(path)(error)),
    }
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), CryptoError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(CryptoError::KeyFileExposed { path: path.to_owned(), mode }),
    }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &fs::Metadata) -> Result<(), CryptoError> {
    Ok(())
}

/// Writes a private file: beside its place first, on the disk, then renamed.
pub(super) fn write(path: &Path, text: &str, place: Place) -> Result<(), CryptoError> {
    let beside = sibling(path)?;
    let written = write_beside(&beside, text).map_err(CryptoError::io(&beside));
    let placed = written.and_then(|()| move_into(&beside, path, place));
    if placed.is_err() || place == Place::Free {
        // After an error the file may not be there at all, and the error is the one to tell.
        match fs::remove_file(&beside) {
            Err(error) if placed.is_ok() => return Err(CryptoError::io(&beside)(error)),
            _ => {}
        }
    }
    placed?;
    sync_folder(path).map_err(CryptoError::io(path))
}

fn sibling(path: &Path) -> Result<PathBuf, CryptoError> {
    let number = getrandom::u64().map_err(CryptoError::no_randomness)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number:016x}.new"));
    Ok(PathBuf::from(name))
}

fn write_beside(beside: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn move_into(beside: &Path, path: &Path, place: Place) -> Result<(), CryptoError> {
    match place {
        Place::Taken => fs::rename(beside, path).map_err(CryptoError::io(path)),
        // A rename would put it over a file that has come to stand there in the meantime.
        Place::Free => fs::hard_link(beside, path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => CryptoError::KeyFileExists { path: path.to_owned() },
            _ => CryptoError::io(path)(error),
        }),
    }
}

/// A rename is on the disk only when its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
