//! Writing the folder: check, tables, evidence, workbook, summary, and then all of it at once.

use std::path::Path;

use heqi_domain::{Progress, Stage};
use serde::Serialize;

use crate::encode::Shape;
use crate::error::ResultsError;
use crate::model::{MatchResult, ResultFormat, Written};
use crate::staging::{SUMMARY_FILE, Staging};
use crate::summary::Summary;
use crate::tables::{ParquetTables, TextTables};
use crate::work::Work;
use crate::{tables, workbook};

/// Writes the result folder `dir`, in place of an earlier result there.
///
/// `rules.toml`, `evidence.jsonl`, `summary.json` and `timings.json` are always written; the
/// tables as `formats` says. Everything is written beside `dir` and renamed at the end, so the
/// folder is there whole or not at all, and an earlier result stands until then.
///
/// # Errors
/// See [`ResultsError`]; whatever stood at `dir` still stands.
pub fn write(
    dir: &Path,
    formats: &[ResultFormat],
    result: &MatchResult,
    progress: &dyn Progress,
) -> Result<Written, ResultsError> {
    // An outcome that does not add up is refused before a byte is written.
    let (summary, work) = rayon::join(|| Summary::of(result), || Work::new(result, progress));
    let summary = summary?;
    let staging = Staging::beside(dir)?;
    let wants = |format| formats.contains(&format);
    let lines = (result.ours.len() + result.theirs.len()) as u64;
    // Tables and workbook each list every line; the workbook lists it in two sheets.
    let rounds = [
        (ResultFormat::Csv, 1),
        (ResultFormat::Json, 1),
        (ResultFormat::Parquet, 1),
        (ResultFormat::Xlsx, 2),
    ];
    let total = rounds.iter().filter(|(format, _)| wants(*format)).map(|(_, times)| times * lines);
    progress.stage(Stage::Write, total.sum());
    work.check()?;
    let mut files = vec![staging.put("rules.toml", result.rules.toml.as_bytes())?];
    for (format, shape) in [(ResultFormat::Csv, Shape::Csv), (ResultFormat::Json, Shape::Jsonl)] {
        if wants(format) {
            let writer = TextTables { staging: &staging, shape };
            tables::write_all(&writer, result, &work, &mut files)?;
        }
    }
    let (evidence, parquet) = rayon::join(
        || tables::write_evidence(&staging, result, &work),
        || {
            if !wants(ResultFormat::Parquet) {
                return Ok(());
            }
            let writer = ParquetTables { staging: &staging };
            tables::write_all(&writer, result, &work, &mut files)
        },
    );
    parquet?;
    files.push(evidence?);
    if wants(ResultFormat::Xlsx) {
        let has_tables = formats.iter().any(|format| *format != ResultFormat::Xlsx);
        workbook::write(&staging, result, &work, has_tables)?;
        files.push(staging.measure(workbook::FILE)?);
    }
    let summary = summary.with_files(&files);
    files.push(staging.put(SUMMARY_FILE, &summary.to_bytes())?);
    files.push(staging.put("timings.json", &timings(result))?);
    work.check()?;
    let dir = staging.publish()?;
    let workbook = wants(ResultFormat::Xlsx).then(|| dir.join(workbook::FILE));
    Ok(Written { dir, files, workbook, plan: summary.plan })
}

/// What differs between two equal runs: when, and how long.
fn timings(result: &MatchResult) -> Vec<u8> {
    #[derive(Serialize)]
    struct Timings<'a> {
        created: Option<&'a str>,
        stages: Vec<Timing>,
    }
    #[derive(Serialize)]
    struct Timing {
        stage: &'static str,
        microseconds: u64,
    }
    let stages = result.timings.iter().map(|(stage, time)| Timing {
        stage: stage.code(),
        microseconds: u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
    });
    let timings = Timings { created: result.created, stages: stages.collect() };
    let mut bytes = serde_json::to_vec_pretty(&timings).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
