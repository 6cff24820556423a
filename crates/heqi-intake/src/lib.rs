//! Bytes of any ledger file in; normalised lines, rejected rows and control totals out.
//!
//! Step 2 of 8 of the path in `docs/ARCHITECTURE.md`. Every row becomes a line or a reject that
//! says row, column, value, reason and remedy; one bad row never sinks a file.

mod error;
mod inspection;
mod normalise;
mod options;
mod plan;
mod reading;
mod reject;
mod source;

pub use error::{FormatName, IntakeError};
pub use inspection::{Column, Format, Inspection, Orientation, Role, Warning};
pub use options::{Limits, ReadOptions, View};
pub use reading::{ControlTotals, Reading};
pub use reject::{Reject, RejectReason};
pub use source::Source;
