//! Goal: the figures of periods and of many periods together are those of the ledger.

use heqi_domain::{CustomerId, Id, Side};
use heqi_platform::Sql;
use serde_json::json;

use super::{explained, line, open, put, run, sign};
use crate::testing::{TestApp, on_both};

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
