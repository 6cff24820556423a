//! Goal: a file ends in the ledger row by row, once, whatever is sent twice, in parallel or by
//! halves; nothing is lost, nothing is posted that the preview did not show (trust.md B5, O1).
//!
//! What the ledger holds is asked of the database in SQL, not of the product.

use axum::http::Method;
use heqi_domain::{BatchId, CompanyId, CustomerId, Id};
use heqi_platform::{Sql, Value};
use heqi_sample::wholesale::{DEMO_SEED, wholesale};
use serde_json::{Value as Json, json};

use crate::testing::{Answer, Client, TestApp, on_both};

const HEADER: &str = "日期,单据编号,客户,类型,金额,摘要\n";

async fn upload(app: &TestApp, client: &Client, query: &str, name: &str, text: &str) -> Answer {
    let path = app.at(&format!("/imports?{query}"));
    let headers = [("content-type", "text/csv"), ("x-file-name", name)];
    client.send_bytes(Method::POST, &path, &headers, text.as_bytes().to_vec()).await
}

/// Uploads, reads and checks; the id of the import.
async fn checked(app: &TestApp, client: &Client, query: &str, text: &str) -> String {
    let import = upload(app, client, query, "a.csv", text).await.expect(201);
    app.drain_jobs().await;
    import.text("id")
}

async fn preview(app: &TestApp, client: &Client, id: &str) -> Json {
    client.get(&app.at(&format!("/imports/{id}/preview"))).await.expect(200).body
}

async fn commit(app: &TestApp, client: &Client, id: &str) -> Answer {
    let plan = preview(app, client, id).await["plan"].clone();
    client.post(&app.at(&format!("/imports/{id}/commit")), json!({ "plan": plan })).await
}

/// Rows of a status, over all currencies.
fn rows(preview: &Json, status: &str) -> i64 {
    let totals = preview["totals"].as_array().unwrap().iter();
    totals.filter(|it| it["status"] == status).map(|it| it["rows"].as_i64().unwrap()).sum()
}

async fn count(app: &TestApp, sql: Sql) -> i64 {
    app.app.db.read().await.unwrap().count(sql).await.unwrap()
}

fn number(id: &str) -> i64 {
    id.parse::<BatchId>().unwrap().number()
}

/// O1: rows of the file = posted + known + left out + rejected, and the minor units likewise,
/// by sign; every posted line leads back to its row.
async fn o1(app: &TestApp, id: &str, file_rows: i64) {
    let batch = number(id);
    let staged = "SELECT COUNT(*) FROM import_line WHERE batch_id = $1";
    assert_eq!(count(app, Sql::new(staged).bind(batch)).await, file_rows);
    let lost = "SELECT COUNT(*) FROM import_line i LEFT JOIN line l ON l.batch_id = i.batch_id \
         AND l.batch_row = i.row_no AND l.reverses_id IS NULL WHERE i.batch_id = $1 \
         AND ((i.status = 'new') <> (l.id IS NOT NULL) OR (l.id IS NOT NULL AND \
         (l.amount <> i.amount OR l.customer_id <> i.customer_id OR l.reference <> i.reference)))";
    assert_eq!(count(app, Sql::new(lost).bind(batch)).await, 0);
    let sums = |table: &'static str| {
        let mut sql = Sql::new("SELECT amount > 0 AS plus, CAST(SUM(amount) AS BIGINT) AS n FROM ");
        sql.push(table).push_bind(batch).push(" GROUP BY amount > 0 ORDER BY amount > 0");
        sql
    };
    let mut tx = app.app.db.read().await.unwrap();
    let posted = tx.rows(sums("line WHERE batch_id = ")).await.unwrap();
    let new = tx.rows(sums("import_line WHERE status = 'new' AND batch_id = ")).await.unwrap();
    let values = |rows: &[heqi_platform::Row]| -> Vec<Vec<Value>> {
        rows.iter().map(|row| row.values().to_vec()).collect()
    };
    assert_eq!(values(&posted), values(&new));
}

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
async fn whose_books_a_statement_speaks_from_is_told_by_the_numbers_both_know() {
    on_both(async |app: TestApp| {
        let c1 = CustomerId::text(app.customer("C1", "海仓贸易有限公司").await);
        let client = app.client("finance_manager").await;
        let ours = format!(
            "{HEADER}2026-10-08,XS-2001,C1,销售,100.00,\n2026-10-09,XS-2002,C1,销售,250.00,\n\
             2026-10-12,SK-3001,C1,收款,-80.00,\n"
        );
        let id = checked(&app, &client, "side=ours", &ours).await;
        commit(&app, &client, &id).await.expect(200);
        // Their payable: a purchase is minus, and nothing in the file says so.
        let theirs = "日期,单据编号,金额,摘要\n2026-10-10,XS-2001,-100.00,购货\n\
             2026-10-11,XS-2002,-250.00,购货\n2026-10-12,SK-3001,80.00,付款\n\
             2026-10-30,XS-2009,-60.00,购货\n";
        let query = format!("side=theirs&customer={c1}");
        let id = checked(&app, &client, &query, theirs).await;
        let seen = client.get(&app.at(&format!("/imports/{id}"))).await.expect(200).body;
        assert_eq!(seen["inspection"]["orientation"], "payable", "{seen:#}");
        commit(&app, &client, &id).await.expect(200);
        let sum = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line WHERE side = 'theirs'";
        assert_eq!(app.number(sum).await, 10_000 + 25_000 - 8_000 + 6_000);
        // The same file again is the same lines; who says otherwise is believed.
        let again = checked(&app, &client, &query, theirs).await;
        assert_eq!(rows(&preview(&app, &client, &again).await, "known"), 4);
        let said = format!("{query}&view=receivable");
        let said = checked(&app, &client, &said, theirs).await;
        assert_eq!(rows(&preview(&app, &client, &said).await, "known"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_explained_once_is_known_next_month() {
    on_both(async |app: TestApp| {
        let c1 = CustomerId::text(app.customer("C1", "海仓贸易有限公司").await);
        app.customer_of(&app.company, "W1", "西区客户", None, "", "West").await;
        let east = app.customer_of(&app.company, "E1", "东区客户", None, "", "East").await;
        let client = app.client("finance_manager").await;
        let month = |day: &str| {
            format!(
                "{HEADER}2026-10-{day},X{day},海仓,销售,100.00,\n\
                 2026-10-{day},Y{day},海仓（贸易）有限公司,销售,1.00,\n"
            )
        };
        let id = checked(&app, &client, "side=ours", &month("08")).await;
        let issues = client.get(&app.at(&format!("/imports/{id}/issues"))).await.expect(200).body;
        assert_eq!(issues.as_array().unwrap().len(), 1, "{issues:#}");
        assert_eq!(issues[0]["code"], "customer_unknown");
        assert_eq!(issues[0]["customer"]["name"], "海仓");
        assert_eq!(issues[0]["customer"]["similar"][0]["id"], c1);
        assert_eq!(issues[0]["samples"][0]["row"], 2);
        let map = json!({ "name": "海仓", "customer": c1 });
        client.post(&app.at(&format!("/imports/{id}/customers")), map).await.expect(202);
        app.drain_jobs().await;
        assert_eq!(commit(&app, &client, &id).await.expect(200).number("posted"), 2);
        let next = checked(&app, &client, "side=ours", &month("09")).await;
        assert_eq!(rows(&preview(&app, &client, &next).await, "new"), 2);
        // Who sees only the east does not know the customers of the west, nor may name them.
        let own = app.client_in(&app.company, "finance_manager", "region", "East").await;
        let text = format!("{HEADER}2026-10-08,E,E1,销售,1.00,\n2026-10-08,W,W1,销售,1.00,\n");
        let id = checked(&app, &own, "side=ours", &text).await;
        let seen = preview(&app, &own, &id).await;
        assert_eq!((rows(&seen, "new"), rows(&seen, "rejected")), (1, 1));
        let map = json!({ "name": "W1", "customer": c1 });
        own.post(&app.at(&format!("/imports/{id}/customers")), map).await.expect(404);
        commit(&app, &own, &id).await.expect(200);
        let posted = "SELECT customer_id FROM line WHERE reference IN ('E', 'W')";
        assert_eq!(app.values(posted).await, [[Value::Int(east)]]);
    })
    .await;
}

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
async fn a_saved_template_is_recognised_by_the_header() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let text = "when,what,who,how much\n02/03/2026,X1,C1,5.00\n";
        let id = checked(&app, &client, "side=theirs", text).await;
        let path = app.at(&format!("/imports/{id}/mapping"));
        let seen = client.get(&app.at(&format!("/imports/{id}"))).await.expect(200);
        let columns =
            [("when", "date"), ("what", "reference"), ("who", "customer"), ("how much", "amount")];
        let columns: Vec<Json> = columns
            .iter()
            .map(|(column, role)| json!({ "column": column, "role": role }))
            .collect();
        let mapping = json!({ "columns": columns, "date_order": "month_day", "view": "payable" });
        client.put(&path, seen.version() + 5, mapping.clone()).await.expect(412);
        client.put(&path, seen.version(), json!({ "view": "sideways" })).await.expect(422);
        client.put(&path, seen.version(), mapping).await.expect(202);
        app.drain_jobs().await;
        let lines =
            client.get(&app.at(&format!("/imports/{id}/lines?status=new"))).await.expect(200);
        let line = &lines.body["items"][0];
        assert_eq!((&line["business_date"], &line["amount"]), (&json!("2026-02-03"), &json!(-500)));
        assert_eq!(line["raw"], json!(["02/03/2026", "X1", "C1", "5.00"]));
        let save = app.at(&format!("/imports/{id}/template"));
        let saved = client.post(&save, json!({ "name": "甲的导出" })).await.expect(200);
        let next = "when,what,who,how much\n04/05/2026,X2,C1,6.00\n";
        let id = checked(&app, &client, "side=theirs", next).await;
        let seen = client.get(&app.at(&format!("/imports/{id}"))).await.expect(200);
        assert_eq!(seen.body["template"], saved.body["id"], "{:#}", seen.body);
        let lines = client.get(&app.at(&format!("/imports/{id}/lines"))).await.expect(200);
        assert_eq!(lines.body["items"][0]["business_date"], "2026-04-05");
        assert_eq!(lines.body["items"][0]["amount"], -600);
        let list = client.get(&app.at("/import-templates")).await.expect(200);
        assert_eq!(list.body[0]["name"], "甲的导出");
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

async fn sign(app: &TestApp, day: &str) {
    run(app, Sql::new("UPDATE customer SET locked_through = $1").bind(day)).await;
}

async fn run(app: &TestApp, sql: Sql) {
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
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
        super::commit::apply(&mut tx, company, batch, &plan, &scope, "user-1").await.unwrap();
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
async fn who_may_not_is_refused_and_who_did_not_bring_it_does_not_see_it() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let text = format!("{HEADER}2026-10-08,X1,C1,销售,1.00,\n");
        let id = checked(&app, &client, "side=ours", &text).await;
        let sales = app.client("sales").await;
        assert_eq!(upload(&app, &sales, "side=ours", "a.csv", &text).await.status, 403);
        // D8: bringing a file of our own side is no way around the review of postings.
        let accountant = app.client("accountant").await;
        let refused = commit(&app, &accountant, &id).await.expect(403);
        assert!(refused.text("detail").contains("ledger.post"), "{:?}", refused.body);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
        let own = app.client_in(&app.company, "accountant", "own", "").await;
        for path in ["", "/preview", "/issues", "/lines", "/rejected/csv"] {
            own.get(&app.at(&format!("/imports/{id}{path}"))).await.expect(404);
        }
        own.post(&app.at(&format!("/imports/{id}/discard")), json!({})).await.expect(404);
        assert!(
            own.get(&app.at("/imports")).await.expect(200).body["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        let other = app.other_company().await;
        let there = app.client_in(&other, "accountant", "all", "").await;
        there.get(&app.at(&format!("/imports/{id}"))).await.expect(404);
        there.get(&format!("/api/companies/{other}/imports/{id}")).await.expect(404);
        for (query, status) in
            [("", 422), ("side=ours&view=up", 422), ("side=ours&customer=customer-9", 404)]
        {
            upload(&app, &client, query, "a.csv", &text).await.expect(status);
        }
        let empty = upload(&app, &client, "side=ours", "a.csv", "").await.expect(422);
        assert_eq!(empty.code(), "empty_upload");
        let discard = app.at(&format!("/imports/{id}/discard"));
        client.post(&discard, json!({})).await.expect(200);
        client.post(&discard, json!({})).await.expect(409);
        commit(&app, &client, &id).await.expect(409);
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_says_why_and_a_form_is_a_file_too() {
    let app = TestApp::on_sqlite().await;
    app.customer("C1", "甲").await;
    let client = app.client("finance_manager").await;
    let id = checked(&app, &client, "side=ours", "%PDF-1.7 not a table").await;
    let seen = client.get(&app.at(&format!("/imports/{id}"))).await.expect(200);
    assert_eq!(
        (seen.text("state"), &seen.body["problem"]["code"]),
        ("inspected".into(), &json!("unsupported"))
    );
    let none = client.get(&app.at(&format!("/imports/{id}/preview"))).await.expect(409);
    assert_eq!(none.code(), "not_checked");
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"form.csv\"\r\n\r\n\
         {HEADER}2026-10-08,X1,C1,预收,-1.00,\n\r\n--b--\r\n"
    );
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let path = app.at("/imports?side=ours");
    let import =
        client.send_bytes(Method::POST, &path, &headers, form.into_bytes()).await.expect(201);
    assert_eq!(import.body["file"]["name"], "form.csv");
    app.drain_jobs().await;
    let id = import.text("id");
    let lines = client.get(&app.at(&format!("/imports/{id}/lines"))).await.expect(200);
    // The ledger knows kinds that the kernel does not tell apart.
    assert_eq!(lines.body["items"][0]["kind"], "advance");
    let preview = preview(&app, &client, &id).await;
    assert_eq!(rows(&preview, "new"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_empty_workbook_has_every_role_and_its_samples_are_passed_over() {
    let app = TestApp::on_sqlite().await;
    let client = app.client("finance_manager").await;
    client.get("/api/import-templates/sideways.xlsx").await.expect(404);
    for (kind, lang) in [("ours", "zh"), ("theirs", "en")] {
        let path = format!("/api/import-templates/{kind}.xlsx");
        let language = [("accept-language", lang)];
        let file = client.send(Method::GET, &path, &language, None).await.expect(200);
        let options = heqi_intake::ReadOptions::new(heqi_domain::Side::Ours);
        let read = heqi_intake::read(&file.bytes, "t.xlsx", &options, &heqi_domain::NoProgress);
        assert!(matches!(read, Err(heqi_intake::IntakeError::NoRows { .. })), "{read:?}");
        let english = usize::from(lang == "en");
        let names = super::workbook::COLUMNS.map(|(names, ..)| names[english]);
        let text = format!(
            "{}\n# 2026-11-02,XS-1,DD-1,销售,KH0001,CNY,1.00,2026-12-02,示例\n\
             # 2026-11-03,XS-2,,退货,KH0001,CNY,-1.00,,示例\n\
             2026-11-04,XS-3,DD-3,收款,KH0001,CNY,-5.00,2026-12-04,货款\n",
            names.join(",")
        );
        let bytes = text.into_bytes();
        let progress = heqi_domain::NoProgress;
        let reading = heqi_intake::read(&bytes, "t.csv", &options, &progress).unwrap();
        assert_eq!((reading.lines.amount, reading.rejects), (vec![-500], vec![]), "{lang}");
        let template = heqi_intake::template(&bytes, "t.csv", &options).unwrap();
        use heqi_intake::Role;
        for role in [
            Role::Date,
            Role::Reference,
            Role::OtherReference,
            Role::Kind,
            Role::Customer,
            Role::Currency,
            Role::Amount,
            Role::Due,
            Role::Text,
        ] {
            assert!(template.columns.contains_key(&role), "{lang}: {role:?}");
        }
    }
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
            super::cli::import(&app.app, "T1", Some("C1"), side, &path, None, dry).await.unwrap()
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
