//! `summary.json`: what was read, what was found, and the digests that make tampering visible.
//!
//! It depends on the inputs, the rules and the engine alone: two runs give the same bytes.
//! What differs between runs (when, how long) stands in `timings.json`, which no digest covers.
//! `seal` is the SHA-256 of the summary with an empty seal, so that a change of the summary
//! itself shows too; every other file of the folder is covered by `files`.

mod bridges;
mod counts;

use std::collections::BTreeMap;

use heqi_domain::{Currency, Side, decimal_text};
use serde::{Deserialize, Serialize};

use crate::error::ResultsError;
use crate::model::{Input, MatchResult};
use crate::staging::{WrittenFile, sha256_hex};

pub use bridges::{close, is_opening, is_unexplained, movements};

/// The mark of a result of ours.
pub const PRODUCT: &str = "heqi";
/// Version of the layout of the folder.
pub const LAYOUT: u32 = 2;

/// The file as data. Amounts are decimal text in units of their currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`PRODUCT`].
    pub product: String,
    /// Version of the engine.
    pub version: String,
    /// [`LAYOUT`].
    pub layout: u32,
    /// Language of the sentences.
    pub lang: String,
    /// The period, where one was given.
    pub period: Option<String>,
    /// SHA-256 over inputs, how they were read, opening balances, rules and engine version.
    pub plan: String,
    /// The rules; their text is `rules.toml`.
    pub rules: RulesRecord,
    /// Our file and theirs.
    pub inputs: BySide<InputRecord>,
    /// Lines and groups by state; the residuals are the lines in no group.
    pub states: Vec<StateCount>,
    /// Share of the lines that are settled, `0.0000` to `1.0000`, rounded down.
    pub settled_share: BySide<String>,
    /// Groups by pass; a pass without a group is left out.
    pub passes: Vec<PassCount>,
    /// Main reasons, in order of precedence.
    pub reasons: Vec<ReasonCount>,
    /// Notes beside a main reason or alone.
    pub notes: Vec<ReasonCount>,
    /// The bridges summed per currency.
    pub bridge: Vec<CurrencyBridge>,
    /// Every file of the folder but this one and `timings.json`, by name.
    pub files: Vec<FileRecord>,
    /// SHA-256 of this file with an empty seal.
    pub seal: String,
}

/// One value a side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BySide<T> {
    /// Ours.
    pub ours: T,
    /// Theirs.
    pub theirs: T,
}

/// The rules of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesRecord {
    /// Preset or file name.
    pub name: String,
    /// SHA-256 of `rules.toml`.
    pub sha256: String,
}

/// One input file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRecord {
    /// File name.
    pub name: String,
    /// Where it was read from.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// What the caller said about it.
    pub options: Vec<(String, String)>,
    /// Rows that became lines.
    pub rows: u64,
    /// Rows that did not.
    pub rejected: u64,
    /// Σ amounts per currency, receivable orientation.
    pub sums: Vec<Sum>,
    /// How it was read.
    pub reading: heqi_intake::Inspection,
}

/// A sum in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Currency code.
    pub currency: String,
    /// Decimal text.
    pub amount: String,
}

/// What is in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCount {
    /// `settled`, `differs`, `suggested` or `residual`.
    pub state: String,
    /// Groups; for residuals 0.
    pub groups: u64,
    /// Lines; a line of several suggestions counts once.
    pub lines: BySide<u64>,
}

/// Groups of one pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassCount {
    /// Code of the pass.
    pub pass: String,
    /// Groups by state.
    pub settled: u64,
    /// Pairing certain, a difference open.
    pub differs: u64,
    /// Proposed.
    pub suggested: u64,
}

/// How often a reason is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonCount {
    /// Code of the reason.
    pub reason: String,
    /// Groups.
    pub groups: u64,
    /// Residual lines.
    pub residuals: u64,
    /// Discrepancies.
    pub discrepancies: u64,
}

/// The bridges of one currency, added up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyBridge {
    /// Currency code.
    pub currency: String,
    /// Customers.
    pub customers: u64,
    /// Customers whose closing balances agree and that have no discrepancy.
    pub agreed: u64,
    /// Opening balances.
    pub opening: BySide<String>,
    /// Movements.
    pub movement: BySide<String>,
    /// Closing balances.
    pub closing: BySide<String>,
    /// Opening difference, ours − theirs.
    pub opening_difference: String,
    /// Discrepancies of the period, without the opening difference.
    pub discrepancies: u64,
    /// Σ of them: opening difference + this = closing difference.
    pub discrepancy_sum: String,
    /// Closing difference, ours − theirs.
    pub closing_difference: String,
    /// Discrepancies without an explanation (`unexplained`, or only a note).
    pub unexplained: u64,
    /// Σ of their absolute amounts: 0 to sign the period.
    pub unexplained_amount: String,
}

/// One file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Name.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
}

impl Summary {
    /// Counts, adds up and checks that the outcome may be published.
    ///
    /// # Errors
    /// [`ResultsError::NotConserved`], [`ResultsError::NotClosed`],
    /// [`ResultsError::SumsDiffer`].
    pub fn of(result: &MatchResult) -> Result<Self, ResultsError> {
        let states = counts::states(result)?;
        let bridge = bridges::totals(result.outcome)?;
        let ours = input_record(result, Side::Ours)?;
        let theirs = input_record(result, Side::Theirs)?;
        let (reasons, notes) = counts::reasons(result.outcome);
        let share = |settled: u64, lines: usize| {
            let ratio = (settled * 10_000).checked_div(lines as u64).unwrap_or(10_000);
            decimal_text(ratio.into(), 4)
        };
        let settled = &states[0].lines;
        let mut summary = Self {
            product: PRODUCT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            layout: LAYOUT,
            lang: result.lang.code().to_owned(),
            period: result.period.map(|period| period.to_string()),
            plan: plan_digest(result),
            rules: RulesRecord {
                name: result.rules.name.to_owned(),
                sha256: sha256_hex(result.rules.toml.as_bytes()),
            },
            settled_share: BySide {
                ours: share(settled.ours, result.ours.len()),
                theirs: share(settled.theirs, result.theirs.len()),
            },
            inputs: BySide { ours, theirs },
            states,
            passes: counts::passes(result.outcome),
            reasons,
            notes,
            bridge,
            files: Vec::new(),
            seal: String::new(),
        };
        summary.seal = summary.seal_of();
        Ok(summary)
    }

    /// The summary of a folder that holds these files.
    #[must_use]
    pub fn with_files(mut self, files: &[WrittenFile]) -> Self {
        self.files = files.iter().map(FileRecord::from).collect();
        self.files.sort_by(|left, right| left.name.cmp(&right.name));
        self.seal = self.seal_of();
        self
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain data without maps of other keys than text: it cannot fail.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The seal that fits the content.
    #[must_use]
    pub fn seal_of(&self) -> String {
        let mut open = self.clone();
        open.seal = String::new();
        sha256_hex(&open.to_bytes())
    }
}

impl From<&WrittenFile> for FileRecord {
    fn from(file: &WrittenFile) -> Self {
        Self { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() }
    }
}

/// The plan digest: one line a fact, so that it can be recomputed by hand.
fn plan_digest(result: &MatchResult) -> String {
    let mut plan = format!("heqi plan {LAYOUT}\nengine {}\n", env!("CARGO_PKG_VERSION"));
    for side in [Side::Ours, Side::Theirs] {
        let Input { sha256, inspection, options, .. } = result.input(side);
        let reading = serde_json::to_vec(&(inspection, options)).unwrap_or_default();
        plan += &format!("{} {sha256} {}\n", side.code(), sha256_hex(&reading));
    }
    plan += &format!("rules {}\n", sha256_hex(result.rules.toml.as_bytes()));
    if let Some(period) = result.period {
        plan += &format!("period {period}\n");
    }
    for block in &result.outcome.blocks {
        if block.opening != [0, 0] {
            let account = serde_json::json!([block.account.customer, block.account.currency]);
            plan += &format!("opening {account} {} {}\n", block.opening[0], block.opening[1]);
        }
    }
    sha256_hex(plan.as_bytes())
}

fn input_record(result: &MatchResult, side: Side) -> Result<InputRecord, ResultsError> {
    let input = result.input(side);
    let lines = result.lines(side);
    let mut accounts = vec![0_i128; lines.accounts.len()];
    for (account, amount) in lines.account.iter().zip(&lines.amount) {
        accounts[*account as usize] += i128::from(*amount);
    }
    let mut sums = BTreeMap::<Currency, i128>::new();
    for (account, sum) in lines.accounts.iter().zip(accounts) {
        *sums.entry(account.currency).or_default() += sum;
    }
    let mut blocks = BTreeMap::<Currency, i128>::new();
    for block in &result.outcome.blocks {
        *blocks.entry(block.account.currency).or_default() += block.movement[side as usize];
    }
    for currency in sums.keys().chain(blocks.keys()) {
        let [of_blocks, of_lines] =
            [&blocks, &sums].map(|all| all.get(currency).copied().unwrap_or_default());
        if of_blocks != of_lines {
            return Err(ResultsError::SumsDiffer {
                side,
                currency: currency.code().to_owned(),
                blocks: decimal_text(of_blocks, currency.exponent()),
                lines: decimal_text(of_lines, currency.exponent()),
            });
        }
    }
    Ok(InputRecord {
        name: input.name.to_owned(),
        path: input.path.to_owned(),
        bytes: input.bytes,
        sha256: input.sha256.to_owned(),
        options: input.options.to_vec(),
        rows: lines.len() as u64,
        rejected: input.rejects.len() as u64,
        sums: sums
            .into_iter()
            .map(|(currency, sum)| Sum {
                currency: currency.code().to_owned(),
                amount: decimal_text(sum, currency.exponent()),
            })
            .collect(),
        reading: input.inspection.clone(),
    })
}
