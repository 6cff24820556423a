//! Changes of the ledger as they happen (R22): which customers' lines have changed.
//!
//! Every change takes the company's next number under a lock and marks its customers with it,
//! whichever process makes it; who watches asks for what is marked beyond the number seen last.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use heqi_domain::{CustomerId, Id};
use heqi_platform::{Sql, Tx};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ctx::Ctx;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// A change is seen within a second, and an idle company costs one look at one row for that.
const PAUSE: Duration = Duration::from_millis(700);

/// Customers named in one message; with more, everything is to be loaded again.
const NAMED_MAX: usize = 500;

/// Whose ledgers changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LedgerChange {
    /// The number of the change.
    pub sequence: i64,
    /// The customers within the caller's reach.
    pub customers: Vec<String>,
    /// Whether there are more than are named.
    pub more: bool,
}

/// Whose ledgers change, from now on or from `Last-Event-ID`.
#[utoipa::path(
    get, path = "/api/companies/{company}/events", tag = "ledger",
    operation_id = "ledger_events", params(("company" = String, Path)),
    responses((status = 200, description = "A `LedgerChange` for each change",
               content_type = "text/event-stream", body = String),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn ledger_events(
    ctx: Ctx,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    ctx.require(Permission::LedgerRead)?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<i64>().ok());
    let seen = match seen {
        Some(seen) => seen,
        None => newest(&mut ctx.read().await?, ctx.company).await?,
    };
    let events = futures::stream::unfold((ctx, seen), |(ctx, seen)| async move {
        let mut seen = seen;
        loop {
            // An error ends the stream; the browser comes back with the number it saw last.
            let change = look(&ctx, seen).await.ok()?;
            if let Some(change) = change {
                seen = change.sequence;
                if !change.customers.is_empty() {
                    let event = Event::default().event("ledger").id(seen.to_string());
                    let event = event.json_data(&change).unwrap_or_default();
                    return Some((Ok(event), (ctx, seen)));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

async fn newest(tx: &mut Tx, company: i64) -> Result<i64, Problem> {
    let sql = Sql::new("SELECT MAX(sequence) AS n FROM ledger_clock WHERE company_id = $1");
    Ok(tx.count(sql.bind(company)).await?)
}

/// What changed since a number, as far as the caller may see it by now.
async fn look(ctx: &Ctx, seen: i64) -> Result<Option<LedgerChange>, Problem> {
    let mut tx = ctx.read().await?;
    // Looked up as on a first request: a right that was revoked ends the stream.
    let grants = crate::auth::grants(&mut tx, &ctx.caller, ctx.company).await?;
    let scope = grants.0.get(&Permission::LedgerRead).ok_or_else(Problem::not_found)?;
    let sequence = newest(&mut tx, ctx.company).await?;
    if sequence <= seen {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT customer_id FROM ledger_change WHERE company_id = ");
    sql.push_bind(ctx.company).push(" AND sequence > ").push_bind(seen);
    scope.push_customers(&mut sql, "customer_id", ctx.company);
    sql.push(" ORDER BY customer_id LIMIT ").push_bind(NAMED_MAX as i64 + 1);
    let rows = tx.rows(sql).await?;
    let customers: Result<Vec<String>, heqi_platform::DbError> = rows
        .iter()
        .take(NAMED_MAX)
        .map(|row| Ok(CustomerId::text(row.get("customer_id")?)))
        .collect();
    let more = rows.len() > NAMED_MAX;
    Ok(Some(LedgerChange { sequence, customers: customers?, more }))
}
