//! The schema of the books, brought up to date by the role that owns it, and what the role of
//! the server may do with it.

use heqi_platform::config::Config;
use heqi_platform::db::SCHEMA;
use heqi_platform::{Db, DbError};

use super::event;

/// Brings the schema up to date; then lets `server` work with it, and only work with it: the
/// role under which `heqi serve` connects (PostgreSQL alone). The version of the schema.
///
/// # Errors
/// [`DbError::Refused`] for a role that is not there, or that is kept from nothing; and whatever
/// opening says.
pub async fn migrate(config: &Config, server: Option<&str>) -> Result<i64, DbError> {
    let db = Db::open(&config.database_options(), SCHEMA).await?;
    let granted = match server {
        None => Ok(()),
        Some(role) => grant(&db, role).await,
    };
    db.release_slot().await?;
    granted?;
    Ok(SCHEMA.last().map_or(0, |migration| migration.number))
}

async fn grant(db: &Db, role: &str) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    tx.grant_to_server(role).await?;
    tx.record(event("cli", "database.grant", role));
    tx.commit().await
}
