//! The lines that a run is about, from the database into the kernel's columns, without a struct
//! for each.
//!
//! An account is a customer in a currency; a customer that was merged into another one is that
//! other one. A line is called by its occurrence among equal lines of its book, so that it has
//! the same name in every run, whatever became of its equals.
//!
//! An opening entry is a line like any other: an opening item can be paid, and what nobody pays
//! is a discrepancy of its own. So every account opens at zero, and the bridge of a run goes
//! from the sum of our open lines to the sum of theirs.

use std::collections::HashMap;

use heqi_domain::{
    Account, Currency, CustomerId, EntryKind, Id, LineIds, LineIx, Lines, NO_DAY, Names, Side,
    day_from_iso,
};
use heqi_platform::db::Cells;
use heqi_platform::{DbError, Sql, Tx};
use sha2::{Digest, Sha256};

pub use crate::features::customers::merged;
use crate::features::ledger::LedgerKind;

/// Which lines.
#[derive(Clone, Debug)]
pub enum Select {
    /// Posted, in no live group and not held.
    Open {
        /// Of this customer and those merged into it; of every customer if none.
        customer: Option<i64>,
        /// Through this day, `2026-10-31`; all if none.
        as_of: Option<String>,
    },
    /// Posted lines with these numbers, whatever their state.
    These(Vec<i64>),
    /// Lines of live groups that people have confirmed or signed.
    Decided,
}

/// The lines of a run.
#[derive(Debug)]
pub struct Loaded {
    /// Our lines and theirs.
    pub lines: [Lines; 2],
    /// The number of each line of ours and theirs; ascending.
    pub ids: [Vec<i64>; 2],
    /// The number of the customer of each account of ours and theirs.
    pub customers: [Vec<i64>; 2],
    /// SHA-256 over numbers and contents, in order.
    pub snapshot: [u8; 32],
}

impl Loaded {
    /// The number of a line.
    #[must_use]
    pub fn id(&self, side: usize, line: LineIx) -> i64 {
        self.ids[side][line as usize]
    }

    /// Every customer that has a line here, ascending.
    #[must_use]
    pub fn touched(&self) -> Vec<i64> {
        let mut all = self.customers.concat();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The index of a line of ours or theirs by its number.
    #[must_use]
    pub fn find(&self, line: i64) -> Option<(usize, LineIx)> {
        (0..2).find_map(|side| {
            let at = self.ids[side].binary_search(&line).ok()?;
            Some((side, LineIx::try_from(at).ok()?))
        })
    }

    /// The number of the customer that an account is of, by its name.
    #[must_use]
    pub fn customer_of(account: &Account) -> i64 {
        account.customer.parse::<CustomerId>().map_or(0, CustomerId::number)
    }
}

/// The customer and those that were merged into it.
#[must_use]
pub fn with_merged(merged: &HashMap<i64, i64>, customer: i64) -> Vec<i64> {
    let from = merged.iter().filter(|(_, into)| **into == customer).map(|(from, _)| *from);
    let mut all: Vec<i64> = from.chain([customer]).collect();
    all.sort_unstable();
    all
}

/// Loads lines.
///
/// # Errors
/// Whatever the database says; a line that cannot be read is a defect.
pub async fn load(tx: &mut Tx, company: i64, select: &Select) -> Result<Loaded, DbError> {
    let merged = merged(tx, company).await?;
    let as_of = match select {
        Select::Open { as_of, .. } => as_of.clone(),
        _ => None,
    };
    let mut builder = Builder::new(merged, as_of);
    let sql = statement(company, select, &builder.merged);
    tx.scan(sql, |cells| builder.take(cells)).await?;
    Ok(builder.done())
}

/// Every posted line of the customers asked about, and whether it is asked for: equal lines are
/// counted whatever became of them.
fn statement(company: i64, select: &Select, merged: &HashMap<i64, i64>) -> Sql {
    let mut sql = Sql::new(
        "SELECT id, customer_id, side, currency, kind, reference, other_reference, memo, \
         business_date, due_date, amount, content, CAST(CASE WHEN ",
    );
    match select {
        Select::Open { .. } => sql.push(
            "NOT EXISTS (SELECT 1 FROM line_claim WHERE line_claim.line_id = line.id) \
             AND NOT EXISTS (SELECT 1 FROM line_hold WHERE line_hold.line_id = line.id)",
        ),
        Select::These(ids) => sql.push("id IN ").push_list(ids.iter().copied()),
        Select::Decided => sql.push(
            "EXISTS (SELECT 1 FROM line_claim JOIN match_group \
             ON match_group.id = line_claim.group_id WHERE line_claim.line_id = line.id \
             AND (match_group.decided OR match_group.period_id IS NOT NULL))",
        ),
    };
    sql.push(" THEN 1 ELSE 0 END AS BIGINT) AS asked FROM line WHERE state = 'posted'");
    match select {
        Select::Open { customer: Some(customer), .. } => {
            sql.push(" AND customer_id IN ").push_list(with_merged(merged, *customer));
            sql.push(" AND company_id = ").push_bind(company);
        }
        Select::These(ids) => {
            // Equal lines are of one customer, so its others are not asked.
            sql.push(" AND customer_id IN (SELECT customer_id FROM line WHERE id IN ");
            sql.push_list(ids.iter().copied()).push(") AND company_id = ").push_bind(company);
        }
        // The sign keeps SQLite from an index of the company: all of it is read as it lies.
        Select::Open { .. } | Select::Decided => {
            sql.push(" AND +company_id = ").push_bind(company);
        }
    }
    sql.push(" ORDER BY id");
    sql
}

struct Builder {
    merged: HashMap<i64, i64>,
    as_of: Option<String>,
    sides: [Side2; 2],
    /// How often each content has come so far.
    equal: HashMap<[u8; 32], u32>,
    hash: Sha256,
}

/// One side under construction.
struct Side2 {
    lines: Lines,
    ids: Vec<i64>,
    occurrences: Vec<u32>,
    customers: Vec<i64>,
    accounts: HashMap<(i64, Currency), u32>,
}

impl Builder {
    fn new(merged: HashMap<i64, i64>, as_of: Option<String>) -> Self {
        let side = |side| Side2 {
            lines: Lines::new(side),
            ids: Vec::new(),
            occurrences: Vec::new(),
            customers: Vec::new(),
            accounts: HashMap::new(),
        };
        let sides = [side(Side::Ours), side(Side::Theirs)];
        Self { merged, as_of, sides, equal: HashMap::new(), hash: Sha256::new() }
    }

    fn take(&mut self, cells: &Cells<'_>) -> Result<(), DbError> {
        let content = cells.bytes(11)?;
        let equal = self.equal.entry(content.try_into().unwrap_or([0; 32])).or_default();
        *equal += 1;
        let occurrence = *equal;
        if cells.int(12)? == 0 {
            return Ok(());
        }
        let date = cells.text(8)?;
        if self.as_of.as_deref().is_some_and(|as_of| date > as_of) {
            return Ok(());
        }
        let (id, customer) = (cells.int(0)?, cells.int(1)?);
        let customer = self.merged.get(&customer).copied().unwrap_or(customer);
        let side = &mut self.sides[usize::from(cells.text(2)? == "theirs")];
        let code = cells.text(3)?;
        let currency: Currency = code.parse().map_err(|_| DbError::Column {
            name: "currency".to_owned(),
            expected: "a currency",
            found: code.to_owned(),
        })?;
        let kind = LedgerKind::from_code(cells.text(4)?);
        let account = side.account(customer, currency);
        let lines = &mut side.lines;
        lines.account.push(account);
        lines.amount.push(cells.int(10)?);
        lines.day.push(day_from_iso(date).unwrap_or(NO_DAY));
        lines.kind.push(kind.map_or(EntryKind::Unknown, LedgerKind::entry_kind));
        lines.reference.push(cells.text(5)?);
        lines.other_reference.push(cells.text(6)?);
        lines.text.push(cells.text(7)?);
        lines.due.push(day_from_iso(cells.text(9)?).unwrap_or(NO_DAY));
        side.ids.push(id);
        side.occurrences.push(occurrence);
        self.hash.update(id.to_le_bytes());
        self.hash.update(customer.to_le_bytes());
        self.hash.update(content);
        Ok(())
    }

    fn done(self) -> Loaded {
        let [ours, theirs] = self.sides.map(|side| {
            let mut lines = side.lines;
            lines.id = LineIds::Named(Names::Numbers(side.occurrences));
            (lines, side.ids, side.customers)
        });
        Loaded {
            lines: [ours.0, theirs.0],
            ids: [ours.1, theirs.1],
            customers: [ours.2, theirs.2],
            snapshot: self.hash.finalize().into(),
        }
    }
}

impl Side2 {
    fn account(&mut self, customer: i64, currency: Currency) -> u32 {
        let Self { accounts, lines, customers, .. } = self;
        *accounts.entry((customer, currency)).or_insert_with(|| {
            lines.accounts.push(Account { customer: CustomerId::text(customer), currency });
            customers.push(customer);
            // Fewer accounts than lines, and those are counted in 32 bits.
            u32::try_from(lines.accounts.len() - 1).unwrap_or(u32::MAX)
        })
    }
}
