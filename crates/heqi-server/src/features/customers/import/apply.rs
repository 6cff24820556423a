//! Taking over what a preview showed, all of it or nothing.

use std::collections::HashMap;

use heqi_domain::{CustomerId, Id};
use heqi_platform::audit::Event;
use serde_json::json;

use super::compare::{Planned, Status, Survey};
use super::model::CustomerImportResult;
use crate::ctx::{Change, Ctx};
use crate::features::customers::{lock, save, store};
use crate::problem::Problem;

/// Most customers that one file adds or changes: a transaction has to be short.
const WRITES_MAX: usize = 5_000;

/// The rows that are taken over: `also` names those that may be customers we have.
///
/// # Errors
/// 422 for a row that is not one of those, or for too many.
pub(super) fn chosen(survey: Survey, also: Option<&str>) -> Result<Chosen, Problem> {
    let all = also == Some("all");
    let mut wanted = Vec::new();
    for word in also.filter(|_| !all).unwrap_or_default().split(',').filter(|it| !it.is_empty()) {
        let row: u64 = word.trim().parse().map_err(|_| bad_also(word))?;
        let is_possible = |it: &Planned| it.row == row && it.status == Status::Possible;
        if !survey.rows.iter().any(is_possible) {
            return Err(bad_also(word));
        }
        wanted.push(row);
    }
    let mut chosen = Chosen { rows: Vec::new(), known: survey.known, same: 0, out: 0, rejected: 0 };
    for planned in survey.rows {
        match planned.status {
            Status::New | Status::Changed => chosen.rows.push(planned),
            Status::Possible if all || wanted.contains(&planned.row) => chosen.rows.push(planned),
            Status::Possible => chosen.out += 1,
            Status::Same => chosen.same += 1,
            Status::Rejected => chosen.rejected += 1,
        }
    }
    if chosen.rows.len() > WRITES_MAX {
        return Err(Problem::invalid(
            "too_many_rows",
            format!("一次最多新建和修改 {WRITES_MAX} 个客户；请拆分后再传"),
            format!("At most {WRITES_MAX} customers are added or changed at once; split the file"),
        ));
    }
    Ok(chosen)
}

/// What is taken over, and what is left.
pub(super) struct Chosen {
    rows: Vec<Planned>,
    known: HashMap<String, i64>,
    same: usize,
    out: usize,
    rejected: usize,
}

/// Adds and changes the chosen customers: group companies before their branches.
///
/// # Errors
/// 409 `plan_changed` if somebody was faster, `parent_left_out`; whatever saving says.
pub(super) async fn take_over(
    ctx: &Ctx,
    change: &mut Change,
    chosen: Chosen,
    digest: &str,
) -> Result<CustomerImportResult, Problem> {
    let Chosen { rows, mut known, same, out, rejected } = chosen;
    let existing: Vec<i64> = rows.iter().filter_map(|it| it.existing).map(|(id, _)| id).collect();
    if lock(change, ctx.company, &existing).await?.len() != existing.len() {
        return Err(plan_changed());
    }
    let (digest, left_out) = (digest.to_owned(), out);
    let (created, changed) = (Vec::new(), Vec::new());
    let mut result = CustomerImportResult { digest, created, changed, same, left_out, rejected };
    let mut waiting = rows;
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        for planned in waiting {
            let parent = known.get(&planned.parent).copied();
            if parent.is_none() && !planned.parent.is_empty() {
                later.push(planned);
                continue;
            }
            let id = save_one(ctx, change, &planned, parent, &mut result).await?;
            known.insert(planned.new.code.clone(), id);
        }
        if later.len() == before {
            return Err(parent_left_out(&later[0]));
        }
        waiting = later;
    }
    Ok(result)
}

async fn save_one(
    ctx: &Ctx,
    change: &mut Change,
    planned: &Planned,
    parent: Option<i64>,
    result: &mut CustomerImportResult,
) -> Result<i64, Problem> {
    let mut new = planned.new.clone();
    new.parent = parent.and_then(CustomerId::new);
    let facts = json!({ "file": result.digest, "row": planned.row, "changes": planned.changes });
    let event = |action: &str, id: i64| -> Event {
        ctx.event(action, CustomerId::text(id), &new.name).with_detail(&facts)
    };
    if let Some((id, version)) = planned.existing {
        if !store::advance(change, id, version).await? {
            return Err(plan_changed());
        }
        save::change(ctx, change, id, &new).await.map_err(|it| at_row(it, planned))?;
        change.record(event("customer.change", id));
        result.changed.push(CustomerId::text(id));
        return Ok(id);
    }
    let id = save::create(ctx, change, &new).await.map_err(|it| at_row(it, planned))?;
    change.record(event("customer.create", id));
    result.created.push(CustomerId::text(id));
    Ok(id)
}

/// A code that was taken since the preview is a preview that does not hold any more.
fn at_row(problem: Problem, planned: &Planned) -> Problem {
    if problem.code == "code_taken" {
        return plan_changed();
    }
    problem.with_facts(json!({ "row": planned.row }))
}

pub(super) fn plan_changed() -> Problem {
    Problem::conflict(
        "plan_changed",
        "预览之后客户档案有了变化，或文件不是预览过的那一份；请重新预览后再导入",
        "The customers have changed since the preview, or the file is another one; preview again",
    )
}

fn parent_left_out(planned: &Planned) -> Problem {
    let problem = Problem::conflict(
        "parent_left_out",
        format!("第 {} 行的上级单位没有导入（疑似已有或未通过）；请先处理那一行", planned.row),
        format!("The parent in row {} is not taken over; decide on its row first", planned.row),
    );
    problem.with_facts(json!({ "row": planned.row, "parent": planned.parent }))
}

fn bad_also(word: &str) -> Problem {
    Problem::field(
        "/also",
        format!("第 {word} 行不是「疑似已有」的行；also 填行号，用逗号隔开，或填 all"),
        format!("`{word}` is no row that may be a customer we have; write rows, or `all`"),
    )
}
