//! What does not hold in a result folder: which file, which row, what.

use std::fmt;

use heqi_domain::Lang;
use serde::Serialize;

/// What kind of trouble it is, in the order of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// `summary.json` is not what its seal covers.
    SealBroken,
    /// A file is not what its digest covers.
    FileChanged,
    /// A file of the result is gone.
    FileMissing,
    /// A file that the result does not name.
    FileAdded,
    /// An input is not the file that was matched.
    InputChanged,
    /// An input is not where it was; nothing can be proved.
    InputMissing,
    /// A file or row cannot be read as what it should be.
    Unreadable,
    /// A claim does not follow from the stored lines.
    Unproved,
    /// A repeated run says something else.
    Changed,
}

impl FindingCode {
    /// What it says, for people.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::SealBroken => lang.pick("封签不符", "the seal is broken"),
            Self::FileChanged => lang.pick("文件被改动", "the file was changed"),
            Self::FileMissing => lang.pick("文件缺失", "the file is missing"),
            Self::FileAdded => lang.pick("不属于本次结果", "not part of the result"),
            Self::InputChanged => lang.pick("原始文件被改动", "not the file that was matched"),
            Self::InputMissing => {
                lang.pick("找不到原始文件，无法复核", "not found, cannot be checked")
            }
            Self::Unreadable => lang.pick("无法读取", "cannot be read"),
            Self::Unproved => lang.pick("与账面明细不符", "does not follow from the lines"),
            Self::Changed => lang.pick("与重新核对的结果不符", "a repeated run says otherwise"),
        }
    }
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of trouble.
    pub code: FindingCode,
    /// The file, as it is called in the folder or as the input was named.
    pub file: String,
    /// 1-based line of the file, where it has one.
    pub row: Option<u64>,
    /// What was looked at: `difference`, `SHA-256` …
    pub what: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Finding {
    /// The finding in one line.
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        let Self { code, file, row, what, expected, found } = self;
        let label = code.label(lang);
        let place = match (row, lang) {
            (Some(row), Lang::Zh) => format!("{file} 第 {row} 行"),
            (Some(row), Lang::En) => format!("{file} row {row}"),
            (None, _) => file.clone(),
        };
        match lang {
            Lang::Zh => format!("{place}：{label}（{what}：应为 {expected}，实为 {found}）"),
            Lang::En => format!("{place}: {label} ({what}: expected {expected}, found {found})"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.say(Lang::En))
    }
}

/// Everything that does not hold; of very many the first are kept.
#[derive(Clone, Debug, Default)]
pub struct Unsound {
    /// The first ones, in the order in which they were found.
    pub findings: Vec<Finding>,
    /// How many there are in all.
    pub total: u64,
}

impl Unsound {
    /// How many are kept.
    pub const MOST: usize = 1_000;

    /// Whether nothing was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Whether nothing is wrong but that inputs are missing.
    #[must_use]
    pub fn only_missing_inputs(&self) -> bool {
        self.findings.iter().all(|finding| finding.code == FindingCode::InputMissing)
    }

    pub(crate) fn add(
        &mut self,
        code: FindingCode,
        file: &str,
        row: Option<u64>,
        what: &str,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) {
        self.total += 1;
        if self.findings.len() < Self::MOST {
            let (expected, found) = (expected.to_string(), found.to_string());
            let (file, what) = (file.to_owned(), what.to_owned());
            self.findings.push(Finding { code, file, row, what, expected, found });
        }
    }
}

impl fmt::Display for Unsound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} findings; do not rely on this result", self.total)?;
        self.findings.iter().take(20).try_for_each(|finding| write!(out, "\n{finding}"))
    }
}
