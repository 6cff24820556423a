//! Goal: what is matched or held by hand is, with a reason, and nothing else moves.

use heqi_domain::{CustomerId, Id, LineId, Side};
use heqi_platform::Value;
use serde_json::json;

use super::{bridge_closes, commit, committed, everything, line, oracles, plan, posted};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn a_match_by_hand_needs_a_reason_for_a_difference_and_a_held_line_is_left_alone() {
    on_both(async |app: TestApp| {
        let customer = app.customer("KH1", "甲商行").await;
        let lines = posted(
            &app,
            &[
                line(customer, Side::Ours, "XS-1", "2026-10-03", 90_000),
                line(customer, Side::Theirs, "入-77", "2026-10-04", 81_300),
                line(customer, Side::Theirs, "", "2026-07-01", 1_234),
            ],
        )
        .await;
        let ids: Vec<String> = lines.iter().map(|id| LineId::text(*id)).collect();
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        bridge_closes(&app).await;
        let before = everything(&app).await;
        let sums = app.at(&format!("/groups/sums?lines={},{}", ids[0], ids[1]));
        let sums = client.get(&sums).await.expect(200);
        assert_eq!(
            (sums.number("difference"), &sums.body["within_rounding"]),
            (8_700, &json!(false))
        );
        let pair = json!({ "lines": [ids[0], ids[1]] });
        client.post(&app.at("/groups"), pair).await.expect(422);
        let pair = json!({ "lines": [ids[0], ids[1]], "reason": "扣了运费" });
        let made = client.post(&app.at("/groups"), pair.clone()).await.expect(201);
        assert_eq!(made.body["group"]["state"], "differs");
        assert_eq!(made.body["group"]["pass"], "decided");
        oracles(&app).await;
        bridge_closes(&app).await;
        assert_eq!(client.post(&app.at("/groups"), pair).await.expect(409).code(), "line_taken");
        let act = made.body["group"]["act"].as_str().unwrap();
        let undo = app.at(&format!("/match-acts/{act}/undo"));
        client.post(&undo, json!({ "reason": "点错了" })).await.expect(200);
        let now = everything(&app).await;
        let live = |all: &[Vec<Vec<Value>>]| {
            all[1]
                .iter()
                .filter(|row| row[5] != Value::Text("gone".into()))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(live(&before), live(&now));
        assert_eq!(before[2..], now[2..]);
        // Held: in no plan until its day has passed.
        let hold = json!({ "lines": [ids[2]], "reason": "等客户查", "until": "2026-11-30" });
        let past = json!({ "lines": [ids[2]], "reason": "等客户查", "until": "2026-11-01" });
        client.post(&app.at("/line-holds"), past).await.expect(422);
        let held = client.post(&app.at("/line-holds"), hold.clone()).await.expect(201);
        assert_eq!(client.post(&app.at("/line-holds"), hold).await.expect(409).code(), "line_held");
        let run = plan(&app, &client, json!({ "customer": CustomerId::text(customer) })).await;
        let states = run.body["summary"]["states"].as_array().unwrap();
        let held_row = states.iter().find(|row| row["state"] == "held").unwrap();
        assert_eq!(held_row["theirs"], json!({ "lines": 1, "amount": 1_234 }));
        commit(&app, &client, &run).await.expect(200);
        oracles(&app).await;
        bridge_closes(&app).await;
        let undo = app.at(&format!("/match-acts/{}/undo", held.text("id")));
        client.post(&undo, json!({ "reason": "查到了" })).await.expect(200);
        assert_eq!(app.number("SELECT COUNT(*) FROM line_hold").await, 0);
        let hold = json!({ "lines": [ids[2]], "reason": "再等", "until": "2026-11-03" });
        client.post(&app.at("/line-holds"), hold).await.expect(201);
        app.clock.advance(48 * 3600);
        super::super::jobs::look(&app.app).await.unwrap();
        assert_eq!(app.number("SELECT COUNT(*) FROM line_hold").await, 0);
    })
    .await;
}
