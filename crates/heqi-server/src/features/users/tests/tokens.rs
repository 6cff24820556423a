//! Goal: a token does less than its owner, in one company, and only until it ends.

use axum::http::header;
use heqi_domain::CompanyId;
use serde_json::json;

use super::audited;
use crate::testing::{Answer, Client, TestApp, on_both};

async fn make(app: &TestApp, owner: &Client, permissions: &[&str], days: i64) -> Answer {
    let new = json!({ "company": app.company, "name": "ERP", "permissions": permissions,
                      "days": days });
    owner.post("/api/me/tokens", new).await
}

fn program(app: &TestApp, made: &Answer) -> Client {
    let mut client = app.nobody();
    client.credential = Some((header::AUTHORIZATION, format!("Bearer {}", made.text("secret"))));
    client
}

/// What a client may do in the company, as `/api/me` says.
async fn powers(client: &Client, company: &str) -> Vec<String> {
    let me = client.get("/api/me").await.expect(200);
    let companies = me.body["companies"].as_array().unwrap().clone();
    let found = companies.iter().find(|one| one["id"] == company).unwrap().clone();
    let list = found["permissions"].as_array().unwrap().clone();
    list.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_limited_to_its_permissions_and_its_company() {
    on_both(async |app: TestApp| {
        let owner = app.client("accountant").await;
        let made = make(&app, &owner, &["ledger.read", "customers.read"], 30).await.expect(201);
        let secret = made.text("secret");
        assert!(secret.starts_with("heqi_") && secret.len() == 48, "{secret}");
        let program = program(&app, &made);
        assert_eq!(powers(&program, &app.company).await, ["customers.read", "ledger.read"]);
        // Another company of the same owner stays shut.
        let other = app.other_company().await;
        let number = other.parse::<CompanyId>().unwrap().number();
        let mut tx = app.app.db.write().await.unwrap();
        let all = ("all", "");
        super::store::grant(&mut tx, number, owner.user, "accountant", all, "test").await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        assert!(powers(&owner, &other).await.len() > 2);
        assert!(powers(&program, &other).await.is_empty());
        program.get(&format!("/api/companies/{other}/jobs/job-1")).await.expect(404);
        // What a person has to do, a token does not.
        let password = json!({ "old": "x", "new": "y" });
        let refused = program.post("/api/me/password", password).await.expect(403);
        assert_eq!(refused.code(), "session_required");
        make(&app, &program, &["ledger.read"], 1).await.expect(403);
        program.get("/api/me/tokens").await.expect(403);
        program.delete("/api/session").await.expect(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_holds_no_more_than_its_owner() {
    on_both(async |app: TestApp| {
        let owner = app.client("sales").await;
        let refused = make(&app, &owner, &["ledger.read", "ledger.post"], 30).await.expect(422);
        assert_eq!(refused.code(), "more_than_own");
        assert_eq!(refused.body["errors"][0]["pointer"], "/permissions/1");
        make(&app, &owner, &["no.such"], 30).await.expect(422);
        make(&app, &owner, &["ledger.read"], 366).await.expect(422);
        let made = make(&app, &owner, &["ledger.read"], 365).await.expect(201);
        let program = program(&app, &made);
        assert_eq!(powers(&program, &app.company).await, ["ledger.read"]);
        let mut tx = app.app.db.write().await.unwrap();
        let revoke = heqi_platform::Sql::new("DELETE FROM role_grant WHERE user_id = $1");
        tx.execute(revoke.bind(owner.user)).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        let me = program.get("/api/me").await.expect(200);
        assert_eq!(me.body["companies"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_when_it_expires_or_is_revoked() {
    on_both(async |app: TestApp| {
        let owner = app.client("accountant").await;
        let made = make(&app, &owner, &["ledger.read"], 1).await.expect(201);
        let short = program(&app, &made);
        let made = make(&app, &owner, &["ledger.read"], 30).await.expect(201);
        let revoked = program(&app, &made);
        let id = made.body["token"]["id"].as_str().unwrap().to_owned();
        revoked.get("/api/me").await.expect(200);
        let list = owner.get("/api/me/tokens").await.expect(200);
        let listed = list.body.as_array().unwrap().iter().find(|one| one["id"] == *id).unwrap();
        assert!(listed["last_used_at"].is_string() && listed.get("secret").is_none());
        let stranger = app.client("accountant").await;
        stranger.delete(&format!("/api/me/tokens/{id}")).await.expect(404);
        owner.delete(&format!("/api/me/tokens/{id}")).await.expect(204);
        revoked.get("/api/me").await.expect(401);
        owner.delete(&format!("/api/me/tokens/{id}")).await.expect(404);
        short.get("/api/me").await.expect(200);
        app.clock.advance(24 * 3600);
        short.get("/api/me").await.expect(401);
        assert_eq!(audited(&app, "token.create").await, 2);
        assert_eq!(audited(&app, "token.revoke").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_token_ends_with_its_owner_and_at_the_hand_of_the_security_administrator() {
    on_both(async |app: TestApp| {
        let admin = app.client_in("", "system_admin", "all", "").await;
        let security = app.client_in("", "security_admin", "all", "").await;
        let owner = app.client("accountant").await;
        let made = make(&app, &owner, &["ledger.read"], 30).await.expect(201);
        let one = program(&app, &made);
        let made = make(&app, &owner, &["ledger.read"], 30).await.expect(201);
        let two = program(&app, &made);
        let at = format!("/api/users/{}", owner.user_text());
        let list = security.get(&format!("{at}/tokens")).await.expect(200);
        let newest = list.body[0]["id"].as_str().unwrap().to_owned();
        security.delete(&format!("{at}/tokens/{newest}")).await.expect(204);
        let alive = [one.get("/api/me").await.status, two.get("/api/me").await.status];
        assert_eq!(alive.iter().filter(|status| status.is_success()).count(), 1);
        admin.post(&format!("{at}/disable"), json!(null)).await.expect(200);
        admin.post(&format!("{at}/enable"), json!(null)).await.expect(200);
        one.get("/api/me").await.expect(401);
        two.get("/api/me").await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_the_secret_of_a_token_is_not_stored() {
    on_both(async |app: TestApp| {
        let owner = app.client("accountant").await;
        let made = make(&app, &owner, &["ledger.read"], 30).await.expect(201);
        let secret = made.text("secret");
        for sql in ["SELECT body FROM idempotency", "SELECT detail FROM audit_record"] {
            let rows = app.values(sql).await;
            assert!(!rows.is_empty());
            for row in rows {
                let heqi_platform::Value::Text(text) = &row[0] else { panic!("no text") };
                assert!(!text.contains(&secret), "{sql}");
            }
        }
    })
    .await;
}
