//! The summary of a match for a person: what was read, what agrees, what the difference is made
//! of, and what to do next.

use std::path::Path;
use std::time::Duration;

use heqi_domain::{Lang, Period, Reason, Side};
use heqi_intake::Inspection;
use heqi_matching::{Block, State};

use crate::inspect::{form, span};
use crate::tally::{Bridge, Placed, Tally};
use crate::terminal::{
    Align, Paint, Table, Terminal, count, decimal, ellipsis, ellipsis_front, money, say, share,
    words,
};

/// Customers listed one by one without `--verbose`.
const FEW: usize = 5;
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
            parts.push(bridge_of(bridge, customer, terminal));
        }
        parts.extend(self.customers(terminal));
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
        notes.extend(view_note(self.view, terminal));
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
                notes.push(outside_note(word, period, file.outside, terminal));
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

    /// Customers whose balances differ, largest difference first.
    fn customers(&self, terminal: &Terminal) -> Option<String> {
        let difference = |block: &&Block| {
            let [ours, theirs] = block.closing();
            ours - theirs
        };
        let mut open: Vec<&Block> = self
            .blocks
            .iter()
            .filter(|block| difference(block) != 0 || !block.discrepancies.is_empty())
            .collect();
        if self.blocks.len() < 2 || open.is_empty() {
            return None;
        }
        open.sort_by_key(|block| std::cmp::Reverse(difference(block).unsigned_abs()));
        let shown = if terminal.verbose { open.len() } else { FEW.min(open.len()) };
        let currencies = self.tally.bridges.len();
        let mut table = Table::new(
            0,
            &[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right],
        );
        let (all, differ) = (count(self.blocks.len() as u64), count(open.len() as u64));
        let title = say!(
            terminal,
            "往来单位（{all} 个账户，{differ} 个有差异）",
            "Customers ({all} accounts, {differ} with differences)"
        );
        let heads = [
            title.as_str(),
            if currencies > 1 { terminal.pick("币种", "currency") } else { "" },
            terminal.pick("我方期末", "our closing"),
            terminal.pick("对方期末", "their closing"),
            terminal.pick("差额", "difference"),
            terminal.pick("差异项", "items"),
        ];
        table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
        for block in &open[..shown] {
            let currency = block.account.currency;
            let [ours, theirs] = block.closing();
            let name = match block.account.customer.as_str() {
                "" => terminal.pick("（文件未注明）", "(not named)").to_owned(),
                name => ellipsis(name, 36),
            };
            table.row([
                name,
                if currencies > 1 { currency.code().to_owned() } else { String::new() },
                terminal.signed(money(ours, currency)),
                terminal.signed(money(theirs, currency)),
                terminal.signed(money(ours - theirs, currency)),
                count(block.discrepancies.len() as u64),
            ]);
        }
        let mut text = table.render();
        if shown < open.len() {
            let rest = count((open.len() - shown) as u64);
            text.push_str(&say!(
                terminal,
                "另有 {rest} 个，加 -v 全部列出\n",
                "and {rest} more, shown by -v\n"
            ));
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
                "No file was written. --out DIR keeps the result, --format csv,xlsx adds a workbook\n",
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

fn view_note(view: View, terminal: &Terminal) -> Option<String> {
    Some(match view {
        View::AsRead => return None,
        View::Asked => terminal
            .pick(
                "对方账按指定的应付口径换算为应收口径",
                "theirs: mirrored from payable to receivable, as asked",
            )
            .to_owned(),
        View::Stated => terminal
            .pick(
                "对方账以应付记账（见其列名），已换算为应收口径",
                "theirs: kept as a payable (its columns say so), mirrored to the receivable",
            )
            .to_owned(),
        View::Detected { same, opposite } => {
            let (shared, opposite) = (count(same + opposite), count(opposite));
            say!(
                terminal,
                "对方账以应付记账（单号相同的 {shared} 笔中有 {opposite} 笔方向相反），已换算为应收口径",
                "theirs: kept as a payable ({opposite} of {shared} shared references carry the \
                 opposite sign), mirrored to the receivable"
            )
        }
    })
}

fn outside_note(word: &str, period: Period, outside: Outside, terminal: &Terminal) -> String {
    let period = period.label(terminal.lang);
    let mut parts = Vec::new();
    let mut part = |number: u64, zh: &str, en: &str| {
        if number > 0 {
            let number = count(number);
            let words = terminal.pick(zh, en);
            parts.push(say!(terminal, "{words} {number} 行", "{number} {words}"));
        }
    };
    part(outside.before, "期前", "before it");
    part(outside.after, "期后", "after it");
    part(outside.undated, "无日期", "without a date");
    let parts = parts.join(terminal.pick("、", ", "));
    say!(
        terminal,
        "{word}只核对{period}：{parts}未参与",
        "{word}: only {period} is matched; left out: {parts}"
    )
}

/// The bridge of one currency: balances above, what their difference is made of below.
/// `customer` names the first customer, who is shown where there is no other.
fn bridge_of(bridge: &Bridge, customer: &str, terminal: &Terminal) -> String {
    let amount = |minor: i128| terminal.signed(money(minor, bridge.currency));
    let mut table = Table::new(0, &[Align::Left, Align::Right, Align::Right, Align::Right]);
    let (code, customers) = (bridge.currency.code(), count(bridge.customers));
    let title = match (bridge.customers, customer) {
        (1, "") => say!(terminal, "余额调节表（{code}）", "Bridge ({code})"),
        (1, _) => {
            let customer = ellipsis(customer, 30);
            say!(terminal, "余额调节表（{customer}，{code}）", "Bridge ({customer}, {code})")
        }
        _ => say!(
            terminal,
            "余额调节表（{code}，{customers} 家往来单位）",
            "Bridge ({code}, {customers} customers)"
        ),
    };
    let heads = [
        title.as_str(),
        terminal.pick("我方", "ours"),
        terminal.pick("对方", "theirs"),
        terminal.pick("差额", "difference"),
    ];
    table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
    let mut balance = |name: &str, [ours, theirs]: [i128; 2]| {
        table.row([name.to_owned(), amount(ours), amount(theirs), amount(ours - theirs)]);
    };
    balance(terminal.pick("期初余额", "Opening balance"), bridge.opening);
    balance(terminal.pick("本期增减", "Movements"), bridge.movement);
    table.rule();
    let [ours, theirs] = bridge.closing();
    let closing = terminal.pick("期末余额", "Closing balance");
    table.row([
        terminal.paint(Paint::Bold, closing),
        amount(ours),
        amount(theirs),
        amount(ours - theirs),
    ]);
    table.row([""]);
    let made_of = terminal.pick("差额由以下各项构成", "The difference is made of");
    let heads = [made_of, "", terminal.pick("笔数", "items"), terminal.pick("金额", "amount")];
    table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
    let [mut items, mut sum] = [0_i128; 2];
    for part in &bridge.parts {
        items += i128::from(part.count);
        sum += part.amount;
        if part.reason != Reason::Unexplained {
            let name = part.reason.label(terminal.lang);
            table.row([name, "", &count(part.count), &amount(part.amount)]);
        }
    }
    let unexplained = bridge.part(Reason::Unexplained);
    let name = Reason::Unexplained.label(terminal.lang);
    table.row([name, "", &count(unexplained.count), &amount(unexplained.amount)]);
    table.rule();
    let items = count(u64::try_from(items).unwrap_or(u64::MAX));
    let total = terminal.pick("合计", "Total");
    table.row([&terminal.paint(Paint::Bold, total), "", &items, &amount(sum)]);
    table.render()
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
