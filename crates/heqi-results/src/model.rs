//! What a result folder is made from, and how the caller asks for it.

use std::path::PathBuf;
use std::time::Duration;

use heqi_domain::{Lang, Lines, Period, Side, Stage};
use heqi_intake::{Inspection, Reject};
use heqi_matching::{Discrepancy, Outcome};

use crate::staging::WrittenFile;

/// In which form the tables are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResultFormat {
    /// The tables as CSV.
    Csv,
    /// A workbook for people.
    Xlsx,
    /// The tables as JSON Lines, one object per row.
    Json,
    /// The tables as Parquet.
    Parquet,
}

/// The text names no format of a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a result format; expected one or more of {codes}", codes = codes())]
pub struct UnknownFormat(pub String);

fn codes() -> String {
    ResultFormat::CODES.join(", ")
}

impl ResultFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Json, Self::Parquet];
    /// The words used in options.
    pub const CODES: [&'static str; 4] =
        [Self::Csv.code(), Self::Xlsx.code(), Self::Json.code(), Self::Parquet.code()];

    /// The word used in options.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }
}

impl std::str::FromStr for ResultFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let word = text.trim();
        let found = Self::ALL.into_iter().find(|format| word.eq_ignore_ascii_case(format.code()));
        found.ok_or_else(|| UnknownFormat(word.to_owned()))
    }
}

/// One input file as it was read.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The file's name, for people.
    pub name: &'a str,
    /// Where `heqi verify` finds it again.
    pub path: &'a str,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: &'a str,
    /// How it was read.
    pub inspection: &'a Inspection,
    /// What the caller said about it (`map`, `view`, `customer`, `template` …), in a fixed
    /// order, so that `heqi verify` reads it the same way.
    pub options: &'a [(String, String)],
    /// The rows that became no line.
    pub rejects: &'a [Reject],
}

/// The rules of a run.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Preset name or file name.
    pub name: &'a str,
    /// The rules as TOML, complete: with them the run can be repeated.
    pub toml: &'a str,
}

/// A match with everything that its result folder says.
pub struct MatchResult<'a> {
    /// The answer of the kernel.
    pub outcome: &'a Outcome,
    /// Our lines.
    pub ours: &'a Lines,
    /// Their lines.
    pub theirs: &'a Lines,
    /// Our file and theirs.
    pub inputs: [Input<'a>; 2],
    /// The rules that were applied.
    pub rules: Rules<'a>,
    /// The period that was reconciled, where the caller gave one.
    pub period: Option<Period>,
    /// Language of sentences and of the workbook; codes never change with it.
    pub lang: Lang,
    /// Says a discrepancy in words.
    pub sentence: &'a (dyn Fn(&Discrepancy) -> String + Sync),
    /// When the result was made, as text; goes into `timings.json` only.
    pub created: Option<&'a str>,
    /// How long each stage took; goes into `timings.json` only.
    pub timings: &'a [(Stage, Duration)],
}

impl<'a> MatchResult<'a> {
    /// The lines of a side.
    #[must_use]
    pub const fn lines(&self, side: Side) -> &'a Lines {
        match side {
            Side::Ours => self.ours,
            Side::Theirs => self.theirs,
        }
    }

    /// The input of a side.
    #[must_use]
    pub const fn input(&self, side: Side) -> &Input<'a> {
        match side {
            Side::Ours => &self.inputs[0],
            Side::Theirs => &self.inputs[1],
        }
    }
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The folder.
    pub dir: PathBuf,
    /// Its files, in the order of `summary.json`, which comes last.
    pub files: Vec<WrittenFile>,
    /// The workbook, if one was asked for.
    pub workbook: Option<PathBuf>,
    /// The plan digest, as in `summary.json`.
    pub plan: String,
}
