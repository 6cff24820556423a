//! From whose books a statement speaks 对账方向, told from the data.
//!
//! Lines that share a reference and a magnitude either carry the same sign or the opposite one.
//! Where the opposite prevails, the statement is the customer's payable view and is mirrored.

use heqi_domain::Lines;
use rayon::prelude::*;

use crate::reference;

/// How many shared references carry the same sign, and how many the opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewFinding {
    /// Shared references of equal amount.
    pub same: u64,
    /// Shared references of opposite amount.
    pub opposite: u64,
    /// Whether the statement speaks from the payable.
    pub payable: bool,
}

/// Lines of theirs that are looked at, and of ours for each of them: the direction of a file
/// shows long before its end. Only where a few shared references do not show it are there more.
const SAMPLES: [usize; 2] = [1_000, 20_000];
const OURS_FOR_EACH: usize = 10;

/// Shared references that are enough to tell.
const ENOUGH: u64 = 100;

/// Compares signs over shared references. A number that stands for an invoice and its payment
/// alike says nothing and is left out.
#[must_use]
pub fn detect_view(ours: &Lines, theirs: &Lines) -> ViewFinding {
    let mut finding = ViewFinding { same: 0, opposite: 0, payable: false };
    for sample in SAMPLES {
        finding = compare(ours, theirs, sample);
        let (less, more) = (finding.same.min(finding.opposite), finding.same.max(finding.opposite));
        if more >= ENOUGH && less * 10 <= more {
            break;
        }
    }
    finding
}

fn compare(ours: &Lines, theirs: &Lines, sample: usize) -> ViewFinding {
    let fact = |lines: &Lines, index: usize| {
        let key = reference::key_hash(lines.reference.get(index as u32));
        let amount = lines.amount[index];
        (key != 0 && amount != 0).then_some(((key, amount.unsigned_abs()), side_bit(amount)))
    };
    let asked: Vec<_> =
        (0..theirs.len().min(sample)).filter_map(|index| fact(theirs, index)).collect();
    let mut wanted: Vec<(u64, u64)> = asked.iter().map(|(fact, _)| *fact).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let shared: Vec<(usize, u8)> = (0..ours.len().min(sample * OURS_FOR_EACH))
        .into_par_iter()
        .with_min_len(1 << 12)
        .filter_map(|index| {
            let (fact, bit) = fact(ours, index)?;
            Some((wanted.binary_search(&fact).ok()?, bit))
        })
        .collect();
    let mut signs = vec![0_u8; wanted.len()];
    for (at, bit) in shared {
        signs[at] |= bit;
    }
    let mut finding = ViewFinding { same: 0, opposite: 0, payable: false };
    for (fact, bit) in asked {
        match wanted.binary_search(&fact).map(|at| signs[at]) {
            Ok(bits) if bits == bit => finding.same += 1,
            Ok(bits) if bits == OPPOSITE - bit => finding.opposite += 1,
            _ => {}
        }
    }
    finding.payable = finding.opposite > finding.same.saturating_mul(2);
    finding
}

/// The two bits of [`side_bit`] together.
const OPPOSITE: u8 = 3;

const fn side_bit(amount: i64) -> u8 {
    if amount > 0 { 1 } else { 2 }
}
