//! Goal: products are found, prices of one list never overlap, and a day has one price.

use heqi_domain::{CustomerId, Id};
use serde_json::{Value as Json, json};

use crate::testing::{Client, TestApp, on_both};

fn paper() -> Json {
    json!({
        "code": "P01", "name": "复印纸", "kind": "goods", "spec": "A4 70g", "unit": "箱",
        "tax_category": "1060105040000000000", "tax_ppm": 130_000,
    })
}

async fn create(app: &TestApp, client: &Client, body: Json) -> String {
    client.post(&app.at("/products"), body).await.expect(201).text("id")
}

async fn codes(client: &Client, address: &str) -> Vec<String> {
    let answer = client.get(address).await.expect(200);
    let items = answer.body["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_made_found_changed_and_exported() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let id = create(&app, &client, paper()).await;
        let mut service = paper();
        service["code"] = json!("S01");
        service["name"] = json!("=仓储服务");
        service["kind"] = json!("service");
        service["billing_rule"] = json!("按月，每立方米 12 元");
        create(&app, &client, service.clone()).await;
        let typed = [("fyz", "P01"), ("fuyinzhi", "P01"), ("cangchu", "S01"), ("a4", "P01")];
        for (typed, code) in typed {
            let found = codes(&client, &app.at(&format!("/products?keyword={typed}"))).await;
            assert_eq!(found, if typed == "a4" { vec!["P01", "S01"] } else { vec![code] });
        }
        let address = app.at(&format!("/products/{id}"));
        let mut changed = paper();
        changed["stopped"] = json!(true);
        assert_eq!(client.put(&address, 1, changed.clone()).await.expect(200).version(), 2);
        client.put(&address, 1, changed).await.expect(412);
        assert_eq!(codes(&client, &app.at("/products?status=active")).await, ["S01"]);
        let again = client.post(&app.at("/products"), paper()).await.expect(409);
        assert_eq!(again.code(), "code_taken");
        let wrong = [("tax_ppm", json!(-1)), ("barcode", json!("12a")), ("name", json!(" "))];
        for (field, value) in wrong {
            let mut wrong = paper();
            wrong[field] = value;
            let refused = client.post(&app.at("/products"), wrong).await.expect(422);
            assert_eq!(refused.body["errors"][0]["pointer"], format!("/{field}"));
        }
        app.client("sales").await.post(&app.at("/products"), paper()).await.expect(403);
        let other = app.other_company().await;
        let stranger = app.client_in(&other, "finance_manager", "all", "").await;
        stranger.get(&address).await.expect(404);
        stranger.get(&address.replace(&app.company, &other)).await.expect(404);
        let pen = json!({ "code": "P02", "name": "笔", "kind": "goods", "tax_ppm": 130_000 });
        let items = json!({ "items": [paper(), pen] });
        let batch = client.post(&app.at("/products/batch"), items).await.expect(200);
        assert_eq!(batch.body, json!({ "created": 1, "existing": ["P01"] }));
        let file = client.get(&app.at("/products/export")).await.expect(200);
        let text = String::from_utf8(file.bytes).unwrap();
        assert!(text.contains(",'=仓储服务,") && text.contains(",13%,"), "{text}");
        let actions = app.actions().await;
        assert!(actions.ends_with(&["product.batch".to_owned(), "product.export".to_owned()]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_one_price_and_the_customers_own_comes_first() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let product = create(&app, &client, paper()).await;
        let group =
            client.post(&app.at("/customers"), json!({ "code": "G", "name": "集团" })).await;
        let group = group.expect(201).text("id");
        let body = json!({ "code": "B", "name": "分公司", "parent": group });
        let branch = client.post(&app.at("/customers"), body).await.expect(201).text("id");
        let address = app.at(&format!("/products/{product}/prices"));
        let price = |customer: Json, micro: i64, from: &str, to: Json| {
            json!({ "customer": customer, "currency": "CNY", "price_micro": micro,
                "valid_from": from, "valid_to": to })
        };
        let all = price(Json::Null, 100_000_000, "2026-01-01", Json::Null);
        let first = client.post(&address, all).await.expect(201);
        let own = price(json!(group), 90_000_000, "2026-10-01", json!("2026-10-31"));
        client.post(&address, own).await.expect(201);
        for (from, to) in [("2026-10-31", Json::Null), ("2026-09-01", json!("2026-10-01"))] {
            let own = price(json!(group), 80_000_000, from, to);
            let refused = client.post(&address, own).await.expect(409);
            assert_eq!(refused.code(), "price_overlap");
            assert_eq!(refused.body["facts"]["price"]["valid_from"], "2026-10-01");
        }
        let next = price(json!(branch), 85_000_000, "2026-10-20", Json::Null);
        client.post(&address, next).await.expect(201);
        let on = async |customer: &str, date: &str| {
            let query = format!("price?customer={customer}&date={date}");
            let answer = client.get(&app.at(&format!("/products/{product}/{query}"))).await;
            (answer.status == 200).then(|| answer.number("price_micro"))
        };
        assert_eq!(on(&branch, "2026-10-19").await, Some(90_000_000), "that of the group");
        assert_eq!(on(&branch, "2026-10-20").await, Some(85_000_000), "its own");
        assert_eq!(on(&group, "2026-10-31").await, Some(90_000_000), "the last day counts");
        assert_eq!(on(&group, "2026-11-01").await, Some(100_000_000), "that for everybody");
        assert_eq!(on(&group, "2025-12-31").await, None);
        let one = format!("{address}/{}", first.text("id"));
        let end = json!({ "valid_to": "2026-10-31" });
        client.patch(&one, 7, end.clone()).await.expect(412);
        client.patch(&one, 1, json!({ "valid_to": "2025-10-31" })).await.expect(422);
        client.patch(&one, 1, end).await.expect(200);
        assert_eq!(on(&group, "2026-11-01").await, None);
        let wrong = price(Json::Null, 1, "2026-13-01", Json::Null);
        let refused = client.post(&address, wrong).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/valid_from");
        assert_eq!(app.number("SELECT COUNT(*) FROM product_price").await, 3);
        let prices = app.actions().await.iter().filter(|done| *done == "price.create").count();
        assert_eq!(prices, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_prices_of_customers_out_of_reach_are_not_there() {
    on_both(async |app: TestApp| {
        let client = app.client("accountant").await;
        let product = create(&app, &client, paper()).await;
        let company = app.company.clone();
        let customer = app.customer_of(&company, "W", "外区", None, "", "West").await;
        let customer = CustomerId::text(customer);
        let address = app.at(&format!("/products/{product}/prices"));
        let body = json!({ "customer": customer, "currency": "CNY", "price_micro": 1,
            "valid_from": "2026-01-01" });
        let made = client.post(&address, body.clone()).await.expect(201);
        let east = app.client_in(&app.company, "accountant", "region", "East").await;
        assert_eq!(east.get(&address).await.expect(200).body, json!([]));
        east.post(&address, body).await.expect(404);
        let one = format!("{address}/{}", made.text("id"));
        east.patch(&one, 1, json!({ "valid_to": null })).await.expect(404);
        let everybody = json!({ "currency": "CNY", "price_micro": 1, "valid_from": "2026-01-01" });
        east.post(&address, everybody).await.expect(403);
        let query = format!("/products/{product}/price?customer={customer}");
        east.get(&app.at(&query)).await.expect(404);
        assert_eq!(client.get(&address).await.expect(200).body.as_array().unwrap().len(), 1);
    })
    .await;
}
