//! Goal: no rule holds that nobody tried and another person did not approve.

use axum::http::Method;
use heqi_domain::{Id, LineId, Side};
use serde_json::json;

use crate::features::matching::tests::{line, posted};
use crate::testing::{Answer, Client, TestApp, on_both};

async fn act(app: &TestApp, client: &Client, rules: &Answer, verb: &str) -> Answer {
    let path = app.at(&format!("/rules/{}/{verb}", rules.text("id")));
    let tag = crate::answer::etag(rules.number("version"));
    let body = Some(json!({ "reason": "看过试跑" }));
    client.send(Method::POST, &path, &[("if-match", &tag)], body).await
}

async fn view(app: &TestApp, client: &Client, rules: &Answer) -> Answer {
    client.get(&app.at(&format!("/rules/{}", rules.text("id")))).await.expect(200)
}

async fn tried(app: &TestApp, client: &Client, rules: &Answer) -> Answer {
    let path = app.at(&format!("/rules/{}/bench", rules.text("id")));
    client.send(Method::POST, &path, &[], None).await.expect(202);
    app.drain_jobs().await;
    view(app, client, rules).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_tried_proposed_and_approved_by_another_person() {
    on_both(async |app: TestApp| {
        let maker = app.client("finance_manager").await;
        let checker = app.client("finance_manager").await;
        let accountant = app.client("accountant").await;
        let active = maker.get(&app.at("/rules/active")).await.expect(200);
        assert_eq!(active.text("name"), "default");
        let wrong = json!({ "name": "十月", "toml": "[dates]\nlatr = 40\n" });
        let refused = maker.post(&app.at("/rules"), wrong).await.expect(422);
        assert!(refused.text("detail").contains("latr"), "{:#}", refused.body);
        let rate = json!({ "name": "十月", "toml": "[differences]\ndiscount_ppm = [2000000]\n" });
        maker.post(&app.at("/rules"), rate).await.expect(422);
        let new = json!({ "name": "十月", "toml": "[dates]\nlater = 40\n" });
        let draft = maker.post(&app.at("/rules"), new.clone()).await.expect(201);
        let said = draft.body["sentences"].to_string();
        assert!(said.contains("40 天"), "{said}");
        assert_eq!(act(&app, &maker, &draft, "propose").await.expect(409).code(), "not_tried");
        let draft = tried(&app, &maker, &draft).await;
        assert_eq!(draft.body["bench"]["lines"], 0);
        let put = app.at(&format!("/rules/{}", draft.text("id")));
        maker.put(&put, draft.number("version") - 1, new.clone()).await.expect(412);
        let changed = maker.put(&put, draft.number("version"), new).await.expect(200);
        assert_eq!(act(&app, &maker, &changed, "propose").await.expect(409).code(), "not_tried");
        let draft = tried(&app, &maker, &changed).await;
        act(&app, &maker, &draft, "propose").await.expect(200);
        let proposed = view(&app, &maker, &draft).await;
        assert_eq!(act(&app, &maker, &proposed, "approve").await.expect(409).code(), "own_rules");
        act(&app, &accountant, &proposed, "approve").await.expect(403);
        act(&app, &checker, &proposed, "approve").await.expect(200);
        assert_eq!(
            act(&app, &checker, &proposed, "approve").await.expect(409).code(),
            "wrong_state"
        );
        let active = maker.get(&app.at("/rules/active")).await.expect(200);
        assert_eq!(active.text("id"), draft.text("id"));
        assert_eq!(active.text("approved_by"), checker.user_text());
        let actions = app.actions().await;
        for action in ["rules.create", "rules.change", "rules.propose", "rules.approve"] {
            assert!(actions.iter().any(|done| done == action), "{action} in {actions:?}");
        }
        // The next one retires it; one that is rejected does not.
        for verb in ["reject", "approve"] {
            let new = json!({ "name": verb, "toml": "" });
            let draft = maker.post(&app.at("/rules"), new).await.expect(201);
            let draft = tried(&app, &maker, &draft).await;
            let proposed = act(&app, &maker, &draft, "propose").await.expect(200);
            act(&app, &checker, &proposed, verb).await.expect(200);
            let one = "SELECT COUNT(*) FROM rules WHERE state = 'active'";
            assert_eq!(app.number(one).await, 1);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM rules WHERE state = 'retired'").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_tells_what_a_version_would_have_done_with_the_past() {
    on_both(async |app: TestApp| {
        let customer = app.customer("KH1", "甲商行").await;
        let lines = posted(
            &app,
            &[
                line(customer, Side::Ours, "XS-1001", "2026-10-03", 120_000),
                line(customer, Side::Theirs, "XS-1001", "2026-10-04", 120_000),
                line(customer, Side::Ours, "", "2026-10-05", 33_333),
                line(customer, Side::Theirs, "", "2026-10-05", 33_333),
            ],
        )
        .await;
        let client = app.client("finance_manager").await;
        for pair in lines.chunks(2) {
            let pair = json!({ "lines": [LineId::text(pair[0]), LineId::text(pair[1])] });
            client.post(&app.at("/groups"), pair).await.expect(201);
        }
        let strict = json!({ "name": "严格", "toml": "[passes]\namount_date = false\n" });
        let draft = client.post(&app.at("/rules"), strict).await.expect(201);
        let draft = tried(&app, &client, &draft).await;
        let bench = &draft.body["bench"];
        assert_eq!((&bench["groups"], &bench["lines"]), (&json!(2), &json!(4)));
        assert_eq!(bench["holding"]["right"], 2);
        assert_eq!(bench["tried"]["right"], 1);
        assert_eq!(bench["tried"]["precision_ppm"], 1_000_000);
        assert_eq!((&bench["more"], &bench["less"]), (&json!(0), &json!(2)));
    })
    .await;
}
