//! Goal: the index of the keyword loses nothing, whatever way the lines came.

use heqi_domain::Side;

use super::queries::{found, new_line, posted};
use crate::features::ledger::line::{LedgerKind, NewLine};
use crate::features::ledger::text;
use crate::testing::{TestApp, on_both};

const MEMOS: [&str; 5] = ["货款", "运费补差", "Freight É", "退货 2箱", ""];

fn lines(customer: i64, from: i64, count: i64) -> Vec<NewLine> {
    let line = |n: i64| NewLine {
        reference: format!("XS-{:05}", n * 7919 % 100_000),
        other_reference: if n % 3 == 0 { format!("fp{n}") } else { String::new() },
        memo: MEMOS[(n % 5) as usize].to_owned(),
        ..new_line(customer, Side::Ours, LedgerKind::Sale, "2026-10-01", n)
    };
    (from..from + count).map(line).collect()
}

/// The amounts of the lines that hold a word, by reading every line.
fn holding(lines: &[NewLine], word: &str) -> Vec<i64> {
    let holds = |line: &&NewLine| {
        let texts = [&line.reference, &line.other_reference, &line.memo];
        texts.iter().any(|text| text.to_lowercase().contains(&word.to_lowercase()))
    };
    let mut amounts: Vec<i64> = lines.iter().filter(holds).map(|line| line.amount).collect();
    amounts.sort_unstable();
    amounts
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyword_finds_the_same_with_its_index_and_without() {
    on_both(async |app: TestApp| {
        let customer = app.customer("HC01", "海仓商贸").await;
        // Many together have an index at once; the others are taken into one in the night.
        let mut all = lines(customer, 100_001, 1_500);
        posted(&app, &all).await;
        for part in 0..4 {
            let few = lines(customer, 200_001 + part * 300, 300);
            posted(&app, &few).await;
            all.extend(few);
        }
        let loose = "SELECT COUNT(*) FROM line WHERE text_chunk IS NULL";
        assert_eq!(app.number(loose).await, 1_200);
        let client = app.client("accountant").await;
        let words =
            ["xs-00", "-007", "791", "79", "fp100", "运费补差", "费补", "补", "freight", "2箱"];
        for night in [false, true] {
            if night {
                let mut tx = app.app.db.write().await.unwrap();
                assert_eq!(text::fold(&mut tx, app.company_number()).await.unwrap(), 1_200);
                assert_eq!(text::fold(&mut tx, app.company_number()).await.unwrap(), 0);
                tx.commit_housekeeping().await.unwrap();
                assert_eq!(app.number(loose).await, 0);
            }
            for word in words {
                let path = app.at(&format!("/lines?limit=500&sort=amount&q={word}"));
                let expected = holding(&all, word);
                assert!(!expected.is_empty(), "{word} should hold something");
                let shown = found(&client, &path).await;
                assert_eq!(shown, expected[..expected.len().min(500)], "{word}, night {night}");
                let path = app.at(&format!("/lines/total?q={word}"));
                let total = client.get(&path).await.expect(200).body;
                assert_eq!(total[0]["lines"], expected.len(), "{word}, night {night}");
            }
            assert!(found(&client, &app.at("/lines?q=xs-99999x")).await.is_empty());
        }
    })
    .await;
}
