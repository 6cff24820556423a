//! A transaction: statements, what was done for the audit chain, and the commit of both.

use super::postgres::PgUnit;
use super::sqlite::{ReadUnit, WriteUnit, blocking};
use super::{Cells, Db, DbError, Row, Sql, Value, sqlite_rows};
use crate::Timestamp;
use crate::audit::{self, Event};
use crate::fault;

/// Rows after which statistics of before say little.
const MANY: u64 = 10_000;

/// A transaction; what is not committed is undone when it is dropped.
#[derive(Debug)]
pub struct Tx {
    db: Db,
    unit: Unit,
    now: Timestamp,
    events: Vec<Event>,
    /// Statistics were renewed.
    looked_anew: bool,
}

#[derive(Debug)]
pub(super) enum Unit {
    Read(ReadUnit),
    Write(WriteUnit),
    Postgres(PgUnit),
}

impl Tx {
    pub(super) fn new(db: Db, unit: Unit) -> Self {
        let now = db.clock().now();
        Self { db, unit, now, events: Vec::new(), looked_anew: false }
    }

    /// The instant of this transaction: one for all that it writes.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the engine is PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        self.db.is_postgres()
    }

    /// A number for a new row.
    #[must_use]
    pub fn next_id(&self) -> i64 {
        self.db.next_id()
    }

    /// Runs a statement; the number of rows it changed.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64, DbError> {
        match &mut self.unit {
            Unit::Read(unit) => sqlite_rows::execute(unit.connection(), &sql),
            Unit::Write(unit) => sqlite_rows::execute(unit.connection(), &sql),
            Unit::Postgres(unit) => unit.execute(&sql).await,
        }
    }

    /// All rows that a statement returns.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn rows(&mut self, sql: Sql) -> Result<Vec<Row>, DbError> {
        match &mut self.unit {
            Unit::Read(unit) => blocking(|| sqlite_rows::rows(unit.connection(), &sql)),
            Unit::Write(unit) => blocking(|| sqlite_rows::rows(unit.connection(), &sql)),
            Unit::Postgres(unit) => unit.rows(&sql).await,
        }
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn optional(&mut self, sql: Sql) -> Result<Option<Row>, DbError> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// The only row.
    ///
    /// # Errors
    /// [`DbError::Failed`] if there is none.
    pub async fn one(&mut self, sql: Sql) -> Result<Row, DbError> {
        let missing = || DbError::Failed("a row that must exist does not".to_owned());
        self.optional(sql).await?.ok_or_else(missing)
    }

    /// The number in the first column of the only row, as of `SELECT COUNT(*)`.
    ///
    /// # Errors
    /// [`DbError::Column`] if it is no number.
    pub async fn count(&mut self, sql: Sql) -> Result<i64, DbError> {
        match self.one(sql).await?.values().first() {
            Some(Value::Int(number)) => Ok(*number),
            Some(Value::Null) => Ok(0),
            other => Err(DbError::Column {
                name: "count".to_owned(),
                expected: "BIGINT",
                found: format!("{other:?}"),
            }),
        }
    }

    /// Locks a row of a company until the transaction ends, where the statement that reads it
    /// joins tables and cannot lock on PostgreSQL.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn lock_row(
        &mut self,
        table: &'static str,
        company: i64,
        id: i64,
    ) -> Result<(), DbError> {
        let mut sql = Sql::new("SELECT id FROM ");
        sql.push(table).push(" WHERE company_id = ").push_bind(company);
        sql.push(" AND id = ").push_bind(id);
        self.rows(sql.for_update()).await.map(drop)
    }

    /// Hands every row to `act` as it is read, at the speed of the engine.
    ///
    /// # Errors
    /// Whatever the database or `act` says. PostgreSQL takes no parameters here, so the values
    /// of `sql` must be numbers.
    pub async fn scan(
        &mut self,
        sql: Sql,
        mut act: impl FnMut(&Cells<'_>) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        let connection = match &mut self.unit {
            Unit::Read(unit) => unit.connection(),
            Unit::Write(unit) => unit.connection(),
            Unit::Postgres(unit) => {
                let query = with_numbers(&sql)?;
                return unit.scan(&query, |row, types| act(&Cells::Postgres(row, types))).await;
            }
        };
        blocking(|| sqlite_rows::scan(connection, &sql, |row| act(&Cells::Sqlite(row))))
    }

    /// Inserts many rows: `columns` as `"id, name"`, the values of each row in that order.
    ///
    /// # Errors
    /// Whatever the database says, typed; then none is inserted.
    pub async fn insert_many(
        &mut self,
        table: &'static str,
        columns: &'static str,
        rows: impl Iterator<Item = Vec<Value>> + Send,
    ) -> Result<u64, DbError> {
        self.insert_rows(table, columns, rows).await
    }

    /// [`Tx::insert_many`] with names that come from the schema, never from a person.
    pub(crate) async fn insert_rows(
        &mut self,
        table: &str,
        columns: &str,
        mut rows: impl Iterator<Item = Vec<Value>> + Send,
    ) -> Result<u64, DbError> {
        let connection = match &mut self.unit {
            Unit::Read(unit) => unit.connection(),
            Unit::Write(unit) => unit.connection(),
            Unit::Postgres(unit) => {
                let count = unit.insert(table, columns, &mut rows).await?;
                return self.look_anew(table, count).await;
            }
        };
        let marks = vec!["?"; columns.split(',').count()].join(", ");
        let text = format!("INSERT INTO {table} ({columns}) VALUES ({marks})");
        let count = blocking(|| sqlite_rows::insert(connection, &text, &mut rows))?;
        self.look_anew(table, count).await
    }

    async fn look_anew(&mut self, table: &str, inserted: u64) -> Result<u64, DbError> {
        if inserted >= MANY {
            // On PostgreSQL only the owner may: a function of the owner does it for others.
            let renew = match self.is_postgres() {
                true => format!("SELECT renew_statistics('{table}')"),
                false => format!("ANALYZE {table}"),
            };
            self.batch(&renew).await?;
            self.looked_anew = true;
        }
        Ok(inserted)
    }

    /// Runs statements that take no values, as migrations do.
    pub(crate) async fn batch(&mut self, text: &str) -> Result<(), DbError> {
        match &mut self.unit {
            Unit::Read(unit) => Ok(unit.connection().execute_batch(text)?),
            Unit::Write(unit) => Ok(unit.connection().execute_batch(text)?),
            Unit::Postgres(unit) => unit.batch(text).await,
        }
    }

    /// Says what this transaction does; it is appended to the audit chain at the commit.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Appends the audit records and commits.
    ///
    /// # Errors
    /// [`DbError::Unaudited`] if nothing was recorded; then nothing is written.
    pub async fn commit(mut self) -> Result<(), DbError> {
        if self.events.is_empty() {
            return Err(DbError::Unaudited);
        }
        let events = std::mem::take(&mut self.events);
        fault::at("audit.append")?;
        audit::append(&mut self, events).await?;
        fault::at("audit.appended")?;
        self.end().await
    }

    /// Commits what is no change of anybody's data: leases, sessions seen, schema versions.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn commit_housekeeping(self) -> Result<(), DbError> {
        if self.events.is_empty() { self.end().await } else { self.commit_boxed().await }
    }

    async fn commit_boxed(self) -> Result<(), DbError> {
        Box::pin(self.commit()).await
    }

    async fn end(self) -> Result<(), DbError> {
        match self.unit {
            Unit::Read(_) => Ok(()),
            Unit::Write(unit) => {
                self.db.commit(unit).await?;
                if self.looked_anew {
                    self.db.statistics_renewed();
                }
                Ok(())
            }
            Unit::Postgres(unit) => unit.commit().await,
        }
    }
}

/// The text with its numbers in place of `$n`: COPY takes no parameters.
fn with_numbers(sql: &Sql) -> Result<String, DbError> {
    let mut text = sql.postgres_text().into_owned();
    for (at, value) in sql.values().iter().enumerate().rev() {
        let Value::Int(number) = value else {
            return Err(DbError::Failed("only numbers can be given to a scan".to_owned()));
        };
        text = text.replace(&format!("${}", at + 1), &number.to_string());
    }
    Ok(text)
}
