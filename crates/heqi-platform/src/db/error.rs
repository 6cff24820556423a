//! What can go wrong with the database, one variant for each thing the caller can do about it.

/// An error of the database.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DbError {
    /// A row with this key exists already.
    #[error("a row with this key exists already ({constraint})")]
    Unique {
        /// Constraint (PostgreSQL) or columns (SQLite) that were violated.
        constraint: String,
    },
    /// A row that is referred to does not exist, or one is still referred to.
    #[error("a row that is referred to is missing or still in use ({0})")]
    Reference(String),
    /// A CHECK or NOT NULL constraint, or a trigger, refused the row.
    #[error("the database refused the row: {0}")]
    Refused(String),
    /// Two transactions were in each other's way; doing it again may succeed.
    #[error("two changes were in each other's way; do it again")]
    Conflict,
    /// No room on the disk: reading goes on, writing does not.
    #[error("no room on the disk of the database: {0}")]
    Full(String),
    /// The database does not answer.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The database was opened with settings that may lose what was acknowledged.
    #[error("the database may lose data: {0}")]
    Unsafe(String),
    /// Others on the network could read what goes to the database and back.
    #[error("the connection to the database can be overheard: {0}")]
    Overheard(String),
    /// The schema is newer than this program, or a migration was changed after it had run.
    #[error("the schema does not fit this program: {0}")]
    Schema(String),
    /// A column is missing or holds something else: a defect of the program.
    #[error("column `{name}`: expected {expected}, found {found}")]
    Column {
        /// Its name.
        name: String,
        /// What the caller asked for.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// A change without an audit record: a defect of the program, and nothing was written.
    #[error("a change without an audit record was not written")]
    Unaudited,
    /// Anything else: a defect of the program or of the database.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl DbError {
    /// Whether a unique constraint whose name contains this word was violated.
    #[must_use]
    pub fn is_unique(&self, word: &str) -> bool {
        matches!(self, Self::Unique { constraint } if constraint.contains(word))
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi;
        let rusqlite::Error::SqliteFailure(code, message) = &error else {
            return Self::Failed(error.to_string());
        };
        let message = message.clone().unwrap_or_else(|| code.to_string());
        match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                let columns = message.rsplit(": ").next().unwrap_or_default();
                Self::Unique { constraint: columns.replace('.', "_").replace(", ", "_") }
            }
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Self::Reference(message),
            _ => match code.code {
                rusqlite::ErrorCode::ConstraintViolation => Self::Refused(message),
                rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => {
                    Self::Conflict
                }
                rusqlite::ErrorCode::DiskFull => Self::Full(message),
                rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::SystemIoFailure => {
                    Self::Unavailable(message)
                }
                _ => Self::Failed(message),
            },
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let cause = std::error::Error::source(&error);
            // A connection that breaks off in the middle is an error of the network.
            let broken = cause.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            let cause = cause.map(ToString::to_string).unwrap_or_default();
            let (said, what) = (error.to_string(), format!("{error}: {cause}"));
            if broken || error.is_closed() || said.contains("connect") || said.contains("TLS") {
                return Self::Unavailable(what);
            }
            return Self::Failed(what);
        };
        match db.code().code() {
            "23505" => Self::Unique { constraint: db.constraint().unwrap_or_default().to_owned() },
            "23503" => Self::Reference(db.message().to_owned()),
            "23502" | "23514" | "P0001" | "42501" | "25006" => {
                Self::Refused(db.message().to_owned())
            }
            "40001" | "40P01" | "55P03" => Self::Conflict,
            "53100" => Self::Full(db.message().to_owned()),
            "53300" => Self::Unavailable(db.message().to_owned()),
            code if code.starts_with("08") || code.starts_with("57P") => {
                Self::Unavailable(db.message().to_owned())
            }
            code => Self::Failed(format!("{} ({code})", db.message())),
        }
    }
}

impl From<deadpool_postgres::PoolError> for DbError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
