//! Goal: a file is understood as its author meant it, or says why it is not.

use axum::http::Method;
use heqi_domain::{CustomerId, Id};
use heqi_platform::Value;
use serde_json::{Value as Json, json};

use super::{HEADER, checked, commit, preview, rows};
use crate::testing::{TestApp, on_both};

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
        let names = crate::features::imports::workbook::COLUMNS.map(|(names, ..)| names[english]);
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
