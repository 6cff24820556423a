//! The plan 匹配方案: what a run would do, with a digest over everything it rests on.
//!
//! The kernel is deterministic, so a plan keeps no groups: the commit computes them again from
//! the same snapshot, and the digest proves that it is the same.

use std::collections::{BTreeMap, HashSet};

use heqi_domain::{Currency, LineIx, NoProgress, Progress, Reason, Side};
use heqi_matching::{
    Discrepancy, Evidence, Grounds, GroupId, MatchError, Members, Openings, Outcome, Pass, State,
    Verdict, group_id, match_lines,
};
use heqi_platform::{DbError, Tx};
use sha2::{Digest, Sha256};

use super::load::{self, Loaded, Select};
use super::store::{self, Place};
use crate::features::rules::{self, Active};
use crate::problem::Problem;

/// The engine that a run was made with.
pub const ENGINE: &str = concat!("heqi ", env!("CARGO_PKG_VERSION"));

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// One customer, with those merged into it; every customer if none.
    pub customer: Option<i64>,
    /// Lines through this day; all if none.
    pub as_of: Option<String>,
}

/// Everything that a plan rests on, as read in one snapshot.
#[derive(Debug)]
pub struct Prepared {
    /// What it is about.
    pub scope: Scope,
    /// The open lines.
    pub loaded: Loaded,
    /// The rules that hold.
    pub rules: Active,
    /// Groups that a person has rejected or broken apart: they are not proposed again.
    pub apart: HashSet<u64>,
    /// Suggestions that wait for a person: no run settles by itself what it has asked before,
    /// since with fewer lines left open less would speak against it.
    pub waiting: HashSet<u64>,
    /// Where every posted line stands, in sums.
    pub places: Vec<Place>,
    /// The digest over all this.
    pub digest: String,
}

/// A plan with its groups.
#[derive(Debug)]
pub struct Plan {
    /// What it rests on.
    pub base: Prepared,
    /// What the kernel says.
    pub outcome: Outcome,
    /// The rows of the bridges, without the groups that a person keeps apart.
    pub discrepancies: Vec<Discrepancy>,
}

/// A group of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// Its content id.
    pub id: GroupId,
    /// Index into the blocks of the outcome.
    pub block: u32,
    /// The rule that joined it.
    pub pass: Pass,
    /// How far it is decided.
    pub state: State,
    /// Our lines.
    pub ours: &'a [LineIx],
    /// Their lines.
    pub theirs: &'a [LineIx],
    /// ours − theirs.
    pub difference: i64,
    /// What is to say about it.
    pub verdict: Verdict,
    /// Why.
    pub evidence: Option<&'a Evidence>,
}

/// Reads what a plan rests on.
///
/// # Errors
/// Whatever the database says.
pub async fn prepare(tx: &mut Tx, company: i64, scope: &Scope) -> Result<Prepared, DbError> {
    let select = Select::Open { customer: scope.customer, as_of: scope.as_of.clone() };
    let loaded = load::load(tx, company, &select).await?;
    let rules = rules::active(tx, company).await?;
    let merged = load::merged(tx, company).await?;
    let customers = scope.customer.map(|customer| load::with_merged(&merged, customer));
    let apart = store::apart(tx, company, customers.as_deref()).await?;
    let waiting = store::waiting(tx, company, customers.as_deref()).await?;
    let places =
        store::places(tx, company, customers.as_deref(), scope.as_of.as_deref(), &merged).await?;
    let digest = digest(scope, &loaded, [&apart, &waiting], &rules);
    Ok(Prepared { scope: scope.clone(), loaded, rules, apart, waiting, places, digest })
}

fn digest(scope: &Scope, loaded: &Loaded, known: [&HashSet<u64>; 2], rules: &Active) -> String {
    let mut hash = Sha256::new();
    let mut put = |field: &[u8]| {
        hash.update((field.len() as u64).to_le_bytes());
        hash.update(field);
    };
    put(b"heqi.plan.v1");
    put(&scope.customer.unwrap_or(0).to_le_bytes());
    put(scope.as_of.as_deref().unwrap_or_default().as_bytes());
    put(&loaded.snapshot);
    for ids in known {
        let mut ids: Vec<u64> = ids.iter().copied().collect();
        ids.sort_unstable();
        put(&ids.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>());
    }
    put(rules.digest.as_bytes());
    put(ENGINE.as_bytes());
    hex(&hash.finalize())
}

/// Bytes as hexadecimal text.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Computes a plan away from the threads that answer requests.
///
/// # Errors
/// [`PlanError`].
pub async fn compute(base: Prepared) -> Result<Plan, PlanError> {
    compute_with(base, NoProgress).await
}

/// The same, with signs of progress.
///
/// # Errors
/// [`PlanError`].
pub async fn compute_with(
    base: Prepared,
    progress: impl Progress + Send + 'static,
) -> Result<Plan, PlanError> {
    let task = tokio::task::spawn_blocking(move || run(base, &progress));
    task.await.map_err(|error| PlanError::Lost(error.to_string()))?
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The kernel gave no result.
    #[error(transparent)]
    Kernel(#[from] MatchError),
    /// What the database sums to is not what was read: nothing is shown, nothing kept.
    #[error("the lines do not add up: {0}; nothing was kept. Please report this")]
    NotConserved(String),
    /// The computation ended without an answer.
    #[error("the computation ended: {0}")]
    Lost(String),
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Kernel(MatchError::TooLarge | MatchError::TooMany(_)) => Self::invalid(
                "too_large",
                "金额合计或行数超出可核对的范围；请按客户分别核对",
                "The amounts or lines exceed what can be matched; match by customer",
            ),
            error => DbError::Failed(error.to_string()).into(),
        }
    }
}

fn run(base: Prepared, progress: &dyn Progress) -> Result<Plan, PlanError> {
    let [ours, theirs] = &base.loaded.lines;
    let outcome = match_lines(ours, theirs, &base.rules.set, &Openings::default(), progress)?;
    let discrepancies = discrepancies(&outcome, &base);
    let plan = Plan { base, outcome, discrepancies };
    Ok(plan)
}

/// The rows of the bridges. Where a person keeps a group apart, its lines stand alone.
fn discrepancies(outcome: &Outcome, base: &Prepared) -> Vec<Discrepancy> {
    let mut rows = outcome.discrepancies.clone();
    if !base.apart.is_empty() {
        let apart: Vec<Planned<'_>> =
            speaking(outcome).filter(|group| base.apart.contains(&group.id.0)).collect();
        let ids: HashSet<GroupId> = apart.iter().map(|group| group.id).collect();
        rows.retain(|row| !(row.grouped && ids.contains(&row.id)));
        rows.extend(apart.iter().flat_map(|group| singles(group, base)));
    }
    distinct(&mut rows);
    rows
}

/// Groups whose difference is a row of the bridge: of suggestions that share lines, the first.
fn speaking(outcome: &Outcome) -> impl Iterator<Item = Planned<'_>> {
    let mut spoken: HashSet<(Side, LineIx)> = HashSet::new();
    every(outcome).filter(move |group| {
        if group.state != State::Suggested {
            return true;
        }
        let ours = group.ours.iter().map(|line| (Side::Ours, *line));
        let members: Vec<_> =
            ours.chain(group.theirs.iter().map(|line| (Side::Theirs, *line))).collect();
        if members.iter().any(|member| spoken.contains(member)) {
            return false;
        }
        spoken.extend(members);
        true
    })
}

fn singles(group: &Planned<'_>, base: &Prepared) -> Vec<Discrepancy> {
    let [ours, theirs] = &base.loaded.lines;
    let row = |side: Side, line: &LineIx| {
        let one = std::slice::from_ref(line);
        let none: &[LineIx] = &[];
        let (a, b, amount) = match side {
            Side::Ours => (one, none, ours.amount[*line as usize]),
            Side::Theirs => (none, one, -theirs.amount[*line as usize]),
        };
        Discrepancy {
            id: group_id(ours, a, theirs, b),
            block: group.block,
            verdict: Verdict::of(Reason::Ambiguous),
            amount,
            ours: Members::from(a),
            theirs: Members::from(b),
            grouped: false,
            evidence: Grounds::default(),
        }
    };
    let of_ours = group.ours.iter().map(|line| row(Side::Ours, line));
    of_ours.chain(group.theirs.iter().map(|line| row(Side::Theirs, line))).collect()
}

/// Rows of equal content, as merged customers can have, are told apart by their ordinal.
fn distinct(rows: &mut [Discrepancy]) {
    let mut taken: HashSet<(u32, u64)> = HashSet::with_capacity(rows.len());
    for row in rows {
        while !taken.insert((row.block, row.id.0)) {
            row.id.0 = row.id.0.wrapping_add(0x9e37_79b9);
        }
    }
}

/// Every group that the kernel found.
pub(super) fn every(outcome: &Outcome) -> impl Iterator<Item = Planned<'_>> {
    let pairs = outcome.blocks.iter().zip(0_u32..).flat_map(|(block, number)| {
        outcome.pairs[block.pairs.clone()].iter().map(move |pair| Planned {
            id: pair.id,
            block: number,
            pass: Pass::Exact,
            state: State::Settled,
            ours: std::slice::from_ref(&pair.ours),
            theirs: std::slice::from_ref(&pair.theirs),
            difference: 0,
            verdict: Verdict::NONE,
            evidence: None,
        })
    });
    pairs.chain(outcome.groups.iter().map(|group| Planned {
        id: group.id,
        block: group.block,
        pass: group.pass,
        state: group.state,
        ours: &group.ours,
        theirs: &group.theirs,
        difference: group.difference,
        verdict: group.verdict,
        evidence: group.evidence.is_some().then(|| &*group.evidence),
    }))
}

/// By currency and state: lines and sum of ours and theirs.
pub type StateSums = BTreeMap<(Currency, &'static str), [(i64, i128); 2]>;

impl Plan {
    /// The groups, without those that a person keeps apart.
    pub fn groups(&self) -> impl Iterator<Item = Planned<'_>> {
        let kept = every(&self.outcome).filter(|group| !self.base.apart.contains(&group.id.0));
        kept.map(|group| match self.base.waiting.contains(&group.id.0) {
            true => Planned { state: State::Suggested, ..group },
            false => group,
        })
    }

    /// How many groups a person keeps apart.
    #[must_use]
    pub fn kept_apart(&self) -> i64 {
        every(&self.outcome).filter(|group| self.base.apart.contains(&group.id.0)).count() as i64
    }

    /// The customer and currency of a block.
    #[must_use]
    pub fn account(&self, block: u32) -> (i64, Currency) {
        let account = &self.outcome.blocks[block as usize].account;
        (Loaded::customer_of(account), account.currency)
    }

    /// Lines and sums of each state, by currency and side: settled, differs, suggested, open.
    /// Every line is in one of them.
    ///
    /// # Errors
    /// A line that two groups hold.
    pub fn states(&self) -> Result<StateSums, PlanError> {
        let mut of = self.base.loaded.lines.each_ref().map(|lines| vec![OPEN; lines.len()]);
        for group in self.groups() {
            let state = group.state as u8;
            for (side, lines) in [group.ours, group.theirs].into_iter().enumerate() {
                for line in lines {
                    let at = &mut of[side][*line as usize];
                    if *at != OPEN && (*at != SUGGESTED || state != SUGGESTED) {
                        let id = self.base.loaded.id(side, *line);
                        return Err(PlanError::NotConserved(format!("line {id} is in two groups")));
                    }
                    *at = state;
                }
            }
        }
        let mut sums: StateSums = BTreeMap::new();
        for (side, lines) in self.base.loaded.lines.iter().enumerate() {
            for (at, state) in of[side].iter().enumerate() {
                let currency = lines.accounts[lines.account[at] as usize].currency;
                let sum =
                    &mut sums.entry((currency, STATES[usize::from(*state)])).or_default()[side];
                sum.0 += 1;
                sum.1 += i128::from(lines.amount[at]);
            }
        }
        Ok(sums)
    }
}

/// Names of the states by their number, the last for lines in no group.
const STATES: [&str; 4] = ["settled", "differs", "suggested", "open"];
const SUGGESTED: u8 = State::Suggested as u8;
const OPEN: u8 = 3;
