//! Goal: every row is posted once, however often and in whatever pieces it comes.

use heqi_domain::{CustomerId, Id};
use heqi_platform::{Sql, Value};
use heqi_sample::wholesale::{DEMO_SEED, wholesale};
use serde_json::json;

use super::{HEADER, checked, commit, number, o1, preview, rows, run, sign, upload};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_goes_from_upload_to_ledger_and_a_second_time_adds_nothing() {
    on_both(async |app: TestApp| {
        let firm = wholesale(DEMO_SEED);
        let statement = firm.statements.iter().find(|it| it.lines.len() > 3).unwrap();
        let text = firm.statement_csv(statement).unwrap();
        let who = &firm.customers[statement.customer];
        let customer = CustomerId::text(app.customer(&who.code, &who.name).await);
        let client = app.client("finance_manager").await;
        let query = format!("side=theirs&customer={customer}");
        let import =
            upload(&app, &client, &query, "%E5%AF%B9%E8%B4%A6.csv", &text).await.expect(201);
        assert_eq!(import.body["file"]["name"], "对账.csv");
        assert_eq!(import.text("state"), "received");
        app.drain_jobs().await;
        let id = import.text("id");
        let seen = client.get(&app.at(&format!("/imports/{id}"))).await.expect(200);
        assert_eq!(seen.text("state"), "checked", "{:#}", seen.body);
        let columns = seen.body["inspection"]["columns"].as_array().unwrap();
        assert!(columns.iter().any(|it| it["role"] == "date" && it["confidence"].is_number()));
        let preview = preview(&app, &client, &id).await;
        assert_eq!(rows(&preview, "new"), statement.lines.len() as i64);
        assert_eq!(preview["control"]["agrees"], true, "{preview:#}");
        assert_eq!(preview["control"]["opening"], statement.opening_minor);
        let done = commit(&app, &client, &id).await.expect(200);
        assert_eq!(done.number("posted"), statement.lines.len() as i64);
        o1(&app, &id, statement.lines.len() as i64).await;
        let sum = app.number("SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line").await;
        assert_eq!(sum, statement.closing_minor - statement.opening_minor);
        let again = checked(&app, &client, &query, &text).await;
        let seen = client.get(&app.at(&format!("/imports/{again}"))).await.expect(200);
        assert_eq!(seen.body["same_file"], json!([id]));
        assert_eq!(commit(&app, &client, &again).await.expect(200).number("posted"), 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM source_file").await, 1);
        let raw = "SELECT raw FROM import_line ORDER BY row_no LIMIT 1";
        let Value::Text(raw) = &app.values(raw).await[0][0] else { panic!("raw is text") };
        let cells: Vec<String> = serde_json::from_str(raw).unwrap();
        assert_eq!(cells.join(","), text.lines().nth(2).unwrap());
        let actions = app.actions().await;
        let expected = ["import.receive", "import.check", "import.commit"];
        assert_eq!(actions, [expected, expected].concat());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_one_file_eight_times_in_parallel_is_one_file_and_one_posting() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        // Two rows are equal: they are two lines.
        let text = format!(
            "{HEADER}2026-10-08,X1,C1,销售,100.00,\n2026-10-08,X1,C1,销售,100.00,\n\
             2026-10-09,X2,C1,收款,-30.50,\n"
        );
        let names: Vec<String> = (0..8).map(|at| format!("file-{at}.csv")).collect();
        let uploads = names.iter().map(|name| upload(&app, &client, "side=ours", name, &text));
        let uploads = futures::future::join_all(uploads).await;
        let ids: Vec<String> = uploads.into_iter().map(|it| it.expect(201).text("id")).collect();
        app.drain_jobs().await;
        let commits =
            futures::future::join_all(ids.iter().map(|id| commit(&app, &client, id))).await;
        let posted: Vec<_> = commits.iter().filter(|it| it.status == 200).collect();
        assert_eq!(posted.len(), 1, "{commits:#?}");
        for refused in commits.iter().filter(|it| it.status != 200) {
            assert_eq!((refused.status.as_u16(), refused.code()), (409, "plan_changed".to_owned()));
        }
        for (id, _) in ids.iter().zip(&commits).filter(|(_, it)| it.status != 200) {
            client.post(&app.at(&format!("/imports/{id}/check")), json!({})).await.expect(202);
            app.drain_jobs().await;
            let done = commit(&app, &client, id).await.expect(200);
            assert_eq!((done.number("posted"), done.number("known")), (0, 3));
            o1(&app, id, 3).await;
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM source_file").await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 3);
        let sum = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line";
        assert_eq!(app.number(sum).await, 16_950);
        let numbers = "SELECT MAX(voucher_no) - MIN(voucher_no) AS n FROM line";
        assert_eq!(app.number(numbers).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_an_overlapping_file_adds_only_the_surplus() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let row = "2026-10-08,X1,C1,销售,100.00,\n";
        let first = format!("{HEADER}{row}{row}2026-10-09,X2,C1,销售,7.00,\n");
        let id = checked(&app, &client, "side=theirs&view=receivable", &first).await;
        commit(&app, &client, &id).await.expect(200);
        // Three of the equal rows, of which two are there; one is gone, one is new.
        let second = format!("{HEADER}{row}{row}{row}2026-10-10,X3,C1,收款,-5.00,\n");
        let id = checked(&app, &client, "side=theirs&view=receivable", &second).await;
        let seen = preview(&app, &client, &id).await;
        // The surplus bears a number that the ledger has, but no line of it is left over.
        assert_eq!((rows(&seen, "known"), rows(&seen, "new")), (2, 2), "{seen:#}");
        commit(&app, &client, &id).await.expect(200);
        o1(&app, &id, 4).await;
        let equal = "SELECT COUNT(*) FROM line WHERE reference = 'X1'";
        assert_eq!(app.number(equal).await, 3);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_decides_what_only_looks_alike() {
    on_both(async |app: TestApp| {
        let c1 = CustomerId::text(app.customer("C1", "甲").await);
        let client = app.client("finance_manager").await;
        let first = format!("{HEADER}2026-10-08,X1,C1,销售,100.00,\n2026-10-09,X2,C1,销售,7.00,\n");
        let id = checked(&app, &client, "side=ours", &first).await;
        commit(&app, &client, &id).await.expect(200);
        let second = format!(
            "{HEADER}2026-10-08,X1,C1,销售,120.00,\n2026-10-09,X9,C1,销售,7.00,\n\
             2026-10-12,X4,C1,销售,1.00,\n"
        );
        let id = checked(&app, &client, "side=ours", &second).await;
        let seen = preview(&app, &client, &id).await;
        assert_eq!((rows(&seen, "possible"), rows(&seen, "new")), (2, 1));
        let groups: Vec<_> =
            seen["possible"].as_array().unwrap().iter().map(|it| it["group"].clone()).collect();
        let expected = [format!("same_amount_and_day:{c1}"), format!("same_reference:{c1}")];
        assert_eq!(groups, expected);
        let refused = commit(&app, &client, &id).await.expect(409);
        assert_eq!(refused.code(), "undecided");
        let path = app.at(&format!("/imports/{id}/decisions"));
        let version = seen["version"].as_i64().unwrap();
        let wrong = json!({ "groups": { "same_reference": "perhaps" } });
        client.put(&path, version, wrong).await.expect(422);
        let decided = json!({ "groups": { "same_reference": "skip", &expected[0]: "import" } });
        client.put(&path, version, decided.clone()).await.expect(200);
        client.put(&path, version, decided).await.expect(412);
        // The plan of before the decision does not hold any more.
        let old = json!({ "plan": seen["plan"] });
        let commit_path = app.at(&format!("/imports/{id}/commit"));
        assert_eq!(client.post(&commit_path, old).await.expect(409).code(), "plan_changed");
        let done = commit(&app, &client, &id).await.expect(200);
        assert_eq!((done.number("posted"), done.number("skipped")), (2, 1));
        assert_eq!(app.number("SELECT COUNT(*) FROM line WHERE reference = 'X9'").await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM line WHERE amount = 12000").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_a_job_and_a_canceled_one_posts_nothing() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let mut text = HEADER.to_owned();
        for at in 0..5_001 {
            text += &format!("2026-10-08,X{at},C1,销售,{at}.01,\n");
        }
        let id = checked(&app, &client, "side=ours", &text).await;
        let asked = commit(&app, &client, &id).await.expect(202);
        let cancel = app.at(&format!("/jobs/{}/cancel", asked.text("job")));
        client.post(&cancel, json!({})).await.expect(200);
        app.drain_jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
        // A process that dies in the middle leaves what a dropped transaction leaves.
        let plan = preview(&app, &client, &id).await["plan"].as_str().unwrap().to_owned();
        let mut tx = app.app.db.write().await.unwrap();
        let scope = crate::permission::Scope { all: true, ..Default::default() };
        let (company, batch) = (app.company_number(), number(&id));
        crate::features::imports::commit::apply(&mut tx, company, batch, &plan, &scope, "user-1")
            .await
            .unwrap();
        drop(tx);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
        assert_eq!(client.get(&app.at(&format!("/imports/{id}"))).await.text("state"), "checked");
        let asked = commit(&app, &client, &id).await.expect(202);
        app.drain_jobs().await;
        let job = client.get(&app.at(&format!("/jobs/{}", asked.text("job")))).await.expect(200);
        assert_eq!(job.text("state"), "done", "{:#}", job.body);
        assert_eq!(job.body["result"]["posted"], 5_001);
        o1(&app, &id, 5_001).await;
        let gaps = "SELECT COUNT(*) - (MAX(voucher_no) - MIN(voucher_no) + 1) AS n FROM line";
        assert_eq!(app.number(gaps).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_dated_into_a_signed_period() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let text = format!(
            "{HEADER}2026-09-30,X1,C1,销售,1.00,\n2026-10-01,X2,C1,销售,2.00,\n,X3,C1,销售,3.00,\n"
        );
        let id = checked(&app, &client, "side=ours", &text).await;
        sign(&app, "2026-09-30").await;
        assert_eq!(commit(&app, &client, &id).await.expect(409).code(), "plan_changed");
        client.post(&app.at(&format!("/imports/{id}/check")), json!({})).await.expect(202);
        app.drain_jobs().await;
        let issues = client.get(&app.at(&format!("/imports/{id}/issues"))).await.expect(200).body;
        let mut codes: Vec<_> =
            issues.as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["line_undated", "period_signed"]);
        assert_eq!(commit(&app, &client, &id).await.expect(200).number("posted"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_imports_without_a_browser() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("账.csv");
        let text = "日期,单据编号,类型,金额\n2026-10-08,X1,销售,1.00\n";
        std::fs::write(&path, text).unwrap();
        let import = async |dry| {
            let side = heqi_domain::Side::Ours;
            crate::features::imports::cli::import(
                &app.app,
                "T1",
                Some("C1"),
                side,
                &path,
                None,
                dry,
            )
            .await
            .unwrap()
        };
        let dry = import(true).await;
        assert!(dry.committed.is_none());
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
        assert_eq!(import(false).await.committed.unwrap().posted, 1);
        let again = import(false).await.committed.unwrap();
        assert_eq!((again.posted, again.known), (0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_period_of_one_currency_leaves_the_others_open() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        sign(&app, "2026-09-30").await;
        let period = "INSERT INTO period (id, company_id, customer_id, currency, span, first_day, \
             last_day, state, created_by, created_at) VALUES (7, $1, $2, 'CNY', '2026-09', \
             '2026-09-01', '2026-09-30', 'signed', 'test', 0)";
        run(&app, Sql::new(period).bind(app.company_number()).bind(customer)).await;
        let text = "日期,单据编号,客户,类型,币种,金额\n2026-09-30,X1,C1,销售,CNY,1.00\n\
                    2026-09-30,X2,C1,销售,USD,2.00\n2026-10-01,X3,C1,销售,CNY,4.00\n";
        let id = checked(&app, &client, "side=ours", text).await;
        let seen = preview(&app, &client, &id).await;
        assert_eq!((rows(&seen, "new"), rows(&seen, "rejected")), (2, 1), "{seen:#}");
        assert_eq!(commit(&app, &client, &id).await.expect(200).number("posted"), 2);
        let posted = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line";
        assert_eq!(app.number(posted).await, 600);
        // Nor does it stand in the way of taking back what lies outside of it.
        let undone = client.post(&app.at(&format!("/imports/{id}/undo")), json!({})).await;
        assert_eq!(undone.expect(200).number("reversed"), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_customer_is_known_and_only_its_new_sales_are_turned_away() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓贸易有限公司").await;
        let stop = Sql::new("UPDATE customer SET status = 'stopped' WHERE id = $1").bind(customer);
        run(&app, stop).await;
        let client = app.client("finance_manager").await;
        let text = format!(
            "{HEADER}2026-10-08,X1,C1,销售,100.00,\n2026-10-09,R1,C1,收款,-40.00,\n\
             2026-10-10,T1,C1,退货,-5.00,\n"
        );
        let id = checked(&app, &client, "side=ours", &text).await;
        let seen = preview(&app, &client, &id).await;
        assert_eq!((rows(&seen, "new"), rows(&seen, "rejected")), (2, 1), "{seen:#}");
        let issues = client.get(&app.at(&format!("/imports/{id}/issues"))).await.expect(200).body;
        assert_eq!(issues[0]["code"], "customer_stopped");
        assert_eq!(commit(&app, &client, &id).await.expect(200).number("posted"), 2);
        o1(&app, &id, 3).await;
        // What the customer states is compared whatever we sell to it.
        let id = checked(&app, &client, "side=theirs", &text).await;
        let seen = preview(&app, &client, &id).await;
        assert_eq!(rows(&seen, "rejected"), 0, "{seen:#}");
    })
    .await;
}
