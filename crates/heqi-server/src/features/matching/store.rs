//! Statements about runs, and what a run reads of matches and discrepancies.

use std::collections::{HashMap, HashSet};

use heqi_domain::{Currency, CustomerId, Id, RulesId, RunId, Side};
use heqi_platform::{DbError, Row, Sql, Tx};

use super::model::Run;
use super::plan::{ENGINE, Prepared, hex};
use super::summary::RunSummary;
use crate::permission;

/// Where posted lines of an account stand, in sums.
#[derive(Clone, Debug)]
pub struct Place {
    /// The customer; one that was merged is the one it has become.
    pub customer: i64,
    /// The currency.
    pub currency: Currency,
    /// Whose lines.
    pub side: Side,
    /// `matched`, `held` or `open`.
    pub place: &'static str,
    /// How many.
    pub lines: i64,
    /// Their sum.
    pub amount: i64,
}

/// Where all posted lines stand: sums by customer, currency, side and place.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn places(
    tx: &mut Tx,
    company: i64,
    customers: Option<&[i64]>,
    as_of: Option<&str>,
    merged: &HashMap<i64, i64>,
) -> Result<Vec<Place>, DbError> {
    let mut sql = Sql::new(
        "SELECT customer_id, currency, side, place, COUNT(*) AS lines, \
         CAST(SUM(amount) AS BIGINT) AS amount FROM (SELECT line.customer_id, line.currency, \
         line.side, line.amount, CASE WHEN line_claim.line_id IS NOT NULL THEN 'matched' \
         WHEN line_hold.line_id IS NOT NULL THEN 'held' ELSE 'open' END AS place FROM line \
         LEFT JOIN line_claim ON line_claim.line_id = line.id \
         LEFT JOIN line_hold ON line_hold.line_id = line.id \
         WHERE line.state = 'posted' AND line.company_id = ",
    );
    sql.push_bind(company);
    if let Some(customers) = customers {
        sql.push(" AND line.customer_id IN ").push_list(customers.iter().copied());
    }
    if let Some(as_of) = as_of {
        sql.push(" AND line.business_date <= ").push_bind(as_of);
    }
    sql.push(") AS placed GROUP BY customer_id, currency, side, place");
    let rows = tx.rows(sql).await?;
    let read = |row: &Row| {
        let customer: i64 = row.get("customer_id")?;
        let (side, place): (String, String) = (row.get("side")?, row.get("place")?);
        Ok(Place {
            customer: merged.get(&customer).copied().unwrap_or(customer),
            currency: row.get("currency")?,
            side: if side == "ours" { Side::Ours } else { Side::Theirs },
            place: match place.as_str() {
                "matched" => "matched",
                "held" => "held",
                _ => "open",
            },
            lines: row.get("lines")?,
            amount: row.get("amount")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Content ids of groups that a person has rejected or broken apart.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn apart(
    tx: &mut Tx,
    company: i64,
    customers: Option<&[i64]>,
) -> Result<HashSet<u64>, DbError> {
    let mut sql = Sql::new(
        "SELECT content_id FROM match_group WHERE (status = 'rejected' \
         OR (status = 'undone' AND decided)) AND company_id = ",
    );
    sql.push_bind(company);
    push_customers(&mut sql, "customer_id", customers);
    contents(tx, sql).await
}

/// Content ids of suggestions that wait for a person.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn waiting(
    tx: &mut Tx,
    company: i64,
    customers: Option<&[i64]>,
) -> Result<HashSet<u64>, DbError> {
    let mut sql =
        Sql::new("SELECT content_id FROM match_group WHERE status = 'suggested' AND company_id = ");
    sql.push_bind(company);
    push_customers(&mut sql, "customer_id", customers);
    contents(tx, sql).await
}

async fn contents(tx: &mut Tx, sql: Sql) -> Result<HashSet<u64>, DbError> {
    let rows = tx.rows(sql).await?;
    let read = |row: &Row| {
        let text: String = row.get("content_id")?;
        let id = text.get(1..).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        id.ok_or_else(|| DbError::Failed(format!("`{text}` is no content id")))
    };
    rows.iter().map(read).collect()
}

/// Appends ` AND column IN (…)` if only some customers are meant.
pub(super) fn push_customers(sql: &mut Sql, column: &'static str, customers: Option<&[i64]>) {
    if let Some(customers) = customers {
        sql.push(" AND ").push(column).push(" IN ").push_list(customers.iter().copied());
    }
}

/// Stores a plan.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn insert_run(
    tx: &mut Tx,
    company: i64,
    base: &Prepared,
    summary: &RunSummary,
    by: &str,
) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO match_run (id, company_id, customer_id, as_of, rules_id, engine, snapshot, \
         digest, state, summary, created_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'planned', $9, $10, $11)",
    );
    let insert = insert.bind(id).bind(company).bind(base.scope.customer);
    let insert = insert.bind(base.scope.as_of.clone()).bind(base.rules.id).bind(ENGINE);
    let insert = insert.bind(hex(&base.loaded.snapshot)).bind(&base.digest);
    let text = serde_json::to_string(summary).unwrap_or_default();
    tx.execute(insert.bind(text).bind(by).bind(now)).await?;
    Ok(id)
}

/// Marks a plan committed; whether it still was one.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn commit_run(tx: &mut Tx, id: i64, by: &str) -> Result<bool, DbError> {
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE match_run SET state = 'committed', committed_by = $1, committed_at = $2, \
         version = version + 1 WHERE id = $3 AND state = 'planned'",
    );
    Ok(tx.execute(sql.bind(by).bind(now).bind(id)).await? == 1)
}

/// Marks a plan stale; whether it still was one.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn stale_run(tx: &mut Tx, company: i64, id: i64) -> Result<bool, DbError> {
    let sql = Sql::new(
        "UPDATE match_run SET state = 'stale', version = version + 1 \
         WHERE company_id = $1 AND id = $2 AND state = 'planned'",
    );
    Ok(tx.execute(sql.bind(company).bind(id)).await? == 1)
}

const RUN: &str = "match_run.id, match_run.customer_id, match_run.as_of, match_run.rules_id, \
     match_run.engine, match_run.digest, match_run.state, match_run.summary, \
     match_run.created_by, match_run.created_at, match_run.committed_by, \
     match_run.committed_at, match_run.undone_by, match_run.undone_at, match_run.undone_note, \
     match_run.version";

/// A run within this scope: one over every customer only for who may see every customer.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn run(
    tx: &mut Tx,
    company: i64,
    scope: &permission::Scope,
    id: i64,
) -> Result<Option<Run>, DbError> {
    let mut sql = runs(company, scope);
    sql.push(" AND match_run.id = ").push_bind(id);
    tx.optional(sql).await?.map(|row| read_run(&row)).transpose()
}

/// Runs within this scope, the newest first.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn run_list(
    tx: &mut Tx,
    company: i64,
    scope: &permission::Scope,
    before: i64,
    limit: usize,
) -> Result<Vec<Run>, DbError> {
    let mut sql = runs(company, scope);
    sql.push(" AND match_run.id < ").push_bind(before);
    sql.push(" ORDER BY match_run.id DESC LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read_run).collect()
}

fn runs(company: i64, scope: &permission::Scope) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(RUN).push(" FROM match_run WHERE match_run.company_id = ").push_bind(company);
    scope.push_customers(&mut sql, "match_run.customer_id", company);
    sql
}

fn read_run(row: &Row) -> Result<Run, DbError> {
    let id: i64 = row.get("id")?;
    let (customer, rules): (Option<i64>, Option<i64>) =
        (row.get("customer_id")?, row.get("rules_id")?);
    Ok(Run {
        id: RunId::text(id),
        number: id,
        customer: customer.map(CustomerId::text),
        as_of: row.get("as_of")?,
        rules: rules.map(RulesId::text),
        engine: row.get("engine")?,
        digest: row.get("digest")?,
        state: row.get("state")?,
        summary: row.json("summary")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        committed_by: row.get("committed_by")?,
        committed_at: row.get("committed_at")?,
        undone_by: row.get("undone_by")?,
        undone_at: row.get("undone_at")?,
        undone_note: row.get("undone_note")?,
        version: row.get("version")?,
    })
}

/// Customers whose lines have changed since they were last matched: company and customer.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn due(tx: &mut Tx, limit: i64) -> Result<Vec<(i64, i64)>, DbError> {
    let sql = "SELECT company_id, customer_id FROM match_due \
               ORDER BY company_id, customer_id LIMIT $1";
    let rows = tx.rows(Sql::new(sql).bind(limit)).await?;
    rows.iter().map(|row| Ok((row.get("company_id")?, row.get("customer_id")?))).collect()
}

/// Says that a customer's lines have changed.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn note_due(tx: &mut Tx, company: i64, customer: i64) -> Result<(), DbError> {
    let sql = Sql::new(
        "INSERT INTO match_due (company_id, customer_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    );
    tx.execute(sql.bind(company).bind(customer)).await.map(drop)
}

/// Says that these customers are matched, in the transaction that has seen all their lines.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn not_due(tx: &mut Tx, company: i64, customers: &[i64]) -> Result<(), DbError> {
    for piece in customers.chunks(500) {
        let mut sql = Sql::new("DELETE FROM match_due WHERE company_id = ");
        sql.push_bind(company).push(" AND customer_id IN ").push_list(piece.iter().copied());
        tx.execute(sql).await?;
    }
    Ok(())
}
