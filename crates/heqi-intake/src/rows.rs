//! How a row becomes a line, a reject, a control row or nothing: the steps of `normalise::row`.

use std::borrow::Cow;

use heqi_domain::{Currency, Day, EntryKind, NO_DAY};

use crate::amount::{self, AmountError, Style};
use crate::date::{self, DateError};
use crate::normalise::{Control, LineDraft, Notes, RowOutcome, Skip};
use crate::plan::Plan;
use crate::words::{self, Direction};
use crate::{Reject, RejectReason, cell, labels};

/// A row while it is looked at.
pub(crate) struct Row<'p, 'c, 'a> {
    pub plan: &'p Plan,
    pub row: u64,
    pub cells: &'c [&'a str],
}

/// The signed amount of a row and how it came about.
struct Signed {
    amount: i64,
    credit: i64,
    currency: Currency,
    notes: Notes,
}

type Step<T> = Result<T, Reject>;

/// What the row is. See [`crate::normalise::row`].
pub(crate) fn outcome<'a>(plan: &Plan, row: u64, cells: &[&'a str]) -> RowOutcome<'a> {
    let row = Row { plan, row, cells };
    if cells.iter().all(|it| cell::clean(it).is_empty()) {
        return RowOutcome::Skip(Skip::Blank);
    }
    if row.is_comment() || row.is_summary() {
        return RowOutcome::Skip(Skip::Remark);
    }
    if row.is_header_again() {
        return RowOutcome::Skip(Skip::RepeatedHeader);
    }
    let day = row.day(plan.roles.date);
    if let Some((kind, label)) = labels::control(&row, matches!(day, Ok(Some(_)))) {
        return RowOutcome::Control(row.control(kind, label));
    }
    let customer = plan.roles.customer.map_or("", |it| row.key(it));
    if plan.only_customer.as_ref().is_some_and(|only| only != customer) {
        return RowOutcome::Skip(Skip::OtherCustomer);
    }
    if day.as_ref().map_or(true, Option::is_none) && row.is_remark() {
        return RowOutcome::Skip(Skip::Remark);
    }
    match row.line(day, customer) {
        Ok(line) => RowOutcome::Line(line),
        Err(reject) => RowOutcome::Reject(reject),
    }
}

impl<'a> Row<'_, '_, 'a> {
    /// The cell at a column, cleaned.
    pub fn at(&self, column: usize) -> &'a str {
        cell::at(self.cells, column)
    }

    /// A key cell: cleaned, and empty where it only says "nothing".
    fn key(&self, column: usize) -> &'a str {
        let text = self.at(column);
        if amount::is_blank(text) { "" } else { text }
    }

    fn reject(&self, column: Option<usize>, reason: RejectReason) -> Reject {
        let name = column.map_or("", |it| self.plan.column_name(it)).to_owned();
        let value = column.map_or_else(String::new, |it| cell::cut(self.at(it)));
        Reject { row: self.row, column: name, value, reason }
    }

    fn filled(&self) -> impl Iterator<Item = &'a str> {
        self.cells.iter().map(|it| cell::clean(it)).filter(|it| !it.is_empty())
    }

    /// `#…` lines of Alipay's merchant bills, and rules of dashes.
    fn is_comment(&self) -> bool {
        let mut filled = self.filled();
        let Some(first) = filled.next() else { return false };
        let rule =
            |it: &str| it.len() >= 4 && it.chars().all(|it| matches!(it, '-' | '=' | '_' | '*'));
        first.starts_with('#') || (rule(first) && filled.next().is_none())
    }

    /// The summary below a WeChat Pay merchant bill has a header and columns of its own.
    fn is_summary(&self) -> bool {
        let backtick = self.plan.text.as_ref().is_some_and(|text| text.backtick);
        backtick && self.cells.len() < self.plan.columns.len()
    }

    /// The names of the header, once more.
    fn is_header_again(&self) -> bool {
        let roles = &self.plan.roles;
        let key = roles.amount.or(roles.debit).or(roles.credit).or(roles.price);
        let (Some(_), Some(key)) = (self.plan.header_row, key) else { return false };
        let same = |index: usize| {
            let own = self.at(index);
            let name = self.plan.column_name(index);
            // Of a two-level header a row repeats one level.
            !own.is_empty() && (own == name || name.split('-').any(|level| level == own))
        };
        if !same(key) || amount::parse_any(self.at(key)) {
            return false;
        }
        let filled = (0..self.plan.columns.len()).filter(|it| !self.at(*it).is_empty());
        let (total, equal) =
            filled.fold((0, 0), |(total, equal), it| (total + 1, equal + usize::from(same(it))));
        equal >= 2 && equal * 2 >= total
    }

    /// A remark below or between the data: no amount, and one cell of text, or cells that label
    /// themselves (制单：…).
    fn is_remark(&self) -> bool {
        let roles = &self.plan.roles;
        let numeric = [roles.amount, roles.debit, roles.credit, roles.balance, roles.price];
        let number = |it: Option<usize>| it.is_some_and(|it| amount::parse_any(self.at(it)));
        if numeric.into_iter().any(number) {
            return false;
        }
        let key =
            roles.reference.is_some_and(|it| self.filled().count() > 1 && !self.key(it).is_empty());
        let count = self.filled().count();
        let labelled = self.filled().all(|it| it.contains([':', '：']));
        let wide = self.plan.columns.len() > 1;
        (count == 1 && wide) || labelled || (count == 2 && !key && self.plan.columns.len() > 4)
    }

    fn day(&self, column: Option<usize>) -> Step<Option<Day>> {
        let Some(column) = column else { return Ok(None) };
        date::parse(self.at(column), self.plan.order).map_err(|error| {
            let reason = match error {
                DateError::Unreadable => RejectReason::DateUnreadable,
                DateError::Impossible => RejectReason::DateImpossible,
            };
            self.reject(Some(column), reason)
        })
    }

    fn line(&self, day: Step<Option<Day>>, customer: &'a str) -> Step<LineDraft<'a>> {
        let roles = &self.plan.roles;
        self.well_formed()?;
        let closed_but_paid = self.status()?;
        let reference = self.number(roles.reference)?;
        let id = self.number(roles.id)?;
        let has_key = !reference.is_empty() || !id.is_empty();
        let signed = self.signed(matches!(day, Ok(Some(_))) || has_key)?;
        let day = day?;
        if roles.date.is_some() && day.is_none() && !has_key {
            return Err(self.reject(roles.date, RejectReason::DateMissing));
        }
        let due = self.day(roles.due).unwrap_or(None);
        let (balance, balance_unreadable) = self.balance(signed.currency);
        let kind = roles.kind.map_or(EntryKind::Unknown, |it| words::kind(self.at(it)));
        let keep_text = self.plan.keep_text;
        Ok(LineDraft {
            row: self.row,
            amount: signed.amount,
            credit: signed.credit,
            currency: signed.currency,
            day: day.unwrap_or(NO_DAY),
            due: due.unwrap_or(NO_DAY),
            kind,
            reference,
            other: self.joined(&roles.other_reference),
            text: if keep_text { self.joined(&roles.text) } else { Cow::Borrowed("") },
            customer,
            id,
            balance,
            notes: Notes {
                balance_unreadable,
                closed_but_paid,
                undated: roles.date.is_some() && day.is_none(),
                ..signed.notes
            },
        })
    }

    /// No cell beyond the last column, and no replacement character in a cell that counts.
    fn well_formed(&self) -> Step<()> {
        let width = self.plan.columns.len();
        let extra = self.cells.iter().skip(width).any(|it| !cell::clean(it).is_empty());
        if extra {
            let last = self.cells.iter().rev().find(|it| !cell::clean(it).is_empty());
            let value = cell::cut(last.map_or("", |it| cell::clean(it)));
            let reason = RejectReason::TooManyCells;
            return Err(Reject { row: self.row, column: String::new(), value, reason });
        }
        let roles = &self.plan.roles;
        let keys = [roles.date, roles.reference, roles.amount, roles.debit, roles.credit];
        let more = [roles.customer, roles.currency, roles.direction, roles.id];
        let broken = |it: &usize| self.at(*it).contains('\u{FFFD}');
        match keys.into_iter().chain(more).flatten().find(broken) {
            Some(column) => Err(self.reject(Some(column), RejectReason::Undecodable)),
            None => Ok(()),
        }
    }

    /// Refuses closed rows, unless they were paid; says whether that was the case.
    fn status(&self) -> Step<bool> {
        let roles = &self.plan.roles;
        let Some(column) = roles.status else { return Ok(false) };
        if !words::is_closed(self.at(column)) {
            return Ok(false);
        }
        let paid = roles.paid_by.is_some_and(|it| !self.key(it).is_empty());
        let moved = roles.direction.is_some_and(|it| {
            matches!(words::direction(self.at(it)), Some(Direction::Plus | Direction::Minus))
        });
        if paid && moved {
            return Ok(true);
        }
        Err(self.reject(Some(column), RejectReason::StatusClosed))
    }

    /// A number that names something: never one that went through a float.
    fn number(&self, column: Option<usize>) -> Step<&'a str> {
        let Some(column) = column else { return Ok("") };
        let text = self.key(column);
        if amount::is_scientific(text) {
            return Err(self.reject(Some(column), RejectReason::IdScientific));
        }
        Ok(text)
    }

    fn joined(&self, columns: &[usize]) -> Cow<'a, str> {
        let mut filled = columns.iter().map(|it| self.key(*it)).filter(|it| !it.is_empty());
        let first = filled.next().unwrap_or("");
        let mut joined = Cow::Borrowed(first);
        for more in filled {
            let text = joined.to_mut();
            text.push(' ');
            text.push_str(more);
        }
        joined
    }

    fn style(&self) -> Style {
        Style { mark: self.plan.mark, scale: self.plan.scale, round: self.plan.round }
    }

    fn cell_amount(&self, column: usize, currency: Currency) -> Step<Option<amount::Amount>> {
        amount::parse(self.at(column), self.style(), currency).map_err(|error| {
            let reason = match error {
                AmountError::Unreadable => RejectReason::AmountUnreadable,
                AmountError::TooPrecise => RejectReason::AmountTooPrecise,
                AmountError::TooLarge => RejectReason::AmountTooLarge,
                AmountError::Scientific => RejectReason::AmountScientific,
                AmountError::Style => RejectReason::AmountStyle,
            };
            self.reject(Some(column), reason)
        })
    }

    fn currency(&self) -> Step<Currency> {
        let Some(column) = self.plan.roles.currency else { return Ok(self.plan.currency) };
        let text = self.key(column);
        if text.is_empty() {
            return Ok(self.plan.currency);
        }
        words::currency(text)
            .ok_or_else(|| self.reject(Some(column), RejectReason::CurrencyUnknown))
    }

    fn signed(&self, is_data: bool) -> Step<Signed> {
        let roles = &self.plan.roles;
        let currency = self.currency()?;
        if roles.debit.is_some() || roles.credit.is_some() {
            return self.two_sides(currency, is_data);
        }
        let Some(column) = roles.amount else { return self.computed(currency) };
        let Some(amount) = self.cell_amount(column, currency)? else {
            return Err(self.missing(column, is_data));
        };
        let named = if roles.currency.is_none() { amount.currency } else { None };
        let signed = self.directed(amount.minor)?;
        let notes =
            Notes { float_noise: amount.noise, rounded: amount.rounded, ..Notes::default() };
        let currency = named.unwrap_or(currency);
        Ok(Signed { amount: signed, credit: 0, currency, notes })
    }

    fn missing(&self, column: usize, is_data: bool) -> Reject {
        if is_data {
            return self.reject(Some(column), RejectReason::AmountMissing);
        }
        let value = cell::cut(&self.filled().collect::<Vec<_>>().join(" "));
        let reason = RejectReason::RowUnreadable;
        Reject { row: self.row, column: String::new(), value, reason }
    }

    /// Signs an amount by the direction word of its row, or by its type.
    fn directed(&self, minor: i64) -> Step<i64> {
        let roles = &self.plan.roles;
        if self.plan.refunds_negative
            && roles.kind.is_some_and(|it| words::kind(self.at(it)) == EntryKind::Refund)
        {
            return Ok(-minor.abs());
        }
        let Some(column) = roles.direction else { return Ok(minor) };
        match words::direction(self.at(column)) {
            Some(Direction::Plus) => Ok(minor),
            Some(Direction::Minus) => Ok(-minor),
            Some(Direction::Neutral) if minor == 0 => Ok(0),
            Some(Direction::Neutral) => {
                Err(self.reject(Some(column), RejectReason::DirectionNeutral))
            }
            None => Err(self.reject(Some(column), RejectReason::DirectionUnknown)),
        }
    }

    fn two_sides(&self, currency: Currency, is_data: bool) -> Step<Signed> {
        let roles = &self.plan.roles;
        let read = |column: Option<usize>| match column {
            Some(column) => self.cell_amount(column, currency),
            None => Ok(None),
        };
        let (debit, credit) = (read(roles.debit)?, read(roles.credit)?);
        if debit.is_none() && credit.is_none() {
            let column = roles.debit.or(roles.credit).unwrap_or(0);
            return Err(self.missing(column, is_data));
        }
        let minor = |side: Option<amount::Amount>| side.map_or(0, |it| it.minor);
        let named = debit.or(credit).and_then(|it| it.currency);
        let (plus, minus) = (minor(debit), minor(credit));
        let too_large = || self.reject(roles.debit, RejectReason::AmountTooLarge);
        let amount = plus.checked_sub(minus).filter(|it| *it != i64::MIN).ok_or_else(too_large)?;
        let any = |flag: fn(&amount::Amount) -> bool| {
            [debit, credit].into_iter().flatten().any(|it| flag(&it))
        };
        let notes = Notes {
            float_noise: any(|it| it.noise),
            rounded: any(|it| it.rounded),
            both_sides: plus != 0 && minus != 0,
            ..Notes::default()
        };
        let named = if roles.currency.is_none() { named } else { None };
        Ok(Signed { amount, credit: minus, currency: named.unwrap_or(currency), notes })
    }

    /// Quantity × price × (1 − discount), rounded half up to the currency's decimals: a goods
    /// table without amounts.
    fn computed(&self, currency: Currency) -> Step<Signed> {
        let roles = &self.plan.roles;
        let read = |column: Option<usize>| {
            let column = column?;
            amount::number(self.at(column), self.plan.mark).ok().flatten()
        };
        let bad = |column| self.reject(column, RejectReason::AmountUnreadable);
        let quantity = read(roles.quantity).ok_or_else(|| bad(roles.quantity))?;
        let price = read(roles.price).ok_or_else(|| bad(roles.price))?;
        let discount = read(roles.discount);
        let product = amount::product(quantity, price, discount);
        let minor = product.map_err(|_| self.reject(roles.price, RejectReason::AmountTooLarge));
        let minor = minor.and_then(|it| {
            amount::to_minor(it, currency.exponent(), true)
                .map_err(|_| self.reject(roles.price, RejectReason::AmountTooLarge))
        })?;
        let notes = Notes { computed: true, ..Notes::default() };
        Ok(Signed { amount: minor.0, credit: 0, currency, notes })
    }

    /// The running balance, and whether it is there but cannot be read.
    fn balance(&self, currency: Currency) -> (Option<i64>, bool) {
        let roles = &self.plan.roles;
        let Some(column) = roles.balance else { return (None, false) };
        let style = Style { round: false, ..self.style() };
        let negative = roles
            .balance_direction
            .is_some_and(|it| words::direction(self.at(it)) == Some(Direction::Minus));
        match amount::parse(self.at(column), style, currency) {
            Ok(Some(amount)) => (Some(if negative { -amount.minor } else { amount.minor }), false),
            Ok(None) => (None, false),
            Err(_) => (None, true),
        }
    }

    fn control(&self, kind: crate::normalise::ControlKind, label: &str) -> Control {
        let roles = &self.plan.roles;
        let currency = self.currency().unwrap_or(self.plan.currency);
        let read = |column: Option<usize>| {
            let column = column?;
            self.cell_amount(column, currency).ok().flatten().map(|it| it.minor)
        };
        Control {
            row: self.row,
            kind,
            label: cell::cut(label),
            debit: read(roles.debit.or(roles.amount)),
            credit: read(roles.credit),
            balance: self.balance(currency).0,
            currency,
        }
    }
}
