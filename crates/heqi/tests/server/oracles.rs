//! Whether books are whole (trust.md section 4), asked in SQL of the database and computed from
//! the descriptions of the formats: nothing here uses what it judges.
//!
//! What only who asked can know, O7 and half of O1 and O8, is [`imported`]. The comparison with
//! an uninterrupted run is [`outcome`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::books::{Books, bytes, hex};
use crate::files::Row;
use crate::invariants::{EFFECTS, NOTHING};

/// O1 to O9, as far as the books alone can tell.
#[track_caller]
pub fn whole(books: &Books) {
    // One snapshot: the server may be at work.
    books.run(match books.is_postgres() {
        true => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        false => "BEGIN",
    });
    for (what, sql) in NOTHING {
        let found = books.rows(sql);
        assert!(found.is_empty(), "{what}: {found:?}");
    }
    for (action, effects) in EFFECTS {
        let noted = format!("SELECT COUNT(*) FROM audit_record WHERE action = '{action}'");
        assert_eq!(books.number(effects), books.number(&noted), "O6 {action}: effects, records");
    }
    chains(books);
    seals(books);
    if !books.is_postgres() {
        assert!(books.rows("PRAGMA foreign_key_check").is_empty(), "O9");
    }
    books.run("ROLLBACK");
}

/// O9: what the engine itself says of its pages and indexes.
#[track_caller]
pub fn pages(books: &Books) {
    if !books.is_postgres() {
        assert_eq!(books.rows("PRAGMA integrity_check"), [["ok"]], "O9");
        return;
    }
    let there = "SELECT COUNT(*) FROM pg_available_extensions WHERE name = 'amcheck'";
    if books.number(there) == 0 {
        eprintln!("SKIPPED: O9, this PostgreSQL has no amcheck");
        return;
    }
    books.run("CREATE EXTENSION IF NOT EXISTS amcheck");
    let tables = "SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = \
                  'public'::regnamespace";
    for table in books.rows(tables) {
        let faults = format!("SELECT blkno, offnum, msg FROM verify_heapam({})", table[0]);
        assert!(books.rows(&faults).is_empty(), "O9 {:?}", books.rows(&faults));
        // Ends with an error where an index does not hold every row, or in another order.
        books.rows(&format!(
            "SELECT bt_index_parent_check(indexrelid, TRUE) FROM pg_index WHERE indrelid = {}",
            table[0]
        ));
    }
}

/// O1, O7, O8: every acknowledged file is posted once, row for row, and every other one wholly
/// or not at all. Each upload of these tests has a name of its own.
#[track_caller]
pub fn imported(books: &Books, acknowledged: &[(String, Vec<Row>)]) {
    let twice = "SELECT file_name FROM import_batch GROUP BY file_name HAVING COUNT(*) > 1";
    assert!(books.rows(twice).is_empty(), "O8 received twice: {:?}", books.rows(twice));
    for (name, rows) in acknowledged {
        let mut posted = books.rows(&format!(
            "SELECT l.reference, l.business_date, l.amount FROM line l JOIN import_batch b \
             ON b.id = l.batch_id WHERE b.file_name = '{name}' AND b.state = 'committed' \
             AND l.state = 'posted'"
        ));
        let row = |row: &Row| vec![row.0.clone(), row.1.clone(), row.2.to_string()];
        let mut expected: Vec<Vec<String>> = rows.iter().map(row).collect();
        posted.sort();
        expected.sort();
        assert_eq!(posted.len(), expected.len(), "O7 the rows of {name}");
        assert!(posted == expected, "O1 the rows of {name}");
    }
}

/// What matching has made of the books, by the content of the lines alone: groups, what waits
/// for a person, what is left of either side, discrepancies. Equal for equal books on any engine.
pub fn outcome(books: &Books) -> Vec<String> {
    let groups = books.rows(
        "SELECT g.id, g.status, g.state, g.pass, g.reason, g.difference, l.side, l.reference, \
         l.business_date, l.amount FROM match_group g JOIN group_member m ON m.group_id = g.id \
         JOIN line l ON l.id = m.line_id WHERE g.status IN ('live', 'suggested') \
         ORDER BY g.id, l.side, l.reference, l.business_date, l.amount",
    );
    let found = books.rows(
        "SELECT d.id, d.status, d.reason, d.amount, d.currency, d.sentence_zh, l.side, \
         l.reference, l.business_date, l.amount FROM discrepancy d JOIN discrepancy_line m \
         ON m.discrepancy_id = d.id JOIN line l ON l.id = m.line_id WHERE d.status <> 'gone' \
         ORDER BY d.id, l.side, l.reference, l.business_date, l.amount",
    );
    let left = books.rows(
        "SELECT 'left', l.side, l.reference, l.business_date, l.amount FROM line l \
         WHERE l.state = 'posted' AND NOT EXISTS (SELECT 1 FROM line_claim c \
         WHERE c.line_id = l.id)",
    );
    let mut all: Vec<String> = left.iter().map(|row| row.join(" ")).collect();
    for rows in [groups, found] {
        let members = rows.chunk_by(|one, next| one[0] == next[0]);
        all.extend(members.map(|rows| {
            let lines: Vec<String> = rows.iter().map(|row| row[6..].join(" ")).collect();
            format!("{}: {}", rows[0][1..6].join(" "), lines.join(", "))
        }));
    }
    all.sort();
    all
}

/// O6: every chain from its genesis, and every checkpoint that was given out.
#[track_caller]
fn chains(books: &Books) {
    let heads = books.rows("SELECT company_id, sequence, hash FROM audit_head");
    let lines = books.rows(
        "SELECT company_id, line FROM audit_checkpoint \
         UNION ALL SELECT company_id, checkpoint FROM period_seal",
    );
    let all = books.number("SELECT COUNT(*) FROM audit_record");
    let mut seen = 0;
    for head in &heads {
        let company: i64 = head[0].parse().unwrap();
        let records = books.rows(&format!(
            "SELECT sequence, at, actor_kind, actor, actor_name, action, object, label, detail, \
             request, address, previous, hash FROM audit_record WHERE company_id = {company} \
             ORDER BY sequence"
        ));
        let mut previous = Encoder::new("heqi.audit.genesis.v1").number(company).end();
        let mut hashes = vec![previous.clone()];
        for (at, record) in records.iter().enumerate() {
            assert_eq!(record[0], (at + 1).to_string(), "O6 a gap in chain {company}");
            assert_eq!(bytes(&record[11]), previous, "O6 chain {company}, record {}", at + 1);
            let mut hash = Encoder::new("heqi.audit.record.v1").number(company);
            hash = hash.number(record[0].parse().unwrap()).number(record[1].parse().unwrap());
            for field in &record[2..11] {
                hash = hash.bytes(field.as_bytes());
            }
            previous = hash.bytes(&previous).end();
            assert_eq!(bytes(&record[12]), previous, "O6 chain {company}, record {}", at + 1);
            hashes.push(previous.clone());
        }
        assert_eq!(head[1], records.len().to_string(), "O6 the head of chain {company}");
        assert_eq!(bytes(&head[2]), previous, "O6 the head of chain {company}");
        seen += records.len() as i64;
        for line in lines.iter().filter(|line| line[0] == head[0]) {
            let words: Vec<&str> = line[1].split(' ').collect();
            let sequence: usize = words[2].parse().unwrap();
            let hash = URL_SAFE_NO_PAD.decode(words[3]).unwrap();
            assert_eq!(hashes.get(sequence), Some(&hash), "O6 checkpoint {}", line[1]);
        }
    }
    assert_eq!(seen, all, "O6 a record in no chain");
}

/// O4 and O5: every seal says what was signed, and what was signed adds up.
#[track_caller]
fn seals(books: &Books) {
    let sealed = books.rows(
        "SELECT s.snapshot, s.digest, p.company_id, p.customer_id, p.currency, p.first_day, \
         p.last_day, CASE WHEN s.reopened_at IS NULL THEN 1 ELSE 0 END FROM period_seal s \
         JOIN period p ON p.id = s.period_id \
         ORDER BY p.company_id, p.customer_id, p.currency, p.first_day, s.number",
    );
    // Account, and the closings of the period before.
    let mut before: Option<([String; 3], [i64; 2])> = None;
    for row in &sealed {
        let snapshot: Value = serde_json::from_str(&row[0]).unwrap();
        assert_eq!(hex(&digest(&snapshot)), hex(&bytes(&row[1])), "O5 {snapshot}");
        let account = [row[2].clone(), row[3].clone(), row[4].clone()];
        let [first, last] = [&row[5], &row[6]];
        let mut closings = [0; 2];
        for (at, side) in ["ours", "theirs"].into_iter().enumerate() {
            let of = |name: &str| snapshot[side][name].as_i64().unwrap();
            closings[at] = of("closing");
            let rolled = of("opening") + of("debit") - of("credit");
            assert_eq!(rolled, of("closing"), "O4 {side} {snapshot}");
            if row[7] == "1" {
                let sum = books.number(&format!(
                    "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM line \
                     WHERE customer_id = {} AND currency = '{}' AND side = '{side}' \
                     AND state = 'posted' AND posting_date <= '{last}'",
                    row[3], row[4]
                ));
                assert_eq!(of("closing"), sum, "O4 the balance of {side}, {account:?} {last}");
            }
        }
        if row[7] == "1" {
            let said = snapshot["lines_digest"].as_str().unwrap();
            assert_eq!(said, lines_digest(books, &account, [first, last]), "O5 lines {account:?}");
            if let Some((of, closing)) = before.as_ref().filter(|(of, _)| *of == account) {
                let opening = |side: &str| snapshot[side]["opening"].as_i64().unwrap();
                assert_eq!([opening("ours"), opening("theirs")], *closing, "O4 {of:?} {first}");
            }
            before = Some((account, closings));
        }
        let parts: i64 = snapshot["breakdown"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["amount"].as_i64().unwrap())
            .sum();
        assert_eq!(parts, closings[0] - closings[1], "O3 {snapshot}");
    }
}

fn lines_digest(
    books: &Books,
    [company, customer, currency]: &[String; 3],
    days: [&str; 2],
) -> String {
    let lines = books.rows(&format!(
        "SELECT id, side, amount, posting_date, business_date, content FROM line \
         WHERE company_id = {company} AND customer_id = {customer} AND currency = '{currency}' \
         AND state = 'posted' AND posting_date BETWEEN '{}' AND '{}' ORDER BY id",
        days[0], days[1]
    ));
    let mut into = Encoder::new("heqi.period.lines.v1");
    for line in lines {
        into = into.number(line[0].parse().unwrap()).number((line[1] == "ours").into());
        into = into.number(line[2].parse().unwrap()).bytes(line[3].as_bytes());
        into = into.bytes(line[4].as_bytes()).bytes(&bytes(&line[5]));
    }
    hex(&into.end())
}

fn digest(snapshot: &Value) -> Vec<u8> {
    let text = |value: &Value| value.as_str().unwrap_or_default().as_bytes().to_vec();
    let number = |value: &Value| value.as_i64().unwrap();
    let mut into = Encoder::new("heqi.period.v1");
    for name in [
        "company",
        "customer",
        "currency",
        "span",
        "first_day",
        "last_day",
        "excuse",
        "lines_digest",
        "previous_digest",
    ] {
        into = into.bytes(&text(&snapshot[name]));
    }
    for side in ["ours", "theirs"] {
        for name in ["opening", "debit", "credit", "closing", "lines"] {
            into = into.number(number(&snapshot[side][name]));
        }
    }
    let breakdown = snapshot["breakdown"].as_array().unwrap();
    into = into.number(breakdown.len() as i64);
    for share in breakdown {
        into = into.bytes(&text(&share["reason"]));
        into = into.number(number(&share["amount"])).number(number(&share["count"]));
    }
    let items = snapshot["items"].as_array().unwrap();
    into = into.number(items.len() as i64);
    for item in items {
        into = into.bytes(&text(&item["reason"])).number(number(&item["amount"]));
        into = into.bytes(&text(&item["discrepancy"]));
        into = into.number(item["carried_in"].as_bool().unwrap().into());
        let lines = item["lines"].as_array().unwrap();
        into = into.number(lines.len() as i64);
        for line in lines {
            into = into.bytes(&text(line));
        }
    }
    into.end()
}

/// The encoding of both formats: every field with its length, numbers as 8 bytes.
struct Encoder(Sha256);

impl Encoder {
    fn new(domain: &str) -> Self {
        Self(Sha256::new()).bytes(domain.as_bytes())
    }

    fn bytes(mut self, field: &[u8]) -> Self {
        self.0.update((field.len() as u64).to_le_bytes());
        self.0.update(field);
        self
    }

    fn number(self, number: i64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    fn end(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}
