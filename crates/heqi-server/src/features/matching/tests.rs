//! Goal: a run never loses a line, never takes back what a person decided, and what two people
//! want at once only one of them gets.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::{CustomerId, Id, LineId, NoProgress, Side, day_text};
use heqi_matching::{Openings, RuleSet, State};
use heqi_platform::Value;
use serde_json::json;

use super::load::{Select, load};
use super::plan::every;
use crate::features::ledger::{LedgerKind, NewLine, post};
use crate::testing::{Answer, Client, TestApp, on_both};

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

async fn commit(app: &TestApp, client: &Client, run: &Answer) -> Answer {
    let path = app.at(&format!("/match-runs/{}/commit", run.text("id")));
    client.post(&path, json!({ "digest": run.text("digest") })).await
}

async fn decide(app: &TestApp, client: &Client, group: &str, verb: &str, version: i64) -> Answer {
    let path = app.at(&format!("/groups/{group}/{verb}"));
    let tag = crate::answer::etag(version);
    let body = Some(json!({ "reason": "电话核对" }));
    client.send(axum::http::Method::POST, &path, &[("if-match", &tag)], body).await
}

/// O2 and O3, asked of the database: every posted line is open, held, or in one live group;
/// the sums of a group make its difference; a claim and a live membership are one thing.
async fn oracles(app: &TestApp) {
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
async fn bridge_closes(app: &TestApp) {
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

async fn everything(app: &TestApp) -> Vec<Vec<Vec<Value>>> {
    let mut all = Vec::new();
    for sql in [GROUPS, DISCREPANCIES, CLAIMS, HOLDS] {
        all.push(app.values(sql).await);
    }
    all
}

/// Two states of the tables are one; what differs is told row by row.
#[track_caller]
fn same(before: &[Vec<Vec<Value>>], after: &[Vec<Vec<Value>>]) {
    for (old, new) in before.iter().zip(after) {
        let gone: Vec<_> = old.iter().filter(|row| !new.contains(row)).collect();
        let come: Vec<_> = new.iter().filter(|row| !old.contains(row)).collect();
        assert!(gone.is_empty() && come.is_empty(), "before: {gone:#?}\nafter: {come:#?}");
    }
}

/// Posts the invented wholesale firm: our ledger and what its customers stated.
async fn wholesale(app: &TestApp) -> Vec<i64> {
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

#[tokio::test(flavor = "multi_thread")]
async fn o10_a_run_of_the_server_is_the_kernel_on_the_same_lines() {
    on_both(async |app: TestApp| {
        wholesale(&app).await;
        let client = app.client("accountant").await;
        let run = plan(&app, &client, json!({})).await;
        let done = commit(&app, &client, &run).await.expect(200);
        assert_eq!(done.text("state"), "committed");
        oracles(&app).await;
        bridge_closes(&app).await;
        // Conservation as shown: the states of a side add up to all of its posted lines.
        for side in ["ours", "theirs"] {
            let states = run.body["summary"]["states"].as_array().unwrap().iter();
            let shown: i64 = states.map(|row| row[side]["lines"].as_i64().unwrap()).sum();
            let sql = match side {
                "ours" => "SELECT COUNT(*) FROM line WHERE state = 'posted' AND side = 'ours'",
                _ => "SELECT COUNT(*) FROM line WHERE state = 'posted' AND side = 'theirs'",
            };
            assert_eq!(shown, app.number(sql).await);
        }
        // The kernel, called directly on the same lines, says the same groups.
        let ids = app.values("SELECT id FROM line WHERE state = 'posted' ORDER BY id").await;
        assert!(ids.len() > 2_000, "{}", ids.len());
        let mut tx = app.app.db.write().await.unwrap();
        tx.execute(heqi_platform::Sql::new("DELETE FROM line_claim")).await.unwrap();
        let select = Select::Open { customer: None, as_of: None };
        let loaded = load(&mut tx, app.company_number(), &select).await.unwrap();
        drop(tx);
        let [ours, theirs] = &loaded.lines;
        let rules = RuleSet::default();
        let none = Openings::default();
        let outcome = heqi_matching::match_lines(ours, theirs, &rules, &none, &NoProgress).unwrap();
        heqi_matching::check(&outcome, ours, theirs, &rules).unwrap();
        let direct: BTreeSet<(String, String, Vec<i64>)> = every(&outcome)
            .map(|group| {
                let mut lines: Vec<i64> =
                    group.ours.iter().map(|line| loaded.id(0, *line)).collect();
                lines.extend(group.theirs.iter().map(|line| loaded.id(1, *line)));
                lines.sort_unstable();
                (group.id.to_string(), group.state.code().to_owned(), lines)
            })
            .collect();
        let mut stored: BTreeMap<(String, String, i64), Vec<i64>> = BTreeMap::new();
        let sql = "SELECT content_id, state, id, line_id FROM match_group \
                   JOIN group_member ON group_id = id ORDER BY line_id";
        for row in app.values(sql).await {
            let [Value::Text(content), Value::Text(state), Value::Int(id), Value::Int(line)] =
                &row[..]
            else {
                panic!("{row:?}")
            };
            stored.entry((content.clone(), state.clone(), *id)).or_default().push(*line);
        }
        let stored: BTreeSet<_> = stored
            .into_iter()
            .map(|((content, state, _), lines)| (content, state, lines))
            .collect();
        assert_eq!(stored, direct);
        assert!(every(&outcome).any(|group| group.state == State::Suggested));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_run_again_changes_nothing_and_a_stale_plan_is_refused() {
    on_both(async |app: TestApp| {
        let customers = wholesale(&app).await;
        let client = app.client("accountant").await;
        let first = plan(&app, &client, json!({})).await;
        let second = plan(&app, &client, json!({})).await;
        assert_eq!(first.text("digest"), second.text("digest"));
        commit(&app, &client, &first).await.expect(200);
        // B6: the other run of the same lines is told so, and stays told.
        assert_eq!(commit(&app, &client, &second).await.expect(409).code(), "plan_stale");
        assert_eq!(commit(&app, &client, &second).await.expect(409).code(), "plan_stale");
        assert_eq!(commit(&app, &client, &first).await.expect(409).code(), "run_committed");
        let before = everything(&app).await;
        let again = plan(&app, &client, json!({})).await;
        commit(&app, &client, &again).await.expect(200);
        same(&before, &everything(&app).await);
        // A late posting makes a plan stale.
        let late = plan(&app, &client, json!({})).await;
        posted(&app, &[line(customers[0], Side::Ours, "XS-LATE", "2026-10-30", 100)]).await;
        assert_eq!(commit(&app, &client, &late).await.expect(409).code(), "plan_stale");
        let other = json!({ "digest": "0".repeat(64) });
        let run = plan(&app, &client, json!({})).await;
        let path = app.at(&format!("/match-runs/{}/commit", run.text("id")));
        client.post(&path, other).await.expect(422);
        let sql = "SELECT COUNT(*) FROM audit_record WHERE action = 'run.commit'";
        assert_eq!(app.number(sql).await, 2);
        oracles(&app).await;
    })
    .await;
}

/// Two sums of ours make one line of theirs: a person has to say which.
async fn ambiguous(app: &TestApp) -> (i64, Vec<i64>) {
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

async fn suggestions(app: &TestApp, client: &Client) -> Vec<(String, i64)> {
    let found = client.get(&app.at("/groups?status=suggested")).await.expect(200);
    let items = found.body["items"].as_array().unwrap().iter();
    items
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["version"].as_i64().unwrap()))
        .collect()
}

async fn committed(app: &TestApp, client: &Client) {
    let run = plan(app, client, json!({})).await;
    commit(app, client, &run).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_decided_survives_a_rerun_and_its_undo_restores_every_row() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let open = suggestions(&app, &client).await;
        assert!(open.len() >= 2, "{open:?}");
        let before = everything(&app).await;
        let (group, version) = open[0].clone();
        assert_eq!(
            decide(&app, &client, &group, "confirm", version + 7).await.expect(412).code(),
            "stale"
        );
        let done = decide(&app, &client, &group, "confirm", version).await.expect(200);
        assert_eq!(done.body["group"]["status"], "live");
        assert_eq!(suggestions(&app, &client).await, []);
        oracles(&app).await;
        // The other one shares a line: it is told that it is no suggestion any more.
        let late = decide(&app, &client, &open[1].0, "confirm", open[1].1).await.expect(409);
        assert_eq!(late.code(), "wrong_status");
        assert_eq!(late.body["facts"]["status"], "replaced");
        let act = done.body["group"]["act"].as_str().unwrap().to_owned();
        let undo = app.at(&format!("/match-acts/{act}/undo"));
        client.post(&undo, json!({})).await.expect(422);
        client.post(&undo, json!({ "reason": "点错了" })).await.expect(200);
        assert_eq!(before, everything(&app).await);
        assert_eq!(
            client.post(&undo, json!({ "reason": "再来" })).await.expect(409).code(),
            "undone"
        );
        // Confirmed again, then matched again: the decision stands.
        let (group, version) = suggestions(&app, &client).await[0].clone();
        decide(&app, &client, &group, "confirm", version).await.expect(200);
        committed(&app, &client).await;
        let kept = client.get(&app.at(&format!("/groups/{group}"))).await.expect(200);
        assert_eq!(kept.body["group"]["status"], "live");
        assert_eq!(kept.body["group"]["decided"], true);
        oracles(&app).await;
        bridge_closes(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_or_broken_apart_is_not_made_again() {
    on_both(async |app: TestApp| {
        let (_, lines) = ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let open = suggestions(&app, &client).await;
        let (group, version) = open[0].clone();
        let path = app.at(&format!("/groups/{group}/reject"));
        let tag = crate::answer::etag(version);
        let none = Some(json!({}));
        let post = axum::http::Method::POST;
        client.send(post, &path, &[("if-match", &tag)], none).await.expect(422);
        decide(&app, &client, &group, "reject", version).await.expect(200);
        let live = client.get(&app.at("/groups?status=live")).await.expect(200);
        let settled = live.body["items"][0].clone();
        let (id, version) = (settled["id"].as_str().unwrap(), settled["version"].as_i64().unwrap());
        decide(&app, &client, id, "unmatch", version).await.expect(200);
        committed(&app, &client).await;
        oracles(&app).await;
        bridge_closes(&app).await;
        let again = client.get(&app.at("/groups")).await.expect(200);
        for item in again.body["items"].as_array().unwrap() {
            assert_ne!(item["content"], settled["content"]);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM line_claim").await, 0);
        assert!(!suggestions(&app, &client).await.iter().any(|open| open.0 == group));
        // By hand it can be matched all the same.
        let pair = [LineId::text(lines[3]), LineId::text(lines[4])];
        client.post(&app.at("/groups"), json!({ "lines": pair })).await.expect(201);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_of_many_who_confirm_the_same_lines_one_wins_and_the_others_are_told() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let open = suggestions(&app, &client).await;
        let mut tasks = tokio::task::JoinSet::new();
        for at in 0..32 {
            let (group, version) = open[at % open.len()].clone();
            let (client, path) = (client.clone(), app.at(&format!("/groups/{group}/confirm")));
            tasks.spawn(async move {
                let tag = crate::answer::etag(version);
                let body = Some(json!({}));
                let post = axum::http::Method::POST;
                client.send(post, &path, &[("if-match", &tag)], body).await
            });
        }
        let mut won = 0;
        while let Some(answer) = tasks.join_next().await {
            let answer = answer.unwrap();
            match answer.status.as_u16() {
                200 => won += 1,
                409 => assert!(answer.body["facts"]["status"].is_string(), "{:#}", answer.body),
                _ => panic!("{:#}", answer.body),
            }
        }
        assert_eq!(won, 1);
        let sql = "SELECT COUNT(*) FROM audit_record WHERE action = 'group.confirm'";
        assert_eq!(app.number(sql).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM match_act").await, 1);
        oracles(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_by_hand_needs_a_reason_for_a_difference_and_a_held_line_is_left_alone() {
    on_both(async |app: TestApp| {
        let customer = app.customer("KH1", "甲商行").await;
        let lines = posted(
            &app,
            &[
                line(customer, Side::Ours, "XS-1", "2026-10-03", 90_000),
                line(customer, Side::Theirs, "入-77", "2026-10-04", 81_300),
                line(customer, Side::Theirs, "", "2026-07-01", 1_234),
            ],
        )
        .await;
        let ids: Vec<String> = lines.iter().map(|id| LineId::text(*id)).collect();
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        bridge_closes(&app).await;
        let before = everything(&app).await;
        let sums = app.at(&format!("/groups/sums?lines={},{}", ids[0], ids[1]));
        let sums = client.get(&sums).await.expect(200);
        assert_eq!(
            (sums.number("difference"), &sums.body["within_rounding"]),
            (8_700, &json!(false))
        );
        let pair = json!({ "lines": [ids[0], ids[1]] });
        client.post(&app.at("/groups"), pair).await.expect(422);
        let pair = json!({ "lines": [ids[0], ids[1]], "reason": "扣了运费" });
        let made = client.post(&app.at("/groups"), pair.clone()).await.expect(201);
        assert_eq!(made.body["group"]["state"], "differs");
        assert_eq!(made.body["group"]["pass"], "decided");
        oracles(&app).await;
        bridge_closes(&app).await;
        assert_eq!(client.post(&app.at("/groups"), pair).await.expect(409).code(), "line_taken");
        let act = made.body["group"]["act"].as_str().unwrap();
        let undo = app.at(&format!("/match-acts/{act}/undo"));
        client.post(&undo, json!({ "reason": "点错了" })).await.expect(200);
        let now = everything(&app).await;
        let live = |all: &[Vec<Vec<Value>>]| {
            all[1]
                .iter()
                .filter(|row| row[5] != Value::Text("gone".into()))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(live(&before), live(&now));
        assert_eq!(before[2..], now[2..]);
        // Held: in no plan until its day has passed.
        let hold = json!({ "lines": [ids[2]], "reason": "等客户查", "until": "2026-11-30" });
        let past = json!({ "lines": [ids[2]], "reason": "等客户查", "until": "2026-11-01" });
        client.post(&app.at("/line-holds"), past).await.expect(422);
        let held = client.post(&app.at("/line-holds"), hold.clone()).await.expect(201);
        assert_eq!(client.post(&app.at("/line-holds"), hold).await.expect(409).code(), "line_held");
        let run = plan(&app, &client, json!({ "customer": CustomerId::text(customer) })).await;
        let states = run.body["summary"]["states"].as_array().unwrap();
        let held_row = states.iter().find(|row| row["state"] == "held").unwrap();
        assert_eq!(held_row["theirs"], json!({ "lines": 1, "amount": 1_234 }));
        commit(&app, &client, &run).await.expect(200);
        oracles(&app).await;
        bridge_closes(&app).await;
        let undo = app.at(&format!("/match-acts/{}/undo", held.text("id")));
        client.post(&undo, json!({ "reason": "查到了" })).await.expect(200);
        assert_eq!(app.number("SELECT COUNT(*) FROM line_hold").await, 0);
        let hold = json!({ "lines": [ids[2]], "reason": "再等", "until": "2026-11-03" });
        client.post(&app.at("/line-holds"), hold).await.expect(201);
        app.clock.advance(48 * 3600);
        super::jobs::look(&app.app).await.unwrap();
        assert_eq!(app.number("SELECT COUNT(*) FROM line_hold").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_act_answers_for_each_item_and_is_undone_as_one() {
    on_both(async |app: TestApp| {
        wholesale(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let before = everything(&app).await;
        let open = suggestions(&app, &client).await;
        let groups: Vec<&String> = open.iter().take(20).map(|open| &open.0).collect();
        let bulk = app.at("/groups/bulk-confirm");
        let done = client.post(&bulk, json!({ "groups": groups })).await.expect(200);
        let items = done.body["items"].as_array().unwrap();
        assert_eq!(items.len(), groups.len());
        let confirmed = items.iter().filter(|item| item["result"] == "done").count() as i64;
        assert!(confirmed > 0);
        let decided = "SELECT COUNT(*) FROM match_group WHERE status = 'live' AND decided";
        assert_eq!(app.number(decided).await, confirmed);
        oracles(&app).await;
        let act = done.text("act");
        let undo = app.at(&format!("/match-acts/{act}/undo"));
        client.post(&undo, json!({ "reason": "整批撤销" })).await.expect(200);
        let after = everything(&app).await;
        assert_eq!(before[0], after[0]);
        assert_eq!(before[2..], after[2..]);
        committed(&app, &client).await;
        bridge_closes(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_lines_are_matched_by_themselves_once() {
    on_both(async |app: TestApp| {
        ambiguous(&app).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM match_due").await, 1);
        super::jobs::look(&app.app).await.unwrap();
        super::jobs::look(&app.app).await.unwrap();
        assert_eq!(app.number("SELECT COUNT(*) FROM job WHERE kind = 'match.customer'").await, 1);
        app.drain_jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM match_due").await, 0);
        let live = "SELECT COUNT(*) FROM match_group WHERE status = 'live'";
        assert_eq!(app.number(live).await, 1);
        assert_eq!(app.actions().await, ["run.commit"]);
        assert_eq!(super::jobs::look(&app.app).await.unwrap(), 0);
        bridge_closes(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_customer_sees_none_of_its_matches() {
    on_both(async |app: TestApp| {
        let (customer, lines) = ambiguous(&app).await;
        let client = app.client("accountant").await;
        committed(&app, &client).await;
        let (group, version) = suggestions(&app, &client).await[0].clone();
        let other = app.client_in(&app.company, "accountant", "region", "华东").await;
        let reader = app.client("read_only").await;
        assert_eq!(suggestions(&app, &other).await, []);
        other.get(&app.at(&format!("/groups/{group}"))).await.expect(404);
        decide(&app, &other, &group, "confirm", version).await.expect(404);
        decide(&app, &reader, &group, "confirm", version).await.expect(403);
        let pair = json!({ "lines": [LineId::text(lines[0]), LineId::text(lines[2])] });
        other.post(&app.at("/groups"), pair).await.expect(404);
        let ask = json!({ "customer": CustomerId::text(customer) });
        other.post(&app.at("/match-runs"), ask).await.expect(404);
        other.post(&app.at("/match-runs"), json!({})).await.expect(422);
        let runs = client.get(&app.at("/match-runs")).await.expect(200);
        let run = runs.body["items"][0]["id"].as_str().unwrap().to_owned();
        other.get(&app.at(&format!("/match-runs/{run}"))).await.expect(404);
        let company = app.other_company().await;
        let foreign = app.client_in(&company, "accountant", "all", "").await;
        foreign.get(&format!("/api/companies/{company}/groups/{group}")).await.expect(404);
    })
    .await;
}
