//! What was tried in vain, by account, by network and in all, counted in the database: however
//! many processes serve one database, an attacker has the tries of one.
//!
//! Only failures write, in the transaction that records them; [`super::limit`] turns a flood away
//! before it reaches the database. A subject is kept as its hash: what was typed as a login may
//! be a password. The algorithm (GCRA) keeps one instant for each: when all is made up for.

use axum::http::StatusCode;
use heqi_platform::{DbError, Sql, Timestamp, Tx};
use sha2::{Digest, Sha256};

use super::limit::network;
use crate::problem::Problem;

/// How fast failures are made up for, and how many may come at once.
struct Pace {
    subject: [u8; 32],
    /// Microseconds that make up for one failure.
    every: i64,
    /// Failures at once.
    burst: i64,
}

/// The limits of one process's [`super::limit::Limiter`], for all processes together.
fn paces(account: &str, address: &str) -> [Pace; 3] {
    let pace = |what: &str, whom: &str, per_minute: i64, burst| {
        let subject = Sha256::digest(format!("{what}\0{whom}").as_bytes()).into();
        Pace { subject, every: 60_000_000 / per_minute, burst }
    };
    [
        pace("network", &network(address), 60, 60),
        pace("all", "", 900, 200),
        pace("account", &account.to_lowercase(), 10, 10),
    ]
}

/// Refuses an attempt for which too much was tried in vain before.
///
/// # Errors
/// 429 with the seconds to wait.
pub async fn refuse_above(tx: &mut Tx, account: &str, address: &str) -> Result<(), Problem> {
    let paces = paces(account, address);
    let mut sql = Sql::new("SELECT subject, made_up_at FROM attempt_pace WHERE subject IN ");
    sql.push_list(paces.iter().map(|pace| pace.subject));
    let mut wait = 0;
    for row in tx.rows(sql).await? {
        let (subject, at): ([u8; 32], Timestamp) = (row.get("subject")?, row.get("made_up_at")?);
        for pace in paces.iter().filter(|pace| pace.subject == subject) {
            let room = tx.now().micros() + pace.every * (pace.burst - 1);
            wait = wait.max(at.micros() - room);
        }
    }
    match u64::try_from(wait) {
        Ok(0) | Err(_) => Ok(()),
        Ok(micros) => Err(too_many(micros / 1_000_000 + 1)),
    }
}

/// Counts a failure.
///
/// # Errors
/// Whatever the database says.
pub async fn note_failure(tx: &mut Tx, account: &str, address: &str) -> Result<(), DbError> {
    let mut paces = paces(account, address);
    // In one order, so that two failures never wait for each other.
    paces.sort_by_key(|pace| pace.subject);
    let now = tx.now().micros();
    for pace in paces {
        let sql = Sql::new(
            "INSERT INTO attempt_pace (subject, made_up_at) VALUES ($1, $2) \
             ON CONFLICT (subject) DO UPDATE SET made_up_at = $3 + \
             CASE WHEN attempt_pace.made_up_at > $4 THEN attempt_pace.made_up_at ELSE $4 END",
        );
        let sql = sql.bind(pace.subject).bind(now + pace.every).bind(pace.every).bind(now);
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Forgets what is made up for; the number of subjects.
///
/// # Errors
/// Whatever the database says.
pub async fn forget(tx: &mut Tx) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(Sql::new("DELETE FROM attempt_pace WHERE made_up_at < $1").bind(now)).await
}

/// 429: wait so many seconds.
#[must_use]
pub fn too_many(seconds: u64) -> Problem {
    let mut problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_attempts",
        format!("尝试过于频繁；请 {seconds} 秒后再试"),
        format!("Too many attempts; try again in {seconds} s"),
    );
    problem.retry_after = Some(seconds);
    problem
}

#[cfg(test)]
mod tests {
    //! Goal: D4 across processes, by the clock of the test: exact counts on both engines.

    use super::*;
    use crate::testing::{TestApp, on_both};

    /// How many of these attempts were let through, all of them in vain.
    async fn passed(app: &TestApp, attempts: impl Iterator<Item = (String, String)>) -> usize {
        let mut passed = 0;
        for (account, from) in attempts {
            let mut tx = app.app.db.write().await.unwrap();
            if refuse_above(&mut tx, &account, &from).await.is_ok() {
                note_failure(&mut tx, &account, &from).await.unwrap();
                tx.commit_housekeeping().await.unwrap();
                passed += 1;
            }
        }
        passed
    }

    fn from(n: u32) -> String {
        format!("10.{}.{}.1", n / 256, n % 256)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn d4_tries_are_counted_by_account_by_network_and_in_all() {
        on_both(async |app: TestApp| {
            let one = |n| ("WangFang".to_owned(), from(n));
            assert_eq!(passed(&app, (0..100).map(one)).await, 10);
            let near = |n: u32| (format!("user{n}"), format!("2001:db8:1:2::{n:x}"));
            assert_eq!(passed(&app, (0..100).map(near)).await, 60);
            let far = |n: u32| (format!("other{n}"), from(1_000 + n));
            assert_eq!(passed(&app, (0..200).map(far)).await, 200 - 70);
            // A minute makes up for ten at the account, sixty of the network, 200 in all.
            app.clock.advance(60);
            assert_eq!(passed(&app, (0..100).map(one)).await, 10);
            assert_eq!(passed(&app, (0..100).map(near)).await, 60);
            let count = "SELECT COUNT(*) FROM attempt_pace";
            assert!(app.number(count).await > 190);
            app.clock.advance(120);
            let mut tx = app.app.db.write().await.unwrap();
            forget(&mut tx).await.unwrap();
            tx.commit_housekeeping().await.unwrap();
            assert_eq!(app.number(count).await, 0);
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn d4_of_ten_thousand_tries_at_one_account_ten_write() {
        let app = TestApp::on_sqlite().await;
        let one = |n: u32| ("wangfang".to_owned(), from(n));
        assert_eq!(passed(&app, (0..10_000).map(one)).await, 10);
        assert_eq!(app.number("SELECT COUNT(*) FROM attempt_pace").await, 12);
        let mut tx = app.app.db.read().await.unwrap();
        let refused = refuse_above(&mut tx, "wangfang", "192.0.2.1").await.unwrap_err();
        assert_eq!(refused.retry_after, Some(7));
    }
}
