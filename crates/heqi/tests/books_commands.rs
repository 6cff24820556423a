//! Goal: A9 and E1 at the terminal: what goes in by `heqi import` comes back from a backup, and
//! a record that somebody changed around the program is named. On PostgreSQL the commands run
//! under the role of the server, which is kept from the audit records; the owner's commands
//! under the owner's.

mod support;

use std::fs::File;

use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Db, Sql};
use heqi_testkit::databases::{TestDatabase, fresh_postgres};
use serde_json::Value;
use support::{Desk, Said};
use tokio_postgres::NoTls;

const SALES: &str = "\
日期,单据编号,类型,金额,摘要
2026-10-03,XS-261001,销售,12000.00,泵体 12 台
2026-10-08,XS-261002,销售,3500.00,阀门
2026-10-20,SK-262001,收款,-12000.00,收款
";

/// Where the books of a test are, and how a command is told.
struct Place {
    desk: Desk,
    /// `--data books`, and on PostgreSQL the address with which the server connects.
    at: String,
    /// The same for whoever owns the database.
    owner: String,
    /// The address with which the test itself looks, past the program.
    database: String,
    postgres: Option<TestDatabase>,
}

impl Place {
    fn on_sqlite() -> Self {
        let desk = Desk::new();
        let database = desk.path().join("books/heqi.db").to_string_lossy().into_owned();
        let at = "--data books".to_owned();
        Self { desk, owner: at.clone(), at, database, postgres: None }
    }

    /// On PostgreSQL every command but those of the owner runs under the role of the server.
    fn on_postgres() -> Option<Self> {
        let postgres = waiting(fresh_postgres())?;
        let (desk, database) = (Desk::new(), postgres.url.clone());
        let (start, host) = database.split_once('@').unwrap();
        let role = format!("{}_server", database.rsplit('/').next().unwrap());
        let owner = format!("--data books --database {start}@{host}");
        let at = format!("--data books --database postgres://{role}:mill-river@{host}");
        desk.expect(0, &format!("migrate {owner}"));
        let make = format!("CREATE ROLE {role} LOGIN PASSWORD 'mill-river'").leak();
        execute(&database, vec![Sql::new(make)]);
        let said = desk.expect(0, &format!("migrate {owner} --server-role {role}"));
        assert!(said.err.contains("审计记录只能追加"), "{}", said.err);
        Some(Self { desk, at, owner, database, postgres: Some(postgres) })
    }

    #[track_caller]
    fn expect(&self, code: i32, line: &str) -> Said {
        self.desk.expect(code, &format!("{line} {}", self.at))
    }

    fn number(&self, sql: &'static str) -> i64 {
        number(&self.database, sql)
    }

    /// Another database, empty: its address.
    fn second(&self) -> (String, Option<TestDatabase>) {
        match &self.postgres {
            None => (self.desk.path().join("drill/second.db").to_string_lossy().into_owned(), None),
            Some(_) => {
                let database = waiting(fresh_postgres()).unwrap();
                (database.url.clone(), Some(database))
            }
        }
    }

    /// The statement that takes a trigger of a table away.
    fn drop_trigger(&self, name: &str, table: &str) -> Sql {
        let on = if self.postgres.is_some() { format!(" ON {table}") } else { String::new() };
        Sql::new(format!("DROP TRIGGER {name}{on}").leak())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(database) = self.postgres.take() {
            let role = format!("{}_server", database.url.rsplit('/').next().unwrap());
            drop(database);
            let server = heqi_testkit::databases::postgres_url().unwrap();
            // The database `postgres` is nobody's books: nothing is migrated there.
            waiting(async {
                let (client, connection) = tokio_postgres::connect(&server, NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(&format!("DROP ROLE {role}")).await.unwrap();
            });
        }
    }
}

/// Runs a test on SQLite, and again on PostgreSQL if there is one.
fn on_both(test: impl Fn(&Place)) {
    test(&Place::on_sqlite());
    if let Some(place) = Place::on_postgres() {
        eprintln!("again on PostgreSQL");
        test(&place);
    }
}

fn waiting<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// Statements on the books, past the program.
fn execute(database: &str, statements: Vec<Sql>) {
    waiting(async {
        let db = Db::open(&Options::new(database), SCHEMA).await.unwrap();
        let mut tx = db.write().await.unwrap();
        for statement in statements {
            tx.execute(statement).await.unwrap();
        }
        tx.commit_housekeeping().await.unwrap();
        db.release_slot().await.unwrap();
    });
}

fn number(database: &str, sql: &'static str) -> i64 {
    waiting(async {
        let db = Db::open(&Options::new(database), SCHEMA).await.unwrap();
        let count = db.read().await.unwrap().count(Sql::new(sql)).await.unwrap();
        db.release_slot().await.unwrap();
        count
    })
}

impl Desk {
    #[track_caller]
    fn expect(&self, code: i32, line: &str) -> Said {
        let said = self.say(line);
        assert_eq!(said.code, Some(code), "heqi {line}\n{}\n{}", said.out, said.err);
        said
    }
}

/// Fills the books with a person, a company, a customer, an imported file; makes an identity,
/// and gives its public half.
fn fill(place: &Place) -> String {
    let desk = &place.desk;
    desk.put("password.txt", "Xq7-riverbank\n");
    let mut create = desk.command();
    create.args(["user", "create", "liting", "--name", "李婷"]);
    create.args(place.at.split(' '));
    create.stdin(File::open(desk.path().join("password.txt")).unwrap());
    let said = Said::from(create.output().unwrap());
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(place.expect(0, "user list").out.contains("liting"));
    let company = "INSERT INTO company (id, code, name, created_at) VALUES (5, 'HQ', '海仓', 0)";
    let customer = "INSERT INTO customer (id, company_id, code, name, created_at, updated_at) \
                    VALUES (7, 5, 'C001', '华东机电', 0, 0)";
    execute(&place.database, vec![Sql::new(company), Sql::new(customer)]);
    desk.put("sales.csv", SALES);
    let dry = "import sales.csv --customer C001 --side ours --company HQ --dry-run --json";
    let dry: Value = serde_json::from_str(&place.expect(0, dry).out).unwrap();
    assert_eq!(dry["committed"], Value::Null, "{dry:#}");
    assert_eq!(dry["counted"]["totals"][0]["rows"], 3, "{dry:#}");
    assert_eq!(place.number("SELECT COUNT(*) FROM line"), 0);
    let said = place.expect(0, "import sales.csv --customer C001 --side ours");
    assert!(said.out.contains("入账 3 行"), "{}", said.out);
    let recipient = desk.expect(0, "backup identity identity.txt").out.trim().to_owned();
    assert!(recipient.starts_with("age1"), "{recipient}");
    recipient
}

#[test]
fn a9_e1_books_come_back_from_a_backup_and_a_changed_record_is_named() {
    on_both(|place| {
        let (desk, recipient) = (&place.desk, fill(place));
        let made = format!("backup --out one.age --with-keys --recipient {recipient}");
        assert_eq!(place.expect(0, &made).out, "one.age\n");
        place.expect(6, &made);
        let said = place.expect(0, "backup verify one.age --identity identity.txt");
        assert!(said.out.contains("备份完好") && said.out.contains("签名无误"), "{}", said.out);
        desk.expect(6, &format!("restore one.age --identity identity.txt {}", place.owner));
        let (second, _kept) = place.second();
        let restore = "restore one.age --identity identity.txt --data drill";
        desk.expect(0, &format!("{restore} --into {second}"));
        let sum = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line WHERE customer_id = 7";
        assert_eq!(number(&second, sum), 350_000);
        let drill = format!("--data drill --database {second}");
        let report = desk.expect(0, &format!("doctor --json {drill}"));
        let report: Value = serde_json::from_str(&report.out).unwrap();
        assert_eq!(report["ok"], true, "{report:#}");
        let said = desk.expect(0, &format!("audit verify {drill}"));
        assert!(said.out.contains("HQ：完好") && said.out.contains("系统：完好"), "{}", said.out);

        let change = "UPDATE audit_record SET label = 'x' WHERE company_id = 5 AND sequence = 2";
        let off = place.drop_trigger("audit_record_stays", "audit_record");
        execute(&second, vec![off, Sql::new(change)]);
        let said = desk.expect(8, &format!("audit verify --company HQ {drill}"));
        assert!(said.out.contains("第 2 条记录被改动过"), "{}", said.out);
        let said = desk.expect(8, &format!("audit verify --lang en {drill}"));
        assert!(said.out.contains("record 2 was changed"), "{}", said.out);
        assert!(said.out.contains("installation: holds"), "{}", said.out);
        let report = desk.expect(8, &format!("doctor {drill}"));
        assert!(report.out.contains("audit.chains"), "{}", report.out);

        let path = desk.path().join("one.age");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 100;
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        desk.expect(8, "backup verify one.age --identity identity.txt");
        desk.expect(8, "restore one.age --identity identity.txt --data third");
    });
}

#[test]
fn e1_a_checkpoint_shows_a_tail_that_was_cut_with_its_head() {
    on_both(|place| {
        fill(place);
        let lines = place.expect(0, "audit checkpoint").out;
        assert_eq!(lines.lines().filter(|line| line.contains(" 5 ")).count(), 1, "{lines}");
        place.desk.put("marks.txt", &lines);
        place.expect(0, "audit verify --checkpoint marks.txt");
        // Whoever owns the database removes the tail, its head, and what it says of checkpoints.
        let mut cut = Vec::new();
        if place.postgres.is_none() {
            cut.push(place.drop_trigger("audit_record_remains", "audit_record"));
            cut.push(place.drop_trigger("audit_checkpoint_remains", "audit_checkpoint"));
        } else {
            cut.push(place.drop_trigger("audit_checkpoint_stays", "audit_checkpoint"));
        }
        cut.push(place.drop_trigger("audit_record_stays", "audit_record"));
        cut.push(place.drop_trigger("audit_head_advances", "audit_head"));
        cut.extend(
            [
                "DELETE FROM audit_checkpoint",
                "DELETE FROM audit_record WHERE company_id = 5 AND sequence > 2",
                "UPDATE audit_head SET sequence = 2, hash = (SELECT hash FROM audit_record \
                 WHERE company_id = 5 AND sequence = 2) WHERE company_id = 5",
            ]
            .map(Sql::new),
        );
        execute(&place.database, cut);
        place.expect(0, "audit verify");
        let said = place.expect(8, "audit verify --checkpoint marks.txt");
        assert!(said.out.contains("末尾被删"), "{}", said.out);
        let forged = lines.replacen(" 5 ", " 6 ", 1);
        place.desk.put("forged.txt", forged);
        place.expect(8, "audit verify --checkpoint forged.txt");
    });
}

#[test]
fn keys_are_rotated_and_everything_is_exported() {
    on_both(|place| {
        fill(place);
        place.expect(0, "keys rotate --suite chinese");
        let keys = std::fs::read_to_string(place.desk.path().join("books/keys.toml")).unwrap();
        assert!(keys.contains("chinese"));
        place.expect(0, "export --all --company HQ --out everything");
        let folder = place.desk.path().join("everything");
        let lines = std::fs::read_to_string(folder.join("tables/line.csv")).unwrap();
        assert!(lines.contains("XS-261002"), "{lines}");
        let files: Vec<_> = std::fs::read_dir(folder.join("files")).unwrap().collect();
        let file = std::fs::read(files[0].as_ref().unwrap().path()).unwrap();
        assert_eq!(file, SALES.as_bytes(), "sealed anew, and opened again");
        let noted = "SELECT COUNT(*) FROM audit_record WHERE action = 'company.export'";
        assert_eq!(place.number(noted), 1);
        place.expect(6, "export --all --company HQ --out everything");
        place.expect(4, "export --all --company XX --out other");
    });
}

#[test]
fn e4_the_doctor_says_what_keeps_the_audit_records() {
    on_both(|place| {
        fill(place);
        let level = |line: &str| {
            let report: Value = serde_json::from_str(&place.desk.say(line).out).unwrap();
            let findings = report["findings"].as_array().unwrap().clone();
            let found = findings.iter().find(|finding| finding["code"] == "audit.custody").unwrap();
            (found["level"].as_str().unwrap().to_owned(), found["text"][0].to_string())
        };
        let (as_server, said) = level(&format!("doctor --json {}", place.at));
        assert_eq!(as_server, "ok", "{said}");
        if place.postgres.is_some() {
            assert!(said.contains("_server"), "{said}");
            assert_eq!(level(&format!("doctor --json {}", place.owner)).0, "warn");
            let wrong = place.desk.expect(4, &format!("migrate {} --server-role x", place.at));
            assert!(wrong.err.contains("属主"), "{}", wrong.err);
        }
    });
}

#[test]
fn a_database_elsewhere_is_not_spoken_to_in_plain_text() {
    let desk = Desk::new();
    let said = desk.expect(4, "doctor --data books --database postgres://heqi@192.0.2.7/heqi");
    assert!(said.err.contains("sslmode=verify-full"), "{}", said.err);
    assert!(said.err.contains("database_may_be_overheard"), "{}", said.err);
    assert_eq!(desk.names(), Vec::<String>::new());
}

#[test]
fn what_is_missing_is_said_and_nothing_is_begun() {
    let desk = Desk::new();
    for line in ["doctor", "audit verify", "keys rotate", "export --all --out x"] {
        let said = desk.expect(4, &format!("{line} --data nowhere"));
        assert!(said.err.contains("没有数据库"), "{}", said.err);
    }
    let said = desk.expect(2, "backup --data nowhere");
    assert!(said.err.contains("heqi backup identity"), "{}", said.err);
    desk.expect(2, "restore x.age --data nowhere");
    desk.expect(2, "export --out x");
    assert_eq!(desk.names(), Vec::<String>::new());
    let said = desk.expect(4, "--lang en backup verify nothing.age --passphrase-file none.txt");
    assert!(said.err.contains("none.txt"), "{}", said.err);
}
