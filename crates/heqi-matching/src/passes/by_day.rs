//! Dated lines of one side by day: the nearest to a date are found without looking at the rest.
//!
//! A block may hold a million lines, and every line that looks for others would look at all of
//! them. Here it looks outward from its own date, a day at a time, and stops when it has enough.

use std::ops::Range;

use heqi_domain::{Day, NO_DAY};

use crate::work::Work;

/// Some dated lines of one side, in content order: by day, then by amount.
#[derive(Default)]
pub(crate) struct ByDay {
    lines: Vec<usize>,
    days: Vec<Day>,
    amounts: Vec<i64>,
}

impl ByDay {
    /// The open, dated lines of a side that pass a filter.
    pub fn of(work: &Work<'_>, side: usize, keep: impl Fn(usize) -> bool) -> Self {
        let items = &work.items[side];
        let mut all = Self::default();
        for item in work.open(side).filter(|item| items[*item].day != NO_DAY && keep(*item)) {
            all.lines.push(item);
            all.days.push(items[item].day);
            all.amounts.push(items[item].amount);
        }
        all
    }

    /// The place of all lines dated between two days, both included.
    pub fn between(&self, from: Day, to: Day) -> Range<usize> {
        let first = self.days.partition_point(|day| *day < from);
        first..first + self.days[first..].partition_point(|day| *day <= to)
    }

    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn line(&self, place: usize) -> usize {
        self.lines[place]
    }

    /// Of lines of one day, those of the sign of `whole` and smaller than it.
    pub fn smaller(&self, day: Range<usize>, whole: i64) -> Range<usize> {
        let amounts = &self.amounts[day.clone()];
        let (low, high) = (whole.min(0), whole.max(0));
        let first = amounts.partition_point(|amount| *amount <= low);
        let last = amounts.partition_point(|amount| *amount < high);
        day.start + first..day.start + last.max(first)
    }

    /// The days of a part, as ranges, in order of their distance from the nearer end of
    /// `from..=to`; at one distance the earlier day first.
    pub fn outward(&self, part: Range<usize>, from: Day, to: Day) -> Outward<'_> {
        let inner = self.between(from, to);
        let clamp = |place: usize| place.clamp(part.start, part.end);
        let inner = clamp(inner.start)..clamp(inner.end);
        Outward {
            days: &self.days,
            left: part.start..inner.start,
            right: inner.end..part.end,
            inner,
            from,
            to,
        }
    }
}

/// See [`ByDay::outward`].
pub(crate) struct Outward<'a> {
    days: &'a [Day],
    left: Range<usize>,
    inner: Range<usize>,
    right: Range<usize>,
    from: Day,
    to: Day,
}

impl Outward<'_> {
    /// The first or the last day of a range, cut off it.
    fn cut(days: &[Day], range: &mut Range<usize>, last: bool) -> Range<usize> {
        let here = &days[range.clone()];
        if last {
            let day = here[here.len() - 1];
            let start = range.start + here.partition_point(|other| *other < day);
            let cut = start..range.end;
            range.end = start;
            cut
        } else {
            let end = range.start + here.partition_point(|other| *other <= here[0]);
            let cut = range.start..end;
            range.start = end;
            cut
        }
    }
}

impl Iterator for Outward<'_> {
    /// Days from the nearer end, and the lines of that day.
    type Item = (i32, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let first = |range: &Range<usize>| (!range.is_empty()).then(|| self.days[range.start]);
        let last = |range: &Range<usize>| (!range.is_empty()).then(|| self.days[range.end - 1]);
        // Equal distances: the first of these is the earlier day.
        let ends = [
            last(&self.left).map(|day| self.from - day),
            first(&self.inner).map(|day| day - self.from),
            last(&self.inner).map(|day| self.to - day),
            first(&self.right).map(|day| day - self.to),
        ];
        let (distance, end) =
            ends.iter().enumerate().filter_map(|(end, days)| days.map(|days| (days, end))).min()?;
        let range = match end {
            0 => Self::cut(self.days, &mut self.left, true),
            1 => Self::cut(self.days, &mut self.inner, false),
            2 => Self::cut(self.days, &mut self.inner, true),
            _ => Self::cut(self.days, &mut self.right, false),
        };
        Some((distance, range))
    }
}

/// Lines by day for each kind that asks: money meets money and unknown, an unknown all.
pub(crate) struct ByKind([ByDay; 3]);

impl ByKind {
    /// The open, dated lines of a side that pass a filter.
    pub fn of(work: &Work<'_>, side: usize, keep: impl Fn(usize) -> bool) -> Self {
        let items = &work.items[side];
        Self([None, Some(false), Some(true)].map(|asking: Option<bool>| {
            let fits = |kind: Option<bool>| asking.is_none() || kind.is_none() || kind == asking;
            ByDay::of(work, side, |item| fits(items[item].money()) && keep(item))
        }))
    }

    /// What a line of such a kind may meet.
    pub const fn meeting(&self, money: Option<bool>) -> &ByDay {
        match money {
            None => &self.0[0],
            Some(false) => &self.0[1],
            Some(true) => &self.0[2],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_day(mut rows: Vec<(Day, i64)>) -> ByDay {
        rows.sort_unstable();
        ByDay {
            lines: (0..rows.len()).collect(),
            days: rows.iter().map(|row| row.0).collect(),
            amounts: rows.iter().map(|row| row.1).collect(),
        }
    }

    proptest! {
        #[test]
        fn outward_is_by_distance_then_content(
            rows in proptest::collection::vec((0_i32..30, -4_i64..4), 0..60),
            from in -3_i32..33, length in 0_i32..9, width in 0_i32..20, whole in -4_i64..4,
        ) {
            let index = by_day(rows);
            let to = from + length;
            let part = index.between(from - width, to + width);
            let mut expected: Vec<(i32, usize)> = part
                .clone()
                .filter(|at| {
                    let amount = index.amounts[*at];
                    amount.signum() == whole.signum() && amount.abs() < whole.abs()
                })
                .map(|at| ((index.days[at] - to).abs().min((index.days[at] - from).abs()), at))
                .collect();
            expected.sort_unstable();
            let found: Vec<(i32, usize)> = index
                .outward(part, from, to)
                .flat_map(|(days, range)| {
                    index.smaller(range, whole).map(move |at| (days, at))
                })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
