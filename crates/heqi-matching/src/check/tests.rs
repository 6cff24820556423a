//! The checker accepts whatever the kernel makes of random ledgers, and nothing spoiled.

use heqi_domain::{Account, Currency, EntryKind, LineIds, Lines, NO_DAY, NoProgress, Side};
use proptest::prelude::*;

use super::{Violations, check};
use crate::{Openings, Outcome, RuleSet, State, match_lines};

/// customer, amount, day, kind, number, memo: drawn from few values, so that lines collide.
type Row = (usize, i64, i32, u8, usize, usize);

const CUSTOMERS: [&str; 3] = ["甲贸易有限公司", "乙", "甲贸易公司"];
const NUMBERS: [&str; 14] = [
    "",
    "INV-536365",
    "536365",
    "536356",
    "S36365",
    "536365/2011",
    "XS-202610-00012",
    "XS-202610-00013",
    "RCPT",
    "000",
    "2019-0001",
    "C541851",
    "541 851",
    "-",
];
const MEMOS: [&str; 4] = ["", "付 536365 541851", "红冲", "XS-202610-00012"];

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let amount = prop_oneof![
        (1_i64..8).prop_map(|n| n * 1_000),
        (1_i64..8).prop_map(|n| n * 1_130),
        (1_i64..8).prop_map(|n| -n * 1_000),
        Just(12_345),
        Just(12_435),
        Just(950),
        Just(1_002),
    ];
    let day = prop_oneof![9 => 20_000_i32..20_060, 1 => Just(NO_DAY)];
    let row = (0..CUSTOMERS.len(), amount, day, 0_u8..5, 0..NUMBERS.len(), 0..MEMOS.len());
    prop::collection::vec(row, 0..24)
}

fn lines(side: Side, rows: &[Row]) -> Lines {
    let mut lines = Lines::new(side);
    let mut numbers = Vec::new();
    for (at, (customer, amount, day, kind, number, memo)) in rows.iter().enumerate() {
        let customer = CUSTOMERS[*customer].to_owned();
        let account = Account { customer, currency: Currency::CNY };
        let known = lines.accounts.iter().position(|other| *other == account);
        lines.account.push(known.unwrap_or(lines.accounts.len()) as u32);
        if known.is_none() {
            lines.accounts.push(account);
        }
        lines.amount.push(*amount);
        lines.day.push(*day);
        lines.kind.push(match kind {
            0 => EntryKind::Unknown,
            1 => EntryKind::Return,
            2 => EntryKind::Receipt,
            _ => EntryKind::Sale,
        });
        lines.reference.push(NUMBERS[*number]);
        lines.text.push(MEMOS[*memo]);
        numbers.push(at as u32 + 2);
    }
    lines.id = LineIds::Rows(numbers);
    lines
}

fn run(ours: &Lines, theirs: &Lines, rules: &RuleSet) -> Outcome {
    let openings = Openings::default();
    match_lines(ours, theirs, rules, &openings, &NoProgress).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn what_the_kernel_makes_is_accepted(ours in rows(), theirs in rows(), preset in 0_usize..3) {
        let rules = RuleSet::preset(RuleSet::PRESETS[preset]).unwrap();
        let (ours, theirs) = (lines(Side::Ours, &ours), lines(Side::Theirs, &theirs));
        let outcome = run(&ours, &theirs, &rules);
        if let Err(found) = check(&outcome, &ours, &theirs, &rules) {
            return Err(TestCaseError::fail(format!("{found}\n{outcome:#?}")));
        }
    }

    #[test]
    fn an_amount_that_changes_afterwards_is_found(
        ours in rows(), theirs in rows(), at in any::<prop::sample::Index>(), by in 1_i64..9,
    ) {
        let rules = RuleSet::default();
        let (mut ours, theirs) = (lines(Side::Ours, &ours), lines(Side::Theirs, &theirs));
        prop_assume!(!ours.is_empty());
        let at = at.index(ours.len());
        let outcome = run(&ours, &theirs, &rules);
        ours.amount[at] += by;
        prop_assert!(check(&outcome, &ours, &theirs, &rules).is_err());
    }

    #[test]
    fn a_lost_or_doubled_group_or_a_flipped_state_is_found(
        ours in rows(), theirs in rows(), at in any::<prop::sample::Index>(), how in 0_usize..5,
    ) {
        let rules = RuleSet::default();
        let (ours, theirs) = (lines(Side::Ours, &ours), lines(Side::Theirs, &theirs));
        let mut outcome = run(&ours, &theirs, &rules);
        prop_assume!(!outcome.groups.is_empty());
        let at = at.index(outcome.groups.len());
        match how {
            0 => drop(outcome.groups.remove(at)),
            1 => outcome.groups.insert(at, outcome.groups[at].clone()),
            2 => {
                let state = &mut outcome.groups[at].state;
                *state = match *state {
                    State::Settled => State::Differs,
                    State::Differs => State::Suggested,
                    State::Suggested => State::Settled,
                };
            }
            3 => outcome.groups[at].difference += 1,
            _ => {
                let group = &mut outcome.groups[at];
                std::mem::swap(&mut group.ours, &mut group.theirs);
                prop_assume!(group.ours != group.theirs);
            }
        }
        prop_assert!(check(&outcome, &ours, &theirs, &rules).is_err());
    }
}

#[test]
fn violations_beyond_the_most_are_counted() {
    let mut found = Violations::default();
    for _ in 0..Violations::MOST + 5 {
        found.add(super::Place::Whole, "test", String::new(), "a", "b");
    }
    assert_eq!((found.kept.len(), found.total), (Violations::MOST, Violations::MOST as u64 + 5));
    assert!(found.to_string().starts_with("1005 claims do not hold"));
}
