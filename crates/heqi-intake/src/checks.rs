//! What the file says about itself, held against its lines: balances, subtotals, totals.
//!
//! Nothing here changes a line; what does not agree becomes a warning with its place. The one
//! decision taken is the view: a running balance that falls with debits is a payable's.

use crate::balance::{self, Chain};
use crate::collect::{Collector, Sums, thousandths};
use crate::normalise::{Control, ControlKind};
use crate::plan::Plan;
use crate::{ControlTotals, Warning, amount};

/// Results of the checks.
pub(crate) struct Findings {
    /// Whether amounts are to be negated.
    pub mirrored: bool,
    /// Opening and closing, receivable orientation.
    pub control: ControlTotals,
    /// Opening and closing as the file states them, with the decimals of their currency.
    pub opening: Option<String>,
    /// See `opening`.
    pub closing: Option<String>,
    /// What does not agree.
    pub warnings: Vec<Warning>,
}

/// A balance that the file states.
#[derive(Clone, Copy)]
struct StatedBalance {
    /// Minor units as written.
    minor: i64,
    exponent: u32,
    /// It stood in the balance column, which has a sign of its own.
    own_sign: bool,
}

/// Checks a file whose rows have all been collected.
pub(crate) fn run(plan: &Plan, collector: &Collector) -> Findings {
    let tally = &collector.tally;
    let chain = balance::chain(&collector.lines, &collector.rows, &tally.balances);
    let rises = chain.as_ref().map(|chain| chain.rises_with_debit);
    let mirrored = plan.mirrored.unwrap_or_else(|| rises.map_or(plan.holder_words, |it| !it));
    let mut warnings = Vec::new();
    if let Some(chain) = &chain {
        balance::report(chain, &mut warnings);
    } else if tally.balances.len() >= 3 {
        warnings.push(warning(
            "balance_not_running",
            None,
            "the balance column does not follow the amounts and was not used".into(),
            "余额列与发生额对不上，未作为校验依据".into(),
        ));
    }
    let opening = opening(&tally.controls, chain.as_ref());
    let closing = closing(&tally.controls, chain.as_ref());
    totals(plan, &tally.controls, tally.sums, opening, &mut warnings);
    stated(plan, collector, &mut warnings);
    order_totals(plan, collector, &mut warnings);
    let sign = |stated: StatedBalance| {
        let debit_positive = if stated.own_sign { rises.unwrap_or(!mirrored) } else { true };
        if debit_positive == mirrored { -stated.minor } else { stated.minor }
    };
    let text = |it: StatedBalance| amount::text(i128::from(it.minor), it.exponent);
    Findings {
        mirrored,
        control: ControlTotals { opening: opening.map(sign), closing: closing.map(sign) },
        opening: opening.map(text),
        closing: closing.map(text),
        warnings,
    }
}

/// A warning.
pub(crate) fn warning(code: &str, row: Option<u64>, en: String, zh: String) -> Warning {
    let named = |words: &str| row.is_none_or(|row| words.contains(&row.to_string()));
    debug_assert!(named(&en) && named(&zh), "{code} does not name its row: {en} / {zh}");
    Warning { code: code.to_owned(), row, en, zh }
}

/// The balance that a control row states: in its balance column, or as debit less credit.
fn stated_by(control: &Control) -> Option<StatedBalance> {
    let exponent = control.currency.exponent();
    if let Some(minor) = control.balance {
        return Some(StatedBalance { minor, exponent, own_sign: true });
    }
    if control.debit.is_none() && control.credit.is_none() {
        return None;
    }
    let minor = control.debit.unwrap_or(0).checked_sub(control.credit.unwrap_or(0))?;
    Some(StatedBalance { minor, exponent, own_sign: false })
}

/// The first opening row, or what the running balance implies if it has no break.
fn opening(controls: &[(Control, Sums)], chain: Option<&Chain>) -> Option<StatedBalance> {
    let rows = controls.iter().filter(|(it, _)| it.kind == ControlKind::Opening);
    if let Some(stated) = rows.filter_map(|(it, _)| stated_by(it)).next() {
        return Some(stated);
    }
    let (minor, exponent) = chain.filter(|it| it.breaks.is_empty())?.opening?;
    Some(StatedBalance { minor, exponent, own_sign: true })
}

/// The last closing row, or the last running balance.
fn closing(controls: &[(Control, Sums)], chain: Option<&Chain>) -> Option<StatedBalance> {
    let rows = controls.iter().rev().filter(|(it, _)| it.kind == ControlKind::Closing);
    if let Some(stated) = rows.filter_map(|(it, _)| stated_by(it)).next() {
        return Some(stated);
    }
    if let Some((minor, exponent)) = chain.and_then(|it| it.closing) {
        return Some(StatedBalance { minor, exponent, own_sign: true });
    }
    let mut totals = controls.iter().rev().filter(|(it, _)| it.kind == ControlKind::Total);
    let (total, _) = totals.find(|(it, _)| it.balance.is_some())?;
    stated_by(total)
}

/// Recomputes subtotals and totals.
fn totals(
    plan: &Plan,
    controls: &[(Control, Sums)],
    all: Sums,
    opening: Option<StatedBalance>,
    warnings: &mut Vec<Warning>,
) {
    let mut last = Sums::default();
    for (control, sums) in controls {
        let compared = match control.kind {
            ControlKind::Subtotal => vec![sums.since(last), *sums],
            ControlKind::Total => vec![*sums, sums.since(last), all],
            _ => continue,
        };
        last = *sums;
        let factor = thousandths(control.currency);
        let carried = opening.map_or(0, |it| i128::from(it.minor) * factor);
        if compared.iter().any(|sums| agrees(control, *sums, factor, carried)) {
            continue;
        }
        let exponent = control.currency.exponent();
        let stated = shown(control, exponent);
        let counted = compared.first().copied().unwrap_or_default();
        let counted = counted_text(plan, counted, factor, exponent);
        let (label, row) = (&control.label, control.row);
        let code =
            if control.kind == ControlKind::Total { "total_mismatch" } else { "subtotal_mismatch" };
        warnings.push(warning(
            code,
            Some(row),
            format!("row {row} ({label}) states {stated}, the lines add up to {counted}"),
            format!("第 {row} 行“{label}”为 {stated}，明细合计为 {counted}"),
        ));
    }
}

/// Whether a stated total is the sums: debit and credit each, or their balance in the first
/// column, with or without the opening balance.
fn agrees(control: &Control, sums: Sums, factor: i128, opening: i128) -> bool {
    let milli = |minor: i64| i128::from(minor) * factor;
    let net = |stated: i64| {
        let stated = milli(stated);
        [sums.net(), sums.net() + opening, -sums.net()].contains(&stated)
    };
    match (control.debit, control.credit) {
        (None, None) => true,
        (Some(debit), None) => net(debit) || milli(debit) == sums.debit,
        (None, Some(credit)) => milli(credit) == sums.credit || net(-credit),
        (Some(debit), Some(credit)) => {
            (milli(debit) == sums.debit && milli(credit) == sums.credit)
                || debit.checked_sub(credit).is_some_and(net)
        }
    }
}

fn shown(control: &Control, exponent: u32) -> String {
    let text = |minor: i64| amount::text(i128::from(minor), exponent);
    match (control.debit, control.credit) {
        (Some(debit), Some(credit)) => format!("{} / {}", text(debit), text(credit)),
        (debit, credit) => text(debit.or(credit).unwrap_or(0)),
    }
}

fn counted_text(plan: &Plan, sums: Sums, factor: i128, exponent: u32) -> String {
    let text = |milli: i128| amount::text(milli / factor, exponent);
    if plan.roles.credit.is_some() {
        format!("{} / {}", text(sums.debit), text(sums.credit))
    } else {
        text(sums.net())
    }
}

/// Order totals that stand on each goods line of an order: told, never dropped; equal rows are
/// equal lines until a person says otherwise.
fn order_totals(plan: &Plan, collector: &Collector, warnings: &mut Vec<Warning>) {
    if !plan.order_totals {
        return;
    }
    let lines = &collector.lines;
    let same = |at: usize| {
        let (one, other) = (at as u32 - 1, at as u32);
        let order = lines.reference.get(other);
        lines.amount[at - 1] == lines.amount[at]
            && !order.is_empty()
            && order == lines.reference.get(one)
    };
    let repeated: Vec<usize> = (1..lines.len()).filter(|at| same(*at)).collect();
    if let Some(first) = repeated.first() {
        let (count, row) = (repeated.len(), u64::from(collector.rows.get(*first as u32)));
        warnings.push(warning(
            "order_totals_repeat",
            Some(row),
            format!(
                "from row {row} on {count} rows repeat the order and amount of the row above; if \
                 the amount is the order's total, keep one row an order"
            ),
            format!(
                "自第 {row} 行起有 {count} 行与上一行订单号、金额相同；\
                 若金额是整单金额，请每单只保留一行"
            ),
        ));
    }
}

/// What the preamble states about the number of rows and their sums. The services themselves
/// say that it need not agree, so this only warns.
fn stated(plan: &Plan, collector: &Collector, warnings: &mut Vec<Warning>) {
    let rows = collector.lines.len() as u64 + collector.rejects.len() as u64;
    if let Some((row, count)) = plan.stated.count
        && count != rows
    {
        warnings.push(warning(
            "stated_count_mismatch",
            Some(row),
            format!("row {row} states {count} records, the table has {rows}"),
            format!("第 {row} 行注明共 {count} 笔，表中实有 {rows} 笔"),
        ));
    }
    let exponent = plan.currency.exponent();
    for stated in &plan.stated.sums {
        let own = |amount: &&i64| i128::from(**amount) * i128::from(stated.sign) > 0;
        let amounts = &collector.lines.amount;
        let sum: i128 = amounts.iter().filter(own).map(|it| i128::from(*it).abs()).sum();
        let count = amounts.iter().filter(own).count();
        let counted = amount::text(sum, exponent);
        if stated.minor == sum && stated.count == count as u64 {
            continue;
        }
        let (row, told) = (stated.row, amount::text(stated.minor, exponent));
        warnings.push(warning(
            "stated_sum_mismatch",
            Some(row),
            format!(
                "row {row} states {} records of {told}, the lines are {count} of {counted}",
                stated.count
            ),
            format!("第 {row} 行注明 {} 笔 {told}，明细实为 {count} 笔 {counted}", stated.count),
        ));
    }
}
