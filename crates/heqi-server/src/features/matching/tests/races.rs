//! Goal: whatever happens to a customer at the same time, the result is one that a row of single
//! steps could have had.

use heqi_domain::{CustomerId, Id, Side};
use serde_json::json;

use super::{bridge_closes, commit, line, oracles, plan, posted};
use crate::testing::{TestApp, on_both};

const ROUNDS: i64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn b6_two_runs_and_a_late_posting_end_as_one_after_the_other() {
    on_both(async |app: TestApp| {
        let clients = [app.client("accountant").await, app.client("finance_manager").await];
        for round in 0..ROUNDS {
            let customer = app.customer(&format!("B6-{round}"), "乙商行").await;
            let pair = |number: i64| {
                let reference = format!("XS-{round}-{number}");
                let day = format!("2026-10-{:02}", number + 1);
                [Side::Ours, Side::Theirs]
                    .map(|side| line(customer, side, &reference, &day, 1_000 + number))
            };
            posted(&app, &[pair(1), pair(2), pair(3)].concat()).await;
            let body = json!({ "customer": CustomerId::text(customer) });
            let first = plan(&app, &clients[0], body.clone()).await;
            let second = plan(&app, &clients[1], body.clone()).await;
            let late = pair(4);
            // The posting begins a little later each time, so that it meets every moment.
            let post = async {
                tokio::time::sleep(std::time::Duration::from_micros(round as u64 * 400)).await;
                posted(&app, &late).await
            };
            let (one, other, _) = tokio::join!(
                commit(&app, &clients[0], &first),
                commit(&app, &clients[1], &second),
                post,
            );
            for answer in [&one, &other] {
                assert!([200, 409].contains(&answer.status.as_u16()), "{:#}", answer.body);
            }
            oracles(&app).await;
            // Who was refused plans anew, and finds what was left.
            let again = plan(&app, &clients[0], body).await;
            commit(&app, &clients[0], &again).await.expect(200);
            oracles(&app).await;
            bridge_closes(&app).await;
            let pairs = "SELECT COUNT(*) FROM match_group WHERE status = 'live'";
            assert_eq!(app.number(pairs).await, 4 * (round + 1), "round {round}");
        }
        let audited = "SELECT COUNT(*) FROM audit_record WHERE action = 'run.commit'";
        let committed = "SELECT COUNT(*) FROM match_run WHERE state = 'committed'";
        assert_eq!(app.number(audited).await, app.number(committed).await);
    })
    .await;
}
