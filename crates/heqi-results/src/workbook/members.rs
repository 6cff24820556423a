//! Lines of a group or discrepancy in one cell: numbers, first date, sum.

use heqi_domain::{Day, Lang, LineIx, Lines, NO_DAY};

/// Numbers that a cell lists before it only counts.
const LISTED: usize = 5;

/// The document numbers of some lines: `XS-1、XS-2 等 7 笔`; empty where there is none.
pub fn numbers(lines: &Lines, members: &[LineIx], lang: Lang) -> String {
    let named: Vec<&str> = members
        .iter()
        .map(|line| lines.reference.get(*line))
        .filter(|number| !number.is_empty())
        .take(LISTED)
        .collect();
    let mut text = named.join(lang.pick("、", ", "));
    if members.len() > named.len().max(1) {
        let all = members.len();
        let more = match (lang, text.is_empty()) {
            (Lang::Zh, true) => format!("{all} 笔"),
            (Lang::Zh, false) => format!(" 等 {all} 笔"),
            (Lang::En, true) => format!("{all} lines"),
            (Lang::En, false) => format!(" ({all} lines)"),
        };
        text.push_str(&more);
    }
    text
}

/// The earliest date that is known.
pub fn first_day(lines: &Lines, members: &[LineIx]) -> Option<Day> {
    members.iter().map(|line| lines.day[*line as usize]).filter(|day| *day != NO_DAY).min()
}

/// The sum, none where there is no line.
pub fn sum(lines: &Lines, members: &[LineIx]) -> Option<i128> {
    let amounts = members.iter().map(|line| i128::from(lines.amount[*line as usize]));
    (!members.is_empty()).then(|| amounts.sum())
}
