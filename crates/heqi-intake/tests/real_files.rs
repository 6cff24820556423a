//! Goal: every real table of shared/data opens as an accountant would read it. Method: header
//! row, roles, row counts and sums against the totals that pandas and decimal computed
//! independently (expected.json), the made statements row by row.

mod common;

use common::{column, good, lines, read, rejects, shared, warnings};
use heqi_intake::{Format, Orientation, Reading, Role};
use serde_json::Value;

fn json(part: &str) -> Option<Value> {
    let text = std::fs::read_to_string(shared(part)?).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn open(part: &str) -> Option<Reading> {
    let path = shared(part)?;
    Some(good(part, &std::fs::read(path).unwrap()))
}

/// What a file should read as. Sums: debit or plus positive.
struct Expected<'a> {
    file: &'a str,
    header: u64,
    date: &'a str,
    amounts: &'a [(Role, &'a str)],
    reference: Option<&'a str>,
    rows: u64,
    rejected: u64,
    sum: &'a str,
}

#[track_caller]
fn check(expected: &Expected<'_>) {
    let Some(reading) = open(expected.file) else { return };
    let file = expected.file;
    let inspection = &reading.inspection;
    assert_eq!(inspection.header_row, Some(expected.header), "{file}: header");
    assert_eq!(column(&reading, Role::Date).unwrap_or(""), expected.date, "{file}: date");
    for (role, name) in expected.amounts {
        assert_eq!(column(&reading, *role), Some(*name), "{file}: {role:?}");
    }
    assert_eq!(column(&reading, Role::Reference), expected.reference, "{file}: reference");
    assert_eq!(inspection.rows, expected.rows, "{file}: {:?}", rejects(&reading));
    assert_eq!(inspection.rejected, expected.rejected, "{file}: {:?}", rejects(&reading));
    assert_eq!(inspection.sum, expected.sum, "{file}: sum");
    assert_eq!(reading.lines.len() as u64, expected.rows);
    assert_eq!(reading.rejects.len() as u64, expected.rejected);
}

const AMOUNT: Role = Role::Amount;

type Bank<'a> = (&'a str, u64, &'a str, &'a [(Role, &'a str)], Option<&'a str>, u64, u64, &'a str);

const BANKS: &[Bank<'_>] = &[
    (
        "bills_cn/bmo_debit_example-bmo-records.csv",
        4,
        "Date Posted",
        &[(
            AMOUNT,
            "Transaction \
Amount",
        )],
        None,
        4,
        0,
        "-158.31",
    ),
    (
        "bills_cn/boc_debit_example-boc-records.csv",
        2,
        "记账日\
期",
        &[(AMOUNT, "金额")],
        None,
        17,
        0,
        "426.70",
    ),
    (
        "bills_cn/ccb_records.xls",
        6,
        "交易日\
期",
        &[(Role::Debit, "支出"), (Role::Credit, "收入")],
        None,
        6,
        0,
        "703.26",
    ),
    (
        "bills_cn/cmb_debit_example-cmb-records.csv",
        1,
        "记账日期",
        &[(
            AMOUNT,
            "交易金\
额",
        )],
        None,
        5,
        0,
        "-779.14",
    ),
    (
        "bills_cn/example-alipay-records.csv",
        25,
        "交易时\
间",
        &[(AMOUNT, "金额"), (Role::Direction, "收/支")],
        Some("交易订单号"),
        6,
        4,
        "222016.86",
    ),
    (
        "bills_cn/example-bocom_debit-records.csv",
        1,
        "交易日期",
        &[
            (
                AMOUNT,
                "交易金\
额",
            ),
            (Role::Direction, "借贷"),
        ],
        None,
        6,
        0,
        "102.75",
    ),
    (
        "bills_cn/example-hsbchk-debit-records.csv",
        1,
        "Date",
        &[(
            AMOUNT,
            "Billing \
amount",
        )],
        None,
        10,
        0,
        "21978.95",
    ),
    (
        "bills_cn/example-wechat-records.csv",
        17,
        "交易时间",
        &[
            (
                AMOUNT,
                "金额(元\
)",
            ),
            (Role::Direction, "收/支"),
        ],
        Some("交易单号"),
        16,
        11,
        "-2876.04",
    ),
    (
        "bills_cn/icbc_debit-v1_example-icbc-debit-v1-records.csv",
        7,
        "交易日\
期",
        &[(Role::Credit, "记账金额(收入)"), (Role::Debit, "记账金额(支出)")],
        None,
        11,
        0,
        "1399.34",
    ),
    (
        "bank_sheet/bsp_camt_file.csv",
        1,
        "StatementCreated",
        &[(AMOUNT, "NetAmount")],
        None,
        1,
        0,
        "-64321.50",
    ),
    (
        "bank_sheet/bsp_csv_european_decimals.csv",
        1,
        "Buchungstag",
        &[(AMOUNT, "Betrag")],
        Some("Ref"),
        3,
        0,
        "2260.94",
    ),
    (
        "bank_sheet/bsp_csv_garbled_amount.csv",
        1,
        "Date",
        &[(AMOUNT, "Amount")],
        None,
        1,
        1,
        "100.00",
    ),
    (
        "bank_sheet/bsp_sample_split_amounts.csv",
        1,
        "Booking \
Date",
        &[(Role::Credit, "Credit"), (Role::Debit, "Debit")],
        Some("Ref"),
        2,
        0,
        "-1050.25",
    ),
    (
        "bank_sheet/bsp_sample_statement.csv",
        1,
        "Date",
        &[(AMOUNT, "Amount")],
        Some("Reference"),
        2,
        0,
        "1300.00",
    ),
];

#[test]
fn bills_and_bank_tables() {
    for (file, header, date, amounts, reference, rows, rejected, sum) in BANKS.iter().copied() {
        check(&Expected { file, header, date, amounts, reference, rows, rejected, sum });
    }
}

type Trade<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, u64, u64, &'a str);

const TRADE: &[Trade<'_>] = &[
    (
        "spend/bradford_2013-04_processed.csv",
        "Payment \
            Date",
        Some("Amount"),
        None,
        8016,
        0,
        "27805428.31",
    ),
    (
        "spend/bradford_2013-05_processed.csv",
        "Payment \
            Date",
        Some("Amount"),
        None,
        8001,
        0,
        "34744205.84",
    ),
    (
        "spend/cabinetoffice_clean_2019-06.csv",
        "Date",
        Some("Amount"),
        Some(
            "Transaction \
            number",
        ),
        342,
        0,
        "48558342.20",
    ),
    (
        "spend/cabinetoffice_clean_2019-07.csv",
        "Date",
        Some("Amount"),
        Some(
            "Transaction \
            number",
        ),
        223,
        0,
        "32256356.49",
    ),
    (
        "spend/leeds_processed_2012-06.csv",
        "Payment \
            Date",
        Some("Amount"),
        None,
        9565,
        0,
        "79260092.10",
    ),
    (
        "spend/salford_clean_2018-03.csv",
        "Date of Payment",
        Some("Gross"),
        Some(
            "SAP Document \
            Number",
        ),
        1414,
        0,
        "22925296.73",
    ),
    (
        "trade/online_retail_invoices.csv",
        "InvoiceDate",
        Some("Amount"),
        Some("InvoiceNo"),
        12795,
        0,
        "4397950.76",
    ),
    (
        "trade/online_retail_lines.csv.gz",
        "InvoiceDate",
        None,
        Some("InvoiceNo"),
        245903,
        0,
        "4397950.76",
    ),
    (
        "trade/northwind_orders.csv",
        "order_date",
        Some("freight"),
        Some("order_id"),
        337,
        0,
        "24262.26",
    ),
    // Net is 489 549.94 before each line is rounded to cents.
    ("trade/northwind_order_details.csv", "", None, Some("order_id"), 899, 0, "489549.88"),
    // Four decimals of a cent-less system are not amounts: rejected, with the remedy.
    (
        "trade/adventureworks_lt_SalesOrderHeader.csv",
        "OrderDate",
        Some("TotalDue"),
        Some("SalesOrderNumber"),
        0,
        32,
        "0.00",
    ),
    (
        "trade/adventureworks_lt_SalesOrderDetail.csv",
        "ModifiedDate",
        Some("LineTotal"),
        Some("SalesOrderID"),
        169,
        373,
        "318321.42",
    ),
];

#[test]
fn trade_and_spend_tables() {
    for (file, date, amount, reference, rows, rejected, sum) in TRADE.iter().copied() {
        let amounts = amount.map(|name| vec![(AMOUNT, name)]).unwrap_or_default();
        check(&Expected {
            file,
            header: 1,
            date,
            amounts: &amounts,
            reference,
            rows,
            rejected,
            sum,
        });
    }
}

#[test]
fn pairs_in_both_containers() {
    for (file, rows, sum) in [
        ("pairs/small_600/ours.csv", 612, "111653.64"),
        ("pairs/small_600/ours.xlsx", 612, "111653.64"),
        ("pairs/small_600/theirs.csv", 605, "125177.68"),
        ("pairs/small_600/theirs.xlsx", 605, "125177.68"),
        ("pairs/mid_10k/ours.csv", 10351, "1253271.00"),
        ("pairs/mid_10k/theirs.csv", 9974, "1193855.63"),
        ("pairs/ap_view_2k/ours.csv", 2062, "221139.96"),
        ("pairs/ap_view_2k/theirs.csv", 2004, "-199437.59"),
    ] {
        let theirs = file.contains("theirs");
        let sides = file.ends_with("ap_view_2k/theirs.csv");
        let amounts: &[(Role, &str)] = if sides {
            &[(Role::Debit, "debit"), (Role::Credit, "credit")]
        } else {
            &[(AMOUNT, "amount")]
        };
        let reference = Some(if theirs { "their_ref" } else { "doc_no" });
        check(&Expected {
            file,
            header: 1,
            date: "date",
            amounts,
            reference,
            rows,
            rejected: 0,
            sum,
        });
        let Some(reading) = open(file) else { continue };
        assert_eq!(column(&reading, Role::Id), Some("line_id"));
        let first = if theirs { "T000000001" } else { "O000000001" };
        assert_eq!(reading.lines.id_of(0), first, "{file}");
    }
}

#[test]
fn the_workbook_of_a_pair_reads_as_its_text() {
    for side in ["ours", "theirs"] {
        let text = open(&format!("pairs/small_600/{side}.csv"));
        let (Some(text), Some(book)) = (text, open(&format!("pairs/small_600/{side}.xlsx"))) else {
            return;
        };
        assert_eq!(lines(&text), lines(&book));
    }
}

#[test]
fn messy_statements_row_by_row() {
    let Some(all) = json("statements_messy/expected.json") else { return };
    for expected in all.as_array().unwrap() {
        statement(expected);
    }
}

#[track_caller]
fn statement(expected: &Value) {
    let text = |key: &str| expected[key].as_str().unwrap_or("");
    let file = text("file");
    let Some(reading) = open(&format!("statements_messy/{file}")) else { return };
    let inspection = &reading.inspection;
    assert_eq!(inspection.header_row, expected["header_row"].as_u64(), "{file}");
    assert_eq!(inspection.separator.as_deref(), expected["separator"].as_str(), "{file}");
    // Pure ASCII is UTF-8 as well as Windows-1252.
    if let Some(encoding) = expected["encoding"].as_str().filter(|it| *it != "cp1252") {
        assert_eq!(inspection.encoding.as_deref(), Some(encoding), "{file}");
    }
    let format = if text("format") == "xlsx" { Format::Xlsx } else { Format::Csv };
    assert_eq!(inspection.format, format, "{file}");
    for (name, role) in expected["columns"].as_object().unwrap() {
        let role = match role.as_str().unwrap() {
            "date" => Role::Date,
            "ref" => Role::Reference,
            "amt" => Role::Amount,
            "deb" => Role::Debit,
            "cre" => Role::Credit,
            "bal" => Role::Balance,
            _ => continue,
        };
        assert_eq!(column(&reading, role), Some(name.as_str()), "{file}");
    }
    let cents = |value: &Value| heqi_domain::decimal_text(value.as_i64().unwrap().into(), 2);
    let rows = expected["rows"].as_array().unwrap().iter().map(|row| {
        let (date, reference) = (row["date"].as_str().unwrap(), row["ref"].as_str().unwrap());
        format!("{} {date} {} {reference}", row["row"], cents(&row["cents"]))
    });
    assert_eq!(lines(&reading), rows.collect::<Vec<_>>(), "{file}");
    assert_eq!(rejects(&reading), Vec::<String>::new(), "{file}");
    assert_eq!(inspection.sum, cents(&expected["total_cents"]), "{file}");
    if let Some(closing) = &inspection.closing {
        assert_eq!(*closing, cents(&expected["closing_cents"]), "{file}");
    }
    if let Some(opening) = &inspection.opening {
        assert_eq!(*opening, cents(&expected["opening_cents"]), "{file}");
    }
    let disagree =
        warnings(&reading).into_iter().filter(|it| it.contains("mismatch") || it.contains("break"));
    assert_eq!(disagree.count(), 0, "{file}: {:?}", inspection.warnings);
}

#[test]
fn totals_agree_with_the_independent_ones() {
    let Some(expected) = json("expected.json") else { return };
    for folder in ["bills_cn", "spend"] {
        for (file, facts) in expected.as_object().unwrap() {
            if !file.starts_with(folder) {
                continue;
            }
            let Some(reading) = open(file) else { continue };
            let inspection = &reading.inspection;
            let rows = facts["rows"].as_u64().or(facts["data_rows"].as_u64()).unwrap();
            assert_eq!(inspection.rows + inspection.rejected, rows, "{file}");
            let names = facts["columns"].as_array().unwrap();
            let own: Vec<&str> = inspection.columns.iter().map(|it| it.name.as_str()).collect();
            assert_eq!(own, names.iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>());
            if let Some(header) = facts["header_row"].as_u64() {
                assert_eq!(inspection.header_row, Some(header), "{file}");
            }
            if let Some(sum) = facts["amount"].as_str() {
                assert_eq!(inspection.sum, sum, "{file}");
            }
        }
    }
}

#[test]
fn orientation_is_found_in_the_data() {
    for (file, orientation, opening, closing) in [
        // The balance falls with what is paid out: the bank speaks from its payable.
        ("bills_cn/ccb_records.xls", Orientation::Payable, None, Some(149_465)),
        ("bills_cn/example-bocom_debit-records.csv", Orientation::Payable, None, None),
        (
            "bank_sheet/bsp_sample_split_amounts.csv",
            Orientation::Payable,
            Some(100_000),
            Some(205_025),
        ),
        (
            "bills_cn/boc_debit_example-boc-records.csv",
            Orientation::Receivable,
            Some(281_358),
            Some(324_028),
        ),
        (
            "bank_sheet/bsp_sample_statement.csv",
            Orientation::Receivable,
            Some(250_000),
            Some(380_000),
        ),
    ] {
        let Some(reading) = open(file) else { continue };
        assert_eq!(reading.inspection.orientation, orientation, "{file}");
        assert_eq!(reading.control.opening, opening, "{file}");
        assert_eq!(reading.control.closing, closing, "{file}");
        if let (Some(opening), Some(closing)) = (opening, closing) {
            let sum: i64 = reading.lines.amount.iter().sum();
            assert_eq!(opening + sum, closing, "{file}: receivable orientation holds");
        }
    }
}

#[test]
fn what_does_not_agree_is_told() {
    for (file, code, row) in [
        ("bills_cn/ccb_records.xls", "running_balance_break", Some(10)),
        ("bills_cn/example-alipay-records.csv", "stated_count_mismatch", Some(8)),
        ("bills_cn/example-wechat-records.csv", "stated_sum_mismatch", Some(8)),
        ("bills_cn/icbc_debit-v1_example-icbc-debit-v1-records.csv", "total_mismatch", Some(20)),
        ("bills_cn/cmb_debit_example-cmb-records.csv", "balance_not_running", None),
    ] {
        let Some(reading) = open(file) else { continue };
        let found = reading.inspection.warnings.iter().find(|it| it.code == code);
        assert_eq!(found.map(|it| it.row), Some(row), "{file}: {:?}", warnings(&reading));
    }
}

#[test]
fn what_is_no_table_is_refused_by_name() {
    for (file, message) in [
        ("trade/northwind_customers.csv", "no header row found"),
        ("bank_camt/bsp_camt.053.001.02.xml", "an XML document"),
        ("einvoice/facturx_invoice_EN16931.pdf", "a PDF document"),
        ("einvoice_cn/发票示例.ofd", "a ZIP archive without a workbook"),
        ("bank_mt940/jejik_ing.sta", "no header row found"),
        ("bank_bai2/sample1.txt", "no header row found"),
    ] {
        let Some(path) = shared(file) else { continue };
        let error = read(file, &std::fs::read(path).unwrap()).map(|it| it.inspection).unwrap_err();
        assert!(error.to_string().contains(message), "{file}: {error}");
    }
}
