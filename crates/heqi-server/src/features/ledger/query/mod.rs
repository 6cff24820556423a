//! The query 查账 (R04): filters that combine, a keyword, an amount, in keyset pages.
//!
//! A filter is what stands in the address bar; the list, its total, a saved view and an export
//! read it the same way, and the scope of the reader is always part of it.

mod asked;
mod filter;
mod sort;

use heqi_platform::{DbError, Sql, Tx, Value};

use super::model::Line;
use super::store;
use crate::permission::Scope;
use crate::problem::Problem;

pub use asked::{AccountQuery, BalanceDay, BalanceQuery, ExportQuery, LineQuery};
pub(super) use asked::{date, side};
pub use filter::Filter;

/// Lines behind a place, at most `limit` of them.
///
/// # Errors
/// 422 for a cursor of another order.
pub async fn lines(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    filter: &Filter,
    after: Option<&[Value]>,
    limit: usize,
) -> Result<Vec<Line>, Problem> {
    // First the numbers of the page, then what is shown of them: no more than a page is joined.
    let mut page = Sql::new("SELECT line.id FROM line");
    filter.push(&mut page, company, scope);
    if let Some(after) = after {
        filter.sort.push_after(&mut page, after)?;
    }
    filter.sort.push_order(&mut page);
    page.push(" LIMIT ").push_bind(limit as i64);
    let ids: Result<Vec<i64>, DbError> = tx.rows(page).await?.iter().map(|r| r.get("id")).collect();
    let mut found = store::lines(tx, company, &ids?).await?;
    let key = |line: &Line| match filter.sort.values(line).as_slice() {
        [_, Value::Int(amount), Value::Int(id)] => (String::new(), *amount, *id),
        [_, Value::Text(date), Value::Int(id)] => (date.clone(), 0, *id),
        _ => (String::new(), 0, 0),
    };
    found.sort_by_cached_key(key);
    if filter.sort.descending {
        found.reverse();
    }
    Ok(found)
}
