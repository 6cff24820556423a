//! Restoring a backup into an empty database, of either engine: one transaction, committed only
//! if what was restored equals the backup.

use std::path::Path;

use heqi_domain::{Progress, Stage};

use super::error::BackupError;
use super::export;
use super::format::{Contents, Header};
use super::make::schema;
use super::read::Reader;
use super::schema::{Table, quoted, tables};
use crate::audit;
use crate::crypto::backup::Decryption;
use crate::db::{Db, DbError, Sql, Tx, Value};

/// Restores a backup into a database that holds nothing but its schema.
///
/// # Errors
/// [`BackupError::NotEmpty`], [`BackupError::Schema`], [`BackupError::NotEqual`] and whatever
/// [`super::verify()`] finds. After an error the database is as empty as before.
pub async fn restore(
    db: &Db,
    path: &Path,
    decryption: &Decryption,
    watch: &dyn Progress,
) -> Result<Contents, BackupError> {
    let mut reader = Reader::open(path, decryption)?;
    let mut tx = db.write().await?;
    refuse_other_schema(&mut tx, &reader.header).await?;
    let known = tables(&mut tx).await?;
    refuse_unless_empty(&mut tx, &known).await?;
    let triggers = Triggers::off(&mut tx, &known).await?;
    watch.stage(Stage::Write, 0);
    while let Some(table) = reader.table()? {
        if !known.iter().any(|ours| ours.name == table.name && ours.columns == table.columns) {
            let what = format!("the table {} has other columns here", table.name);
            return Err(BackupError::Malformed { line: 0, what });
        }
        fill(&mut tx, &table, &mut reader, watch).await?;
    }
    triggers.on(&mut tx).await?;
    let contents = reader.finish()?;
    watch.stage(Stage::Verify, contents.summary.rows());
    let found = export::write(&mut tx, watch, &mut std::io::sink()).await?;
    if found != contents.summary {
        let (stated, found) = (contents.summary.digest, found.digest);
        return Err(BackupError::NotEqual { stated, found });
    }
    refuse_broken_chains(&mut tx, &contents.header).await?;
    tx.commit_housekeeping().await?;
    Ok(contents)
}

async fn refuse_other_schema(tx: &mut Tx, header: &Header) -> Result<(), BackupError> {
    let ours = schema(tx).await?;
    if ours == header.schema {
        return Ok(());
    }
    let name = |schema: &[(i64, String)]| {
        let last = schema
            .last()
            .map(|(number, digest)| format!("{number} ({})", digest.get(..8).unwrap_or_default()));
        last.unwrap_or_else(|| "0".to_owned())
    };
    let (theirs, ours) = (name(&header.schema), name(&ours));
    Err(BackupError::Schema { theirs, ours, program: header.program.clone() })
}

async fn refuse_unless_empty(tx: &mut Tx, known: &[Table]) -> Result<(), BackupError> {
    for table in known {
        let text = format!("SELECT 1 AS found FROM {} LIMIT 1", quoted(&table.name));
        if tx.optional(Sql::of_schema(text)).await?.is_some() {
            return Err(BackupError::NotEmpty { table: table.name.clone() });
        }
    }
    Ok(())
}

async fn refuse_broken_chains(tx: &mut Tx, header: &Header) -> Result<(), BackupError> {
    for head in &header.heads {
        if let Some(fault) = audit::verify(tx, head.company, &[]).await?.fault {
            return Err(BackupError::Chain { company: head.company, fault });
        }
    }
    Ok(())
}

/// Reads the rows of one table from the backup straight into the database.
async fn fill(
    tx: &mut Tx,
    table: &Table,
    reader: &mut Reader,
    watch: &dyn Progress,
) -> Result<(), BackupError> {
    if watch.cancelled() {
        return Err(BackupError::Canceled);
    }
    let (mut failed, mut count) = (None, 0_u64);
    let rows = std::iter::from_fn(|| {
        count += 1;
        if count.is_multiple_of(1_000) {
            watch.advance(1_000);
            if watch.cancelled() {
                failed = Some(BackupError::Canceled);
                return None;
            }
        }
        reader.row(table).unwrap_or_else(|error| {
            failed = Some(error);
            None::<Vec<Value>>
        })
    });
    let inserted = tx.insert_rows(&quoted(&table.name), &table.list(), rows).await;
    match failed {
        Some(error) => Err(error),
        None => Ok(inserted.map(drop)?),
    }
}

/// Triggers do while people work what they must not do to rows that come from a backup, such as
/// marking every line as new. They are off for this transaction only.
struct Triggers {
    /// SQLite cannot switch a trigger off: its statement, to make it again.
    statements: Vec<String>,
    /// PostgreSQL can, table by table.
    tables: Vec<String>,
}

impl Triggers {
    async fn off(tx: &mut Tx, known: &[Table]) -> Result<Self, DbError> {
        if tx.is_postgres() {
            let tables: Vec<String> = known.iter().map(|table| quoted(&table.name)).collect();
            for table in &tables {
                tx.batch(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await?;
            }
            return Ok(Self { statements: Vec::new(), tables });
        }
        // Rows of one table may refer to later ones of the same: looked at when all are there.
        tx.batch("PRAGMA defer_foreign_keys = ON").await?;
        let list = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid";
        let mut statements = Vec::new();
        for row in tx.rows(Sql::new(list)).await? {
            tx.batch(&format!("DROP TRIGGER {}", quoted(&row.get::<String>("name")?))).await?;
            statements.push(row.get("sql")?);
        }
        Ok(Self { statements, tables: Vec::new() })
    }

    async fn on(self, tx: &mut Tx) -> Result<(), DbError> {
        for statement in self.statements {
            tx.batch(&statement).await?;
        }
        for table in self.tables {
            tx.batch(&format!("ALTER TABLE {table} ENABLE TRIGGER USER")).await?;
        }
        Ok(())
    }
}
