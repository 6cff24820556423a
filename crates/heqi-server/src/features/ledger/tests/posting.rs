//! Goal: what is posted stays, is numbered without a gap, and never enters a signed period.

use std::sync::Arc;

use heqi_platform::Sql;
use serde_json::json;

use super::{act, document, posted, submit};
use crate::testing::{Client, TestApp, on_both};

/// A posted sale of 113.00, by whom it was written and posted.
struct Sale {
    customer: i64,
    writer: Client,
    poster: Client,
    line: String,
}

async fn sale(app: &TestApp) -> Sale {
    let customer = app.customer("C1", "海仓商贸").await;
    let (writer, poster) = (app.client("accountant").await, app.client("finance_manager").await);
    let body = document(customer, "sale", "2026-10-08", 11_300);
    let done = posted(app, &writer, &poster, body).await;
    let line = done.body["legs"][0]["id"].as_str().unwrap().to_owned();
    Sale { customer, writer, poster, line }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_is_an_opposite_entry_made_once() {
    on_both(async |app: TestApp| {
        let Sale { writer, poster, line, .. } = sale(&app).await;
        let path = app.at(&format!("/lines/{line}/reverse"));
        let body = |date: &str| json!({ "reason": "单价录错", "date": date });
        writer.post(&path, body("2026-10-09")).await.expect(403);
        poster.post(&path, body("2026-10-07")).await.expect(422);
        let reversed = poster.post(&path, body("2026-10-09")).await.expect(201);
        let entry = &reversed.body["lines"][0];
        assert_eq!((&entry["kind"], &entry["amount"]), (&json!("reversal"), &json!(-11_300)));
        assert_eq!((&entry["reverses"], &entry["voucher_no"]), (&json!(line), &json!(2)));
        let again = poster.post(&path, body("2026-10-09")).await.expect(409);
        assert_eq!(again.code(), "already_reversed");
        let own = app.at(&format!("/lines/{}/reverse", entry["id"].as_str().unwrap()));
        assert_eq!(poster.post(&own, body("2026-10-09")).await.expect(409).code(), "is_reversal");
        let shown = poster.get(&app.at(&format!("/lines/{line}"))).await.expect(200);
        assert_eq!(shown.body["reversed_by"], entry["id"]);
        assert_eq!(app.number("SELECT CAST(SUM(amount) AS BIGINT) FROM line").await, 0);
        let links = "SELECT COUNT(*) FROM line r JOIN line o ON o.id = r.reverses_id \
                     WHERE r.amount = -o.amount AND r.state = 'posted'";
        assert_eq!(app.number(links).await, 1);
        assert!(app.actions().await.contains(&"line.reverse".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_all_or_nothing() {
    on_both(async |app: TestApp| {
        let Sale { customer, poster, line, .. } = sale(&app).await;
        let path = app.at(&format!("/lines/{line}/correct"));
        let body = |amount: i64| {
            json!({ "reason": "数量录错", "date": "2026-10-09",
                    "document": document(customer, "sale", "2026-10-08", amount) })
        };
        poster.post(&path, body(-1)).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 1);
        let made = poster.post(&path, body(22_600)).await.expect(201);
        assert_eq!(made.body["draft"]["state"], "draft");
        let states = "SELECT COUNT(*) FROM line WHERE state = 'posted'";
        assert_eq!(app.number(states).await, 2);
        // Who corrected wrote the draft; somebody else posts it.
        let id = made.body["draft"]["id"].as_str().unwrap().to_owned();
        act(&app, &poster, &id, 1, "submit").await.expect(200);
        assert_eq!(act(&app, &poster, &id, 2, "approve").await.expect(409).code(), "own_document");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_the_database_itself_refuses_to_change_what_is_posted() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let mut body = document(customer, "sale", "2026-10-08", 4_187);
        body["goods"] = json!([{ "name": "抽纸", "quantity_micro": 3_000_000,
                                 "price_micro": 12_350_000, "tax_ppm": 130_000 }]);
        posted(&app, &writer, &poster, body).await;
        let refused = async |sql: &'static str| {
            let mut tx = app.app.db.write().await.unwrap();
            let error = tx.execute(Sql::new(sql)).await.expect_err(sql);
            assert!(matches!(error, heqi_platform::DbError::Refused(_)), "{sql}: {error}");
        };
        for sql in [
            "UPDATE line SET amount = 1",
            "UPDATE line SET memo = 'x'",
            "UPDATE line SET business_date = '2026-10-09'",
            "UPDATE line SET customer_id = 1",
            "UPDATE line SET voucher_no = 7",
            "UPDATE line SET posted_at = 7",
            "UPDATE line SET posted_by = 'x'",
            "UPDATE line SET document_id = NULL",
            "UPDATE line SET reverses_id = 7",
            "UPDATE line SET company_id = 7",
            "UPDATE line SET state = 'draft'",
            "DELETE FROM line",
            "UPDATE goods_line SET net = 1",
            "DELETE FROM goods_line",
        ] {
            refused(sql).await;
        }
        // An undone batch withdraws a line; then it is as fixed as before.
        let mut tx = app.app.db.write().await.unwrap();
        tx.execute(Sql::new("UPDATE line SET state = 'withdrawn'")).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        refused("UPDATE line SET state = 'draft'").await;
        refused("UPDATE line SET amount = 1").await;
        refused("DELETE FROM line").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b7_nothing_is_posted_into_a_signed_period() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let done =
            posted(&app, &writer, &poster, document(customer, "sale", "2026-09-08", 100)).await;
        let (id, version) =
            submit(&app, &writer, document(customer, "sale", "2026-09-30", 200)).await;
        let sign = "UPDATE customer SET locked_through = '2026-09-30' WHERE id = $1";
        let mut tx = app.app.db.write().await.unwrap();
        tx.execute(Sql::new(sign).bind(customer)).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        let refused = act(&app, &poster, &id, version, "approve").await.expect(409);
        assert_eq!(refused.code(), "period_signed");
        let line = done.body["legs"][0]["id"].as_str().unwrap().to_owned();
        let path = app.at(&format!("/lines/{line}/reverse"));
        let body = |date: &str| json!({ "reason": "退单", "date": date });
        let refused = poster.post(&path, body("2026-09-30")).await.expect(409);
        assert_eq!(refused.code(), "period_signed");
        let mut late = document(customer, "sale", "2026-10-01", 300);
        late["posting_date"] = json!("2026-09-30");
        let (id, version) = submit(&app, &writer, late).await;
        act(&app, &poster, &id, version, "approve").await.expect(409);
        poster.post(&path, body("2026-10-01")).await.expect(201);
        let inside = "SELECT COUNT(*) FROM line WHERE state = 'posted' \
                      AND posting_date <= '2026-09-30'";
        assert_eq!(app.number(inside).await, 1);
        assert_eq!(app.number("SELECT MAX(voucher_no) FROM line").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_no_gap_under_eight_posters() {
    on_both(async |app: TestApp| {
        const EACH: i64 = 6;
        let app = Arc::new(app);
        let writer = app.client("accountant").await;
        let mut tasks = Vec::new();
        for poster in 0..8_i64 {
            let (app, writer) = (Arc::clone(&app), writer.clone());
            tasks.push(tokio::spawn(async move {
                let client = app.client("finance_manager").await;
                let customer = app.customer(&format!("C{poster}"), "并行客户").await;
                for number in 0..EACH {
                    let date = format!("202{}-10-0{}", 5 + number % 2, number + 1);
                    let body = document(customer, "sale", &date, 100 + number);
                    let (id, version) = submit(&app, &writer, body).await;
                    loop {
                        let answer = act(&app, &client, &id, version, "approve").await;
                        if answer.status == 200 {
                            break;
                        }
                        assert_eq!(answer.code(), "conflict_retry", "{:#}", answer.body);
                    }
                    // One of three is reversed: that takes a number too.
                    if number % 3 == 0 {
                        let shown = client.get(&app.at(&format!("/documents/{id}"))).await;
                        let line = shown.body["legs"][0]["id"].as_str().unwrap().to_owned();
                        let body = json!({ "reason": "退单", "date": "2026-10-20" });
                        let path = app.at(&format!("/lines/{line}/reverse"));
                        client.post(&path, body).await.expect(201);
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let oracle = "SELECT COUNT(*) FROM (SELECT company_id, side, SUBSTR(posting_date, 1, 4), \
             COUNT(*) AS n, COUNT(DISTINCT voucher_no) AS d, MIN(voucher_no) AS lo, \
             MAX(voucher_no) AS hi FROM line WHERE state = 'posted' \
             GROUP BY company_id, side, SUBSTR(posting_date, 1, 4)) AS series \
             WHERE n <> d OR lo <> 1 OR hi <> n";
        assert_eq!(app.number(oracle).await, 0);
        let posted = app.number("SELECT COUNT(*) FROM line WHERE state = 'posted'").await;
        assert_eq!(posted, 8 * (EACH + EACH / 3));
        let next = "SELECT CAST(SUM(next - 1) AS BIGINT) AS n FROM voucher_series";
        assert_eq!(app.number(next).await, posted);
    })
    .await;
}
