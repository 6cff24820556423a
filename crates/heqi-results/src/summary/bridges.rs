//! The bridges added up per currency, and the identity that each of them must keep.

use std::collections::BTreeMap;

use heqi_domain::{Currency, Reason, decimal_text};
use heqi_matching::{Block, Discrepancy, Outcome};

use super::{BySide, CurrencyBridge};
use crate::error::ResultsError;

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

/// Adds the bridges up per currency; each must close.
pub fn totals(outcome: &Outcome) -> Result<Vec<CurrencyBridge>, ResultsError> {
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
