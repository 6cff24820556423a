//! Export 导出 of exactly what a filter shows: CSV for any program, XLSX with real numbers.
//!
//! Texts that a spreadsheet would run as a formula are made harmless; amounts stay numbers, also
//! negative ones. An export is noted in the audit chain before a byte leaves.

use axum::body::Body;
use axum::extract::Query;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::{Currency, Lang, decimal_text};
use heqi_platform::{Sql, Tx};
use heqi_results::harmless;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use tokio::sync::Semaphore;

use super::model::Line;
use super::query::{self, ExportQuery, Filter, LineQuery};
use crate::ctx::Ctx;
use crate::permission::{Permission, Scope};
use crate::problem::{Problem, ProblemBody};
use crate::table_file;

/// Rows of an export at most; a sheet of Excel holds little more.
const ROWS_MAX: i64 = 1_000_000;

/// Rows read at a time.
const PIECE: usize = 5_000;

/// Exports that are written at a time: each holds its file in memory.
static EXPORTS: Semaphore = Semaphore::const_new(2);

/// Where the rows go.
enum File {
    Csv { text: String, gbk: bool },
    Xlsx(Box<Sheet>),
}

struct Sheet {
    book: Workbook,
    sheet: Worksheet,
    money: [Format; 5],
    row: u32,
}

const HEADINGS: [[&str; 2]; 18] = [
    ["业务日期", "Business date"],
    ["记账日期", "Posting date"],
    ["到期日", "Due date"],
    ["客户编码", "Customer code"],
    ["客户", "Customer"],
    ["账方", "Side"],
    ["类型", "Kind"],
    ["单号", "Reference"],
    ["其他单号", "Other reference"],
    ["摘要", "Memo"],
    ["币种", "Currency"],
    ["金额", "Amount"],
    ["税额", "Tax"],
    ["运费", "Freight"],
    ["状态", "State"],
    ["凭证号", "Voucher"],
    ["红冲原单", "Reverses"],
    ["编号", "Id"],
];

/// The lines that a filter finds as a file, in the order they are shown; the page is ignored.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines/export", tag = "ledger",
    operation_id = "line_export",
    params(("company" = String, Path), ExportQuery, LineQuery),
    responses((status = 200, description = "The file", content(
                   (String = "text/csv"),
                   (Vec<u8> =
                       "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 422, description = "Too many rows, or a filter does not hold",
               body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.export")))
)]
pub(super) async fn line_export(ctx: Ctx, uri: axum::http::Uri) -> Result<Response, Problem> {
    let scope = ctx.require(Permission::LedgerExport)?;
    let (format, asked) = asked(&uri)?;
    asked.page().limit()?;
    let mut filter = asked.filter()?;
    let _turn = EXPORTS.acquire().await.map_err(|_| Problem::not_found())?;
    let mut tx = ctx.read().await?;
    filter.narrow(&mut tx, ctx.company).await?;
    let rows = count(&mut tx, ctx.company, scope, &filter).await?;
    let detail = serde_json::json!({
        "filter": uri.query().unwrap_or_default(), "rows": rows, "format": format,
    });
    ctx.note_read(ctx.event("line.export", "", format).with_detail(&detail)).await?;
    let mut file = File::new(format, ctx.lang)?;
    let mut after = None;
    loop {
        let lines =
            query::lines(&mut tx, ctx.company, scope, &filter, after.as_deref(), PIECE).await?;
        for line in &lines {
            file.push(line, ctx.lang)?;
        }
        match lines.last() {
            Some(last) if lines.len() == PIECE => after = Some(filter.sort.values(last)),
            _ => break,
        }
    }
    drop(tx);
    Ok(sent(file.finish()?, format))
}

/// The format, and the filter without it.
fn asked(uri: &axum::http::Uri) -> Result<(&'static str, LineQuery), Problem> {
    let wrong = |error: &dyn std::fmt::Display| {
        Problem::invalid(
            "invalid_filter",
            format!("筛选条件读不懂：{error}"),
            format!("The filter cannot be read: {error}"),
        )
    };
    let Query(kind) = Query::<ExportQuery>::try_from_uri(uri).map_err(|error| wrong(&error))?;
    let format = match kind.format.as_deref() {
        None | Some("csv") => "csv",
        Some("csv_gbk") => "csv_gbk",
        Some("xlsx") => "xlsx",
        Some(_) => {
            let [zh, en] = ["格式只能是 csv、csv_gbk、xlsx", "It is one of csv, csv_gbk, xlsx"];
            return Err(Problem::field("/format", zh, en));
        }
    };
    let pairs = uri.query().unwrap_or_default().split('&');
    let rest: Vec<&str> = pairs.filter(|pair| !pair.starts_with("format=")).collect();
    parse(&rest.join("&")).map(|query| (format, query)).map_err(|error| wrong(&error))
}

/// A filter as it stands in an address.
pub(super) fn parse(query: &str) -> Result<LineQuery, String> {
    let uri: axum::http::Uri = format!("/?{query}").parse().map_err(|error| {
        let error: axum::http::uri::InvalidUri = error;
        error.to_string()
    })?;
    let read = Query::<LineQuery>::try_from_uri(&uri);
    read.map(|Query(query)| query).map_err(|error| error.to_string())
}

async fn count(tx: &mut Tx, company: i64, scope: &Scope, filter: &Filter) -> Result<i64, Problem> {
    let mut sql = Sql::new("SELECT COUNT(*) AS n FROM (SELECT line.id FROM line");
    filter.push(&mut sql, company, scope);
    sql.push(" LIMIT ").push_bind(ROWS_MAX + 1).push(") AS found");
    let rows = tx.count(sql).await?;
    if rows <= ROWS_MAX {
        return Ok(rows);
    }
    Err(Problem::invalid(
        "too_many_rows",
        format!("一次最多导出 {ROWS_MAX} 行；请按日期或客户分几次导出"),
        format!("An export has up to {ROWS_MAX} rows; narrow the dates or the customers"),
    ))
}

impl File {
    fn new(format: &str, lang: Lang) -> Result<Self, Problem> {
        let headings = HEADINGS.map(|[zh, en]| lang.pick(zh, en));
        if format != "xlsx" {
            let text = format!("{}\r\n", headings.join(","));
            return Ok(Self::Csv { text, gbk: format == "csv_gbk" });
        }
        Sheet::new(headings, lang).map(|sheet| Self::Xlsx(Box::new(sheet))).map_err(unwritable)
    }

    fn push(&mut self, line: &Line, lang: Lang) -> Result<(), Problem> {
        match self {
            Self::Csv { text, .. } => {
                for (at, cell) in cells(line, lang).iter().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    cell.push_csv(text);
                }
                text.push_str("\r\n");
                Ok(())
            }
            Self::Xlsx(sheet) => sheet.push(&cells(line, lang)).map_err(unwritable),
        }
    }

    fn finish(self) -> Result<Vec<u8>, Problem> {
        match self {
            // Without the mark, Excel takes UTF-8 for the code page of the machine.
            Self::Csv { text, gbk: false } => Ok([b"\xef\xbb\xbf", text.as_bytes()].concat()),
            Self::Csv { text, gbk: true } => Ok(gb18030(&text)),
            Self::Xlsx(sheet) => sheet.finish().map_err(unwritable),
        }
    }
}

/// GBK where it has the character and GB 18030 where not: nothing is lost.
fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

/// A cell: a text, or minor units of a currency.
enum Cell<'a> {
    Text(&'a str),
    Count(i64),
    Money(i64, u32),
    Empty,
}

fn cells(line: &Line, lang: Lang) -> [Cell<'_>; 18] {
    let exponent = line.currency.parse::<Currency>().map_or(2, Currency::exponent);
    let money = |amount: Option<i64>| amount.map_or(Cell::Empty, |it| Cell::Money(it, exponent));
    let text = |text: &'static str| Cell::Text(text);
    [
        Cell::Text(&line.business_date),
        Cell::Text(&line.posting_date),
        line.due_date.as_deref().map_or(Cell::Empty, Cell::Text),
        Cell::Text(&line.customer_code),
        Cell::Text(&line.customer_name),
        text(if line.side == "ours" {
            lang.pick("我方", "ours")
        } else {
            lang.pick("对方", "theirs")
        }),
        text(line.kind.label(lang)),
        Cell::Text(&line.reference),
        Cell::Text(&line.other_reference),
        Cell::Text(&line.memo),
        Cell::Text(&line.currency),
        money(Some(line.amount)),
        money(line.tax),
        money(line.freight),
        text(state(&line.state, lang)),
        line.voucher_no.map_or(Cell::Empty, Cell::Count),
        line.reverses.as_deref().map_or(Cell::Empty, Cell::Text),
        Cell::Text(&line.id),
    ]
}

fn state(code: &str, lang: Lang) -> &'static str {
    match code {
        "draft" => lang.pick("草稿", "draft"),
        "review" => lang.pick("待审核", "in review"),
        "rejected" => lang.pick("已退回", "rejected"),
        "posted" => lang.pick("已过账", "posted"),
        _ => lang.pick("已作废", "withdrawn"),
    }
}

impl Cell<'_> {
    fn push_csv(&self, out: &mut String) {
        match self {
            Self::Empty => {}
            Self::Count(number) => out.push_str(&number.to_string()),
            Self::Money(minor, exponent) => {
                heqi_domain::push_decimal(out, (*minor).into(), *exponent);
            }
            Self::Text(text) => {
                let safe = harmless(text);
                if safe.contains([',', '"', '\r', '\n', ';']) {
                    out.push('"');
                    out.push_str(&safe.replace('"', "\"\""));
                    out.push('"');
                } else {
                    out.push_str(&safe);
                }
            }
        }
    }
}

impl Sheet {
    fn new(headings: [&str; 18], lang: Lang) -> Result<Self, XlsxError> {
        let mut book = Workbook::new();
        let mut sheet = book.new_worksheet_with_constant_memory()?;
        sheet.set_name(lang.pick("往来明细", "Ledger"))?;
        sheet.set_freeze_panes(1, 0)?;
        table_file::print_across(&mut sheet)?;
        let bold = Format::new().set_bold();
        for (column, heading) in (0..).zip(headings) {
            sheet.set_column_width(column, 14)?;
            sheet.write_string_with_format(0, column, heading, &bold)?;
        }
        let money = ["#,##0", "#,##0.0", "#,##0.00", "#,##0.000", "#,##0.0000"];
        let money = money.map(|format| Format::new().set_num_format(format));
        Ok(Self { book, sheet, money, row: 0 })
    }

    fn push(&mut self, cells: &[Cell<'_>]) -> Result<(), XlsxError> {
        self.row += 1;
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => {}
                // Written as a string, a text is never a formula.
                Cell::Text(text) => _ = self.sheet.write_string(self.row, column, *text)?,
                Cell::Count(number) => {
                    self.sheet.write_string(self.row, column, number.to_string())?;
                }
                Cell::Money(minor, exponent) => self.push_money(column, *minor, *exponent)?,
            }
        }
        Ok(())
    }

    fn push_money(&mut self, column: u16, minor: i64, exponent: u32) -> Result<(), XlsxError> {
        let text = decimal_text(minor.into(), exponent);
        // A spreadsheet keeps 15 digits: what has more stands as a text, to the last one.
        let format = self.money.get(exponent as usize).filter(|_| minor.unsigned_abs() < 1 << 49);
        match (format, text.parse::<f64>()) {
            (Some(format), Ok(number)) => {
                self.sheet.write_number_with_format(self.row, column, number, format)?;
            }
            _ => _ = self.sheet.write_string(self.row, column, text)?,
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, XlsxError> {
        if self.row > 0 {
            self.sheet.autofilter(0, 0, self.row, HEADINGS.len() as u16 - 1)?;
        }
        self.book.push_worksheet(self.sheet);
        self.book.save_to_buffer()
    }
}

fn unwritable(error: XlsxError) -> Problem {
    heqi_platform::DbError::Failed(format!("the workbook cannot be written: {error}")).into()
}

fn sent(bytes: Vec<u8>, format: &str) -> Response {
    let (kind, name) = match format {
        "xlsx" => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "attachment; filename=\"ledger.xlsx\"",
        ),
        "csv_gbk" => ("text/csv; charset=gb18030", "attachment; filename=\"ledger.csv\""),
        _ => ("text/csv; charset=utf-8", "attachment; filename=\"ledger.csv\""),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    (headers, Body::from(bytes)).into_response()
}
