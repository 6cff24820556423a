//! What an import asks of the ledger: which lines it has, and taking a batch back.

use std::collections::HashSet;

use heqi_domain::Side;
use heqi_platform::{DbError, Row, Sql, Tx};

use super::check::Posted;
use crate::features::customers::Brief;
use crate::features::ledger::Signed;

// Joins on reversals name `state <> 'rejected'` beside `= 'posted'`: only so does SQLite see that
// the partial index of reversals answers them.

/// Customers that are asked for one by one; beyond, a whole side of the company is read.
const CUSTOMERS_MAX: usize = 500;

/// The lines of these customers that a row can equal or resemble: what is posted, or on its way
/// there, and was not reversed. Lines of `beside` (the imports that a mended file belongs to)
/// are left out: the rows of one file stand beside each other.
///
/// # Errors
/// Whatever the database says.
pub async fn lines(
    tx: &mut Tx,
    company: i64,
    side: Side,
    customers: &[i64],
    beside: &[i64],
) -> Result<Vec<Posted>, DbError> {
    let mut sql = Sql::new(match side {
        Side::Ours => concat!(
            "SELECT line.id, line.customer_id, line.currency, line.reference, ",
            "line.business_date, line.amount, line.content, line.state, line.batch_id FROM line ",
            "LEFT JOIN line r ON r.reverses_id = line.id AND r.state <> 'rejected' ",
            "AND r.state = 'posted' ",
            "WHERE r.id IS NULL AND line.reverses_id IS NULL AND line.side = 'ours' ",
            "AND line.state IN ('posted', 'draft', 'review') AND line.company_id = ",
        ),
        Side::Theirs => concat!(
            "SELECT line.id, line.customer_id, line.currency, line.reference, ",
            "line.business_date, line.amount, line.content, line.state, line.batch_id FROM line ",
            "WHERE line.side = 'theirs' AND line.state = 'posted' AND line.company_id = ",
        ),
    });
    sql.push_bind(company);
    if customers.len() <= CUSTOMERS_MAX {
        sql.push(" AND line.customer_id IN ").push_list(customers.iter().copied());
    }
    sql.push(" ORDER BY line.id");
    let mut found = Vec::new();
    tx.scan(sql, |cells| {
        if beside.contains(&cells.int(8)?) {
            return Ok(());
        }
        let content = cells.bytes(6)?.try_into().unwrap_or([0; 32]);
        found.push(Posted {
            id: cells.int(0)?,
            customer: cells.int(1)?,
            currency: cells.text(2)?.to_owned(),
            reference: cells.text(3)?.to_owned(),
            business_date: cells.text(4)?.to_owned(),
            amount: cells.int(5)?,
            content,
            counts: cells.text(7)? == "posted",
        });
        Ok(())
    })
    .await?;
    Ok(found)
}

/// The import that a batch mends, the one that that one mends, and so on.
///
/// # Errors
/// Whatever the database says.
pub async fn chain(tx: &mut Tx, batch: i64) -> Result<Vec<i64>, DbError> {
    let mut chain = Vec::new();
    let mut at = batch;
    // A chain cannot close: an import mends an older one only.
    loop {
        let sql = Sql::new("SELECT mends_id FROM import_batch WHERE id = $1").bind(at);
        let row = tx.optional(sql).await?;
        let mends: Option<i64> = row.map(|row| row.get("mends_id")).transpose()?.flatten();
        let Some(older) = mends.filter(|older| !chain.contains(older)) else { return Ok(chain) };
        chain.push(older);
        at = older;
    }
}

/// A line of a batch, as far as taking it back needs it.
#[derive(Debug)]
pub struct Taken {
    /// Its number.
    pub id: i64,
    /// The customer.
    pub customer: i64,
    /// ISO 4217.
    pub currency: String,
    /// Day of the document.
    pub business_date: String,
    /// Its row in the file.
    pub row: i64,
    /// Whether a person holds it, or a live group does.
    pub held: bool,
    /// The group that does.
    pub group: Option<i64>,
}

/// The lines that a batch posted and that are still there, with what holds them.
///
/// # Errors
/// Whatever the database says.
pub async fn of_batch(tx: &mut Tx, company: i64, batch: i64) -> Result<Vec<Taken>, DbError> {
    let sql = Sql::new(
        "SELECT l.id, l.customer_id, l.currency, l.business_date, l.batch_row, c.group_id, \
         h.line_id AS held \
         FROM line l LEFT JOIN line_claim c ON c.line_id = l.id \
         LEFT JOIN line_hold h ON h.line_id = l.id \
         LEFT JOIN line r ON r.reverses_id = l.id AND r.state <> 'rejected' \
         AND r.state = 'posted' \
         WHERE l.company_id = $1 AND l.batch_id = $2 AND l.state = 'posted' \
         AND r.id IS NULL AND l.reverses_id IS NULL ORDER BY l.batch_row",
    );
    let read = |row: &Row| {
        Ok(Taken {
            id: row.get("id")?,
            customer: row.get("customer_id")?,
            currency: row.get("currency")?,
            business_date: row.get("business_date")?,
            row: row.get::<Option<i64>>("batch_row")?.unwrap_or(0),
            held: row.get::<Option<i64>>("held")?.is_some(),
            group: row.get("group_id")?,
        })
    };
    tx.rows(sql.bind(company).bind(batch)).await?.iter().map(read).collect()
}

/// Withdraws the lines of a batch of theirs, and the suggestions that they stand in.
///
/// # Errors
/// Whatever the database says.
pub async fn withdraw(tx: &mut Tx, company: i64, batch: i64) -> Result<i64, DbError> {
    let release = Sql::new(
        "UPDATE match_group SET status = 'replaced', version = version + 1 \
         WHERE company_id = $1 AND status = 'suggested' AND id IN (SELECT m.group_id \
         FROM group_member m JOIN line l ON l.id = m.line_id WHERE l.batch_id = $2)",
    );
    tx.execute(release.bind(company).bind(batch)).await?;
    let sql = Sql::new(
        "UPDATE line SET state = 'withdrawn', version = version + 1 \
         WHERE company_id = $1 AND batch_id = $2 AND side = 'theirs' AND state = 'posted'",
    );
    Ok(i64::try_from(tx.execute(sql.bind(company).bind(batch)).await?).unwrap_or(i64::MAX))
}

/// The lines of a batch of ours as reversals of themselves, dated `today` in the books.
///
/// # Errors
/// Whatever the database says.
pub async fn reversals(
    tx: &mut Tx,
    company: i64,
    batch: i64,
    today: &str,
) -> Result<Vec<crate::features::ledger::NewLine>, DbError> {
    let sql = Sql::new(
        "SELECT l.id, l.customer_id, l.currency, l.reference, l.other_reference, l.memo, \
         l.business_date, l.due_date, l.amount, l.tax, l.batch_row FROM line l \
         LEFT JOIN line r ON r.reverses_id = l.id AND r.state <> 'rejected' \
         AND r.state = 'posted' \
         WHERE l.company_id = $1 AND l.batch_id = $2 AND l.state = 'posted' AND r.id IS NULL \
         AND l.reverses_id IS NULL ORDER BY l.batch_row",
    );
    let rows = tx.rows(sql.bind(company).bind(batch)).await?;
    let line = |row: &Row| {
        let amount: i64 = row.get("amount")?;
        Ok(crate::features::ledger::NewLine {
            customer: row.get("customer_id")?,
            side: Side::Ours,
            currency: row.get("currency")?,
            kind: crate::features::ledger::LedgerKind::Reversal,
            reference: row.get("reference")?,
            other_reference: row.get("other_reference")?,
            memo: row.get("memo")?,
            business_date: row.get("business_date")?,
            posting_date: today.to_owned(),
            due_date: row.get("due_date")?,
            amount: amount.checked_neg().ok_or(DbError::Conflict)?,
            tax: row.get::<Option<i64>>("tax")?.and_then(i64::checked_neg),
            freight: None,
            document: None,
            reverses: Some(row.get("id")?),
            source: (String::new(), String::new()),
            batch: Some((batch, row.get::<Option<i64>>("batch_row")?.unwrap_or(0))),
        })
    };
    rows.iter().map(line).collect()
}

/// What customers allow.
#[derive(Debug)]
pub struct Limits {
    /// Which of their days are signed.
    pub signed: Signed,
    /// Those that are stopped.
    pub stopped: HashSet<i64>,
}

/// What these customers allow.
///
/// # Errors
/// Whatever the database says.
pub async fn limits(tx: &mut Tx, company: i64, customers: &[Brief]) -> Result<Limits, DbError> {
    let stopped = customers.iter().filter(|customer| customer.status == "stopped");
    let stopped = stopped.map(|customer| customer.id).collect();
    Ok(Limits { signed: Signed::load(tx, company, customers).await?, stopped })
}
