//! Bytes of any ledger file in; normalised lines, rejected rows and control totals out.
//!
//! Step 2 of 8 of the path in `docs/ARCHITECTURE.md`. Every row becomes a line or a reject that
//! says row, column, value, reason and remedy; one bad row never sinks a file.

mod amount;
mod assign;
mod balance;
mod cell;
mod checks;
mod collect;
mod content;
mod date;
mod encoding;
mod error;
mod fast;
mod figures;
mod guard;
mod gzip;
mod head;
mod header;
mod html;
mod ids;
mod inspect;
mod inspection;
mod labels;
mod lines;
mod names;
mod normalise;
mod options;
mod parquet_input;
mod plan;
mod profile;
mod read;
mod reading;
mod record;
mod reject;
mod row_numbers;
mod rows;
mod settle;
mod sheet;
mod sniff;
mod source;
mod stated;
mod table;
mod template;
mod text;
mod understand;
mod words;

pub use error::{FormatName, IntakeError};
pub use figures::Figures;
pub use inspection::{Column, Format, Inspection, Orientation, Role, Warning};
pub use options::{Limits, ReadOptions, View};
pub use read::{Became, EachRow, read, read_rows, template};
pub use reading::{ControlTotals, Reading};
pub use reject::{Reject, RejectReason};
pub use source::Source;
pub use table::{EachCells, rows};
pub use template::{Template, TemplateError, fingerprint};
