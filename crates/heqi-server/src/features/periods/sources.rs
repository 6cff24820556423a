//! What a period is made from: lines of the account, and what ties them together.

use heqi_domain::{Id, LineId, Reason};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::figures::{Fact, Found, Ties};
use super::model::LateLine;
use super::store::{Account, Record};

/// The customer $2 and those whose lines count with it in a period that ends on this day: merged
/// into it before the period was signed. What had been signed until a merge stays as it was.
macro_rules! members_at {
    ($day:literal) => {
        concat!(
            "(WITH RECURSIVE one (id) AS (SELECT CAST($2 AS BIGINT) UNION SELECT m.merged_id \
             FROM customer_merge m JOIN one ON m.into_id = one.id WHERE m.undone_at IS NULL \
             AND m.locked_through < ",
            $day,
            ") SELECT id FROM one)"
        )
    };
}

/// The same, whatever was signed.
const MEMBERS: &str = members_at!("'9999'");

/// The posted lines of an account through a day, in the order of their numbers.
///
/// # Errors
/// Whatever the database says.
pub async fn facts(tx: &mut Tx, account: &Account, last: &str) -> Result<Vec<Fact>, DbError> {
    let sql = Sql::new(concat!(
        "SELECT id, side, amount, posting_date, business_date, reverses_id, content FROM line \
         WHERE company_id = $1 AND customer_id IN ",
        members_at!("$4"),
        " AND currency = $3 AND state = 'posted' AND posting_date <= $4 ORDER BY id",
    ));
    let sql = sql.bind(account.company).bind(account.customer).bind(&account.currency);
    let read = |row: &Row| {
        Ok(Fact {
            id: row.get("id")?,
            ours: row.get::<String>("side")? == "ours",
            amount: row.get("amount")?,
            posting: row.get("posting_date")?,
            business: row.get("business_date")?,
            reverses: row.get("reverses_id")?,
            content: row.get("content")?,
        })
    };
    tx.rows(sql.bind(last)).await?.iter().map(read).collect()
}

/// What the accounts that were merged into this one since a day was signed brought with them,
/// ours and theirs: the period that ends on `last` opens with it as well.
///
/// # Errors
/// Whatever the database says.
pub async fn joined(
    tx: &mut Tx,
    account: &Account,
    signed: &str,
    last: &str,
) -> Result<(i64, i64), DbError> {
    let sql = Sql::new(concat!(
        "SELECT CAST(COALESCE(SUM(CASE WHEN side = 'ours' THEN amount ELSE 0 END), 0) AS BIGINT) \
         AS ours, CAST(COALESCE(SUM(CASE WHEN side = 'theirs' THEN amount ELSE 0 END), 0) \
         AS BIGINT) AS theirs FROM line WHERE company_id = $1 AND customer_id IN ",
        members_at!("$4"),
        " AND customer_id NOT IN ",
        members_at!("$5"),
        " AND currency = $3 AND state = 'posted' AND posting_date <= $5",
    ));
    let sql = sql.bind(account.company).bind(account.customer).bind(&account.currency);
    let row = tx.one(sql.bind(last).bind(signed)).await?;
    Ok((row.get("ours")?, row.get("theirs")?))
}

/// What ties the posted lines of an account together.
///
/// # Errors
/// Whatever the database says.
pub async fn ties(tx: &mut Tx, account: &Account) -> Result<Ties, DbError> {
    let bound = |start, end| {
        let mut sql = Sql::new(start);
        sql.push(MEMBERS).push(end);
        sql.bind(account.company).bind(account.customer).bind(&account.currency)
    };
    let groups = bound(
        "SELECT m.group_id, m.line_id FROM group_member m \
         JOIN match_group g ON g.id = m.group_id JOIN line l ON l.id = m.line_id \
         WHERE g.company_id = $1 AND g.customer_id IN ",
        " AND g.currency = $3 \
         AND g.status = 'live' AND l.state = 'posted' ORDER BY m.group_id, m.line_id",
    );
    let pair = |row: &Row| Ok((row.get("group_id")?, row.get("line_id")?));
    let groups = tx.rows(groups).await?.iter().map(pair).collect::<Result<_, DbError>>()?;
    let found = bound(
        "SELECT id, reason, amount, status, group_id FROM discrepancy WHERE company_id = $1 \
         AND customer_id IN ",
        " AND currency = $3 AND status <> 'gone' ORDER BY id",
    );
    let read = |row: &Row| {
        Ok(Found {
            id: row.get("id")?,
            reason: row.get("reason")?,
            amount: row.get("amount")?,
            resolved: row.get::<String>("status")? == "resolved",
            group: row.get("group_id")?,
            lines: Vec::new(),
        })
    };
    let mut found = tx.rows(found).await?.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    let lines = bound(
        "SELECT m.discrepancy_id, m.line_id FROM discrepancy_line m \
         JOIN discrepancy d ON d.id = m.discrepancy_id JOIN line l ON l.id = m.line_id \
         WHERE d.company_id = $1 AND d.customer_id IN ",
        " AND d.currency = $3 \
         AND d.status <> 'gone' AND l.state = 'posted' ORDER BY m.discrepancy_id, m.line_id",
    );
    for row in tx.rows(lines).await? {
        let of: i64 = row.get("discrepancy_id")?;
        if let Ok(at) = found.binary_search_by_key(&of, |found| found.id) {
            found[at].lines.push(row.get("line_id")?);
        }
    }
    // What was settled by an entry has left the discrepancy, and ties that entry to it.
    let settled = bound(
        "SELECT s.discrepancy_id, s.line_id, s.effect FROM discrepancy_settlement s \
         JOIN discrepancy d ON d.id = s.discrepancy_id JOIN line l ON l.id = s.line_id \
         WHERE d.company_id = $1 AND d.customer_id IN ",
        " AND d.currency = $3 \
         AND d.status <> 'gone' AND l.state = 'posted' ORDER BY s.line_id",
    );
    for row in tx.rows(settled).await? {
        let of: i64 = row.get("discrepancy_id")?;
        if let Ok(at) = found.binary_search_by_key(&of, |found| found.id) {
            found[at].lines.push(row.get("line_id")?);
            let left = found[at].amount.checked_add(row.get("effect")?);
            found[at].amount =
                left.ok_or_else(|| DbError::Failed("a discrepancy beyond i64".to_owned()))?;
        }
    }
    Ok(Ties { groups, found })
}

/// Documents of signed days that were booked after them.
///
/// # Errors
/// Whatever the database says.
pub async fn late(tx: &mut Tx, record: &Record) -> Result<Vec<LateLine>, DbError> {
    let Record { account, shown, .. } = record;
    let sql = Sql::new(
        "SELECT id, side, reference, business_date, posting_date, amount FROM line \
         WHERE company_id = $1 AND customer_id = $2 AND currency = $3 AND state = 'posted' \
         AND business_date BETWEEN $4 AND $5 AND posting_date > $5 AND posted_at >= $6 \
         ORDER BY id",
    );
    let sql = sql.bind(account.company).bind(account.customer).bind(&account.currency);
    let sql = sql.bind(&shown.first_day).bind(&shown.last_day);
    let read = |row: &Row| {
        Ok(LateLine {
            line: LineId::text(row.get("id")?),
            side: row.get("side")?,
            reference: row.get("reference")?,
            business_date: row.get("business_date")?,
            posting_date: row.get("posting_date")?,
            amount: row.get("amount")?,
            reason: Reason::PostSignature.code().to_owned(),
        })
    };
    let signed = shown.signed_at.map_or(0, Timestamp::micros);
    tx.rows(sql.bind(signed)).await?.iter().map(read).collect()
}
