//! Goal: E1 and E4, nobody changes what was written unseen, not even who owns the database.
//!
//! Method: a chain of six records for each case, each in a company of its own; the database is
//! opened behind the product's back with its triggers off, one thing is done to each chain, and
//! the walk has to name the first bad record. What a walk alone cannot see, since whoever owns
//! the database computed everything anew, is seen by a checkpoint that was kept outside.

use std::path::Path;

use heqi_platform::audit::{Checkpoint, Event, Fault, Record, verify, verify_new};
use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Clock, Db, Sql, Timestamp};
use heqi_testkit::databases::{fresh_postgres, fresh_sqlite};
use tokio_postgres::NoTls;

/// The instant at which the clock stands.
const NOW: i64 = 1_793_584_800_000_000;

const RECORDS: i64 = 6;

async fn open(address: &str) -> Db {
    let mut options = Options::new(address);
    options.clock = Clock::fixed(Timestamp::from_micros(NOW));
    Db::open(&options, SCHEMA).await.unwrap()
}

fn event(company: i64, number: i64) -> Event {
    Event {
        company,
        actor_kind: "user".to_owned(),
        actor: "user-7".to_owned(),
        actor_name: "王芳".to_owned(),
        action: "customer.update".to_owned(),
        object: format!("customer-{number}"),
        label: "海仓贸易".to_owned(),
        detail: r#"{"name":"海仓"}"#.to_owned(),
        request: "r1".to_owned(),
        address: "127.0.0.1".to_owned(),
    }
}

async fn chain(db: &Db, company: i64, records: i64) {
    for number in 1..=records {
        let mut tx = db.write().await.unwrap();
        tx.record(event(company, number));
        tx.commit().await.unwrap();
    }
}

/// Runs statements behind the product's back, as the owner of the database.
async fn tamper(address: &str, statements: &str) {
    if address.starts_with("postgres") {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
        let task = tokio::spawn(connection);
        let off = "ALTER TABLE audit_record DISABLE TRIGGER USER; \
             ALTER TABLE audit_head DISABLE TRIGGER USER;";
        client.batch_execute(&format!("{off} {statements}")).await.unwrap();
        drop(client);
        task.await.unwrap().unwrap();
        return;
    }
    let connection = rusqlite::Connection::open(Path::new(address)).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let off = "DROP TRIGGER IF EXISTS audit_record_stays; \
         DROP TRIGGER IF EXISTS audit_record_remains; \
         DROP TRIGGER IF EXISTS audit_head_remains; DROP TRIGGER IF EXISTS audit_head_advances;";
    connection.execute_batch(&format!("{off} {statements}")).unwrap();
}

async fn fault(db: &Db, company: i64, marks: &[Checkpoint]) -> Option<Fault> {
    verify(&mut db.read().await.unwrap(), company, marks).await.unwrap().fault
}

async fn checkpoint(db: &Db, company: i64) -> Checkpoint {
    Checkpoint::of(&mut db.read().await.unwrap(), company).await.unwrap()
}

async fn on_both(test: impl AsyncFn(&str)) {
    let (_folder, path) = fresh_sqlite();
    test(&path.to_string_lossy()).await;
    if let Some(database) = fresh_postgres().await {
        eprintln!("again on PostgreSQL");
        test(&database.url).await;
    }
}

/// What is done to a chain, and what the walk has to say; `@` stands for the company.
fn cases() -> Vec<(String, Fault)> {
    let mut cases: Vec<(String, Fault)> = Vec::new();
    let texts = [
        "actor_kind",
        "actor",
        "actor_name",
        "action",
        "object",
        "label",
        "detail",
        "request",
        "address",
    ];
    let third = "WHERE company_id = @ AND sequence = 3";
    for column in texts {
        let change = format!("UPDATE audit_record SET {column} = {column} || ' ' {third};");
        cases.push((change, Fault::Changed(3)));
        let clear = format!("UPDATE audit_record SET {column} = '' {third};");
        cases.push((clear, Fault::Changed(3)));
    }
    cases.extend(structure());
    cases
}

/// What is done to whole records and to what ties them together.
fn structure() -> Vec<(String, Fault)> {
    let third = "WHERE company_id = @ AND sequence = 3";
    let missing = Fault::Missing { expected: 3, found: 4 };
    let other = "(SELECT hash FROM audit_record WHERE company_id = @ AND sequence = 1)";
    let columns = "at, actor_kind, actor, actor_name, action, object, label, detail, request, \
         address, previous, hash";
    let copy = |sequence: &str| {
        format!(
            "INSERT INTO audit_record (company_id, sequence, {columns}) \
             SELECT company_id, {sequence}, {columns} FROM audit_record {third};"
        )
    };
    let shift = "UPDATE audit_record SET sequence = sequence + 100 \
         WHERE company_id = @ AND sequence > 3; UPDATE audit_record SET sequence = sequence - 99 \
         WHERE company_id = @ AND sequence > 100;";
    let swap = "UPDATE audit_record SET sequence = 103 WHERE company_id = @ AND sequence = 3; \
         UPDATE audit_record SET sequence = 3 WHERE company_id = @ AND sequence = 4; \
         UPDATE audit_record SET sequence = 4 WHERE company_id = @ AND sequence = 103;";
    vec![
        (format!("UPDATE audit_record SET at = at + 1 {third};"), Fault::Changed(3)),
        (format!("UPDATE audit_record SET previous = {other} {third};"), Fault::Broken(3)),
        (format!("UPDATE audit_record SET hash = {other} {third};"), Fault::Changed(3)),
        (format!("UPDATE audit_record SET company_id = -@ {third};"), missing.clone()),
        (format!("UPDATE audit_record SET sequence = 33 {third};"), missing.clone()),
        (format!("DELETE FROM audit_record {third};"), missing),
        (
            "DELETE FROM audit_record WHERE company_id = @ AND sequence = 1;".to_owned(),
            Fault::Missing { expected: 1, found: 2 },
        ),
        (copy("7"), Fault::Broken(7)),
        (format!("{shift} {}", copy("4")), Fault::Broken(4)),
        (swap.to_owned(), Fault::Broken(3)),
        // A character that moves from one text to the next: joined, they would be the same.
        (
            format!("UPDATE audit_record SET actor = 'user-', actor_name = '7王芳' {third};"),
            Fault::Changed(3),
        ),
        (
            format!("UPDATE audit_record SET label = '', detail = label || detail {third};"),
            Fault::Changed(3),
        ),
        (
            "DELETE FROM audit_record WHERE company_id = @ AND sequence > 4;".to_owned(),
            Fault::Cut { found: 4, noted: RECORDS },
        ),
        (
            "DELETE FROM audit_record WHERE company_id = @;".to_owned(),
            Fault::Cut { found: 0, noted: RECORDS },
        ),
        ("DELETE FROM audit_head WHERE company_id = @;".to_owned(), Fault::Broken(RECORDS)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_the_first_bad_record_is_named() {
    on_both(async |address| {
        let db = open(address).await;
        let cases = cases();
        for company in 1..=cases.len() as i64 {
            chain(&db, company, RECORDS).await;
            assert_eq!(fault(&db, company, &[]).await, None);
        }
        for (company, (statements, expected)) in (1..).zip(&cases) {
            tamper(address, &statements.replace('@', &company.to_string())).await;
            assert_eq!(fault(&db, company, &[]).await.as_ref(), Some(expected), "{statements}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_a_cut_or_rewritten_tail_is_seen_by_a_checkpoint_from_outside() {
    on_both(async |address| {
        let db = open(address).await;
        for company in [1, 2] {
            chain(&db, company, 4).await;
        }
        let early = checkpoint(&db, 2).await;
        for company in [1, 2] {
            chain(&db, company, 2).await;
        }
        let (one, two) = (checkpoint(&db, 1).await, checkpoint(&db, 2).await);
        // The chain as it was at its fourth record, with its end: the same as an old backup.
        let cut = "DELETE FROM audit_record WHERE company_id = 1 AND sequence > 4; \
             UPDATE audit_head SET sequence = 4, hash = (SELECT hash FROM audit_record \
             WHERE company_id = 1 AND sequence = 4) WHERE company_id = 1;";
        tamper(address, cut).await;
        assert_eq!(fault(&db, 1, &[]).await, None);
        assert_eq!(fault(&db, 1, &[one]).await, Some(Fault::Cut { found: 4, noted: 6 }));
        rewrite(address, &early).await;
        assert_eq!(fault(&db, 2, &[]).await, None);
        assert_eq!(fault(&db, 2, &[early]).await, None);
        assert_eq!(fault(&db, 2, &[two]).await, Some(Fault::Rewritten(6)));
    })
    .await;
}

/// Writes the fifth and sixth record of a company anew, with hashes that fit.
async fn rewrite(address: &str, after: &Checkpoint) {
    let (mut previous, mut statements) = (after.hash, String::new());
    let literal = |hash: [u8; 32]| {
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if address.starts_with("postgres") { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
    };
    for sequence in [5, 6] {
        let mut event = event(after.company, sequence - 4);
        event.label = "改过的".to_owned();
        let (label, at) = (event.label.clone(), Timestamp::from_micros(NOW));
        let record = Record { company: after.company, sequence, at, event, previous };
        statements += &format!(
            "UPDATE audit_record SET label = '{label}', previous = {}, hash = {} \
             WHERE company_id = {} AND sequence = {sequence};",
            literal(previous),
            literal(record.hash()),
            after.company
        );
        previous = record.hash();
    }
    let head = format!(
        "UPDATE audit_head SET hash = {} WHERE company_id = {};",
        literal(previous),
        after.company
    );
    tamper(address, &format!("{statements} {head}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_an_old_copy_of_the_file_is_known() {
    let (folder, path) = fresh_sqlite();
    let db = open(&path.to_string_lossy()).await;
    chain(&db, 1, 4).await;
    let copy = folder.path().join("old.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).unwrap();
    chain(&db, 1, 2).await;
    let outside = checkpoint(&db, 1).await;
    let restored = open(&copy.to_string_lossy()).await;
    assert_eq!(fault(&restored, 1, &[]).await, None);
    assert_eq!(fault(&restored, 1, &[outside]).await, Some(Fault::Cut { found: 4, noted: 6 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn e3_a_walk_goes_on_where_the_last_one_ended() {
    on_both(async |address| {
        let db = open(address).await;
        chain(&db, 1, 4).await;
        let mut tx = db.write().await.unwrap();
        let report = verify(&mut tx, 1, &[]).await.unwrap();
        heqi_platform::audit::note(&mut tx, &report).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        chain(&db, 1, 2).await;
        let new = async || verify_new(&mut db.read().await.unwrap(), 1).await.unwrap();
        assert_eq!((new().await.good, new().await.fault), (6, None));
        // The old part is the nightly walk's to see, the new part is seen at once.
        tamper(address, "UPDATE audit_record SET label = '' WHERE sequence = 2;").await;
        assert_eq!(new().await.fault, None);
        assert_eq!(fault(&db, 1, &[]).await, Some(Fault::Changed(2)));
        tamper(address, "UPDATE audit_record SET label = '' WHERE sequence = 5;").await;
        assert_eq!(new().await.fault, Some(Fault::Changed(5)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_the_database_refuses_to_change_or_delete_a_record() {
    on_both(async |address| {
        let db = open(address).await;
        chain(&db, 1, 2).await;
        for sql in [
            "UPDATE audit_record SET label = 'x'",
            "UPDATE audit_record SET sequence = sequence",
            "DELETE FROM audit_record",
            "DELETE FROM audit_record WHERE sequence = 2",
            "DELETE FROM audit_head",
            "UPDATE audit_head SET sequence = 1",
            "UPDATE audit_head SET hash = hash",
        ] {
            let mut tx = db.write().await.unwrap();
            assert!(tx.execute(Sql::new(sql)).await.is_err(), "{sql}");
        }
        assert_eq!(fault(&db, 1, &[]).await, None);
    })
    .await;
}
