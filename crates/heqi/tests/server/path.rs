//! Goal: the whole path of the house, steps 1 to 5 and 8, on the invented wholesale firm.
//! Method: `heqi demo` does it as a scripted session through the API; then the database itself is
//! asked whether the books are whole.

use std::process::Command;

use heqi_platform::audit;
use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Db, Sql};

#[tokio::test(flavor = "multi_thread")]
async fn a_firm_goes_from_files_to_signed_periods() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_heqi"));
    demo.args(["demo", "--no-serve", "--lang", "en", "--data"]).arg(folder.path());
    let told = demo.output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let address = folder.path().join("heqi.db").display().to_string();
    let db = Db::open(&Options::new(address), SCHEMA).await.unwrap();
    let mut tx = db.read().await.unwrap();
    let mut ask = async |sql: &'static str| tx.count(Sql::new(sql)).await.unwrap();
    assert_eq!(ask("SELECT COUNT(*) FROM customer").await, 40);
    // Five months are signed, the sixth is in work.
    let signed = ask("SELECT COUNT(*) FROM period WHERE state = 'signed'").await;
    assert_eq!(signed, 200);
    let late = "SELECT COUNT(*) FROM period WHERE span = '2026-10' AND state = 'signed'";
    assert_eq!(ask(late).await, 0);
    let kinds = "SELECT COUNT(DISTINCT kind) FROM line WHERE side = 'ours'";
    assert!(ask(kinds).await >= 12);
    // O2: no line in two live groups; every claim is a member of a live group.
    let twice = "SELECT COUNT(*) FROM (SELECT m.line_id FROM group_member m JOIN match_group g \
        ON g.id = m.group_id WHERE g.status = 'live' GROUP BY m.line_id HAVING COUNT(*) > 1)";
    assert_eq!(ask(twice).await, 0);
    let stray = "SELECT COUNT(*) FROM line_claim c WHERE NOT EXISTS (SELECT 1 FROM group_member m \
        JOIN match_group g ON g.id = m.group_id WHERE g.status = 'live' \
        AND g.id = c.group_id AND m.line_id = c.line_id)";
    assert_eq!(ask(stray).await, 0);
    // O3: the difference of a group is that of its lines.
    let crooked = "SELECT COUNT(*) FROM (SELECT g.id FROM match_group g JOIN group_member m \
        ON m.group_id = g.id JOIN line l ON l.id = m.line_id WHERE g.status = 'live' \
        GROUP BY g.id, g.difference HAVING g.difference <> \
        SUM(CASE WHEN l.side = 'ours' THEN l.amount ELSE -l.amount END))";
    assert_eq!(ask(crooked).await, 0);
    // O5: nothing unposted or undated hides; voucher numbers have no gap.
    let gaps = "SELECT COUNT(*) FROM (SELECT side, substr(posting_date, 1, 4) AS year, \
        MAX(voucher_no) - COUNT(*) AS gap FROM line GROUP BY side, year) WHERE gap <> 0";
    assert_eq!(ask(gaps).await, 0);
    let companies = tx.rows(Sql::new("SELECT company_id FROM audit_head")).await.unwrap();
    for row in companies {
        let report = audit::verify(&mut tx, row.get("company_id").unwrap(), &[]).await.unwrap();
        assert_eq!(report.fault, None);
    }
}
