//! Goal: a job has its effect once, whoever dies; a person can stop it; its end is written.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use heqi_platform::audit::Event;
use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::jobs::{self, Handler, JobError, JobState, NewJob, Runner, Work};
use heqi_platform::{Clock, Db, Sql, Timestamp};
use heqi_testkit::databases::on_both;
use serde_json::json;
use tokio::sync::watch;

fn job(number: i64) -> NewJob {
    NewJob {
        company: 1,
        kind: "test.count",
        payload: json!({ "number": number }),
        dedup: None,
        run_at: None,
        attempts_max: 3,
        created_by: "user-1".to_owned(),
    }
}

async fn open(address: &str, clock: Clock) -> Db {
    let mut options = Options::new(address);
    options.clock = clock;
    Db::open(&options, SCHEMA).await.unwrap()
}

async fn enqueue(db: &Db, new: &NewJob) -> i64 {
    let mut tx = db.write().await.unwrap();
    let id = jobs::enqueue(&mut tx, new).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    id
}

async fn state(db: &Db, id: i64) -> JobState {
    let mut tx = db.read().await.unwrap();
    jobs::find(&mut tx, 1, id).await.unwrap().unwrap().state
}

/// The effect of a job: one audit record, in the transaction that marks it done.
fn effect() -> Handler {
    Arc::new(|work: Work| {
        async move {
            let mut tx = work.db.write().await?;
            let label = work.claim.job.payload["number"].to_string();
            let action = "test.count".to_owned();
            tx.record(Event { company: 1, action, label, ..Event::default() });
            jobs::finish(&mut tx, &work.claim, &json!({ "ok": true })).await?;
            tx.commit().await?;
            Ok(json!({ "ok": true }))
        }
        .boxed()
    })
}

fn runner(db: &Db, handler: Handler) -> Runner {
    Runner::new(db.clone(), HashMap::from([("test.count", handler)]))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_do_every_job_once() {
    on_both(async |address: String| {
        let (one, other) =
            (open(&address, Clock::System).await, open(&address, Clock::System).await);
        for number in 0..60 {
            enqueue(&one, &job(number)).await;
        }
        let (tell, stop) = watch::channel(false);
        let first = tokio::spawn({
            let (runner, stop) = (runner(&one, effect()), stop.clone());
            async move { runner.run(2, stop).await }
        });
        let second = tokio::spawn({
            let (runner, stop) = (runner(&other, effect()), stop.clone());
            async move { runner.run(2, stop).await }
        });
        for _ in 0..200 {
            let waiting = "SELECT COUNT(*) FROM job WHERE state IN ('queued', 'running')";
            if one.read().await.unwrap().count(Sql::new(waiting)).await.unwrap() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tell.send_replace(true);
        first.await.unwrap();
        second.await.unwrap();
        let mut tx = one.read().await.unwrap();
        let done = "SELECT COUNT(*) FROM job WHERE state = 'done'";
        assert_eq!(tx.count(Sql::new(done)).await.unwrap(), 60);
        let effects = "SELECT COUNT(DISTINCT label) FROM audit_record";
        assert_eq!(tx.count(Sql::new(effects)).await.unwrap(), 60);
        assert_eq!(tx.count(Sql::new("SELECT COUNT(*) FROM audit_record")).await.unwrap(), 60);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_dead_process_is_taken_over_and_the_dead_one_cannot_finish_it() {
    on_both(async |address: String| {
        let clock = Clock::fixed(Timestamp::from_micros(1_793_584_800_000_000));
        let dead = open(&address, clock.clone()).await;
        let id = enqueue(&dead, &job(1)).await;
        let claim = jobs::claim(&dead, &["test.count"]).await.unwrap().unwrap();
        assert_eq!(claim.job.id, id);
        let alive = open(&address, clock.clone()).await;
        assert!(jobs::claim(&alive, &["test.count"]).await.unwrap().is_none());
        clock.advance(31);
        runner(&alive, effect()).drain().await;
        assert_eq!(state(&alive, id).await, JobState::Done);
        // The first process comes back and wants to write its effect.
        let mut tx = dead.write().await.unwrap();
        tx.record(Event { company: 1, action: "test.again".to_owned(), ..Event::default() });
        assert!(jobs::finish(&mut tx, &claim, &json!({})).await.is_err());
        drop(tx);
        let mut tx = alive.read().await.unwrap();
        assert_eq!(tx.count(Sql::new("SELECT COUNT(*) FROM audit_record")).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_at_which_every_process_dies_is_given_up() {
    on_both(async |address: String| {
        let clock = Clock::fixed(Timestamp::from_micros(1_793_584_800_000_000));
        let db = open(&address, clock.clone()).await;
        let id = enqueue(&db, &job(1)).await;
        let mut deaths = 0;
        while jobs::claim(&db, &["test.count"]).await.unwrap().is_some() {
            deaths += 1;
            clock.advance(31);
        }
        assert_eq!(deaths, 20);
        assert_eq!(state(&db, id).await, JobState::Failed);
        let mut tx = db.read().await.unwrap();
        let given_up = jobs::find(&mut tx, 1, id).await.unwrap().unwrap();
        assert_eq!(given_up.problem.unwrap()["code"], "job_failed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_and_given_up_with_its_reason() {
    on_both(async |address: String| {
        let clock = Clock::fixed(Timestamp::from_micros(1_793_584_800_000_000));
        let db = open(&address, clock.clone()).await;
        let tries = Arc::new(AtomicI64::new(0));
        let handler: Handler = {
            let tries = Arc::clone(&tries);
            Arc::new(move |_| {
                tries.fetch_add(1, Ordering::SeqCst);
                async { Err(JobError::Again("the other side is away".to_owned())) }.boxed()
            })
        };
        let id = enqueue(&db, &job(1)).await;
        for _ in 0..5 {
            runner(&db, Arc::clone(&handler)).drain().await;
            clock.advance(600);
        }
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        let mut tx = db.read().await.unwrap();
        let failed = jobs::find(&mut tx, 1, id).await.unwrap().unwrap();
        assert_eq!(failed.state, JobState::Failed);
        assert_eq!(failed.problem.unwrap()["detail"], "the other side is away");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_stops_what_waits_at_once_and_what_runs_soon() {
    on_both(async |address: String| {
        let db = open(&address, Clock::System).await;
        let waiting = enqueue(&db, &job(1)).await;
        let stop = async |id: i64| {
            let mut tx = db.write().await.unwrap();
            let stopped = jobs::cancel(&mut tx, 1, id).await.unwrap();
            tx.commit_housekeeping().await.unwrap();
            stopped
        };
        assert!(stop(waiting).await);
        assert_eq!(state(&db, waiting).await, JobState::Canceled);
        assert!(!stop(waiting).await);
        let running = enqueue(&db, &job(2)).await;
        let handler: Handler = Arc::new(|work: Work| {
            async move {
                work.progress("count", 1, 10);
                while !work.is_stopped() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(JobError::Canceled)
            }
            .boxed()
        });
        let task = tokio::spawn({
            let runner = runner(&db, handler);
            async move { runner.drain().await }
        });
        while state(&db, running).await != JobState::Running {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(stop(running).await);
        task.await.unwrap();
        assert_eq!(state(&db, running).await, JobState::Canceled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_at_a_time_where_a_word_says_so() {
    on_both(async |address: String| {
        let db = open(&address, Clock::System).await;
        let same = NewJob { dedup: Some("customer-7".to_owned()), ..job(1) };
        let first = enqueue(&db, &same).await;
        assert_eq!(enqueue(&db, &same).await, first);
        runner(&db, effect()).drain().await;
        assert_ne!(enqueue(&db, &same).await, first);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_round_is_enqueued_once_an_interval_and_caught_up_once() {
    on_both(async |address: String| {
        // 10:00 in China; the interval began at 02:00.
        let clock = Clock::fixed(Timestamp::from_micros(1_793_584_800_000_000));
        let (one, other) =
            (open(&address, clock.clone()).await, open(&address, clock.clone()).await);
        let nightly = jobs::Every { kind: "test.count", seconds: 24 * 3600, at: 2 * 3600 };
        let look = async |db: &Db| {
            let mut tx = db.write().await.unwrap();
            let enqueued = jobs::every(&mut tx, &nightly).await.unwrap();
            tx.commit_housekeeping().await.unwrap();
            enqueued.is_some()
        };
        assert!(look(&one).await);
        assert!(!look(&other).await);
        runner(&one, effect()).drain().await;
        assert!(!look(&one).await, "done, and not again in the same interval");
        clock.advance(15 * 3600);
        assert!(!look(&other).await);
        clock.advance(3600);
        assert!(look(&other).await);
        assert!(!look(&one).await);
        clock.advance(5 * 24 * 3600);
        assert!(look(&one).await);
        assert!(!look(&one).await, "five nights that were missed are one run");
        clock.advance(100 * 24 * 3600);
        runner(&one, effect()).drain().await;
        clock.advance(100 * 24 * 3600);
        assert!(look(&one).await);
        let mut tx = one.read().await.unwrap();
        let left = tx.count(Sql::new("SELECT COUNT(*) FROM job")).await.unwrap();
        assert_eq!(left, 1, "old runs are forgotten");
    })
    .await;
}
