//! Twelve months chained, and the board of all accounts.

use std::collections::HashMap;

use axum::Json;
use heqi_domain::{CustomerId, Id, PeriodId, day_text};
use heqi_platform::{DbError, Row, Sql, Tx};

use super::figures::{self, Ties};
use super::model::{Annual, AnnualQuery, BoardRow, Month, MonthFigures, SideFigures};
use super::sources;
use super::store::{self, Account};
use crate::ctx::Ctx;
use crate::features::customers;
use crate::input::Query;
use crate::permission::{Permission, Scope};
use crate::problem::{Problem, ProblemBody};

/// Twelve months of an account: opening, movements and closing of both books.
#[utoipa::path(
    get, path = "/api/companies/{company}/periods/annual", tag = "periods",
    operation_id = "period_annual", params(("company" = String, Path), AnnualQuery),
    responses((status = 200, description = "The year", body = Annual),
              (status = 404, description = "No such customer", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.read")))
)]
pub(super) async fn period_annual(
    ctx: Ctx,
    Query(query): Query<AnnualQuery>,
) -> Result<Json<Annual>, Problem> {
    let customer: CustomerId = query.customer.parse().map_err(|_| Problem::not_found())?;
    let mut tx = ctx.read().await?;
    let read = Permission::PeriodsRead;
    let brief = customers::visible(&ctx, &mut tx, read, customer.number()).await?;
    let first = query.from.parse::<heqi_domain::Period>().ok();
    let first = first.filter(|span| span.to_string().len() == 7 && span.next().is_some());
    let mut month = first.filter(|span| !span.to_string().contains('Q')).ok_or_else(|| {
        Problem::field("/from", "请写起始月份，如 2026-01", "Give the first month like 2026-01")
    })?;
    let currency = query.currency.unwrap_or(brief.currency);
    let account = Account { company: ctx.company, customer: brief.id, currency };
    let mut months = Vec::with_capacity(12);
    let periods = store::of_account(&mut tx, &account).await?;
    for _ in 0..12 {
        let (from, to) = month.first().zip(month.last()).ok_or_else(Problem::not_found)?;
        let figures = between(&mut tx, &account, &day_text(from), &day_text(to)).await?;
        let period = periods.iter().find(|it| it.shown.last_day == day_text(to));
        months.push(Month {
            span: month.to_string(),
            figures,
            period: period.map(|it| it.shown.id.clone()),
            state: period.map(|it| it.shown.state.clone()),
        });
        let Some(next) = month.next() else { break };
        month = next;
    }
    let span = month.first().zip(first.and_then(heqi_domain::Period::first));
    let (end, begin) = span
        .map(|(end, begin)| (day_text(end - 1), day_text(begin)))
        .ok_or_else(Problem::not_found)?;
    let total = between(&mut tx, &account, &begin, &end).await?;
    let chained = chained(&months, &total);
    let customer = customer.to_string();
    Ok(Json(Annual { customer, currency: account.currency, months, total, chained }))
}

/// Whether every opening is the closing before it, and the year is the sum of its months.
fn chained(months: &[Month], total: &MonthFigures) -> bool {
    let book = |of: fn(&MonthFigures) -> &SideFigures| {
        let follows = months
            .windows(2)
            .all(|pair| of(&pair[0].figures).closing == of(&pair[1].figures).opening);
        let sum = |of_month: fn(&SideFigures) -> i64| -> i128 {
            months.iter().map(|month| i128::from(of_month(of(&month.figures)))).sum()
        };
        let year = of(total);
        follows
            && months.first().is_some_and(|month| of(&month.figures).opening == year.opening)
            && months.last().is_some_and(|month| of(&month.figures).closing == year.closing)
            && sum(|it| it.debit) == i128::from(year.debit)
            && sum(|it| it.credit) == i128::from(year.credit)
    };
    book(|it| &it.ours) && book(|it| &it.theirs)
}

/// Both books between two days, by the day of the books.
async fn between(
    tx: &mut Tx,
    account: &Account,
    first: &str,
    last: &str,
) -> Result<MonthFigures, DbError> {
    let facts = sources::facts(tx, account, last).await?;
    let made = figures::figures(&facts, &Ties::default(), first, "");
    let made = made.map_err(|error| DbError::Failed(error.to_string()))?;
    let difference = made.ours.closing.checked_sub(made.theirs.closing);
    let difference = difference.ok_or_else(|| DbError::Failed("overflow".to_owned()))?;
    Ok(MonthFigures { ours: made.ours, theirs: made.theirs, difference })
}

/// Where the reconciliation of every account stands.
#[utoipa::path(
    get, path = "/api/companies/{company}/periods/board", tag = "periods",
    operation_id = "period_board", params(("company" = String, Path)),
    responses((status = 200, description = "Every account", body = Vec<BoardRow>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.read")))
)]
pub(super) async fn period_board(ctx: Ctx) -> Result<Json<Vec<BoardRow>>, Problem> {
    let scope = ctx.require(Permission::PeriodsRead)?;
    let mut tx = ctx.read().await?;
    let today = tx.now().book_date();
    let mut rows = accounts(&mut tx, ctx.company, scope, &today).await?;
    let counts = [
        "SELECT customer_id, currency, COUNT(*) AS n FROM discrepancy WHERE company_id = $1 \
         AND status IN ('open', 'held', 'carried') GROUP BY customer_id, currency",
        "SELECT customer_id, currency, COUNT(*) AS n FROM match_group WHERE company_id = $1 \
         AND status = 'suggested' GROUP BY customer_id, currency",
        "SELECT customer_id, currency, COUNT(*) AS n FROM line WHERE company_id = $1 \
         AND state IN ('draft', 'review') GROUP BY customer_id, currency",
    ];
    for (at, sql) in counts.into_iter().enumerate() {
        let counted = count(&mut tx, Sql::new(sql).bind(ctx.company)).await?;
        for row in &mut rows {
            let key = (row.customer.clone(), row.currency.clone());
            let n = counted.get(&key).copied().unwrap_or(0);
            *[&mut row.discrepancies, &mut row.suggestions, &mut row.drafts][at] = n;
        }
    }
    Ok(Json(rows))
}

async fn accounts(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    today: &str,
) -> Result<Vec<BoardRow>, DbError> {
    let mut sql = Sql::new(
        "SELECT customer.id AS customer_id, customer.code, customer.name, \
         COALESCE(u.name, '') AS owner, COALESCE(p.currency, customer.currency) AS currency, \
         p.id AS period_id, p.span, p.state, p.deadline, COALESCE((SELECT MAX(s.last_day) \
         FROM period s WHERE s.company_id = customer.company_id AND s.customer_id = customer.id \
         AND s.currency = COALESCE(p.currency, customer.currency) AND s.state = 'signed'), '') \
         AS signed_through FROM customer LEFT JOIN user_account u ON u.id = customer.owner_id \
         LEFT JOIN period p ON p.customer_id = customer.id AND p.state <> 'signed' \
         AND NOT EXISTS (SELECT 1 FROM period e WHERE e.customer_id = p.customer_id \
         AND e.currency = p.currency AND e.state <> 'signed' AND e.first_day < p.first_day) \
         WHERE customer.status = 'active' AND customer.company_id = $1",
    )
    .bind(company);
    scope.push(&mut sql);
    sql.push(" ORDER BY customer.code, currency");
    let read = |row: &Row| {
        let deadline: Option<String> = row.get("deadline")?;
        let state: Option<String> = row.get("state")?;
        Ok(BoardRow {
            customer: CustomerId::text(row.get("customer_id")?),
            code: row.get("code")?,
            name: row.get("name")?,
            owner: row.get("owner")?,
            currency: row.get("currency")?,
            period: row.get::<Option<i64>>("period_id")?.map(PeriodId::text),
            span: row.get("span")?,
            state: state.unwrap_or_else(|| "none".to_owned()),
            overdue: deadline.as_deref().is_some_and(|day| day < today),
            deadline,
            discrepancies: 0,
            suggestions: 0,
            drafts: 0,
            signed_through: row.get("signed_through")?,
        })
    };
    tx.rows(sql).await?.iter().map(read).collect()
}

async fn count(tx: &mut Tx, sql: Sql) -> Result<HashMap<(String, String), i64>, DbError> {
    let read = |row: &Row| {
        let customer = CustomerId::text(row.get("customer_id")?);
        Ok(((customer, row.get("currency")?), row.get("n")?))
    };
    tx.rows(sql).await?.iter().map(read).collect()
}
