//! The commit of a plan: groups, claims and discrepancies, all of them or none.
//!
//! What is settled or differs holds its lines at once; what is suggested waits for a person.
//! What people decided is not touched: their lines are in no plan. A suggestion that a later
//! plan still makes stays as it is; one that it no longer makes is replaced. A discrepancy is
//! known by its content, and keeps owner, comments and first sight for as long as it is found.

use std::collections::{HashMap, HashSet};

use heqi_domain::{Lang, LineIx, Lines};
use heqi_matching::{Discrepancy, GroupId, State, sentence};
use heqi_platform::{DbError, Sql, Timestamp, Tx, Value, fault};
use serde::Serialize;

use super::found::{self, Found};
use super::load;
use super::plan::{Plan, Planned};
use super::store;

/// What a commit changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Groups settled.
    pub settled: usize,
    /// Groups with a difference.
    pub differs: usize,
    /// New suggestions.
    pub suggested: usize,
    /// Suggestions that no longer hold.
    pub replaced: usize,
    /// Discrepancies seen for the first time, or again.
    pub discrepancies: usize,
    /// Discrepancies that are gone.
    pub gone: usize,
}

impl Counts {
    /// Whether anything changed.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// The lines that the plan's customers stand for, those merged into them included.
///
/// # Errors
/// Whatever the database says.
pub async fn customers(tx: &mut Tx, company: i64, plan: &Plan) -> Result<Vec<i64>, DbError> {
    let merged = load::merged(tx, company).await?;
    let mut roots = plan.base.loaded.touched();
    roots.extend(plan.base.scope.customer);
    let mut all: Vec<i64> =
        roots.iter().flat_map(|root| load::with_merged(&merged, *root)).collect();
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Writes a plan whose snapshot was proved, under the locks of its customers.
///
/// # Errors
/// Whatever the database says.
pub async fn write(
    tx: &mut Tx,
    company: i64,
    run: i64,
    plan: &Plan,
    customers: &[i64],
) -> Result<Counts, DbError> {
    let mut counts = Counts::default();
    let scope = plan.base.scope.customer.is_some().then_some(customers);
    let as_of = plan.base.scope.as_of.as_deref();
    let known = suggestions(tx, company, scope, as_of).await?;
    let mut kept: HashSet<u64> = HashSet::new();
    let mut fresh: Vec<(i64, Planned<'_>)> = Vec::new();
    for group in plan.groups() {
        if group.state == State::Suggested && known.contains_key(&group.id.0) {
            kept.insert(group.id.0);
            continue;
        }
        match group.state {
            State::Settled => counts.settled += 1,
            State::Differs => counts.differs += 1,
            State::Suggested => counts.suggested += 1,
        }
        fresh.push((tx.next_id(), group));
    }
    let old: Vec<i64> =
        known.iter().filter(|(id, _)| !kept.contains(id)).map(|(_, number)| *number).collect();
    counts.replaced = old.len();
    replace(tx, &old).await?;
    insert_groups(tx, company, run, plan, &fresh).await?;
    fault::at("matching.groups")?;
    let rows = all_found(plan, known, &fresh);
    (counts.discrepancies, counts.gone) =
        found::upsert(tx, company, run, scope, as_of, &rows).await?;
    if as_of.is_none() {
        store::not_due(tx, company, customers).await?;
    }
    Ok(counts)
}

fn all_found(
    plan: &Plan,
    mut numbers: HashMap<u64, i64>,
    fresh: &[(i64, Planned<'_>)],
) -> Vec<Found> {
    numbers.extend(fresh.iter().map(|(number, group)| (group.id.0, *number)));
    plan.discrepancies.iter().map(|row| found(plan, row, &numbers)).collect()
}

fn found(plan: &Plan, row: &Discrepancy, numbers: &HashMap<u64, i64>) -> Found {
    let (customer, currency) = plan.account(row.block);
    let [ours, theirs] = &plan.base.loaded.lines;
    let said = |lang| sentence(row, &plan.outcome, ours, theirs, lang);
    let of = |side: usize, lines: &[LineIx]| -> Vec<i64> {
        lines.iter().map(|line| plan.base.loaded.id(side, *line)).collect()
    };
    Found {
        customer,
        currency: currency.to_string(),
        content: row.id.to_string(),
        group: row.group().and_then(|id| numbers.get(&id.0).copied()),
        reason: row.verdict.code(),
        amount: row.amount,
        sentences: [said(Lang::Zh), said(Lang::En)],
        evidence: evidence(&row.evidence, row.evidence.is_some()),
        lines: [of(0, &row.ours), of(1, &row.theirs)],
    }
}

fn evidence(evidence: &heqi_matching::Evidence, any: bool) -> String {
    if any { serde_json::to_string(evidence).unwrap_or_default() } else { String::new() }
}

/// Suggestions that stand: content id and number. With a last day, those within it.
async fn suggestions(
    tx: &mut Tx,
    company: i64,
    customers: Option<&[i64]>,
    as_of: Option<&str>,
) -> Result<HashMap<u64, i64>, DbError> {
    let mut sql = Sql::new(
        "SELECT id, content_id FROM match_group WHERE status = 'suggested' AND company_id = ",
    );
    sql.push_bind(company);
    store::push_customers(&mut sql, "customer_id", customers);
    if let Some(as_of) = as_of {
        sql.push(
            " AND NOT EXISTS (SELECT 1 FROM group_member JOIN line \
             ON line.id = group_member.line_id WHERE group_member.group_id = match_group.id \
             AND line.business_date > ",
        );
        sql.push_bind(as_of).push(")");
    }
    let rows = tx.rows(sql).await?;
    let read = |row: &heqi_platform::Row| {
        let text: String = row.get("content_id")?;
        let id = text.get(1..).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        Ok((id.unwrap_or(0), row.get("id")?))
    };
    rows.iter().map(read).collect()
}

async fn replace(tx: &mut Tx, groups: &[i64]) -> Result<(), DbError> {
    for piece in groups.chunks(500) {
        let mut sql = Sql::new(
            "UPDATE match_group SET status = 'replaced', version = version + 1 WHERE id IN ",
        );
        sql.push_list(piece.iter().copied());
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Groups whose rows are made at once.
const PIECE: usize = 4_096;

async fn insert_groups(
    tx: &mut Tx,
    company: i64,
    run: i64,
    plan: &Plan,
    fresh: &[(i64, Planned<'_>)],
) -> Result<(), DbError> {
    // The sentence of a group is that of the row it makes in the bridge.
    let said: HashMap<GroupId, &Discrepancy> =
        plan.discrepancies.iter().filter(|row| row.grouped).map(|row| (row.id, row)).collect();
    for piece in fresh.chunks(PIECE) {
        let rows = group_rows(tx.now(), [company, run], plan, piece, &said);
        tx.insert_many("match_group", GROUP, rows.into_iter()).await?;
        let rows = member_rows(company, plan, piece);
        tx.insert_many("group_member", MEMBER, rows.into_iter()).await?;
        let rows = claim_rows(company, plan, piece);
        tx.insert_many("line_claim", CLAIM, rows.into_iter()).await?;
    }
    Ok(())
}

fn group_rows(
    now: Timestamp,
    [company, run]: [i64; 2],
    plan: &Plan,
    piece: &[(i64, Planned<'_>)],
    rows: &HashMap<GroupId, &Discrepancy>,
) -> Vec<Vec<Value>> {
    let [ours, theirs] = &plan.base.loaded.lines;
    // The kernel has proved that no sum of amounts of a side leaves 64 bits.
    let sum = |lines: &Lines, of: &[LineIx]| -> i64 {
        of.iter().map(|line| lines.amount[*line as usize]).sum()
    };
    let row = |(number, group): &(i64, Planned<'_>)| -> Vec<Value> {
        let (customer, currency) = plan.account(group.block);
        let said = |lang| match rows.get(&group.id) {
            Some(row) => sentence(row, &plan.outcome, ours, theirs, lang),
            None => String::new(),
        };
        let live = group.state != State::Suggested;
        let why = group.evidence.map_or_else(String::new, |facts| evidence(facts, true));
        vec![
            (*number).into(),
            company.into(),
            customer.into(),
            currency.into(),
            run.into(),
            group.id.to_string().into(),
            group.pass.code().into(),
            group.state.code().into(),
            if live { "live" } else { "suggested" }.into(),
            false.into(),
            sum(ours, group.ours).into(),
            sum(theirs, group.theirs).into(),
            group.difference.into(),
            group.verdict.code().into(),
            said(Lang::Zh).into(),
            said(Lang::En).into(),
            why.into(),
            group.evidence.map_or(0, |evidence| evidence.rank).into(),
            now.into(),
        ]
    };
    piece.iter().map(row).collect()
}

fn member_rows(company: i64, plan: &Plan, piece: &[(i64, Planned<'_>)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (number, group) in piece {
        rows.extend(members(plan, group).map(|(side, line)| -> Vec<Value> {
            vec![company.into(), (*number).into(), SIDES[side].into(), line.into()]
        }));
    }
    rows
}

fn claim_rows(company: i64, plan: &Plan, piece: &[(i64, Planned<'_>)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (number, group) in piece.iter().filter(|(_, group)| group.state != State::Suggested) {
        rows.extend(members(plan, group).map(|(_, line)| -> Vec<Value> {
            vec![line.into(), company.into(), (*number).into()]
        }));
    }
    rows
}

fn members<'a>(
    plan: &'a Plan,
    group: &Planned<'a>,
) -> impl Iterator<Item = (usize, i64)> + use<'a> {
    let loaded = &plan.base.loaded;
    let ours = group.ours.iter().map(|line| (0, loaded.id(0, *line)));
    ours.chain(group.theirs.iter().map(|line| (1, loaded.id(1, *line))))
}

pub(super) const SIDES: [&str; 2] = ["ours", "theirs"];
pub(super) const GROUP: &str = "id, company_id, customer_id, currency, run_id, content_id, pass, \
     state, status, decided, ours, theirs, difference, reason, sentence_zh, sentence_en, \
     evidence, rank, created_at";
pub(super) const MEMBER: &str = "company_id, group_id, side, line_id";
pub(super) const CLAIM: &str = "line_id, company_id, group_id";
