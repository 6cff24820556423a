//! The tables as the database itself lists them: no table can be forgotten in a backup.
//!
//! Columns stand in the order of the schema, tables after those that they refer to, so that
//! both engines list the same schema the same way and a restore can go from top to bottom.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::{DbError, Sql, Tx};

/// Tables that say something of running processes, of a minute, or of the schema, not of
/// anybody's books.
const HOUSEKEEPING: &[&str] = &["attempt_pace", "process_slot", "schema_version"];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// BIGINT.
    Number,
    /// TEXT.
    Text,
    /// BYTEA.
    Bytes,
    /// BOOLEAN.
    Boolean,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the schema.
    pub columns: Vec<Column>,
    /// The columns of its primary key, in order; empty without one.
    pub key: Vec<String>,
}

impl Kind {
    pub(super) fn of(declared: &str) -> Option<Self> {
        match declared.to_ascii_uppercase().as_str() {
            // SQLite says INTEGER where a number is the place of its row.
            "BIGINT" | "INTEGER" => Some(Self::Number),
            "TEXT" => Some(Self::Text),
            "BYTEA" => Some(Self::Bytes),
            "BOOLEAN" => Some(Self::Boolean),
            _ => None,
        }
    }

    /// The word of the migrations.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Number => "BIGINT",
            Self::Text => "TEXT",
            Self::Bytes => "BYTEA",
            Self::Boolean => "BOOLEAN",
        }
    }
}

impl Table {
    /// Whether it has a column of this name.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.name == column)
    }

    /// The columns as a list for a statement.
    pub(crate) fn list(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        names.join(", ")
    }

    /// All rows in the one order that both engines agree on: by primary key, texts by bytes.
    pub(crate) fn select(&self, postgres: bool, company: Option<i64>) -> Sql {
        let place = |name: &String| self.columns.iter().find(|column| column.name == *name);
        let keys: Vec<&Column> = match self.key.as_slice() {
            [] => self.columns.iter().collect(),
            key => key.iter().filter_map(place).collect(),
        };
        let order: Vec<String> = keys.iter().map(|column| ordered(column, postgres)).collect();
        let filter = match company {
            Some(number) if self.name == "company" => format!(" WHERE id = {number}"),
            Some(number) => format!(" WHERE company_id = {number}"),
            None => String::new(),
        };
        let (list, name) = (self.list(), quoted(&self.name));
        Sql::of_schema(format!("SELECT {list} FROM {name}{filter} ORDER BY {}", order.join(", ")))
    }
}

/// A name of the schema as an identifier of SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn ordered(column: &Column, postgres: bool) -> String {
    // SQLite compares bytes by itself and knows no collation of this name.
    let bytes = if postgres && column.kind == Kind::Text { " COLLATE \"C\"" } else { "" };
    format!("{}{bytes} NULLS FIRST", quoted(&column.name))
}

const SQLITE_COLUMNS: Sql = Sql::new(
    "SELECT t.name AS tbl, c.name AS name, c.type AS kind, NULLIF(c.pk, 0) AS place \
     FROM pragma_table_list t JOIN pragma_table_info(t.name) c \
     WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' \
     ORDER BY t.name, c.cid",
);
const SQLITE_REFERENCES: Sql = Sql::new(
    "SELECT t.name AS tbl, f.\"table\" AS target FROM pragma_table_list t \
     JOIN pragma_foreign_key_list(t.name) f WHERE t.schema = 'main' AND t.type = 'table'",
);
const POSTGRES_COLUMNS: Sql = Sql::new(
    "SELECT CAST(c.relname AS TEXT) AS tbl, CAST(a.attname AS TEXT) AS name, \
     format_type(a.atttypid, NULL) AS kind, \
     CAST(array_position(CAST(i.indkey AS int2[]), a.attnum) AS BIGINT) AS place \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid \
     LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
     WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attnum > 0 \
     AND NOT a.attisdropped ORDER BY CAST(c.relname AS TEXT) COLLATE \"C\", a.attnum",
);
const POSTGRES_REFERENCES: Sql = Sql::new(
    "SELECT CAST(c.relname AS TEXT) AS tbl, CAST(f.relname AS TEXT) AS target \
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
     JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE k.contype = 'f' AND n.nspname = current_schema()",
);

/// Every table but those of housekeeping, each after the tables that it refers to.
///
/// # Errors
/// [`DbError::Schema`] for a column of a type that only one engine knows.
pub async fn tables(tx: &mut Tx) -> Result<Vec<Table>, DbError> {
    let (columns, references) = match tx.is_postgres() {
        true => (POSTGRES_COLUMNS, POSTGRES_REFERENCES),
        false => (SQLITE_COLUMNS, SQLITE_REFERENCES),
    };
    let mut found: BTreeMap<String, (Table, Vec<(i64, String)>)> = BTreeMap::new();
    for row in tx.rows(columns).await? {
        let (name, column): (String, String) = (row.get("tbl")?, row.get("name")?);
        if HOUSEKEEPING.contains(&name.as_str()) {
            continue;
        }
        let declared: String = row.get("kind")?;
        let kind = Kind::of(&declared).ok_or_else(|| {
            DbError::Schema(format!("{name}.{column} is {declared}: not portable"))
        })?;
        let new = Table { name: name.clone(), columns: Vec::new(), key: Vec::new() };
        let (table, key) = found.entry(name).or_insert_with(|| (new, Vec::new()));
        if let Some(place) = row.get("place")? {
            key.push((place, column.clone()));
        }
        table.columns.push(Column { name: column, kind });
    }
    let mut refers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in tx.rows(references).await? {
        let (name, target): (String, String) = (row.get("tbl")?, row.get("target")?);
        if name != target {
            refers.entry(name).or_default().insert(target);
        }
    }
    let tables = found.into_values().map(|(mut table, mut key)| {
        key.sort();
        table.key = key.into_iter().map(|(_, column)| column).collect();
        table
    });
    in_order(tables.collect(), &refers)
}

/// Those first that nothing missing is referred to by; of several, the first by name.
fn in_order(
    mut waiting: Vec<Table>,
    refers: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Vec<Table>, DbError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|table| {
            let targets = refers.get(&table.name).into_iter().flatten();
            targets.into_iter().all(|target| ordered.iter().any(|done| done.name == *target))
        });
        let ready = ready.ok_or_else(|| {
            DbError::Schema(format!("tables refer to each other in a ring: {}", waiting[0].name))
        })?;
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}
