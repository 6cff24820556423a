//! The store: a million lines in, a million lines out.

use std::ops::Range;
use std::time::Instant;

use heqi_domain::Side;
use heqi_platform::audit::{Event, verify};
use heqi_platform::{Db, Sql};
use heqi_server::app::Shared;
use heqi_server::features;
use heqi_server::features::ledger::{LedgerKind, NewLine, post};
use heqi_server::features::matching::jobs;
use heqi_server::features::matching::load::{Select, load};

use crate::told;

const CUSTOMERS: i64 = 1_000;
const BATCH: usize = 1_000_000;

/// Posts lines of these places, all that a batch holds in one transaction.
pub async fn post_lines(engine: &str, db: &Db, customers: &[i64], lines: Range<usize>) {
    let started = Instant::now();
    let Range { start: mut done, end } = lines.clone();
    while done < end {
        let batch: Vec<NewLine> =
            (done..end.min(done + BATCH)).map(|n| line(n, customers)).collect();
        let mut tx = db.write().await.expect("a transaction");
        let ids = post(&mut tx, 1, "user-1", &batch).await;
        done += ids.expect("posted").len();
        let action = "line.post".to_owned();
        tx.record(Event { company: 1, action, ..Event::default() });
        tx.commit().await.expect("committed");
    }
    told(engine, "L  posted", lines.len(), started);
}

/// Matches what is due, customer by customer, as a server does by itself.
pub async fn match_lines(engine: &str, app: &Shared, lines: usize) {
    let started = Instant::now();
    while jobs::look(app).await.expect("enqueued") > 0 {
        features::runner(app).drain().await;
    }
    told(engine, "I  matched what is due", lines, started);
}

/// Reads them as a run of the matcher does.
pub async fn read_lines(engine: &str, db: &Db, lines: usize) {
    let started = Instant::now();
    let mut tx = db.read().await.expect("a transaction");
    let open = Select::Open { customer: None, as_of: None };
    let loaded = load(&mut tx, 1, &open).await.expect("read");
    assert_eq!(loaded.ids[0].len() + loaded.ids[1].len(), lines);
    told(engine, "R  loaded for the matcher", lines, started);
}

/// Appends as many audit records, a thousand at a time as changes come, and walks through them.
pub async fn verify_chain(engine: &str, db: &Db, records: usize) {
    let event = |n: usize| Event {
        company: 1,
        actor_kind: "user".to_owned(),
        actor: "user-1".to_owned(),
        actor_name: "王芳".to_owned(),
        action: "line.post".to_owned(),
        object: format!("line-{n}"),
        label: format!("XS-{n:08}"),
        detail: format!(r#"{{"amount":{n},"currency":"CNY"}}"#),
        ..Event::default()
    };
    let started = Instant::now();
    for from in (0..records).step_by(1_000) {
        let mut tx = db.write().await.expect("a transaction");
        (from..records.min(from + 1_000)).for_each(|n| tx.record(event(n)));
        tx.commit().await.expect("committed");
    }
    told(engine, "E2 audit records appended", records, started);
    let started = Instant::now();
    let mut tx = db.read().await.expect("a transaction");
    let report = verify(&mut tx, 1, &[]).await.expect("a walk");
    assert_eq!(report.fault, None);
    let walked = usize::try_from(report.good).expect("a count");
    assert!(walked >= records, "{walked}");
    told(engine, "E3 audit chain verified", walked, started);
}

/// A company and its customers; their numbers.
pub async fn customers(db: &Db) -> Vec<i64> {
    let mut tx = db.write().await.expect("a transaction");
    let company = "INSERT INTO company (id, code, name, created_at) VALUES (1, 'B', 'B', 0)";
    tx.execute(Sql::new(company)).await.expect("a company");
    let ids: Vec<i64> = (0..CUSTOMERS).map(|_| tx.next_id()).collect();
    let rows = ids.iter().enumerate().map(|(at, id)| {
        vec![
            (*id).into(),
            1_i64.into(),
            format!("K{at}").into(),
            format!("客户{at}").into(),
            0_i64.into(),
            0_i64.into(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let columns = "id, company_id, code, name, created_at, updated_at";
    tx.insert_many("customer", columns, rows.into_iter()).await.expect("customers");
    tx.commit_housekeeping().await.expect("committed");
    ids
}

/// Two lines in a row are one document in both books.
fn line(n: usize, customers: &[i64]) -> NewLine {
    let document = n / 2;
    let day = document % 28 + 1;
    NewLine {
        reference: format!("XS202610{day:02}-{document:07}"),
        memo: "销售出库".to_owned(),
        due_date: Some(format!("2026-11-{day:02}")),
        ..NewLine::new(
            customers[document * 7919 % customers.len()],
            if n.is_multiple_of(2) { Side::Ours } else { Side::Theirs },
            LedgerKind::Sale,
            &format!("2026-10-{day:02}"),
            (document as i64 * 37) % 9_999_999 + 1,
        )
    }
}
