//! Numbers, order and balances, once everything that happened is known.

use std::collections::BTreeMap;

use heqi_domain::{Day, ymd_of};

use super::Kind;
use super::customers::Profile;
use super::draft::{Books, Draft, Line, Slip, Wrote};
use super::model::{
    Cleared, Company, Customer, Discrepancy, Entry, Product, Staff, Statement, StatementLine,
    Wholesale,
};
use super::people::{ACCOUNTANTS, MANAGER};

/// Puts the firm together.
pub(super) fn finish(
    books: Books,
    company: Company,
    staff: Vec<Staff>,
    (customers, profiles): (Vec<Customer>, Vec<Profile>),
    products: Vec<Product>,
) -> Wholesale {
    let numbers = number(&books.drafts);
    let serials = bank_serials(&books.drafts);
    let (entries, entry_of) = entries(&books.drafts, &numbers, &serials);
    let write = |line: &Line| match &line.wrote {
        Wrote::Nothing => String::new(),
        Wrote::Text(text) => text.clone(),
        Wrote::Ours(draft) if books.drafts[*draft].kind.is_money() => serials[*draft].clone(),
        Wrote::Ours(draft) => rewrite(&numbers[*draft], profiles[line.customer].writes),
    };
    let references: Vec<String> = books.lines.iter().map(write).collect();
    let (statements, line_of) = statements(&books, &references, &profiles);
    let discrepancies = discrepancies(&books, &entry_of, &line_of);
    let months = books.months;
    Wholesale { company, months, staff, customers, products, entries, statements, discrepancies }
}

/// `XS20260503-0012`: kind, date, and a serial that runs through the kind's month.
fn number(drafts: &[Draft]) -> Vec<String> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|place| (drafts[*place].day, *place));
    let mut last: BTreeMap<(Kind, i32, u32), u32> = BTreeMap::new();
    let mut numbers = vec![String::new(); drafts.len()];
    for place in order {
        let draft = &drafts[place];
        let (year, month, day) = ymd_of(draft.day).unwrap_or_default();
        // The other leg stands earlier: of two legs on one day the first drafted comes first.
        numbers[place] = if let Some(other) = draft.numbered_as {
            numbers[other].clone()
        } else {
            let serial = last.entry((draft.kind, year, month)).or_default();
            *serial += 1;
            format!("{}{year:04}{month:02}{day:02}-{serial:04}", draft.kind.prefix())
        };
    }
    numbers
}

/// Serial numbers of the bank's advices, rising with the date.
fn bank_serials(drafts: &[Draft]) -> Vec<String> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|place| (drafts[*place].day, *place));
    let mut serials = vec![String::new(); drafts.len()];
    let mut serial = 10_000_000;
    for place in order {
        let draft = &drafts[place];
        if draft.kind.is_money() {
            serial += 37;
            serials[place] = format!("HD{serial:010}");
        }
    }
    serials
}

/// Our entries by date and number, and where each draft stands among them.
fn entries(drafts: &[Draft], numbers: &[String], serials: &[String]) -> (Vec<Entry>, Vec<usize>) {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|place| (drafts[*place].day, &numbers[*place], *place));
    let mut entry_of = vec![0; drafts.len()];
    for (entry, draft) in order.iter().enumerate() {
        entry_of[*draft] = entry;
    }
    let entry = |place: usize| {
        let draft = &drafts[place];
        Entry {
            customer: draft.customer,
            kind: draft.kind,
            number: numbers[place].clone(),
            day: draft.day,
            due: draft.due,
            memo: draft.memo.clone(),
            amount_minor: draft.amount,
            goods: draft.goods.clone(),
            bank_serial: serials[place].clone(),
            related: draft.related.map(|other| entry_of[other]),
            maker: ACCOUNTANTS[draft.customer % 2],
            approver: draft.kind.needs_approval().then_some(MANAGER),
        }
    };
    (order.into_iter().map(entry).collect(), entry_of)
}

/// Other ways to write `XS20260503-0012`; 0 is as it is.
fn rewrite(number: &str, way: u64) -> String {
    match way {
        1 => number.replace('-', ""),
        2 => number.to_lowercase(),
        3 => number.chars().filter(|one| !one.is_ascii_alphabetic()).collect(),
        _ => number.to_owned(),
    }
}

/// The statements by customer and month, and where each line stands in its own.
fn statements(
    books: &Books,
    references: &[String],
    profiles: &[Profile],
) -> (Vec<Statement>, Vec<usize>) {
    let mut order: Vec<usize> = (0..books.lines.len()).collect();
    order.sort_by_key(|place| {
        let line = &books.lines[*place];
        (line.customer, line.month, line.day, *place)
    });
    let mut line_of = vec![0; books.lines.len()];
    let mut statements: Vec<Statement> = Vec::new();
    let mut order = order.into_iter().peekable();
    for (customer, profile) in profiles.iter().enumerate() {
        let mut balance = books.months.first().map_or(0, |month| {
            let before: Day = month.first - 1;
            books.balance(customer, before)
        });
        let sent = if profile.closes { super::trade::CLOSED } else { books.months.len() };
        for month in 0..sent {
            let mut lines = Vec::new();
            let opening_minor = balance;
            while let Some(place) = order.next_if(|place| {
                let line = &books.lines[*place];
                (line.customer, line.month) == (customer, month)
            }) {
                let line = &books.lines[place];
                line_of[place] = lines.len();
                balance += line.amount;
                lines.push(StatementLine {
                    day: line.day,
                    voucher: format!("记-{:04}", lines.len() + 1),
                    reference: references[place].clone(),
                    memo: line.memo.clone(),
                    amount_minor: line.amount,
                });
            }
            let closing_minor = balance;
            statements.push(Statement { customer, month, opening_minor, lines, closing_minor });
        }
    }
    (statements, line_of)
}

/// The labels by month and customer.
fn discrepancies(books: &Books, entry_of: &[usize], line_of: &[usize]) -> Vec<Discrepancy> {
    let of = |places: &[usize], into: &[usize]| places.iter().map(|one| into[*one]).collect();
    let label = |slip: &Slip| {
        let ours: i64 = slip.ours.iter().map(|one| books.drafts[*one].amount).sum();
        let theirs: i64 = slip.theirs.iter().map(|one| books.lines[*one].amount).sum();
        let open = slip.cleared_ours.is_empty() && slip.cleared_theirs.is_empty();
        Discrepancy {
            customer: slip.customer,
            month: slip.month,
            reason: slip.reason,
            difference_minor: ours - theirs,
            ours: of(&slip.ours, entry_of),
            theirs: of(&slip.theirs, line_of),
            cleared: (!open).then(|| Cleared {
                month: slip.month + 1,
                ours: of(&slip.cleared_ours, entry_of),
                theirs: of(&slip.cleared_theirs, line_of),
            }),
        }
    };
    books.slips.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_four_ways() {
        let ways: Vec<String> = (0..4).map(|way| rewrite("XS20260503-0012", way)).collect();
        let expected = ["XS20260503-0012", "XS202605030012", "xs20260503-0012", "20260503-0012"];
        assert_eq!(ways, expected);
    }
}
