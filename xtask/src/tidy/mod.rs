//! `cargo xtask tidy`: the rules of the house, held by a program and never by review.
//!
//! Every rule reads the same [`Tree`] of files and returns [`Finding`]s; a finding says
//! where it is and how to put it right. The rules themselves are data at the top of their
//! files, so that a change of the house is a change of a table that a reader can see.

mod budgets;
mod crates;
mod docs;
mod files;
mod kernel;
mod rust;
mod words;

use crate::shell;
use anyhow::Result;
use std::fmt;
use std::path::Path;

/// One file of the repository; `text` is empty for what is not UTF-8.
pub struct File {
    /// From the root of the workspace, with `/` between folders.
    pub path: String,
    /// Its size on disk, in bytes.
    pub bytes: u64,
    /// What it says.
    pub text: String,
}

/// The files that are, or would be, committed.
pub struct Tree {
    /// In the order of their paths.
    pub files: Vec<File>,
}

impl Tree {
    /// Reads the files that git knows or would add.
    ///
    /// # Errors
    /// The folder is no git repository, or git is not installed.
    pub fn read(root: &Path) -> Result<Self> {
        let mut list = shell::command(
            "git",
            ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        );
        let names = shell::capture(list.current_dir(root))?;
        let mut files = Vec::new();
        for name in names.split('\0').filter(|name| !name.is_empty()) {
            // A file deleted but not yet committed is listed too; it has nothing to say.
            let Ok(raw) = std::fs::read(root.join(name)) else { continue };
            let bytes = raw.len() as u64;
            let text = String::from_utf8(raw).unwrap_or_default();
            files.push(File { path: name.to_owned(), bytes, text });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// Is there such a file, or a folder of that name with files in it?
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| {
            file.path == path
                || file.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The Rust sources.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }
}

/// A rule that is not kept, and the way to keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file it stands in.
    pub path: String,
    /// Its line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// How to put it right.
    pub fix: String,
    /// A warning is shown and lets the run pass.
    pub warning: bool,
}

impl Finding {
    /// A finding that fails the run.
    pub fn new(path: &str, line: usize, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), fix: fix.into(), warning: false }
    }

    /// The same finding, only to be read.
    pub fn into_warning(self) -> Self {
        Self { warning: true, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.warning { "warning: " } else { "" };
        write!(f, "{}:{}: {kind}{}; {}", self.path, self.line, self.what, self.fix)
    }
}

/// Every rule over every file, in the order of path and line.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let rules: [fn(&Tree) -> Vec<Finding>; 6] =
        [crates::check, budgets::check, kernel::check, words::check, docs::check, files::check];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort_by(|a, b| (&a.path, a.line, &a.what).cmp(&(&b.path, b.line, &b.what)));
    findings
}

/// Prints every finding; `true` if none of them fails the run.
///
/// # Errors
/// The files of the repository could not be listed.
pub fn run() -> Result<bool> {
    let tree = Tree::read(&shell::root())?;
    let findings = check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    let warnings = findings.iter().filter(|finding| finding.warning).count();
    let errors = findings.len() - warnings;
    println!("tidy: {} files, {errors} findings, {warnings} warnings", tree.files.len());
    Ok(errors == 0)
}

/// What the tests of the rules share.
#[cfg(test)]
pub mod testing {
    use super::{File, Finding, Tree};

    /// A tree of invented files.
    pub fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            bytes: text.len() as u64,
            text: (*text).to_owned(),
        };
        Tree { files: files.iter().map(file).collect() }
    }

    /// `path:line: what` of every finding, for a short comparison.
    pub fn seen(findings: &[Finding]) -> Vec<String> {
        let show = |f: &Finding| {
            assert!(!f.fix.is_empty(), "a finding says how to fix it");
            format!("{}:{}: {}", f.path, f.line, f.what)
        };
        findings.iter().map(show).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::tree;
    use super::*;

    #[test]
    fn a_finding_names_file_line_and_remedy() {
        let finding = Finding::new("a.rs", 3, "too long", "split it");
        assert_eq!(finding.to_string(), "a.rs:3: too long; split it");
        assert_eq!(finding.into_warning().to_string(), "a.rs:3: warning: too long; split it");
    }

    #[test]
    fn a_tree_knows_files_and_folders() {
        let tree = tree(&[("docs/GLOSSARY.md", "x")]);
        assert!(tree.has("docs/GLOSSARY.md") && tree.has("docs") && tree.has("docs/"));
        assert!(!tree.has("docs/GLOSS") && !tree.has("doc"));
    }

    #[test]
    fn all_rules_run_and_findings_are_in_order() {
        let tree = tree(&[("z.rs", "fn f() {}\n"), ("a.rs", "fn g() { dbg!(1); }\n")]);
        let paths: Vec<String> = check(&tree).into_iter().map(|f| f.path).collect();
        assert!(paths.contains(&"a.rs".to_owned()) && paths.contains(&"z.rs".to_owned()));
        assert!(paths.is_sorted());
    }
}
