//! Goal: from any line the whole story can be told, by whoever may see it and nobody else.

use heqi_domain::{CustomerId, Id, LineId, Side};
use heqi_platform::Sql;
use serde_json::json;

use crate::features::ledger::{LedgerKind, NewLine, post};
use crate::testing::{TestApp, on_both};

/// A line of ours, its match (undone once) and its reversal: customer, the pair, the reversal.
async fn matched_and_reversed(app: &TestApp, by: &str) -> (i64, Vec<i64>, i64) {
    let customer = app.customer_of(&app.company, "C1", "海仓贸易", None, "", "East").await;
    let new = |side, reference: &str, amount, reverses| NewLine {
        reference: reference.to_owned(),
        reverses,
        batch: (side == Side::Theirs).then_some((4, 17)),
        ..NewLine::new(customer, side, LedgerKind::Sale, "2026-10-05", amount)
    };
    let mut tx = app.app.db.write().await.unwrap();
    let pair = [new(Side::Ours, "S1", 500, None), new(Side::Theirs, "S1", 500, None)];
    let ids = post(&mut tx, app.company_number(), by, &pair).await.unwrap();
    let reversal = [new(Side::Ours, "R1", -500, Some(ids[0]))];
    let back = post(&mut tx, app.company_number(), by, &reversal).await.unwrap()[0];
    for (group, status) in [(1, "undone"), (2, "live")] {
        let sql = Sql::new(
            "INSERT INTO match_group (id, company_id, customer_id, currency, content_id, \
             pass, state, status, ours, theirs, difference, sentence_zh, decided_by, \
             decision_note, undone_at, created_at) VALUES ($1, $2, $3, 'CNY', 'x', 'p', \
             'settled', $4, 500, 500, 0, '单号与金额一致', $5, '重复', 2000, $1)",
        );
        let sql = sql.bind(i64::from(group)).bind(app.company_number()).bind(customer);
        tx.execute(sql.bind(status).bind(by)).await.unwrap();
        for line in &ids {
            let sql = Sql::new(
                "INSERT INTO group_member (company_id, group_id, side, line_id) \
                 SELECT company_id, $1, side, id FROM line WHERE id = $2",
            );
            tx.execute(sql.bind(i64::from(group)).bind(*line)).await.unwrap();
        }
    }
    tx.commit_housekeeping().await.unwrap();
    (customer, ids, back)
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_a_line_tells_where_it_came_from_and_what_became_of_it() {
    on_both(async |app: TestApp| {
        let accountant = app.client("accountant").await;
        let by = accountant.user_text();
        let (customer, ids, back) = matched_and_reversed(&app, &by).await;
        let path = app.at(&format!("/lines/{}/lineage", LineId::text(ids[0])));
        let told = accountant.get(&path).await.expect(200);
        let events = told.body["events"].as_array().unwrap();
        let what: Vec<&str> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
        assert_eq!(what, ["matched", "matched", "unmatched", "created", "posted", "reversed"]);
        assert_eq!((&events[0]["live"], &events[1]["live"]), (&json!(false), &json!(true)));
        assert_eq!(events[2]["text_zh"], "取消匹配：重复");
        assert!(events[4]["who"].as_str().unwrap().starts_with("accountant "));
        let how: Vec<_> = told.body["related"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["line"].as_str().unwrap().to_owned(), line["how"].as_str().unwrap()))
            .collect();
        let expected =
            [(LineId::text(ids[1]), "matched_with"), (LineId::text(back), "reversed_by")];
        assert_eq!(how, expected);

        let theirs = app.at(&format!("/lines/{}/lineage", LineId::text(ids[1])));
        let theirs = accountant.get(&theirs).await.expect(200);
        let origin = json!({ "source": "", "source_key": "", "batch": "batch-4", "row": 17 });
        assert_eq!(theirs.body["origin"], origin);
        let back = app.at(&format!("/lines/{}/lineage", LineId::text(back)));
        let back = accountant.get(&back).await.expect(200);
        assert_eq!(back.body["related"][0]["how"], "reverses");

        // The signature, too.
        let period = json!({ "customer": CustomerId::text(customer), "span": "2026-10" });
        let period = accountant.post(&app.at("/periods"), period).await.expect(201).text("id");
        let sql = Sql::new(
            "INSERT INTO period_seal (period_id, number, company_id, snapshot, digest, \
             checkpoint, prepared_by, prepared_at, approved_by, approved_at, signed_by, signed_at) \
             SELECT id, 1, company_id, '', '', '', '', 1, '', 1, $1, created_at FROM period",
        );
        let mut tx = app.app.db.write().await.unwrap();
        tx.execute(sql.bind(&by)).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        let told = accountant.get(&path).await.expect(200);
        let last = told.body["events"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["what"], &last["object"]), (&json!("signed"), &json!(period)));

        let west = app.client_in(&app.company, "accountant", "region", "West").await;
        west.get(&path).await.expect(404);
        let other = app.other_company().await;
        let foreign = app.client_in(&other, "accountant", "all", "").await;
        foreign.get(&path.replace(&app.company, &other)).await.expect(404);
        app.client("system_admin").await.get(&path).await.expect(403);
    })
    .await;
}
