//! Sheet 汇总: who, what, how far, and the bridge; the page that is read and signed.
//!
//! Two halves, as the form of the bridge has them: ours left, theirs right.

use heqi_domain::{Account, Currency, Lang, Side, decimal_text};
use heqi_intake::Orientation;
use rust_xlsxwriter::{Format, FormatAlign, Worksheet, XlsxError};

use super::bridge_form::{Form, remark};
use super::sheet::{Book, cell_text, print_setup};
use super::{Parts, words};
use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::summary::{StateCount, Summary};

pub const TITLE: (&str, &str) = ("汇总", "Summary");

const LAST: u16 = 5;

/// The columns of the form: item, count, amount; twice.
pub fn form_columns(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    for (place, width) in (0..).zip([32.0, 9.0, 20.0, 32.0, 9.0, 20.0]) {
        sheet.set_column_width(place, width)?;
    }
    Ok(())
}

/// A remark in one cell that runs on to the right.
pub fn plain_note() -> Format {
    Format::new().set_font_size(10).set_align(FormatAlign::VerticalCenter)
}

/// Heading of a form: the customer and the currency.
pub fn account_heading(account: &Account, lang: Lang) -> String {
    let customer = match account.customer.as_str() {
        "" => lang.pick("（未注明客户）", "(customer not stated)"),
        name => name,
    };
    match lang {
        Lang::Zh => format!("{customer}　{}", unit(account.currency, lang)),
        Lang::En => format!("{customer}, {}", unit(account.currency, lang)),
    }
}

/// `单位：元` for CNY, else the currency code.
fn unit(currency: Currency, lang: Lang) -> String {
    match lang {
        Lang::Zh if currency == Currency::CNY => "单位：元".to_owned(),
        Lang::Zh => format!("币种：{currency}"),
        Lang::En => format!("in {currency}"),
    }
}

/// Writes the page from top to bottom.
struct Page<'a> {
    sheet: Worksheet,
    book: &'a Book<'a>,
    row: u32,
}

/// A value of the upper table.
enum Value {
    Text(String),
    Count(u64),
}

impl Page<'_> {
    fn across(&mut self, text: &str, format: &Format, height: f64) -> Result<(), XlsxError> {
        self.sheet.merge_range(self.row, 0, self.row, LAST, &cell_text(text), format)?;
        self.sheet.set_row_height(self.row, height)?;
        self.row += 1;
        Ok(())
    }

    fn section(&mut self, text: &str) -> Result<(), XlsxError> {
        self.row += 1;
        self.across(text, &self.book.styles.section, 22.0)
    }

    fn facts(&mut self, label: &str, values: [Value; 2]) -> Result<(), XlsxError> {
        let styles = self.book.styles;
        for (base, value) in [0_u16, 3].into_iter().zip(values) {
            let row = self.row;
            self.sheet.write_string_with_format(row, base, label, &styles.total)?;
            match value {
                Value::Text(text) => {
                    let text = cell_text(&text).into_owned();
                    self.sheet.merge_range(row, base + 1, row, base + 2, &text, &styles.wrap)?;
                    // A long file name breaks into a second line.
                    if super::sheet::width_of(&text) > 28 {
                        self.sheet.set_row_height(row, 28)?;
                    }
                }
                Value::Count(count) => {
                    let format = &styles.count;
                    self.sheet.merge_range(row, base + 1, row, base + 2, "", format)?;
                    // Counts of lines are far below 2^53.
                    self.sheet.write_number_with_format(row, base + 1, count as f64, format)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    /// Lines by state, ours left and theirs right.
    fn states(&mut self, states: &[StateCount]) -> Result<(), XlsxError> {
        let (styles, lang) = (self.book.styles, self.book.lang);
        let of = |count: &StateCount, side: usize| match side {
            0 => count.lines.ours,
            _ => count.lines.theirs,
        };
        let heads = [
            (lang.pick("我方明细", "Our lines"), lang.pick("对方明细", "Their lines")),
            (lang.pick("笔数", "Lines"), lang.pick("笔数", "Lines")),
            (lang.pick("占比", "Share"), lang.pick("占比", "Share")),
        ];
        let labels = [
            Some(heqi_matching::State::Settled),
            Some(heqi_matching::State::Differs),
            Some(heqi_matching::State::Suggested),
            None,
        ];
        for (side, base) in [(0_usize, 0_u16), (1, 3)] {
            for (place, head) in (base..).zip(heads) {
                let head = if side == 0 { head.0 } else { head.1 };
                let format = if place == base { &styles.head } else { &styles.head_right };
                self.sheet.write_string_with_format(self.row, place, head, format)?;
            }
            let total: u64 = states.iter().map(|count| of(count, side)).sum();
            for ((row, state), count) in (self.row + 1..).zip(labels).zip(states) {
                let lines = of(count, side);
                let label = words::state(state, lang);
                self.sheet.write_string_with_format(row, base, label, &styles.text)?;
                self.sheet.write_number_with_format(row, base + 1, lines as f64, &styles.count)?;
                let share = if total == 0 { 0.0 } else { lines as f64 / total as f64 };
                self.sheet.write_number_with_format(row, base + 2, share, &styles.share)?;
            }
            let row = self.row + 5;
            let label = lang.pick("合计", "Total");
            self.sheet.write_string_with_format(row, base, label, &styles.total)?;
            let format = &styles.total_count;
            self.sheet.write_number_with_format(row, base + 1, total as f64, format)?;
            self.sheet.write_blank(row, base + 2, &styles.total)?;
        }
        self.row += 6;
        Ok(())
    }

    /// What is open: unexplained amounts per currency, suggestions.
    fn open_items(&mut self, summary: &Summary) -> Result<(), XlsxError> {
        let (styles, lang) = (self.book.styles, self.book.lang);
        for bridge in &summary.bridge {
            let clear = bridge.unexplained == 0;
            let (code, amount, count) =
                (&bridge.currency, &bridge.unexplained_amount, bridge.unexplained);
            let text = match lang {
                Lang::Zh => format!("未查明差异（{code}）：{amount}，{count} 项。"),
                Lang::En => format!("Unexplained ({code}): {amount}, {count} items."),
            };
            self.across(&text, if clear { &styles.note } else { &styles.alert }, 18.0)?;
        }
        let suggested = &summary.states[2];
        if suggested.groups > 0 {
            let (groups, ours, theirs) =
                (suggested.groups, suggested.lines.ours, suggested.lines.theirs);
            let text = match lang {
                Lang::Zh => format!(
                    "待确认匹配 {groups} 组（我方 {ours} 笔、对方 {theirs} 笔）；\
                     余额调节表按首选方案列示，请逐组确认。"
                ),
                Lang::En => format!(
                    "{groups} proposed matches wait for a person ({ours} of our lines, {theirs} \
                     of theirs); the bridge follows the first alternative of each."
                ),
            };
            self.across(&text, &styles.alert, 18.0)?;
        }
        Ok(())
    }
}

/// Makes the page. `remarks` say which lists had to be cut.
pub fn sheet(
    book: &Book,
    parts: &Parts,
    summary: &Summary,
    remarks: &[String],
) -> Result<Worksheet, ResultsError> {
    let (result, lang, styles) = (parts.result, book.lang, book.styles);
    let mut sheet = Worksheet::new();
    let title = lang.pick(TITLE.0, TITLE.1);
    sheet.set_name(title)?;
    form_columns(&mut sheet)?;
    sheet.set_default_row_height(18);
    print_setup(&mut sheet, book, title, true);
    let mut page = Page { sheet, book, row: 0 };
    page.across(lang.pick("客户对账结果", "Reconciliation"), &styles.title, 32.0)?;
    page.across(&subtitle(parts), &styles.subtitle, 20.0)?;
    page.row += 1;
    upper_table(&mut page, result)?;
    page.section(lang.pick("核对情况", "How far"))?;
    page.states(&summary.states)?;
    let several = result.outcome.blocks.len() > 1;
    for (currency, customers) in parts.currencies() {
        let blocks = || {
            let all = result.outcome.blocks.iter();
            all.filter(move |block| block.account.currency == currency)
        };
        let form = Form::of(currency, blocks(), result.outcome);
        let unit = unit(currency, lang);
        let only = blocks().map(|block| &block.account).next().filter(|_| several);
        page.section(&match (lang, customers) {
            (_, 1) if only.is_some() => {
                let heading = only.map(|it| account_heading(it, lang)).unwrap_or_default();
                format!("{}{heading}", lang.pick("余额调节表　", "Bridge of "))
            }
            (Lang::Zh, 1) => format!("余额调节表　{unit}"),
            (Lang::Zh, _) => format!("余额调节表（{customers} 个客户合计）　{unit}"),
            (Lang::En, 1) => format!("Bridge {unit}"),
            (Lang::En, _) => format!("Bridge of {customers} customers {unit}"),
        })?;
        page.row = form.write(&mut page.sheet, styles, lang, page.row)?;
    }
    page.across(remark(lang), &styles.note, 30.0)?;
    page.open_items(summary)?;
    for remark in remarks {
        page.across(remark, &styles.alert, 30.0)?;
    }
    page.section(lang.pick("说明", "Remarks"))?;
    notes(&mut page, parts, summary)?;
    page.row += 1;
    let sign = lang.pick(
        "制表：　　　　　　　　复核：　　　　　　　　财务主管：　　　　　　　　日期：",
        "Prepared:                  Reviewed:                  Approved:                  Date:",
    );
    page.across(sign, &styles.subtitle, 30.0)?;
    Ok(page.sheet)
}

/// Customer (or how many), period.
fn subtitle(parts: &Parts) -> String {
    let (result, lang) = (parts.result, parts.result.lang);
    let blocks = &result.outcome.blocks;
    let mut names: Vec<&str> = blocks.iter().map(|it| it.account.customer.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let customer = match (names.as_slice(), lang) {
        ([""] | [], _) => String::new(),
        ([name], Lang::Zh) => format!("客户：{name}"),
        ([name], Lang::En) => format!("Customer: {name}"),
        (names, Lang::Zh) => format!("客户：{} 个", names.len()),
        (names, Lang::En) => format!("{} customers", names.len()),
    };
    let period = match (result.period, lang) {
        (Some(period), Lang::Zh) => format!("对账期间：{}", period.label(lang)),
        (Some(period), Lang::En) => format!("Period: {}", period.label(lang)),
        (None, _) => String::new(),
    };
    let parts: Vec<String> = [customer, period].into_iter().filter(|it| !it.is_empty()).collect();
    parts.join("　　")
}

fn upper_table(page: &mut Page, result: &MatchResult) -> Result<(), XlsxError> {
    let (styles, lang) = (page.book.styles, page.book.lang);
    for (base, head) in [(0, lang.pick("我方", "Ours")), (3, lang.pick("对方", "Theirs"))] {
        page.sheet.merge_range(page.row, base, page.row, base + 2, head, &styles.head)?;
    }
    page.row += 1;
    let both = |value: &dyn Fn(Side) -> Value| [value(Side::Ours), value(Side::Theirs)];
    page.facts(
        lang.pick("文件", "File"),
        both(&|side| Value::Text(result.input(side).name.to_owned())),
    )?;
    page.facts(
        lang.pick("明细笔数", "Lines"),
        both(&|side| Value::Count(result.lines(side).len() as u64)),
    )?;
    page.facts(
        lang.pick("拒收行数", "Rejected rows"),
        both(&|side| Value::Count(result.input(side).rejects.len() as u64)),
    )?;
    page.facts(
        lang.pick("日期范围", "Dates"),
        both(&|side| {
            let reading = result.input(side).inspection;
            let text = match (&reading.first, &reading.last) {
                (Some(first), Some(last)) => {
                    format!("{first} {} {last}", lang.pick("至", "to"))
                }
                _ => String::new(),
            };
            Value::Text(text)
        }),
    )?;
    page.facts(
        lang.pick("金额口径", "Amounts"),
        both(&|side| {
            let text = match result.input(side).inspection.orientation {
                Orientation::Receivable => lang.pick("应收口径", "as receivable"),
                Orientation::Payable => {
                    lang.pick("应付口径，已转换为应收口径", "as payable, mirrored")
                }
            };
            Value::Text(text.to_owned())
        }),
    )?;
    page.facts("SHA-256", both(&|side| Value::Text(format!("{:.16}…", result.input(side).sha256))))
}

fn notes(page: &mut Page, parts: &Parts, summary: &Summary) -> Result<(), XlsxError> {
    let (styles, lang) = (page.book.styles, page.book.lang);
    let (rules, plan, version) = (&summary.rules.name, &summary.plan, &summary.version);
    let mut notes = vec![
        lang.pick(
            "金额均为应收口径：正数增加客户欠款，负数减少客户欠款；差额＝我方－对方。",
            "Amounts are signed as receivables: plus means that the customer owes more. Difference \
             = ours − theirs.",
        )
        .to_owned(),
        lang.pick(
            "期末差额＝期初差额＋差异合计，各客户、各币种均已逐分核对。",
            "Closing difference = opening difference + sum of differences, checked to the cent for \
             every customer and currency.",
        )
        .to_owned(),
        match lang {
            Lang::Zh => format!("规则：{rules}；程序版本：{version}；方案校验码：{plan:.16}…"),
            Lang::En => format!("Rules: {rules}; engine {version}; plan {plan:.16}…"),
        },
    ];
    let long = parts.has_long_amounts();
    if long {
        let limit = decimal_text(super::styles::LARGEST, 2);
        notes.push(match lang {
            Lang::Zh => {
                format!("Excel 只保留 15 位数字，大于 {limit} 的金额以文本列示，不参与公式。")
            }
            Lang::En => format!(
                "Excel keeps 15 digits: amounts beyond {limit} stand as text, outside formulas."
            ),
        });
    }
    for (number, note) in (1..).zip(notes) {
        let text = format!("{number}. {note}");
        page.across(&text, &styles.note, 16.0)?;
    }
    Ok(())
}
