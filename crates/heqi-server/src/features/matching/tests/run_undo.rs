//! Goal: a run is taken back as one; what people decided or signed stays; nothing is half done.

use axum::http::Method;
use heqi_domain::{Id, LineId, Side};
use heqi_platform::Sql;
use serde_json::{Value as Json, json};

use super::{
    ambiguous, bridge_closes, committed, decide, line, oracles, plan, posted, suggestions,
};
use crate::testing::{Answer, Client, TestApp, on_both};

const LIVE: &str = "SELECT COUNT(*) FROM match_group WHERE status = 'live'";

async fn last_run(app: &TestApp, client: &Client) -> (String, i64) {
    let runs = client.get(&app.at("/match-runs")).await.expect(200);
    let run = &runs.body["items"][0];
    (run["id"].as_str().unwrap().to_owned(), run["version"].as_i64().unwrap())
}

async fn undo(app: &TestApp, client: &Client, run: &str, version: i64, body: Json) -> Answer {
    let path = app.at(&format!("/match-runs/{run}/undo"));
    let tag = crate::answer::etag(version);
    client.send(Method::POST, &path, &[("if-match", &tag)], Some(body)).await
}

async fn change(app: &TestApp, sql: &'static str) {
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(Sql::new(sql)).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_taken_back_as_one_and_what_a_person_decided_stays() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let open = suggestions(&app, &client).await;
        decide(&app, &client, &open[0].0, "confirm", open[0].1).await.expect(200);
        let (run, version) = last_run(&app, &client).await;
        let ahead = client.get(&app.at(&format!("/match-runs/{run}/undo"))).await.expect(200);
        let figures = |answer: &Answer| ["groups", "lines", "kept"].map(|name| answer.number(name));
        assert_eq!(figures(&ahead), [1, 2, 1]);
        let why = json!({ "reason": "规则用错了" });
        let stale = undo(&app, &client, &run, version + 1, why.clone()).await.expect(412);
        assert_eq!(stale.code(), "stale");
        undo(&app, &client, &run, version, json!({ "reason": "" })).await.expect(422);
        let path = app.at(&format!("/match-runs/{run}/undo"));
        client.post(&path, why.clone()).await.expect(428);
        let tag = crate::answer::etag(version);
        let keyed = [("if-match", tag.as_str()), ("idempotency-key", "undo-1")];
        let done = client.send(Method::POST, &path, &keyed, Some(why.clone())).await.expect(200);
        assert_eq!(figures(&done), [1, 2, 1]);
        assert_eq!(done.body["run"]["state"], "undone");
        assert_eq!(done.body["run"]["undone_note"], "规则用错了");
        assert_eq!(done.body["kept_groups"], json!([{ "group": open[0].0, "why": "decided" }]));
        let same = client.send(Method::POST, &path, &keyed, Some(why.clone())).await.expect(200);
        assert_eq!(same.body, done.body);
        let again = undo(&app, &client, &run, version + 1, why).await.expect(409);
        assert_eq!(again.code(), "run_undone");
        // Only the confirmed one holds lines; the customer is due; one record says it.
        assert_eq!(app.number(LIVE).await, 1);
        let decided = "SELECT COUNT(*) FROM line_claim c JOIN match_group g ON g.id = c.group_id \
                       WHERE NOT g.decided";
        assert_eq!(app.number(decided).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM match_due").await, 1);
        let told = "SELECT COUNT(*) FROM audit_record WHERE action = 'run.undo'";
        assert_eq!(app.number(told).await, 1);
        oracles(&app).await;
        // Matched again under the rules that hold, all is as it was.
        committed(&app, &client).await;
        assert_eq!(app.number(LIVE).await, 2);
        oracles(&app).await;
        bridge_closes(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_apart_by_the_undo_is_not_matched_again_by_itself() {
    on_both(async |app: TestApp| {
        let (_, lines) = ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let (run, version) = last_run(&app, &client).await;
        let body = json!({ "reason": "导错了账套", "keep_apart": true });
        undo(&app, &client, &run, version, body).await.expect(200);
        committed(&app, &client).await;
        assert_eq!(app.number(LIVE).await, 0);
        bridge_closes(&app).await;
        let pair = [LineId::text(lines[3]), LineId::text(lines[4])];
        client.post(&app.at("/groups"), json!({ "lines": pair })).await.expect(201);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_group_refuses_the_undo_and_a_handled_difference_stays() {
    on_both(async |app: TestApp| {
        let customer = app.customer("KH1", "甲商行").await;
        let lines = [
            line(customer, Side::Ours, "XS-3001", "2026-10-03", 100_000),
            line(customer, Side::Theirs, "XS-3001", "2026-10-04", 93_700),
            line(customer, Side::Ours, "XS-3002", "2026-10-05", 55_500),
            line(customer, Side::Theirs, "XS-3002", "2026-10-05", 55_500),
        ];
        posted(&app, &lines).await;
        let client = app.client("accountant").await;
        let planned = plan(&app, &client, json!({})).await;
        let path = app.at(&format!("/match-runs/{}/undo", planned.text("id")));
        let tag = crate::answer::etag(planned.version());
        let why = json!({ "reason": "规则用错了" });
        let tag = [("if-match", tag.as_str())];
        let early = client.send(Method::POST, &path, &tag, Some(why.clone())).await.expect(409);
        assert_eq!(early.code(), "run_not_committed");
        committed(&app, &client).await;
        let (run, version) = last_run(&app, &client).await;
        assert_eq!(app.number(LIVE).await, 2);
        change(&app, "UPDATE match_group SET period_id = 77 WHERE difference = 0").await;
        let signed = undo(&app, &client, &run, version, why.clone()).await.expect(409);
        assert_eq!(signed.code(), "run_signed");
        assert_eq!(signed.body["facts"]["signed"][0]["why"], "period-77");
        assert_eq!(app.number(LIVE).await, 2);
        change(&app, "UPDATE match_group SET period_id = NULL").await;
        change(&app, "UPDATE discrepancy SET status = 'held' WHERE amount = 6300").await;
        let done = undo(&app, &client, &run, version, why).await.expect(200);
        assert_eq!((done.number("groups"), done.number("kept")), (1, 1));
        assert_eq!(done.body["kept_groups"][0]["why"], "difference_handled");
        assert_eq!(app.number(LIVE).await, 1);
        oracles(&app).await;
        committed(&app, &client).await;
        assert_eq!(app.number(LIVE).await, 2);
        bridge_closes(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_take_a_run_back_does_not() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let (run, version) = last_run(&app, &client).await;
        let why = json!({ "reason": "试试" });
        let reader = app.client("read_only").await;
        undo(&app, &reader, &run, version, why.clone()).await.expect(403);
        let other = app.client_in(&app.company, "accountant", "region", "华东").await;
        undo(&app, &other, &run, version, why.clone()).await.expect(404);
        let company = app.other_company().await;
        let foreign = app.client_in(&company, "accountant", "all", "").await;
        let path = format!("/api/companies/{company}/match-runs/{run}/undo");
        let tag = crate::answer::etag(version);
        foreign.send(Method::POST, &path, &[("if-match", &tag)], Some(why)).await.expect(404);
        foreign.get(&path).await.expect(404);
        assert_eq!(app.number(LIVE).await, 1);
    })
    .await;
}
