//! `cargo xtask test`: everything that a change must pass, in one run.
//!
//! A step that fails does not hide the next one: all run, a table shows them, and the last
//! line counts them. What this machine cannot run is shown as skipped, with the reason.

use crate::api_fuzz;
use crate::postgres;
use crate::score;
use crate::shell::{self, answers, cache, command, on_build_machine, shared, succeeds};
use crate::tidy;
use anyhow::{Result, bail};
use std::cell::RefCell;
use std::process::Command;
use std::time::{Duration, Instant};

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Passed,
    /// It says why above.
    Failed,
    /// It could not run here.
    Skipped(String),
}

/// One row of the closing table.
pub struct Step {
    /// What was done.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

impl From<bool> for Outcome {
    fn from(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Failed }
    }
}

/// Runs all steps; `true` if none failed.
///
/// # Errors
/// An unknown argument, or a machine without a home for the cache.
pub fn run(arguments: &[String]) -> Result<bool> {
    let mut plain = on_build_machine();
    for argument in arguments {
        match argument.as_str() {
            "--ci" => plain = true,
            other => bail!("`cargo xtask test` knows --ci, not `{other}`"),
        }
    }
    run_steps(STEPS, &Environment::of(plain)?)
}

/// The last steps alone: the release build, and its scores on labelled pairs.
///
/// # Errors
/// A machine without a home for the cache.
pub fn run_scores() -> Result<bool> {
    run_steps(&STEPS[STEPS.len() - 1..], &Environment::of(on_build_machine())?)
}

/// Only schemathesis, with as many examples an operation as one wants.
///
/// # Errors
/// The server cannot be built or started.
pub fn run_fuzz(arguments: &[String]) -> Result<bool> {
    let examples = arguments.first().map_or(Ok(EXAMPLES), |text| text.parse())?;
    let environment = Environment::of(on_build_machine())?;
    Ok(fuzz(&environment, examples)? == Outcome::Passed)
}

fn run_steps(tasks: &[Task], environment: &Environment) -> Result<bool> {
    let mut steps = Vec::new();
    for (name, step) in tasks {
        steps.push(timed(name, || step(environment)));
    }
    let built = steps.last().is_some_and(|step| step.outcome == Outcome::Passed);
    steps.extend(scores(built, environment));
    println!("\n{}", table(&steps));
    let (line, good) = closing(&steps);
    println!("{line}");
    Ok(good)
}

/// What every cargo command of the run is given.
struct Environment {
    plain: bool,
    target: std::path::PathBuf,
    /// Running while the tests run.
    cluster: RefCell<Option<postgres::Cluster>>,
}

impl Environment {
    /// In plain mode the build lives in the cache, so that a fresh clone finds it again.
    fn of(plain: bool) -> Result<Self> {
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            None if plain => cache()?.join("target"),
            _ => shell::target(),
        };
        Ok(Self { plain, target, cluster: RefCell::new(None) })
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = command("cargo", arguments);
        cargo.env("CARGO_TARGET_DIR", &self.target);
        if self.plain {
            cargo.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
            cargo.env("NO_COLOR", "1");
        }
        if let Some(cluster) = self.cluster.borrow().as_ref() {
            cargo.env(postgres::VARIABLE, &cluster.url);
        }
        println!("\n$ {}", shell::shown(&cargo));
        cargo
    }

    fn runs(&self, arguments: &[&str]) -> Result<Outcome> {
        succeeds(&mut self.cargo(arguments)).map(Outcome::from)
    }
}

/// The points at which the fault tests make the program fail: in every build but the release.
const FEATURES: &str = "--features=heqi/failpoints";

/// Name of a step, and what it does.
type Task = (&'static str, fn(&Environment) -> Result<Outcome>);

/// In the order of cost: what fails fast comes first. The release build is the last one,
/// since the scores stand on it.
const STEPS: &[Task] = &[
    ("format", |env| env.runs(&["fmt", "--all", "--check"])),
    ("tidy", |_| tidy::run().map(Outcome::from)),
    ("lints", |env| {
        let what = ["clippy", "--workspace", "--all-targets", "--locked", FEATURES];
        env.runs(&[what.as_slice(), &["--", "-D", "warnings"]].concat())
    }),
    ("licenses and sources", licenses),
    ("private PostgreSQL", start_postgres),
    ("tests", tests),
    ("examples in the documentation", examples),
    ("API under schemathesis", |env| fuzz(env, EXAMPLES)),
    ("release build", |env| env.runs(&["build", "--release", "--locked", "-p", "heqi"])),
];

fn licenses(env: &Environment) -> Result<Outcome> {
    if answers("cargo", &["deny", "--version"]).is_none() {
        let reason = "cargo-deny is not installed (`cargo xtask setup` says how)";
        return Ok(Outcome::Skipped(reason.into()));
    }
    env.runs(&[
        "deny",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ])
}

fn tests(env: &Environment) -> Result<Outcome> {
    if answers("cargo", &["nextest", "--version"]).is_some() {
        return env.runs(&[
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            FEATURES,
        ]);
    }
    env.runs(&["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast", FEATURES])
}

fn examples(env: &Environment) -> Result<Outcome> {
    let outcome = env.runs(&["test", "--workspace", "--doc", "--locked", "--quiet", FEATURES]);
    // Nothing after this step needs it.
    drop(env.cluster.take());
    outcome
}

/// Examples for each operation in the run that every change must pass.
const EXAMPLES: u32 = 15;

/// The debug binary, which the tests have built, under generated requests.
fn fuzz(env: &Environment, examples: u32) -> Result<Outcome> {
    if env.runs(&["build", "--locked", "-p", "heqi", FEATURES])? == Outcome::Failed {
        return Ok(Outcome::Failed);
    }
    let binary = env.target.join("debug").join(format!("heqi{}", std::env::consts::EXE_SUFFIX));
    api_fuzz::run(&binary, examples)
}

/// The database server of the tests; a build machine without one gets it.
fn start_postgres(env: &Environment) -> Result<Outcome> {
    if std::env::var_os(postgres::VARIABLE).is_some_and(|url| !url.is_empty()) {
        let reason = format!("the tests use the server that {} names", postgres::VARIABLE);
        return Ok(Outcome::Skipped(reason));
    }
    let mut found = postgres::find();
    if found.is_err() && env.plain && postgres::can_install() {
        postgres::install()?;
        found = postgres::find();
    }
    match found {
        Ok(programs) => {
            let cluster = postgres::Cluster::start(&programs)?;
            println!("\nprivate PostgreSQL for the tests: {}", programs.version);
            env.cluster.replace(Some(cluster));
            Ok(Outcome::Passed)
        }
        Err(reason) => {
            let hint = postgres::INSTALL;
            let reason = format!("{reason} (to install: {hint}); the tests run on SQLite only");
            Ok(Outcome::Skipped(reason))
        }
    }
}

/// The release binary against labelled pairs, a step for each.
fn scores(built: bool, env: &Environment) -> Vec<Step> {
    let name = "scores against labelled pairs";
    let step = |outcome| vec![Step { name: name.into(), outcome, took: Duration::ZERO }];
    if !built {
        return step(Outcome::Skipped("there is no release build to run".into()));
    }
    let binary = env.target.join("release").join(format!("heqi{}", std::env::consts::EXE_SUFFIX));
    match shared() {
        None => step(Outcome::Skipped("../shared is not there".into())),
        Some(_) if crate::python::system().is_none() => {
            step(Outcome::Skipped("python3 is not installed".into()))
        }
        Some(shared) => score::run(&binary, &shared).unwrap_or_else(|error| {
            println!("error: {error:#}");
            step(Outcome::Failed)
        }),
    }
}

/// Runs a step and measures it; an error is a failure that says why.
pub fn timed(name: &str, step: impl FnOnce() -> Result<Outcome>) -> Step {
    let start = Instant::now();
    let outcome = step().unwrap_or_else(|error| {
        println!("error: {error:#}");
        Outcome::Failed
    });
    Step { name: name.to_owned(), outcome, took: start.elapsed() }
}

/// One row a step.
fn table(steps: &[Step]) -> String {
    let width = steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for step in steps {
        let outcome = match &step.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Failed => "FAILED".to_owned(),
            Outcome::Skipped(reason) => format!("SKIPPED: {reason}"),
        };
        let seconds = step.took.as_secs_f64();
        text.push_str(&format!("{:width$}  {seconds:>7.1} s  {outcome}\n", step.name));
    }
    text
}

/// The line that machines read, and whether the run is good.
fn closing(steps: &[Step]) -> (String, bool) {
    let count =
        |wanted: fn(&Outcome) -> bool| steps.iter().filter(|step| wanted(&step.outcome)).count();
    let passed = count(|outcome| *outcome == Outcome::Passed);
    let failed = count(|outcome| *outcome == Outcome::Failed);
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    (format!("{passed} passed, {failed} failed, {skipped} skipped"), failed == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, outcome: Outcome) -> Step {
        Step { name: name.into(), outcome, took: Duration::from_millis(1200) }
    }

    #[test]
    fn the_closing_line_counts_every_step() {
        let steps = [
            step("a", Outcome::Passed),
            step("b", Outcome::Skipped("no tool".into())),
            step("c", Outcome::Passed),
        ];
        assert_eq!(closing(&steps), ("2 passed, 0 failed, 1 skipped".into(), true));
        let steps = [step("a", Outcome::Failed)];
        assert_eq!(closing(&steps), ("0 passed, 1 failed, 0 skipped".into(), false));
    }

    #[test]
    fn the_table_shows_why_a_step_was_skipped() {
        let text = table(&[step("tidy", Outcome::Skipped("no tool".into()))]);
        assert_eq!(text, "tidy      1.2 s  SKIPPED: no tool\n");
    }

    #[test]
    fn an_error_is_a_failed_step() {
        let step = timed("a", || bail!("broken"));
        assert_eq!(step.outcome, Outcome::Failed);
    }
}
