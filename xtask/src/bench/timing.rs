//! Jobs, their interleaved runs, and what was measured of each.

use super::Desk;
use crate::shell::{capture, command};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// One engine's whole process.
pub struct Job {
    /// The engine, as the tables name it.
    pub engine: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What it writes; removed before each run.
    pub output: std::path::PathBuf,
}

impl Job {
    /// A job of a peer's program: its arguments, then the file it writes.
    pub fn peer(desk: &Desk, engine: &str, program: &str, arguments: &[&str]) -> Self {
        let output = desk.output(&format!("{}.parquet", engine.replace([' ', ':'], "_")));
        let mut argv = desk.program(program);
        argv.extend(arguments.iter().map(|&word| word.to_owned()));
        argv.push(output.display().to_string());
        Self { engine: engine.to_owned(), argv, output }
    }

    /// `heqi match` on the two ledgers of a folder.
    pub fn heqi(desk: &Desk, engine: &str, folder: &Path, kind: &str, more: &[&str]) -> Self {
        let output = desk.output(&engine.replace(' ', "_"));
        let side = |name: &str| folder.join(format!("{name}.{kind}")).display().to_string();
        let mut argv = vec![desk.heqi.display().to_string(), "match".into()];
        argv.extend([side("ours"), side("theirs")]);
        argv.extend(more.iter().map(|&word| word.to_owned()));
        argv.extend(["--format", "parquet", "--json", "--out"].map(str::to_owned));
        argv.push(output.display().to_string());
        Self { engine: engine.to_owned(), argv, output }
    }
}

/// What was measured of one engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// The engine.
    pub engine: String,
    /// Seconds from start to end, one a round, ascending.
    pub walls: Vec<f64>,
    /// CPU seconds, one a round, ascending.
    pub cpus: Vec<f64>,
    /// The highest memory of any round, in bytes.
    pub peak: u64,
    /// The last line that it said.
    pub said: String,
}

impl Timing {
    /// The median wall time.
    pub fn wall(&self) -> f64 {
        median(&self.walls)
    }

    /// The median CPU time.
    pub fn cpu(&self) -> f64 {
        median(&self.cpus)
    }
}

/// Of ascending values; the mean of the two middle ones if their number is even.
fn median(values: &[f64]) -> f64 {
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// Runs the jobs in interleaved rounds after one warm-up; timings in the order of the jobs.
///
/// # Errors
/// A process failed; the error holds what it said.
pub fn measure(desk: &Desk, jobs: &[Job], rounds: usize) -> Result<Vec<Timing>> {
    let list: Vec<Value> = jobs
        .iter()
        .map(|job| json!({"name": job.engine, "argv": job.argv, "clean": job.output}))
        .collect();
    let plan = desk.folder.join("jobs.json");
    let text = json!({"rounds": rounds, "warm_up": 1, "jobs": list}).to_string();
    fs::write(&plan, text)?;
    let timer = desk.program("timer.py");
    let rows = capture(command(&timer[0], &timer[1..]).arg(&plan))?;
    let engines: Vec<&str> = jobs.iter().map(|job| job.engine.as_str()).collect();
    gather(&engines, &rows)
}

/// The timer's lines, by engine.
fn gather(engines: &[&str], rows: &str) -> Result<Vec<Timing>> {
    let empty = |engine: &&str| Timing { engine: (*engine).to_owned(), ..Timing::default() };
    let mut timings: Vec<Timing> = engines.iter().map(empty).collect();
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).with_context(|| format!("timer: {row}"))?;
        let engine = row["name"].as_str().unwrap_or_default();
        let timing = timings.iter_mut().find(|timing| timing.engine == engine);
        let timing = timing.with_context(|| format!("the timer names `{engine}`"))?;
        timing.walls.push(row["wall"].as_f64().context("wall")?);
        timing.cpus.push(row["cpu"].as_f64().context("cpu")?);
        timing.peak = timing.peak.max(row["peak"].as_u64().context("peak")?);
        timing.said = row["said"].as_str().unwrap_or_default().to_owned();
    }
    for timing in &mut timings {
        timing.walls.sort_unstable_by(f64::total_cmp);
        timing.cpus.sort_unstable_by(f64::total_cmp);
    }
    Ok(timings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_gathered_by_engine() {
        let rows = r#"{"name": "a", "wall": 3.0, "cpu": 1.0, "peak": 5, "said": "x"}
{"name": "b", "wall": 9.0, "cpu": 1.0, "peak": 5, "said": ""}
{"name": "a", "wall": 1.0, "cpu": 2.0, "peak": 4, "said": "y"}
{"name": "a", "wall": 2.0, "cpu": 3.0, "peak": 7, "said": "z"}"#;
        let timings = gather(&["a", "b"], rows).unwrap();
        assert_eq!((timings[0].wall(), timings[0].cpu(), timings[0].peak), (2.0, 2.0, 7));
        assert_eq!((timings[0].said.as_str(), timings[1].walls.len()), ("z", 1));
        assert!(gather(&["a"], rows).is_err());
    }

    #[test]
    fn the_median_of_two_is_their_middle() {
        assert_eq!(median(&[1.0, 2.0]), 1.5);
        assert!(median(&[]).is_nan());
    }
}
