//! Invariant 5 对照: on tiny inputs the kernel settles what a slow reference matcher proves.
//!
//! The reference below is written from matching.md, shares no code with the kernel and tries
//! every assignment. It proves three things:
//!
//! * *exact*: of the lines of one number and amount, as many are settled as any assignment of
//!   compatible lines can settle;
//! * *same reference, summed*: where no amount of a number occurs on both sides, and both
//!   sides' sums agree, all lines of that number are settled, and among themselves;
//! * *amount and date*: among lines without number, a pair that is unique both ways, or becomes
//!   so once others are taken, is settled; what is settled one to one stands in every largest
//!   assignment of fewest days; and of lines that nothing tells apart all are settled or none.

mod common;

use std::collections::BTreeSet;

use common::{Line, Named, Run, run};
use heqi_domain::EntryKind;
use heqi_matching::{RuleSet, State};
use proptest::prelude::*;

const DAY: i32 = 20_650;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() }
}

/// The number of a reference as the generator writes it: the digits after prefix and zeros.
fn number(line: &Line) -> String {
    line.reference
        .trim_start_matches(|letter: char| !letter.is_ascii_digit() || letter == '0')
        .to_owned()
}

/// Money is never a document; a line of unknown kind, or whose amount denies its kind, may be
/// either.
fn compatible(a: &Line, b: &Line) -> bool {
    let (a, b) = (a.kind.beside(a.amount), b.kind.beside(b.amount));
    a == EntryKind::Unknown || b == EntryKind::Unknown || a.is_money() == b.is_money()
}

/// Every largest assignment of `a` to `b` by edges.
fn largest_assignments(
    a: usize,
    b: usize,
    edge: &dyn Fn(usize, usize) -> bool,
) -> Vec<BTreeSet<(usize, usize)>> {
    fn walk(
        at: usize,
        a: usize,
        b: usize,
        edge: &dyn Fn(usize, usize) -> bool,
        used: &mut Vec<bool>,
        chosen: &mut Vec<(usize, usize)>,
        all: &mut Vec<BTreeSet<(usize, usize)>>,
    ) {
        if at == a {
            all.push(chosen.iter().copied().collect());
            return;
        }
        walk(at + 1, a, b, edge, used, chosen, all);
        for partner in 0..b {
            if !used[partner] && edge(at, partner) {
                used[partner] = true;
                chosen.push((at, partner));
                walk(at + 1, a, b, edge, used, chosen, all);
                chosen.pop();
                used[partner] = false;
            }
        }
    }
    let mut all = Vec::new();
    walk(0, a, b, edge, &mut vec![false; b], &mut Vec::new(), &mut all);
    let most = all.iter().map(BTreeSet::len).max().unwrap_or(0);
    all.retain(|assignment| assignment.len() == most);
    all
}

fn settled(run: &Run) -> Vec<Named> {
    run.named().into_iter().filter(|group| group.state == State::Settled).collect()
}

fn holder<'a>(groups: &'a [Named], ours: bool, id: &str) -> Option<&'a Named> {
    groups.iter().find(|group| {
        let side = if ours { &group.ours } else { &group.theirs };
        side.iter().any(|known| known == id)
    })
}

fn any_kind() -> impl Strategy<Value = EntryKind> {
    prop_oneof![
        3 => Just(EntryKind::Unknown),
        2 => Just(EntryKind::Sale),
        1 => Just(EntryKind::Receipt),
    ]
}

fn documents() -> impl Strategy<Value = EntryKind> {
    prop_oneof![Just(EntryKind::Unknown), Just(EntryKind::Sale)]
}

fn side(
    prefix: &'static str,
    line: impl Strategy<Value = Line>,
) -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec(line, 1..6).prop_map(move |mut rows| {
        for (at, row) in rows.iter_mut().enumerate() {
            row.id = format!("{prefix}{at}");
        }
        rows
    })
}

/// Pairs that are unique both ways, again and again until nothing more becomes unique.
fn forced(a: usize, b: usize, edge: &dyn Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let (mut open_a, mut open_b) = (vec![true; a], vec![true; b]);
    let mut found = Vec::new();
    loop {
        let partners = |i: usize| (0..b).filter(|j| open_b[*j] && edge(i, *j)).collect::<Vec<_>>();
        let rivals = |j: usize| (0..a).filter(|i| open_a[*i] && edge(*i, j)).count();
        let next: Vec<(usize, usize)> = (0..a)
            .filter(|i| open_a[*i])
            .filter_map(|i| match partners(i)[..] {
                [j] if rivals(j) == 1 => Some((i, j)),
                _ => None,
            })
            .collect();
        if next.is_empty() {
            return found;
        }
        for (i, j) in next {
            (open_a[i], open_b[j]) = (false, false);
            found.push((i, j));
        }
    }
}

/// Lines that bear a number: few numbers, few amounts, within a month.
fn numbered(kind: impl Strategy<Value = EntryKind>) -> impl Strategy<Value = Line> {
    let reference = (0..3_usize, 0..3_usize)
        .prop_map(|(form, number)| format!("{}{}", ["INV-", "", "00"][form], 71_500 + number * 37));
    let amount = prop_oneof![Just(10_000_i64), Just(25_000), Just(35_000), Just(15_000)];
    (reference, amount, 0..30_i32, kind).prop_map(|(reference, amount, day, kind)| Line {
        reference,
        day: DAY + day,
        kind,
        ..common::line("", amount)
    })
}

/// Lines without a number: few amounts that no two make a third, some far apart.
fn unnumbered() -> impl Strategy<Value = Line> {
    let amount = prop_oneof![Just(10_007_i64), Just(25_013), Just(40_031)];
    (amount, 0..60_i32).prop_map(|(amount, day)| Line {
        day: DAY + day,
        kind: EntryKind::Sale,
        ..common::line("", amount)
    })
}

/// As many lines of one number and amount are settled as any assignment can settle.
fn check_exact(ours: &[Line], theirs: &[Line]) -> Result<(), TestCaseError> {
    let run = run(ours, theirs, &rules());
    let groups = settled(&run);
    let keys: BTreeSet<(String, i64)> =
        ours.iter().map(|line| (number(line), line.amount)).collect();
    for (key, amount) in keys {
        let pick = |rows: &[Line]| -> Vec<Line> {
            let same = |row: &&Line| number(row) == key && row.amount == amount;
            rows.iter().filter(same).cloned().collect()
        };
        let (a, b) = (pick(ours), pick(theirs));
        // Money of one number that lies apart waits for the later passes.
        let near = |i: usize, j: usize| {
            let money = |line: &Line| line.kind.beside(line.amount).is_money();
            let money = money(&a[i]) || money(&b[j]);
            !money || a[i].day.abs_diff(b[j].day) <= 2 * rules().dates.money_tolerance as u32
        };
        let edge = |i: usize, j: usize| compatible(&a[i], &b[j]) && near(i, j);
        let most = largest_assignments(a.len(), b.len(), &edge)[0].len();
        let of_a = |group: &Named| {
            group.ours.iter().filter(|id| a.iter().any(|row| row.id == **id)).count()
        };
        let got: usize = groups.iter().filter(|group| group.pass == "exact").map(of_a).sum();
        prop_assert_eq!(got, most, "number {} amount {}\n{}", key, amount, run.render(""));
    }
    Ok(())
}

fn rules() -> RuleSet {
    RuleSet::preset("default").unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn as_many_exact_pairs_as_can_be(
        ours in side("O", numbered(documents())),
        theirs in side("T", numbered(documents())),
    ) {
        check_exact(&ours, &theirs)?;
    }

    /// Kinds that do not agree pairwise: unknown meets money and sale, money never a sale.
    #[test]
    fn as_many_exact_pairs_of_mixed_kinds_as_can_be(
        ours in side("O", numbered(any_kind())),
        theirs in side("T", numbered(any_kind())),
    ) {
        check_exact(&ours, &theirs)?;
    }

    #[test]
    fn a_number_whose_sums_agree_is_settled(
        ours in side("O", numbered(any_kind())),
        theirs in side("T", numbered(any_kind())),
    ) {
        let run = run(&ours, &theirs, &rules());
        let groups = settled(&run);
        let keys: BTreeSet<String> = ours.iter().map(number).collect();
        for key in keys {
            let pick = |rows: &[Line]| -> Vec<Line> {
                rows.iter().filter(|row| number(row) == key).cloned().collect()
            };
            let (a, b) = (pick(&ours), pick(&theirs));
            let meets = a.iter().any(|x| b.iter().any(|y| x.amount == y.amount));
            let sum = |rows: &[Line]| rows.iter().map(|row| row.amount).sum::<i64>();
            if meets || b.is_empty() || sum(&a) != sum(&b) {
                continue;
            }
            for row in &a {
                let group = holder(&groups, true, &row.id);
                prop_assert!(group.is_some(), "{} is open\n{}", row.id, run.render(""));
                let group = group.unwrap();
                prop_assert_eq!(group.difference, 0);
                prop_assert!(group.ours.iter().all(|id| a.iter().any(|row| row.id == *id)));
                prop_assert!(group.theirs.iter().all(|id| b.iter().any(|row| row.id == *id)));
            }
            for row in &b {
                prop_assert!(holder(&groups, false, &row.id).is_some(), "{} is open", row.id);
            }
        }
    }

    #[test]
    fn what_is_forced_is_settled_and_nothing_else(
        ours in side("O", unnumbered()),
        theirs in side("T", unnumbered()),
    ) {
        let rules = rules();
        let run = run(&ours, &theirs, &rules);
        let groups = settled(&run);
        let dates = &rules.dates;
        let edge = |i: usize, j: usize| {
            let days = theirs[j].day - ours[i].day;
            ours[i].amount == theirs[j].amount && days >= -dates.earlier && days <= dates.later
        };
        for (i, j) in forced(ours.len(), theirs.len(), &edge) {
            let group = holder(&groups, true, &ours[i].id);
            let together = group.is_some_and(|group| group.theirs.contains(&theirs[j].id));
            prop_assert!(
                together, "{} = {} is forced\n{}", ours[i].id, theirs[j].id, run.render("")
            );
        }
        // Nothing tells lines of one amount and day apart: all of them are settled or none is.
        for (ours_side, rows) in [(true, &ours), (false, &theirs)] {
            for row in rows.iter() {
                let alike = |twin: &&Line| twin.amount == row.amount && twin.day == row.day;
                let twins = rows.iter().filter(alike);
                let states: BTreeSet<bool> =
                    twins.map(|twin| holder(&groups, ours_side, &twin.id).is_some()).collect();
                prop_assert_eq!(states.len(), 1, "twins of {} parted\n{}", row.id, run.render(""));
            }
        }
        let days = |assignment: &BTreeSet<(usize, usize)>| -> i32 {
            assignment.iter().map(|(i, j)| (theirs[*j].day - ours[*i].day).abs()).sum()
        };
        let mut optima = largest_assignments(ours.len(), theirs.len(), &edge);
        let fewest = optima.iter().map(days).min().unwrap_or(0);
        optima.retain(|assignment| days(assignment) == fewest);
        for group in groups.iter().filter(|group| group.pass == "amount_date") {
            // Documented exception (`Dates::near`): lines this close, whose rivals are far,
            // need no further proof, even if more pairs could be made without them.
            let near = |i: usize, j: usize| (theirs[j].day - ours[i].day).abs() <= dates.near;
            let at = |rows: &[Line], id: &String| {
                rows.iter().position(|row| row.id == *id).unwrap()
            };
            let a: Vec<usize> = group.ours.iter().map(|id| at(&ours, id)).collect();
            let b: Vec<usize> = group.theirs.iter().map(|id| at(&theirs, id)).collect();
            if let ([i], [j]) = (&a[..], &b[..])
                && near(*i, *j)
            {
                continue;
            }
            let held = optima.iter().all(|assignment| {
                assignment.iter().filter(|(i, j)| a.contains(i) && b.contains(j)).count() == a.len()
            });
            prop_assert!(held, "{group:?} is not in every optimum\n{}", run.render(""));
        }
    }
}
