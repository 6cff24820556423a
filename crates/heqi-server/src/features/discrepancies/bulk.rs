//! One act on many discrepancies: each succeeds or fails for itself, and the answer says which.

use std::collections::BTreeSet;

use garde::Validate;
use heqi_domain::DiscrepancyId;
use heqi_platform::audit::Event;
use heqi_platform::{Sql, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{DiscrepancyUpdate, Hold, Why};
use super::{act, lock, require_live};
use crate::answer::Reply;
use crate::ctx::Ctx;
use crate::features::customers;
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// One act on many. Exactly one of `update`, `hold`, `release` is given.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// Which ones, as they were read.
    #[garde(length(min = 1, max = 500), dive)]
    pub items: Vec<BulkItem>,
    /// Owner, due date, cause.
    #[garde(dive)]
    pub update: Option<DiscrepancyUpdate>,
    /// Wait.
    #[garde(dive)]
    pub hold: Option<Hold>,
    /// Wait no longer.
    #[garde(dive)]
    pub release: Option<Why>,
}

/// One of many.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkItem {
    /// Its id.
    #[garde(skip)]
    pub discrepancy: String,
    /// The version it was read with.
    #[garde(skip)]
    pub version: i64,
}

/// What became of one of many.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    /// Its id.
    pub discrepancy: String,
    /// Its new version; none if it was left as it is.
    pub version: Option<i64>,
    /// Why it was left as it is; none if it was not.
    pub problem: Option<ProblemBody>,
}

/// Does one act to many discrepancies.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/bulk", tag = "discrepancies",
    operation_id = "discrepancy_bulk",
    params(("company" = String, Path, description = "The company")),
    request_body = Bulk,
    responses((status = 200, description = "What became of each", body = Vec<BulkResult>),
              (status = 422, description = "No act, or several", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn discrepancy_bulk(ctx: Ctx, input: Input<Bulk>) -> Result<Reply, Problem> {
    ctx.require(Permission::DiscrepanciesWrite)?;
    let bulk = &input.value;
    let acts = [bulk.update.is_some(), bulk.hold.is_some(), bulk.release.is_some()];
    if acts.iter().filter(|given| **given).count() != 1 {
        let (zh, en) = ("一次只做一种操作", "Name exactly one of update, hold, release");
        return Err(Problem::field("", zh, en));
    }
    let mut change = ctx.begin(&input.digest).await?;
    lock_customers(&ctx, &mut change, bulk).await?;
    // In the order of their numbers, so that two bulk acts cannot wait for each other.
    let mut order: Vec<usize> = (0..bulk.items.len()).collect();
    order.sort_by_key(|at| number(&bulk.items[*at]));
    let mut results: Vec<(usize, BulkResult)> = Vec::with_capacity(order.len());
    let mut done = 0;
    for at in order {
        let item = &bulk.items[at];
        let (version, problem) = match one(&ctx, &mut change, bulk, item).await {
            Ok((event, version)) => {
                change.record(event);
                done += 1;
                (Some(version), None)
            }
            Err(problem) if problem.status.is_server_error() => return Err(problem),
            Err(problem) => (None, Some(problem.body())),
        };
        let discrepancy = item.discrepancy.clone();
        results.push((at, BulkResult { discrepancy, version, problem }));
    }
    results.sort_by_key(|(at, _)| *at);
    let results: Vec<BulkResult> = results.into_iter().map(|(_, result)| result).collect();
    let detail = serde_json::json!({ "asked": results.len(), "done": done });
    change.record(ctx.event("discrepancy.bulk", &ctx.request, "").with_detail(&detail));
    change.answer(Reply::ok(&results)).await
}

fn number(item: &BulkItem) -> i64 {
    item.discrepancy.parse::<DiscrepancyId>().map_or(0, DiscrepancyId::number)
}

/// The customers first, as matching and posting do, whatever the order of the discrepancies.
async fn lock_customers(ctx: &Ctx, tx: &mut Tx, bulk: &Bulk) -> Result<(), Problem> {
    let mut sql =
        Sql::new("SELECT DISTINCT customer_id FROM discrepancy WHERE company_id = $1 AND id IN ")
            .bind(ctx.company);
    sql.push_list(bulk.items.iter().map(number));
    let mut wanted = BTreeSet::new();
    for row in tx.rows(sql).await? {
        wanted.insert(row.get::<i64>("customer_id")?);
    }
    customers::lock(tx, ctx.company, &wanted.into_iter().collect::<Vec<_>>()).await?;
    Ok(())
}

async fn one(
    ctx: &Ctx,
    tx: &mut Tx,
    bulk: &Bulk,
    item: &BulkItem,
) -> Result<(Event, i64), Problem> {
    let id = item.discrepancy.parse::<DiscrepancyId>().map_err(|_| Problem::not_found())?;
    let mut found = lock(ctx, tx, Permission::DiscrepanciesWrite, id.number()).await?;
    require_live(&found, item.version)?;
    let event = if let Some(update) = &bulk.update {
        act::update(ctx, tx, &mut found, update).await?
    } else if let Some(hold) = &bulk.hold {
        act::hold(ctx, tx, &mut found, hold).await?
    } else {
        let reason = bulk.release.as_ref().map_or("", |why| why.reason.as_str());
        act::release(ctx, tx, &mut found, reason).await?
    };
    Ok((event, found.version))
}
