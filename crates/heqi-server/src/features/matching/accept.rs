//! Accepting suggestions by a threshold 批量采纳: first which ones they are, then exactly those.
//!
//! A suggestion whose lines another suggestion wants too is a choice between the two, and a
//! threshold does not choose: it is left out and counted. The digest is over the groups and
//! their versions, so that nothing is confirmed which nobody has seen.

use heqi_domain::{CustomerId, GroupId};
use heqi_matching::Evidence;
use heqi_platform::{DbError, Row, Sql, Tx};
use sha2::{Digest, Sha256};

use super::model::{AcceptFilter, AcceptPlan, AcceptSum};
use super::plan::hex;
use crate::permission::Scope;
use crate::problem::Problem;

/// Most suggestions of one act.
const MOST: usize = 1_000;

/// What a filter finds.
#[derive(Debug)]
pub struct Accepting {
    /// As it is shown.
    pub plan: AcceptPlan,
    /// The groups, in order.
    pub groups: Vec<GroupId>,
    /// Their customers.
    pub customers: Vec<i64>,
}

struct Candidate {
    id: i64,
    customer: i64,
    version: i64,
    currency: String,
    sums: [i64; 3],
    lines: i64,
    contested: bool,
    evidence: Option<Evidence>,
}

/// The suggestions within the scope that a filter accepts.
///
/// # Errors
/// 422 for a filter that cannot be read, or one that accepts more than one act may.
pub async fn find(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    filter: &AcceptFilter,
) -> Result<Accepting, Problem> {
    let sql = statement(company, scope, filter)?;
    let rows = tx.rows(sql).await?;
    let mut all = Vec::new();
    for row in &rows {
        let found = read(row)?;
        if near(&found, filter) {
            all.push(found);
        }
    }
    let contested = all.iter().filter(|found| found.contested).count() as i64;
    all.retain(|found| !found.contested);
    if all.len() > MOST {
        let count = all.len();
        let problem = Problem::invalid(
            "too_many",
            format!("符合条件的有 {count} 组，一次最多 {MOST} 组；请按客户、日期或规则缩小范围"),
            format!("{count} suggestions fit and one act takes {MOST}; narrow the filter"),
        );
        return Err(problem.with_facts(serde_json::json!({ "count": count, "most": MOST })));
    }
    let mut hash = Sha256::new();
    hash.update(b"heqi.accept.v1");
    let mut sums: Vec<AcceptSum> = Vec::new();
    for found in &all {
        hash.update(found.id.to_le_bytes());
        hash.update(found.version.to_le_bytes());
        add(&mut sums, found)?;
    }
    let groups: Vec<GroupId> = all.iter().filter_map(|found| GroupId::new(found.id)).collect();
    let plan = AcceptPlan {
        count: all.len() as i64,
        lines: all.iter().map(|found| found.lines).sum(),
        contested,
        sums,
        groups: groups.iter().map(ToString::to_string).collect(),
        digest: hex(&hash.finalize()),
    };
    Ok(Accepting { plan, groups, customers: all.iter().map(|found| found.customer).collect() })
}

/// Refuses figures that no threshold has.
fn check(filter: &AcceptFilter) -> Result<(), Problem> {
    for (field, holds, zh, en) in [
        (
            "/difference_max",
            filter.difference_max.is_none_or(|most| most >= 0),
            "差额上限不能是负数",
            "The greatest difference is not negative",
        ),
        (
            "/days_max",
            filter.days_max.is_none_or(|most| most <= 36_600),
            "相差天数最多填 36600",
            "The most days are 36,600",
        ),
        (
            "/chance_ppm_max",
            filter.chance_ppm_max.is_none_or(|most| most <= 1_000_000),
            "凑巧相等的可能以百万分之一计，最多填 1000000",
            "The chance is in parts per million: 1,000,000 at most",
        ),
    ] {
        if !holds {
            return Err(Problem::field(field, zh, en));
        }
    }
    Ok(())
}

fn statement(company: i64, scope: &Scope, filter: &AcceptFilter) -> Result<Sql, Problem> {
    check(filter)?;
    let mut sql = Sql::new(
        "SELECT match_group.id, match_group.customer_id, match_group.version, \
         match_group.currency, match_group.ours, match_group.theirs, match_group.difference, \
         match_group.evidence, (SELECT COUNT(*) FROM group_member \
         WHERE group_member.group_id = match_group.id) AS lines, \
         EXISTS (SELECT 1 FROM group_member own JOIN group_member other \
         ON other.line_id = own.line_id AND other.group_id <> own.group_id \
         JOIN match_group rival ON rival.id = other.group_id \
         WHERE own.group_id = match_group.id AND rival.status = 'suggested') AS contested \
         FROM match_group WHERE match_group.status = 'suggested' AND match_group.company_id = ",
    );
    sql.push_bind(company);
    scope.push_customers(&mut sql, "match_group.customer_id", company);
    if let Some(customer) = &filter.customer {
        let customer: CustomerId = customer.parse().map_err(|error| {
            Problem::field("/customer", format!("客户编号不对：{error}"), format!("{error}"))
        })?;
        sql.push(" AND match_group.customer_id = ").push_bind(customer.number());
    }
    if let Some(pass) = &filter.pass {
        sql.push(" AND match_group.pass = ").push_bind(pass);
    }
    let most = filter.difference_max.unwrap_or(0);
    sql.push(" AND match_group.difference BETWEEN ").push_bind(-most);
    sql.push(" AND ").push_bind(most);
    for (field, day, start) in [
        ("/from", &filter.from, " AND line.business_date < "),
        ("/to", &filter.to, " AND line.business_date > "),
    ] {
        let Some(day) = day else { continue };
        if heqi_domain::day_from_iso(day).is_none() {
            return Err(Problem::field(field, "没有这一天", "There is no such day"));
        }
        sql.push(
            " AND NOT EXISTS (SELECT 1 FROM group_member JOIN line \
             ON line.id = group_member.line_id WHERE group_member.group_id = match_group.id",
        );
        sql.push(start).push_bind(day).push(")");
    }
    sql.push(" ORDER BY match_group.id");
    Ok(sql)
}

fn read(row: &Row) -> Result<Candidate, DbError> {
    let evidence: String = row.get("evidence")?;
    Ok(Candidate {
        id: row.get("id")?,
        customer: row.get("customer_id")?,
        version: row.get("version")?,
        currency: row.get("currency")?,
        sums: [row.get("ours")?, row.get("theirs")?, row.get("difference")?],
        lines: row.get("lines")?,
        contested: row.get("contested")?,
        evidence: serde_json::from_str(&evidence).ok(),
    })
}

/// Whether what the kernel said about it is within the threshold. A figure that is asked for
/// and unknown is not within it.
fn near(found: &Candidate, filter: &AcceptFilter) -> bool {
    let facts = found.evidence.as_ref();
    let days = facts.and_then(|facts| facts.days).map(i32::unsigned_abs);
    let in_days = filter.days_max.is_none_or(|most| days.is_some_and(|days| days <= most));
    let amount = found.sums[0].unsigned_abs().max(found.sums[1].unsigned_abs());
    // Chance is subsets tried ÷ amount in minor units, as the kernel has it.
    let unlikely = |most: u32| {
        facts.is_some_and(|facts| {
            u128::from(facts.tried) * 1_000_000 <= u128::from(amount) * u128::from(most)
        })
    };
    in_days && filter.chance_ppm_max.is_none_or(unlikely)
}

fn add(sums: &mut Vec<AcceptSum>, found: &Candidate) -> Result<(), Problem> {
    if !sums.iter().any(|sum| sum.currency == found.currency) {
        let currency = found.currency.clone();
        sums.push(AcceptSum { currency, groups: 0, ours: 0, theirs: 0, difference: 0 });
    }
    let Some(sum) = sums.iter_mut().find(|sum| sum.currency == found.currency) else {
        return Ok(());
    };
    sum.groups += 1;
    let parts = [&mut sum.ours, &mut sum.theirs, &mut sum.difference];
    for (part, amount) in parts.into_iter().zip(found.sums) {
        *part = part.checked_add(amount).ok_or_else(|| {
            let zh = "合计超出范围；请缩小范围";
            Problem::invalid("too_large", zh, "The sum is too large; narrow the filter")
        })?;
    }
    Ok(())
}

/// 409: the set is not the one that was shown.
#[must_use]
pub fn changed(plan: &AcceptPlan) -> Problem {
    let problem = Problem::conflict(
        "accept_changed",
        format!("预览之后有变动，现在符合条件的是 {} 组；请重新预览再采纳", plan.count),
        format!("Something has changed since the preview: {} fit now; look again", plan.count),
    );
    problem.with_facts(serde_json::json!({ "count": plan.count, "digest": plan.digest }))
}
