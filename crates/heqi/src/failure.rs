//! Why a command ended early, and the exit code that says so.

use std::path::Path;
use std::{fmt, io};

use crate::terminal::{Terminal, say};

/// The decision a caller can take; each has its exit code (ux.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A defect of Heqi itself.
    Unexpected = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Differences were found and the caller asked to fail on them.
    Differences = 3,
    /// A file cannot be read as a ledger, template or rule set.
    Input = 4,
    /// The operating system refused access.
    Permission = 5,
    /// Something stands where the result should go.
    Conflict = 6,
    /// Rows were rejected and the caller asked to fail on differences.
    Partial = 7,
    /// A result does not agree with its inputs.
    Integrity = 8,
    /// A person stopped the run.
    Interrupted = 130,
}

/// An error for a person: what happened and where, and a hint how to go on.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// What and where, one line; empty when everything was said already.
    pub message: String,
    /// How to fix it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// The same failure with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code.
    pub const fn code(&self) -> u8 {
        self.kind as u8
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// The kind of failure that an error of the operating system is.
pub fn kind_of_io(error: &io::Error) -> Kind {
    use io::ErrorKind as Os;
    match error.kind() {
        Os::PermissionDenied | Os::ReadOnlyFilesystem => Kind::Permission,
        Os::AlreadyExists | Os::DirectoryNotEmpty => Kind::Conflict,
        Os::Interrupted => Kind::Interrupted,
        Os::StorageFull | Os::QuotaExceeded | Os::WriteZero => Kind::Unexpected,
        _ => Kind::Input,
    }
}

/// The failure of a file or folder that cannot be written.
pub fn cannot_write(path: &Path, error: &io::Error, terminal: &Terminal) -> Failure {
    let path = path.display();
    let kind = match kind_of_io(error) {
        Kind::Input => Kind::Unexpected,
        kind => kind,
    };
    let message = say!(terminal, "无法写入 {path}：{error}", "cannot write {path}: {error}");
    Failure::new(kind, message).hint(terminal.pick(
        "检查磁盘空间和目录权限，或用 --out 换一个目录",
        "check free space and permissions, or choose another folder with --out",
    ))
}
