//! What a run found, counted: states, residuals, and the bridge summed over customers.

use std::collections::BTreeMap;

use heqi_domain::{Currency, LineIx, Lines, Reason, Side};
use heqi_matching::{Discrepancy, Outcome, State, Verdict};

/// Counts of one state; each line counts once, also where several suggestions name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// Groups.
    pub groups: u64,
    /// Lines, ours and theirs.
    pub lines: [u64; 2],
}

/// One reason's part of the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Why.
    pub reason: Reason,
    /// Discrepancies.
    pub count: u64,
    /// Σ ours − theirs, minor units.
    pub amount: i128,
}

/// The bridge 余额调节表 of one currency, summed over customers. Minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// The currency.
    pub currency: Currency,
    /// Customers.
    pub customers: u64,
    /// Opening balances, ours and theirs.
    pub opening: [i128; 2],
    /// Σ movements, ours and theirs.
    pub movement: [i128; 2],
    /// The closing difference by reason, largest first.
    pub parts: Vec<Part>,
}

impl Bridge {
    /// Closing balances, ours and theirs.
    pub const fn closing(&self) -> [i128; 2] {
        [self.opening[0] + self.movement[0], self.opening[1] + self.movement[1]]
    }

    /// The part of a reason; nothing where it has none.
    pub fn part(&self, reason: Reason) -> Part {
        let found = self.parts.iter().find(|part| part.reason == reason);
        found.copied().unwrap_or(Part { reason, count: 0, amount: 0 })
    }
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Lines read, ours and theirs.
    pub lines: [u64; 2],
    /// Settled groups.
    pub settled: Placed,
    /// Groups with an open difference.
    pub differs: Placed,
    /// Groups for a person to decide.
    pub suggested: Placed,
    /// Lines in no group, ours and theirs.
    pub residual: [u64; 2],
    /// The bridges by currency.
    pub bridges: Vec<Bridge>,
}

impl Tally {
    /// Counts an outcome.
    pub fn of(outcome: &Outcome, ours: &Lines, theirs: &Lines) -> Self {
        let pairs = outcome.pairs.len() as u64;
        let mut tally = Self {
            lines: [ours.len() as u64, theirs.len() as u64],
            settled: Placed { groups: pairs, lines: [pairs, pairs] },
            differs: Placed::default(),
            suggested: Placed::default(),
            residual: [0, 0],
            bridges: bridges(outcome),
        };
        let mut seen = [Seen::default(), Seen::default()];
        for group in &outcome.groups {
            let placed = match group.state {
                State::Settled => &mut tally.settled,
                State::Differs => &mut tally.differs,
                State::Suggested => &mut tally.suggested,
            };
            placed.groups += 1;
            let sides = [&group.ours, &group.theirs];
            for (side, lines) in sides.into_iter().enumerate() {
                placed.lines[side] += match group.state {
                    State::Suggested => seen[side].add(lines),
                    State::Settled | State::Differs => lines.len() as u64,
                };
            }
        }
        for residual in &outcome.residuals {
            tally.residual[usize::from(residual.side == Side::Theirs)] += 1;
        }
        tally
    }

    /// Whether anything is left to do: a difference, a suggestion or a residual line.
    pub fn anything_open(&self) -> bool {
        self.differs.groups + self.suggested.groups + self.residual[0] + self.residual[1] > 0
    }

    /// The parts of all currencies, counts only, most frequent first.
    pub fn reasons(&self) -> Vec<(Reason, u64)> {
        let mut counts: BTreeMap<Reason, u64> = BTreeMap::new();
        for part in self.bridges.iter().flat_map(|bridge| &bridge.parts) {
            *counts.entry(part.reason).or_default() += part.count;
        }
        let mut counts: Vec<(Reason, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
        counts
    }
}

/// Lines already counted: sorted only when it is asked, because suggestions are few.
#[derive(Default)]
struct Seen(std::collections::BTreeSet<LineIx>);

impl Seen {
    fn add(&mut self, lines: &[LineIx]) -> u64 {
        lines.iter().filter(|line| self.0.insert(**line)).count() as u64
    }
}

/// The one reason a discrepancy is counted under: the main code, else its first note.
pub fn reason_of(verdict: Verdict) -> Reason {
    verdict.main.or_else(|| verdict.notes().next()).unwrap_or(Reason::Unexplained)
}

fn bridges(outcome: &Outcome) -> Vec<Bridge> {
    let mut by_currency: BTreeMap<Currency, Bridge> = BTreeMap::new();
    let mut parts: BTreeMap<(Currency, Reason), Part> = BTreeMap::new();
    for block in &outcome.blocks {
        let currency = block.account.currency;
        let bridge = by_currency.entry(currency).or_insert(Bridge {
            currency,
            customers: 0,
            opening: [0; 2],
            movement: [0; 2],
            parts: Vec::new(),
        });
        bridge.customers += 1;
        for side in 0..2 {
            bridge.opening[side] += block.opening[side];
            bridge.movement[side] += block.movement[side];
        }
        let opened = block.opening[0] - block.opening[1];
        let rows = &outcome.discrepancies[block.discrepancies.clone()];
        // The kernel may itemize the opening difference or leave it to the block.
        let itemized = rows.iter().any(|row| reason_of(row.verdict) == Reason::Opening);
        if opened != 0 && !itemized {
            add(&mut parts, currency, Reason::Opening, opened);
        }
        for Discrepancy { verdict, amount, .. } in rows {
            add(&mut parts, currency, reason_of(*verdict), i128::from(*amount));
        }
    }
    for ((currency, _), part) in parts {
        if let Some(bridge) = by_currency.get_mut(&currency) {
            bridge.parts.push(part);
        }
    }
    for bridge in by_currency.values_mut() {
        let largest = |part: &Part| (std::cmp::Reverse(part.amount.unsigned_abs()), part.reason);
        bridge.parts.sort_by_key(largest);
    }
    by_currency.into_values().collect()
}

fn add(
    parts: &mut BTreeMap<(Currency, Reason), Part>,
    currency: Currency,
    reason: Reason,
    amount: i128,
) {
    let part = parts.entry((currency, reason)).or_insert(Part { reason, count: 0, amount: 0 });
    part.count += 1;
    part.amount += amount;
}
