//! The inputs, found and read again as they were read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use heqi_domain::{Period, Progress, Side};
use heqi_intake::{Orientation, ReadOptions, Reading, Role, Source, View};

use super::finding::{FindingCode, Unsound};
use super::{VerifyError, name_of, period, rows};
use crate::summary::{InputRecord, Summary};

/// A file that is read at offsets.
struct FileSource {
    file: Mutex<File>,
    length: u64,
}

impl Source for FileSource {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// An input as it was read again.
pub struct InputRead {
    pub reading: Reading,
    /// Size of the file.
    pub bytes: u64,
}

/// Both inputs, without the lines outside the period; none if one cannot be had.
pub fn read(
    dir: &Path,
    summary: &Summary,
    progress: &dyn Progress,
    unsound: &mut Unsound,
) -> Result<Option<[InputRead; 2]>, VerifyError> {
    let period = match summary.period.as_deref().map(str::parse::<Period>).transpose() {
        Ok(period) => period,
        Err(error) => {
            let file = crate::staging::SUMMARY_FILE;
            let what = "period";
            unsound.add(FindingCode::Unreadable, file, None, what, "a period", error);
            return Ok(None);
        }
    };
    let mut side = |side: Side, record: &InputRecord| {
        let read = one(dir, summary, side, record, progress, unsound)?;
        Ok::<_, VerifyError>(read.map(|(mut reading, bytes)| {
            reading.lines = period::keep(reading.lines, period);
            InputRead { reading, bytes }
        }))
    };
    let ours = side(Side::Ours, &summary.inputs.ours)?;
    let theirs = side(Side::Theirs, &summary.inputs.theirs)?;
    Ok(ours.zip(theirs).map(<[InputRead; 2]>::from))
}

/// Where the input was read, else by its name beside the folder and in it.
fn locate(dir: &Path, record: &InputRecord) -> Option<PathBuf> {
    let beside = dir.parent().map(|parent| parent.join(&record.name));
    let places = [Some(PathBuf::from(&record.path)), beside, Some(dir.join(&record.name))];
    places.into_iter().flatten().find(|path| path.is_file())
}

fn one(
    dir: &Path,
    summary: &Summary,
    side: Side,
    record: &InputRecord,
    progress: &dyn Progress,
    unsound: &mut Unsound,
) -> Result<Option<(Reading, u64)>, VerifyError> {
    let name = name_of(summary, side);
    let Some(path) = locate(dir, record) else {
        let expected = format!("the file at {}", record.path);
        unsound.add(FindingCode::InputMissing, name, None, "input", expected, "nothing");
        return Ok(None);
    };
    let options = match options(side, &record.options) {
        Ok(options) => options,
        Err(what) => {
            let file = crate::staging::SUMMARY_FILE;
            let expected = format!("options of reading {name}");
            unsound.add(FindingCode::Unreadable, file, None, "options", expected, what);
            return Ok(None);
        }
    };
    let file = File::open(&path).map_err(VerifyError::io(&path))?;
    let length = file.metadata().map_err(VerifyError::io(&path))?.len();
    let source = FileSource { file: Mutex::new(file), length };
    // Messages of intake name the file as the run did.
    let attempt =
        |options: &ReadOptions| heqi_intake::read(&source, &record.path, options, &Quiet(progress));
    let reading = match attempt(&options) {
        Ok(reading) => reading,
        Err(heqi_intake::IntakeError::Cancelled) => return Err(VerifyError::Cancelled),
        Err(error) => {
            unsound.add(FindingCode::Unreadable, name, None, "input", "a ledger", error);
            return Ok(None);
        }
    };
    let sha256 = rows::hex(&reading.sha256);
    if sha256 != record.sha256 {
        let code = FindingCode::InputChanged;
        unsound.add(code, name, None, "SHA-256", &record.sha256, sha256);
    }
    if reading.inspection == record.reading || options.view.is_none() {
        return Ok(Some((reading, length)));
    }
    // The view may have been found by comparing the two files: then it was read without one.
    let seen = attempt(&ReadOptions { view: None, ..options }).ok();
    let reading = seen.and_then(|seen| turned(seen, record)).unwrap_or(reading);
    Ok(Some((reading, length)))
}

/// A reading whose amounts were turned around afterwards, if that is what the record says.
fn turned(mut reading: Reading, record: &InputRecord) -> Option<Reading> {
    if reading.inspection.orientation != record.reading.orientation {
        reading.lines.mirror().ok()?;
        let control = &mut reading.control;
        for amount in [&mut control.opening, &mut control.closing].into_iter().flatten() {
            *amount = amount.checked_neg()?;
        }
        reading.inspection.orientation = match reading.inspection.orientation {
            Orientation::Payable => Orientation::Receivable,
            Orientation::Receivable => Orientation::Payable,
        };
    }
    (reading.inspection == record.reading).then_some(reading)
}

/// Reading is a part of verifying: only the wish to stop is passed on.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn stage(&self, _: heqi_domain::Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// What the caller said about the file, as data again.
fn options(side: Side, said: &[(String, String)]) -> Result<ReadOptions, String> {
    let mut options = ReadOptions::new(side);
    for (key, value) in said {
        let text = || Some(value.clone());
        match (key.as_str(), value.as_str()) {
            ("map", _) => options.map = map(value)?,
            ("template", _) => options.template = text(),
            ("view", "payable") => options.view = Some(View::Payable),
            ("view", "receivable") => options.view = Some(View::Receivable),
            ("customer", _) => options.customer = text(),
            ("sheet", _) => options.sheet = text(),
            ("keep_text", "true") => options.keep_text = true,
            ("keep_text", "false") => options.keep_text = false,
            ("currency", _) => {
                options.currency = value.parse().map_err(|_| format!("currency `{value}`"))?;
            }
            _ => return Err(format!("{key} = `{value}`")),
        }
    }
    Ok(options)
}

/// `amount=金额,date=日期`; a comma within a column name is written `\,`.
fn map(text: &str) -> Result<Vec<(Role, String)>, String> {
    let mut pairs = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = pairs.len() - 1;
        match letter {
            '\\' if letters.peek() == Some(&',') => pairs[last].extend(letters.next()),
            ',' => pairs.push(String::new()),
            _ => pairs[last].push(letter),
        }
    }
    let pair = |pair: String| {
        let (role, column) = pair.split_once('=')?;
        let role = serde_json::from_value(serde_json::Value::from(role)).ok()?;
        Some((role, column.to_owned()))
    };
    pairs.into_iter().map(|text| pair(text.clone()).ok_or(format!("map `{text}`"))).collect()
}
