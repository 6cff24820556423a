//! Going through a backup without a database: structure, digest, counts, audit chains.

use std::collections::BTreeMap;
use std::path::Path;

use heqi_domain::{Progress, Stage};

use super::error::BackupError;
use super::export::hex;
use super::format::{Contents, Head};
use super::read::Reader;
use super::schema::Table;
use crate::Timestamp;
use crate::audit::{Checkpoint, Event, Record, Walk};
use crate::crypto::backup::Decryption;
use crate::db::Value;

/// Verifies a backup, and holds its audit chains against checkpoints given out earlier.
///
/// # Errors
/// Whatever is wrong with it: any [`BackupError`] but those of a database.
pub fn verify(
    path: &Path,
    decryption: &Decryption,
    checkpoints: &[Checkpoint],
    watch: &dyn Progress,
) -> Result<Contents, BackupError> {
    let mut reader = Reader::open(path, decryption)?;
    watch.stage(Stage::Verify, 0);
    let mut chains = Chains::new(checkpoints);
    while let Some(table) = reader.table()? {
        let mut rows = 0_u64;
        while let Some(values) = reader.row(&table)? {
            chains.row(&table, &values);
            rows += 1;
            if rows.is_multiple_of(1_000) {
                watch.advance(1_000);
                if watch.cancelled() {
                    return Err(BackupError::Canceled);
                }
            }
        }
        watch.advance(rows % 1_000);
    }
    let contents = reader.finish()?;
    chains.end(&contents.header.heads)?;
    Ok(contents)
}

/// The audit chains of a backup, walked through as their rows come by.
struct Chains<'marks> {
    checkpoints: &'marks [Checkpoint],
    walks: BTreeMap<i64, Walk<'marks>>,
    heads: BTreeMap<i64, (i64, [u8; 32])>,
}

impl<'marks> Chains<'marks> {
    fn new(checkpoints: &'marks [Checkpoint]) -> Self {
        let walk = |mark: &Checkpoint| (mark.company, Walk::new(mark.company, checkpoints));
        let walks = checkpoints.iter().map(walk).collect();
        Self { checkpoints, walks, heads: BTreeMap::new() }
    }

    fn row(&mut self, table: &Table, values: &[Value]) {
        let cells = Named { table, values };
        let company = cells.number("company_id");
        match table.name.as_str() {
            "audit_head" => {
                let hash = cells.digest("hash").unwrap_or_default();
                self.heads.insert(company, (cells.number("sequence"), hash));
            }
            "audit_record" => {
                let new = || Walk::new(company, self.checkpoints);
                let walk = self.walks.entry(company).or_insert_with(new);
                walk.step(&record(&cells), cells.digest("hash"));
            }
            _ => {}
        }
    }

    /// Every chain ends where its head and the first line of the backup say.
    fn end(mut self, noted: &[Head]) -> Result<(), BackupError> {
        for company in self.heads.keys() {
            let new = || Walk::new(*company, self.checkpoints);
            self.walks.entry(*company).or_insert_with(new);
        }
        for (company, walk) in self.walks {
            let report = walk.end(self.heads.get(&company).copied());
            if let Some(fault) = report.fault {
                return Err(BackupError::Chain { company, fault });
            }
        }
        let text = |(company, sequence, hash): (i64, i64, String)| {
            format!("audit chain {company} at record {sequence}, {hash}")
        };
        let stated =
            noted.iter().map(|head| text((head.company, head.sequence, head.hash.clone())));
        let found = self
            .heads
            .iter()
            .map(|(company, (sequence, hash))| text((*company, *sequence, hex(hash))));
        let (stated, found): (Vec<_>, Vec<_>) = (stated.collect(), found.collect());
        if stated != found {
            let (stated, found) = (stated.join("; "), found.join("; "));
            return Err(BackupError::Differs { stated, found });
        }
        Ok(())
    }
}

/// The values of a row by the names of their columns.
struct Named<'row> {
    table: &'row Table,
    values: &'row [Value],
}

impl Named<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        let at = self.table.columns.iter().position(|column| column.name == name)?;
        self.values.get(at)
    }

    fn number(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Value::Int(number)) => *number,
            _ => 0,
        }
    }

    fn text(&self, name: &str) -> String {
        match self.get(name) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    fn digest(&self, name: &str) -> Option<[u8; 32]> {
        match self.get(name) {
            Some(Value::Bytes(bytes)) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }
}

fn record(cells: &Named<'_>) -> Record {
    let company = cells.number("company_id");
    Record {
        company,
        sequence: cells.number("sequence"),
        at: Timestamp::from_micros(cells.number("at")),
        event: Event {
            company,
            actor_kind: cells.text("actor_kind"),
            actor: cells.text("actor"),
            actor_name: cells.text("actor_name"),
            action: cells.text("action"),
            object: cells.text("object"),
            label: cells.text("label"),
            detail: cells.text("detail"),
            request: cells.text("request"),
            address: cells.text("address"),
        },
        previous: cells.digest("previous").unwrap_or_default(),
    }
}
