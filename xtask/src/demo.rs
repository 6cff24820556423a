//! `cargo xtask demo`: an invented company, reconciled before your eyes.

use crate::shell::{command, heqi_binary, root, succeeds};
use anyhow::{Result, ensure};
use std::fs;

/// Builds the binary, makes two ledgers, matches them, and says where the workbook is.
///
/// # Errors
/// The build or one of the two commands failed.
pub fn run() -> Result<bool> {
    let mut build = command("cargo", ["build", "--release", "--locked", "-p", "heqi"]);
    ensure!(succeeds(&mut build)?, "the build failed");
    let folder = root().join("target/demo");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    // Relative paths keep the output short; every command starts in the root.
    let ledgers = "target/demo/ledgers";
    let result = "target/demo/result";
    let sample = ["sample", "--customers", "3", "--lines", "400", "--seed", "2026"];
    ensure!(step(&[&sample[..], &["--out", ledgers]].concat())?, "`heqi sample` failed");
    let (ours, theirs) = (format!("{ledgers}/ours.csv"), format!("{ledgers}/theirs.csv"));
    let matching = ["match", &ours, &theirs, "--out", result, "--format", "csv,xlsx"];
    ensure!(step(&matching)?, "`heqi match` failed");
    for entry in fs::read_dir(root().join(result))? {
        let name = entry?.file_name();
        if name.to_string_lossy().ends_with(".xlsx") {
            println!("\nworkbook: {}", root().join(result).join(name).display());
        }
    }
    Ok(true)
}

fn step(arguments: &[&str]) -> Result<bool> {
    println!("\n$ heqi {}", arguments.join(" "));
    succeeds(&mut command(heqi_binary(), arguments))
}
