//! The schema and its versions.
//!
//! A migration is one number, one common text, and what only one engine needs (triggers).
//! It runs once, in a transaction of its own, and is remembered with the digest of its text.

use sha2::{Digest, Sha256};

use super::{Db, DbError, Sql, Tx};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: 1, 2, 3, …
    pub number: i64,
    /// What it is for.
    pub name: &'static str,
    /// Statements that both engines run.
    pub common: &'static str,
    /// Statements that only SQLite runs, after the common ones.
    pub sqlite: &'static str,
    /// Statements that only PostgreSQL runs, after the common ones.
    pub postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal,)*) => {
        &[$(Migration {
            number: $number,
            name: $name,
            common: include_str!(concat!("../../migrations/", $name, ".sql")),
            sqlite: include_str!(concat!("../../migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("../../migrations/", $name, ".postgres.sql")),
        },)*]
    };
}

/// Every migration, in order.
pub const SCHEMA: &[Migration] = migrations![
    1 "0001_platform",
    2 "0002_users",
    3 "0003_customers",
    4 "0004_ledger",
    5 "0005_imports",
    6 "0006_matching",
    7 "0007_resolution",
    8 "0008_periods",
];

/// Runs what has not run yet; refuses a schema that this program does not know.
pub(super) async fn run(db: &Db, migrations: &[Migration]) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    if is_anothers(&mut tx).await? {
        return look(&mut tx, migrations).await;
    }
    tx.batch(
        "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY, \
         name TEXT NOT NULL, digest TEXT NOT NULL, applied_at BIGINT NOT NULL)",
    )
    .await?;
    tx.commit_housekeeping().await?;
    for migration in migrations {
        apply(db, migration).await?;
    }
    refuse_newer(&mut db.read().await?, migrations).await
}

async fn refuse_newer(tx: &mut Tx, migrations: &[Migration]) -> Result<(), DbError> {
    let newest = tx.count(Sql::new("SELECT MAX(number) AS n FROM schema_version")).await?;
    let known = migrations.last().map_or(0, |migration| migration.number);
    if newest > known {
        return Err(DbError::Schema(format!(
            "it is at version {newest} and this program knows {known}; \
             run the newer program, or restore the backup made before its upgrade"
        )));
    }
    Ok(())
}

/// Whether the schema is owned by a role that this connection does not have.
async fn is_anothers(tx: &mut Tx) -> Result<bool, DbError> {
    if !tx.is_postgres() {
        return Ok(false);
    }
    let sql = "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('schema_version') \
               AND NOT pg_has_role(relowner, 'MEMBER')";
    Ok(tx.count(Sql::new(sql)).await? == 1)
}

/// Whether everything has run that this program knows, for a role that may not run it.
async fn look(tx: &mut Tx, migrations: &[Migration]) -> Result<(), DbError> {
    for migration in migrations {
        let known = Sql::new("SELECT digest FROM schema_version WHERE number = $1");
        let known = tx.optional(known.bind(migration.number)).await?;
        let missing = || {
            DbError::Schema(format!(
                "migration {} has not run, and this role does not own the schema; \
                 run `heqi migrate` with the address of the owner",
                migration.name
            ))
        };
        if known.ok_or_else(missing)?.get::<String>("digest")? != digest(migration) {
            return Err(changed(migration));
        }
    }
    refuse_newer(tx, migrations).await
}

async fn apply(db: &Db, migration: &Migration) -> Result<(), DbError> {
    let digest = digest(migration);
    let mut tx = db.write().await?;
    if db.is_postgres() {
        // Two servers that start together migrate one after the other.
        tx.batch("LOCK TABLE schema_version IN EXCLUSIVE MODE").await?;
    }
    let known = Sql::new("SELECT digest FROM schema_version WHERE number = $1");
    if let Some(row) = tx.optional(known.bind(migration.number)).await? {
        if row.get::<String>("digest")? != digest {
            return Err(changed(migration));
        }
        return Ok(());
    }
    if db.is_postgres() {
        tx.batch(migration.common).await?;
        tx.batch(migration.postgres).await?;
    } else {
        // The one word that makes a number the row's own place; BIGINT would be an index beside.
        let common = migration.common.replace("id BIGINT PRIMARY KEY", "id INTEGER PRIMARY KEY");
        tx.batch(&common).await?;
        tx.batch(migration.sqlite).await?;
    }
    let insert = Sql::new(
        "INSERT INTO schema_version (number, name, digest, applied_at) VALUES ($1, $2, $3, $4)",
    );
    let now = tx.now();
    tx.execute(insert.bind(migration.number).bind(migration.name).bind(digest).bind(now)).await?;
    tx.commit_housekeeping().await
}

fn changed(migration: &Migration) -> DbError {
    let name = migration.name;
    DbError::Schema(format!("migration {name} was changed after it had run on this database"))
}

fn digest(migration: &Migration) -> String {
    let mut hash = Sha256::new();
    for part in [migration.common, migration.sqlite, migration.postgres] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
