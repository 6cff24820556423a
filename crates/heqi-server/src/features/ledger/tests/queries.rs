//! Goal: every line is found by what people know of it, and balances are sums of lines.

use heqi_domain::{CustomerId, Id, Side};
use heqi_platform::Sql;
use serde_json::{Value as Json, json};

use crate::features::ledger::line::{LedgerKind, NewLine, post};
use crate::testing::{Client, TestApp, on_both};

pub fn new_line(customer: i64, side: Side, kind: LedgerKind, date: &str, amount: i64) -> NewLine {
    NewLine {
        reference: format!("{}-{date}", kind.code()),
        ..NewLine::new(customer, side, kind, date, amount)
    }
}

/// Posts lines as an import does.
pub async fn posted(app: &TestApp, lines: &[NewLine]) {
    let mut tx = app.app.db.write().await.unwrap();
    post(&mut tx, app.company_number(), "test", lines).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

pub async fn found(client: &Client, path: &str) -> Vec<i64> {
    let answer = client.get(path).await.expect(200);
    let items = answer.body["items"].as_array().unwrap().clone();
    items.iter().map(|line| line["amount"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_combine() {
    on_both(async |app: TestApp| {
        let one = app.customer("HC01", "海仓商贸").await;
        let two = app.customer("GY02", "广源百货").await;
        let mut tx = app.app.db.write().await.unwrap();
        let search = "UPDATE customer SET search = 'guangyuanbaihuo gybh', parent_id = $1 \
                      WHERE id = $2";
        tx.execute(Sql::new(search).bind(one).bind(two)).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        use LedgerKind::{Receipt, Sale};
        let mut lines = vec![
            new_line(one, Side::Ours, Sale, "2026-10-01", 123_450),
            new_line(one, Side::Ours, Receipt, "2026-10-02", -123_450),
            new_line(two, Side::Ours, Sale, "2026-10-03", 500),
            new_line(two, Side::Theirs, Sale, "2026-10-04", 501),
        ];
        lines[1].memo = "招行 货款 50%_off".into();
        lines[2].other_reference = "FP-00017".into();
        posted(&app, &lines).await;
        let client = app.client("accountant").await;
        let (first, second) = (CustomerId::text(one), CustomerId::text(two));
        for (filter, expected) in [
            ("", vec![501, 500, -123_450, 123_450]),
            ("sort=date", vec![123_450, -123_450, 500, 501]),
            ("sort=-amount", vec![123_450, 501, 500, -123_450]),
            ("sort=amount", vec![-123_450, 500, 501, 123_450]),
            (&format!("customer={second}"), vec![501, 500]),
            (&format!("group={first}"), vec![501, 500, -123_450, 123_450]),
            (&format!("group={second}"), vec![501, 500]),
            ("side=theirs", vec![501]),
            ("kind=receipt", vec![-123_450]),
            ("kind=receipt,sale&side=ours", vec![500, -123_450, 123_450]),
            ("state=draft", vec![]),
            ("from=2026-10-02&to=2026-10-03", vec![500, -123_450]),
            ("amount=1234.5", vec![-123_450, 123_450]),
            ("amount=1,234.50&kind=sale", vec![123_450]),
            ("amount=-1234.5", vec![-123_450]),
            ("amount_min=5&amount_max=1,234.50", vec![501, 500, -123_450, 123_450]),
            ("amount_min=-1234.5&amount_max=5.00", vec![500, -123_450]),
            ("q=fp-00017", vec![500]),
            ("q=00017", vec![500]),
            ("q=%E8%B4%A7%E6%AC%BE", vec![-123_450]),
            ("q=50%25_", vec![-123_450]),
            ("q=5_%25", vec![]),
            ("q=gybh", vec![501, 500]),
            ("q=GY02", vec![501, 500]),
            ("q=%E5%B9%BF%E6%BA%90", vec![501, 500]),
            ("q=1,234.50", vec![-123_450, 123_450]),
            ("q=gybh%20FP-", vec![500]),
            ("currency=USD", vec![]),
        ] {
            let path = app.at(&format!("/lines?{filter}"));
            assert_eq!(found(&client, &path).await, expected, "{filter}");
        }
        let total = client.get(&app.at("/lines/total?kind=sale")).await.expect(200);
        assert_eq!(total.body, json!([{ "currency": "CNY", "lines": 3, "amount": 124_451 }]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_does_not_hold_is_refused() {
    let app = TestApp::on_sqlite().await;
    let client = app.client("accountant").await;
    for wrong in [
        "customer=17",
        "side=both",
        "kind=gift",
        "state=lost",
        "from=2026-10",
        "amount=1,2,00",
        "sort=name",
        "limit=501",
        "q=%00",
        "currency=C",
    ] {
        client.get(&app.at(&format!("/lines?{wrong}"))).await.expect(422);
    }
    client.get(&app.at("/lines?colour=red")).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_line_once_in_every_order() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let lines: Vec<_> = (0..23_i64)
            .map(|number| {
                let date = format!("2026-10-{:02}", 1 + number % 3);
                new_line(customer, Side::Ours, LedgerKind::Sale, &date, 1 + number % 4)
            })
            .collect();
        posted(&app, &lines).await;
        let client = app.client("accountant").await;
        let mut cursor_of_dates = String::new();
        for sort in ["date", "-date", "amount", "-amount"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = app.at(&format!("/lines?limit=5&sort={sort}{cursor}"));
                let page = client.get(&path).await.expect(200);
                for line in page.body["items"].as_array().unwrap() {
                    seen.push(line["id"].as_str().unwrap().to_owned());
                }
                let Some(next) = page.body["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
                cursor_of_dates = next.to_owned();
            }
            assert_eq!(seen.len(), 23, "{sort}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 23, "{sort}");
        }
        let path = app.at(&format!("/lines?sort=date&cursor={cursor_of_dates}"));
        assert_eq!(client.get(&path).await.expect(422).code(), "cursor_of_another_order");
        client.get(&app.at("/lines?cursor=made-up")).await.expect(400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_lists_totals_and_balances_leave_out_what_is_foreign() {
    on_both(async |app: TestApp| {
        let stranger = app.client_in(&app.company, "accountant", "own", "").await;
        let mine = app.customer_of(&app.company, "C1", "本人", Some(stranger.user), "", "").await;
        let foreign = app.customer("C2", "别人").await;
        let line = |customer, amount| {
            new_line(customer, Side::Ours, LedgerKind::Sale, "2026-10-01", amount)
        };
        posted(&app, &[line(mine, 100), line(foreign, 900)]).await;
        assert_eq!(found(&stranger, &app.at("/lines")).await, [100]);
        assert_eq!(found(&stranger, &app.at("/lines?amount=9.00")).await, Vec::<i64>::new());
        let total = stranger.get(&app.at("/lines/total")).await.expect(200);
        assert_eq!(total.body[0]["amount"], 100);
        let balances = stranger.get(&app.at("/balances")).await.expect(200);
        assert_eq!(balances.body["items"].as_array().unwrap().len(), 1);
        let foreign = CustomerId::text(foreign);
        for what in ["balance", "account"] {
            stranger.get(&app.at(&format!("/customers/{foreign}/{what}"))).await.expect(404);
        }
        let other = app.other_company().await;
        let elsewhere = app.client_in(&other, "accountant", "all", "").await;
        elsewhere.get(&app.at("/lines")).await.expect(404);
        let path = format!("/api/companies/{other}/lines?customer={foreign}");
        assert_eq!(found(&elsewhere, &path).await, Vec::<i64>::new());
        let admin = app.client("system_admin").await;
        admin.get(&app.at("/lines")).await.expect(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_balance_is_the_sum_so_far_on_every_page_and_both_ways() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let line = |number: i64| {
            let date = format!("2026-10-{:02}", 1 + number / 3);
            let amount = if number % 4 == 0 { -50 * number - 1 } else { 100 + number };
            new_line(customer, Side::Ours, LedgerKind::Adjustment, &date, amount)
        };
        let lines: Vec<_> = (0..20).map(line).collect();
        posted(&app, &lines).await;
        let theirs = new_line(customer, Side::Theirs, LedgerKind::Sale, "2026-10-02", 777);
        posted(&app, &[theirs]).await;
        let client = app.client("accountant").await;
        let path = app.at(&format!("/customers/{}/account", CustomerId::text(customer)));
        let oracle = app
            .values(
                "SELECT CAST(SUM(amount) OVER (ORDER BY business_date, id) AS BIGINT) AS balance \
                 FROM line WHERE side = 'ours' ORDER BY business_date, id",
            )
            .await;
        let oracle: Vec<Json> = oracle
            .iter()
            .map(|row| match row[0] {
                heqi_platform::Value::Int(balance) => json!(balance),
                _ => Json::Null,
            })
            .collect();
        let balances = |page: &crate::testing::Answer| -> Vec<Json> {
            let items = page.body["items"].as_array().unwrap();
            items.iter().map(|row| row["balance"].clone()).collect()
        };
        let (mut forth, mut pages, mut cursor) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = client.get(&format!("{path}?limit=6{cursor}")).await.expect(200);
            forth.extend(balances(&page));
            let next = page.body["next"].as_str().map(|next| format!("&cursor={next}"));
            pages.push(page);
            let Some(next) = next else { break };
            cursor = next;
        }
        assert_eq!(forth, oracle);
        assert!(pages[0].body["previous"].is_null());
        let (mut back, mut cursor) = (Vec::new(), String::new());
        loop {
            let asked = format!("{path}?limit=6&direction=back{cursor}");
            let page = client.get(&asked).await.expect(200);
            back.splice(0..0, balances(&page));
            let Some(previous) = page.body["previous"].as_str() else { break };
            cursor = format!("&cursor={previous}");
        }
        assert_eq!(back, oracle);
        let part = client.get(&format!("{path}?from=2026-10-03&to=2026-10-04")).await.expect(200);
        assert_eq!(part.body["brought_forward"], oracle[5]);
        assert_eq!(part.body["carried_forward"], oracle[11]);
        let none = client.get(&format!("{path}?from=2027-01-01")).await.expect(200);
        assert_eq!(none.body["brought_forward"], oracle[19]);
        let theirs = client.get(&format!("{path}?side=theirs")).await.expect(200);
        assert_eq!(balances(&theirs), [json!(777)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_as_of_a_day_and_as_known_on_a_day() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let line = |side, date: &str, amount| {
            new_line(customer, side, LedgerKind::Adjustment, date, amount)
        };
        // Known on 2026-11-02 (the clock's day) and on the day after.
        posted(&app, &[line(Side::Ours, "2026-10-01", 100)]).await;
        posted(&app, &[line(Side::Theirs, "2026-10-02", 70)]).await;
        app.clock.advance(86_400);
        posted(&app, &[line(Side::Ours, "2026-10-01", 20), line(Side::Ours, "2026-10-09", 3)])
            .await;
        let client = app.client("accountant").await;
        let path = app.at(&format!("/customers/{}/balance", CustomerId::text(customer)));
        for (asked, ours, theirs) in [
            ("", 123, 70),
            ("?as_of=2026-10-01", 120, 0),
            ("?as_of=2026-10-05", 120, 70),
            ("?known_on=2026-11-02", 100, 70),
            ("?as_of=2026-10-05&known_on=2026-11-03", 120, 70),
        ] {
            let answer = client.get(&format!("{path}{asked}")).await.expect(200);
            let account = &answer.body["accounts"][0];
            assert_eq!((&account["ours"], &account["theirs"]), (&json!(ours), &json!(theirs)));
            let all = client.get(&app.at(&format!("/balances{asked}"))).await.expect(200);
            assert_eq!(all.body["items"][0]["accounts"][0], *account);
        }
        let early = client.get(&format!("{path}?known_on=2026-11-01")).await.expect(200);
        assert_eq!(early.body["accounts"], json!([]));
        client.get(&format!("{path}?as_of=yesterday")).await.expect(422);
    })
    .await;
}
