//! A folder of its own for each test, and the real binary run in it.
#![allow(dead_code, reason = "each test program uses its part")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Our book in October: a sale that they mistyped, one that they lack, one that agrees, a receipt.
pub const OURS: &str = "\
单据号,日期,客户,摘要,金额
XS-261001,2026-10-03,华东机电设备有限公司,泵体 12 台,12000.00
XS-261002,2026-10-08,华东机电设备有限公司,阀门,3500.00
XS-261003,2026-10-28,华东机电设备有限公司,密封件,860.50
SK-262001,2026-10-20,华东机电设备有限公司,收款,-12000.00
";

/// The customer's book of the same month.
pub const THEIRS: &str = "\
单据号,日期,客户,摘要,金额
XS-261001,2026-10-03,华东机电设备有限公司,泵体,12000.00
XS-261002,2026-10-08,华东机电设备有限公司,阀门,3050.00
SK-262001,2026-10-20,华东机电设备有限公司,付款,-12000.00
";

/// What a run said.
pub struct Said {
    /// Exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8 output"),
            err: String::from_utf8(output.stderr).expect("UTF-8 messages"),
        }
    }
}

/// A folder with files in which the binary is run.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder with `ours.csv` and `theirs.csv`.
    pub fn with_pair() -> Self {
        let desk = Self::new();
        desk.put("ours.csv", OURS);
        desk.put("theirs.csv", THEIRS);
        desk
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub fn put(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name.as_ref());
        std::fs::write(&path, content).expect("a writable folder");
        path
    }

    /// Names of everything in it, sorted, hidden ones too.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The command, in this folder, in Chinese, without color.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heqi"));
        command.current_dir(self.path()).env_clear().env("LANG", "zh_CN.UTF-8");
        command.stdin(Stdio::null());
        command
    }

    /// Runs the command with these words.
    pub fn run<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Said {
        self.command().args(words).output().expect("the binary").into()
    }

    /// Runs a line of words that contain no blanks.
    pub fn say(&self, line: &str) -> Said {
        self.run(line.split_whitespace())
    }
}

/// Compares with the file under `tests/golden`; `HEQI_GOLDEN=accept` writes it anew.
#[track_caller]
pub fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("HEQI_GOLDEN").is_some_and(|value| value == "accept") {
        std::fs::write(&path, text).expect("a writable golden file");
    }
    let expected = std::fs::read_to_string(&path).expect("a golden file");
    assert_eq!(text, expected, "{name}");
}
