//! Reading a file that was received and holding its rows against the ledger: nothing is posted.

use std::collections::BTreeSet;

use heqi_domain::{Progress, Side, Stage};
use heqi_intake::{IntakeError, Source};
use heqi_platform::{DbError, Tx, blobs};

use super::model::{Counted, FileProblem, Words};
use super::staged::{self, ReadFile};
use super::store::{self, Batch};
use super::{check, direction, ledger_side};
use crate::app::App;
use crate::features::customers::known::Directory;
use crate::permission::Scope;
use crate::problem::Problem;

/// A file as read and checked, or why it cannot be read.
#[derive(Debug)]
pub enum Read {
    /// Its rows, what they add up to, and the digest of what a commit would find.
    Rows(Box<(ReadFile, Counted, String)>),
    /// Why not.
    Unreadable(FileProblem),
    /// A person asked to stop.
    Stopped,
}

/// Reads and checks the file of an import. Changes nothing but `batch`, which learns of the
/// template that its header is known by.
///
/// # Errors
/// Whatever the database says; 404 if the file is gone.
pub async fn read(
    app: &App,
    company: i64,
    batch: &mut Batch,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Read, Problem> {
    let mut tx = app.db.read().await?;
    let bytes = blobs::get(&mut tx, &app.keys.ring, company, &batch.digest).await;
    let bytes = bytes.map_err(super::receive::problem_of)?.ok_or_else(Problem::not_found)?;
    let template = recognised(&mut tx, company, batch, &bytes).await?;
    drop(tx);
    let stage = match batch.side {
        Side::Ours => Stage::ReadOurs,
        Side::Theirs => Stage::ReadTheirs,
    };
    progress.stage(stage, bytes.len() as u64);
    let mut file = {
        let Batch { file_name, side, mapping, .. } = &*batch;
        let work = || staged::read(&bytes, file_name, *side, mapping, &template, progress);
        match tokio::task::block_in_place(work) {
            Ok(file) => file,
            Err(IntakeError::Cancelled) => return Ok(Read::Stopped),
            Err(error) => return Ok(Read::Unreadable(unreadable(&error))),
        }
    };
    drop(bytes);
    let mut tx = app.db.read().await?;
    let known = Directory::load(&mut tx, company, scope).await?;
    let fixed = staged::fixed_customer(&batch.mapping);
    let fixed = fixed.filter(|customer| known.customers.contains_key(customer));
    staged::find_customers(&mut file, &known, fixed);
    let customers: BTreeSet<i64> = file.rows.iter().filter_map(|row| row.customer).collect();
    let briefs: Vec<_> =
        customers.iter().filter_map(|id| known.customers.get(id)).cloned().collect();
    let customers: Vec<i64> = customers.into_iter().collect();
    let beside = ledger_side::chain(&mut tx, batch.id).await?;
    let ledger = ledger_side::lines(&mut tx, company, batch.side, &customers, &beside).await?;
    // Who sends the file is asked of our book, unless a person has said it.
    let told = batch.side == Side::Ours || batch.mapping.view.is_some();
    let ours = if told {
        None
    } else {
        Some(ledger_side::lines(&mut tx, company, Side::Ours, &customers, &[]).await?)
    };
    let limits = ledger_side::limits(&mut tx, company, &briefs).await?;
    drop(tx);
    let work = || {
        if let Some(ours) = &ours {
            direction::orient(&mut file, ours)?;
        }
        check::classify(&mut file.rows, batch.side, &ledger, &limits);
        let counted = check::count(&file.rows, file.control.opening, file.control.closing)?;
        let plan = check::base_plan(&file.rows, batch.side, batch.id);
        Ok((file, counted, plan))
    };
    tokio::task::block_in_place(work).map(|read| Read::Rows(Box::new(read)))
}

/// The template to read with: that of the file that is mended, or the saved one for this header,
/// unless a person said what the columns are.
async fn recognised(
    tx: &mut Tx,
    company: i64,
    batch: &mut Batch,
    bytes: &dyn Source,
) -> Result<String, DbError> {
    batch.template_id = None;
    if batch.mends.is_some() {
        return Ok(batch.template.clone());
    }
    if !batch.mapping.columns.is_empty() {
        return Ok(String::new());
    }
    let saved = store::saved(tx, company, batch.side).await?;
    let Batch { file_name, side, mapping, .. } = &*batch;
    // Under its template: a header of strange words is found by no other.
    let fits = |it: &&(i64, String, String)| {
        staged::fits(bytes, file_name, *side, mapping, (it.1.as_str(), it.2.as_str()))
    };
    let found = tokio::task::block_in_place(|| saved.iter().find(fits));
    let Some((id, _, toml)) = found else { return Ok(String::new()) };
    batch.template_id = Some(*id);
    Ok(toml.clone())
}

fn unreadable(error: &IntakeError) -> FileProblem {
    let code = match error {
        IntakeError::Io { .. } => "unreadable",
        IntakeError::Empty { .. } => "empty",
        IntakeError::Unsupported { .. } => "unsupported",
        IntakeError::Password { .. } => "password",
        IntakeError::Damaged { .. } => "damaged",
        IntakeError::TooLarge { .. } => "too_large",
        IntakeError::NoHeader { .. } => "no_header",
        IntakeError::NoAmount { .. } => "no_amount",
        IntakeError::NoRows { .. } => "no_rows",
        IntakeError::UnknownColumn { .. } => "unknown_column",
        IntakeError::UnknownSheet { .. } => "unknown_sheet",
        IntakeError::UnclosedQuotes { .. } => "unclosed_quotes",
        IntakeError::Template { .. } => "template",
        IntakeError::Cancelled => "canceled",
    };
    // What the terminal says in options, the server says in its mapping.
    let spoken = |text: String, in_mapping: &str| match text.split_once("--map amount=") {
        Some((before, _)) => format!("{before}{in_mapping}"),
        None => text,
    };
    let detail = Words {
        zh: spoken(error.zh(), "在列映射里把金额列设为 amount"),
        en: spoken(error.to_string(), "set the role `amount` in the mapping"),
    };
    FileProblem { code: code.to_owned(), detail }
}
