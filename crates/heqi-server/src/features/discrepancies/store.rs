//! Every statement about discrepancies themselves and what stands against them.

use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::model::{DiscrepancyQuery, Resolution, Status};
use crate::ctx::Ctx;
use crate::permission::Scope;

/// A discrepancy as it is stored.
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
    /// Ours - theirs.
    pub amount: i64,
    /// The amount and the effects of what stands against it.
    pub remaining: i64,
    /// `main+note`.
    pub reason: String,
    /// The sentence in Chinese.
    pub sentence_zh: String,
    /// The sentence in English.
    pub sentence_en: String,
    /// How far it has come.
    pub status: Status,
    /// When a run saw it first.
    pub first_seen_at: Timestamp,
    /// The number of the user who clears it.
    pub owner: Option<i64>,
    /// The name of that user.
    pub owner_name: String,
    /// Until when.
    pub due_date: Option<String>,
    /// The reason that is held for the cause.
    pub cause: String,
    /// On hold until.
    pub hold_until: Option<String>,
    /// What was done about it.
    pub resolution: String,
    /// The match it comes from.
    pub group: Option<i64>,
    /// The run that saw it.
    pub run: Option<i64>,
    /// The signed period it was carried from.
    pub period: Option<i64>,
    /// Its version.
    pub version: i64,
    resolved_by: String,
    resolved_at: Option<i64>,
}

impl Stored {
    /// Marks it as resolved; not written yet.
    pub fn resolve(&mut self, resolution: &Resolution, ctx: &Ctx, tx: &Tx) {
        self.status = Status::Resolved;
        self.resolution = resolution.code().to_owned();
        self.resolved_by = ctx.actor();
        self.resolved_at = Some(tx.now().micros());
        self.hold_until = None;
    }

    /// Marks it as open again; what was carried into this period is that again. Not written yet.
    pub fn reopen(&mut self) {
        self.status = if self.period.is_some() { Status::Carried } else { Status::Open };
        self.resolution.clear();
        self.resolved_by.clear();
        self.resolved_at = None;
    }
}

const SELECT: &str = "SELECT d.id, d.customer_id, customer.code AS customer_code, \
     customer.name AS customer_name, d.currency, d.amount, d.reason, d.sentence_zh, \
     d.sentence_en, d.status, d.first_seen_at, d.owner_id, COALESCE(o.name, '') AS owner_name, \
     d.due_date, d.cause, d.hold_until, d.resolution, d.resolved_by, d.resolved_at, d.group_id, \
     d.run_id, d.period_id, d.version, d.amount + COALESCE((SELECT CAST(SUM(s.effect) AS BIGINT) \
     FROM discrepancy_settlement s WHERE s.discrepancy_id = d.id), 0) AS remaining \
     FROM discrepancy d JOIN customer ON customer.id = d.customer_id \
     LEFT JOIN user_account o ON o.id = d.owner_id WHERE d.company_id = $1";

fn read(row: &Row) -> Result<Stored, DbError> {
    let status: String = row.get("status")?;
    let status = Status::from_code(&status)
        .ok_or_else(|| DbError::Failed(format!("unknown status {status}")))?;
    Ok(Stored {
        id: row.get("id")?,
        customer: row.get("customer_id")?,
        customer_code: row.get("customer_code")?,
        customer_name: row.get("customer_name")?,
        currency: row.get("currency")?,
        amount: row.get("amount")?,
        remaining: row.get("remaining")?,
        reason: row.get("reason")?,
        sentence_zh: row.get("sentence_zh")?,
        sentence_en: row.get("sentence_en")?,
        status,
        first_seen_at: row.get("first_seen_at")?,
        owner: row.get("owner_id")?,
        owner_name: row.get("owner_name")?,
        due_date: row.get("due_date")?,
        cause: row.get("cause")?,
        hold_until: row.get("hold_until")?,
        resolution: row.get("resolution")?,
        group: row.get("group_id")?,
        run: row.get("run_id")?,
        period: row.get("period_id")?,
        version: row.get("version")?,
        resolved_by: row.get("resolved_by")?,
        resolved_at: row.get("resolved_at")?,
    })
}

/// The discrepancy, if it is within the scope.
pub(super) async fn find(
    tx: &mut Tx,
    company: i64,
    id: i64,
    scope: &Scope,
) -> Result<Option<Stored>, DbError> {
    let mut sql = Sql::new(SELECT).bind(company);
    sql.push(" AND d.id = ").push_bind(id);
    scope.push(&mut sql);
    tx.optional(sql).await?.map(|row| read(&row)).transpose()
}

/// A page of them; one more than the limit if there is a next page.
pub(super) async fn list(
    tx: &mut Tx,
    ctx: &Ctx,
    scope: &Scope,
    query: &Filter<'_>,
) -> Result<Vec<Stored>, DbError> {
    let mut sql = Sql::new(SELECT).bind(ctx.company);
    scope.push(&mut sql);
    push_filter(&mut sql, query, tx.now());
    // The text of the place is constant, so that no value can become part of the statement.
    let (after, order) = match query.asked.sort.as_deref() {
        Some("amount") => {
            (" AND (ABS(d.amount), d.id) < (", " ORDER BY ABS(d.amount) DESC, d.id DESC LIMIT ")
        }
        Some("newest") => {
            (" AND (d.first_seen_at, d.id) < (", " ORDER BY d.first_seen_at DESC, d.id DESC LIMIT ")
        }
        _ => (" AND (d.first_seen_at, d.id) > (", " ORDER BY d.first_seen_at, d.id LIMIT "),
    };
    if let Some((value, id)) = query.after {
        sql.push(after).push_bind(value).push(", ").push_bind(id).push(")");
    }
    sql.push(order).push_bind(query.limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

/// What a list asks for, its ids read.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    pub asked: &'a DiscrepancyQuery,
    /// The customer and those merged into it.
    pub customers: Option<Vec<i64>>,
    pub owner: Option<Option<i64>>,
    pub after: Option<(i64, i64)>,
    pub limit: usize,
}

fn push_filter(sql: &mut Sql, query: &Filter<'_>, now: Timestamp) {
    let asked = query.asked;
    match asked.status.as_deref() {
        None => {
            sql.push(" AND d.status IN ('open', 'held', 'carried')");
        }
        Some("all") => {}
        Some(status) => {
            sql.push(" AND d.status = ").push_bind(status);
        }
    }
    if let Some(customers) = &query.customers {
        sql.push(" AND d.customer_id IN ").push_list(customers.iter().copied());
    }
    if let Some(reason) = &asked.reason {
        sql.push(" AND (d.reason = ").push_bind(reason.as_str());
        sql.push(" OR d.reason LIKE ").push_bind(format!("{}+%", escaped(reason)));
        sql.push(" ESCAPE '!')");
    }
    match query.owner {
        None => {}
        Some(None) => {
            sql.push(" AND d.owner_id IS NULL");
        }
        Some(Some(owner)) => {
            sql.push(" AND d.owner_id = ").push_bind(owner);
        }
    }
    if asked.overdue == Some(true) {
        let today = now.book_date();
        sql.push(" AND d.status IN ('open', 'held', 'carried') AND (d.due_date < ");
        sql.push_bind(today.as_str()).push(" OR d.hold_until < ").push_bind(today.as_str());
        sql.push(")");
    }
    if let Some(amount) = asked.amount_min {
        sql.push(" AND ABS(d.amount) >= ").push_bind(amount);
    }
    if let Some(amount) = asked.amount_max {
        sql.push(" AND ABS(d.amount) <= ").push_bind(amount);
    }
    // First seen on the day `age` days ago or before: before the end of that day.
    if let Some(age) = asked.age_min {
        sql.push(" AND d.first_seen_at < ").push_bind(start_of_day(now, 1 - age));
    }
    if let Some(age) = asked.age_max {
        sql.push(" AND d.first_seen_at >= ").push_bind(start_of_day(now, -age));
    }
    push_words(sql, asked);
}

fn push_words(sql: &mut Sql, asked: &DiscrepancyQuery) {
    let Some(word) = asked.q.as_deref().map(str::trim).filter(|word| !word.is_empty()) else {
        return;
    };
    let like = format!("%{}%", escaped(&word.to_lowercase()));
    sql.push(" AND (LOWER(customer.name) LIKE ").push_bind(like.as_str()).push(" ESCAPE '!'");
    for column in [
        " OR LOWER(customer.code) LIKE ",
        " OR LOWER(d.sentence_zh) LIKE ",
        " OR LOWER(d.sentence_en) LIKE ",
    ] {
        sql.push(column).push_bind(like.as_str()).push(" ESCAPE '!'");
    }
    sql.push(
        " OR EXISTS (SELECT 1 FROM discrepancy_line dl JOIN line l ON l.id = dl.line_id \
         WHERE dl.discrepancy_id = d.id AND (LOWER(l.reference) LIKE ",
    );
    sql.push_bind(like.as_str()).push(" ESCAPE '!' OR LOWER(l.memo) LIKE ");
    sql.push_bind(like.as_str()).push(" ESCAPE '!')))");
}

/// The word with what LIKE would take for a pattern made harmless.
fn escaped(word: &str) -> String {
    word.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// The first instant of the day of the books so many days from now.
fn start_of_day(now: Timestamp, days: i64) -> Timestamp {
    let today = heqi_domain::day_from_iso(&now.book_date()).map_or(0, i64::from);
    Timestamp::from_micros(0).plus_seconds((today + days) * 86_400 - 8 * 3_600)
}

/// Writes what people did and raises the version. The row is locked and its version was checked.
pub(super) async fn save(tx: &mut Tx, found: &mut Stored) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE discrepancy SET status = $1, owner_id = $2, due_date = $3, cause = $4, \
         hold_until = $5, resolution = $6, resolved_by = $7, resolved_at = $8, \
         version = version + 1 WHERE id = $9 AND version = $10",
    );
    let sql = sql.bind(found.status.code()).bind(found.owner).bind(found.due_date.clone());
    let sql = sql.bind(&found.cause).bind(found.hold_until.clone()).bind(&found.resolution);
    let sql = sql.bind(&found.resolved_by).bind(found.resolved_at);
    if tx.execute(sql.bind(found.id).bind(found.version)).await? == 0 {
        return Err(DbError::Conflict);
    }
    found.version += 1;
    Ok(())
}

/// A line that a discrepancy stands on.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub id: i64,
    pub ours: bool,
    pub kind: String,
    pub reference: String,
    pub other_reference: String,
    pub memo: String,
    pub business_date: String,
    pub due_date: Option<String>,
    pub amount: i64,
}

/// Its lines: ours first, in the order of the account.
pub(super) async fn lines(tx: &mut Tx, id: i64) -> Result<Vec<Line>, DbError> {
    let sql = Sql::new(
        "SELECT l.id, l.side, l.kind, l.reference, l.other_reference, l.memo, l.business_date, \
         l.due_date, l.amount FROM discrepancy_line dl JOIN line l ON l.id = dl.line_id \
         WHERE dl.discrepancy_id = $1 ORDER BY l.side, l.business_date, l.id",
    );
    let read = |row: &Row| {
        Ok(Line {
            id: row.get("id")?,
            ours: row.get::<String>("side")? == "ours",
            kind: row.get("kind")?,
            reference: row.get("reference")?,
            other_reference: row.get("other_reference")?,
            memo: row.get("memo")?,
            business_date: row.get("business_date")?,
            due_date: row.get("due_date")?,
            amount: row.get("amount")?,
        })
    };
    tx.rows(sql.bind(id)).await?.iter().map(read).collect()
}

/// Line, effect and adjustment of what stands against it.
pub(super) async fn settlements(
    tx: &mut Tx,
    id: i64,
) -> Result<Vec<(i64, i64, Option<i64>)>, DbError> {
    let sql = Sql::new(
        "SELECT line_id, effect, adjustment_id FROM discrepancy_settlement \
         WHERE discrepancy_id = $1 ORDER BY created_at, line_id",
    );
    let read = |row: &Row| Ok((row.get("line_id")?, row.get("effect")?, row.get("adjustment_id")?));
    tx.rows(sql.bind(id)).await?.iter().map(read).collect()
}

/// Lets a line stand against it.
pub(super) async fn insert_settlement(
    tx: &mut Tx,
    found: &Stored,
    (line, effect, adjustment): (i64, i64, Option<i64>),
) -> Result<(), DbError> {
    let sql = Sql::new(
        "INSERT INTO discrepancy_settlement (line_id, company_id, discrepancy_id, effect, \
         adjustment_id, created_at) SELECT $1, company_id, id, $2, $3, $4 FROM discrepancy \
         WHERE id = $5",
    );
    let now = tx.now();
    let sql = sql.bind(line).bind(effect).bind(adjustment).bind(now).bind(found.id);
    tx.execute(sql).await.map(drop)
}

/// Takes back the entries that a person named; what adjustments posted remains.
pub(super) async fn remove_named(tx: &mut Tx, id: i64) -> Result<u64, DbError> {
    let sql = Sql::new(
        "DELETE FROM discrepancy_settlement WHERE discrepancy_id = $1 AND adjustment_id IS NULL",
    );
    tx.execute(sql.bind(id)).await
}

/// The effect of a posted line of the same account that could clear the discrepancy: none if it
/// is one of its own lines, or stands against another discrepancy already.
pub(super) async fn effect(tx: &mut Tx, found: &Stored, line: i64) -> Result<Option<i64>, DbError> {
    let sql = Sql::new(
        "SELECT CASE WHEN side = 'ours' THEN amount ELSE -amount END AS effect FROM line \
         WHERE id = $1 AND customer_id = $2 AND currency = $3 AND state = 'posted' \
         AND NOT EXISTS (SELECT 1 FROM discrepancy_line dl WHERE dl.line_id = line.id \
         AND dl.discrepancy_id = $4) \
         AND NOT EXISTS (SELECT 1 FROM discrepancy_settlement s WHERE s.line_id = line.id)",
    );
    let sql = sql.bind(line).bind(found.customer).bind(&found.currency).bind(found.id);
    tx.optional(sql).await?.map(|row| row.get("effect")).transpose()
}

/// Whether a small difference was written off against it and not reversed since.
pub(super) async fn is_written_off(tx: &mut Tx, id: i64) -> Result<bool, DbError> {
    let sql = Sql::new(
        "SELECT COUNT(*) FROM discrepancy_settlement s JOIN adjustment a ON a.id = s.adjustment_id \
         WHERE s.discrepancy_id = $1 AND a.kind IN ('rounding', 'write_off') \
         AND NOT EXISTS (SELECT 1 FROM adjustment r WHERE r.reverses_id = a.id \
         AND r.state = 'posted')",
    );
    Ok(tx.count(sql.bind(id)).await? > 0)
}
