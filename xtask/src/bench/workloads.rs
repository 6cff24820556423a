//! The workloads: who runs what on which ledgers.

use super::timing::{Job, Timing, measure};
use super::{Desk, Plan, answers, data, short};
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;

/// Names of the parts, for `--only`.
pub const PARTS: &[&str] = &["M-csv", "M-pq", "C", "many", "skew", "threads"];

/// Size of the parts that have only one: many customers, one customer, threads.
const ONE_SIZE: u64 = 1_000_000;
/// Below this the start of a process is most of the time, so only M is run.
const SMALL: u64 = 100_000;

/// One workload at one size.
#[derive(Debug, Default)]
pub struct Part {
    /// One of [`PARTS`].
    pub kind: &'static str,
    /// Lines a side, about.
    pub size: u64,
    /// What is compared, in a sentence.
    pub about: &'static str,
    /// One row an engine.
    pub timings: Vec<Timing>,
    /// Figures of quality by name, such as `heqi precision`.
    pub figures: BTreeMap<String, f64>,
    /// What is wrong in an answer; if anything is, no time of the part counts.
    pub wrong: Vec<String>,
}

impl Part {
    /// The measurements of an engine, if its part gave a right answer.
    pub fn of(&self, engine: &str) -> Option<&Timing> {
        let right = self.wrong.is_empty();
        self.timings.iter().find(|timing| right && timing.engine == engine)
    }
}

/// Runs every part of the plan, small ones first.
///
/// # Errors
/// A generator or an engine failed.
pub fn run(desk: &Desk, plan: &Plan) -> Result<Vec<Part>> {
    let wanted = |kind: &str| plan.only.is_empty() || plan.only.iter().any(|part| part == kind);
    let mut sizes = vec![10_000];
    sizes.extend(plan.sizes.iter().filter(|size| **size != 10_000));
    let mut parts = Vec::new();
    for &size in &sizes {
        // Ten million lines take minutes a round; two rounds and a warm-up show enough.
        let rounds = if size > ONE_SIZE { plan.rounds.min(2) } else { plan.rounds };
        if wanted("M-csv") {
            parts.push(plain(desk, size, "csv", rounds)?);
        }
        if wanted("M-pq") && size >= SMALL {
            parts.push(plain(desk, size, "parquet", rounds)?);
        }
        if wanted("C") && size >= SMALL {
            parts.push(chain(desk, size, rounds)?);
        }
    }
    let largest = sizes.iter().copied().max().unwrap_or(ONE_SIZE);
    if wanted("many") && largest >= ONE_SIZE {
        let folder = data::variant(desk, ONE_SIZE, "many")?;
        let about = "1,000 customers of 1,000 lines in one batch, compared plainly";
        parts.push(compare(desk, ("many", ONE_SIZE, about), &folder, "csv", plan.rounds)?);
    }
    if wanted("skew") && largest >= ONE_SIZE {
        parts.push(skew(desk, plan.rounds)?);
    }
    if wanted("threads") {
        parts.push(threads(
            desk,
            largest,
            plan.rounds.min(if largest > ONE_SIZE { 2 } else { 5 }),
        )?);
    }
    Ok(parts)
}

fn plain(desk: &Desk, size: u64, kind: &'static str, rounds: usize) -> Result<Part> {
    let (name, about) = match kind {
        "csv" => ("M-csv", "CSV in, every pair classified, result as Parquet"),
        _ => ("M-pq", "Parquet in, every pair classified, result as Parquet"),
    };
    compare(desk, (name, size, about), &data::ledgers(desk, size)?, kind, rounds)
}

/// M: the plain comparison of two tables, by all engines; all must count alike.
fn compare(
    desk: &Desk,
    (kind, size, about): (&'static str, u64, &'static str),
    folder: &Path,
    format: &str,
    rounds: usize,
) -> Result<Part> {
    eprintln!("{kind} {}: {about}", short(size));
    let at = folder.display().to_string();
    let duckdb = |engine, mode| Job::peer(desk, engine, "plain_duckdb.py", &[&at, format, mode]);
    let jobs = [
        Job::heqi(desk, "heqi", folder, format, &["--rules", "classify"]),
        duckdb("duckdb 1:1", "one"),
        duckdb("duckdb join", "join"),
        Job::peer(desk, "polars join", "plain_polars.py", &[&at, format]),
    ];
    let timings = measure(desk, &jobs, rounds)?;
    let ours = answers::of_heqi(desk, &jobs[0].output)?;
    let wrong = [
        answers::differ("heqi", &ours, "duckdb 1:1", &answers::said(&timings[1])?),
        answers::differ(
            "polars join",
            &answers::said(&timings[3])?,
            "duckdb join",
            &answers::said(&timings[2])?,
        ),
    ];
    let wrong = wrong.into_iter().flatten().collect();
    let figures = ours.into_iter().map(|(name, count)| (name, count as f64)).collect();
    Ok(Part { kind, size, about, timings, figures, wrong })
}

/// C: the whole chain of rules, held against the generator's truth.
fn chain(desk: &Desk, size: u64, rounds: usize) -> Result<Part> {
    let about = "CSV in, all default rules, result as Parquet";
    eprintln!("C {}: {about}", short(size));
    let folder = data::ledgers(desk, size)?;
    let at = folder.display().to_string();
    let jobs = [
        Job::heqi(desk, "heqi", &folder, "csv", &["--rules", "default"]),
        Job::peer(desk, "duckdb chain", "chain_duckdb.py", &[&at]),
    ];
    let timings = measure(desk, &jobs, rounds)?;
    let mut figures = BTreeMap::new();
    for job in &jobs {
        for (name, figure) in answers::against_truth(desk, &folder, &job.output)? {
            figures.insert(format!("{} {name}", job.engine), figure);
        }
    }
    let wrong = match figures.get("heqi pairs wrong") {
        Some(0.0) => Vec::new(),
        other => vec![format!("heqi joined pairs that do not belong together: {other:?}")],
    };
    Ok(Part { kind: "C", size, about, timings, figures, wrong })
}

/// One customer holds a million lines, half of them without a date.
fn skew(desk: &Desk, rounds: usize) -> Result<Part> {
    let about = "all lines on one customer, no date on half of them, all default rules";
    eprintln!("skew {}: {about}", short(ONE_SIZE));
    let folder = data::variant(desk, ONE_SIZE, "skew")?;
    let jobs = [Job::heqi(desk, "heqi", &folder, "csv", &["--rules", "default"])];
    let timings = measure(desk, &jobs, rounds)?;
    // The truth of groups does not hold here (the customer no longer tells lines apart), but
    // that of pairs does.
    let truth = data::ledgers(desk, ONE_SIZE)?;
    let figures = answers::against_truth(desk, &truth, &jobs[0].output)?;
    let figures = figures.into_iter().map(|(name, figure)| (format!("heqi {name}"), figure));
    Ok(Part {
        kind: "skew",
        size: ONE_SIZE,
        about,
        timings,
        figures: figures.collect(),
        wrong: Vec::new(),
    })
}

/// The same work on one thread and on two.
fn threads(desk: &Desk, size: u64, rounds: usize) -> Result<Part> {
    let about = "M-csv on one thread and on two";
    eprintln!("threads {}: {about}", short(size));
    let folder = data::ledgers(desk, size)?;
    let job = |engine, number| {
        let more = ["--rules", "classify", "--threads", number];
        Job::heqi(desk, engine, &folder, "csv", &more)
    };
    let jobs = [job("heqi 1 thread", "1"), job("heqi 2 threads", "2")];
    let timings = measure(desk, &jobs, rounds)?;
    let [one, two] =
        [answers::of_heqi(desk, &jobs[0].output)?, answers::of_heqi(desk, &jobs[1].output)?];
    let wrong = answers::differ("1 thread", &one, "2 threads", &two).into_iter().collect();
    Ok(Part { kind: "threads", size, about, timings, wrong, ..Part::default() })
}
