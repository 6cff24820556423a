//! Discrepancies for tests: both sides posted through the ledger, the finding written by SQL.

use heqi_domain::{AdjustmentId, DiscrepancyId, Id, Side};
use heqi_platform::Sql;

use crate::features::ledger::{self, LedgerKind, NewLine};
use crate::testing::TestApp;

/// A line of either side.
pub(crate) fn line(customer: i64, side: Side, amount: i64, reference: &str, date: &str) -> NewLine {
    NewLine {
        reference: reference.to_owned(),
        memo: "送货".to_owned(),
        ..NewLine::new(customer, side, LedgerKind::Sale, date, amount)
    }
}

/// Posts a line; its number.
pub(crate) async fn post(app: &TestApp, line: NewLine) -> i64 {
    let mut tx = app.app.db.write().await.unwrap();
    let ids = ledger::post(&mut tx, app.company_number(), "test", &[line]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    ids[0]
}

/// A discrepancy between a line of ours and one of theirs; its id as text.
pub(crate) async fn pair(
    app: &TestApp,
    customer: i64,
    reason: &'static str,
    ours: i64,
    theirs: i64,
) -> String {
    let one = post(app, line(customer, Side::Ours, ours, "XS-1001", "2026-10-20")).await;
    let other = post(app, line(customer, Side::Theirs, theirs, "XS-1010", "2026-10-21")).await;
    let mut tx = app.app.db.write().await.unwrap();
    let (id, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO discrepancy (id, company_id, customer_id, currency, content_id, reason, \
         amount, sentence_zh, sentence_en, status, first_seen_at, last_seen_at) \
         VALUES ($1, $2, $3, 'CNY', $4, $5, $6, '双方相差', 'They differ', 'open', $7, $7)",
    );
    let sql = sql.bind(id).bind(app.company_number()).bind(customer).bind(format!("content-{id}"));
    tx.execute(sql.bind(reason).bind(ours - theirs).bind(now)).await.unwrap();
    for (side, line) in [("ours", one), ("theirs", other)] {
        let sql = Sql::new(
            "INSERT INTO discrepancy_line (company_id, discrepancy_id, side, line_id) \
             VALUES ($1, $2, $3, $4)",
        );
        tx.execute(sql.bind(app.company_number()).bind(id).bind(side).bind(line)).await.unwrap();
    }
    tx.commit_housekeeping().await.unwrap();
    DiscrepancyId::text(id)
}

/// A rounding of so many minor units.
pub(crate) async fn rounding(app: &TestApp, customer: i64, amount: i64) -> String {
    pair(app, customer, "rounding", 100_000 + amount, 100_000).await
}

/// An adjustment of it that waits, written by SQL; its id as text.
pub(crate) async fn adjustment(app: &TestApp, discrepancy: &str) -> String {
    let maker = app.client("accountant").await.user;
    let mut tx = app.app.db.write().await.unwrap();
    let (id, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO adjustment (id, company_id, customer_id, currency, discrepancy_id, kind, \
         amount, book_date, account, reason, state, proposed_by, proposed_at) \
         SELECT $1, company_id, customer_id, currency, id, 'adjustment', -amount, '2026-11-01', \
         '6603', '测试', 'proposed', $2, $3 FROM discrepancy WHERE id = $4",
    );
    let discrepancy: DiscrepancyId = discrepancy.parse().unwrap();
    let sql = sql.bind(id).bind(maker).bind(now).bind(discrepancy.number());
    tx.execute(sql).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    AdjustmentId::text(id)
}
