//! Goal: the fast reader and the careful one agree to the last bit, wherever blocks are cut.
//! Method: random tables out of all that ledgers hold, read by both, block sizes from 64 bytes.

use heqi_domain::{NoProgress, Side};
use proptest::prelude::*;

use super::*;
use crate::{IntakeError, ReadOptions, Reading};

/// The file as the fast reader reads it in blocks of `block` bytes.
fn by_blocks(
    bytes: &[u8],
    plan: &Plan,
    options: &ReadOptions,
    block: usize,
) -> Option<Result<Reading, IntakeError>> {
    match read_by(&bytes.to_vec(), plan, &options.limits, &NoProgress, block) {
        Ok(fast) => Some(fast.collector.finish(plan, "test.csv", fast.sha256)),
        Err(Refusal::Careful) => None,
        Err(_) => panic!("a buffer can always be read"),
    }
}

/// Holds both readers together; says how often the fast one took the file.
#[track_caller]
fn agree(bytes: &[u8], options: &ReadOptions, blocks: &[usize]) -> usize {
    let Ok((plan, careful)) = crate::read::with_care(&bytes.to_vec(), options) else { return 0 };
    let mut taken = 0;
    for block in blocks {
        let Some(fast) = by_blocks(bytes, &plan, options, *block) else { continue };
        let fast = fast.expect("the careful reader read it");
        let (fast, careful) = (format!("{fast:#?}"), format!("{careful:#?}"));
        if fast != careful {
            let text = String::from_utf8_lossy(bytes);
            let differ = fast.lines().zip(careful.lines()).find(|(one, other)| one != other);
            panic!("block {block}: {differ:?}\n{text}");
        }
        taken += 1;
    }
    taken
}

fn options(keep_text: bool) -> ReadOptions {
    ReadOptions { keep_text, ..ReadOptions::new(Side::Ours) }
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Id,
    Customer,
    Reference,
    Order,
    Date,
    Due,
    Amount,
    Debit,
    Credit,
    Kind,
    Currency,
    Memo,
    Note,
    Extra,
}

impl Field {
    fn name(self, chinese: bool) -> &'static str {
        match (self, chinese) {
            (Self::Id, false) => "line_id",
            (Self::Id, true) => "流水号",
            (Self::Customer, false) => "customer",
            (Self::Customer, true) => "客户名称",
            (Self::Reference, false) => "reference",
            (Self::Reference, true) => "单据号",
            (Self::Order, false) => "order no",
            (Self::Order, true) => "订单号",
            (Self::Date, false) => "date",
            (Self::Date, true) => "日期",
            (Self::Due, false) => "due date",
            (Self::Due, true) => "到期日",
            (Self::Amount, false) => "amount",
            (Self::Amount, true) => "金额",
            (Self::Debit, false) => "debit",
            (Self::Debit, true) => "借方金额",
            (Self::Credit, false) => "credit",
            (Self::Credit, true) => "贷方金额",
            (Self::Kind, false) => "type",
            (Self::Kind, true) => "单据类型",
            (Self::Currency, false) => "currency",
            (Self::Currency, true) => "币种",
            (Self::Memo, false) => "memo",
            (Self::Memo, true) => "摘要",
            (Self::Note, _) => "备注",
            (Self::Extra, _) => "x",
        }
    }

    /// Mostly simple cells; now and then one that needs care.
    fn cell(self) -> BoxedStrategy<String> {
        let simple = match self {
            Self::Id => "[1-9][0-9]{0,6}".boxed(),
            Self::Customer => {
                "(C000[0-9]|上海第[0-9]贸易有限公司|ABC Trading \\(Shanghai\\) Co [0-9])".boxed()
            }
            Self::Reference => "(SO|RT)-[0-9]{4,12}".boxed(),
            Self::Order => "(PO[0-9]{3}|)".boxed(),
            Self::Date | Self::Due => "2026-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])".boxed(),
            Self::Amount | Self::Debit => "-?[0-9]{1,7}(\\.[0-9]{1,2})?".boxed(),
            Self::Credit => "(|0|[0-9]{1,3}\\.[0-9]{2})".boxed(),
            Self::Kind => "(sale|return|payment|收款|销售|其他)".boxed(),
            Self::Currency => "(CNY|USD|人民币|)".boxed(),
            Self::Memo | Self::Note | Self::Extra => {
                "(order [0-9A-F]{8}|delivered, per contract|货款|第[0-9]期货款|total loss|a\nb|)"
                    .boxed()
            }
        };
        let odd = prop_oneof![
            "[ -~]{0,6}",
            "(合计|小计|total|opening balance|期初余额|b/f|null|-|/| x |\t1)",
            "(`5|'7'|=\"12\"|\\(12\\.00\\)|1,234\\.50|1\\.234|１２|12 元|¥5|1E\\+19)",
            "(3\\.2e-1|2026/1/5|20260105|2026-02-30|JPY|1\\.999)",
            "(say \"hi\"|\"|a\r\nb|　|\u{A0}|\u{FEFF}|\u{FFFD}|é|日本円|KWD|XYZ)",
        ];
        prop_oneof![24 => simple, 1 => odd].boxed()
    }
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    use Field::{
        Amount, Credit, Currency, Customer, Date, Debit, Due, Extra, Id, Kind, Memo, Note, Order,
        Reference,
    };
    let columns = prop_oneof![
        Just(vec![Id, Customer, Reference, Date, Amount, Kind, Currency, Memo]),
        Just(vec![Date, Reference, Debit, Credit, Memo]),
        Just(vec![Reference, Order, Date, Due, Amount, Memo, Note, Extra]),
        Just(vec![Customer, Currency, Amount, Date]),
    ];
    columns.prop_shuffle()
}

/// A record as text: cells quoted where they must be, or all of them.
fn record(cells: &[String], separator: char, quote_all: bool, crlf: bool) -> String {
    let special = |it: char| it == separator || matches!(it, '"' | '\n' | '\r');
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| match quote_all || cell.contains(special) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.clone(),
        })
        .collect();
    cells.join(&separator.to_string()) + if crlf { "\r\n" } else { "\n" }
}

fn tables() -> impl Strategy<Value = String> {
    let shape =
        (fields(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    shape.prop_flat_map(|(fields, chinese, quote_all, crlf, tab, cut)| {
        let separator = if tab { '\t' } else { ',' };
        let names: Vec<String> = fields.iter().map(|it| it.name(chinese).to_owned()).collect();
        let head = record(&names, separator, quote_all, crlf);
        let again = head.clone();
        let cells: Vec<BoxedStrategy<String>> = fields.iter().map(|it| it.cell()).collect();
        let row = cells.prop_map(move |cells| record(&cells, separator, quote_all, crlf));
        let ragged = "[a-z0-9合计,\t\"]{0,12}(\r\n|\n)";
        let other = prop_oneof![
            3 => Just("\n".to_owned()),
            1 => Just("合计,,,1.00\n".to_owned()),
            1 => Just("小计,,,\n".to_owned()),
            1 => Just(again),
            1 => ragged,
        ];
        let rows = prop::collection::vec(prop_oneof![40 => row, 1 => other], 1..60);
        rows.prop_map(move |rows| {
            let mut text = head.clone() + &rows.concat();
            if cut && text.ends_with('\n') {
                text.pop();
            }
            text
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]
    #[test]
    fn both_readers_agree(text in tables(), keep_text in any::<bool>(), block in 1_usize..40) {
        agree(text.as_bytes(), &options(keep_text), &[64, block * 64, 1 << 16]);
    }
}

/// A ledger of simple rows, `count` of them; every third memo is quoted.
fn ledger(count: usize) -> String {
    let mut text = "line_id,customer,reference,date,amount,type,currency,memo\n".to_owned();
    for row in 0..count {
        let memo =
            if row % 3 == 0 { format!("\"{row}, per contract\"") } else { format!("m {row}") };
        let (day, month) = (row % 28 + 1, row % 12 + 1);
        text += &format!(
            "{row},C{:07},SO-{row:010},2026-{month:02}-{day:02},{}.{:02},sale,CNY,{memo}\n",
            row % 97,
            row % 5000,
            row % 100,
        );
    }
    text
}

#[test]
fn simple_files_are_taken() {
    let check = |text: &str| {
        assert_eq!(agree(text.as_bytes(), &options(true), &[64, 192, 4096, 1 << 20]), 4, "{text}");
    };
    check(&ledger(2_000));
    check(ledger(100).trim_end());
    check(&ledger(100).replace('\n', "\r\n"));
    check(&("\u{FEFF}".to_owned() + &ledger(10)));
    check(&ledger(300).replace("m ", "合计\n"));
    check(&ledger(300).replace(", per contract", "\n\nline breaks, 换行\n"));
    check(&ledger(300).replace("2026-01-05", "2026年1月5日").replace("\n7,", "\n\n\n7,"));
    check("date,debit,credit\n2026-01-01,5.00,\n2026-01-02,,3\n2026-01-03,1,1\n合计,6.00,4.00\n");
    check("a preamble\n\n日期,单据号,金额\n2026-01-01,A1,1.5\n2026-01-02,A2,\"1,234.50\"\n");
}

#[test]
fn odd_files_are_left_to_the_careful_reader() {
    let check = |text: &[u8]| {
        let (plan, _) = crate::read::with_care(&text.to_vec(), &options(true)).expect("readable");
        for block in [64, 1 << 16] {
            assert!(by_blocks(text, &plan, &options(true), block).is_none());
        }
    };
    let ledger = ledger(400);
    check(ledger.replace("m 380", "5\" pipe").as_bytes());
    check(ledger.replace("m 380", "\"open").as_bytes());
    check(ledger.replace("m 380", "a\rb").as_bytes());
    check(ledger.replace("\n380,", "\n`380,").as_bytes());
    let long = format!("\"{}\"", "long\n".repeat(20_000));
    check(ledger.replace("m 380", &long).as_bytes());
    let mut broken = ledger.into_bytes();
    let place = broken.len() - 3;
    broken[place] = 0xFF;
    // The head is UTF-8, and so is what the sniffer looks at; the tail is not.
    let mut options = options(true);
    options.keep_text = false;
    if let Ok((plan, _)) = crate::read::with_care(&broken, &options) {
        assert!(by_blocks(&broken, &plan, &options, 64).is_none());
    }
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let text = ledger(500);
    let (plan, careful) =
        crate::read::with_care(&text.as_bytes().to_vec(), &options(true)).expect("readable");
    let expected: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    assert_eq!(careful.sha256, expected);
    for block in [64, 1024, 1 << 20] {
        let fast = by_blocks(text.as_bytes(), &plan, &options(true), block);
        assert_eq!(fast.expect("taken").expect("read").sha256, expected);
    }
}
