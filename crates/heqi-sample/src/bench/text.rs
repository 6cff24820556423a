//! The benchmark's CSV text, row by row through one buffer.

use std::io::{self, Write};

use heqi_domain::{push_day, push_decimal};

use super::line::{BenchLine, Class};

pub(super) const HEADER: &str = "line_id,customer_id,ref,doc_date,amount,type,currency,memo\n";
const KINDS: [(&str, &str); 5] =
    [("SO", "sale"), ("RT", "return"), ("AD", "adjust"), ("PY", "payment"), ("RF", "refund")];
const CURRENCIES: [&str; 3] = ["CNY", "USD", "HKD"];
/// 2026-01-01.
const FIRST_DAY: i32 = 20_454;
const FULL: usize = 1 << 16;

/// Rows gathered until there is enough to write.
pub(super) struct RowBuffer<'a, W> {
    out: &'a mut W,
    rows: String,
}

impl<'a, W: Write> RowBuffer<'a, W> {
    pub(super) fn new(out: &'a mut W) -> Self {
        Self { out, rows: String::with_capacity(FULL + 1024) }
    }

    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.rows.push_str(text);
        self.flush_if_full()
    }

    pub(super) fn line(&mut self, id: u64, line: &BenchLine) -> io::Result<()> {
        let row = &mut self.rows;
        push_decimal(row, i128::from(id), 0);
        row.push_str(",C");
        push_padded(row, line.customer.into(), 7);
        row.push(',');
        push_reference(row, line);
        row.push(',');
        push_day(row, FIRST_DAY + line.day as i32);
        row.push(',');
        push_decimal(row, i128::from(line.amount), 2);
        row.push(',');
        row.push_str(KINDS[line.kind as usize].1);
        row.push(',');
        row.push_str(CURRENCIES[line.currency as usize]);
        row.push(',');
        push_memo(row, line.memo);
        row.push('\n');
        self.flush_if_full()
    }

    pub(super) fn truth(
        &mut self,
        theirs: Option<u64>,
        ours: Option<u64>,
        class: Class,
    ) -> io::Result<()> {
        for id in [theirs, ours] {
            if let Some(id) = id {
                push_decimal(&mut self.rows, id.into(), 0);
            }
            self.rows.push(',');
        }
        self.rows.push_str(class.code());
        self.rows.push('\n');
        self.flush_if_full()
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.rows.len() >= FULL {
            self.out.write_all(self.rows.as_bytes())?;
            self.rows.clear();
        }
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.out.write_all(self.rows.as_bytes())?;
        self.out.flush()
    }
}

fn push_padded(out: &mut String, number: u64, width: u32) {
    let digits = number.checked_ilog10().unwrap_or(0) + 1;
    for _ in digits..width {
        out.push('0');
    }
    push_decimal(out, number.into(), 0);
}

/// `SO-0000000012` and six other ways to write it.
fn push_reference(out: &mut String, line: &BenchLine) {
    let series = if line.own_series { "PX" } else { KINDS[line.kind as usize].0 };
    if line.form == 4 {
        out.push_str("PO#");
    }
    match line.form {
        1 => series.bytes().for_each(|letter| out.push(letter.to_ascii_lowercase().into())),
        _ => out.push_str(series),
    }
    match line.form {
        2 => {}
        5 => out.push(' '),
        6 => out.push('/'),
        _ => out.push('-'),
    }
    push_padded(out, line.number, if line.form == 3 { 0 } else { 10 });
}

/// 14 to 35 characters; a third of the memos hold a comma and are quoted.
fn push_memo(out: &mut String, memo: u32) {
    let quote = if memo % 3 == 1 { "\"" } else { "" };
    let tail = [" delivered to warehouse", ", per contract", ""][memo as usize % 3];
    out.push_str(quote);
    out.push_str("order ");
    let digits = memo.checked_ilog2().unwrap_or(0) / 4;
    for place in (0..=digits).rev() {
        out.push(char::from(b"0123456789ABCDEF"[(memo >> (place * 4) & 15) as usize]));
    }
    out.push_str(tail);
    out.push_str(quote);
}
