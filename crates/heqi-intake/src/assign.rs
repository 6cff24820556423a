//! Which column holds what: names weighed against contents, then one column a role.

use crate::head::HeadRow;
use crate::plan::Roles;
use crate::profile::{self, Profile};
use crate::words::{self, Direction};
use crate::{Column, Role, amount, cell, header};

/// The columns with their roles.
pub(crate) struct Assigned {
    /// In file order.
    pub columns: Vec<Column>,
    /// Where each role is found.
    pub roles: Roles,
}

/// Assigns roles to the columns `names` by name and by the contents of `rows`. `pinned` are
/// (role, column index) pairs that a person or template set: they win.
pub(crate) fn assign(names: &[String], rows: &[HeadRow], pinned: &[(Role, usize)]) -> Assigned {
    let profiles = profile::columns(rows, names.len());
    let mut taken: Vec<Option<(Role, u8)>> = vec![None; names.len()];
    for (role, column) in pinned {
        taken[*column] = Some((*role, 100));
    }
    let mut candidates = candidates(names, &profiles);
    pair_sides(names, &mut candidates);
    for (column, role, score) in &candidates {
        let free = taken[*column].is_none() && !is_taken(&taken, *role);
        if free && *score >= 30 {
            taken[*column] = Some((*role, *score));
        }
    }
    spare_references(&candidates, &mut taken);
    settle_sides(&mut taken, pinned);
    if !has_amount(&taken) {
        amount_by_content(&profiles, &mut taken);
    }
    settle_direction(rows, &profiles, &mut taken, pinned);
    let columns = names.iter().zip(&taken).map(|(name, taken)| {
        let (role, confidence) = taken.unwrap_or((Role::Ignored, 100));
        Column { name: name.clone(), role, confidence }
    });
    let columns: Vec<Column> = columns.collect();
    let roles = places(&columns);
    Assigned { columns, roles }
}

/// Roles that several columns may hold.
const fn is_many(role: Role) -> bool {
    matches!(role, Role::OtherReference | Role::Text | Role::Ignored)
}

fn is_taken(taken: &[Option<(Role, u8)>], role: Role) -> bool {
    !is_many(role) && taken.iter().flatten().any(|(known, _)| *known == role)
}

fn has_amount(taken: &[Option<(Role, u8)>]) -> bool {
    let is = |role| taken.iter().flatten().any(|(known, _)| *known == role);
    is(Role::Amount) || is(Role::Debit) || is(Role::Credit)
}

/// All (column, role, score), best first; ties in file order.
fn candidates(names: &[String], profiles: &[Profile]) -> Vec<(usize, Role, u8)> {
    let mut found = Vec::new();
    for (column, (name, profile)) in names.iter().zip(profiles).enumerate() {
        for (role, weight) in header::roles_of(name) {
            let role = by_content(role, profile);
            let score = weigh(role, weight, profile);
            found.push((column, role, score));
        }
    }
    found.sort_by_key(|(column, _, score)| (std::cmp::Reverse(*score), *column));
    found
}

/// A column named for a date that holds times of day is the time.
fn by_content(role: Role, profile: &Profile) -> Role {
    let times = profile.percent(profile.times) >= 80 && profile.percent(profile.dates) < 50;
    match role {
        Role::Date | Role::Due if times => Role::Time,
        // A column of types that holds nothing but direction words signs the amounts.
        Role::Kind if profile.percent(profile.directions) >= 90 => Role::Direction,
        Role::Direction if profile.percent(profile.directions) < 60 && profile.filled > 0 => {
            Role::Kind
        }
        other => other,
    }
}

/// Lowers a weight where the contents speak against it.
fn weigh(role: Role, weight: u8, profile: &Profile) -> u8 {
    let fits = match role {
        Role::Date | Role::Due => profile.percent(profile.dates),
        Role::Amount | Role::Debit | Role::Credit | Role::Tax | Role::Price | Role::Quantity => {
            profile.percent(profile.numbers)
        }
        Role::Balance => profile.percent(profile.numbers).max(50),
        Role::Reference => 100 - profile.percent(profile.zeros),
        _ => 100,
    };
    match (profile.filled, fits) {
        (0, _) => weight / 2,
        (_, 50..) => weight,
        (_, 20..) => weight / 2,
        _ => weight / 4,
    }
}

/// 应收金额 beside 收款金额: documents and money are two sides, not two amounts.
fn pair_sides(names: &[String], candidates: &mut [(usize, Role, u8)]) {
    const DOCUMENTS: &[&str] = &["应收", "销售", "开票", "应付"];
    const MONEY: &[&str] = &["收款", "已收", "回款", "实收", "付款", "已付"];
    if candidates.iter().any(|(_, role, score)| *role == Role::Debit && *score > 50) {
        return;
    }
    let side = |words: &[&str]| {
        candidates.iter().position(|(column, role, _)| {
            let name = words::fold(&names[*column]);
            *role == Role::Amount && words.iter().any(|word| name.starts_with(word))
        })
    };
    if let (Some(documents), Some(money)) = (side(DOCUMENTS), side(MONEY)) {
        candidates[documents].1 = Role::Debit;
        candidates[money].1 = Role::Credit;
    }
}

/// Further columns of document numbers become further keys.
fn spare_references(candidates: &[(usize, Role, u8)], taken: &mut [Option<(Role, u8)>]) {
    for (column, role, score) in candidates {
        if *role == Role::Reference && taken[*column].is_none() && *score >= 80 {
            taken[*column] = Some((Role::OtherReference, *score));
        }
    }
    // Further keys alone, without a first one: the best of them is the first.
    if !is_taken(taken, Role::Reference) {
        let other = candidates
            .iter()
            .find(|(column, role, _)| *role == Role::OtherReference && taken[*column].is_some());
        if let Some((column, _, score)) = other {
            taken[*column] = Some((Role::Reference, *score / 2));
        }
    }
}

/// Debit and credit together are the amounts; one of them beside an amount is not.
fn settle_sides(taken: &mut [Option<(Role, u8)>], pinned: &[(Role, usize)]) {
    let find = |taken: &[Option<(Role, u8)>], role| {
        taken.iter().position(|it| it.is_some_and(|(known, _)| known == role))
    };
    let is_pinned = |role| pinned.iter().any(|(known, _)| *known == role);
    let (debit, credit) = (find(taken, Role::Debit), find(taken, Role::Credit));
    let Some(amount) = find(taken, Role::Amount) else { return };
    let keep_sides = (debit.is_some() && credit.is_some() && !is_pinned(Role::Amount))
        || is_pinned(Role::Debit)
        || is_pinned(Role::Credit);
    if keep_sides {
        taken[amount] = Some((Role::Ignored, 90));
        return;
    }
    for side in [debit, credit].into_iter().flatten() {
        taken[side] = Some((Role::Ignored, 60));
    }
}

/// Where no name speaks of amounts, the only column of decimal numbers may hold them, unless the
/// table is of quantities and prices.
fn amount_by_content(profiles: &[Profile], taken: &mut [Option<(Role, u8)>]) {
    let has = |role| taken.iter().flatten().any(|(known, _)| *known == role);
    if has(Role::Quantity) && has(Role::Price) {
        return;
    }
    let is_money = |column: usize| {
        let profile = &profiles[column];
        taken[column].is_none()
            && profile.filled > 0
            && profile.percent(profile.numbers) >= 90
            && profile.percent(profile.decimals) >= 50
            && profile.percent(profile.dates) < 50
    };
    let money: Vec<usize> = (0..profiles.len()).filter(|it| is_money(*it)).collect();
    if let [only] = money.as_slice() {
        taken[*only] = Some((Role::Amount, 40));
    }
}

/// A direction signs a single amount, unless the amounts are signed already; beside debit and
/// credit columns it signs the balance.
fn settle_direction(
    rows: &[HeadRow],
    profiles: &[Profile],
    taken: &mut [Option<(Role, u8)>],
    pinned: &[(Role, usize)],
) {
    let find = |role| taken.iter().position(|it| it.is_some_and(|(known, _)| known == role));
    let Some(direction) = find(Role::Direction) else { return };
    if pinned.contains(&(Role::Direction, direction)) {
        return;
    }
    let Some(amount) = find(Role::Amount) else { return };
    let profile = &profiles[direction];
    let useless = profile.filled > 0 && profile.percent(profile.directions) < 60;
    if useless || is_signed_already(rows, direction, amount) {
        let free = !is_taken(taken, Role::Kind);
        taken[direction] = Some((if free { Role::Kind } else { Role::Ignored }, 80));
    }
}

/// Whether all negative amounts stand beside one direction and all positive ones beside the
/// other, so that the word only repeats the sign.
fn is_signed_already(rows: &[HeadRow], direction: usize, amount: usize) -> bool {
    let mut counts = [[0_u32; 2]; 2];
    for row in rows {
        let word = row.cells.get(direction).and_then(|it| words::direction(cell::clean(it)));
        let text = row.cells.get(amount).map_or("", |it| cell::clean(it));
        let Some(word @ (Direction::Plus | Direction::Minus)) = word else { continue };
        if amount::parse_any(text) {
            let negative = amount::is_negative(text);
            counts[usize::from(word == Direction::Minus)][usize::from(negative)] += 1;
        }
    }
    let [[plus_up, plus_down], [minus_up, minus_down]] = counts;
    let some_negative = plus_down + minus_down > 0;
    some_negative && ((plus_down == 0 && minus_up == 0) || (plus_up == 0 && minus_down == 0))
}

/// Where each role is found.
pub(crate) fn places(columns: &[Column]) -> Roles {
    let find = |role| columns.iter().position(|column| column.role == role);
    let all = |role| {
        let is = |(index, column): (usize, &Column)| (column.role == role).then_some(index);
        columns.iter().enumerate().filter_map(is).collect::<Vec<_>>()
    };
    let sides = find(Role::Debit).is_some() || find(Role::Credit).is_some();
    let direction = find(Role::Direction);
    Roles {
        date: find(Role::Date),
        time: find(Role::Time),
        due: find(Role::Due),
        reference: find(Role::Reference),
        other_reference: all(Role::OtherReference),
        amount: find(Role::Amount).filter(|_| !sides),
        debit: find(Role::Debit),
        credit: find(Role::Credit),
        direction: direction.filter(|_| !sides),
        balance_direction: direction.filter(|_| sides),
        balance: find(Role::Balance),
        customer: find(Role::Customer),
        currency: find(Role::Currency),
        kind: find(Role::Kind),
        // Where no column holds memos, the document type is the memo as well.
        text: Some(all(Role::Text)).filter(|it| !it.is_empty()).unwrap_or_else(|| all(Role::Kind)),
        id: find(Role::Id),
        tax: find(Role::Tax),
        quantity: find(Role::Quantity),
        price: find(Role::Price),
        discount: find(Role::Discount),
        status: find(Role::Status),
        paid_by: find(Role::PaidBy),
    }
}
