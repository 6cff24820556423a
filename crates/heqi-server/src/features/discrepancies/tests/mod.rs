//! Goal: nobody's work on a discrepancy is lost or done twice, nothing counts as cleared that is
//! not, and who may not see a customer sees nothing of it.

mod attachments;

use axum::http::Method;
use heqi_domain::{Id, LineId, Side};
use serde_json::{Value as Json, json};

use super::fixture::{line, pair, post, rounding};
use crate::testing::{Answer, Client, TestApp, on_both};

/// POST of a version.
async fn act(client: &Client, path: &str, version: i64, body: Json) -> Answer {
    let tag = crate::answer::etag(version);
    client.send(Method::POST, path, &[("if-match", &tag)], Some(body)).await
}

fn at(app: &TestApp, discrepancy: &str, act: &str) -> String {
    app.at(&format!("/discrepancies/{discrepancy}{act}"))
}

fn ids(page: &Answer) -> Vec<String> {
    let items = page.body["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discrepancy_shows_both_sides_and_what_to_do() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let id = pair(&app, customer, "digit_slip+date", 125_000, 152_000).await;
        app.clock.advance(3 * 86_400);
        let reader = app.client("read_only").await;
        let seen = reader.get(&at(&app, &id, "")).await.expect(200);
        assert_eq!(seen.version(), 1);
        let shown = &seen.body["discrepancy"];
        assert_eq!(shown["amount"], -27_000);
        assert_eq!(shown["remaining"], -27_000);
        assert_eq!(
            (shown["age_days"].as_i64(), shown["overdue"].as_bool()),
            (Some(3), Some(false))
        );
        assert_eq!(shown["sentence"], "双方相差");
        for field in ["reason_label", "default_owner", "next_step", "meaning"] {
            assert!(!shown[field].as_str().unwrap().is_empty(), "{field}");
        }
        let pair = &seen.body["pairs"][0];
        let amount = &pair["marks"]["amount"]["ours"];
        assert_eq!(amount[0], json!({ "text": "1", "differs": false }));
        assert_eq!(amount[1], json!({ "text": "25", "differs": true }));
        assert_eq!(pair["theirs"]["reference"], "XS-1010");
        let english = [("accept-language", "en")];
        let path = at(&app, &id, "");
        let seen = reader.send(Method::GET, &path, &english, None).await.expect(200);
        assert_eq!(seen.body["discrepancy"]["sentence"], "They differ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_sorted_and_paged() {
    on_both(async |app: TestApp| {
        let (one, two) = (app.customer("C1", "海仓").await, app.customer("C2", "百%味_").await);
        let old = pair(&app, one, "amount+date", 500, 100).await;
        app.clock.advance(86_400);
        let mid = pair(&app, two, "rounding", 103, 100).await;
        app.clock.advance(86_400);
        let new = pair(&app, one, "amount", 100, 1_000).await;
        let me = app.client("accountant").await;
        me.patch(
            &at(&app, &mid, ""),
            1,
            json!({ "owner": me.user_text(), "due_date": "2026-11-03" }),
        )
        .await
        .expect(200);
        let list = async |query: &str| {
            let path = app.at(&format!("/discrepancies?{query}"));
            ids(&me.get(&path).await.expect(200))
        };
        assert_eq!(list("").await, [&old[..], &mid, &new]);
        assert_eq!(list("sort=newest").await, [&new[..], &mid, &old]);
        assert_eq!(list("sort=amount").await, [&new[..], &old, &mid]);
        assert_eq!(list("reason=amount").await, [&old[..], &new]);
        assert_eq!(list("owner=me").await, [&mid[..]]);
        assert_eq!(list("owner=none").await, [&old[..], &new]);
        assert_eq!(list("overdue=true").await, [&mid[..]]);
        assert_eq!(list("age_min=1&age_max=1").await, [&mid[..]]);
        assert_eq!(list("age_min=1").await, [&old[..], &mid]);
        assert_eq!(list("amount_min=400&amount_max=900").await, [&old[..], &new]);
        assert_eq!(list("q=c2").await, [&mid[..]]);
        assert_eq!(list("q=%25").await, [&mid[..]], "a percent sign is a letter, no pattern");
        assert_eq!(list("q=xs-1010&limit=1").await.len(), 1);
        assert!(list("status=resolved").await.is_empty());
        for sort in ["age", "newest", "amount"] {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let query = format!("/discrepancies?sort={sort}&limit=1{cursor}");
                let page = me.get(&app.at(&query)).await.expect(200);
                found.extend(ids(&page));
                let Some(next) = page.body["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(found, list(&format!("sort={sort}")).await);
        }
        me.get(&app.at("/discrepancies?status=lost")).await.expect(422);
        me.get(&app.at("/discrepancies?customer=1")).await.expect(422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_who_may_not_see_the_customer_sees_nothing() {
    on_both(async |app: TestApp| {
        let seller = app.client_in(&app.company, "sales", "own", "").await;
        let own = app.customer_of(&app.company, "C1", "自己", Some(seller.user), "", "").await;
        let foreign = app.customer("C2", "别人").await;
        let mine = pair(&app, own, "amount", 200, 100).await;
        let other = pair(&app, foreign, "amount", 200, 100).await;
        assert_eq!(ids(&seller.get(&app.at("/discrepancies")).await), [&mine[..]]);
        for path in ["", "/history", "/comments", "/people"] {
            seller.get(&at(&app, &other, path)).await.expect(404);
            seller.get(&at(&app, &mine, path)).await.expect(200);
        }
        seller.patch(&at(&app, &other, ""), 1, json!({ "cause": "cutoff" })).await.expect(404);
        let item = |id: &str| json!({ "discrepancy": id, "version": 1 });
        let bulk = json!({
            "items": [item(&other), item(&mine)],
            "update": { "due_date": "2026-11-30" },
        });
        let done = seller.post(&app.at("/discrepancies/bulk"), bulk).await.expect(200);
        assert_eq!(done.body[0]["problem"]["code"], "not_found");
        assert_eq!(done.body[1]["version"], 2);
        // The owner has to be able to see the customer; so has who is mentioned.
        let manager = app.client("accountant").await;
        let owner = json!({ "owner": seller.user_text() });
        let refused = manager.patch(&at(&app, &other, ""), 1, owner.clone()).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/owner");
        let comment = json!({ "body": "看一下", "mentions": [seller.user_text()] });
        manager.post(&at(&app, &other, "/comments"), comment).await.expect(422);
        manager.patch(&at(&app, &mine, ""), 2, owner).await.expect(200);
        let people = manager.get(&at(&app, &other, "/people")).await.expect(200);
        assert!(!people.body.to_string().contains(&format!("\"{}\"", seller.user_text())));
        let reader = app.client("read_only").await;
        reader.patch(&at(&app, &mine, ""), 3, json!({ "cause": "cutoff" })).await.expect(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_recorded_told_and_held_against_versions() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let id = pair(&app, customer, "amount", 500, 100).await;
        let (maker, other) = (app.client("accountant").await, app.client("accountant").await);
        let update =
            json!({ "owner": other.user_text(), "due_date": "2026-11-10", "cause": "tax" });
        let done = maker.patch(&at(&app, &id, ""), 1, update).await.expect(200);
        assert_eq!((done.version(), done.text("due_date")), (2, "2026-11-10".to_owned()));
        let stale = maker.patch(&at(&app, &id, ""), 1, json!({ "cause": "" })).await.expect(412);
        assert_eq!(stale.body["facts"]["version"], 2);
        let path = at(&app, &id, "");
        let none = maker.send(Method::PATCH, &path, &[], Some(json!({ "cause": "" }))).await;
        none.expect(428);
        let bad = json!({ "due_date": "2026-02-30" });
        let bad = maker.patch(&at(&app, &id, ""), 2, bad).await.expect(422);
        assert_eq!(bad.body["errors"][0]["pointer"], "/due_date");
        let hold = json!({ "until": "2026-11-20", "reason": "等对方回函" });
        let held = act(&maker, &at(&app, &id, "/hold"), 2, hold).await.expect(200);
        assert_eq!(held.text("status"), "held");
        let past = json!({ "until": "2026-11-01", "reason": "x" });
        act(&maker, &at(&app, &id, "/hold"), 3, past).await.expect(422);
        let why = json!({ "reason": "已回函" });
        let free = act(&maker, &at(&app, &id, "/release"), 3, why.clone()).await.expect(200);
        assert_eq!(free.text("status"), "open");
        act(&maker, &at(&app, &id, "/release"), 4, why).await.expect(409);
        let timing = json!({ "expected": "2026-11-15" });
        let timed = act(&maker, &at(&app, &id, "/timing"), 4, timing).await.expect(200);
        assert_eq!((timed.text("cause"), timed.text("status")), ("cutoff".into(), "held".into()));
        let comment = json!({ "body": "@她 请看", "mentions": [other.user_text()] });
        maker.post(&at(&app, &id, "/comments"), comment).await.expect(201);
        let comments = other.get(&at(&app, &id, "/comments")).await.expect(200);
        assert_eq!(comments.body[0]["body"], "@她 请看");

        let inbox = other.get(&app.at("/notifications?unread=true")).await.expect(200);
        let kinds: Vec<_> = inbox.body["items"].as_array().unwrap().iter().collect();
        assert_eq!(
            (kinds[0]["kind"].as_str(), kinds[1]["kind"].as_str()),
            (Some("mention"), Some("assigned"))
        );
        let read = json!({ "notifications": ids(&inbox) });
        // Another's notifications are not read by guessing their ids.
        let foreign = maker.post(&app.at("/notifications/read"), read.clone()).await.expect(200);
        assert_eq!(foreign.body, 0);
        other.post(&app.at("/notifications/read"), read).await.expect(200);
        let inbox = other.get(&app.at("/notifications?unread=true")).await.expect(200);
        assert!(ids(&inbox).is_empty());

        let history = maker.get(&at(&app, &id, "/history")).await.expect(200);
        let words: Vec<_> = history
            .body
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["words"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(words[0], "对账时发现差异");
        assert!(words[1].contains("限期 2026-11-10") && words[1].contains("交给 "), "{words:?}");
        assert_eq!(words[2], "挂起至 2026-11-20：等对方回函");
        assert_eq!(words.len(), 6);
        let count = "SELECT COUNT(*) FROM audit_record WHERE action LIKE 'discrepancy.%'";
        assert_eq!(app.number(count).await, 5, "one record for each effect, none for refusals");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_cleared_is_resolved() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let stranger = app.customer("C2", "别家").await;
        let me = app.client("accountant").await;
        let id = pair(&app, customer, "amount", 500, 100).await;
        let resolve = at(&app, &id, "/resolve");
        let body = |resolution: &str, lines: &[i64]| {
            let lines: Vec<_> = lines.iter().map(|line| LineId::text(*line)).collect();
            json!({ "resolution": resolution, "note": "对方已补记", "lines": lines })
        };
        let refused = act(&me, &resolve, 1, body("accepted_by_customer", &[])).await.expect(409);
        assert_eq!(refused.code(), "not_cleared");
        assert_eq!(refused.body["facts"]["remaining"], 400);
        act(&me, &resolve, 1, body("no_effect", &[])).await.expect(409);
        let part = post(&app, line(customer, Side::Theirs, 300, "B1", "2026-10-30")).await;
        let rest = post(&app, line(customer, Side::Theirs, 100, "B2", "2026-10-30")).await;
        let alien = post(&app, line(stranger, Side::Theirs, 400, "B3", "2026-10-30")).await;
        act(&me, &resolve, 1, body("corrected_by_customer", &[part])).await.expect(409);
        act(&me, &resolve, 1, body("corrected_by_customer", &[alien])).await.expect(422);
        let twice = body("corrected_by_customer", &[part, part]);
        act(&me, &resolve, 1, twice).await.expect(422);
        act(&me, &resolve, 1, body("written_off", &[part, rest])).await.expect(422);
        let all = body("corrected_by_customer", &[part, rest]);
        let done = act(&me, &resolve, 1, all).await.expect(200);
        assert_eq!((done.text("status"), done.number("remaining")), ("resolved".into(), 0));
        // O3 by SQL: what is resolved has nothing left.
        let left = "SELECT CAST(COALESCE(SUM(ABS(d.amount + (SELECT SUM(s.effect) FROM \
             discrepancy_settlement s WHERE s.discrepancy_id = d.id))), 0) AS BIGINT) \
             FROM discrepancy d WHERE d.status = 'resolved'";
        assert_eq!(app.number(left).await, 0);
        // One entry clears one discrepancy.
        let second = pair(&app, customer, "amount", 500, 100).await;
        let again = body("corrected_by_customer", &[part, rest]);
        act(&me, &at(&app, &second, "/resolve"), 1, again).await.expect(422);
        act(&me, &resolve, 2, body("our_correction", &[])).await.expect(409);
        let why = json!({ "reason": "看错了" });
        let open = act(&me, &at(&app, &id, "/reopen"), 2, why).await.expect(200);
        assert_eq!((open.text("status"), open.number("remaining")), ("open".into(), 400));
        let zero = pair(&app, customer, "wrong_reference", 100, 100).await;
        let fits = body("no_effect", &[]);
        act(&me, &at(&app, &zero, "/resolve"), 1, fits).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_of_32_who_resolve_the_same_one_wins() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let id = rounding(&app, customer, 4).await;
        let clear = post(&app, line(customer, Side::Theirs, 4, "B1", "2026-10-30")).await;
        let person = app.client("accountant").await;
        let tasks = (0..32).map(|turn| {
            let (client, owner) = (person.clone(), person.user_text());
            let (path, free) = (at(&app, &id, ""), app.at("/adjustments"));
            let id = id.clone();
            tokio::spawn(async move {
                let tag = [("if-match", "\"v1\"")];
                let (method, path, body) = match turn % 4 {
                    0 => (Method::PATCH, path, json!({ "owner": owner })),
                    1 => {
                        let body = json!({ "until": "2026-12-01", "reason": "等" });
                        (Method::POST, format!("{path}/hold"), body)
                    }
                    2 => {
                        let lines = [LineId::text(clear)];
                        let resolution = "corrected_by_customer";
                        let body = json!({ "resolution": resolution, "note": "n", "lines": lines });
                        (Method::POST, format!("{path}/resolve"), body)
                    }
                    _ => {
                        let body = json!({
                            "discrepancy": id, "amount": -4, "kind": "adjustment",
                            "date": "2026-11-01", "account": "6603", "reason": "尾差",
                        });
                        (Method::POST, free, body)
                    }
                };
                client.send(method, &path, &tag, Some(body)).await.status.as_u16()
            })
        });
        let mut statuses = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            statuses.push(task.await.unwrap());
        }
        let won = statuses.iter().filter(|status| **status < 300).count();
        assert_eq!(won, 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| *status < 300 || [409, 412].contains(status)));
        let effects = "SELECT COUNT(*) FROM audit_record WHERE action LIKE 'discrepancy.%'";
        assert_eq!(app.number(effects).await, 1);
        assert_eq!(app.number("SELECT version FROM discrepancy").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_act_says_what_became_of_each() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let one = rounding(&app, customer, 1).await;
        let two = rounding(&app, customer, 2).await;
        let me = app.client("accountant").await;
        me.patch(&at(&app, &two, ""), 1, json!({ "cause": "tax" })).await.expect(200);
        let item = |id: &str| json!({ "discrepancy": id, "version": 1 });
        let items = json!([item(&two), item(&one), item("discrepancy-5"), item(&one)]);
        let hold = json!({ "until": "2026-11-20", "reason": "等回函" });
        let bulk = json!({ "items": items, "hold": hold });
        let done = me.post(&app.at("/discrepancies/bulk"), bulk).await.expect(200);
        let code = |at: usize| done.body[at]["problem"]["code"].as_str();
        assert_eq!(code(0), Some("stale"));
        assert_eq!((code(1), done.body[1]["version"].as_i64()), (None, Some(2)));
        assert_eq!((code(2), code(3)), (Some("not_found"), Some("stale")));
        let held = "SELECT COUNT(*) FROM discrepancy WHERE status = 'held'";
        assert_eq!(app.number(held).await, 1);
        let both = json!({ "items": [item(&one)], "hold": hold, "update": { "cause": "tax" } });
        me.post(&app.at("/discrepancies/bulk"), both).await.expect(422);
        let other = app.other_company().await;
        let alien = app.client_in(&other, "accountant", "all", "").await;
        alien.get(&at(&app, &one, "")).await.expect(404);
        let crossed = at(&app, &one, "").replace(&app.company, &other);
        alien.get(&crossed).await.expect(404);
    })
    .await;
}
