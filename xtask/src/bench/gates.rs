//! The bars of the benchmark, as data, and whether they hold.
//!
//! A gate must hold; the stretch is the goal. Nearly all are ratios to a peer in the same run.

use super::workloads::Part;

/// How a gate reads its figure from the parts of a run.
type Measure = fn(&[Part]) -> Option<f64>;

/// One bar.
struct Gate {
    name: &'static str,
    measure: Measure,
    /// `true`: the figure has to reach the bar; `false`: to stay under it.
    at_least: bool,
    gate: f64,
    stretch: Option<f64>,
}

/// A gate held against a run.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    /// What is measured.
    pub name: &'static str,
    /// The figure.
    pub figure: f64,
    /// The bar, with its direction.
    pub gate: String,
    /// The goal, if there is one.
    pub stretch: String,
    /// Does the gate hold?
    pub holds: bool,
    /// Is the goal reached?
    pub stretched: bool,
}

const M: u64 = 1_000_000;

const fn at_least(name: &'static str, gate: f64, stretch: Option<f64>, measure: Measure) -> Gate {
    Gate { name, measure, at_least: true, gate, stretch }
}

const fn at_most(name: &'static str, gate: f64, stretch: Option<f64>, measure: Measure) -> Gate {
    Gate { name, measure, at_least: false, gate, stretch }
}

const GATES: &[Gate] = &[
    at_least("M 1M CSV, times DuckDB 1:1", 3.0, Some(5.0), |p| times(p, "M-csv", M, "duckdb 1:1")),
    at_least("M 10M CSV, times DuckDB 1:1", 3.0, Some(6.0), |p| {
        times(p, "M-csv", 10 * M, "duckdb 1:1")
    }),
    at_most("M 10M CSV, peak bytes a line", 64.0, Some(40.0), |p| bytes_a_line(p, "M-csv", 10 * M)),
    at_least("M 1M Parquet, times DuckDB 1:1", 2.0, Some(4.0), |p| {
        times(p, "M-pq", M, "duckdb 1:1")
    }),
    at_least("M 10M Parquet, times DuckDB's plain join", 2.0, Some(4.0), |p| {
        times(p, "M-pq", 10 * M, "duckdb join")
    }),
    at_least("C 1M, times expert DuckDB", 3.0, Some(6.0), |p| times(p, "C", M, "duckdb chain")),
    at_least("C 1M, precision of certain groups", 0.99, None, |p| {
        figure(p, "C", M, "heqi group precision")
    }),
    at_least("C 1M, recall of certain groups", 0.75, Some(0.80), |p| {
        figure(p, "C", M, "heqi group recall")
    }),
    at_most("C 1M, wrong pairs", 0.0, None, |p| figure(p, "C", M, "heqi pairs wrong")),
    at_least("C 10M, times expert DuckDB", 4.0, Some(8.0), |p| {
        times(p, "C", 10 * M, "duckdb chain")
    }),
    at_most("C 10M, peak GB", 2.0, None, |p| {
        part(p, "C", 10 * M)?.of("heqi").map(|timing| timing.peak as f64 / 1e9)
    }),
    at_least("C 10M, precision of certain groups", 0.99, None, |p| {
        figure(p, "C", 10 * M, "heqi group precision")
    }),
    at_least("C 10M, recall of certain groups", 0.60, None, |p| {
        figure(p, "C", 10 * M, "heqi group recall")
    }),
    at_most("C-skew 1M on one customer, seconds", 10.0, None, |p| wall(p, "skew", M)),
    at_most("M 10k CSV, milliseconds", 15.0, None, |p| Some(wall(p, "M-csv", 10_000)? * 1e3)),
    at_most("M 100k CSV, milliseconds", 60.0, None, |p| Some(wall(p, "M-csv", 100_000)? * 1e3)),
    at_least("two threads, times one, 10M", 1.7, None, |p| {
        let part = part(p, "threads", 10 * M)?;
        Some(part.of("heqi 1 thread")?.wall() / part.of("heqi 2 threads")?.wall())
    }),
    at_most("growth of M from 1M to 10M", 11.0, None, |p| growth(p, "M-csv")),
    at_most("growth of C from 1M to 10M", 12.0, None, |p| growth(p, "C")),
];

/// Every gate whose figures were measured in this run.
pub fn judge(parts: &[Part]) -> Vec<Verdict> {
    GATES.iter().filter_map(|gate| Some(verdict(gate, (gate.measure)(parts)?))).collect()
}

fn verdict(gate: &Gate, figure: f64) -> Verdict {
    let sign = if gate.at_least { "≥" } else { "≤" };
    let reached = |bar: f64| if gate.at_least { figure >= bar } else { figure <= bar };
    Verdict {
        name: gate.name,
        figure,
        gate: format!("{sign} {}", gate.gate),
        stretch: gate.stretch.map_or(String::new(), |bar| format!("{sign} {bar}")),
        holds: reached(gate.gate),
        stretched: gate.stretch.is_some_and(reached),
    }
}

fn part<'a>(parts: &'a [Part], kind: &str, size: u64) -> Option<&'a Part> {
    parts.iter().find(|part| part.kind == kind && part.size == size)
}

fn wall(parts: &[Part], kind: &str, size: u64) -> Option<f64> {
    Some(part(parts, kind, size)?.of("heqi")?.wall())
}

/// How many times faster Heqi is than the peer.
fn times(parts: &[Part], kind: &str, size: u64, peer: &str) -> Option<f64> {
    let part = part(parts, kind, size)?;
    Some(part.of(peer)?.wall() / part.of("heqi")?.wall())
}

fn bytes_a_line(parts: &[Part], kind: &str, size: u64) -> Option<f64> {
    let timing = part(parts, kind, size)?.of("heqi")?;
    Some(timing.peak as f64 / (2 * size) as f64)
}

fn figure(parts: &[Part], kind: &str, size: u64, name: &str) -> Option<f64> {
    part(parts, kind, size)?.figures.get(name).copied()
}

fn growth(parts: &[Part], kind: &str) -> Option<f64> {
    Some(wall(parts, kind, 10 * M)? / wall(parts, kind, M)?)
}

#[cfg(test)]
mod tests {
    use super::super::timing::Timing;
    use super::*;

    fn run(heqi: f64, peer: f64) -> Part {
        let timing = |engine: &str, wall| Timing {
            engine: engine.into(),
            walls: vec![wall],
            peak: 100_000_000,
            ..Timing::default()
        };
        let timings = vec![timing("heqi", heqi), timing("duckdb 1:1", peer)];
        Part { kind: "M-csv", size: M, timings, ..Part::default() }
    }

    #[test]
    fn a_ratio_is_held_against_gate_and_stretch() {
        for (peer, holds, stretched) in [(2.9, false, false), (3.0, true, false), (5.0, true, true)]
        {
            let verdicts = judge(&[run(1.0, peer)]);
            assert_eq!(verdicts.len(), 1, "only what was measured is judged");
            assert_eq!((verdicts[0].holds, verdicts[0].stretched), (holds, stretched), "{peer}");
        }
    }

    #[test]
    fn a_wrong_answer_has_no_time() {
        let mut part = run(0.1, 9.0);
        part.wrong.push("counts differ".into());
        assert!(judge(&[part]).is_empty());
    }

    #[test]
    fn growth_and_bytes_are_read_from_the_right_sizes() {
        let small = run(1.0, 3.0);
        let large = Part { size: 10 * M, ..run(12.0, 36.0) };
        let verdicts = judge(&[small, large]);
        let find = |name: &str| verdicts.iter().find(|v| v.name.starts_with(name)).unwrap();
        assert!(!find("growth of M").holds);
        assert_eq!(find("M 10M CSV, peak").figure, 5.0);
    }
}
