//! Budgets: lines of code in a file, lines in a function, columns in a line.
//!
//! Function length is a ratchet: what is known to be longer is listed with its reason and
//! may shrink; nothing new crosses the line and nothing known may grow.

use super::rust;
use super::{Finding, Tree};

/// A file aims at 150 lines of code; from here on a warning says so.
const FILE_WARN: usize = 400;
/// More than this in one file fails.
const FILE_MAX: usize = 800;
/// More than this in one function fails.
const FUNCTION_MAX: usize = 70;
/// Columns of a source line; a Chinese character takes two.
const COLUMNS_MAX: usize = 100;

/// A function that is longer than the budget, and why it stays so.
struct KnownLong {
    path: &'static str,
    function: &'static str,
    lines: usize,
    /// For the reader of this table.
    #[allow(dead_code, reason = "read by people only")]
    reason: &'static str,
}

/// None may grow; an entry that is no longer needed is a finding too.
const KNOWN_LONG: &[KnownLong] = &[];

/// Files, functions and lines beyond their budgets.
pub fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, KNOWN_LONG)
}

fn check_with(tree: &Tree, known: &[KnownLong]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        if [".rs", ".py", ".sh"].iter().any(|end| file.path.ends_with(end)) {
            findings.extend(columns(&file.path, &file.text));
        }
    }
    for file in tree.rust() {
        let Some(reading) = rust::read(&file.text) else { continue };
        findings.extend(file_size(&file.path, reading.code.len()));
        for function in &reading.functions {
            let entry = known.iter().find(|k| k.path == file.path && k.function == function.name);
            let limit = entry.map_or(FUNCTION_MAX, |k| k.lines);
            if function.lines > limit {
                let what = format!("`{}` has {} lines", function.name, function.lines);
                let fix = format!("the limit is {limit}: give its steps functions of their own");
                findings.push(Finding::new(&file.path, function.line, what, fix));
            }
        }
        findings.extend(stale(&file.path, &reading.functions, known));
    }
    findings
}

fn file_size(path: &str, lines: usize) -> Option<Finding> {
    let fix = "aim at 150: split it by what its parts are for";
    let what = format!("{lines} lines of code");
    if lines > FILE_MAX {
        return Some(Finding::new(path, 1, what, format!("the limit is {FILE_MAX}; {fix}")));
    }
    (lines > FILE_WARN).then(|| Finding::new(path, 1, what, fix).into_warning())
}

/// Entries of the ratchet that can be lowered or dropped.
fn stale(path: &str, functions: &[rust::Function], known: &[KnownLong]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in known.iter().filter(|entry| entry.path == path) {
        let found = functions.iter().find(|function| function.name == entry.function);
        let lines = found.map_or(0, |function| function.lines);
        if lines < entry.lines {
            let what = format!("`{}` has {lines} lines now, not {}", entry.function, entry.lines);
            let fix = "lower or drop its entry in xtask/src/tidy/budgets.rs";
            findings.push(Finding::new(path, found.map_or(1, |f| f.line), what, fix));
        }
    }
    findings
}

fn columns(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let width: usize = line.chars().map(columns_of).sum();
        if width > COLUMNS_MAX {
            let fix = format!("break it at {COLUMNS_MAX} (a Chinese character takes two)");
            findings.push(Finding::new(path, at + 1, format!("{width} columns"), fix));
        }
    }
    findings
}

/// Two for the wide characters of East Asia, one for the rest.
fn columns_of(character: char) -> usize {
    let wide = matches!(character,
        '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{303E}' | '\u{3041}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}' | '\u{20000}'..='\u{3FFFD}');
    1 + usize::from(wide)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{seen, tree};
    use super::*;

    fn lines(n: usize) -> String {
        (0..n).map(|i| format!("const C{i}: u8 = 0;\n")).collect()
    }

    fn function(n: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    work();\n".repeat(n - 2))
    }

    #[test]
    fn a_file_is_warned_then_refused() {
        assert_eq!(check(&tree(&[("a.rs", &lines(400))])), []);
        let warned = check(&tree(&[("a.rs", &lines(401))]));
        assert_eq!(seen(&warned), ["a.rs:1: 401 lines of code"]);
        assert!(warned[0].warning);
        let refused = check(&tree(&[("a.rs", &lines(801))]));
        assert_eq!(seen(&refused), ["a.rs:1: 801 lines of code"]);
        assert!(!refused[0].warning);
    }

    #[test]
    fn comments_and_tests_cost_nothing() {
        let text = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", lines(399), lines(900));
        assert_eq!(check(&tree(&[("a.rs", &text), ("b.rs", &"// why\n".repeat(900))])), []);
    }

    #[test]
    fn a_long_function_is_found() {
        assert_eq!(check(&tree(&[("a.rs", &function(70))])), []);
        assert_eq!(
            seen(&check(&tree(&[("a.rs", &function(71))]))),
            ["a.rs:1: `long` has 71 lines"]
        );
    }

    #[test]
    fn the_ratchet_only_tightens() {
        let known = [KnownLong { path: "a.rs", function: "long", lines: 90, reason: "a table" }];
        let found = |n| seen(&check_with(&tree(&[("a.rs", &function(n))]), &known));
        assert!(found(90).is_empty());
        assert_eq!(found(91), ["a.rs:1: `long` has 91 lines"]);
        assert_eq!(found(80), ["a.rs:1: `long` has 80 lines now, not 90"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let text = format!("// {}\n// {}\n", "x".repeat(97), "账".repeat(49));
        assert_eq!(seen(&check(&tree(&[("a.rs", &text)]))), ["a.rs:2: 101 columns"]);
        assert_eq!(check(&tree(&[("a.md", &text)])), [], "tables of documents may be wide");
    }
}
