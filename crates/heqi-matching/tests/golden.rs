//! Golden cases 样例: two small ledgers and what Heqi says about them, readable by an accountant.
//!
//! `tests/golden/*.txt`: a title, `我方` and `对方` with lines of
//! `number | date | kind | document | amount | memo`, then `结果`, which is compared.
//! `规则 NAME` picks a preset, `期初 OURS THEIRS` gives opening balances, `折扣 %` and `代扣 %`
//! are agreed rates, `客户 NAME/CURRENCY` turns to another customer. `HEQI_ACCEPT=1` writes the
//! results anew: read the difference.

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{Line, Run};
use heqi_domain::{EntryKind, Lang, Money, NO_DAY, Side, day_from_iso, grouped_text};
use heqi_matching::{Evidence, Openings, RuleSet, SearchAnswer, State, Verdict, sentence};

struct Case {
    ours: Vec<Line>,
    theirs: Vec<Line>,
    rules: RuleSet,
    openings: Openings,
}

fn parse(text: &str) -> Case {
    let mut case = Case {
        ours: Vec::new(),
        theirs: Vec::new(),
        rules: RuleSet::preset("default").unwrap(),
        openings: Openings::default(),
    };
    let mut side = Side::Ours;
    let mut account = ("甲", "CNY");
    let rows = text.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#'));
    for row in rows {
        let word = row.split_whitespace().collect::<Vec<&str>>();
        match word[..] {
            ["我方"] => (side, account) = (Side::Ours, ("甲", "CNY")),
            ["对方"] => (side, account) = (Side::Theirs, ("甲", "CNY")),
            ["规则", name] => case.rules = RuleSet::preset(name).unwrap(),
            ["折扣", percent] => case.rules.differences.discount_ppm.push(ppm(percent)),
            ["代扣", percent] => case.rules.differences.withholding_ppm.push(ppm(percent)),
            ["期初", ours, theirs] => {
                case.openings.only = Some([ours, theirs].map(|text| minor(text, "CNY")));
            }
            ["客户", name] => account = name.split_once('/').unwrap(),
            _ => {
                let line = parse_line(row, account);
                if side == Side::Ours { case.ours.push(line) } else { case.theirs.push(line) }
            }
        }
    }
    case
}

fn ppm(percent: &str) -> i64 {
    percent.parse::<i64>().unwrap() * 10_000
}

fn minor(text: &str, currency: &str) -> i64 {
    let currency: heqi_domain::Currency = currency.parse().unwrap();
    Money::parse(&text.replace(',', ""), currency.exponent()).unwrap().minor()
}

fn parse_line(row: &str, account: (&str, &str)) -> Line {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let [id, day, kind, reference, amount, text] = cells[..] else {
        panic!("six cells expected: {row}")
    };
    let currency = ["CNY", "USD", "JPY"].into_iter().find(|code| *code == account.1).unwrap();
    Line {
        customer: account.0.to_owned(),
        currency,
        day: if day.is_empty() { NO_DAY } else { day_from_iso(day).unwrap() },
        kind: EntryKind::from_code(kind).unwrap_or_else(|| panic!("kind `{kind}` of {id}")),
        reference: reference.to_owned(),
        text: text.to_owned(),
        ..common::line(id, minor(amount, currency))
    }
}

fn bracketed(verdict: &str) -> String {
    if verdict.is_empty() { String::new() } else { format!(" [{verdict}]") }
}

/// What the evidence adds that lines and verdict do not show.
fn because(evidence: &Evidence) -> String {
    let mut text = String::new();
    if let Some(answer) = evidence.search {
        let found = match answer {
            SearchAnswer::Unique => "唯一解".to_owned(),
            SearchAnswer::Alternatives { found } => format!("{found} 个解"),
            SearchAnswer::None => "无解".to_owned(),
            SearchAnswer::LimitReached => "已达搜索上限".to_owned(),
        };
        write!(text, " ({found}, 试 {} 组)", evidence.tried).unwrap();
    }
    if let Some(witness) = &evidence.witness {
        let (a, b) = (witness.ours, witness.theirs);
        write!(text, " (同额: 我方 {a} 笔, 对方 {b} 笔)").unwrap();
    }
    if !evidence.hypotheses.is_empty() {
        let codes: Vec<&str> = evidence.hypotheses.iter().map(|reason| reason.code()).collect();
        write!(text, " (亦可能: {})", codes.join(", ")).unwrap();
    }
    text
}

fn result(run: &Run) -> String {
    let mut text = String::new();
    let exponent = |block: u32| run.outcome.blocks[block as usize].account.currency.exponent();
    for pair in &run.outcome.pairs {
        let (a, b) = (run.ours.id_of(pair.ours), run.theirs.id_of(pair.theirs));
        writeln!(text, "已平 exact: {a} = {b}").unwrap();
    }
    for group in &run.outcome.groups {
        let word = match group.state {
            State::Settled => "已平",
            State::Differs => "不符",
            State::Suggested => "建议",
        };
        let join = |side, lines: &[u32]| match run.ids(side, lines).join(" + ") {
            ids if ids.is_empty() => "∅".to_owned(),
            ids => ids,
        };
        let (a, b) = (join(Side::Ours, &group.ours), join(Side::Theirs, &group.theirs));
        write!(text, "{word} {}{}: {a} = {b}", group.pass.code(), bracketed(&group.verdict.code()))
            .unwrap();
        if group.difference != 0 {
            let left = grouped_text(i128::from(group.difference), exponent(group.block));
            write!(text, ", 差 {left}").unwrap();
        }
        writeln!(text, "{}", because(&group.evidence)).unwrap();
    }
    for left in &run.outcome.residuals {
        let id = run.ids(left.side, &[left.line]).remove(0);
        let (side, verdict) = (left.side.label(Lang::Zh), left.verdict.code());
        let why = because(&left.evidence);
        writeln!(text, "未达 {side} {id}{}{why}", bracketed(&verdict)).unwrap();
    }
    for (number, block) in run.outcome.blocks.iter().enumerate() {
        let money = |amount: i128| grouped_text(amount, exponent(number as u32));
        let [ours, theirs] = block.closing();
        let account = &block.account;
        writeln!(text, "余额调节表 {} {}", account.customer, account.currency).unwrap();
        writeln!(text, "  我方期末 {}", money(ours)).unwrap();
        let mut rest = ours;
        for row in &run.outcome.discrepancies[block.discrepancies.clone()] {
            rest -= i128::from(row.amount);
            let said = sentence(row, &run.outcome, &run.ours, &run.theirs, Lang::Zh);
            let less = money(-i128::from(row.amount));
            writeln!(text, "  {less}{} {said}", bracketed(&row.verdict.code())).unwrap();
        }
        assert_eq!(rest, theirs, "the bridge does not end at their closing balance");
        writeln!(text, "  对方期末 {}", money(theirs)).unwrap();
    }
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn cases() -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        (file, text)
    };
    files.into_iter().map(read).collect()
}

fn split(text: &str) -> (&str, &str) {
    text.split_once("\n结果\n").unwrap_or((text.trim_end(), ""))
}

fn run(head: &str) -> Run {
    let case = parse(head);
    common::run_opened(&case.ours, &case.theirs, &case.rules, &case.openings)
}

#[test]
fn results_are_as_agreed() {
    let accept = std::env::var("HEQI_ACCEPT").is_ok_and(|value| value == "1");
    let mut bad = String::new();
    for (file, text) in cases() {
        let (head, expected) = split(&text);
        let got = result(&run(head));
        if accept {
            std::fs::write(&file, format!("{head}\n结果\n{got}")).unwrap();
        } else if got != expected {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            writeln!(bad, "{name}\nexpected\n{expected}\ngot\n{got}").unwrap();
        }
    }
    assert!(bad.is_empty(), "{bad}\nHEQI_ACCEPT=1 accepts the new results");
}

/// Every pass and every reason that the kernel can give has its case.
#[test]
fn every_pass_and_reason_has_a_case() {
    const PASSES: [&str; 9] = [
        "contra",
        "exact",
        "same_reference_sum",
        "same_reference",
        "mentioned",
        "variant_reference",
        "amount_date",
        "combination",
        "diagnostic",
    ];
    const REASONS: [&str; 29] = [
        "rounding",
        "tax",
        "bank_charge",
        "partial_payment",
        "missing_theirs",
        "missing_ours",
        "return_not_credited",
        "unapplied_payment",
        "unrecognised_payment",
        "duplicate_ours",
        "duplicate_theirs",
        "reversal_one_sided",
        "wrong_sign",
        "digit_slip",
        "amount",
        "wrong_reference",
        "missing_reference",
        "date",
        "cutoff",
        "split",
        "merged",
        "regrouped",
        "split_incomplete",
        "opening",
        "ambiguous",
        "discount",
        "freight_fee",
        "withholding",
        "exchange_half",
    ];
    let (mut passes, mut reasons) = (BTreeSet::new(), BTreeSet::new());
    for (_, text) in cases() {
        let outcome = run(split(&text).0).outcome;
        if !outcome.pairs.is_empty() {
            passes.insert("exact");
        }
        passes.extend(outcome.groups.iter().map(|group| group.pass.code()));
        let verdicts: Vec<Verdict> = outcome
            .groups
            .iter()
            .map(|group| group.verdict)
            .chain(outcome.residuals.iter().map(|left| left.verdict))
            .chain(outcome.discrepancies.iter().map(|row| row.verdict))
            .collect();
        for verdict in verdicts {
            reasons.extend(verdict.main.into_iter().chain(verdict.notes()).map(|code| code.code()));
        }
    }
    let passes_missing: Vec<&&str> =
        PASSES.iter().filter(|code| !passes.contains(**code)).collect();
    let missing: Vec<&&str> = REASONS.iter().filter(|code| !reasons.contains(**code)).collect();
    assert!(passes_missing.is_empty() && missing.is_empty(), "{passes_missing:?} {missing:?}");
    let unlisted: Vec<&&str> = reasons.iter().filter(|code| !REASONS.contains(code)).collect();
    assert!(unlisted.is_empty(), "new reasons, list them: {unlisted:?}");
}
