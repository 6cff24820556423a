//! The summary of a match for a person: what was read, what agrees, what the difference is made
//! of, and what to do next.

mod bridge;
mod customers;
mod notes;

use std::path::Path;
use std::time::Duration;

use heqi_domain::{Period, Side};
use heqi_intake::Inspection;
use heqi_matching::{Block, State};

use crate::inspect::{form, span};
use crate::tally::{Placed, Tally};
use crate::terminal::{
    Align, Paint, Table, Terminal, count, decimal, ellipsis_front, say, share, words,
};

/// Next steps listed.
const STEPS: usize = 4;

/// Why their amounts were mirrored, to be stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// They stand as the file has them.
    AsRead,
    /// `--theirs-view payable`.
    Asked,
    /// The file or its template says so.
    Stated,
    /// Shared references carry the opposite sign.
    Detected {
        /// Shared references with the same sign.
        same: u64,
        /// Shared references with the opposite sign.
        opposite: u64,
    },
}

/// Lines kept out of the match because they lie outside the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Before its first day.
    pub before: u64,
    /// After its last day.
    pub after: u64,
    /// Without a date.
    pub undated: u64,
}

/// One file as the summary shows it.
pub struct File<'a> {
    /// As the command line names it.
    pub name: String,
    /// How it was read.
    pub inspection: &'a Inspection,
    /// Lines kept out by `--period`.
    pub outside: Outside,
}

/// Everything that the summary says.
pub struct Summary<'a> {
    /// Our file.
    pub ours: File<'a>,
    /// Their file.
    pub theirs: File<'a>,
    /// Whether and why their amounts were mirrored.
    pub view: View,
    /// `--period`.
    pub period: Option<Period>,
    /// What was found.
    pub tally: &'a Tally,
    /// Per customer and currency.
    pub blocks: &'a [Block],
    /// What each discrepancy says in words; empty where there are too many to read.
    pub details: &'a [String],
    /// Where the result was written.
    pub out: Option<&'a Path>,
    /// The workbook in it, which a person opens first.
    pub workbook: Option<&'a str>,
    /// Wall-clock time of the whole run.
    pub elapsed: Duration,
    /// Time of each stage.
    pub timings: &'a [(heqi_domain::Stage, Duration)],
}

impl Summary<'_> {
    /// The summary as text, each part separated by an empty line.
    pub fn render(&self, terminal: &Terminal) -> String {
        let mut parts = vec![self.files(terminal), self.states(terminal)];
        for bridge in &self.tally.bridges {
            let of = self.blocks.iter().find(|block| block.account.currency == bridge.currency);
            let customer = of.map_or("", |block| block.account.customer.as_str());
            parts.push(bridge::render(bridge, customer, terminal));
        }
        parts.extend(customers::render(self.blocks, self.tally.bridges.len(), terminal));
        parts.extend(self.details(terminal));
        parts.extend(self.steps(terminal));
        parts.push(self.foot(terminal));
        parts.join("\n")
    }

    fn files(&self, terminal: &Terminal) -> String {
        let columns =
            [Align::Left, Align::Left, Align::Left, Align::Right, Align::Left, Align::Right];
        let mut table = Table::new(0, &columns);
        for (side, file) in [(Side::Ours, &self.ours), (Side::Theirs, &self.theirs)] {
            let inspection = file.inspection;
            let rows = count(inspection.rows);
            let sum = decimal(&inspection.sum);
            table.row([
                terminal.paint(Paint::Bold, side.label(terminal.lang)),
                ellipsis_front(&file.name, 40),
                form(inspection, terminal.lang),
                say!(terminal, "{rows} 行", "{rows} lines"),
                span(inspection, terminal.lang).unwrap_or_default(),
                say!(terminal, "合计 {sum}", "sum {sum}"),
            ]);
        }
        let mut text = table.render();
        for note in self.notes(terminal) {
            text.push_str(&format!("{note}\n"));
        }
        text
    }

    /// What must be known about the reading: mirrored, rejected, outside the period.
    fn notes(&self, terminal: &Terminal) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(notes::view_note(self.view, terminal));
        for (side, file) in [(Side::Ours, &self.ours), (Side::Theirs, &self.theirs)] {
            let word = side.label(terminal.lang);
            if file.inspection.rejected > 0 {
                let rejected = count(file.inspection.rejected);
                let note = say!(
                    terminal,
                    "{word}有 {rejected} 行未读入，不在核对之列",
                    "{word}: {rejected} rows were rejected and are not matched"
                );
                notes.push(terminal.paint(Paint::Attention, &note));
            }
            if let (Some(period), true) = (self.period, file.outside != Outside::default()) {
                notes.push(notes::outside_note(word, period, file.outside, terminal));
            }
            for warning in &file.inspection.warnings {
                let said = terminal.pick(&warning.zh, &warning.en);
                let note = match warning.row {
                    Some(row) => {
                        say!(terminal, "{word}第 {row} 行：{said}", "{word}, row {row}: {said}")
                    }
                    None => say!(terminal, "{word}：{said}", "{word}: {said}"),
                };
                notes.push(note);
            }
        }
        notes
    }

    fn states(&self, terminal: &Terminal) -> String {
        let tally = self.tally;
        let mut table = Table::new(
            0,
            &[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right],
        );
        let title = terminal.pick("核对结果", "Result");
        let heads = [
            title,
            terminal.pick("组", "groups"),
            terminal.pick("我方行数", "our lines"),
            terminal.pick("占比", "share"),
            terminal.pick("对方行数", "their lines"),
            terminal.pick("占比", "share"),
        ];
        table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
        let mut row = |name: String, groups: String, lines: [u64; 2]| {
            let [ours, theirs] = lines;
            let [all, all_theirs] = tally.lines;
            table.row([
                name,
                groups,
                count(ours),
                share(ours, all),
                count(theirs),
                share(theirs, all_theirs),
            ]);
        };
        for (state, paint, placed) in [
            (State::Settled, Paint::Good, tally.settled),
            (State::Differs, Paint::Attention, tally.differs),
            (State::Suggested, Paint::Attention, tally.suggested),
        ] {
            let Placed { groups, lines } = placed;
            row(terminal.paint(paint, words::state(state, terminal.lang)), count(groups), lines);
        }
        let residual = terminal.pick("未达", "Residual");
        row(terminal.paint(Paint::Attention, residual), String::new(), tally.residual);
        table.render()
    }

    fn details(&self, terminal: &Terminal) -> Option<String> {
        if self.details.is_empty() {
            return None;
        }
        let title = terminal.pick("差异明细", "Differences");
        let mut text = format!("{}\n", terminal.paint(Paint::Bold, title));
        for (index, sentence) in self.details.iter().enumerate() {
            text.push_str(&format!("{:>3}. {sentence}\n", index + 1));
        }
        Some(text)
    }

    fn steps(&self, terminal: &Terminal) -> Option<String> {
        let mut steps = Vec::new();
        if self.tally.suggested.groups > 0 {
            let groups = count(self.tally.suggested.groups);
            steps.push(say!(
                terminal,
                "{groups} 组待确认：逐组看依据，定下是否同一笔业务",
                "{groups} groups suggested: read the evidence and decide each"
            ));
        }
        for (reason, n) in self.tally.reasons().into_iter().take(STEPS) {
            let (label, step) = (reason.label(terminal.lang), reason.next_step(terminal.lang));
            let n = count(n);
            steps.push(say!(terminal, "{label} {n} 项：{step}", "{label} ({n}): {step}"));
        }
        let rejected = self.ours.inspection.rejected + self.theirs.inspection.rejected;
        if rejected > 0 {
            let rejected = count(rejected);
            let where_to = match self.out {
                Some(_) => terminal.pick("原因见 rejects.csv", "reasons are in rejects.csv"),
                None => terminal.pick("用 heqi inspect 看原因", "heqi inspect tells why"),
            };
            steps.push(say!(
                terminal,
                "{rejected} 行未读入：{where_to}，改正后重新核对",
                "{rejected} rows rejected: {where_to}; repair and match again"
            ));
        }
        if steps.is_empty() {
            return None;
        }
        let mut text =
            format!("{}\n", terminal.paint(Paint::Bold, terminal.pick("下一步", "Next")));
        for (index, step) in steps.iter().enumerate() {
            text.push_str(&format!("  {}. {step}\n", index + 1));
        }
        Some(text)
    }

    fn foot(&self, terminal: &Terminal) -> String {
        let mut text = String::new();
        match self.out {
            Some(folder) => {
                let folder = folder.display();
                let first = self.workbook.unwrap_or("discrepancies.csv");
                text.push_str(&say!(
                    terminal,
                    "结果在 {folder}，先看 {first}；复核用 heqi verify {folder}\n",
                    "Result in {folder}, see {first} first; heqi verify {folder} re-checks it\n"
                ));
            }
            None => text.push_str(terminal.pick(
                "未写出文件。加 --out 目录 保存结果，加 --format csv,xlsx 附工作簿\n",
                "Nothing was written. --out DIR keeps the result, --format csv,xlsx adds a \
                 workbook\n",
            )),
        }
        let lines: u64 = self.tally.lines.iter().sum();
        let micros = u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
        let rate = count(lines.saturating_mul(1_000_000) / micros);
        let took = seconds(self.elapsed);
        let (lines, mut line) = (count(lines), String::new());
        line.push_str(&say!(
            terminal,
            "共 {lines} 行，用时 {took} 秒，每秒 {rate} 行",
            "{lines} lines in {took} s, {rate} lines per second"
        ));
        if terminal.verbose {
            let stages: Vec<String> = self
                .timings
                .iter()
                .map(|(stage, took)| {
                    format!("{} {} s", words::stage_of(*stage, terminal.lang), seconds(*took))
                })
                .collect();
            let (open, close) = (terminal.pick("（", " ("), terminal.pick("）", ")"));
            line.push_str(&format!("{open}{}{close}", stages.join(terminal.pick("，", ", "))));
        }
        text + &terminal.paint(Paint::Dim, &line) + "\n"
    }
}

fn seconds(duration: Duration) -> String {
    let millis = duration.as_millis();
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests;
