//! The empty workbook to be filled in: header, lists to choose from, samples, instructions.

use heqi_domain::{Lang, Side};
use rust_xlsxwriter::{Color, DataValidation, Format, Workbook, Worksheet, XlsxError};

use super::rejected::unwritable;
use crate::features::ledger::LedgerKind;
use crate::problem::Problem;

/// Columns: name, width, what to write; Chinese and English.
pub(super) const COLUMNS: [([&str; 2], u16, [&str; 2]); 9] = [
    (["日期", "Date"], 14, ["必填，如 2026-11-02", "Required, such as 2026-11-02"]),
    (["单据编号", "Document no"], 20, ["发票号、出库单号等", "Invoice, delivery note …"]),
    (["订单号", "Order no"], 18, ["可空；两边都有的其他编号", "Optional; a further number"]),
    (["类型", "Type"], 14, ["从下拉列表选", "Choose from the list"]),
    (["客户", "Customer"], 26, ["客户编号、全称或别名", "Code, name or alias"]),
    (["币种", "Currency"], 8, ["可空，默认 CNY", "Optional, CNY"]),
    (
        ["金额", "Amount"],
        16,
        ["必填；客户欠款增加填正数，减少填负数", "Required; plus = the customer owes more"],
    ),
    (["到期日", "Due date"], 14, ["可空", "Optional"]),
    (["摘要", "Memo"], 32, ["可空", "Optional"]),
];

/// Rows that are samples begin with this; reading passes over them.
const MARK: char = '#';

const SAMPLES: [[&str; 9]; 3] = [
    [
        "2026-11-02",
        "XS-20261102-001",
        "DD-1001",
        "销售",
        "KH0001",
        "CNY",
        "12800.00",
        "2026-12-02",
        "示例，导入时跳过",
    ],
    [
        "2026-11-05",
        "TH-20261105-001",
        "DD-1001",
        "退货",
        "KH0001",
        "CNY",
        "-800.00",
        "",
        "示例，导入时跳过",
    ],
    [
        "2026-11-20",
        "SK-20261120-001",
        "",
        "收款",
        "KH0001",
        "CNY",
        "-12000.00",
        "",
        "示例，导入时跳过",
    ],
];

/// Rows below the header that have the lists and formats.
const ROWS: u32 = 5_000;

/// The workbook for one side.
///
/// # Errors
/// 500 if it cannot be written.
pub fn template(side: Side, lang: Lang) -> Result<Vec<u8>, Problem> {
    write(side, lang).map_err(|error| unwritable(&error))
}

fn write(side: Side, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    fill_in(book.add_worksheet(), lang)?;
    instructions(book.add_worksheet(), side, lang)?;
    book.save_to_buffer()
}

fn fill_in(sheet: &mut Worksheet, lang: Lang) -> Result<(), XlsxError> {
    sheet.set_name(lang.pick("导入明细", "Lines"))?;
    let head = Format::new().set_bold().set_background_color(Color::RGB(0x00DD_EBF7));
    let sample = Format::new().set_italic().set_font_color(Color::Gray);
    let text = Format::new().set_num_format("@");
    for (column, ([zh, en], width, _)) in COLUMNS.iter().enumerate() {
        let column = column as u16;
        sheet.set_column_width(column, *width)?;
        // Numbers of documents and customers stay text, so that none loses a digit.
        if !matches!(column, 0 | 6 | 7) {
            sheet.set_column_format(column, &text)?;
        }
        sheet.write_with_format(0, column, lang.pick(zh, en), &head)?;
    }
    for (at, cells) in SAMPLES.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let cell = match column {
                0 => format!("{MARK} {cell}"),
                8 => lang.pick(cell, "Sample, passed over").to_owned(),
                3 => sample_kind(cell, lang),
                _ => (*cell).to_owned(),
            };
            sheet.write_with_format(at as u32 + 1, column as u16, cell, &sample)?;
        }
    }
    let kinds: Vec<&str> = LedgerKind::ALL.iter().map(|kind| kind.label(lang)).collect();
    // A list within a cell holds 255 characters; the longer English words lie on the sheet.
    let list = match lang {
        Lang::Zh => DataValidation::new().allow_list_strings(&kinds)?,
        Lang::En => {
            for (at, kind) in kinds.iter().enumerate() {
                sheet.write_string(at as u32 + 1, 25, *kind)?;
            }
            sheet.set_column_hidden(25)?;
            let range = format!("=$Z$2:$Z${}", kinds.len() + 1);
            DataValidation::new().allow_list_formula(range.as_str().into())
        }
    };
    sheet.add_data_validation(1, 3, ROWS, 3, &list)?;
    let currencies =
        DataValidation::new().allow_list_strings(&["CNY", "USD", "EUR", "HKD", "JPY"])?;
    sheet.add_data_validation(1, 5, ROWS, 5, &currencies)?;
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn sample_kind(zh: &str, lang: Lang) -> String {
    let kind = LedgerKind::ALL.iter().find(|kind| kind.label(Lang::Zh) == zh);
    kind.map_or_else(|| zh.to_owned(), |kind| kind.label(lang).to_owned())
}

fn instructions(sheet: &mut Worksheet, side: Side, lang: Lang) -> Result<(), XlsxError> {
    sheet.set_name(lang.pick("填写说明", "Instructions"))?;
    sheet.set_column_width(0, 18)?;
    sheet.set_column_width(1, 70)?;
    let bold = Format::new().set_bold();
    let title = match side {
        Side::Ours => lang.pick("我方往来明细导入模板", "Template for our own ledger"),
        Side::Theirs => lang.pick("对方往来明细导入模板", "Template for the customer's ledger"),
    };
    sheet.write_with_format(0, 0, title, &bold)?;
    let notes = [
        [
            "第一张表从第 2 行起填写；以 # 开头的行是示例，导入时跳过，可以删掉",
            "Fill in the first sheet from row 2 on; rows that begin with # are samples and are \
             passed over",
        ],
        [
            "金额一律从我方应收的角度：销售为正，退货、收款为负",
            "Amounts speak from our receivable: sales are plus, returns and receipts minus",
        ],
        [
            "同一份文件重复导入不会重复入账；完全相同的几行按几笔计",
            "The same file twice adds nothing; n equal rows are n lines",
        ],
    ];
    for (at, [zh, en]) in notes.iter().enumerate() {
        sheet.write_string(at as u32 + 1, 1, lang.pick(zh, en))?;
    }
    for (at, ([zh, en], _, [what_zh, what_en])) in COLUMNS.iter().enumerate() {
        let row = at as u32 + 5;
        sheet.write_with_format(row, 0, lang.pick(zh, en), &bold)?;
        sheet.write_string(row, 1, lang.pick(what_zh, what_en))?;
    }
    Ok(())
}
