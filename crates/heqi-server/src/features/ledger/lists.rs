//! Lists of lines: the query, its total.

use axum::Json;
use heqi_platform::{DbError, Row, Sql};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::Line;
use super::query::{self, LineQuery};
use crate::ctx::Ctx;
use crate::input::Query;
use crate::page::Page;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Lines of both ledgers, by any filters together.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines", tag = "ledger", operation_id = "line_list",
    params(("company" = String, Path), LineQuery),
    responses((status = 200, description = "A page of lines", body = Page<Line>),
              (status = 422, description = "A filter does not hold", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn line_list(
    ctx: Ctx,
    Query(asked): Query<LineQuery>,
) -> Result<Json<Page<Line>>, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let (mut filter, page) = (asked.filter()?, asked.page());
    let (limit, key) = (page.limit()?, &ctx.app.keys.cursor);
    let after = page.after(key)?;
    let mut tx = ctx.read().await?;
    filter.narrow(&mut tx, ctx.company).await?;
    let lines =
        query::lines(&mut tx, ctx.company, scope, &filter, after.as_deref(), limit + 1).await?;
    Ok(Json(Page::cut(lines, limit, key, |line| filter.sort.values(line))))
}

/// How many lines a filter finds in a currency, and what they come to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Total {
    /// ISO 4217.
    pub currency: String,
    /// Lines.
    pub lines: i64,
    /// Signed minor units.
    pub amount: i64,
}

/// How many lines a filter finds, and what they come to.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines/total", tag = "ledger",
    operation_id = "line_total", params(("company" = String, Path), LineQuery),
    responses((status = 200, description = "One total for each currency", body = Vec<Total>),
              (status = 422, description = "A filter does not hold", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn line_total(
    ctx: Ctx,
    Query(asked): Query<LineQuery>,
) -> Result<Json<Vec<Total>>, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let mut sql = Sql::new(
        "SELECT line.currency, COUNT(*) AS lines, CAST(SUM(line.amount) AS BIGINT) AS amount \
         FROM line",
    );
    asked.page().limit()?;
    let mut filter = asked.filter()?;
    let mut tx = ctx.read().await?;
    filter.narrow(&mut tx, ctx.company).await?;
    filter.push(&mut sql, ctx.company, scope);
    sql.push(" GROUP BY line.currency ORDER BY line.currency");
    let read = |row: &Row| -> Result<Total, DbError> {
        Ok(Total {
            currency: row.get("currency")?,
            lines: row.get("lines")?,
            amount: row.get("amount")?,
        })
    };
    let rows = tx.rows(sql).await?;
    Ok(Json(rows.iter().map(read).collect::<Result<_, _>>()?))
}
