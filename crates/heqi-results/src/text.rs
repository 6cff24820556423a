//! Cells as text: harmless to a spreadsheet, readable for a machine.
//!
//! A spreadsheet that opens a CSV runs a cell that begins with `=`, `+`, `-`, `@`, TAB, CR, LF
//! or NUL (also full-width, also behind blanks, also behind a `;` or TAB that it takes for a
//! separator). Such a text gets one apostrophe in front. A text that already has apostrophes
//! there gets one more, so the rule can be undone: [`original`] takes exactly one apostrophe
//! away wherever [`harmless`] would have put one. Every other text, so nearly every line id,
//! stands as it is; amounts are numbers and are never touched.

use std::borrow::Cow;

/// Whether a spreadsheet would start a formula at the beginning of `rest`.
fn starts_formula(rest: &str) -> bool {
    let rest = rest.trim_start_matches('\'');
    let rest = rest.trim_start_matches([' ', '\u{a0}', '\u{3000}', '\u{feff}']);
    rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'])
}

/// The byte offsets where a cell may begin: the start, and behind what may separate cells.
fn cell_starts(text: &str) -> impl Iterator<Item = usize> {
    let separators = text.bytes().enumerate();
    std::iter::once(0).chain(
        separators
            .filter(|(_, byte)| matches!(byte, b';' | b'\t' | b'\r' | b'\n'))
            .map(|(at, _)| at + 1),
    )
}

/// The text with an apostrophe wherever a spreadsheet would start a formula.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    let places: Vec<usize> =
        cell_starts(text).filter(|start| starts_formula(&text[*start..])).collect();
    if places.is_empty() {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + places.len());
    let mut from = 0;
    for place in places {
        safe.push_str(&text[from..place]);
        safe.push('\'');
        from = place;
    }
    safe.push_str(&text[from..]);
    safe.into()
}

/// The text that [`harmless`] was given: what a reader of the CSV files (verify) applies to
/// every text cell after CSV unquoting.
#[must_use]
pub fn original(cell: &str) -> Cow<'_, str> {
    let places: Vec<usize> = cell_starts(cell)
        .filter(|start| cell[*start..].starts_with('\'') && starts_formula(&cell[*start..]))
        .collect();
    if places.is_empty() {
        return cell.into();
    }
    let mut text = String::with_capacity(cell.len());
    let mut from = 0;
    for place in places {
        text.push_str(&cell[from..place]);
        from = place + 1;
    }
    text.push_str(&cell[from..]);
    text.into()
}

/// Bytes that may make a text need care in a CSV cell: separators, quotes, starts of formulas,
/// blanks, and the lead bytes of the full-width forms and wide blanks.
const fn careful(byte: u8) -> bool {
    matches!(
        byte,
        b',' | b'"' | b';' | b'\'' | b' ' | b'=' | b'+' | b'-' | b'@' | 0
            ..=0x1f | 0xc2 | 0xe3 | 0xef
    )
}

/// Appends a text as a CSV cell: harmless, and quoted where it has to be.
pub(crate) fn push_csv(out: &mut String, text: &str) {
    // Nearly every cell is a plain word; only its first byte or a separator can be harmful.
    let plain = text.bytes().next().is_none_or(|first| !careful(first))
        && !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b';' | 0..=0x1f));
    if plain {
        out.push_str(text);
        return;
    }
    let safe = harmless(text);
    if safe.contains([',', '"', '\r', '\n']) {
        out.push('"');
        for (index, part) in safe.split('"').enumerate() {
            if index > 0 {
                out.push_str("\"\"");
            }
            out.push_str(part);
        }
        out.push('"');
    } else {
        out.push_str(&safe);
    }
}

/// Appends `prefix` and sixteen hexadecimal digits.
pub(crate) fn push_hash(out: &mut String, prefix: char, hash: u64) {
    out.push(prefix);
    for place in (0..16).rev() {
        let digit = (hash >> (4 * place) & 15) as u8;
        out.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        push_csv(&mut out, text);
        assert_eq!(out, expected, "cell of {text:?}");
        assert_eq!(original(&harmless(text)), text, "and back");
    }

    #[test]
    fn c5_formulas_are_made_harmless_and_come_back() {
        check("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
        check("+86-10", "'+86-10");
        check("-12.50", "'-12.50");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t'=1");
        check("\r=1", "\"'\r'=1\"");
        check("\n@x", "\"'\n'@x\"");
        check("\0=1", "'\0=1");
        check("  =1", "'  =1");
        check("\u{3000}=1", "'\u{3000}=1");
        check("\u{a0}+1", "'\u{a0}+1");
        check("＝1", "'＝1");
        check("＋1", "'＋1");
        check("－1", "'－1");
        check("＠1", "'＠1");
        check("货款;=HYPERLINK(\"x\")", "\"货款;'=HYPERLINK(\"\"x\"\")\"");
        check("'=1", "''=1");
        check("''=1", "'''=1");
    }

    #[test]
    fn c5_ordinary_texts_stand_as_they_are() {
        for text in
            ["", "O000000001", "XS-261021", "'0012", "销售=1", "a-b", "A;B", "a b", "（红冲）"]
        {
            check(text, text);
        }
        check("a,b", "\"a,b\"");
        check("12\" 管", "\"12\"\" 管\"");
    }

    #[test]
    fn hashes_are_written_as_the_ids_are_displayed() {
        let mut out = String::new();
        push_hash(&mut out, 'G', 0x0123_4567_89ab_cdef);
        let shown = heqi_matching::GroupId(0x0123_4567_89ab_cdef).to_string();
        assert_eq!(out, shown);
    }

    proptest! {
        #[test]
        fn c5_every_text_comes_back(text in "[=+@';\t\r\n\0 ＝\u{3000}a0,\"-]{0,9}") {
            let safe = harmless(&text);
            prop_assert_eq!(original(&safe), text.as_str());
            for start in cell_starts(&safe) {
                prop_assert!(safe[start..].starts_with('\'') || !starts_formula(&safe[start..]));
            }
            // The fast path decides like the careful one, and the csv crate reads the cell.
            let mut out = "x,".to_owned();
            push_csv(&mut out, &text);
            out.push_str(",y\n");
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.len(), 3);
            prop_assert_eq!(&record[1], safe.as_ref());
        }
    }
}
