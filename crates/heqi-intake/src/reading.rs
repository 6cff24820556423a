//! What reading a file gives.

use heqi_domain::Lines;

use crate::{Inspection, Reject};

/// A file as read: what became lines, what did not, and how it was understood.
#[derive(Debug)]
pub struct Reading {
    /// The accepted lines, signed from the receivable's side.
    pub lines: Lines,
    /// The rows that are not lines, in file order.
    pub rejects: Vec<Reject>,
    /// How the file was understood.
    pub inspection: Inspection,
    /// What the file itself says that the lines must add up to.
    pub control: ControlTotals,
    /// SHA-256 of the bytes of the file.
    pub sha256: [u8; 32],
}

/// Balances that the file states, in minor units, receivable orientation after mirroring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControlTotals {
    /// Opening balance 期初余额.
    pub opening: Option<i64>,
    /// Closing balance 期末余额.
    pub closing: Option<i64>,
}
