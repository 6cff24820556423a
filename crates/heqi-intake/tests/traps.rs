//! Goal: the 24 import traps of formats.md H, one fixture each and more. Method: the bytes of a
//! small file, then its lines as `row date amount reference`.

mod common;

use common::{
    column, encoded, good, lines, read, read_with, rejects, shared, sheet_rows, utf16, warnings,
    xlsx, xlsx_parts, zip,
};
use encoding_rs::{BIG5, GB18030};
use heqi_domain::{Currency, Side};
use heqi_intake::{Format, IntakeError, Orientation, ReadOptions, Role, View};

#[track_caller]
fn check(name: &str, text: &str, expected: &[&str]) {
    let reading = good(name, text.as_bytes());
    assert_eq!(lines(&reading), expected, "{:?}", rejects(&reading));
}

#[test]
fn trap_01_encodings() {
    let text = "日期,单据号,摘要,金额\n2026-01-05,XS001,货款余额,100.50\n2026-01-06,XS002,收到客户\
        付款,-20\n";
    let expected = ["2 2026-01-05 100.50 XS001", "3 2026-01-06 -20.00 XS002"];
    let mut bom = vec![0xEF, 0xBB, 0xBF];
    bom.extend(text.as_bytes());
    let wide_big: Vec<u8> =
        [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    let bare: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "utf-8"),
        (bom, "utf-8-sig"),
        (encoded(GB18030, text), "gb18030"),
        (utf16(text), "utf-16"),
        (wide_big, "utf-16"),
        (bare, "utf-16"),
    ] {
        let reading = good("a.csv", &bytes);
        assert_eq!(reading.inspection.encoding.as_deref(), Some(encoding));
        assert_eq!(lines(&reading), expected, "{encoding}");
        assert_eq!(reading.lines.text_of(1), "收到客户付款", "{encoding}");
    }
    let traditional = "日期,單據號碼,摘要,金額\n2026-01-05,XS001,貨款餘額,100.50\n\
        2026-01-06,XS002,銀行轉帳收款,-20\n";
    let reading = good("a.csv", &encoded(BIG5, traditional));
    assert_eq!(reading.inspection.encoding.as_deref(), Some("big5"));
    assert_eq!(lines(&reading), expected);
    assert_eq!(reading.lines.text_of(1), "銀行轉帳收款");
}

#[test]
fn trap_02_preamble_of_any_length() {
    for length in [0, 1, 7, 24, 120] {
        let mut text = String::new();
        for number in 0..length {
            text.push_str(&format!("{number}.本回单内容，仅供参考；金额以柜台为准\n"));
        }
        text.push_str("交易日期,单号,金额\n2026-01-05,A1,1.00\n2026-01-06,A2,2.00\n");
        let reading = good("a.csv", text.as_bytes());
        assert_eq!(reading.inspection.header_row, Some(length + 1));
        assert_eq!(reading.inspection.rows, 2);
    }
}

#[test]
fn trap_03_trailing_totals_and_notes() {
    let text = "日期,单号,摘要,金额\n2026-01-05,A1,货款,1.00\n2026-01-06,A2,货款,2.00\n,,合计\
        ,3.00\n\n制单：张三,复核：李四\n以上数据仅供参考|具体内容请以柜台为准\n#导出时间：[2026年\
        06月05日]\n";
    check("a.csv", text, &["2 2026-01-05 1.00 A1", "3 2026-01-06 2.00 A2"]);
    let reading = good("a.csv", text.as_bytes());
    assert!(reading.rejects.is_empty());
    assert_eq!(warnings(&reading), ["remarks_skipped"]);
    // A total that does not agree is told with its row and both amounts.
    let wrong = text.replace("3.00", "4.00");
    let reading = good("a.csv", wrong.as_bytes());
    let told = &reading.inspection.warnings[0];
    assert_eq!((told.code.as_str(), told.row), ("total_mismatch", Some(4)));
    assert!(told.en.contains("4.00") && told.en.contains("3.00"), "{}", told.en);
    // A total without a label is not a line either.
    let bare = "日期,单号,金额\n2026-01-05,A1,1.00\n2026-01-06,A2,2.00\n,,3.00\n";
    assert_eq!(rejects(&good("a.csv", bare.as_bytes())), ["4 日期 date_missing"]);
}

#[test]
fn trap_04_headers() {
    check(
        "boc.csv",
        "交易日期[ Transaction Date ],交易流水号[ Transaction reference number ],交易金额[ Trade \
            Amount ]\n20260105,A1,-400000.00\n",
        &["2 2026-01-05 -400000.00 A1"],
    );
    check(
        "full.csv",
        "日　　期,单　据　号,金额（元）\n2026/1/5,A1,1.5\n",
        &["2 2026-01-05 1.50 A1"],
    );
    let reading = good(
        "zhang.csv",
        "记帐日期,户    名,借方金额,贷方金额,帐户余额\n2026-01-05,甲公\
        司,5,,5\n2026-01-06,甲公司,,2,3\n"
            .as_bytes(),
    );
    assert_eq!(column(&reading, Role::Date), Some("记帐日期"));
    assert_eq!(column(&reading, Role::Balance), Some("帐户余额"));
    // Two levels, flattened; the rows of the header are not data.
    let two = "日期,凭证号,摘要,借方,,贷方,,余额\n,,,数量,金额,数量,金额,金额\n2026-01-05,记-1,销\
        售,2,100.00,,,100.00\n2026-01-06,记-2,收款,,,1,40.00,60.00\n";
    let reading = good("two.csv", two.as_bytes());
    assert_eq!(reading.inspection.header_row, Some(1));
    assert_eq!(column(&reading, Role::Debit), Some("借方-金额"));
    assert_eq!(column(&reading, Role::Credit), Some("贷方-金额"));
    assert_eq!(lines(&reading), ["3 2026-01-05 100.00 记-1", "4 2026-01-06 -40.00 记-2"]);
    let three =
        "日期,单据,摘要,借方,贷方\n,编号,,发生,发生\n,,,金额,金额\n2026-01-05,A1,销售,100.00,\n";
    let reading = good("three.csv", three.as_bytes());
    assert_eq!(
        lines(&reading).len(),
        1,
        "{:?} {:?}",
        reading.inspection.columns,
        rejects(&reading)
    );
    // The header again on every page.
    check(
        "again.csv",
        "日期,单号,金额\n2026-01-05,A1,1\n日期,单号,金额\n2026-01-06,A2,2\n",
        &["2 2026-01-05 1.00 A1", "4 2026-01-06 2.00 A2"],
    );
}

#[test]
fn trap_05_backticks_and_commas_in_goods() {
    let text = "交易时间,公众账号ID,商户号,微信订单号,交易状态,货币种类,应结订单金额,商品名称,手续\
        费\n`2026-06-05 10:00:00,`wx1,`123,`4200001,`SUCCESS,`CNY,`7.79,`苹果,梨,`0.00000\n总交易\
        单数,应结订单总金额\n`1,`7.79\n";
    let reading = good("wx.csv", text.as_bytes());
    assert_eq!(lines(&reading), ["2 2026-06-05 7.79 4200001"]);
    assert!(reading.rejects.is_empty(), "{:?}", rejects(&reading));
    assert_eq!(reading.lines.text_of(0), "苹果,梨");
}

#[test]
fn trap_06_tabs_and_padding() {
    let text = "交易时间   ,交易单号  ,金额  ,\n2026-01-05 10:00:00\t,3985734\t,\t1.00   ,\n";
    check("a.csv", text, &["2 2026-01-05 1.00 3985734"]);
    check(
        "b.csv",
        "日期,单号,金额\n\"\t2026-01-05\",\"\t9001\",\"1.00\"\t\n",
        &["2 2026-01-05 1.00 9001"],
    );
}

#[test]
fn trap_07_wrappers() {
    let text = "日期,订单编号,金额,备注\n\
        =\"2026-01-05\",=\"0012345678901234567\",=\"1.00\",'13800000000\n";
    check("a.csv", text, &["2 2026-01-05 1.00 0012345678901234567"]);
    // Quoted by a careful exporter, and tab separated under .xls as GBK.
    let text = "日期\t订单编号\t金额\t摘要\n=\"2026-01-05\"\t=\"001\"\t=\"1.00\"\t=\"货款\"\n";
    let reading = good("hx.xls", &encoded(GB18030, text));
    assert_eq!(lines(&reading), ["2 2026-01-05 1.00 001"]);
    assert_eq!(reading.inspection.format, Format::Csv);
    check("q.csv", "日期,单号,金额\n2026-01-05,\"=\"\"007\"\"\",1\n", &["2 2026-01-05 1.00 007"]);
}

#[test]
fn trap_08_long_numbers() {
    let text = "日期,单号,金额\n2026-01-05,1.23E+19,1.00\n2026-01-06,12345678901234567890,2.00\n";
    let reading = good("a.csv", text.as_bytes());
    assert_eq!(lines(&reading), ["3 2026-01-06 2.00 12345678901234567890"]);
    assert_eq!(rejects(&reading), ["2 单号 id_scientific"]);
    assert!(reading.rejects[0].remedy_zh().contains("文本"));
    let rows = sheet_rows(&[
        &["日期", "单号", "金额"],
        &["2026-01-05", "6212345678901234567", "1"],
        &["2026-01-06", "621234567890123", "2"],
    ]);
    let reading = good("a.xlsx", &xlsx(&rows));
    assert_eq!(lines(&reading), ["3 2026-01-06 2.00 621234567890123"]);
    assert_eq!(rejects(&reading), ["2 单号 id_scientific"]);
}

#[test]
fn trap_09_extensions_lie() {
    let html = "<html><head><meta charset=\"gb2312\"></head><body><table><tr><th>日期</th><th>单号\
        </th><th>金额\
        </th></tr><tr><td>2026-01-05</td><td>A&amp;1</td><td>&yen;1,234.50</td></tr>\
        </table></body></html>";
    let reading = good("a.xls", &encoded(GB18030, html));
    assert_eq!(reading.inspection.format, Format::Html);
    assert_eq!(lines(&reading), ["2 2026-01-05 1234.50 A&1"]);
    let rows = sheet_rows(&[&["日期", "单号", "金额"], &["2026-01-05", "A1", "1"]]);
    assert_eq!(good("a.csv", &xlsx(&rows)).inspection.format, Format::Xlsx);
    let Some(path) = shared("bills_cn/ccb_records.xls") else { return };
    let reading = good("BILL.CSV", &std::fs::read(path).unwrap());
    assert_eq!((reading.inspection.format, reading.inspection.rows), (Format::Xls, 6));
}

/// Cells, and the amount or the reason of the reject.
const AMOUNTS: &[(&str, &str)] = &[
    ("1,234.56", "1234.56"),
    ("12,34,567.89", "1234567.89"),
    ("¥28.16", "28.16"),
    ("￥-4.25", "-4.25"),
    ("-￥4.25", "-4.25"),
    ("12.5元", "12.50"),
    ("(12.00)", "-12.00"),
    ("（12.00）", "-12.00"),
    ("4.95-", "-4.95"),
    ("−4.95", "-4.95"),
    ("－４．９５", "-4.95"),
    ("１，２３４．５６", "1234.56"),
    ("+3", "3.00"),
    ("CNY 12", "12.00"),
    ("12.00 CNY", "12.00"),
    ("1 234.56", "1234.56"),
    ("1'234.56", "1234.56"),
    ("12.00CR", "-12.00"),
    ("12.00 Dr", "12.00"),
    ("红字12.00", "-12.00"),
    ("0.00", "0.00"),
    (".5", "0.50"),
    ("00012.50", "12.50"),
    ("", "amount_missing"),
    ("-", "amount_missing"),
    ("--", "amount_missing"),
    ("/", "amount_missing"),
    ("12..34", "amount_unreadable"),
    ("--5", "amount_unreadable"),
    ("1,23", "amount_style"),
    ("1.234,56", "amount_style"),
    ("1.5E+3", "amount_scientific"),
    ("235.61(已退款235.50)", "amount_unreadable"),
    ("12.345", "amount_too_precise"),
    ("12.34000", "12.34"),
    ("0.30000000000000004", "0.30"),
    ("32.3800011", "32.38"),
    ("123456.789", "amount_too_precise"),
];

#[test]
fn trap_10_amounts() {
    let amount = |cell: &str, expected: &str| {
        let text = format!("日期,单号,金额\n2026-01-05,A1,\"{cell}\"\n2026-01-05,A2,0.25\n");
        let reading = good("a.csv", text.as_bytes());
        let own = if reading.lines.len() == 2 {
            lines(&reading)[0].split(' ').nth(2).unwrap().to_owned()
        } else {
            reading.rejects[0].reason.code().to_owned()
        };
        assert_eq!(own, expected, "{cell}");
    };
    for (cell, expected) in AMOUNTS {
        amount(cell, expected);
    }
}

#[test]
fn trap_10_columns_words_flags_and_units() {
    // Two columns, words and flags.
    check(
        "two.csv",
        "日期,单号,借方,贷方\n2026-01-05,A1,5.00,\n2026-01-06,A2,,2.00\n2026-01-07,A3,0.00,1.00\n",
        &["2 2026-01-05 5.00 A1", "3 2026-01-06 -2.00 A2", "4 2026-01-07 -1.00 A3"],
    );
    check(
        "word.csv",
        "日期,单号,方向,金额\n2026-01-05,A1,借,5.00\n2026-01-06,A2,贷,2.00\n",
        &["2 2026-01-05 5.00 A1", "3 2026-01-06 -2.00 A2"],
    );
    check(
        "flag.csv",
        "交易日期,流水号,交易金额,借贷标志(1收2付)\n20260105,A1,5.00,1\n20260106,A2,2.00,2\n",
        &["2 2026-01-05 5.00 A1", "3 2026-01-06 -2.00 A2"],
    );
    let bad = good(
        "bad.csv",
        "日期,单号,方向,金额\n2026-01-05,A1,借,5.00\n2026-01-06,A2,??,2.00\n2026-01-07,A3,贷,1\n"
            .as_bytes(),
    );
    assert_eq!(rejects(&bad), ["3 方向 direction_unknown"]);
    // The unit of the column.
    check(
        "wan.csv",
        "日期,单号,金额（万元）\n2026-01-05,A1,1.2345\n",
        &["2 2026-01-05 12345.00 A1"],
    );
    check(
        "euro.csv",
        "Datum;Beleg;Betrag\n05.01.2026;A1;1.234,56\n06.01.2026;A2;-0,5\n",
        &["2 2026-01-05 1234.56 A1", "3 2026-01-06 -0.50 A2"],
    );
}

#[test]
fn trap_11_dates() {
    for (cell, expected) in [
        ("20260105", "2026-01-05"),
        ("2026/1/5", "2026-01-05"),
        ("2026年01月05日", "2026-01-05"),
        ("2026年1月5日", "2026-01-05"),
        ("2026-01-05 23:59:59", "2026-01-05"),
        ("2026-01-05T23:59:59+01:00", "2026-01-05"),
        ("20260105 17:07:09", "2026-01-05"),
        ("20260105170709", "2026-01-05"),
        ("2026.01.05", "2026-01-05"),
        ("46027", "2026-01-05"),
        ("46027.5", "2026-01-05"),
        ("05-Jan-2026", "2026-01-05"),
        ("Jan 5, 2026", "2026-01-05"),
        ("２０２６年１月５日", "2026-01-05"),
        ("2024-02-29", "2024-02-29"),
        ("2026年2月30日", "date_impossible"),
        ("2026-13-01", "date_impossible"),
        ("2025-02-29", "date_impossible"),
        ("3000000", "date_unreadable"),
        ("12", "date_unreadable"),
        ("昨天", "date_unreadable"),
    ] {
        let text = format!("日期,单号,金额\n\"{cell}\",A1,1\n2026-01-05,A2,1\n2026-01-05,A3,1\n");
        let reading = good("a.csv", text.as_bytes());
        let own = match reading.rejects.first() {
            Some(reject) => reject.reason.code().to_owned(),
            None => lines(&reading)[0].split(' ').nth(1).unwrap().to_owned(),
        };
        assert_eq!(own, expected, "{cell}");
    }
    // Date and time split, the time without marks.
    let reading = good(
        "cmb.csv",
        "交易日,交易时间,流水号,金额\n20210112,080024,A1,1.00\n20210113,235959,A2,1.00\n"
            .as_bytes(),
    );
    assert_eq!(lines(&reading)[0], "2 2021-01-12 1.00 A1");
    assert_eq!(column(&reading, Role::Time), Some("交易时间"));
    // Day or month first is decided over the whole column, or told.
    check(
        "dm.csv",
        "Date,Ref,Amount\n05/01/2026,A1,1\n25/01/2026,A2,1\n",
        &["2 2026-01-05 1.00 A1", "3 2026-01-25 1.00 A2"],
    );
    check(
        "md.csv",
        "Date,Ref,Amount\n01/05/2026,A1,1\n01/25/2026,A2,1\n",
        &["2 2026-01-05 1.00 A1", "3 2026-01-25 1.00 A2"],
    );
    let mut long = "Date,Ref,Amount\n".to_owned();
    for number in 0..5_000 {
        long.push_str(&format!("0{}/02/2026,A{number},1\n", number % 9 + 1));
    }
    long.push_str("02/28/2026,B,1\n");
    let reading = good("late.csv", long.as_bytes());
    assert_eq!(reading.inspection.first.as_deref(), Some("2026-01-02"), "the last row decides");
    let open = good("open.csv", b"Date,Ref,Amount\n05/01/2026,A1,1\n03/04/2026,A2,1\n");
    assert_eq!(warnings(&open), ["ambiguous_dates"]);
}

#[test]
fn trap_12_the_day_is_the_one_written() {
    check(
        "a.csv",
        "时间,单号,金额\n2026-01-05 00:00:01,A1,1\n2026-01-05T23:59:59Z,A2,1\n",
        &["2 2026-01-05 1.00 A1", "3 2026-01-05 1.00 A2"],
    );
}

#[test]
fn trap_13_interleaved_subtotals() {
    let text = "日期,凭证字号,摘要,借方,贷方,方向,余额\n2026-01-01,,期初余额,,,借,1000.00\n\
        2026-01-05,记-1,销售,500.00,,借,1500.00\n2026-01-09,记-1,收款,,1700.00,贷,200.00\n\
        2026-01-31,,本期合计,500.00,1700.00,贷,200.00\n2026-01-31,,本年累计,500.00,1700.00,贷\
        ,200.00\n2026-02-03,记-2,销售,50.00,,贷,150.00\n2026-02-28,,本月合计,50.00,,贷,150.00\n\
        ,,合计,550.00,1700.00,,\n";
    let reading = good("kingdee.csv", text.as_bytes());
    assert_eq!(
        lines(&reading),
        ["3 2026-01-05 500.00 记-1", "4 2026-01-09 -1700.00 记-1", "7 2026-02-03 50.00 记-2"]
    );
    assert_eq!(warnings(&reading), Vec::<&str>::new(), "{:?}", reading.inspection.warnings);
    assert_eq!(reading.control.opening, Some(100_000));
    assert_eq!(reading.control.closing, Some(-15_000));
    let wrong = text.replace("本月合计,50.00", "本月合计,51.00");
    let reading = good("kingdee.csv", wrong.as_bytes());
    assert_eq!(warnings(&reading), ["subtotal_mismatch"]);
    assert_eq!(reading.inspection.warnings[0].row, Some(8));
}

#[test]
fn trap_14_repeated_order_totals_are_told() {
    let text = "订单号,商品ID,商品名称,下单时间,订单金额\n1001,1,茶,2026-01-05,88.00\n1001,2,杯\
        ,2026-01-05,88.00\n1002,1,茶,2026-01-06,30.00\n";
    let reading = good("jd.csv", text.as_bytes());
    assert_eq!(reading.inspection.rows, 3);
    assert_eq!(warnings(&reading), ["order_totals_repeat"]);
}

#[test]
fn trap_15_joined_sub_orders_stay_as_written() {
    let text = "主订单编号,子订单编号,选购商品,订单应付金额,支付完成时间\n\
        \"\t9001\",\"\t9001;9002\",茶,30.00,2026-01-05\n";
    let reading = good("dy.csv", text.as_bytes());
    assert_eq!(reading.lines.reference.get(0), "9001");
    assert_eq!(reading.lines.other_reference_of(0), "9001;9002");
}

#[test]
fn trap_16_closed_rows_are_refused_in_the_open() {
    let text = "交易时间,交易单号,收/支,金额,收/付款方式,交易状态\n2026-01-05,A1,支出,5.00,余额,交\
        易成功\n2026-01-06,A2,不计收支,6.00,,交易关闭\n2026-01-07,A3,支出,7.00,余额宝,交易关闭\n\
        2026-01-08,A4,支出,8.00,,交易关闭\n";
    let reading = good("ali.csv", text.as_bytes());
    assert_eq!(lines(&reading), ["2 2026-01-05 -5.00 A1", "4 2026-01-07 -7.00 A3"]);
    assert_eq!(rejects(&reading), ["3 交易状态 status_closed", "5 交易状态 status_closed"]);
    assert_eq!(warnings(&reading), ["closed_but_paid"]);
}

#[test]
fn trap_17_refunds_by_type_and_not_by_sign() {
    let text = "#支付宝业务明细查询\n#账号:[2088]\n#---业务明细列表---\n支付宝交易号,商户订单号,业\
        务类型,商品名称,完成时间,商家实收（元）\n2026001\t,M1\t,交易,茶,2026-06-05 \
        10:00:00,100.00\n2026001\t,M1\t,退款,茶,2026-06-05 11:00:00,-5.00\n2026002\t,M2\t,退款,茶\
        ,2026-06-05 12:00:00,0.02\n#---业务明细列表结束---\n#交易合计：1笔\n";
    let reading = good("ali.csv", &encoded(GB18030, text));
    assert_eq!(
        lines(&reading),
        ["5 2026-06-05 100.00 2026001", "6 2026-06-05 -5.00 2026001", "7 2026-06-05 -0.02 2026002"]
    );
    assert!(reading.rejects.is_empty());
}

#[test]
fn trap_18_masked_names_are_kept() {
    let reading = good(
        "a.csv",
        "日期,交易单号,交易对方,金额\n2026-01-05,T****3,**博(156******89),1\n".as_bytes(),
    );
    assert_eq!(reading.lines.accounts[0].customer, "**博(156******89)");
    assert_eq!(reading.lines.reference.get(0), "T****3");
}

#[test]
fn trap_19_direction_depends_on_whose_account_it_is() {
    let payable = "日期,单号,借方,贷方,余额\n2026-01-05,A1,,100.00,100.00\n\
        2026-01-06,A2,30.00,,70.00\n2026-01-07,A3,,5.00,75.00\n";
    let reading = good("ap.csv", payable.as_bytes());
    assert_eq!(reading.inspection.orientation, Orientation::Payable);
    assert_eq!(reading.inspection.sum, "-75.00", "the sum stays in the file's own orientation");
    assert_eq!(reading.lines.amount, [10_000, -3_000, 500]);
    assert_eq!((reading.control.opening, reading.control.closing), (Some(0), Some(7_500)));
    // A person overrides what was found.
    let options = ReadOptions { view: Some(View::Receivable), ..ReadOptions::new(Side::Theirs) };
    let reading = read_with("ap.csv", payable.as_bytes(), &options).unwrap();
    assert_eq!(reading.lines.amount, [-10_000, 3_000, -500]);
    assert_eq!((reading.control.opening, reading.control.closing), (Some(0), Some(-7_500)));
    let options = ReadOptions { view: Some(View::Payable), ..ReadOptions::new(Side::Theirs) };
    let text = b"Date,Ref,Debit,Credit\n2026-01-05,A1,,100.00\n";
    assert_eq!(read_with("ap.csv", text, &options).unwrap().lines.amount, [10_000]);
}

#[test]
fn trap_20_archives_of_bills_are_refused_by_name() {
    let bytes = zip(&[("汇总.csv", b"a,b\n".to_vec()), ("../明细.csv", b"a,b\n".to_vec())]);
    let error = read("a.zip", &bytes).unwrap_err();
    assert!(matches!(error, IntakeError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("without a workbook"));
}

#[test]
fn trap_22_sheets_hidden_merged_and_formulas() {
    let workbook = common::WORKBOOK.replace(
        "<sheets>",
        "<sheets><sheet name='旧表' sheetId='7' state='hidden' r:id='rId7'/><sheet name='说明' \
            sheetId='8' r:id='rId8'/>",
    );
    let rels = "<?xml version='1.0'?><Relationships \
        xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship \
        Id='rId1' \
        Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' \
        Target='worksheets/sheet1.xml'/><Relationship Id='rId7' \
        Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' \
        Target='worksheets/sheet7.xml'/><Relationship Id='rId8' \
        Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' \
        Target='worksheets/sheet8.xml'/></Relationships>";
    let sheet = |rows: &[&[&str]]| {
        format!(
            "<?xml version='1.0'?><worksheet \
            xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>\
            {}</sheetData></worksheet>",
            sheet_rows(rows)
        )
        .into_bytes()
    };
    let hidden = sheet(&[
        &["日期", "单号", "客户", "币种", "金额"],
        &["2025-01-05", "旧", "甲", "CNY", "9"],
    ]);
    let notes = sheet(&[&["此表为说明"]]);
    let main = "<row r='1'><c r='A1' t='inlineStr'><is><t>往来对账单</t></is></c></row><row r='3'>\
        <c r='A3' t='inlineStr'><is><t>日期</t></is></c><c r='B3' t='inlineStr'><is><t>单号</t>\
        </is></c><c r='C3' t='inlineStr'><is><t>借方</t></is></c><c r='E3' t='inlineStr'><is><t>贷\
        方</t></is></c></row><row r='4'><c r='C4' t='inlineStr'><is><t>原币</t></is></c><c r='D4' \
        t='inlineStr'><is><t>本币</t></is></c><c r='E4' t='inlineStr'><is><t>原币</t></is></c><c \
        r='F4' t='inlineStr'><is><t>本币</t></is></c></row><row r='5'><c r='A5'><v>46027</v></c>\
        <c r='B5' t='inlineStr'><is><t>A1</t></is></c><c r='C5'><v>1</v></c><c r='D5'><v>1.1</v>\
        </c></row><row r='6'><c r='A6'><v>46028</v></c><c r='B6' t='inlineStr'><is><t>A2</t></is>\
        </c><c r='D6'><f>C6*7</f></c></row>";
    let more = [
        ("xl/workbook.xml", workbook.into_bytes()),
        ("xl/_rels/workbook.xml.rels", rels.as_bytes().to_vec()),
        ("xl/worksheets/sheet7.xml", hidden),
        ("xl/worksheets/sheet8.xml", notes),
    ];
    let reading = good("a.xlsx", &xlsx_parts(main.as_bytes().to_vec(), &more));
    assert_eq!(reading.inspection.sheet.as_deref(), Some("Sheet1"));
    assert_eq!(reading.inspection.header_row, Some(3));
    assert_eq!(
        column(&reading, Role::Debit),
        Some("借方-本币"),
        "{:?}",
        reading.inspection.columns
    );
    assert_eq!(lines(&reading), ["5 2026-01-05 1.10 A1"]);
    // A formula without a cached value has no amount; the remedy says what to do.
    assert_eq!(rejects(&reading), ["6 借方-本币 amount_missing"]);
    assert!(reading.rejects[0].remedy_en().contains("formula"));
    let options = ReadOptions { sheet: Some("旧表".into()), ..ReadOptions::new(Side::Ours) };
    let bytes = xlsx_parts(main.as_bytes().to_vec(), &more);
    assert_eq!(lines(&read_with("a.xlsx", &bytes, &options).unwrap()), ["2 2025-01-05 9.00 旧"]);
}

#[test]
fn trap_23_the_same_file_reads_the_same() {
    let text = "日期,单号,金额\n2026-01-05,A1,1.00\n2026-01-05,A1,1.00\n".as_bytes();
    let (one, other) = (good("a.csv", text), good("b.csv", text));
    assert_eq!(one.inspection, other.inspection);
    assert_eq!(
        lines(&one),
        ["2 2026-01-05 1.00 A1", "3 2026-01-05 1.00 A1"],
        "equal rows are two lines"
    );
}

#[test]
fn trap_24_a_balance_break_is_told_with_its_place() {
    let text = "日期,单号,金额,余额\n2026-01-01,A1,10,110\n2026-01-02,A2,10,120\n\
        2026-01-03,A3,10,130\n2026-01-05,A5,10,150\n2026-01-06,A6,10,160\n2026-01-07,A7,-10,150\n";
    let reading = good("a.csv", text.as_bytes());
    let breaks: Vec<_> =
        reading.inspection.warnings.iter().map(|it| (it.code.as_str(), it.row)).collect();
    assert_eq!(breaks, [("running_balance_break", Some(5))]);
    // Newest first runs as well.
    let mut rows: Vec<&str> = text.lines().skip(1).collect();
    rows.reverse();
    let text = format!("日期,单号,金额,余额\n{}\n", rows.join("\n"));
    let reading = good("a.csv", text.as_bytes());
    assert_eq!(reading.inspection.warnings[0].row, Some(4));
    assert_eq!(reading.inspection.closing.as_deref(), Some("150.00"));
}

#[test]
fn currencies_of_no_and_three_decimals() {
    let text = "日期,单号,币种,金额\n2026-01-05,A1,JPY,1200\n2026-01-05,A2,科威特,1\n\
        2026-01-05,A3,KWD,1.234\n2026-01-05,A4,日元,1.5\n2026-01-05,A5,人民币,1.50\n\
        2026-01-05,A6,,2\n";
    let reading = good("a.csv", text.as_bytes());
    assert_eq!(
        lines(&reading),
        [
            "2 2026-01-05 1200 A1",
            "4 2026-01-05 1.234 A3",
            "6 2026-01-05 1.50 A5",
            "7 2026-01-05 2.00 A6"
        ]
    );
    assert_eq!(rejects(&reading), ["3 币种 currency_unknown", "5 金额 amount_too_precise"]);
    assert_eq!(reading.inspection.sum, "1204.734");
    let options = ReadOptions {
        currency: Currency::try_from("JPY".to_owned()).unwrap(),
        ..ReadOptions::new(Side::Ours)
    };
    let reading = read_with("a.csv", b"date,ref,amount\n2026-01-05,A1,1200\n", &options).unwrap();
    assert_eq!((reading.lines.amount[0], reading.inspection.sum.as_str()), (1200, "1200"));
}
