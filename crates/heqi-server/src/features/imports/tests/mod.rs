//! Goal: a file ends in the ledger row by row, once, whatever is sent twice, in parallel or by
//! halves; nothing is lost, nothing is posted that the preview did not show (trust.md B5, O1).
//!
//! What the ledger holds is asked of the database in SQL, not of the product.

mod goods;
mod mending;
mod posting;
mod reading;
mod rights;

use axum::http::Method;
use heqi_domain::BatchId;
use heqi_platform::{Sql, Value};
use serde_json::{Value as Json, json};

use crate::testing::{Answer, Client, TestApp};

const HEADER: &str = "日期,单据编号,客户,类型,金额,摘要\n";

async fn upload(app: &TestApp, client: &Client, query: &str, name: &str, text: &str) -> Answer {
    let path = app.at(&format!("/imports?{query}"));
    let headers = [("content-type", "text/csv"), ("x-file-name", name)];
    client.send_bytes(Method::POST, &path, &headers, text.as_bytes().to_vec()).await
}

/// Uploads, reads and checks; the id of the import.
async fn checked(app: &TestApp, client: &Client, query: &str, text: &str) -> String {
    let import = upload(app, client, query, "a.csv", text).await.expect(201);
    app.drain_jobs().await;
    import.text("id")
}

async fn preview(app: &TestApp, client: &Client, id: &str) -> Json {
    client.get(&app.at(&format!("/imports/{id}/preview"))).await.expect(200).body
}

async fn commit(app: &TestApp, client: &Client, id: &str) -> Answer {
    let plan = preview(app, client, id).await["plan"].clone();
    client.post(&app.at(&format!("/imports/{id}/commit")), json!({ "plan": plan })).await
}

/// Rows of a status, over all currencies.
fn rows(preview: &Json, status: &str) -> i64 {
    let totals = preview["totals"].as_array().unwrap().iter();
    totals.filter(|it| it["status"] == status).map(|it| it["rows"].as_i64().unwrap()).sum()
}

async fn count(app: &TestApp, sql: Sql) -> i64 {
    app.app.db.read().await.unwrap().count(sql).await.unwrap()
}

fn number(id: &str) -> i64 {
    id.parse::<BatchId>().unwrap().number()
}

/// O1: rows of the file = posted + known + left out + rejected, and the minor units likewise,
/// by sign; every posted line leads back to its row.
async fn o1(app: &TestApp, id: &str, file_rows: i64) {
    let batch = number(id);
    let staged = "SELECT COUNT(*) FROM import_line WHERE batch_id = $1";
    assert_eq!(count(app, Sql::new(staged).bind(batch)).await, file_rows);
    let lost = "SELECT COUNT(*) FROM import_line i LEFT JOIN line l ON l.batch_id = i.batch_id \
         AND l.batch_row = i.row_no AND l.reverses_id IS NULL WHERE i.batch_id = $1 \
         AND ((i.status = 'new') <> (l.id IS NOT NULL) OR (l.id IS NOT NULL AND \
         (l.amount <> i.amount OR l.customer_id <> i.customer_id OR l.reference <> i.reference)))";
    assert_eq!(count(app, Sql::new(lost).bind(batch)).await, 0);
    let sums = |table: &'static str| {
        let mut sql = Sql::new("SELECT amount > 0 AS plus, CAST(SUM(amount) AS BIGINT) AS n FROM ");
        sql.push(table).push_bind(batch).push(" GROUP BY amount > 0 ORDER BY amount > 0");
        sql
    };
    let mut tx = app.app.db.read().await.unwrap();
    let posted = tx.rows(sums("line WHERE batch_id = ")).await.unwrap();
    let new = tx.rows(sums("import_line WHERE status = 'new' AND batch_id = ")).await.unwrap();
    let values = |rows: &[heqi_platform::Row]| -> Vec<Vec<Value>> {
        rows.iter().map(|row| row.values().to_vec()).collect()
    };
    assert_eq!(values(&posted), values(&new));
}

async fn sign(app: &TestApp, day: &str) {
    run(app, Sql::new("UPDATE customer SET locked_through = $1").bind(day)).await;
}

async fn run(app: &TestApp, sql: Sql) {
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}
