//! Going through a chain and naming the first record that is not as it was written.

use super::Checkpoint;
use super::record::{COLUMNS, Event, Record, genesis};
use crate::Timestamp;
use crate::db::{Cells, DbError, Sql, Tx};

/// What the walk through one chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose chain.
    pub company: i64,
    /// Records that are as they were written.
    pub good: i64,
    /// Hash of the last good record.
    pub hash: [u8; 32],
    /// The first thing that is wrong, if anything is.
    pub fault: Option<Fault>,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A number is left out or stands twice: a record was removed, inserted or swapped.
    #[error("record {expected} is missing: record {found} follows record {}", expected - 1)]
    Missing {
        /// The number that should come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// A record does not follow from the one before it.
    #[error("record {0} does not follow from the one before it")]
    Broken(i64),
    /// A record says something else than when it was written.
    #[error("record {0} was changed")]
    Changed(i64),
    /// The chain ends before the end that was noted.
    #[error("the chain ends at record {found}; record {noted} had been written")]
    Cut {
        /// The last record there is.
        found: i64,
        /// The last one that was noted.
        noted: i64,
    },
    /// A checkpoint given out earlier says something else about this record.
    #[error("record {0} is not the one that the checkpoint testifies to")]
    Rewritten(i64),
}

/// Walks through the chain of a company, and holds it against checkpoints given out earlier.
///
/// # Errors
/// The database cannot be read. What is wrong with the chain is in the report.
pub async fn verify(
    tx: &mut Tx,
    company: i64,
    checkpoints: &[Checkpoint],
) -> Result<Report, DbError> {
    let report = Report { company, good: 0, hash: genesis(company), fault: None };
    walk(tx, report, checkpoints).await
}

/// Walks through what was appended since the walk that [`note`] remembers; through everything if
/// there was none or it found a fault. The table that remembers can be written by whoever can
/// write the chain: this is for checks in between, never the only one.
///
/// # Errors
/// The database cannot be read. What is wrong with the chain is in the report.
pub async fn verify_new(tx: &mut Tx, company: i64) -> Result<Report, DbError> {
    let find =
        Sql::new("SELECT sequence, hash FROM audit_mark WHERE company_id = $1 AND fault = ''");
    let (good, hash) = match tx.optional(find.bind(company)).await? {
        Some(row) => (row.get("sequence")?, row.get("hash")?),
        None => (0, genesis(company)),
    };
    walk(tx, Report { company, good, hash, fault: None }, &[]).await
}

/// Remembers how far a walk came, for [`verify_new`].
///
/// # Errors
/// The database cannot be written.
pub async fn note(tx: &mut Tx, report: &Report) -> Result<(), DbError> {
    let now = tx.now();
    let fault = report.fault.as_ref().map(Fault::to_string).unwrap_or_default();
    let sql = Sql::new(
        "INSERT INTO audit_mark (company_id, sequence, hash, at, fault) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (company_id) DO UPDATE SET sequence = $2, \
         hash = $3, at = $4, fault = $5",
    );
    let sql = sql.bind(report.company).bind(report.good).bind(report.hash).bind(now);
    tx.execute(sql.bind(fault)).await.map(drop)
}

async fn walk(
    tx: &mut Tx,
    mut report: Report,
    checkpoints: &[Checkpoint],
) -> Result<Report, DbError> {
    let company = report.company;
    let marks: Vec<&Checkpoint> =
        checkpoints.iter().filter(|mark| mark.company == company).collect();
    let mut sql = Sql::new("SELECT ").clone();
    sql.push(COLUMNS).push(" FROM audit_record WHERE company_id = ").push_bind(company);
    sql.push(" AND sequence > ").push_bind(report.good).push(" ORDER BY sequence");
    tx.scan(sql, |cells| {
        if report.fault.is_none() {
            step(&mut report, &marks, cells)?;
        }
        Ok(())
    })
    .await?;
    if report.fault.is_none() {
        report.fault = cut(tx, &report, &marks).await?;
    }
    Ok(report)
}

fn step(report: &mut Report, marks: &[&Checkpoint], cells: &Cells<'_>) -> Result<(), DbError> {
    let record = read(cells)?;
    let stored = digest(cells.bytes(13)?);
    let expected = report.good + 1;
    report.fault = if record.sequence != expected {
        Some(Fault::Missing { expected, found: record.sequence })
    } else if record.previous != report.hash {
        Some(Fault::Broken(expected))
    } else if Some(record.hash()) != stored {
        Some(Fault::Changed(expected))
    } else {
        let mark = marks.iter().find(|mark| mark.sequence == expected);
        mark.filter(|mark| Some(mark.hash) != stored).map(|_| Fault::Rewritten(expected))
    };
    if report.fault.is_none() {
        report.good = expected;
        report.hash = record.hash();
    }
    Ok(())
}

/// Whether the chain ends where it was noted to end.
async fn cut(
    tx: &mut Tx,
    report: &Report,
    marks: &[&Checkpoint],
) -> Result<Option<Fault>, DbError> {
    let head = Sql::new("SELECT sequence, hash FROM audit_head WHERE company_id = $1");
    let head = tx.optional(head.bind(report.company)).await?;
    let mut noted = marks.iter().map(|mark| mark.sequence).max().unwrap_or(0);
    if let Some(head) = &head {
        noted = noted.max(head.get("sequence")?);
        if head.get::<i64>("sequence")? < report.good {
            return Ok(Some(Fault::Broken(head.get::<i64>("sequence")? + 1)));
        }
        if noted == report.good && head.get::<[u8; 32]>("hash")? != report.hash {
            return Ok(Some(Fault::Broken(report.good)));
        }
    } else if report.good > 0 {
        return Ok(Some(Fault::Broken(report.good)));
    }
    Ok((noted > report.good).then_some(Fault::Cut { found: report.good, noted }))
}

fn read(cells: &Cells<'_>) -> Result<Record, DbError> {
    let text = |at| cells.text(at).map(str::to_owned);
    let company = cells.int(0)?;
    Ok(Record {
        company,
        sequence: cells.int(1)?,
        at: Timestamp::from_micros(cells.int(2)?),
        event: Event {
            company,
            actor_kind: text(3)?,
            actor: text(4)?,
            actor_name: text(5)?,
            action: text(6)?,
            object: text(7)?,
            label: text(8)?,
            detail: text(9)?,
            request: text(10)?,
            address: text(11)?,
        },
        previous: digest(cells.bytes(12)?).unwrap_or_default(),
    })
}

fn digest(bytes: &[u8]) -> Option<[u8; 32]> {
    bytes.try_into().ok()
}
