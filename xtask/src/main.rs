//! The house's automation: one entry for every task that a person or a machine runs.
//!
//! No shell scripts: what a task does is written here, in the language of the house, and
//! works the same on a laptop and on the build machine. `cargo xtask help` lists the tasks.

mod api_fuzz;
mod bench;
mod demo;
mod postgres;
mod python;
mod score;
mod setup;
mod shell;
mod test;
mod tidy;

use std::process::ExitCode;

/// What `cargo xtask help` prints.
const HELP: &str = "\
cargo xtask <task>

  setup                    check the tools of this machine and say how to get what is missing
  test [--ci]              everything a change must pass: format, tidy, lints, tests, scores
  score                    only the release binary against labelled pairs
  tidy                     the rules of the house: crate edges, budgets, words, documents
  pg                       a private PostgreSQL to work with by hand, until Ctrl-C
  fuzz [EXAMPLES]          schemathesis against the running server, all checks
  demo [--no-serve]        an invented wholesale firm: its books filled, matched, signed, served
  bench [--sizes 100k,1M,10M] [--runs N] [--only PART,…]
                           time Heqi beside DuckDB and Polars, write target/bench/report.md
  help                     this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match task {
        "test" => test::run(rest),
        "score" => test::run_scores(),
        "tidy" => tidy::run(),
        "pg" => postgres::run(),
        "fuzz" => test::run_fuzz(rest),
        "setup" => setup::run(),
        "demo" => demo::run(rest),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        unknown => {
            eprintln!("no task `{unknown}`; these exist:\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
