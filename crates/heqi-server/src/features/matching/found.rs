//! Discrepancies from run to run: known by their content, so that what people did with them
//! stays as long as they are found.

use std::collections::{HashMap, HashSet};

use heqi_platform::{DbError, Row, Sql, Timestamp, Tx, Value};

use super::commit::SIDES;
use super::store::push_customers;

/// A discrepancy that a run has found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The customer.
    pub customer: i64,
    /// ISO 4217.
    pub currency: String,
    /// Its content id.
    pub content: String,
    /// The group whose difference it is.
    pub group: Option<i64>,
    /// `main+note`.
    pub reason: String,
    /// ours − theirs.
    pub amount: i64,
    /// In Chinese and English.
    pub sentences: [String; 2],
    /// Why, as JSON; empty if there is nothing to say.
    pub evidence: String,
    /// The lines of ours and theirs that it stands on.
    pub lines: [Vec<i64>; 2],
}

/// What the database knows of one.
#[derive(Debug)]
struct Known {
    id: i64,
    status: String,
    group: Option<i64>,
    group_live: bool,
    reason: String,
    amount: i64,
}

type Name = (i64, String, String);

/// Writes what was found and lets go what was not. New or reopened ones, and those gone.
///
/// # Errors
/// Whatever the database says.
pub async fn upsert(
    tx: &mut Tx,
    company: i64,
    run: i64,
    customers: Option<&[i64]>,
    as_of: Option<&str>,
    rows: &[Found],
) -> Result<(usize, usize), DbError> {
    let known = known(tx, company, customers, as_of).await?;
    let lines = lines(tx, company, customers).await?;
    let mut seen: HashSet<i64> = HashSet::new();
    let mut fresh: Vec<(i64, &Found)> = Vec::new();
    let mut again = 0;
    for row in rows {
        let name = (row.customer, row.currency.clone(), row.content.clone());
        let Some(known) = known.get(&name) else {
            fresh.push((tx.next_id(), row));
            continue;
        };
        seen.insert(known.id);
        again += usize::from(refresh(tx, run, known, row).await?);
        if lines.get(&known.id).is_none_or(|lines| *lines != sorted(row)) {
            let clear = Sql::new("DELETE FROM discrepancy_line WHERE discrepancy_id = $1");
            tx.execute(clear.bind(known.id)).await?;
            insert_lines(tx, company, &[(known.id, row)]).await?;
        }
    }
    insert(tx, company, run, &fresh).await?;
    // What a signed period carried forward ends here too, when its lines have found a partner.
    let open = |known: &&Known| matches!(known.status.as_str(), "open" | "carried");
    let gone: Vec<i64> = known
        .values()
        .filter(open)
        .filter(|known| !known.group_live && !seen.contains(&known.id))
        .map(|known| known.id)
        .collect();
    set_status(tx, &gone, "gone").await?;
    Ok((fresh.len() + again, gone.len()))
}

/// Brings one that was found again up to date. Whether it had been gone.
async fn refresh(tx: &mut Tx, run: i64, known: &Known, row: &Found) -> Result<bool, DbError> {
    let back = known.status == "gone";
    let same = known.group == row.group && known.reason == row.reason && known.amount == row.amount;
    if same && !back {
        return Ok(false);
    }
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE discrepancy SET group_id = $1, reason = $2, amount = $3, sentence_zh = $4, \
         sentence_en = $5, evidence = $6, run_id = $7, last_seen_at = $8, \
         status = CASE WHEN status = 'gone' THEN 'open' ELSE status END, version = version + 1 \
         WHERE id = $9",
    );
    let sql = sql.bind(row.group).bind(&row.reason).bind(row.amount).bind(&row.sentences[0]);
    let sql = sql.bind(&row.sentences[1]).bind(&row.evidence).bind(run).bind(now);
    tx.execute(sql.bind(known.id)).await?;
    Ok(back)
}

async fn known(
    tx: &mut Tx,
    company: i64,
    customers: Option<&[i64]>,
    as_of: Option<&str>,
) -> Result<HashMap<Name, Known>, DbError> {
    let mut sql = Sql::new(
        "SELECT discrepancy.id, discrepancy.customer_id, discrepancy.currency, \
         discrepancy.content_id, discrepancy.status, discrepancy.group_id, discrepancy.reason, \
         discrepancy.amount, COALESCE(match_group.status, '') AS group_status FROM discrepancy \
         LEFT JOIN match_group ON match_group.id = discrepancy.group_id \
         WHERE discrepancy.company_id = ",
    );
    sql.push_bind(company);
    push_customers(&mut sql, "discrepancy.customer_id", customers);
    if let Some(as_of) = as_of {
        sql.push(
            " AND NOT EXISTS (SELECT 1 FROM discrepancy_line JOIN line \
             ON line.id = discrepancy_line.line_id \
             WHERE discrepancy_line.discrepancy_id = discrepancy.id AND line.business_date > ",
        );
        sql.push_bind(as_of).push(")");
    }
    let rows = tx.rows(sql).await?;
    let read = |row: &Row| {
        let name = (row.get("customer_id")?, row.get("currency")?, row.get("content_id")?);
        let known = Known {
            id: row.get("id")?,
            status: row.get("status")?,
            group: row.get("group_id")?,
            group_live: row.get::<String>("group_status")? == "live",
            reason: row.get("reason")?,
            amount: row.get("amount")?,
        };
        Ok((name, known))
    };
    rows.iter().map(read).collect()
}

async fn lines(
    tx: &mut Tx,
    company: i64,
    customers: Option<&[i64]>,
) -> Result<HashMap<i64, Vec<i64>>, DbError> {
    let mut sql = Sql::new(
        "SELECT discrepancy_line.discrepancy_id, discrepancy_line.line_id FROM discrepancy_line \
         JOIN discrepancy ON discrepancy.id = discrepancy_line.discrepancy_id \
         WHERE discrepancy.company_id = ",
    );
    sql.push_bind(company);
    push_customers(&mut sql, "discrepancy.customer_id", customers);
    sql.push(" ORDER BY discrepancy_line.discrepancy_id, discrepancy_line.line_id");
    let mut lines: HashMap<i64, Vec<i64>> = HashMap::new();
    tx.scan(sql, |cells| {
        lines.entry(cells.int(0)?).or_default().push(cells.int(1)?);
        Ok(())
    })
    .await?;
    Ok(lines)
}

fn sorted(row: &Found) -> Vec<i64> {
    let mut all = row.lines.concat();
    all.sort_unstable();
    all
}

/// Adds discrepancies with their lines.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn insert(
    tx: &mut Tx,
    company: i64,
    run: i64,
    fresh: &[(i64, &Found)],
) -> Result<(), DbError> {
    for piece in fresh.chunks(PIECE) {
        let rows = rows(tx.now(), company, run, piece);
        tx.insert_many("discrepancy", COLUMNS, rows.into_iter()).await?;
    }
    insert_lines(tx, company, fresh).await
}

/// Discrepancies whose rows are made at once.
const PIECE: usize = 4_096;

fn rows(now: Timestamp, company: i64, run: i64, piece: &[(i64, &Found)]) -> Vec<Vec<Value>> {
    let row = |(id, row): &(i64, &Found)| -> Vec<Value> {
        vec![
            (*id).into(),
            company.into(),
            row.customer.into(),
            (&row.currency).into(),
            (&row.content).into(),
            row.group.into(),
            Some(run).filter(|run| *run > 0).into(),
            (&row.reason).into(),
            row.amount.into(),
            (&row.sentences[0]).into(),
            (&row.sentences[1]).into(),
            (&row.evidence).into(),
            "open".into(),
            now.into(),
            now.into(),
        ]
    };
    piece.iter().map(row).collect()
}

async fn insert_lines(tx: &mut Tx, company: i64, fresh: &[(i64, &Found)]) -> Result<(), DbError> {
    for piece in fresh.chunks(PIECE) {
        let rows = line_rows(company, piece);
        tx.insert_many("discrepancy_line", LINE_COLUMNS, rows.into_iter()).await?;
    }
    Ok(())
}

fn line_rows(company: i64, piece: &[(i64, &Found)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (id, row) in piece {
        for (lines, side) in row.lines.iter().zip(SIDES) {
            rows.extend(lines.iter().map(|line| -> Vec<Value> {
                vec![company.into(), (*id).into(), side.into(), (*line).into()]
            }));
        }
    }
    rows
}

/// Sets the status of discrepancies.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn set_status(
    tx: &mut Tx,
    ids: &[i64],
    status: &'static str,
) -> Result<(), DbError> {
    for piece in ids.chunks(500) {
        let mut sql = Sql::new("UPDATE discrepancy SET status = ");
        sql.push_bind(status).push(", version = version + 1 WHERE id IN ");
        sql.push_list(piece.iter().copied());
        tx.execute(sql).await?;
    }
    Ok(())
}

const COLUMNS: &str = "id, company_id, customer_id, currency, content_id, group_id, run_id, \
     reason, amount, sentence_zh, sentence_en, evidence, status, first_seen_at, last_seen_at";
const LINE_COLUMNS: &str = "company_id, discrepancy_id, side, line_id";
