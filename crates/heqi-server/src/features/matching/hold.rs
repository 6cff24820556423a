//! Holding lines 挂起: left out of matching for a while, with a reason.

use heqi_domain::{CustomerId, Id, LineId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};
use serde::{Deserialize, Serialize};

use super::act::{self, Acting};
use super::load::Loaded;
use super::model::Hold;
use crate::permission::Scope;
use crate::problem::Problem;

/// A hold as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldWas {
    /// Why.
    pub reason: String,
    /// Until this day.
    pub until: Option<String>,
    /// Who.
    pub held_by: String,
    /// When.
    pub held_at: Timestamp,
}

/// Holds lines that are open.
///
/// # Errors
/// 409 `line_taken`, `line_held`.
pub async fn hold(
    tx: &mut Tx,
    acting: &Acting,
    loaded: &Loaded,
    until: Option<&str>,
) -> Result<(), Problem> {
    let lines = loaded.ids.concat();
    act::refuse_taken(tx, &lines).await?;
    act::let_go(tx, acting, None, &lines).await?;
    let to = HoldWas {
        reason: acting.note.clone(),
        until: until.map(str::to_owned),
        held_by: acting.by.clone(),
        held_at: tx.now(),
    };
    for (line, customer) in each(loaded) {
        act::remember(tx, acting, ("hold", line), customer, None::<&()>).await?;
        insert(tx, acting.company, line, &to).await?;
    }
    Ok(act::match_again(tx, acting.company, &loaded.touched()).await?)
}

/// Releases lines that are held.
///
/// # Errors
/// 409 `not_held`.
pub async fn release(tx: &mut Tx, acting: &Acting, loaded: &Loaded) -> Result<(), Problem> {
    for (line, customer) in each(loaded) {
        let Some(was) = find(tx, line).await? else {
            let en = "One of the lines is not held";
            let problem = Problem::conflict("not_held", "其中有明细并未挂起", en);
            return Err(problem.with_facts(serde_json::json!({ "line": LineId::text(line) })));
        };
        act::remember(tx, acting, ("hold", line), customer, Some(&was)).await?;
        delete(tx, line).await?;
    }
    Ok(act::match_again(tx, acting.company, &loaded.touched()).await?)
}

fn each(loaded: &Loaded) -> Vec<(i64, i64)> {
    let sides = (0..2).flat_map(|side| {
        let lines = &loaded.lines[side];
        let of = lines.account.iter().map(move |at| loaded.customers[side][*at as usize]);
        loaded.ids[side].iter().copied().zip(of)
    });
    sides.collect()
}

/// The hold of a line.
///
/// # Errors
/// Whatever the database says.
pub async fn find(tx: &mut Tx, line: i64) -> Result<Option<HoldWas>, DbError> {
    let sql = "SELECT reason, until_date, held_by, held_at FROM line_hold WHERE line_id = $1";
    let row = tx.optional(Sql::new(sql).bind(line)).await?;
    let read = |row: Row| {
        Ok(HoldWas {
            reason: row.get("reason")?,
            until: row.get("until_date")?,
            held_by: row.get("held_by")?,
            held_at: row.get("held_at")?,
        })
    };
    row.map(read).transpose()
}

/// Puts a hold on a line.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, company: i64, line: i64, to: &HoldWas) -> Result<(), DbError> {
    let sql = Sql::new(
        "INSERT INTO line_hold (line_id, company_id, reason, until_date, held_by, held_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let sql = sql.bind(line).bind(company).bind(&to.reason).bind(to.until.clone());
    tx.execute(sql.bind(&to.held_by).bind(to.held_at)).await.map(drop)
}

/// Takes the hold off a line.
///
/// # Errors
/// Whatever the database says.
pub async fn delete(tx: &mut Tx, line: i64) -> Result<(), DbError> {
    let sql = Sql::new("DELETE FROM line_hold WHERE line_id = $1");
    tx.execute(sql.bind(line)).await.map(drop)
}

/// Held lines within this scope, by line.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    after: i64,
    limit: usize,
) -> Result<Vec<Hold>, DbError> {
    let mut sql = Sql::new(
        "SELECT line_hold.line_id, line.customer_id, line.side, line.amount, line.currency, \
         line_hold.reason, line_hold.until_date, line_hold.held_by, line_hold.held_at \
         FROM line_hold JOIN line ON line.id = line_hold.line_id WHERE line_hold.company_id = ",
    );
    sql.push_bind(company).push(" AND line_hold.line_id > ").push_bind(after);
    scope.push_customers(&mut sql, "line.customer_id", company);
    sql.push(" ORDER BY line_hold.line_id LIMIT ").push_bind(limit as i64 + 1);
    let rows = tx.rows(sql).await?;
    let read = |row: &Row| {
        let number: i64 = row.get("line_id")?;
        Ok(Hold {
            line: LineId::text(number),
            number,
            customer: CustomerId::text(row.get("customer_id")?),
            side: row.get("side")?,
            amount: row.get("amount")?,
            currency: row.get("currency")?,
            reason: row.get("reason")?,
            until: row.get("until_date")?,
            held_by: row.get("held_by")?,
            held_at: row.get("held_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Holds that have run out by this day: company, line and customer.
///
/// # Errors
/// Whatever the database says.
pub async fn run_out(tx: &mut Tx, today: &str) -> Result<Vec<(i64, i64, i64)>, DbError> {
    let sql = "SELECT line_hold.company_id, line_hold.line_id, line.customer_id FROM line_hold \
               JOIN line ON line.id = line_hold.line_id WHERE line_hold.until_date < $1 \
               ORDER BY line_hold.company_id, line_hold.line_id LIMIT 500";
    let rows = tx.rows(Sql::new(sql).bind(today)).await?;
    let read =
        |row: &Row| Ok((row.get("company_id")?, row.get("line_id")?, row.get("customer_id")?));
    rows.iter().map(read).collect()
}
