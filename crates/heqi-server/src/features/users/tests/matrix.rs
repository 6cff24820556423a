//! Goal: D1 for this feature. Who may call what; what is not there is not found.

use axum::http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, audited};
use crate::testing::{TestApp, on_both};

const ROLES: [&str; 6] =
    ["system_admin", "security_admin", "auditor", "finance_manager", "accountant", "read_only"];

/// Method, address within `/api`, body, and the roles for which the right is there. Everything
/// is asked of a person who does not exist, so that nobody changes anything.
fn table() -> Vec<(Method, &'static str, Value, &'static [&'static str])> {
    const SYSTEM: &[&str] = &["system_admin"];
    const SECURITY: &[&str] = &["security_admin"];
    const EITHER: &[&str] = &["system_admin", "security_admin"];
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let grant = json!({ "role": "read_only" });
    vec![
        (get.clone(), "users/user-1", json!(null), EITHER),
        (Method::PATCH, "users/user-1", json!({ "name": "甲" }), SYSTEM),
        (post.clone(), "users/user-1/disable", json!(null), SYSTEM),
        (post.clone(), "users/user-1/enable", json!(null), SYSTEM),
        (post.clone(), "users/user-1/unlock", json!(null), SYSTEM),
        (post.clone(), "users/user-1/password", json!({ "password": PASSWORD }), SYSTEM),
        (get.clone(), "users/user-1/sessions", json!(null), SECURITY),
        (delete.clone(), "users/user-1/sessions", json!(null), SECURITY),
        (delete.clone(), "users/user-1/sessions/session-1", json!(null), SECURITY),
        (delete.clone(), "users/user-1/totp", json!(null), SECURITY),
        (get.clone(), "users/user-1/tokens", json!(null), SECURITY),
        (delete.clone(), "users/user-1/tokens/token-1", json!(null), SECURITY),
        (get, "users/user-1/grants", json!(null), EITHER),
        (post, "users/user-1/grants", grant, SECURITY),
        (delete, "users/user-1/grants/grant-1", json!(null), SECURITY),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_each_office_reaches_its_own_and_nobody_else_does() {
    on_both(async |app: TestApp| {
        for role in ROLES {
            let client = app.client_in("", role, "all", "").await;
            for (method, path, body, roles) in table() {
                let headers = [("if-match", "\"v1\"")];
                let expected = if roles.contains(&role) { 404 } else { 403 };
                let at = format!("/api/{path}");
                let answer = client.send(method.clone(), &at, &headers, Some(body)).await;
                assert_eq!(answer.status.as_u16(), expected, "{role} {method} {path}");
            }
            let list = client.get("/api/users").await.status.as_u16();
            let sees = matches!(role, "system_admin" | "security_admin");
            assert_eq!(list == 200, sees, "{role}");
        }
        for (method, path, body, _) in table() {
            app.nobody().send(method, &format!("/api/{path}"), &[], Some(body)).await.expect(401);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_roles_of_a_company_are_for_its_security_administrator() {
    on_both(async |app: TestApp| {
        let body = json!({ "name": "甲", "permissions": ["ledger.read"] });
        for role in ROLES {
            let client = app.client(role).await;
            let may = role == "security_admin";
            let roles = app.at("/roles");
            let list = client.get(&roles).await.status.as_u16();
            assert_eq!(list, if may { 200 } else { 403 }, "{role}");
            let one = format!("{roles}/role-1");
            let expected = if may { 404 } else { 403 };
            assert_eq!(client.get(&one).await.status.as_u16(), expected, "{role}");
            let put = client.put(&one, 1, body.clone()).await.status.as_u16();
            assert_eq!(put, expected, "{role}");
            let headers = [("if-match", "\"v1\"")];
            let gone = client.send(Method::DELETE, &one, &headers, None).await;
            assert_eq!(gone.status.as_u16(), expected, "{role}");
            let other = "/api/companies/company-1/roles";
            client.get(other).await.expect(404);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_added_seen_and_renamed() {
    on_both(async |app: TestApp| {
        let admin = app.client_in("", "system_admin", "all", "").await;
        let new = json!({ "login": "LiLei", "name": "李雷", "password": PASSWORD });
        let made = admin.post("/api/users", new.clone()).await.expect(201);
        assert_eq!(
            (made.text("login"), made.body["must_change_password"].clone()),
            ("lilei".to_owned(), json!(true))
        );
        assert_eq!(admin.post("/api/users", new).await.expect(409).code(), "login_taken");
        let weak = json!({ "login": "hanmei", "name": "韩梅", "password": "hanmei12345" });
        admin.post("/api/users", weak).await.expect(422);
        let at = format!("/api/users/{}", made.text("id"));
        let seen = admin.get(&at).await.expect(200);
        let changed = admin.patch(&at, seen.version(), json!({ "name": "李蕾" })).await.expect(200);
        assert_eq!(changed.text("name"), "李蕾");
        let stale = admin.patch(&at, seen.version(), json!({ "name": "李磊" })).await.expect(412);
        assert_eq!(stale.body["facts"]["version"], changed.version());
        let extra = json!({ "name": "李磊", "disabled_at": null });
        admin.patch(&at, changed.version(), extra).await.expect(422);
        assert_eq!(audited(&app, "user.change").await, 1);
    })
    .await;
}
