//! `cargo xtask bench`: Heqi beside DuckDB and Polars, whole processes, one machine, one run.
//!
//! Absolute times move from machine to machine, so only ratios taken side by side count, and
//! no time counts before the answer is right: Heqi's counts must equal DuckDB's, its pairs
//! and groups are held against the generator's truth. What the peers run is in `programs/`,
//! written as their experts would.

mod answers;
mod data;
mod gates;
mod report;
mod timing;
mod workloads;

use crate::python;
use crate::shell::{cache, command, heqi_binary, root, succeeds};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::PathBuf;

/// What one run of the benchmark was asked for.
pub struct Plan {
    /// Lines a side, ascending.
    pub sizes: Vec<u64>,
    /// Rounds of each workload up to a million lines a side.
    pub rounds: usize,
    /// Parts to run; empty is all.
    pub only: Vec<String>,
}

/// The tools and folders of a run.
pub struct Desk {
    /// The release build of Heqi.
    pub heqi: PathBuf,
    /// Python with the peers installed.
    pub python: PathBuf,
    /// Where data, programs and results lie.
    pub folder: PathBuf,
}

impl Desk {
    /// A program of the peers, as the first words of a command.
    pub fn program(&self, name: &str) -> Vec<String> {
        let path = self.folder.join("programs").join(name);
        vec![self.python.display().to_string(), path.display().to_string()]
    }

    /// A fresh place for what a job writes.
    pub fn output(&self, name: &str) -> PathBuf {
        self.folder.join("results").join(name)
    }
}

/// Text of every peer's program, so that the benchmark runs in a bare clone.
const PROGRAMS: &[(&str, &str)] = &[
    ("answer.py", include_str!("programs/answer.py")),
    ("chain_duckdb.py", include_str!("programs/chain_duckdb.py")),
    ("ledgers.py", include_str!("programs/ledgers.py")),
    ("plain_duckdb.py", include_str!("programs/plain_duckdb.py")),
    ("plain_polars.py", include_str!("programs/plain_polars.py")),
    ("prepare.py", include_str!("programs/prepare.py")),
    ("timer.py", include_str!("programs/timer.py")),
    ("truth.py", include_str!("programs/truth.py")),
];

/// Runs the benchmark and writes `target/bench/report.md`; `true` if every answer was right
/// and every measured gate holds.
///
/// # Errors
/// Python is missing, a build or a program failed.
pub fn run(arguments: &[String]) -> Result<bool> {
    let plan = parse(arguments)?;
    ensure!(python::system().is_some(), "the peers need python3; see `cargo xtask setup`");
    let mut build = command("cargo", ["build", "--release", "--locked", "-p", "heqi"]);
    ensure!(succeeds(&mut build)?, "the build failed");
    let folder = cache()?.join("bench");
    let desk = Desk {
        heqi: heqi_binary(),
        python: python::environment("bench/peers", &["duckdb", "polars"])?,
        folder: folder.clone(),
    };
    fs::create_dir_all(folder.join("programs"))?;
    fs::create_dir_all(folder.join("results"))?;
    for (name, text) in PROGRAMS {
        fs::write(folder.join("programs").join(name), text)?;
    }
    data::forget_if_stale(&desk)?;
    let parts = workloads::run(&desk, &plan)?;
    let verdicts = gates::judge(&parts);
    let text = report::markdown(&desk, &parts, &verdicts)?;
    println!("{text}");
    let target = root().join("target/bench");
    fs::create_dir_all(&target)?;
    fs::write(target.join("report.md"), &text)?;
    println!("written to target/bench/report.md");
    let right = parts.iter().all(|part| part.wrong.is_empty());
    Ok(right && verdicts.iter().all(|verdict| verdict.holds))
}

fn parse(arguments: &[String]) -> Result<Plan> {
    let mut plan =
        Plan { sizes: vec![100_000, 1_000_000, 10_000_000], rounds: 5, only: Vec::new() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("`{word}` needs a value"))?;
        match word.as_str() {
            "--sizes" => plan.sizes = value.split(',').map(size).collect::<Result<_>>()?,
            "--runs" => plan.rounds = value.parse().context("--runs takes a number")?,
            "--only" => {
                plan.only = value.split(',').map(str::to_owned).collect();
                let unknown = plan.only.iter().find(|part| !workloads::PARTS.contains(&&***part));
                if let Some(part) = unknown {
                    bail!("no part `{part}`; there are {}", workloads::PARTS.join(", "));
                }
            }
            other => bail!("`cargo xtask bench` knows --sizes, --runs and --only, not `{other}`"),
        }
    }
    ensure!(plan.rounds > 0, "--runs takes a number above 0");
    plan.sizes.sort_unstable();
    plan.sizes.dedup();
    Ok(plan)
}

/// `100k`, `1M`, `250000`.
fn size(text: &str) -> Result<u64> {
    let (digits, unit) = match text.chars().last() {
        Some('k') => (&text[..text.len() - 1], 1_000),
        Some('M') => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().with_context(|| format!("`{text}` is no size like 100k"))?;
    let size = number.checked_mul(unit).with_context(|| format!("`{text}` is too large"))?;
    ensure!(size >= 10, "`{text}`: the smallest size is 10");
    Ok(size)
}

/// `100k`, `1M`: as sizes are written on the command line.
pub fn short(size: u64) -> String {
    match size {
        n if n >= 1_000_000 && n.is_multiple_of(1_000_000) => format!("{}M", n / 1_000_000),
        n if n >= 1_000 && n.is_multiple_of(1_000) => format!("{}k", n / 1_000),
        n => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn sizes_are_read_and_written() {
        for (text, number) in [("100k", 100_000), ("1M", 1_000_000), ("250", 250)] {
            assert_eq!(size(text).unwrap(), number);
            assert_eq!(short(number), text);
        }
        assert!(size("k").is_err() && size("1G").is_err() && size("").is_err());
    }

    #[test]
    fn the_command_line_is_checked() {
        let plan = parse(&words("--sizes 1M,100k,1M --runs 3 --only M-csv,C")).unwrap();
        assert_eq!((plan.sizes, plan.rounds), (vec![100_000, 1_000_000], 3));
        assert_eq!(plan.only, ["M-csv", "C"]);
        for wrong in ["--sizes", "--runs 0", "--runs x", "--only X", "--fast 1"] {
            assert!(parse(&words(wrong)).is_err(), "{wrong}");
        }
    }
}
