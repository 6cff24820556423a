//! How long the first page of typical filters takes over a million lines. Not a test of the
//! build: run it by hand, `cargo nextest run -p heqi-server --run-ignored only speed --no-capture`.

use std::time::Instant;

use super::queries::new_line;
use crate::features::ledger::line::{LedgerKind, post};
use crate::features::ledger::query::{self, LineQuery};
use crate::permission::Scope;
use crate::testing::{TestApp, on_both};
use heqi_domain::{CustomerId, Id, Side, day_text};

const CUSTOMERS: i64 = 400;
const LINES: i64 = 1_000_000;

async fn fill(app: &TestApp) -> i64 {
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        let code = format!("C{number:04}");
        customers.push(app.customer(&code, &format!("客户{number:04}商贸有限公司")).await);
    }
    for start in (0..LINES).step_by(100_000) {
        let lines: Vec<_> = (start..start + 100_000)
            .map(|n| {
                let side = if n % 2 == 0 { Side::Ours } else { Side::Theirs };
                let kind = if n % 5 == 0 { LedgerKind::Receipt } else { LedgerKind::Sale };
                let date = day_text(19_700 + i32::try_from(n * 1_000 / LINES).unwrap());
                let customer = customers[usize::try_from(n * 7 % CUSTOMERS).unwrap()];
                let mut line = new_line(customer, side, kind, &date, 100 + n * 7_919 % 5_000_000);
                line.reference = format!("SO-{:08}", n * 31 % 100_000_000);
                line.memo = if n % 1_000 == 0 { "华东区尾款".into() } else { "货款".into() };
                line
            })
            .collect();
        let mut tx = app.app.db.write().await.unwrap();
        post(&mut tx, app.company_number(), "speed", &lines).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
    }
    customers[17]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and takes minutes"]
async fn speed_of_the_first_page_over_a_million_lines() {
    on_both(async |app: TestApp| {
        let began = Instant::now();
        let customer = CustomerId::text(fill(&app).await);
        println!("{LINES} lines in {:?}", began.elapsed());
        let scopes = [
            Scope { all: true, ..Scope::default() },
            Scope { departments: vec!["none".into()], ..Scope::default() },
        ];
        let of = |query: &str| crate::features::ledger::export::parse(query).unwrap();
        let one = format!("customer={customer}");
        let filters: [(&str, usize); 14] = [
            ("", 0),
            (&one, 0),
            ("kind=receipt", 0),
            ("side=theirs", 0),
            ("from=2025-01-01&to=2025-01-31", 0),
            ("state=draft", 0),
            ("amount=123.45", 0),
            ("amount_min=100&amount_max=101", 0),
            ("sort=-amount", 0),
            ("q=SO-00012369", 0),
            ("q=00012369", 0),
            ("q=尾款", 0),
            ("q=没有这个词", 0),
            ("", 1),
        ];
        for (text, scope) in filters {
            let asked: LineQuery = of(text);
            let filter = asked.filter().unwrap();
            let mut took = Vec::new();
            let mut rows = 0;
            for _ in 0..12 {
                let began = Instant::now();
                let mut tx = app.app.db.read().await.unwrap();
                let company = app.company_number();
                let page = query::lines(&mut tx, company, &scopes[scope], &filter, None, 51).await;
                rows = page.unwrap().len();
                took.push(began.elapsed());
            }
            took.sort();
            println!("{text:32} scope {scope}: {rows:3} rows p50 {:?} p95 {:?}", took[6], took[11]);
        }
    })
    .await;
}
