//! Goal: what is signed stays as it was signed, or is found to have changed.

use heqi_domain::{CustomerId, Id, Side};
use heqi_platform::Sql;
use serde_json::json;

use super::{explained, group, line, open, put, run, sign, step, step_of};
use crate::features::ledger::first_open_day;
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn a_late_document_keeps_its_date_and_is_booked_in_the_next_period() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let period = sign(&app, customer, "2026-10").await;
        let mut late = line(customer, Side::Theirs, 2_000, "2026-10-29");
        assert_eq!(put(&app, &[late.clone()]).await, Err("period_signed".to_owned()));
        late.posting_date = first_open_day("2026-10-31", &late.business_date);
        assert_eq!(late.posting_date, "2026-11-01");
        put(&app, &[late]).await.unwrap();
        let auditor = app.client("auditor").await;
        let path = app.at(&format!("/periods/{period}/verify"));
        let found = auditor.post(&path, json!({})).await.expect(200);
        let late = &found.body["late"][0];
        assert_eq!(
            (&late["reason"], &found.body["late_amount"]),
            (&json!("post_signature"), &json!(-2_000))
        );
        let signed =
            [&found.body["lines_ok"], &found.body["snapshot_ok"], &found.body["checkpoint_ok"]];
        assert_eq!(signed, [true, true, true]);
        let accountant = app.client("accountant").await;
        let next = open(&app, &accountant, customer, "2026-11").await.expect(201).text("id");
        let next = app.at(&format!("/periods/{next}/preview"));
        let next = accountant.get(&next).await.expect(200);
        let reasons = next.body["snapshot"]["breakdown"].as_array().unwrap();
        let late = json!({ "reason": "post_signature", "amount": -2_000, "count": 1 });
        assert!(reasons.contains(&late), "{reasons:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r47_a_change_behind_the_seal_is_found() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let period = sign(&app, customer, "2026-10").await;
        let path = app.at(&format!("/periods/{period}/verify"));
        let auditor = app.client("auditor").await;
        assert_eq!(auditor.post(&path, json!({})).await.expect(200).body["ok"], true);
        // Two changes that cancel each other in every balance.
        let changed = "UPDATE line SET posting_date = '2026-10-07' \
             WHERE side = 'theirs' AND posting_date = '2026-10-06'";
        run(&app, Sql::new(changed)).await;
        let found = auditor.post(&path, json!({})).await.expect(200);
        assert_eq!((&found.body["ok"], &found.body["lines_ok"]), (&json!(false), &json!(false)));
        for sql in ["UPDATE period_seal SET digest = digest", "DELETE FROM period_seal"] {
            let mut tx = app.app.db.write().await.unwrap();
            assert!(tx.execute(Sql::new(sql)).await.is_err(), "{sql}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_goes_back_one_period_at_a_time_and_keeps_the_seal() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let october = sign(&app, customer, "2026-10").await;
        put(&app, &[line(customer, Side::Theirs, 5_000, "2026-11-02")]).await.unwrap();
        let claim = "SELECT MAX(id) FROM line";
        let last = app.number(claim).await;
        group(&app, customer, 5, "live", &[last]).await;
        let sql = Sql::new(
            "INSERT INTO group_member (company_id, group_id, side, line_id) \
             SELECT company_id, 5, side, line_id FROM discrepancy_line WHERE discrepancy_id = 3",
        );
        run(&app, sql).await;
        run(&app, Sql::new("UPDATE discrepancy SET status = 'resolved' WHERE id = 3")).await;
        let november = sign(&app, customer, "2026-11").await;
        let (accountant, manager) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let refused = step(&app, &manager, &october, "reopening/approve").await.expect(409);
        assert_eq!(refused.code(), "reopening_not_asked");
        step(&app, &manager, &october, "reopening").await.expect(200);
        let own = step(&app, &manager, &october, "reopening/approve").await.expect(409);
        assert_eq!(own.code(), "four_eyes");
        step(&app, &accountant, &october, "reopening/approve").await.expect(403);
        let asked = step(&app, &accountant, &october, "reopening").await.expect(200);
        assert_eq!((asked.body["later"][0].as_str(), asked.number("groups")), (Some("2026-11"), 2));
        let refused = step(&app, &manager, &october, "reopening/approve").await.expect(409);
        assert_eq!(refused.code(), "later_signed");
        step(&app, &accountant, &november, "reopening").await.expect(200);
        let opened = step(&app, &manager, &november, "reopening/approve").await.expect(200);
        assert_eq!(opened.text("state"), "open");
        let locked = "SELECT COUNT(*) FROM customer WHERE locked_through = '2026-10-31'";
        assert_eq!(app.number(locked).await, 1);
        put(&app, &[line(customer, Side::Ours, 7, "2026-11-30")]).await.unwrap();
        let kept = "SELECT COUNT(*) FROM period_seal WHERE reopened_at IS NOT NULL \
             AND reopened_by <> reopen_requested_by AND reopen_reason <> ''";
        assert_eq!(app.number(kept).await, 1);
        let view = manager.get(&app.at(&format!("/periods/{november}"))).await.expect(200);
        assert_eq!(view.body["seals"][0]["reopen_reason"], "漏记一张退货单");
        manager.delete(&app.at(&format!("/periods/{november}"))).await.expect(409);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_another_currency_stays_open() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        sign(&app, customer, "2026-10").await;
        let mut dollars = line(customer, Side::Ours, 900, "2026-10-15");
        dollars.currency = "USD".to_owned();
        put(&app, &[dollars]).await.unwrap();
        let yuan = line(customer, Side::Ours, 900, "2026-10-15");
        assert_eq!(put(&app, &[yuan]).await, Err("period_signed".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b7_nothing_is_posted_inside_a_seal() {
    const SEALS: i64 = 60;
    on_both(async |app: TestApp| {
        let (accountant, manager) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let (mut sealed, mut posted) = (0, 0);
        for round in 0..SEALS {
            let customer = app.customer(&format!("R{round}"), "竞速客户").await;
            let theirs = line(customer, Side::Theirs, 0, "2026-10-02");
            put(&app, &[theirs]).await.unwrap();
            let period = open(&app, &accountant, customer, "2026-10").await.expect(201).text("id");
            step(&app, &accountant, &period, "prepare").await.expect(200);
            step(&app, &manager, &period, "approve").await.expect(200);
            // One side waits for some statements, so that the two meet at every point.
            let ahead = (round % 16 - 1) * 4;
            let wait = async |statements: i64| {
                for _ in 0..statements {
                    app.number("SELECT COUNT(*) FROM period").await;
                }
            };
            let race = async |number: i64| {
                wait(ahead).await;
                let mut new = line(customer, Side::Ours, number + 1, "2026-10-31");
                new.memo = "race".to_owned();
                put(&app, &[new]).await
            };
            let seal = async || {
                wait(-ahead).await;
                step_of(&app, &manager, &period, "sign-off", 3).await
            };
            let posts = async || tokio::join!(race(0), race(1), race(2), race(3));
            let (signed, (a, b, c, d)) = if round % 2 == 0 {
                tokio::join!(seal(), posts())
            } else {
                let (posts, signed) = tokio::join!(posts(), seal());
                (signed, posts)
            };
            let lines = [a, b, c, d];
            let through = lines.iter().filter(|line| line.is_ok()).count();
            // The seal came first and nothing went in, or a line did and the seal was refused.
            if signed.status == 200 {
                assert_eq!(through, 0, "round {round}: {lines:?}");
                sealed += 1;
            } else {
                assert_eq!(signed.code(), "prepared_stale");
                assert!(through > 0);
                posted += 1;
            }
        }
        assert_eq!(sealed + posted, SEALS);
        eprintln!("sealed {sealed}, posted first {posted}");
        let inside = "SELECT COUNT(*) FROM line l JOIN period p ON p.customer_id = l.customer_id \
             AND p.currency = l.currency AND p.company_id = l.company_id \
             WHERE p.state = 'signed' AND l.posting_date <= p.last_day AND l.memo = 'race'";
        assert_eq!(app.number(inside).await, 0);
    })
    .await;
}

async fn merge(app: &TestApp, gone: i64, stays: i64) {
    let client = app.client("accountant").await;
    let path = app.at(&format!("/customers/{}/merge", CustomerId::text(gone)));
    let version = client.get(&app.at(&format!("/customers/{}", CustomerId::text(gone)))).await;
    let tag = crate::answer::etag(version.expect(200).version());
    let body = json!({ "into": CustomerId::text(stays), "reason": "同一家" });
    let post = axum::http::Method::POST;
    client.send(post, &path, &[("if-match", &tag)], Some(body)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_counts_from_the_next_period_on_and_leaves_the_signed_ones_alone() {
    on_both(async |app: TestApp| {
        let stays = explained(&app).await;
        let gone = app.customer("C9", "海昌贸易").await;
        let pair = [
            line(gone, Side::Ours, 700, "2026-10-05"),
            line(gone, Side::Theirs, 700, "2026-10-05"),
        ];
        let ids = put(&app, &pair).await.unwrap();
        group(&app, gone, 9, "live", &ids).await;
        let october = sign(&app, stays, "2026-10").await;
        sign(&app, gone, "2026-10").await;
        merge(&app, gone, stays).await;
        put(&app, &[line(stays, Side::Ours, 40, "2026-11-05")]).await.unwrap();
        let verify = |app: &TestApp| app.at(&format!("/periods/{october}/verify"));
        let manager = app.client("finance_manager").await;
        let intact = manager.post(&verify(&app), json!({})).await.expect(200);
        assert_eq!(intact.body["ok"], true, "{:#}", intact.body);
        let accountant = app.client("accountant").await;
        let next = open(&app, &accountant, stays, "2026-11").await.expect(201).text("id");
        let shown = manager.get(&app.at(&format!("/periods/{next}/preview"))).await.expect(200);
        let ours = &shown.body["snapshot"]["ours"];
        // 450.00 that the one had signed, 7.00 that the other had.
        assert_eq!((&ours["opening"], &ours["closing"]), (&json!(45_700), &json!(45_740)));
        let checks = shown.body["checklist"].as_array().unwrap();
        let identity = checks.iter().find(|check| check["code"] == "identity").unwrap();
        assert_eq!(identity["ok"], true, "{:#}", shown.body);
    })
    .await;
}
