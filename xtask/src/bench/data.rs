//! The generated ledgers of the benchmark, made once and kept in the cache.

use super::{Desk, short};
use crate::shell::{capture, command};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines a side of the pair that shows whether the generator has changed.
const PROBE: u64 = 10_000;

/// Two ledgers of `size` lines a side as CSV and Parquet, with the truth beside them.
///
/// # Errors
/// The generator or DuckDB failed.
pub fn ledgers(desk: &Desk, size: u64) -> Result<PathBuf> {
    let folder = desk.folder.join("data").join(short(size));
    if !folder.join("truth.csv").exists() {
        eprintln!("making {} lines a side in {}", short(size), folder.display());
        // Under another name until it is whole: an interrupted run leaves nothing half-made.
        let making = desk.folder.join("data/making");
        for old in [&making, &folder] {
            if old.exists() {
                fs::remove_dir_all(old)?;
            }
        }
        generate(desk, size, &making)?;
        fs::rename(&making, &folder)?;
    }
    if !folder.join("theirs.parquet").exists() {
        prepare(desk, &folder, "parquet", &folder)?;
    }
    Ok(folder)
}

/// Drops every kept ledger if the generator no longer makes the same ones.
///
/// # Errors
/// The generator failed, or the files cannot be removed.
pub fn forget_if_stale(desk: &Desk) -> Result<()> {
    let probe = desk.folder.join("data/probe");
    if probe.exists() {
        fs::remove_dir_all(&probe)?;
    }
    let kept = ledgers(desk, PROBE)?;
    generate(desk, PROBE, &probe)?;
    let same = ["ours.csv", "theirs.csv", "truth.csv"]
        .iter()
        .all(|name| fs::read(kept.join(name)).ok() == fs::read(probe.join(name)).ok());
    if !same {
        fs::remove_dir_all(desk.folder.join("data"))?;
    }
    Ok(())
}

fn generate(desk: &Desk, size: u64, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let lines = size.to_string();
    let mut generator = command(&desk.heqi, ["sample", "--quiet", "--bench", &lines, "--out"]);
    capture(generator.arg(folder))?;
    Ok(())
}

/// Another arrangement of the same lines, as CSV: `many` customers, or `skew` to one.
///
/// # Errors
/// DuckDB failed.
pub fn variant(desk: &Desk, size: u64, kind: &str) -> Result<PathBuf> {
    let source = ledgers(desk, size)?;
    let folder = desk.folder.join("data").join(format!("{}-{kind}", short(size)));
    if !folder.join("theirs.csv").exists() {
        prepare(desk, &source, kind, &folder)?;
    }
    Ok(folder)
}

fn prepare(desk: &Desk, source: &Path, kind: &str, target: &Path) -> Result<()> {
    let program = desk.program("prepare.py");
    let mut prepare = command(&program[0], &program[1..]);
    capture(prepare.arg(source).arg(kind).arg(target))?;
    Ok(())
}
