//! Goal: the tax of a file is kept with its lines, and figures that do not come out are told.

use heqi_platform::Value;
use serde_json::json;

use super::{checked, commit, o1, preview, rows};
use crate::testing::{TestApp, on_both};

const HEADER: &str = "日期,单据编号,客户,类型,数量,单价,税率,税额,金额\n";

#[tokio::test(flavor = "multi_thread")]
async fn r34_the_tax_of_a_file_is_kept_and_its_figures_are_checked() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let text = format!(
            "{HEADER}2026-10-08,A1,C1,销售,10,10,13%,13.00,113.00\n\
             2026-10-08,A2,C1,销售,2,56.50,13%,,113.00\n\
             2026-10-09,A3,C1,退货,-1,100,13%,-13.00,-113.00\n\
             2026-10-09,A4,C1,销售,10,11,13%,13.00,113.00\n\
             2026-10-09,A5,C1,销售,,,13%,10.00,113.00\n\
             2026-10-10,A6,C1,销售,,,,120.00,113.00\n\
             2026-10-10,A7,C1,收款,,,,,-50.00\n"
        );
        let id = checked(&app, &client, "side=ours", &text).await;
        let seen = preview(&app, &client, &id).await;
        assert_eq!((rows(&seen, "new"), rows(&seen, "rejected")), (6, 1), "{seen:#}");
        let flags = seen["warnings"].as_array().unwrap().clone();
        let flags: Vec<_> =
            flags.iter().map(|it| (it["code"].clone(), it["samples"].clone())).collect();
        assert_eq!(
            flags,
            [(json!("goods_differ"), json!([5])), (json!("tax_differs"), json!([6]))]
        );
        let lines = client.get(&app.at(&format!("/imports/{id}/lines"))).await.expect(200);
        assert_eq!(lines.body["items"][2]["tax"], -1_300);
        assert_eq!(lines.body["items"][5]["problem"], "tax_exceeds_amount");
        assert_eq!(commit(&app, &client, &id).await.expect(200).number("posted"), 6);
        o1(&app, &id, 7).await;
        let taxes = "SELECT tax FROM line ORDER BY batch_row";
        let expected = [Some(1_300), Some(1_300), Some(-1_300), Some(1_300), Some(1_000), None];
        let expected: Vec<Vec<Value>> =
            expected.iter().map(|tax: &Option<i64>| vec![(*tax).into()]).collect();
        assert_eq!(app.values(taxes).await, expected);
        // The same file again is the same lines, and taking them back takes the tax back.
        let again = checked(&app, &client, "side=ours", &text).await;
        assert_eq!(rows(&preview(&app, &client, &again).await, "known"), 6);
        client.post(&app.at(&format!("/imports/{id}/undo")), json!({})).await.expect(200);
        let left = "SELECT CAST(SUM(tax) AS BIGINT) AS n FROM line";
        assert_eq!(app.number(left).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tax_of_a_mirrored_statement_has_the_sign_of_its_amount() {
    on_both(async |app: TestApp| {
        app.customer("C1", "甲").await;
        let client = app.client("finance_manager").await;
        let text = "日期,单据编号,客户,类型,税额,金额\n2026-10-08,A1,C1,购货,13.00,-113.00\n";
        let id = checked(&app, &client, "side=theirs&view=payable", text).await;
        commit(&app, &client, &id).await.expect(200);
        let posted = app.values("SELECT amount, tax FROM line").await;
        assert_eq!(posted, [[Value::Int(11_300), Value::Int(1_300)]]);
    })
    .await;
}
