//! Goal: simple rows by the short way are what `normalise::row` makes of their texts; broken
//! files are refused. Method: random tables written in every type that an amount, a date or a
//! number can have.

use std::sync::Arc;

use heqi_domain::{NoProgress, Side};
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::*;
use crate::Reading;

/// A value of a test table.
#[derive(Clone, Debug)]
enum Value {
    Number(i64),
    Float(f64),
    Text(String),
}

type Row = Vec<Option<Value>>;

/// Writes rows under a schema; `group` rows make a row group.
fn written(schema: &str, rows: &[Row], group: usize) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let compression = Compression::SNAPPY;
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).expect("writer");
    for rows in rows.chunks(group) {
        let mut out = writer.next_row_group().expect("group");
        let mut index = 0;
        while let Some(mut column) = out.next_column().expect("column") {
            write_column(column.untyped(), rows, index);
            column.close().expect("closed");
            index += 1;
        }
        out.close().expect("closed");
    }
    writer.into_inner().expect("written")
}

fn write_column(column: &mut ColumnWriter<'_>, rows: &[Row], index: usize) {
    let values = || rows.iter().filter_map(|row| row[index].as_ref());
    let levels: Vec<i16> = rows.iter().map(|row| i16::from(row[index].is_some())).collect();
    let levels = Some(levels.as_slice());
    let number = |value: &Value| match value {
        Value::Number(number) => *number,
        other => panic!("{other:?} is no number"),
    };
    let done = match column {
        ColumnWriter::Int32ColumnWriter(out) => {
            let values: Vec<i32> = values().map(|it| number(it) as i32).collect();
            out.write_batch(&values, levels, None)
        }
        ColumnWriter::Int64ColumnWriter(out) => {
            let values: Vec<i64> = values().map(number).collect();
            out.write_batch(&values, levels, None)
        }
        ColumnWriter::DoubleColumnWriter(out) => {
            let float = |value: &Value| match value {
                Value::Float(float) => *float,
                other => panic!("{other:?} is no float"),
            };
            let values: Vec<f64> = values().map(float).collect();
            out.write_batch(&values, levels, None)
        }
        ColumnWriter::ByteArrayColumnWriter(out) => {
            let text = |value: &Value| match value {
                Value::Text(text) => ByteArray::from(text.as_str()),
                other => panic!("{other:?} is no text"),
            };
            let values: Vec<ByteArray> = values().map(text).collect();
            out.write_batch(&values, levels, None)
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(out) => {
            let bytes =
                |it: &Value| FixedLenByteArray::from(i128::from(number(it)).to_be_bytes().to_vec());
            let values: Vec<FixedLenByteArray> = values().map(bytes).collect();
            out.write_batch(&values, levels, None)
        }
        _ => panic!("a type that no test writes"),
    };
    done.expect("written");
}

fn options() -> ReadOptions {
    ReadOptions::new(Side::Ours)
}

/// Reads by the short way and by the careful one.
fn both(bytes: &[u8]) -> Result<(Reading, Reading), IntakeError> {
    let options = options();
    let bytes = bytes.to_vec();
    let table = Table::open(&bytes, "test", &options)?;
    let plan = crate::read::plan_of(&table, &options)?;
    let by = |layout: Option<Layout>| {
        let collector = table.read_by(&plan, &options.limits, &NoProgress, layout)?;
        collector.finish(&plan, "test", [0; 32])
    };
    Ok((by(Layout::of(&plan))?, by(None)?))
}

/// How a column of amounts is stored: its schema, its name, and its values.
fn amounts() -> impl Strategy<Value = (&'static str, BoxedStrategy<Value>)> {
    let cents = || prop_oneof![20 => -9_999_999_i64..9_999_999, 1 => any::<i64>()];
    let number = move || cents().prop_map(Value::Number).boxed();
    let float = prop_oneof![
        20 => (-9_999_999_i64..9_999_999).prop_map(|it| it as f64 / 100.0),
        1 => any::<f64>(),
    ];
    let text = "(-?[0-9]{1,7}(\\.[0-9]{1,3})?|1,234\\.50|合计|)";
    prop_oneof![
        Just(("optional int64 amount_cents", number())),
        Just(("optional int64 amount_minor", number())),
        Just(("optional int64 amount", number())),
        Just(("optional int64 amount (DECIMAL(18,2))", number())),
        Just(("optional fixed_len_byte_array(16) amount (DECIMAL(38,4))", number())),
        Just(("optional int64 amount (DECIMAL(18,1))", number())),
        Just(("optional double amount", float.prop_map(Value::Float).boxed())),
        Just(("optional binary amount (STRING)", text.prop_map(Value::Text).boxed())),
    ]
}

fn dates() -> impl Strategy<Value = (&'static str, BoxedStrategy<Value>)> {
    let days = || prop_oneof![20 => 20_000_i64..21_000, 1 => -100_000_i64..100_000];
    let text = "(2026-0[1-9]-[0-2][0-9]|2026/1/5|)";
    prop_oneof![
        Just(("optional int32 doc_date (DATE)", days().prop_map(Value::Number).boxed())),
        Just((
            "optional int64 doc_date (TIMESTAMP(MILLIS,false))",
            days().prop_map(|it| Value::Number(it * 86_400_000 + it)).boxed(),
        )),
        Just((
            "optional int64 doc_date (TIMESTAMP(MICROS,true))",
            days().prop_map(|it| Value::Number(it * 86_400_000_000 + it)).boxed(),
        )),
        Just(("optional binary doc_date (STRING)", text.prop_map(Value::Text).boxed())),
    ]
}

fn tables() -> impl Strategy<Value = (String, Vec<Row>)> {
    (amounts(), dates()).prop_flat_map(|((amount, amount_values), (date, date_values))| {
        let schema = format!(
            "message t {{ optional int64 line_id; optional binary customer (STRING); \
             optional binary reference (STRING); {date}; {amount}; \
             optional binary currency (STRING); optional binary memo (STRING); \
             optional binary type (STRING); }}"
        );
        let text = |pattern: &'static str| pattern.prop_map(Value::Text).boxed();
        let columns = vec![
            any::<i64>().prop_map(Value::Number).boxed(),
            text("(C00[0-9]|上海第[0-9]贸易有限公司| x |a\u{FFFD})"),
            text("(SO-[0-9]{1,12}|1E\\+19|1\\.5e7|null|-|)"),
            date_values,
            amount_values,
            text("(CNY|CNY|CNY|USD|人民币|JPY|KWD|XXXX|)"),
            text("(order [0-9A-F]{8}|第[0-9]期货款|合计|opening balance|total loss|)"),
            text("(sale|payment|退货)"),
        ];
        let cells = columns.into_iter().map(|it| prop::option::weighted(0.95, it));
        let row = cells.collect::<Vec<_>>();
        prop::collection::vec(row, 1..40).prop_map(move |rows| (schema.clone(), rows))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn the_short_way_agrees((schema, rows) in tables(), group in 1_usize..40) {
        if let Ok((short, careful)) = both(&written(&schema, &rows, group)) {
            prop_assert_eq!(format!("{short:#?}"), format!("{careful:#?}"));
            let all = short.lines.len() + short.rejects.len();
            prop_assert!(all <= rows.len());
        }
    }

    #[test]
    fn broken_files_are_refused(
        (schema, rows) in tables(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = written(&schema, &rows, 8);
        *place.get_mut(&mut bytes) = byte;
        // Read or refused, as the byte has it; never a crash.
        let changed = both(&bytes);
        bytes.truncate(place.index(bytes.len()));
        let cut = both(&bytes);
        prop_assert!(cut.is_err());
        if let Err(error) = changed {
            prop_assert!(error.to_string().contains("test"));
        }
    }
}

#[track_caller]
fn check(amount: &str, value: Value, expected: Result<i64, &str>) {
    let schema = format!(
        "message t {{ optional binary ref (STRING); optional int32 doc_date (DATE); \
         optional {amount}; }}"
    );
    // A second row with a good amount, so that the column is one of amounts.
    let good = match value {
        Value::Number(_) => Value::Number(100),
        Value::Float(_) => Value::Float(1.0),
        Value::Text(_) => Value::Text("1.00".into()),
    };
    let row =
        |value| vec![Some(Value::Text("A1".into())), Some(Value::Number(20_454)), Some(value)];
    let bytes = written(&schema, &[row(value), row(good.clone()), row(good)], 2);
    let (reading, careful) = both(&bytes).expect("read");
    assert_eq!(format!("{reading:?}"), format!("{careful:?}"));
    let found = reading.rejects.first().map(|it| it.reason.code());
    assert_eq!(found.map_or_else(|| Ok(reading.lines.amount[0]), Err), expected, "{amount}");
}

#[test]
fn amounts_of_every_type() {
    check("int64 amount_cents", Value::Number(48_796), Ok(48_796));
    check("int64 amount", Value::Number(487), Ok(48_700));
    check("int32 amount (DECIMAL(9,2))", Value::Number(-48_796), Ok(-48_796));
    check("int64 amount (DECIMAL(18,4))", Value::Number(4_879_600), Ok(48_796));
    check("int64 amount (DECIMAL(18,4))", Value::Number(4_879_612), Err("amount_too_precise"));
    check("double amount", Value::Float(487.96), Ok(48_796));
    check("double amount", Value::Float(487.965), Err("amount_too_precise"));
    check("double amount", Value::Float(f64::NAN), Err("amount_unreadable"));
    check("double amount", Value::Float(1e18), Err("amount_scientific"));
    check("binary amount (STRING)", Value::Text("1,234.50".into()), Ok(123_450));
}

#[test]
fn inspection_shows_the_files_own_names() {
    let schema = "message t { required int64 line_id; required binary ref (STRING); \
        required int32 doc_date (DATE); required int64 amount_cents; }";
    let value = |it: i64| Some(Value::Number(it));
    let row = |it: i64| {
        vec![
            value(9_007_199_254_740_993 + it),
            Some(Value::Text("A".into())),
            value(20_454),
            value(it),
        ]
    };
    let rows: Vec<Row> = (0..10_000).map(row).collect();
    let bytes = written(schema, &rows, 3_000);
    let reading = crate::read(&bytes, "test.parquet", &options(), &NoProgress).expect("read");
    let names: Vec<&str> = reading.inspection.columns.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["line_id", "ref", "doc_date", "amount_cents"]);
    assert_eq!(reading.inspection.header_row, None);
    assert_eq!(reading.lines.len(), 10_000);
    assert_eq!(reading.lines.id_of(9_999), "9007199254750992");
    assert_eq!(reading.inspection.sum, "499950.00");
    let mut options = options();
    options.map = vec![(Role::Amount, "amount_cents".into())];
    let mapped = crate::read(&bytes, "test.parquet", &options, &NoProgress).expect("read");
    assert_eq!(mapped.inspection.sum, "499950.00");
}

/// A file of one column of texts. `versions`: whether it has a dictionary, and is of version 2.
fn one_column(rows: &[Row], optional: bool, versions: [bool; 2]) -> Vec<u8> {
    use parquet::file::properties::WriterVersion::{PARQUET_1_0, PARQUET_2_0};

    let kind = if optional { "optional" } else { "required" };
    let schema = format!("message table {{ {kind} binary reference (UTF8); }}");
    let schema = Arc::new(parse_message_type(&schema).expect("a schema"));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_writer_version(if versions[1] { PARQUET_2_0 } else { PARQUET_1_0 })
        .set_dictionary_enabled(versions[0])
        .set_encoding(parquet::basic::Encoding::PLAIN)
        .set_data_page_row_count_limit(60)
        .set_write_batch_size(20)
        .build();
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).expect("writer");
    let mut group = writer.next_row_group().expect("group");
    let mut column = group.next_column().expect("column").expect("one");
    write_column(column.untyped(), rows, 0);
    column.close().expect("closed");
    group.close().expect("closed");
    writer.into_inner().expect("written")
}

/// The texts of the only column of a file, `step` rows at a time by our own reader, and those
/// that the library gives.
fn read_twice(bytes: Vec<u8>, step: usize) -> [Vec<Option<String>>; 2] {
    use parquet::column::reader::{ColumnReader, get_column_reader};
    use parquet::file::reader::{FileReader, SerializedFileReader};

    let file = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a file");
    let group = file.get_row_group(0).expect("group");
    let schema = file.metadata().file_metadata().schema_descr();
    let optional = schema.column(0).max_def_level() > 0;
    assert!(texts::readable(group.metadata().column(0), &leaf::leaves(schema)[0]));
    let pages = || group.get_column_page_reader(0).expect("pages");
    let mut own = texts::TextColumn::new(pages(), optional, 64 << 10);
    let mut by_us = Vec::new();
    loop {
        let mut cells = Cells::default();
        own.next(step, &mut cells).expect("rows");
        by_us.extend((0..cells.len()).map(|row| {
            assert!(cells.valid[row] || cells.text(row).is_empty());
            cells.valid[row].then(|| cells.text(row).to_owned())
        }));
        if cells.len() < step {
            break;
        }
    }
    let reader = get_column_reader(schema.column(0), pages());
    let ColumnReader::ByteArrayColumnReader(mut reader) = reader else { panic!("no texts") };
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let defined = optional.then_some(&mut levels);
    let (records, _, _) =
        reader.read_records(by_us.len() + 1, defined, None, &mut values).expect("records");
    let mut values = values.iter().map(|it| it.as_utf8().expect("text").to_owned());
    let by_library = (0..records)
        .map(|row| if levels.get(row).is_none_or(|it| *it == 1) { values.next() } else { None });
    let by_library = by_library.collect();
    [by_us, by_library]
}

proptest! {
    #[test]
    fn texts_from_the_pages_are_those_of_the_library(
        texts in prop::collection::vec(
            prop::option::weighted(
                0.8,
                "([a-c]{0,3}|SO-[0-9]{4,20}|上海[一二三]{0,2}公司)",
            ),
            1..400,
        ),
        optional in any::<bool>(),
        versions in any::<[bool; 2]>(),
        step in 1_usize..300,
    ) {
        let texts: Vec<Option<String>> = texts
            .into_iter()
            .map(|text| text.or_else(|| (!optional).then(String::new)))
            .collect();
        let rows: Vec<Row> =
            texts.iter().map(|text| vec![text.clone().map(Value::Text)]).collect();
        let [by_us, by_library] = read_twice(one_column(&rows, optional, versions), step);
        prop_assert_eq!(&by_us, &by_library);
        prop_assert_eq!(by_us, texts);
    }
}
