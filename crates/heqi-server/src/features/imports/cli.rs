//! An import without a browser: what `heqi import` does.

use std::path::Path;

use heqi_domain::{BatchId, CompanyId, CustomerId, Id, NoProgress, Side};
use heqi_platform::audit::Event;
use heqi_platform::{Sql, Tx};
use serde::Serialize;

use super::model::{Committed, Counted, Mapping};
use super::reading::{self, Read};
use super::receive::{self, Upload};
use super::{check, commit, jobs, store};
use crate::app::Shared;
use crate::permission::Scope;
use crate::problem::Problem;

/// What an import did, or would do.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The import.
    pub id: String,
    /// Rows and sums of each status.
    pub counted: Counted,
    /// What was posted; none with a dry run.
    pub committed: Option<Committed>,
}

/// Imports a file: `company` and `customer` by id or code, `customer` only for lines that name
/// none, `template` as TOML. What is new is posted unless it is a dry run; possible duplicates
/// are left out and counted.
///
/// # Errors
/// A [`Problem`]: no such company or customer, a file that cannot be read, a database that fails.
pub async fn import(
    app: &Shared,
    company: &str,
    customer: Option<&str>,
    side: Side,
    path: &Path,
    template: Option<String>,
    dry_run: bool,
) -> Result<Summary, Problem> {
    let bytes = tokio::fs::read(path).await.map_err(|error| {
        let what = format!("{}: {error}", path.display());
        Problem::invalid("unreadable", what.clone(), what)
    })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = crate::upload::plain_name(&name.unwrap_or_default());
    let mut tx = app.db.write().await?;
    let company = company_number(&mut tx, company).await?;
    let customer = match customer {
        Some(text) => Some(CustomerId::text(customer_number(&mut tx, company, text).await?)),
        None => None,
    };
    let mapping = Mapping { customer, ..Mapping::default() };
    let upload =
        Upload { company, name: &name, bytes: &bytes, side, mapping, mends: None, by: "cli" };
    let (id, file) = receive::receive(&mut tx, &app.keys.ring, &upload).await?;
    tx.record(event(company, "import.receive", id, &name).with_detail(&file));
    tx.commit().await?;
    let scope = Scope { all: true, ..Scope::default() };
    let mut tx = app.db.read().await?;
    let batch = store::find(&mut tx, company, id).await?;
    drop(tx);
    let mut batch = batch.ok_or_else(Problem::not_found)?;
    if let Some(template) = template {
        batch.template = template;
    }
    let read = reading::read(app, company, &mut batch, &scope, &NoProgress).await?;
    if let Read::Unreadable(problem) = &read {
        let detail = problem.detail.clone();
        return Err(Problem::invalid("file_unreadable", detail.zh, detail.en));
    }
    let counted = match &read {
        Read::Rows(read) => read.1.clone(),
        _ => Counted::default(),
    };
    let mut tx = app.db.write().await?;
    let kept = jobs::keep(&mut tx, company, &batch, read).await;
    kept.map_err(|error| heqi_platform::DbError::Failed(format!("{error:?}")))?;
    tx.record(event(company, "import.check", id, &name));
    tx.commit().await?;
    let committed = if dry_run { None } else { Some(post(app, company, id, &name).await?) };
    Ok(Summary { id: BatchId::text(id), counted, committed })
}

async fn post(app: &Shared, company: i64, id: i64, name: &str) -> Result<Committed, Problem> {
    let mut tx = app.db.write().await?;
    let batch = store::lock(&mut tx, company, id).await?.ok_or_else(Problem::not_found)?;
    let skip = |code: &str| (code.to_owned(), "skip".to_owned());
    let skipped = [super::problems::SAME_REFERENCE, super::problems::SAME_AMOUNT_AND_DAY];
    let decisions = skipped.into_iter().map(skip).collect();
    store::set_decisions(&mut tx, id, batch.version, &decisions).await?;
    let plan = check::plan(&batch.plan, &decisions);
    let scope = Scope { all: true, ..Scope::default() };
    let posted = commit::apply(&mut tx, company, id, &plan, &scope, "cli").await?;
    tx.record(event(company, "import.commit", id, name).with_detail(&posted));
    tx.commit().await?;
    Ok(posted)
}

fn event(company: i64, action: &str, batch: i64, label: &str) -> Event {
    Event {
        company,
        actor_kind: "cli".to_owned(),
        actor: "cli".to_owned(),
        action: action.to_owned(),
        object: BatchId::text(batch),
        label: label.to_owned(),
        ..Event::default()
    }
}

async fn company_number(tx: &mut Tx, text: &str) -> Result<i64, Problem> {
    let id = text.parse::<CompanyId>().map_or(0, CompanyId::number);
    let sql = Sql::new("SELECT id FROM company WHERE id = $1 OR code = $2");
    let row = tx.optional(sql.bind(id).bind(text)).await?;
    Ok(row.ok_or_else(Problem::not_found)?.get("id")?)
}

async fn customer_number(tx: &mut Tx, company: i64, text: &str) -> Result<i64, Problem> {
    let id = text.parse::<CustomerId>().map_or(0, CustomerId::number);
    let sql = Sql::new("SELECT id FROM customer WHERE company_id = $1 AND (id = $2 OR code = $3)");
    let row = tx.optional(sql.bind(company).bind(id).bind(text)).await?;
    Ok(row.ok_or_else(Problem::not_found)?.get("id")?)
}
