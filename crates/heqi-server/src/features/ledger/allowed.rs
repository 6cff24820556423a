//! What may be posted where: not for a customer that is stopped or was merged, and not into what
//! was signed. Asked under the locks of the customers.

use std::collections::HashMap;

use heqi_domain::Side;
use heqi_platform::{DbError, Sql, Tx};

use super::line::LedgerKind;
use crate::features::customers;
use crate::problem::Problem;

/// The customers of lines, locked, and with them those that they were merged into: their periods
/// are signed there.
pub struct Locked {
    /// Ascending by their numbers.
    pub briefs: Vec<customers::Brief>,
    merged: HashMap<i64, i64>,
}

impl Locked {
    /// Takes the locks.
    ///
    /// # Errors
    /// Whatever the database says; [`DbError::Conflict`] if one was merged meanwhile.
    pub async fn take(tx: &mut Tx, company: i64, wanted: &[i64]) -> Result<Self, DbError> {
        let merged = customers::merged(tx, company).await?;
        let roots = wanted.iter().filter_map(|customer| merged.get(customer));
        let all: Vec<i64> = wanted.iter().chain(roots).copied().collect();
        let briefs = customers::lock(tx, company, &all).await?;
        // Somebody has merged it while we waited for the lock: from the start, then.
        let late = |it: &customers::Brief| it.status == "merged" && !merged.contains_key(&it.id);
        if briefs.iter().any(late) {
            return Err(DbError::Conflict);
        }
        Ok(Self { briefs, merged })
    }

    /// The customer whose periods a line of this one falls into: the one that it has become, or
    /// itself where its own days were signed further.
    ///
    /// # Errors
    /// 404 for one that is not there.
    pub fn signing(&self, customer: i64) -> Result<i64, Problem> {
        let through = |id: i64| {
            let found = self.briefs.binary_search_by_key(&id, |it| it.id);
            found
                .map(|at| self.briefs[at].locked_through.as_str())
                .map_err(|_| Problem::not_found())
        };
        let Some(root) = self.merged.get(&customer).copied() else { return Ok(customer) };
        Ok(if through(customer)? > through(root)? { customer } else { root })
    }
}

/// What a stopped customer may not have: new sales of ours. What it owes is still paid, credited,
/// written off or reversed, and what it states is evidence and never refused.
#[must_use]
pub const fn new_business(side: Side, kind: LedgerKind) -> bool {
    matches!((side, kind), (Side::Ours, LedgerKind::Sale | LedgerKind::Exchange))
}

/// Why nothing of this kind is entered for a customer of this status. Nothing is under one that
/// has become another one, but a reversal, which stands where the entry stands that it reverses.
#[must_use]
pub fn refusal(status: &str, name: &str, (side, kind): (Side, LedgerKind)) -> Option<Problem> {
    match status {
        "merged" if kind != LedgerKind::Reversal => Some(Problem::conflict(
            "customer_merged",
            format!("「{name}」已并入别的客户；请记在合并后的客户名下"),
            format!("{name} was merged into another customer; enter it there"),
        )),
        "stopped" if new_business(side, kind) => Some(Problem::conflict(
            "customer_stopped",
            format!("「{name}」已停用，不能再记销售、换货；确需开单请先恢复启用"),
            format!("{name} is stopped and takes no new sales; take it up again first"),
        )),
        _ => None,
    }
}

/// Refuses a line, named by its place, that its customer does not take.
///
/// # Errors
/// 404, 409 `customer_stopped`, `customer_merged`.
pub fn refuse_customer(
    locked: &[customers::Brief],
    customer: i64,
    what: (Side, LedgerKind),
    at: usize,
) -> Result<(), Problem> {
    let found = locked.binary_search_by_key(&customer, |customer| customer.id);
    let customer = &locked[found.map_err(|_| Problem::not_found())?];
    let Some(problem) = refusal(&customer.status, &customer.name, what) else { return Ok(()) };
    let problem = problem.at(&format!("/lines/{at}/customer"));
    Err(problem.with_facts(serde_json::json!({ "line": at, "customer": customer.text() })))
}

/// A customer is locked through the last signed day of all its currencies; whether the account
/// itself is signed is looked up only where that matters.
///
/// # Errors
/// 404, 409 `period_signed` with the position of the line.
pub async fn refuse_locked(
    tx: &mut Tx,
    locked: &[customers::Brief],
    company: i64,
    (customer, currency): (i64, &str),
    (date, at): (&str, usize),
) -> Result<(), Problem> {
    let found = locked.binary_search_by_key(&customer, |customer| customer.id);
    let through = &locked[found.map_err(|_| Problem::not_found())?].locked_through;
    if date > through.as_str() {
        return Ok(());
    }
    let signed = Sql::new(
        "SELECT DISTINCT currency FROM period WHERE company_id = $1 AND customer_id = $2 \
         AND state = 'signed' AND last_day >= $3",
    );
    let signed = tx.rows(signed.bind(company).bind(customer).bind(date)).await?;
    let signed: Result<Vec<String>, DbError> = signed.iter().map(|it| it.get("currency")).collect();
    let signed = signed?;
    if signed.is_empty() || signed.iter().any(|signed| signed == currency) {
        return refuse_signed(through, date, at);
    }
    Ok(())
}

fn refuse_signed(locked_through: &str, date: &str, at: usize) -> Result<(), Problem> {
    if date > locked_through {
        return Ok(());
    }
    let problem = Problem::conflict(
        "period_signed",
        format!("{date} 在已签认的期间内（签认至 {locked_through}）；请记入下一期，或申请反结账"),
        format!("{date} lies in a signed period (through {locked_through}); use a later date"),
    );
    Err(problem.with_facts(serde_json::json!({ "line": at, "locked_through": locked_through })))
}
