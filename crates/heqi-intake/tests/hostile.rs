//! Goal: hostile and broken files end in a typed message or in rejects, never in a crash, a hang
//! or a silent loss (trust.md C1, C2, C3, C6). Method: one line per file: its bytes and a part
//! of the message; or its bytes, what is read of it, and what is rejected.

mod common;

use std::io::Write as _;

use common::{
    encoded, good, lines, read, read_with, rejects, sheet_rows, utf16, xlsx, xlsx_parts, zip,
};
use encoding_rs::GB18030;
use heqi_domain::{Progress, Side, Stage};
use heqi_intake::{IntakeError, Limits, ReadOptions, Role};

/// The file is refused; the message says `message`, names the file, and has a Chinese form.
#[track_caller]
fn refused(name: &str, bytes: &[u8], message: &str) {
    refused_with(name, bytes, &ReadOptions::new(Side::Ours), message);
}

#[track_caller]
fn refused_with(name: &str, bytes: &[u8], options: &ReadOptions, message: &str) {
    let error = match read_with(name, bytes, options) {
        Err(error) => error,
        Ok(reading) => panic!("{name}: read {:?}, {:?}", lines(&reading), rejects(&reading)),
    };
    let text = error.to_string();
    assert!(text.contains(message), "{name}: `{text}` does not say `{message}`");
    assert!(text.starts_with(name) && error.zh().starts_with(name), "{text}");
    assert!(!error.zh().is_ascii() && !text.contains("bomb"), "{}", error.zh());
}

/// The file is read: its lines and its rejects.
#[track_caller]
fn taken(name: &str, bytes: &[u8], expected: &[&str], rejected: &[&str]) {
    let reading = good(name, bytes);
    assert_eq!(lines(&reading), expected, "{name}: {:?}", rejects(&reading));
    assert_eq!(rejects(&reading), rejected, "{name}");
}

const HEAD: &str = "日期,单号,金额\n";
const ROW: &str = "2026-01-05,A1,1.00\n";
const LINE: &str = "2 2026-01-05 1.00 A1";

#[test]
fn c3_files_that_hold_nothing() {
    refused("empty.csv", b"", "the file is empty");
    refused("blank.csv", b" \r\n\t\n", "the file is empty");
    refused("mark.csv", &[0xEF, 0xBB, 0xBF], "the file is empty");
    refused("header.csv", HEAD.as_bytes(), "the header in row 1 is followed by no row of data");
    refused("text.csv", "您好，\n附件是对账单。\n".as_bytes(), "no header row found");
    refused("empty.xlsx", &xlsx(""), "the file is empty");
    refused(
        "header.xlsx",
        &xlsx(&sheet_rows(&[&["日期", "单号", "金额"]])),
        "is followed by no row",
    );
    refused("names.csv", "客户编号,客户名称,备注\n1,甲,x\n".as_bytes(), "no column holds amounts");
}

#[test]
fn c3_bytes_that_are_no_table() {
    let rubbish: Vec<u8> =
        (0..4096_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    refused("rubbish.csv", &rubbish, "no text in any known encoding");
    refused("utf32.csv", &[0xFF, 0xFE, 0, 0, b'a', 0, 0, 0], "no text in any known encoding");
    for (name, magic, message) in [
        ("a.pdf.csv", &b"%PDF-1.7\n1 0 obj"[..], "a PDF document"),
        ("a.png.csv", b"\x89PNG\r\n\x1a\n0000", "a picture"),
        ("a.jpg.csv", b"\xFF\xD8\xFF\xE0aaaa", "a picture"),
        ("a.rar.csv", b"Rar!\x1a\x07\x00aaaa", "a RAR archive"),
        ("a.7z.csv", b"7z\xBC\xAF\x27\x1caaaa", "a 7-Zip archive"),
        ("a.db.csv", b"SQLite format 3\0aaaa", "a database"),
        ("a.exe.csv", b"MZ\x90\0aaaa", "a program"),
        ("a.rtf.csv", b"{\\rtf1 aaaa}", "an RTF document"),
        ("a.xml.csv", b"<?xml version=\"1.0\"?><Workbook/>", "an XML document"),
    ] {
        refused(name, magic, message);
    }
}

#[test]
fn c1_containers_cut_off_or_locked() {
    let book = xlsx(&sheet_rows(&[&["日期", "单号", "金额"], &["2026-01-05", "A1", "1"]]));
    refused("cut.xlsx", &book[..book.len() / 2], "the XLSX file is damaged");
    refused("start.xlsx", b"PK\x03\x04", "the XLSX file is damaged");
    refused("no_end.xlsx", &book[..book.len() - 22], "the XLSX file is damaged");
    let ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    refused("cut.xls", &ole, "it is cut off");
    let mut noise = ole.to_vec();
    noise.resize(8192, 0x41);
    refused("noise.xls", &noise, "the XLS file is damaged");
    let named = |word: &str| {
        let mut bytes = ole.to_vec();
        bytes.resize(4096, 0);
        bytes.extend(word.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.resize(8192, 0);
        bytes
    };
    refused("locked.xlsx", &named("EncryptedPackage"), "protected by a password");
    refused("letter.xls", &named("WordDocument"), "a Word document");
    refused("docx.xlsx", &zip(&[("word/document.xml", b"<w/>".to_vec())]), "without a workbook");
    refused("nested.xlsx", &zip(&[("inner.zip", book.clone())]), "without a workbook");
    // The encryption flag of every part, in both places where it stands.
    let mut locked = book;
    for (signature, flags) in [(&b"PK\x03\x04"[..], 6), (b"PK\x01\x02", 8)] {
        let places: Vec<usize> =
            (0..locked.len() - 4).filter(|at| locked[*at..].starts_with(signature)).collect();
        for at in places {
            locked[at + flags] |= 1;
        }
    }
    refused("locked_zip.xlsx", &locked, "protected by a password");
}

/// A workbook whose sheet begins well and goes on with `filler` for `mebibytes`.
fn inflating(filler: u8, mebibytes: usize) -> Vec<u8> {
    let head = sheet_rows(&[&["日期", "单号", "金额"], &["2026-01-05", "A1", "1"]]);
    let small = xlsx(&head);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(small)).unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).unwrap();
        if !String::from_utf8_lossy(entry.name_raw()).contains("sheet1") {
            writer.raw_copy_file(entry).unwrap();
        }
    }
    writer.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    writer
        .write_all(
            b"<worksheet \
        xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>",
        )
        .unwrap();
    writer.write_all(head.as_bytes()).unwrap();
    let block = vec![filler; 1 << 20];
    for _ in 0..mebibytes {
        writer.write_all(&block).unwrap();
    }
    writer.write_all(b"</sheetData></worksheet>").unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn c1_a_sheet_of_512_mib_in_half_a_megabyte() {
    let bytes = inflating(b' ', 512);
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    refused("large.xlsx", &bytes, "against its packed size exceeds the limit of 250");
}

#[test]
fn c1_bounds_of_a_workbook() {
    let small = |limits: Limits| ReadOptions { limits, ..ReadOptions::new(Side::Ours) };
    let unpacked = small(Limits { inflated_bytes: 4 << 20, ..Limits::default() });
    refused_with(
        "size.xlsx",
        &inflating(b' ', 8),
        &unpacked,
        "the unpacked size exceeds the limit of 4194304",
    );
    let rows: Vec<Vec<String>> =
        (0..400).map(|it| vec!["2026-01-05".into(), format!("A{it}"), "1".into()]).collect();
    let mut table: Vec<Vec<&str>> = vec![vec!["日期", "单号", "金额"]];
    table.extend(rows.iter().map(|row| row.iter().map(String::as_str).collect()));
    let table: Vec<&[&str]> = table.iter().map(Vec::as_slice).collect();
    let cells = small(Limits { cells: 900, ..Limits::default() });
    let bytes = xlsx(&sheet_rows(&table));
    refused_with("cells.xlsx", &bytes, &cells, "the number of cells exceeds the limit of 900");
    assert_eq!(
        good("cells.xlsx", &bytes).inspection.rows,
        400,
        "and is honest under the usual limit"
    );
}

#[test]
fn c1_very_many_parts() {
    let names: Vec<String> = (0..10_050).map(|it| format!("p{it}")).collect();
    let parts: Vec<(&str, Vec<u8>)> = names.iter().map(|it| (it.as_str(), Vec::new())).collect();
    refused("parts.xlsx", &zip(&parts), "the number of parts (10050) exceeds the limit of 10000");
    // What the end of the archive states is checked before anything is allocated for it.
    let mut lying = xlsx(&sheet_rows(&[&["日期", "金额"], &["2026-01-05", "1"]]));
    let end = lying.len() - 22;
    lying[end + 8..end + 12].copy_from_slice(&[0xF0, 0xF0, 0xF0, 0xF0]);
    refused("stated.xlsx", &lying, "the number of parts (61680)");
}

#[test]
fn c1_sizes_that_lie() {
    let mut bytes = inflating(b' ', 80);
    // The directory says that every part unpacks to 10 bytes.
    let places: Vec<usize> =
        (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
    for at in places {
        bytes[at + 24..at + 28].copy_from_slice(&10_u32.to_le_bytes());
    }
    assert!(read("lying.xlsx", &bytes).is_err(), "counted as it comes out, whatever is stated");
}

#[test]
fn c1_the_first_and_the_last_cell_of_a_sheet() {
    let sheet = format!(
        "{}<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        sheet_rows(&[&["日期", "单号", "金额"], &["2026-01-05", "A1", "1"]])
    );
    taken("corners.xlsx", &xlsx(&sheet), &[LINE], &["1048576  too_many_cells"]);
}

#[test]
fn c1_honest_pictures_are_not_refused() {
    let sheet = sheet_rows(&[&["日期", "单号", "金额"], &["2026-01-05", "A1", "1"]]);
    let picture = vec![0; 40 << 20];
    taken(
        "logo.xlsx",
        &xlsx_parts(sheet.into_bytes(), &[("xl/media/image1.bmp", picture)]),
        &[LINE],
        &[],
    );
}

#[test]
fn c2_entities_and_broken_xml() {
    let laughs = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 \
        '&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;'>]><workbook>&lol2;</workbook>";
    let outside =
        "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><sst>&x;</sst>";
    let sheet =
        || sheet_rows(&[&["日期", "单号", "金额"], &["2026-01-05", "A1", "1"]]).into_bytes();
    for (name, part, xml) in [
        ("laughs.xlsx", "xl/workbook.xml", laughs),
        ("outside.xlsx", "xl/sharedStrings.xml", outside),
        ("styles.xlsx", "xl/styles.xml", laughs),
    ] {
        let bytes = xlsx_parts(sheet(), &[(part, xml.as_bytes().to_vec())]);
        refused(name, &bytes, "declares XML entities");
    }
    refused("cut_xml.xlsx", &xlsx("<row r=\"1\"><c r=\"A1\"><v>1"), "damaged");
    refused("cell.xlsx", &xlsx("<row r=\"1\"><c r=\"A99999999999\"><v>1</v></c></row>"), "damaged");
    refused(
        "string.xlsx",
        &xlsx("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>7</v></c></row>"),
        "string index not found",
    );
    let no_sheets = common::WORKBOOK.replace("<sheet name='Sheet1' sheetId='1' r:id='rId1'/>", "");
    let bytes = xlsx_parts(sheet(), &[("xl/workbook.xml", no_sheets.into_bytes())]);
    refused("none.xlsx", &bytes, "it has no visible sheet");
    // 200 000 levels deep: read without recursion, and found to be no table.
    let deep = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
    assert!(read("deep.xlsx", &xlsx(&deep)).is_err());
}

#[test]
fn c1_ods_that_repeats_cells() {
    let ods = |rows: &str| {
        let content = format!(
            "<?xml version='1.0'?><office:document-content \
                xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' \
                xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' \
                xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0'><office:body>\
                <office:spreadsheet><table:table table:name='对账单'>{rows}</table:table>\
                </office:spreadsheet></office:body></office:document-content>"
        );
        let manifest = "<?xml version='1.0'?><manifest:manifest \
            xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'>\
            </manifest:manifest>";
        zip(&[
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet".to_vec()),
            ("content.xml", content.into_bytes()),
            ("META-INF/manifest.xml", manifest.as_bytes().to_vec()),
        ])
    };
    let text = |it: &str| {
        format!(
            "<table:table-cell office:value-type='string'><text:p>{it}</text:p></table:table-cell>"
        )
    };
    let head = format!(
        "<table:table-row>{}{}{}</table:table-row>",
        text("日期"),
        text("单号"),
        text("金额")
    );
    let date = "<table:table-cell office:value-type='date' office:date-value='2026-01-05'><text:p>\
        05.01.26</text:p></table:table-cell>";
    let number = "<table:table-cell office:value-type='float' office:value='1234.5'><text:p>\
        1.234,50</text:p></table:table-cell>";
    let honest = format!(
        "{head}<table:table-row>{date}{}{number}</table:table-row><table:table-row \
            table:number-rows-repeated='1048574'><table:table-cell \
            table:number-columns-repeated='16384'/></table:table-row>",
        text("A1")
    );
    taken("honest.ods", &ods(&honest), &["2 2026-01-05 1234.50 A1"], &[]);
    let bomb = format!(
        "{head}<table:table-row table:number-rows-repeated='1000000'><table:table-cell \
            table:number-columns-repeated='16000' office:value-type='float' office:value='1'/>\
            </table:table-row>"
    );
    refused("repeats.ods", &ods(&bomb), "the number of cells exceeds the limit");
    refused("cut.ods", &ods("<table:table-row><table:table-cell"), "the ODS file is damaged");
}

#[test]
fn c3_cells_lines_and_columns_beyond_bounds() {
    refused("line.csv", &vec![b'a'; 6 << 20], "the length of row 1 exceeds the limit");
    let mut later = format!("{HEAD}{ROW}").into_bytes();
    later.extend(vec![b'9'; 5 << 20]);
    refused("later.csv", &later, "the length of row 3 exceeds the limit");
    let long = format!("{HEAD}{ROW}2026-01-06,{},1.00\n2026-01-07,A3,3\n", "9".repeat(70_000));
    taken("cell.csv", long.as_bytes(), &[LINE, "4 2026-01-07 3.00 A3"], &["3  cell_too_long"]);
    let wide = ",".repeat(1_000_000);
    refused(
        "wide.csv",
        format!("{wide}\n{wide}\n").as_bytes(),
        "the number of columns in row 1 exceeds the limit of 2000",
    );
    taken("row.csv", format!("{HEAD}{ROW}{wide}\n").as_bytes(), &[LINE], &["3  too_many_cells"]);
    let html = "<table><tr><td colspan=\"2000\">a</td><td colspan=\"2000\">b</td></tr></table>";
    refused("span.xls", html.as_bytes(), "the number of columns exceeds the limit of 2000");
}

#[test]
fn c3_quotation_marks() {
    // One that is never closed costs its row.
    let open = format!("{HEAD}{ROW}2026-01-06,\"A2,2.00\n2026-01-07,A3,3.00\n");
    taken("open.csv", open.as_bytes(), &[LINE, "4 2026-01-07 3.00 A3"], &["3  unclosed_quote"]);
    let last = format!("{HEAD}{ROW}2026-01-06,\"A2,2.00");
    taken("last.csv", last.as_bytes(), &[LINE], &["3  unclosed_quote"]);
    // Closed ones may hold separators, quotation marks and line breaks; rows keep their numbers.
    let kept = "日期,单号,备注,金额\n2026-01-05,A1,\"一，\n二\"\"三\"\"\n,四\",1.00\n\n\
        2026-01-06,A2,,2.00\n";
    let reading = good("kept.csv", kept.as_bytes());
    assert_eq!(lines(&reading), ["2 2026-01-05 1.00 A1", "6 2026-01-06 2.00 A2"]);
    assert_eq!(reading.lines.text_of(0), "一，\n二\"三\"\n,四");
    // A file full of them is no CSV.
    let long = format!("2026-01-05,A1,1.00,{}\n", "x".repeat(1_000));
    let block = format!("2026-01-06,\"A2,2.00\n{}", long.repeat(70));
    refused(
        "many.csv",
        format!("{HEAD}{}", block.repeat(102)).as_bytes(),
        "a quotation mark in row 2 is never closed",
    );
}

#[test]
fn c3_ragged_rows_and_stray_bytes() {
    let ragged = "日期,单号,金额,备注\n2026-01-05,A1,1.00\n2026-01-06,A2\n2026-01-07,A3,3,x,,\n\
        2026-01-08,A4,1,234.56,x\n";
    taken(
        "ragged.csv",
        ragged.as_bytes(),
        &[LINE, "4 2026-01-07 3.00 A3"],
        &["3 金额 amount_missing", "5  too_many_cells"],
    );
    taken("nul.csv", "日期,单号,金额\n2026-01-05\0,\0A1,1.00\0\n".as_bytes(), &[LINE], &[]);
    taken("cr.csv", format!("{HEAD}{ROW}").replace('\n', "\r").as_bytes(), &[LINE], &[]);
    taken("crlf.csv", format!("{HEAD}{ROW}").replace('\n', "\r\n").as_bytes(), &[LINE], &[]);
    taken("end.csv", format!("{HEAD}{ROW}").trim_end().as_bytes(), &[LINE], &[]);
    taken("one.csv", "金额\n1.00\n2.00\n".as_bytes(), &["2 - 1.00 ", "3 - 2.00 "], &[]);
}

#[test]
fn c3_mixed_and_lying_encodings() {
    let mut mixed = HEAD.as_bytes().to_vec();
    for number in 0..60 {
        mixed.extend(format!("2026-01-05,货{number},1\n").as_bytes());
    }
    mixed.extend(encoded(GB18030, "2026-01-06,货六十,2\n"));
    mixed.extend(b"2026-01-07,A3,3\n");
    let reading = good("mixed.csv", &mixed);
    assert_eq!(
        (reading.inspection.rows, rejects(&reading)),
        (61, vec!["62 单号 undecodable".into()])
    );
    // A mark of UTF-8 before GB18030: the names of the header cannot be read.
    let mut lying = vec![0xEF, 0xBB, 0xBF];
    lying.extend(encoded(GB18030, "日期,单号,金额\n昨天,甲,x\n"));
    refused("lying.csv", &lying, "no header row found");
    let mut odd = utf16(&format!("{HEAD}{ROW}"));
    odd.push(0x0A);
    let reading = good("odd.csv", &odd);
    assert_eq!(lines(&reading)[0], LINE);
    // Late bytes beyond ASCII decide the encoding of a long file.
    let mut late = "Date,Customer,Ref,Amount\n".to_owned();
    for number in 0..20_000 {
        late.push_str(&format!("2026-01-05,Smith,A{number},1\n"));
    }
    let mut late = late.into_bytes();
    late.extend(b"2026-01-06,M\xFCller,B1,2\n");
    let reading = good("late.csv", &late);
    assert_eq!(reading.inspection.encoding.as_deref(), Some("windows-1252"));
    assert_eq!(reading.lines.accounts[1].customer, "Müller");
}

#[test]
fn c3_dates_and_ids_that_are_none() {
    let text = "日期,单号,金额\n2026-01-05,A1,1.00\n2026年2月30日,A2,2\n9999999,A3,3\n\
        2026-01-06,6.2E+17,4\n2026-01-07,00042,5\n";
    taken(
        "bad.csv",
        text.as_bytes(),
        &[LINE, "6 2026-01-07 5.00 00042"],
        &["3 日期 date_impossible", "4 日期 date_unreadable", "5 单号 id_scientific"],
    );
    let rows = sheet_rows(&[
        &["日期", "单号", "金额"],
        &["46027", "A1", "1"],
        &["3000000", "A2", "2"],
        &["46028", "A3", "1e300"],
        &["46029", "A4", "0.1"],
        &["46029", "A5", "1e-9"],
    ]);
    let reading = good("serials.xlsx", &xlsx(&rows));
    assert_eq!(lines(&reading), ["2 2026-01-05 1.00 A1", "5 2026-01-07 0.10 A4"]);
    assert_eq!(
        rejects(&reading),
        ["3 日期 date_unreadable", "4 金额 amount_scientific", "6 金额 amount_too_precise"]
    );
}

#[test]
fn c6_amounts_at_the_edge() {
    let text = "日期,单号,金额\n2026-01-05,A1,92233720368547758.07\n\
        2026-01-05,A2,92233720368547758.07\n2026-01-05,A3,-92233720368547758.07\n\
        2026-01-05,A4,92233720368547758.08\n2026-01-05,A5,-92233720368547758.08\n\
        2026-01-05,A6,99999999999999999999999999999999999999\n";
    let reading = good("edge.csv", text.as_bytes());
    assert_eq!(reading.lines.amount, [i64::MAX, i64::MAX, -i64::MAX]);
    assert_eq!(reading.inspection.sum, "92233720368547758.07", "sums do not overflow");
    let too_large =
        ["5 金额 amount_too_large", "6 金额 amount_too_large", "7 金额 amount_too_large"];
    assert_eq!(rejects(&reading), too_large);
    let both = "日期,单号,借方,贷方\n2026-01-05,A1,92233720368547758.07,-92233720368547758.07\n\
        2026-01-05,A2,1,\n";
    assert_eq!(rejects(&good("both.csv", both.as_bytes())), ["2 借方 amount_too_large"]);
    let digits = format!(
        "日期,单号,金额\n2026-01-05,A1,0.{}1\n2026-01-05,A2,1.{}\n",
        "0".repeat(60),
        "0".repeat(30)
    );
    taken(
        "digits.csv",
        digits.as_bytes(),
        &["3 2026-01-05 1.00 A2"],
        &["2 金额 amount_unreadable"],
    );
    let goods = "单号,数量,单价\nA1,99999999999999999999,99999999999999999999\nA2,3,0.333\n";
    let reading = good("goods.csv", goods.as_bytes());
    assert_eq!(
        (lines(&reading), rejects(&reading)),
        (vec!["3 - 1.00 A2".into()], vec!["2 单价 amount_too_large".into()])
    );
}

#[test]
fn what_the_caller_says_can_be_wrong() {
    let text = format!("{HEAD}{ROW}");
    let map = |role, column: &str| ReadOptions {
        map: vec![(role, column.into())],
        ..ReadOptions::new(Side::Ours)
    };
    refused_with(
        "map.csv",
        text.as_bytes(),
        &map(Role::Amount, "价款"),
        "there is no column `价款`; the file has: 日期, 单号, 金额",
    );
    refused_with("map.csv", text.as_bytes(), &map(Role::Amount, "9"), "there is no column `9`");
    let sheet = |it: &str| ReadOptions { sheet: Some(it.into()), ..ReadOptions::new(Side::Ours) };
    let book = xlsx(&sheet_rows(&[&["日期", "金额"], &["2026-01-05", "1"]]));
    refused_with(
        "book.xlsx",
        &book,
        &sheet("十月"),
        "there is no sheet `十月`; the workbook has: Sheet1",
    );
    refused_with("book.xlsx", &book, &sheet("0"), "there is no sheet `0`");
    let template =
        |it: &str| ReadOptions { template: Some(it.into()), ..ReadOptions::new(Side::Ours) };
    refused_with(
        "t.csv",
        text.as_bytes(),
        &template("rows = 1"),
        "the template does not fit: not a template",
    );
    let later = "version = 9\nfingerprint = \"\"\n[columns]\n";
    refused_with("t.csv", text.as_bytes(), &template(later), "of version 9");
}

#[test]
fn gzip_is_bounded_and_may_be_broken() {
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let text = format!("{HEAD}{}", ROW.repeat(40_000));
    let bytes = packed(text.as_bytes());
    assert_eq!(good("a.csv.gz", &bytes).inspection.rows, 40_000);
    let limits = Limits { inflated_bytes: 1 << 19, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::new(Side::Ours) };
    refused_with("a.csv.gz", &bytes, &options, "the unpacked size exceeds the limit of 524288");
    refused("cut.csv.gz", &bytes[..bytes.len() / 2], "damaged");
    refused("head.csv.gz", &bytes[..12], "damaged");
    refused("bin.csv.gz", &packed(&[0; 4096]), "no text in any known encoding");
}

/// Asks to stop at once.
struct Stop;

impl Progress for Stop {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn cancelled(&self) -> bool {
        true
    }
}

#[test]
fn reading_can_be_stopped() {
    let text = format!("{HEAD}{ROW}").into_bytes();
    let book = xlsx(&sheet_rows(&[&["日期", "金额"], &["2026-01-05", "1"]]));
    for bytes in [text, book] {
        let result = heqi_intake::read(&bytes, "a", &ReadOptions::new(Side::Ours), &Stop);
        assert!(matches!(result, Err(IntakeError::Cancelled)));
    }
}

#[test]
fn every_cut_of_a_workbook_ends_in_a_message() {
    let rows = sheet_rows(&[&["日期", "单号", "金额"], &["2026-01-05", "A1", "1"]]);
    let book = xlsx(&rows);
    for length in (1..book.len()).step_by(7) {
        assert!(read("cut.xlsx", &book[..length]).is_err(), "{length}");
    }
    // Any flipped byte is a message or a reading, never a crash.
    for at in (0..book.len()).step_by(11) {
        let mut flipped = book.clone();
        flipped[at] ^= 0x55;
        drop(read("flip.xlsx", &flipped));
    }
}
