//! Limits 限额: what one person may write off, and what needs a finance manager.
//!
//! A limit is one company's and one currency's; nobody changes one alone. Without any, every
//! limit is 0: nothing is written off by one person, and every approval is a large one.

use axum::Json;
use garde::Validate;
use heqi_domain::{CompanyId, Id, LimitChangeId, UserId};
use heqi_platform::{DbError, Row, Sql, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

use super::model::Note;

const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// The limits of one currency, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// ISO 4217.
    #[garde(pattern("^[A-Z]{3}$"))]
    pub currency: String,
    /// The largest difference that one person writes off.
    #[garde(range(min = 0, max = AMOUNT_MAX))]
    pub write_off_item: i64,
    /// What is written off so for one customer in a month, whatever its sign.
    #[garde(range(min = 0, max = AMOUNT_MAX))]
    pub write_off_customer: i64,
    /// What is written off so for all customers in a month, whatever its sign.
    #[garde(range(min = 0, max = AMOUNT_MAX))]
    pub write_off_total: i64,
    /// What is adjusted for one customer in a month before `adjustments.approve_large` is needed.
    #[garde(range(min = 0, max = AMOUNT_MAX))]
    pub approval: i64,
}

/// New limits, to be asked for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLimits {
    /// The limits.
    #[garde(dive)]
    pub limits: Limits,
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
}

/// New limits that somebody asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LimitChange {
    /// Its id.
    pub id: String,
    /// The limits.
    pub limits: Limits,
    /// Why.
    pub reason: String,
    /// `proposed`, `approved` or `rejected`.
    pub state: String,
    /// The id of who asked for it.
    pub proposed_by: String,
    /// Changes with every change.
    pub version: i64,
}

/// The limits in force, and those asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitList {
    /// In force; a currency that is missing has limits of 0.
    pub limits: Vec<Limits>,
    /// Waiting for approval.
    pub proposed: Vec<LimitChange>,
}

/// The limits of a currency.
pub(super) async fn of(tx: &mut Tx, company: i64, currency: &str) -> Result<Limits, DbError> {
    let sql = Sql::new(
        "SELECT currency, write_off_item, write_off_customer, write_off_total, approval \
         FROM adjustment_limit WHERE company_id = $1 AND currency = $2",
    );
    let row = tx.optional(sql.bind(company).bind(currency)).await?;
    row.map_or_else(
        || Ok(Limits { currency: currency.to_owned(), ..Limits::default() }),
        |row| read(&row),
    )
}

/// The same, locked until the transaction ends: what counts against the total of all customers
/// happens one after the other.
pub(super) async fn lock(tx: &mut Tx, company: i64, currency: &str) -> Result<Limits, DbError> {
    let sql =
        Sql::new("SELECT version FROM adjustment_limit WHERE company_id = $1 AND currency = $2");
    tx.rows(sql.bind(company).bind(currency).for_update()).await?;
    of(tx, company, currency).await
}

fn read(row: &Row) -> Result<Limits, DbError> {
    Ok(Limits {
        currency: row.get("currency")?,
        write_off_item: row.get("write_off_item")?,
        write_off_customer: row.get("write_off_customer")?,
        write_off_total: row.get("write_off_total")?,
        approval: row.get("approval")?,
    })
}

const CHANGE: &str = "SELECT id, currency, write_off_item, write_off_customer, write_off_total, \
     approval, reason, state, proposed_by, version FROM limit_change WHERE company_id = $1";

fn read_change(row: &Row) -> Result<LimitChange, DbError> {
    Ok(LimitChange {
        id: LimitChangeId::text(row.get("id")?),
        limits: read(row)?,
        reason: row.get("reason")?,
        state: row.get("state")?,
        proposed_by: UserId::text(row.get("proposed_by")?),
        version: row.get("version")?,
    })
}

/// The limits of the company.
#[utoipa::path(
    get, path = "/api/companies/{company}/adjustments/limits", tag = "adjustments",
    operation_id = "limit_list",
    params(("company" = String, Path, description = "The company")),
    responses((status = 200, description = "In force and asked for", body = LimitList),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn limit_list(ctx: Ctx) -> Result<Json<LimitList>, Problem> {
    ctx.require(Permission::DiscrepanciesRead)?;
    let mut tx = ctx.read().await?;
    let sql = Sql::new(
        "SELECT currency, write_off_item, write_off_customer, write_off_total, approval \
         FROM adjustment_limit WHERE company_id = $1 ORDER BY currency",
    );
    let rows = tx.rows(sql.bind(ctx.company)).await?;
    let limits = rows.iter().map(read).collect::<Result<_, _>>()?;
    let mut sql = Sql::new(CHANGE).bind(ctx.company);
    sql.push(" AND state = 'proposed' ORDER BY id");
    let rows = tx.rows(sql).await?;
    let proposed = rows.iter().map(read_change).collect::<Result<_, _>>()?;
    Ok(Json(LimitList { limits, proposed }))
}

/// Limits are every customer's: who may act for some of them only may not change them.
fn for_all(ctx: &Ctx, permission: Permission) -> Result<(), Problem> {
    if ctx.require(permission)?.all {
        return Ok(());
    }
    Err(Problem::forbidden(permission.code()))
}

/// Asks for new limits.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/limits", tag = "adjustments",
    operation_id = "limit_propose",
    params(("company" = String, Path, description = "The company")),
    request_body = NewLimits,
    responses((status = 201, description = "What was asked for", body = LimitChange),
              (status = 409, description = "Others wait already", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.propose")))
)]
pub(super) async fn limit_propose(ctx: Ctx, input: Input<NewLimits>) -> Result<Reply, Problem> {
    for_all(&ctx, Permission::AdjustmentsPropose)?;
    let mut change = ctx.begin(&input.digest).await?;
    let (asked, id, now) = (&input.value.limits, change.next_id(), change.now());
    // No row: another change of the same currency waits.
    let sql = Sql::new(
        "INSERT INTO limit_change (id, company_id, currency, write_off_item, \
         write_off_customer, write_off_total, approval, reason, state, proposed_by, proposed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9, $10) ON CONFLICT DO NOTHING",
    );
    let sql = sql.bind(id).bind(ctx.company).bind(&asked.currency).bind(asked.write_off_item);
    let sql = sql.bind(asked.write_off_customer).bind(asked.write_off_total).bind(asked.approval);
    if change.execute(sql.bind(&input.value.reason).bind(ctx.user()).bind(now)).await? == 0 {
        let (zh, en) = ("已有限额变更待复核", "A change of these limits waits already");
        return Err(Problem::conflict("limit_change_waits", zh, en));
    }
    let found = find(&ctx, &mut change, id).await?;
    let event = ctx.event("limit.propose", &found.id, &asked.currency);
    change.record(event.with_detail(&found));
    let company = CompanyId::text(ctx.company);
    let at = format!("/api/companies/{company}/adjustments/limits");
    change.answer(Reply::created(at, &found).version(found.version)).await
}

async fn find(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<LimitChange, Problem> {
    let mut sql = Sql::new(CHANGE).bind(ctx.company);
    sql.push(" AND id = ").push_bind(id);
    let row = tx.optional(sql.for_update()).await?.ok_or_else(Problem::not_found)?;
    Ok(read_change(&row)?)
}

/// Puts new limits in force.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/limits/{limitchange}/approve",
    tag = "adjustments", operation_id = "limit_approve",
    params(("company" = String, Path, description = "The company"),
           ("limitchange" = String, Path, description = "What was asked for")),
    request_body = Note,
    responses((status = 200, description = "In force", body = LimitChange),
              (status = 409, description = "Your own, or decided", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.approve_large")))
)]
pub(super) async fn limit_approve(
    ctx: Ctx,
    At(id): At<LimitChangeId>,
    input: Input<Note>,
) -> Result<Reply, Problem> {
    let (mut change, found) = decide(&ctx, id, &input, "approved").await?;
    let limits = &found.limits;
    let sql = Sql::new(
        "INSERT INTO adjustment_limit (company_id, currency, write_off_item, \
         write_off_customer, write_off_total, approval) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (company_id, currency) DO UPDATE SET write_off_item = $3, \
         write_off_customer = $4, write_off_total = $5, approval = $6, \
         version = adjustment_limit.version + 1",
    );
    let sql = sql.bind(ctx.company).bind(&limits.currency).bind(limits.write_off_item);
    let sql = sql.bind(limits.write_off_customer).bind(limits.write_off_total);
    change.execute(sql.bind(limits.approval)).await?;
    change.answer(Reply::ok(&found).version(found.version)).await
}

/// Refuses new limits.
#[utoipa::path(
    post, path = "/api/companies/{company}/adjustments/limits/{limitchange}/reject",
    tag = "adjustments", operation_id = "limit_reject",
    params(("company" = String, Path, description = "The company"),
           ("limitchange" = String, Path, description = "What was asked for")),
    request_body = Note,
    responses((status = 200, description = "Refused", body = LimitChange),
              (status = 409, description = "Your own, or decided", body = ProblemBody),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("adjustments.approve_large")))
)]
pub(super) async fn limit_reject(
    ctx: Ctx,
    At(id): At<LimitChangeId>,
    input: Input<Note>,
) -> Result<Reply, Problem> {
    let (change, found) = decide(&ctx, id, &input, "rejected").await?;
    change.answer(Reply::ok(&found).version(found.version)).await
}

/// Decides what waits, by another person than who asked; the limits as they now stand.
async fn decide(
    ctx: &Ctx,
    id: LimitChangeId,
    input: &Input<Note>,
    state: &'static str,
) -> Result<(Change, LimitChange), Problem> {
    for_all(ctx, Permission::AdjustmentsApproveLarge)?;
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&input.digest).await?;
    let found = find(ctx, &mut change, id.number()).await?;
    if found.version != version {
        return Err(Problem::stale(found.version));
    }
    if found.state != "proposed" {
        let problem = Problem::conflict("limit_change_decided", "已复核过", "It is decided");
        return Err(problem.with_facts(json!({ "state": found.state })));
    }
    if found.proposed_by == ctx.actor() {
        let zh = "不能复核自己提出的限额；请另一位有权限的人复核";
        let en = "Nobody approves limits they asked for; another person has to";
        return Err(Problem::conflict("own_limit_change", zh, en));
    }
    let now = change.now();
    let sql = Sql::new(
        "UPDATE limit_change SET state = $1, decided_by = $2, decided_at = $3, \
         version = version + 1 WHERE id = $4",
    );
    change.execute(sql.bind(state).bind(ctx.user()).bind(now).bind(id.number())).await?;
    let found = find(ctx, &mut change, id.number()).await?;
    let action = if state == "approved" { "limit.approve" } else { "limit.reject" };
    let detail = json!({ "limits": found.limits, "note": input.value.note });
    change.record(ctx.event(action, &found.id, &found.limits.currency).with_detail(&detail));
    Ok((change, found))
}
