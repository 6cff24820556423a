//! Goal: customers are found however they are typed, seen by whom they concern, changed by whom
//! may.

mod merge;

use serde_json::{Value as Json, json};

use crate::testing::{Client, TestApp, on_both};

const PHONE: &str = "13900007788";
const ACCOUNT: &str = "6222020200019998877";

fn haicang() -> Json {
    json!({
        "code": "C001", "name": "海仓贸易有限公司", "aliases": ["海仓", "海仓国际"],
        "credit_code": " 91350100m000100y43 ", "department": "A", "region": "East",
        "tags": ["重点", "华东"], "credit_limit": 5_000_000,
        "contacts": [{ "name": "王会计", "role": "finance", "phone": PHONE }],
    })
}

async fn create(app: &TestApp, client: &Client, body: Json) -> Json {
    client.post(&app.at("/customers"), body).await.expect(201).body
}

fn path(app: &TestApp, customer: &Json, rest: &str) -> String {
    app.at(&format!("/customers/{}{rest}", customer["id"].as_str().unwrap()))
}

async fn codes(client: &Client, address: &str) -> Vec<String> {
    let answer = client.get(address).await.expect(200);
    let items = answer.body["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_made_seen_and_changed() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let made = create(&app, &client, haicang()).await;
        assert_eq!(made["credit_code"], "91350100M000100Y43");
        let seen = client.get(&path(&app, &made, "")).await.expect(200);
        assert_eq!(seen.version(), 1);
        assert_eq!(seen.body["contacts"][0]["phone"], "139****7788");
        let contact = seen.body["contacts"][0]["id"].clone();
        let change = json!({
            "name": "海仓国际贸易有限公司", "credit_limit": null,
            "contacts": [{ "id": contact, "name": "王芳", "role": "reconciliation" }],
        });
        let changed = client.patch(&path(&app, &made, ""), 1, change.clone()).await.expect(200);
        assert_eq!(changed.version(), 2);
        assert_eq!(changed.body["credit_limit"], Json::Null);
        assert_eq!(changed.body["contacts"][0]["phone"], "139****7788", "the phone stays");
        let aliases = changed.body["aliases"].as_array().unwrap().clone();
        assert!(!aliases.is_empty() && aliases.contains(&json!("海仓国际")));
        let stale = client.patch(&path(&app, &made, ""), 1, change).await.expect(412);
        assert_eq!(stale.body["facts"]["version"], 2);
        let reason = json!({ "reason": "不再往来" });
        let (stop, tag) = (path(&app, &made, "/stop"), [("if-match", "\"v2\"")]);
        let post = axum::http::Method::POST;
        let stopped = client.send(post, &stop, &tag, Some(reason)).await.expect(200);
        assert_eq!(stopped.body["status"], "stopped");
        assert!(codes(&client, &app.at("/customers?status=active")).await.is_empty());
        let expected = ["customer.create", "customer.change", "customer.stop"];
        assert_eq!(app.actions().await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_refused_with_the_field() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let address = app.at("/customers");
        let made = create(&app, &client, haicang()).await;
        for (field, value) in [
            ("credit_code", json!("91350100M000100Y44")),
            ("credit_code", json!("9135")),
            ("code", json!("  ")),
            ("owner", json!("user-999")),
            ("parent", json!("customer-999")),
            ("term_days", json!(-1)),
            ("currency", json!("RMBX")),
        ] {
            let mut body = json!({ "code": "C9", "name": "别家" });
            body[field] = value;
            let refused = client.post(&address, body).await.expect(422);
            assert_eq!(refused.body["errors"][0]["pointer"], format!("/{field}"), "{refused:?}");
        }
        let refused = client.post(&address, json!({ "code": "C001", "name": "乙" })).await;
        assert_eq!(refused.expect(409).code(), "code_taken");
        let body = json!({ "code": "C2", "name": "乙", "aliases": ["海仓（有限公司）"] });
        let refused = client.post(&address, body).await.expect(409);
        assert_eq!(
            (refused.code(), &refused.body["facts"]["customer"]),
            ("alias_taken".to_owned(), &made["id"])
        );
        let masked =
            json!({ "contacts": [{ "name": "王", "role": "other", "phone": "139****7788" }] });
        client.patch(&path(&app, &made, ""), 1, masked).await.expect(422);
        let reader = app.client("read_only").await;
        reader.post(&address, haicang()).await.expect(403);
        reader.get(&path(&app, &made, "/sensitive")).await.expect(403);
        let other = app.other_company().await;
        let stranger = app.client_in(&other, "finance_manager", "all", "").await;
        stranger.get(&path(&app, &made, "")).await.expect(404);
        let crossed = path(&app, &made, "").replace(&app.company, &other);
        stranger.get(&crossed).await.expect(404);
        assert_eq!(app.number("SELECT COUNT(*) FROM customer").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_everybody_sees_their_own_customers_in_lists_and_files() {
    on_both(async |app: TestApp| {
        let sales = app.client_in(&app.company, "sales", "own", "").await;
        let department = app.client_in(&app.company, "accountant", "department", "A").await;
        let region = app.client_in(&app.company, "accountant", "region", "East").await;
        let company = app.company.clone();
        app.customer_of(&company, "OWN", "自己的", Some(sales.user), "B", "West").await;
        app.customer_of(&company, "DEP", "部门的", None, "A", "West").await;
        app.customer_of(&company, "REG", "地区的", None, "B", "East").await;
        for (client, code) in [(&sales, "OWN"), (&department, "DEP"), (&region, "REG")] {
            assert_eq!(codes(client, &app.at("/customers")).await, [code]);
            let file = client.get(&app.at("/customers/export")).await.expect(200);
            let text = String::from_utf8(file.bytes).unwrap();
            for other in ["OWN", "DEP", "REG"] {
                assert_eq!(text.contains(other), other == code, "{text}");
            }
        }
        let body = json!({ "code": "N", "name": "新", "department": "B" });
        let refused = department.post(&app.at("/customers"), body).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/owner");
        let body = json!({ "code": "N", "name": "新", "department": "A" });
        let made = create(&app, &department, body).await;
        region.get(&path(&app, &made, "")).await.expect(404);
        region.patch(&path(&app, &made, ""), 1, json!({ "note": "x" })).await.expect(404);
        let away = json!({ "department": "B" });
        department.patch(&path(&app, &made, ""), 1, away).await.expect(422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b7_a_bank_account_is_changed_by_two_people() {
    on_both(async |app: TestApp| {
        let maker = app.client("finance_manager").await;
        let checker = app.client("finance_manager").await;
        let clerk = app.client("accountant").await;
        let made = create(&app, &maker, haicang()).await;
        let address = path(&app, &made, "/bank-changes");
        let body = json!({
            "bank": { "bank": "工行厦门分行", "account": ACCOUNT }, "reason": "客户来函",
        });
        let asked = maker.post(&address, body.clone()).await.expect(201);
        assert_eq!(asked.body["bank"]["account"], "6222 **** **** 8877");
        assert_eq!(clerk.post(&address, body).await.expect(409).code(), "bank_change_waiting");
        let approve = format!("{address}/{}/approve", asked.text("id"));
        let decide = async |client: &Client, version: &str| {
            let note = Some(json!({ "note": "已电话核实" }));
            let tag = [("if-match", version)];
            client.send(axum::http::Method::POST, &approve, &tag, note).await
        };
        assert_eq!(decide(&maker, "\"v1\"").await.expect(409).code(), "own_bank_change");
        decide(&clerk, "\"v1\"").await.expect(403);
        decide(&checker, "\"v7\"").await.expect(412);
        assert_eq!(client_bank(&app, &maker, &made).await, Json::Null, "nothing counts yet");
        decide(&checker, "\"v1\"").await.expect(200);
        assert_eq!(decide(&checker, "\"v2\"").await.expect(409).code(), "bank_change_decided");
        assert_eq!(client_bank(&app, &maker, &made).await["account"], "6222 **** **** 8877");
        let plain = clerk.get(&path(&app, &made, "/sensitive")).await.expect(200);
        assert_eq!(plain.body["bank"]["account"], ACCOUNT);
        assert_eq!(plain.body["contacts"][0]["phone"], PHONE);
        let actions = app.actions().await;
        for action in ["bank_account.propose", "bank_account.approve", "customer.read_sensitive"] {
            assert_eq!(actions.iter().filter(|done| *done == action).count(), 1, "{action}");
        }
    })
    .await;
}

async fn client_bank(app: &TestApp, client: &Client, customer: &Json) -> Json {
    client.get(&path(app, customer, "")).await.expect(200).body["bank"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_phone_and_account_are_nowhere_in_the_database_file() {
    let app = TestApp::on_sqlite().await;
    let (maker, checker) =
        (app.client("finance_manager").await, app.client("finance_manager").await);
    let made = create(&app, &maker, haicang()).await;
    let address = path(&app, &made, "/bank-changes");
    let body = json!({ "bank": { "bank": "工行", "account": ACCOUNT }, "reason": "来函" });
    let asked = maker.post(&address, body).await.expect(201);
    let approve = format!("{address}/{}/approve", asked.text("id"));
    let note = Some(json!({ "note": "已核实" }));
    let tag = [("if-match", "\"v1\"")];
    checker.send(axum::http::Method::POST, &approve, &tag, note).await.expect(200);
    maker.get(&path(&app, &made, "/sensitive")).await.expect(200);
    let folder = app.app.config.data.clone();
    let database = std::path::PathBuf::from(app.app.config.database_address());
    let beside = database.parent().unwrap().to_owned();
    let (mut files, mut names) = (0, 0);
    for place in [folder, beside] {
        for file in std::fs::read_dir(place).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            files += 1;
            names += usize::from(holds(&bytes, "海仓贸易"));
            assert!(!holds(&bytes, PHONE) && !holds(&bytes, ACCOUNT));
        }
    }
    assert!(files > 0 && names > 0, "the scan reads the file that holds the name");
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_people_type_and_the_best_comes_first() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        for (code, name) in [
            ("C1", "上海海仓贸易有限公司"),
            ("C2", "海仓贸易有限公司"),
            ("C3", "重庆长江物流有限公司"),
            ("HC", "远山建材"),
        ] {
            create(&app, &client, json!({ "code": code, "name": name, "tags": ["50%_a"] })).await;
        }
        let find = async |typed: &str| {
            codes(&client, &app.at(&format!("/customers?keyword={typed}"))).await
        };
        for typed in ["hcmy", "haicang", "%E6%B5%B7%E4%BB%93", "%E6%B5%B7cang", "maoyi%20haicang"] {
            assert_eq!(find(typed).await, ["C2", "C1"], "{typed}");
        }
        assert_eq!(find("hc").await, ["HC", "C2", "C1"]);
        for typed in ["chongqing", "zhongqing", "cq", "cqcj"] {
            assert_eq!(find(typed).await, ["C3"], "{typed}");
        }
        assert!(find("%25").await.len() == 4, "no letter, no word");
        assert_eq!(codes(&client, &app.at("/customers?tag=50%25_a")).await.len(), 4);
        assert!(codes(&client, &app.at("/customers?tag=50%25xa")).await.is_empty());
        for sort in ["sort=code", "sort=name", "keyword=c"] {
            let (mut seen, mut next) = (Vec::new(), String::new());
            loop {
                let address = app.at(&format!("/customers?limit=1&{sort}{next}"));
                let page = client.get(&address).await.expect(200);
                for item in page.body["items"].as_array().unwrap() {
                    seen.push(item["code"].clone());
                }
                let Some(cursor) = page.body["next"].as_str() else { break };
                next = format!("&cursor={cursor}");
            }
            let distinct: std::collections::BTreeSet<_> =
                seen.iter().map(ToString::to_string).collect();
            assert_eq!((seen.len(), distinct.len()), (4, 4), "{sort}: {seen:?}");
            if sort == "sort=code" && !next.is_empty() {
                let other = app.at(&format!("/customers?keyword=c{next}"));
                client.get(&other).await.expect(422);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_a_tree() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let top = create(&app, &client, json!({ "code": "T", "name": "集团" })).await;
        let body = json!({ "code": "B", "name": "分公司", "parent": top["id"] });
        let branch = create(&app, &client, body).await;
        let listed = app.at(&format!("/customers?parent={}", top["id"].as_str().unwrap()));
        assert_eq!(codes(&client, &listed).await, ["B"]);
        for parent in [&branch["id"], &top["id"]] {
            let refused = client.patch(&path(&app, &top, ""), 1, json!({ "parent": parent })).await;
            assert_eq!(refused.expect(422).body["errors"][0]["pointer"], "/parent");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_many_come_in_at_once_and_go_out_without_formulas() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        create(&app, &client, haicang()).await;
        let items = json!({ "items": [
            { "code": "C001", "name": "已有" },
            { "code": "D1", "name": "=HYPERLINK(\"http://x\")" },
            { "code": "D2", "name": "错码", "credit_code": "123" },
            { "code": "D1", "name": "同批重复" },
            { "code": "D3", "name": "别名重复", "aliases": ["海仓"] },
        ] });
        let answer = client.post(&app.at("/customers/batch"), items).await.expect(200);
        let results: Vec<&str> = answer
            .body
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["result"].as_str().unwrap())
            .collect();
        assert_eq!(results, ["exists", "created", "rejected", "exists", "rejected"]);
        assert_eq!(app.number("SELECT COUNT(*) FROM customer").await, 2);
        let file = client.get(&app.at("/customers/export?format=csv")).await.expect(200);
        let text = String::from_utf8(file.bytes).unwrap();
        assert!(text.starts_with('\u{feff}') && text.contains("'=HYPERLINK"), "{text}");
        assert!(!text.contains(PHONE));
        let file = client.get(&app.at("/customers/export?format=xlsx")).await.expect(200);
        assert!(file.bytes.starts_with(b"PK"));
        client.get(&app.at("/customers/export?format=pdf")).await.expect(422);
        let actions = app.actions().await;
        assert_eq!(actions.iter().filter(|done| *done == "customer.export").count(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_that_may_be_one_are_told_with_the_reason() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let (code, phone) = ("91350100M000100Y43", "139-0000-7788");
        for body in [
            json!({ "code": "A", "name": "海仓国际贸易有限公司", "credit_code": code }),
            json!({ "code": "B", "name": "海仓国贸", "credit_code": code }),
            json!({ "code": "C", "name": "海仓国际贸易（有限公司）" }),
            json!({ "code": "D", "name": "远山", "contacts":
                [{ "name": "王", "role": "other", "phone": phone }] }),
            json!({ "code": "E", "name": "青石", "contacts":
                [{ "name": "王", "role": "other", "phone": PHONE }] }),
        ] {
            create(&app, &client, body).await;
        }
        let told = client.get(&app.at("/customers/duplicates")).await.expect(200);
        let pairs: Vec<(String, String)> = told
            .body
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| {
                let code = |at: usize| pair["customers"][at]["code"].as_str().unwrap().to_owned();
                (code(0) + &code(1), pair["reasons"][0].as_str().unwrap().to_owned())
            })
            .collect();
        let expected = [("AB", "same_credit_code"), ("AC", "same_name"), ("DE", "same_phone")];
        assert_eq!(pairs, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    })
    .await;
}
