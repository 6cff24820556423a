//! Goal: a Parquet table says what the CSV says, cell by cell. Method: the hand-written match in
//! both, read back by the library's own reader.

use std::fs;

use heqi_domain::NoProgress;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::fixture::Fixture;
use crate::{ResultFormat, write};

/// The rows of a Parquet file, cells as the CSV writes them.
fn rows(path: &std::path::Path) -> Vec<Vec<String>> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let cell = |field: &Field| match field {
        Field::Str(text) => text.clone(),
        Field::Long(count) => count.to_string(),
        Field::Bytes(bytes) => {
            let number = u64::from_be_bytes(bytes.data().try_into().unwrap());
            format!("G{number:016x}")
        }
        other => panic!("{other:?}"),
    };
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_column_iter().map(|(_, field)| cell(field)).collect()).collect()
}

#[test]
fn every_cell_is_the_cell_of_the_csv() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("result");
    let formats = [ResultFormat::Csv, ResultFormat::Parquet];
    Fixture::new().with(|result| write(&dir, &formats, result, &NoProgress)).unwrap();
    for table in ["groups", "members", "residuals", "discrepancies", "bridge", "rejects"] {
        let mut csv = csv::Reader::from_path(dir.join(format!("{table}.csv"))).unwrap();
        let expected: Vec<Vec<String>> = csv
            .records()
            .map(|record| {
                let cells = record.unwrap();
                cells.iter().map(|cell| crate::text::original(cell).into_owned()).collect()
            })
            .collect();
        let found = rows(&dir.join(format!("{table}.parquet")));
        assert_eq!(found, expected, "{table}");
    }
}
