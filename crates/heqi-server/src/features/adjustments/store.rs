//! Every statement about adjustments.

use heqi_domain::{AdjustmentId, Id, Lang, decimal_text};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::model::{Kind, State};
use crate::features::discrepancies::exponent;
use crate::permission::Scope;

/// An adjustment as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// The number of the customer.
    pub customer: i64,
    /// Our code for the customer.
    pub customer_code: String,
    /// The customer's name.
    pub customer_name: String,
    /// ISO 4217.
    pub currency: String,
    /// The discrepancy that it clears.
    pub discrepancy: Option<i64>,
    /// What it is.
    pub kind: Kind,
    /// Signed minor units.
    pub amount: i64,
    /// The day of the entry.
    pub date: String,
    /// The account that stands against the receivable.
    pub account: String,
    /// Why.
    pub reason: String,
    /// What proves it.
    pub evidence: String,
    /// The number of the document that it corrects.
    pub other_reference: String,
    /// The adjustment that it takes back.
    pub reverses: Option<i64>,
    /// The posted adjustment that took it back.
    pub reversed_by: Option<i64>,
    /// Written off within the limit.
    pub within_limit: bool,
    /// How far it has come.
    pub state: State,
    /// The entry that it was posted as.
    pub line: Option<i64>,
    /// Who asked for it.
    pub proposed_by: i64,
    /// The name of who asked for it.
    pub proposed_by_name: String,
    /// When.
    pub proposed_at: Timestamp,
    /// Who decided.
    pub decided_by: Option<i64>,
    /// The name of who decided.
    pub decided_by_name: String,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What the decision noted.
    pub decision_note: String,
    /// Its version.
    pub version: i64,
}

impl Stored {
    /// The id as text.
    #[must_use]
    pub fn text(&self) -> String {
        AdjustmentId::text(self.id)
    }

    /// What a person recognizes it by in the audit records.
    #[must_use]
    pub fn label(&self) -> String {
        let amount = decimal_text(self.amount.into(), exponent(&self.currency));
        let kind = self.kind.label(Lang::Zh);
        format!("{} {kind} {amount} {}", self.customer_code, self.currency)
    }
}

/// An adjustment to be written.
#[derive(Debug)]
pub(super) struct New<'a> {
    pub customer: i64,
    pub currency: &'a str,
    pub discrepancy: Option<i64>,
    pub kind: Kind,
    pub amount: i64,
    pub date: &'a str,
    pub account: &'a str,
    pub reason: &'a str,
    pub evidence: &'a str,
    pub other_reference: &'a str,
    pub reverses: Option<i64>,
    pub within_limit: bool,
}

/// Writes one that waits for approval; its number.
pub(super) async fn insert(
    tx: &mut Tx,
    company: i64,
    by: i64,
    new: &New<'_>,
) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO adjustment (id, company_id, customer_id, currency, discrepancy_id, kind, \
         amount, book_date, account, reason, evidence, other_reference, reverses_id, \
         within_limit, state, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
         $9, $10, $11, $12, $13, $14, 'proposed', $15, $16)",
    );
    let sql = sql.bind(id).bind(company).bind(new.customer).bind(new.currency);
    let sql = sql.bind(new.discrepancy).bind(new.kind.code()).bind(new.amount).bind(new.date);
    let sql = sql.bind(new.account).bind(new.reason).bind(new.evidence).bind(new.other_reference);
    let sql = sql.bind(new.reverses).bind(new.within_limit).bind(by).bind(now);
    tx.execute(sql).await?;
    Ok(id)
}

const SELECT: &str = "SELECT a.id, a.customer_id, customer.code AS customer_code, \
     customer.name AS customer_name, a.currency, a.discrepancy_id, a.kind, a.amount, \
     a.book_date, a.account, a.reason, a.evidence, a.other_reference, a.reverses_id, \
     a.within_limit, a.state, a.line_id, a.proposed_by, p.name AS proposed_by_name, \
     a.proposed_at, a.decided_by, COALESCE(d.name, '') AS decided_by_name, a.decided_at, \
     a.decision_note, a.version, (SELECT r.id FROM adjustment r WHERE r.reverses_id = a.id \
     AND r.state = 'posted') AS reversed_by FROM adjustment a \
     JOIN customer ON customer.id = a.customer_id JOIN user_account p ON p.id = a.proposed_by \
     LEFT JOIN user_account d ON d.id = a.decided_by WHERE a.company_id = $1";

fn read(row: &Row) -> Result<Stored, DbError> {
    let unknown = |what: &str| DbError::Failed(format!("unknown {what} of an adjustment"));
    Ok(Stored {
        id: row.get("id")?,
        customer: row.get("customer_id")?,
        customer_code: row.get("customer_code")?,
        customer_name: row.get("customer_name")?,
        currency: row.get("currency")?,
        discrepancy: row.get("discrepancy_id")?,
        kind: Kind::from_code(&row.get::<String>("kind")?).ok_or_else(|| unknown("kind"))?,
        amount: row.get("amount")?,
        date: row.get("book_date")?,
        account: row.get("account")?,
        reason: row.get("reason")?,
        evidence: row.get("evidence")?,
        other_reference: row.get("other_reference")?,
        reverses: row.get("reverses_id")?,
        reversed_by: row.get("reversed_by")?,
        within_limit: row.get("within_limit")?,
        state: State::from_code(&row.get::<String>("state")?).ok_or_else(|| unknown("state"))?,
        line: row.get("line_id")?,
        proposed_by: row.get("proposed_by")?,
        proposed_by_name: row.get("proposed_by_name")?,
        proposed_at: row.get("proposed_at")?,
        decided_by: row.get("decided_by")?,
        decided_by_name: row.get("decided_by_name")?,
        decided_at: row.get("decided_at")?,
        decision_note: row.get("decision_note")?,
        version: row.get("version")?,
    })
}

/// The adjustment, if it is within the scope.
pub(super) async fn find(
    tx: &mut Tx,
    company: i64,
    id: i64,
    scope: &Scope,
) -> Result<Option<Stored>, DbError> {
    let mut sql = Sql::new(SELECT).bind(company);
    sql.push(" AND a.id = ").push_bind(id);
    scope.push(&mut sql);
    tx.optional(sql).await?.map(|row| read(&row)).transpose()
}

/// Which page of which adjustments.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    pub state: Option<&'a str>,
    pub customer: Option<i64>,
    pub discrepancy: Option<i64>,
    pub before: Option<i64>,
    pub limit: usize,
}

/// A page, newest first; one more than the limit if there is a next page.
pub(super) async fn list(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    filter: &Filter<'_>,
) -> Result<Vec<Stored>, DbError> {
    let mut sql = Sql::new(SELECT).bind(company);
    scope.push(&mut sql);
    if let Some(state) = filter.state {
        sql.push(" AND a.state = ").push_bind(state);
    }
    if let Some(customer) = filter.customer {
        sql.push(" AND a.customer_id = ").push_bind(customer);
    }
    if let Some(discrepancy) = filter.discrepancy {
        sql.push(" AND a.discrepancy_id = ").push_bind(discrepancy);
    }
    if let Some(before) = filter.before {
        sql.push(" AND a.id < ").push_bind(before);
    }
    sql.push(" ORDER BY a.id DESC LIMIT ").push_bind(filter.limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

/// Writes a decision on one that waits; nothing else is ever written to it.
pub(super) async fn decide(
    tx: &mut Tx,
    found: &Stored,
    state: State,
    by: i64,
    note: &str,
    line: Option<i64>,
) -> Result<(), DbError> {
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE adjustment SET state = $1, decided_by = $2, decided_at = $3, \
         decision_note = $4, line_id = $5, version = version + 1 \
         WHERE id = $6 AND version = $7 AND state = 'proposed'",
    );
    let sql = sql.bind(state.code()).bind(by).bind(now).bind(note).bind(line);
    match tx.execute(sql.bind(found.id).bind(found.version)).await? {
        0 => Err(DbError::Conflict),
        _ => Ok(()),
    }
}

/// Whether one that is not decided waits for this discrepancy, or to reverse this adjustment.
pub(super) async fn waits(
    tx: &mut Tx,
    discrepancy: Option<i64>,
    reverses: Option<i64>,
) -> Result<bool, DbError> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM adjustment WHERE state = 'proposed' AND (1 = 0");
    if let Some(discrepancy) = discrepancy {
        sql.push(" OR discrepancy_id = ").push_bind(discrepancy);
    }
    if let Some(reverses) = reverses {
        sql.push(" OR reverses_id = ").push_bind(reverses);
    }
    sql.push(")");
    Ok(tx.count(sql).await? > 0)
}

/// What the customer owes by our book.
pub(super) async fn balance(tx: &mut Tx, customer: i64, currency: &str) -> Result<i64, DbError> {
    let sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM line \
         WHERE customer_id = $1 AND currency = $2 AND side = 'ours' AND state = 'posted'",
    );
    tx.count(sql.bind(customer).bind(currency)).await
}

/// Sums of what was posted, whatever its sign, that count against a limit: dated in the month of
/// this day, or decided in the present month, so that no choice of dates splits a sum.
pub(super) async fn spent(
    tx: &mut Tx,
    (company, currency): (i64, &str),
    customer: Option<i64>,
    date: &str,
    only_within_limit: bool,
) -> Result<i64, DbError> {
    let (month, start) = (date.get(..7).unwrap_or_default(), month_start(tx.now()));
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(ABS(amount)), 0) AS BIGINT) AS n FROM adjustment \
         WHERE company_id = $1 AND currency = $2 AND state = 'posted' \
         AND (SUBSTR(book_date, 1, 7) = $3 OR decided_at >= $4)",
    )
    .bind(company)
    .bind(currency)
    .bind(month)
    .bind(start);
    if let Some(customer) = customer {
        sql.push(" AND customer_id = ").push_bind(customer);
    }
    if only_within_limit {
        sql.push(" AND within_limit");
    }
    tx.count(sql).await
}

/// The first instant of the present month of the books.
fn month_start(now: Timestamp) -> Timestamp {
    let today = now.book_date();
    let first = format!("{}-01", today.get(..7).unwrap_or_default());
    let day = heqi_domain::day_from_iso(&first).map_or(0, i64::from);
    Timestamp::from_micros(0).plus_seconds(day * 86_400 - 8 * 3_600)
}
