//! The run, repeated with the rules of the folder: every file must be the same, byte for byte.
//!
//! It proves what the checker cannot (that no other pairing was possible, which needs the search
//! itself) and what no claim covers: sentences, counts and sums of the summary, the workbook.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use heqi_domain::{Currency, Lang, Progress, Stage};
use heqi_matching::{Block, Checked, Discrepancy, MatchError, Openings, Outcome, check as prove};
use serde_json::Value;

use super::finding::{FindingCode, Unsound};
use super::folder::TIMINGS;
use super::inputs::InputRead;
use super::rows::{self, Difference, add_line};
use super::{RulesRead, VerifyError};
use crate::error::ResultsError;
use crate::model::{Input, MatchResult, ResultFormat, Rules};
use crate::staging::{SUMMARY_FILE, digest_of};
use crate::summary::Summary;

/// A folder of our own that goes away with the guard.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // There is nobody left to tell.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn scratch() -> Result<Scratch, VerifyError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let base = std::env::temp_dir();
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("heqi-verify-{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(Scratch(path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(VerifyError::io(&path)(error)),
        }
    }
}

/// Only the wish to stop is passed on.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// The opening balances of the run: those of the tables, else of a summary of one customer.
pub fn openings(blocks: Option<&[Block]>, summary: &Summary) -> Openings {
    let narrow = |amount: i128| i64::try_from(amount).unwrap_or(i64::MAX);
    if let Some(blocks) = blocks {
        let by_account =
            blocks.iter().map(|block| (block.account.clone(), block.opening.map(narrow))).collect();
        return Openings { by_account, only: None };
    }
    let [bridge] = &summary.bridge[..] else { return Openings::default() };
    let currency = bridge.currency.parse().unwrap_or(Currency::CNY);
    let minor = |text: &str| super::cells::amount(text, currency).unwrap_or_default();
    let only = [minor(&bridge.opening.ours), minor(&bridge.opening.theirs)];
    Openings { only: (bridge.customers == 1).then_some(only), ..Openings::default() }
}

/// What the run is repeated with.
pub struct Again<'a> {
    pub dir: &'a Path,
    pub summary: &'a Summary,
    pub inputs: [&'a InputRead; 2],
    pub rules: &'a RulesRead,
    pub openings: Openings,
}

impl Again<'_> {
    /// Repeats the run and compares; what the checker proves of the repeated run is returned.
    pub fn check(
        &self,
        progress: &dyn Progress,
        unsound: &mut Unsound,
    ) -> Result<Option<Checked>, VerifyError> {
        let [left, right] = self.inputs.map(|input| &input.reading.lines);
        let quiet = Quiet(progress);
        let rules = &self.rules.set;
        let outcome = match heqi_matching::match_lines(left, right, rules, &self.openings, &quiet) {
            Ok(outcome) => outcome,
            Err(MatchError::Cancelled) => return Err(VerifyError::Cancelled),
            Err(error) => {
                unsound.add(FindingCode::Changed, SUMMARY_FILE, None, "run", "a result", error);
                return Ok(None);
            }
        };
        let checked = prove(&outcome, left, right, rules);
        if let Err(violations) = &checked {
            for violation in &violations.kept {
                let place = format!("{:?} of a repeated run", violation.place);
                let (expected, found) = (&violation.expected, &violation.found);
                let code = FindingCode::Unproved;
                unsound.add(code, SUMMARY_FILE, None, &place, expected, found);
            }
        }
        let scratch = scratch()?;
        let folder = scratch.0.join("result");
        if self.write(&folder, &outcome, &quiet, unsound)? {
            self.compare(&folder, unsound)?;
        }
        Ok(checked.ok())
    }

    /// Writes the folder again; false (and a finding) where that cannot be.
    fn write(
        &self,
        folder: &Path,
        outcome: &Outcome,
        progress: &dyn Progress,
        unsound: &mut Unsound,
    ) -> Result<bool, VerifyError> {
        let summary = self.summary;
        let Some(lang) = Lang::ALL.into_iter().find(|lang| lang.code() == summary.lang) else {
            let code = FindingCode::Unreadable;
            unsound.add(code, SUMMARY_FILE, None, "lang", "zh or en", &summary.lang);
            return Ok(false);
        };
        let [left, right] = self.inputs.map(|input| &input.reading.lines);
        let sentence = |row: &Discrepancy| heqi_matching::sentence(row, outcome, left, right, lang);
        let digests = self.inputs.map(|input| rows::hex(&input.reading.sha256));
        let records = [&summary.inputs.ours, &summary.inputs.theirs];
        let input = |at: usize| Input {
            name: &records[at].name,
            path: &records[at].path,
            bytes: self.inputs[at].bytes,
            sha256: &digests[at],
            inspection: &self.inputs[at].reading.inspection,
            options: &records[at].options,
            rejects: &self.inputs[at].reading.rejects,
        };
        let result = MatchResult {
            outcome,
            ours: left,
            theirs: right,
            inputs: [input(0), input(1)],
            rules: Rules { name: &summary.rules.name, toml: &self.rules.toml },
            period: summary.period.as_deref().and_then(|text| text.parse().ok()),
            lang,
            sentence: &sentence,
            created: None,
            timings: &[],
        };
        match crate::write(folder, &formats(summary), &result, progress) {
            Ok(_) => Ok(true),
            Err(ResultsError::Cancelled) => Err(VerifyError::Cancelled),
            Err(ResultsError::Io { path, source }) => Err(VerifyError::Io { path, source }),
            Err(error) => {
                let code = FindingCode::Changed;
                unsound.add(code, SUMMARY_FILE, None, "folder", "to be written again", error);
                Ok(false)
            }
        }
    }

    /// Compares every file that the summary names, and the summary.
    fn compare(&self, folder: &Path, unsound: &mut Unsound) -> Result<(), VerifyError> {
        let mut entries: Vec<String> = Vec::new();
        for entry in fs::read_dir(folder).map_err(VerifyError::io(folder))? {
            let name = entry.map_err(VerifyError::io(folder))?.file_name();
            entries.push(name.to_string_lossy().into_owned());
        }
        entries.sort_unstable();
        for name in entries.iter().filter(|name| *name != TIMINGS && *name != SUMMARY_FILE) {
            let (path, again) = (self.dir.join(name), folder.join(name));
            let differs = match difference(&again, &path) {
                Ok(differs) => differs,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    let code = FindingCode::FileMissing;
                    unsound.add(code, name, None, "file", "to be there", "missing");
                    continue;
                }
                Err(error) => return Err(VerifyError::io(&path)(error)),
            };
            if let Some(line) = differs {
                let what = if line.row > 0 { "row" } else { "bytes" };
                add_line(unsound, FindingCode::Changed, name, &line, what);
            }
        }
        for file in self.summary.files.iter().filter(|file| !entries.contains(&file.name)) {
            let code = FindingCode::FileAdded;
            let expected = "only files that the run writes";
            unsound.add(code, &file.name, None, "file", expected, "another");
        }
        let bytes = fs::read(folder.join(SUMMARY_FILE)).map_err(VerifyError::io(folder))?;
        if let Ok(again) = serde_json::from_slice::<Summary>(&bytes) {
            summaries(&again, self.summary, unsound);
        }
        Ok(())
    }
}

/// The formats that the folder holds.
fn formats(summary: &Summary) -> Vec<ResultFormat> {
    let holds = |format: &ResultFormat| {
        let name = match format {
            ResultFormat::Csv => "groups.csv",
            ResultFormat::Json => "groups.jsonl",
            ResultFormat::Parquet => "groups.parquet",
            ResultFormat::Xlsx => "reconciliation.xlsx",
        };
        summary.files.iter().any(|file| file.name == name)
    };
    ResultFormat::ALL.into_iter().filter(holds).collect()
}

/// Where two files differ: the first line of a text, no line of a workbook.
fn difference(expected: &Path, found: &Path) -> std::io::Result<Option<Difference>> {
    let (left, right) = (fs::File::open(expected)?, fs::File::open(found)?);
    let text = found.extension().is_some_and(|it| it == "csv" || it == "jsonl" || it == "toml");
    if !text {
        let (left, right) = (digest_of(expected)?, digest_of(found)?);
        let words = |(bytes, sha256): &(u64, String)| format!("{sha256} ({bytes} bytes)");
        let (expected, found) = (words(&left), words(&right));
        return Ok((left != right).then_some(Difference { row: 0, expected, found }));
    }
    let (mut left, mut right) = (BufReader::new(left), BufReader::new(right));
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for row in 1.. {
        a.clear();
        b.clear();
        let ends = [left.read_until(b'\n', &mut a)?, right.read_until(b'\n', &mut b)?];
        if a != b {
            let line = |text: &[u8], length: usize| {
                rows::show((length > 0).then_some(text.strip_suffix(b"\n").unwrap_or(text)))
            };
            let (expected, found) = (line(&a, ends[0]), line(&b, ends[1]));
            return Ok(Some(Difference { row, expected, found }));
        }
        if ends == [0, 0] {
            break;
        }
    }
    Ok(None)
}

/// Compares two summaries value by value; a value is named by its path.
fn summaries(again: &Summary, found: &Summary, unsound: &mut Unsound) {
    let value = |summary: &Summary| serde_json::to_value(summary).unwrap_or_default();
    let (mut left, mut right) = (value(again), value(found));
    // The seal follows from everything else and was looked at by itself.
    for summary in [&mut left, &mut right] {
        if let Some(fields) = summary.as_object_mut() {
            fields.remove("seal");
        }
    }
    values(&left, &right, String::new(), unsound);
}

fn values(again: &Value, found: &Value, path: String, unsound: &mut Unsound) {
    let step =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (again, found) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                values(value, b.get(name).unwrap_or(&Value::Null), step(name), unsound);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                values(a, b, step(&at.to_string()), unsound);
            }
        }
        (a, b) if a != b => {
            unsound.add(FindingCode::Changed, SUMMARY_FILE, None, &path, a, b);
        }
        _ => {}
    }
}
