//! Words that never reach the main branch: leftovers of work, and names of machines.

use super::rust;
use super::{Finding, Tree};

/// Marks of unfinished work, put together here so that this file does not hold them.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Macros of a debugging session or of work not done.
const LEFTOVERS: &[&str] = &["dbg!", "todo!", "unimplemented!"];

/// Paths and hosts of one machine; they say nothing to the next one.
const MACHINES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Use", "rs/"),
    concat!("C:\\Use", "rs"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("py", "pi.org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("deb.deb", "ian.org"),
    concat!("sparse", "+http"),
];

/// Unfinished work, debugging leftovers, and whatever holds on one machine only.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (at, line) in file.text.lines().enumerate() {
            let line_number = at + 1;
            if let Some(word) = UNFINISHED.iter().find(|word| stands_alone(line, word)) {
                let fix = "finish it, or file an issue and drop the mark";
                findings.push(Finding::new(&file.path, line_number, *word, fix));
            }
            if let Some(machine) = MACHINES.iter().find(|machine| names(line, machine)) {
                let what = format!("`{machine}` belongs to one machine");
                let fix = "find it relative to the workspace, or leave it out";
                findings.push(Finding::new(&file.path, line_number, what, fix));
            }
        }
    }
    for file in tree.rust() {
        let Some(reading) = rust::read(&file.text) else { continue };
        let left = |word: &&rust::Word| LEFTOVERS.contains(&word.text.as_str());
        for word in reading.words.iter().filter(left) {
            let what = format!("`{}` is a leftover", word.text);
            findings.push(Finding::new(&file.path, word.line, what, "take it out"));
        }
    }
    findings
}

/// Does the word stand in the line with nothing wordlike on either side?
fn stands_alone(line: &str, word: &str) -> bool {
    let wordlike = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(wordlike) && !after.is_some_and(wordlike)
    })
}

/// A path counts where it begins, not inside a longer one; a host counts anywhere.
fn names(line: &str, machine: &str) -> bool {
    line.match_indices(machine).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let inside = |c: char| c.is_ascii_alphanumeric() || "._-/}$".contains(c);
        !machine.starts_with('/') || !before.is_some_and(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{seen, tree};
    use super::*;

    #[test]
    fn unfinished_work_is_found_in_any_file() {
        for word in UNFINISHED {
            for path in ["a.rs", "docs/a.md", ".ci/run"] {
                let text = format!("fine\n// {word}: later\n");
                let expected = format!("{path}:2: {word}");
                assert_eq!(seen(&check(&tree(&[(path, &text)]))), [expected]);
                assert_eq!(check(&tree(&[(path, &format!("// MY{word}S_\n"))])), []);
            }
        }
    }

    #[test]
    fn leftovers_are_found_in_code_only() {
        for word in LEFTOVERS {
            let text = format!("// {word}(1)\nfn f() {{ {word}(1); }}\n");
            let expected = format!("a.rs:2: `{word}` is a leftover");
            assert_eq!(seen(&check(&tree(&[("a.rs", &text)]))), [expected]);
        }
    }

    #[test]
    fn machines_are_found() {
        for machine in MACHINES {
            let text = format!("see \"{machine}x\"\n");
            let expected = format!("a.md:1: `{machine}` belongs to one machine");
            assert_eq!(seen(&check(&tree(&[("a.md", &text)]))), [expected]);
        }
    }

    #[test]
    fn a_longer_relative_path_is_no_machine() {
        let text = format!("docs{}x and ~{}x\n", MACHINES[0], MACHINES[1]);
        let found = check(&tree(&[("a.md", &text)]));
        assert_eq!(found.len(), 1, "only the second starts a path: {found:?}");
    }
}
