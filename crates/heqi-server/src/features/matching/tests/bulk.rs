//! Goal: a bulk act answers for each item and is one act.

use serde_json::json;

use super::{bridge_closes, committed, everything, oracles, suggestions, wholesale};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_act_answers_for_each_item_and_is_undone_as_one() {
    on_both(async |app: TestApp| {
        wholesale(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let before = everything(&app).await;
        let open = suggestions(&app, &client).await;
        let groups: Vec<&String> = open.iter().take(20).map(|open| &open.0).collect();
        let bulk = app.at("/groups/bulk-confirm");
        let done = client.post(&bulk, json!({ "groups": groups })).await.expect(200);
        let items = done.body["items"].as_array().unwrap();
        assert_eq!(items.len(), groups.len());
        let confirmed = items.iter().filter(|item| item["result"] == "done").count() as i64;
        assert!(confirmed > 0);
        let decided = "SELECT COUNT(*) FROM match_group WHERE status = 'live' AND decided";
        assert_eq!(app.number(decided).await, confirmed);
        oracles(&app).await;
        let act = done.text("act");
        let undo = app.at(&format!("/match-acts/{act}/undo"));
        client.post(&undo, json!({ "reason": "整批撤销" })).await.expect(200);
        let after = everything(&app).await;
        assert_eq!(before[0], after[0]);
        assert_eq!(before[2..], after[2..]);
        committed(&app, &client).await;
        bridge_closes(&app).await;
    })
    .await;
}
