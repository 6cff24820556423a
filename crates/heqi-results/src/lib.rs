//! The result folder of a match: tables, evidence, summary and a workbook, all or nothing.
//!
//! | file | holds |
//! |---|---|
//! | `groups` | a row per group: exact pairs and all others, by block |
//! | `members` | a row per line of a group |
//! | `residuals` | a row per line in no group |
//! | `discrepancies` | a row per discrepancy, with its sentence |
//! | `bridge` | per customer and currency: opening, one row a discrepancy, closing |
//! | `rejects` | the rows of the files that became no line |
//! | `evidence.jsonl` | why each group, discrepancy and residual stands, for the checker |
//! | `rules.toml` | the rules of the run, complete |
//! | `reconciliation.xlsx` | the workbook for people |
//! | `summary.json` | counts, sums, bridge totals, digests of inputs, rules, plan and files |
//! | `timings.json` | when and how long; the only file that differs between two equal runs |
//!
//! The tables are CSV (`.csv`), JSON Lines (`.jsonl`) or both; the order of rows is the order
//! of the outcome. Amounts are decimal text, ids are text. A CSV cell that a spreadsheet would
//! run as a formula has an apostrophe in front; [`original`] takes it away again.

mod encode;
mod error;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod folder_tests;
mod model;
mod order;
mod staging;
mod summary;
mod tables;
mod text;
mod verify;
mod work;
mod workbook;
mod write;

pub use error::ResultsError;
pub use model::{Input, MatchResult, ResultFormat, Rules, UnknownFormat, Written};
pub use staging::{SUMMARY_FILE, WrittenFile, digest_of, sha256_hex};
pub use summary::{
    BySide, CurrencyBridge, FileRecord, InputRecord, PassCount, ReasonCount, RulesRecord,
    StateCount, Sum, Summary,
};
pub use tables::parse_lines_cell;
pub use text::{harmless, original};
pub use verify::{Finding, FindingCode, Unsound, Verified, VerifyError, verify};
pub use write::write;
