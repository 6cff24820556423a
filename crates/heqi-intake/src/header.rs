//! Where the header is: found by the names in it, never by its position.

use crate::head::HeadRow;
use crate::{Role, amount, date, names, words};

/// Most levels of a header.
const LEVELS: usize = 3;

/// A header as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Index of its first row in the head.
    pub index: usize,
    /// Rows that it takes.
    pub levels: usize,
    /// Names of the columns; two levels are joined with `-`.
    pub names: Vec<String>,
    /// Sum of the weights of the roles named.
    score: u32,
}

/// Finds the header: the row, or the two or three rows together, that name most. `pinned` are
/// column names that a person or template gave; they count as much as any synonym.
pub(crate) fn find(head: &[HeadRow], pinned: &[(Role, String)]) -> Option<Header> {
    let mut best: Option<Header> = None;
    for index in 0..head.len() {
        for levels in 1..=LEVELS.min(head.len() - index) {
            let Some(names) = joined(&head[index..index + levels]) else { break };
            let Some(score) = score(&names, pinned) else { continue };
            let score = score + 60 * (levels as u32 - 1);
            if best.as_ref().is_none_or(|found| score > found.score) {
                best = Some(Header { index, levels, names, score });
            }
        }
    }
    best
}

/// How much the best header of the head explains; 0 without one.
pub(crate) fn score_of(head: &[HeadRow], pinned: &[(Role, String)]) -> u32 {
    find(head, pinned).map_or(0, |header| header.score)
}

/// A row that names at least two roles but no amounts: the header of a table in which the
/// amounts must be told by contents, or of one that has none.
pub(crate) fn without_amount(head: &[HeadRow]) -> Option<(usize, Vec<String>)> {
    let named = head.iter().enumerate().filter_map(|(index, row)| {
        let names: Vec<String> = row.cells.iter().map(|it| clean(it)).collect();
        let known = names.iter().filter(|it| roles_of(it).first().is_some_and(|it| it.1 >= 50));
        let known = known.count();
        (known >= 2 && could_be_header(&names)).then_some((known, index, names))
    });
    // The first of equals.
    let best = named.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some((best.1, best.2))
}

/// Names of the columns if the rows are levels of one header.
fn joined(rows: &[HeadRow]) -> Option<Vec<String>> {
    let (first, below) = rows.split_first()?;
    // Most rows are data, and show it in one of their first cells.
    let mut names = Vec::with_capacity(first.cells.len());
    for cell in &first.cells {
        let name = clean(cell);
        if !name.is_empty() && !could_be_name(&name) {
            return None;
        }
        names.push(name);
    }
    if names.iter().all(String::is_empty) {
        return None;
    }
    // Only what is a header by itself has levels below it; a title or a label does not.
    let known = |it: &String| names::roles(it).first().is_some_and(|(_, weight)| *weight >= 50);
    if !below.is_empty() && names.iter().filter(|it| known(it)).count() < 2 {
        return None;
    }
    for row in below {
        let level: Vec<String> = row.cells.iter().map(|it| clean(it)).collect();
        names = under(&names, &level)?;
    }
    Some(names)
}

/// Puts a level under the names above it; `None` if it does not look like one.
fn under(above: &[String], level: &[String]) -> Option<Vec<String>> {
    if !could_be_header(level) || above.iter().any(|it| it.contains([':', '：'])) {
        return None;
    }
    let mut joined = Vec::with_capacity(above.len().max(level.len()));
    let mut parent = "";
    let mut filled = 0;
    for column in 0..above.len().max(level.len()) {
        let over = above.get(column).map_or("", String::as_str);
        let own = level.get(column).map_or("", String::as_str);
        if words::control(own).is_some_and(|(_, exact)| exact) && !over.is_empty() {
            return None;
        }
        if !over.is_empty() {
            parent = over;
        } else if own.is_empty() {
            parent = "";
        } else {
            filled += 1;
        }
        joined.push(match (parent.is_empty(), own.is_empty()) {
            (true, _) => own.to_owned(),
            (false, true) => over.to_owned(),
            (false, false) => format!("{parent}-{own}"),
        });
    }
    (filled > 0).then_some(joined)
}

/// A header has words, no dates, and next to no numbers.
fn could_be_header(cells: &[String]) -> bool {
    let mut filled = cells.iter().filter(|it| !it.is_empty()).peekable();
    filled.peek().is_some() && filled.all(|cell| could_be_name(cell))
}

fn could_be_name(cell: &str) -> bool {
    let number = || !amount::is_blank(cell) && amount::parse_any(cell);
    names::is_name(cell) && !cell.starts_with('#') && !date::is_written(cell) && !number()
}

/// Sum of the best weight of each role named, if the row names amounts and something else.
fn score(columns: &[String], pinned: &[(Role, String)]) -> Option<u32> {
    let mut weights: Vec<(Role, u8)> = Vec::new();
    let mut recognised = 0;
    for name in columns.iter().filter(|it| !it.is_empty()) {
        let Some((role, weight)) = best_role(name, pinned) else { continue };
        recognised += 1;
        match weights.iter_mut().find(|(known, _)| *known == role) {
            Some((_, known)) => *known = (*known).max(weight),
            None => weights.push((role, weight)),
        }
    }
    let named = columns.iter().filter(|it| !it.is_empty()).count();
    let has = |role: Role| weights.iter().any(|(known, _)| *known == role);
    let amounts = has(Role::Amount) || has(Role::Debit) || has(Role::Credit);
    let goods = has(Role::Quantity) && has(Role::Price);
    let enough = weights.len() >= 2 || (recognised == named && named <= 2);
    // One long sentence that happens to contain a word is not a header.
    ((amounts || goods) && enough).then(|| weights.iter().map(|(_, it)| u32::from(*it)).sum())
}

fn best_role(name: &str, pinned: &[(Role, String)]) -> Option<(Role, u8)> {
    let folded = words::fold(name);
    if let Some((role, _)) = pinned.iter().find(|(_, pin)| words::fold(pin) == folded) {
        return Some((*role, 100));
    }
    roles_of(name).first().copied()
}

/// What a name suggests; for a joined name, also what its last level suggests alone.
pub(crate) fn roles_of(name: &str) -> Vec<(Role, u8)> {
    let whole = names::roles(name);
    let Some((above, own)) = name.rsplit_once('-') else { return whole };
    let pick = |part: &str| names::roles(part).first().copied();
    let is_side = |(role, _): &(Role, u8)| matches!(role, Role::Debit | Role::Credit);
    let (side, own_role) = (pick(above).filter(is_side), pick(own));
    if let Some((role, weight)) = side {
        return match own_role {
            // 借方-数量 is not an amount, 借方-原币 is not the amount in the book's currency.
            Some((Role::Quantity | Role::Price, _)) => Vec::new(),
            _ if own.contains("原币") || own.contains("外币") => vec![(role, 60)],
            _ => vec![(role, weight.saturating_sub(3))],
        };
    }
    let sure = whole.first().map_or(0, |(_, weight)| *weight);
    match own_role.map(|(role, weight)| (role, weight.saturating_sub(3))) {
        Some(part) if part.1 > sure => vec![part],
        _ => whole,
    }
}

/// A header cell without wrappers, padding and line breaks.
pub(crate) fn clean(cell: &str) -> String {
    let cell = crate::cell::clean(cell);
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}
