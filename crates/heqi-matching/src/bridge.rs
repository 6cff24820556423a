//! The bridge 余额调节表: from our closing balance to theirs, one discrepancy a row.
//!
//! `closing(ours) − closing(theirs) = opening difference + Σ discrepancies`, per block, to the
//! minor unit, or the run fails.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::{Account, LineIx, Lines, Reason, Side};
use rayon::prelude::*;

use crate::block::Blocks;
use crate::content::{content_key, id_of_keys};
use crate::evidence::Grounds;
use crate::members::Members;
use crate::outcome::{Block, Discrepancy, Group, GroupId, Residual, State, Verdict};
use crate::run::MatchError;

/// Opening balances per account, ours and theirs, minor units, receivable view.
#[derive(Clone, Debug, Default)]
pub struct Openings {
    /// By account; an account that is not named opens at zero.
    pub by_account: BTreeMap<Account, [i64; 2]>,
    /// For a run over one account, whatever its name.
    pub only: Option<[i64; 2]>,
}

/// Blocks with their sums and opening balances, without discrepancies yet.
pub(crate) fn totals(lines: [&Lines; 2], blocks: &Blocks, openings: &Openings) -> Vec<Block> {
    let mut built: Vec<Block> = blocks
        .accounts
        .iter()
        .map(|account| {
            let given = openings.by_account.get(account).copied();
            let only = openings.only.filter(|_| blocks.accounts.len() == 1);
            let [a, b] = given.or(only).unwrap_or([0, 0]);
            Block {
                account: account.clone(),
                lines: [0, 0],
                opening: [i128::from(a), i128::from(b)],
                movement: [0, 0],
                pairs: 0..0,
                discrepancies: 0..0,
            }
        })
        .collect();
    let sums = |lines: &Lines| {
        let mut sums = vec![(0_u64, 0_i128); lines.accounts.len()];
        for (account, amount) in lines.account.iter().zip(&lines.amount) {
            let sum = &mut sums[*account as usize];
            sum.0 += 1;
            sum.1 += i128::from(*amount);
        }
        sums
    };
    let (ours, theirs) = rayon::join(|| sums(lines[0]), || sums(lines[1]));
    for (side, sums, of) in [(0, ours, &blocks.of_ours), (1, theirs, &blocks.of_theirs)] {
        for (account, (count, sum)) in sums.into_iter().enumerate() {
            let block = &mut built[of[account] as usize];
            block.lines[side] += count;
            block.movement[side] += sum;
        }
    }
    built
}

/// The discrepancies of a block, in order, and the proof that they make its bridge.
pub(crate) fn of_block(
    [ours, theirs]: [&Lines; 2],
    number: u32,
    block: &Block,
    groups: &[Group],
    of_residuals: Vec<Discrepancy>,
) -> Result<Vec<Discrepancy>, MatchError> {
    let mut discrepancies = of_residuals;
    discrepancies.extend(from_opening(number, block));
    from_groups(ours, theirs, groups, &mut discrepancies);
    discrepancies.par_sort_by_key(|found| (found.verdict.main, found.id));
    let sum: i128 = discrepancies.iter().map(|row| i128::from(row.amount)).sum();
    let [closing_ours, closing_theirs] = block.closing();
    let off = closing_ours - closing_theirs - sum;
    if off == 0 {
        return Ok(discrepancies);
    }
    Err(MatchError::NotClosed {
        customer: block.account.customer.clone(),
        currency: block.account.currency.to_string(),
        off,
    })
}

/// An opening difference is a discrepancy of its own until its items are carried forward.
fn from_opening(number: u32, block: &Block) -> Option<Discrepancy> {
    (block.opening[0] != block.opening[1]).then(|| Discrepancy {
        id: GroupId(crate::reference::hash_text(
            format!("opening\u{0}{}\u{0}{}", block.account.customer, block.account.currency)
                .as_bytes(),
        )),
        block: number,
        verdict: Verdict::of(Reason::Opening),
        // Openings were given as i64 each, so the difference of two fits i128 and, being
        // bounded by the caller's input, i64 in every real book; saturation would break the
        // identity and fail the run.
        amount: i64::try_from(block.opening[0] - block.opening[1]).unwrap_or(i64::MAX),
        ours: Members::none(),
        theirs: Members::none(),
        grouped: false,
        evidence: Grounds::default(),
    })
}

/// Groups with a difference. Of suggestions that share lines only the first counts; a line that
/// stands only in later ones is a discrepancy by itself, so that every cent is explained once.
fn from_groups(ours: &Lines, theirs: &Lines, groups: &[Group], found: &mut Vec<Discrepancy>) {
    let mut spoken: BTreeSet<(Side, LineIx)> = BTreeSet::new();
    let mut later: Vec<&Group> = Vec::new();
    for group in groups {
        if group.state == State::Suggested {
            if members(group).any(|member| spoken.contains(&member)) {
                later.push(group);
                continue;
            }
            spoken.extend(members(group));
        }
        if group.difference != 0 {
            found.push(from_group(group));
        }
    }
    for group in later {
        for (side, line) in members(group) {
            if spoken.insert((side, line)) {
                let lines = if side == Side::Ours { ours } else { theirs };
                let residual = Residual {
                    side,
                    line,
                    block: group.block,
                    verdict: Verdict::of(Reason::Ambiguous),
                    evidence: group.evidence.clone(),
                };
                let content = content_key(lines, line);
                found.push(from_residual(&residual, content, lines.amount[line as usize]));
            }
        }
    }
}

fn members(group: &Group) -> impl Iterator<Item = (Side, LineIx)> + '_ {
    let ours = group.ours.iter().map(|line| (Side::Ours, *line));
    ours.chain(group.theirs.iter().map(|line| (Side::Theirs, *line)))
}

fn from_group(group: &Group) -> Discrepancy {
    Discrepancy {
        id: group.id,
        block: group.block,
        verdict: if group.state == State::Suggested && group.verdict.main.is_none() {
            Verdict::of(Reason::Ambiguous)
        } else {
            group.verdict
        },
        amount: group.difference,
        ours: group.ours.clone(),
        theirs: group.theirs.clone(),
        grouped: true,
        evidence: group.evidence.clone(),
    }
}

/// The discrepancy of a line that stands alone, from its content key and its amount.
pub(crate) fn from_residual(residual: &Residual, content: u64, amount: i64) -> Discrepancy {
    let line = Members::from(residual.line);
    let ([a, b], amount, [ours, theirs]): ([&[u64]; 2], _, _) = match residual.side {
        Side::Ours => ([&[content], &[]], amount, [line, Members::none()]),
        Side::Theirs => ([&[], &[content]], -amount, [Members::none(), line]),
    };
    Discrepancy {
        id: id_of_keys(a, b),
        block: residual.block,
        verdict: residual.verdict,
        amount,
        ours,
        theirs,
        grouped: false,
        evidence: residual.evidence.clone(),
    }
}
