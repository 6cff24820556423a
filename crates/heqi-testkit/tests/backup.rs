//! Goal: A9. What a backup holds is one committed state; it comes back byte for byte on either
//! engine; what was tampered with, cut or made for somebody else is refused and leaves nothing.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use heqi_domain::{NoProgress, Progress, Stage};
use heqi_platform::audit::{Checkpoint, Event, Signer};
use heqi_platform::backup::{self, BackupError, Order, export};
use heqi_platform::crypto::CryptoError;
use heqi_platform::crypto::backup::{Decryption, Encryption, Identity, encrypt_to};
use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Db, Sql, Value};
use heqi_testkit::databases::{fresh_postgres, fresh_sqlite, on_both};

/// The series whose numbers stand for balances; their sum never changes.
const ACCOUNTS: i64 = 10;
const SUM: i64 = 1_000 * ACCOUNTS;

struct Keys {
    folder: tempfile::TempDir,
    identity: Identity,
}

impl Keys {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::create(&folder.path().join("identity.txt")).unwrap();
        Self { folder, identity }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn encryption(&self) -> Encryption {
        Encryption::Recipients(vec![self.identity.recipient()])
    }

    fn decryption(&self) -> Decryption {
        Decryption::Identity(self.identity.clone())
    }

    async fn backup(&self, db: &Db, name: &str) -> PathBuf {
        let path = self.path(name);
        let (encryption, signer) = (self.encryption(), Signer::open(&self.path("audit.key")));
        let signer = signer.unwrap();
        let order = Order {
            path: &path,
            encryption: &encryption,
            signer: Some(&signer),
            keys: &[],
            watch: &NoProgress,
        };
        backup::make(db, &order).await.unwrap();
        path
    }
}

async fn open(address: &str) -> Db {
    Db::open(&Options::new(address), SCHEMA).await.unwrap()
}

async fn execute(db: &Db, statements: Vec<Sql>) {
    let mut tx = db.write().await.unwrap();
    for sql in statements {
        tx.execute(sql).await.unwrap();
    }
    let event = Event { company: 1, action: "test.fill".to_owned(), ..Event::default() };
    tx.record(event);
    tx.commit().await.unwrap();
}

/// Rows with everything that could be written two ways: quotes, line ends, bytes, no value,
/// extremes, rows that refer to later ones, texts whose order depends on the locale.
async fn fill(db: &Db) {
    let mut rows = vec![
        Sql::new("INSERT INTO company (id, code, name, created_at) VALUES (1, 'C1', $1, 5)")
            .bind("引号\"和\n换行\u{2028}\t\\ ]\n[1,2]"),
        Sql::new("INSERT INTO company (id, code, name, created_at) VALUES (2, 'c2', '', $1)")
            .bind(i64::MIN),
        Sql::new(
            "INSERT INTO customer (id, company_id, code, name, bank_index, merged_into, \
             credit_limit, status, created_at, updated_at) \
             VALUES (8, 1, 'a', $1, $2, NULL, $3, 'active', 1, 1)",
        )
        .bind("甲公司")
        .bind(vec![0_u8, 255, 10, 34])
        .bind(i64::MAX),
        Sql::new(
            "INSERT INTO customer (id, company_id, code, name, parent_id, merged_into, status, \
             created_at, updated_at) VALUES (7, 1, 'B', '乙公司', 8, 8, 'merged', 1, 1)",
        ),
        Sql::new(
            "INSERT INTO user_account (id, login, name, password_hash, password_set_at, \
             must_change_password, created_at) VALUES (3, 'wang', '王', 'x', 1, TRUE, 1)",
        ),
        Sql::new(
            "INSERT INTO job (id, company_id, kind, payload, state, run_at, created_by, \
             created_at) VALUES (4, 0, 'test', '{}', 'done', 1, '', 1)",
        ),
    ];
    for alias in ["Zebra", "apple", "Äpfel", "安徽", "_x", "a b"] {
        let sql = "INSERT INTO customer_alias (company_id, customer_id, alias, folded) \
                   VALUES (1, 7, 'x', $1)";
        rows.push(Sql::new(sql).bind(alias));
    }
    for account in 0..ACCOUNTS {
        let sql = "INSERT INTO voucher_series (company_id, series, next) VALUES (1, $1, 1000)";
        rows.push(Sql::new(sql).bind(account.to_string()));
    }
    execute(db, rows).await;
}

async fn text(db: &Db) -> String {
    let mut text = Vec::new();
    export::write(&mut db.read().await.unwrap(), &NoProgress, &mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    db.read().await.unwrap().count(Sql::new(sql)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_it_comes_back_byte_for_byte_on_either_engine() {
    on_both(async |address: String| {
        let (keys, db) = (Keys::new(), open(&address).await);
        fill(&db).await;
        let path = keys.backup(&db, "one").await;
        let original = text(&db).await;
        assert!(original.contains("[8,1,\"a\",\"甲公司\""), "{original}");
        let contents = backup::verify(&path, &keys.decryption(), &[], &NoProgress).unwrap();
        assert_eq!(
            contents.summary.rows(),
            original.lines().filter(|l| l.starts_with('[')).count() as u64
        );
        on_both(async |target: String| {
            let target = open(&target).await;
            let restored = backup::restore(&target, &path, &keys.decryption(), &NoProgress).await;
            assert_eq!(restored.unwrap().summary.digest, contents.summary.digest);
            assert_eq!(text(&target).await, original);
            // The same content on another engine makes the same backup, and it leads back.
            let again = keys.backup(&target, &format!("again{}", target.is_postgres())).await;
            let again = backup::verify(&again, &keys.decryption(), &[], &NoProgress).unwrap();
            assert_eq!(again.summary, contents.summary);
            // The chain goes on where it stood, and what guards it stands again.
            execute(&target, vec![]).await;
            assert_eq!(number(&target, "SELECT COUNT(*) FROM audit_record").await, 2);
            let mut tx = target.write().await.unwrap();
            let changed = tx.execute(Sql::new("UPDATE audit_record SET label = 'x'")).await;
            assert!(changed.is_err(), "the triggers are back");
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_under_load_it_holds_one_committed_state() {
    on_both(async |address: String| {
        let (keys, db) = (Keys::new(), open(&address).await);
        fill(&db).await;
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4_i64)
            .map(|writer| {
                let (db, stop) = (db.clone(), Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut round = writer;
                    while !stop.load(Ordering::Relaxed) {
                        round += 1;
                        transfer(&db, round % ACCOUNTS, (round * 7 + 1) % ACCOUNTS, round).await;
                    }
                })
            })
            .collect();
        let mut paths = Vec::new();
        for at in 0..3 {
            paths.push(keys.backup(&db, &format!("load{at}")).await);
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        for path in paths {
            let (_folder, file) = fresh_sqlite();
            let target = open(&file.to_string_lossy()).await;
            backup::restore(&target, &path, &keys.decryption(), &NoProgress).await.unwrap();
            assert_state_of_its_chain(&target).await;
        }
    })
    .await;
}

/// Moves an amount from one account to another and says so in the audit chain.
async fn transfer(db: &Db, from: i64, to: i64, amount: i64) {
    let mut tx = db.write().await.unwrap();
    // In one order, so that two transfers never wait for each other.
    for account in [from.min(to), from.max(to)] {
        let change = if account == to { amount } else { -amount };
        let change = if from == to { 0 } else { change };
        let sql = "UPDATE voucher_series SET next = next + $1 WHERE series = $2";
        tx.execute(Sql::new(sql).bind(change).bind(account.to_string())).await.unwrap();
    }
    let detail = format!("{from} {to} {amount}");
    let action = "test.transfer".to_owned();
    tx.record(Event { company: 1, action, detail, ..Event::default() });
    tx.commit().await.unwrap();
}

/// The balances are those that the transfers in the same backup lead to: no more, no fewer.
async fn assert_state_of_its_chain(db: &Db) {
    assert_eq!(number(db, "SELECT CAST(SUM(next) AS BIGINT) FROM voucher_series").await, SUM);
    let mut expected: BTreeMap<i64, i64> = (0..ACCOUNTS).map(|at| (at, 1_000)).collect();
    let mut tx = db.read().await.unwrap();
    let sql = "SELECT detail FROM audit_record WHERE action = 'test.transfer'";
    for row in tx.rows(Sql::new(sql)).await.unwrap() {
        let detail: String = row.get("detail").unwrap();
        let words: Vec<i64> = detail.split(' ').map(|word| word.parse().unwrap()).collect();
        *expected.get_mut(&words[0]).unwrap() -= words[2];
        *expected.get_mut(&words[1]).unwrap() += words[2];
    }
    let sql = "SELECT series, next FROM voucher_series";
    for row in tx.rows(Sql::new(sql)).await.unwrap() {
        let series: String = row.get("series").unwrap();
        assert_eq!(row.get::<i64>("next").unwrap(), expected[&series.parse().unwrap()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_what_is_not_the_backup_is_refused() {
    let keys = Keys::new();
    let (_folder, file) = fresh_sqlite();
    let db = open(&file.to_string_lossy()).await;
    fill(&db).await;
    let path = keys.backup(&db, "whole").await;
    let whole = std::fs::read(&path).unwrap();
    let check = |bytes: &[u8], decryption: &Decryption| {
        let path = keys.path("broken");
        std::fs::write(&path, bytes).unwrap();
        backup::verify(&path, decryption, &[], &NoProgress)
    };
    check(&whole, &keys.decryption()).unwrap();
    let stranger = Identity::create(&keys.path("stranger.txt")).unwrap();
    let error = check(&whole, &Decryption::Identity(stranger)).unwrap_err();
    assert!(matches!(error, BackupError::Crypto(CryptoError::WrongIdentity)), "{error}");
    assert!(error.zh().contains("身份文件") && error.to_string().contains("identity"));
    for at in 0..64 {
        let mut bytes = whole.clone();
        let place = at * (bytes.len() - 1) / 63;
        bytes[place] ^= 1 << (at % 8);
        assert!(check(&bytes, &keys.decryption()).is_err(), "bit {at} at {place}");
    }
    for at in 0..32 {
        let length = at * whole.len() / 32;
        assert!(check(&whole[..length], &keys.decryption()).is_err(), "first {length} bytes");
    }
    let error = check(&whole[..whole.len() - 1], &keys.decryption()).unwrap_err();
    assert!(error.zh().contains("不完整") || error.zh().contains("损坏"), "{}", error.zh());
    assert!(check(&[&whole[..], b"x"].concat(), &keys.decryption()).is_err());
    let error = check("date,amount\n".repeat(50).as_bytes(), &keys.decryption()).unwrap_err();
    assert!(matches!(error, BackupError::Crypto(CryptoError::NotABackup)), "{error}");
    let mut stranger = encrypt_to(Vec::new(), &keys.encryption()).unwrap();
    stranger.write_all(b"somebody else's text").unwrap();
    let error = check(&stranger.finish().unwrap(), &keys.decryption()).unwrap_err();
    assert!(matches!(error, BackupError::NotOurs), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_a_refused_restore_leaves_the_database_empty() {
    let keys = Keys::new();
    let (_folder, file) = fresh_sqlite();
    let db = open(&file.to_string_lossy()).await;
    fill(&db).await;
    let path = keys.backup(&db, "whole").await;
    let broken = keys.path("broken");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 4;
    std::fs::write(&broken, &bytes).unwrap();
    on_both(async |target: String| {
        let target = open(&target).await;
        let refused = backup::restore(&target, &broken, &keys.decryption(), &NoProgress).await;
        assert!(matches!(refused, Err(BackupError::Crypto(_))), "{refused:?}");
        let stopped = backup::restore(&target, &path, &keys.decryption(), &Impatient).await;
        assert!(matches!(stopped, Err(BackupError::Canceled)), "{stopped:?}");
        assert!(text(&target).await.lines().all(|line| !line.starts_with('[')));
        backup::restore(&target, &path, &keys.decryption(), &NoProgress).await.unwrap();
        let twice = backup::restore(&target, &path, &keys.decryption(), &NoProgress).await;
        let error = twice.unwrap_err();
        assert!(matches!(error, BackupError::NotEmpty { .. }), "{error}");
        assert!(error.zh().contains("不是空的"));
        assert_eq!(text(&target).await, text(&db).await);
    })
    .await;
}

/// Wants to stop at once; is asked every thousand rows.
struct Impatient;

impl Progress for Impatient {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn cancelled(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_backup_leaves_no_file_and_none_is_replaced() {
    on_both(async |address: String| {
        let (keys, db) = (Keys::new(), open(&address).await);
        fill(&db).await;
        let mut tx = db.write().await.unwrap();
        let rows =
            (0..3_000).map(|at| vec![Value::Int(2), Value::Text(format!("{at}")), Value::Int(1)]);
        tx.insert_many("voucher_series", "company_id, series, next", rows).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        let (path, encryption) = (keys.path("new"), keys.encryption());
        let order =
            |watch| Order { path: &path, encryption: &encryption, signer: None, keys: &[], watch };
        let stopped = backup::make(&db, &order(&Impatient)).await;
        assert!(matches!(stopped, Err(BackupError::Canceled)));
        let names = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
        assert_eq!(names(keys.folder.path()), 1, "only the identity");
        backup::make(&db, &order(&NoProgress)).await.unwrap();
        let again = backup::make(&db, &order(&NoProgress)).await;
        assert!(matches!(again, Err(BackupError::Exists(_))));
        assert_eq!(names(keys.folder.path()), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_was_changed_before_the_backup_is_found_in_it() {
    let keys = Keys::new();
    let (_folder, file) = fresh_sqlite();
    let db = open(&file.to_string_lossy()).await;
    fill(&db).await;
    let mark = Checkpoint::of(&mut db.read().await.unwrap(), 1).await.unwrap();
    let good = keys.backup(&db, "good").await;
    backup::verify(&good, &keys.decryption(), std::slice::from_ref(&mark), &NoProgress).unwrap();
    let rewritten = Checkpoint { hash: [9; 32], ..mark };
    let error = backup::verify(&good, &keys.decryption(), &[rewritten], &NoProgress).unwrap_err();
    assert!(matches!(error, BackupError::Chain { company: 1, .. }), "{error}");
    let mut tx = db.write().await.unwrap();
    tx.execute(Sql::new("DROP TRIGGER audit_record_stays")).await.unwrap();
    tx.execute(Sql::new("UPDATE audit_record SET label = 'x'")).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    let bad = keys.backup(&db, "bad").await;
    let error = backup::verify(&bad, &keys.decryption(), &[], &NoProgress).unwrap_err();
    assert!(matches!(error, BackupError::Chain { company: 1, .. }), "{error}");
    let (_folder, file) = fresh_sqlite();
    let target = open(&file.to_string_lossy()).await;
    let refused = backup::restore(&target, &bad, &keys.decryption(), &NoProgress).await;
    assert!(matches!(refused, Err(BackupError::Chain { .. })), "{refused:?}");
    assert_eq!(number(&target, "SELECT COUNT(*) FROM audit_record").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_both_engines_is_in_the_export() {
    let (_folder, file) = fresh_sqlite();
    let db = open(&file.to_string_lossy()).await;
    let ours = backup::tables(&mut db.read().await.unwrap()).await.unwrap();
    let migrations: usize = SCHEMA.iter().map(|m| m.common.matches("CREATE TABLE ").count()).sum();
    assert_eq!(ours.len(), migrations - 2, "all but process_slot and attempt_pace");
    if let Some(database) = fresh_postgres().await {
        let other = open(&database.url).await;
        let theirs = backup::tables(&mut other.read().await.unwrap()).await.unwrap();
        assert_eq!(ours, theirs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_do_nothing_to_what_is_restored_and_are_there_again() {
    let keys = Keys::new();
    let (_folder, file) = fresh_sqlite();
    let db = open(&file.to_string_lossy()).await;
    fill(&db).await;
    let path = keys.backup(&db, "whole").await;
    on_both(async |address: String| {
        let target = open(&address).await;
        let mut tx = target.write().await.unwrap();
        let insert = "INSERT INTO voucher_series (company_id, series, next) VALUES (9, 'x', 1)";
        let statements = match target.is_postgres() {
            true => vec![
                format!(
                    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN {insert}; RETURN NULL; END $$"
                ),
                "CREATE TRIGGER note AFTER INSERT ON customer FOR EACH STATEMENT \
                 EXECUTE FUNCTION note()"
                    .to_owned(),
            ],
            false => {
                vec![format!("CREATE TRIGGER note AFTER INSERT ON customer BEGIN {insert}; END")]
            }
        };
        for statement in statements {
            tx.execute(Sql::new(statement.leak())).await.unwrap();
        }
        tx.commit_housekeeping().await.unwrap();
        backup::restore(&target, &path, &keys.decryption(), &NoProgress).await.unwrap();
        let noted = "SELECT COUNT(*) FROM voucher_series WHERE company_id = 9";
        assert_eq!(number(&target, noted).await, 0);
        let sql = "INSERT INTO customer (id, company_id, code, name, created_at, updated_at) \
                   VALUES (99, 1, 'new', 'new', 1, 1)";
        execute(&target, vec![Sql::new(sql)]).await;
        assert_eq!(number(&target, noted).await, 1, "people's work is noted again");
    })
    .await;
}
