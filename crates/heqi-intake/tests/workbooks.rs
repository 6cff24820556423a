//! Goal: the binary workbooks are read and bounded like the others. Method: an XLSB made record
//! by record, whole, cut at every byte and with flipped bytes; a real XLS treated the same.

mod common;

use common::{good, lines, read, rejects, shared, zip};
use heqi_intake::Format;

/// A record of an XLSB part: its type and its length in seven-bit groups, then its body.
fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind as u8];
    if kind >= 0x80 {
        bytes = vec![kind as u8 | 0x80, (kind >> 7) as u8];
    }
    let mut length = body.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(body);
    bytes
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = (units.len() as u32).to_le_bytes().to_vec();
    bytes.extend(units.into_iter().flat_map(u16::to_le_bytes));
    bytes
}

/// A cell: numbers as floats, everything else as text.
fn cell(column: usize, text: &str) -> Vec<u8> {
    let mut body = (column as u32).to_le_bytes().to_vec();
    body.extend([0; 4]);
    match text.parse::<f64>() {
        Ok(number) => {
            body.extend(number.to_le_bytes());
            record(5, &body)
        }
        Err(_) => {
            body.extend(wide(text));
            record(6, &body)
        }
    }
}

fn xlsb(rows: &[&[&str]]) -> Vec<u8> {
    let mut sheet = record(0x81, &[]);
    sheet.extend(record(0x94, &[0; 16]));
    sheet.extend(record(0x91, &[]));
    for (row, cells) in rows.iter().enumerate() {
        let mut header = (row as u32).to_le_bytes().to_vec();
        header.extend([0; 13]);
        sheet.extend(record(0, &header));
        for (column, text) in cells.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            sheet.extend(cell(column, text));
        }
    }
    sheet.extend(record(0x92, &[]));
    sheet.extend(record(0x82, &[]));
    let mut bundle = vec![0; 8];
    bundle[4] = 1;
    bundle.extend(wide("rId1"));
    bundle.extend(wide("对账单"));
    let mut workbook = record(0x83, &[]);
    workbook.extend(record(0x9C, &bundle));
    workbook.extend(record(0x90, &[]));
    workbook.extend(record(0x9D, &[]));
    workbook.extend(record(0x84, &[]));
    let relations = "<?xml version='1.0'?><Relationships \
        xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship \
        Id='rId1' Type='worksheet' Target='worksheets/sheet1.bin'/></Relationships>";
    zip(&[
        ("xl/workbook.bin", workbook),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes().to_vec()),
        ("xl/worksheets/sheet1.bin", sheet),
    ])
}

fn statement() -> Vec<u8> {
    xlsb(&[
        &["往来对账单"],
        &["日期", "单号", "借方", "贷方"],
        &["46027", "A1", "1234.5"],
        &["46028", "A2", "", "0.1"],
        &["46029", "6212345678901234567", "1"],
        &["", "合计", "1234.5", "0.1"],
    ])
}

#[test]
fn xlsb_is_read() {
    let reading = good("a.xlsb", &statement());
    assert_eq!(reading.inspection.format, Format::Xlsb);
    assert_eq!(reading.inspection.sheet.as_deref(), Some("对账单"));
    assert_eq!(reading.inspection.header_row, Some(2));
    assert_eq!(lines(&reading), ["3 2026-01-05 1234.50 A1", "4 2026-01-06 -0.10 A2"]);
    assert_eq!(rejects(&reading), ["5 单号 id_scientific"]);
}

/// Every cut is refused; every flipped byte is refused or read, and ends.
fn torment(name: &str, bytes: &[u8], step: usize) {
    for length in (1..bytes.len() - 1).step_by(step) {
        drop(read(name, &bytes[..length]));
    }
    for at in (0..bytes.len()).step_by(step) {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 0xA5;
        drop(read(name, &flipped));
    }
}

#[test]
fn c1_broken_xlsb_ends_in_a_message() {
    let bytes = statement();
    assert!(read("cut.xlsb", &bytes[..bytes.len() / 2]).is_err());
    torment("broken.xlsb", &bytes, 5);
}

#[test]
fn c1_broken_xls_ends_in_a_message() {
    let Some(path) = shared("bills_cn/ccb_records.xls") else { return };
    let bytes = std::fs::read(path).unwrap();
    torment("broken.xls", &bytes, 97);
}
