//! Goal: a stopped customer takes no new sales and can still settle what it owes; one that was
//! merged is read with the one it has become, and takes nothing but reversals.

use heqi_domain::{CustomerId, Id, Side};
use heqi_platform::Sql;
use serde_json::{Value as Json, json};

use super::{act, document, posted, submit};
use crate::features::ledger::{LedgerKind, NewLine, post};
use crate::problem::Problem;
use crate::testing::{Client, TestApp, on_both};

async fn put(app: &TestApp, line: NewLine) -> Result<i64, Problem> {
    let mut tx = app.app.db.write().await.unwrap();
    let ids = post(&mut tx, app.company_number(), "user-1", &[line]).await?;
    tx.commit_housekeeping().await.unwrap();
    Ok(ids[0])
}

async fn run(app: &TestApp, sql: Sql) {
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

async fn stop(app: &TestApp, customer: i64) {
    run(app, Sql::new("UPDATE customer SET status = 'stopped' WHERE id = $1").bind(customer)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_customer_takes_no_new_sales_and_still_settles() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let sale = document(customer, "sale", "2026-10-08", 11_300);
        let old = posted(&app, &writer, &poster, sale).await;
        let line = old.body["legs"][0]["id"].as_str().unwrap().to_owned();
        let (waits, version) =
            submit(&app, &writer, document(customer, "sale", "2026-10-09", 1_000)).await;
        stop(&app, customer).await;
        // Neither a new draft nor one that waited, nor lines of another feature.
        let new = document(customer, "sale", "2026-10-10", 2_000);
        let refused = writer.post(&app.at("/documents"), new).await.expect(409);
        assert_eq!(refused.code(), "customer_stopped");
        assert_eq!(refused.body["errors"][0]["pointer"], "/customer");
        let refused = act(&app, &poster, &waits, version, "approve").await.expect(409);
        assert_eq!(refused.code(), "customer_stopped");
        for kind in LedgerKind::ALL.iter().copied() {
            for side in [Side::Ours, Side::Theirs] {
                let made = put(&app, NewLine::new(customer, side, kind, "2026-10-11", -700)).await;
                let new =
                    side == Side::Ours && matches!(kind, LedgerKind::Sale | LedgerKind::Exchange);
                match made {
                    Ok(_) => assert!(!new, "{kind:?}"),
                    Err(problem) => {
                        assert!(new, "{kind:?} of {side:?}: {}", problem.code);
                        assert_eq!(problem.code, "customer_stopped");
                        assert_eq!(problem.errors[0].pointer, "/lines/0/customer");
                        assert!(problem.detail[0].contains("停用"));
                    }
                }
            }
        }
        let receipt = document(customer, "receipt", "2026-10-12", -1_300);
        posted(&app, &writer, &poster, receipt).await;
        let body = json!({ "reason": "单价录错", "date": "2026-10-12" });
        poster.post(&app.at(&format!("/lines/{line}/reverse")), body).await.expect(201);
    })
    .await;
}

async fn merge(app: &TestApp, gone: i64, stays: i64) {
    let client = app.client("accountant").await;
    let path = app.at(&format!("/customers/{}/merge", CustomerId::text(gone)));
    let body = json!({ "into": CustomerId::text(stays), "reason": "同一家" });
    let shown = client.get(&app.at(&format!("/customers/{}", CustomerId::text(gone)))).await;
    let tag = crate::answer::etag(shown.expect(200).version());
    let post = axum::http::Method::POST;
    client.send(post, &path, &[("if-match", &tag)], Some(body)).await.expect(200);
}

/// The list of balances and the account in pages: one customer, three lines, 123.
async fn pages(app: &TestApp, client: &Client, id: &str) {
    let all = client.get(&app.at("/balances")).await.expect(200);
    assert_eq!(all.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(all.body["items"][0]["accounts"][0]["ours"], 123);
    let account = app.at(&format!("/customers/{id}/account?limit=2"));
    let page = client.get(&account).await.expect(200);
    assert_eq!(page.body["items"][1]["balance"], 120);
    let next = page.text("next");
    let rest = client.get(&format!("{account}&cursor={next}")).await.expect(200);
    let figures = (rest.number("brought_forward"), rest.number("carried_forward"));
    assert_eq!(figures, (120, 123));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_customer_sees_what_was_merged_into_it() {
    on_both(async |app: TestApp| {
        let east = |code: &'static str, name: &'static str, region: &'static str| {
            app.customer_of(&app.company, code, name, None, "", region)
        };
        let stays = east("C1", "海仓商贸", "East").await;
        let between = east("C2", "海仓商贸二部", "East").await;
        let gone = east("C3", "海昌商贸", "West").await;
        let sale = |customer, date, amount| {
            NewLine::new(customer, Side::Ours, LedgerKind::Sale, date, amount)
        };
        put(&app, sale(stays, "2026-10-05", 100)).await.unwrap();
        put(&app, sale(between, "2026-10-06", 20)).await.unwrap();
        let old = put(&app, sale(gone, "2026-10-07", 3)).await.unwrap();
        run(&app, Sql::new("DELETE FROM match_due")).await;
        merge(&app, gone, between).await;
        merge(&app, between, stays).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM match_due").await, 2);
        let client = app.client_in(&app.company, "finance_manager", "region", "East").await;
        let id = CustomerId::text(stays);
        let amounts = |items: &Json| -> Vec<i64> {
            let items = items.as_array().unwrap().iter();
            items.map(|item| item["amount"].as_i64().unwrap()).collect()
        };
        let list = client.get(&app.at(&format!("/lines?customer={id}&sort=date"))).await;
        assert_eq!(amounts(&list.expect(200).body["items"]), [100, 20, 3]);
        let total = client.get(&app.at(&format!("/lines/total?customer={id}"))).await.expect(200);
        assert_eq!(total.body[0]["amount"], 123);
        let whole = app.client("finance_manager").await;
        let group = whole.get(&app.at(&format!("/lines/total?group={id}"))).await.expect(200);
        assert_eq!(group.body[0]["amount"], 123);
        let balance = app.at(&format!("/customers/{id}/balance"));
        let one = client.get(&balance).await.expect(200);
        assert_eq!(one.body["accounts"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&one.body["accounts"][0]["ours"], &one.body["accounts"][0]["ours_lines"]),
            (&json!(123), &json!(3))
        );
        pages(&app, &client, &id).await;
        // Whoever has no right to the one that stays sees nothing by naming it.
        let west = app.client_in(&app.company, "finance_manager", "region", "West").await;
        let seen = west.get(&app.at(&format!("/lines?customer={id}"))).await.expect(200);
        assert_eq!(amounts(&seen.body["items"]), [0; 0]);
        west.get(&balance).await.expect(404);
        // Nothing new under the old name, but what stands there can be reversed; not in what the
        // one that stays has signed.
        let refused = put(&app, sale(gone, "2026-10-08", 5)).await.unwrap_err();
        assert_eq!(refused.code, "customer_merged");
        let theirs = NewLine::new(gone, Side::Theirs, LedgerKind::Sale, "2026-10-08", 5);
        assert_eq!(put(&app, theirs).await.unwrap_err().code, "customer_merged");
        let back = |date: &str| NewLine {
            reverses: Some(old),
            ..NewLine::new(gone, Side::Ours, LedgerKind::Reversal, date, -3)
        };
        let lock = "UPDATE customer SET locked_through = '2026-10-31' WHERE id = $1";
        run(&app, Sql::new(lock).bind(stays)).await;
        assert_eq!(put(&app, back("2026-10-20")).await.unwrap_err().code, "period_signed");
        put(&app, back("2026-11-02")).await.unwrap();
        assert_eq!(client.get(&balance).await.expect(200).body["accounts"][0]["ours"], 120);
    })
    .await;
}
