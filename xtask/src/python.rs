//! A Python environment for the measuring tools, made once and kept in the cache.

use crate::shell::{answers, cache, capture, command, shown};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// The system's Python 3, if there is one.
pub fn system() -> Option<String> {
    answers("python3", &["--version"])
}

/// The interpreter of the environment `name` with `packages` installed.
///
/// The environment is reused as long as it holds exactly these packages.
///
/// # Errors
/// Python without its `venv` module, or packages that could not be installed.
pub fn environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = cache()?.join(name);
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let list = folder.join("packages.txt");
    let wanted = packages.join("\n");
    if interpreter.exists() && fs::read_to_string(&list).is_ok_and(|text| text == wanted) {
        return Ok(interpreter);
    }
    eprintln!("making a Python environment with {} in {}", packages.join(", "), folder.display());
    let mut make = command("python3", ["-m", "venv", "--clear"]);
    make.arg(&folder);
    capture(&mut make).with_context(|| {
        format!("`{}` failed; on Debian `apt-get install python3-venv` helps", shown(&make))
    })?;
    let mut install = command(&interpreter, ["-m", "pip", "install", "--quiet"]);
    capture(install.args(packages)).context("the packages could not be installed")?;
    fs::write(&list, wanted)?;
    Ok(interpreter)
}
