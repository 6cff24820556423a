//! Goal: a caller that keeps the rows sees each one once, as it stands, beside what it became;
//! and a person's word on header row and encoding wins.

use heqi_domain::{NoProgress, Side};
use heqi_intake::{Became, Figures, IntakeError, ReadOptions, Role};

#[test]
fn each_row_is_shown_beside_what_it_became() {
    let text = "日期,单号,金额\n,期初余额,\n2026-01-05, A1 ,\"1,200.00\"\n2026-01-06,A2,十元\n\
                # 2026-01-07,样例,1.00\n2026-01-08,A3,-5.00\n";
    let bytes = text.as_bytes().to_vec();
    let mut seen = Vec::new();
    let mut each = |row: u64, cells: &[&str], became: Became, _: Figures| {
        seen.push((row, cells.join("|"), became));
    };
    let options = ReadOptions::new(Side::Theirs);
    let reading =
        heqi_intake::read_rows(&bytes, "a.csv", &options, &NoProgress, &mut each).unwrap();
    let data: Vec<_> = seen.iter().filter(|it| it.2 != Became::Nothing).collect();
    assert_eq!(data.iter().filter(|it| it.2 == Became::Line).count(), reading.lines.len());
    assert_eq!(*data[1], (3, "2026-01-05| A1 |1,200.00".to_owned(), Became::Line));
    assert_eq!(*data[2], (4, "2026-01-06|A2|十元".to_owned(), Became::Reject));
    assert_eq!(reading.rejects[0].row, 4);
    let plain = heqi_intake::read(&bytes, "a.csv", &options, &NoProgress).unwrap();
    assert_eq!((plain.lines.amount, plain.rejects), (reading.lines.amount, reading.rejects));
}

#[test]
fn a_person_says_where_the_header_is() {
    let bytes = b"a,b,c\nx,date,amount\nwhen,no,value\n2026-01-05,A1,3.00\n".to_vec();
    let mut options = ReadOptions::new(Side::Ours);
    options.header_row = Some(3);
    options.map = vec![(Role::Amount, "value".into()), (Role::Date, "when".into())];
    let reading = heqi_intake::read(&bytes, "a.csv", &options, &NoProgress).unwrap();
    assert_eq!(reading.inspection.header_row, Some(3));
    assert_eq!((reading.lines.amount, reading.rejects), (vec![300], vec![]));
    options.header_row = Some(99);
    let error = heqi_intake::read(&bytes, "a.csv", &options, &NoProgress);
    assert!(matches!(error, Err(IntakeError::NoHeader { .. })));
}

#[test]
fn a_person_says_what_the_encoding_is() {
    // 货款 in Big5; too short to be told from other Chinese with any certainty.
    let mut bytes = b"date,no,amount,memo\n2026-01-05,A1,3.00,".to_vec();
    bytes.extend([0xB3, 0x66, 0xB4, 0xDA, b'\n']);
    let mut options = ReadOptions::new(Side::Ours);
    options.encoding = Some("big5".into());
    let reading = heqi_intake::read(&bytes, "a.csv", &options, &NoProgress).unwrap();
    assert_eq!(reading.lines.text_of(0), "貨款");
    assert_eq!(reading.inspection.encoding.as_deref(), Some("big5"));
    options.encoding = Some("klingon".into());
    assert!(heqi_intake::read(&bytes, "a.csv", &options, &NoProgress).is_err());
}

#[test]
fn a_line_says_what_stands_beside_its_amount() {
    let text = "日期,单号,数量,单价,折扣率,税率,税额,金额\n\
                2026-01-05,A1,3,33.335,,13%,\"1,300.00\",113.01\n\
                2026-01-06,A2,2,50,0.1,0.06,,95.40\n2026-01-07,A3,,,,免税,,5.00\n";
    let mut seen = Vec::new();
    let mut each = |_: u64, _: &[&str], became: Became, said: Figures| {
        seen.extend((became == Became::Line).then_some(said));
    };
    let options = ReadOptions::new(Side::Ours);
    let bytes = text.as_bytes().to_vec();
    heqi_intake::read_rows(&bytes, "a.csv", &options, &NoProgress, &mut each).unwrap();
    let figures = |tax, rate_ppm, worth| Figures { tax, rate_ppm, worth };
    let expected = [
        figures(Some(130_000), Some(130_000), Some(10_001)),
        figures(None, Some(60_000), Some(9_000)),
        figures(None, Some(0), None),
    ];
    assert_eq!(seen, expected);
}
