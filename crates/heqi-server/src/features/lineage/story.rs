//! The story as it stands in the tables: every statement that reads it.
//!
//! One function for each table of another feature; a new table is one more function in
//! [`events`].

use std::collections::HashMap;

use heqi_domain::Lang::{En, Zh};
use heqi_domain::{
    AdjustmentId, BatchId, CustomerId, DiscrepancyId, GroupId, Id, LineId, PeriodId, Reason, UserId,
};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::model::{LineFacts, LineageEvent, Origin, Related};
use crate::permission::Scope;

/// What the story begins with.
#[derive(Debug)]
pub struct Begin {
    company: i64,
    customer: i64,
    id: i64,
    currency: String,
    posting_date: String,
    reverses: Option<i64>,
    document: Option<i64>,
    first: Vec<Told>,
}

/// An event whose actor is known by id only.
#[derive(Debug, Clone)]
struct Told {
    at: Timestamp,
    what: &'static str,
    by: String,
    object: String,
    text: [String; 2],
    live: bool,
}

/// The line, within the scope.
///
/// # Errors
/// Whatever the database says.
pub async fn line(
    tx: &mut Tx,
    company: i64,
    id: i64,
    scope: &Scope,
) -> Result<Option<(LineFacts, Option<Origin>, Begin)>, DbError> {
    let mut sql = Sql::new(
        "SELECT line.*, customer.name AS customer_name FROM line \
         JOIN customer ON customer.id = line.customer_id WHERE line.company_id = $1 \
         AND line.id = $2",
    );
    sql = sql.bind(company).bind(id);
    scope.push(&mut sql);
    let Some(row) = tx.optional(sql).await? else { return Ok(None) };
    let origin = Origin {
        source: row.get("source")?,
        source_key: row.get("source_key")?,
        batch: row.get::<Option<i64>>("batch_id")?.map(BatchId::text),
        row: row.get("batch_row")?,
    };
    let entered = origin.batch.is_none() && origin.source.is_empty();
    let facts = LineFacts {
        id: LineId::text(id),
        customer: CustomerId::text(row.get("customer_id")?),
        customer_name: row.get("customer_name")?,
        side: row.get("side")?,
        currency: row.get("currency")?,
        kind: row.get("kind")?,
        reference: row.get("reference")?,
        memo: row.get("memo")?,
        business_date: row.get("business_date")?,
        posting_date: row.get("posting_date")?,
        amount: row.get("amount")?,
        state: row.get("state")?,
        voucher_no: row.get("voucher_no")?,
    };
    let begin = Begin {
        company,
        customer: row.get("customer_id")?,
        id,
        currency: row.get("currency")?,
        posting_date: row.get("posting_date")?,
        reverses: row.get("reverses_id")?,
        document: row.get("document_id")?,
        first: first(&row, &origin)?,
    };
    Ok(Some((facts, (!entered).then_some(origin), begin)))
}

/// How it came here and was posted.
fn first(row: &Row, origin: &Origin) -> Result<Vec<Told>, DbError> {
    let object = LineId::text(row.get("id")?);
    let text = match (&origin.batch, origin.row) {
        (Some(batch), Some(at)) => [
            format!("由文件导入（{batch} 第 {at} 行）"),
            format!("came in a file ({batch}, row {at})"),
        ],
        _ if !origin.source.is_empty() => [
            format!("由 {} 接入（{}）", origin.source, origin.source_key),
            format!("came from {} ({})", origin.source, origin.source_key),
        ],
        _ => ["手工录入".to_owned(), "entered by hand".to_owned()],
    };
    let (at, by) = (row.get("created_at")?, row.get("created_by")?);
    let mut told = vec![Told { at, what: "created", by, object: object.clone(), text, live: true }];
    if let Some(at) = row.get::<Option<Timestamp>>("posted_at")? {
        let number: i64 = row.get::<Option<i64>>("voucher_no")?.unwrap_or(0);
        let text = [format!("过账，凭证号 {number}"), format!("posted as voucher {number}")];
        let by = row.get("posted_by")?;
        told.push(Told { at, what: "posted", by, object, text, live: true });
    }
    Ok(told)
}

/// What happened to the line, in order, with the names of who did it.
///
/// # Errors
/// Whatever the database says.
pub async fn events(tx: &mut Tx, begin: &Begin) -> Result<Vec<LineageEvent>, DbError> {
    let mut told = begin.first.clone();
    told.extend(matches(tx, begin).await?);
    told.extend(holds(tx, begin).await?);
    told.extend(discrepancies(tx, begin).await?);
    told.extend(adjustments(tx, begin).await?);
    told.extend(reversals(tx, begin).await?);
    told.extend(periods(tx, begin).await?);
    told.sort_by_key(|event| event.at);
    let names = names(tx, &told).await?;
    let shown = |event: Told| {
        let [text_zh, text_en] = event.text;
        let who = names.get(&event.by).cloned().unwrap_or(event.by);
        let (at, what, object, live) = (event.at, event.what.to_owned(), event.object, event.live);
        LineageEvent { at, what, who, object, text_zh, text_en, live }
    };
    Ok(told.into_iter().map(shown).collect())
}

async fn matches(tx: &mut Tx, begin: &Begin) -> Result<Vec<Told>, DbError> {
    let sql = Sql::new(
        "SELECT g.id, g.status, g.sentence_zh, g.sentence_en, g.decided_by, g.decided_at, \
         g.undone_at, g.decision_note, g.created_at, COALESCE(r.created_by, '') AS run_by \
         FROM group_member m JOIN match_group g ON g.id = m.group_id \
         LEFT JOIN match_run r ON r.id = g.run_id WHERE m.company_id = $1 AND m.line_id = $2 \
         ORDER BY g.id",
    );
    let mut told = Vec::new();
    for row in tx.rows(sql.bind(begin.company).bind(begin.id)).await? {
        let object = GroupId::text(row.get("id")?);
        let status: String = row.get("status")?;
        let (decided, note): (Option<Timestamp>, String) =
            (row.get("decided_at")?, row.get("decision_note")?);
        let live = status == "live";
        let proposal = ["suggested", "rejected"].contains(&status.as_str());
        let text: [String; 2] = [row.get("sentence_zh")?, row.get("sentence_en")?];
        let what = if proposal { "suggested" } else { "matched" };
        let text = named(what, text);
        let by: String = row.get("run_by")?;
        let at = row.get("created_at")?;
        told.push(Told { at, what, by, object: object.clone(), text, live });
        let ended = match status.as_str() {
            "rejected" => decided.map(|at| (at, "rejected", ["否决匹配", "match rejected"])),
            "live" => decided.map(|at| (at, "confirmed", ["确认匹配", "match confirmed"])),
            _ => {
                let undone: Option<Timestamp> = row.get("undone_at")?;
                undone.map(|at| (at, "unmatched", ["取消匹配", "match undone"]))
            }
        };
        if let Some((at, what, [zh, en])) = ended {
            let with = |text: &str, colon: &str| match note.as_str() {
                "" => text.to_owned(),
                note => format!("{text}{colon}{note}"),
            };
            let (by, text) = (row.get("decided_by")?, [with(zh, "："), with(en, ": ")]);
            told.push(Told { at, what, by, object, text, live });
        }
    }
    Ok(told)
}

fn named(what: &str, [zh, en]: [String; 2]) -> [String; 2] {
    let none = match what {
        "suggested" => ["建议匹配", "suggested match"],
        _ => ["匹配", "matched"],
    };
    let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    [or(zh, none[0]), or(en, none[1])]
}

async fn holds(tx: &mut Tx, begin: &Begin) -> Result<Vec<Told>, DbError> {
    let sql = Sql::new(
        "SELECT reason, held_by, held_at FROM line_hold WHERE company_id = $1 AND line_id = $2",
    );
    let read = |row: &Row| {
        let reason: String = row.get("reason")?;
        let text = [format!("挂起：{reason}"), format!("put on hold: {reason}")];
        let object = LineId::text(begin.id);
        let (at, by) = (row.get("held_at")?, row.get("held_by")?);
        Ok(Told { at, what: "held", by, object, text, live: true })
    };
    tx.rows(sql.bind(begin.company).bind(begin.id)).await?.iter().map(read).collect()
}

async fn discrepancies(tx: &mut Tx, begin: &Begin) -> Result<Vec<Told>, DbError> {
    let sql = Sql::new(
        "SELECT d.id, d.reason, d.status, d.sentence_zh, d.sentence_en, d.first_seen_at, \
         d.resolution, d.resolved_by, d.resolved_at FROM discrepancy_line m \
         JOIN discrepancy d ON d.id = m.discrepancy_id WHERE m.company_id = $1 AND m.line_id = $2 \
         ORDER BY d.id",
    );
    let mut told = Vec::new();
    for row in tx.rows(sql.bind(begin.company).bind(begin.id)).await? {
        let object = DiscrepancyId::text(row.get("id")?);
        let reason: String = row.get("reason")?;
        let code = reason.split('+').next().unwrap_or_default();
        let label = Reason::from_code(code).map(|reason| [reason.label(Zh), reason.label(En)]);
        let [zh, en] = label.unwrap_or([code, code]);
        let sentences: [String; 2] = [row.get("sentence_zh")?, row.get("sentence_en")?];
        let text = [format!("差异：{zh} {}", sentences[0]), format!("{en} {}", sentences[1])];
        let text = text.map(|text| text.trim_end().to_owned());
        let status: String = row.get("status")?;
        let live = !["gone", "resolved"].contains(&status.as_str());
        let (at, by) = (row.get("first_seen_at")?, String::new());
        told.push(Told { at, what: "discrepancy", by, object: object.clone(), text, live });
        if let Some(at) = row.get::<Option<Timestamp>>("resolved_at")? {
            let how: String = row.get("resolution")?;
            let text = [format!("差异已处理：{how}"), format!("discrepancy resolved: {how}")];
            let (what, by) = ("resolved", row.get("resolved_by")?);
            told.push(Told { at, what, by, object, text, live: status == "resolved" });
        }
    }
    Ok(told)
}

/// Adjustments of discrepancies that this line stands in, or that were posted as this line.
async fn adjustments(tx: &mut Tx, begin: &Begin) -> Result<Vec<Told>, DbError> {
    let sql = Sql::new(
        "SELECT a.id, a.reason, a.state, a.proposed_by, a.proposed_at, a.decided_by, a.decided_at \
         FROM adjustment a WHERE a.company_id = $1 AND (a.line_id = $2 OR a.discrepancy_id IN \
         (SELECT discrepancy_id FROM discrepancy_line WHERE line_id = $2)) ORDER BY a.id",
    );
    let mut told = Vec::new();
    for row in tx.rows(sql.bind(begin.company).bind(begin.id)).await? {
        let object = AdjustmentId::text(row.get("id")?);
        let (reason, state): (String, String) = (row.get("reason")?, row.get("state")?);
        let live = ["proposed", "posted"].contains(&state.as_str());
        let text = [format!("提出调整：{reason}"), format!("adjustment proposed: {reason}")];
        let (at, by) = (row.get("proposed_at")?, UserId::text(row.get("proposed_by")?));
        let what = "adjustment_proposed";
        told.push(Told { at, what, by, object: object.clone(), text, live });
        if let Some(at) = row.get::<Option<Timestamp>>("decided_at")? {
            let [zh, en] = match state.as_str() {
                "posted" => ["调整已复核过账", "adjustment approved and posted"],
                "withdrawn" => ["调整已撤回", "adjustment withdrawn"],
                _ => ["调整被退回", "adjustment rejected"],
            };
            let by = row.get::<Option<i64>>("decided_by")?.map(UserId::text).unwrap_or_default();
            let (what, text) = ("adjustment_decided", [zh.to_owned(), en.to_owned()]);
            told.push(Told { at, what, by, object, text, live });
        }
    }
    Ok(told)
}

async fn reversals(tx: &mut Tx, begin: &Begin) -> Result<Vec<Told>, DbError> {
    let sql = Sql::new(
        "SELECT id, reference, posted_by, posted_at FROM line WHERE company_id = $1 \
         AND reverses_id = $2 AND state = 'posted'",
    );
    let read = |row: &Row| {
        let reference: String = row.get("reference")?;
        let text = [format!("被 {reference} 红冲"), format!("reversed by {reference}")];
        let (at, by) = (row.get("posted_at")?, row.get("posted_by")?);
        Ok(Told {
            at,
            what: "reversed",
            by,
            object: LineId::text(row.get("id")?),
            text,
            live: true,
        })
    };
    tx.rows(sql.bind(begin.company).bind(begin.id)).await?.iter().map(read).collect()
}

/// The seals whose days hold the line.
async fn periods(tx: &mut Tx, begin: &Begin) -> Result<Vec<Told>, DbError> {
    let sql = Sql::new(
        "SELECT p.id, p.span, s.signed_by, s.signed_at, s.reopened_by, s.reopened_at, \
         s.reopen_reason FROM period p JOIN period_seal s ON s.period_id = p.id \
         JOIN line l ON l.id = $5 AND l.posted_at <= s.signed_at \
         WHERE p.company_id = $1 AND p.customer_id = $2 AND p.currency = $3 \
         AND $4 BETWEEN p.first_day AND p.last_day ORDER BY s.number",
    );
    let sql = sql.bind(begin.company).bind(begin.customer).bind(&begin.currency);
    let mut told = Vec::new();
    for row in tx.rows(sql.bind(&begin.posting_date).bind(begin.id)).await? {
        let (object, span): (String, String) = (PeriodId::text(row.get("id")?), row.get("span")?);
        let reopened: Option<Timestamp> = row.get("reopened_at")?;
        let text = [format!("{span} 期间签认"), format!("{span} signed off")];
        let (at, by, live) = (row.get("signed_at")?, row.get("signed_by")?, reopened.is_none());
        told.push(Told { at, what: "signed", by, object: object.clone(), text, live });
        if let Some(at) = reopened {
            let why: String = row.get("reopen_reason")?;
            let text = [format!("{span} 反结账：{why}"), format!("{span} reopened: {why}")];
            let by = row.get("reopened_by")?;
            told.push(Told { at, what: "reopened", by, object, text, live: false });
        }
    }
    Ok(told)
}

async fn names(tx: &mut Tx, told: &[Told]) -> Result<HashMap<String, String>, DbError> {
    let numbers = told.iter().filter_map(|event| event.by.parse::<UserId>().ok());
    let mut sql = Sql::new("SELECT id, name FROM user_account WHERE id IN ");
    sql.push_list(numbers.map(UserId::number));
    let read = |row: &Row| Ok((UserId::text(row.get("id")?), row.get("name")?));
    tx.rows(sql).await?.iter().map(read).collect()
}

/// Lines that it hangs together with.
///
/// # Errors
/// Whatever the database says.
pub async fn related(tx: &mut Tx, begin: &Begin) -> Result<Vec<Related>, DbError> {
    let mut sql = Sql::new(
        "SELECT id, side, reference, business_date, amount, reverses_id, document_id FROM line \
         WHERE company_id = $1 AND id <> $2 AND (reverses_id = $2 OR id IN (SELECT o.line_id \
         FROM group_member m JOIN match_group g ON g.id = m.group_id AND g.status = 'live' \
         JOIN group_member o ON o.group_id = g.id WHERE m.line_id = $2)",
    )
    .bind(begin.company)
    .bind(begin.id);
    if let Some(reversed) = begin.reverses {
        sql.push(" OR id = ").push_bind(reversed);
    }
    if let Some(document) = begin.document {
        sql.push(" OR document_id = ").push_bind(document);
    }
    sql.push(") ORDER BY id LIMIT 500");
    let read = |row: &Row| {
        let id: i64 = row.get("id")?;
        let document: Option<i64> = row.get("document_id")?;
        let how = if row.get::<Option<i64>>("reverses_id")? == Some(begin.id) {
            "reversed_by"
        } else if begin.reverses == Some(id) {
            "reverses"
        } else if document.is_some() && document == begin.document {
            "same_document"
        } else {
            "matched_with"
        };
        Ok(Related {
            line: LineId::text(id),
            how: how.to_owned(),
            side: row.get("side")?,
            reference: row.get("reference")?,
            business_date: row.get("business_date")?,
            amount: row.get("amount")?,
        })
    };
    tx.rows(sql).await?.iter().map(read).collect()
}
