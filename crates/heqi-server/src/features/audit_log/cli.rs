//! The audit chains at the terminal of the server: walked through, and testified to.

use heqi_domain::{CompanyId, Id};
use heqi_platform::audit::{self, Checkpoint, CheckpointError, Event, Report};
use heqi_platform::{DbError, Sql, Tx};
use serde_json::json;

use super::store;
use crate::app::App;

/// Every company that has, had, or should have a chain; 0 is the installation.
const CHAINS: &str = "SELECT h.company_id, COALESCE(c.code, '') AS code FROM (\
     SELECT company_id FROM audit_head UNION SELECT company_id FROM audit_record \
     UNION SELECT id AS company_id FROM company) h \
     LEFT JOIN company c ON c.id = h.company_id ORDER BY h.company_id";

/// What a walk through one chain found.
#[derive(Debug)]
pub struct Chain {
    /// Code of the company; empty for the installation's own chain.
    pub code: String,
    /// Its records.
    pub report: Report,
    /// Checkpoints that it was held against.
    pub checkpoints: usize,
    /// What is wrong with checkpoints that lie in the database.
    pub refused: Vec<CheckpointError>,
}

impl Chain {
    /// Whether all of it is as it was written.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.report.fault.is_none() && self.refused.is_empty()
    }
}

/// Walks through the chains, of one company or of all with the installation's own, held against
/// `marks` and the checkpoints in the database. Changes nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn verify(
    app: &App,
    company: Option<i64>,
    marks: &[Checkpoint],
) -> Result<Vec<Chain>, DbError> {
    let mut tx = app.db.read().await?;
    let mut known = chains(&mut tx).await?;
    // A checkpoint of a company that is gone altogether testifies all the more.
    for mark in marks {
        if !known.iter().any(|(id, _)| *id == mark.company) {
            known.push((mark.company, CompanyId::text(mark.company)));
        }
    }
    let mut found = Vec::new();
    for (id, code) in known {
        if company.is_none_or(|company| company == id) {
            found.push(walk(app, &mut tx, id, code, marks).await?);
        }
    }
    Ok(found)
}

async fn walk(
    app: &App,
    tx: &mut Tx,
    company: i64,
    code: String,
    marks: &[Checkpoint],
) -> Result<Chain, DbError> {
    let (mut held, mut refused) = (Vec::new(), Vec::new());
    for line in store::lines(tx, company).await? {
        match app.signer.read(&line) {
            Ok(mark) if mark.company == company => held.push(mark),
            Ok(_) => refused.push(CheckpointError::NotOurs),
            Err(error) => refused.push(error),
        }
    }
    held.extend(marks.iter().filter(|mark| mark.company == company).cloned());
    let report = audit::verify(tx, company, &held).await?;
    Ok(Chain { code, report, checkpoints: held.len(), refused })
}

/// Gives out a signed checkpoint of every chain, one line each, and notes that it was given.
///
/// # Errors
/// Whatever the database says; then nothing was given.
pub async fn checkpoint(app: &App, who: &str) -> Result<Vec<String>, DbError> {
    let mut tx = app.db.write().await?;
    let mut lines = Vec::new();
    for (company, _) in chains(&mut tx).await? {
        let mark = Checkpoint::of(&mut tx, company).await?;
        let line = app.signer.sign(&mark);
        store::give(&mut tx, company, mark.sequence, (&line, "", who)).await?;
        let event = Event {
            company,
            actor_kind: "cli".to_owned(),
            actor: who.to_owned(),
            actor_name: who.to_owned(),
            action: "checkpoint.export".to_owned(),
            object: "audit".to_owned(),
            address: "local".to_owned(),
            ..Event::default()
        };
        tx.record(event.with_detail(&json!({ "line": line })));
        lines.push(line);
    }
    tx.commit().await?;
    Ok(lines)
}

async fn chains(tx: &mut Tx) -> Result<Vec<(i64, String)>, DbError> {
    let rows = tx.rows(Sql::new(CHAINS)).await?;
    rows.iter().map(|row| Ok((row.get("company_id")?, row.get("code")?))).collect()
}
