//! Small ledgers that collide on purpose.

use heqi_domain::{EntryKind, NO_DAY};
use proptest::prelude::*;

use crate::common::Line;

/// 2026-07-01. July and August have 31 days each, so mirroring days around their border maps
/// months onto months (the notes `date` and `cutoff` ask for the month).
pub const JULY: i32 = 20_635;

const AMOUNTS: [i64; 14] = [
    10_000, 10_000, 25_000, 35_000, 11_300, 3_745, 3_754, 4_321, 10_003, 100_000, 60_000, 9_950,
    45_000, 0,
];

fn any_reference() -> impl Strategy<Value = String> {
    let number = 60_001_u32..60_006;
    prop_oneof![
        3 => Just(String::new()),
        6 => number.clone().prop_map(|number| format!("INV-{number}")),
        2 => number.clone().prop_map(|number| format!("{number}")),
        1 => number.clone().prop_map(|number| format!("000{number}/2026")),
        1 => number.clone().prop_map(|number| format!("6O{:03}", number - 60_000)),
        1 => number.clone().prop_map(|number| format!("INV-{}", number * 10)),
        1 => number.prop_map(|number| format!("RC-{}", number - 52_900)),
        1 => Just("期初".to_owned()),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => Just(""),
        1 => Just("货款 60001 60002"),
        1 => Just("payment of INV-60003"),
        1 => Just("冲销"),
    ]
    .prop_map(str::to_owned)
}

fn any_kind() -> impl Strategy<Value = EntryKind> {
    prop_oneof![
        4 => Just(EntryKind::Unknown),
        4 => Just(EntryKind::Sale),
        3 => Just(EntryKind::Receipt),
        1 => Just(EntryKind::Return),
        1 => Just(EntryKind::Reversal),
    ]
}

fn any_line() -> impl Strategy<Value = Line> {
    let day = prop_oneof![8 => JULY + 20..JULY + 42, 2 => JULY..JULY + 62, 1 => Just(NO_DAY)];
    let account =
        prop_oneof![5 => Just(("甲", "CNY")), 2 => Just(("乙", "CNY")), 1 => Just(("甲", "USD")),];
    (account, day, any_kind(), any_reference(), 0..AMOUNTS.len(), any::<bool>(), any_text())
        .prop_map(|((customer, currency), day, kind, reference, amount, flip, text)| {
            let negative = kind.is_money() || kind == EntryKind::Return;
            let sign = if negative != (flip && kind == EntryKind::Unknown) { -1 } else { 1 };
            Line {
                id: String::new(),
                customer: customer.to_owned(),
                currency,
                day,
                kind,
                reference,
                amount: sign * AMOUNTS[amount],
                text,
            }
        })
}

/// What the other side makes of a line of ours.
#[derive(Clone, Debug)]
enum Fate {
    Same,
    Lost,
    Twice,
    NoReference,
    Reference(String),
    Later(i32),
    Amount(i64),
    Split(i64),
    Opposite,
    Other(Line),
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Same),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Twice),
        2 => Just(Fate::NoReference),
        2 => any_reference().prop_map(Fate::Reference),
        2 => (-8..12).prop_map(Fate::Later),
        2 => (-12_i64..13).prop_map(Fate::Amount),
        1 => (1_i64..5).prop_map(Fate::Split),
        1 => Just(Fate::Opposite),
        2 => any_line().prop_map(Fate::Other),
    ]
}

fn suffer(line: &Line, fate: Fate) -> Vec<Line> {
    let mut copy = line.clone();
    match fate {
        Fate::Same => vec![copy],
        Fate::Lost => vec![],
        Fate::Twice => vec![copy.clone(), copy],
        Fate::NoReference => {
            copy.reference.clear();
            vec![copy]
        }
        Fate::Reference(reference) => vec![Line { reference, ..copy }],
        Fate::Later(days) => {
            if copy.day != NO_DAY {
                copy.day = (copy.day + days).clamp(JULY, JULY + 61);
            }
            vec![copy]
        }
        Fate::Amount(by) => vec![Line { amount: copy.amount + by, ..copy }],
        Fate::Split(fifths) => {
            let part = copy.amount * fifths / 5;
            vec![Line { amount: copy.amount - part, ..copy.clone() }, Line { amount: part, ..copy }]
        }
        Fate::Opposite => vec![Line { amount: -copy.amount, ..copy }],
        Fate::Other(line) => vec![line],
    }
}

/// Two ledgers; ids are unique within a side.
pub fn ledgers() -> impl Strategy<Value = (Vec<Line>, Vec<Line>)> {
    let ours = proptest::collection::vec((any_line(), any_fate()), 0..9);
    (ours, proptest::collection::vec(any_line(), 0..4)).prop_map(|(dealt, more)| {
        let mut theirs: Vec<Line> =
            dealt.iter().flat_map(|(line, fate)| suffer(line, fate.clone())).collect();
        theirs.extend(more);
        let mut ours: Vec<Line> = dealt.into_iter().map(|(line, _)| line).collect();
        number(&mut ours, "O");
        number(&mut theirs, "T");
        (ours, theirs)
    })
}

fn number(rows: &mut [Line], prefix: &str) {
    for (at, row) in rows.iter_mut().enumerate() {
        row.id = format!("{prefix}{at:02}");
    }
}
