//! What the tests of the reader share: reading bytes, and making files of every kind.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::Write as _;
use std::path::PathBuf;

use heqi_domain::{NoProgress, Side, day_text};
use heqi_intake::{IntakeError, ReadOptions, Reading, Role};

/// Reads bytes with nothing said about them.
pub fn read(name: &str, bytes: &[u8]) -> Result<Reading, IntakeError> {
    read_with(name, bytes, &ReadOptions::new(Side::Theirs))
}

/// Reads bytes with options.
pub fn read_with(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Reading, IntakeError> {
    heqi_intake::read(&bytes.to_vec(), name, options, &NoProgress)
}

/// Reads bytes that must be readable.
#[track_caller]
pub fn good(name: &str, bytes: &[u8]) -> Reading {
    read(name, bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The lines of a reading as `row date amount reference`, one a text line.
pub fn lines(reading: &Reading) -> Vec<String> {
    let lines = &reading.lines;
    (0..lines.len() as u32)
        .map(|line| {
            let index = line as usize;
            let exponent = lines.accounts[lines.account[index] as usize].currency.exponent();
            let amount = heqi_domain::decimal_text(lines.amount[index].into(), exponent);
            let day = lines.day[index];
            let date = if day == heqi_domain::NO_DAY { "-".into() } else { day_text(day) };
            format!("{} {date} {amount} {}", lines.id_of(line), lines.reference.get(line))
        })
        .collect()
}

/// The rejects of a reading as `row column reason`.
pub fn rejects(reading: &Reading) -> Vec<String> {
    let text = |it: &heqi_intake::Reject| format!("{} {} {}", it.row, it.column, it.reason.code());
    reading.rejects.iter().map(text).collect()
}

/// Codes of the warnings.
pub fn warnings(reading: &Reading) -> Vec<&str> {
    reading.inspection.warnings.iter().map(|it| it.code.as_str()).collect()
}

/// Name of the column that holds a role.
pub fn column(reading: &Reading, role: Role) -> Option<&str> {
    let columns = &reading.inspection.columns;
    columns.iter().find(|it| it.role == role).map(|it| it.name.as_str())
}

/// The folder of real data, or `None` with a note where it is not there.
pub fn shared(part: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = root.join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: shared/data/{part} is not there");
    None
}

/// UTF-16 little-endian with its mark.
pub fn utf16(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

/// A text in an encoding.
pub fn encoded(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, lost) = encoding.encode(text);
    assert!(!lost, "the fixture cannot be written in {}", encoding.name());
    bytes.into_owned()
}

/// A ZIP archive of parts.
pub fn zip(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A workbook of one sheet whose rows are XML (`<row r="1"><c r="A1" …>`).
pub fn xlsx(sheet_data: &str) -> Vec<u8> {
    xlsx_parts(sheet_data.as_bytes().to_vec(), &[])
}

/// A workbook of one sheet with further parts.
pub fn xlsx_parts(sheet_data: Vec<u8>, more: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut sheet = b"<?xml version='1.0'?><worksheet \
        xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
        .to_vec();
    sheet.extend(sheet_data);
    sheet.extend(b"</sheetData></worksheet>");
    let mut parts = vec![
        ("[Content_Types].xml", CONTENT_TYPES.as_bytes().to_vec()),
        ("_rels/.rels", RELS.as_bytes().to_vec()),
        ("xl/workbook.xml", WORKBOOK.as_bytes().to_vec()),
        ("xl/_rels/workbook.xml.rels", WORKBOOK_RELS.as_bytes().to_vec()),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    parts.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    parts.extend(more.iter().cloned());
    zip(&parts)
}

/// Rows of `<c>` cells: texts inline, numbers as they stand.
pub fn sheet_rows(rows: &[&[&str]]) -> String {
    let cell = |text: &&str| match text.parse::<f64>() {
        _ if text.is_empty() => "<c/>".to_owned(),
        Ok(_) if !text.starts_with('0') || text.starts_with("0.") => {
            format!("<c><v>{text}</v></c>")
        }
        _ => format!("<c t='inlineStr'><is><t>{text}</t></is></c>"),
    };
    let row = |(index, cells): (usize, &&[&str])| {
        format!("<row r='{}'>{}</row>", index + 1, cells.iter().map(cell).collect::<String>())
    };
    rows.iter().enumerate().map(row).collect()
}

const CONTENT_TYPES: &str = "<?xml version='1.0'?><Types \
    xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Default \
    Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>\
    <Default Extension='xml' ContentType='application/xml'/><Override PartName='/xl/workbook.xml' \
    ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/>\
    </Types>";
const RELS: &str = "<?xml version='1.0'?><Relationships \
    xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='rId1' \
    Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' \
    Target='xl/workbook.xml'/></Relationships>";
pub const WORKBOOK: &str = "<?xml version='1.0'?><workbook \
    xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' \
    xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets><sheet \
    name='Sheet1' sheetId='1' r:id='rId1'/></sheets></workbook>";
const WORKBOOK_RELS: &str = "<?xml version='1.0'?><Relationships \
    xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='rId1' \
    Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' \
    Target='worksheets/sheet1.xml'/></Relationships>";
