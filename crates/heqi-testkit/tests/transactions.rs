//! Goal: what was acknowledged is there, what was not is not, on both engines.
//! Method: many units of work at a time, some of which are dropped or fail halfway; the database
//! itself is asked what is left.

use std::sync::Arc;

use heqi_platform::audit::Event;
use heqi_platform::db::{DbError, Options, SCHEMA};
use heqi_platform::{Db, Sql, Tx};
use heqi_testkit::databases::on_both;

fn event(action: &str) -> Event {
    Event { company: 1, action: action.to_owned(), ..Event::default() }
}

async fn open(address: &str) -> Db {
    Db::open(&Options::new(address), SCHEMA).await.unwrap()
}

async fn put(tx: &mut Tx, id: i64) -> Result<u64, DbError> {
    let sql = Sql::new("INSERT INTO company (id, code, name, created_at) VALUES ($1, $2, $3, 0)");
    tx.execute(sql.bind(id).bind(format!("C{id}")).bind("某公司")).await
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    db.read().await.unwrap().count(Sql::new(sql)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_acknowledged_units_are_there_and_abandoned_ones_are_not() {
    on_both(async |address: String| {
        let db = open(&address).await;
        let mut tasks = Vec::new();
        for id in 1..=200_i64 {
            let db = db.clone();
            tasks.push(tokio::spawn(async move {
                let mut tx = db.write().await.unwrap();
                put(&mut tx, id).await.unwrap();
                match id % 4 {
                    // Dropped without a commit.
                    0 => false,
                    // Fails halfway: the same key twice.
                    1 => {
                        let twice = put(&mut tx, id).await.unwrap_err();
                        assert!(matches!(twice, DbError::Unique { .. }), "{twice}");
                        false
                    }
                    _ => {
                        tx.record(event("company.create"));
                        tx.commit().await.unwrap();
                        true
                    }
                }
            }));
        }
        let mut acknowledged = 0;
        for task in tasks {
            acknowledged += i64::from(task.await.unwrap());
        }
        assert_eq!(acknowledged, 100);
        assert_eq!(count(&db, "SELECT COUNT(*) FROM company").await, acknowledged);
        assert_eq!(count(&db, "SELECT COUNT(*) FROM company WHERE id % 4 < 2").await, 0);
        // O6: exactly one audit record per effect, numbered without a gap.
        assert_eq!(count(&db, "SELECT COUNT(*) FROM audit_record").await, acknowledged);
        assert_eq!(count(&db, "SELECT MAX(sequence) AS n FROM audit_record").await, acknowledged);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_an_audit_record_is_not_written() {
    on_both(async |address: String| {
        let db = open(&address).await;
        let mut tx = db.write().await.unwrap();
        put(&mut tx, 1).await.unwrap();
        assert!(matches!(tx.commit().await, Err(DbError::Unaudited)));
        assert_eq!(count(&db, "SELECT COUNT(*) FROM company").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_audit_records_cannot_be_changed_or_deleted() {
    on_both(async |address: String| {
        let db = open(&address).await;
        let mut tx = db.write().await.unwrap();
        tx.record(event("something.happened"));
        tx.commit().await.unwrap();
        for forbidden in [
            "UPDATE audit_record SET action = 'nothing'",
            "DELETE FROM audit_record",
            "DELETE FROM audit_head",
            "UPDATE audit_head SET sequence = 0",
        ] {
            let mut tx = db.write().await.unwrap();
            let refused = tx.execute(Sql::new(forbidden)).await.unwrap_err();
            assert!(matches!(refused, DbError::Refused(_)), "{forbidden}: {refused}");
        }
        assert_eq!(count(&db, "SELECT COUNT(*) FROM audit_record").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_hold_two_slots_and_share_no_id() {
    on_both(async |address: String| {
        let (one, other) = (open(&address).await, open(&address).await);
        let ours: std::collections::BTreeSet<i64> = (0..5_000).map(|_| one.next_id()).collect();
        assert!((0..5_000).all(|_| !ours.contains(&other.next_id())));
        assert_ne!(one.process(), other.process());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_one_state_while_others_write() {
    on_both(async |address: String| {
        let db = Arc::new(open(&address).await);
        let mut reader = db.read().await.unwrap();
        let all = || Sql::new("SELECT COUNT(*) FROM company");
        assert_eq!(reader.count(all()).await.unwrap(), 0);
        let mut tx = db.write().await.unwrap();
        put(&mut tx, 7).await.unwrap();
        tx.record(event("company.create"));
        tx.commit().await.unwrap();
        assert_eq!(reader.count(all()).await.unwrap(), 0);
        drop(reader);
        assert_eq!(count(&db, "SELECT COUNT(*) FROM company").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_go_in_and_come_out_as_they_were() {
    on_both(async |address: String| {
        let db = open(&address).await;
        let mut tx = db.write().await.unwrap();
        let rows = (1..=5_000_i64).map(|id| {
            vec![id.into(), format!("代码{id}").into(), "名称，\"引号\"\n换行".into(), 0_i64.into()]
        });
        let count = tx.insert_many("company", "id, code, name, created_at", rows).await.unwrap();
        assert_eq!(count, 5_000);
        tx.record(event("company.import"));
        tx.commit().await.unwrap();
        let mut seen = Vec::new();
        let mut tx = db.read().await.unwrap();
        let sql = Sql::new("SELECT id, code, name FROM company WHERE id > $1 ORDER BY id");
        tx.scan(sql.bind(10_i64), |cells| {
            assert_eq!(cells.text(2)?, "名称，\"引号\"\n换行");
            assert_eq!(cells.text(1)?, format!("代码{}", cells.int(0)?));
            seen.push(cells.int(0)?);
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(seen, (11..=5_000).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_very_many_rows_every_reader_chooses_the_right_index() {
    let (_folder, path) = heqi_testkit::databases::fresh_sqlite();
    let db = open(&path.to_string_lossy()).await;
    let plan = async |reader: &mut Tx| {
        let sql = "EXPLAIN QUERY PLAN SELECT memo FROM t WHERE sort = 1 AND number = 7";
        reader.rows(Sql::new(sql)).await.unwrap()[0].get::<String>("detail").unwrap()
    };
    // A kind that all rows share, a number that none shares.
    let mut tx = db.write().await.unwrap();
    for statement in [
        "CREATE TABLE t (id BIGINT PRIMARY KEY, sort BIGINT, number BIGINT, memo TEXT)",
        "CREATE INDEX t_number ON t (number)",
        "CREATE INDEX t_sort ON t (sort)",
    ] {
        tx.execute(Sql::new(statement)).await.unwrap();
    }
    tx.commit_housekeeping().await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..8 {
        let mut reader = db.read().await.unwrap();
        // Without statistics one index is as good as the other.
        assert!(plan(&mut reader).await.contains("t_sort"));
        readers.push(reader);
    }
    drop(readers);
    let mut tx = db.write().await.unwrap();
    let rows = (1..=20_000_i64).map(|n| vec![n.into(), 1_i64.into(), n.into(), "x".into()]);
    assert_eq!(tx.insert_many("t", "id, sort, number, memo", rows).await.unwrap(), 20_000);
    tx.record(event("t.fill"));
    tx.commit().await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..8 {
        let mut reader = db.read().await.unwrap();
        let told = plan(&mut reader).await;
        assert!(told.contains("t_number"), "{told}");
        readers.push(reader);
    }
}
