//! Bytes of any ledger file in; normalised lines, rejected rows and control totals out.
//!
//! Step 2 of 8 of the path in `docs/ARCHITECTURE.md`. Every row becomes a line or a reject that
//! says row, column, value, reason and remedy; one bad row never sinks a file.

mod inspection;
mod options;
mod source;

pub use inspection::{Column, Format, Inspection, Orientation, Role, Warning};
pub use options::{Limits, ReadOptions, View};
pub use source::Source;
