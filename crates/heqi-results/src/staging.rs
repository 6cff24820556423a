//! The folder appears whole or not at all: everything is written beside it and renamed.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::ResultsError;

/// The file whose presence marks a folder as a result of ours.
pub const SUMMARY_FILE: &str = "summary.json";

/// Endings of the files that a result folder may hold; a folder with anything else is not
/// replaced, because a person may have put it there.
const OUR_ENDINGS: [&str; 6] = ["csv", "jsonl", "json", "toml", "xlsx", "parquet"];

/// Names, without ending, of the files that a result folder may hold.
const OUR_NAMES: [&str; 11] = [
    "groups",
    "members",
    "residuals",
    "discrepancies",
    "bridge",
    "rejects",
    "evidence",
    "summary",
    "timings",
    "rules",
    "reconciliation",
];

/// A temporary sibling of the result folder; removed when it is dropped before it is published.
pub struct Staging {
    target: PathBuf,
    path: PathBuf,
    published: bool,
}

/// A file of the folder as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its name within the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

impl Staging {
    /// Makes the sibling of `dir`, after a look at what stands there.
    ///
    /// # Errors
    /// [`ResultsError::NotOurs`] if `dir` is taken by anything but an empty folder or a result
    /// of ours; [`ResultsError::Io`].
    pub fn beside(dir: &Path) -> Result<Self, ResultsError> {
        // A link to a folder is followed, so that the folder is replaced and not the link.
        let target = if dir.exists() {
            dir.canonicalize().map_err(ResultsError::io(dir))?
        } else {
            std::path::absolute(dir).map_err(ResultsError::io(dir))?
        };
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            let what = "is no place for a result folder".to_owned();
            return Err(ResultsError::NotOurs { path: dir.to_owned(), what });
        };
        check_replaceable(&target)?;
        fs::create_dir_all(parent).map_err(ResultsError::io(parent))?;
        let path = fresh_sibling(parent, &name.to_string_lossy(), "new")?;
        Ok(Self { target, path, published: false })
    }

    /// Where the files are written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the folder, hashed while it is written.
    pub fn create(&self, name: &str) -> Result<Output, ResultsError> {
        let path = self.path.join(name);
        let file = File::create_new(&path).map_err(ResultsError::io(&path))?;
        let file = BufWriter::with_capacity(1 << 16, file);
        Ok(Output { name: name.to_owned(), path, file, sha256: Sha256::new(), bytes: 0 })
    }

    /// Writes a whole file.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<WrittenFile, ResultsError> {
        let mut output = self.create(name)?;
        output.write(bytes)?;
        output.finish()
    }

    /// Size and digest of a file that another writer put into the folder.
    pub fn measure(&self, name: &str) -> Result<WrittenFile, ResultsError> {
        let path = self.path.join(name);
        let (bytes, sha256) = digest_of(&path).map_err(ResultsError::io(&path))?;
        Ok(WrittenFile { name: name.to_owned(), bytes, sha256 })
    }

    /// Puts the folder in its place; what stood there is put back if that fails.
    pub fn publish(mut self) -> Result<PathBuf, ResultsError> {
        // It may have been filled while we were writing.
        check_replaceable(&self.target)?;
        let parent = self.target.parent().unwrap_or(Path::new("."));
        let name = self.target.file_name().unwrap_or_default().to_string_lossy();
        let io = ResultsError::io(&self.target);
        if self.target.exists() {
            let old = fresh_sibling(parent, &name, "old")?;
            fs::rename(&self.target, &old).map_err(ResultsError::io(&self.target))?;
            if let Err(error) = fs::rename(&self.path, &self.target) {
                fs::rename(&old, &self.target).map_err(ResultsError::io(&old))?;
                return Err(io(error));
            }
            self.published = true;
            fs::remove_dir_all(&old).map_err(ResultsError::io(&old))?;
        } else {
            fs::rename(&self.path, &self.target).map_err(io)?;
            self.published = true;
        }
        Ok(self.target.clone())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.published {
            // There is nobody left to tell; a leftover is hidden and never taken for a result.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// Makes an empty folder beside the target whose name no other run uses.
fn fresh_sibling(parent: &Path, name: &str, role: &str) -> Result<PathBuf, ResultsError> {
    let process = std::process::id();
    for attempt in 0_u32.. {
        let path = parent.join(format!(".{name}.{role}-{process}-{attempt}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(ResultsError::io(&path)(error)),
        }
    }
    unreachable!("four billion folders of one name")
}

/// Whether `target` is free, empty, or a result of ours with nothing of a person's in it.
fn check_replaceable(target: &Path) -> Result<(), ResultsError> {
    let refuse = |what: String| Err(ResultsError::NotOurs { path: target.to_owned(), what });
    if !target.exists() {
        return Ok(());
    }
    if !target.is_dir() {
        return refuse("is a file".to_owned());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(target).map_err(ResultsError::io(target))? {
        names.push(entry.map_err(ResultsError::io(target))?.file_name());
    }
    if names.is_empty() {
        return Ok(());
    }
    names.sort();
    if !is_our_summary(&target.join(SUMMARY_FILE)) {
        return refuse("is not empty and holds no result of Heqi".to_owned());
    }
    for name in names {
        let name = name.to_string_lossy();
        let ours = name.split_once('.').is_some_and(|(stem, ending)| {
            OUR_NAMES.contains(&stem) && OUR_ENDINGS.contains(&ending)
        });
        if !ours {
            return refuse(format!("holds `{name}`, which Heqi did not write"));
        }
    }
    Ok(())
}

fn is_our_summary(path: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Mark {
        product: String,
    }
    fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Mark>(&bytes).ok())
        .is_some_and(|mark| mark.product == crate::summary::PRODUCT)
}

/// A file that is being written.
pub struct Output {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl Output {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ResultsError> {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(ResultsError::io(&self.path))
    }

    /// Closes the file.
    pub fn finish(mut self) -> Result<WrittenFile, ResultsError> {
        self.file.flush().map_err(ResultsError::io(&self.path))?;
        Ok(WrittenFile { name: self.name, bytes: self.bytes, sha256: hex(&self.sha256.finalize()) })
    }
}

/// For writers of others, which know only this trait.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Size and SHA-256 (lower-case hexadecimal) of a file, read in pieces.
///
/// # Errors
/// What the operating system says.
pub fn digest_of(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut sha256 = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((bytes, hex(&sha256.finalize())));
        }
        sha256.update(&buffer[..count]);
        bytes += count as u64;
    }
}

/// SHA-256 of bytes in memory, lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).fold(
        String::with_capacity(2 * digest.len()),
        |mut text, digit| {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            text
        },
    )
}
