//! The report: one table a workload, the gates, and the machine it ran on.

use super::gates::Verdict;
use super::timing::Timing;
use super::workloads::Part;
use super::{Desk, short};
use crate::shell::{answers, capture, command};
use anyhow::Result;
use std::fmt::Write as _;

/// The whole report as markdown.
///
/// # Errors
/// The peers' versions could not be asked for.
pub fn markdown(desk: &Desk, parts: &[Part], verdicts: &[Verdict]) -> Result<String> {
    let mut text = String::from("# Benchmark\n\n");
    writeln!(text, "{}\n", machine(desk)?)?;
    text.push_str(
        "Whole processes from a cold start with warm files, interleaved, after one warm-up; \
         medians. Only ratios within this run count.\n\n",
    );
    text.push_str(&gates(verdicts));
    for part in parts {
        text.push_str(&table(part));
    }
    Ok(text)
}

fn machine(desk: &Desk) -> Result<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let versions = "import duckdb, polars, platform; print('DuckDB', duckdb.__version__ + \
                    ', Polars', polars.__version__ + ', Python', platform.python_version())";
    let peers = capture(&mut command(&desk.python, ["-c", versions]))?;
    let commit = answers("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("processor not named", |(_, name)| name.trim());
    Ok(format!("{cores} cores, {processor}; {}; Heqi at commit {commit}.", peers.trim()))
}

fn gates(verdicts: &[Verdict]) -> String {
    let mut text = String::from("## Gates\n\n| what | figure | gate | stretch | |\n");
    text.push_str("|---|---:|---|---|---|\n");
    for verdict in verdicts {
        let word = match (verdict.holds, verdict.stretched) {
            (false, _) => "**missed**",
            (true, true) => "stretch",
            (true, false) => "holds",
        };
        let figure = rounded(verdict.figure);
        let row = [verdict.name, &figure, &verdict.gate, &verdict.stretch, word];
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text.push('\n');
    text
}

fn table(part: &Part) -> String {
    let mut text = format!("## {} {}\n\n{}.\n\n", part.kind, short(part.size), part.about);
    for wrong in &part.wrong {
        text.push_str(&format!("**Wrong answer, so no time counts:** {wrong}\n\n"));
    }
    if part.wrong.is_empty() {
        text.push_str("| engine | wall s | CPU s | peak MB | bytes a line | ratio to Heqi | n |\n");
        text.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
        let first = part.timings.first().map_or(f64::NAN, Timing::wall);
        for timing in &part.timings {
            text.push_str(&row(timing, part.size, first));
        }
        text.push('\n');
    }
    if !part.figures.is_empty() {
        let figures: Vec<String> = part
            .figures
            .iter()
            .map(|(name, figure)| format!("{name} {}", rounded(*figure)))
            .collect();
        text.push_str(&format!("Answer: {}.\n\n", figures.join(", ")));
    }
    text
}

fn row(timing: &Timing, size: u64, first: f64) -> String {
    let low = timing.walls.first().copied().unwrap_or(f64::NAN);
    let high = timing.walls.last().copied().unwrap_or(f64::NAN);
    format!(
        "| {} | {:.3} [{low:.3}–{high:.3}] | {:.2} | {:.0} | {:.0} | {:.2} | {} |\n",
        timing.engine,
        timing.wall(),
        timing.cpu(),
        timing.peak as f64 / 1e6,
        timing.peak as f64 / (2 * size) as f64,
        timing.wall() / first,
        timing.walls.len(),
    )
}

/// Whole numbers as they are, others with enough digits to tell.
fn rounded(figure: f64) -> String {
    if figure.fract() == 0.0 { format!("{figure}") } else { format!("{figure:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> Part {
        let timing = |engine: &str, wall| Timing {
            engine: engine.into(),
            walls: vec![wall, wall + 1.0],
            cpus: vec![1.0, 1.0],
            peak: 80_000_000,
            said: String::new(),
        };
        let timings = vec![timing("heqi", 1.5), timing("duckdb 1:1", 5.5)];
        Part { kind: "M-csv", size: 1_000_000, about: "a", timings, ..Part::default() }
    }

    #[test]
    fn a_part_shows_median_range_and_ratio() {
        let text = table(&part());
        assert!(text.contains("| heqi | 2.000 [1.500–2.500] | 1.00 | 80 | 40 | 1.00 | 2 |"));
        assert!(text.contains("| duckdb 1:1 | 6.000 [5.500–6.500] | 1.00 | 80 | 40 | 3.00 | 2 |"));
    }

    #[test]
    fn a_wrong_answer_hides_the_times() {
        let text = table(&Part { wrong: vec!["counts differ".into()], ..part() });
        assert!(text.contains("counts differ") && !text.contains("wall s"));
    }

    #[test]
    fn a_missed_gate_stands_out() {
        let verdict = |holds| Verdict {
            name: "speed",
            figure: 2.5,
            gate: "≥ 3".into(),
            stretch: String::new(),
            holds,
            stretched: false,
        };
        assert!(gates(&[verdict(false)]).contains("| speed | 2.5000 | ≥ 3 |  | **missed** |"));
        assert!(gates(&[verdict(true)]).contains("| holds |"));
    }
}
