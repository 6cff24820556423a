//! What holds for any two ledgers 不变量: matching.md, "The identity" and invariants 1–4.
//!
//! The ledgers are small and collide on purpose: few customers, amounts and numbers, blank and
//! corrupted references, duplicates, sums, opposite signs, missing dates.

#[path = "../common/mod.rs"]
mod common;
mod ledgers;
mod symmetry;

use std::collections::BTreeMap;

use common::{Line, run};
use heqi_domain::{Account, Reason, Side};
use heqi_matching::{Openings, RuleSet, State};
use ledgers::{JULY, ledgers};
use proptest::prelude::*;

/// Failures are shrunk and printed; a file of seeds would only repeat them.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() }
}

fn rules() -> RuleSet {
    RuleSet::preset("default").unwrap()
}

fn sum_of(rows: &[Line], ids: &[String]) -> i64 {
    rows.iter().filter(|row| ids.contains(&row.id)).map(|row| row.amount).sum()
}

proptest! {
    #![proptest_config(config())]

    /// Invariant 1: every line is in exactly one place, and every group sums as it says.
    #[test]
    fn lines_are_conserved((ours, theirs) in ledgers(), preset in 0..3_usize) {
        let rules = RuleSet::preset(RuleSet::PRESETS[preset]).unwrap();
        let run = run(&ours, &theirs, &rules);
        let mut places: BTreeMap<(Side, String), [usize; 3]> = BTreeMap::new();
        for (side, rows) in [(Side::Ours, &ours), (Side::Theirs, &theirs)] {
            for row in rows {
                places.insert((side, row.id.clone()), [0; 3]);
            }
        }
        for group in run.named() {
            let slot = usize::from(group.state == State::Suggested);
            for (side, ids) in [(Side::Ours, &group.ours), (Side::Theirs, &group.theirs)] {
                for id in ids {
                    places.get_mut(&(side, id.clone())).unwrap()[slot] += 1;
                }
            }
            let left = sum_of(&ours, &group.ours) - sum_of(&theirs, &group.theirs);
            prop_assert_eq!(group.difference, left);
            match group.state {
                State::Settled if left != 0 => {
                    prop_assert_eq!(&group.verdict.split('+').next(), &Some("rounding"));
                    prop_assert!(left.abs() <= rules.differences.rounding);
                }
                State::Differs => prop_assert!(left != 0, "{group:?}"),
                _ => {}
            }
        }
        for (side, id, _) in run.alone() {
            places.get_mut(&(side, id)).unwrap()[2] += 1;
        }
        for (line, [certain, suggested, alone]) in places {
            let once = (certain, suggested.min(1), alone);
            prop_assert!(
                matches!(once, (1, 0, 0) | (0, 1, 0) | (0, 0, 1)),
                "{line:?}: {certain} certain, {suggested} suggested groups, {alone} alone\n{}",
                run.render("")
            );
        }
    }

    /// The bridge closes to the minor unit, recomputed from the input; each row is the sum of
    /// its lines, and no line is explained twice.
    #[test]
    fn the_bridge_closes((ours, theirs) in ledgers(), opening in (-500_i64..500, 0_i64..3)) {
        // A side without lines names no customer and is pooled, see `an_empty_side`.
        prop_assume!(!ours.is_empty() && !theirs.is_empty());
        let account = Account { customer: "甲".to_owned(), currency: "CNY".parse().unwrap() };
        let mut openings = Openings::default();
        openings.by_account.insert(account.clone(), [opening.0, opening.0 + opening.1]);
        let run = common::run_opened(&ours, &theirs, &rules(), &openings);
        for block in &run.outcome.blocks {
            let of_block = |rows: &[Line]| -> (u64, i128) {
                let mine = rows.iter().filter(|row| {
                    row.customer == block.account.customer
                        && row.currency == block.account.currency.code()
                });
                mine.fold((0, 0), |(count, sum), row| (count + 1, sum + i128::from(row.amount)))
            };
            let ((count_a, sum_a), (count_b, sum_b)) = (of_block(&ours), of_block(&theirs));
            prop_assert_eq!(block.lines, [count_a, count_b]);
            prop_assert_eq!(block.movement, [sum_a, sum_b]);
            let given = block.account == account;
            let open = if given { -i128::from(opening.1) } else { 0 };
            let rows = &run.outcome.discrepancies[block.discrepancies.clone()];
            let explained: i128 = rows.iter().map(|row| i128::from(row.amount)).sum();
            prop_assert_eq!(sum_a - sum_b + open, explained);
        }
        let covered: usize =
            run.outcome.blocks.iter().map(|block| block.discrepancies.len()).sum();
        prop_assert_eq!(covered, run.outcome.discrepancies.len());
        let mut seen: Vec<(Side, String)> = Vec::new();
        for row in &run.outcome.discrepancies {
            let (a, b) = (run.ids(Side::Ours, &row.ours), run.ids(Side::Theirs, &row.theirs));
            if row.verdict.main != Some(Reason::Opening) {
                prop_assert_eq!(row.amount, sum_of(&ours, &a) - sum_of(&theirs, &b));
            }
            seen.extend(a.into_iter().map(|id| (Side::Ours, id)));
            seen.extend(b.into_iter().map(|id| (Side::Theirs, id)));
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        prop_assert_eq!(count, seen.len(), "a line is explained twice\n{}", run.render(""));
    }

    /// Invariant 6: a checker that shares no code with the passes proves every claim again.
    #[test]
    fn the_checker_agrees((ours, theirs) in ledgers(), preset in 0..3_usize) {
        let rules = RuleSet::preset(RuleSet::PRESETS[preset]).unwrap();
        let run = run(&ours, &theirs, &rules);
        let checked = heqi_matching::check(&run.outcome, &run.ours, &run.theirs, &rules);
        if let Err(violations) = checked {
            prop_assert!(false, "{violations}\n{}", run.render(""));
        }
    }

    /// Invariant 2: the order of lines changes not one byte.
    #[test]
    fn the_order_of_lines_does_not_count(
        ((ours, theirs), (shuffled, other)) in ledgers().prop_flat_map(|(ours, theirs)| {
            let shuffled = (Just(ours.clone()).prop_shuffle(), Just(theirs.clone()).prop_shuffle());
            (Just((ours, theirs)), shuffled)
        })
    ) {
        let first = run(&ours, &theirs, &rules()).render("");
        let again = run(&ours, &theirs, &rules()).render("");
        prop_assert_eq!(&first, &again, "not even the same input gives the same outcome");
        prop_assert_eq!(first, run(&shuffled, &other, &rules()).render(""));
    }

    /// Invariant 2: nor does a customer that nobody else has to do with.
    #[test]
    fn an_unrelated_customer_does_not_count(
        (ours, theirs) in ledgers(),
        (mut more_ours, mut more_theirs) in ledgers(),
    ) {
        // Names must be known on both sides: a side that names nobody is pooled.
        prop_assume!(!ours.is_empty() && !theirs.is_empty());
        for row in more_ours.iter_mut().chain(&mut more_theirs) {
            row.customer = "无关".to_owned();
            row.id.push('x');
        }
        let first = run(&ours, &theirs, &rules()).render("无关");
        let ours: Vec<Line> = more_ours.into_iter().chain(ours).collect();
        let theirs: Vec<Line> = more_theirs.into_iter().chain(theirs).collect();
        prop_assert_eq!(first, run(&ours, &theirs, &rules()).render("无关"));
    }
}

/// Invariant 2: one thread or two, large enough for several partitions and many blocks.
#[test]
fn threads_do_not_count() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::{Config, TestRunner};
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let (mut ours, mut theirs): (Vec<Line>, Vec<Line>) = (Vec::new(), Vec::new());
    for customer in 0..400 {
        let (mut a, mut b) = ledgers().new_tree(&mut runner).unwrap().current();
        for row in a.iter_mut().chain(&mut b) {
            row.customer = format!("客户{customer}");
            row.id = format!("{customer}-{}", row.id);
        }
        // Plain pairs fill the partitions of the exact pass.
        for extra in 0..100 {
            let row = Line {
                reference: format!("XS-{customer}-{extra:05}"),
                day: JULY + 20,
                customer: format!("客户{customer}"),
                ..common::line(&format!("{customer}-P{extra}"), 1_000 + extra)
            };
            a.push(row.clone());
            b.push(row);
        }
        ours.append(&mut a);
        theirs.append(&mut b);
    }
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&ours, &theirs, &rules()).render(""))
    };
    let one = on(1);
    assert!(one.lines().count() > 40_000, "the ledger is too small to prove anything");
    assert!(one == on(2), "two threads give another outcome");
    assert!(one == on(4), "four threads give another outcome");
}

/// A side without lines says nothing about customers: the other side's stay apart.
#[test]
fn an_empty_side() {
    let of = |customer: &str, id: &str| Line {
        customer: customer.to_owned(),
        ..common::line(id, 10_000)
    };
    let run = run(&[], &[of("甲", "T1"), of("乙", "T2")], &rules());
    assert_eq!(run.outcome.blocks.len(), 2, "{}", run.render(""));
}

/// Lines that are parts of an equally good alternative are not missing: all alternatives are
/// proposed, in rank order ("suggested as whole groups").
#[test]
fn alternatives_are_proposed_as_whole_groups() {
    let at = |id: &str, amount: i64| Line { day: JULY, ..common::line(id, amount) };
    let ours = [at("O1", 10_000), at("O2", 20_000), at("O3", 10_000), at("O4", 20_000)];
    let run = run(&ours, &[Line { day: JULY + 2, ..common::line("T1", 30_000) }], &rules());
    assert!(run.alone().is_empty(), "{}", run.render(""));
}
