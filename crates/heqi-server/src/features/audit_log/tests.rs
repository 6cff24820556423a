//! Goal: what was done is found again, reads as a sentence, and cannot be changed unseen; only
//! who may read the log reads it.

use std::process::{Command, Stdio};

use heqi_platform::Sql;
use serde_json::{Value as Json, json};

use crate::testing::{Answer, Client, TestApp, on_both};

/// A company in which three records were written.
async fn busy(app: &TestApp) -> Client {
    let auditor = app.client("auditor").await;
    for reason in ["十月对账单, 海仓", "邮件\"存档\"", "=打印"] {
        let body = json!({ "reason": reason });
        auditor.post(&app.at("/audit/checkpoints"), body).await.expect(201);
    }
    auditor
}

async fn verified(app: &TestApp, auditor: &Client, checkpoints: Json) -> Json {
    let body = json!({ "checkpoints": checkpoints });
    let job = auditor.post(&app.at("/audit/verify"), body).await.expect(202);
    app.drain_jobs().await;
    let job = auditor.get(job.headers["location"].to_str().unwrap()).await.expect(200);
    assert_eq!(job.body["state"], "done", "{:#}", job.body);
    job.body["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_records_are_found_by_person_time_and_content() {
    on_both(async |app: TestApp| {
        let auditor = busy(&app).await;
        let find = async |query: &str| -> Answer {
            auditor.get(&app.at(&format!("/audit?{query}"))).await.expect(200)
        };
        let all = find("").await;
        let first = &all.body["items"][0];
        assert_eq!((&first["sequence"], &first["label"]), (&json!(3), &json!("=打印")));
        assert!(first["sentence_zh"].as_str().unwrap().ends_with("导出了审计检查点“=打印”"));
        let count = async |query: &str| find(query).await.body["items"].as_array().unwrap().len();
        assert_eq!(count("q=%E6%B5%B7%E4%BB%93").await, 1);
        assert_eq!(count("q=%25").await, 0);
        assert_eq!(count(&format!("actor={}", auditor.user_text())).await, 3);
        assert_eq!(count("action=checkpoint").await, 3);
        assert_eq!(count("action=checkpoint.read").await, 0);
        assert_eq!(count("from=2026-11-02&to=2026-11-02").await, 3);
        assert_eq!(count("to=2026-11-01").await, 0);
        let page = find("limit=2").await;
        let next = page.text("next");
        let rest = find(&format!("limit=2&cursor={next}")).await;
        assert_eq!(
            (rest.body["items"].as_array().unwrap().len(), &rest.body["next"]),
            (1, &Json::Null)
        );
        auditor.get(&app.at("/audit?from=yesterday")).await.expect(422);
        auditor.get(&app.at("/audit/records/2")).await.expect(200);
        auditor.get(&app.at("/audit/records/9")).await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e5_the_auditor_verifies_and_does_not_write() {
    on_both(async |app: TestApp| {
        let auditor = busy(&app).await;
        let found = verified(&app, &auditor, json!([])).await;
        assert_eq!((&found["ok"], &found["checkpoints"]), (&json!(true), &json!(3)));
        let body = json!({ "customer": "customer-1", "span": "2026-10" });
        auditor.post(&app.at("/periods"), body).await.expect(403);
        for role in ["finance_manager", "accountant", "sales", "read_only"] {
            let client = app.client(role).await;
            client.get(&app.at("/audit")).await.expect(403);
            client.get(&app.at("/audit/export")).await.expect(403);
        }
        let other = app.other_company().await;
        let foreign = app.client_in(&other, "auditor", "all", "").await;
        foreign.get(&app.at("/audit")).await.expect(404);
        let none = foreign.get(&format!("/api/companies/{other}/audit")).await.expect(200);
        assert_eq!(none.body["items"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_a_rewritten_tail_is_known_by_a_checkpoint_from_outside() {
    on_both(async |app: TestApp| {
        let auditor = busy(&app).await;
        let page = auditor.get(&app.at("/audit/checkpoints")).await.expect(200);
        let outside = page.body[0]["line"].clone();
        let found = verified(&app, &auditor, json!([outside])).await;
        assert_eq!(found["ok"], true);
        let forged = outside.as_str().unwrap().replacen(" 2 ", " 1 ", 1);
        let found = verified(&app, &auditor, json!([forged])).await;
        assert_eq!(
            (&found["ok"], found["checkpoints_refused"].as_array().unwrap().len()),
            (&json!(false), 1)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_recorded_and_can_be_verified_without_us() {
    on_both(async |app: TestApp| {
        let auditor = busy(&app).await;
        let csv = auditor.get(&app.at("/audit/export?format=csv")).await.expect(200);
        let csv = String::from_utf8(csv.bytes).unwrap();
        assert!(csv.contains("\"'=打印\"") && csv.contains("\"邮件\"\"存档\"\"\""), "{csv}");
        let export = auditor.get(&app.at("/audit/export")).await.expect(200);
        assert_eq!(app.actions().await.last().unwrap(), "audit.export");
        auditor.get(&app.at("/audit/export?format=xml")).await.expect(422);
        let text = String::from_utf8(export.bytes).unwrap();
        assert_eq!(text.lines().count(), 5);
        let Some(said) = python(&text) else {
            eprintln!("skipped: no python3");
            return;
        };
        assert!(said.starts_with("ok 5 "), "{said}");
        // A character that moves from one field to the next.
        let moved = text.replacen(
            "\"object\":\"audit\",\"label\":\"",
            "\"object\":\"audi\",\"label\":\"t",
            1,
        );
        assert_ne!(moved, text);
        assert_eq!(python(&moved).unwrap().trim(), "record 1 was changed");
        let without: Vec<&str> =
            text.lines().filter(|line| !line.contains("\"sequence\":2,")).collect();
        assert_eq!(python(&without.join("\n")).unwrap().trim(), "record 2 is missing");
    })
    .await;
}

/// What the verifier in `docs/audit-verify.py` says; none without Python.
fn python(text: &str) -> Option<String> {
    use std::io::Write;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit-verify.py");
    let mut child = Command::new("python3")
        .args([script, "-"])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Some(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn e3_the_walk_at_the_start_is_one_for_each_chain() {
    on_both(async |app: TestApp| {
        busy(&app).await;
        super::enqueue_verify(&app.app.db).await.unwrap();
        super::enqueue_verify(&app.app.db).await.unwrap();
        let waiting = "SELECT COUNT(*) FROM job WHERE kind = 'audit.verify'";
        assert_eq!(app.number(waiting).await, 1);
        app.drain_jobs().await;
        let marks = "SELECT COUNT(*) FROM audit_mark WHERE sequence = 3 AND fault = ''";
        assert_eq!(app.number(marks).await, 1);
        let mut tx = app.app.db.write().await.unwrap();
        let wrong = tx.execute(Sql::new("UPDATE audit_checkpoint SET reason = 'x'")).await;
        assert!(wrong.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e5_an_administrator_who_reads_what_is_sensitive_leaves_a_record_for_the_auditor() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓贸易").await;
        // System administrator and, to see any customer, finance manager of the company.
        let admin = app.client_in("", "system_admin", "all", "").await;
        let path =
            format!("/customers/{}/sensitive", heqi_domain::CustomerId::new(customer).unwrap());
        let path = app.at(&path);
        assert!([403, 404].contains(&admin.get(&path).await.status.as_u16()), "the office alone");
        let mut tx = app.app.db.write().await.unwrap();
        let company = app.company_number();
        let role = ("all", "");
        crate::features::users::store::grant(
            &mut tx,
            company,
            admin.user,
            "finance_manager",
            role,
            "test",
        )
        .await
        .unwrap();
        tx.commit_housekeeping().await.unwrap();
        admin.get(&path).await.expect(200);
        let auditor = app.client("auditor").await;
        let page = auditor.get(&app.at("/audit")).await.expect(200);
        let found = page.body["items"].as_array().unwrap();
        let read = found.iter().find(|record| record["action"] == "customer.read_sensitive");
        let read = read.unwrap_or_else(|| panic!("{:#}", page.body));
        assert_eq!(read["actor"], admin.user_text());
        // The auditor sees that it was read, and neither reads it nor takes the record away.
        assert!([403, 404].contains(&auditor.get(&path).await.status.as_u16()));
        auditor.delete(&app.at("/audit/records/1")).await.expect(405);
        let body = json!({ "label": "x" });
        auditor.patch(&app.at("/audit/records/1"), 1, body).await.expect(405);
    })
    .await;
}
