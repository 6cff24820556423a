//! Goal: nobody gets in by a default, a guess or a leftover; nobody gets more than was granted.

use serde_json::json;

use crate::testing::{TestApp, on_both};

fn setup(token: &str) -> serde_json::Value {
    json!({
        "token": token,
        "user": { "login": "wangfang", "name": "王芳", "password": "Xq7-riverbank" },
        "company": { "code": "HQ", "name": "海仓贸易有限公司" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_the_first_run_asks_for_the_token_and_happens_once() {
    on_both(async |app: TestApp| {
        let nobody = app.nobody();
        let refused = nobody.post("/api/setup", setup("guess")).await.expect(403);
        assert_eq!(refused.code(), "bad_setup_token");
        let token = app.app.setup_token().to_owned();
        let made = nobody.post("/api/setup", setup(&token)).await.expect(201);
        assert_eq!(made.text("login"), "wangfang");
        let again = nobody.post("/api/setup", setup(&token)).await.expect(409);
        assert_eq!(again.code(), "already_set_up");
        let wrong = json!({ "login": "wangfang", "password": "Xq7-riverbed" });
        nobody.post("/api/session", wrong).await.expect(401);
        let right = json!({ "login": "WangFang", "password": "Xq7-riverbank" });
        let signed_in = nobody.post("/api/session", right).await.expect(200);
        let cookie = signed_in.headers["set-cookie"].to_str().unwrap().to_owned();
        for part in ["__Host-heqi=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let mut client = nobody.clone();
        let pair = cookie.split(';').next().unwrap().to_owned();
        client.credential = Some((axum::http::header::COOKIE, pair));
        let me = client.get("/api/me").await.expect(200);
        assert_eq!(me.body["companies"][0]["name"], "海仓贸易有限公司");
        client.delete("/api/session").await.expect(204);
        client.get("/api/me").await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_an_idle_session_ends() {
    let app = TestApp::on_sqlite().await;
    let client = app.client("accountant").await;
    client.get("/api/me").await.expect(200);
    app.clock.advance(61 * 60);
    client.get("/api/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_nobody_grants_themselves_and_the_three_roles_are_kept_apart() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let person = app.client("accountant").await;
        let own = format!("/api/users/{}/grants", security.user_text());
        let grant = json!({ "company": app.company, "role": "finance_manager" });
        let refused = security.post(&own, grant.clone()).await.expect(409);
        assert_eq!(refused.code(), "own_grant");
        let other = format!("/api/users/{}/grants", person.user_text());
        person.post(&other, grant.clone()).await.expect(403);
        security.post(&other, grant).await.expect(201);
        security.post(&other, json!({ "role": "auditor" })).await.expect(201);
        let refused = security.post(&other, json!({ "role": "system_admin" })).await.expect(409);
        assert_eq!(refused.code(), "roles_kept_apart");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b4_the_same_key_has_one_effect_and_one_answer() {
    on_both(async |app: TestApp| {
        let admin = app.client_in("", "system_admin", "all", "").await;
        let key = [("idempotency-key", "k1")];
        let body = |name: &str| {
            Some(json!({ "login": "lilei", "name": name, "password": "Xq7-riverbank" }))
        };
        let post = axum::http::Method::POST;
        let first = admin.send(post.clone(), "/api/users", &key, body("李雷")).await.expect(201);
        let again = admin.send(post.clone(), "/api/users", &key, body("李雷")).await.expect(201);
        assert_eq!(
            (first.body, first.headers["etag"].clone()),
            (again.body, again.headers["etag"].clone())
        );
        assert!(again.headers.contains_key("idempotency-replayed"));
        let other = admin.send(post.clone(), "/api/users", &key, body("李四")).await.expect(422);
        assert_eq!(other.code(), "idempotency_key_reused");
        let none = [("idempotency-key", "")];
        let missing = admin.send(post, "/api/users", &none, body("李雷")).await.expect(400);
        assert_eq!(missing.code(), "idempotency_key_missing");
        assert_eq!(app.number("SELECT COUNT(*) FROM user_account WHERE login = 'lilei'").await, 1);
        let audit = "SELECT COUNT(*) FROM audit_record WHERE action = 'user.create'";
        assert_eq!(app.number(audit).await, 1);
    })
    .await;
}
