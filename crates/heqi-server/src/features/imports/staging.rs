//! Every statement about staged rows.

use std::collections::BTreeMap;

use heqi_domain::{CustomerId, Id, LineId};
use heqi_platform::{DbError, Row, Sql, Tx, Value};

use super::model::{Counted, StagedLine};
use super::staged::{ReadFile, Staged, Status};
use super::store::{Batch, json};
use crate::features::ledger::LedgerKind;

/// Replaces the staged rows of an import by what its file was read as.
///
/// # Errors
/// Whatever the database says.
pub async fn stage(
    tx: &mut Tx,
    company: i64,
    batch: &Batch,
    file: &ReadFile,
    counted: &Counted,
    plan: &str,
) -> Result<(), DbError> {
    clear(tx, batch.id).await?;
    let rows = file.rows.iter().map(|row| values(row, batch.id, company));
    tx.insert_many("import_line", COLUMNS, rows).await?;
    let sql = Sql::new(
        "UPDATE import_batch SET state = 'checked', inspection = $1, totals = $2, plan = $3, \
         template = $4, template_id = $5, problem = NULL, version = version + 1 WHERE id = $6",
    );
    let sql = sql.bind(&json(&file.inspection)).bind(&json(counted)).bind(plan);
    tx.execute(sql.bind(&file.template).bind(batch.template_id).bind(batch.id)).await.map(drop)
}

pub(super) async fn clear(tx: &mut Tx, batch: i64) -> Result<(), DbError> {
    tx.execute(Sql::new("DELETE FROM import_line WHERE batch_id = $1").bind(batch)).await.map(drop)
}

const COLUMNS: &str = "batch_id, row_no, company_id, raw, customer_text, customer_id, currency, \
     kind, reference, other_reference, memo, business_date, due_date, amount, tax, warning, \
     status, problem, problems, twin_id";

fn values(row: &Staged, batch: i64, company: i64) -> Vec<Value> {
    let (column, value) = &row.at_fault;
    let fault = if column.is_empty() && value.is_empty() {
        String::new()
    } else {
        serde_json::json!({ "column": column, "value": value }).to_string()
    };
    vec![
        batch.into(),
        row.row.into(),
        company.into(),
        (&row.raw).into(),
        (&row.customer_text).into(),
        row.customer.into(),
        (&row.currency).into(),
        row.kind.code().into(),
        (&row.reference).into(),
        (&row.other_reference).into(),
        (&row.memo).into(),
        (&row.business_date).into(),
        row.due_date.clone().into(),
        row.amount.into(),
        row.tax.into(),
        (&row.warning).into(),
        row.status.code().into(),
        (&row.problem).into(),
        fault.into(),
        row.twin.into(),
    ]
}

const STAGED: &str = "SELECT row_no, raw, customer_text, customer_id, currency, kind, reference, \
     other_reference, memo, business_date, due_date, amount, tax, warning, status, problem, \
     problems, twin_id FROM import_line WHERE batch_id = ";

/// All staged rows of an import, in the order of the file.
///
/// # Errors
/// Whatever the database says.
pub async fn staged(tx: &mut Tx, batch: i64) -> Result<Vec<Staged>, DbError> {
    let mut sql = Sql::new(STAGED);
    sql.push_bind(batch).push(" ORDER BY row_no");
    tx.rows(sql).await?.iter().map(staged_row).collect()
}

/// The rejected rows of an import, in the order of the file.
///
/// # Errors
/// Whatever the database says.
pub async fn rejected(tx: &mut Tx, batch: i64) -> Result<Vec<Staged>, DbError> {
    let mut sql = Sql::new(STAGED);
    sql.push_bind(batch).push(" AND status = 'rejected' ORDER BY row_no");
    tx.rows(sql).await?.iter().map(staged_row).collect()
}

/// A page of staged rows.
///
/// # Errors
/// Whatever the database says.
pub async fn page(
    tx: &mut Tx,
    batch: i64,
    status: Option<Status>,
    after: i64,
    limit: usize,
) -> Result<Vec<StagedLine>, DbError> {
    let mut sql = Sql::new(STAGED);
    sql.push_bind(batch).push(" AND row_no > ").push_bind(after);
    if let Some(status) = status {
        sql.push(" AND status = ").push_bind(status.code());
    }
    sql.push(" ORDER BY row_no LIMIT ").push_bind(limit as i64 + 1);
    let line = |row: &Row| {
        let staged = staged_row(row)?;
        Ok(StagedLine {
            row: staged.row,
            raw: serde_json::from_str(&staged.raw).unwrap_or_default(),
            status: staged.status.code().to_owned(),
            problem: staged.problem,
            customer_text: staged.customer_text,
            customer: staged.customer.map(CustomerId::text),
            currency: staged.currency,
            kind: staged.kind.code().to_owned(),
            reference: staged.reference,
            memo: staged.memo,
            business_date: staged.business_date,
            amount: staged.amount,
            tax: staged.tax.and_then(|tax| tax.checked_mul(staged.amount?.signum())),
            warning: staged.warning,
            twin: staged.twin.map(LineId::text),
        })
    };
    tx.rows(sql).await?.iter().map(line).collect()
}

fn staged_row(row: &Row) -> Result<Staged, DbError> {
    let fault: String = row.get("problems")?;
    let fault: serde_json::Value = serde_json::from_str(&fault).unwrap_or_default();
    let part = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    Ok(Staged {
        row: row.get("row_no")?,
        raw: row.get("raw")?,
        customer_text: row.get("customer_text")?,
        customer: row.get("customer_id")?,
        currency: row.get("currency")?,
        kind: LedgerKind::from_code(&row.get::<String>("kind")?).unwrap_or(LedgerKind::Unknown),
        reference: row.get("reference")?,
        other_reference: row.get("other_reference")?,
        memo: row.get("memo")?,
        business_date: row.get("business_date")?,
        due_date: row.get("due_date")?,
        amount: row.get("amount")?,
        tax: row.get("tax")?,
        warning: row.get("warning")?,
        status: Status::from_code(&row.get::<String>("status")?).unwrap_or(Status::Rejected),
        problem: row.get("problem")?,
        at_fault: (part("column"), part("value")),
        twin: row.get("twin_id")?,
    })
}

/// Rows of each problem and, for names of customers, of each name: code, column, name, rows.
///
/// # Errors
/// Whatever the database says.
pub async fn problems(
    tx: &mut Tx,
    batch: i64,
) -> Result<Vec<(String, String, String, i64)>, DbError> {
    let sql = Sql::new(
        "SELECT problem, name, fault, COUNT(*) AS n FROM (SELECT problem, \
         CASE WHEN problem IN ('customer_unknown', 'customer_ambiguous') THEN customer_text \
         ELSE '' END AS name, \
         CASE WHEN problem IN ('customer_unknown', 'customer_ambiguous', 'period_signed', \
         'customer_stopped') \
         THEN '' ELSE problems END AS fault \
         FROM import_line WHERE batch_id = $1 AND status = 'rejected') p \
         GROUP BY problem, name, fault",
    );
    // The column stands in the JSON of the fault beside its value: grouped here.
    let mut groups: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for row in tx.rows(sql.bind(batch)).await? {
        let fault: String = row.get("fault")?;
        let fault: serde_json::Value = serde_json::from_str(&fault).unwrap_or_default();
        let column = fault["column"].as_str().unwrap_or_default().to_owned();
        let group = (row.get("problem")?, column, row.get("name")?);
        *groups.entry(group).or_default() += row.get::<i64>("n")?;
    }
    let flat = |((code, column, name), rows)| (code, column, name, rows);
    let mut groups: Vec<_> = groups.into_iter().map(flat).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.3));
    Ok(groups)
}

/// Rows that are looked at for samples of one column.
const LOOKED_AT: i64 = 200;

/// The first rows with a problem in a column.
///
/// # Errors
/// Whatever the database says.
pub async fn samples(
    tx: &mut Tx,
    batch: i64,
    (code, column, name): (&str, &str, &str),
) -> Result<Vec<Staged>, DbError> {
    let mut sql = Sql::new(STAGED);
    sql.push_bind(batch).push(" AND status = 'rejected' AND problem = ").push_bind(code);
    if !name.is_empty() {
        sql.push(" AND customer_text = ").push_bind(name);
    }
    sql.push(" ORDER BY row_no LIMIT ").push_bind(LOOKED_AT);
    let rows = tx.rows(sql).await?;
    let rows: Vec<Staged> = rows.iter().map(staged_row).collect::<Result<_, _>>()?;
    let here = |row: &Staged| column.is_empty() || row.at_fault.0 == column;
    Ok(rows.into_iter().filter(here).take(3).collect())
}

/// Possible duplicates: code, customer, its name, rows.
///
/// # Errors
/// Whatever the database says.
pub async fn possible(tx: &mut Tx, batch: i64) -> Result<Vec<(String, i64, String, i64)>, DbError> {
    let sql = Sql::new(
        "SELECT l.problem, l.customer_id, c.name, COUNT(*) AS n FROM import_line l \
         JOIN customer c ON c.id = l.customer_id WHERE l.batch_id = $1 \
         AND l.status = 'possible' GROUP BY l.problem, l.customer_id, c.name \
         ORDER BY l.problem, c.name, l.customer_id",
    );
    let rows = tx.rows(sql.bind(batch)).await?;
    let read = |row: &Row| {
        Ok((row.get("problem")?, row.get("customer_id")?, row.get("name")?, row.get("n")?))
    };
    rows.iter().map(read).collect()
}
