//! Goal: a file of customers does what its preview said, and an export that comes back does
//! nothing.

use axum::http::Method;
use serde_json::{Value as Json, json};

use crate::testing::{Answer, Client, TestApp, on_both};

async fn send(app: &TestApp, client: &Client, path: &str, file: &[u8]) -> Answer {
    let headers = [("content-type", "text/csv"), ("x-file-name", "kh.csv")];
    client.send_bytes(Method::POST, &app.at(path), &headers, file.to_vec()).await
}

async fn preview(app: &TestApp, client: &Client, file: &[u8]) -> Json {
    send(app, client, "/customers/import/preview", file).await.expect(200).body
}

async fn commit(app: &TestApp, client: &Client, file: &[u8], plan: &Json, also: &str) -> Answer {
    let plan = plan["plan"].as_str().unwrap();
    send(app, client, &format!("/customers/import?plan={plan}{also}"), file).await
}

fn row(preview: &Json, number: u64) -> Json {
    let rows = preview["rows"].as_array().unwrap().iter();
    rows.clone().find(|row| row["row"] == number).cloned().unwrap_or_default()
}

/// Everything that a file can say, and what is awkward in a file.
async fn customers(app: &TestApp, client: &Client) {
    let group = client
        .post(
            &app.at("/customers"),
            json!({ "code": "G1", "name": "=海仓集团", "aliases": ["海仓；国际", "A\\B", "HC"],
                "credit_code": "91350100M000100Y43", "tags": ["华东", "a/b"],
                "credit_limit": 5_000_050, "term_days": 45, "currency": "USD",
                "address": "上海市\n浦东新区", "note": " \"引号\", 逗号 ", "language": "en",
                "contacts": [
                    { "name": "王/会计", "role": "finance", "phone": "13900007788" },
                    { "name": "李", "role": "purchasing", "email": "li@example.com",
                      "channel": "wecom" } ] }),
        )
        .await
        .expect(201);
    let branch = json!({ "code": "0007", "name": "海仓上海分公司", "parent": group.body["id"],
        "aliases": ["沪分"],
        "owner": client.user_text(), "invoice_title": "-抬头", "region": "East" });
    client.post(&app.at("/customers"), branch).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn r31_an_export_that_comes_back_changes_nothing() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        customers(&app, &client).await;
        let state =
            "SELECT id, version, name, search, credit_limit, note FROM customer ORDER BY id";
        let before = app.values(state).await;
        for format in ["csv", "xlsx"] {
            for lang in ["zh", "en"] {
                let path = app.at(&format!("/customers/export?format={format}"));
                let language = [("accept-language", lang)];
                let file = client.send(Method::GET, &path, &language, None).await.expect(200);
                let seen = preview(&app, &client, &file.bytes).await;
                assert_eq!(seen["counts"]["same"], 2, "{format} {lang}: {seen:#}");
                assert_eq!(seen["rows"], json!([]));
                let done = commit(&app, &client, &file.bytes, &seen, "").await.expect(200);
                assert_eq!((&done.body["same"], &done.body["changed"]), (&json!(2), &json!([])));
            }
        }
        assert_eq!(app.values(state).await, before);
        assert_eq!(app.number("SELECT COUNT(*) FROM customer_contact").await, 2);
        let phones = "SELECT COUNT(*) FROM customer_contact WHERE phone_sealed <> ''";
        assert_eq!(app.number(phones).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r31_an_export_builds_the_customers_anew_elsewhere() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        customers(&app, &client).await;
        let path = app.at("/customers/export?format=xlsx");
        let file = client.get(&path).await.expect(200).bytes;
        let other = app.other_company().await;
        let there = app.client_in(&other, "accountant", "all", "").await;
        let headers = [("x-file-name", "a.xlsx")];
        let at = |rest: &str| format!("/api/companies/{other}/customers{rest}");
        let path = at("/import/preview");
        let seen = there.send_bytes(Method::POST, &path, &headers, file.clone()).await;
        let seen = seen.expect(200).body;
        assert_eq!(seen["counts"]["new"], 2, "{seen:#}");
        let plan = at(&format!("/import?plan={}", seen["plan"].as_str().unwrap()));
        there.send_bytes(Method::POST, &plan, &headers, file).await.expect(200);
        // The branch found its group, though it stands before it in the file.
        let same = "SELECT COUNT(*) FROM customer a JOIN customer b ON a.code = b.code \
             AND a.company_id < b.company_id AND a.name = b.name AND a.tags = b.tags \
             AND a.address = b.address AND a.term_days = b.term_days AND a.region = b.region \
             AND COALESCE(a.credit_limit, -1) = COALESCE(b.credit_limit, -1) \
             AND (a.parent_id IS NULL) = (b.parent_id IS NULL)";
        assert_eq!(app.number(same).await, 2);
        assert_eq!(app.number("SELECT COUNT(*) FROM customer_alias").await, 8);
        assert_eq!(app.number("SELECT COUNT(*) FROM customer_contact").await, 4);
    })
    .await;
}

const HEADER: &str =
    "客户编号,客户名称,别名,税号,账期（天）,信用额度,上级单位,联系人,银行账号,颜色\n";

/// Each wrong row is told with its column and what is wrong, in both languages.
fn rejected(seen: &Json) {
    for (number, code, column) in [
        (7, "invalid_field", "税号"),
        (8, "not_a_number", "账期（天）"),
        (9, "alias_taken", "别名"),
        (10, "twice_in_file", "客户编号"),
        (11, "bad_parent", "上级单位"),
        (12, "empty", "客户名称"),
        (13, "bad_contacts", "联系人"),
    ] {
        let problem = &row(seen, number)["problem"];
        assert_eq!((&problem["code"], &problem["column"]), (&json!(code), &json!(column)));
        assert!(problem["zh"] != problem["en"] && problem["zh"] != "", "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r31_what_the_preview_shows_is_what_happens() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        customers(&app, &client).await;
        let file = format!(
            "{HEADER}# KH1,示例,,,,,,,,\n\
             G1,海仓控股集团,,,60,,,王/会计\\,,\n\
             N1,远山建材有限公司,远山,,15,\"1,000.50\",N2,陈/对账/chen@example.com,622202000,红\n\
             N2,青石食品厂,,,,,,,,\n\
             N3,海仓上海分公司有限公司,,,,,,,,\n\
             N4,校验错,,91350100M000100Y44,,,,,,\n\
             N5,账期错,,,三十,,,,,\n\
             N6,别名重复,沪分,,,,,,,\n\
             N2,编码重复,,,,,,,,\n\
             N7,没有上级,,,,,N99,,,\n\
             N8,,,,,,,,,\n\
             N9,用途不明,,,,,,陈/出纳,,\n"
        );
        let file = file.replace("王/会计\\", "王\\/会计/财务；李/采购/li@example.com/wecom");
        let seen = preview(&app, &client, file.as_bytes()).await;
        let counts = json!({ "new": 2, "changed": 1, "same": 0, "possible": 1, "rejected": 7 });
        assert_eq!(seen["counts"], counts, "{seen:#}");
        let changed = row(&seen, 3);
        let expected = json!([
            { "column": "名称", "before": "=海仓集团", "after": "海仓控股集团" },
            { "column": "账期天数", "before": "45", "after": "60" },
        ]);
        assert_eq!(changed["changes"], expected);
        assert_eq!(row(&seen, 6)["suspects"][0]["code"], "0007");
        rejected(&seen);
        let notes: Vec<_> =
            seen["notes"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
        assert_eq!(notes, ["bank_accounts_not_taken", "columns_passed_over"]);
        assert_eq!(
            app.number("SELECT COUNT(*) FROM customer").await,
            2,
            "a preview writes nothing"
        );
        let wrong = commit(&app, &client, file.as_bytes(), &seen, "&also=3").await.expect(422);
        assert_eq!(wrong.body["errors"][0]["pointer"], "/also");
        let done = commit(&app, &client, file.as_bytes(), &seen, "").await.expect(200);
        assert_eq!(done.body["created"].as_array().unwrap().len(), 2);
        assert_eq!((done.number("left_out"), done.number("rejected")), (1, 7));
        let linked = "SELECT COUNT(*) FROM customer c JOIN customer p ON p.id = c.parent_id \
             WHERE c.code = 'N1' AND p.code = 'N2' AND c.credit_limit = 100050 \
             AND c.term_days = 15 AND c.bank_sealed = ''";
        assert_eq!(app.number(linked).await, 1);
        let phone = "SELECT COUNT(*) FROM customer_contact WHERE phone_sealed <> ''";
        assert_eq!(app.number(phone).await, 1, "the phone of a contact that stays is kept");
        let old = "SELECT COUNT(*) FROM customer_alias WHERE alias = '=海仓集团'";
        assert_eq!(app.number(old).await, 1, "the old name is an alias");
        let actions = app.actions().await;
        for (action, times) in
            [("customer.import", 1), ("customer.change", 1), ("customer.create", 4)]
        {
            assert_eq!(actions.iter().filter(|done| *done == action).count(), times, "{action}");
        }
        // Once more: what was taken over is the same now; what may be known waits still.
        let again = preview(&app, &client, file.as_bytes()).await;
        assert_eq!((&again["counts"]["same"], &again["counts"]["new"]), (&json!(3), &json!(0)));
        let done = commit(&app, &client, file.as_bytes(), &again, "&also=6").await.expect(200);
        assert_eq!(done.body["created"].as_array().unwrap().len(), 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM customer").await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_a_preview_that_does_not_hold_any_more_does_nothing() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        customers(&app, &client).await;
        let file = "code,name\nG1,海仓控股\nZ1,新客户\n".as_bytes();
        let seen = preview(&app, &client, file).await;
        let other = "code,name\nG1,海仓控股\nZ2,新客户\n".as_bytes();
        assert_eq!(
            commit(&app, &client, other, &seen, "").await.expect(409).code(),
            "plan_changed"
        );
        let first = client.get(&app.at("/customers?keyword=G1")).await.body["items"][0].clone();
        let path = app.at(&format!("/customers/{}", first["id"].as_str().unwrap()));
        client.patch(&path, 1, json!({ "note": "改过" })).await.expect(200);
        assert_eq!(commit(&app, &client, file, &seen, "").await.expect(409).code(), "plan_changed");
        assert_eq!(app.number("SELECT COUNT(*) FROM customer").await, 2);
        // Of several who commit the same preview at once, one adds the customers.
        let seen = preview(&app, &client, file).await;
        let all = (0..4).map(|_| commit(&app, &client, file, &seen, ""));
        let all = futures::future::join_all(all).await;
        assert_eq!(all.iter().filter(|it| it.status == 200).count(), 1, "{all:?}");
        assert!(all.iter().all(|it| it.status == 200 || it.code() == "plan_changed"), "{all:?}");
        assert_eq!(app.number("SELECT COUNT(*) FROM customer").await, 3);
        assert_eq!(app.number("SELECT MAX(version) FROM customer").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_nobody_imports_what_is_not_theirs() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        customers(&app, &client).await;
        let reader = app.client("read_only").await;
        let file = "编码,名称,地区\nG1,改名,East\n0007,海仓上海分公司,West\nE9,东区新客户,East\n\
                    W9,西区新客户,West\n";
        send(&app, &reader, "/customers/import/preview", file.as_bytes()).await.expect(403);
        send(&app, &reader, "/customers/import?plan=x", file.as_bytes()).await.expect(403);
        reader.get(&app.at("/customers/template")).await.expect(403);
        let east = app.client_in(&app.company, "accountant", "region", "East").await;
        let seen = preview(&app, &east, file.as_bytes()).await;
        let status = |number| {
            (row(&seen, number)["status"].clone(), row(&seen, number)["problem"]["code"].clone())
        };
        assert_eq!(status(2), (json!("rejected"), json!("code_taken")));
        assert_eq!(row(&seen, 2)["customer"], Json::Null, "{seen:#}");
        assert_eq!(status(3).0, "rejected", "nobody moves a customer out of their own reach");
        assert_eq!(status(4).0, "new");
        assert_eq!(status(5).0, "rejected");
        assert_eq!(
            commit(&app, &east, file.as_bytes(), &seen, "").await.expect(200).number("rejected"),
            3
        );
        assert_eq!(app.number("SELECT COUNT(*) FROM customer WHERE code = 'E9'").await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM customer").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_what_is_no_list_of_customers_says_why() {
    let app = TestApp::on_sqlite().await;
    let client = app.client("accountant").await;
    let path = "/customers/import/preview";
    for (file, code) in [
        (&b""[..], "empty_upload"),
        (b"%PDF-1.7 x", "file_unreadable"),
        (b"PK\x03\x04broken", "file_unreadable"),
        ("日期,金额\n2026-11-01,1.00\n".as_bytes(), "no_header"),
    ] {
        assert_eq!(send(&app, &client, path, file).await.expect(422).code(), code);
    }
    let large = vec![b'x'; (20 << 20) + 1];
    assert_eq!(send(&app, &client, path, &large).await.expect(413).code(), "file_too_large");
    let (gbk, ..) = encoding_rs::GB18030.encode("客户编码\t客户名称\nC1\t海仓\n");
    assert_eq!(preview(&app, &client, &gbk).await["counts"]["new"], 1);
    for lang in ["zh", "en"] {
        let language = [("accept-language", lang)];
        let template = app.at("/customers/template");
        let book = client.send(Method::GET, &template, &language, None).await.expect(200);
        let seen = preview(&app, &client, &book.bytes).await;
        let counts = json!({ "new": 0, "changed": 0, "same": 0, "possible": 0, "rejected": 0 });
        assert_eq!((&seen["counts"], &seen["notes"]), (&counts, &json!([])), "{seen:#}");
        assert_eq!(seen["columns"].as_array().unwrap().len(), 18);
    }
}
