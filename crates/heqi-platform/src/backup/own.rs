//! What one company owns, table by table: for an export that its owner can read.

use super::schema::{Kind, Table};
use crate::db::{DbError, Tx, Value};

/// Hands every row of a company to `act`, in the order of the canonical export. `table` has a
/// column `company_id`, or is `company` itself.
///
/// # Errors
/// Whatever the database or `act` says.
pub async fn rows_of(
    tx: &mut Tx,
    table: &Table,
    company: i64,
    mut act: impl FnMut(Vec<Value>) -> Result<(), DbError>,
) -> Result<(), DbError> {
    let select = table.select(tx.is_postgres(), Some(company));
    tx.scan(select, |cells| {
        let mut values = Vec::with_capacity(table.columns.len());
        for (at, column) in table.columns.iter().enumerate() {
            values.push(match column.kind {
                _ if cells.is_null(at)? => Value::Null,
                Kind::Number => Value::Int(cells.int(at)?),
                Kind::Text => Value::Text(cells.text(at)?.to_owned()),
                Kind::Bytes => Value::Bytes(cells.bytes(at)?.to_vec()),
                Kind::Boolean => Value::Bool(cells.boolean(at)?),
            });
        }
        act(values)
    })
    .await
}
