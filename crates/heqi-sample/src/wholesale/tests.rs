//! Goal: the firm's two sides differ by exactly what the labels say, every document adds up,
//! and the same seed makes the same firm. Method: several seeds, everything added up again.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::{Reason, credit_code};

use super::*;

const SEEDS: [u64; 6] = [1, 2, 3, DEMO_SEED, 77_777, u64::MAX];

/// FNV-1a of both ledgers and the catalog of customers as text.
fn hash(firm: &Wholesale) -> u64 {
    let mut text = String::new();
    for one in &firm.customers {
        text += &format!("{} {} {:?}\n", one.name, one.address, one.credit_code);
    }
    for one in &firm.entries {
        text += &format!("{} {} {} {}\n", one.customer, one.number, one.memo, one.amount_minor);
    }
    for one in &firm.statements {
        text += &firm.statement_csv(one).unwrap();
    }
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Our balance of a customer at the end of a day.
fn balance(firm: &Wholesale, customer: usize, day: heqi_domain::Day) -> i64 {
    let until = |one: &&Entry| one.customer == customer && one.day <= day;
    firm.entries.iter().filter(until).map(|one| one.amount_minor).sum()
}

fn ours(firm: &Wholesale, places: &[usize]) -> i64 {
    places.iter().map(|place| firm.entries[*place].amount_minor).sum()
}

fn theirs(firm: &Wholesale, customer: usize, month: usize, places: &[usize]) -> i64 {
    let lines = &firm.statement(customer, month).unwrap().lines;
    places.iter().map(|place| lines[*place].amount_minor).sum()
}

#[test]
fn same_seed_same_firm() {
    assert_eq!(wholesale(9), wholesale(9));
    assert_ne!(hash(&wholesale(9)), hash(&wholesale(10)));
    let firm = wholesale(DEMO_SEED);
    assert_eq!((firm.entries.len(), hash(&firm)), (2_814, 12_803_362_729_190_596_763));
}

#[test]
fn the_firm_has_what_the_demo_shows() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        assert_eq!((firm.customers.len(), firm.months.len(), firm.staff.len()), (40, 6, 7));
        assert!((2_000..=4_000).contains(&firm.entries.len()), "{}", firm.entries.len());
        let services = firm.products.iter().filter(|one| one.service).count();
        assert_eq!((firm.products.len(), services), (33, 3));
        let kinds: BTreeSet<Kind> = firm.entries.iter().map(|one| one.kind).collect();
        for kind in Kind::ALL {
            // A sale posted twice and reversed is a matter of chance elsewhere.
            let chance = kind == Kind::Reversal && seed != DEMO_SEED;
            assert!(kinds.contains(&kind) || chance, "{kind:?} with seed {seed}");
        }
        let signed = firm.months.iter().map(|month| month.signed).collect::<Vec<_>>();
        assert_eq!(signed, [true, true, true, true, true, false]);
        // The firm that closed down sends no statement after its third month.
        assert_eq!(firm.statements.len(), 40 * 6 - 3);
    }
}

#[test]
fn goods_add_up_to_the_entry() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        for entry in &firm.entries {
            assert_ne!(entry.amount_minor, 0, "{entry:?}");
            for line in &entry.goods {
                let product = &firm.products[line.product];
                assert_eq!(line.tax_ppm, product.tax_ppm);
                assert_eq!(line.net_minor + line.tax_minor, line.gross_minor);
                // Within half a cent of the exact products, in whole numbers.
                let net = i128::from(line.quantity_micro) * i128::from(line.price_micro);
                let off = net - i128::from(line.net_minor) * 10_000_000_000;
                assert!(off.abs() * 2 <= 10_000_000_000, "{line:?}");
                let tax = i128::from(line.net_minor) * i128::from(line.tax_ppm);
                let off = tax - i128::from(line.tax_minor) * 1_000_000;
                assert!(off.abs() * 2 <= 1_000_000, "{line:?}");
            }
            let gross: i64 = entry.goods.iter().map(|line| line.gross_minor).sum();
            assert!(entry.goods.is_empty() || gross == entry.amount_minor, "{entry:?}");
            let about_goods =
                matches!(entry.kind, Kind::Sale | Kind::Return | Kind::Exchange | Kind::Fee);
            assert!(!about_goods || !entry.goods.is_empty(), "{entry:?}");
        }
    }
}

#[test]
fn documents_look_like_documents() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        let mut legs: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &firm.entries {
            legs.entry(&entry.number).or_default().push(entry);
            let date = heqi_domain::day_text(entry.day).replace('-', "");
            let start = format!("{}{date}-", entry.kind.prefix());
            assert!(entry.number.starts_with(&start), "{entry:?}");
            assert_eq!(entry.bank_serial.is_empty(), !entry.kind.is_money());
            assert_ne!(Some(entry.maker), entry.approver);
            let less = matches!(
                entry.kind,
                Kind::Return | Kind::Receipt | Kind::Advance | Kind::Discount | Kind::Rebate
            );
            assert!(!less || entry.amount_minor < 0, "{entry:?}");
            let more = matches!(entry.kind, Kind::Sale | Kind::Fee | Kind::Refund);
            assert!(!more || entry.amount_minor > 0, "{entry:?}");
            let term = firm.customers[entry.customer].term_days;
            let due = more && entry.kind != Kind::Refund;
            assert_eq!(entry.due, due.then(|| entry.day + term as i32), "{entry:?}");
            let before = firm.months[0].first - 1;
            assert_eq!(entry.kind == Kind::Opening, entry.day == before);
            assert!(entry.day <= firm.months[5].last);
        }
        assert!(firm.entries.is_sorted_by_key(|one| (one.day, &one.number)));
        for (number, legs) in legs {
            match legs[..] {
                [one] => assert!(!matches!(one.kind, Kind::Exchange | Kind::Transfer)),
                [one, other] => {
                    let places = [other, one]
                        .map(|leg| firm.entries.iter().position(|entry| std::ptr::eq(entry, leg)));
                    assert_eq!([one.related, other.related], places, "{number}");
                    match one.kind {
                        Kind::Transfer => {
                            assert_eq!(one.amount_minor, -other.amount_minor);
                            assert_ne!(one.customer, other.customer);
                        }
                        kind => assert_eq!(
                            (kind, one.customer),
                            (Kind::Exchange, other.customer),
                            "{number}"
                        ),
                    }
                }
                _ => panic!("{number} stands {} times", legs.len()),
            }
        }
    }
}

#[test]
fn balances_roll_forward() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        for statement in &firm.statements {
            let moved: i64 = statement.lines.iter().map(|line| line.amount_minor).sum();
            assert_eq!(statement.opening_minor + moved, statement.closing_minor);
            let month = firm.months[statement.month];
            assert!(
                statement.lines.iter().all(|line| (month.first..=month.last).contains(&line.day))
            );
            let before = statement.month.checked_sub(1);
            let carried = match before {
                Some(month) => firm.statement(statement.customer, month).unwrap().closing_minor,
                None => balance(&firm, statement.customer, month.first - 1),
            };
            assert_eq!(statement.opening_minor, carried, "{statement:?}");
        }
    }
}

#[test]
fn labels_are_the_difference_between_both_sides() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        for statement in &firm.statements {
            let (customer, month) = (statement.customer, statement.month);
            let still_open = |one: &&Discrepancy| {
                let cleared = one.cleared.as_ref().is_some_and(|cleared| cleared.month <= month);
                one.customer == customer && one.month <= month && !cleared
            };
            let open = firm.discrepancies.iter().filter(still_open);
            let open: i64 = open.map(|one| one.difference_minor).sum();
            let closing = balance(&firm, customer, firm.months[month].last);
            let difference = closing - statement.closing_minor;
            assert_eq!(difference, open, "{} in month {month}", firm.customers[customer].name);
        }
    }
}

#[test]
fn every_line_agrees_or_is_labeled() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        for statement in &firm.statements {
            let (customer, month) = (statement.customer, statement.month);
            let mut our_labels = BTreeSet::new();
            let mut their_labels = BTreeSet::new();
            for one in firm.discrepancies.iter().filter(|one| one.customer == customer) {
                if one.month == month {
                    our_labels.extend(one.ours.clone());
                    their_labels.extend(one.theirs.clone());
                }
                if let Some(cleared) = one.cleared.as_ref().filter(|one| one.month == month) {
                    our_labels.extend(cleared.ours.clone());
                    their_labels.extend(cleared.theirs.clone());
                }
            }
            let dates = firm.months[month];
            let mut here = Vec::new();
            for (place, entry) in firm.entries.iter().enumerate() {
                let in_month = (dates.first..=dates.last).contains(&entry.day);
                if entry.customer == customer && in_month && !our_labels.contains(&place) {
                    here.push(entry.amount_minor);
                }
            }
            let there = statement.lines.iter().enumerate();
            let mut there: Vec<i64> = there
                .filter(|(place, _)| !their_labels.contains(place))
                .map(|(_, line)| line.amount_minor)
                .collect();
            here.sort_unstable();
            there.sort_unstable();
            assert_eq!(here, there, "{} in month {month}", firm.customers[customer].name);
        }
    }
}

#[test]
fn labels_say_what_they_say() {
    let mut seen = BTreeSet::new();
    for seed in SEEDS {
        let firm = wholesale(seed);
        for one in &firm.discrepancies {
            seen.insert(one.reason);
            let difference =
                ours(&firm, &one.ours) - theirs(&firm, one.customer, one.month, &one.theirs);
            assert_eq!(one.difference_minor, difference);
            let form_only = matches!(one.reason, Reason::Merged | Reason::MissingReference);
            assert_eq!(one.difference_minor == 0, form_only, "{one:?}");
            if let Some(cleared) = &one.cleared {
                assert_eq!(cleared.month, one.month + 1);
                let back = ours(&firm, &cleared.ours)
                    - theirs(&firm, one.customer, cleared.month, &cleared.theirs);
                assert_eq!(back, -one.difference_minor, "{one:?}");
            }
            match one.reason {
                Reason::DigitSlip => assert_eq!(one.difference_minor % 900, 0, "{one:?}"),
                Reason::Rounding => assert!(one.difference_minor.abs() < 5),
                Reason::Merged => assert_eq!((one.ours.len(), one.theirs.len()), (2, 1)),
                _ => {}
            }
        }
    }
    assert_eq!(seen.len(), 15, "{seen:?}");
}

#[test]
fn signed_months_are_cleared_and_the_last_is_open() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        let unlike = |one: &&Discrepancy| one.difference_minor != 0;
        for one in firm.discrepancies.iter().filter(unlike) {
            assert_eq!(one.cleared.is_some(), firm.months[one.month].signed, "{one:?}");
        }
        let with_something = [0, 1, 2, 3, 4, 5].map(|month| {
            let here = firm.discrepancies.iter().filter(|one| one.month == month);
            here.map(|one| one.customer).collect::<BTreeSet<usize>>().len()
        });
        let signed: usize = with_something[..5].iter().sum();
        assert!((30..=70).contains(&signed), "about one in four: {with_something:?}");
        assert!(with_something[5] >= 10, "{with_something:?}");
    }
}

#[test]
fn customers_are_well_formed() {
    for seed in SEEDS {
        let firm = wholesale(seed);
        assert_eq!(credit_code::validate(&firm.company.credit_code), Ok(()));
        let names: BTreeSet<&str> = firm.customers.iter().map(|one| one.name.as_str()).collect();
        let codes: BTreeSet<_> =
            firm.customers.iter().filter_map(|one| one.credit_code.as_ref()).collect();
        assert_eq!((names.len(), codes.len()), (40, 39), "no two alike");
        for code in codes {
            assert_eq!(credit_code::validate(code), Ok(()), "{code}");
        }
        let twice: Vec<_> =
            firm.customers.iter().filter(|one| one.duplicate_of.is_some()).collect();
        let [again] = twice[..] else { panic!("one customer was entered twice") };
        let first = &firm.customers[again.duplicate_of.unwrap()];
        assert_eq!(again.name.replace('市', ""), first.name);
        assert_eq!(again.contacts[0], first.contacts[0]);
        for one in &firm.customers {
            let parent = one.parent.map(|parent| &firm.customers[parent].name);
            assert!(parent.is_none_or(|name| one.name.starts_with(name.as_str())));
            assert_eq!(one.contacts[0].role, ContactRole::Reconciliation);
            assert!(one.contacts.iter().all(|one| one.phone.starts_with("129")));
            let owner = &firm.staff[one.owner];
            assert_eq!((owner.role, owner.region), (StaffRole::Sales, one.region));
        }
        assert_eq!(firm.customers.iter().filter(|one| one.parent.is_some()).count(), 3);
    }
}

/// Cents of a cell; an empty one is nothing.
fn cents(cell: &str) -> i64 {
    if cell.is_empty() { 0 } else { heqi_domain::Money::parse(cell, 2).unwrap().minor() }
}

#[test]
fn a_statement_file_says_what_the_statement_says() {
    let firm = wholesale(5);
    let mut styles = 0;
    for statement in &firm.statements {
        let style = firm.customers[statement.customer].style;
        let text = firm.statement_csv(statement).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().len();
        assert_eq!(columns, if style.is_signed() { 6 } else { 7 });
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let [first, lines @ .., last] = &rows[..] else { panic!("two balances") };
        assert_eq!((&first[2], &last[2]), ("期初余额", "期末余额"));
        let sign = if style.is_payable() { -1 } else { 1 };
        for (row, line) in lines.iter().zip(&statement.lines) {
            let moved =
                if style.is_signed() { cents(&row[4]) } else { cents(&row[4]) - cents(&row[5]) };
            assert_eq!(moved * sign, line.amount_minor, "{row:?}");
            assert_eq!((&row[2], &row[3]), (line.memo.as_str(), line.reference.as_str()));
        }
        assert_eq!(lines.len(), statement.lines.len());
        styles |= 1 << style as u32;
    }
    assert_eq!(styles, 0b1111, "all four styles occur");
}
