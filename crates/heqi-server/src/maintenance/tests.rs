//! Goal: A9 and D7 through the functions that an operator calls: backups hold no secret in plain
//! text and come back with their keys, rotation reaches every sealed value, the doctor finds
//! what is broken, an export holds everything of one company and nothing of another.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use heqi_domain::{NoProgress, Progress, Stage};
use heqi_platform::audit::Signer;
use heqi_platform::backup::tables;
use heqi_platform::blobs;
use heqi_platform::config::Config;
use heqi_platform::crypto::backup::{Decryption, Encryption, Identity, decrypt_from};
use heqi_platform::crypto::{IndexedColumn, Keyring, Suite, key_of};
use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Clock, Db, Sql, Timestamp};
use serde_json::json;

use super::backups::{self, VerifyError};
use super::doctor::{Finding, Level, doctor};
use super::keys::{self, KeysError};
use super::sealed::{SEALED, Sealed};
use super::{company_export, nightly};
use crate::app::{App, Shared};
use crate::testing::{NOW, TestApp, on_both};

const BANK: &str = r#"{"account":"6222021234567890123","bank":"工商银行"}"#;
const PHONE: &str = "13912345678";
const FILE: &[u8] = b"CANARY-FILE-CONTENT of a statement";

/// A customer with a bank account, a contact with a phone, a user with a second factor, a file.
async fn fill(app: &TestApp) -> i64 {
    let (ring, company) = (&app.app.keys.ring, app.company_number());
    let customer = app.customer("C1", "海仓贸易").await;
    let user = app.client("accountant").await.user;
    let of = |table, column| Sealed::of(table, column).unwrap();
    let seal = |sealed: &Sealed, company, row, text| {
        ring.seal_text(&sealed.place(company, row), text).unwrap()
    };
    let column = IndexedColumn { company, table: "customer", column: "bank_sealed" };
    let bank = seal(of("customer", "bank_sealed"), company, customer, BANK);
    let phone = seal(of("customer_contact", "phone_sealed"), company, 77, PHONE);
    let totp = seal(of("user_account", "totp_secret"), 0, user, "CANARYTOTPSECRET");
    let mut tx = app.app.db.write().await.unwrap();
    let sql = Sql::new("UPDATE customer SET bank_sealed = $1, bank_index = $2 WHERE id = $3");
    let index = ring.blind_index(column, "6222021234567890123");
    tx.execute(sql.bind(bank).bind(index).bind(customer)).await.unwrap();
    let sql = Sql::new(
        "INSERT INTO customer_contact (id, company_id, customer_id, name, role, phone_sealed) \
         VALUES (77, $1, $2, '李', 'finance', $3)",
    );
    tx.execute(sql.bind(company).bind(customer).bind(phone)).await.unwrap();
    let sql = Sql::new("UPDATE user_account SET totp_secret = $1 WHERE id = $2");
    tx.execute(sql.bind(totp).bind(user)).await.unwrap();
    blobs::put(&mut tx, ring, company, FILE).await.unwrap();
    let mut event = super::event("cli", "test.fill", "");
    event.company = company;
    tx.record(event);
    tx.commit().await.unwrap();
    customer
}

struct Kit {
    folder: tempfile::TempDir,
    identity: Identity,
}

impl Kit {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::create(&folder.path().join("identity.txt")).unwrap();
        Self { folder, identity }
    }

    fn encryption(&self) -> Encryption {
        Encryption::Recipients(vec![self.identity.recipient()])
    }

    fn decryption(&self) -> Decryption {
        Decryption::Identity(self.identity.clone())
    }

    fn text(&self, path: &Path) -> String {
        let file = std::fs::File::open(path).unwrap();
        let plain = decrypt_from(file, &self.decryption()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(plain), &mut text).unwrap();
        text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_a_backup_holds_only_ciphertext_and_comes_back_with_its_keys() {
    on_both(async |app: TestApp| {
        let (kit, customer) = (Kit::new(), fill(&app).await);
        let path = kit.folder.path().join("plain.age");
        let encryption = kit.encryption();
        backups::make(&app.app, &path, &encryption, false, "cli", &NoProgress).await.unwrap();
        let text = kit.text(&path);
        assert!(text.contains("海仓贸易"), "the backup has been read");
        for canary in ["6222021234567890123", PHONE, "CANARYTOTPSECRET", "CANARY-FILE"] {
            assert!(!text.contains(canary), "{canary}");
        }
        let secret = std::fs::read_to_string(app.app.config.data.join("keys.toml")).unwrap();
        assert!(!text.contains(secret.lines().last().unwrap()));

        let path = kit.folder.path().join("keys.age");
        let made = backups::make(&app.app, &path, &encryption, true, "cli", &NoProgress).await;
        let raw = std::fs::read(&path).unwrap();
        assert!(!raw.windows(4).any(|bytes| bytes == b"6222"), "age encrypts");
        let signer = Some(&app.app.signer);
        let sound = backups::verify(&path, &kit.decryption(), signer, &[], &NoProgress).unwrap();
        assert_eq!(sound.summary, made.unwrap().summary);
        let stranger = Signer::open(&kit.folder.path().join("other.key")).unwrap();
        let stranger = Some(&stranger);
        let forged = backups::verify(&path, &kit.decryption(), stranger, &[], &NoProgress);
        assert!(matches!(forged, Err(VerifyError::Checkpoint { .. })), "{forged:?}");

        // A machine that has lost everything.
        let data = kit.folder.path().join("new");
        let config = Config { data: data.clone(), ..Config::default() };
        backups::restore(&config, &path, &kit.decryption(), &NoProgress).await.unwrap();
        let restored = App::open(config, Clock::System).await.unwrap();
        let mut tx = restored.db.read().await.unwrap();
        let sql = Sql::new("SELECT bank_sealed FROM customer WHERE id = $1").bind(customer);
        let sealed: String = tx.one(sql).await.unwrap().get("bank_sealed").unwrap();
        let place = Sealed::of("customer", "bank_sealed").unwrap();
        let place = place.place(app.company_number(), customer);
        assert_eq!(restored.keys.ring.open_text(&place, &sealed).unwrap(), BANK);
        assert_eq!(restored.signer.public_key(), app.app.signer.public_key());
        let noted = "SELECT COUNT(*) FROM audit_record WHERE action = 'backup.make'";
        assert_eq!(app.number(noted).await, 2);
    })
    .await;
}

/// Wants to stop after so many looks.
struct After(AtomicU64);

impl Progress for After {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn cancelled(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) <= 1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d7_a_rotation_reaches_every_sealed_value_and_can_be_broken_off() {
    on_both(async |app: TestApp| {
        let (customer, company) = (fill(&app).await, app.company_number());
        let old = app.app.keys.ring.active_id();
        let db = &app.app.db;
        let other = Db::open(&Options::new(app.app.config.database_address()), SCHEMA).await;
        let other = other.unwrap();
        let busy = keys::rotate(&app.app, Suite::Chinese, false, &NoProgress).await;
        assert!(matches!(busy, Err(KeysError::InUse(1..))), "{busy:?}");
        let stopped = keys::rotate(&app.app, Suite::Chinese, true, &After(AtomicU64::new(1))).await;
        assert!(matches!(stopped, Err(KeysError::Canceled)), "{stopped:?}");
        drop(other);
        let ring = Keyring::load(&app.app.config.data.join("keys.toml")).unwrap();
        assert_ne!(ring.active_id(), old);
        let rest = keys::reseal(db, &ring, &NoProgress).await.unwrap();
        assert_eq!(rest, 3, "the first was done before it was broken off");
        assert_eq!(keys::reseal(db, &ring, &NoProgress).await.unwrap(), 0);
        for sealed in SEALED {
            let (old, broken) = keys::sample(db, &ring, sealed, 100).await.unwrap();
            assert!(old == 0 && broken.is_none(), "{}: {broken:?}", sealed.column);
        }
        let mut tx = db.read().await.unwrap();
        let part = tx.one(Sql::new("SELECT bytes FROM blob_part")).await.unwrap();
        assert_eq!(key_of(&part.get::<Vec<u8>>("bytes").unwrap()).unwrap(), ring.active_id());
        let name =
            tx.one(Sql::new("SELECT digest FROM blob")).await.unwrap().get::<String>("digest");
        let name = name.unwrap();
        let file = blobs::get(&mut tx, &ring, company, &name).await.unwrap();
        assert_eq!(file.unwrap(), FILE);
        // Found by its new index, and only by that one.
        let column = IndexedColumn { company, table: "customer", column: "bank_sealed" };
        let index = ring.blind_index(column, "6222021234567890123");
        let find = Sql::new("SELECT id FROM customer WHERE bank_index = $1").bind(index);
        assert_eq!(tx.one(find).await.unwrap().get::<i64>("id").unwrap(), customer);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sealed_column_of_the_schema_is_listed() {
    let app = TestApp::on_sqlite().await;
    let all = tables(&mut app.app.db.read().await.unwrap()).await.unwrap();
    for table in &all {
        for column in table.columns.iter().filter(|column| column.name.ends_with("_sealed")) {
            let listed = Sealed::of(&table.name, &column.name);
            assert!(listed.is_some(), "sealed.rs lacks {}.{}", table.name, column.name);
        }
    }
    for sealed in SEALED {
        let table = all.iter().find(|table| table.name == sealed.table);
        assert!(table.is_some_and(|table| table.has(sealed.column)), "{sealed:?} is gone");
    }
}

async fn with_backups(kit: &Kit, keep: usize, clock: &Clock) -> Shared {
    let config = Config {
        data: kit.folder.path().join("data"),
        backup_dir: kit.folder.path().join("backups"),
        backup_recipient: kit.identity.recipient().to_string(),
        backup_keep: keep,
        ..Config::default()
    };
    App::open(config, clock.clone()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_every_day_and_the_newest_are_kept() {
    let (kit, clock) = (Kit::new(), Clock::fixed(Timestamp::from_micros(NOW)));
    let app = with_backups(&kit, 2, &clock).await;
    let folder = kit.folder.path().join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let mut made = Vec::new();
    for _ in 0..4 {
        for _ in 0..3 {
            nightly::look(&app).await;
        }
        crate::features::runner(&app).drain().await;
        made.push(backups::kept(&folder).pop().unwrap());
        clock.advance(24 * 3600);
    }
    made.dedup();
    assert_eq!(made.len(), 4, "one a day");
    assert_eq!(backups::kept(&folder), made[2..]);
    assert!(folder.join("notes.txt").exists());
    backups::verify(&made[3], &kit.decryption(), Some(&app.signer), &[], &NoProgress).unwrap();
    assert_eq!(backups::made_at(&made[0]), Some(Timestamp::from_micros(NOW)));
    let mut tx = app.db.read().await.unwrap();
    for (kind, count) in [("backup.daily", 4), ("audit.nightly", 4), ("idempotency.forget", 4)] {
        let sql = "SELECT COUNT(*) FROM job WHERE kind = $1 AND state = 'done'";
        assert_eq!(tx.count(Sql::new(sql).bind(kind)).await.unwrap(), count, "{kind}");
    }
    let noted = "SELECT COUNT(*) FROM audit_record WHERE action = 'backup.make'";
    assert_eq!(tx.count(Sql::new(noted)).await.unwrap(), 4);
}

fn level(findings: &[Finding], code: &str) -> Level {
    let found = findings.iter().filter(|finding| finding.code == code);
    found.map(|finding| finding.level).max().unwrap_or_else(|| panic!("no {code}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_nothing_where_nothing_is_wrong() {
    on_both(async |app: TestApp| {
        fill(&app).await;
        let findings = doctor(&app.app).await;
        let bad: Vec<_> = findings.iter().filter(|found| found.level == Level::Bad).collect();
        assert!(bad.is_empty(), "{bad:?}");
        assert_eq!(level(&findings, "backup.age"), Level::Warn, "none is configured");
        for finding in &findings {
            assert!(finding.text.iter().all(|text| !text.is_empty()), "{finding:?}");
            assert!(finding.level == Level::Ok || !finding.remedy[0].is_empty(), "{finding:?}");
        }
        let codes = ["database.settings", "database.integrity", "database.schema", "keys.files"];
        for code in
            codes.into_iter().chain(["keys.values", "audit.chains", "machine.clock", "jobs"])
        {
            assert_eq!(level(&findings, code), Level::Ok, "{code}: {findings:?}");
        }
        // The cluster of the tests has one role, a superuser, and is on this machine.
        let custody = if app.app.db.is_postgres() { Level::Warn } else { Level::Ok };
        assert_eq!(level(&findings, "audit.custody"), custody, "{findings:?}");
        if app.app.db.is_postgres() {
            assert_eq!(level(&findings, "database.wire"), Level::Ok, "{findings:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_broken() {
    let app = TestApp::on_sqlite().await;
    fill(&app).await;
    app.clock.advance(-3600);
    let keys = app.app.config.data.join("keys.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let mut tx = app.app.db.write().await.unwrap();
    for sql in [
        "DROP TRIGGER audit_record_stays",
        "UPDATE audit_record SET label = 'x'",
        "UPDATE customer SET bank_sealed = (SELECT phone_sealed FROM customer_contact)",
        "INSERT INTO job (id, company_id, kind, payload, state, run_at, created_by, created_at) \
         VALUES (1, 0, 'x', '{}', 'queued', 1, '', 1)",
    ] {
        tx.execute(Sql::new(sql)).await.unwrap();
    }
    tx.commit_housekeeping().await.unwrap();
    let findings = doctor(&app.app).await;
    for code in ["audit.chains", "keys.values", "machine.clock"] {
        assert_eq!(level(&findings, code), Level::Bad, "{code}: {findings:?}");
    }
    if cfg!(unix) {
        assert_eq!(level(&findings, "keys.files"), Level::Bad);
    }
    assert_eq!(level(&findings, "jobs"), Level::Warn);
    assert_eq!(findings[0].level, Level::Bad, "the worst first");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_everything_of_a_company_and_nothing_of_another() {
    on_both(async |app: TestApp| {
        fill(&app).await;
        let other = app.other_company().await;
        app.customer_of(&other, "X1", "别家客户", None, "", "").await;
        let kit = Kit::new();
        let folder = kit.folder.path().join("all");
        let mut event = super::event("cli", "export.all", &app.company);
        event.company = app.company_number();
        let company = app.company_number();
        let done = company_export::export(&app.app, company, &folder, event.clone(), &NoProgress);
        let done = done.await.unwrap();
        assert_eq!(done.files, 1);
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let customers = read("tables/customer.ndjson");
        assert!(customers.contains("海仓贸易") && customers.contains("6222021234567890123"));
        assert!(!customers.contains("别家客户"));
        assert!(read("tables/customer.csv").contains(r#""{""account"":""6222021234567890123"""#));
        assert!(read("tables/customer_contact.csv").contains(PHONE));
        assert!(read("tables/audit_record.ndjson").contains("export.all"));
        assert!(!folder.join("tables/api_token.csv").exists());
        let mut checked = 0;
        for line in read("SHA256SUMS").lines() {
            let (digest, name) = line.split_once("  ").unwrap();
            let bytes = std::fs::read(folder.join(name)).unwrap();
            let found = heqi_platform::crypto::digest(Suite::International, &bytes);
            let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found, digest, "{name}");
            if name.starts_with("files/") {
                assert_eq!(bytes, FILE);
            }
            checked += 1;
        }
        assert_eq!(checked, 2 * (done.tables.len() + 1) + 2, "tables, people, file, README");
        let again = company_export::export(&app.app, company, &folder, event, &NoProgress).await;
        assert!(matches!(again, Err(company_export::ExportError::Exists(_))));
        assert_eq!(std::fs::read_dir(kit.folder.path()).unwrap().count(), 2, "no draft is left");
        assert_eq!(app.actions().await.last().map(String::as_str), Some("export.all"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_operators() {
    super::metrics::install();
    on_both(async |app: TestApp| {
        app.nobody().get("/api/metrics").await.expect(401);
        let accountant = app.client_in("", "accountant", "all", "").await;
        accountant.get("/api/metrics").await.expect(403);
        let operator = app.client_in("", "system_admin", "all", "").await;
        let page = operator.get("/api/metrics").await.expect(200);
        let text = String::from_utf8(page.bytes).unwrap();
        for name in ["heqi_jobs_waiting", "heqi_sessions_open", "heqi_database_bytes"] {
            assert!(text.contains(name), "{name} in {text}");
        }
        assert!(text.contains("heqi_requests_total"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_chain_is_what_the_nightly_walk_says() {
    let app = TestApp::on_sqlite().await;
    fill(&app).await;
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(Sql::new("DROP TRIGGER audit_record_stays")).await.unwrap();
    tx.execute(Sql::new("UPDATE audit_record SET label = 'x'")).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    nightly::look(&Arc::clone(&app.app)).await;
    app.drain_jobs().await;
    let sql = "SELECT result FROM job WHERE kind = 'audit.verify' AND state = 'done'";
    let mut tx = app.app.db.read().await.unwrap();
    let row = tx.one(Sql::new(sql)).await.unwrap();
    let result: serde_json::Value = row.json("result").unwrap();
    assert_eq!(result["ok"], json!(false));
    assert_eq!(result["good"], json!(0));
}
