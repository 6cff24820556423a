//! `heqi match`: two files in, a summary and a result folder out. Steps 2 to 4 of the path.

use std::cell::LazyCell;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::time::Instant;

use heqi_domain::{Period, Side, Stage};
use heqi_intake::{ControlTotals, Orientation, Reading, View as FileView};
use heqi_matching::{Discrepancy, MatchError, Outcome, References, RuleSet, sentence};

use crate::arguments::{Match, OutputFormat, TheirsView};
use crate::failure::{Failure, Kind};
use crate::opening::Opening;
use crate::period::{self, Kept};
use crate::reading::{self, Opened, Request, stopped};
use crate::summary::{File, Summary, View};
use crate::tally::Tally;
use crate::terminal::{Terminal, Watch, count, interrupted, say};
use crate::{output, rules};

/// A match that is done: what the summary and the result folder speak of.
pub struct Matched<'a> {
    /// Our file and theirs, as opened.
    pub opened: [Opened<'a>; 2],
    /// Our file and theirs, as read, without the lines outside the period.
    pub readings: [Reading; 2],
    /// Lines left out of each.
    pub kept: [crate::summary::Outside; 2],
    /// Whether and why their amounts were mirrored.
    pub view: View,
    /// The period.
    pub period: Option<Period>,
    /// The rules and what they are called.
    pub rules: (String, RuleSet),
    /// The answer.
    pub outcome: Outcome,
}

/// Runs the command.
///
/// # Errors
/// What a person has to decide before the run can succeed; see [`Kind`].
pub fn run(arguments: &Match, terminal: &Terminal) -> Result<(), Failure> {
    let began = Instant::now();
    let mut watch = Watch::new(terminal);
    // The bar must be gone before an error is said.
    let matched = matched(arguments, &watch, terminal).and_then(|matched| {
        let written = output::write(&matched, arguments, &watch, terminal)?;
        Ok((matched, written))
    });
    watch.finish();
    let (matched, written) = matched?;
    // The process ends with this: its memory goes back as a whole, not line by line.
    let matched = ManuallyDrop::new(matched);
    let [ours, theirs] = &matched.readings;
    // Counted only if it is told: it looks at every discrepancy again.
    let tally = LazyCell::new(|| Tally::of(&matched.outcome, &ours.lines, &theirs.lines));
    let timings = watch.timings();
    let elapsed = began.elapsed();
    if arguments.json {
        terminal.data(&output::json(&matched, written.as_ref(), &timings, elapsed, terminal)?)?;
    } else if !terminal.quiet {
        let details = details(&matched, terminal);
        let summary = Summary {
            ours: file(&matched, Side::Ours),
            theirs: file(&matched, Side::Theirs),
            view: matched.view,
            period: matched.period,
            tally: &tally,
            blocks: &matched.outcome.blocks,
            details: &details,
            out: arguments.out.as_deref(),
            workbook: arguments.format.contains(&OutputFormat::Xlsx).then_some(output::WORKBOOK),
            elapsed,
            timings: &timings,
        };
        terminal.data(&summary.render(terminal))?;
    }
    if arguments.fail_on_diff { verdict(&matched, &tally, terminal) } else { Ok(()) }
}

/// Discrepancies that are told one by one; more are read in a file.
const TOLD: usize = 12;
/// The same with `--verbose`.
const TOLD_VERBOSE: usize = 200;

/// The discrepancies in words, unless there are too many to read on a terminal.
fn details(matched: &Matched, terminal: &Terminal) -> Vec<String> {
    let outcome = &matched.outcome;
    let most = if terminal.verbose { TOLD_VERBOSE } else { TOLD };
    if outcome.discrepancies.len() > most {
        return Vec::new();
    }
    let [ours, theirs] = [&matched.readings[0].lines, &matched.readings[1].lines];
    let said = |row: &Discrepancy| sentence(row, outcome, ours, theirs, terminal.lang);
    if outcome.blocks.len() == 1 {
        return outcome.discrepancies.iter().map(said).collect();
    }
    let colon = terminal.pick("：", ": ");
    let named = |row: &Discrepancy| {
        let customer = &outcome.blocks[row.block as usize].account.customer;
        format!("{customer}{colon}{}", said(row))
    };
    outcome.discrepancies.iter().map(named).collect()
}

/// The exit code of a run that went well, if it is to tell of differences.
fn verdict(matched: &Matched, tally: &Tally, terminal: &Terminal) -> Result<(), Failure> {
    let rejected: usize = matched.readings.iter().map(|reading| reading.rejects.len()).sum();
    if tally.anything_open() {
        let (differs, suggested) = (count(tally.differs.groups), count(tally.suggested.groups));
        let residual = count(tally.residual[0] + tally.residual[1]);
        return Err(Failure::new(
            Kind::Differences,
            say!(
                terminal,
                "有差异 {differs} 组，待确认 {suggested} 组，未达 {residual} 行",
                "{differs} groups differ, {suggested} are suggested, {residual} lines are residual"
            ),
        ));
    }
    if rejected > 0 {
        let message = say!(terminal, "有 {rejected} 行未读入", "{rejected} rows were rejected");
        return Err(Failure::new(Kind::Partial, message));
    }
    Ok(())
}

fn file<'a>(matched: &'a Matched, side: Side) -> File<'a> {
    let at = usize::from(side == Side::Theirs);
    File {
        name: matched.opened[at].name(),
        inspection: &matched.readings[at].inspection,
        outside: matched.kept[at],
    }
}

fn matched<'a>(
    arguments: &'a Match,
    watch: &Watch,
    terminal: &Terminal,
) -> Result<Matched<'a>, Failure> {
    let period =
        arguments.period.as_deref().map(|text| parse_period(text, terminal)).transpose()?;
    let rules = rules::load(&arguments.rules, terminal)?;
    let opened = open(arguments, &rules, terminal)?;
    threads(arguments.threads);
    let [ours, mut theirs] = read_both(&opened, watch, terminal)?;
    let view = orient(&ours, &mut theirs, arguments, terminal)?;
    let control = [ours.control, theirs.control];
    let mut single = true;
    let mut readings = [ours, theirs];
    let mut outside = [crate::summary::Outside::default(); 2];
    let mut before = [0_i128; 2];
    for (at, reading) in readings.iter_mut().enumerate() {
        single &= reading.lines.accounts.len() <= 1;
        let lines = std::mem::replace(&mut reading.lines, heqi_domain::Lines::new(Side::Ours));
        let kept: Kept = period::keep(lines, period);
        reading.lines = kept.lines;
        (outside[at], before[at]) = (kept.outside, kept.before);
    }
    let opening = Opening { arguments, control, before, single };
    let openings = opening.openings(&readings, terminal)?;
    let [ours, theirs] = &readings;
    let outcome = heqi_matching::match_lines(&ours.lines, &theirs.lines, &rules, &openings, watch)
        .map_err(|error| explain(&error, terminal))?;
    if opening.asked() && outcome.blocks.len() > 1 {
        return Err(opening.ambiguous(outcome.blocks.len(), terminal));
    }
    let name = rules_name(arguments);
    Ok(Matched { opened, readings, kept: outside, view, period, rules: (name, rules), outcome })
}

fn rules_name(arguments: &Match) -> String {
    let path = Path::new(&arguments.rules);
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn parse_period(text: &str, terminal: &Terminal) -> Result<Period, Failure> {
    text.parse::<Period>().map_err(|error| {
        let message = say!(terminal, "--period 的「{text}」不是会计期间", "--period: {error}");
        Failure::new(Kind::Usage, message).hint(terminal.pick(
            "写成 2026-10、2026-Q3、2026 或 2026-10-01..2026-10-31",
            "write 2026-10, 2026-Q3, 2026 or 2026-10-01..2026-10-31",
        ))
    })
}

/// Builds the one thread pool; a second call in the same process changes nothing.
fn threads(number: Option<u16>) {
    if let Some(number) = number {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(number));
        drop(pool.build_global());
    }
}

fn open<'a>(
    arguments: &'a Match,
    rules: &RuleSet,
    terminal: &Terminal,
) -> Result<[Opened<'a>; 2], Failure> {
    let how = &arguments.reading;
    if arguments.ours == arguments.theirs && arguments.ours.as_os_str() == crate::input::STDIN {
        let message = terminal.pick(
            "两本账不能都从标准输入读",
            "only one of the two ledgers can come from standard input",
        );
        return Err(Failure::new(Kind::Usage, message));
    }
    let currency = reading::currency(&arguments.currency, terminal)?;
    // A plain comparison looks at references as written and never at memos.
    let keep_text = rules.references != References::AsWritten;
    let ours = Request {
        path: &arguments.ours,
        side: Side::Ours,
        map_flag: "--map-ours",
        map: &how.map_ours,
        template: how.ours_template.as_deref(),
        view: None,
        customer: arguments.customer.as_deref(),
        currency,
        sheet: how.sheet_ours.as_deref(),
        keep_text,
    };
    let theirs = Request {
        path: &arguments.theirs,
        side: Side::Theirs,
        map_flag: "--map-theirs",
        map: &how.map_theirs,
        template: how.theirs_template.as_deref(),
        view: how.theirs_view.map(|view| match view {
            TheirsView::Payable => FileView::Payable,
            TheirsView::Receivable => FileView::Receivable,
        }),
        customer: arguments.customer.as_deref(),
        currency,
        sheet: how.sheet_theirs.as_deref(),
        keep_text,
    };
    Ok([ours.open(terminal)?, theirs.open(terminal)?])
}

fn read_both(
    opened: &[Opened; 2],
    watch: &Watch,
    terminal: &Terminal,
) -> Result<[Reading; 2], Failure> {
    let (ours, theirs) = (watch.reader(Stage::ReadOurs), watch.reader(Stage::ReadTheirs));
    let [left, right] = opened;
    let (left, right) = rayon::join(
        || ours.timed(|| left.read(&ours, terminal)),
        || theirs.timed(|| right.read(&theirs, terminal)),
    );
    if interrupted() {
        return Err(stopped(terminal));
    }
    Ok([left?, right?])
}

/// Brings their amounts to the receivable's side and says why.
fn orient(
    ours: &Reading,
    theirs: &mut Reading,
    arguments: &Match,
    terminal: &Terminal,
) -> Result<View, Failure> {
    let payable = theirs.inspection.orientation == Orientation::Payable;
    if arguments.reading.theirs_view.is_some() {
        return Ok(if payable { View::Asked } else { View::AsRead });
    }
    let finding = heqi_matching::detect_view(&ours.lines, &theirs.lines);
    if !finding.payable {
        return Ok(if payable { View::Stated } else { View::AsRead });
    }
    theirs.lines.mirror().map_err(|error| Failure::new(Kind::Input, error.to_string()))?;
    let ControlTotals { opening, closing } = &mut theirs.control;
    for balance in [opening, closing].into_iter().flatten() {
        *balance = balance.checked_neg().ok_or_else(|| {
            Failure::new(Kind::Input, terminal.pick("余额超出范围", "a balance is too large"))
        })?;
    }
    theirs.inspection.orientation = match payable {
        true => Orientation::Receivable,
        false => Orientation::Payable,
    };
    Ok(View::Detected { same: finding.same, opposite: finding.opposite })
}

fn explain(error: &MatchError, terminal: &Terminal) -> Failure {
    match error {
        MatchError::Cancelled => stopped(terminal),
        MatchError::TooLarge | MatchError::TooMany(_) => {
            let message = terminal.pick(
                "金额合计或行数超出可核对的范围",
                "the amounts or lines exceed what can be matched",
            );
            Failure::new(Kind::Input, format!("{message}: {error}")).hint(
                terminal.pick(
                    "按客户或期间拆分文件后分别核对",
                    "split the files by customer or period",
                ),
            )
        }
        MatchError::NotClosed { customer, currency, off } => Failure::new(
            Kind::Unexpected,
            say!(
                terminal,
                "余额调节表不平：{customer}（{currency}）差 {off} 个最小货币单位，未给出结果",
                "the bridge of {customer} ({currency}) is off by {off} minor units; no result"
            ),
        )
        .hint(terminal.pick(
            "这是程序缺陷，请连同两份文件反馈",
            "this is a defect of Heqi; please report it with both files",
        )),
    }
}
