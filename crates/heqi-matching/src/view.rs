//! From whose books a statement speaks 对账方向, told from the data.
//!
//! Lines that share a reference and a magnitude either carry the same sign or the opposite one.
//! Where the opposite prevails, the statement is the customer's payable view and is mirrored.

use std::collections::BTreeMap;

use heqi_domain::Lines;

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

/// Lines that are looked at; the direction of a file shows long before its end.
const SAMPLE: usize = 20_000;

/// Compares signs over shared references. A number that stands for an invoice and its payment
/// alike says nothing and is left out.
#[must_use]
pub fn detect_view(ours: &Lines, theirs: &Lines) -> ViewFinding {
    let mut signs: BTreeMap<(u64, u64), u8> = BTreeMap::new();
    for index in 0..ours.len().min(SAMPLE * 10) {
        let key = reference::key_hash(ours.reference.get(index as u32));
        let amount = ours.amount[index];
        if key != 0 && amount != 0 {
            *signs.entry((key, amount.unsigned_abs())).or_default() |= side_bit(amount);
        }
    }
    let mut finding = ViewFinding { same: 0, opposite: 0, payable: false };
    for index in 0..theirs.len().min(SAMPLE) {
        let key = reference::key_hash(theirs.reference.get(index as u32));
        let amount = theirs.amount[index];
        match signs.get(&(key, amount.unsigned_abs())) {
            Some(bits) if *bits == side_bit(amount) => finding.same += 1,
            Some(bits) if *bits == side_bit(-amount) => finding.opposite += 1,
            _ => {}
        }
    }
    finding.payable = finding.opposite > finding.same.saturating_mul(2);
    finding
}

const fn side_bit(amount: i64) -> u8 {
    if amount > 0 { 1 } else { 2 }
}
