//! Goal: D8 and B3. Nobody gives rights to themselves, nobody joins two offices, the last
//! administrator stays, and what is revoked is gone before the next change.

use axum::extract::FromRequestParts;
use axum::http::Request;
use serde_json::json;

use super::audited;
use crate::ctx::{Ctx, EMPTY};
use crate::testing::{Client, TestApp, on_both};

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
async fn d8_powers_of_two_offices_do_not_come_together_by_a_role_of_ones_own() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let roles = app.at("/roles");
        let both = json!({ "name": "总管", "permissions": ["audit.read", "roles.grant"] });
        let refused = security.post(&roles, both).await.expect(409);
        assert_eq!(refused.code(), "roles_kept_apart");
        let audits = json!({ "name": "查账", "permissions": ["audit.read", "ledger.read"] });
        let audits = security.post(&roles, audits).await.expect(201).text("id");
        let admin = app.client_in("", "system_admin", "all", "").await;
        let grants = format!("/api/users/{}/grants", admin.user_text());
        let grant = json!({ "company": app.company, "role": audits });
        let refused = security.post(&grants, grant.clone()).await.expect(409);
        assert_eq!(refused.code(), "roles_kept_apart");
        // Nor by changing a role that the person holds already.
        let plain = json!({ "name": "看账", "permissions": ["ledger.read"] });
        let plain = security.post(&roles, plain).await.expect(201);
        let held = json!({ "company": app.company, "role": plain.text("id") });
        security.post(&grants, held).await.expect(201);
        let more = json!({ "name": "看账", "permissions": ["ledger.read", "audit.read"] });
        let at = format!("{roles}/{}", plain.text("id"));
        let refused = security.put(&at, plain.version(), more).await.expect(409);
        assert_eq!(refused.code(), "roles_kept_apart");
        // Everyday rights go with any office.
        let everyday = json!({ "name": "看账", "permissions": ["ledger.read", "periods.read"] });
        security.put(&at, plain.version(), everyday).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_nobody_widens_a_role_that_they_hold() {
    on_both(async |app: TestApp| {
        let first = app.client_in("", "security_admin", "all", "").await;
        let second = app.client_in("", "security_admin", "all", "").await;
        let roles = app.at("/roles");
        let made = json!({ "name": "看账", "permissions": ["ledger.read"] });
        let made = first.post(&roles, made).await.expect(201);
        let grants = format!("/api/users/{}/grants", first.user_text());
        let grant = json!({ "company": app.company, "role": made.text("id") });
        second.post(&grants, grant).await.expect(201);
        let more = json!({ "name": "看账", "permissions": ["ledger.read", "ledger.post"] });
        let at = format!("{roles}/{}", made.text("id"));
        let refused = first.put(&at, made.version(), more.clone()).await.expect(409);
        assert_eq!(refused.code(), "own_grant");
        second.put(&at, made.version(), more).await.expect(200);
    })
    .await;
}

async fn grant_of(security: &Client, user: &Client) -> String {
    let at = format!("/api/users/{}/grants", user.user_text());
    let list = security.get(&at).await.expect(200);
    format!("{at}/{}", list.body[0]["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_the_last_administrator_stays() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let admin = app.client_in("", "system_admin", "all", "").await;
        let own = grant_of(&security, &security).await;
        let refused = security.delete(&own).await.expect(409);
        assert_eq!(refused.code(), "last_administrator");
        let other = grant_of(&security, &admin).await;
        security.delete(&other).await.expect(409);
        let at = |user: &Client| format!("/api/users/{}/disable", user.user_text());
        assert_eq!(admin.post(&at(&admin), json!(null)).await.expect(409).code(), "own_account");
        let refused = admin.post(&at(&security), json!(null)).await.expect(409);
        assert_eq!(refused.code(), "last_administrator");
        // With a second one it goes, unless that one is disabled.
        let second = app.client_in("", "security_admin", "all", "").await;
        admin.post(&at(&second), json!(null)).await.expect(200);
        security.delete(&own).await.expect(409);
        let third = app.client_in("", "security_admin", "all", "").await;
        admin.post(&at(&security), json!(null)).await.expect(200);
        security.get("/api/me").await.expect(401);
        third.get("/api/me").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_two_administrators_cannot_remove_each_other_at_a_time() {
    on_both(async |app: TestApp| {
        let one = app.client_in("", "security_admin", "all", "").await;
        let two = app.client_in("", "security_admin", "all", "").await;
        let (of_one, of_two) = (grant_of(&one, &one).await, grant_of(&one, &two).await);
        let (a, b) = tokio::join!(one.delete(&of_two), two.delete(&of_one));
        let left = "SELECT COUNT(*) FROM role_grant WHERE role = 'security_admin'";
        assert_eq!(app.number(left).await, 1, "{} {}", a.status, b.status);
        assert_eq!(audited(&app, "grant.revoke").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_a_role_that_is_revoked_between_read_and_begin_is_refused() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let person = app.client("accountant").await;
        let ctx = ctx(&app, &person).await;
        assert!(ctx.may(crate::permission::Permission::LedgerWrite));
        let grant = grant_of(&security, &person).await;
        security.delete(&grant).await.expect(204);
        let refused = ctx.begin(&EMPTY).await.map(drop).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code), (403, "forbidden"));
        person.get(&app.at("/jobs/job-1")).await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_a_session_that_is_ended_between_read_and_begin_is_refused() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let person = app.client("accountant").await;
        let ctx = ctx(&app, &person).await;
        ctx.begin(&EMPTY).await.map(drop).unwrap();
        let at = format!("/api/users/{}/sessions", person.user_text());
        security.delete(&at).await.expect(204);
        let refused = ctx.begin(&EMPTY).await.map(drop).unwrap_err();
        assert_eq!(refused.status.as_u16(), 401);
    })
    .await;
}

/// A request of somebody that has been read and has not begun its change.
async fn ctx(app: &TestApp, client: &Client) -> Ctx {
    use tower::ServiceExt;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let shared = app.app.clone();
    let handler = async move |request: axum::extract::Request| {
        let mut parts = request.into_parts().0;
        sender.send(Ctx::from_request_parts(&mut parts, &shared).await).await.unwrap();
    };
    let router = axum::Router::new()
        .route("/api/companies/{company}/jobs/{job}", axum::routing::get(handler));
    let (name, value) = client.credential.clone().unwrap();
    let request = Request::builder().uri(app.at("/jobs/job-1")).header(name, value);
    let request = request.header("idempotency-key", "k").body(axum::body::Body::empty()).unwrap();
    router.oneshot(request).await.unwrap();
    receiver.recv().await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_names_what_exists_and_is_made_once() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let person = app.client("sales").await;
        let at = format!("/api/users/{}/grants", person.user_text());
        let company = &app.company;
        for (wrong, pointer) in [
            (json!({ "company": "company-1", "role": "sales" }), "/company"),
            (json!({ "company": company, "role": "boss" }), "/role"),
            (json!({ "company": company, "role": "role-1" }), "/role"),
            (json!({ "role": "sales", "scope": "planet" }), "/scope"),
            (json!({ "role": "sales", "scope": "region" }), "/scope_value"),
            (json!({ "role": "sales", "scope_value": "华东" }), "/scope_value"),
        ] {
            let refused = security.post(&at, wrong).await.expect(422);
            assert_eq!(refused.body["errors"][0]["pointer"], pointer);
        }
        let region = json!({ "company": company, "role": "sales", "scope": "region",
                    "scope_value": "华东" });
        let made = security.post(&at, region.clone()).await.expect(201);
        assert_eq!(made.text("scope_value"), "华东");
        let again = security.post(&at, region).await.expect(409);
        assert_eq!(again.code(), "granted_already");
        let gone = format!("{at}/{}", made.text("id"));
        security.delete(&gone).await.expect(204);
        security.delete(&gone).await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_are_of_the_whole_installation() {
    on_both(async |app: TestApp| {
        let security = app.client_in("", "security_admin", "all", "").await;
        let person = app.client("sales").await;
        let at = format!("/api/users/{}/grants", person.user_text());
        for role in ["system_admin", "security_admin"] {
            let part = json!({ "company": app.company, "role": role });
            let refused = security.post(&at, part).await.expect(422);
            assert_eq!(refused.body["errors"][0]["pointer"], "/company");
        }
        let auditor = json!({ "company": app.company, "role": "auditor" });
        security.post(&at, auditor).await.expect(201);
    })
    .await;
}
