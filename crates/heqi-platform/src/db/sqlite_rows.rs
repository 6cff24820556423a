//! Statements on SQLite: values in, rows out.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::{DbError, Row, Sql, Value};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Bool(is) => ValueRef::Integer(i64::from(*is)),
        }))
    }
}

/// Runs a statement; the number of rows it changed.
pub(super) fn execute(connection: &Connection, sql: &Sql) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(&sql.sqlite_text())?;
    let changed = statement.execute(rusqlite::params_from_iter(sql.values()))?;
    Ok(changed as u64)
}

/// All rows that a statement returns.
pub(super) fn rows(connection: &Connection, sql: &Sql) -> Result<Vec<Row>, DbError> {
    let mut statement = connection.prepare_cached(&sql.sqlite_text())?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let names: Arc<[String]> = names.into();
    let mut found = statement.query(rusqlite::params_from_iter(sql.values()))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..names.len()).map(|at| value(row.get_ref(at)?, &names[at]));
        rows.push(Row { values: values.collect::<Result<_, _>>()?, names: Arc::clone(&names) });
    }
    Ok(rows)
}

/// Hands each row to `act` without keeping it.
pub(super) fn scan(
    connection: &Connection,
    sql: &Sql,
    mut act: impl FnMut(&rusqlite::Row<'_>) -> Result<(), DbError>,
) -> Result<(), DbError> {
    let mut statement = connection.prepare_cached(&sql.sqlite_text())?;
    let mut found = statement.query(rusqlite::params_from_iter(sql.values()))?;
    while let Some(row) = found.next()? {
        act(row)?;
    }
    Ok(())
}

/// Inserts many rows through one prepared statement.
pub(super) fn insert(
    connection: &Connection,
    text: &str,
    rows: &mut dyn Iterator<Item = Vec<Value>>,
) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(text)?;
    let mut count = 0;
    for row in rows {
        for (at, value) in row.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, value)?;
        }
        statement.raw_execute()?;
        count += 1;
    }
    Ok(count)
}

fn value(found: ValueRef<'_>, name: &str) -> Result<Value, DbError> {
    Ok(match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => {
            return Err(DbError::Column {
                name: name.to_owned(),
                expected: "no float anywhere near money",
                found: "a float".to_owned(),
            });
        }
    })
}
