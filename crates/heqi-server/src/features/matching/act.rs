//! Acts 操作: what a person did to matches in one go, and what it found before it did.

use heqi_domain::{GroupId, Id, LineId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};
use serde::{Deserialize, Serialize};

use super::load;
use super::store;
use crate::ctx::Ctx;
use crate::features::customers;
use crate::problem::Problem;

/// An act under way.
#[derive(Debug, Clone)]
pub struct Acting {
    /// The company.
    pub company: i64,
    /// The number of the act.
    pub act: i64,
    /// Who acts.
    pub by: String,
    /// Why.
    pub note: String,
}

/// A group as decisions look at it.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its number.
    pub id: i64,
    /// The customer.
    pub customer: i64,
    /// ISO 4217.
    pub currency: String,
    /// Its content id.
    pub content: String,
    /// ours − theirs.
    pub difference: i64,
    /// `main+note`.
    pub reason: String,
    /// In Chinese and English.
    pub sentences: [String; 2],
    /// Why, as JSON.
    pub evidence: String,
    /// The signed period that it stands in.
    pub period: Option<i64>,
    /// Changes with every change.
    pub version: i64,
    /// What a decision changes.
    pub was: GroupWas,
}

/// What a decision changes of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupWas {
    /// `live`, `suggested`, …
    pub status: String,
    /// `settled`, `differs`, `suggested`.
    pub state: String,
    /// Whether a person decided.
    pub decided: bool,
    /// Who.
    pub decided_by: String,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub decision_note: String,
    /// The act.
    pub act_id: Option<i64>,
    /// When it was broken apart.
    pub undone_at: Option<Timestamp>,
}

/// What a decision changes of a discrepancy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscrepancyWas {
    /// `open`, `gone`, …
    pub status: String,
    /// The group whose difference it is.
    pub group_id: Option<i64>,
}

/// Begins an act.
///
/// # Errors
/// Whatever the database says.
pub async fn begin(
    tx: &mut Tx,
    ctx: &Ctx,
    kind: &'static str,
    note: &str,
) -> Result<Acting, DbError> {
    let (act, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO match_act (id, company_id, kind, note, made_by, made_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let sql = sql.bind(act).bind(ctx.company).bind(kind).bind(note).bind(ctx.actor());
    tx.execute(sql.bind(now)).await?;
    Ok(Acting { company: ctx.company, act, by: ctx.actor(), note: note.to_owned() })
}

/// Notes what an act found before it changes it; none: there was nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn remember(
    tx: &mut Tx,
    acting: &Acting,
    (object, id): (&'static str, i64),
    customer: i64,
    was: Option<&impl Serialize>,
) -> Result<(), DbError> {
    let was = was.map(|was| serde_json::to_string(was).unwrap_or_default()).unwrap_or_default();
    // What the act has changed twice is put back to what it found first.
    let sql = Sql::new(
        "INSERT INTO act_change (company_id, act_id, object, object_id, customer_id, was) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (act_id, object, object_id) DO NOTHING",
    );
    let sql = sql.bind(acting.company).bind(acting.act).bind(object).bind(id);
    tx.execute(sql.bind(customer).bind(was)).await.map(drop)
}

/// Locks a customer and those merged into it.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, company: i64, roots: &[i64]) -> Result<(), DbError> {
    let merged = load::merged(tx, company).await?;
    let all: Vec<i64> = roots.iter().flat_map(|root| load::with_merged(&merged, *root)).collect();
    customers::lock(tx, company, &all).await.map(drop)
}

const KNOWN: &str = "id, customer_id, currency, content_id, difference, reason, sentence_zh, \
     sentence_en, evidence, period_id, version, status, state, decided, decided_by, decided_at, \
     decision_note, act_id, undone_at";

/// A group as it is now; the caller holds the lock of its customer.
///
/// # Errors
/// 404.
pub async fn known(tx: &mut Tx, company: i64, id: i64) -> Result<Known, Problem> {
    let mut sql = Sql::new("SELECT ");
    sql.push(KNOWN).push(" FROM match_group WHERE company_id = ").push_bind(company);
    sql.push(" AND id = ").push_bind(id);
    let row = tx.optional(sql).await?.ok_or_else(Problem::not_found)?;
    Ok(read(&row)?)
}

fn read(row: &Row) -> Result<Known, DbError> {
    Ok(Known {
        id: row.get("id")?,
        customer: row.get("customer_id")?,
        currency: row.get("currency")?,
        content: row.get("content_id")?,
        difference: row.get("difference")?,
        reason: row.get("reason")?,
        sentences: [row.get("sentence_zh")?, row.get("sentence_en")?],
        evidence: row.get("evidence")?,
        period: row.get("period_id")?,
        version: row.get("version")?,
        was: GroupWas {
            status: row.get("status")?,
            state: row.get("state")?,
            decided: row.get("decided")?,
            decided_by: row.get("decided_by")?,
            decided_at: row.get("decided_at")?,
            decision_note: row.get("decision_note")?,
            act_id: row.get("act_id")?,
            undone_at: row.get("undone_at")?,
        },
    })
}

/// Writes what a decision changes of a group.
///
/// # Errors
/// Whatever the database says.
pub async fn write(tx: &mut Tx, id: i64, to: &GroupWas) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE match_group SET status = $1, state = $2, decided = $3, decided_by = $4, \
         decided_at = $5, decision_note = $6, act_id = $7, undone_at = $8, \
         version = version + 1 WHERE id = $9",
    );
    let sql = sql.bind(&to.status).bind(&to.state).bind(to.decided).bind(&to.decided_by);
    let sql = sql.bind(to.decided_at).bind(&to.decision_note).bind(to.act_id).bind(to.undone_at);
    tx.execute(sql.bind(id)).await.map(drop)
}

/// The lines of a group, ours first.
///
/// # Errors
/// Whatever the database says.
pub async fn members(tx: &mut Tx, group: i64) -> Result<Vec<(String, i64)>, DbError> {
    let sql = "SELECT side, line_id FROM group_member WHERE group_id = $1 ORDER BY side, line_id";
    let rows = tx.rows(Sql::new(sql).bind(group)).await?;
    rows.iter().map(|row| Ok((row.get("side")?, row.get("line_id")?))).collect()
}

/// Refuses if a live group has one of these lines, or if one is held.
///
/// # Errors
/// 409 `line_taken` with the line and the group that has it; 409 `line_held`.
pub async fn refuse_taken(tx: &mut Tx, lines: &[i64]) -> Result<(), Problem> {
    if let Some((line, group)) = taken(tx, lines).await?.into_iter().next() {
        return Err(line_taken(line, group));
    }
    let held = held(tx, lines).await?;
    let Some(line) = held.first() else { return Ok(()) };
    let problem = Problem::conflict(
        "line_held",
        "其中有明细已挂起；请先解除挂起",
        "One of the lines is held; release it first",
    );
    Err(problem.with_facts(serde_json::json!({ "line": LineId::text(*line) })))
}

/// Which of these lines a live group has: line and group.
///
/// # Errors
/// Whatever the database says.
pub async fn taken(tx: &mut Tx, lines: &[i64]) -> Result<Vec<(i64, i64)>, DbError> {
    let mut sql = Sql::new("SELECT line_id, group_id FROM line_claim WHERE line_id IN ");
    sql.push_list(lines.iter().copied()).push(" ORDER BY line_id");
    let rows = tx.rows(sql).await?;
    rows.iter().map(|row| Ok((row.get("line_id")?, row.get("group_id")?))).collect()
}

/// Which of these lines are held.
///
/// # Errors
/// Whatever the database says.
pub async fn held(tx: &mut Tx, lines: &[i64]) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT line_id FROM line_hold WHERE line_id IN ");
    sql.push_list(lines.iter().copied()).push(" ORDER BY line_id");
    tx.rows(sql).await?.iter().map(|row| row.get("line_id")).collect()
}

fn line_taken(line: i64, group: i64) -> Problem {
    let problem = Problem::conflict(
        "line_taken",
        "其中有明细已被别的匹配占用；请刷新后再看",
        "Another match has one of the lines; load the page again",
    );
    let facts = serde_json::json!({ "line": LineId::text(line), "group": GroupId::text(group) });
    problem.with_facts(facts)
}

/// Gives lines to a live group.
///
/// # Errors
/// 409 `line_taken` if another one was faster.
pub async fn claim(tx: &mut Tx, company: i64, group: i64, lines: &[i64]) -> Result<(), Problem> {
    for line in lines {
        let sql = "INSERT INTO line_claim (line_id, company_id, group_id) VALUES ($1, $2, $3)";
        let inserted = tx.execute(Sql::new(sql).bind(*line).bind(company).bind(group)).await;
        match inserted {
            Err(error) if error.is_unique("line_claim") => return Err(line_taken(*line, 0)),
            other => other?,
        };
    }
    Ok(())
}

/// Takes its lines from a group.
///
/// # Errors
/// Whatever the database says.
pub async fn unclaim(tx: &mut Tx, group: i64) -> Result<(), DbError> {
    let sql = Sql::new("DELETE FROM line_claim WHERE group_id = $1");
    tx.execute(sql.bind(group)).await.map(drop)
}

/// Lets go what no longer holds once these lines are taken or held: suggestions that have one,
/// and open discrepancies of no live group that stand on one.
///
/// # Errors
/// Whatever the database says.
pub async fn let_go(
    tx: &mut Tx,
    acting: &Acting,
    but: Option<i64>,
    lines: &[i64],
) -> Result<(), Problem> {
    let mut sql = Sql::new(
        "SELECT DISTINCT match_group.id FROM match_group JOIN group_member \
         ON group_member.group_id = match_group.id WHERE match_group.status = 'suggested' \
         AND match_group.id <> ",
    );
    sql.push_bind(but.unwrap_or(0)).push(" AND group_member.line_id IN ");
    sql.push_list(lines.iter().copied()).push(" ORDER BY match_group.id");
    for row in tx.rows(sql).await? {
        let group = known(tx, acting.company, row.get("id")?).await?;
        remember(tx, acting, ("group", group.id), group.customer, Some(&group.was)).await?;
        let to = GroupWas { status: "replaced".to_owned(), ..group.was };
        write(tx, group.id, &to).await?;
    }
    let mut sql = Sql::new(
        "SELECT DISTINCT discrepancy.id, discrepancy.customer_id, discrepancy.status, \
         discrepancy.group_id FROM discrepancy JOIN discrepancy_line \
         ON discrepancy_line.discrepancy_id = discrepancy.id LEFT JOIN match_group \
         ON match_group.id = discrepancy.group_id \
         WHERE discrepancy.status IN ('open', 'carried') \
         AND COALESCE(match_group.status, '') <> 'live' AND discrepancy_line.line_id IN ",
    );
    sql.push_list(lines.iter().copied()).push(" ORDER BY discrepancy.id");
    for row in tx.rows(sql).await? {
        let (id, customer) = (row.get("id")?, row.get("customer_id")?);
        let was = DiscrepancyWas { status: row.get("status")?, group_id: row.get("group_id")? };
        remember(tx, acting, ("discrepancy", id), customer, Some(&was)).await?;
        write_discrepancy(tx, id, &DiscrepancyWas { status: "gone".to_owned(), ..was }).await?;
    }
    Ok(())
}

/// Writes what a decision changes of a discrepancy.
///
/// # Errors
/// Whatever the database says.
pub async fn write_discrepancy(tx: &mut Tx, id: i64, to: &DiscrepancyWas) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE discrepancy SET status = $1, group_id = $2, version = version + 1 WHERE id = $3",
    );
    tx.execute(sql.bind(&to.status).bind(to.group_id).bind(id)).await.map(drop)
}

/// Says that what is open of these customers is to be matched anew.
///
/// # Errors
/// Whatever the database says.
pub async fn match_again(tx: &mut Tx, company: i64, customers: &[i64]) -> Result<(), DbError> {
    for customer in customers {
        store::note_due(tx, company, *customer).await?;
    }
    Ok(())
}
