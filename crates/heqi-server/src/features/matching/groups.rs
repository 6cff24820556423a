//! Statements that show groups.

use heqi_domain::{ActId, CustomerId, GroupId, Id, LineId, PeriodId, RunId};
use heqi_platform::{DbError, Row, Sql, Tx};

use super::model::{Group, GroupQuery, GroupView, MemberLine};
use crate::permission::Scope;
use crate::problem::{Problem, lang};

const COLUMNS: &str = "match_group.id, match_group.customer_id, match_group.currency, \
     match_group.run_id, match_group.content_id, match_group.pass, match_group.state, \
     match_group.status, match_group.decided, match_group.ours, match_group.theirs, \
     match_group.difference, match_group.reason, match_group.sentence_zh, \
     match_group.sentence_en, match_group.rank, match_group.act_id, match_group.decided_by, \
     match_group.decided_at, match_group.decision_note, match_group.period_id, \
     match_group.version";

fn select(company: i64, scope: &Scope) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM match_group WHERE match_group.company_id = ");
    sql.push_bind(company);
    scope.push_customers(&mut sql, "match_group.customer_id", company);
    sql
}

/// A group within this scope.
///
/// # Errors
/// 404.
pub async fn find(tx: &mut Tx, company: i64, scope: &Scope, id: i64) -> Result<Group, Problem> {
    let mut sql = select(company, scope);
    sql.push(" AND match_group.id = ").push_bind(id);
    let row = tx.optional(sql).await?.ok_or_else(Problem::not_found)?;
    Ok(read(&row)?)
}

/// Groups within this scope, the newest first.
///
/// # Errors
/// 422 for a customer that is no id.
pub async fn list(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    query: &GroupQuery,
    before: i64,
    limit: usize,
) -> Result<Vec<Group>, Problem> {
    let mut sql = select(company, scope);
    sql.push(" AND match_group.id < ").push_bind(before);
    if let Some(customer) = &query.customer {
        let customer: CustomerId = customer.parse().map_err(|error| {
            Problem::field("/customer", format!("客户编号不对：{error}"), format!("{error}"))
        })?;
        sql.push(" AND match_group.customer_id = ").push_bind(customer.number());
    }
    match &query.status {
        Some(status) => sql.push(" AND match_group.status = ").push_bind(status),
        None => sql.push(" AND match_group.status IN ('live', 'suggested')"),
    };
    if let Some(state) = &query.state {
        sql.push(" AND match_group.state = ").push_bind(state);
    }
    if let Some(pass) = &query.pass {
        sql.push(" AND match_group.pass = ").push_bind(pass);
    }
    if let Some(reason) = &query.reason {
        sql.push(" AND (match_group.reason = ").push_bind(reason);
        sql.push(" OR SUBSTR(match_group.reason, 1, LENGTH(CAST(").push_bind(reason);
        sql.push(" AS TEXT)) + 1) = ").push_bind(format!("{reason}+")).push(")");
    }
    sql.push(" ORDER BY match_group.id DESC LIMIT ").push_bind(limit as i64 + 1);
    Ok(tx.rows(sql).await?.iter().map(read).collect::<Result<_, DbError>>()?)
}

/// A group with its lines, its evidence and the other suggestions for the same lines.
///
/// # Errors
/// 404.
pub async fn view(tx: &mut Tx, company: i64, scope: &Scope, id: i64) -> Result<GroupView, Problem> {
    let group = find(tx, company, scope, id).await?;
    let sql = "SELECT evidence FROM match_group WHERE id = $1";
    let evidence: String = tx.one(Sql::new(sql).bind(id)).await?.get("evidence")?;
    let sql = "SELECT line.id, line.side, line.reference, line.kind, line.business_date, \
               line.memo, line.amount, line_claim.group_id FROM group_member \
               JOIN line ON line.id = group_member.line_id \
               LEFT JOIN line_claim ON line_claim.line_id = line.id \
               WHERE group_member.group_id = $1 ORDER BY line.business_date, line.id";
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for row in tx.rows(Sql::new(sql).bind(id)).await? {
        let side: String = row.get("side")?;
        if side == "ours" { &mut ours } else { &mut theirs }.push(line(&row)?);
    }
    let mut sql = select(company, scope);
    sql.push(" AND match_group.status = 'suggested' AND match_group.id <> ").push_bind(id);
    sql.push(
        " AND match_group.id IN (SELECT other.group_id FROM group_member JOIN group_member other \
         ON other.line_id = group_member.line_id WHERE group_member.group_id = ",
    );
    sql.push_bind(id).push(") ORDER BY match_group.rank, match_group.id LIMIT 20");
    let rows = tx.rows(sql).await?;
    let alternatives = rows.iter().map(read).collect::<Result<_, DbError>>()?;
    let evidence = serde_json::from_str(&evidence).ok();
    Ok(GroupView { group, ours, theirs, evidence, alternatives })
}

fn line(row: &Row) -> Result<MemberLine, DbError> {
    let holder: Option<i64> = row.get("group_id")?;
    Ok(MemberLine {
        id: LineId::text(row.get("id")?),
        reference: row.get("reference")?,
        kind: row.get("kind")?,
        date: row.get("business_date")?,
        memo: row.get("memo")?,
        amount: row.get("amount")?,
        held_by: holder.map(GroupId::text),
    })
}

fn read(row: &Row) -> Result<Group, DbError> {
    let number: i64 = row.get("id")?;
    let (run, act): (Option<i64>, Option<i64>) = (row.get("run_id")?, row.get("act_id")?);
    let period: Option<i64> = row.get("period_id")?;
    let said: [String; 2] = [row.get("sentence_zh")?, row.get("sentence_en")?];
    Ok(Group {
        id: GroupId::text(number),
        number,
        customer: CustomerId::text(row.get("customer_id")?),
        currency: row.get("currency")?,
        run: run.map(RunId::text),
        content: row.get("content_id")?,
        pass: row.get("pass")?,
        state: row.get("state")?,
        status: row.get("status")?,
        decided: row.get("decided")?,
        ours: row.get("ours")?,
        theirs: row.get("theirs")?,
        difference: row.get("difference")?,
        reason: row.get("reason")?,
        sentence: lang().pick(&said[0], &said[1]).to_owned(),
        rank: row.get("rank")?,
        act: act.map(ActId::text),
        decided_by: row.get("decided_by")?,
        decided_at: row.get("decided_at")?,
        decision_note: row.get("decision_note")?,
        period: period.map(PeriodId::text),
        version: row.get("version")?,
    })
}
