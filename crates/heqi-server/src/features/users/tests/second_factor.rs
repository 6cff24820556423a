//! Goal: D4 and D7. A code counts once; a lost phone is no lost account; secrets are never plain.

use serde_json::json;

use super::{PASSWORD, attempt, audited, holder, signed_in};
use crate::auth::totp::SharedSecret;
use crate::testing::{Client, TestApp, on_both};

/// Sets a second factor up; the secret and the recovery codes.
async fn enrol(app: &TestApp, client: &Client) -> (SharedSecret, Vec<String>) {
    let proof = json!({ "password": PASSWORD });
    let begun = client.post("/api/me/totp", proof).await.expect(200);
    let secret = SharedSecret::from_text(&begun.text("secret")).unwrap();
    assert!(begun.text("address").starts_with("otpauth://totp/Heqi:"));
    let code = secret.code(app.app.db.clock().now());
    let done = client.post("/api/me/totp/confirm", json!({ "code": code })).await.expect(200);
    let codes = done.body["codes"].as_array().unwrap().iter();
    (secret, codes.map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_code_lets_in_once() {
    on_both(async |app: TestApp| {
        let client = signed_in(&app, "wangfang").await;
        let there = attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        let there = holder(&app, &there, client.user);
        let (secret, codes) = enrol(&app, &client).await;
        assert_eq!(codes.len(), 10);
        there.get("/api/me").await.expect(401);
        let me = client.get("/api/me").await.expect(200);
        assert_eq!(me.body["user"]["second_factor"], true);
        assert_eq!(me.body["recovery_codes_left"], 10);
        let missing = attempt(&app, "wangfang", PASSWORD, "").await.expect(401);
        assert_eq!(missing.code(), "code_required");
        let now = || secret.code(app.app.db.clock().now());
        // The code that confirmed it was used by that.
        attempt(&app, "wangfang", PASSWORD, &now()).await.expect(401);
        app.clock.advance(30);
        let wrong = attempt(&app, "wangfang", "Wrong-guess-1", &now()).await.expect(401);
        assert_eq!(wrong.code(), "sign_in_refused");
        attempt(&app, "wangfang", PASSWORD, &now()).await.expect(200);
        attempt(&app, "wangfang", PASSWORD, &now()).await.expect(401);
        app.clock.advance(30);
        attempt(&app, "wangfang", PASSWORD, &now()).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_of_two_attempts_with_one_code_at_a_time_one_gets_in() {
    on_both(async |app: TestApp| {
        let client = signed_in(&app, "wangfang").await;
        let (secret, codes) = enrol(&app, &client).await;
        app.clock.advance(30);
        for code in [secret.code(app.app.db.clock().now()), codes[3].clone()] {
            let one = || attempt(&app, "wangfang", PASSWORD, &code);
            let (a, b, c) = tokio::join!(one(), one(), one());
            let statuses = [a, b, c].map(|answer| answer.status.as_u16());
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_recovery_code_lets_in_once_and_only_its_owner() {
    on_both(async |app: TestApp| {
        let client = signed_in(&app, "wangfang").await;
        let (_, codes) = enrol(&app, &client).await;
        let other = signed_in(&app, "lilei").await;
        let (_, foreign) = enrol(&app, &other).await;
        attempt(&app, "wangfang", PASSWORD, &foreign[0]).await.expect(401);
        let typed = codes[0].to_uppercase().replace('-', " ");
        attempt(&app, "wangfang", PASSWORD, &typed).await.expect(200);
        attempt(&app, "wangfang", PASSWORD, &codes[0]).await.expect(401);
        let proof = json!({ "password": PASSWORD });
        let new = client.post("/api/me/recovery-codes", proof).await.expect(200);
        attempt(&app, "wangfang", PASSWORD, &codes[1]).await.expect(401);
        let new = new.body["codes"][0].as_str().unwrap().to_owned();
        attempt(&app, "wangfang", PASSWORD, &new).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_it_is_removed_with_the_password_or_by_another_office() {
    on_both(async |app: TestApp| {
        let client = signed_in(&app, "wangfang").await;
        enrol(&app, &client).await;
        let again = client.post("/api/me/totp", json!({ "password": PASSWORD })).await;
        assert_eq!(again.expect(409).code(), "second_factor_exists");
        let wrong = json!({ "password": "Wrong-guess-1" });
        client.post("/api/me/totp/disable", wrong).await.expect(403);
        let proof = json!({ "password": PASSWORD });
        client.post("/api/me/totp/disable", proof).await.expect(204);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        enrol(&app, &client).await;
        let at = format!("/api/users/{}/totp", client.user_text());
        // Who resets passwords cannot remove it too.
        let admin = app.client_in("", "system_admin", "all", "").await;
        admin.delete(&at).await.expect(403);
        let security = app.client_in("", "security_admin", "all", "").await;
        security.delete(&at).await.expect(204);
        client.get("/api/me").await.expect(401);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        assert_eq!(app.number("SELECT COUNT(*) FROM recovery_code").await, 0);
        assert_eq!(audited(&app, "totp.remove").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_neither_secret_nor_codes_stand_anywhere_in_plain_text() {
    on_both(async |app: TestApp| {
        let client = signed_in(&app, "wangfang").await;
        let key = [("idempotency-key", "begin")];
        let proof = || Some(json!({ "password": PASSWORD }));
        let post = axum::http::Method::POST;
        let begun = client.send(post.clone(), "/api/me/totp", &key, proof()).await.expect(200);
        // A retry gets the same answer, though it is kept sealed.
        let again = client.send(post, "/api/me/totp", &key, proof()).await.expect(200);
        assert_eq!(begun.body, again.body);
        let secret = SharedSecret::from_text(&begun.text("secret")).unwrap();
        let code = secret.code(app.app.db.clock().now());
        let done = client.post("/api/me/totp/confirm", json!({ "code": code })).await.expect(200);
        let recovery = done.body["codes"][0].as_str().unwrap().to_owned();
        let mut places = 0;
        for sql in [
            "SELECT body FROM idempotency",
            "SELECT totp_secret FROM user_account WHERE login = 'wangfang'",
            "SELECT detail FROM audit_record",
        ] {
            for row in app.values(sql).await {
                let heqi_platform::Value::Text(text) = &row[0] else { panic!("no text") };
                assert!(!text.contains(&secret.text()) && !text.contains(&recovery), "{sql}");
                places += 1;
            }
        }
        assert!(places >= 4);
    })
    .await;
}
