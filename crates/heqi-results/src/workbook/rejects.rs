//! Sheet 拒收行: the rows of both files that became no line.

use heqi_domain::Side;

use super::sheet::{Column, List, Shows, column};
use super::{Done, Parts};
use crate::error::ResultsError;

pub const TITLE: (&str, &str) = ("拒收行", "Rejected rows");

pub const COLUMNS: &[Column] = &[
    column("账方", "Side", 8.0, Shows::Text),
    column("文件", "File", 28.0, Shows::Text),
    column("行号", "Row", 10.0, Shows::Figure),
    column("列", "Column", 18.0, Shows::Text),
    column("原内容", "As written", 30.0, Shows::Wrap),
    column("拒收原因", "Reason", 34.0, Shows::Wrap),
    column("处理办法", "What to do", 48.0, Shows::Wrap),
];

/// Fills the sheet.
pub fn fill(mut list: List, parts: &Parts) -> Result<Done, ResultsError> {
    let lang = parts.result.lang;
    let mut number = 0;
    for side in [Side::Ours, Side::Theirs] {
        let input = parts.result.input(side);
        for reject in input.rejects {
            number += 1;
            parts.tick(number)?;
            let reason = reject.reason;
            let Some(mut row) = list.next() else { continue };
            row.text(side.label(lang))?
                .text(input.name)?
                .count(Some(reject.row))?
                .text(&reject.column)?
                .wrap(&reject.value)?
                .wrap(lang.pick(reason.zh(), reason.en()))?
                .wrap(lang.pick(reason.remedy_zh(), reason.remedy_en()))?;
        }
    }
    let empty = lang.pick("没有拒收的行。", "No row was rejected.");
    Ok(list.finish(empty, &parts.elsewhere("rejects"))?)
}
