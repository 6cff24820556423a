//! Decisions: a suggestion is confirmed or rejected, a match is made or broken apart.
//!
//! The caller holds the locks of the customers. What is decided is decided for every later run.

use heqi_domain::{Currency, Lang, LineIx, Reason};
use heqi_matching::{Discrepancy, Grounds, GroupId, Members, Verdict, group_id};
use heqi_platform::{DbError, Sql, Tx, Value};

use super::act::{self, Acting, DiscrepancyWas, GroupWas, Known};
use super::commit::{CLAIM, GROUP, MEMBER, SIDES};
use super::found::{self, Found};
use super::load::Loaded;
use crate::problem::Problem;

/// Confirms a suggestion: it takes its lines.
///
/// # Errors
/// 409 if it is no suggestion any more, or another match has one of its lines.
pub async fn confirm(tx: &mut Tx, acting: &Acting, group: Known) -> Result<(), Problem> {
    expect(&group, "suggested")?;
    let members = act::members(tx, group.id).await?;
    let lines: Vec<i64> = members.iter().map(|(_, line)| *line).collect();
    act::refuse_taken(tx, &lines).await?;
    act::remember(tx, acting, ("group", group.id), group.customer, Some(&group.was)).await?;
    let state = if group.difference == 0 { "settled" } else { "differs" };
    act::write(tx, group.id, &decided(tx, acting, "live", state)).await?;
    act::claim(tx, acting.company, group.id, &lines).await?;
    // Its own difference is written anew below, as that of a live group.
    act::let_go(tx, acting, Some(group.id), &lines).await?;
    if group.difference != 0 {
        let of = |side: &str| -> Vec<i64> {
            members.iter().filter(|member| member.0 == side).map(|member| member.1).collect()
        };
        let reason = if group.reason.is_empty() { Reason::Ambiguous.code() } else { &group.reason };
        let row = Found {
            customer: group.customer,
            currency: group.currency.clone(),
            content: group.content.clone(),
            group: Some(group.id),
            reason: reason.to_owned(),
            amount: group.difference,
            sentences: group.sentences.clone(),
            evidence: group.evidence.clone(),
            lines: [of(SIDES[0]), of(SIDES[1])],
        };
        discrepancy(tx, acting, &row).await?;
    }
    Ok(act::match_again(tx, acting.company, &[group.customer]).await?)
}

/// Rejects a suggestion: it is not proposed again.
///
/// # Errors
/// 409 if it is no suggestion any more.
pub async fn reject(tx: &mut Tx, acting: &Acting, group: Known) -> Result<(), Problem> {
    expect(&group, "suggested")?;
    act::remember(tx, acting, ("group", group.id), group.customer, Some(&group.was)).await?;
    act::write(tx, group.id, &decided(tx, acting, "rejected", &group.was.state)).await?;
    Ok(act::match_again(tx, acting.company, &[group.customer]).await?)
}

/// Breaks a match apart: its lines are open again, and it is not made again by itself.
///
/// # Errors
/// 409 if it is not live, stands in a signed period, or its difference was resolved.
pub async fn unmatch(tx: &mut Tx, acting: &Acting, group: Known) -> Result<(), Problem> {
    expect(&group, "live")?;
    refuse_signed(&group)?;
    let sql = "SELECT id, status, group_id FROM discrepancy WHERE group_id = $1 \
               AND status <> 'gone' ORDER BY id";
    for row in tx.rows(Sql::new(sql).bind(group.id)).await? {
        let was = DiscrepancyWas { status: row.get("status")?, group_id: row.get("group_id")? };
        if matches!(was.status.as_str(), "resolved" | "carried") {
            return Err(resolved(row.get("id")?));
        }
        let id = row.get("id")?;
        act::remember(tx, acting, ("discrepancy", id), group.customer, Some(&was)).await?;
        let to = DiscrepancyWas { status: "gone".to_owned(), ..was };
        act::write_discrepancy(tx, id, &to).await?;
    }
    act::remember(tx, acting, ("group", group.id), group.customer, Some(&group.was)).await?;
    let undone_at = Some(tx.now());
    let to = GroupWas { undone_at, ..decided(tx, acting, "undone", &group.was.state) };
    act::write(tx, group.id, &to).await?;
    act::unclaim(tx, group.id).await?;
    Ok(act::match_again(tx, acting.company, &[group.customer]).await?)
}

fn decided(tx: &Tx, acting: &Acting, status: &str, state: &str) -> GroupWas {
    GroupWas {
        status: status.to_owned(),
        state: state.to_owned(),
        decided: true,
        decided_by: acting.by.clone(),
        decided_at: Some(tx.now()),
        decision_note: acting.note.clone(),
        act_id: Some(acting.act),
        undone_at: None,
    }
}

fn expect(group: &Known, status: &str) -> Result<(), Problem> {
    let was = &group.was;
    if was.status == status {
        return Ok(());
    }
    let problem = Problem::conflict(
        "wrong_status",
        format!("这一组的状态已是 {}，不能这样操作；请刷新后再看", was.status),
        format!("This group is {} and not {status} any more; load it again", was.status),
    );
    let facts = serde_json::json!({
        "status": was.status, "decided_by": was.decided_by, "version": group.version,
    });
    Err(problem.with_facts(facts))
}

/// Refuses what would change a signed period.
///
/// # Errors
/// 409 `period_signed`.
pub fn refuse_signed(group: &Known) -> Result<(), Problem> {
    if group.period.is_none() {
        return Ok(());
    }
    Err(Problem::conflict(
        "period_signed",
        "这一组在已签认的期间内；须先申请反结账",
        "This group stands in a signed period; the period has to be reopened first",
    ))
}

fn resolved(id: i64) -> Problem {
    use heqi_domain::{DiscrepancyId, Id};
    let problem = Problem::conflict(
        "discrepancy_resolved",
        "这一组的差异已经处理；请先撤回差异的处理",
        "The difference of this group was resolved; take that back first",
    );
    problem.with_facts(serde_json::json!({ "discrepancy": DiscrepancyId::text(id) }))
}

/// Opens the difference of a group that a person has decided.
async fn discrepancy(tx: &mut Tx, acting: &Acting, row: &Found) -> Result<(), DbError> {
    let sql = Sql::new(
        "SELECT id, status, group_id FROM discrepancy WHERE company_id = $1 AND customer_id = $2 \
         AND currency = $3 AND content_id = $4",
    );
    let sql = sql.bind(acting.company).bind(row.customer).bind(&row.currency);
    let Some(known) = tx.optional(sql.bind(&row.content)).await? else {
        let id = tx.next_id();
        act::remember(tx, acting, ("discrepancy", id), row.customer, None::<&()>).await?;
        return found::insert(tx, acting.company, 0, &[(id, row)]).await;
    };
    let id = known.get("id")?;
    let was = DiscrepancyWas { status: known.get("status")?, group_id: known.get("group_id")? };
    act::remember(tx, acting, ("discrepancy", id), row.customer, Some(&was)).await?;
    let status = if was.status == "gone" { "open".to_owned() } else { was.status };
    act::write_discrepancy(tx, id, &DiscrepancyWas { status, group_id: row.group }).await
}

/// What a person has chosen, added up.
#[derive(Debug, Clone, Copy)]
pub struct Chosen {
    /// The customer and the currency of all of it.
    pub account: (i64, Currency),
    /// Our sum and theirs.
    pub sums: [i64; 2],
    /// ours − theirs.
    pub difference: i64,
}

/// Adds up lines of one customer and one currency.
///
/// # Errors
/// 422 if they are of several, or the sum is too large.
pub fn add_up(loaded: &Loaded) -> Result<Chosen, Problem> {
    let mut account = None;
    for side in 0..2 {
        for known in loaded.customers[side].iter().zip(&loaded.lines[side].accounts) {
            let this = (*known.0, known.1.currency);
            if account.is_some_and(|account| account != this) {
                let zh = "所选明细须属于同一客户、同一币种";
                let en = "The lines must be of one customer and one currency";
                return Err(Problem::field("/lines", zh, en));
            }
            account = Some(this);
        }
    }
    let account = account.ok_or_else(Problem::not_found)?;
    let sum = |side: usize| {
        let amounts = loaded.lines[side].amount.iter();
        amounts.map(|amount| i128::from(*amount)).sum::<i128>()
    };
    let small = |sum: i128| {
        let zh = "所选明细的合计超出范围";
        let en = "The sum of the lines is too large";
        i64::try_from(sum).map_err(|_| Problem::field("/lines", zh, en))
    };
    let (ours, theirs) = (sum(0), sum(1));
    let sums = [small(ours)?, small(theirs)?];
    Ok(Chosen { account, sums, difference: small(ours - theirs)? })
}

/// Matches lines that a person has chosen; the number of the group.
///
/// # Errors
/// 409 `line_taken`, `line_held`; 422 without a reason for a difference beyond rounding.
pub async fn manual(
    tx: &mut Tx,
    acting: &Acting,
    loaded: &Loaded,
    rounding: i64,
) -> Result<i64, Problem> {
    let chosen = add_up(loaded)?;
    let within = chosen.difference.unsigned_abs() <= rounding.unsigned_abs();
    if !within && acting.note.trim().is_empty() {
        let zh = "两方合计不等，且超出尾差范围；请写明理由";
        let en = "The two sides differ by more than rounding; say why they are matched";
        return Err(Problem::field("/reason", zh, en));
    }
    let lines = loaded.ids.concat();
    act::refuse_taken(tx, &lines).await?;
    let all = |side: usize| -> Vec<LineIx> { (0..).take(loaded.ids[side].len()).collect() };
    let (a, b) = (all(0), all(1));
    let content = group_id(&loaded.lines[0], &a, &loaded.lines[1], &b);
    let group = tx.next_id();
    act::remember(tx, acting, ("group", group), chosen.account.0, None::<&()>).await?;
    let reason = match (chosen.difference, within) {
        (0, _) => None,
        (_, true) => Some(Reason::Rounding),
        (_, false) => Some(Reason::Unexplained),
    };
    let row = Found {
        customer: chosen.account.0,
        currency: chosen.account.1.to_string(),
        content: content.to_string(),
        group: Some(group),
        reason: reason.map_or("", Reason::code).to_owned(),
        amount: chosen.difference,
        sentences: said(loaded, content, reason, &chosen),
        evidence: String::new(),
        lines: loaded.ids.clone(),
    };
    insert(tx, acting, group, &row, chosen.sums).await?;
    act::let_go(tx, acting, Some(group), &lines).await?;
    if reason.is_some() {
        discrepancy(tx, acting, &row).await?;
    }
    act::match_again(tx, acting.company, &[chosen.account.0]).await?;
    Ok(group)
}

fn said(loaded: &Loaded, id: GroupId, reason: Option<Reason>, chosen: &Chosen) -> [String; 2] {
    let Some(reason) = reason else { return [String::new(), String::new()] };
    let all = |side: usize| -> Vec<LineIx> { (0..).take(loaded.ids[side].len()).collect() };
    let row = Discrepancy {
        id,
        block: 0,
        verdict: Verdict::of(reason),
        amount: chosen.difference,
        ours: Members::from(all(0)),
        theirs: Members::from(all(1)),
        grouped: true,
        evidence: Grounds::default(),
    };
    let account = heqi_domain::Account { customer: String::new(), currency: chosen.account.1 };
    let block = heqi_matching::Block {
        account,
        lines: [0, 0],
        opening: [0, 0],
        movement: [0, 0],
        pairs: 0..0,
        discrepancies: 0..0,
    };
    let outcome = heqi_matching::Outcome {
        blocks: vec![block],
        pairs: Vec::new(),
        groups: Vec::new(),
        residuals: Vec::new(),
        discrepancies: Vec::new(),
    };
    let [ours, theirs] = &loaded.lines;
    [Lang::Zh, Lang::En].map(|lang| heqi_matching::sentence(&row, &outcome, ours, theirs, lang))
}

async fn insert(
    tx: &mut Tx,
    acting: &Acting,
    group: i64,
    row: &Found,
    sums: [i64; 2],
) -> Result<(), DbError> {
    let (company, now) = (acting.company, tx.now());
    let values: Vec<Value> = vec![
        group.into(),
        company.into(),
        row.customer.into(),
        (&row.currency).into(),
        Value::Null,
        (&row.content).into(),
        "decided".into(),
        if row.amount == 0 { "settled" } else { "differs" }.into(),
        "live".into(),
        true.into(),
        sums[0].into(),
        sums[1].into(),
        row.amount.into(),
        (&row.reason).into(),
        (&row.sentences[0]).into(),
        (&row.sentences[1]).into(),
        "".into(),
        0_i64.into(),
        now.into(),
    ];
    tx.insert_many("match_group", GROUP, std::iter::once(values)).await?;
    let state = if row.amount == 0 { "settled" } else { "differs" };
    act::write(tx, group, &decided(tx, acting, "live", state)).await?;
    let [members, claims] = line_rows(company, group, row);
    tx.insert_many("group_member", MEMBER, members.into_iter()).await?;
    tx.insert_many("line_claim", CLAIM, claims.into_iter()).await.map(drop)
}

fn line_rows(company: i64, group: i64, row: &Found) -> [Vec<Vec<Value>>; 2] {
    let mut rows = [Vec::new(), Vec::new()];
    for (lines, side) in row.lines.iter().zip(SIDES) {
        for line in lines {
            rows[0].push(vec![company.into(), group.into(), side.into(), (*line).into()]);
            rows[1].push(vec![(*line).into(), company.into(), group.into()]);
        }
    }
    rows
}
