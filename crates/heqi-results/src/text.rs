//! Cells as text: harmless to a spreadsheet, readable for a machine.

pub use heqi_domain::{harmless, original};

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
