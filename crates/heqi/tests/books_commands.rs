//! Goal: A9 and E1 at the terminal: what goes in by `heqi import` comes back from a backup, and
//! a record that somebody changed around the program is named.

mod support;

use std::fs::File;
use std::path::Path;

use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Db, Sql};
use serde_json::Value;
use support::{Desk, Said};

const SALES: &str = "\
日期,单据编号,类型,金额,摘要
2026-10-03,XS-261001,销售,12000.00,泵体 12 台
2026-10-08,XS-261002,销售,3500.00,阀门
2026-10-20,SK-262001,收款,-12000.00,收款
";

/// Statements on the books, past the program.
fn execute(database: &Path, statements: Vec<Sql>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = Options::new(database.to_string_lossy());
        let db = Db::open(&options, SCHEMA).await.unwrap();
        let mut tx = db.write().await.unwrap();
        for statement in statements {
            tx.execute(statement).await.unwrap();
        }
        tx.commit_housekeeping().await.unwrap();
        db.release_slot().await.unwrap();
    });
}

fn number(database: &Path, sql: &'static str) -> i64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = Options::new(database.to_string_lossy());
        let db = Db::open(&options, SCHEMA).await.unwrap();
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

/// Books in `books` with a person, a company, a customer, an imported file; and an identity.
fn books() -> (Desk, String) {
    let desk = Desk::new();
    desk.put("password.txt", "Xq7-riverbank\n");
    let mut create = desk.command();
    create.args(["user", "create", "liting", "--name", "李婷", "--data", "books"]);
    create.stdin(File::open(desk.path().join("password.txt")).unwrap());
    let said = Said::from(create.output().unwrap());
    assert_eq!(said.code, Some(0), "{}", said.err);
    let company = "INSERT INTO company (id, code, name, created_at) VALUES (5, 'HQ', '海仓', 0)";
    let customer = "INSERT INTO customer (id, company_id, code, name, created_at, updated_at) \
                    VALUES (7, 5, 'C001', '华东机电', 0, 0)";
    let database = desk.path().join("books/heqi.db");
    execute(&database, vec![Sql::new(company), Sql::new(customer)]);
    desk.put("sales.csv", SALES);
    let dry = desk.expect(
        0,
        "import sales.csv --customer C001 --side ours --company HQ --dry-run --json --data books",
    );
    let dry: Value = serde_json::from_str(&dry.out).unwrap();
    assert_eq!(dry["committed"], Value::Null, "{dry:#}");
    assert_eq!(dry["counted"]["totals"][0]["rows"], 3, "{dry:#}");
    assert_eq!(number(&database, "SELECT COUNT(*) FROM line"), 0);
    let said = desk.expect(0, "import sales.csv --customer C001 --side ours --data books");
    assert!(said.out.contains("入账 3 行"), "{}", said.out);
    let recipient = desk.expect(0, "backup identity identity.txt").out.trim().to_owned();
    assert!(recipient.starts_with("age1"), "{recipient}");
    (desk, recipient)
}

#[test]
fn a9_e1_books_come_back_from_a_backup_and_a_changed_record_is_named() {
    let (desk, recipient) = books();
    let made = format!("backup --out one.age --with-keys --recipient {recipient} --data books");
    assert_eq!(desk.expect(0, &made).out, "one.age\n");
    desk.expect(6, &made);
    let said = desk.expect(0, "backup verify one.age --identity identity.txt --data books");
    assert!(said.out.contains("备份完好") && said.out.contains("签名无误"), "{}", said.out);
    desk.expect(6, "restore one.age --identity identity.txt --data books");
    desk.expect(0, "restore one.age --identity identity.txt --data drill --into drill/second.db");
    let second = desk.path().join("drill/second.db");
    let sum = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM line WHERE customer_id = 7";
    assert_eq!(number(&second, sum), 350_000);
    let drill = "--data drill --database drill/second.db";
    let report = desk.expect(0, &format!("doctor --json {drill}"));
    let report: Value = serde_json::from_str(&report.out).unwrap();
    assert_eq!(report["ok"], true, "{report:#}");
    let said = desk.expect(0, &format!("audit verify {drill}"));
    assert!(said.out.contains("HQ：完好") && said.out.contains("系统：完好"), "{}", said.out);

    let change = "UPDATE audit_record SET label = 'x' WHERE company_id = 5 AND sequence = 2";
    execute(&second, vec![Sql::new("DROP TRIGGER audit_record_stays"), Sql::new(change)]);
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
}

#[test]
fn e1_a_checkpoint_shows_a_tail_that_was_cut_with_its_head() {
    let (desk, _) = books();
    let lines = desk.expect(0, "audit checkpoint --data books").out;
    assert_eq!(lines.lines().count(), 2, "{lines}");
    desk.put("marks.txt", &lines);
    desk.expect(0, "audit verify --checkpoint marks.txt --data books");
    // Whoever owns the database removes the tail, its head, and what it says of checkpoints.
    let cut = [
        "DROP TRIGGER audit_record_stays",
        "DROP TRIGGER audit_record_remains",
        "DROP TRIGGER audit_head_advances",
        "DROP TRIGGER audit_checkpoint_remains",
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_record WHERE company_id = 5 AND sequence > 2",
        "UPDATE audit_head SET sequence = 2, hash = (SELECT hash FROM audit_record \
         WHERE company_id = 5 AND sequence = 2) WHERE company_id = 5",
    ];
    execute(&desk.path().join("books/heqi.db"), cut.map(Sql::new).to_vec());
    desk.expect(0, "audit verify --data books");
    let said = desk.expect(8, "audit verify --checkpoint marks.txt --data books");
    assert!(said.out.contains("末尾被删"), "{}", said.out);
    let forged = lines.replacen(" 5 ", " 6 ", 1);
    desk.put("forged.txt", forged);
    desk.expect(8, "audit verify --checkpoint forged.txt --data books");
}

#[test]
fn keys_are_rotated_and_everything_is_exported() {
    let (desk, _) = books();
    desk.expect(0, "keys rotate --suite chinese --data books");
    let keys = std::fs::read_to_string(desk.path().join("books/keys.toml")).unwrap();
    assert!(keys.contains("chinese"));
    desk.expect(0, "export --all --company HQ --out everything --data books");
    let folder = desk.path().join("everything");
    let lines = std::fs::read_to_string(folder.join("tables/line.csv")).unwrap();
    assert!(lines.contains("XS-261002"), "{lines}");
    let files: Vec<_> = std::fs::read_dir(folder.join("files")).unwrap().collect();
    let file = std::fs::read(files[0].as_ref().unwrap().path()).unwrap();
    assert_eq!(file, SALES.as_bytes(), "sealed anew, and opened again");
    let noted = "SELECT COUNT(*) FROM audit_record WHERE action = 'company.export'";
    assert_eq!(number(&desk.path().join("books/heqi.db"), noted), 1);
    desk.expect(6, "export --all --company HQ --out everything --data books");
    desk.expect(4, "export --all --company XX --out other --data books");
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
