//! What a list is sorted by, and where its next page begins.

use heqi_platform::{Sql, Value};

use crate::features::ledger::model::Line;
use crate::problem::Problem;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub(super) by_amount: bool,
    pub(super) descending: bool,
}

impl Sort {
    /// What a line is sorted by; the name of the order first, so that a cursor of another order
    /// is refused.
    #[must_use]
    pub fn values(self, line: &Line) -> Vec<Value> {
        let id = line.id.parse::<heqi_domain::LineId>().map_or(0, heqi_domain::LineId::number);
        let first: Value =
            if self.by_amount { line.amount.into() } else { (&line.business_date).into() };
        vec![self.name().into(), first, id.into()]
    }

    const fn name(self) -> &'static str {
        match (self.by_amount, self.descending) {
            (false, true) => "-date",
            (false, false) => "date",
            (true, true) => "-amount",
            (true, false) => "amount",
        }
    }

    /// Appends ` AND (…) < (…)`: behind the place of a cursor.
    pub(super) fn push_after(self, sql: &mut Sql, after: &[Value]) -> Result<(), Problem> {
        let [Value::Text(name), first, id @ Value::Int(_)] = after else { return Err(other()) };
        if name != self.name() || matches!(first, Value::Int(_)) != self.by_amount {
            return Err(other());
        }
        sql.push(if self.by_amount { " AND (line.amount, " } else { " AND (line.business_date, " });
        sql.push(if self.descending { "line.id) < (" } else { "line.id) > (" });
        sql.push_bind(first.clone()).push(", ").push_bind(id.clone()).push(")");
        Ok(())
    }

    pub(super) fn push_order(self, sql: &mut Sql) {
        sql.push(match self.name() {
            "-date" => " ORDER BY line.business_date DESC, line.id DESC",
            "date" => " ORDER BY line.business_date, line.id",
            "-amount" => " ORDER BY line.amount DESC, line.id DESC",
            _ => " ORDER BY line.amount, line.id",
        });
    }
}

fn other() -> Problem {
    Problem::invalid(
        "cursor_of_another_order",
        "翻页标记属于另一种排序；请从第一页重新开始",
        "The cursor belongs to another order; begin at the first page",
    )
}
