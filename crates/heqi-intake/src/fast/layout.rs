//! Which cells of a row the fast reader looks at, and how.

use crate::plan::{Plan, Roles};

/// A cell of a row of simple cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Date,
    Due,
    Amount,
    Debit,
    Credit,
    Currency,
    Customer,
    Kind,
    Reference,
    Id,
    /// Joined with its like.
    Other,
    /// Joined with its like, or dropped.
    Text,
    /// Must not be the label of a control row; otherwise unused.
    Unused,
    /// A number that is not used (tax, quantity): never a label.
    Number,
}

/// The parts of a row in file order.
#[derive(Clone)]
pub(crate) struct Layout {
    /// One part a column.
    pub parts: Vec<Part>,
    /// Columns of [`Part::Other`], in the plan's order.
    pub other: Vec<usize>,
    /// Columns of [`Part::Text`], in the plan's order.
    pub text: Vec<usize>,
}

impl Layout {
    /// `None` where rows must be weighed one by one by `normalise::row`.
    pub fn of(plan: &Plan) -> Option<Self> {
        let roles = &plan.roles;
        let sides = roles.debit.is_some() || roles.credit.is_some();
        let both = sides && roles.amount.is_some();
        if !plan.is_plain() || plan.only_customer.is_some() || both {
            return None;
        }
        let columns = 0..plan.columns.len();
        let parts: Vec<Part> = columns.map(|it| part(roles, it, plan.keep_text)).collect();
        // Two roles in one cell would need both of its meanings.
        let places = places(roles);
        let mut once = places.clone();
        once.sort_unstable();
        once.dedup();
        let inside = once.last().is_none_or(|last| *last < parts.len());
        let text = if plan.keep_text { roles.text.clone() } else { Vec::new() };
        let other = roles.other_reference.clone();
        (once.len() == places.len() && inside).then_some(Self { parts, other, text })
    }
}

fn places(roles: &Roles) -> Vec<usize> {
    let single = [
        roles.date,
        roles.due,
        roles.reference,
        roles.amount,
        roles.debit,
        roles.credit,
        roles.customer,
        roles.currency,
        roles.kind,
        roles.id,
        roles.tax,
        roles.quantity,
        roles.price,
    ];
    let many = roles.other_reference.iter().chain(&roles.text).copied();
    single.into_iter().flatten().chain(many).collect()
}

fn part(roles: &Roles, column: usize, keep_text: bool) -> Part {
    let is = |role: Option<usize>| role == Some(column);
    let among = |role: &[usize]| role.contains(&column);
    match () {
        () if is(roles.date) => Part::Date,
        () if is(roles.due) => Part::Due,
        () if is(roles.amount) => Part::Amount,
        () if is(roles.debit) => Part::Debit,
        () if is(roles.credit) => Part::Credit,
        () if is(roles.currency) => Part::Currency,
        () if is(roles.customer) => Part::Customer,
        () if is(roles.kind) => Part::Kind,
        () if is(roles.reference) => Part::Reference,
        () if is(roles.id) => Part::Id,
        () if among(&roles.other_reference) => Part::Other,
        () if among(&roles.text) && keep_text => Part::Text,
        () if is(roles.tax) || is(roles.quantity) || is(roles.price) => Part::Number,
        () => Part::Unused,
    }
}
