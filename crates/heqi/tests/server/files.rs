//! Invented files: what is in them is known to the test and needs no reading.

/// Reference, day, amount in minor units, as one book states it.
pub type Row = (String, String, i64);

/// The customers that every file speaks of.
pub const CUSTOMERS: usize = 12;

/// Their codes.
pub fn code(customer: usize) -> String {
    format!("C{:02}", customer % CUSTOMERS)
}

/// A file with so many rows whose references begin with `name`; the same for the same name.
pub fn file(name: &str, rows: usize) -> (String, Vec<Row>) {
    let rows: Vec<Row> = (0..rows).map(|at| row(name, at)).collect();
    (text(rows.iter().enumerate()), rows)
}

fn row(name: &str, at: usize) -> Row {
    let day = format!("2026-10-{:02}", 1 + (at / CUSTOMERS) % 28);
    // No amount comes twice, in one file or in two: nothing looks like a possible duplicate.
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let apart = digits.parse().unwrap_or(0) * 1_000_003;
    let amount = 10_000 + apart + (at as i64 * 7_919) % 1_000_003;
    (format!("{name}-{at:05}"), day, if at % 9 == 8 { -amount } else { amount })
}

/// Both books of the same business, with what books differ by: lines that one has not, amounts
/// that differ, references that are missing, payments of several invoices at once.
pub fn both_books(name: &str, rows: usize) -> [String; 2] {
    let ours: Vec<Row> = (0..rows).map(|at| row(name, at)).collect();
    let theirs = ours.iter().enumerate().filter_map(|(at, (reference, day, amount))| {
        let (reference, day) = (reference.clone(), day.clone());
        match (at / CUSTOMERS) % 23 {
            4 => None,
            9 => Some((at, (reference, day, amount + 5_000))),
            14 => Some((at, (String::new(), day, *amount))),
            // The sum of this one and the customer's next one.
            18 => {
                let other = ours.get(at + CUSTOMERS).map_or(0, |row| row.2);
                Some((at, (String::new(), day, amount + other)))
            }
            19 => None,
            _ => Some((at, (reference, day, *amount))),
        }
    });
    let theirs: Vec<(usize, Row)> = theirs.collect();
    [text(ours.iter().enumerate()), text(theirs.iter().map(|(at, row)| (*at, row)))]
}

fn text<'a>(rows: impl Iterator<Item = (usize, &'a Row)>) -> String {
    let mut text = "日期,单据编号,客户,类型,金额,摘要\n".to_owned();
    for (at, (reference, day, amount)) in rows {
        let kind = if *amount < 0 { "收款" } else { "销售" };
        let (yuan, cents) = (amount.abs() / 100, amount.abs() % 100);
        let sign = if *amount < 0 { "-" } else { "" };
        let customer = code(at);
        text.push_str(&format!("{day},{reference},{customer},{kind},{sign}{yuan}.{cents:02},\n"));
    }
    text
}
