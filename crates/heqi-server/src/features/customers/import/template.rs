//! The empty workbook of customers: header, samples, lists to choose from, instructions.

use heqi_domain::Lang;
use heqi_platform::DbError;
use rust_xlsxwriter::{Color, DataValidation, Format, Workbook, Worksheet, XlsxError};

use crate::features::customers::columns::{COLUMNS, Column, Field};
use crate::problem::Problem;
use crate::table_file::print_across;

/// Rows below the header that have the lists.
const ROWS: u32 = 5_000;

/// The workbook.
///
/// # Errors
/// 500 if it cannot be written.
pub(super) fn template(lang: Lang) -> Result<Vec<u8>, Problem> {
    write(lang).map_err(|error| DbError::Failed(error.to_string()).into())
}

fn write(lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    fill_in(book.add_worksheet(), lang)?;
    instructions(book.add_worksheet(), lang)?;
    book.save_to_buffer()
}

fn taken() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| column.is_taken())
}

fn fill_in(sheet: &mut Worksheet, lang: Lang) -> Result<(), XlsxError> {
    sheet.set_name(lang.pick("客户", "Customers"))?;
    let head = Format::new().set_bold().set_background_color(Color::RGB(0x00DD_EBF7));
    let sample = Format::new().set_italic().set_font_color(Color::Gray);
    // Everything is text, so that no code loses a leading zero.
    let text = Format::new().set_num_format("@");
    for (at, column) in (0_u16..).zip(taken()) {
        sheet.set_column_width(at, width(column.field))?;
        sheet.set_column_format(at, &text)?;
        sheet.write_with_format(0, at, column.heading(lang), &head)?;
        for row in [1, 2] {
            sheet.write_with_format(row, at, example(column.field, row, lang), &sample)?;
        }
        if column.field == Field::Language {
            let list = DataValidation::new().allow_list_strings(&["zh", "en"])?;
            sheet.add_data_validation(1, at, ROWS, at, &list)?;
        }
    }
    sheet.set_freeze_panes(1, 2)?;
    print_across(sheet)
}

const fn width(field: Field) -> u16 {
    match field {
        Field::Name | Field::Contacts | Field::Address => 32,
        Field::CreditCode | Field::Aliases | Field::InvoiceTitle | Field::Note => 22,
        _ => 13,
    }
}

/// The samples: a group company and its branch; they begin with `#` and are passed over.
const fn example(field: Field, row: u32, lang: Lang) -> &'static str {
    match (field, row) {
        (Field::Code, 1) => "# KH0001",
        (Field::Code, _) => "# KH0002",
        (Field::Name, 1) => "示例集团有限公司",
        (Field::Name, _) => "示例集团上海分公司",
        (Field::Aliases, 1) => "示例集团；示例",
        (Field::Parent, 2) => "KH0001",
        (Field::Region, 2) => "华东",
        (Field::Currency, _) => "CNY",
        (Field::TermDays, _) => "30",
        (Field::CreditLimit, 1) => "500000.00",
        (Field::Tags, 1) => "重点",
        (Field::Language, _) => "zh",
        (Field::Contacts, 1) => "王会计/对账/wang@example.com；李采购/采购",
        (Field::Note, _) => lang.pick("示例，导入时跳过", "Sample, passed over"),
        _ => "",
    }
}

const NOTES: [[&str; 2]; 5] = [
    [
        "第一张表从第 2 行起填写；以 # 开头的行是示例，导入时跳过，可以删掉",
        "Fill in the first sheet from row 2 on; rows that begin with # are samples, passed over",
    ],
    [
        "先预览再导入：新建、修改、已一致、疑似已有、未通过逐行列出，确认后一次写入",
        "A preview shows each row: new, changed, the same, possibly known, rejected; then all is \
         taken over at once",
    ],
    [
        "单元格留空则原有内容不变；要清空某一项，请到客户档案中修改",
        "An empty cell changes nothing; empty a field on the customer's page",
    ],
    [
        "银行账号不从文件导入：须一人提出、另一人复核",
        "Bank accounts are not taken from a file: one person asks, another approves",
    ],
    [
        "导出的客户文件可以直接改好再导入；状态和编号两列只供查看",
        "An export can be edited and brought back; status and id are there to be read only",
    ],
];

fn instructions(sheet: &mut Worksheet, lang: Lang) -> Result<(), XlsxError> {
    sheet.set_name(lang.pick("填写说明", "Instructions"))?;
    sheet.set_column_width(0, 20)?;
    sheet.set_column_width(1, 80)?;
    let bold = Format::new().set_bold();
    let title = lang.pick("客户档案导入模板", "Template for customers");
    sheet.write_with_format(0, 0, title, &bold)?;
    for (row, [zh, en]) in (1..).zip(NOTES) {
        sheet.write_string(row, 1, lang.pick(zh, en))?;
    }
    for (row, column) in (NOTES.len() as u32 + 2..).zip(taken()) {
        let [zh, en] = column.what;
        sheet.write_with_format(row, 0, column.heading(lang), &bold)?;
        sheet.write_string(row, 1, lang.pick(zh, en))?;
    }
    Ok(())
}
