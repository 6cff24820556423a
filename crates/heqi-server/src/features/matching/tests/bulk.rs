//! Goal: a bulk act answers for each item and is one act.

use heqi_platform::Sql;
use serde_json::json;

use super::{bridge_closes, committed, decide, everything, oracles, suggestions, wholesale};
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

#[tokio::test(flavor = "multi_thread")]
async fn what_a_threshold_accepts_is_shown_first_and_exactly_that_is_confirmed() {
    on_both(async |app: TestApp| {
        wholesale(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let look = app.at("/groups/accept?difference_max=100000000");
        let shown = client.get(&look).await.expect(200);
        let groups = shown.body["groups"].as_array().unwrap().clone();
        assert!(!groups.is_empty(), "{:#}", shown.body);
        assert_eq!(shown.number("count"), groups.len() as i64);
        // Asked of the database: suggestions that share no line with another, and their sums.
        let alone = "SELECT COUNT(*) FROM match_group g WHERE g.status = 'suggested' \
                     AND NOT EXISTS (SELECT 1 FROM group_member m JOIN group_member o \
                     ON o.line_id = m.line_id AND o.group_id <> m.group_id JOIN match_group r \
                     ON r.id = o.group_id WHERE m.group_id = g.id AND r.status = 'suggested')";
        let suggested = "SELECT COUNT(*) FROM match_group WHERE status = 'suggested'";
        assert_eq!(shown.number("count"), app.number(alone).await);
        let all = shown.number("count") + shown.number("contested");
        assert_eq!(all, app.number(suggested).await);
        let sums = shown.body["sums"].as_array().unwrap();
        let difference: i64 = sums.iter().map(|sum| sum["difference"].as_i64().unwrap()).sum();
        // A narrower threshold finds fewer, or as many; nobody who may not sees any.
        for wrong in ["difference_max=-1", "days_max=36601", "chance_ppm_max=1000001"] {
            let answer = client.get(&app.at(&format!("/groups/accept?{wrong}"))).await.expect(422);
            assert!(answer.body["errors"][0]["pointer"].is_string(), "{:#}", answer.body);
        }
        let near = app.at("/groups/accept?difference_max=0&days_max=3&chance_ppm_max=10000");
        assert!(client.get(&near).await.expect(200).number("count") <= shown.number("count"));
        let far = app.at("/groups/accept?from=2030-01-01");
        assert_eq!(client.get(&far).await.expect(200).number("count"), 0);
        client.get(&app.at("/groups/accept?from=2030-02-30")).await.expect(422);
        let other = app.client_in(&app.company, "accountant", "region", "华东").await;
        assert_eq!(other.get(&look).await.expect(200).number("count"), 0);
        // Somebody decides in between: refused, nothing done.
        let first = groups[0].as_str().unwrap();
        let filter = json!({ "difference_max": 100_000_000 });
        let body = json!({ "filter": filter, "digest": shown.text("digest") });
        let accept = app.at("/groups/accept");
        let reader = app.client("read_only").await;
        reader.post(&accept, body.clone()).await.expect(403);
        decide(&app, &client, first, "reject", 1).await.expect(200);
        let late = client.post(&accept, body).await.expect(409);
        assert_eq!(late.code(), "accept_changed");
        let before = everything(&app).await;
        let shown = client.get(&look).await.expect(200);
        assert_eq!(shown.text("digest"), late.body["facts"]["digest"].as_str().unwrap());
        let body = json!({ "filter": filter, "digest": shown.text("digest") });
        let done = client.post(&accept, body).await.expect(200);
        let items = done.body["items"].as_array().unwrap();
        assert_eq!(items.len() as i64, shown.number("count"));
        assert!(items.iter().all(|item| item["result"] == "done"), "{items:#?}");
        let confirmed = "SELECT CAST(COALESCE(SUM(difference), 0) AS BIGINT) FROM match_group \
                         WHERE status = 'live' AND decided";
        let rejected = "SELECT CAST(SUM(difference) AS BIGINT) FROM match_group \
                        WHERE status = 'rejected'";
        assert_eq!(app.number(confirmed).await, difference - app.number(rejected).await);
        oracles(&app).await;
        let told = "SELECT COUNT(*) FROM audit_record WHERE action = 'group.accept'";
        assert_eq!(app.number(told).await, 1);
        let undo = app.at(&format!("/match-acts/{}/undo", done.text("act")));
        client.post(&undo, json!({ "reason": "整批撤销" })).await.expect(200);
        let after = everything(&app).await;
        assert_eq!(before[0], after[0]);
        assert_eq!(before[2..], after[2..]);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_of_chance_leaves_out_what_nothing_is_known_of() {
    on_both(async |app: TestApp| {
        wholesale(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let look = app.at("/groups/accept?difference_max=100000000&chance_ppm_max=1000000");
        assert!(client.get(&look).await.expect(200).number("count") > 0);
        let mut tx = app.app.db.write().await.unwrap();
        let forget = "UPDATE match_group SET evidence = '' WHERE status = 'suggested'";
        tx.execute(Sql::new(forget)).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        assert_eq!(client.get(&look).await.expect(200).number("count"), 0);
    })
    .await;
}
