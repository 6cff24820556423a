//! The folder: seal, digests, nothing missing and nothing added.

use std::path::Path;

use super::VerifyError;
use super::finding::{FindingCode, Unsound};
use crate::staging::{SUMMARY_FILE, digest_of};
use crate::summary::Summary;

/// The one file that no digest covers: it says when and how long.
pub const TIMINGS: &str = "timings.json";

pub fn check(dir: &Path, summary: &Summary, unsound: &mut Unsound) -> Result<(), VerifyError> {
    let path = dir.join(SUMMARY_FILE);
    let bytes = std::fs::read(&path).map_err(VerifyError::io(&path))?;
    let seal = summary.seal_of();
    if summary.seal != seal {
        let code = FindingCode::SealBroken;
        unsound.add(code, SUMMARY_FILE, None, "seal", seal, &summary.seal);
    } else if bytes != summary.to_bytes() {
        let what = "layout";
        let (expected, found) = ("the bytes that Heqi writes", "others");
        unsound.add(FindingCode::FileChanged, SUMMARY_FILE, None, what, expected, found);
    }
    for file in &summary.files {
        // A name that leads out of the folder is no file of it.
        if Path::new(&file.name).components().count() != 1 || file.name.contains("..") {
            let code = FindingCode::Unreadable;
            unsound.add(code, SUMMARY_FILE, None, "file name", "a name", &file.name);
            continue;
        }
        let path = dir.join(&file.name);
        match digest_of(&path) {
            Ok((bytes, sha256)) if (bytes, &sha256) == (file.bytes, &file.sha256) => {}
            Ok((bytes, sha256)) => {
                let expected = format!("{} ({} bytes)", file.sha256, file.bytes);
                let found = format!("{sha256} ({bytes} bytes)");
                let code = FindingCode::FileChanged;
                unsound.add(code, &file.name, None, "SHA-256", expected, found);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let code = FindingCode::FileMissing;
                unsound.add(code, &file.name, None, "file", "to be there", "missing");
            }
            Err(error) => return Err(VerifyError::io(&path)(error)),
        }
    }
    let mut added = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(VerifyError::io(dir))? {
        let name = entry.map_err(VerifyError::io(dir))?.file_name();
        let name = name.to_string_lossy().into_owned();
        let known = name == SUMMARY_FILE
            || name == TIMINGS
            || summary.files.iter().any(|file| file.name == name)
            || [&summary.inputs.ours, &summary.inputs.theirs].iter().any(|it| it.name == name);
        if !known {
            added.push(name);
        }
    }
    added.sort_unstable();
    for name in added {
        unsound.add(FindingCode::FileAdded, &name, None, "file", "only files of the result", "it");
    }
    Ok(())
}
