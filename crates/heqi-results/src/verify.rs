//! `heqi verify` 复核: does a result folder follow from its inputs?
//!
//! Four looks, each on its own: the digests of the folder; the inputs, read again as they were
//! read; the tables, taken apart into groups and discrepancies and proved claim by claim by
//! [`heqi_matching::check`], which shares no code with the passes; and the run itself, repeated
//! with the rules of the folder, whose files must be the folder's byte for byte. Digests alone
//! would not do: who changes a file can recompute them.

mod cells;
mod finding;
mod folder;
mod inputs;
mod period;
mod rebuild;
mod repeat;
mod rows;

use std::path::{Path, PathBuf};

use heqi_domain::{Progress, Side, Stage};
use heqi_matching::{Checked, RuleSet, check};

use crate::staging::{SUMMARY_FILE, sha256_hex};
use crate::summary::{LAYOUT, PRODUCT, Summary};

pub use finding::{Finding, FindingCode, Unsound};

/// What was verified.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The plan digest of the result.
    pub plan: String,
    /// Files of the folder whose bytes are proved.
    pub files: u64,
    /// What the checker proved again.
    pub checked: Checked,
    /// Whether the claims were read from the tables; without CSV or JSON tables in the folder,
    /// the checker looked at the repeated run instead.
    pub from_tables: bool,
    /// Whether the run was repeated byte for byte; not with another version of the engine.
    pub repeated: bool,
}

/// Why a result could not be verified, or does not hold.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no result: name another folder.
    #[error("{path} is no result folder of Heqi: {what}", path = path.display())]
    NotAResult {
        /// The folder.
        path: PathBuf,
        /// Why not.
        what: String,
    },
    /// The operating system refused: change rights or free space.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Something does not hold; the findings say where.
    #[error("{0}")]
    Unsound(Unsound),
    /// A person asked to stop.
    #[error("stopped; nothing was verified")]
    Cancelled,
}

impl VerifyError {
    /// For `map_err` on I/O at `path`.
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }
}

/// Verifies the result folder `dir` against its inputs, which are looked for where they were
/// read, else by name beside the folder and in it.
///
/// # Errors
/// [`VerifyError::Unsound`] with every finding: file, row, what was expected and found;
/// otherwise see [`VerifyError`].
pub fn verify(dir: &Path, progress: &dyn Progress) -> Result<Verified, VerifyError> {
    let summary = read_summary(dir)?;
    let total = summary.inputs.ours.rows + summary.inputs.theirs.rows;
    progress.stage(Stage::Verify, total);
    let mut unsound = Unsound::default();
    folder::check(dir, &summary, &mut unsound)?;
    stop(progress)?;
    let rules = rules(dir, &summary, &mut unsound)?;
    let readings = inputs::read(dir, &summary, progress, &mut unsound)?;
    let (Some(rules), Some([ours, theirs])) = (rules, readings) else {
        return Err(VerifyError::Unsound(unsound));
    };
    stop(progress)?;
    let mut checked = None;
    let has_tables = rows::shape(dir, &summary).is_some();
    let lines = [&ours.reading.lines, &theirs.reading.lines];
    let rebuilt = rebuild::rebuild(dir, &summary, lines, &mut unsound)?;
    if let Some(rebuilt) = &rebuilt {
        match check(&rebuilt.outcome, lines[0], lines[1], &rules.set) {
            Ok(proved) => checked = Some(proved),
            Err(violations) => rebuilt.blame(&violations, lines, &mut unsound),
        }
    }
    let openings = repeat::openings(rebuilt.as_ref().map(|it| &it.outcome.blocks[..]), &summary);
    drop(rebuilt);
    progress.advance(summary.inputs.ours.rows);
    stop(progress)?;
    // Another engine may well find something else; the claims were proved all the same.
    let repeatable = summary.version == env!("CARGO_PKG_VERSION") && summary.layout == LAYOUT;
    if repeatable {
        let again = repeat::Again {
            dir,
            summary: &summary,
            inputs: [&ours, &theirs],
            rules: &rules,
            openings,
        };
        let proved = again.check(progress, &mut unsound)?;
        checked = checked.or(proved.filter(|_| !has_tables));
    }
    progress.advance(summary.inputs.theirs.rows);
    match checked {
        Some(checked) if unsound.is_empty() => Ok(Verified {
            plan: summary.plan.clone(),
            files: summary.files.len() as u64 + 1,
            checked,
            from_tables: has_tables,
            repeated: repeatable,
        }),
        _ => {
            if unsound.is_empty() {
                let expected = "tables that can be read, or the engine that wrote the result";
                let found = format!("neither (engine {})", summary.version);
                unsound.add(FindingCode::Unreadable, SUMMARY_FILE, None, "tables", expected, found);
            }
            Err(VerifyError::Unsound(unsound))
        }
    }
}

fn stop(progress: &dyn Progress) -> Result<(), VerifyError> {
    if progress.cancelled() { Err(VerifyError::Cancelled) } else { Ok(()) }
}

fn read_summary(dir: &Path) -> Result<Summary, VerifyError> {
    let path = dir.join(SUMMARY_FILE);
    let refuse = |what: String| VerifyError::NotAResult { path: dir.to_owned(), what };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(refuse(format!("there is no {SUMMARY_FILE}")));
        }
        Err(error) => return Err(VerifyError::io(&path)(error)),
    };
    let summary: Summary = serde_json::from_slice(&bytes)
        .map_err(|error| refuse(format!("{SUMMARY_FILE} cannot be read: {error}")))?;
    if summary.product == PRODUCT {
        Ok(summary)
    } else {
        Err(refuse(format!("{SUMMARY_FILE} names the product `{}`", summary.product)))
    }
}

/// The rules of the folder.
struct RulesRead {
    set: RuleSet,
    toml: String,
}

const RULES_FILE: &str = "rules.toml";

fn rules(
    dir: &Path,
    summary: &Summary,
    unsound: &mut Unsound,
) -> Result<Option<RulesRead>, VerifyError> {
    let path = dir.join(RULES_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Otherwise it was said already, as a file that the summary names.
            if summary.files.iter().all(|file| file.name != RULES_FILE) {
                let code = FindingCode::FileMissing;
                unsound.add(code, RULES_FILE, None, "file", "to be there", "missing");
            }
            return Ok(None);
        }
        Err(error) => return Err(VerifyError::io(&path)(error)),
    };
    let digest = sha256_hex(&bytes);
    if digest != summary.rules.sha256 {
        let expected = format!("{} = rules.sha256", summary.rules.sha256);
        unsound.add(FindingCode::FileChanged, RULES_FILE, None, "SHA-256", expected, digest);
    }
    let toml = String::from_utf8_lossy(&bytes).into_owned();
    match toml::from_str::<RuleSet>(&toml) {
        Ok(set) => {
            let canonical = toml::to_string_pretty(&set).unwrap_or_default();
            if canonical != toml {
                let row = rows::first_difference(canonical.as_bytes(), toml.as_bytes());
                rows::add_line(unsound, FindingCode::Changed, RULES_FILE, &row, "rule");
            }
            Ok(Some(RulesRead { set, toml }))
        }
        Err(error) => {
            let found = error.to_string();
            unsound.add(FindingCode::Unreadable, RULES_FILE, None, "rules", "a rule set", found);
            Ok(None)
        }
    }
}

/// The name of a side's file in findings.
fn name_of(summary: &Summary, side: Side) -> &str {
    match side {
        Side::Ours => &summary.inputs.ours.name,
        Side::Theirs => &summary.inputs.theirs.name,
    }
}
