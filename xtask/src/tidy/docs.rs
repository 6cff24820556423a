//! Documents keep their word: modules say what they are, named files exist.

use super::{Finding, Tree};

/// Longer than this and nobody reads the map.
const ARCHITECTURE_MAX: usize = 300;
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Modules without a word, documents that name what is not there.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let first = file.text.lines().find(|line| !line.trim().is_empty());
        if !first.is_some_and(|line| line.starts_with("//!")) {
            let fix = "begin the file with `//!` and one sentence on what it is for";
            findings.push(Finding::new(&file.path, 1, "module without `//!`", fix));
        }
    }
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (at, line) in file.text.lines().enumerate() {
            for link in links(line) {
                let target = resolve(&file.path, link);
                if !tree.has(&target) {
                    let what = format!("link to `{link}`, which does not exist");
                    findings.push(Finding::new(&file.path, at + 1, what, "correct the link"));
                }
            }
        }
    }
    if let Some(file) = tree.files.iter().find(|file| file.path == ARCHITECTURE) {
        findings.extend(check_architecture(tree, &file.text));
    }
    findings
}

fn check_architecture(tree: &Tree, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for path in line.split('`').skip(1).step_by(2).filter(|word| is_path(word)) {
            if !tree.has(path) {
                let what = format!("names `{path}`, which does not exist");
                findings.push(Finding::new(ARCHITECTURE, at + 1, what, "correct the map"));
            }
        }
    }
    let lines = text.lines().count();
    if lines > ARCHITECTURE_MAX {
        let fix = format!("keep to {ARCHITECTURE_MAX}: details belong beside the code");
        findings.push(Finding::new(ARCHITECTURE, lines, format!("{lines} lines"), fix));
    }
    findings
}

/// A name in back quotes is taken for a file if it looks like one of ours.
fn is_path(word: &str) -> bool {
    let folders = ["crates/", "docs/", "xtask/", ".ci/", ".cargo/"];
    let endings = [".rs", ".md", ".toml"];
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    plain
        && (folders.iter().any(|start| word.starts_with(start))
            || endings.iter().any(|end| word.ends_with(end) && word.len() > end.len()))
}

/// The targets of a line's relative links, without their anchors.
fn links(line: &str) -> Vec<&str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .collect()
}

/// The link as seen from the root of the workspace.
fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{seen, tree};
    use super::*;

    #[track_caller]
    fn check_files(files: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(seen(&check(&tree(files))), expected);
    }

    #[test]
    fn a_silent_module_is_found() {
        check_files(&[("a.rs", "\n//! What it is for.\n")], &[]);
        check_files(&[("a.rs", "// no\nfn f() {}\n")], &["a.rs:1: module without `//!`"]);
        check_files(&[("a.rs", "")], &["a.rs:1: module without `//!`"]);
    }

    #[test]
    fn the_map_names_only_what_exists() {
        let text = "Start at `crates/heqi/src/main.rs`, then\n`crates/gone/src/lib.rs`, `x + y`.\n";
        let files = [(ARCHITECTURE, text), ("crates/heqi/src/main.rs", "//! Here.")];
        let what = "docs/ARCHITECTURE.md:2: names `crates/gone/src/lib.rs`, which does not exist";
        check_files(&files, &[what]);
    }

    #[test]
    fn the_map_stays_short() {
        check_files(&[(ARCHITECTURE, &"line\n".repeat(300))], &[]);
        let what = "docs/ARCHITECTURE.md:301: 301 lines";
        check_files(&[(ARCHITECTURE, &"line\n".repeat(301))], &[what]);
    }

    #[test]
    fn dead_links_are_found() {
        let text = "[a](STYLE.md#words) [b](../README.md) [c](https://example.org) [d](gone.md)\n";
        let files = [("docs/A.md", text), ("docs/STYLE.md", ""), ("README.md", "")];
        check_files(&files, &["docs/A.md:1: link to `gone.md`, which does not exist"]);
    }
}
