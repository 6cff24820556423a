//! Goal: what was wrong is put right: rejected rows are mended, a posted file is taken back.

use heqi_domain::CompanyId;
use heqi_platform::Sql;
use serde_json::json;

use super::{HEADER, checked, commit, number, preview, rows, run, sign, upload};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_mended_and_the_full_count_is_reached() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let mut text = HEADER.to_owned();
        for day in 1..=9 {
            text += &format!("2026-10-0{day},X{day},C1,销售,{day}.00,\n");
        }
        // The first equals row 10 once it is mended: still two lines.
        text += "2026-10-09,X9,C1,销售,九元,\n2026-10-32,X10,C1,销售,10.00,=1+1\n";
        let id = checked(&app, &client, "side=ours", &text).await;
        let early = upload(&app, &client, &format!("mends={id}"), "m.csv", &text).await;
        assert_eq!(early.expect(409).code(), "mends_not_committed");
        let done = commit(&app, &client, &id).await.expect(200);
        assert_eq!((done.number("posted"), done.number("rejected")), (9, 2));
        let issues = client.get(&app.at(&format!("/imports/{id}/issues"))).await.expect(200).body;
        let codes: Vec<_> =
            issues.as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
        assert_eq!(codes.len(), 2);
        assert!(codes.contains(&json!("amount_unreadable")), "{codes:?}");
        let path = app.at(&format!("/imports/{id}/rejected"));
        let book = client.get(&format!("{path}/xlsx")).await.expect(200);
        assert!(book.bytes.starts_with(b"PK"));
        client.get(&format!("{path}/pdf")).await.expect(404);
        let file = client.get(&format!("{path}/csv")).await.expect(200);
        let file = String::from_utf8(file.bytes).unwrap();
        assert!(file.contains("'=1+1") && file.contains("九元"), "{file}");
        let mended = file.replace("九元,", "9.00,").replace("2026-10-32", "2026-10-30");
        let query = format!("mends={id}");
        let child = checked(&app, &client, &query, &mended).await;
        let seen = preview(&app, &client, &child).await;
        assert_eq!(rows(&seen, "new"), 2, "{seen:#}");
        commit(&app, &client, &child).await.expect(200);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 11);
        let sum = app.number("SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line").await;
        assert_eq!(sum, 6_400);
        assert_eq!(app.number("SELECT COUNT(*) FROM line WHERE memo = '=1+1'").await, 1);
        let first = client.get(&app.at(&format!("/imports/{id}"))).await.expect(200);
        assert_eq!(first.body["mended_by"], json!([child]));
        // Brought a second time, the mended rows are there already.
        let again = checked(&app, &client, &query, &mended).await;
        assert_eq!(rows(&preview(&app, &client, &again).await, "known"), 2);
        let exported = "SELECT COUNT(*) FROM audit_record WHERE action = 'import.export_rejected'";
        assert_eq!(app.number(exported).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_withdraws_theirs_reverses_ours_and_names_what_stands_in_the_way() {
    on_both(async |app: TestApp| {
        let c1 = app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let text =
            format!("{HEADER}2026-10-08,X1,C1,销售,100.00,\n2026-10-09,X2,C1,收款,-30.00,\n");
        let undo = |id: &str| app.at(&format!("/imports/{id}/undo"));
        for side in ["ours", "theirs"] {
            let query = format!("side={side}&view=receivable");
            let id = checked(&app, &client, &query, &text).await;
            assert_eq!(
                client.post(&undo(&id), json!({})).await.expect(409).code(),
                "not_committed"
            );
            commit(&app, &client, &id).await.expect(200);
            let company = app.company.parse::<CompanyId>().unwrap().number();
            hold(&app, company, c1, number(&id)).await;
            let blocked = client.post(&undo(&id), json!({})).await.expect(409);
            assert_eq!(blocked.code(), "undo_blocked");
            assert_eq!(blocked.body["facts"]["obstacles"][0]["why"], "matched");
            assert_eq!(blocked.body["facts"]["obstacles"][0]["row"], 2);
            run(&app, Sql::new("DELETE FROM line_claim")).await;
            sign(&app, "2026-10-08").await;
            let blocked = client.post(&undo(&id), json!({})).await.expect(409);
            assert_eq!(blocked.body["facts"]["obstacles"][0]["why"], "period_signed");
            sign(&app, "").await;
            let seen = app.number("SELECT MAX(sequence) AS n FROM ledger_change").await;
            let done = client.post(&undo(&id), json!({})).await.expect(200);
            // Whoever watches the ledger of the customer is told.
            assert!(app.number("SELECT MAX(sequence) AS n FROM ledger_change").await > seen);
            let expected = if side == "ours" { (0, 2) } else { (2, 0) };
            assert_eq!((done.number("withdrawn"), done.number("reversed")), expected);
            client.post(&undo(&id), json!({})).await.expect(409);
            // What was taken back can be brought again.
            let id = checked(&app, &client, &query, &text).await;
            assert_eq!(rows(&preview(&app, &client, &id).await, "new"), 2, "{side}");
        }
        let ours = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line \
             WHERE side = 'ours' AND state = 'posted'";
        assert_eq!(app.number(ours).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM line WHERE side = 'ours'").await, 4);
        assert_eq!(app.number("SELECT COUNT(*) FROM line WHERE state = 'withdrawn'").await, 2);
        let suggested = "SELECT COUNT(*) FROM match_group WHERE status = 'suggested'";
        assert_eq!(app.number(suggested).await, 1);
    })
    .await;
}

/// A live group on the first line of a batch, and a suggestion that it stands in.
async fn hold(app: &TestApp, company: i64, customer: i64, batch: i64) {
    let group = "INSERT INTO match_group (id, company_id, customer_id, currency, content_id, pass, \
         state, status, ours, theirs, difference, created_at) VALUES ($1, $2, $3, 'CNY', '', '', \
         'settled', $4, 0, 0, 0, 0)";
    for (at, status) in ["live", "suggested"].into_iter().enumerate() {
        let id = batch + 1 + at as i64;
        run(app, Sql::new(group).bind(id).bind(company).bind(customer).bind(status)).await;
        let member = "INSERT INTO group_member (company_id, group_id, side, line_id) \
             SELECT company_id, CAST($1 AS BIGINT), side, id FROM line WHERE batch_id = $2 \
             AND batch_row = 2";
        run(app, Sql::new(member).bind(id).bind(batch)).await;
    }
    let claim = "INSERT INTO line_claim (line_id, company_id, group_id) \
         SELECT id, company_id, CAST($1 AS BIGINT) FROM line WHERE batch_id = $2 AND batch_row = 2";
    run(app, Sql::new(claim).bind(batch + 1).bind(batch)).await;
}
