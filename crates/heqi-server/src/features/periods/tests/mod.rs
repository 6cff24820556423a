//! Goal: what is signed was explained, approved by another person, and stays as it was signed.

mod figures;
mod sealed;
mod signing;

use heqi_domain::{CustomerId, Id, Side};
use heqi_platform::Sql;
use serde_json::json;

use crate::features::ledger::{LedgerKind, NewLine, post};
use crate::testing::{Answer, Client, TestApp};

fn line(customer: i64, side: Side, amount: i64, date: &str) -> NewLine {
    NewLine {
        reference: format!("S{amount}"),
        ..NewLine::new(customer, side, LedgerKind::Sale, date, amount)
    }
}

async fn put(app: &TestApp, lines: &[NewLine]) -> Result<Vec<i64>, String> {
    let mut tx = app.app.db.write().await.unwrap();
    let ids = post(&mut tx, app.company_number(), "user-1", lines).await;
    let ids = ids.map_err(|problem| problem.code.to_owned())?;
    tx.commit_housekeeping().await.unwrap();
    Ok(ids)
}

async fn run(app: &TestApp, sql: Sql) {
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

async fn group(app: &TestApp, customer: i64, id: i64, status: &'static str, lines: &[i64]) {
    let sql = Sql::new(
        "INSERT INTO match_group (id, company_id, customer_id, currency, content_id, pass, state, \
         status, ours, theirs, difference, created_at) VALUES \
         ($1, $2, $3, 'CNY', 'x', 'test', 'settled', $4, 0, 0, 0, 1)",
    );
    run(app, sql.bind(id).bind(app.company_number()).bind(customer).bind(status)).await;
    for line in lines {
        let sql = Sql::new(
            "INSERT INTO group_member (company_id, group_id, side, line_id) \
             SELECT company_id, $1, side, id FROM line WHERE id = $2",
        );
        run(app, sql.bind(id).bind(*line)).await;
    }
}

async fn discrepancy(app: &TestApp, customer: i64, id: i64, reason: &str, of: (i64, &[i64])) {
    let sql = Sql::new(
        "INSERT INTO discrepancy (id, company_id, customer_id, currency, content_id, reason, \
         amount, status, first_seen_at, last_seen_at) VALUES \
         ($1, $2, $3, 'CNY', $4, $5, $6, 'open', 1, 1)",
    );
    let sql = sql.bind(id).bind(app.company_number()).bind(customer).bind(id.to_string());
    run(app, sql.bind(reason).bind(of.0)).await;
    for line in of.1 {
        let sql = Sql::new(
            "INSERT INTO discrepancy_line (company_id, discrepancy_id, side, line_id) \
             SELECT company_id, $1, side, id FROM line WHERE id = $2",
        );
        run(app, sql.bind(id).bind(*line)).await;
    }
}

/// A customer with a settled pair and an item that is explained as missing on their side.
async fn explained(app: &TestApp) -> i64 {
    let customer = app.customer("C1", "海仓贸易").await;
    let lines = [
        line(customer, Side::Ours, 10_000, "2026-09-20"),
        line(customer, Side::Theirs, 10_000, "2026-09-21"),
        line(customer, Side::Ours, 30_000, "2026-10-05"),
        line(customer, Side::Theirs, 30_000, "2026-10-06"),
        line(customer, Side::Ours, 5_000, "2026-10-30"),
    ];
    let ids = put(app, &lines).await.unwrap();
    group(app, customer, 1, "live", &ids[0..2]).await;
    group(app, customer, 2, "live", &ids[2..4]).await;
    discrepancy(app, customer, 3, "missing_theirs", (5_000, &ids[4..])).await;
    customer
}

async fn open(app: &TestApp, client: &Client, customer: i64, span: &str) -> Answer {
    let body = json!({ "customer": CustomerId::text(customer), "span": span });
    client.post(&app.at("/periods"), body).await
}

/// A step of a period, of its present version.
async fn step(app: &TestApp, client: &Client, period: &str, step: &str) -> Answer {
    let version = client.get(&app.at(&format!("/periods/{period}"))).await.expect(200).version();
    step_of(app, client, period, step, version).await
}

async fn step_of(app: &TestApp, client: &Client, period: &str, step: &str, of: i64) -> Answer {
    let tag = crate::answer::etag(of);
    let body = match step {
        "reopening" => json!({ "reason": "漏记一张退货单" }),
        _ => json!({}),
    };
    let path = app.at(&format!("/periods/{period}/{step}"));
    client.send(axum::http::Method::POST, &path, &[("if-match", &tag)], Some(body)).await
}

/// Opens, prepares, approves and signs.
/// A period that one person prepared and another approved: the two, and its id.
async fn approved(app: &TestApp, customer: i64, span: &str) -> (Client, Client, String) {
    let accountant = app.client("accountant").await;
    let manager = app.client("finance_manager").await;
    let period = open(app, &accountant, customer, span).await.expect(201).text("id");
    step(app, &accountant, &period, "prepare").await.expect(200);
    step(app, &manager, &period, "approve").await.expect(200);
    (accountant, manager, period)
}

async fn sign(app: &TestApp, customer: i64, span: &str) -> String {
    let (_, manager, period) = approved(app, customer, span).await;
    step(app, &manager, &period, "sign-off").await.expect(200);
    period
}
