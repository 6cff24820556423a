//! The database of a test, asked in plain SQL by drivers of its own: no function of the product
//! stands between the test and what is really there.

use rusqlite::types::ValueRef;
use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// An open database; every answer is text, nothing is an empty text.
pub enum Books {
    Sqlite(rusqlite::Connection),
    Postgres(Box<(Runtime, tokio_postgres::Client)>),
}

/// A runtime for a moment: the tests themselves wait as processes do.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

impl Books {
    /// Opens `postgres://…` or a file.
    pub fn open(address: &str) -> Self {
        if !address.starts_with("postgres") {
            let connection = rusqlite::Connection::open(address).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
            return Self::Sqlite(connection);
        }
        let runtime = runtime();
        let (client, connection) =
            runtime.block_on(tokio_postgres::connect(address, NoTls)).unwrap();
        runtime.spawn(connection);
        Self::Postgres(Box::new((runtime, client)))
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Every row that a statement returns.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).unwrap();
                let width = statement.column_count();
                let read = |row: &rusqlite::Row<'_>| {
                    (0..width).map(|at| Ok(text(row.get_ref(at)?))).collect::<Result<Vec<_>, _>>()
                };
                statement.query_map([], read).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(both) => {
                let found = both.0.block_on(both.1.simple_query(sql)).unwrap();
                let rows = found.into_iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                let cells = |row: tokio_postgres::SimpleQueryRow| -> Vec<String> {
                    (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect()
                };
                rows.map(cells).collect()
            }
        }
    }

    /// The number in the only column of the only row.
    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql);
        rows[0][0].parse().unwrap_or_else(|_| panic!("{sql}: {rows:?}"))
    }

    /// Runs statements.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Self::Postgres(both) => both.0.block_on(both.1.batch_execute(sql)).unwrap(),
        }
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => panic!("a float: {number}"),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        // As PostgreSQL writes bytes.
        ValueRef::Blob(bytes) => format!("\\x{}", hex(bytes)),
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a column of bytes.
pub fn bytes(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix("\\x").unwrap_or_else(|| panic!("no bytes: {text}"));
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap())
        .collect()
}
