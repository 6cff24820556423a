//! Goal: who may not import does not, and who did not bring a file does not see it.

use serde_json::json;

use super::{HEADER, checked, commit, upload};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_refused_and_who_did_not_bring_it_does_not_see_it() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let text = format!("{HEADER}2026-10-08,X1,C1,销售,1.00,\n");
        let id = checked(&app, &client, "side=ours", &text).await;
        let sales = app.client("sales").await;
        assert_eq!(upload(&app, &sales, "side=ours", "a.csv", &text).await.status, 403);
        // D8: bringing a file of our own side is no way around the review of postings.
        let accountant = app.client("accountant").await;
        let refused = commit(&app, &accountant, &id).await.expect(403);
        assert!(refused.text("detail").contains("ledger.post"), "{:?}", refused.body);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
        let own = app.client_in(&app.company, "accountant", "own", "").await;
        for path in ["", "/preview", "/issues", "/lines", "/rejected/csv"] {
            own.get(&app.at(&format!("/imports/{id}{path}"))).await.expect(404);
        }
        own.post(&app.at(&format!("/imports/{id}/discard")), json!({})).await.expect(404);
        assert!(
            own.get(&app.at("/imports")).await.expect(200).body["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        let other = app.other_company().await;
        let there = app.client_in(&other, "accountant", "all", "").await;
        there.get(&app.at(&format!("/imports/{id}"))).await.expect(404);
        there.get(&format!("/api/companies/{other}/imports/{id}")).await.expect(404);
        for (query, status) in
            [("", 422), ("side=ours&view=up", 422), ("side=ours&customer=customer-9", 404)]
        {
            upload(&app, &client, query, "a.csv", &text).await.expect(status);
        }
        let empty = upload(&app, &client, "side=ours", "a.csv", "").await.expect(422);
        assert_eq!(empty.code(), "empty_upload");
        let discard = app.at(&format!("/imports/{id}/discard"));
        client.post(&discard, json!({})).await.expect(200);
        client.post(&discard, json!({})).await.expect(409);
        commit(&app, &client, &id).await.expect(409);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
    })
    .await;
}
