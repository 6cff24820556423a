//! `heqi inspect`: how a file will be read, before it counts.

use std::path::Path;

use heqi_domain::{Lang, Side, Stage};
use heqi_intake::{Inspection, Orientation, Reading, Reject, Role};

use crate::arguments::Inspect;
use crate::failure::{Failure, Kind, cannot_write};
use crate::input;
use crate::reading::{self, Request};
use crate::terminal::{Align, Paint, Table, Terminal, Watch, count, decimal, ellipsis, say, words};

/// Rejected rows and warnings that are shown without `--verbose`.
const SHOWN: usize = 8;

/// Runs the command.
///
/// # Errors
/// The file cannot be read as a ledger, or the template cannot be saved.
pub fn run(arguments: &Inspect, terminal: &Terminal) -> Result<(), Failure> {
    let request = Request {
        path: &arguments.file,
        side: Side::Ours,
        map_flag: "--map",
        map: &arguments.map,
        template: arguments.template.as_deref(),
        view: None,
        customer: None,
        currency: reading::currency(&arguments.currency, terminal)?,
        sheet: arguments.sheet.as_deref(),
        keep_text: false,
    };
    let opened = request.open(terminal)?;
    let mut watch = Watch::new(terminal);
    let reading = opened.read(&watch.reader(Stage::ReadOurs), terminal);
    watch.finish();
    let reading = reading?;
    if let Some(path) = &arguments.save_template {
        save(path, &opened.template(terminal)?, terminal)?;
    }
    if arguments.json {
        let mut json = serde_json::to_string_pretty(&reading.inspection)
            .map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
        json.push('\n');
        terminal.data(&json)
    } else if terminal.quiet {
        Ok(())
    } else {
        terminal.data(&render(&opened.name(), &reading, terminal))
    }
}

/// Saves a template, in place of an earlier one; any other file is left alone.
fn save(path: &Path, template: &str, terminal: &Terminal) -> Result<(), Failure> {
    let name = path.display();
    if path.exists() && heqi_intake::Template::parse(&input::read_text(path, terminal)?).is_err() {
        let message = say!(
            terminal,
            "{name} 已存在，不是模板，不能覆盖",
            "{name} exists, is no template, and is not replaced"
        );
        return Err(Failure::new(Kind::Conflict, message)
            .hint(terminal.pick("换一个文件名", "choose another name")));
    }
    std::fs::write(path, template).map_err(|error| cannot_write(path, &error, terminal))?;
    terminal.note(&say!(
        terminal,
        "模板已存到 {name}，以后用 --template {name}\n\
         （heqi match 用 --ours-template 或 --theirs-template）",
        "template saved to {name}; use it with --template {name} (heqi match: --ours-template or \
         --theirs-template)"
    ));
    Ok(())
}

/// How the file was read, in words.
fn render(name: &str, reading: &Reading, terminal: &Terminal) -> String {
    let inspection = &reading.inspection;
    let mut text = head(name, inspection, terminal);
    text.push('\n');
    text.push_str(&columns(inspection, terminal));
    text.push_str(&warnings(inspection, terminal));
    text.push_str(&rejects(&reading.rejects, terminal));
    text
}

fn head(name: &str, inspection: &Inspection, terminal: &Terminal) -> String {
    let mut table = Table::new(0, &[Align::Left, Align::Left]);
    let mut row = |zh: &str, en: &str, value: String| {
        table.row([terminal.paint(Paint::Dim, terminal.pick(zh, en)), value]);
    };
    row("文件", "File", terminal.paint(Paint::Bold, name));
    row("格式", "Format", form(inspection, terminal.lang));
    let header = match inspection.header_row {
        Some(at) => say!(terminal, "第 {at} 行", "row {at}"),
        None => terminal.pick("没有表头，按内容识别", "none; understood by content").to_owned(),
    };
    row("表头", "Header", header);
    row("明细", "Lines", lines(inspection, terminal));
    if let Some(span) = span(inspection, terminal.lang) {
        row("日期", "Dates", span);
    }
    row("合计", "Sum", terminal.signed(decimal(&inspection.sum)));
    if let Some(opening) = &inspection.opening {
        row("期初余额", "Opening", terminal.signed(decimal(opening)));
    }
    if let Some(closing) = &inspection.closing {
        row("期末余额", "Closing", terminal.signed(decimal(closing)));
    }
    if let Some(customer) = &inspection.stated_customer {
        row("往来单位", "Customer", customer.clone());
    }
    let orientation = match inspection.orientation {
        Orientation::Receivable => terminal.pick(
            "应收口径：借方或正数为客户多欠",
            "receivable: debit or plus means the customer owes more",
        ),
        Orientation::Payable => terminal.pick(
            "应付口径：核对时换算为应收口径",
            "payable: mirrored to the receivable when matched",
        ),
    };
    row("口径", "View", orientation.to_owned());
    table.render()
}

/// The format in one phrase: `XLSX，工作表「明细」` or `CSV (comma, GB18030)`.
pub fn form(inspection: &Inspection, lang: Lang) -> String {
    let mut details = Vec::new();
    if let Some(encoding) = &inspection.encoding {
        details.push(words::encoding(encoding));
    }
    if let Some(separator) = &inspection.separator {
        details.push(words::separator(separator, lang));
    }
    if let Some(sheet) = &inspection.sheet {
        details.push(match lang {
            Lang::Zh => format!("工作表「{sheet}」"),
            Lang::En => format!("sheet {sheet}"),
        });
    }
    let format = words::format(inspection.format, lang);
    match lang {
        _ if details.is_empty() => format.to_owned(),
        Lang::Zh => format!("{format}（{}）", details.join("，")),
        Lang::En => format!("{format} ({})", details.join(", ")),
    }
}

fn lines(inspection: &Inspection, terminal: &Terminal) -> String {
    let rows = count(inspection.rows);
    if inspection.rejected == 0 {
        return say!(terminal, "{rows} 行，全部读入", "{rows}, all accepted");
    }
    let rejected = count(inspection.rejected);
    let refused = say!(terminal, "{rejected} 行未读入", "{rejected} rejected");
    let refused = terminal.paint(Paint::Attention, &refused);
    say!(terminal, "{rows} 行读入，{refused}", "{rows} accepted, {refused}")
}

/// First and last date in one phrase.
pub fn span(inspection: &Inspection, lang: Lang) -> Option<String> {
    let (first, last) = (inspection.first.as_deref()?, inspection.last.as_deref()?);
    Some(format!("{first} {} {last}", lang.pick("至", "to")))
}

fn columns(inspection: &Inspection, terminal: &Terminal) -> String {
    let mut table = Table::new(0, &[Align::Right, Align::Left, Align::Left, Align::Right]);
    let heads = [
        terminal.pick("列号", "No."),
        terminal.pick("列名", "Column"),
        terminal.pick("用作", "Read as"),
        terminal.pick("把握", "Sure"),
    ];
    table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
    for (index, column) in inspection.columns.iter().enumerate() {
        let name = ellipsis(&column.name.replace(['\n', '\r'], " "), 40);
        let number = (index + 1).to_string();
        let role = words::role(column.role, terminal.lang);
        if column.role == Role::Ignored {
            table.row([number, name, terminal.paint(Paint::Dim, role)]);
        } else {
            let sure = format!("{} %", column.confidence);
            let low = column.confidence < 60;
            let sure = if low { terminal.paint(Paint::Attention, &sure) } else { sure };
            table.row([number, name, role.to_owned(), sure]);
        }
    }
    table.render()
}

fn warnings(inspection: &Inspection, terminal: &Terminal) -> String {
    if inspection.warnings.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", terminal.paint(Paint::Bold, terminal.pick("提示", "Notes")));
    let shown = if terminal.verbose { usize::MAX } else { SHOWN };
    for warning in inspection.warnings.iter().take(shown) {
        let words = terminal.pick(&warning.zh, &warning.en);
        text.push_str(&format!("  {words}\n"));
    }
    text + &more(inspection.warnings.len(), shown, terminal)
}

fn rejects(rejects: &[Reject], terminal: &Terminal) -> String {
    if rejects.is_empty() {
        return String::new();
    }
    let title = terminal.pick("未读入的行", "Rejected rows");
    let mut text = format!("\n{}\n", terminal.paint(Paint::Bold, title));
    let shown = if terminal.verbose { usize::MAX } else { SHOWN };
    for reject in rejects.iter().take(shown) {
        let row = reject.row;
        let column = &reject.column;
        let why = terminal.pick(reject.reason.zh(), reject.reason.en());
        let remedy = terminal.pick(reject.remedy_zh(), reject.remedy_en());
        let cell = match (column.is_empty(), reject.value.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!(" {}", ellipsis(&reject.value, 24)),
            (false, true) => say!(terminal, "「{column}」", " {column}"),
            (false, false) => {
                let value = ellipsis(&reject.value, 24);
                say!(terminal, "「{column}」{value}", " {column} {value:?}")
            }
        };
        text.push_str(&say!(
            terminal,
            "  第 {row} 行{cell}：{why}。{remedy}\n",
            "  row {row}{cell}: {why}; {remedy}\n"
        ));
    }
    text + &more(rejects.len(), shown, terminal)
}

fn more(all: usize, shown: usize, terminal: &Terminal) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        rest => {
            let rest = count(rest as u64);
            say!(terminal, "  另有 {rest} 条，加 -v 全部列出\n", "  and {rest} more, shown by -v\n")
        }
    }
}

#[cfg(test)]
mod tests;
