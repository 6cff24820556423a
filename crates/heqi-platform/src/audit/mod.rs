//! The audit chain 审计链: every change, and every read of what is sensitive, in one row each.
//!
//! A row holds the hash of the row before it, so that none can be changed, removed, inserted or
//! swapped unseen; a checkpoint that lies outside the database shows a cut or rewritten tail.
//! Rows are appended in the transaction of the change they tell of: if the row cannot be
//! written, the change does not happen. Nothing in the program updates or deletes a row, and
//! triggers on both engines refuse it to everybody else.

mod checkpoint;
mod record;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError, Signer};
pub use record::{Event, Record};
pub(crate) use verify::Walk;
pub use verify::{Fault, Report, note, verify, verify_new};

use std::collections::BTreeMap;

use crate::db::{DbError, Sql, Tx};

/// Appends what happened to the chains of its companies.
pub(crate) async fn append(tx: &mut Tx, events: Vec<Event>) -> Result<(), DbError> {
    // Companies in order, so that two transactions lock their chains in the same order.
    let mut chains: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    for event in events {
        chains.entry(event.company).or_default().push(event);
    }
    for (company, events) in chains {
        append_chain(tx, company, events).await?;
    }
    Ok(())
}

async fn append_chain(tx: &mut Tx, company: i64, events: Vec<Event>) -> Result<(), DbError> {
    let at = tx.now();
    let (mut sequence, mut hash) = head(tx, company).await?;
    for event in events {
        sequence += 1;
        let record = Record { company, sequence, at, event, previous: hash };
        hash = record.hash();
        tx.execute(record.insert(hash)).await?;
    }
    let advance = Sql::new("UPDATE audit_head SET sequence = $1, hash = $2 WHERE company_id = $3");
    tx.execute(advance.bind(sequence).bind(hash).bind(company)).await?;
    Ok(())
}

/// Locks the end of a chain; a new chain begins at the hash of its company.
async fn head(tx: &mut Tx, company: i64) -> Result<(i64, [u8; 32]), DbError> {
    let find = || {
        Sql::new("SELECT sequence, hash FROM audit_head WHERE company_id = $1")
            .bind(company)
            .for_update()
    };
    if let Some(row) = tx.optional(find()).await? {
        return Ok((row.get("sequence")?, row.get("hash")?));
    }
    let begin = Sql::new(
        "INSERT INTO audit_head (company_id, sequence, hash) VALUES ($1, 0, $2) \
         ON CONFLICT (company_id) DO NOTHING",
    );
    tx.execute(begin.bind(company).bind(record::genesis(company))).await?;
    let row = tx.one(find()).await?;
    Ok((row.get("sequence")?, row.get("hash")?))
}
