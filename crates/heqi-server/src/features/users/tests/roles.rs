//! Goal: a role of one's own holds what the closed list offers, in its company, and nothing stale.

use serde_json::json;

use super::audited;
use crate::permission::{Permission, ROLES};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_made_granted_changed_and_deleted() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let roles = app.at("/roles");
        let new = json!({ "name": "出纳", "permissions": ["ledger.read", "periods.read"] });
        let made = security.post(&roles, new.clone()).await.expect(201);
        let at = format!("{roles}/{}", made.text("id"));
        assert_eq!(security.post(&roles, new).await.expect(409).code(), "name_taken");
        let unknown = json!({ "name": "甲", "permissions": ["ledger.read", "ledger.burn"] });
        let refused = security.post(&roles, unknown).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/permissions/1");

        let person = app.client("sales").await;
        let grants = format!("/api/users/{}/grants", person.user_text());
        let grant = json!({ "company": app.company, "role": made.text("id") });
        let granted = security.post(&grants, grant).await.expect(201);
        let me = person.get("/api/me").await.expect(200);
        let may = |me: &crate::testing::Answer, code: &str| {
            let held = me.body["companies"][0]["permissions"].as_array().unwrap();
            held.iter().any(|one| one == code)
        };
        assert!(may(&me, "periods.read"));

        let less = json!({ "name": "出纳", "permissions": ["ledger.read"] });
        let changed = security.put(&at, made.version(), less.clone()).await.expect(200);
        assert!(!may(&person.get("/api/me").await, "periods.read"));
        security.put(&at, made.version(), less.clone()).await.expect(412);
        security.send(axum::http::Method::PUT, &at, &[], Some(less)).await.expect(428);

        let tag = crate::answer::etag(changed.version());
        let delete = || {
            let headers = [("if-match", tag.as_str())];
            let (security, at) = (&security, &at);
            async move { security.send(axum::http::Method::DELETE, at, &headers, None).await }
        };
        assert_eq!(delete().await.expect(409).code(), "role_in_use");
        security.delete(&format!("{grants}/{}", granted.text("id"))).await.expect(204);
        delete().await.expect(204);
        security.get(&at).await.expect(404);
        for action in ["role.create", "role.change", "role.delete"] {
            assert_eq!(audited(&app, action).await, 1, "{action}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_offers_every_permission_in_both_languages() {
    let app = TestApp::on_sqlite().await;
    let security = app.client_in("", "security_admin", "all", "").await;
    let roles = app.at("/roles");
    let zh = security.get(&roles).await.expect(200);
    let get = axum::http::Method::GET;
    let en = security.send(get, &roles, &[("accept-language", "en")], None).await.expect(200);
    assert_eq!(zh.body["permissions"].as_array().unwrap().len(), Permission::ALL.len());
    assert_eq!(zh.body["roles"].as_array().unwrap().len(), ROLES.len());
    assert_eq!(zh.body["roles"][0]["name"], "系统管理员");
    assert_eq!(en.body["roles"][0]["name"], "System administrator");
    let apart = |code: &str| {
        let list = zh.body["permissions"].as_array().unwrap().clone();
        list.iter().find(|one| one["code"] == code).unwrap()["kept_apart"].clone()
    };
    assert_eq!(apart("audit.read"), "auditor");
    assert_eq!(apart("ledger.read"), serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_belongs_to_its_company() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let new = json!({ "name": "出纳", "permissions": ["ledger.read"] });
        let made = security.post(&app.at("/roles"), new).await.expect(201).text("id");
        let other = app.other_company().await;
        security.get(&format!("/api/companies/{other}/roles/{made}")).await.expect(404);
        let person = app.client("sales").await;
        let grants = format!("/api/users/{}/grants", person.user_text());
        for company in [json!(other), json!(null)] {
            let grant = json!({ "company": company, "role": made });
            let refused = security.post(&grants, grant).await.expect(422);
            assert_eq!(refused.body["errors"][0]["pointer"], "/role");
        }
    })
    .await;
}
