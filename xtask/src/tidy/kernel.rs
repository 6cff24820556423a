//! What a kernel never does: panic on input, touch the outside, use a float.
//!
//! The kernels decide about money, so they are pure: the same input gives the same answer
//! on every machine. Tests may do as they like.

use super::crates::KERNELS;
use super::rust::{self, Reading};
use super::{File, Finding, Tree};

/// Word of code, what it means, what to do instead.
const NEVER: &[(&str, &str, &str)] = &[
    (".unwrap()", "a kernel that can panic", "return an error, or match on the value"),
    (".expect()", "a kernel that can panic", "return an error, or match on the value"),
    ("f32", "a float in a kernel", "count in integers of the minor unit"),
    ("f64", "a float in a kernel", "count in integers of the minor unit"),
    ("std::fs", "files in a kernel", "let the caller read and hand in the bytes"),
    ("std::io", "I/O in a kernel", "let the caller read and hand in the bytes"),
    ("std::net", "network in a kernel", "let the caller fetch and hand in the bytes"),
    ("std::env", "the environment in a kernel", "take it as an argument"),
    ("std::process", "processes in a kernel", "let the caller run them"),
    ("SystemTime", "a clock in a kernel", "take the date as an argument"),
    ("Instant", "a clock in a kernel", "count operations, or let the caller measure"),
    ("Utc::now", "a clock in a kernel", "take the date as an argument"),
    ("Local::now", "a clock in a kernel", "take the date as an argument"),
];

/// Words that no kernel says outside its tests.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for kernel in KERNELS {
        let source = format!("crates/{kernel}/src/");
        let files: Vec<(&File, Reading)> = tree
            .rust()
            .filter(|file| file.path.starts_with(&source))
            .filter_map(|file| rust::read(&file.text).map(|reading| (file, reading)))
            .collect();
        let tests: Vec<String> = files.iter().flat_map(test_files).collect();
        for (file, reading) in &files {
            let is_test = |test: &String| file.path.starts_with(test.as_str());
            if !tests.iter().any(is_test) {
                findings.extend(check_file(&file.path, reading));
            }
        }
    }
    findings
}

fn check_file(path: &str, reading: &Reading) -> Vec<Finding> {
    let mut findings = Vec::new();
    for word in &reading.words {
        if let Some((text, means, fix)) = NEVER.iter().find(|(text, ..)| *text == word.text) {
            findings.push(Finding::new(path, word.line, format!("`{text}`: {means}"), *fix));
        }
    }
    findings
}

/// The paths (as beginnings) of the modules that a file declares for tests only.
fn test_files((file, reading): &(&File, Reading)) -> Vec<String> {
    let folder = match file.path.strip_suffix(".rs") {
        Some(path) => match path.rsplit_once('/') {
            Some((parent, "lib" | "main" | "mod")) => parent.to_owned(),
            _ => path.to_owned(),
        },
        None => return Vec::new(),
    };
    let both = |name: &String| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/")];
    reading.test_modules.iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{seen, tree};
    use super::*;

    #[track_caller]
    fn check_text(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(seen(&check(&tree(&[(path, text)]))), expected);
    }

    #[test]
    fn every_forbidden_word_is_found() {
        for (word, means, _) in NEVER {
            let code = match word.strip_prefix('.') {
                Some(call) => format!("fn f() {{ a.{} }}", call.replace("()", "(\"b\")")),
                None => format!("fn f() {{ {word}::x(); }}"),
            };
            let expected = format!("crates/heqi-domain/src/a.rs:1: `{word}`: {means}");
            let found = seen(&check(&tree(&[("crates/heqi-domain/src/a.rs", &code)])));
            assert_eq!(found, [expected], "{code}");
        }
    }

    #[test]
    fn other_crates_and_tests_are_free() {
        let text = "fn f() { a.unwrap() }";
        check_text("crates/heqi-intake/src/a.rs", text, &[]);
        check_text("crates/heqi-domain/tests/a.rs", text, &[]);
        let inline = "#[cfg(test)]\nmod tests { fn t() { a.unwrap(); 1.0f64; } }";
        check_text("crates/heqi-domain/src/a.rs", inline, &[]);
    }

    #[test]
    fn a_test_module_in_its_own_file_is_free() {
        let files = [
            ("crates/heqi-domain/src/lib.rs", "#[cfg(test)]\nmod proofs;\nmod money;"),
            ("crates/heqi-domain/src/money.rs", "fn f() { a.unwrap() }"),
            ("crates/heqi-domain/src/proofs.rs", "fn f() { a.unwrap() }"),
            ("crates/heqi-domain/src/proofs/deep.rs", "fn f() { a.unwrap() }"),
        ];
        let expected = "crates/heqi-domain/src/money.rs:1: `.unwrap()`: a kernel that can panic";
        assert_eq!(seen(&check(&tree(&files))), [expected]);
    }
}
