//! Balances 余额: of an account line by line, as of a day, and as it was known on a day.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use heqi_domain::{CustomerId, Id, LineId, day_from_iso};
use heqi_platform::{DbError, Row, Sql, Tx, Value};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::Line;
use super::query::{AccountQuery, BalanceDay, BalanceQuery, date, side};
use super::store;
use crate::ctx::{At, Ctx};
use crate::features::customers;
use crate::input::Query;
use crate::page::{self, Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// The balance of an account in both books.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AccountBalance {
    /// ISO 4217.
    pub currency: String,
    /// Our book: plus = the customer owes us. Minor units.
    pub ours: i64,
    /// The customer's book, from the same side.
    pub theirs: i64,
    /// Lines of ours.
    pub ours_lines: i64,
    /// Lines of theirs.
    pub theirs_lines: i64,
}

/// The balances of a customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerBalance {
    /// The customer.
    pub customer: String,
    /// Our code for it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// One for each currency.
    pub accounts: Vec<AccountBalance>,
}

/// The day and the last instant that a query counts.
struct Cut {
    as_of: Option<String>,
    known: Option<i64>,
}

impl BalanceDay {
    fn cut(&self) -> Result<Cut, Problem> {
        let known = date("/known_on", self.known_on.as_deref())?;
        // The end of that day in China, where the books are kept.
        let end = |day: heqi_domain::Day| (i64::from(day) + 1) * 86_400_000_000 - 28_800_000_000;
        Ok(Cut {
            as_of: date("/as_of", self.as_of.as_deref())?,
            known: known.as_deref().and_then(day_from_iso).map(end),
        })
    }
}

/// The balance of a customer, as of a day, as it was known on a day.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/{customer}/balance", tag = "ledger",
    operation_id = "balance_view",
    params(("company" = String, Path), ("customer" = String, Path), BalanceDay),
    responses((status = 200, description = "One balance for each currency", body = CustomerBalance),
              (status = 404, description = "No such customer", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn balance_view(
    ctx: Ctx,
    At(id): At<CustomerId>,
    Query(asked): Query<BalanceDay>,
) -> Result<Json<CustomerBalance>, Problem> {
    let mut tx = ctx.read().await?;
    let known = customers::visible(&ctx, &mut tx, Permission::LedgerRead, id.number()).await?;
    let all = customers::with_merged(&mut tx, ctx.company, known.id).await?;
    let becomes = |_| known.id;
    let sums = sums(&mut tx, ctx.company, &all, becomes, &asked.cut()?).await?;
    let accounts = sums.into_values().collect();
    let customer = known.text();
    Ok(Json(CustomerBalance { customer, code: known.code, name: known.name, accounts }))
}

/// The balances of all customers within the caller's reach, by their codes.
#[utoipa::path(
    get, path = "/api/companies/{company}/balances", tag = "ledger",
    operation_id = "balance_list", params(("company" = String, Path), BalanceQuery),
    responses((status = 200, description = "A page of customers", body = Page<CustomerBalance>),
              (status = 422, description = "A day is no day", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn balance_list(
    ctx: Ctx,
    Query(asked): Query<BalanceQuery>,
) -> Result<Json<Page<CustomerBalance>>, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let page = PageQuery { limit: asked.limit, cursor: asked.cursor.clone() };
    let day = BalanceDay { as_of: asked.as_of.clone(), known_on: asked.known_on.clone() };
    let (limit, key, cut) = (page.limit()?, &ctx.app.keys.cursor, day.cut()?);
    let mut sql =
        Sql::new("SELECT id, code, name FROM customer WHERE status <> 'merged' AND company_id = ");
    sql.push_bind(ctx.company);
    scope.push(&mut sql);
    if let Some([Value::Text(code)]) = page.after(key)?.as_deref() {
        sql.push(" AND code > ").push_bind(code);
    }
    sql.push(" ORDER BY code LIMIT ").push_bind(limit as i64 + 1);
    let mut tx = ctx.read().await?;
    let read = |row: &Row| -> Result<(i64, CustomerBalance), DbError> {
        let id: i64 = row.get("id")?;
        let (code, name, customer) = (row.get("code")?, row.get("name")?, CustomerId::text(id));
        Ok((id, CustomerBalance { customer, code, name, accounts: Vec::new() }))
    };
    let found: Result<Vec<_>, _> = tx.rows(sql).await?.iter().map(read).collect();
    let mut found = found?;
    let merged = customers::merged(&mut tx, ctx.company).await?;
    let mut ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    let shown: HashSet<i64> = ids.iter().copied().collect();
    ids.extend(merged.iter().filter(|(_, into)| shown.contains(into)).map(|(from, _)| *from));
    let becomes = |customer| merged.get(&customer).copied().unwrap_or(customer);
    for ((customer, _), balance) in sums(&mut tx, ctx.company, &ids, becomes, &cut).await? {
        if let Some((_, row)) = found.iter_mut().find(|(id, _)| *id == customer) {
            row.accounts.push(balance);
        }
    }
    let rows = found.into_iter().map(|(_, row)| row).collect();
    Ok(Json(Page::cut(rows, limit, key, |row: &CustomerBalance| vec![(&row.code).into()])))
}

/// The sums by customer and currency; what was merged counts for the one that it has becomes.
async fn sums(
    tx: &mut Tx,
    company: i64,
    customers: &[i64],
    becomes: impl Fn(i64) -> i64,
    cut: &Cut,
) -> Result<BTreeMap<(i64, String), AccountBalance>, Problem> {
    let mut sql = Sql::new(
        "SELECT customer_id, currency, \
         CAST(SUM(CASE WHEN side = 'ours' THEN amount ELSE 0 END) AS BIGINT) AS ours, \
         CAST(SUM(CASE WHEN side = 'theirs' THEN amount ELSE 0 END) AS BIGINT) AS theirs, \
         CAST(SUM(CASE WHEN side = 'ours' THEN 1 ELSE 0 END) AS BIGINT) AS ours_lines, \
         CAST(SUM(CASE WHEN side = 'theirs' THEN 1 ELSE 0 END) AS BIGINT) AS theirs_lines \
         FROM line WHERE state = 'posted' AND company_id = ",
    );
    sql.push_bind(company).push(" AND customer_id IN ").push_list(customers.iter().copied());
    sql.push(" AND side IN ('ours', 'theirs')");
    if let Some(as_of) = &cut.as_of {
        sql.push(" AND business_date <= ").push_bind(as_of);
    }
    if let Some(known) = cut.known {
        sql.push(" AND posted_at < ").push_bind(known);
    }
    sql.push(" GROUP BY customer_id, currency ORDER BY customer_id, currency");
    let mut sums: BTreeMap<(i64, String), AccountBalance> = BTreeMap::new();
    for row in tx.rows(sql).await? {
        let currency: String = row.get("currency")?;
        let empty = AccountBalance {
            currency: currency.clone(),
            ours: 0,
            theirs: 0,
            ours_lines: 0,
            theirs_lines: 0,
        };
        let sum = sums.entry((becomes(row.get("customer_id")?), currency)).or_insert(empty);
        let AccountBalance { ours, theirs, ours_lines, theirs_lines, .. } = sum;
        for (part, name) in [
            (ours, "ours"),
            (theirs, "theirs"),
            (ours_lines, "ours_lines"),
            (theirs_lines, "theirs_lines"),
        ] {
            *part = part.checked_add(row.get(name)?).ok_or_else(too_large)?;
        }
    }
    Ok(sums)
}

/// A line and the balance behind it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Running {
    /// The line.
    #[serde(flatten)]
    pub line: Line,
    /// What the customer owes after it.
    pub balance: i64,
}

/// A page of an account in the order of the business dates.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountPage {
    /// `ours` or `theirs`.
    pub side: String,
    /// ISO 4217.
    pub currency: String,
    /// The balance before the first row.
    pub brought_forward: i64,
    /// The rows, oldest first.
    pub items: Vec<Running>,
    /// The balance behind the last row.
    pub carried_forward: i64,
    /// The cursor of the later rows; none if these are the last.
    pub next: Option<String>,
    /// The cursor of the earlier rows, for `direction=back`; none if these are the first.
    pub previous: Option<String>,
}

/// The account of a customer, posted lines only, with the balance after each.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/{customer}/account", tag = "ledger",
    operation_id = "account_view",
    params(("company" = String, Path), ("customer" = String, Path), AccountQuery),
    responses((status = 200, description = "A page of the account", body = AccountPage),
              (status = 404, description = "No such customer", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn account_view(
    ctx: Ctx,
    At(id): At<CustomerId>,
    Query(asked): Query<AccountQuery>,
) -> Result<Json<AccountPage>, Problem> {
    let mut tx = ctx.read().await?;
    let known = customers::visible(&ctx, &mut tx, Permission::LedgerRead, id.number()).await?;
    let account = Account {
        company: ctx.company,
        customers: customers::with_merged(&mut tx, ctx.company, known.id).await?,
        side: side(asked.side.as_deref().unwrap_or("ours"))?,
        currency: asked.currency.clone().unwrap_or(known.currency),
        from: date("/from", asked.from.as_deref())?,
        to: date("/to", asked.to.as_deref())?,
    };
    let back = match asked.direction.as_deref() {
        None | Some("forth" | "") => false,
        Some("back") => true,
        Some(_) => {
            return Err(Problem::field(
                "/direction",
                "只能是 forth 或 back",
                "It is forth or back",
            ));
        }
    };
    let page = PageQuery { limit: asked.limit, cursor: asked.cursor.clone() };
    let (limit, key) = (page.limit()?, &ctx.app.keys.cursor);
    let place = match page.after(key)?.as_deref() {
        Some([Value::Text(date), Value::Int(id)]) => Some((date.clone(), *id)),
        Some(_) => return Err(Problem::not_found()),
        None => None,
    };
    let mut lines = account.lines(&mut tx, place.as_ref(), back, limit + 1).await?;
    let more = lines.len() > limit;
    lines.truncate(limit);
    if back {
        lines.reverse();
    }
    let start = lines.first().map(place_of).or(place.clone());
    let mut balance = account.before(&mut tx, start.as_ref()).await?;
    let brought_forward = balance;
    let [earlier, later] = if back { [more, place.is_some()] } else { [place.is_some(), more] };
    let cursor = |line: Option<&Line>| {
        line.map(place_of).map(|(date, id)| page::cursor(key, &[date.into(), id.into()]))
    };
    let previous = cursor(lines.first().filter(|_| earlier));
    let next = cursor(lines.last().filter(|_| later));
    let mut items = Vec::with_capacity(lines.len());
    for line in lines {
        balance = balance.checked_add(line.amount).ok_or_else(too_large)?;
        items.push(Running { line, balance });
    }
    let Account { side, currency, .. } = account;
    let (side, carried_forward) = (side.to_owned(), balance);
    Ok(Json(AccountPage {
        side,
        currency,
        brought_forward,
        items,
        carried_forward,
        next,
        previous,
    }))
}

fn place_of(line: &Line) -> (String, i64) {
    (line.business_date.clone(), line.id.parse::<LineId>().map_or(0, LineId::number))
}

fn too_large() -> Problem {
    Problem::invalid("balance_too_large", "余额太大，无法显示", "The balance is too large")
}

/// An account in one book, and the days that are asked for.
struct Account {
    company: i64,
    customers: Vec<i64>,
    side: &'static str,
    currency: String,
    from: Option<String>,
    to: Option<String>,
}

impl Account {
    fn push(&self, sql: &mut Sql) {
        sql.push(" WHERE line.company_id = ").push_bind(self.company);
        match self.customers.as_slice() {
            // One is an equality, by which its index is sorted by date.
            [one] => sql.push(" AND line.customer_id = ").push_bind(*one),
            all => sql.push(" AND line.customer_id IN ").push_list(all.iter().copied()),
        };
        sql.push(" AND line.side = ").push_bind(self.side);
        sql.push(" AND line.currency = ").push_bind(&self.currency);
        sql.push(" AND line.state = 'posted'");
    }

    async fn lines(
        &self,
        tx: &mut Tx,
        place: Option<&(String, i64)>,
        back: bool,
        limit: usize,
    ) -> Result<Vec<Line>, DbError> {
        let mut sql = store::select();
        self.push(&mut sql);
        if let Some(from) = &self.from {
            sql.push(" AND line.business_date >= ").push_bind(from);
        }
        if let Some(to) = &self.to {
            sql.push(" AND line.business_date <= ").push_bind(to);
        }
        if let Some((date, id)) = place {
            sql.push(" AND (line.business_date, line.id) ").push(if back { "< (" } else { "> (" });
            sql.push_bind(date).push(", ").push_bind(*id).push(")");
        }
        sql.push(if back {
            " ORDER BY line.business_date DESC, line.id DESC LIMIT "
        } else {
            " ORDER BY line.business_date, line.id LIMIT "
        });
        sql.push_bind(limit as i64);
        tx.rows(sql).await?.iter().map(store::read).collect()
    }

    /// The balance before a place; before the first day asked for, or nothing, without one.
    async fn before(&self, tx: &mut Tx, place: Option<&(String, i64)>) -> Result<i64, DbError> {
        let mut sql = Sql::new("SELECT CAST(SUM(line.amount) AS BIGINT) AS amount FROM line");
        self.push(&mut sql);
        match (place, &self.from) {
            (Some((date, id)), _) => {
                sql.push(" AND (line.business_date, line.id) < (").push_bind(date);
                sql.push(", ").push_bind(*id).push(")");
            }
            (None, Some(from)) => {
                sql.push(" AND line.business_date < ").push_bind(from);
            }
            (None, None) => return Ok(0),
        }
        tx.count(sql).await
    }
}
