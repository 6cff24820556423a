//! Goal: a period is signed when everything is explained and two people say so.

use heqi_domain::Side;
use heqi_platform::Sql;
use serde_json::json;

use super::{approved, explained, group, line, open, put, run, step, step_of};
use crate::testing::{Answer, TestApp, on_both};

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
        let (accountant, manager, period) = approved(&app, customer, "2026-10").await;
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
async fn e3_a_broken_audit_chain_blocks_the_signature_and_not_reading() {
    on_both(async |app: TestApp| {
        let customer = explained(&app).await;
        let (_, manager, period) = approved(&app, customer, "2026-10").await;
        let off = match app.app.db.is_postgres() {
            true => "ALTER TABLE audit_record DISABLE TRIGGER audit_record_stays",
            false => "DROP TRIGGER audit_record_stays",
        };
        run(&app, Sql::new(off)).await;
        run(&app, Sql::new("UPDATE audit_record SET label = label || ' '")).await;
        let refused = step(&app, &manager, &period, "sign-off").await.expect(409);
        let said = refused.body.to_string();
        assert!(said.contains("audit_chain"), "{said}");
        assert_eq!(app.number("SELECT COUNT(*) FROM period_seal").await, 0);
        let path = app.at(&format!("/periods/{period}"));
        assert_eq!(manager.get(&path).await.expect(200).text("state"), "approved");
        let preview = manager.get(&format!("{path}/preview")).await.expect(200);
        let checks = preview.body["checklist"].as_array().unwrap();
        let chain = checks.iter().find(|check| check["code"] == "audit_chain").unwrap();
        assert_eq!(chain["ok"], false);
        manager.get(&app.at("/lines")).await.expect(200);
        app.client("auditor").await.get(&app.at("/audit")).await.expect(200);
    })
    .await;
}
