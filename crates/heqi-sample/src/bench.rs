//! The benchmark's pair of ledgers: any number of lines, in bounded memory.
//!
//! Same columns, shapes and shares as the generator the peers were measured with. What
//! differs, so that no column has to be held: a line is a pure function of its number, dates
//! rise evenly instead of being drawn and sorted, and the members of a merged group are given
//! their customer and currency. Beside the lines stand only the merged groups and the copies,
//! about ten bytes per hundred lines.
//!
//! | share | on | what |
//! |---|---|---|
//! | 93 % | both | exact; 20 % of their dates up to three days later |
//! | 3 % | both | the amount differs, half of them by at most 5 cents |
//! | 2 % | both | the reference is written in one of six other ways |
//! | 1 % | ours | 2 to 5 lines of a customer within ten days, one line of theirs, own reference |
//! | 1 % | ours | only ours |
//! | 1 % | theirs | only theirs |
//! | 0.1 % | each | a line twice |

mod line;
mod plan;
mod text;

use std::io::{self, Write};

use line::{BenchLine, Class, Source};
use plan::Plan;
use text::{HEADER, RowBuffer};

use crate::random::{Random, Shuffle};

/// A pair that is planned but not yet written.
#[derive(Debug)]
pub struct BenchPair {
    plan: Plan,
    order: Shuffle,
}

/// What was written, by class; amounts are cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BenchSummary {
    /// Lines of our side.
    pub ours: u64,
    /// Lines of their side.
    pub theirs: u64,
    /// Pairs that agree in reference and amount.
    pub exact: u64,
    /// Pairs whose amounts differ.
    pub amount_differs: u64,
    /// Those of them that differ by at most 5 cents.
    pub small_difference: u64,
    /// Pairs whose reference is written in another way.
    pub reformatted: u64,
    /// Lines of ours that stand in merged groups.
    pub merged: u64,
    /// Merged groups: that many lines of theirs.
    pub groups: u64,
    /// Lines of ours without a partner, copies not counted.
    pub only_ours: u64,
    /// Lines of theirs without a partner, copies not counted.
    pub only_theirs: u64,
    /// Second copies of our lines.
    pub duplicate_ours: u64,
    /// Second copies of their lines.
    pub duplicate_theirs: u64,
    /// Sum of our side.
    pub sum_ours: i128,
    /// Sum of their side.
    pub sum_theirs: i128,
}

/// Plans a pair of `lines` lines a side (about 0.1 % more of ours, about 1 % fewer of theirs).
#[must_use]
pub fn bench_pair(lines: u32, seed: u64) -> BenchPair {
    let plan = Plan::new(lines, seed);
    let order = Shuffle::new(plan.their_sources(), &mut Random::at(seed, line::ORDER, 0));
    BenchPair { plan, order }
}

impl BenchPair {
    /// Writes our ledger as CSV: rising dates, the copies at the end. `line_id` counts from 0.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_ours(&self, out: &mut impl Write) -> io::Result<BenchSummary> {
        let mut rows = RowBuffer::new(out);
        rows.text(HEADER)?;
        let mut summary = BenchSummary::default();
        let originals = 0..self.plan.lines();
        for number in originals.chain(self.plan.copies_of_ours().iter().copied()) {
            let line = self.plan.our_line(number);
            summary.sum_ours += i128::from(line.amount);
            rows.line(summary.ours, &line)?;
            summary.ours += 1;
        }
        rows.finish()?;
        Ok(summary)
    }

    /// Writes their ledger as CSV, in random order, and beside it the truth: one row
    /// `theirs_line_id,ours_line_id,class` per pair, per member of a merged group, and per
    /// line without a partner (the other id is blank then).
    ///
    /// Classes: `exact`, `amount_differs`, `reformatted`, `merged`, `only_ours`,
    /// `only_theirs`, `duplicate_ours`, `duplicate_theirs` (the second copy).
    ///
    /// # Errors
    /// Those of the writers.
    pub fn write_theirs(
        &self,
        out: &mut impl Write,
        truth: &mut impl Write,
    ) -> io::Result<BenchSummary> {
        let (mut rows, mut truth) = (RowBuffer::new(out), RowBuffer::new(truth));
        rows.text(HEADER)?;
        truth.text("theirs_line_id,ours_line_id,class\n")?;
        let mut summary = BenchSummary::default();
        for place in 0..self.plan.their_sources() {
            let source = self.plan.source(self.order.at(place));
            let Some((line, class)) = self.plan.their_line(source) else { continue };
            let id = summary.theirs;
            rows.line(id, &line)?;
            summary.theirs += 1;
            summary.sum_theirs += i128::from(line.amount);
            self.note(&mut summary, class, source, &line);
            match source {
                Source::Line(ours) => truth.truth(Some(id), Some(ours.into()), class)?,
                Source::Group(group) => {
                    for ours in self.plan.members_of(group) {
                        truth.truth(Some(id), Some(ours.into()), class)?;
                    }
                }
                Source::OnlyTheirs(_) | Source::Copy(_) => truth.truth(Some(id), None, class)?,
            }
        }
        rows.finish()?;
        for ours in 0..self.plan.lines() {
            if self.plan.class(ours) == Class::OnlyOurs {
                truth.truth(None, Some(ours.into()), Class::OnlyOurs)?;
                summary.only_ours += 1;
            }
        }
        for copy in 0..self.plan.copies_of_ours().len() as u64 {
            let id = u64::from(self.plan.lines()) + copy;
            truth.truth(None, Some(id), Class::DuplicateOurs)?;
            summary.duplicate_ours += 1;
        }
        truth.finish()?;
        Ok(summary)
    }

    fn note(&self, summary: &mut BenchSummary, class: Class, source: Source, line: &BenchLine) {
        match (class, source) {
            (Class::AmountDiffers, Source::Line(ours)) => {
                summary.amount_differs += 1;
                let difference = self.plan.our_line(ours).amount.abs_diff(line.amount);
                summary.small_difference += u64::from(difference <= 5);
            }
            (Class::Reformatted, _) => summary.reformatted += 1,
            (Class::Merged, Source::Group(group)) => {
                summary.groups += 1;
                summary.merged += self.plan.members_of(group).count() as u64;
            }
            (Class::OnlyTheirs, _) => summary.only_theirs += 1,
            (Class::DuplicateTheirs, _) => summary.duplicate_theirs += 1,
            _ => summary.exact += 1,
        }
    }

    /// Writes both sides and the truth on two threads, and adds the two summaries up.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn write(
        &self,
        ours: &mut (impl Write + Send),
        theirs: &mut impl Write,
        truth: &mut impl Write,
    ) -> io::Result<BenchSummary> {
        let (one, other) = std::thread::scope(|scope| {
            let ours = scope.spawn(|| self.write_ours(ours));
            let theirs = self.write_theirs(theirs, truth);
            (ours.join(), theirs)
        });
        let one = one.map_err(|_| io::Error::other("the writer of our side panicked"))??;
        Ok(BenchSummary { ours: one.ours, sum_ours: one.sum_ours, ..other? })
    }
}

#[cfg(test)]
mod tests;
