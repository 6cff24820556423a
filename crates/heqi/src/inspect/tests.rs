//! What `heqi inspect` shows of a hand-made reading.

use heqi_domain::{Lines, Side};
use heqi_intake::{Column, ControlTotals, Format, RejectReason, Warning};

use super::*;

fn reading() -> Reading {
    let column = |name: &str, role, confidence| Column { name: name.into(), role, confidence };
    Reading {
        lines: Lines::new(Side::Ours),
        rejects: vec![Reject {
            row: 117,
            column: "金额".into(),
            value: "见附件".into(),
            reason: RejectReason::AmountUnreadable,
        }],
        inspection: Inspection {
            format: Format::Csv,
            encoding: Some("gb18030".into()),
            separator: Some(",".into()),
            sheet: None,
            header_row: Some(5),
            columns: vec![
                column("交易日期", Role::Date, 98),
                column("金额", Role::Amount, 55),
                column("备用", Role::Ignored, 0),
            ],
            rows: 1204,
            rejected: 1,
            sum: "-1234567.80".into(),
            opening: Some("0.00".into()),
            closing: None,
            first: Some("2026-10-01".into()),
            last: Some("2026-10-31".into()),
            orientation: Orientation::Receivable,
            stated_customer: None,
            warnings: vec![Warning {
                code: "running_balance_break".into(),
                row: Some(17),
                en: "row 17: the balance is 9.00, the rows before make it 8.00".into(),
                zh: "第 17 行余额为 9.00，按前后行推算应为 8.00，可能缺行".into(),
            }],
        },
        control: ControlTotals::default(),
        sha256: [0; 32],
    }
}

#[test]
fn shows_the_reading_in_chinese() {
    let expected = "\
文件       bill.csv
格式       文本表格（GB18030，逗号分隔）
表头       第 5 行
明细       1,204 行读入，1 行未读入
日期       2026-10-01 至 2026-10-31
合计       -1,234,567.80
期初余额   0.00
口径       应收口径：借方或正数为客户多欠

列号   列名       用作     把握
   1   交易日期   日期     98 %
   2   金额       金额     55 %
   3   备用       不使用

提示
  第 17 行余额为 9.00，按前后行推算应为 8.00，可能缺行

未读入的行
  第 117 行「金额」见附件：金额无法识别。改成 1234.56 这样的数字
";
    assert_eq!(render("bill.csv", &reading(), &Terminal::plain(Lang::Zh)), expected);
}

#[test]
fn shows_the_reading_in_english() {
    let text = render("bill.csv", &reading(), &Terminal::plain(Lang::En));
    for line in [
        "Format    delimited text (GB18030, comma)",
        "Lines     1,204 accepted, 1 rejected",
        "Dates     2026-10-01 to 2026-10-31",
        "  1   交易日期   date       98 %",
        "  row 117 金额 \"见附件\": the amount is not a number; write it as a plain number such as \
         1234.56",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n--\n{text}");
    }
}
