//! Goal: a run of the server is the kernel on the same lines, and the same run changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::{NoProgress, Side};
use heqi_matching::{Openings, RuleSet, State};
use heqi_platform::Value;
use serde_json::json;

use super::super::load::{Select, load};
use super::super::plan::every;
use super::wholesale;
use super::{ambiguous, bridge_closes, commit, everything, line, oracles, plan, posted, same};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn o10_a_run_of_the_server_is_the_kernel_on_the_same_lines() {
    on_both(async |app: TestApp| {
        wholesale(&app).await;
        let client = app.client("accountant").await;
        let run = plan(&app, &client, json!({})).await;
        let done = commit(&app, &client, &run).await.expect(200);
        assert_eq!(done.text("state"), "committed");
        oracles(&app).await;
        bridge_closes(&app).await;
        // Conservation as shown: the states of a side add up to all of its posted lines.
        for side in ["ours", "theirs"] {
            let states = run.body["summary"]["states"].as_array().unwrap().iter();
            let shown: i64 = states.map(|row| row[side]["lines"].as_i64().unwrap()).sum();
            let sql = match side {
                "ours" => "SELECT COUNT(*) FROM line WHERE state = 'posted' AND side = 'ours'",
                _ => "SELECT COUNT(*) FROM line WHERE state = 'posted' AND side = 'theirs'",
            };
            assert_eq!(shown, app.number(sql).await);
        }
        // The kernel, called directly on the same lines, says the same groups.
        let ids = app.values("SELECT id FROM line WHERE state = 'posted' ORDER BY id").await;
        assert!(ids.len() > 2_000, "{}", ids.len());
        let mut tx = app.app.db.write().await.unwrap();
        tx.execute(heqi_platform::Sql::new("DELETE FROM line_claim")).await.unwrap();
        let select = Select::Open { customer: None, as_of: None };
        let loaded = load(&mut tx, app.company_number(), &select).await.unwrap();
        drop(tx);
        let [ours, theirs] = &loaded.lines;
        let rules = RuleSet::default();
        let none = Openings::default();
        let outcome = heqi_matching::match_lines(ours, theirs, &rules, &none, &NoProgress).unwrap();
        heqi_matching::check(&outcome, ours, theirs, &rules).unwrap();
        let direct: BTreeSet<(String, String, Vec<i64>)> = every(&outcome)
            .map(|group| {
                let mut lines: Vec<i64> =
                    group.ours.iter().map(|line| loaded.id(0, *line)).collect();
                lines.extend(group.theirs.iter().map(|line| loaded.id(1, *line)));
                lines.sort_unstable();
                (group.id.to_string(), group.state.code().to_owned(), lines)
            })
            .collect();
        let mut stored: BTreeMap<(String, String, i64), Vec<i64>> = BTreeMap::new();
        let sql = "SELECT content_id, state, id, line_id FROM match_group \
                   JOIN group_member ON group_id = id ORDER BY line_id";
        for row in app.values(sql).await {
            let [Value::Text(content), Value::Text(state), Value::Int(id), Value::Int(line)] =
                &row[..]
            else {
                panic!("{row:?}")
            };
            stored.entry((content.clone(), state.clone(), *id)).or_default().push(*line);
        }
        let stored: BTreeSet<_> = stored
            .into_iter()
            .map(|((content, state, _), lines)| (content, state, lines))
            .collect();
        assert_eq!(stored, direct);
        assert!(every(&outcome).any(|group| group.state == State::Suggested));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_run_again_changes_nothing_and_a_stale_plan_is_refused() {
    on_both(async |app: TestApp| {
        let customers = wholesale(&app).await;
        let client = app.client("accountant").await;
        let first = plan(&app, &client, json!({})).await;
        let second = plan(&app, &client, json!({})).await;
        assert_eq!(first.text("digest"), second.text("digest"));
        commit(&app, &client, &first).await.expect(200);
        // B6: the other run of the same lines is told so, and stays told.
        assert_eq!(commit(&app, &client, &second).await.expect(409).code(), "plan_stale");
        assert_eq!(commit(&app, &client, &second).await.expect(409).code(), "plan_stale");
        assert_eq!(commit(&app, &client, &first).await.expect(409).code(), "run_committed");
        let before = everything(&app).await;
        let again = plan(&app, &client, json!({})).await;
        commit(&app, &client, &again).await.expect(200);
        same(&before, &everything(&app).await);
        // A late posting makes a plan stale.
        let late = plan(&app, &client, json!({})).await;
        posted(&app, &[line(customers[0], Side::Ours, "XS-LATE", "2026-10-30", 100)]).await;
        assert_eq!(commit(&app, &client, &late).await.expect(409).code(), "plan_stale");
        let other = json!({ "digest": "0".repeat(64) });
        let run = plan(&app, &client, json!({})).await;
        let path = app.at(&format!("/match-runs/{}/commit", run.text("id")));
        client.post(&path, other).await.expect(422);
        let sql = "SELECT COUNT(*) FROM audit_record WHERE action = 'run.commit'";
        assert_eq!(app.number(sql).await, 2);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_lines_are_matched_by_themselves_once() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM match_due").await, 1);
        super::super::jobs::look(&app.app).await.unwrap();
        super::super::jobs::look(&app.app).await.unwrap();
        assert_eq!(app.number("SELECT COUNT(*) FROM job WHERE kind = 'match.customer'").await, 1);
        app.drain_jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM match_due").await, 0);
        let live = "SELECT COUNT(*) FROM match_group WHERE status = 'live'";
        assert_eq!(app.number(live).await, 1);
        assert_eq!(app.actions().await, ["run.commit"]);
        assert_eq!(super::super::jobs::look(&app.app).await.unwrap(), 0);
        bridge_closes(&app).await;
    })
    .await;
}
