//! The tables of periods: every statement that touches them.

use heqi_domain::{CustomerId, Id, PeriodId};
use heqi_platform::{DbError, Row, Sql, Tx, Value, fault};

use super::digest::hex;
use super::model::{Check, Period, Seal, Snapshot};
use crate::permission::Scope;

/// A customer and a currency.
#[derive(Clone, Debug)]
pub struct Account {
    /// The number of the company.
    pub company: i64,
    /// The number of the customer.
    pub customer: i64,
    /// ISO 4217.
    pub currency: String,
}

/// A period as the table has it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number.
    pub number: i64,
    /// Whose it is.
    pub account: Account,
    /// What clients see of it.
    pub shown: Period,
    /// Why there is no statement of the customer.
    pub excuse: String,
    /// What was prepared.
    pub snapshot: Option<Snapshot>,
    /// Its digest.
    pub digest: Option<[u8; 32]>,
    /// What was checked then.
    pub checklist: Vec<Check>,
}

const COLUMNS: &str = "period.id, period.company_id, period.customer_id, customer.name, \
     period.currency, span, first_day, last_day, state, deadline, excuse, digest, prepared_by, \
     prepared_at, approved_by, approved_at, signed_by, signed_at, seal, reopen_reason, reopen_by, \
     period.version";

const FROM: &str = " FROM period JOIN customer ON customer.id = period.customer_id \
     WHERE period.company_id = ";

/// A period within the scope.
///
/// # Errors
/// Whatever the database says.
pub async fn find(
    tx: &mut Tx,
    company: i64,
    id: i64,
    scope: &Scope,
) -> Result<Option<Record>, DbError> {
    let mut sql = Sql::new("SELECT snapshot, checklist, ");
    sql.push(COLUMNS).push(FROM).push_bind(company).push(" AND period.id = ").push_bind(id);
    scope.push(&mut sql);
    let Some(row) = tx.optional(sql).await? else { return Ok(None) };
    let mut record = read(&row)?;
    if row.get::<Option<String>>("snapshot")?.is_some() {
        (record.snapshot, record.checklist) = (Some(row.json("snapshot")?), row.json("checklist")?);
    }
    Ok(Some(record))
}

/// Periods within the scope, the latest days first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    (customer, state): (Option<i64>, Option<&str>),
    (after, limit): (Option<(String, i64)>, usize),
) -> Result<Vec<Record>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(FROM).push_bind(company);
    scope.push(&mut sql);
    if let Some(customer) = customer {
        sql.push(" AND period.customer_id = ").push_bind(customer);
    }
    if let Some(state) = state {
        sql.push(" AND state = ").push_bind(state);
    }
    if let Some((day, id)) = after {
        sql.push(" AND (last_day, period.id) < (").push_bind(day).push(", ").push_bind(id);
        sql.push(")");
    }
    sql.push(" ORDER BY last_day DESC, period.id DESC LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

/// The periods of an account, in order.
///
/// # Errors
/// Whatever the database says.
pub async fn of_account(tx: &mut Tx, account: &Account) -> Result<Vec<Record>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(FROM).push_bind(account.company);
    sql.push(" AND period.customer_id = ").push_bind(account.customer);
    sql.push(" AND period.currency = ").push_bind(&account.currency);
    sql.push(" ORDER BY first_day");
    tx.rows(sql).await?.iter().map(read).collect()
}

/// Opens a period; its number.
///
/// # Errors
/// [`DbError::Unique`] if there is one that begins on that day.
pub async fn insert(
    tx: &mut Tx,
    account: &Account,
    span: heqi_domain::Period,
    days: (&str, &str),
    deadline: Option<String>,
    by: &str,
) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO period (id, company_id, customer_id, currency, span, first_day, last_day, \
         state, deadline, created_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10)",
    );
    let sql = sql.bind(id).bind(account.company).bind(account.customer).bind(&account.currency);
    let sql = sql.bind(span.to_string()).bind(days.0).bind(days.1).bind(deadline);
    tx.execute(sql.bind(by).bind(now)).await?;
    Ok(id)
}

/// Removes a period that was never signed.
///
/// # Errors
/// Whatever the database says.
pub async fn remove(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    tx.execute(Sql::new("DELETE FROM period WHERE id = $1 AND seal = 0").bind(id)).await.map(drop)
}

/// Stores what was prepared.
///
/// # Errors
/// Whatever the database says.
pub async fn prepare(
    tx: &mut Tx,
    id: i64,
    (snapshot, digest): (&Snapshot, [u8; 32]),
    checklist: &[Check],
    by: &str,
) -> Result<(), DbError> {
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE period SET state = 'prepared', snapshot = $1, digest = $2, checklist = $3, \
         excuse = $4, prepared_by = $5, prepared_at = $6, approved_by = '', approved_at = NULL, \
         version = version + 1 WHERE id = $7",
    );
    let sql = sql.bind(json(snapshot)?).bind(digest).bind(json(checklist)?);
    tx.execute(sql.bind(&snapshot.excuse).bind(by).bind(now).bind(id)).await.map(drop)
}

/// Notes the approval.
///
/// # Errors
/// Whatever the database says.
pub async fn approve(tx: &mut Tx, id: i64, by: &str) -> Result<(), DbError> {
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE period SET state = 'approved', approved_by = $1, approved_at = $2, \
         version = version + 1 WHERE id = $3 AND state = 'prepared'",
    );
    tx.execute(sql.bind(by).bind(now).bind(id)).await.map(drop)
}

/// Seals a period: the seal, the mark on the period, the lock of its days, the marks on matches
/// and discrepancies.
///
/// # Errors
/// Whatever the database says.
pub async fn seal(tx: &mut Tx, record: &Record, checkpoint: &str, by: &str) -> Result<(), DbError> {
    let now = tx.now();
    let sign = Sql::new(
        "UPDATE period SET state = 'signed', signed_by = $1, signed_at = $2, seal = seal + 1, \
         version = version + 1 WHERE id = $3",
    );
    tx.execute(sign.bind(by).bind(now).bind(record.number)).await?;
    fault::at("periods.seal")?;
    let copy = Sql::new(
        "INSERT INTO period_seal (period_id, number, company_id, snapshot, digest, checkpoint, \
         prepared_by, prepared_at, approved_by, approved_at, signed_by, signed_at) \
         SELECT id, seal, company_id, snapshot, digest, CAST($1 AS TEXT), prepared_by, \
         prepared_at, approved_by, approved_at, signed_by, signed_at FROM period WHERE id = $2",
    );
    tx.execute(copy.bind(checkpoint).bind(record.number)).await?;
    lock_days(tx, &record.account).await?;
    stamp(tx, record).await
}

/// Matches that lie wholly within the signed days, and what was found on lines of these days,
/// stand in the period; what is still open is carried forward.
async fn stamp(tx: &mut Tx, record: &Record) -> Result<(), DbError> {
    let account = &record.account;
    let groups = Sql::new(
        "UPDATE match_group SET period_id = $1, version = version + 1 WHERE company_id = $2 \
         AND customer_id = $3 AND currency = $4 AND status = 'live' AND period_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM group_member m JOIN line l ON l.id = m.line_id \
         WHERE m.group_id = match_group.id AND l.posting_date > $5)",
    );
    let groups = groups.bind(record.number).bind(account.company).bind(account.customer);
    tx.execute(groups.bind(&account.currency).bind(&record.shown.last_day)).await?;
    let found = Sql::new(
        "UPDATE discrepancy SET period_id = $1, version = version + 1, \
         status = CASE WHEN status = 'open' THEN 'carried' ELSE status END \
         WHERE company_id = $2 AND customer_id = $3 AND currency = $4 AND status <> 'gone' \
         AND period_id IS NULL \
         AND EXISTS (SELECT 1 FROM discrepancy_line m WHERE m.discrepancy_id = discrepancy.id) \
         AND NOT EXISTS (SELECT 1 FROM discrepancy_line m JOIN line l ON l.id = m.line_id \
         WHERE m.discrepancy_id = discrepancy.id AND l.posting_date > $5)",
    );
    let found = found.bind(record.number).bind(account.company).bind(account.customer);
    tx.execute(found.bind(&account.currency).bind(&record.shown.last_day)).await.map(drop)
}

/// Sets the last locked day of the customer: the latest of all its currencies, so that nothing
/// that looks at the customer alone falls within a seal. [`crate::features::ledger::post`] looks
/// at the account itself where that day is too late for it.
async fn lock_days(tx: &mut Tx, account: &Account) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE customer SET locked_through = COALESCE((SELECT MAX(last_day) FROM period \
         WHERE company_id = $1 AND customer_id = $2 AND state = 'signed'), '') \
         WHERE company_id = $1 AND id = $2",
    );
    tx.execute(sql.bind(account.company).bind(account.customer)).await.map(drop)
}

/// Notes that somebody asks for reopening.
///
/// # Errors
/// Whatever the database says.
pub async fn ask_reopening(tx: &mut Tx, id: i64, reason: &str, by: &str) -> Result<(), DbError> {
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE period SET reopen_reason = $1, reopen_by = $2, reopen_at = $3, \
         version = version + 1 WHERE id = $4 AND state = 'signed'",
    );
    tx.execute(sql.bind(reason).bind(by).bind(now).bind(id)).await.map(drop)
}

/// Opens a signed period again; its seal stays, marked as superseded.
///
/// # Errors
/// Whatever the database says.
pub async fn reopen(tx: &mut Tx, record: &Record, by: &str) -> Result<(), DbError> {
    let now = tx.now();
    let supersede = Sql::new(
        "UPDATE period_seal SET reopened_by = $1, reopened_at = $2, reopen_requested_by = $3, \
         reopen_reason = $4 WHERE period_id = $5 AND number = $6",
    );
    let supersede = supersede.bind(by).bind(now).bind(&record.shown.reopen_by);
    let supersede = supersede.bind(&record.shown.reopen_reason).bind(record.number);
    tx.execute(supersede.bind(record.shown.seal)).await?;
    fault::at("periods.reopen")?;
    let open = Sql::new(
        "UPDATE period SET state = 'open', snapshot = NULL, digest = NULL, checklist = NULL, \
         prepared_by = '', prepared_at = NULL, approved_by = '', approved_at = NULL, \
         signed_by = '', signed_at = NULL, reopen_reason = '', reopen_by = '', reopen_at = NULL, \
         version = version + 1 WHERE id = $1",
    );
    tx.execute(open.bind(record.number)).await?;
    let groups = Sql::new(
        "UPDATE match_group SET period_id = NULL, version = version + 1 WHERE period_id = $1",
    );
    tx.execute(groups.bind(record.number)).await?;
    let found = Sql::new(
        "UPDATE discrepancy SET period_id = NULL, version = version + 1, \
         status = CASE WHEN status = 'carried' THEN 'open' ELSE status END WHERE period_id = $1",
    );
    tx.execute(found.bind(record.number)).await?;
    lock_days(tx, &record.account).await
}

/// The seals of a period, the last one first.
///
/// # Errors
/// Whatever the database says.
pub async fn seals(tx: &mut Tx, id: i64) -> Result<Vec<Seal>, DbError> {
    let sql = Sql::new(
        "SELECT number, digest, checkpoint, signed_by, signed_at, reopened_by, reopened_at, \
         reopen_reason FROM period_seal WHERE period_id = $1 ORDER BY number DESC",
    );
    let read = |row: &Row| {
        Ok(Seal {
            number: row.get("number")?,
            digest: hex(&row.get::<[u8; 32]>("digest")?),
            checkpoint: row.get("checkpoint")?,
            signed_by: row.get("signed_by")?,
            signed_at: row.get("signed_at")?,
            reopened_by: row.get("reopened_by")?,
            reopened_at: row.get("reopened_at")?,
            reopen_reason: row.get("reopen_reason")?,
        })
    };
    tx.rows(sql.bind(id)).await?.iter().map(read).collect()
}

/// What was signed last, with the digest that was stored beside it.
///
/// # Errors
/// Whatever the database says.
pub async fn sealed(tx: &mut Tx, record: &Record) -> Result<(Snapshot, [u8; 32]), DbError> {
    let sql =
        Sql::new("SELECT snapshot, digest FROM period_seal WHERE period_id = $1 AND number = $2");
    let row = tx.one(sql.bind(record.number).bind(record.shown.seal)).await?;
    Ok((row.json("snapshot")?, row.get("digest")?))
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<Value, DbError> {
    let text = serde_json::to_string(value);
    text.map(Value::Text).map_err(|error| DbError::Failed(error.to_string()))
}

fn read(row: &Row) -> Result<Record, DbError> {
    let digest: Option<[u8; 32]> = row.get("digest")?;
    let customer = row.get("customer_id")?;
    let number = row.get("id")?;
    let account =
        Account { company: row.get("company_id")?, customer, currency: row.get("currency")? };
    let shown = Period {
        id: PeriodId::text(number),
        customer: CustomerId::text(customer),
        customer_name: row.get("name")?,
        currency: account.currency.clone(),
        span: row.get("span")?,
        first_day: row.get("first_day")?,
        last_day: row.get("last_day")?,
        state: row.get("state")?,
        deadline: row.get("deadline")?,
        prepared_by: row.get("prepared_by")?,
        prepared_at: row.get("prepared_at")?,
        approved_by: row.get("approved_by")?,
        approved_at: row.get("approved_at")?,
        signed_by: row.get("signed_by")?,
        signed_at: row.get("signed_at")?,
        reopen_reason: row.get("reopen_reason")?,
        reopen_by: row.get("reopen_by")?,
        digest: digest.map(|digest| hex(&digest)),
        seal: row.get("seal")?,
        version: row.get("version")?,
    };
    let excuse = row.get("excuse")?;
    Ok(Record { number, account, shown, excuse, snapshot: None, digest, checklist: Vec::new() })
}
