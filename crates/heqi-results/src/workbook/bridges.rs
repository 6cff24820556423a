//! Sheet 余额调节表: a form for every customer and currency with a difference.

use rust_xlsxwriter::{Workbook, Worksheet};

use super::bridge_form::{Form, remark};
use super::sheet::{Book, cell_text, print_setup};
use super::{Done, Parts, cover};
use crate::error::ResultsError;

pub const TITLE: (&str, &str) = ("余额调节表", "Bridges");

/// Makes and fills the sheet.
pub fn sheet(workbook: &mut Workbook, book: &Book) -> Result<Worksheet, ResultsError> {
    let mut sheet = workbook.new_worksheet_with_constant_memory()?;
    let title = book.lang.pick(TITLE.0, TITLE.1);
    sheet.set_name(title)?;
    cover::form_columns(&mut sheet)?;
    print_setup(&mut sheet, book, title, true);
    Ok(sheet)
}

/// Fills the sheet with the forms, customer after customer.
pub fn fill(mut sheet: Worksheet, book: &Book, parts: &Parts) -> Result<Done, ResultsError> {
    let (outcome, lang) = (parts.result.outcome, parts.result.lang);
    let mut row = 0;
    let mut agreed = 0_u64;
    let mut cut = 0_u64;
    for (number, block) in (1..).zip(&outcome.blocks) {
        parts.tick(number)?;
        let currency = block.account.currency;
        let form = Form::of(currency, std::iter::once(block), outcome);
        if form.agrees() {
            agreed += 1;
            continue;
        }
        let height = 6 + form.height();
        if cut > 0 || row + height + 3 > book.rows {
            cut += 1;
            continue;
        }
        let heading = cover::account_heading(&block.account, lang);
        sheet.write_string_with_format(row, 0, cell_text(&heading), &book.styles.section)?;
        row = form.write(&mut sheet, book.styles, lang, row + 1)? + 1;
    }
    if row > 0 {
        sheet.write_string_with_format(row, 0, remark(lang), &cover::plain_note())?;
        row += 1;
    }
    let text = match lang {
        heqi_domain::Lang::Zh => format!("余额相符、没有差异的客户账户 {agreed} 个，不列表。"),
        heqi_domain::Lang::En => {
            format!("{agreed} customer accounts agree without a difference and are not shown.")
        }
    };
    sheet.write_string_with_format(row, 0, text, &cover::plain_note())?;
    let remark = (cut > 0).then(|| match lang {
        heqi_domain::Lang::Zh => format!(
            "另有 {cut} 个客户账户的余额调节表超出 Excel 的行数上限，未列出；{}",
            parts.elsewhere("bridge")
        ),
        heqi_domain::Lang::En => format!(
            "The bridges of {cut} more customer accounts exceed the rows of Excel. {}",
            parts.elsewhere("bridge")
        ),
    });
    if let Some(remark) = &remark {
        sheet.write_string_with_format(row + 1, 0, remark, &cover::plain_note())?;
    }
    Ok((sheet, remark))
}
