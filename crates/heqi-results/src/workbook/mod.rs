//! The workbook 对账工作簿: what an accountant checks, signs and sends on.
//!
//! Amounts and dates are real numbers and dates, ids are text, negatives are red; large sheets
//! keep only the current row in memory and are filled by several threads.

mod bridge_form;
mod bridges;
mod cover;
mod customers;
mod differences;
mod groups;
mod ledger;
mod members;
mod rejects;
mod sheet;
mod styles;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use heqi_domain::{Currency, Lang, Side};
use rayon::prelude::*;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::staging::Staging;
use crate::summary::Summary;
use crate::work::Work;
use sheet::{Book, Column, EXCEL_ROWS, List};
use styles::Styles;

/// Name of the workbook in the result folder.
pub const FILE: &str = "reconciliation.xlsx";

/// A filled sheet, and what the cover has to say about it.
type Done = (Worksheet, Option<String>);

/// What the sheets are filled from.
struct Parts<'a> {
    result: &'a MatchResult<'a>,
    work: &'a Work<'a>,
    has_tables: bool,
}

/// Rows between two looks at the wish to stop.
const TICK: u64 = 4096;

impl Parts<'_> {
    /// Called per row: tells how far it is, stops if a person asked for it.
    fn tick(&self, row: u64) -> Result<(), ResultsError> {
        if row.is_multiple_of(TICK) {
            self.work.progress.advance(TICK);
            self.work.check()?;
        }
        Ok(())
    }

    /// Currencies with their number of customers.
    fn currencies(&self) -> BTreeMap<Currency, u64> {
        let mut currencies = BTreeMap::new();
        for block in &self.result.outcome.blocks {
            *currencies.entry(block.account.currency).or_default() += 1;
        }
        currencies
    }

    /// The currency of all amounts, if there is only one: only then do sums make sense.
    fn only_currency(&self) -> Option<Currency> {
        let currencies = self.currencies();
        if currencies.len() == 1 { currencies.into_keys().next() } else { None }
    }

    /// Whether an amount or balance has more digits than a spreadsheet keeps.
    fn has_long_amounts(&self) -> bool {
        let long = |amount: i128| amount.abs() > styles::LARGEST;
        let lines = [Side::Ours, Side::Theirs].map(|side| self.result.lines(side));
        lines.iter().any(|lines| lines.amount.iter().any(|amount| long((*amount).into())))
            || self.result.outcome.blocks.iter().any(|block| block.closing().into_iter().any(long))
    }

    /// Where all rows of a list that was cut can be found.
    fn elsewhere(&self, table: &str) -> String {
        match (self.result.lang, self.has_tables) {
            (Lang::Zh, true) => format!("全部内容见同目录下的 {table} 文件。"),
            (Lang::Zh, false) => format!("如需全部内容，请加 --format csv 导出 {table} 文件。"),
            (Lang::En, true) => format!("All of it is in the file {table} beside the workbook."),
            (Lang::En, false) => format!("Use --format csv to have all of it in the file {table}."),
        }
    }
}

/// Writes the workbook into the folder; `has_tables`: whether the tables stand beside it.
pub fn write(
    staging: &Staging,
    result: &MatchResult,
    work: &Work,
    has_tables: bool,
) -> Result<(), ResultsError> {
    let fill = || write_within(staging, result, work, has_tables, EXCEL_ROWS);
    // The library panics where the rows of a sheet cannot be put aside, which is what a full
    // disk does; any other panic is a bug and goes on.
    std::panic::catch_unwind(AssertUnwindSafe(fill)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map_or("", String::as_str);
        if !text.starts_with("Couldn't write to xml file") {
            std::panic::resume_unwind(panic);
        }
        let source = std::io::Error::new(std::io::ErrorKind::StorageFull, text.to_owned());
        Err(ResultsError::Io { path: staging.path().join(FILE), source })
    })
}

type Job<'a> = Box<dyn FnOnce() -> Result<Done, ResultsError> + Send + 'a>;

/// [`write`] with sheets of at most `rows` rows.
fn write_within(
    staging: &Staging,
    result: &MatchResult,
    work: &Work,
    has_tables: bool,
    rows: u32,
) -> Result<(), ResultsError> {
    let parts = &Parts { result, work, has_tables };
    let lang = result.lang;
    let mut workbook = Workbook::new();
    prepare(&mut workbook, staging, lang)?;
    let styles = Styles::new(&mut workbook, lang);
    let caption = {
        let names = [Side::Ours, Side::Theirs].map(|side| result.input(side).name);
        names.join(" ↔ ")
    };
    let book = &Book { styles: &styles, lang, rows, caption };
    let mut jobs: Vec<Job> = Vec::new();
    let several = result.outcome.blocks.len() > 1;
    let mut list = |title: (&'static str, &'static str), columns: &'static [Column]| {
        List::new(&mut workbook, book, lang.pick(title.0, title.1), columns)
    };
    let customers = match several {
        true => Some(list(customers::TITLE, customers::COLUMNS)?),
        false => None,
    };
    let differences = list(differences::TITLE, differences::COLUMNS)?;
    let matched = list(groups::MATCHED, groups::COLUMNS.split_last().map_or(&[], |it| it.1))?;
    let suggested = list(groups::SUGGESTED, groups::COLUMNS)?;
    let ours = list(ledger::OURS, ledger::COLUMNS)?;
    let theirs = list(ledger::THEIRS, ledger::COLUMNS)?;
    let rejects = list(rejects::TITLE, rejects::COLUMNS)?;
    if let Some(customers) = customers {
        let bridges = bridges::sheet(&mut workbook, book)?;
        jobs.push(Box::new(move || customers::fill(customers, parts)));
        jobs.push(Box::new(move || bridges::fill(bridges, book, parts)));
    }
    jobs.push(Box::new(move || differences::fill(differences, parts)));
    jobs.push(Box::new(move || groups::fill(matched, parts, false)));
    jobs.push(Box::new(move || groups::fill(suggested, parts, true)));
    jobs.push(Box::new(move || ledger::fill(ours, parts, Side::Ours)));
    jobs.push(Box::new(move || ledger::fill(theirs, parts, Side::Theirs)));
    jobs.push(Box::new(move || rejects::fill(rejects, parts)));
    let done: Vec<Done> = jobs.into_par_iter().map(|job| job()).collect::<Result<_, _>>()?;
    let (sheets, remarks): (Vec<Worksheet>, Vec<Option<String>>) = done.into_iter().unzip();
    let remarks: Vec<String> = remarks.into_iter().flatten().collect();
    let summary = Summary::of(result)?;
    workbook.push_worksheet(cover::sheet(book, parts, &summary, &remarks)?);
    for sheet in sheets {
        workbook.push_worksheet(sheet);
    }
    work.check()?;
    workbook.save(staging.path().join(FILE))?;
    Ok(())
}

/// Font, properties, and where the rows of large sheets wait.
fn prepare(workbook: &mut Workbook, staging: &Staging, lang: Lang) -> Result<(), ResultsError> {
    workbook.set_tempdir(staging.path())?;
    let font = Format::new().set_font_name(styles::font(lang)).set_font_size(11);
    workbook.set_default_format(&font, 20, 64)?;
    let properties = DocProperties::new()
        .set_title(lang.pick("客户对账结果", "Reconciliation"))
        .set_author("Heqi 合契")
        // A fixed moment: two equal runs give equal bytes.
        .set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?);
    workbook.set_properties(&properties);
    Ok(())
}
