//! Every statement about imports.

use std::collections::BTreeMap;

use heqi_domain::{BatchId, Id, JobId, Side, TemplateId, UserId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};

use super::model::{Counted, File, FileProblem, Import, Mapping, SavedTemplate};
use super::staging;

/// An import as the table has it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its number.
    pub id: i64,
    /// `received`, `inspected`, …
    pub state: String,
    /// Whose book.
    pub side: Side,
    /// Digest of the file.
    pub digest: String,
    /// Bytes of the file.
    pub size: i64,
    /// Its name.
    pub file_name: String,
    /// The import that this one mends.
    pub mends: Option<i64>,
    /// What a person said.
    pub mapping: Mapping,
    /// The recognised template.
    pub template_id: Option<i64>,
    /// The TOML that the file was read with.
    pub template: String,
    /// How it was understood.
    pub inspection: Option<serde_json::Value>,
    /// What was counted.
    pub totals: Option<Counted>,
    /// Why it cannot be read.
    pub problem: Option<FileProblem>,
    /// What was decided about possible duplicates.
    pub decisions: BTreeMap<String, String>,
    /// Digest of what a commit would find.
    pub plan: String,
    /// The job that works on it.
    pub job: Option<i64>,
    /// Changes with every change.
    pub version: i64,
    /// Who brought it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When its lines were posted.
    pub committed_at: Option<Timestamp>,
    /// When they were taken back.
    pub undone_at: Option<Timestamp>,
}

/// An import to be begun.
#[derive(Debug)]
pub struct NewBatch<'a> {
    /// Whose work.
    pub company: i64,
    /// The number of the file.
    pub file: i64,
    /// The name that it has this time.
    pub name: &'a str,
    /// Whose book.
    pub side: Side,
    /// What a person said.
    pub mapping: &'a Mapping,
    /// The import that this one mends, and the template that its file was read with.
    pub mends: Option<(i64, String)>,
    /// Who.
    pub by: &'a str,
}

/// The number of the file with this digest; it is noted if it is new.
///
/// # Errors
/// Whatever the database says.
pub async fn file(tx: &mut Tx, company: i64, file: &File, by: &str) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO source_file (id, company_id, digest, name, size, received_by, received_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (company_id, digest) DO UPDATE SET \
         size = excluded.size RETURNING id",
    );
    let insert = insert.bind(id).bind(company).bind(&file.digest).bind(&file.name).bind(file.size);
    tx.one(insert.bind(by).bind(now)).await?.get("id")
}

/// Begins an import; its number.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, new: &NewBatch<'_>) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO import_batch (id, company_id, file_id, file_name, side, state, mends_id, \
         template, mapping, created_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'received', $6, $7, $8, $9, $10)",
    );
    let side = crate::features::ledger::line::side_code(new.side);
    let (mends, template) = new.mends.clone().unzip();
    let insert = insert.bind(id).bind(new.company).bind(new.file).bind(new.name).bind(side);
    let insert = insert.bind(mends).bind(template.unwrap_or_default()).bind(&json(new.mapping));
    tx.execute(insert.bind(new.by).bind(now)).await?;
    Ok(id)
}

pub(super) fn json(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

const BATCH: &str = "SELECT b.id, b.state, b.side, f.digest, f.size, b.file_name, b.mends_id, \
     b.mapping, b.template_id, b.template, b.inspection, b.totals, b.problem, b.decisions, \
     b.plan, b.job_id, b.version, b.created_by, b.created_at, b.committed_at, b.undone_at \
     FROM import_batch b JOIN source_file f ON f.id = b.file_id WHERE b.company_id = ";

/// An import.
///
/// # Errors
/// Whatever the database says.
pub async fn find(tx: &mut Tx, company: i64, batch: i64) -> Result<Option<Batch>, DbError> {
    let mut sql = Sql::new(BATCH);
    sql.push_bind(company).push(" AND b.id = ").push_bind(batch);
    tx.optional(sql).await?.map(|row| read(&row)).transpose()
}

/// Locks an import until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, company: i64, batch: i64) -> Result<Option<Batch>, DbError> {
    let sql = Sql::new("SELECT id FROM import_batch WHERE company_id = $1 AND id = $2");
    tx.optional(sql.bind(company).bind(batch).for_update()).await?;
    find(tx, company, batch).await
}

/// Imports, the latest first; of one person unless `by` is none.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    tx: &mut Tx,
    company: i64,
    by: Option<&str>,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Batch>, DbError> {
    let mut sql = Sql::new(BATCH);
    sql.push_bind(company);
    if let Some(by) = by {
        sql.push(" AND b.created_by = ").push_bind(by);
    }
    if let Some(before) = before {
        sql.push(" AND b.id < ").push_bind(before);
    }
    sql.push(" ORDER BY b.id DESC LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Batch, DbError> {
    let maybe = |name: &str| -> Result<Option<serde_json::Value>, DbError> {
        let text: Option<String> = row.get(name)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    };
    let typed =
        |value: Option<serde_json::Value>| value.and_then(|it| serde_json::from_value(it).ok());
    let problem = maybe("problem")?.and_then(|it| serde_json::from_value(it).ok());
    let side: String = row.get("side")?;
    Ok(Batch {
        id: row.get("id")?,
        state: row.get("state")?,
        side: if side == "ours" { Side::Ours } else { Side::Theirs },
        digest: row.get("digest")?,
        size: row.get("size")?,
        file_name: row.get("file_name")?,
        mends: row.get("mends_id")?,
        mapping: row.json("mapping")?,
        template_id: row.get("template_id")?,
        template: row.get("template")?,
        inspection: maybe("inspection")?,
        totals: typed(maybe("totals")?),
        problem,
        decisions: row.json("decisions")?,
        plan: row.get("plan")?,
        job: row.get("job_id")?,
        version: row.get("version")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        committed_at: row.get("committed_at")?,
        undone_at: row.get("undone_at")?,
    })
}

/// An import as clients see it.
///
/// # Errors
/// Whatever the database says.
pub async fn shown(tx: &mut Tx, company: i64, batch: Batch) -> Result<Import, DbError> {
    let ids = async |tx: &mut Tx, sql: Sql| -> Result<Vec<String>, DbError> {
        let rows = tx.rows(sql).await?;
        rows.iter().map(|row| Ok(BatchId::text(row.get("id")?))).collect()
    };
    let mended =
        Sql::new("SELECT id FROM import_batch WHERE company_id = $1 AND mends_id = $2 ORDER BY id");
    let mended_by = ids(tx, mended.bind(company).bind(batch.id)).await?;
    let same = Sql::new(
        "SELECT b.id FROM import_batch b JOIN source_file f ON f.id = b.file_id \
         WHERE f.company_id = $1 AND f.digest = $2 AND b.id <> $3 ORDER BY b.id LIMIT 20",
    );
    let same_file = ids(tx, same.bind(company).bind(&batch.digest).bind(batch.id)).await?;
    Ok(Import {
        id: BatchId::text(batch.id),
        state: batch.state,
        side: crate::features::ledger::line::side_code(batch.side).to_owned(),
        file: File { name: batch.file_name, digest: batch.digest, size: batch.size },
        mapping: batch.mapping,
        template: batch.template_id.map(TemplateId::text),
        inspection: batch.inspection,
        problem: batch.problem,
        job: batch.job.map(JobId::text),
        mends: batch.mends.map(BatchId::text),
        mended_by,
        same_file,
        version: batch.version,
        created_at: batch.created_at,
        created_by: batch.created_by,
        committed_at: batch.committed_at,
        undone_at: batch.undone_at,
    })
}

/// Notes the job that works on an import.
///
/// # Errors
/// Whatever the database says.
pub async fn set_job(tx: &mut Tx, batch: i64, job: i64) -> Result<(), DbError> {
    let sql = Sql::new("UPDATE import_batch SET job_id = $1 WHERE id = $2");
    tx.execute(sql.bind(job).bind(batch)).await.map(drop)
}

/// Marks an import as changed, so that a job that reads it now does not have the last word; the
/// version from now on.
///
/// # Errors
/// Whatever the database says.
pub async fn touch(tx: &mut Tx, batch: i64) -> Result<i64, DbError> {
    let sql =
        Sql::new("UPDATE import_batch SET version = version + 1 WHERE id = $1 RETURNING version");
    tx.one(sql.bind(batch)).await?.get("version")
}

/// Replaces what a person said about the file; the rows are to be read again. Whether the import
/// still was of this version.
///
/// # Errors
/// Whatever the database says.
pub async fn set_mapping(
    tx: &mut Tx,
    batch: i64,
    version: i64,
    mapping: &Mapping,
) -> Result<bool, DbError> {
    let sql = Sql::new(
        "UPDATE import_batch SET mapping = $1, state = 'mapped', plan = '', \
         version = version + 1 WHERE id = $2 AND version = $3 \
         AND state IN ('received', 'inspected', 'mapped', 'checked')",
    );
    Ok(tx.execute(sql.bind(&json(mapping)).bind(batch).bind(version)).await? == 1)
}

/// Notes what was decided about possible duplicates.
///
/// # Errors
/// Whatever the database says.
pub async fn set_decisions(
    tx: &mut Tx,
    batch: i64,
    version: i64,
    decisions: &BTreeMap<String, String>,
) -> Result<bool, DbError> {
    let sql = Sql::new(
        "UPDATE import_batch SET decisions = $1, version = version + 1 \
         WHERE id = $2 AND version = $3 AND state = 'checked'",
    );
    Ok(tx.execute(sql.bind(&json(decisions)).bind(batch).bind(version)).await? == 1)
}

/// Moves an import to another state.
///
/// # Errors
/// Whatever the database says.
pub async fn set_state(
    tx: &mut Tx,
    batch: i64,
    state: &'static str,
    by: &str,
) -> Result<(), DbError> {
    let now = tx.now();
    let mut sql = Sql::new("UPDATE import_batch SET version = version + 1, state = ");
    sql.push_bind(state);
    match state {
        "committed" => sql.push(", committed_by = ").push_bind(by).push(", committed_at = "),
        "undone" => sql.push(", undone_by = ").push_bind(by).push(", undone_at = "),
        _ => sql.push(", undone_by = ").push_bind(by).push(", undone_at = "),
    };
    sql.push_bind(now).push(" WHERE id = ").push_bind(batch);
    tx.execute(sql).await.map(drop)
}

/// Notes why a file cannot be read.
///
/// # Errors
/// Whatever the database says.
pub async fn set_problem(tx: &mut Tx, batch: i64, problem: &FileProblem) -> Result<(), DbError> {
    staging::clear(tx, batch).await?;
    let sql = Sql::new(
        "UPDATE import_batch SET state = 'inspected', problem = $1, plan = '', totals = NULL, \
         version = version + 1 WHERE id = $2",
    );
    tx.execute(sql.bind(&json(problem)).bind(batch)).await.map(drop)
}

/// Templates that are tried on a file.
const TRIED: i64 = 100;

/// The saved templates of a side, the latest first: number, fingerprint, TOML.
///
/// # Errors
/// Whatever the database says.
pub async fn saved(
    tx: &mut Tx,
    company: i64,
    side: Side,
) -> Result<Vec<(i64, String, String)>, DbError> {
    let sql = Sql::new(
        "SELECT id, fingerprint, toml FROM import_template WHERE company_id = $1 AND side = $2 \
         ORDER BY id DESC LIMIT $3",
    );
    let side = crate::features::ledger::line::side_code(side);
    let rows = tx.rows(sql.bind(company).bind(side).bind(TRIED)).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("fingerprint")?, row.get("toml")?))).collect()
}

/// Saves how a kind of file is read; another template for the same header is replaced.
///
/// # Errors
/// Whatever the database says.
pub async fn save_template(
    tx: &mut Tx,
    company: i64,
    batch: &Batch,
    (name, fingerprint): (&str, &str),
    by: &str,
) -> Result<SavedTemplate, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO import_template (id, company_id, side, fingerprint, name, toml, created_by, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (company_id, side, fingerprint) DO UPDATE SET name = excluded.name, \
         toml = excluded.toml, version = import_template.version + 1 \
         RETURNING id, name, side, toml, version",
    );
    let side = crate::features::ledger::line::side_code(batch.side);
    let sql = sql.bind(id).bind(company).bind(side).bind(fingerprint).bind(name);
    let row = tx.one(sql.bind(&batch.template).bind(by).bind(now)).await?;
    template(&row)
}

/// The templates of a company, by name.
///
/// # Errors
/// Whatever the database says.
pub async fn templates(tx: &mut Tx, company: i64) -> Result<Vec<SavedTemplate>, DbError> {
    let sql = Sql::new(
        "SELECT id, name, side, toml, version FROM import_template WHERE company_id = $1 \
         ORDER BY name, id",
    );
    tx.rows(sql.bind(company)).await?.iter().map(template).collect()
}

fn template(row: &Row) -> Result<SavedTemplate, DbError> {
    Ok(SavedTemplate {
        id: TemplateId::text(row.get("id")?),
        name: row.get("name")?,
        side: row.get("side")?,
        toml: row.get("toml")?,
        version: row.get("version")?,
    })
}

/// The name of a user, for the audit chain.
///
/// # Errors
/// Whatever the database says.
pub async fn name_of(tx: &mut Tx, user: &str) -> Result<String, DbError> {
    let number = user.parse::<UserId>().map_or(0, UserId::number);
    let sql = Sql::new("SELECT name FROM user_account WHERE id = $1").bind(number);
    Ok(tx.optional(sql).await?.map(|row| row.get("name")).transpose()?.unwrap_or_default())
}
