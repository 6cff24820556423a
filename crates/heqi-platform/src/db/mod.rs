//! One database behind two engines: SQLite in a file, PostgreSQL for a team.
//!
//! Features write one SQL text in the subset that both speak; where the engines differ, one
//! named method of [`Tx`] hides it. SQLite is driven by `rusqlite` and PostgreSQL by
//! `tokio-postgres`, since both can load a million lines at the speed of the engine
//! (`docs/decisions/0006-two-drivers-one-transaction.md`).

mod bulk;
mod custody;
mod error;
mod migrate;
mod open;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod sqlite_rows;
mod tx;
mod wire;

pub use bulk::Cells;
pub use custody::Custody;
pub use error::DbError;
pub use migrate::{Migration, SCHEMA};
pub use open::{Db, Options};
pub use row::{Column, Row};
pub use sql::{Sql, Value};
pub use tx::Tx;
