//! The words of reconciliation as types: money, currencies, periods, lines, reasons, balances.
//!
//! Pure: no I/O, no clock, no randomness, no float. Everything else stands on this crate.
#![deny(clippy::float_arithmetic, clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod currency;
mod entry;
mod line;
mod progress;
mod reason;
mod side;

pub use currency::{Currency, UnknownCurrency};
pub use entry::EntryKind;
pub use line::{Account, Day, LineIds, LineIx, Lines, NO_DAY, Strings};
pub use progress::{NoProgress, Progress, Stage};
pub use reason::Reason;
pub use side::Side;
