//! The summary of a run: where every line stands, by which rule, and the bridges.
//!
//! Conservation is checked here, in sums that the database made by itself: the states add up to
//! all posted lines of each side, and every bridge closes to the minor unit, or there is no run.

use std::collections::BTreeMap;

use heqi_domain::{Currency, CustomerId, Id, LineId, LineIx, Side};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan::{Plan, PlanError, Planned};
use super::store::Place;

/// What a run does, in figures. Amounts are minor units, signed from the receivable's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunSummary {
    /// Where every posted line stands after the run; the rows of a currency are all its lines.
    pub states: Vec<StateSum>,
    /// Groups by rule and state, the rules in the order in which they run.
    pub passes: Vec<PassSum>,
    /// Discrepancies by reason.
    pub reasons: Vec<ReasonSum>,
    /// From our balance to theirs, for each customer and currency.
    pub bridges: Vec<BridgeRow>,
    /// Groups that the rules would make and a person has rejected or broken apart.
    pub kept_apart: i64,
}

/// Lines and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineSum {
    /// How many lines.
    pub lines: i64,
    /// Their sum.
    pub amount: i64,
}

/// The lines in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateSum {
    /// ISO 4217.
    pub currency: String,
    /// `settled`, `differs`, `suggested` or `open` by this run; `matched` or `held` before it.
    pub state: String,
    /// Ours.
    pub ours: LineSum,
    /// Theirs.
    pub theirs: LineSum,
}

/// The groups of one rule and state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassSum {
    /// The rule.
    pub pass: String,
    /// `settled`, `differs` or `suggested`.
    pub state: String,
    /// How many groups.
    pub groups: i64,
    /// Lines of ours and theirs in them; one line can be in several suggestions.
    pub lines: [i64; 2],
    /// The first few.
    pub samples: Vec<GroupSample>,
}

/// A group of a plan, to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupSample {
    /// The customer.
    pub customer: String,
    /// ISO 4217.
    pub currency: String,
    /// Our lines.
    pub ours: Vec<String>,
    /// Their lines.
    pub theirs: Vec<String>,
    /// ours − theirs.
    pub difference: i64,
    /// `main+note`; empty for a plain match.
    pub reason: String,
}

/// The discrepancies of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonSum {
    /// ISO 4217.
    pub currency: String,
    /// The main reason.
    pub reason: String,
    /// How many.
    pub count: i64,
    /// Their sum, ours − theirs.
    pub amount: i64,
}

/// A bridge 余额调节表 in five figures: `ours − theirs = matched + held + found`, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BridgeRow {
    /// The customer.
    pub customer: String,
    /// ISO 4217.
    pub currency: String,
    /// Our balance: the sum of all our posted lines through the day of the run.
    pub ours: i64,
    /// Theirs.
    pub theirs: i64,
    /// What earlier matches leave between the two.
    pub matched: i64,
    /// What held lines leave.
    pub held: i64,
    /// The discrepancies of this run.
    pub found: i64,
    /// What is left: always 0, or there is no run.
    pub unexplained: i64,
}

const SAMPLES: usize = 3;
const SAMPLE_LINES: usize = 20;

impl RunSummary {
    /// The summary of a plan, after the proof that nothing was lost.
    ///
    /// # Errors
    /// [`PlanError::NotConserved`] with the place and by how much.
    pub fn of(plan: &Plan) -> Result<Self, PlanError> {
        let found = plan.base.apart.len();
        let kept = if found == 0 { 0 } else { plan.kept_apart() };
        Ok(Self {
            states: states(plan)?,
            passes: passes(plan),
            reasons: reasons(plan)?,
            bridges: bridges(plan)?,
            kept_apart: kept,
        })
    }

    /// Groups of a state, all rules together.
    #[must_use]
    pub fn groups(&self, state: &str) -> i64 {
        self.passes.iter().filter(|pass| pass.state == state).map(|pass| pass.groups).sum()
    }
}

fn small(sum: i128) -> Result<i64, PlanError> {
    i64::try_from(sum).map_err(|_| PlanError::Kernel(heqi_matching::MatchError::TooLarge))
}

fn states(plan: &Plan) -> Result<Vec<StateSum>, PlanError> {
    let mut sums = plan.states()?;
    // What this run has seen is what the database counts as open.
    let mut seen: BTreeMap<(Currency, usize), (i64, i128)> = BTreeMap::new();
    for ((currency, _), sides) in &sums {
        for (side, (lines, amount)) in sides.iter().enumerate() {
            let sum = seen.entry((*currency, side)).or_default();
            sum.0 += lines;
            sum.1 += amount;
        }
    }
    for place in &plan.base.places {
        let side = usize::from(place.side == Side::Theirs);
        let (lines, amount) = (place.lines, i128::from(place.amount));
        if place.place == "open" {
            let sum = seen.entry((place.currency, side)).or_default();
            sum.0 -= lines;
            sum.1 -= amount;
        } else {
            let sum = &mut sums.entry((place.currency, place.place)).or_default()[side];
            sum.0 += lines;
            sum.1 += amount;
        }
    }
    if let Some(((currency, side), off)) = seen.iter().find(|(_, off)| **off != (0, 0)) {
        let side = ["ours", "theirs"][*side];
        let text = format!("{side} {currency}: {} lines, {} minor units off", off.0, off.1);
        return Err(PlanError::NotConserved(text));
    }
    let row = |((currency, state), [ours, theirs]): (_, [(i64, i128); 2])| {
        let sum = |(lines, amount)| Ok::<_, PlanError>(LineSum { lines, amount: small(amount)? });
        let (currency, state): (Currency, &str) = (currency, state);
        let (currency, state) = (currency.to_string(), state.to_owned());
        Ok(StateSum { currency, state, ours: sum(ours)?, theirs: sum(theirs)? })
    };
    sums.into_iter().map(row).collect()
}

fn passes(plan: &Plan) -> Vec<PassSum> {
    let mut sums: BTreeMap<_, PassSum> = BTreeMap::new();
    for group in plan.groups() {
        let sum = sums.entry((group.pass, group.state)).or_insert_with(|| PassSum {
            pass: group.pass.code().to_owned(),
            state: group.state.code().to_owned(),
            groups: 0,
            lines: [0, 0],
            samples: Vec::new(),
        });
        sum.groups += 1;
        sum.lines[0] += group.ours.len() as i64;
        sum.lines[1] += group.theirs.len() as i64;
        if sum.samples.len() < SAMPLES {
            sum.samples.push(sample(plan, &group));
        }
    }
    sums.into_values().collect()
}

fn sample(plan: &Plan, group: &Planned<'_>) -> GroupSample {
    let (customer, currency) = plan.account(group.block);
    let names = |side: usize, lines: &[LineIx]| {
        let ids = lines.iter().take(SAMPLE_LINES);
        ids.map(|line| LineId::text(plan.base.loaded.id(side, *line))).collect()
    };
    GroupSample {
        customer: CustomerId::text(customer),
        currency: currency.to_string(),
        ours: names(0, group.ours),
        theirs: names(1, group.theirs),
        difference: group.difference,
        reason: group.verdict.code(),
    }
}

fn reasons(plan: &Plan) -> Result<Vec<ReasonSum>, PlanError> {
    let mut sums: BTreeMap<(Currency, &str), (i64, i128)> = BTreeMap::new();
    for row in &plan.discrepancies {
        let reason = row.verdict.main.map_or("", heqi_domain::Reason::code);
        let sum = sums.entry((plan.account(row.block).1, reason)).or_default();
        sum.0 += 1;
        sum.1 += i128::from(row.amount);
    }
    let row = |((currency, reason), (count, amount)): ((Currency, &str), (i64, i128))| {
        let (currency, reason) = (currency.to_string(), reason.to_owned());
        Ok(ReasonSum { currency, reason, count, amount: small(amount)? })
    };
    sums.into_iter().map(row).collect()
}

#[derive(Default)]
struct Parts {
    balance: [i128; 2],
    matched: i128,
    held: i128,
    found: i128,
}

fn bridges(plan: &Plan) -> Result<Vec<BridgeRow>, PlanError> {
    let mut parts: BTreeMap<(i64, Currency), Parts> = BTreeMap::new();
    for Place { customer, currency, side, place, amount, .. } in &plan.base.places {
        let part = parts.entry((*customer, *currency)).or_default();
        let amount = i128::from(*amount);
        let signed = if *side == Side::Ours { amount } else { -amount };
        part.balance[usize::from(*side == Side::Theirs)] += amount;
        match *place {
            "matched" => part.matched += signed,
            "held" => part.held += signed,
            _ => {}
        }
    }
    for row in &plan.discrepancies {
        parts.entry(plan.account(row.block)).or_default().found += i128::from(row.amount);
    }
    let row = |((customer, currency), part): ((i64, Currency), Parts)| {
        let [ours, theirs] = part.balance;
        let off = ours - theirs - part.matched - part.held - part.found;
        let customer = CustomerId::text(customer);
        if off != 0 {
            let text = format!("the bridge of {customer} in {currency} is {off} minor units off");
            return Err(PlanError::NotConserved(text));
        }
        Ok(BridgeRow {
            customer,
            currency: currency.to_string(),
            ours: small(ours)?,
            theirs: small(theirs)?,
            matched: small(part.matched)?,
            held: small(part.held)?,
            found: small(part.found)?,
            unexplained: 0,
        })
    };
    parts.into_iter().map(row).collect()
}
