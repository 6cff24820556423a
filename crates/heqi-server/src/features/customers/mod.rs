//! Customers 客户: who owes us, and whom we ask.
//!
//! Invariants: a customer belongs to one company; who may not see it is told that it does not
//! exist; a customer with entries is never deleted, only stopped or merged. Bank accounts and
//! phones are sealed, shown masked, read plainly at one audited place; a bank account changes only
//! by two people. Entries of a merged customer keep its number: who reads a ledger asks
//! [`with_merged`].

mod bank;
mod columns;
mod duplicates;
mod import;
pub mod known;
mod merge;
pub mod model;
pub mod pinyin;
mod routes;
mod save;
mod sealed;
mod store;
#[cfg(test)]
mod tests;
mod transfer;

use heqi_domain::{CustomerId, Id, fold_name};
use heqi_platform::{DbError, Sql, Tx};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;
use crate::ctx::Ctx;
use crate::permission::Permission;
use crate::problem::Problem;

pub use merge::{merged, with_merged};

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::customer_list, routes::customer_create))
        .routes(routes!(routes::customer_view, routes::customer_change))
        .routes(routes!(routes::customer_stop))
        .routes(routes!(routes::customer_reactivate))
        .routes(routes!(routes::customer_sensitive))
        .routes(routes!(bank::bank_change_list, bank::bank_change_create))
        .routes(routes!(bank::bank_change_approve))
        .routes(routes!(bank::bank_change_reject))
        .routes(routes!(duplicates::customer_duplicates))
        .routes(routes!(merge::customer_merge))
        .routes(routes!(merge::customer_unmerge))
        .routes(routes!(transfer::customer_batch))
        .routes(routes!(transfer::customer_export))
        .routes(routes!(import::customer_import_preview))
        .routes(routes!(import::customer_import))
        .routes(routes!(import::customer_template))
}

/// What other features ask of a customer.
#[derive(Debug, Clone)]
pub struct Brief {
    /// The number.
    pub id: i64,
    /// Our code for it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The currency of its account.
    pub currency: String,
    /// The last day of its last signed period; empty if none is signed.
    pub locked_through: String,
    /// `active`, `stopped` or `merged`: nothing new is entered for the last two.
    pub status: String,
}

impl Brief {
    /// The id as text.
    #[must_use]
    pub fn text(&self) -> String {
        CustomerId::text(self.id)
    }
}

/// A customer within the caller's scope for this permission.
///
/// # Errors
/// 403 without the permission, 404 if it is not there or not the caller's to see.
pub async fn visible(
    ctx: &Ctx,
    tx: &mut Tx,
    permission: Permission,
    customer: i64,
) -> Result<Brief, Problem> {
    let scope = ctx.require(permission)?;
    let mut sql = Sql::new(
        "SELECT id, code, name, currency, locked_through, status FROM customer \
         WHERE company_id = $1 AND id = $2",
    );
    sql = sql.bind(ctx.company).bind(customer);
    scope.push(&mut sql);
    let row = tx.optional(sql).await?.ok_or_else(Problem::not_found)?;
    Ok(brief(&row)?)
}

/// Locks customers until the transaction ends, in the order of their numbers: posting, matching
/// and signing off of one customer happen one after the other. Those that exist are returned.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, company: i64, customers: &[i64]) -> Result<Vec<Brief>, DbError> {
    let mut sorted = customers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut locked = Vec::with_capacity(sorted.len());
    // In pieces, since a statement takes a bounded number of values.
    for piece in sorted.chunks(500) {
        let mut sql = Sql::new(
            "SELECT id, code, name, currency, locked_through, status FROM customer \
             WHERE company_id = ",
        );
        sql.push_bind(company).push(" AND id IN ").push_list(piece.iter().copied());
        sql.push(" ORDER BY id");
        for row in tx.rows(sql.for_update()).await? {
            locked.push(brief(&row)?);
        }
    }
    Ok(locked)
}

/// The customers that a text in a file may stand for: by code or name, else by folded name or
/// alias. A merged customer stands for the one it was merged into. None, one, or several: then
/// a person has to say which.
///
/// # Errors
/// Whatever the database says.
pub async fn named(tx: &mut Tx, company: i64, text: &str) -> Result<Vec<i64>, DbError> {
    let exact = Sql::new(
        "SELECT DISTINCT COALESCE(merged_into, id) AS id FROM customer \
         WHERE company_id = $1 AND (code = $2 OR name = $2) ORDER BY id",
    );
    let alike = Sql::new(
        "SELECT DISTINCT COALESCE(merged_into, id) AS id FROM customer WHERE company_id = $1 AND \
         (folded = $2 OR id IN (SELECT customer_id FROM customer_alias \
         WHERE company_id = $1 AND folded = $2)) ORDER BY id",
    );
    let folded = fold_name(text);
    for sql in [exact.bind(company).bind(text.trim()), alike.bind(company).bind(folded.as_str())] {
        let rows = tx.rows(sql).await?;
        if !rows.is_empty() && !folded.is_empty() {
            return rows.iter().map(|row| row.get("id")).collect();
        }
    }
    Ok(Vec::new())
}

fn brief(row: &heqi_platform::Row) -> Result<Brief, DbError> {
    Ok(Brief {
        id: row.get("id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        currency: row.get("currency")?,
        locked_through: row.get("locked_through")?,
        status: row.get("status")?,
    })
}
