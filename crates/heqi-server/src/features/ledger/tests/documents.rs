//! Goal: a document says what it means, is posted by somebody else, and then stays.

use axum::http::Method;
use heqi_domain::{CustomerId, Id};
use serde_json::json;

use super::{act, document, posted, submit};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_reviewed_by_another_person_and_posted_with_a_number() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let body = document(customer, "sale", "2026-10-08", 11_300);
        let made = writer.post(&app.at("/documents"), body).await.expect(201);
        let id = made.text("id");
        assert_eq!(made.text("state"), "draft");
        // The customer's term is 30 days.
        assert_eq!(made.body["legs"][0]["due_date"], "2026-11-07");
        assert_eq!(made.body["legs"][0]["posting_date"], "2026-10-08");
        let early = act(&app, &poster, &id, 1, "approve").await.expect(409);
        assert_eq!(early.code(), "wrong_state");
        let sent = act(&app, &writer, &id, 1, "submit").await.expect(200);
        assert_eq!((sent.text("state"), sent.version()), ("review".to_owned(), 2));
        act(&app, &poster, &id, 1, "approve").await.expect(412);
        act(&app, &writer, &id, 2, "approve").await.expect(403);
        let done = act(&app, &poster, &id, 2, "approve").await.expect(200);
        assert_eq!(done.text("state"), "posted");
        assert_eq!(done.body["legs"][0]["voucher_no"], 1);
        assert_eq!(done.body["legs"][0]["posted_by"], poster.user_text());
        let again = act(&app, &poster, &id, 3, "approve").await.expect(409);
        assert_eq!(again.code(), "wrong_state");
        let path = app.at(&format!("/documents/{id}"));
        let changed = writer.patch(&path, 3, json!({ "amount": 1 })).await.expect(409);
        assert_eq!(changed.code(), "wrong_state");
        assert_eq!(
            app.number("SELECT CAST(SUM(amount) AS BIGINT) FROM line WHERE state = 'posted'").await,
            11_300
        );
        let actions = ["document.create", "document.submit", "document.post"];
        assert_eq!(app.actions().await, actions);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_neither_the_first_nor_the_last_writer_posts() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (first, last) =
            (app.client("finance_manager").await, app.client("finance_manager").await);
        let body = document(customer, "sale", "2026-10-08", 11_300);
        let id = first.post(&app.at("/documents"), body).await.expect(201).text("id");
        let path = app.at(&format!("/documents/{id}"));
        first.patch(&path, 7, json!({ "memo": "x" })).await.expect(412);
        let changed = last.patch(&path, 1, json!({ "amount": 22_600 })).await.expect(200);
        assert_eq!(changed.body["legs"][0]["created_by"], first.user_text());
        act(&app, &first, &id, 2, "submit").await.expect(200);
        for writer in [&first, &last] {
            let refused = act(&app, writer, &id, 3, "approve").await.expect(409);
            assert_eq!(refused.code(), "own_document");
        }
        let third = app.client("finance_manager").await;
        act(&app, &third, &id, 3, "approve").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_document_is_mended_or_withdrawn() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let (id, version) =
            submit(&app, &writer, document(customer, "sale", "2026-10-08", 100)).await;
        let path = app.at(&format!("/documents/{id}/reject"));
        let tag = crate::answer::etag(version);
        let reject =
            async |body| poster.send(Method::POST, &path, &[("if-match", &tag)], Some(body)).await;
        reject(json!({ "reason": "" })).await.expect(422);
        let rejected = reject(json!({ "reason": "缺签收单" })).await.expect(200);
        assert_eq!(rejected.body["legs"][0]["reason"], "缺签收单");
        let path = app.at(&format!("/documents/{id}"));
        let mended = writer.patch(&path, 3, json!({ "memo": "已补签收单" })).await.expect(200);
        assert_eq!(mended.text("state"), "draft");
        writer.send(Method::DELETE, &path, &[], None).await.expect(428);
        let stale = [("if-match", "\"v3\"")];
        writer.send(Method::DELETE, &path, &stale, None).await.expect(412);
        let fresh = [("if-match", "\"v4\"")];
        let gone = writer.send(Method::DELETE, &path, &fresh, None).await.expect(200);
        assert_eq!(gone.text("state"), "withdrawn");
        assert_eq!(app.number("SELECT COUNT(*) FROM line WHERE voucher_no IS NOT NULL").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_of_each_kind_is_held_and_named() {
    let app = TestApp::on_sqlite().await;
    let customer = app.customer("C1", "海仓商贸").await;
    let writer = app.client("accountant").await;
    for (kind, amount) in [
        ("sale", -1),
        ("refund", -1),
        ("return", 1),
        ("receipt", 1),
        ("advance", 1),
        ("discount", 1),
        ("rebate", 1),
        ("write_off", 1),
        ("adjustment", 0),
        ("opening", 0),
        ("fee", 0),
    ] {
        let body = document(customer, kind, "2026-10-08", amount);
        let refused = writer.post(&app.at("/documents"), body).await.expect(422);
        assert_eq!(refused.code(), "wrong_sign", "{kind}");
        assert_eq!(refused.body["errors"][0]["pointer"], "/amount");
        let expected = match amount {
            0 => "不能为零",
            1 => "负数",
            _ => "正数",
        };
        assert!(refused.text("detail").contains(expected), "{kind}: {}", refused.text("detail"));
        if amount != 0 {
            let body = document(customer, kind, "2026-10-08", -amount);
            writer.post(&app.at("/documents"), body).await.expect(201);
        }
    }
    for kind in ["reversal", "unknown"] {
        let body = document(customer, kind, "2026-10-08", 1);
        writer.post(&app.at("/documents"), body).await.expect(422);
    }
    for (field, value) in [
        ("business_date", json!("2026-13-01")),
        ("reference", json!("")),
        ("memo", json!("a\u{0}b")),
        ("tax", json!(101)),
        ("colour", json!("red")),
        ("other_leg", json!({ "amount": 1 })),
    ] {
        let mut body = document(customer, "sale", "2026-10-08", 100);
        body[field] = value;
        let refused = writer.post(&app.at("/documents"), body).await.expect(422);
        assert!(refused.body["errors"][0]["pointer"].is_string(), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_have_to_come_to_the_amount() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let writer = app.client("accountant").await;
        // 3 boxes at 12.35 without tax, 13 %: 37.05 + 4.82 = 41.87.
        let body = |amount: i64, quantity: i64, kind: &str| {
            let mut body = document(customer, kind, "2026-10-08", amount);
            body["goods"] = json!([{ "name": "抽纸", "unit": "箱", "quantity_micro": quantity,
                                     "price_micro": 12_350_000, "tax_ppm": 130_000 }]);
            body
        };
        let path = app.at("/documents");
        let refused = writer.post(&path, body(4_189, 3_000_000, "sale")).await.expect(422);
        assert_eq!(refused.code(), "amount_differs_from_goods");
        assert_eq!(refused.body["facts"], json!({ "goods": "41.87", "amount": "41.89" }));
        for amount in [4_186, 4_187, 4_188] {
            let made = writer.post(&path, body(amount, 3_000_000, "sale")).await.expect(201);
            assert_eq!(made.body["legs"][0]["tax"], 482);
            assert_eq!(made.body["legs"][0]["goods"][0]["net"], 3_705);
        }
        writer.post(&path, body(-4_187, 3_000_000, "return")).await.expect(422);
        let back = writer.post(&path, body(-4_187, -3_000_000, "return")).await.expect(201);
        // A change of the amount alone no longer fits the goods.
        let path = app.at(&format!("/documents/{}", back.text("id")));
        writer.patch(&path, 1, json!({ "amount": -5_000 })).await.expect(422);
        let plain = writer.patch(&path, 1, json!({ "amount": -5_000, "goods": [] })).await;
        assert_eq!(plain.expect(200).body["legs"][0]["goods"], json!([]));
        let oracle = "SELECT COUNT(*) FROM goods_line WHERE net = 3705 AND tax = 482";
        assert_eq!(app.number(oracle).await, 3);
        assert_eq!(app.number("SELECT COUNT(*) FROM goods_line").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_shows_both_legs_and_a_transfer_moves_between_customers() {
    on_both(async |app: TestApp| {
        let (one, two) = (app.customer("C1", "海仓商贸").await, app.customer("C2", "广源").await);
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let mut exchange = document(one, "exchange", "2026-10-08", -5_000);
        let path = app.at("/documents");
        writer.post(&path, exchange.clone()).await.expect(422);
        exchange["other_leg"] = json!({ "amount": -1 });
        let refused = writer.post(&path, exchange.clone()).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/other_leg/amount");
        exchange["other_leg"] = json!({ "amount": 5_000 });
        let done = posted(&app, &writer, &poster, exchange).await;
        assert_eq!(done.number("amount"), 0);
        let legs = "SELECT COUNT(*) FROM line WHERE kind = 'exchange' AND state = 'posted'";
        assert_eq!(app.number(legs).await, 2);

        let mut transfer = document(one, "transfer", "2026-10-09", -700);
        transfer["other_leg"] = json!({ "customer": CustomerId::text(one), "amount": 700 });
        writer.post(&path, transfer.clone()).await.expect(422);
        transfer["other_leg"] = json!({ "customer": CustomerId::text(two), "amount": 701 });
        writer.post(&path, transfer.clone()).await.expect(422);
        transfer["other_leg"]["amount"] = json!(700);
        let done = posted(&app, &writer, &poster, transfer).await;
        let line = done.body["legs"][1]["id"].as_str().unwrap().to_owned();
        let reverse = json!({ "reason": "转错客户", "date": "2026-10-10" });
        let path = app.at(&format!("/lines/{line}/reverse"));
        let reversed = poster.post(&path, reverse).await.expect(201);
        assert_eq!(reversed.body["lines"].as_array().unwrap().len(), 2);
        let sum =
            "SELECT CAST(SUM(amount) AS BIGINT) FROM line WHERE kind IN ('transfer', 'reversal')";
        assert_eq!(app.number(sum).await, 0);
        let balances = "SELECT COUNT(*) FROM (SELECT customer_id FROM line GROUP BY customer_id \
                        HAVING SUM(amount) <> 0) AS open";
        assert_eq!(app.number(balances).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_opened_once_and_first() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        posted(&app, &writer, &poster, document(customer, "sale", "2026-10-08", 100)).await;
        let approve = async |kind: &str, date: &str| {
            let body = document(customer, kind, date, 5_000);
            let (id, version) = submit(&app, &writer, body).await;
            act(&app, &poster, &id, version, "approve").await
        };
        assert_eq!(approve("opening", "2026-10-08").await.expect(409).code(), "opening_not_first");
        let done = approve("opening", "2026-09-30").await.expect(200);
        assert_eq!(approve("opening", "2026-09-29").await.expect(409).code(), "opening_exists");
        assert_eq!(approve("sale", "2026-09-29").await.expect(409).code(), "before_opening");
        let line = done.body["legs"][0]["id"].as_str().unwrap().to_owned();
        let path = app.at(&format!("/lines/{line}/reverse"));
        let body = json!({ "reason": "期初录错", "date": "2026-09-30" });
        poster.post(&path, body).await.expect(201);
        approve("opening", "2026-09-30").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_gives_each_document_its_own_result() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let good = submit(&app, &writer, document(customer, "sale", "2026-10-08", 100)).await;
        let own = submit(&app, &poster, document(customer, "sale", "2026-10-09", 200)).await;
        let bad = submit(&app, &writer, document(customer, "sale", "2026-10-10", 300)).await;
        let stale = submit(&app, &writer, document(customer, "sale", "2026-10-11", 400)).await;
        let items = json!({ "items": [
            { "document": good.0, "version": good.1 },
            { "document": own.0, "version": own.1 },
            { "document": bad.0, "version": bad.1, "reject": "单价不符" },
            { "document": stale.0, "version": 1 },
            { "document": "document-1", "version": 1 },
            { "document": "nonsense", "version": 1 },
            { "document": good.0, "version": good.1 },
        ] });
        let path = app.at("/documents/review");
        writer.post(&path, items.clone()).await.expect(403);
        let done = poster.post(&path, items).await.expect(200);
        let states: Vec<_> = done.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                (item["state"].as_str().unwrap_or("-"), item["code"].as_str().unwrap_or("-"))
            })
            .collect();
        assert_eq!(
            states,
            [
                ("posted", "-"),
                ("-", "own_document"),
                ("rejected", "-"),
                ("-", "stale"),
                ("-", "not_found"),
                ("-", "not_found"),
                ("-", "stale")
            ]
        );
        assert_eq!(done.body["items"][0]["voucher_nos"], json!([1]));
        assert_eq!((done.number("done"), done.number("refused")), (2, 5));
        assert_eq!(
            app.number("SELECT CAST(SUM(amount) AS BIGINT) FROM line WHERE state = 'posted'").await,
            100
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_a_foreign_document_does_not_exist() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let writer = app.client("accountant").await;
        let (id, version) =
            submit(&app, &writer, document(customer, "sale", "2026-10-08", 100)).await;
        let path = app.at(&format!("/documents/{id}"));
        let line = writer.get(&path).await.body["legs"][0]["id"].as_str().unwrap().to_owned();
        let stranger = app.client_in(&app.company, "finance_manager", "own", "").await;
        let other = app.other_company().await;
        let elsewhere = app.client_in(&other, "finance_manager", "all", "").await;
        let crossed = path.replace(&app.company, &other);
        elsewhere.get(&crossed).await.expect(404);
        for client in [&stranger, &elsewhere] {
            client.get(&path).await.expect(404);
            client.get(&app.at(&format!("/lines/{line}"))).await.expect(404);
            client.patch(&path, version, json!({ "amount": 1 })).await.expect(404);
            act(&app, client, &id, version, "approve").await.expect(404);
            let body = json!({ "reason": "x", "date": "2026-10-10" });
            client.post(&app.at(&format!("/lines/{line}/reverse")), body).await.expect(404);
        }
        let body = document(customer, "sale", "2026-10-08", 100);
        let refused = stranger.post(&app.at("/documents"), body).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/customer");
        let reader = app.client("read_only").await;
        reader.get(&path).await.expect(200);
        reader.patch(&path, version, json!({})).await.expect(403);
        // Half of a transfer is not to be seen by who may not see the other customer.
        let mine = app.customer_of(&app.company, "C9", "本人", Some(stranger.user), "", "").await;
        let mut transfer = document(mine, "transfer", "2026-10-09", -700);
        transfer["other_leg"] = json!({ "customer": CustomerId::text(customer), "amount": 700 });
        let made = writer.post(&app.at("/documents"), transfer).await.expect(201);
        stranger.get(&app.at(&format!("/documents/{}", made.text("id")))).await.expect(404);
    })
    .await;
}
