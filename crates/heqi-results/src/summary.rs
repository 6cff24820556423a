//! `summary.json`: what was read, what was found, and the digests that make tampering visible.
//!
//! It depends on the inputs, the rules and the engine alone: two runs give the same bytes.
//! What differs between runs (when, how long) stands in `timings.json`, which no digest covers.
//! `seal` is the SHA-256 of the summary with an empty seal, so that a change of the summary
//! itself shows too; every other file of the folder is covered by `files`.

use std::collections::BTreeMap;

use heqi_domain::{Currency, Reason, Side, decimal_text};
use heqi_matching::{Block, Discrepancy, Outcome, Pass, State};
use serde::{Deserialize, Serialize};

use crate::error::ResultsError;
use crate::model::{Input, MatchResult};
use crate::staging::{WrittenFile, sha256_hex};

/// The mark of a result of ours.
pub const PRODUCT: &str = "heqi";
/// Version of the layout of the folder.
pub const LAYOUT: u32 = 1;

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
    pub fn of(result: &MatchResult, files: &[WrittenFile]) -> Result<Self, ResultsError> {
        let states = count_states(result)?;
        let bridge = bridges(result.outcome)?;
        let ours = input_record(result, Side::Ours)?;
        let theirs = input_record(result, Side::Theirs)?;
        let (reasons, notes) = count_reasons(result.outcome);
        let share = |settled: u64, lines: usize| {
            let ratio = (settled * 10_000).checked_div(lines as u64).unwrap_or(10_000);
            decimal_text(ratio.into(), 4)
        };
        let settled = &states[0].lines;
        let mut files: Vec<FileRecord> = files.iter().map(FileRecord::from).collect();
        files.sort_by(|left, right| left.name.cmp(&right.name));
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
            passes: count_passes(result.outcome),
            reasons,
            notes,
            bridge,
            files,
            seal: String::new(),
        };
        summary.seal = summary.seal_of();
        Ok(summary)
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

/// Settled, differs, suggested, residual, in this order; every line is in exactly one.
fn count_states(result: &MatchResult) -> Result<Vec<StateCount>, ResultsError> {
    let outcome = result.outcome;
    let mut counts: Vec<StateCount> = ["settled", "differs", "suggested", "residual"]
        .map(|state| StateCount { state: state.to_owned(), groups: 0, lines: BySide::default() })
        .into();
    let pairs = outcome.pairs.len() as u64;
    counts[0].groups = pairs;
    counts[0].lines = BySide { ours: pairs, theirs: pairs };
    let mut suggested = BySide { ours: Vec::new(), theirs: Vec::new() };
    for group in &outcome.groups {
        let count = &mut counts[group.state as usize];
        count.groups += 1;
        if group.state == State::Suggested {
            suggested.ours.extend(&group.ours);
            suggested.theirs.extend(&group.theirs);
        } else {
            count.lines.ours += group.ours.len() as u64;
            count.lines.theirs += group.theirs.len() as u64;
        }
    }
    let distinct = |mut lines: Vec<u32>| {
        lines.sort_unstable();
        lines.dedup();
        lines.len() as u64
    };
    counts[2].lines = BySide { ours: distinct(suggested.ours), theirs: distinct(suggested.theirs) };
    for residual in &outcome.residuals {
        let lines = &mut counts[3].lines;
        *(if residual.side == Side::Ours { &mut lines.ours } else { &mut lines.theirs }) += 1;
    }
    for side in [Side::Ours, Side::Theirs] {
        let lines = result.lines(side).len() as u64;
        let of = |count: &StateCount| match side {
            Side::Ours => count.lines.ours,
            Side::Theirs => count.lines.theirs,
        };
        let placed = counts.iter().map(of).sum();
        if placed != lines {
            return Err(ResultsError::NotConserved { side, lines, placed });
        }
    }
    Ok(counts)
}

fn count_passes(outcome: &Outcome) -> Vec<PassCount> {
    let mut counts = [[0_u64; 3]; Pass::ALL.len()];
    counts[Pass::Exact as usize][State::Settled as usize] = outcome.pairs.len() as u64;
    for group in &outcome.groups {
        counts[group.pass as usize][group.state as usize] += 1;
    }
    let some = Pass::ALL.into_iter().zip(counts).filter(|(_, count)| *count != [0; 3]);
    some.map(|(pass, [settled, differs, suggested])| PassCount {
        pass: pass.code().to_owned(),
        settled,
        differs,
        suggested,
    })
    .collect()
}

/// Main reasons and notes, each in order of precedence.
fn count_reasons(outcome: &Outcome) -> (Vec<ReasonCount>, Vec<ReasonCount>) {
    type Counts = BTreeMap<Reason, [u64; 3]>;
    let (mut main, mut notes) = (Counts::new(), Counts::new());
    let groups = outcome.groups.iter().map(|group| (group.verdict, 0));
    let residuals = outcome.residuals.iter().map(|residual| (residual.verdict, 1));
    let discrepancies = outcome.discrepancies.iter().map(|it| (it.verdict, 2));
    for (verdict, place) in groups.chain(residuals).chain(discrepancies) {
        if let Some(reason) = verdict.main {
            main.entry(reason).or_default()[place] += 1;
        }
        for note in verdict.notes() {
            notes.entry(note).or_default()[place] += 1;
        }
    }
    let list =
        |counts: Counts| {
            let row = |(reason, [groups, residuals, discrepancies]): (Reason, [u64; 3])| {
                ReasonCount { reason: reason.code().to_owned(), groups, residuals, discrepancies }
            };
            counts.into_iter().map(row).collect()
        };
    (list(main), list(notes))
}

/// The discrepancies of a block's movements. The kernel lists the opening difference among the
/// discrepancies too; a bridge shows it once, as its opening.
pub fn movements<'a>(
    block: &Block,
    outcome: &'a Outcome,
) -> impl Iterator<Item = &'a Discrepancy> + use<'a> {
    outcome.discrepancies[block.discrepancies.clone()].iter().filter(|it| !is_opening(it))
}

/// Whether a discrepancy is the opening difference.
pub fn is_opening(discrepancy: &Discrepancy) -> bool {
    discrepancy.verdict.main == Some(Reason::Opening)
}

/// Σ discrepancies of a block's movements, and what the identity leaves over (0 in every sound
/// outcome).
pub fn close(block: &Block, outcome: &Outcome) -> (i128, i128) {
    let sum: i128 = movements(block, outcome).map(|it| i128::from(it.amount)).sum();
    let [closing, opening] = [block.closing(), block.opening].map(|[ours, theirs]| ours - theirs);
    let left = closing - opening - sum;
    let listed = outcome.discrepancies[block.discrepancies.clone()].iter();
    let mut listed = listed.filter(|it| is_opening(it)).map(|it| i128::from(it.amount)).peekable();
    // An opening difference that is listed must be listed in full.
    let missing = listed.peek().is_some().then(|| opening - listed.sum::<i128>());
    (sum, if left == 0 { missing.unwrap_or(0) } else { left })
}

/// Whether a discrepancy has no explanation.
pub fn is_unexplained(discrepancy: &Discrepancy) -> bool {
    matches!(discrepancy.verdict.main, None | Some(Reason::Unexplained))
}

fn bridges(outcome: &Outcome) -> Result<Vec<CurrencyBridge>, ResultsError> {
    #[derive(Default)]
    struct Total {
        customers: u64,
        agreed: u64,
        opening: [i128; 2],
        movement: [i128; 2],
        discrepancies: u64,
        sum: i128,
        unexplained: u64,
        unexplained_amount: i128,
    }
    let mut totals = BTreeMap::<Currency, Total>::new();
    for block in &outcome.blocks {
        let (sum, left) = close(block, outcome);
        let currency = block.account.currency;
        if left != 0 {
            return Err(ResultsError::NotClosed {
                customer: block.account.customer.clone(),
                currency: currency.code().to_owned(),
                by: decimal_text(left, currency.exponent()),
            });
        }
        let total = totals.entry(currency).or_default();
        total.customers += 1;
        let [ours, theirs] = block.closing();
        total.agreed += u64::from(ours == theirs && block.discrepancies.is_empty());
        for side in 0..2 {
            total.opening[side] += block.opening[side];
            total.movement[side] += block.movement[side];
        }
        total.discrepancies += movements(block, outcome).count() as u64;
        total.sum += sum;
        let discrepancies = &outcome.discrepancies[block.discrepancies.clone()];
        for discrepancy in discrepancies.iter().filter(|it| is_unexplained(it)) {
            total.unexplained += 1;
            total.unexplained_amount += i128::from(discrepancy.amount).abs();
        }
    }
    let row = |(currency, total): (Currency, Total)| {
        let text = |amount: i128| decimal_text(amount, currency.exponent());
        let both = |[ours, theirs]: [i128; 2]| BySide { ours: text(ours), theirs: text(theirs) };
        let closing = [0, 1].map(|side| total.opening[side] + total.movement[side]);
        CurrencyBridge {
            currency: currency.code().to_owned(),
            customers: total.customers,
            agreed: total.agreed,
            opening: both(total.opening),
            movement: both(total.movement),
            closing: both(closing),
            opening_difference: text(total.opening[0] - total.opening[1]),
            discrepancies: total.discrepancies,
            discrepancy_sum: text(total.sum),
            closing_difference: text(closing[0] - closing[1]),
            unexplained: total.unexplained,
            unexplained_amount: text(total.unexplained_amount),
        }
    };
    Ok(totals.into_iter().map(row).collect())
}
