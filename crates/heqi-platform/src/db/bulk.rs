//! Rows by the million: read without keeping them, written without a statement each.

use tokio_postgres::binary_copy::BinaryCopyOutRow;
use tokio_postgres::types::{FromSql, Type};

use super::DbError;

/// The cells of one row while it is read; texts are borrowed.
pub enum Cells<'a> {
    #[doc(hidden)]
    Sqlite(&'a rusqlite::Row<'a>),
    #[doc(hidden)]
    Postgres(&'a BinaryCopyOutRow, &'a [Type]),
}

/// A value of whatever type: only that it is there.
struct Present;

impl<'a> FromSql<'a> for Present {
    fn from_sql(_: &Type, _: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Cells<'_> {
    /// Whether a column holds no value.
    ///
    /// # Errors
    /// [`DbError::Failed`] if there is no such column.
    pub fn is_null(&self, at: usize) -> Result<bool, DbError> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(at)? == rusqlite::types::ValueRef::Null),
            Self::Postgres(row, _) => Ok(row.try_get::<Option<Present>>(at)?.is_none()),
        }
    }

    /// The truth in a column; false where there is none.
    ///
    /// # Errors
    /// [`DbError::Column`] if the column holds something else.
    pub fn boolean(&self, at: usize) -> Result<bool, DbError> {
        match self {
            // SQLite has no type of its own for it.
            Self::Sqlite(_) => match self.int(at)? {
                number @ (0 | 1) => Ok(number == 1),
                other => Err(DbError::Column {
                    name: at.to_string(),
                    expected: "BOOLEAN",
                    found: other.to_string(),
                }),
            },
            Self::Postgres(row, _) => Ok(row.try_get::<Option<bool>>(at)?.unwrap_or_default()),
        }
    }

    /// The number in a column; 0 where there is none.
    ///
    /// # Errors
    /// [`DbError::Column`] if the column holds something else.
    pub fn int(&self, at: usize) -> Result<i64, DbError> {
        match self {
            Self::Sqlite(row) => {
                row.get_ref(at)?.as_i64_or_null().map(Option::unwrap_or_default).map_err(wrong(at))
            }
            Self::Postgres(row, types) if types[at] == Type::INT4 => {
                Ok(row.try_get::<Option<i32>>(at)?.unwrap_or_default().into())
            }
            Self::Postgres(row, _) => Ok(row.try_get::<Option<i64>>(at)?.unwrap_or_default()),
        }
    }

    /// The text in a column; empty where there is none.
    ///
    /// # Errors
    /// [`DbError::Column`] if the column holds something else.
    pub fn text(&self, at: usize) -> Result<&str, DbError> {
        match self {
            Self::Sqlite(row) => {
                row.get_ref(at)?.as_str_or_null().map(Option::unwrap_or_default).map_err(wrong(at))
            }
            Self::Postgres(row, _) => Ok(row.try_get::<Option<&str>>(at)?.unwrap_or_default()),
        }
    }

    /// The bytes in a column; empty where there are none.
    ///
    /// # Errors
    /// [`DbError::Column`] if the column holds something else.
    pub fn bytes(&self, at: usize) -> Result<&[u8], DbError> {
        match self {
            Self::Sqlite(row) => {
                let found = row.get_ref(at)?.as_blob_or_null();
                found.map(Option::unwrap_or_default).map_err(wrong(at))
            }
            Self::Postgres(row, _) => Ok(row.try_get::<Option<&[u8]>>(at)?.unwrap_or_default()),
        }
    }
}

fn wrong(at: usize) -> impl FnOnce(rusqlite::types::FromSqlError) -> DbError {
    move |error| DbError::Column {
        name: at.to_string(),
        expected: "another type",
        found: error.to_string(),
    }
}
