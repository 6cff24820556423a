//! Goal: B2, lines that many move between groups at once: none is lost, none is in two groups,
//! and who reads in between sees a whole state, never half of a move.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::Method;
use heqi_domain::{Id, LineId, Side};
use heqi_platform::{Db, Sql};
use serde_json::json;

use super::{line, oracles, posted};
use crate::testing::{Answer, Client, TestApp, on_both};

const CUSTOMERS: usize = 3;
const LINES: usize = 8;
const CLIENTS: u64 = 6;
const MOVES: usize = 24;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// What one look at the tables saw.
#[derive(Default)]
struct Seen {
    /// Line → amount, ours plus, theirs minus.
    lines: BTreeMap<i64, i64>,
    /// Line → the group that claims it.
    claims: BTreeMap<i64, i64>,
    held: BTreeSet<i64>,
    /// Live group → its difference.
    live: BTreeMap<i64, i64>,
    /// Line → live groups that it is a member of.
    members: BTreeMap<i64, Vec<i64>>,
}

async fn look(db: &Db) -> Seen {
    let mut tx = db.read().await.unwrap();
    let mut seen = Seen::default();
    let sql = "SELECT id, CASE WHEN side = 'ours' THEN amount ELSE -amount END AS amount \
               FROM line WHERE state = 'posted'";
    for row in tx.rows(Sql::new(sql)).await.unwrap() {
        seen.lines.insert(row.get("id").unwrap(), row.get("amount").unwrap());
    }
    for row in tx.rows(Sql::new("SELECT line_id, group_id FROM line_claim")).await.unwrap() {
        seen.claims.insert(row.get("line_id").unwrap(), row.get("group_id").unwrap());
    }
    for row in tx.rows(Sql::new("SELECT line_id FROM line_hold")).await.unwrap() {
        seen.held.insert(row.get("line_id").unwrap());
    }
    let sql = "SELECT id, difference FROM match_group WHERE status = 'live'";
    for row in tx.rows(Sql::new(sql)).await.unwrap() {
        seen.live.insert(row.get("id").unwrap(), row.get("difference").unwrap());
    }
    let sql = "SELECT m.line_id, m.group_id FROM group_member m \
               JOIN match_group g ON g.id = m.group_id WHERE g.status = 'live'";
    for row in tx.rows(Sql::new(sql)).await.unwrap() {
        let group = row.get("group_id").unwrap();
        seen.members.entry(row.get("line_id").unwrap()).or_default().push(group);
    }
    seen
}

/// The checker: knows nothing of how a move is made.
fn check(seen: &Seen, count: usize, total: i64) {
    assert_eq!(seen.lines.len(), count);
    assert_eq!(seen.lines.values().sum::<i64>(), total);
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    for (line, groups) in &seen.members {
        assert_eq!(groups.len(), 1, "line {line} is in the live groups {groups:?}");
        assert_eq!(seen.claims.get(line), groups.first(), "line {line}");
        *sums.entry(groups[0]).or_default() += seen.lines[line];
    }
    assert_eq!(seen.claims.len(), seen.members.len(), "a claim of a line that is in no group");
    assert_eq!(sums, seen.live, "the sums of the members and what the groups say");
    let open = seen.lines.keys().filter(|line| !seen.claims.contains_key(line));
    let apart: i64 = open.map(|line| seen.lines[line]).sum();
    assert_eq!(apart + seen.live.values().sum::<i64>(), total);
    assert!(seen.held.iter().all(|line| !seen.claims.contains_key(line)));
}

struct Mover {
    client: Client,
    company: String,
    /// For each customer, ours and theirs.
    lines: Vec<[Vec<i64>; 2]>,
    acts: Vec<String>,
    dice: Dice,
    made: i64,
    undone: i64,
}

impl Mover {
    fn at(&self, path: &str) -> String {
        format!("/api/companies/{}{path}", self.company)
    }

    /// One move; what cannot be done is refused as a conflict, never in another way.
    async fn step(&mut self) {
        match self.dice.below(8) {
            0..=3 => self.take().await,
            4 | 5 => self.part().await,
            6 => self.hold().await,
            _ => self.undo().await,
        }
    }

    async fn take(&mut self) {
        let of = self.dice.below(CUSTOMERS);
        let sides = [self.dice.below(LINES), self.dice.below(LINES), self.dice.below(LINES)];
        let [ours, theirs] = &self.lines[of];
        let mut lines = BTreeSet::from([ours[sides[0]], theirs[sides[1]]]);
        lines.insert(ours[sides[2]]);
        let lines: Vec<String> = lines.into_iter().map(LineId::text).collect();
        let body = json!({ "lines": lines, "reason": "并发换组" });
        let answer = self.client.post(&self.at("/groups"), body).await;
        self.note(&answer, 201, "/group/act");
    }

    async fn part(&mut self) {
        let found = self.client.get(&self.at("/groups?status=live&limit=100")).await.expect(200);
        let groups = found.body["items"].as_array().unwrap();
        if groups.is_empty() {
            return;
        }
        let group = &groups[self.dice.below(groups.len())];
        let (id, version) = (group["id"].as_str().unwrap(), group["version"].as_i64().unwrap());
        let tag = crate::answer::etag(version);
        let path = self.at(&format!("/groups/{id}/unmatch"));
        let body = Some(json!({ "reason": "并发拆开" }));
        let answer = self.client.send(Method::POST, &path, &[("if-match", &tag)], body).await;
        self.note(&answer, 200, "/group/act");
        // A group as it is shown is whole: it holds all of its lines, or none of them.
        let view = self.client.get(&self.at(&format!("/groups/{id}"))).await.expect(200);
        let live = view.body["group"]["status"] == "live";
        for side in ["ours", "theirs"] {
            for member in view.body[side].as_array().unwrap() {
                assert_eq!(member["held_by"] == *id, live, "{:#}", view.body);
            }
        }
    }

    async fn hold(&mut self) {
        let (of, side) = (self.dice.below(CUSTOMERS), self.dice.below(2));
        let line = self.lines[of][side][self.dice.below(LINES)];
        let body = json!({ "lines": [LineId::text(line)], "reason": "先放一放" });
        let answer = self.client.post(&self.at("/line-holds"), body).await;
        self.note(&answer, 201, "/id");
    }

    async fn undo(&mut self) {
        let Some(act) = self.acts.pop() else { return };
        let path = self.at(&format!("/match-acts/{act}/undo"));
        let answer = self.client.post(&path, json!({ "reason": "并发撤销" })).await;
        match answer.status.as_u16() {
            200 => self.undone += 1,
            409 => {}
            _ => panic!("{:#}", answer.body),
        }
    }

    fn note(&mut self, answer: &Answer, good: u16, act: &str) {
        match answer.status.as_u16() {
            status if status == good => {
                self.made += 1;
                self.acts.push(answer.body.pointer(act).unwrap().as_str().unwrap().to_owned());
            }
            409 | 412 => {}
            _ => panic!("{:#}", answer.body),
        }
    }
}

/// Lines of each customer, ours and theirs.
async fn invented(app: &TestApp) -> Vec<[Vec<i64>; 2]> {
    let mut dice = Dice(42);
    let mut lines = Vec::new();
    for number in 0..CUSTOMERS {
        let customer = app.customer(&format!("KH{number}"), &format!("甲{number}商行")).await;
        let mut of = [Vec::new(), Vec::new()];
        for (side, ids) in [Side::Ours, Side::Theirs].into_iter().zip(&mut of) {
            let mut amount = || 1_000 + dice.below(90_000) as i64;
            let new = |amount| line(customer, side, "", "2026-10-03", amount);
            let new: Vec<_> = (0..LINES).map(|_| new(amount())).collect();
            *ids = posted(app, &new).await;
        }
        lines.push(of);
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_lines_that_many_move_at_once_are_never_lost_doubled_or_half_moved() {
    on_both(async |app: TestApp| {
        let lines = invented(&app).await;
        let start = look(&app.app.db).await;
        let (count, total) = (start.lines.len(), start.lines.values().sum::<i64>());
        check(&start, CUSTOMERS * LINES * 2, total);
        let done = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (app.app.clone(), done.clone());
        let reader = tokio::spawn(async move {
            let mut looks = 0_usize;
            while !stop.load(Ordering::Relaxed) {
                check(&look(&shared.db).await, count, total);
                looks += 1;
                tokio::task::yield_now().await;
            }
            looks
        });
        let client = app.client("accountant").await;
        let mut movers = tokio::task::JoinSet::new();
        for seed in 0..CLIENTS {
            let mut mover = Mover {
                client: client.clone(),
                company: app.company.clone(),
                lines: lines.clone(),
                acts: Vec::new(),
                dice: Dice(seed * 7_919 + 1),
                made: 0,
                undone: 0,
            };
            movers.spawn(async move {
                for _ in 0..MOVES {
                    mover.step().await;
                }
                (mover.made, mover.undone)
            });
        }
        let mut sums = (0, 0);
        while let Some(moved) = movers.join_next().await {
            let moved = moved.unwrap();
            sums = (sums.0 + moved.0, sums.1 + moved.1);
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.await.unwrap() > 0);
        assert!(sums.0 > 20 && sums.1 > 0, "{sums:?}");
        check(&look(&app.app.db).await, count, total);
        // No move that was answered is lost, and none was made twice.
        assert_eq!(app.number("SELECT COUNT(*) FROM match_act").await, sums.0);
        let undone = "SELECT COUNT(*) FROM match_act WHERE undone_at IS NOT NULL";
        assert_eq!(app.number(undone).await, sums.1);
        let told = "SELECT COUNT(*) FROM audit_record WHERE action IN \
                    ('group.match', 'group.unmatch', 'line.hold', 'act.undo')";
        assert_eq!(app.number(told).await, sums.0 + sums.1);
        oracles(&app).await;
    })
    .await;
}
