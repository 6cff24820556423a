//! Merging two customers that are one 合并客户, with its history, and undoing it.
//!
//! Posted lines never change, so they keep the number of the merged customer: it becomes
//! `merged` and points to the other, and whoever reads the ledger, balances or open items of a
//! customer asks [`with_merged`] for the numbers that belong together. Names and subsidiaries
//! move. Signed statements stay as they were signed, so that a merge is refused where it would
//! put entries into a signed period: the merged one must not be signed further than the other,
//! and must have nothing unsigned in what the other has signed.

use std::collections::HashMap;

use garde::Validate;
use heqi_domain::{CustomerId, Id, fold_name};
use heqi_platform::{DbError, Row, Sql, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Customer, Reason};
use super::{lock, pinyin, save, store, visible};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Which customer stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// The customer that stays.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub into: CustomerId,
    /// Why they are one.
    #[garde(length(chars, min = 1, max = 300))]
    pub reason: String,
}

/// What a merge moved, so that it can move back.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Moved {
    /// Folded names of the aliases that went over.
    aliases: Vec<String>,
    /// Folded names that became aliases.
    added: Vec<String>,
    /// Subsidiaries that went over.
    children: Vec<i64>,
}

/// The customer and all that were merged into it, directly or over others, in order.
///
/// # Errors
/// Whatever the database says.
pub async fn with_merged(tx: &mut Tx, company: i64, customer: i64) -> Result<Vec<i64>, DbError> {
    let sql = Sql::new(
        "WITH RECURSIVE one (id) AS (SELECT id FROM customer WHERE company_id = $1 AND id = $2 \
         UNION SELECT customer.id FROM customer JOIN one ON customer.merged_into = one.id \
         WHERE customer.company_id = $1) SELECT id FROM one ORDER BY id",
    );
    let rows = tx.rows(sql.bind(company).bind(customer)).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Who was merged into whom: each merged customer and the one it has become.
///
/// # Errors
/// Whatever the database says.
pub async fn merged(tx: &mut Tx, company: i64) -> Result<HashMap<i64, i64>, DbError> {
    let sql = "SELECT id, merged_into FROM customer WHERE company_id = $1 \
               AND merged_into IS NOT NULL";
    let mut into: HashMap<i64, i64> = HashMap::new();
    for row in tx.rows(Sql::new(sql).bind(company)).await? {
        into.insert(row.get("id")?, row.get("merged_into")?);
    }
    let last = |start: i64| {
        let mut at = start;
        // A chain is no longer than the number of merges; a ring would be a defect elsewhere.
        for _ in 0..=into.len() {
            match into.get(&at) {
                Some(next) => at = *next,
                None => break,
            }
        }
        at
    };
    Ok(into.keys().map(|from| (*from, last(*from))).collect())
}

/// Merges a customer into another; its entries are read under the other from now on.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/{customer}/merge", tag = "customers",
    operation_id = "customer_merge",
    params(("company" = String, Path), ("customer" = String, Path),
           ("If-Match" = String, Header, description = "The ETag of the one that goes")),
    request_body = Merge,
    responses((status = 200, description = "The customer that stays", body = Customer),
              (status = 409, description = "Signed periods forbid it", body = ProblemBody)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_merge(
    ctx: Ctx,
    At(customer): At<CustomerId>,
    input: Input<Merge>,
) -> Result<Reply, Problem> {
    let (id, into) = (customer.number(), input.value.into.number());
    if id == into {
        return Err(Problem::field("/into", "不能并入自己", "It cannot be merged into itself"));
    }
    let (mut change, before) = both(&ctx, id, into, &input.digest).await?;
    let target = save::shown(&ctx, &mut change, into).await?;
    refuse(&mut change, ctx.company, id, &before, &target).await?;
    let moved = carry(&mut change, ctx.company, id, into, &before).await?;
    write(&ctx, &mut change, (id, into), (&before, &target), (&moved, &input.value.reason)).await?;
    let shown = save::shown(&ctx, &mut change, into).await?;
    let detail = serde_json::json!({
        "into": shown.row.id, "reason": input.value.reason, "before": before, "moved": moved,
    });
    change.record(ctx.event("customer.merge", customer, &before.row.name).with_detail(&detail));
    change.answer(Reply::ok(&shown).version(shown.row.version)).await
}

/// Locks both customers, in order, at the version of the first.
async fn both(
    ctx: &Ctx,
    id: i64,
    other: i64,
    digest: &[u8; 32],
) -> Result<(Change, Customer), Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let wanted = ctx.if_match()?;
    let mut change = ctx.begin(digest).await?;
    lock(&mut change, ctx.company, &[id, other]).await?;
    for one in [id, other] {
        visible(ctx, &mut change, Permission::CustomersWrite, one).await?;
    }
    let before = save::shown(ctx, &mut change, id).await?;
    if !store::advance(&mut change, id, wanted).await? {
        return Err(Problem::stale(before.row.version));
    }
    Ok((change, before))
}

async fn refuse(
    tx: &mut Tx,
    company: i64,
    id: i64,
    gone: &Customer,
    target: &Customer,
) -> Result<(), Problem> {
    if gone.row.status == "merged" || target.row.status == "merged" {
        return Err(Problem::conflict(
            "customer_merged",
            "其中一个客户已经并入别的客户；请选合并后的那一个",
            "One of them was merged already; choose the customer that it was merged into",
        ));
    }
    if gone.row.currency != target.row.currency {
        return Err(Problem::conflict(
            "other_currency",
            "两个客户的币种不同，不能合并",
            "The two have different currencies and cannot be merged",
        ));
    }
    let (own, other) = (&gone.locked_through, &target.locked_through);
    let sql = Sql::new(
        "SELECT COUNT(*) FROM line WHERE company_id = $1 AND customer_id IN (SELECT id FROM \
         customer WHERE id = $2 OR merged_into = $2) AND posting_date > $3 AND posting_date <= $4 \
         AND state NOT IN ('rejected', 'withdrawn')",
    );
    let sql = sql.bind(company).bind(id).bind(own).bind(other);
    if own > other || tx.count(sql).await? > 0 {
        return Err(Problem::conflict(
            "merge_crosses_signature",
            format!(
                "已签认的期间不一致（{} 签到「{own}」，{} 签到「{other}」）；请先把两边签到同一天，\
                 或反过来合并",
                gone.row.name, target.row.name
            ),
            format!(
                "Signed periods differ ({} through `{own}`, {} through `{other}`); sign both \
                 through the same day first, or merge the other way round",
                gone.row.name, target.row.name
            ),
        ));
    }
    Ok(())
}

/// Moves names and subsidiaries.
async fn carry(
    tx: &mut Tx,
    company: i64,
    id: i64,
    into: i64,
    gone: &Customer,
) -> Result<Moved, Problem> {
    let mut moved = Moved::default();
    let find = Sql::new("SELECT folded FROM customer_alias WHERE customer_id = $1 ORDER BY folded");
    for row in tx.rows(find.bind(id)).await? {
        moved.aliases.push(row.get("folded")?);
    }
    let over = Sql::new("UPDATE customer_alias SET customer_id = $1 WHERE customer_id = $2");
    tx.execute(over.bind(into).bind(id)).await?;
    let folded = fold_name(&gone.row.name);
    let insert = Sql::new(
        "INSERT INTO customer_alias (company_id, customer_id, alias, folded) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (company_id, folded) DO NOTHING",
    );
    let insert = insert.bind(company).bind(into).bind(&gone.row.name).bind(&folded);
    if tx.execute(insert).await? == 1 {
        moved.added.push(folded);
    }
    store::lock_groups(tx, company).await?;
    let children = Sql::new("SELECT id FROM customer WHERE parent_id = $1 AND id <> $2");
    for row in tx.rows(children.bind(id).bind(into)).await? {
        moved.children.push(row.get("id")?);
    }
    set_parent(tx, &moved.children, into).await?;
    // The one that stays was a subsidiary of the one that goes: it moves up.
    let up = Sql::new(
        "UPDATE customer SET parent_id = (SELECT parent_id FROM customer WHERE id = $1) \
         WHERE id = $2 AND parent_id = $1",
    );
    tx.execute(up.bind(id).bind(into)).await?;
    Ok(moved)
}

async fn set_parent(tx: &mut Tx, children: &[i64], parent: i64) -> Result<(), DbError> {
    for child in children {
        let over =
            Sql::new("UPDATE customer SET parent_id = $1, version = version + 1 WHERE id = $2");
        tx.execute(over.bind(parent).bind(*child)).await?;
    }
    Ok(())
}

async fn write(
    ctx: &Ctx,
    tx: &mut Tx,
    (id, into): (i64, i64),
    (gone, target): (&Customer, &Customer),
    (moved, reason): (&Moved, &str),
) -> Result<(), Problem> {
    let (merge, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO customer_merge (id, company_id, merged_id, into_id, status_before, moved, \
         locked_through, reason, merged_by, merged_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    );
    let insert = insert.bind(merge).bind(ctx.company).bind(id).bind(into).bind(&gone.row.status);
    let insert = insert.bind(serde_json::json!(moved).to_string()).bind(&target.locked_through);
    tx.execute(insert.bind(reason).bind(ctx.actor()).bind(now)).await?;
    let mark = Sql::new("UPDATE customer SET status = 'merged', merged_into = $1 WHERE id = $2");
    tx.execute(mark.bind(into).bind(id)).await?;
    refresh(tx, into).await
}

/// The search text and the version follow what changed around a customer.
async fn refresh(tx: &mut Tx, id: i64) -> Result<(), Problem> {
    let find = Sql::new("SELECT code, name FROM customer WHERE id = $1").bind(id);
    let row = tx.one(find).await?;
    let (code, name): (String, String) = (row.get("code")?, row.get("name")?);
    let aliases = store::aliases(tx, id).await?;
    let names = std::iter::once(&name).chain(&aliases).map(String::as_str);
    let search = pinyin::search_text(&code, names);
    let now = tx.now();
    let update = Sql::new(
        "UPDATE customer SET search = $1, version = version + 1, updated_at = $2 WHERE id = $3",
    );
    Ok(tx.execute(update.bind(search).bind(now).bind(id)).await.map(drop)?)
}

/// Takes a merge back, while nothing new stands on it.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/{customer}/unmerge", tag = "customers",
    operation_id = "customer_unmerge",
    params(("company" = String, Path), ("customer" = String, Path),
           ("If-Match" = String, Header, description = "The ETag of the one that was merged")),
    request_body = Reason,
    responses((status = 200, description = "The customer by itself again", body = Customer),
              (status = 409, description = "Something stands on it", body = ProblemBody)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_unmerge(
    ctx: Ctx,
    At(customer): At<CustomerId>,
    input: Input<Reason>,
) -> Result<Reply, Problem> {
    let id = customer.number();
    ctx.require(Permission::CustomersWrite)?;
    let into = {
        let mut tx = ctx.read().await?;
        visible(&ctx, &mut tx, Permission::CustomersWrite, id).await?;
        live(&mut tx, ctx.company, id).await?.get::<i64>("into_id")?
    };
    let (mut change, before) = both(&ctx, id, into, &input.digest).await?;
    let merge = live(&mut change, ctx.company, id).await?;
    refuse_undo(&mut change, &merge).await?;
    undo(&ctx, &mut change, &merge).await?;
    let detail = serde_json::json!({
        "from": CustomerId::text(into), "reason": input.value.reason,
    });
    change.record(ctx.event("customer.unmerge", customer, &before.row.name).with_detail(&detail));
    let shown = save::shown(&ctx, &mut change, id).await?;
    change.answer(Reply::ok(&shown).version(shown.row.version)).await
}

/// The merge of a customer that has not been undone.
async fn live(tx: &mut Tx, company: i64, id: i64) -> Result<Row, Problem> {
    let sql = Sql::new(
        "SELECT id, merged_id, into_id, status_before, moved, locked_through, merged_at \
         FROM customer_merge WHERE company_id = $1 AND merged_id = $2 AND undone_at IS NULL",
    );
    tx.optional(sql.bind(company).bind(id)).await?.ok_or_else(|| {
        Problem::conflict("not_merged", "这个客户没有合并过", "This customer was not merged")
    })
}

/// A period signed over both, entries matched across them, or a further merge stand on it.
async fn refuse_undo(tx: &mut Tx, merge: &Row) -> Result<(), Problem> {
    let (id, into): (i64, i64) = (merge.get("merged_id")?, merge.get("into_id")?);
    let find = Sql::new("SELECT locked_through, status FROM customer WHERE id = $1").bind(into);
    let target = tx.one(find).await?;
    let signed =
        target.get::<String>("locked_through")? != merge.get::<String>("locked_through")?;
    let further = target.get::<String>("status")? == "merged";
    let across = Sql::new(
        "SELECT COUNT(*) FROM line_claim JOIN line own ON own.id = line_claim.line_id \
         JOIN group_member ON group_member.group_id = line_claim.group_id \
         JOIN line other ON other.id = group_member.line_id \
         WHERE own.customer_id = $1 AND other.customer_id <> $1",
    );
    if signed || further || tx.count(across.bind(id)).await? > 0 {
        return Err(Problem::conflict(
            "merge_in_use",
            "合并之后已有新的签认、跨两户的勾对或再次合并，不能撤销；请先撤销那些操作",
            "Since the merge a period was signed, entries of both were matched, or it was merged \
             further; take that back first",
        ));
    }
    Ok(())
}

async fn undo(ctx: &Ctx, tx: &mut Tx, merge: &Row) -> Result<(), Problem> {
    let (id, into): (i64, i64) = (merge.get("merged_id")?, merge.get("into_id")?);
    let moved: Moved = merge.json("moved")?;
    let back = |text: &'static str, folded: &[String]| {
        let mut sql = Sql::new(text).bind(into);
        sql.push(" AND folded IN ").push_list(folded.iter().map(String::as_str));
        sql
    };
    let added = back("DELETE FROM customer_alias WHERE customer_id = $1", &moved.added);
    tx.execute(added).await?;
    let mut over = Sql::new("UPDATE customer_alias SET customer_id = ");
    over.push_bind(id).push(" WHERE customer_id = ").push_bind(into);
    over.push(" AND folded IN ").push_list(moved.aliases.iter().map(String::as_str));
    tx.execute(over).await?;
    store::lock_groups(tx, ctx.company).await?;
    let still = Sql::new("SELECT id FROM customer WHERE parent_id = $1").bind(into);
    let mut children = Vec::new();
    for row in tx.rows(still).await? {
        let child: i64 = row.get("id")?;
        if moved.children.contains(&child) {
            children.push(child);
        }
    }
    set_parent(tx, &children, id).await?;
    let status: String = merge.get("status_before")?;
    let mark = Sql::new("UPDATE customer SET status = $1, merged_into = NULL WHERE id = $2");
    tx.execute(mark.bind(status).bind(id)).await?;
    let now = tx.now();
    let done = Sql::new("UPDATE customer_merge SET undone_by = $1, undone_at = $2 WHERE id = $3");
    tx.execute(done.bind(ctx.actor()).bind(now).bind(merge.get::<i64>("id")?)).await?;
    refresh(tx, into).await?;
    refresh(tx, id).await
}
