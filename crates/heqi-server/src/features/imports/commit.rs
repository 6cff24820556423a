//! Posting what was chosen, all of it or nothing, and taking it back.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::{BatchId, CustomerId, GroupId, Id, LineId, Side};
use heqi_platform::Tx;
use serde_json::json;

use super::model::{Committed, Undone};
use super::staged::{Staged, Status};
use super::store::{self, Batch};
use super::{check, ledger_side, staging};
use crate::features::customers::{self, Brief};
use crate::features::ledger::{self, Signed};
use crate::permission::Scope;
use crate::problem::Problem;

/// What a person decided about a group of possible duplicates.
#[must_use]
pub fn decided<'a>(
    decisions: &'a BTreeMap<String, String>,
    code: &str,
    customer: i64,
) -> Option<&'a str> {
    let group = format!("{code}:{}", CustomerId::text(customer));
    decisions.get(&group).or_else(|| decisions.get(code)).map(String::as_str)
}

/// Posts the chosen rows of an import in this transaction: locks their customers, holds the rows
/// against the ledger once more, and refuses if that is not what the plan saw.
///
/// # Errors
/// 409 `not_checked`, `undecided` or `plan_changed`; 404 for a customer out of reach.
pub async fn apply(
    tx: &mut Tx,
    company: i64,
    id: i64,
    plan: &str,
    scope: &Scope,
    by: &str,
) -> Result<Committed, Problem> {
    let batch = store::lock(tx, company, id).await?.ok_or_else(Problem::not_found)?;
    if batch.state != "checked" {
        return Err(not_checked(&batch.state));
    }
    let mut rows = staging::staged(tx, id).await?;
    let briefs = lock_customers(tx, company, &rows, scope).await?;
    let numbers: Vec<i64> = briefs.iter().map(|brief| brief.id).collect();
    let beside = ledger_side::chain(tx, id).await?;
    let posted = ledger_side::lines(tx, company, batch.side, &numbers, &beside).await?;
    let limits = ledger_side::limits(tx, company, &briefs).await?;
    let work = || {
        check::classify(&mut rows, batch.side, &posted, &limits);
        check::base_plan(&rows, batch.side, id)
    };
    let base = tokio::task::block_in_place(work);
    if check::plan(&base, &batch.decisions) != plan {
        return Err(plan_changed());
    }
    let lines = chosen(&batch, &rows)?;
    let sums = sums(&lines)?;
    ledger::post(tx, company, by, &lines).await?;
    store::set_state(tx, id, "committed", by).await?;
    let count = |status: Status| rows.iter().filter(|row| row.status == status).count() as i64;
    let posted = lines.len() as i64;
    Ok(Committed {
        id: BatchId::text(id),
        posted,
        known: count(Status::Known),
        skipped: count(Status::New) + count(Status::Possible) - posted,
        rejected: count(Status::Rejected),
        sums,
    })
}

async fn lock_customers(
    tx: &mut Tx,
    company: i64,
    rows: &[Staged],
    scope: &Scope,
) -> Result<Vec<Brief>, Problem> {
    let wanted: BTreeSet<i64> = rows.iter().filter_map(|row| row.customer).collect();
    let wanted: Vec<i64> = wanted.into_iter().collect();
    let locked = customers::lock(tx, company, &wanted).await?;
    let reach = customers::known::Directory::load(tx, company, scope).await?;
    if locked.len() != wanted.len()
        || wanted.iter().any(|customer| !reach.customers.contains_key(customer))
    {
        return Err(plan_changed());
    }
    Ok(locked)
}

fn chosen(batch: &Batch, rows: &[Staged]) -> Result<Vec<ledger::NewLine>, Problem> {
    let mut lines = Vec::new();
    let mut open = BTreeSet::new();
    for row in rows {
        let take = match (row.status, row.customer) {
            (Status::New, _) => true,
            (Status::Possible, Some(customer)) => {
                let said = decided(&batch.decisions, &row.problem, customer);
                if said.is_none() {
                    open.insert(format!("{}:{}", row.problem, CustomerId::text(customer)));
                }
                said == Some("import")
            }
            _ => false,
        };
        if take && let Some(line) = row.line(batch.side, batch.id) {
            lines.push(line);
        }
    }
    if open.is_empty() { Ok(lines) } else { Err(undecided(&open)) }
}

fn sums(lines: &[ledger::NewLine]) -> Result<BTreeMap<String, i64>, Problem> {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for line in lines {
        *sums.entry(&line.currency).or_default() += i128::from(line.amount);
    }
    let narrow = |(currency, sum): (&str, i128)| Ok((currency.to_owned(), check::narrow(sum)?));
    sums.into_iter().map(narrow).collect()
}

pub(super) fn not_checked(state: &str) -> Problem {
    let problem = Problem::conflict(
        "not_checked",
        "这次导入现在不能做这一步：须先读完并核对，且尚未入账、未作废",
        "This import is not in a state for that: it must be read and checked, and not posted yet",
    );
    problem.with_facts(json!({ "state": state }))
}

pub(super) fn plan_changed() -> Problem {
    Problem::conflict(
        "plan_changed",
        "预览之后账上有了变化，预览的数字已不准；请重新核对后再入账",
        "The ledger has changed since the preview, which no longer holds; check again, then commit",
    )
}

fn undecided(groups: &BTreeSet<String>) -> Problem {
    let problem = Problem::conflict(
        "undecided",
        format!("还有 {} 组可能重复的行没有决定；请逐组选择导入或跳过", groups.len()),
        format!("{} groups of possible duplicates are undecided: import or skip", groups.len()),
    );
    problem.with_facts(json!({ "groups": groups }))
}

/// Takes a posted import back: lines of theirs are withdrawn, lines of ours reversed.
///
/// # Errors
/// 409 `not_committed`, or `undo_blocked` with what stands in the way.
pub async fn undo(tx: &mut Tx, company: i64, id: i64, by: &str) -> Result<Undone, Problem> {
    let batch = store::lock(tx, company, id).await?.ok_or_else(Problem::not_found)?;
    if batch.state != "committed" {
        return Err(Problem::conflict(
            "not_committed",
            "只有已入账的导入才能撤销",
            "Only an import that was posted can be taken back",
        ));
    }
    let lines = ledger_side::of_batch(tx, company, id).await?;
    let numbers: Vec<i64> = lines.iter().map(|line| line.customer).collect();
    let briefs = customers::lock(tx, company, &numbers).await?;
    // What holds a line is looked at again under the lock of its customer.
    let lines = ledger_side::of_batch(tx, company, id).await?;
    refuse_blocked(&lines, &Signed::load(tx, company, &briefs).await?)?;
    let (withdrawn, reversed) = match batch.side {
        Side::Theirs => {
            let withdrawn = ledger_side::withdraw(tx, company, id).await?;
            ledger::touch(tx, company, &numbers).await?;
            (withdrawn, 0)
        }
        Side::Ours => {
            let today = tx.now().book_date();
            let reversals = ledger_side::reversals(tx, company, id, &today).await?;
            ledger::post(tx, company, by, &reversals).await?;
            (0, reversals.len() as i64)
        }
    };
    store::set_state(tx, id, "undone", by).await?;
    Ok(Undone { id: BatchId::text(id), withdrawn, reversed })
}

/// Most obstacles that are told one by one.
const TOLD: usize = 50;

fn refuse_blocked(lines: &[ledger_side::Taken], signed: &Signed) -> Result<(), Problem> {
    let mut count = 0_usize;
    let mut told = Vec::new();
    for line in lines {
        let through = signed.holds(line.customer, &line.currency, &line.business_date);
        let mut tell = |why: &str, what: String| {
            count += 1;
            if told.len() < TOLD {
                let (row, id) = (line.row, LineId::text(line.id));
                told.push(json!({ "row": row, "line": id, "why": why, "what": what }));
            }
        };
        if let Some(group) = line.group {
            tell("matched", GroupId::text(group));
        }
        if let Some(day) = through {
            tell("period_signed", day.to_owned());
        }
        if line.held {
            tell("held", String::new());
        }
    }
    if count == 0 {
        return Ok(());
    }
    let problem = Problem::conflict(
        "undo_blocked",
        format!("有 {count} 处不能撤销：先取消勾对、解除挂起，或申请反结账"),
        format!("{count} obstacles: unmatch or release those lines, or have the period reopened"),
    );
    Err(problem.with_facts(json!({ "count": count, "obstacles": told })))
}
