//! Goal: a workbook that an accountant can send on. Method: write it, read it back.

use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use heqi_domain::{Lang, NoProgress};

use super::write_within;
use crate::fixture::Fixture;
use crate::staging::Staging;
use crate::work::Work;

/// The cells of every sheet, in order.
type Sheets = Vec<(String, Vec<Vec<Data>>)>;

fn workbook(fixture: &Fixture, rows: u32, keep: Option<&Path>) -> Sheets {
    let parent = tempfile::tempdir().unwrap();
    let staging = Staging::beside(&parent.path().join("r")).unwrap();
    fixture
        .with(|result| {
            let work = Work::new(result, &NoProgress);
            write_within(&staging, result, &work, true, rows)
        })
        .unwrap();
    let file = staging.path().join(super::FILE);
    if let Some(keep) = keep {
        std::fs::copy(&file, keep).unwrap();
    }
    let mut book: Xlsx<_> = open_workbook(&file).unwrap();
    let names = book.sheet_names();
    names
        .into_iter()
        .map(|name| {
            let range = book.worksheet_range(&name).unwrap();
            let (height, width) = range.end().map_or((0, 0), |(row, column)| (row + 1, column + 1));
            let cell = |row, column| range.get_value((row, column)).cloned().unwrap_or_default();
            let rows = (0..height).map(|row| (0..width).map(|column| cell(row, column)).collect());
            (name, rows.collect())
        })
        .collect()
}

fn sheet<'a>(sheets: &'a Sheets, name: &str) -> &'a [Vec<Data>] {
    &sheets.iter().find(|(it, _)| it == name).unwrap().1
}

fn text(cell: &Data) -> String {
    match cell {
        Data::DateTime(date) => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            format!("{year}-{month:02}-{day:02}")
        }
        Data::Float(number) => format!("{number}"),
        other => other.to_string(),
    }
}

fn row_text(row: &[Data]) -> String {
    row.iter().map(text).collect::<Vec<_>>().join("|")
}

#[track_caller]
fn check_row(sheets: &Sheets, name: &str, row: usize, expected: &str) {
    assert_eq!(row_text(&sheet(sheets, name)[row]), expected, "{name} row {row}");
}

const ROWS: u32 = super::EXCEL_ROWS;

#[test]
fn sheets_stand_in_reading_order() {
    let sheets = workbook(&Fixture::new(), ROWS, None);
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "汇总",
            "客户一览",
            "余额调节表",
            "差异明细",
            "已匹配",
            "待确认",
            "我方明细",
            "对方明细",
            "拒收行"
        ]
    );
    let mut english = Fixture::new();
    english.lang = Lang::En;
    let sheets = workbook(&english, ROWS, None);
    assert_eq!(sheets[0].0, "Summary");
    assert!(sheets.iter().all(|(name, _)| name.is_ascii()));
    for (name, rows) in sheets.iter().filter(|(name, _)| name != "Bridges") {
        let head = row_text(&rows[0]);
        assert!(!head.chars().any(|letter| ('\u{4e00}'..'\u{9fff}').contains(&letter)), "{name}");
    }
}

#[test]
fn the_bridge_closes_at_zero_on_both_sides() {
    let sheets = workbook(&Fixture::new(), ROWS, None);
    for (name, heading) in [("汇总", "—"), ("余额调节表", "杭州锦程")] {
        let rows = sheet(&sheets, name);
        let start = rows.iter().position(|row| {
            let title = text(&row[0]);
            title == "余额调节表　杭州锦程　单位：元" || title.starts_with(heading)
        });
        let start = start.unwrap() + 1;
        let found: Vec<String> = rows[start..start + 7].iter().map(|row| row_text(row)).collect();
        assert_eq!(
            found,
            [
                "我方账|项数|金额|对方账|项数|金额",
                "我方期末余额||380163.4|对方期末余额||348038.4",
                "减：客户付款未到账|1|-20000|加：期初差额|1|4500",
                "加：待人工选定|1|100|加：单价或数量差|1|480",
                "||||加：客方漏记|1|7245",
                "调节后余额||360263.4|调节后余额||360263.4",
                "|||调节后差额（应为零）||0",
            ]
            .map(|line| line.replace("||||加", "|||加"))
            .map(|line| replace_labels(&line)),
            "{name}"
        );
        // Real numbers, not texts.
        assert!(matches!(rows[start + 5][2], Data::Float(_)));
    }
}

/// The labels of the reasons, whatever the domain calls them.
fn replace_labels(line: &str) -> String {
    use heqi_domain::Reason;
    [
        ("客户付款未到账", Reason::UnrecognisedPayment),
        ("待人工选定", Reason::Ambiguous),
        ("单价或数量差", Reason::PriceQuantity),
        ("客方漏记", Reason::MissingTheirs),
    ]
    .into_iter()
    .fold(line.to_owned(), |line, (label, reason)| line.replace(label, reason.label(Lang::Zh)))
}

#[test]
fn differences_have_figures_dates_sentence_and_next_step() {
    let sheets = workbook(&Fixture::new(), ROWS, None);
    let rows = sheet(&sheets, "差异明细");
    assert_eq!(rows.len(), 6, "five differences; no total over two currencies");
    let reason = heqi_domain::Reason::PriceQuantity;
    check_row(
        &sheets,
        "差异明细",
        1,
        &format!(
            "1|杭州锦程|CNY|{}|480|XS261016-005|2026-10-16|15840|XS261016-005|2026-10-17|15360|\
             -差 48000，见 \"单据\"|{}|{}|D0000000000000002",
            reason.label(Lang::Zh),
            reason.owner(Lang::Zh),
            reason.next_step(Lang::Zh),
        ),
    );
    assert!(matches!(rows[1][4], Data::Float(_)));
    assert!(matches!(rows[1][6], Data::DateTime(_)));
    assert!(matches!(rows[3][5], Data::Empty), "no line of ours, no number of ours");
}

#[test]
fn matched_groups_stand_side_by_side() {
    let sheets = workbook(&Fixture::new(), ROWS, None);
    let rows: Vec<String> = sheet(&sheets, "已匹配").iter().map(|row| row_text(row)).collect();
    assert_eq!(rows.len(), 6);
    assert_eq!(
        rows[3].split('|').take(12).collect::<Vec<_>>().join("|"),
        "杭州锦程|CNY|G0000000000000005|已核对|多笔合计相符|XS261023-001|2026-10-23|1000|RK-77|\
         2026-10-25|1500|0"
    );
    assert_eq!(
        rows[4].split('|').take(12).collect::<Vec<_>>().join("|"),
        "杭州锦程|CNY|G0000000000000005|已核对|多笔合计相符|XS261024-001|2026-10-24|500||||"
    );
    let ranks: Vec<String> =
        sheet(&sheets, "待确认").iter().skip(1).map(|row| text(&row[13])).collect();
    assert_eq!(ranks, ["1", "2"]);
}

#[test]
fn c5_texts_of_the_ledgers_are_never_formulas() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("w.xlsx");
    let sheets = workbook(&Fixture::new(), ROWS, Some(&file));
    let ours = sheet(&sheets, "我方明细");
    assert_eq!(ours[4][0], Data::String("=O4".to_owned()));
    assert_eq!(ours[4][6], Data::String("=1+1".to_owned()));
    assert_eq!(text(&sheet(&sheets, "对方明细")[4][4]), "+86-1");
    assert_eq!(sheet(&sheets, "拒收行")[1][4], Data::String("=1/0".to_owned()));
    let mut book: Xlsx<_> = open_workbook(&file).unwrap();
    for name in book.sheet_names() {
        for (_, _, formula) in book.worksheet_formula(&name).unwrap().used_cells() {
            let ours = formula.starts_with("ROUND(") || formula.is_empty();
            assert!(ours, "{name}: {formula}");
        }
    }
}

#[test]
fn ledgers_say_what_became_of_each_line() {
    let sheets = workbook(&Fixture::new(), ROWS, None);
    let states: Vec<String> =
        sheet(&sheets, "我方明细").iter().skip(1).map(|row| text(&row[9])).collect();
    assert_eq!(states, ["已核对", "有差异", "未达", "待确认", "已核对", "已核对", "已核对"]);
    let theirs = sheet(&sheets, "对方明细");
    assert_eq!(text(&theirs[4][10]), "G0000000000000003");
    assert_eq!(theirs[3][8], Data::Float(-20_000.0));
    assert_eq!(text(&theirs[7][8]), "5000");
}

#[test]
fn a_list_beyond_the_rows_of_a_sheet_says_so() {
    let sheets = workbook(&Fixture::new(), 6, None);
    let rows = sheet(&sheets, "我方明细");
    let last = text(&rows.last().unwrap()[0]);
    assert!(
        last.starts_with("「我方明细」共 7 行，超出 Excel 的行数上限，只列出前 3 行"),
        "{last}"
    );
    assert!(last.ends_with("全部内容见同目录下的 members 文件。"), "{last}");
    assert_eq!(rows.len(), 5);
    let cover = sheet(&sheets, "汇总");
    assert!(cover.iter().any(|row| text(&row[0]) == last), "the cover repeats it");
}

#[test]
fn amounts_beyond_fifteen_digits_stand_as_text() {
    let mut fixture = Fixture::new();
    let huge = 1_000_000_000_000_000_i64;
    fixture.ours.amount[0] = huge;
    fixture.theirs.amount[0] = huge;
    fixture.outcome.blocks[0].movement[0] += i128::from(huge - 1_286_000);
    fixture.outcome.blocks[0].movement[1] += i128::from(huge - 1_286_000);
    let sheets = workbook(&fixture, ROWS, None);
    let amount = &sheet(&sheets, "我方明细")[1][8];
    assert_eq!(*amount, Data::String("10000000000000.00".to_owned()));
    let cover = sheet(&sheets, "汇总");
    assert!(cover.iter().any(|row| text(&row[0]).contains("Excel 只保留 15 位数字")));
    let zero = cover.iter().find(|row| text(&row[3]).starts_with("调节后差额")).unwrap();
    assert_eq!(zero[5], Data::Float(0.0));
}

#[test]
fn formats_are_those_of_an_accountant() {
    use std::io::Read;
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("w.xlsx");
    workbook(&Fixture::new(), ROWS, Some(&file));
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    let mut part = |name: &str| {
        let mut xml = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut xml).unwrap();
        xml
    };
    let styles = part("xl/styles.xml");
    for format in ["#,##0.00;[Red]-#,##0.00", "#,##0;[Red]-#,##0", "yyyy-mm-dd"] {
        assert!(styles.contains(&format!("formatCode=\"{format}\"")), "{format}");
    }
    let list = part("xl/worksheets/sheet4.xml");
    for mark in [
        "<pane ySplit=\"1\"",
        "<autoFilter ref=\"A1:O6\"",
        "orientation=\"landscape\"",
        "paperSize=\"9\"",
        "fitToHeight=\"0\"",
        "第 &amp;P 页，共 &amp;N 页",
        "numberStoredAsText=\"1\"",
    ] {
        assert!(list.contains(mark), "{mark}");
    }
    assert!(part("xl/workbook.xml").contains("_xlnm.Print_Titles"));
}

#[test]
fn a_single_customer_has_its_bridge_on_the_cover() {
    let mut fixture = Fixture::new();
    fixture.outcome.blocks.pop();
    fixture.outcome.pairs.pop();
    fixture.ours = crate::fixture::lines(heqi_domain::Side::Ours, &crate::fixture::OURS[..6]);
    fixture.theirs = crate::fixture::lines(heqi_domain::Side::Theirs, &crate::fixture::THEIRS[..6]);
    let sheets = workbook(&fixture, ROWS, None);
    assert_eq!(sheets.len(), 7, "no list of customers, no sheet of bridges");
    assert_eq!(text(&sheet(&sheets, "汇总")[1][0]), "客户：杭州锦程　　对账期间：2026年10月");
    check_row(&sheets, "我方明细", 7, "合计||||||||37545|||");
    let differences = sheet(&sheets, "差异明细");
    assert_eq!(text(&differences.last().unwrap()[4]), "32125");
}
