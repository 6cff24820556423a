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
    walk(tx, Walk::new(company, checkpoints)).await
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
    let mut begin = Walk::new(company, &[]);
    if let Some(row) = tx.optional(find.bind(company)).await? {
        begin.report.good = row.get("sequence")?;
        begin.report.hash = row.get("hash")?;
    }
    walk(tx, begin).await
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

async fn walk(tx: &mut Tx, mut walk: Walk<'_>) -> Result<Report, DbError> {
    let company = walk.report.company;
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM audit_record WHERE company_id = ").push_bind(company);
    sql.push(" AND sequence > ").push_bind(walk.report.good).push(" ORDER BY sequence");
    tx.scan(sql, |cells| {
        walk.step(&read(cells)?, digest(cells.bytes(13)?));
        Ok(())
    })
    .await?;
    let head = Sql::new("SELECT sequence, hash FROM audit_head WHERE company_id = $1");
    let head = tx.optional(head.bind(company)).await?;
    let head = head.map(|row| Ok::<_, DbError>((row.get("sequence")?, row.get("hash")?)));
    Ok(walk.end(head.transpose()?))
}

/// A walk through one chain, record by record, wherever the records come from.
#[derive(Debug)]
pub(crate) struct Walk<'marks> {
    report: Report,
    marks: Vec<&'marks Checkpoint>,
}

impl<'marks> Walk<'marks> {
    /// Before the first record of a company's chain.
    pub(crate) fn new(company: i64, checkpoints: &'marks [Checkpoint]) -> Self {
        let report = Report { company, good: 0, hash: genesis(company), fault: None };
        let marks = checkpoints.iter().filter(|mark| mark.company == company).collect();
        Self { report, marks }
    }

    /// The next record, and the hash that is stored with it.
    pub(crate) fn step(&mut self, record: &Record, stored: Option<[u8; 32]>) {
        let report = &mut self.report;
        if report.fault.is_some() {
            return;
        }
        let expected = report.good + 1;
        let hash = record.hash();
        report.fault = if record.sequence != expected {
            Some(Fault::Missing { expected, found: record.sequence })
        } else if record.previous != report.hash {
            Some(Fault::Broken(expected))
        } else if Some(hash) != stored {
            Some(Fault::Changed(expected))
        } else {
            let mark = self.marks.iter().find(|mark| mark.sequence == expected);
            mark.filter(|mark| mark.hash != hash).map(|_| Fault::Rewritten(expected))
        };
        if report.fault.is_none() {
            report.good = expected;
            report.hash = hash;
        }
    }

    /// After the last record: whether the chain ends where it was noted to end.
    pub(crate) fn end(mut self, head: Option<(i64, [u8; 32])>) -> Report {
        if self.report.fault.is_none() {
            self.report.fault = self.cut(head);
        }
        self.report
    }

    fn cut(&self, head: Option<(i64, [u8; 32])>) -> Option<Fault> {
        let good = self.report.good;
        let mut noted = self.marks.iter().map(|mark| mark.sequence).max().unwrap_or(0);
        if let Some((sequence, hash)) = head {
            noted = noted.max(sequence);
            if sequence < good {
                return Some(Fault::Broken(sequence + 1));
            }
            if noted == good && hash != self.report.hash {
                return Some(Fault::Broken(good));
            }
        } else if good > 0 {
            return Some(Fault::Broken(good));
        }
        (noted > good).then_some(Fault::Cut { found: good, noted })
    }
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
