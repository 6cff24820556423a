//! Cells as text 单元格文本: harmless to a spreadsheet, readable for a machine.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn c5_no_cell_starts_a_formula_and_every_text_comes_back(
            text in "[=+@';\t\r\n\0 ＝\u{3000}a0,\"-]{0,9}",
        ) {
            let safe = harmless(&text);
            prop_assert_eq!(original(&safe), text.as_str());
            for start in cell_starts(&safe) {
                prop_assert!(safe[start..].starts_with('\'') || !starts_formula(&safe[start..]));
            }
        }
    }
}
