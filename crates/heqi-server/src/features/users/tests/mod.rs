//! Goal: nobody gets in by a default, a guess or a leftover; nobody gets more than was granted.

mod cli;
mod matrix;
mod rights;
mod roles;
mod second_factor;
mod sessions;
mod sign_in;
mod timing;
mod tokens;

use axum::http::header;
use serde_json::json;

use super::{model, store};
use crate::auth::password;
use crate::testing::{Answer, Client, TestApp, on_both};

/// What people of these tests sign in with.
const PASSWORD: &str = "Xq7-riverbank";

/// Somebody with a login and [`PASSWORD`], without any role.
async fn person(app: &TestApp, login: &str) -> i64 {
    let hash = password::hash(&app.app, PASSWORD.to_owned()).await.unwrap();
    let new = model::NewUser {
        login: login.to_owned(),
        name: format!("名 {login}"),
        password: String::new(),
    };
    let mut tx = app.app.db.write().await.unwrap();
    let id = store::insert(&mut tx, &new, &hash, false).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    id
}

/// An attempt to sign in.
async fn attempt(app: &TestApp, login: &str, password: &str, code: &str) -> Answer {
    let body = json!({ "login": login, "password": password, "code": code });
    app.nobody().post("/api/session", body).await
}

/// Whoever holds the session that an answer hands out.
#[track_caller]
fn holder(app: &TestApp, answer: &Answer, user: i64) -> Client {
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let pair = cookie.split(';').next().unwrap().to_owned();
    let mut client = app.nobody();
    client.credential = Some((header::COOKIE, pair));
    client.user = user;
    client
}

/// Somebody who has signed in.
async fn signed_in(app: &TestApp, login: &str) -> Client {
    let user = person(app, login).await;
    let answer = attempt(app, login, PASSWORD, "").await.expect(200);
    holder(app, &answer, user)
}

/// How often something was done, according to the audit chains.
async fn audited(app: &TestApp, action: &str) -> usize {
    let rows = app.values("SELECT action FROM audit_record").await;
    let wanted = heqi_platform::Value::from(action);
    rows.iter().filter(|row| row[0] == wanted).count()
}

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
        client.credential = Some((header::COOKIE, pair));
        let me = client.get("/api/me").await.expect(200);
        assert_eq!(me.body["companies"][0]["name"], "海仓贸易有限公司");
        client.delete("/api/session").await.expect(204);
        client.get("/api/me").await.expect(401);
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
