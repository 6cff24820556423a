//! Are the answers right? No time counts before that.

use super::Desk;
use super::timing::Timing;
use crate::shell::{capture, command};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Lines counted by class: matched, differs, only ours, only theirs.
pub type Counts = BTreeMap<String, u64>;

/// What a peer counted, from the last line it said.
///
/// # Errors
/// The line is no JSON object of numbers.
pub fn said(timing: &Timing) -> Result<Counts> {
    let text = &timing.said;
    serde_json::from_str(text).with_context(|| format!("{} said: {text}", timing.engine))
}

/// What Heqi's result folder holds, counted from its tables.
///
/// # Errors
/// The tables are not there or cannot be read.
pub fn of_heqi(desk: &Desk, result: &Path) -> Result<Counts> {
    let program = desk.program("answer.py");
    let text = capture(command(&program[0], &program[1..]).arg(result))?;
    serde_json::from_str(&text).with_context(|| format!("answer.py: {text}"))
}

/// Pairs and groups of a result held against the generator's truth.
///
/// # Errors
/// The result or the truth cannot be read.
pub fn against_truth(desk: &Desk, data: &Path, result: &Path) -> Result<BTreeMap<String, f64>> {
    let program = desk.program("truth.py");
    let text = capture(command(&program[0], &program[1..]).arg(data).arg(result))?;
    serde_json::from_str(&text).with_context(|| format!("truth.py: {text}"))
}

/// In words, if two answers are not the same.
pub fn differ(a: &str, of_a: &Counts, b: &str, of_b: &Counts) -> Option<String> {
    (of_a != of_b).then(|| format!("{a} counts {of_a:?}, {b} counts {of_b:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_answers_are_compared_class_by_class() {
        let counts = |matched, differs| {
            Counts::from([("matched".to_owned(), matched), ("differs".to_owned(), differs)])
        };
        assert_eq!(differ("a", &counts(2, 1), "b", &counts(2, 1)), None);
        let text = differ("a", &counts(2, 1), "b", &counts(1, 2)).unwrap();
        assert!(text.contains("a counts") && text.contains("b counts"));
    }

    #[test]
    fn what_a_peer_said_is_read_or_refused() {
        let timing = |said: &str| Timing { said: said.into(), ..Timing::default() };
        assert_eq!(said(&timing("{\"matched\": 3}")).unwrap()["matched"], 3);
        assert!(said(&timing("no answer")).is_err());
    }
}
