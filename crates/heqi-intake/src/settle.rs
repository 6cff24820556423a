//! Decimal mark and date order, decided over a whole column and never silently guessed.
//!
//! The head usually decides. Where it holds nothing but cells that can be read both ways, the
//! rest of the file is looked through; if that does not decide either, the usual reading is
//! taken and a warning says so.

use std::ops::ControlFlow;

use crate::amount::{self, MarkVote};
use crate::checks::warning;
use crate::date::{self, OrderVote};
use crate::head::{HeadRow, Rows};
use crate::plan::{DateOrder, DecimalMark, Plan};
use crate::template::Template;
use crate::{IntakeError, cell, understand};

/// Votes of the cells of the deciding columns.
#[derive(Default)]
struct Votes {
    point: u64,
    comma: u64,
    either_mark: u64,
    day_month: u64,
    month_day: u64,
    either_order: u64,
    /// Rows whose date goes back, reading day first and month first.
    backward: [u64; 2],
    forward: [u64; 2],
    last: [Option<heqi_domain::Day>; 2],
}

impl Votes {
    fn take(&mut self, plan: &Plan, cells: &[&str]) {
        let roles = &plan.roles;
        let numbers = [roles.amount, roles.debit, roles.credit, roles.balance, roles.price];
        for column in numbers.into_iter().flatten() {
            match amount::mark_vote(cell::at(cells, column)) {
                MarkVote::Point => self.point += 1,
                MarkVote::Comma => self.comma += 1,
                MarkVote::Either => self.either_mark += 1,
                MarkVote::None => {}
            }
        }
        let Some(column) = roles.date else { return };
        let text = cell::at(cells, column);
        match date::order_vote(text) {
            OrderVote::DayMonth => self.day_month += 1,
            OrderVote::MonthDay => self.month_day += 1,
            OrderVote::Either => {
                self.either_order += 1;
                self.follow(text);
            }
            OrderVote::None => {}
        }
    }

    fn follow(&mut self, text: &str) {
        for (index, order) in [DateOrder::DayMonth, DateOrder::MonthDay].into_iter().enumerate() {
            let Ok(Some(day)) = date::parse(text, order) else { continue };
            match self.last[index] {
                Some(last) if day < last => self.backward[index] += 1,
                Some(last) if day > last => self.forward[index] += 1,
                _ => {}
            }
            self.last[index] = Some(day);
        }
    }

    const fn mark_open(&self) -> bool {
        self.point == 0 && self.comma == 0 && self.either_mark > 0
    }

    const fn order_open(&self) -> bool {
        self.day_month == 0 && self.month_day == 0 && self.either_order > 0
    }

    /// The order under which the dates run one way, if the other one does not.
    fn by_sequence(&self) -> Option<DateOrder> {
        let runs = |index: usize| {
            let (back, on) = (self.backward[index], self.forward[index]);
            back + on >= 3 && (back == 0 || on == 0)
        };
        match (runs(0), runs(1)) {
            (true, false) => Some(DateOrder::DayMonth),
            (false, true) => Some(DateOrder::MonthDay),
            _ => None,
        }
    }
}

/// Sets the plan's decimal mark and date order.
pub(crate) fn style(
    rows: &dyn Rows,
    plan: &mut Plan,
    data: &[HeadRow],
    complete: bool,
    template: Option<&Template>,
) -> Result<(), IntakeError> {
    let mut votes = Votes::default();
    for row in data {
        let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
        votes.take(plan, &cells);
    }
    if !complete && (votes.mark_open() || votes.order_open()) {
        votes = Votes::default();
        understand::each_data(rows, plan, &mut |_, cells| {
            if let Ok(cells) = cells {
                votes.take(plan, cells);
            }
            // One cell that decides is enough for what is open.
            let open = votes.mark_open() || votes.order_open();
            let seen = votes.point + votes.comma + votes.day_month + votes.month_day > 0;
            if seen && !open { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    if template.is_none_or(|it| it.decimal.is_none()) {
        mark(plan, &votes);
    }
    if template.is_none_or(|it| it.dates.is_none()) {
        order(plan, &votes);
    }
    Ok(())
}

fn mark(plan: &mut Plan, votes: &Votes) {
    plan.mark = if votes.comma > votes.point { DecimalMark::Comma } else { DecimalMark::Point };
    if votes.mark_open() {
        plan.warnings.push(warning(
            "ambiguous_numbers",
            None,
            "numbers such as 1,234 can be read in two ways; the comma was taken for thousands and \
                the point for decimals"
                .into(),
            "金额写法（如 1,234）有两种读法，已按逗号为千分位、点为小数点读取，请核对".into(),
        ));
    }
}

fn order(plan: &mut Plan, votes: &Votes) {
    plan.order =
        if votes.month_day > votes.day_month { DateOrder::MonthDay } else { DateOrder::DayMonth };
    if votes.day_month > 0 && votes.month_day > 0 {
        plan.warnings.push(warning(
            "mixed_dates",
            None,
            "some dates are written day first and some month first; the fewer were rejected or \
                may be misread"
                .into(),
            "日期有的先日后月、有的先月后日，请统一写法".into(),
        ));
    } else if votes.order_open() {
        let found = votes.by_sequence();
        plan.order = found.unwrap_or_default();
        let (en, zh) = match plan.order {
            DateOrder::DayMonth => ("day first", "先日后月"),
            DateOrder::MonthDay => ("month first", "先月后日"),
        };
        let (why_en, why_zh) = match found {
            Some(_) => (
                "because only so do the rows follow each other",
                "（只有这样各行才按时间先后排列）",
            ),
            None => ("as is usual; please check", "，请核对"),
        };
        plan.warnings.push(warning(
            "ambiguous_dates",
            None,
            format!("every date can be read in two ways; read {en}, {why_en}"),
            format!("所有日期都有两种读法，已按{zh}读取{why_zh}"),
        ));
    }
}
