//! Which rows the ledger has already: equal rows as multisets, then what only looks alike.
//!
//! n equal rows in a file are n lines. If the ledger has k of them, the first min(n, k) are
//! known and the surplus is new: the same file twice adds nothing, an overlapping file adds only
//! what is beyond the overlap. A line of the ledger stands for one row at most, so that what is
//! known does not also make its neighbor suspicious.

use std::collections::{BTreeMap, HashMap};

use heqi_domain::Side;
use sha2::{Digest, Sha256};

use super::goods;
use super::ledger_side::Limits;
use super::model::{Control, Counted, Total};
use super::problems::{CUSTOMER_STOPPED, PERIOD_SIGNED, SAME_AMOUNT_AND_DAY, SAME_REFERENCE};
use super::staged::{Staged, Status};
use crate::features::ledger;
use crate::problem::Problem;

/// A line of the ledger, as far as a row can equal or resemble it.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its number.
    pub id: i64,
    /// The customer.
    pub customer: i64,
    /// ISO 4217.
    pub currency: String,
    /// Document number.
    pub reference: String,
    /// Day of the document.
    pub business_date: String,
    /// Minor units.
    pub amount: i64,
    /// Digest of what it says.
    pub content: [u8; 32],
    /// Whether an equal row is the same entry; a draft may yet be rejected.
    pub counts: bool,
}

/// Sets the status of each row by what the ledger has and what its customer allows.
pub fn classify(rows: &mut [Staged], side: Side, ledger: &[Posted], limits: &Limits) {
    for row in rows.iter_mut().filter(|row| is_ours_to_say(row)) {
        row.status = Status::New;
        row.problem.clear();
        row.at_fault = Default::default();
        row.twin = None;
    }
    let mut taken = vec![false; ledger.len()];
    equal(rows, side, ledger, &mut taken);
    for row in rows.iter_mut().filter(|row| row.status == Status::New) {
        let held =
            |customer| limits.signed.holds(customer, &row.currency, &row.business_date).is_some();
        if row.customer.is_some_and(held) {
            let day = row.business_date.clone();
            row.reject(PERIOD_SIGNED, "", &day);
        }
        let stopped = row.customer.is_some_and(|customer| limits.stopped.contains(&customer));
        if stopped && ledger::new_business(side, row.kind) {
            let kind = row.kind.code();
            row.reject(CUSTOMER_STOPPED, "", kind);
        }
    }
    alike(rows, ledger, &mut taken, SAME_REFERENCE);
    alike(rows, ledger, &mut taken, SAME_AMOUNT_AND_DAY);
}

/// Whether the status of a row follows from the ledger, and not from the file alone.
fn is_ours_to_say(row: &Staged) -> bool {
    row.status != Status::Rejected
        || [PERIOD_SIGNED, CUSTOMER_STOPPED].contains(&row.problem.as_str())
}

fn equal(rows: &mut [Staged], side: Side, ledger: &[Posted], taken: &mut [bool]) {
    let mut stock: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
    // The last is taken first: the lines are handed over in reverse.
    for (at, line) in ledger.iter().enumerate().rev().filter(|(_, line)| line.counts) {
        stock.entry(line.content).or_default().push(at);
    }
    if stock.is_empty() {
        return;
    }
    for row in rows.iter_mut().filter(|row| row.status == Status::New) {
        let Some(line) = row.line(side, 0) else { continue };
        if let Some(at) = stock.get_mut(&line.content()).and_then(Vec::pop) {
            taken[at] = true;
            row.status = Status::Known;
            row.twin = Some(ledger[at].id);
        }
    }
}

type Likeness<'a> = (i64, &'a str, &'a str, i64);

/// What two entries have in common that look alike; none if there is nothing to compare.
fn likeness<'a>(
    code: &str,
    (customer, currency, reference): (i64, &'a str, &'a str),
    (day, amount): (&'a str, i64),
) -> Option<Likeness<'a>> {
    match code {
        SAME_REFERENCE if reference.is_empty() => None,
        SAME_REFERENCE => Some((customer, currency, reference, 0)),
        _ => Some((customer, currency, day, amount)),
    }
}

fn alike(rows: &mut [Staged], ledger: &[Posted], taken: &mut [bool], code: &str) {
    let mut stock: HashMap<Likeness<'_>, Vec<usize>> = HashMap::new();
    for (at, line) in ledger.iter().enumerate().rev() {
        let names = (line.customer, line.currency.as_str(), line.reference.as_str());
        let found = likeness(code, names, (&line.business_date, line.amount));
        if let Some(likeness) = found.filter(|_| !taken[at]) {
            stock.entry(likeness).or_default().push(at);
        }
    }
    if stock.is_empty() {
        return;
    }
    for row in rows.iter_mut().filter(|row| row.status == Status::New) {
        let (Some(customer), Some(amount)) = (row.customer, row.amount) else { continue };
        let names = (customer, row.currency.as_str(), row.reference.as_str());
        let Some(wanted) = likeness(code, names, (&row.business_date, amount)) else { continue };
        if let Some(at) = stock.get_mut(&wanted).and_then(Vec::pop) {
            taken[at] = true;
            row.status = Status::Possible;
            code.clone_into(&mut row.problem);
            row.twin = Some(ledger[at].id);
        }
    }
}

/// Rows and sums by status and currency, and whether the stated balances hold.
///
/// # Errors
/// 422 if a sum is beyond what can be booked.
pub fn count(
    rows: &[Staged],
    opening: Option<i64>,
    closing: Option<i64>,
) -> Result<Counted, Problem> {
    let mut sums: BTreeMap<(Status, &str), (i64, i128, i128)> = BTreeMap::new();
    let mut movement = 0_i128;
    for row in rows {
        let amount = i128::from(row.amount.unwrap_or(0));
        movement += amount;
        let sum = sums.entry((row.status, row.currency.as_str())).or_default();
        sum.0 += 1;
        sum.1 += amount.max(0);
        sum.2 += (-amount).max(0);
    }
    let total = |((status, currency), (rows, debit, credit)): (&(Status, &str), &_)| {
        let (debit, credit) = (narrow(*debit)?, narrow(*credit)?);
        let (status, currency) = (status.code().to_owned(), (*currency).to_owned());
        Ok(Total { status, currency, rows: *rows, debit, credit })
    };
    let totals = sums.iter().map(total).collect::<Result<Vec<Total>, Problem>>()?;
    let movement = narrow(movement)?;
    let agrees = match (opening, closing) {
        (Some(opening), Some(closing)) => {
            Some(i128::from(opening) + i128::from(movement) == i128::from(closing))
        }
        _ => None,
    };
    let control = Control { opening, movement, closing, agrees };
    Ok(Counted { totals, control, warnings: goods::flags(rows) })
}

pub(super) fn narrow(sum: i128) -> Result<i64, Problem> {
    i64::try_from(sum).map_err(|_| {
        Problem::invalid(
            "sum_too_large",
            "合计金额超出可记账范围；请检查金额列里是否混进了账号或单号",
            "The sum is too large to be booked; check whether account or document numbers stand \
             in the column of amounts",
        )
    })
}

/// Digest of what a commit would find: every row with its status. It changes when the ledger
/// changes what the rows are to it.
#[must_use]
pub fn base_plan(rows: &[Staged], side: Side, batch: i64) -> String {
    let mut hash = Sha256::new();
    hash.update(b"heqi.import.plan.v1");
    hash.update(batch.to_le_bytes());
    for row in rows {
        hash.update(row.row.to_le_bytes());
        for text in [row.status.code(), row.problem.as_str()] {
            hash.update((text.len() as u32).to_le_bytes());
            hash.update(text);
        }
        hash.update(row.line(side, batch).map_or([0; 32], |line| line.content()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of a plan together with what a person decided about it.
#[must_use]
pub fn plan(base: &str, decisions: &BTreeMap<String, String>) -> String {
    if base.is_empty() {
        return String::new();
    }
    let mut hash = Sha256::new();
    hash.update(base);
    for (group, action) in decisions {
        for text in [group, action] {
            hash.update((text.len() as u32).to_le_bytes());
            hash.update(text);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
