//! Goal: two customers that are one become one without a posted line being touched.

use heqi_domain::{CustomerId, Id, Side};
use heqi_platform::Value;
use serde_json::{Value as Json, json};

use super::{codes, create, haicang, path};
use crate::features::ledger::{self, LedgerKind, NewLine};
use crate::testing::{Client, TestApp, on_both};

fn number(customer: &Json) -> i64 {
    customer["id"].as_str().unwrap().parse::<CustomerId>().unwrap().number()
}

/// Posts a sale of 100.00 to a customer.
async fn sale(app: &TestApp, customer: i64, date: &str) {
    let mut tx = app.app.db.write().await.unwrap();
    let line = NewLine {
        reference: format!("XS-{customer}-{date}"),
        ..NewLine::new(customer, Side::Ours, LedgerKind::Sale, date, 10_000)
    };
    ledger::post(&mut tx, app.company_number(), "user-1", &[line]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

async fn merge(
    client: &Client,
    app: &TestApp,
    gone: &Json,
    stays: &Json,
    version: i64,
) -> crate::testing::Answer {
    let body = json!({ "into": stays["id"], "reason": "同一家" });
    let tag = crate::answer::etag(version);
    let post = axum::http::Method::POST;
    client.send(post, &path(app, gone, "/merge"), &[("if-match", &tag)], Some(body)).await
}

async fn unmerge(
    client: &Client,
    app: &TestApp,
    gone: &Json,
    version: i64,
) -> crate::testing::Answer {
    let tag = crate::answer::etag(version);
    let post = axum::http::Method::POST;
    let body = Some(json!({ "reason": "不是同一家" }));
    client.send(post, &path(app, gone, "/unmerge"), &[("if-match", &tag)], body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_touches_no_line_and_can_be_taken_back() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let stays = create(&app, &client, haicang()).await;
        let body = json!({ "code": "X", "name": "海昌贸易有限公司", "aliases": ["海昌"] });
        let gone = create(&app, &client, body).await;
        let body = json!({ "code": "Y", "name": "海昌厦门分公司", "parent": gone["id"] });
        let child = create(&app, &client, body).await;
        sale(&app, number(&gone), "2026-10-05").await;
        let lines = "SELECT id, customer_id, amount, voucher_no FROM line ORDER BY id";
        let before = app.values(lines).await;
        let merged = merge(&client, &app, &gone, &stays, 1).await.expect(200);
        assert_eq!(merged.body["aliases"].as_array().unwrap().len(), 4, "{:?}", merged.body);
        assert_eq!(app.values(lines).await, before, "posted lines stay as they are");
        assert_eq!(codes(&client, &app.at("/customers?keyword=haichang")).await, ["C001", "Y"]);
        let seen = client.get(&path(&app, &gone, "")).await.expect(200);
        assert_eq!(
            (&seen.body["status"], &seen.body["merged_into"]),
            (&json!("merged"), &stays["id"])
        );
        let version = seen.version();
        client.patch(&path(&app, &gone, ""), version, json!({ "note": "x" })).await.expect(409);
        let moved = client.get(&path(&app, &child, "")).await.expect(200);
        assert_eq!(moved.body["parent"], stays["id"]);
        let mut tx = app.app.db.read().await.unwrap();
        let company = app.company_number();
        let all = super::super::with_merged(&mut tx, company, number(&stays)).await.unwrap();
        assert_eq!(all, [number(&stays), number(&gone)]);
        for name in ["海昌贸易", "海昌", "X"] {
            let found = super::super::named(&mut tx, company, name).await.unwrap();
            assert_eq!(found, [number(&stays)], "{name}");
        }
        drop(tx);
        let again = merge(&client, &app, &gone, &stays, version).await.expect(409);
        assert_eq!(again.code(), "customer_merged");
        let back = unmerge(&client, &app, &gone, version).await.expect(200);
        assert_eq!(
            (&back.body["status"], &back.body["aliases"]),
            (&json!("active"), &json!(["海昌"]))
        );
        let stays_now = client.get(&path(&app, &stays, "")).await.expect(200);
        assert_eq!(stays_now.body["aliases"], json!(["海仓", "海仓国际"]));
        let moved = client.get(&path(&app, &child, "")).await.expect(200);
        assert_eq!(moved.body["parent"], gone["id"]);
        assert_eq!(app.values(lines).await, before);
        assert_eq!(
            unmerge(&client, &app, &gone, back.version()).await.expect(409).code(),
            "not_merged"
        );
        let actions = app.actions().await;
        assert!(actions.ends_with(&["customer.merge".to_owned(), "customer.unmerge".to_owned()]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_never_reaches_into_a_signed_period() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let stays = create(&app, &client, json!({ "code": "A", "name": "甲" })).await;
        let gone = create(&app, &client, json!({ "code": "B", "name": "乙" })).await;
        sale(&app, number(&gone), "2026-10-05").await;
        sign(&app, number(&gone), "2026-10-31").await;
        let refused = merge(&client, &app, &gone, &stays, 1).await.expect(409);
        assert_eq!(
            refused.code(),
            "merge_crosses_signature",
            "the one that goes is signed further"
        );
        sign(&app, number(&gone), "").await;
        sign(&app, number(&stays), "2026-10-31").await;
        let refused = merge(&client, &app, &gone, &stays, 1).await.expect(409);
        assert_eq!(
            refused.code(),
            "merge_crosses_signature",
            "an entry would enter what is signed"
        );
        sign(&app, number(&gone), "2026-10-31").await;
        merge(&client, &app, &gone, &stays, 1).await.expect(200);
        sign(&app, number(&stays), "2026-11-30").await;
        let version = client.get(&path(&app, &gone, "")).await.version();
        let refused = unmerge(&client, &app, &gone, version).await.expect(409);
        assert_eq!(refused.code(), "merge_in_use");
        let foreign = app.customer_of(&app.company, "Z", "外区", None, "", "West").await;
        let partial = app.client_in(&app.company, "accountant", "region", "East").await;
        let foreign = json!({ "id": CustomerId::text(foreign) });
        merge(&partial, &app, &foreign, &stays, 1).await.expect(404);
    })
    .await;
}

/// Sets the last signed day, as signing off does.
async fn sign(app: &TestApp, customer: i64, through: &str) {
    let mut tx = app.app.db.write().await.unwrap();
    let sql = heqi_platform::Sql::new("UPDATE customer SET locked_through = $1 WHERE id = $2");
    tx.execute(sql.bind(through).bind(Value::Int(customer))).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}
