//! Invariant 4: swapping the sides mirrors the result.

use heqi_domain::{NO_DAY, Side};
use heqi_matching::{Passes, RuleSet, State};

use crate::common::{Line, Named, Run, run};
use crate::ledgers::{JULY, ledgers};
use crate::{config, rules};

/// Days mirrored around the border of July and August.
fn mirrored(rows: &[Line]) -> Vec<Line> {
    let turn = |day: i32| if day == NO_DAY { NO_DAY } else { 2 * JULY + 61 - day };
    rows.iter().map(|row| Line { day: turn(row.day), ..row.clone() }).collect()
}

/// A verdict seen from the other side.
fn swapped_verdict(code: &str) -> String {
    let swap = |reason: &str| match reason {
        "split" => "merged".to_owned(),
        "merged" => "split".to_owned(),
        "missing_ours" => "missing_theirs".to_owned(),
        "missing_theirs" => "missing_ours".to_owned(),
        "duplicate_ours" => "duplicate_theirs".to_owned(),
        "duplicate_theirs" => "duplicate_ours".to_owned(),
        "unapplied_payment" => "unrecognised_payment".to_owned(),
        "unrecognised_payment" => "unapplied_payment".to_owned(),
        other => other.to_owned(),
    };
    code.split('+').map(swap).collect::<Vec<String>>().join("+")
}

fn swapped(group: &Named) -> Named {
    Named {
        ours: group.theirs.clone(),
        theirs: group.ours.clone(),
        difference: -group.difference,
        verdict: swapped_verdict(&group.verdict),
        ..group.clone()
    }
}

/// Rules without the one reason that has a direction: a bank's charge makes *our* receipt the
/// smaller one, so its mirror image is no bank charge.
fn without_charge(mut rules: RuleSet) -> RuleSet {
    rules.differences.bank_charge = 0;
    rules
}

fn certain(run: &Run) -> Vec<Named> {
    run.named().into_iter().filter(|group| group.state != State::Suggested).collect()
}

const LEDGERS: usize = 1_000;

/// Lines by what they say, but for the day.
fn say(rows: &[Line], ids: &[String]) -> Vec<String> {
    let mut said: Vec<String> = rows
        .iter()
        .filter(|row| ids.contains(&row.id))
        .map(|row| {
            let reference = row.reference.replace("/2026", "");
            let letters = |letter: char| letter.is_ascii_alphabetic() || "-0".contains(letter);
            let number = reference.trim_start_matches(letters);
            format!("{} {} {number} {} {:?}", row.customer, row.currency, row.amount, row.kind)
        })
        .collect();
    said.sort();
    said
}

/// The groups with lines named by what they say instead of by id. Of two lines that say the same
/// either may be the one that is matched: ties break by content, and a mirrored day is another
/// content.
fn alike(groups: Vec<Named>, ours: &[Line], theirs: &[Line]) -> Vec<Named> {
    let mut said: Vec<Named> = groups
        .into_iter()
        .map(|group| Named {
            ours: say(ours, &group.ours),
            theirs: say(theirs, &group.theirs),
            ..group
        })
        .collect();
    said.sort();
    said
}

/// What is certain and what stands alone, seen from our side.
type Seen = (Vec<Named>, Vec<String>);

fn seen(run: &Run, ours: &[Line], theirs: &[Line]) -> Seen {
    let mut alone: Vec<String> = run
        .alone()
        .into_iter()
        .map(|(side, id, reason)| {
            let rows = if side == Side::Ours { ours } else { theirs };
            format!("{} {} {reason}", side.code(), say(rows, &[id]).join(""))
        })
        .collect();
    alone.sort();
    (alike(certain(run), ours, theirs), alone)
}

/// The same, seen from the other side.
fn seen_swapped(run: &Run, ours: &[Line], theirs: &[Line]) -> Seen {
    let mut groups: Vec<Named> = alike(certain(run), ours, theirs).iter().map(swapped).collect();
    groups.sort();
    let mut alone: Vec<String> = run
        .alone()
        .into_iter()
        .map(|(side, id, reason)| {
            let rows = if side == Side::Ours { ours } else { theirs };
            let reason = swapped_verdict(&reason);
            format!("{} {} {reason}", side.other().code(), say(rows, &[id]).join(""))
        })
        .collect();
    alone.sort();
    (groups, alone)
}

/// How the results of both ways differ, if they do.
fn asymmetry(ours: &[Line], theirs: &[Line], rules: &RuleSet) -> Option<String> {
    let one = seen(&run(ours, theirs, rules), ours, theirs);
    let other = seen_swapped(&run(&mirrored(theirs), &mirrored(ours), rules), theirs, ours);
    (one != other).then(|| {
        let show =
            |rows: &[Line]| -> String { rows.iter().map(|row| format!("    {row:?}\n")).collect() };
        let (ours, theirs) = (show(ours), show(theirs));
        format!("  ours\n{ours}  theirs\n{theirs}  one way: {one:#?}\n  the other: {other:#?}")
    })
}

/// How many of some pairs of ledgers give another certain result from the other side, and the
/// smallest of them.
fn asymmetries(rules: &RuleSet) -> (usize, Option<String>) {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config(), rng);
    let mut smallest: Option<(usize, String)> = None;
    let mut count = 0;
    let differs = |ours: &[Line], theirs: &[Line]| asymmetry(ours, theirs, rules);
    for _ in 0..LEDGERS {
        let mut tree = ledgers().new_tree(&mut runner).unwrap();
        let (ours, theirs) = tree.current();
        if differs(&ours, &theirs).is_none() {
            continue;
        }
        count += 1;
        if count > 12 {
            continue;
        }
        let mut least = (ours, theirs);
        let mut more = tree.simplify();
        while more {
            let (ours, theirs) = tree.current();
            if differs(&ours, &theirs).is_some() {
                least = (ours, theirs);
                more = tree.simplify();
            } else {
                more = tree.complicate();
            }
        }
        let size = least.0.len() + least.1.len();
        if smallest.as_ref().is_none_or(|known| size < known.0) {
            smallest = differs(&least.0, &least.1).map(|text| (size, text));
        }
    }
    (count, smallest.map(|(_, text)| text))
}

/// The default rules with only some of the passes beyond *exact*.
fn only(switch: impl Fn(&mut Passes)) -> RuleSet {
    let mut rules = without_charge(rules());
    rules.passes = RuleSet::preset("classify").unwrap().passes;
    rules.passes.same_reference = false;
    switch(&mut rules.passes);
    rules
}

#[track_caller]
fn check_symmetry(cases: &[(&str, RuleSet)]) {
    let mut bad = String::new();
    for (name, rules) in cases {
        let (count, smallest) = asymmetries(rules);
        if let Some(text) = smallest {
            bad.push_str(&format!("{name}: {count} of {LEDGERS} are not symmetric\n{text}\n"));
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

/// Invariant 4: swapping the sides mirrors what is certain. Date windows have a direction
/// ("their line may be later"), so days are mirrored with the sides.
#[test]
fn swapping_the_sides_mirrors_the_result() {
    check_symmetry(&[
        ("exact", only(|_| ())),
        ("contra", only(|passes| passes.contra = true)),
        ("same_reference_sum", only(|passes| passes.same_reference_sum = true)),
        ("same_reference", only(|passes| passes.same_reference = true)),
        ("variant_reference", only(|passes| passes.variant_reference = true)),
        ("combination", only(|passes| passes.combination = true)),
        ("strict", RuleSet::preset("strict").map(without_charge).unwrap()),
    ]);
}

/// The passes that favor a side today. Whoever makes one symmetric moves it to the test above.
#[test]
#[ignore = "amount_date asks for their numbering only; mentioned lets their lines choose first"]
fn swapping_the_sides_mirrors_every_pass() {
    check_symmetry(&[
        ("mentioned", only(|passes| passes.mentioned = true)),
        ("amount_date", only(|passes| passes.amount_date = true)),
        ("default", without_charge(rules())),
    ]);
}
