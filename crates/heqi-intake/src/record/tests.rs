//! Goal: records are taken apart as the csv crate does. Method: random texts of separators,
//! quotation marks and line breaks, both ways.

use proptest::prelude::*;

use super::*;

/// The first record as the csv crate reads it.
fn peer(text: &str, separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn as_the_csv_crate_reads_it(text in "[a\"\", ;\t货]{1,24}", tab in any::<bool>()) {
        let separator = if tab { b'\t' } else { b',' };
        let mut cells = Cells::default();
        let split = cells.split(&text, separator, 100);
        let own: Vec<String> = cells.all().into_iter().map(str::to_owned).collect();
        // The csv crate takes what is left open as closed; here it is told.
        prop_assert_eq!(own, peer(&text, separator));
        prop_assert!(split != Split::TooMany);
    }

    #[test]
    fn what_is_quoted_comes_back(cells in prop::collection::vec("[a-z\",\r\n货 ]{0,8}", 1..6)) {
        let quote = |it: &String| format!("\"{}\"", it.replace('"', "\"\""));
        let quoted: Vec<String> = cells.iter().map(quote).collect();
        let mut own = Cells::default();
        prop_assert_eq!(own.split(&format!("{}\r\n", quoted.join(",")), b',', 100), Split::Whole);
        prop_assert_eq!(own.all(), cells);
    }
}

#[test]
fn open_marks_and_many_columns_are_told() {
    let mut cells = Cells::default();
    assert_eq!(cells.split("a,\"b", b',', 9), Split::Open);
    assert_eq!(cells.split("a,\"b\"\"", b',', 9), Split::Open);
    assert_eq!(cells.split("a,\"b\"", b',', 9), Split::Whole);
    assert_eq!(cells.split("a,b\"", b',', 9), Split::Whole);
    assert_eq!(cells.split("a,b,c,d", b',', 2), Split::TooMany);
}
