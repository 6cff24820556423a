//! Goal: a run never loses a line, never takes back what a person decided, and what two people
//! want at once only one of them gets. Here: what the files share.

mod bulk;
mod decisions;
mod hands;
mod races;
mod reallocation;
mod run_undo;
mod runs;
mod scopes;

use heqi_domain::{Side, day_text};
use heqi_platform::Value;
use serde_json::json;

use crate::features::ledger::{LedgerKind, NewLine, post};
use crate::testing::{Answer, Client, TestApp};

/// A line that agrees with nothing unless the caller makes it.
pub fn line(customer: i64, side: Side, reference: &str, date: &str, amount: i64) -> NewLine {
    NewLine {
        reference: reference.to_owned(),
        ..NewLine::new(customer, side, LedgerKind::Sale, date, amount)
    }
}

/// Posts lines as the ledger does; their numbers.
pub async fn posted(app: &TestApp, lines: &[NewLine]) -> Vec<i64> {
    let mut tx = app.app.db.write().await.unwrap();
    let ids = post(&mut tx, app.company_number(), "test", lines).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    ids
}

/// Plans; the run as it is shown.
pub async fn plan(app: &TestApp, client: &Client, body: serde_json::Value) -> Answer {
    let job = client.post(&app.at("/match-runs"), body).await.expect(202).text("id");
    app.drain_jobs().await;
    let job = client.get(&app.at(&format!("/jobs/{job}"))).await.expect(200);
    let run = job.body["result"]["run"].as_str();
    let run = run.unwrap_or_else(|| panic!("no run in {:#}", job.body)).to_owned();
    client.get(&app.at(&format!("/match-runs/{run}"))).await.expect(200)
}

pub(super) async fn commit(app: &TestApp, client: &Client, run: &Answer) -> Answer {
    let path = app.at(&format!("/match-runs/{}/commit", run.text("id")));
    client.post(&path, json!({ "digest": run.text("digest") })).await
}

pub(super) async fn decide(
    app: &TestApp,
    client: &Client,
    group: &str,
    verb: &str,
    version: i64,
) -> Answer {
    let path = app.at(&format!("/groups/{group}/{verb}"));
    let tag = crate::answer::etag(version);
    let body = Some(json!({ "reason": "电话核对" }));
    client.send(axum::http::Method::POST, &path, &[("if-match", &tag)], body).await
}

/// O2 and O3, asked of the database: every posted line is open, held, or in one live group;
/// the sums of a group make its difference; a claim and a live membership are one thing.
pub(super) async fn oracles(app: &TestApp) {
    let zero = [
        "SELECT COUNT(*) FROM line_claim JOIN line_hold ON line_hold.line_id = line_claim.line_id",
        "SELECT COUNT(*) FROM line_claim c WHERE NOT EXISTS (SELECT 1 FROM group_member m \
         JOIN match_group g ON g.id = m.group_id WHERE m.line_id = c.line_id \
         AND m.group_id = c.group_id AND g.status = 'live')",
        "SELECT COUNT(*) FROM group_member m JOIN match_group g ON g.id = m.group_id \
         WHERE g.status = 'live' AND NOT EXISTS (SELECT 1 FROM line_claim c \
         WHERE c.line_id = m.line_id AND c.group_id = m.group_id)",
        "SELECT COUNT(*) FROM match_group g WHERE g.ours <> COALESCE((SELECT SUM(l.amount) \
         FROM group_member m JOIN line l ON l.id = m.line_id WHERE m.group_id = g.id \
         AND m.side = 'ours'), 0)",
        "SELECT COUNT(*) FROM match_group g WHERE g.theirs <> COALESCE((SELECT SUM(l.amount) \
         FROM group_member m JOIN line l ON l.id = m.line_id WHERE m.group_id = g.id \
         AND m.side = 'theirs'), 0)",
        "SELECT COUNT(*) FROM match_group WHERE ours - theirs <> difference",
        "SELECT COUNT(*) FROM match_group g WHERE g.status = 'live' AND g.difference <> 0 \
         AND NOT EXISTS (SELECT 1 FROM discrepancy d WHERE d.group_id = g.id \
         AND d.amount = g.difference AND d.status <> 'gone')",
        "SELECT COUNT(*) FROM match_group g JOIN group_member m ON m.group_id = g.id \
         JOIN line_claim c ON c.line_id = m.line_id WHERE g.status = 'suggested'",
    ];
    for sql in zero {
        assert_eq!(app.number(sql).await, 0, "{sql}");
    }
}

/// The bridge in SQL: what is between the two sides is what is live, held or a discrepancy.
pub(super) async fn bridge_closes(app: &TestApp) {
    let between = app
        .number(
            "SELECT CAST(SUM(CASE WHEN side = 'ours' THEN amount ELSE -amount END) AS BIGINT) \
             FROM line l WHERE state = 'posted' \
             AND NOT EXISTS (SELECT 1 FROM line_hold h WHERE h.line_id = l.id)",
        )
        .await;
    let explained = app
        .number("SELECT CAST(SUM(amount) AS BIGINT) FROM discrepancy WHERE status <> 'gone'")
        .await;
    assert_eq!(between, explained);
}

const GROUPS: &str = "SELECT id, content_id, pass, state, status, decided, difference, reason, \
     sentence_zh, decided_by, decided_at, decision_note, act_id, undone_at FROM match_group \
     ORDER BY id";
const DISCREPANCIES: &str = "SELECT id, content_id, group_id, reason, amount, status, \
     first_seen_at, last_seen_at, owner_id FROM discrepancy ORDER BY id";
const CLAIMS: &str = "SELECT line_id, group_id FROM line_claim ORDER BY line_id";
const HOLDS: &str = "SELECT line_id, reason, until_date, held_by FROM line_hold ORDER BY line_id";

pub(super) async fn everything(app: &TestApp) -> Vec<Vec<Vec<Value>>> {
    let mut all = Vec::new();
    for sql in [GROUPS, DISCREPANCIES, CLAIMS, HOLDS] {
        all.push(app.values(sql).await);
    }
    all
}

/// Two states of the tables are one; what differs is told row by row.
#[track_caller]
pub(super) fn same(before: &[Vec<Vec<Value>>], after: &[Vec<Vec<Value>>]) {
    for (old, new) in before.iter().zip(after) {
        let gone: Vec<_> = old.iter().filter(|row| !new.contains(row)).collect();
        let come: Vec<_> = new.iter().filter(|row| !old.contains(row)).collect();
        assert!(gone.is_empty() && come.is_empty(), "before: {gone:#?}\nafter: {come:#?}");
    }
}

/// Posts the invented wholesale firm: our ledger and what its customers stated.
pub(super) async fn wholesale(app: &TestApp) -> Vec<i64> {
    let firm = heqi_sample::wholesale::wholesale(7);
    let mut customers = Vec::new();
    for customer in &firm.customers {
        customers.push(app.customer(&customer.code, &customer.name).await);
    }
    let mut lines = Vec::new();
    for entry in &firm.entries {
        let date = day_text(entry.day);
        let mut new =
            line(customers[entry.customer], Side::Ours, &entry.number, &date, entry.amount_minor);
        new.kind = LedgerKind::from_code(entry.kind.code()).unwrap();
        new.other_reference.clone_from(&entry.bank_serial);
        new.memo.clone_from(&entry.memo);
        lines.push(new);
    }
    for statement in &firm.statements {
        let customer = customers[statement.customer];
        for said in &statement.lines {
            let date = day_text(said.day);
            let mut new = line(customer, Side::Theirs, &said.reference, &date, said.amount_minor);
            new.kind = LedgerKind::Unknown;
            new.memo.clone_from(&said.memo);
            lines.push(new);
        }
    }
    posted(app, &lines).await;
    customers
}

/// Two sums of ours make one line of theirs: a person has to say which.
pub(super) async fn ambiguous(app: &TestApp) -> (i64, Vec<i64>) {
    let customer = app.customer("KH1", "甲商行").await;
    let lines = posted(
        app,
        &[
            line(customer, Side::Ours, "XS-1001", "2026-10-03", 100_000),
            line(customer, Side::Ours, "XS-1002", "2026-10-04", 200_000),
            line(customer, Side::Theirs, "", "2026-10-05", 300_000),
            line(customer, Side::Ours, "XS-2001", "2026-10-06", 50_000),
            line(customer, Side::Theirs, "XS-2001", "2026-10-06", 50_000),
            line(customer, Side::Ours, "XS-1003", "2026-10-03", 120_000),
            line(customer, Side::Ours, "XS-1004", "2026-10-04", 180_000),
        ],
    )
    .await;
    (customer, lines)
}

pub(super) async fn suggestions(app: &TestApp, client: &Client) -> Vec<(String, i64)> {
    let found = client.get(&app.at("/groups?status=suggested")).await.expect(200);
    let items = found.body["items"].as_array().unwrap().iter();
    items
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["version"].as_i64().unwrap()))
        .collect()
}

pub(super) async fn committed(app: &TestApp, client: &Client) {
    let run = plan(app, client, json!({})).await;
    commit(app, client, &run).await.expect(200);
}
