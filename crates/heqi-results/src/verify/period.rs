//! The lines of a period alone, as the match saw them.

use heqi_domain::{LineIds, LineIx, Lines, Period, Strings};

/// Keeps the lines whose date lies in the period; accounts in the order of first use.
pub fn keep(all: Lines, period: Option<Period>) -> Lines {
    let Some(period) = period else { return all };
    let inside: Vec<LineIx> =
        (0..all.len()).filter(|at| period.contains(all.day[*at])).map(|at| at as LineIx).collect();
    if inside.len() == all.len() {
        return all;
    }
    let mut lines = Lines::new(all.side);
    let mut places = vec![None; all.accounts.len()];
    for line in &inside {
        let account = all.account[*line as usize] as usize;
        let place = *places[account].get_or_insert_with(|| {
            lines.accounts.push(all.accounts[account].clone());
            lines.accounts.len() as u32 - 1
        });
        lines.account.push(place);
    }
    lines.amount = column(&all.amount, &inside);
    lines.day = column(&all.day, &inside);
    lines.kind = column(&all.kind, &inside);
    lines.due = column(&all.due, &inside);
    lines.reference = texts(&all.reference, &inside);
    lines.text = texts(&all.text, &inside);
    lines.other_reference = texts(&all.other_reference, &inside);
    lines.id = match &all.id {
        LineIds::Named(names) => LineIds::Named(names.pick(&inside)),
        LineIds::Rows(rows) => LineIds::Rows(column(rows, &inside)),
    };
    lines
}

/// A column that the file does not have stays empty.
fn column<T: Copy>(all: &[T], kept: &[LineIx]) -> Vec<T> {
    if all.is_empty() { Vec::new() } else { kept.iter().map(|line| all[*line as usize]).collect() }
}

fn texts(all: &Strings, kept: &[LineIx]) -> Strings {
    let mut texts = Strings::new();
    if !all.is_empty() {
        kept.iter().for_each(|line| texts.push(all.get(*line)));
    }
    texts
}
