//! Customers 客户: who owes us, and whom we ask.
//!
//! Invariants: a customer belongs to one company; who may not see it is told that it does not
//! exist; a customer with entries is never deleted, only stopped or merged.

pub mod known;

use heqi_domain::{CustomerId, Id};
use heqi_platform::{DbError, Sql, Tx};
use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;
use crate::ctx::Ctx;
use crate::permission::Permission;
use crate::problem::Problem;

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
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
        "SELECT id, code, name, currency, locked_through FROM customer \
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
            "SELECT id, code, name, currency, locked_through FROM customer WHERE company_id = ",
        );
        sql.push_bind(company).push(" AND id IN ").push_list(piece.iter().copied());
        sql.push(" ORDER BY id");
        for row in tx.rows(sql.for_update()).await? {
            locked.push(brief(&row)?);
        }
    }
    Ok(locked)
}

fn brief(row: &heqi_platform::Row) -> Result<Brief, DbError> {
    Ok(Brief {
        id: row.get("id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        currency: row.get("currency")?,
        locked_through: row.get("locked_through")?,
    })
}
