//! What the cells of a column look like, whatever its name says.

use hashbrown::HashSet;

use crate::head::HeadRow;
use crate::plan::DateOrder;
use crate::{amount, cell, date, words};

/// Counts over the rows below the header.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Profile {
    /// Cells that say something.
    pub filled: u32,
    /// Dates, compact forms and serials included.
    pub dates: u32,
    /// Times of day.
    pub times: u32,
    /// Numbers.
    pub numbers: u32,
    /// Numbers with decimals.
    pub decimals: u32,
    /// Direction words.
    pub directions: u32,
    /// Cells that are a bare 0, which banks print where there is no voucher.
    pub zeros: u32,
    /// Different cells.
    pub distinct: u32,
}

impl Profile {
    /// Share of the filled cells, in percent; 0 where none is filled.
    pub fn percent(&self, count: u32) -> u32 {
        (count * 100).checked_div(self.filled).unwrap_or(0)
    }
}

/// Profiles of the columns over rows of data.
pub(crate) fn columns(rows: &[HeadRow], count: usize) -> Vec<Profile> {
    let width = count_of(rows);
    // Rows of one cell are remarks and say nothing about the columns.
    let table = |row: &HeadRow| {
        width <= 1 || row.cells.iter().filter(|it| !it.trim().is_empty()).count() > 1
    };
    let rows: Vec<&HeadRow> = rows.iter().filter(|row| table(row)).collect();
    (0..count).map(|column| profile(&rows, column)).collect()
}

fn profile(rows: &[&HeadRow], column: usize) -> Profile {
    let mut profile = Profile::default();
    let mut seen = HashSet::new();
    for row in rows {
        let text = row.cells.get(column).map_or("", |it| cell::clean(it));
        let direction = words::direction(text).is_some();
        if text.is_empty() || (amount::is_blank(text) && !direction) {
            continue;
        }
        if amount::is_blank(text) {
            profile.directions += 1;
            continue;
        }
        profile.filled += 1;
        profile.directions += u32::from(direction);
        profile.dates += u32::from(
            date::parse(text, DateOrder::DayMonth).is_ok()
                || date::parse(text, DateOrder::MonthDay).is_ok(),
        );
        profile.times += u32::from(date::is_time(text));
        let number = amount::parse_any(text);
        profile.numbers += u32::from(number);
        profile.decimals += u32::from(number && text.contains(['.', ',']));
        profile.zeros += u32::from(text == "0");
        profile.distinct += u32::from(seen.insert(text));
    }
    profile
}

fn count_of(rows: &[HeadRow]) -> usize {
    rows.iter().map(|row| row.cells.len()).max().unwrap_or(0)
}
