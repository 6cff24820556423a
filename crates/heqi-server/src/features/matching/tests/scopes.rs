//! Goal: who may not see a customer sees none of its matches.

use heqi_domain::{CustomerId, Id, LineId};
use serde_json::json;

use super::{ambiguous, committed, decide, suggestions};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_customer_sees_none_of_its_matches() {
    on_both(async |app: TestApp| {
        let (customer, lines) = ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let (group, version) = suggestions(&app, &client).await[0].clone();
        let other = app.client_in(&app.company, "accountant", "region", "华东").await;
        let reader = app.client("read_only").await;
        assert_eq!(suggestions(&app, &other).await, []);
        other.get(&app.at(&format!("/groups/{group}"))).await.expect(404);
        decide(&app, &other, &group, "confirm", version).await.expect(404);
        decide(&app, &reader, &group, "confirm", version).await.expect(403);
        let pair = json!({ "lines": [LineId::text(lines[0]), LineId::text(lines[2])] });
        other.post(&app.at("/groups"), pair).await.expect(404);
        let ask = json!({ "customer": CustomerId::text(customer) });
        other.post(&app.at("/match-runs"), ask).await.expect(404);
        other.post(&app.at("/match-runs"), json!({})).await.expect(422);
        let runs = client.get(&app.at("/match-runs")).await.expect(200);
        let run = runs.body["items"][0]["id"].as_str().unwrap().to_owned();
        other.get(&app.at(&format!("/match-runs/{run}"))).await.expect(404);
        let company = app.other_company().await;
        let foreign = app.client_in(&company, "accountant", "all", "").await;
        foreign.get(&format!("/api/companies/{company}/groups/{group}")).await.expect(404);
    })
    .await;
}
