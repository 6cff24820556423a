//! Goal: what a person decided stays decided, and of many who want the same one wins.

use heqi_domain::{Id, LineId};
use serde_json::json;

use super::{ambiguous, bridge_closes, committed, decide, everything, oracles, suggestions};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_decided_survives_a_rerun_and_its_undo_restores_every_row() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let open = suggestions(&app, &client).await;
        assert!(open.len() >= 2, "{open:?}");
        let before = everything(&app).await;
        let (group, version) = open[0].clone();
        assert_eq!(
            decide(&app, &client, &group, "confirm", version + 7).await.expect(412).code(),
            "stale"
        );
        let done = decide(&app, &client, &group, "confirm", version).await.expect(200);
        assert_eq!(done.body["group"]["status"], "live");
        assert_eq!(suggestions(&app, &client).await, []);
        oracles(&app).await;
        // The other one shares a line: it is told that it is no suggestion any more.
        let late = decide(&app, &client, &open[1].0, "confirm", open[1].1).await.expect(409);
        assert_eq!(late.code(), "wrong_status");
        assert_eq!(late.body["facts"]["status"], "replaced");
        let act = done.body["group"]["act"].as_str().unwrap().to_owned();
        let undo = app.at(&format!("/match-acts/{act}/undo"));
        client.post(&undo, json!({})).await.expect(422);
        client.post(&undo, json!({ "reason": "点错了" })).await.expect(200);
        assert_eq!(before, everything(&app).await);
        assert_eq!(
            client.post(&undo, json!({ "reason": "再来" })).await.expect(409).code(),
            "undone"
        );
        // Confirmed again, then matched again: the decision stands.
        let (group, version) = suggestions(&app, &client).await[0].clone();
        decide(&app, &client, &group, "confirm", version).await.expect(200);
        committed(&app, &client).await;
        let kept = client.get(&app.at(&format!("/groups/{group}"))).await.expect(200);
        assert_eq!(kept.body["group"]["status"], "live");
        assert_eq!(kept.body["group"]["decided"], true);
        oracles(&app).await;
        bridge_closes(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_or_broken_apart_is_not_made_again() {
    on_both(async |app: TestApp| {
        let (_, lines) = ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let open = suggestions(&app, &client).await;
        let (group, version) = open[0].clone();
        let path = app.at(&format!("/groups/{group}/reject"));
        let tag = crate::answer::etag(version);
        let none = Some(json!({}));
        let post = axum::http::Method::POST;
        client.send(post, &path, &[("if-match", &tag)], none).await.expect(422);
        decide(&app, &client, &group, "reject", version).await.expect(200);
        let live = client.get(&app.at("/groups?status=live")).await.expect(200);
        let settled = live.body["items"][0].clone();
        let (id, version) = (settled["id"].as_str().unwrap(), settled["version"].as_i64().unwrap());
        decide(&app, &client, id, "unmatch", version).await.expect(200);
        committed(&app, &client).await;
        oracles(&app).await;
        bridge_closes(&app).await;
        let again = client.get(&app.at("/groups")).await.expect(200);
        for item in again.body["items"].as_array().unwrap() {
            assert_ne!(item["content"], settled["content"]);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM line_claim").await, 0);
        assert!(!suggestions(&app, &client).await.iter().any(|open| open.0 == group));
        // By hand it can be matched all the same.
        let pair = [LineId::text(lines[3]), LineId::text(lines[4])];
        client.post(&app.at("/groups"), json!({ "lines": pair })).await.expect(201);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_of_many_who_confirm_the_same_lines_one_wins_and_the_others_are_told() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let open = suggestions(&app, &client).await;
        let mut tasks = tokio::task::JoinSet::new();
        for at in 0..32 {
            let (group, version) = open[at % open.len()].clone();
            let (client, path) = (client.clone(), app.at(&format!("/groups/{group}/confirm")));
            tasks.spawn(async move {
                let tag = crate::answer::etag(version);
                let body = Some(json!({}));
                let post = axum::http::Method::POST;
                client.send(post, &path, &[("if-match", &tag)], body).await
            });
        }
        let mut won = 0;
        while let Some(answer) = tasks.join_next().await {
            let answer = answer.unwrap();
            match answer.status.as_u16() {
                200 => won += 1,
                409 => assert!(answer.body["facts"]["status"].is_string(), "{:#}", answer.body),
                _ => panic!("{:#}", answer.body),
            }
        }
        assert_eq!(won, 1);
        let sql = "SELECT COUNT(*) FROM audit_record WHERE action = 'group.confirm'";
        assert_eq!(app.number(sql).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM match_act").await, 1);
        oracles(&app).await;
    })
    .await;
}
