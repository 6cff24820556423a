//! The result folder of a match, and its summary for machines.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use heqi_domain::{Progress, Stage};
use heqi_intake::Reading;
use heqi_matching::Discrepancy;
use heqi_results::{
    Input, MatchResult, ResultFormat, ResultsError, Rules, SUMMARY_FILE, Summary, Written,
};
use serde::Serialize;

use crate::arguments::{Match, OutputFormat};
use crate::failure::{Failure, Kind, cannot_write, kind_of_io};
use crate::matching::Matched;
use crate::reading::stopped;
use crate::summary::{Outside, View};
use crate::terminal::{Terminal, Watch, say, while_writing};

/// The workbook's name in the result folder.
pub const WORKBOOK: &str = "reconciliation.xlsx";

/// Writes the folder that `--out` names, whole or not at all; nothing without it.
///
/// # Errors
/// The place is taken, may not be written, or a person stopped the run.
pub fn write(
    matched: &Matched,
    arguments: &Match,
    watch: &Watch,
    terminal: &Terminal,
) -> Result<Option<Written>, Failure> {
    let Some(dir) = &arguments.out else { return Ok(None) };
    let formats: Vec<ResultFormat> = arguments.format.iter().map(|format| code(*format)).collect();
    watch.stage(Stage::Write, 0);
    let timings = watch.timings();
    let created = now();
    let written = with_result(matched, &timings, Some(&created), terminal, |result| {
        while_writing(|| heqi_results::write(dir, &formats, result, watch))
    })?;
    written.map(Some).map_err(|error| explain(&error, terminal))
}

const fn code(format: OutputFormat) -> ResultFormat {
    match format {
        OutputFormat::Csv => ResultFormat::Csv,
        OutputFormat::Xlsx => ResultFormat::Xlsx,
        OutputFormat::Json => ResultFormat::Json,
        OutputFormat::Parquet => ResultFormat::Parquet,
    }
}

/// Gathers what a result says and hands it on.
fn with_result<T>(
    matched: &Matched,
    timings: &[(Stage, Duration)],
    created: Option<&str>,
    terminal: &Terminal,
    use_it: impl FnOnce(&MatchResult) -> T,
) -> Result<T, Failure> {
    let [left, right] = &matched.opened;
    let hex = |reading: &Reading| -> String {
        reading.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let hashes = [hex(&matched.readings[0]), hex(&matched.readings[1])];
    let names = [left.name(), right.name()].map(|name| {
        Path::new(&name)
            .file_name()
            .map_or(name.clone(), |last| last.to_string_lossy().into_owned())
    });
    let paths = [left.absolute(), right.absolute()];
    let options = [left.said(None), right.said(Some(&matched.readings[1].inspection))];
    let input = |at: usize| Input {
        name: &names[at],
        path: &paths[at],
        bytes: matched.opened[at].size(),
        sha256: &hashes[at],
        inspection: &matched.readings[at].inspection,
        options: &options[at],
        rejects: &matched.readings[at].rejects,
    };
    let (name, rules) = &matched.rules;
    let toml = toml::to_string_pretty(rules)
        .map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
    let [ours, theirs] = [&matched.readings[0].lines, &matched.readings[1].lines];
    let lang = terminal.lang;
    let sentence = |discrepancy: &Discrepancy| {
        heqi_matching::sentence(discrepancy, &matched.outcome, ours, theirs, lang)
    };
    Ok(use_it(&MatchResult {
        outcome: &matched.outcome,
        ours,
        theirs,
        inputs: [input(0), input(1)],
        rules: Rules { name, toml: &toml },
        period: matched.period,
        lang,
        sentence: &sentence,
        created,
        timings,
    }))
}

/// The summary for machines: `summary.json` and how the run went.
#[derive(Serialize)]
struct Machine {
    #[serde(flatten)]
    summary: Summary,
    /// The result folder, if one was written.
    out: Option<String>,
    /// How their amounts were brought to the receivable's side.
    theirs_view: TheirView,
    /// Lines left out by `--period`.
    outside_period: [OutsideJson; 2],
    /// Microseconds of each stage.
    timings: BTreeMap<&'static str, u64>,
    /// Microseconds of the whole run.
    elapsed: u64,
}

#[derive(Serialize)]
struct TheirView {
    mirrored: bool,
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    same: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opposite: Option<u64>,
}

#[derive(Serialize)]
struct OutsideJson {
    side: &'static str,
    before: u64,
    after: u64,
    undated: u64,
}

/// The JSON that `--json` prints.
///
/// # Errors
/// The outcome does not add up, or the written summary cannot be read back.
pub fn json(
    matched: &Matched,
    written: Option<&Written>,
    timings: &[(Stage, Duration)],
    elapsed: Duration,
    terminal: &Terminal,
) -> Result<String, Failure> {
    let unexpected =
        |error: &dyn std::fmt::Display| Failure::new(Kind::Unexpected, error.to_string());
    let summary = match written {
        Some(written) => {
            let bytes = std::fs::read(written.dir.join(SUMMARY_FILE))
                .map_err(|error| Failure::new(kind_of_io(&error), error.to_string()))?;
            serde_json::from_slice(&bytes).map_err(|error| unexpected(&error))?
        }
        None => with_result(matched, &[], None, terminal, Summary::of)?
            .map_err(|error| explain(&error, terminal))?,
    };
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let outside = |side: heqi_domain::Side, outside: Outside| OutsideJson {
        side: side.code(),
        before: outside.before,
        after: outside.after,
        undated: outside.undated,
    };
    let machine = Machine {
        summary,
        out: written.map(|written| written.dir.to_string_lossy().into_owned()),
        theirs_view: their_view(matched.view),
        outside_period: [
            outside(heqi_domain::Side::Ours, matched.kept[0]),
            outside(heqi_domain::Side::Theirs, matched.kept[1]),
        ],
        timings: timings.iter().map(|(stage, time)| (stage.code(), micros(*time))).collect(),
        elapsed: micros(elapsed),
    };
    let mut text = serde_json::to_string_pretty(&machine).map_err(|error| unexpected(&error))?;
    text.push('\n');
    Ok(text)
}

const fn their_view(view: View) -> TheirView {
    let (mirrored, why, same, opposite) = match view {
        View::AsRead => (false, "as_read", None, None),
        View::Asked => (true, "asked", None, None),
        View::Stated => (true, "stated", None, None),
        View::Detected { same, opposite } => (true, "detected", Some(same), Some(opposite)),
    };
    TheirView { mirrored, why, same, opposite }
}

fn explain(error: &ResultsError, terminal: &Terminal) -> Failure {
    match error {
        ResultsError::Cancelled => stopped(terminal),
        ResultsError::NotOurs { path, what } => {
            let path = path.display();
            let message = say!(
                terminal,
                "{path} 已有其他文件，不能覆盖",
                "{path} {what} and is not replaced"
            );
            Failure::new(Kind::Conflict, message).hint(terminal.pick(
                "移走它，或用 --out 换一个目录",
                "move it away, or choose another folder with --out",
            ))
        }
        ResultsError::Io { path, source } => cannot_write(path, source, terminal),
        ResultsError::Workbook(cause) => {
            let message =
                say!(terminal, "工作簿未能生成：{cause}", "the workbook cannot be made: {cause}");
            Failure::new(Kind::Unexpected, message)
                .hint(terminal.pick("改用 --format csv", "ask for --format csv"))
        }
        _ => {
            let message = say!(terminal, "没有写出结果：{error}", "no result was written: {error}");
            Failure::new(Kind::Unexpected, message)
        }
    }
}

/// The time as text, UTC: `2026-11-24T03:55:00Z`.
fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs();
    let day = heqi_domain::Day::try_from(seconds / 86_400).unwrap_or(heqi_domain::NO_DAY);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", heqi_domain::day_text(day))
}
