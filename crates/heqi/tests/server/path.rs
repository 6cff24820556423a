//! Goal: the whole path of the house, steps 1 to 5 and 8, on the invented wholesale firm.
//! Method: `heqi demo` does it as a scripted session through the API; then the database itself is
//! asked whether the books are whole, and whether who asks would notice if they were not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use crate::books::Books;
use crate::oracles;

#[test]
fn a_firm_goes_from_files_to_signed_periods() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_heqi"));
    demo.args(["demo", "--no-serve", "--lang", "en", "--data"]).arg(folder.path());
    let told = demo.output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let file = folder.path().join("heqi.db");
    let books = Books::open(&file.display().to_string());
    assert_eq!(books.number("SELECT COUNT(*) FROM customer"), 40);
    // Five months are signed, the sixth is in work.
    assert_eq!(books.number("SELECT COUNT(*) FROM period WHERE state = 'signed'"), 200);
    let late = "SELECT COUNT(*) FROM period WHERE span = '2026-10' AND state = 'signed'";
    assert_eq!(books.number(late), 0);
    let kinds = "SELECT COUNT(DISTINCT kind) FROM line WHERE side = 'ours'";
    assert!(books.number(kinds) >= 12);
    oracles::whole(&books);
    oracles::pages(&books);
    drop(books);
    the_oracles_notice(&file, folder.path());
}

/// What a fault might leave behind, and which oracle has to see it.
const DAMAGE: &[(&str, &str)] = &[
    ("O1", "DELETE FROM line WHERE id = (SELECT MIN(id) FROM line WHERE batch_id IS NOT NULL)"),
    (
        "O1",
        "UPDATE import_batch SET state = 'checked' WHERE id = (SELECT MAX(id) FROM import_batch)",
    ),
    ("O1", "DELETE FROM blob_part WHERE digest = (SELECT MIN(digest) FROM blob_part)"),
    ("O2", "DELETE FROM line_claim WHERE line_id = (SELECT MIN(line_id) FROM line_claim)"),
    (
        "O2",
        "UPDATE match_group SET status = 'undone' WHERE id = (SELECT MIN(group_id) \
      FROM line_claim)",
    ),
    (
        "O3",
        "UPDATE match_group SET difference = difference + 1 WHERE id = (SELECT MIN(group_id) \
      FROM line_claim)",
    ),
    (
        "O4",
        "UPDATE line SET voucher_no = NULL WHERE id = (SELECT MIN(id) FROM line \
      WHERE batch_id IS NULL)",
    ),
    (
        "O4",
        "CREATE TABLE one AS SELECT m.line_id, d.id FROM discrepancy d \
      JOIN discrepancy_line m ON m.discrepancy_id = d.id JOIN line l ON l.id = m.line_id \
      WHERE d.status <> 'gone' AND l.side = 'ours' AND l.posting_date < '2026-10-01' \
      AND NOT EXISTS (SELECT 1 FROM group_member g WHERE g.line_id = l.id) LIMIT 1; \
      UPDATE line SET amount = amount + 1 WHERE id = (SELECT line_id FROM one); \
      UPDATE discrepancy SET amount = amount + 1 WHERE id = (SELECT id FROM one)",
    ),
    ("O5", "DELETE FROM period_seal WHERE period_id = (SELECT MIN(id) FROM period)"),
    ("O5", "UPDATE period SET state = 'approved' WHERE id = (SELECT MIN(id) FROM period)"),
    ("O5", "UPDATE customer SET locked_through = '' WHERE id = (SELECT MIN(id) FROM customer)"),
    (
        "O5",
        "UPDATE period_seal SET snapshot = replace(snapshot, '\"excuse\":\"', \
      '\"excuse\":\"x'); UPDATE period SET snapshot = replace(snapshot, '\"excuse\":\"', \
      '\"excuse\":\"x')",
    ),
    (
        "O5",
        "UPDATE line SET content = x'00' WHERE id = (SELECT MIN(id) FROM line \
      WHERE state = 'posted' AND posting_date BETWEEN '2026-05-01' AND '2026-05-31')",
    ),
    ("O6", "UPDATE audit_record SET label = label || 'x' WHERE company_id <> 0 AND sequence = 3"),
    (
        "O6",
        "INSERT INTO audit_record SELECT company_id, sequence + 1000000, at, actor_kind, \
      actor, actor_name, action, object, label, detail, request, address, previous, hash \
      FROM audit_record WHERE action = 'import.commit' LIMIT 1",
    ),
    ("O6", "UPDATE audit_head SET sequence = sequence - 1"),
];

fn the_oracles_notice(file: &Path, folder: &Path) {
    for (at, (oracle, damage)) in DAMAGE.iter().enumerate() {
        let copy = folder.join(format!("copy-{at}.db"));
        std::fs::copy(file, &copy).unwrap();
        let books = Books::open(&copy.display().to_string());
        for trigger in books.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'") {
            books.run(&format!("DROP TRIGGER {}", trigger[0]));
        }
        books.run(damage);
        let said = catch_unwind(AssertUnwindSafe(|| oracles::whole(&books)));
        let said = said.expect_err(damage);
        let said = said.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(said.contains(oracle), "{damage}\n{said}");
        std::fs::remove_file(&copy).unwrap();
    }
}
