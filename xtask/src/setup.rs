//! `cargo xtask setup`: are the tools here, and how to get the ones that are not.

use crate::postgres;
use crate::python;
use crate::shell::{answers, shared};
use anyhow::Result;

/// A tool of the workplace.
struct Tool {
    name: &'static str,
    needed_for: &'static str,
    install: &'static str,
    required: bool,
    version: Option<String>,
}

/// Prints a line a tool; `true` if everything required is there.
///
/// # Errors
/// None today; the signature is that of every task.
pub fn run() -> Result<bool> {
    let tools = tools();
    for tool in &tools {
        println!("{}", line(tool));
    }
    match shared() {
        Some(_) => println!("ok       ../shared: real data and measuring tools"),
        None => println!("missing  ../shared: tests on real data will be skipped"),
    }
    Ok(tools.iter().all(|tool| tool.version.is_some() || !tool.required))
}

fn tools() -> Vec<Tool> {
    vec![
        Tool {
            name: "cargo",
            needed_for: "building; the version is pinned in rust-toolchain.toml",
            install: "install rustup, then run `rustup toolchain install` in this folder",
            required: true,
            version: answers("cargo", &["--version"]),
        },
        Tool {
            name: "rustfmt",
            needed_for: "the format step of `cargo xtask test`",
            install: "rustup component add rustfmt",
            required: true,
            version: answers("cargo", &["fmt", "--version"]),
        },
        Tool {
            name: "clippy",
            needed_for: "the lints step of `cargo xtask test`",
            install: "rustup component add clippy",
            required: true,
            version: answers("cargo", &["clippy", "--version"]),
        },
        Tool {
            name: "git",
            needed_for: "`cargo xtask tidy` lists the files with it",
            install: "install git with the system's package manager",
            required: true,
            version: answers("git", &["--version"]),
        },
        Tool {
            name: "python3",
            needed_for: "scores on labelled pairs, and the peers of `cargo xtask bench`",
            install: "install python3 and python3-venv with the system's package manager",
            required: false,
            version: python::system(),
        },
        Tool {
            name: "PostgreSQL",
            needed_for: "the tests on a second database; they run on SQLite alone without it",
            install: postgres::INSTALL,
            required: false,
            version: postgres::find().ok().map(|programs| programs.version),
        },
        Tool {
            name: "cargo-nextest",
            needed_for: "a faster test run; `cargo test` is used without it",
            install: "cargo install --locked cargo-nextest",
            required: false,
            version: answers("cargo", &["nextest", "--version"]),
        },
        Tool {
            name: "cargo-deny",
            needed_for: "licenses and sources of the dependencies (deny.toml)",
            install: "cargo install --locked cargo-deny",
            required: false,
            version: answers("cargo", &["deny", "--version"]),
        },
    ]
}

fn line(tool: &Tool) -> String {
    match (&tool.version, tool.required) {
        (Some(version), _) => format!("ok       {}: {version}", tool.name),
        (None, true) => {
            format!("MISSING  {}: {}; to install: {}", tool.name, tool.needed_for, tool.install)
        }
        (None, false) => {
            format!("optional {}: {}; to install: {}", tool.name, tool.needed_for, tool.install)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_says_how_to_get_it() {
        for mut tool in tools() {
            tool.version = None;
            assert!(line(&tool).ends_with(tool.install) && !tool.install.is_empty());
            tool.version = Some("1.0".into());
            assert_eq!(line(&tool), format!("ok       {}: 1.0", tool.name));
        }
    }
}
