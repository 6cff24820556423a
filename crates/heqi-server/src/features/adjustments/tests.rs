//! Goal: nothing reaches our book by one person's word, nothing twice, nothing above a limit by
//! splitting it, and the book says afterwards what was approved.

use axum::http::Method;
use heqi_domain::{CustomerId, Id};
use heqi_platform::Sql;
use serde_json::{Value as Json, json};

use crate::features::discrepancies::fixture::{self, pair, rounding};
use crate::testing::{Answer, Client, TestApp, on_both};

async fn act(client: &Client, path: &str, version: i64, body: Json) -> Answer {
    let tag = crate::answer::etag(version);
    client.send(Method::POST, path, &[("if-match", &tag)], Some(body)).await
}

fn at(app: &TestApp, adjustment: &str, act: &str) -> String {
    app.at(&format!("/adjustments/{adjustment}{act}"))
}

fn asked(discrepancy: &str, amount: i64) -> Json {
    json!({
        "discrepancy": discrepancy, "amount": amount, "kind": "adjustment",
        "date": "2026-11-01", "account": "6603 财务费用", "reason": "合同约定由我方承担",
        "evidence": "邮件 2026-10-30",
    })
}

async fn propose(app: &TestApp, maker: &Client, discrepancy: &str, amount: i64) -> String {
    let made = act(maker, &app.at("/adjustments"), 1, asked(discrepancy, amount)).await;
    made.expect(201).text("id")
}

async fn run(app: &TestApp, sql: Sql) {
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

/// Limits by SQL: item, customer, total, approval.
async fn limits(app: &TestApp, values: [i64; 4]) {
    let sql = Sql::new(
        "INSERT INTO adjustment_limit (company_id, currency, write_off_item, write_off_customer, \
         write_off_total, approval) VALUES ($1, 'CNY', $2, $3, $4, $5)",
    );
    let [item, customer, total, approval] = values;
    let sql = sql.bind(app.company_number()).bind(item).bind(customer).bind(total).bind(approval);
    run(app, sql).await;
}

/// Somebody with `adjustments.approve` and not `adjustments.approve_large`.
async fn small_checker(app: &TestApp) -> Client {
    let (company, role) = (app.company_number(), 71_i64);
    let sql = Sql::new(
        "INSERT INTO custom_role (id, company_id, name, permissions, created_at) \
         VALUES ($1, $2, '复核员', '[\"adjustments.approve\",\"discrepancies.read\"]', 1)",
    );
    let sql = sql.bind(role).bind(company);
    run(app, sql).await;
    app.client("role-71").await
}

/// Every resolved discrepancy is made up by what stands against it; every posted adjustment is
/// one entry of ours with its amount.
async fn oracles(app: &TestApp) {
    let o3 = "SELECT COUNT(*) FROM discrepancy d WHERE d.status = 'resolved' AND d.amount <> \
         -(SELECT COALESCE(SUM(l.amount), 0) FROM adjustment a JOIN line l ON l.id = a.line_id \
         WHERE a.discrepancy_id = d.id AND a.state = 'posted')";
    assert_eq!(app.number(o3).await, 0, "O3");
    let entries = "SELECT COUNT(*) FROM adjustment a WHERE a.state = 'posted' AND NOT EXISTS \
         (SELECT 1 FROM line l WHERE l.id = a.line_id AND l.amount = a.amount \
         AND l.side = 'ours' AND l.state = 'posted' AND l.customer_id = a.customer_id)";
    assert_eq!(app.number(entries).await, 0);
    let strays = "SELECT (SELECT COUNT(*) FROM line WHERE source = 'adjustment') - \
         (SELECT COUNT(*) FROM adjustment WHERE state = 'posted') AS n";
    assert_eq!(app.number(strays).await, 0);
    let four_eyes = "SELECT COUNT(*) FROM adjustment WHERE state = 'posted' \
         AND decided_by = proposed_by AND NOT within_limit";
    assert_eq!(app.number(four_eyes).await, 0);
}

const BALANCE: &str = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM line \
     WHERE side = 'ours' AND state = 'posted'";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_is_posted_and_clears_the_difference() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let id = pair(&app, customer, "bank_charge", 10_000, 9_700).await;
        let (maker, checker) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let wrong = act(&maker, &app.at("/adjustments"), 1, asked(&id, 300)).await.expect(422);
        assert_eq!(wrong.body["errors"][0]["pointer"], "/amount");
        act(&maker, &app.at("/adjustments"), 1, asked(&id, -301)).await.expect(422);
        maker.post(&app.at("/adjustments"), asked(&id, -300)).await.expect(428);
        let adjustment = propose(&app, &maker, &id, -300).await;
        act(&maker, &app.at("/adjustments"), 1, asked(&id, -1)).await.expect(412);
        let second = act(&maker, &app.at("/adjustments"), 2, asked(&id, -1)).await.expect(409);
        assert_eq!(second.code(), "adjustment_waits");

        let view = checker.get(&at(&app, &adjustment, "")).await.expect(200);
        assert_eq!((view.number("balance_before"), view.number("balance_after")), (10_000, 9_700));
        assert_eq!(view.number("difference_after"), 0);
        assert_eq!(view.body["may_approve"], true);
        let own = maker.get(&at(&app, &adjustment, "")).await.expect(200);
        assert_eq!(own.body["may_approve"], false);
        let approve = at(&app, &adjustment, "/approve");
        act(&maker, &approve, 1, json!({})).await.expect(403);
        act(&checker, &approve, 7, json!({})).await.expect(412);
        let done = act(&checker, &approve, 1, json!({ "note": "同意" })).await.expect(200);
        assert_eq!(done.text("state"), "posted");
        assert_eq!(app.number(BALANCE).await, 9_700);
        let link = "SELECT COUNT(*) FROM line WHERE source = 'adjustment' \
             AND other_reference = 'XS-1001' AND kind = 'adjustment' AND voucher_no IS NOT NULL";
        assert_eq!(app.number(link).await, 1);
        let seen = maker.get(&app.at(&format!("/discrepancies/{id}"))).await.expect(200);
        assert_eq!(seen.body["discrepancy"]["status"], "resolved");
        assert_eq!(seen.body["settlements"][0]["adjustment"], adjustment.as_str());
        oracles(&app).await;

        // Reversed by four eyes, it is open again.
        let body = json!({ "date": "2026-11-02", "reason": "银行退回手续费" });
        let back = act(&maker, &at(&app, &adjustment, "/reverse"), 2, body.clone()).await;
        let back = back.expect(201).text("id");
        act(&maker, &at(&app, &adjustment, "/reverse"), 2, body).await.expect(409);
        act(&checker, &at(&app, &back, "/approve"), 1, json!({})).await.expect(200);
        assert_eq!(app.number(BALANCE).await, 10_000);
        let seen = maker.get(&app.at(&format!("/discrepancies/{id}"))).await.expect(200);
        assert_eq!(seen.body["discrepancy"]["status"], "open");
        assert_eq!(seen.body["discrepancy"]["remaining"], 300);
        oracles(&app).await;
        let records = "SELECT COUNT(*) FROM audit_record WHERE action IN ('adjustment.propose', \
             'adjustment.approve', 'adjustment.reverse', 'discrepancy.settle')";
        assert_eq!(app.number(records).await, 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_nobody_approves_their_own_and_of_many_checkers_one_posts() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let id = pair(&app, customer, "amount", 500, 100).await;
        let (one, two) = (app.client("finance_manager").await, app.client("finance_manager").await);
        let adjustment = propose(&app, &one, &id, -400).await;
        let approve = at(&app, &adjustment, "/approve");
        let own = act(&one, &approve, 1, json!({})).await.expect(409);
        assert_eq!(own.code(), "own_adjustment");
        let tasks = (0..16).map(|turn| {
            let client = if turn % 4 == 0 { one.clone() } else { two.clone() };
            let path = approve.clone();
            tokio::spawn(async move {
                let own = turn % 4 == 0;
                (own, act(&client, &path, 1, json!({})).await.status.as_u16())
            })
        });
        let mut statuses = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            statuses.push(task.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|one| **one == (false, 200)).count(), 1, "{statuses:?}");
        let lost = |status: u16| [409, 412].contains(&status);
        assert!(statuses.iter().all(|one| *one == (false, 200) || lost(one.1)), "{statuses:?}");
        assert_eq!(app.number(BALANCE).await, 100);
        oracles(&app).await;

        // A revoked role is gone with the next request.
        let other = pair(&app, customer, "amount", 500, 100).await;
        let waiting = propose(&app, &one, &other, -400).await;
        let sql = Sql::new("DELETE FROM role_grant WHERE user_id = $1").bind(two.user);
        run(&app, sql).await;
        let refused = act(&two, &at(&app, &waiting, "/approve"), 1, json!({})).await;
        assert!([403, 404].contains(&refused.status.as_u16()));
        // A reader who withdraws, or an accountant who approves: not theirs.
        let maker = app.client("accountant").await;
        act(&maker, &at(&app, &waiting, "/withdraw"), 1, json!({})).await.expect(409);
        act(&one, &at(&app, &waiting, "/withdraw"), 1, json!({})).await.expect(200);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_a_role_that_is_revoked_while_the_approval_waits_posts_nothing() {
    let app = TestApp::on_sqlite().await;
    let customer = app.customer("C1", "海仓").await;
    let id = pair(&app, customer, "amount", 500, 100).await;
    let adjustment = propose(&app, &app.client("accountant").await, &id, -400).await;
    let checker = app.client("finance_manager").await;
    // The writer is busy: the approval has read its rights and waits for the writer.
    let mut tx = app.app.db.write().await.unwrap();
    let (client, path) = (checker.clone(), at(&app, &adjustment, "/approve"));
    let approval = tokio::spawn(async move { act(&client, &path, 1, json!({})).await });
    tokio::task::yield_now().await;
    let sql = Sql::new("DELETE FROM role_grant WHERE user_id = $1").bind(checker.user);
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    let status = approval.await.unwrap().status.as_u16();
    assert!([403, 404].contains(&status), "{status}");
    assert_eq!(app.number("SELECT COUNT(*) FROM adjustment WHERE state = 'posted'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_splitting_under_the_approval_limit_gains_nothing() {
    on_both(async |app: TestApp| {
        limits(&app, [0, 0, 0, 1_000]).await;
        let customer = app.customer("C1", "海仓").await;
        let maker = app.client("accountant").await;
        let checker = small_checker(&app).await;
        let free = async |amount: i64, date: &str| {
            let body = json!({
                "customer": CustomerId::text(customer), "amount": amount,
                "kind": "adjustment", "date": date, "account": "6603", "reason": "调整",
            });
            maker.post(&app.at("/adjustments"), body).await.expect(201).text("id")
        };
        let large = free(-1_001, "2026-11-01").await;
        let refused = act(&checker, &at(&app, &large, "/approve"), 1, json!({})).await.expect(403);
        assert_eq!(refused.code(), "above_approval_limit");
        let first = free(-600, "2026-11-01").await;
        act(&checker, &at(&app, &first, "/approve"), 1, json!({})).await.expect(200);
        // The other half, the other sign, another month: each still counts.
        for (amount, date) in [(-401, "2026-11-02"), (401, "2026-11-02"), (-401, "2026-10-02")] {
            let part = free(amount, date).await;
            let path = at(&app, &part, "/approve");
            let refused = act(&checker, &path, 1, json!({})).await.expect(403);
            assert_eq!(refused.body["facts"]["sum"], 1_001);
        }
        let fits = free(-400, "2026-11-02").await;
        act(&checker, &at(&app, &fits, "/approve"), 1, json!({})).await.expect(200);
        let manager = app.client("finance_manager").await;
        act(&manager, &at(&app, &large, "/approve"), 1, json!({})).await.expect(200);
        assert_eq!(app.number(BALANCE).await, -2_001);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_signs_dates_and_edits_that_are_refused() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let (maker, checker) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let free = async |kind: &str, amount: i64, date: &str| {
            let body = json!({
                "customer": CustomerId::text(customer), "amount": amount, "kind": kind,
                "date": date, "account": "6603", "reason": "调整",
            });
            maker.post(&app.at("/adjustments"), body).await
        };
        free("write_off", 100, "2026-11-01").await.expect(422);
        free("fee", -100, "2026-11-01").await.expect(422);
        free("adjustment", 0, "2026-11-01").await.expect(422);
        free("adjustment", i64::MIN, "2026-11-01").await.expect(422);
        free("adjustment", 100, "2026-11-03").await.expect(422);
        free("rounding", 1, "2026-11-01").await.expect(422);
        let waiting = free("discount", -100, "2026-10-31").await.expect(201).text("id");
        // The period is signed between the proposal and the approval.
        let sql = Sql::new("UPDATE customer SET locked_through = '2026-10-31' WHERE id = $1");
        run(&app, sql.bind(customer)).await;
        let signed = free("discount", -100, "2026-10-31").await.expect(409);
        assert_eq!(signed.code(), "period_signed");
        let path = at(&app, &waiting, "/approve");
        let signed = act(&checker, &path, 1, json!({})).await.expect(409);
        assert_eq!(signed.code(), "period_signed");
        assert_eq!(app.number("SELECT COUNT(*) FROM line").await, 0);
        // No way to edit, not even in the database.
        for method in [Method::PATCH, Method::PUT, Method::DELETE] {
            let body = Some(json!({ "amount": -1 }));
            let path = at(&app, &waiting, "");
            let refused = checker.send(method, &path, &[("if-match", "\"v1\"")], body).await;
            assert!([403, 405].contains(&refused.status.as_u16()), "{}", refused.status);
        }
        let mut tx = app.app.db.write().await.unwrap();
        assert!(tx.execute(Sql::new("UPDATE adjustment SET amount = -1")).await.is_err());
        drop(tx);
        let reject = at(&app, &waiting, "/reject");
        act(&checker, &reject, 1, json!({})).await.expect(422);
        let no = act(&checker, &reject, 1, json!({ "note": "期间已签认" })).await.expect(200);
        assert_eq!(no.text("state"), "rejected");
        let decided = act(&checker, &path, 2, json!({})).await.expect(409);
        assert_eq!(decided.code(), "adjustment_decided");
        let mut tx = app.app.db.write().await.unwrap();
        let sql = "UPDATE adjustment SET state = 'proposed', decided_by = NULL";
        assert!(tx.execute(Sql::new(sql)).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_small_differences_are_written_off_within_every_limit() {
    on_both(async |app: TestApp| {
        let (one, two) = (app.customer("C1", "海仓").await, app.customer("C2", "山货").await);
        let maker = app.client("accountant").await;
        let write_off = async |discrepancy: &str| {
            let body = json!({ "discrepancy": discrepancy, "account": "6603" });
            act(&maker, &app.at("/adjustments/write-off"), 1, body).await
        };
        let small = rounding(&app, one, 3).await;
        let refused = write_off(&small).await.expect(409);
        assert_eq!(refused.code(), "above_write_off_limit", "no limit is signed: it is 0");
        limits(&app, [5, 8, 10, 0]).await;
        let other = pair(&app, one, "amount", 103, 100).await;
        assert_eq!(write_off(&other).await.expect(409).code(), "no_rounding");
        let done = write_off(&small).await.expect(201);
        assert_eq!((done.number("amount"), done.text("state")), (-3, "posted".into()));
        for (customer, amount, exceeded) in [
            (one, 6, Some("write_off_item")),
            (one, -5, None),
            (one, 1, Some("write_off_customer")),
            (two, 3, Some("write_off_total")),
            (two, 2, None),
        ] {
            let id = rounding(&app, customer, amount).await;
            match exceeded {
                Some(name) => {
                    let refused = write_off(&id).await.expect(409);
                    assert_eq!(refused.body["facts"]["exceeded"], name);
                }
                None => drop(write_off(&id).await.expect(201)),
            }
        }
        assert_eq!(
            app.number("SELECT COUNT(*) FROM discrepancy WHERE status = 'resolved'").await,
            3
        );
        oracles(&app).await;
        let seller = app.client("sales").await;
        let body = json!({ "discrepancy": other, "account": "6603" });
        act(&seller, &app.at("/adjustments/write-off"), 1, body).await.expect(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_write_offs_at_the_same_time_do_not_pass_the_total_together() {
    on_both(async |app: TestApp| {
        limits(&app, [5, 5, 12, 0]).await;
        let maker = app.client("accountant").await;
        let mut tasks = Vec::new();
        for number in 0..8 {
            let customer = app.customer(&format!("C{number}"), "客户").await;
            let id = rounding(&app, customer, 5).await;
            let (client, path) = (maker.clone(), app.at("/adjustments/write-off"));
            let body = json!({ "discrepancy": id, "account": "6603" });
            tasks.push(tokio::spawn(async move { act(&client, &path, 1, body).await }));
        }
        let mut done = 0;
        for task in tasks {
            done += i64::from(task.await.unwrap().status.as_u16() == 201);
        }
        assert_eq!(done, 2);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_changed_by_two_people() {
    on_both(async |app: TestApp| {
        let path = app.at("/adjustments/limits");
        let manager = app.client("finance_manager").await;
        let limits = json!({
            "currency": "CNY", "write_off_item": 100, "write_off_customer": 500,
            "write_off_total": 5_000, "approval": 100_000,
        });
        let body = json!({ "limits": limits, "reason": "年度授权" });
        let made = manager.post(&path, body.clone()).await.expect(201);
        manager.post(&path, body.clone()).await.expect(409);
        let approve = app.at(&format!("/adjustments/limits/{}/approve", made.text("id")));
        let own = act(&manager, &approve, 1, json!({})).await.expect(409);
        assert_eq!(own.code(), "own_limit_change");
        let accountant = app.client("accountant").await;
        act(&accountant, &approve, 1, json!({})).await.expect(403);
        let part = app.client_in(&app.company, "finance_manager", "department", "A").await;
        act(&part, &approve, 1, json!({})).await.expect(403);
        let other = app.client("finance_manager").await;
        act(&other, &approve, 1, json!({})).await.expect(200);
        act(&other, &approve, 2, json!({})).await.expect(409);
        let list = accountant.get(&path).await.expect(200);
        assert_eq!(list.body["limits"][0], limits);
        assert_eq!(list.body["proposed"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_adjustments_of_others_are_not_there() {
    on_both(async |app: TestApp| {
        let customer = app.customer_of(&app.company, "C1", "海仓", None, "A", "").await;
        let id = rounding(&app, customer, 3).await;
        let adjustment = fixture::adjustment(&app, &id).await;
        let inside = app.client_in(&app.company, "finance_manager", "department", "A").await;
        let outside = app.client_in(&app.company, "finance_manager", "department", "B").await;
        for path in ["/approve", "/reject", "/withdraw"] {
            let body = json!({ "note": "x" });
            act(&outside, &at(&app, &adjustment, path), 1, body).await.expect(404);
        }
        outside.get(&at(&app, &adjustment, "")).await.expect(404);
        let list = app.at("/adjustments?state=proposed");
        assert_eq!(outside.get(&list).await.expect(200).body["items"], json!([]));
        let mine = inside.get(&list).await.expect(200);
        assert_eq!(mine.body["items"][0]["id"], adjustment.as_str());
        act(&outside, &app.at("/adjustments"), 1, asked(&id, -3)).await.expect(404);
    })
    .await;
}
