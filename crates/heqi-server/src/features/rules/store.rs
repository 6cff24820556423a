//! Every statement about versions of the rules.

use heqi_domain::{Id, Lang, RulesId, UserId};
use heqi_platform::{DbError, Row, Sql, Tx};

use super::model::{Bench, NewRules, Rules};
use crate::problem::lang;

/// The version that is active, if one is: number and text.
pub(super) async fn active(tx: &mut Tx, company: i64) -> Result<Option<(i64, String)>, DbError> {
    let sql = Sql::new("SELECT id, toml FROM rules WHERE company_id = $1 AND state = 'active'");
    let row = tx.optional(sql.bind(company)).await?;
    row.map(|row| Ok((row.get("id")?, row.get("toml")?))).transpose()
}

/// The text of a version.
///
/// # Errors
/// Whatever the database says.
pub async fn toml_of(tx: &mut Tx, company: i64, id: i64) -> Result<Option<String>, DbError> {
    let sql = Sql::new("SELECT toml FROM rules WHERE company_id = $1 AND id = $2");
    let row = tx.optional(sql.bind(company).bind(id)).await?;
    row.map(|row| row.get("toml")).transpose()
}

/// Stores how a draft did on the past, unless its text is another by now. Whether it was stored.
///
/// # Errors
/// Whatever the database says.
pub async fn note_bench(
    tx: &mut Tx,
    company: i64,
    id: i64,
    toml: &str,
    bench: &Bench,
) -> Result<bool, DbError> {
    let text = serde_json::to_string(bench).unwrap_or_default();
    let sql = Sql::new(
        "UPDATE rules SET bench = $1, version = version + 1 WHERE company_id = $2 AND id = $3 \
         AND state = 'draft' AND toml = $4",
    );
    Ok(tx.execute(sql.bind(text).bind(company).bind(id).bind(toml)).await? == 1)
}

/// Adds a draft; its number.
pub(super) async fn insert(
    tx: &mut Tx,
    company: i64,
    owner: i64,
    new: &NewRules,
) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO rules (id, company_id, number, name, toml, state, owner_id, note, created_at) \
         SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, 'draft', $5, $6, $7 \
         FROM rules WHERE company_id = $2",
    );
    let insert = insert.bind(id).bind(company).bind(&new.name).bind(&new.toml).bind(owner);
    tx.execute(insert.bind(&new.note).bind(now)).await?;
    Ok(id)
}

/// Changes a draft; what was tried on the past was another text.
pub(super) async fn change(tx: &mut Tx, id: i64, new: &NewRules) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE rules SET name = $1, toml = $2, note = $3, bench = NULL, version = version + 1 \
         WHERE id = $4",
    );
    let sql = sql.bind(&new.name).bind(&new.toml).bind(&new.note).bind(id);
    tx.execute(sql).await.map(drop)
}

/// A version with what decides about it.
#[derive(Debug)]
pub(super) struct Known {
    pub id: i64,
    pub owner: i64,
    pub rules: Rules,
}

const COLUMNS: &str = "id, number, name, toml, state, owner_id, proposed_by, approved_by, \
     active_from, active_to, bench, note, decision_note, version";

/// The version with this number.
pub(super) async fn find(tx: &mut Tx, company: i64, id: i64) -> Result<Option<Known>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM rules WHERE company_id = ").push_bind(company);
    sql.push(" AND id = ").push_bind(id);
    tx.optional(sql.for_update()).await?.map(|row| read(&row)).transpose()
}

/// The same to look at only.
pub(super) async fn view(tx: &mut Tx, company: i64, id: i64) -> Result<Option<Rules>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM rules WHERE company_id = ").push_bind(company);
    sql.push(" AND id = ").push_bind(id);
    Ok(tx.optional(sql).await?.map(|row| read(&row)).transpose()?.map(|known| known.rules))
}

/// Versions, the newest first.
pub(super) async fn list(
    tx: &mut Tx,
    company: i64,
    before: i64,
    limit: usize,
) -> Result<Vec<Rules>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM rules WHERE company_id = ").push_bind(company);
    sql.push(" AND number < ").push_bind(before).push(" ORDER BY number DESC LIMIT ");
    sql.push_bind(limit as i64 + 1);
    let rows = tx.rows(sql).await?;
    rows.iter().map(|row| Ok(read(row)?.rules)).collect()
}

/// Proposes a draft.
pub(super) async fn propose(tx: &mut Tx, id: i64, by: &str) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE rules SET state = 'proposed', proposed_by = $1, version = version + 1 \
         WHERE id = $2",
    );
    tx.execute(sql.bind(by).bind(id)).await.map(drop)
}

/// Retires the version that is active and makes this one so.
pub(super) async fn activate(
    tx: &mut Tx,
    company: i64,
    id: i64,
    by: &str,
    note: &str,
) -> Result<(), DbError> {
    let now = tx.now();
    let retire = Sql::new(
        "UPDATE rules SET state = 'retired', active_to = $1, version = version + 1 \
         WHERE company_id = $2 AND state = 'active'",
    );
    tx.execute(retire.bind(now).bind(company)).await?;
    let start = Sql::new(
        "UPDATE rules SET state = 'active', active_from = $1, approved_by = $2, \
         decision_note = $3, version = version + 1 WHERE id = $4",
    );
    tx.execute(start.bind(now).bind(by).bind(note).bind(id)).await.map(drop)
}

/// Rejects a version.
pub(super) async fn reject(tx: &mut Tx, id: i64, by: &str, note: &str) -> Result<(), DbError> {
    let sql = Sql::new(
        "UPDATE rules SET state = 'rejected', approved_by = $1, decision_note = $2, \
         version = version + 1 WHERE id = $3",
    );
    tx.execute(sql.bind(by).bind(note).bind(id)).await.map(drop)
}

fn read(row: &Row) -> Result<Known, DbError> {
    let (id, owner): (i64, i64) = (row.get("id")?, row.get("owner_id")?);
    let toml: String = row.get("toml")?;
    let bench: Option<String> = row.get("bench")?;
    let rules = Rules {
        id: Some(RulesId::text(id)),
        number: row.get("number")?,
        name: row.get("name")?,
        state: row.get("state")?,
        digest: super::digest(&toml),
        sentences: said(&toml, lang()),
        toml,
        owner: UserId::text(owner),
        proposed_by: row.get("proposed_by")?,
        approved_by: row.get("approved_by")?,
        active_from: row.get("active_from")?,
        active_to: row.get("active_to")?,
        bench: bench.and_then(|text| serde_json::from_str(&text).ok()),
        note: row.get("note")?,
        decision_note: row.get("decision_note")?,
        version: row.get("version")?,
    };
    Ok(Known { id, owner, rules })
}

fn said(toml: &str, lang: Lang) -> Vec<String> {
    super::parse(toml).map(|set| set.explain(lang)).unwrap_or_default()
}
