//! Goal: D1, every operation × every kind of caller × own, foreign, other company, gone.
//!
//! Generated from the OpenAPI document and held against two tables kept by hand: what each
//! operation asks for (`table.txt`), what each role has (`roles.txt`). An operation that is not
//! in the table fails the test, and so does a row that is no operation any more.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::json;
use utoipa::openapi::path::Operation;

use crate::operations::operations;
use crate::permission::ROLES;
use crate::testing::{Client, TestApp, on_both};
use world::World;

/// A row of the document: where, how, what it is called.
struct Row {
    method: Method,
    path: String,
    id: String,
    operation: Operation,
}

fn rows() -> Vec<Row> {
    let document = crate::router::api().1;
    let mut rows = Vec::new();
    for (path, item) in document.paths.paths {
        for (method, operation) in operations(item) {
            let id = operation.operation_id.clone().expect("every operation has an id");
            rows.push(Row { method, path: path.clone(), id, operation });
        }
    }
    rows
}

/// First word → the other words, of every line that is no comment.
fn table(text: &'static str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let words = lines.map(|line| line.split_whitespace());
    words.map(|mut words| (words.next().unwrap(), words.collect())).collect()
}

fn permissions() -> BTreeMap<&'static str, Vec<&'static str>> {
    let table = table(include_str!("table.txt"));
    table.into_iter().map(|(id, words)| (id, words[0].split('|').collect())).collect()
}

#[test]
fn d1_the_table_names_every_operation_and_agrees_with_the_document() {
    let table = permissions();
    let rows = rows();
    let found: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let known: BTreeSet<&str> = table.keys().copied().collect();
    let unlisted: Vec<_> = found.difference(&known).collect();
    assert!(unlisted.is_empty(), "not in matrix/table.txt: {unlisted:?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "in matrix/table.txt and no operation: {gone:?}");
    for row in &rows {
        let extensions = row.operation.extensions.as_ref();
        let said = extensions.and_then(|all| all.get("x-permission")?.as_str());
        assert_eq!(said, Some(table[row.id.as_str()].join("|").as_str()), "{}", row.id);
    }
}

#[test]
fn d1_roles_have_what_the_table_says_and_no_more() {
    let table = table(include_str!("roles.txt"));
    assert_eq!(table.len(), ROLES.len());
    for role in ROLES {
        let has: BTreeSet<&str> = role.permissions.iter().map(|held| held.code()).collect();
        let may: BTreeSet<&str> = table[role.code].iter().copied().collect();
        assert_eq!(has, may, "{}", role.code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_nobody_gets_in() {
    let app = TestApp::on_sqlite().await;
    let world = World::new(&app).await;
    let expired = app.client("finance_manager").await;
    app.clock.advance(13 * 3600);
    let disabled = app.client("finance_manager").await;
    world.disable(&app, disabled.user).await;
    for (name, client) in
        [("nobody", &app.nobody()), ("expired", &expired), ("disabled", &disabled)]
    {
        for row in rows() {
            if permissions()[row.id.as_str()] == ["anonymous"] {
                continue;
            }
            let answer = world.ask(client, &row.method, &world.own(&row.path)).await;
            assert_eq!(answer.status.as_u16(), 401, "{name} {} {}", row.method, row.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_a_role_reaches_what_it_may_and_is_refused_the_rest() {
    let roles = table(include_str!("roles.txt"));
    let app = TestApp::on_sqlite().await;
    let world = World::new(&app).await;
    for (role, held) in &roles {
        let here = app.client(role).await;
        let everywhere = app.client_in("", role, "all", "").await;
        for row in rows() {
            let wanted = &permissions()[row.id.as_str()];
            if wanted[0] == "anonymous" || ends_the_session(&row.id) {
                continue;
            }
            let client = if row.path.contains("{company}") { &here } else { &everywhere };
            let may =
                ["any", "own"].contains(&wanted[0]) || wanted.iter().any(|p| held.contains(p));
            let status = world.ask(client, &row.method, &world.own(&row.path)).await.status;
            let refused = [401, 403].contains(&status.as_u16());
            assert_eq!(refused, !may, "{role}: {} {} → {status}", row.method, row.path);
        }
    }
}

/// Operations after which the caller of the matrix would be signed out or locked out.
fn ends_the_session(id: &str) -> bool {
    ["sign_out", "sign_out_everywhere", "session_end", "my_session_end"].contains(&id)
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_another_company_does_not_exist() {
    on_both(async |app: TestApp| {
        let world = World::new(&app).await;
        let other = app.other_company().await;
        let manager = app.client_in(&other, "finance_manager", "all", "").await;
        let operator = app.client_in(&other, "system_admin", "all", "").await;
        for row in rows().iter().filter(|row| row.path.contains("{company}")) {
            for client in [&manager, &operator] {
                let answer = world.ask(client, &row.method, &world.own(&row.path)).await;
                assert_eq!(answer.status.as_u16(), 404, "{} {}", row.method, row.path);
            }
            // The objects of this company under the address of the caller's own.
            let crossed = world.own(&row.path).replace(&app.company, &other);
            if row.path.matches('{').count() > 1 && row.method == Method::GET {
                let status = world.ask(&manager, &row.method, &crossed).await.status.as_u16();
                assert!([403, 404].contains(&status), "{} {crossed} → {status}", row.method);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_what_is_out_of_scope_or_gone_is_not_there() {
    on_both(async |app: TestApp| {
        let world = World::new(&app).await;
        let scopes: [(&str, &str); 3] = [("own", ""), ("department", "A"), ("region", "East")];
        for (scope, value) in scopes {
            let client = app.client_in(&app.company, "finance_manager", scope, value).await;
            for row in rows().iter().filter(|row| world.is_scoped(&row.path)) {
                // What changes something is asked with a body that does not hold: 404 must come
                // before it is looked at, or 422 after; never success.
                let answer = world.ask(&client, &row.method, &world.foreign(&row.path)).await;
                let status = answer.status.as_u16();
                let hidden = status == 404 || (row.method != Method::GET && status == 422);
                let hidden =
                    hidden || (row.method != Method::GET && [400, 415, 428].contains(&status));
                assert!(hidden, "{scope}: {} {} → {status}", row.method, row.path);
            }
        }
        let manager = app.client("finance_manager").await;
        for row in rows().iter().filter(|row| row.path.matches('{').count() > 1) {
            if row.method == Method::GET {
                let status = world.ask(&manager, &row.method, &world.gone(&row.path)).await.status;
                let expected = [403, 404].contains(&status.as_u16());
                assert!(expected, "{} {} → {status}", row.method, row.path);
            }
        }
    })
    .await;
}

/// A field that no body has.
const FOREIGN: &str = "d2_foreign";

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_field_that_is_not_asked_for_is_named_and_changes_nothing() {
    on_both(async |app: TestApp| {
        let world = World::new(&app).await;
        let roles = table(include_str!("roles.txt"));
        let mut clients = BTreeMap::new();
        for role in roles.keys() {
            let everywhere = app.client_in("", role, "all", "").await;
            clients.insert(*role, (app.client(role).await, everywhere));
        }
        let records = app.number("SELECT COUNT(*) FROM audit_record").await;
        let mut asked = 0;
        for row in rows() {
            let Some(utoipa::openapi::RefOr::T(body)) = &row.operation.request_body else {
                continue;
            };
            if !body.content.contains_key("application/json") {
                continue;
            }
            let wanted = &permissions()[row.id.as_str()];
            let may = |held: &Vec<&str>| wanted.iter().any(|permission| held.contains(permission));
            let role = roles.iter().find(|(_, held)| may(held)).map_or("accountant", |it| it.0);
            let (here, everywhere) = &clients[role];
            let client = if row.path.contains("{company}") { here } else { everywhere };
            let path = world.own(&row.path);
            let tag = [("if-match", "\"v1\"")];
            let body = Some(json!({ FOREIGN: "admin" }));
            let answer = client.send(row.method.clone(), &path, &tag, body).await;
            assert_eq!(answer.status.as_u16(), 422, "{} {:#}", row.id, answer.body);
            assert!(answer.body.to_string().contains(FOREIGN), "{} {:#}", row.id, answer.body);
            asked += 1;
        }
        assert!(asked > 60, "{asked} operations have a body");
        assert_eq!(app.number("SELECT COUNT(*) FROM audit_record").await, records);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_routes_of_the_router_are_operations_of_the_document() {
    let app = TestApp::on_sqlite().await;
    let manager: Client = app.client_in("", "system_admin", "all", "").await;
    // Addresses that are no operation on purpose: they describe or watch the others.
    let described = ["/api/openapi.json", "/api/docs"];
    for path in described.into_iter().chain(["/api/health", "/api/ready", "/api/metrics"]) {
        manager.get(path).await.expect(200);
    }
    for path in ["/debug", "/api/debug", "/api/admin", "/metrics", "/api/test", "/"] {
        manager.get(path).await.expect(404);
    }
    for row in rows() {
        let path = row.path.replace(['{', '}'], "");
        let none = manager.send(Method::TRACE, &path, &[], Some(json!({}))).await;
        assert!([404, 405].contains(&none.status.as_u16()), "{path}");
    }
}
