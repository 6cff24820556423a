//! PostgreSQL: a pool of connections, transactions at READ COMMITTED.
//!
//! Correctness rests on unique constraints, version columns and row locks, never on the
//! isolation level alone.

use std::sync::Arc;

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::{StreamExt, TryStreamExt, pin_mut};
use tokio_postgres::NoTls;
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutRow, BinaryCopyOutStream};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::wire::Wire;
use super::{DbError, Row, Sql, Value};
use crate::fault;

/// A pool on one database.
#[derive(Clone, Debug)]
pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Opens a pool and refuses a server that may lose acknowledged commits.
    pub(super) async fn open(
        wire: Wire,
        connections: usize,
        durable: bool,
    ) -> Result<Self, DbError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match wire.tls {
            Some(tls) => Manager::from_config(wire.config, tls, recycling),
            None => Manager::from_config(wire.config, NoTls, recycling),
        };
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(std::time::Duration::from_secs(30)))
            .build()
            .map_err(|error| DbError::Failed(error.to_string()))?;
        let postgres = Self { pool };
        if durable {
            postgres.refuse_unless_durable().await?;
        }
        Ok(postgres)
    }

    async fn refuse_unless_durable(&self) -> Result<(), DbError> {
        let client = self.pool.get().await?;
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            let row = client.query_one(&format!("SHOW {setting}"), &[]).await?;
            let value: String = row.get(0);
            if value == "off" {
                return Err(DbError::Unsafe(format!("{setting} is off on the server")));
            }
        }
        Ok(())
    }

    /// Begins a transaction that reads one snapshot.
    pub(super) async fn read(&self) -> Result<PgUnit, DbError> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    /// Begins a transaction that writes.
    pub(super) async fn write(&self) -> Result<PgUnit, DbError> {
        self.begin("BEGIN ISOLATION LEVEL READ COMMITTED").await
    }

    async fn begin(&self, how: &str) -> Result<PgUnit, DbError> {
        let client = self.pool.get().await?;
        client.batch_execute(how).await?;
        Ok(PgUnit(Some(client)))
    }
}

/// A transaction; what is not committed is undone when it is dropped.
#[derive(Debug)]
pub(super) struct PgUnit(Option<Object>);

impl PgUnit {
    fn client(&self) -> &Object {
        match &self.0 {
            Some(client) => client,
            None => unreachable!("a committed unit is consumed"),
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        fault::at("postgres.commit")?;
        self.client().batch_execute("COMMIT").await?;
        self.0 = None;
        fault::at("postgres.committed")?;
        Ok(())
    }

    pub(super) async fn batch(&self, text: &str) -> Result<(), DbError> {
        Ok(self.client().batch_execute(text).await?)
    }

    pub(super) async fn execute(&self, sql: &Sql) -> Result<u64, DbError> {
        let statement = self.client().prepare_cached(&sql.postgres_text()).await?;
        Ok(self.client().execute_raw(&statement, sql.values().iter()).await?)
    }

    pub(super) async fn rows(&self, sql: &Sql) -> Result<Vec<Row>, DbError> {
        let statement = self.client().prepare_cached(&sql.postgres_text()).await?;
        let names: Vec<String> =
            statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let names: Arc<[String]> = names.into();
        let found = self.client().query_raw(&statement, sql.values().iter()).await?;
        pin_mut!(found);
        let mut rows = Vec::new();
        while let Some(row) = found.try_next().await? {
            let values = (0..names.len()).map(|at| value(&row, at));
            rows.push(Row { values: values.collect::<Result<_, _>>()?, names: Arc::clone(&names) });
        }
        Ok(rows)
    }

    /// Streams `query` out as binary COPY and hands each row to `act`.
    pub(super) async fn scan(
        &self,
        query: &str,
        mut act: impl FnMut(&BinaryCopyOutRow, &[Type]) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        let types = self.types(query).await?;
        let stream = self.client().copy_out(&format!("COPY ({query}) TO STDOUT BINARY")).await?;
        let rows = BinaryCopyOutStream::new(stream, &types);
        pin_mut!(rows);
        while let Some(row) = rows.next().await {
            act(&row?, &types)?;
        }
        Ok(())
    }

    /// Inserts many rows by binary COPY.
    pub(super) async fn insert(
        &self,
        table: &str,
        columns: &str,
        rows: &mut (dyn Iterator<Item = Vec<Value>> + Send),
    ) -> Result<u64, DbError> {
        let types = self.types(&format!("SELECT {columns} FROM {table}")).await?;
        let copy = format!("COPY {table} ({columns}) FROM STDIN BINARY");
        let sink = self.client().copy_in(&copy).await?;
        let writer = BinaryCopyInWriter::new(sink, &types);
        pin_mut!(writer);
        for row in rows {
            writer.as_mut().write_raw(row.iter()).await?;
        }
        Ok(writer.finish().await?)
    }

    async fn types(&self, query: &str) -> Result<Vec<Type>, DbError> {
        let statement = self.client().prepare_cached(query).await?;
        Ok(statement.columns().iter().map(|column| column.type_().clone()).collect())
    }
}

impl Drop for PgUnit {
    fn drop(&mut self) {
        let Some(client) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(client));
            return;
        };
        runtime.spawn(async move {
            if client.batch_execute("ROLLBACK").await.is_err() {
                // A connection in an unknown state does not go back to the pool.
                drop(Object::take(client));
            }
        });
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *wanted == Type::INT4 => {
                i32::try_from(*number)?.to_sql(wanted, out)
            }
            Self::Int(number) if *wanted == Type::INT8 => number.to_sql(wanted, out),
            Self::Text(text) if <&str as ToSql>::accepts(wanted) || *wanted == Type::JSON => {
                text.to_sql(wanted, out)
            }
            Self::Bytes(bytes) if *wanted == Type::BYTEA => bytes.to_sql(wanted, out),
            Self::Bool(is) if *wanted == Type::BOOL => is.to_sql(wanted, out),
            other => Err(format!("{other:?} was given where {wanted} is wanted").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn value(row: &tokio_postgres::Row, at: usize) -> Result<Value, DbError> {
    let column = &row.columns()[at];
    let found = match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Value::Int),
        Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(Value::from),
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map(Value::Bool),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Value::Bytes),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
            row.try_get::<_, Option<String>>(at)?.map(Value::Text)
        }
        ref other => {
            return Err(DbError::Column {
                name: column.name().to_owned(),
                expected: "BIGINT, TEXT, BYTEA or BOOLEAN (CAST what SUM returns)",
                found: other.to_string(),
            });
        }
    };
    Ok(found.unwrap_or(Value::Null))
}
