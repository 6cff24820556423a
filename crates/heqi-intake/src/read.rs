//! `read`: from bytes to lines, by way of what the file is, its plan and its rows.

use std::ops::ControlFlow;

use heqi_domain::{NoProgress, Progress};

use crate::collect::Collector;
use crate::encoding::{self, Found};
use crate::fast;
use crate::figures::{FigureColumns, Figures};
use crate::guard;
use crate::head::{self, Rows};
use crate::normalise::{self, RowOutcome};
use crate::parquet_input::Table;
use crate::plan::{Plan, TextShape};
use crate::sheet::{Book, SheetRows};
use crate::sniff::{self, Kind, TextKind};
use crate::template::Template;
use crate::text::TextRows;
use crate::understand::{self, Known};
use crate::{Format, FormatName, IntakeError, ReadOptions, Reading, Source, header, html};

/// Separators of delimited text, the likelier first.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// What is asked for and of what, carried from step to step.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub source: &'a dyn Source,
    pub name: &'a str,
    pub options: &'a ReadOptions,
    pub template: Option<&'a Template>,
    pub progress: &'a dyn Progress,
}

/// What a row of data became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// The next line of the reading.
    Line,
    /// The next reject.
    Reject,
    /// A balance or total that the lines are checked against.
    Control,
    /// Nothing: blank, a remark, the header again, another customer.
    Nothing,
}

/// Told of each row of data: its 1-based physical row, its cells as they stand, what it became,
/// and of a line what else it says.
pub type EachRow<'a> = dyn FnMut(u64, &[&str], Became, Figures) + 'a;

/// Reads a ledger: step 2 of the path.
///
/// `name` is how messages call the file; `progress` is told bytes and asked whether to stop.
///
/// # Errors
/// [`IntakeError`]: the file as a whole cannot be read. A row that cannot is a reject.
pub fn read(
    source: &dyn Source,
    name: &str,
    options: &ReadOptions,
    progress: &dyn Progress,
) -> Result<Reading, IntakeError> {
    let template = parsed(name, options)?;
    let task = Task { source, name, options, template: template.as_ref(), progress };
    opened(task, None)
}

/// Reads a ledger as [`read`] does, and shows every row of data beside what it became, so that a
/// caller can keep the rows as they stand. Always takes the careful path, which gives the same
/// lines; of a Parquet file, which has no rows of text, no row is shown.
///
/// # Errors
/// As [`read`].
pub fn read_rows(
    source: &dyn Source,
    name: &str,
    options: &ReadOptions,
    progress: &dyn Progress,
    each: &mut EachRow<'_>,
) -> Result<Reading, IntakeError> {
    let template = parsed(name, options)?;
    let task = Task { source, name, options, template: template.as_ref(), progress };
    opened(task, Some(each))
}

fn opened(task: Task<'_>, each: Option<&mut EachRow<'_>>) -> Result<Reading, IntakeError> {
    let Task { source, name, options, progress, .. } = task;
    match kind(task)? {
        Kind::Parquet => parquet(task),
        Kind::Text(text) => {
            let plan = text_plan(task, &text)?;
            if each.is_none()
                && let Some(reading) = fast_path(task, &plan)?
            {
                return Ok(reading);
            }
            let (text, plan) = settled(task, text, plan)?;
            careful(task, &text_rows(task, &text, shape_separator(&plan)), &plan, each)
        }
        Kind::Html(found) => {
            let (rows, plan) = html_plan(task, found)?;
            careful(task, &rows, &plan, each)
        }
        Kind::Zip => {
            let format = guard::check(source, name, &options.limits)?;
            let book = Book::open(source, name, format, &options.limits)?;
            let (rows, plan) = sheet_plan(task, &book)?;
            // A workbook is unpacked as a whole; its bytes are done with before its rows.
            progress.advance(source.len());
            careful(task, &rows, &plan, each)
        }
        Kind::Xls => {
            let book = Book::open(source, name, Format::Xls, &options.limits)?;
            let (rows, plan) = sheet_plan(task, &book)?;
            progress.advance(source.len());
            careful(task, &rows, &plan, each)
        }
    }
}

/// The template of a file, made from how it would be read: what `heqi inspect --save` writes.
///
/// # Errors
/// As [`read`].
pub fn template(
    source: &dyn Source,
    name: &str,
    options: &ReadOptions,
) -> Result<Template, IntakeError> {
    let given = parsed(name, options)?;
    let task = Task { source, name, options, template: given.as_ref(), progress: &NoProgress };
    let plan = match kind(task)? {
        Kind::Parquet => {
            let what = "Parquet columns have names and types of their own".to_owned();
            return Err(IntakeError::Template { name: name.to_owned(), what });
        }
        Kind::Text(text) => {
            let plan = text_plan(task, &text)?;
            settled(task, text, plan)?.1
        }
        Kind::Html(found) => html_plan(task, found)?.1,
        Kind::Zip => {
            let format = guard::check(source, name, &options.limits)?;
            sheet_plan(task, &Book::open(source, name, format, &options.limits)?)?.1
        }
        Kind::Xls => sheet_plan(task, &Book::open(source, name, Format::Xls, &options.limits)?)?.1,
    };
    Ok(Template::of(&plan))
}

/// What the file is; the caller's word on its encoding counts more than its bytes.
pub(crate) fn kind(task: Task<'_>) -> Result<Kind, IntakeError> {
    let mut kind = sniff::sniff(task.source, task.name)?;
    if let (Some(label), Kind::Text(text)) = (&task.options.encoding, &mut kind) {
        text.found = encoding::named(label).ok_or_else(|| IntakeError::Unsupported {
            name: task.name.to_owned(),
            what: format!("text in the encoding `{label}`"),
        })?;
    }
    Ok(kind)
}

fn parsed(name: &str, options: &ReadOptions) -> Result<Option<Template>, IntakeError> {
    let Some(text) = &options.template else { return Ok(None) };
    Template::parse(text)
        .map(Some)
        .map_err(|error| IntakeError::Template { name: name.to_owned(), what: error.to_string() })
}

/// Dispatch to the fast reader: clean UTF-8 text. `None`: not its kind of file, or bytes that it
/// leaves to the careful one.
fn fast_path(task: Task<'_>, plan: &Plan) -> Result<Option<Reading>, IntakeError> {
    let Task { source, name, options, progress, .. } = task;
    let Some(found) = fast::read(source, name, plan, &options.limits, progress)? else {
        return Ok(None);
    };
    found.collector.finish(plan, name, found.sha256).map(Some)
}

/// Reads a Parquet file; its bytes are hashed at the same time.
fn parquet(task: Task<'_>) -> Result<Reading, IntakeError> {
    let Task { source, name, options, progress, .. } = task;
    let table = Table::open(source, name, options)?;
    let plan = parquet_plan(task, &table)?;
    let (sha256, collector) =
        rayon::join(|| fast::sha256(source), || table.read(&plan, &options.limits, progress));
    let sha256 = sha256.map_err(|source| IntakeError::Io { name: name.to_owned(), source })?;
    collector?.finish(&plan, name, sha256)
}

fn parquet_plan(task: Task<'_>, table: &Table<'_>) -> Result<Plan, IntakeError> {
    let options = table.options(task.options);
    let task = Task { options: &options, ..task };
    let mut plan = understand::plan(table, known(task, Format::Parquet, None, None))?;
    table.settle(&mut plan);
    Ok(plan)
}

/// Reads every row with care.
fn careful(
    task: Task<'_>,
    rows: &dyn Rows,
    plan: &Plan,
    mut each: Option<&mut EachRow<'_>>,
) -> Result<Reading, IntakeError> {
    let mut collector = Collector::new(plan);
    let figures = FigureColumns::of(plan);
    understand::each_data(rows, plan, &mut |row, cells| {
        let outcome = match &cells {
            Ok(cells) => normalise::row(plan, row, cells),
            Err(reject) => RowOutcome::Reject(reject.clone()),
        };
        if let Some(each) = &mut each {
            let cells = cells.as_deref().unwrap_or_default();
            let said = match &outcome {
                RowOutcome::Line(line) => figures.read(plan, cells, line.currency),
                _ => Figures::default(),
            };
            each(row, cells, became(&outcome), said);
        }
        collector.push(plan, row, outcome);
        if row.is_multiple_of(8192) && task.progress.cancelled() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if task.progress.cancelled() {
        return Err(IntakeError::Cancelled);
    }
    let sha256 = fast::sha256(task.source)
        .map_err(|source| IntakeError::Io { name: task.name.to_owned(), source })?;
    collector.finish(plan, task.name, sha256)
}

const fn became(outcome: &RowOutcome<'_>) -> Became {
    match outcome {
        RowOutcome::Line(_) => Became::Line,
        RowOutcome::Reject(_) => Became::Reject,
        RowOutcome::Control(_) => Became::Control,
        RowOutcome::Skip(_) => Became::Nothing,
    }
}

fn shape_separator(plan: &Plan) -> u8 {
    plan.text.as_ref().map_or(b',', |it| it.separator)
}

pub(crate) fn text_rows<'a>(task: Task<'a>, text: &TextKind, separator: u8) -> TextRows<'a> {
    TextRows {
        source: task.source,
        name: task.name,
        gzip: text.gzip,
        encoding: text.found.encoding,
        separator,
        limits: &task.options.limits,
        progress: task.progress,
    }
}

/// The plan under the separator that explains the head best.
fn text_plan(task: Task<'_>, text: &TextKind) -> Result<Plan, IntakeError> {
    // Looking at the head is not progress.
    let quiet = Task { progress: &NoProgress, ..task };
    let separator = separator(quiet, text)?;
    let rows = text_rows(quiet, text, separator);
    let backtick = text.sample.windows(2).any(|it| it == b"\n`");
    let encoding = text.found.name;
    let shape = TextShape { encoding, separator, data_offset: None, backtick };
    let mut plan = understand::plan(&rows, known(task, Format::Csv, Some(shape), None))?;
    let utf8 = text.found.encoding == encoding_rs::UTF_8 && !text.gzip;
    if let Some(shape) = plan.text.as_mut().filter(|_| utf8) {
        shape.data_offset = line_offset(&text.sample, plan.first_row);
    }
    Ok(plan)
}

/// A text that began as ASCII may go on in another encoding. The fast reader would have seen it;
/// the careful one must be told.
fn settled(task: Task<'_>, text: TextKind, plan: Plan) -> Result<(TextKind, Plan), IntakeError> {
    let Some(found) = sniff::later(task.source, task.name, &text)? else { return Ok((text, plan)) };
    let text = TextKind { found, ..text };
    let plan = text_plan(task, &text)?;
    Ok((text, plan))
}

fn known<'a>(
    task: Task<'a>,
    format: Format,
    text: Option<TextShape>,
    sheet: Option<String>,
) -> Known<'a> {
    let Task { name, options, template, .. } = task;
    Known { name, options, template, format, text, sheet }
}

/// Byte offset at which a physical line starts, if it lies in the sample.
fn line_offset(sample: &[u8], row: u64) -> Option<u64> {
    if row <= 1 {
        return Some(if sample.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 });
    }
    let before = usize::try_from(row - 2).ok()?;
    memchr::memchr_iter(b'\n', sample).nth(before).map(|at| at as u64 + 1)
}

/// The separator whose header names most; without a header, the one that most rows agree on.
pub(crate) fn separator(task: Task<'_>, text: &TextKind) -> Result<u8, IntakeError> {
    let mut best = (0, SEPARATORS[0]);
    let mut first_error = None;
    let mut absent = false;
    for separator in SEPARATORS {
        // What does not occur separates nothing: one such stands for all.
        if memchr::memchr(separator, &text.sample).is_none() && std::mem::replace(&mut absent, true)
        {
            continue;
        }
        let rows = text_rows(task, text, separator);
        let head = match head::head(&rows, task.name, task.options.limits.columns) {
            Ok((head, _)) => head,
            Err(error) => {
                first_error.get_or_insert(error);
                continue;
            }
        };
        let score = header::score_of(&head, &task.options.map) * 1000 + agreement(&head);
        if score > best.0 {
            best = (score, separator);
        }
    }
    match (best.0, first_error) {
        (0, Some(error)) => Err(error),
        _ => Ok(best.1),
    }
}

/// Rows that have the commonest number of columns, if that is more than one: up to 600.
fn agreement(head: &[head::HeadRow]) -> u32 {
    let mut counts: Vec<usize> = head.iter().map(|row| row.cells.len()).collect();
    counts.sort_unstable();
    let runs = counts.chunk_by(|one, other| one == other).filter(|run| run[0] > 1);
    runs.map(|run| run.len() as u32).max().unwrap_or(0)
}

/// Most bytes of an HTML document; it is taken in whole.
const HTML_BYTES: u64 = 256 << 20;

fn html_plan(task: Task<'_>, found: Found) -> Result<(html::HtmlRows, Plan), IntakeError> {
    let rows = html_rows(task, found)?;
    let plan = understand::plan(&rows, known(task, Format::Html, None, None))?;
    Ok((rows, plan))
}

/// The rows of an HTML document.
///
/// # Errors
/// What makes the whole file unreadable.
pub(crate) fn html_rows(task: Task<'_>, found: Found) -> Result<html::HtmlRows, IntakeError> {
    let Task { source, name, options, .. } = task;
    if source.len() > HTML_BYTES {
        let what = "the size of the document".to_owned();
        return Err(IntakeError::TooLarge { name: name.to_owned(), what, limit: HTML_BYTES });
    }
    let mut bytes = vec![0; source.len() as usize];
    let count = sniff::read_full(source, 0, &mut bytes)
        .map_err(|source| IntakeError::Io { name: name.to_owned(), source })?;
    let text = found.encoding.decode(&bytes[..count]).0;
    html::tables(&text, name, &options.limits)
}

/// The sheet asked for, or the visible one whose header names most.
fn sheet_plan<'b, 'a>(
    task: Task<'a>,
    book: &'b Book<'a>,
) -> Result<(SheetRows<'b, 'a>, Plan), IntakeError> {
    let sheet = match &task.options.sheet {
        Some(wanted) => named_sheet(task, book, wanted)?,
        None => best_sheet(task, book)?,
    };
    let rows = SheetRows { book, sheet: sheet.clone() };
    let mut plan = understand::plan(&rows, known(task, book.format, None, Some(sheet)))?;
    let others = book.sheets.iter().filter(|(_, visible)| *visible).count();
    if others > 1 && task.options.sheet.is_none() {
        let sheet = plan.sheet.as_deref().unwrap_or_default();
        plan.warnings.push(crate::checks::warning(
            "several_sheets",
            None,
            format!("the workbook has {others} visible sheets; `{sheet}` was read"),
            format!("工作簿有 {others} 张可见工作表，已读取“{sheet}”"),
        ));
    }
    Ok((rows, plan))
}

pub(crate) fn named_sheet(
    task: Task<'_>,
    book: &Book<'_>,
    wanted: &str,
) -> Result<String, IntakeError> {
    let by_name = book.sheets.iter().find(|(name, _)| name == wanted);
    let by_number = || {
        let number: usize = wanted.parse().ok()?;
        book.sheets.get(number.checked_sub(1)?)
    };
    let found = by_name.or_else(by_number).map(|(name, _)| name.clone());
    found.ok_or_else(|| {
        let sheets: Vec<&str> = book.sheets.iter().map(|(name, _)| name.as_str()).collect();
        IntakeError::UnknownSheet {
            name: task.name.to_owned(),
            sheet: wanted.to_owned(),
            sheets: sheets.join(", "),
        }
    })
}

fn best_sheet(task: Task<'_>, book: &Book<'_>) -> Result<String, IntakeError> {
    let mut best: Option<(u32, String)> = None;
    for (name, visible) in &book.sheets {
        if !visible {
            continue;
        }
        let rows = SheetRows { book, sheet: name.clone() };
        let (head, _) = head::head(&rows, task.name, task.options.limits.columns)?;
        let score = header::score_of(&head, &task.options.map) * 1000 + head.len() as u32;
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, name.clone()));
        }
    }
    best.map(|(_, name)| name).ok_or_else(|| IntakeError::Damaged {
        name: task.name.to_owned(),
        format: FormatName(book.format),
        what: "it has no visible sheet".into(),
    })
}

/// The plan of a Parquet file.
#[cfg(test)]
pub(crate) fn plan_of(table: &Table<'_>, options: &ReadOptions) -> Result<Plan, IntakeError> {
    let source: &dyn Source = &Vec::new();
    let task = Task { source, name: "test", options, template: None, progress: &NoProgress };
    parquet_plan(task, table)
}

/// The plan of a text file, and the file as the careful reader reads it.
#[cfg(test)]
pub(crate) fn with_care(
    source: &dyn Source,
    options: &ReadOptions,
) -> Result<(Plan, Reading), IntakeError> {
    let name = "test.csv";
    let task = Task { source, name, options, template: None, progress: &NoProgress };
    let Kind::Text(text) = sniff::sniff(source, name)? else {
        return Err(IntakeError::Empty { name: name.to_owned() });
    };
    let plan = text_plan(task, &text)?;
    let (text, plan) = settled(task, text, plan)?;
    let reading = careful(task, &text_rows(task, &text, shape_separator(&plan)), &plan, None)?;
    Ok((plan, reading))
}
