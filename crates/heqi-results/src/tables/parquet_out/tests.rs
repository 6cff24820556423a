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

/// The texts of a file with one plain column of them.
fn texts_back(texts: &[String]) -> Vec<String> {
    use std::sync::Arc;

    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;

    let schema =
        Arc::new(parse_message_type("message m { REQUIRED BYTE_ARRAY t (STRING); }").unwrap());
    let descriptor = SchemaDescriptor::new(Arc::clone(&schema));
    let mut column = super::column::Column::plain(false);
    texts.iter().for_each(|text| column.push(text.as_bytes()));
    let (bytes, close) = column.chunk(descriptor.column(0)).unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    group.append_column(&bytes, close).unwrap();
    group.close().unwrap();
    let file = bytes::Bytes::from(writer.into_inner().unwrap());
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| match row.unwrap().get_column_iter().next().unwrap().1 {
        Field::Str(text) => text.clone(),
        other => panic!("{other:?}"),
    })
    .collect()
}

proptest::proptest! {
    #[test]
    fn texts_of_any_length_come_back(
        few in proptest::collection::vec("[a-z单]{0,9}", 0..70),
        equal in 0_usize..400,
        long in 0_usize..70_000,
    ) {
        let all = [few.clone(), vec!["12345678".to_owned(); equal], vec!["x".repeat(long)], few];
        let texts = all.concat();
        proptest::prop_assert_eq!(texts_back(&texts), texts);
    }
}

#[test]
fn a_column_without_texts_comes_back() {
    assert_eq!(texts_back(&[]), Vec::<String>::new());
}
