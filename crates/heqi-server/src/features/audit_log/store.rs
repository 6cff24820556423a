//! The records as they are found again: reads only, but for the checkpoints given out.

use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::model::{AuditRecord, GivenCheckpoint};
use super::sentence::sentence;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of who acted.
    pub actor: Option<String>,
    /// `noun.verb`, or a noun.
    pub action: Option<String>,
    /// Id of what was acted on.
    pub object: Option<String>,
    /// Text in label or detail.
    pub text: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub before: Option<Timestamp>,
}

const COLUMNS: &str = "company_id, sequence, at, actor_kind, actor, actor_name, action, object, \
     label, detail, request, address, previous, hash";

/// Records before a number, the newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn find(
    tx: &mut Tx,
    company: i64,
    filter: &Filter,
    (before, limit): (i64, usize),
) -> Result<Vec<AuditRecord>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM audit_record WHERE company_id = ").push_bind(company);
    sql.push(" AND sequence < ").push_bind(before);
    if let Some(actor) = &filter.actor {
        sql.push(" AND actor = ").push_bind(actor);
    }
    if let Some(object) = &filter.object {
        sql.push(" AND object = ").push_bind(object);
    }
    if let Some(action) = &filter.action {
        if action.contains('.') {
            sql.push(" AND action = ").push_bind(action);
        } else {
            sql.push(" AND action LIKE ").push_bind(format!("{}.%", escaped(action)));
            sql.push(" ESCAPE '!'");
        }
    }
    if let Some(text) = &filter.text {
        let like = format!("%{}%", escaped(text));
        sql.push(" AND (label LIKE ").push_bind(&like).push(" ESCAPE '!' OR detail LIKE ");
        sql.push_bind(&like).push(" ESCAPE '!' OR actor_name LIKE ");
        sql.push_bind(&like).push(" ESCAPE '!')");
    }
    if let Some(from) = filter.from {
        sql.push(" AND at >= ").push_bind(from);
    }
    if let Some(before) = filter.before {
        sql.push(" AND at < ").push_bind(before);
    }
    sql.push(" ORDER BY sequence DESC LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

/// So that what a person types is looked for as it stands.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// Records from one number through another, in order.
///
/// # Errors
/// Whatever the database says.
pub async fn range(
    tx: &mut Tx,
    company: i64,
    (from, to): (i64, i64),
    limit: i64,
) -> Result<Vec<AuditRecord>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM audit_record WHERE company_id = ").push_bind(company);
    sql.push(" AND sequence BETWEEN ").push_bind(from).push(" AND ").push_bind(to);
    sql.push(" ORDER BY sequence LIMIT ").push_bind(limit);
    tx.rows(sql).await?.iter().map(read).collect()
}

/// Notes a checkpoint that is given out.
///
/// # Errors
/// Whatever the database says.
pub async fn give(
    tx: &mut Tx,
    company: i64,
    sequence: i64,
    (line, reason, by): (&str, &str, &str),
) -> Result<(), DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO audit_checkpoint (id, company_id, sequence, line, reason, created_by, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let sql = sql.bind(id).bind(company).bind(sequence).bind(line).bind(reason);
    tx.execute(sql.bind(by).bind(now)).await.map(drop)
}

/// The checkpoints given out, with those of signed periods; the newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn given(
    tx: &mut Tx,
    company: i64,
    public_key: &str,
) -> Result<Vec<GivenCheckpoint>, DbError> {
    let sql = Sql::new(
        "SELECT sequence, line, reason, created_by, created_at FROM audit_checkpoint \
         WHERE company_id = $1 ORDER BY id DESC LIMIT 500",
    );
    let read = |row: &Row| {
        Ok(GivenCheckpoint {
            sequence: row.get("sequence")?,
            line: row.get("line")?,
            reason: row.get("reason")?,
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
            public_key: public_key.to_owned(),
        })
    };
    tx.rows(sql.bind(company)).await?.iter().map(read).collect()
}

/// The lines of every checkpoint that this company has: given out, or under a signed period.
///
/// # Errors
/// Whatever the database says.
pub async fn lines(tx: &mut Tx, company: i64) -> Result<Vec<String>, DbError> {
    let sql = Sql::new(
        "SELECT line FROM audit_checkpoint WHERE company_id = $1 UNION ALL \
         SELECT checkpoint AS line FROM period_seal WHERE company_id = $1",
    );
    tx.rows(sql.bind(company)).await?.iter().map(|row| row.get("line")).collect()
}

fn read(row: &Row) -> Result<AuditRecord, DbError> {
    let hex = |name: &str| -> Result<String, DbError> {
        let bytes: Vec<u8> = row.get(name)?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    };
    let at: Timestamp = row.get("at")?;
    let text = |name: &str| row.get::<String>(name);
    let (actor_name, action) = (text("actor_name")?, text("action")?);
    let (object, label) = (text("object")?, text("label")?);
    let [sentence_zh, sentence_en] = sentence(&actor_name, &action, &object, &label);
    Ok(AuditRecord {
        company: row.get("company_id")?,
        sequence: row.get("sequence")?,
        at,
        at_micros: at.micros(),
        actor_kind: text("actor_kind")?,
        actor: text("actor")?,
        actor_name,
        action,
        object,
        label,
        detail: text("detail")?,
        request: text("request")?,
        address: text("address")?,
        previous: hex("previous")?,
        hash: hex("hash")?,
        sentence_zh,
        sentence_en,
    })
}
