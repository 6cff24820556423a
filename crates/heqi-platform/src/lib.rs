//! What every feature of the server stands on: one database behind two engines, the audit chain,
//! jobs, idempotent requests, files, time. Knows nothing of customers or ledgers.
//!
//! A change is one transaction: `Db::write` opens it, `Tx::record` says what was done, and
//! `Tx::commit` appends the audit records, so that no change is without one.

pub mod audit;
pub mod backup;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod db;
pub mod fault;
pub mod idempotency;
pub mod ids;
pub mod jobs;

pub use clock::{Clock, Timestamp};
pub use db::{Db, DbError, Row, Sql, Tx, Value};
