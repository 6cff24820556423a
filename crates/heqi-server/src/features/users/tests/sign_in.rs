//! Goal: D4 and D5. Guessing is slow, tells nothing, and starves nobody.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use serde_json::json;

use super::{PASSWORD, attempt, audited, holder, person, signed_in};
use crate::testing::{TestApp, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn d4_an_unknown_login_and_a_wrong_password_look_the_same() {
    on_both(async |app: TestApp| {
        person(&app, "wangfang").await;
        let known = attempt(&app, "wangfang", "Wrong-guess-1", "").await.expect(401);
        let unknown = attempt(&app, "nobody", "Wrong-guess-1", "").await.expect(401);
        assert_eq!(known.body, unknown.body);
        let names = |answer: &crate::testing::Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(&known), names(&unknown));
        // Both leave their trace, the unknown one without what was typed.
        assert_eq!(audited(&app, "session.refused").await, 2);
        let typed = "SELECT COUNT(*) FROM audit_record WHERE label = 'nobody'";
        assert_eq!(app.number(typed).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_failures_make_an_account_wait_and_leave_its_sessions_alone() {
    on_both(async |app: TestApp| {
        let victim = signed_in(&app, "wangfang").await;
        for _ in 0..5 {
            attempt(&app, "wangfang", "Wrong-guess-1", "").await.expect(401);
        }
        let right = attempt(&app, "wangfang", PASSWORD, "").await.expect(401);
        assert_eq!(right.code(), "sign_in_refused");
        victim.get("/api/me").await.expect(200);
        let until = "SELECT MAX(locked_until) FROM user_account";
        let waits = app.number(until).await;
        // Attempts during the wait do not make it longer.
        attempt(&app, "wangfang", "Wrong-guess-1", "").await.expect(401);
        assert_eq!(app.number(until).await, waits);
        app.clock.advance(31);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        assert_eq!(app.number("SELECT MAX(failed_logins) FROM user_account").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_waits_grow_and_an_administrator_can_end_them() {
    let app = TestApp::on_sqlite().await;
    let admin = app.client_in("", "system_admin", "all", "").await;
    let user = person(&app, "wangfang").await;
    for _ in 0..5 {
        attempt(&app, "wangfang", "Wrong-guess-1", "").await.expect(401);
    }
    app.clock.advance(31);
    attempt(&app, "wangfang", "Wrong-guess-1", "").await.expect(401);
    app.clock.advance(31);
    attempt(&app, "wangfang", PASSWORD, "").await.expect(401);
    let at = format!("/api/users/{}", heqi_domain::UserId::new(user).unwrap());
    let seen = admin.get(&at).await.expect(200);
    assert!(seen.body["locked_until"].is_string());
    admin.post(&format!("{at}/unlock"), json!(null)).await.expect(200);
    attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_many_attempts_at_one_account_are_turned_away() {
    let app = TestApp::on_sqlite().await;
    let mut last = None;
    for _ in 0..14 {
        let answer = attempt(&app, "nobody", "Wrong-guess-1", "").await;
        last = Some(answer);
    }
    let last = last.unwrap().expect(429);
    assert!(last.headers.contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_stored_hashes_cost_what_they_should() {
    on_both(async |app: TestApp| {
        let admin = app.client_in("", "system_admin", "all", "").await;
        let new = json!({ "login": "lilei", "name": "李雷", "password": PASSWORD });
        admin.post("/api/users", new).await.expect(201);
        let stored = "SELECT password_hash FROM user_account WHERE login = 'lilei'";
        let heqi_platform::Value::Text(stored) = app.values(stored).await[0][0].clone() else {
            panic!("no text");
        };
        let hash = PasswordHash::new(&stored).unwrap();
        assert_eq!((hash.algorithm.as_str(), hash.version), ("argon2id", Some(19)));
        let params = Params::try_from(&hash).unwrap();
        assert!(params.m_cost() >= 19 * 1024 && params.t_cost() >= 2 && params.p_cost() >= 1);
        assert!(hash.salt.unwrap().len() >= 16);
        let plain = "SELECT COUNT(*) FROM idempotency WHERE body LIKE '%riverbank%'";
        assert_eq!(app.number(plain).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_cheaper_hash_is_made_anew_at_the_next_sign_in() {
    on_both(async |app: TestApp| {
        let user = person(&app, "wangfang").await;
        let cheap = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8 * 1024, 1, 1, None).unwrap(),
        );
        let hash = cheap.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
        let mut tx = app.app.db.write().await.unwrap();
        super::store::renew_hash(&mut tx, user, &hash).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        let cheap = "SELECT COUNT(*) FROM user_account WHERE password_hash LIKE '%m=8192,t=1%'";
        attempt(&app, "wangfang", "Wrong-guess-1", "").await.expect(401);
        assert_eq!(app.number(cheap).await, 1);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        assert_eq!(app.number(cheap).await, 0);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_sign_ins_wait_for_the_pool_and_others_do_not() {
    let app = TestApp::on_sqlite().await;
    let user = person(&app, "wangfang").await;
    let client = app.client("accountant").await;
    let whole = u32::try_from(app.app.hashing.available_permits()).unwrap();
    let taken = app.app.hashing.acquire_many(whole).await.unwrap();
    let body = json!({ "login": "wangfang", "password": PASSWORD });
    let nobody = app.nobody();
    let waiting = tokio::spawn(async move { nobody.post("/api/session", body).await });
    for _ in 0..50 {
        client.get("/api/me").await.expect(200);
    }
    assert!(!waiting.is_finished(), "a hash was computed outside of the pool");
    drop(taken);
    let answer = waiting.await.unwrap().expect(200);
    holder(&app, &answer, user).get("/api/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_two_processes_give_an_attacker_the_tries_of_one() {
    on_both(async |app: TestApp| {
        let victim = signed_in(&app, "wangfang").await;
        let second = app.another_process().await;
        let mut counted = 0;
        for turn in 0..24 {
            let process = if turn % 2 == 0 { &app.nobody() } else { &second };
            let body = json!({ "login": "nobody", "password": "Wrong-guess-1" });
            let answer = process.post("/api/session", body).await;
            counted += i32::from(answer.status == 401);
            assert!([401, 429].contains(&answer.status.as_u16()), "{answer:?}");
        }
        assert_eq!(counted, 10);
        // Nobody else is kept out, and nobody is thrown out.
        victim.get("/api/me").await.expect(200);
        attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_tries_at_a_time_are_counted_like_tries_in_turn() {
    on_both(async |app: TestApp| {
        let client = signed_in(&app, "wangfang").await;
        let second = app.another_process().await;
        let tries = (0..30).map(|turn| {
            let process = if turn % 2 == 0 { app.nobody() } else { second.clone() };
            let body = json!({ "login": "wangfang", "password": "Wrong-guess-1" });
            async move { process.post("/api/session", body).await.status.as_u16() }
        });
        let seen = futures::future::join_all(tries).await;
        assert!(seen.iter().all(|status| [401, 429].contains(status)), "{seen:?}");
        let counted = app.number("SELECT MAX(failed_logins) FROM user_account").await;
        assert!((1..=10).contains(&counted), "{counted}");
        client.get("/api/me").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_who_finds_no_seat_is_told_when_to_come_back() {
    let app = TestApp::on_sqlite().await;
    person(&app, "wangfang").await;
    let client = app.client("accountant").await;
    let seats = u32::try_from(app.app.hashing_seats.available_permits()).unwrap();
    let taken = app.app.hashing_seats.acquire_many(seats).await.unwrap();
    let refused = attempt(&app, "wangfang", PASSWORD, "").await.expect(503);
    assert_eq!(refused.code(), "sign_in_busy");
    assert!(refused.headers.contains_key("retry-after"));
    client.get("/api/me").await.expect(200);
    drop(taken);
    attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
}

/// The slowest but one percent, in microseconds.
fn p99(mut times: Vec<u128>) -> u128 {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// A figure, not a judgment: a busy machine would make it one of the machine.
#[tokio::test(flavor = "multi_thread")]
async fn d5_reads_go_on_while_sign_ins_flood_in() {
    let app = TestApp::on_sqlite().await;
    person(&app, "wangfang").await;
    let client = app.client("accountant").await;
    let path = app.at("/customers");
    let reads = async || {
        let mut times = Vec::new();
        for _ in 0..300 {
            let begun = std::time::Instant::now();
            client.get(&path).await.expect(200);
            times.push(begun.elapsed().as_micros());
        }
        p99(times)
    };
    let quiet = reads().await;
    let flood: Vec<_> = (0..50)
        .map(|n| {
            let nobody = app.nobody();
            let body = json!({ "login": format!("n{n}"), "password": "Wrong-guess-1" });
            tokio::spawn(async move { nobody.post("/api/session", body).await.status })
        })
        .collect();
    let flooded = reads().await;
    for attempt in flood {
        let status = attempt.await.unwrap().as_u16();
        assert!([401, 429, 503].contains(&status), "{status}");
    }
    eprintln!("FIGURE p99 of reads: {quiet} us; while 50 sign in at a time: {flooded} us");
}
