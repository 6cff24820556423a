//! Taking an act back: what it found is put back, unless something stands on it.

use heqi_domain::{ActId, DiscrepancyId, GroupId, Id, LineId};
use heqi_platform::{DbError, Row, Sql, Tx};

use super::act::{self, DiscrepancyWas, GroupWas};
use super::hold::{self, HoldWas};
use super::model::{Act, StandsOn};
use crate::permission::Scope;
use crate::problem::Problem;

/// One thing that an act changed.
#[derive(Debug, Clone)]
struct Changed {
    object: String,
    id: i64,
    was: String,
}

/// An act within this scope, with what stands on it. All of its customers must be within.
///
/// # Errors
/// 404.
pub async fn find(tx: &mut Tx, company: i64, scope: &Scope, act: i64) -> Result<Act, Problem> {
    let sql = "SELECT id, kind, note, made_by, made_at, undone_by, undone_at FROM match_act \
               WHERE company_id = $1 AND id = $2";
    let sql = Sql::new(sql).bind(company).bind(act);
    let row = tx.optional(sql).await?.ok_or_else(Problem::not_found)?;
    let mut foreign = Sql::new(
        "SELECT COUNT(*) FROM act_change JOIN customer ON customer.id = act_change.customer_id \
         WHERE act_change.act_id = ",
    );
    foreign.push_bind(act);
    let all = tx.count(foreign.clone()).await?;
    scope.push(&mut foreign);
    if tx.count(foreign).await? != all {
        return Err(Problem::not_found());
    }
    let changes = changes(tx, act).await?;
    let groups = changes.iter().filter(|change| change.object == "group");
    let mut decided = Vec::new();
    for change in groups {
        if act::known(tx, company, change.id).await?.was.act_id == Some(act) {
            decided.push(GroupId::text(change.id));
        }
    }
    let undone_at = row.get("undone_at").map_err(Problem::from)?;
    let over: Option<heqi_platform::Timestamp> = undone_at;
    let stands_on_it =
        if over.is_some() { Vec::new() } else { stands(tx, company, act, &changes).await? };
    Ok(read(&row, decided, stands_on_it)?)
}

fn read(row: &Row, groups: Vec<String>, stands_on_it: Vec<StandsOn>) -> Result<Act, DbError> {
    let id = ActId::new(row.get("id")?);
    Ok(Act {
        id: id.ok_or_else(|| DbError::Failed("an act without a number".to_owned()))?,
        kind: row.get("kind")?,
        note: row.get("note")?,
        made_by: row.get("made_by")?,
        made_at: row.get("made_at")?,
        undone_by: row.get("undone_by")?,
        undone_at: row.get("undone_at")?,
        groups,
        stands_on_it,
    })
}

/// The customers that an act touched, ascending.
///
/// # Errors
/// Whatever the database says.
pub async fn customers(tx: &mut Tx, company: i64, act: i64) -> Result<Vec<i64>, DbError> {
    let sql = "SELECT DISTINCT customer_id FROM act_change WHERE company_id = $1 \
               AND act_id = $2 ORDER BY customer_id";
    let rows = tx.rows(Sql::new(sql).bind(company).bind(act)).await?;
    rows.iter().map(|row| row.get("customer_id")).collect()
}

async fn changes(tx: &mut Tx, act: i64) -> Result<Vec<Changed>, DbError> {
    let sql = "SELECT object, object_id, was FROM act_change WHERE act_id = $1 \
               ORDER BY object, object_id";
    let rows = tx.rows(Sql::new(sql).bind(act)).await?;
    let read = |row: &Row| {
        Ok(Changed { object: row.get("object")?, id: row.get("object_id")?, was: row.get("was")? })
    };
    rows.iter().map(read).collect()
}

/// What stands on an act: while anything does, taking it back would pull the ground from it.
async fn stands(
    tx: &mut Tx,
    company: i64,
    act: i64,
    changes: &[Changed],
) -> Result<Vec<StandsOn>, Problem> {
    let mut found = Vec::new();
    let mut add = |id: String, why: &str| found.push(StandsOn { id, why: why.to_owned() });
    for change in changes {
        match change.object.as_str() {
            "group" => {
                let now = act::known(tx, company, change.id).await?;
                let was: Option<GroupWas> = parse(&change.was)?;
                if now.period.is_some() {
                    add(GroupId::text(now.id), "signed");
                }
                if now.was.act_id != Some(act) && now.was.status != "replaced" {
                    add(GroupId::text(now.id), "decided_since");
                }
                if was.is_some_and(|was| was.status == "live") {
                    let lines: Vec<i64> =
                        act::members(tx, now.id).await?.into_iter().map(|it| it.1).collect();
                    for (line, group) in act::taken(tx, &lines).await? {
                        if group != now.id {
                            add(LineId::text(line), "line_taken");
                        }
                    }
                    for line in act::held(tx, &lines).await? {
                        add(LineId::text(line), "line_held");
                    }
                }
            }
            "discrepancy" => {
                let now = discrepancy(tx, change.id).await?;
                if matches!(now.status.as_str(), "resolved" | "carried") {
                    add(DiscrepancyId::text(change.id), "resolved");
                }
            }
            _ => {
                let holds = !act::taken(tx, &[change.id]).await?.is_empty();
                if holds && !change.was.is_empty() {
                    add(LineId::text(change.id), "line_taken");
                }
            }
        }
    }
    Ok(found)
}

async fn discrepancy(tx: &mut Tx, id: i64) -> Result<DiscrepancyWas, DbError> {
    let sql = Sql::new("SELECT status, group_id FROM discrepancy WHERE id = $1");
    let row = tx.one(sql.bind(id)).await?;
    Ok(DiscrepancyWas { status: row.get("status")?, group_id: row.get("group_id")? })
}

fn parse<T: serde::de::DeserializeOwned>(was: &str) -> Result<Option<T>, DbError> {
    if was.is_empty() {
        return Ok(None);
    }
    let parsed = serde_json::from_str(was);
    parsed.map(Some).map_err(|error| DbError::Failed(format!("an act cannot be read: {error}")))
}

/// Takes an act back. The caller holds the locks of its customers.
///
/// # Errors
/// 409 `undone` if it was, `stands_on_it` with the list if something does.
pub async fn undo(
    tx: &mut Tx,
    company: i64,
    act: &Act,
    by: &str,
    note: &str,
) -> Result<(), Problem> {
    if act.undone_at.is_some() {
        return Err(Problem::conflict(
            "undone",
            "这一操作已经撤销",
            "This act was taken back already",
        ));
    }
    if !act.stands_on_it.is_empty() {
        let problem = Problem::conflict(
            "stands_on_it",
            "之后的操作以它为依据，不能直接撤销；请先处理所列各项",
            "Something stands on this act; deal with what is listed first",
        );
        return Err(problem.with_facts(serde_json::json!({ "stands_on_it": act.stands_on_it })));
    }
    let number = act.id.number();
    let all = changes(tx, number).await?;
    // Lines are let go before they are taken: two groups of one act may share one.
    for change in &all {
        match change.object.as_str() {
            "group" if act::known(tx, company, change.id).await?.was.act_id == Some(number) => {
                act::unclaim(tx, change.id).await?;
            }
            "hold" if change.was.is_empty() => hold::delete(tx, change.id).await?,
            _ => {}
        }
    }
    for change in &all {
        match change.object.as_str() {
            "group" => group(tx, company, change).await?,
            "discrepancy" => {
                let now = discrepancy(tx, change.id).await?;
                let gone = DiscrepancyWas { status: "gone".to_owned(), ..now };
                let to = parse(&change.was)?.unwrap_or(gone);
                act::write_discrepancy(tx, change.id, &to).await?;
            }
            _ => {
                if let Some(was) = parse::<HoldWas>(&change.was)? {
                    hold::insert(tx, company, change.id, &was).await?;
                }
            }
        }
    }
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE match_act SET undone_by = $1, undone_at = $2, undone_note = $3 WHERE id = $4",
    );
    tx.execute(sql.bind(by).bind(now).bind(note).bind(number)).await?;
    let customers = customers(tx, company, number).await?;
    Ok(act::match_again(tx, company, &customers).await?)
}

async fn group(tx: &mut Tx, company: i64, change: &Changed) -> Result<(), Problem> {
    let now = act::known(tx, company, change.id).await?;
    let lines: Vec<i64> =
        act::members(tx, now.id).await?.into_iter().map(|member| member.1).collect();
    let Some(mut to) = parse::<GroupWas>(&change.was)? else {
        // A match made by hand stays on record; nobody has said that it must not be made again.
        let to = GroupWas {
            status: "undone".to_owned(),
            decided: false,
            undone_at: Some(tx.now()),
            ..now.was
        };
        return Ok(act::write(tx, now.id, &to).await?);
    };
    let open = act::taken(tx, &lines).await?.is_empty() && act::held(tx, &lines).await?.is_empty();
    if to.status == "suggested" && !open {
        "replaced".clone_into(&mut to.status);
    }
    let live = to.status == "live";
    act::write(tx, now.id, &to).await?;
    if live {
        act::claim(tx, company, now.id, &lines).await?;
    }
    Ok(())
}
