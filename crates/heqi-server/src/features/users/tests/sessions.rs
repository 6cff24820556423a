//! Goal: D3. A session is new with each sign-in and over, at once, whenever it has to be.

use axum::http::Method;
use serde_json::json;

use super::{PASSWORD, attempt, audited, holder, person, signed_in};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn d3_an_idle_session_ends() {
    let app = TestApp::on_sqlite().await;
    let client = app.client("accountant").await;
    client.get("/api/me").await.expect(200);
    app.clock.advance(61 * 60);
    client.get("/api/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_session_in_use_ends_after_its_longest_time() {
    let app = TestApp::on_sqlite().await;
    let client = app.client("accountant").await;
    for _ in 0..23 {
        app.clock.advance(30 * 60);
        client.get("/api/me").await.expect(200);
    }
    app.clock.advance(31 * 60);
    client.get("/api/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_each_sign_in_is_a_new_session_and_ends_the_one_before_it() {
    on_both(async |app: TestApp| {
        let first = signed_in(&app, "wangfang").await;
        let body = json!({ "login": "wangfang", "password": PASSWORD });
        let answer = first.post("/api/session", body).await.expect(200);
        let second = holder(&app, &answer, first.user);
        assert_ne!(first.credential, second.credential);
        first.get("/api/me").await.expect(401);
        second.get("/api/me").await.expect(200);
        let stored = "SELECT COUNT(*) FROM session WHERE LENGTH(token_hash) = 32";
        assert_eq!(app.number(stored).await, 2, "only hashes are stored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_password_change_ends_other_sessions_and_renews_this_one() {
    on_both(async |app: TestApp| {
        let here = signed_in(&app, "wangfang").await;
        let there = attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        let there = holder(&app, &there, here.user);
        let change = |old: &str, new: &str| json!({ "old": old, "new": new });
        let wrong = here.post("/api/me/password", change("Nope-nope-1", "Yz8-lakeside")).await;
        assert_eq!(wrong.expect(403).code(), "wrong_password");
        let weak = here.post("/api/me/password", change(PASSWORD, "short")).await.expect(422);
        assert_eq!(weak.body["errors"][0]["pointer"], "/new");
        let same = here.post("/api/me/password", change(PASSWORD, PASSWORD)).await.expect(422);
        assert_eq!(same.body["errors"][0]["pointer"], "/new");
        let done = here.post("/api/me/password", change(PASSWORD, "Yz8-lakeside")).await;
        let renewed = holder(&app, &done.expect(200), here.user);
        there.get("/api/me").await.expect(401);
        here.get("/api/me").await.expect(401);
        renewed.get("/api/me").await.expect(200);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(401);
        attempt(&app, "wangfang", "Yz8-lakeside", "").await.expect(200);
        assert_eq!(audited(&app, "password.change").await, 1);
        assert_eq!(audited(&app, "password.refused").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_ones_own_sessions_are_listed_and_ended() {
    on_both(async |app: TestApp| {
        let here = signed_in(&app, "wangfang").await;
        let there = attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        let there = holder(&app, &there, here.user);
        let list = here.get("/api/me/sessions").await.expect(200);
        let list = list.body.as_array().unwrap().clone();
        assert_eq!(list.len(), 2);
        let other = list.iter().find(|session| session["current"] == false).unwrap();
        let other = other["id"].as_str().unwrap();
        let stranger = signed_in(&app, "lilei").await;
        stranger.delete(&format!("/api/me/sessions/{other}")).await.expect(404);
        there.get("/api/me").await.expect(200);
        here.delete(&format!("/api/me/sessions/{other}")).await.expect(204);
        there.get("/api/me").await.expect(401);
        here.delete(&format!("/api/me/sessions/{other}")).await.expect(404);
        here.delete("/api/me/sessions").await.expect(204);
        here.get("/api/me").await.expect(401);
        stranger.get("/api/me").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_an_administrator_ends_the_sessions_of_others() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let person = signed_in(&app, "wangfang").await;
        let at = format!("/api/users/{}/sessions", person.user_text());
        person.get(&at).await.expect(403);
        let list = security.get(&at).await.expect(200);
        let one = list.body[0]["id"].as_str().unwrap().to_owned();
        security.delete(&format!("{at}/{one}")).await.expect(204);
        person.get("/api/me").await.expect(401);
        let again = attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        let again = holder(&app, &again, person.user);
        security.delete(&at).await.expect(204);
        again.get("/api/me").await.expect(401);
        assert_eq!(security.get(&at).await.expect(200).body, json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_who_is_disabled_is_out_with_the_next_request() {
    on_both(async |app: TestApp| {
        let admin = app.client_in("", "system_admin", "all", "").await;
        let person = signed_in(&app, "wangfang").await;
        let at = format!("/api/users/{}", person.user_text());
        let disabled = admin.post(&format!("{at}/disable"), json!(null)).await.expect(200);
        assert!(disabled.body["disabled_at"].is_string());
        person.get("/api/me").await.expect(401);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(401);
        admin.post(&format!("{at}/enable"), json!(null)).await.expect(200);
        person.get("/api/me").await.expect(401);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        assert_eq!(audited(&app, "user.disable").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_password_that_was_reset_has_to_be_changed_first() {
    on_both(async |app: TestApp| {
        let admin = app.client_in("", "system_admin", "all", "").await;
        let person = signed_in(&app, "wangfang").await;
        let at = format!("/api/users/{}/password", person.user_text());
        let weak = json!({ "password": "wangfang-2026" });
        admin.post(&at, weak).await.expect(422);
        admin.post(&at, json!({ "password": "First-steps-9" })).await.expect(200);
        person.get("/api/me").await.expect(401);
        let answer = attempt(&app, "wangfang", "First-steps-9", "").await.expect(200);
        let again = holder(&app, &answer, person.user);
        let me = again.get("/api/me").await.expect(200);
        assert_eq!(me.body["must_change_password"], true);
        for path in ["/api/me/sessions", "/api/me/tokens", "/api/users"] {
            assert_eq!(again.get(path).await.expect(403).code(), "password_must_change");
        }
        let change = json!({ "old": "First-steps-9", "new": "Yz8-lakeside" });
        let answer = again.post("/api/me/password", change).await.expect(200);
        let changed = holder(&app, &answer, person.user);
        changed.get("/api/me/sessions").await.expect(200);
        changed.delete("/api/session").await.expect(204);
        changed.get("/api/me").await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_request_that_another_site_sends_is_refused() {
    let app = TestApp::on_sqlite().await;
    let client = signed_in(&app, "wangfang").await;
    let send = |site: &'static str, origin: &'static str| {
        let client = client.clone();
        async move {
            let headers = [("sec-fetch-site", site), ("origin", origin), ("host", "heqi.test")];
            client.send(Method::DELETE, "/api/me/sessions", &headers, None).await
        }
    };
    for site in ["cross-site", "same-site"] {
        let refused = send(site, "https://evil.test").await.expect(403);
        assert_eq!(refused.code(), "foreign_origin");
    }
    client.get("/api/me").await.expect(200);
    send("same-origin", "https://heqi.test").await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_that_a_session_is_used_is_noted_once_a_minute() {
    let app = TestApp::on_sqlite().await;
    let user = person(&app, "wangfang").await;
    let answer = attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
    let client = holder(&app, &answer, user);
    let seen = async || app.number("SELECT MAX(seen_at) FROM session").await;
    let opened = seen().await;
    app.clock.advance(30);
    client.get("/api/me").await.expect(200);
    assert_eq!(seen().await, opened);
    app.clock.advance(60);
    client.get("/api/me").await.expect(200);
    assert_eq!(seen().await, opened + 90_000_000);
}
