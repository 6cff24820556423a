//! Goal: what is signed was explained, approved by another person, and stays as it was signed.

use heqi_domain::{CustomerId, Id, Side};
use heqi_platform::Sql;
use serde_json::json;

use crate::features::ledger::{LedgerKind, NewLine, first_open_day, post};
use crate::testing::{Answer, Client, TestApp, on_both};

fn line(customer: i64, side: Side, amount: i64, date: &str) -> NewLine {
    NewLine {
        reference: format!("S{amount}"),
        ..NewLine::new(customer, side, LedgerKind::Sale, date, amount)
    }
}

async fn put(app: &TestApp, lines: &[NewLine]) -> Result<Vec<i64>, String> {
    let mut tx = app.app.db.write().await.unwrap();
    let ids = post(&mut tx, app.company_number(), "user-1", lines).await;
    let ids = ids.map_err(|problem| problem.code.to_owned())?;
    tx.commit_housekeeping().await.unwrap();
    Ok(ids)
}

async fn run(app: &TestApp, sql: Sql) {
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

async fn group(app: &TestApp, customer: i64, id: i64, status: &'static str, lines: &[i64]) {
    let sql = Sql::new(
        "INSERT INTO match_group (id, company_id, customer_id, currency, content_id, pass, state, \
         status, ours, theirs, difference, created_at) VALUES \
         ($1, $2, $3, 'CNY', 'x', 'test', 'settled', $4, 0, 0, 0, 1)",
    );
    run(app, sql.bind(id).bind(app.company_number()).bind(customer).bind(status)).await;
    for line in lines {
        let sql = Sql::new(
            "INSERT INTO group_member (company_id, group_id, side, line_id) \
             SELECT company_id, $1, side, id FROM line WHERE id = $2",
        );
        run(app, sql.bind(id).bind(*line)).await;
    }
}

async fn discrepancy(app: &TestApp, customer: i64, id: i64, reason: &str, of: (i64, &[i64])) {
    let sql = Sql::new(
        "INSERT INTO discrepancy (id, company_id, customer_id, currency, content_id, reason, \
         amount, status, first_seen_at, last_seen_at) VALUES \
         ($1, $2, $3, 'CNY', $4, $5, $6, 'open', 1, 1)",
    );
    let sql = sql.bind(id).bind(app.company_number()).bind(customer).bind(id.to_string());
    run(app, sql.bind(reason).bind(of.0)).await;
    for line in of.1 {
        let sql = Sql::new(
            "INSERT INTO discrepancy_line (company_id, discrepancy_id, side, line_id) \
             SELECT company_id, $1, side, id FROM line WHERE id = $2",
        );
        run(app, sql.bind(id).bind(*line)).await;
    }
}

/// A customer with a settled pair and an item that is explained as missing on their side.
async fn explained(app: &TestApp) -> i64 {
    let customer = app.customer("C1", "海仓贸易").await;
    let lines = [
        line(customer, Side::Ours, 10_000, "2026-09-20"),
        line(customer, Side::Theirs, 10_000, "2026-09-21"),
        line(customer, Side::Ours, 30_000, "2026-10-05"),
        line(customer, Side::Theirs, 30_000, "2026-10-06"),
        line(customer, Side::Ours, 5_000, "2026-10-30"),
    ];
    let ids = put(app, &lines).await.unwrap();
    group(app, customer, 1, "live", &ids[0..2]).await;
    group(app, customer, 2, "live", &ids[2..4]).await;
    discrepancy(app, customer, 3, "missing_theirs", (5_000, &ids[4..])).await;
    customer
}

async fn open(app: &TestApp, client: &Client, customer: i64, span: &str) -> Answer {
    let body = json!({ "customer": CustomerId::text(customer), "span": span });
    client.post(&app.at("/periods"), body).await
}

/// A step of a period, of its present version.
async fn step(app: &TestApp, client: &Client, period: &str, step: &str) -> Answer {
    let version = client.get(&app.at(&format!("/periods/{period}"))).await.expect(200).version();
    step_of(app, client, period, step, version).await
}

async fn step_of(app: &TestApp, client: &Client, period: &str, step: &str, of: i64) -> Answer {
    let tag = crate::answer::etag(of);
    let body = match step {
        "reopening" => json!({ "reason": "漏记一张退货单" }),
        _ => json!({}),
    };
    let path = app.at(&format!("/periods/{period}/{step}"));
    client.send(axum::http::Method::POST, &path, &[("if-match", &tag)], Some(body)).await
}

/// Opens, prepares, approves and signs.
async fn sign(app: &TestApp, customer: i64, span: &str) -> String {
    let (accountant, manager) =
        (app.client("accountant").await, app.client("finance_manager").await);
    let period = open(app, &accountant, customer, span).await.expect(201).text("id");
    step(app, &accountant, &period, "prepare").await.expect(200);
    step(app, &manager, &period, "approve").await.expect(200);
    step(app, &manager, &period, "sign-off").await.expect(200);
    period
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_a_period_goes_from_open_to_signed() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let (accountant, manager) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let made = open(&app, &accountant, customer, "2026-10").await.expect(201);
        assert_eq!(
            (made.text("first_day"), made.text("last_day")),
            ("2026-10-01".to_owned(), "2026-10-31".to_owned())
        );
        let period = made.text("id");
        let prepared = step(&app, &accountant, &period, "prepare").await.expect(200);
        let ours = &prepared.body["snapshot"]["ours"];
        let expected = json!({ "opening": 10_000, "debit": 35_000, "credit": 0,
            "closing": 45_000, "lines": 2 });
        assert_eq!(*ours, expected);
        let breakdown = &prepared.body["snapshot"]["breakdown"];
        let share = json!([{ "reason": "missing_theirs", "amount": 5_000, "count": 1 }]);
        assert_eq!(*breakdown, share);
        assert_eq!(prepared.body["ready"], true);
        step(&app, &manager, &period, "sign-off").await.expect(409);
        step(&app, &accountant, &period, "approve").await.expect(403);
        step(&app, &manager, &period, "approve").await.expect(200);
        let signed = step(&app, &manager, &period, "sign-off").await.expect(200);
        assert_eq!(signed.text("state"), "signed");
        let view = manager.get(&app.at(&format!("/periods/{period}"))).await.expect(200);
        let checkpoint = view.body["seals"][0]["checkpoint"].as_str().unwrap();
        assert_eq!(app.app.signer.read(checkpoint).unwrap().company, app.company_number());
        let carried = "SELECT COUNT(*) FROM discrepancy WHERE status = 'carried' \
             AND period_id IN (SELECT id FROM period)";
        assert_eq!(app.number(carried).await, 1);
        let stamped = "SELECT COUNT(*) FROM match_group WHERE period_id IS NOT NULL";
        assert_eq!(app.number(stamped).await, 2);
        let locked = "SELECT COUNT(*) FROM customer WHERE locked_through = '2026-10-31'";
        assert_eq!(app.number(locked).await, 1);
        let actions = app.actions().await;
        let expected = ["period.create", "period.prepare", "period.approve", "period.sign_off"];
        assert_eq!(actions, expected);
        let next = open(&app, &accountant, customer, "2026-11").await.expect(201).text("id");
        let preview = manager.get(&app.at(&format!("/periods/{next}/preview"))).await.expect(200);
        assert_eq!(preview.body["snapshot"]["ours"]["opening"], 45_000);
        assert_eq!(preview.body["snapshot"]["items"][0]["carried_in"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_holds_only_for_what_was_prepared() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let (accountant, manager) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let period = open(&app, &accountant, customer, "2026-10").await.expect(201).text("id");
        step(&app, &accountant, &period, "prepare").await.expect(200);
        step(&app, &manager, &period, "approve").await.expect(200);
        put(&app, &[line(customer, Side::Ours, 1, "2026-10-31")]).await.unwrap();
        let refused = step(&app, &manager, &period, "sign-off").await.expect(409);
        assert_eq!(refused.code(), "prepared_stale");
        let stale = step_of(&app, &accountant, &period, "prepare", 1).await.expect(412);
        assert_eq!(stale.code(), "stale");
        step(&app, &accountant, &period, "prepare").await.expect(200);
        step(&app, &manager, &period, "approve").await.expect(200);
        let refused = step(&app, &manager, &period, "sign-off").await.expect(409);
        assert_eq!(refused.code(), "checklist");
        assert_eq!(refused.body["facts"]["failed"], json!(["unexplained_zero"]));
        assert_eq!(app.number("SELECT COUNT(*) FROM period_seal").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_prepares_neither_approves_nor_signs() {
    let app = TestApp::on_sqlite().await;
    let customer = explained(&app).await;
    let manager = app.client("finance_manager").await;
    let period = open(&app, &manager, customer, "2026-10").await.expect(201).text("id");
    step(&app, &manager, &period, "prepare").await.expect(200);
    assert_eq!(step(&app, &manager, &period, "approve").await.expect(409).code(), "four_eyes");
    let other = app.client("finance_manager").await;
    step(&app, &other, &period, "approve").await.expect(200);
    assert_eq!(step(&app, &manager, &period, "sign-off").await.expect(409).code(), "four_eyes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_names_what_is_in_the_way() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let accountant = app.client("accountant").await;
        let september = open(&app, &accountant, customer, "2026-09").await.expect(201).text("id");
        let period = open(&app, &accountant, customer, "2026-10").await.expect(201).text("id");
        let draft = Sql::new(
            "INSERT INTO line (id, company_id, customer_id, side, currency, kind, reference, \
             business_date, posting_date, amount, state, content, created_at) \
             SELECT 77, company_id, customer_id, side, currency, kind, reference, business_date, \
             posting_date, amount, 'draft', content, created_at FROM line WHERE amount = 5000",
        );
        run(&app, draft).await;
        group(&app, customer, 8, "suggested", &[77]).await;
        let preview = app.at(&format!("/periods/{period}/preview"));
        let preview = accountant.get(&preview).await.expect(200);
        let failed = |preview: &Answer| -> Vec<String> {
            let checks = preview.body["checklist"].as_array().unwrap();
            let failed = checks.iter().filter(|check| check["ok"] == false);
            failed.map(|check| check["code"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(failed(&preview), ["previous_signed", "no_drafts", "no_suggestions"]);
        let preview = app.at(&format!("/periods/{september}/preview"));
        assert!(failed(&accountant.get(&preview).await.expect(200)).is_empty());
        // A customer of whom nothing came, excused or not.
        let silent = app.customer("C2", "安静公司").await;
        let period = open(&app, &accountant, silent, "2026-10").await.expect(201);
        let path = app.at(&format!("/periods/{}/prepare", period.text("id")));
        let post = axum::http::Method::POST;
        let tag = [("if-match", "\"v1\"")];
        let none = accountant.send(post.clone(), &path, &tag, Some(json!({}))).await.expect(200);
        assert_eq!(failed(&none), ["statement_present"]);
        let excuse = Some(json!({ "excuse": "对方已停业，无法取得对账单" }));
        let tag = [("if-match", "\"v2\"")];
        let excused = accountant.send(post, &path, &tag, excuse).await.expect(200);
        assert!(failed(&excused).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_do_not_hold_are_refused() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let accountant = app.client("accountant").await;
        open(&app, &accountant, customer, "2026-10").await.expect(201);
        let gap = open(&app, &accountant, customer, "2026-12").await.expect(409);
        assert_eq!(gap.code(), "period_gap");
        assert_eq!(gap.body["facts"]["first_day"], "2026-11-01");
        for span in ["2026-13", "2026-10-01..", "October"] {
            open(&app, &accountant, customer, span).await.expect(422);
        }
        let later = open(&app, &accountant, customer, "2026-11").await.expect(201).text("id");
        let gone = app.at(&format!("/periods/{later}"));
        accountant.delete(&gone).await.expect(200);
        accountant.get(&gone).await.expect(404);
        app.client("sales").await.get(&app.at("/periods")).await.expect(403);
        let east = app.client_in(&app.company, "accountant", "region", "East").await;
        let periods = east.get(&app.at("/periods")).await.expect(200);
        assert_eq!(periods.body["items"], json!([]));
        open(&app, &east, customer, "2026-11").await.expect(404);
        let auditor = app.client("auditor").await;
        open(&app, &auditor, customer, "2026-11").await.expect(403);
        let page = auditor.get(&app.at("/periods?state=open&limit=1")).await.expect(200);
        assert_eq!(page.body["items"][0]["customer_name"], "海仓贸易");
    })
    .await;
}

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
async fn what_an_adjustment_has_settled_leaves_the_difference() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let entry = [line(customer, Side::Ours, -3_000, "2026-10-31")];
        let entry = put(&app, &entry).await.unwrap()[0];
        let settled = Sql::new(
            "INSERT INTO discrepancy_settlement (line_id, company_id, discrepancy_id, effect, \
             created_at) VALUES ($1, $2, 3, -3000, 1)",
        );
        run(&app, settled.bind(entry).bind(app.company_number())).await;
        let accountant = app.client("accountant").await;
        let period = open(&app, &accountant, customer, "2026-10").await.expect(201).text("id");
        let waiting = Sql::new(
            "INSERT INTO adjustment (id, company_id, customer_id, currency, kind, amount, \
             book_date, account, reason, state, proposed_by, proposed_at) VALUES (1, $1, $2, \
             'CNY', 'discount', -2000, '2026-10-31', '6001', '折让', 'proposed', $3, 1)",
        );
        let waiting = waiting.bind(app.company_number()).bind(customer).bind(accountant.user);
        run(&app, waiting).await;
        let preview = accountant.get(&app.at(&format!("/periods/{period}/preview"))).await;
        let preview = preview.expect(200);
        let share = json!([{ "reason": "missing_theirs", "amount": 2_000, "count": 1 }]);
        assert_eq!(preview.body["snapshot"]["breakdown"], share);
        let checks = preview.body["checklist"].as_array().unwrap();
        let failed: Vec<_> = checks.iter().filter(|check| check["ok"] == false).collect();
        assert_eq!((failed.len(), &failed[0]["code"]), (1, &json!("no_adjustments")));
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
async fn r06_twelve_months_are_chained() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let period = sign(&app, customer, "2026-10").await;
        let client = app.client("read_only").await;
        let year = |from: &str| {
            let customer = CustomerId::text(customer);
            app.at(&format!("/periods/annual?customer={customer}&from={from}"))
        };
        let annual = client.get(&year("2026-01")).await.expect(200);
        let months = annual.body["months"].as_array().unwrap();
        assert_eq!((months.len(), &annual.body["chained"]), (12, &json!(true)));
        assert_eq!(months[9]["ours"]["opening"], months[8]["ours"]["closing"]);
        assert_eq!(
            (&months[9]["period"], &months[9]["difference"]),
            (&json!(period), &json!(5_000))
        );
        let sum = "SELECT CAST(SUM(amount) AS BIGINT) FROM line WHERE side = 'ours'";
        assert_eq!(annual.body["total"]["ours"]["closing"], app.number(sum).await);
        for from in ["2026", "2026-Q1", "x"] {
            client.get(&year(from)).await.expect(422);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r53_the_board_shows_where_everybody_stands() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        app.customer("C2", "另一客户").await;
        sign(&app, customer, "2026-09").await;
        let accountant = app.client("accountant").await;
        let body = json!({ "customer": CustomerId::text(customer), "span": "2026-10",
            "deadline": "2026-11-01" });
        accountant.post(&app.at("/periods"), body).await.expect(201);
        let board = accountant.get(&app.at("/periods/board")).await.expect(200);
        let row = &board.body[0];
        assert_eq!(
            (&row["span"], &row["state"], &row["overdue"], &row["signed_through"]),
            (&json!("2026-10"), &json!("open"), &json!(true), &json!("2026-09-30"))
        );
        assert_eq!(row["discrepancies"], 1);
        assert_eq!(board.body[1]["state"], "none");
        let east = app.client_in(&app.company, "accountant", "region", "East").await;
        let none = east.get(&app.at("/periods/board")).await.expect(200);
        assert_eq!(none.body, json!([]));
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
