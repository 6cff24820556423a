//! Crowds 大量未达: what a block of very many open lines may not do to the answer.
//!
//! A bound that is met is told, never silent; what chance alone would make is not settled, and
//! the more lines look for a partner the more of it there is; a person who stops a run inside
//! one large block is heard.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use common::{Line, Run, line, lines, run};
use heqi_domain::{EntryKind, Progress, Side, Stage};
use heqi_matching::{MatchError, Openings, RuleSet, SearchAnswer, State, check, match_lines};

const DAY: i32 = 20_650;

fn rules() -> RuleSet {
    RuleSet::preset("default").unwrap()
}

fn sale(id: &str, reference: &str, day: i32, amount: i64) -> Line {
    let (reference, kind) = (reference.to_owned(), EntryKind::Sale);
    Line { reference, kind, day, ..line(id, amount) }
}

/// Candidates in reach that the lines left alone say of a side's search, by line.
fn limits(run: &Run, side: Side) -> Vec<(String, u64)> {
    let mut told: Vec<(String, u64)> = run
        .outcome
        .residuals
        .iter()
        .filter(|left| left.side == side && left.verdict.code().contains("search_limit"))
        .map(|left| {
            assert_eq!(left.evidence.search, Some(SearchAnswer::LimitReached));
            (run.ids(side, &[left.line]).remove(0), left.evidence.candidates)
        })
        .collect();
    told.sort();
    told
}

fn proved(run: &Run) {
    if let Err(found) = check(&run.outcome, &run.ours, &run.theirs, &rules()) {
        panic!("{found}");
    }
}

#[test]
fn a_crowd_of_equal_amounts_is_proposed_by_date_and_not_called_missing() {
    let crowd = |side: &str, count: i32, undated: bool| -> Vec<Line> {
        let day = |at: i32| match undated && at % 2 == 0 {
            true => heqi_domain::NO_DAY,
            false => DAY + at % 10,
        };
        (0..count).map(|at| sale(&format!("{side}{at:03}"), "", day(at), 2_000)).collect()
    };
    for undated in [false, true] {
        let run = run(&crowd("o", 300, undated), &crowd("t", 250, undated), &rules());
        let groups = run.named();
        assert_eq!(groups.len(), 250, "as many pairs as there can be");
        assert!(groups.iter().all(|group| group.state == State::Suggested), "none is certain");
        let told = limits(&run, Side::Ours);
        assert_eq!(told.len(), 50, "who is left says that he was bounded");
        assert!(told.iter().all(|(_, candidates)| *candidates == 250));
        assert!(limits(&run, Side::Theirs).is_empty());
        proved(&run);
    }
    // Nearest dates first: nobody is paired across days while a partner of the day is left.
    let run = run(&crowd("o", 300, false), &crowd("t", 300, false), &rules());
    let day = |id: &str| id[1..].parse::<i32>().unwrap() % 10;
    let alike = |group: &common::Named| day(&group.ours[0]) == day(&group.theirs[0]);
    assert!(run.named().iter().all(alike));
}

#[test]
fn a_line_with_more_neighbors_than_are_compared_says_so() {
    let ours: Vec<Line> = (0..450).map(|at| sale(&format!("o{at}"), "", DAY, 1_000 + at)).collect();
    let theirs = [sale("t", "", DAY, 7)];
    let few = run(&ours[..400], &theirs, &rules());
    assert!(limits(&few, Side::Theirs).is_empty(), "all were compared");
    let many = run(&ours, &theirs, &rules());
    assert_eq!(limits(&many, Side::Theirs), [("t".to_owned(), 450)]);
    assert_eq!(limits(&many, Side::Ours).len(), 450, "nor were they compared with it for certain");
    proved(&many);
}

#[test]
fn a_line_that_names_what_too_many_lines_bear_says_so() {
    let bears = |at: i64| sale(&format!("o{at:04}"), "HT20260001", DAY, 100 + 64 * at);
    let names = Line { text: "合同 HT20260001 货款".to_owned(), ..sale("t", "", DAY, 77) };
    let run = run(&(0..1_001).map(bears).collect::<Vec<_>>(), &[names], &rules());
    assert_eq!(limits(&run, Side::Theirs), [("t".to_owned(), 1_001)]);
    proved(&run);
}

/// Lines of ours of a week, no two sums of which are near a large amount.
fn week(count: i64) -> Vec<Line> {
    let one = |at: i64| sale(&format!("o{at:03}"), "", DAY - (at % 7) as i32, 1_000 + 64 * at);
    (0..count).map(one).collect()
}

#[test]
fn candidates_beyond_the_bound_are_told() {
    let theirs = [sale("t", "", DAY, 999_999_901)];
    let all = run(&week(40), &theirs, &rules());
    let none: Vec<(String, u64)> = Vec::new();
    // Five of forty are more subsets than the operations allow, so that is told too.
    assert_eq!(limits(&all, Side::Theirs), [("t".to_owned(), 40)]);
    proved(&all);
    let few = run(&week(12), &theirs, &rules());
    assert_eq!(limits(&few, Side::Theirs), none);
    let crowd = run(&week(300), &theirs, &rules());
    assert_eq!(limits(&crowd, Side::Theirs), [("t".to_owned(), 300)]);
    proved(&crowd);
}

#[test]
fn a_limit_that_was_not_met_is_not_believed() {
    type Spoil = fn(&mut Run);
    let spoils: [Spoil; 3] = [
        |run| run.outcome.residuals[0].evidence.candidates = 1_000_000,
        |run| run.outcome.residuals[0].evidence.search = None,
        |run| run.outcome.residuals[0].evidence.search = Some(SearchAnswer::None),
    ];
    for spoil in spoils {
        let side = |name: &str, count: usize| -> Vec<Line> {
            (0..count).map(|at| sale(&format!("{name}{at}"), "", DAY, 10_000)).collect()
        };
        let mut crowd = run(&side("o", 220), &side("t", 210), &rules());
        proved(&crowd);
        spoil(&mut crowd);
        assert!(check(&crowd.outcome, &crowd.ours, &crowd.theirs, &rules()).is_err());
    }
}

/// One pair of equal amounts under unlike numbers, and so many lines beside it that pair with
/// nothing: what is it called?
#[track_caller]
fn equal_amounts(others: i64, expected: State) {
    let amount = |at: i64| 20_011 + at * 37;
    let ours = (0..others).map(|at| {
        let day = DAY + (at % 20) as i32;
        sale(&format!("o{at}"), &format!("XS-{}", 70_000 + at), day, amount(at))
    });
    let theirs = (0..others).map(|at| {
        let day = DAY + (at % 20) as i32;
        sale(&format!("t{at}"), &format!("B{}C", 4_000_000 + at * 3), day, amount(at) + 500_017)
    });
    let ours: Vec<Line> = ours.chain([sale("ours", "XS-99999", DAY, 30_004)]).collect();
    let theirs: Vec<Line> = theirs.chain([sale("theirs", "B9999999C", DAY + 9, 30_004)]).collect();
    let run = run(&ours, &theirs, &rules());
    let named = run.named();
    let pair = named.iter().find(|group| group.ours == ["ours"] && group.theirs == ["theirs"]);
    assert_eq!(pair.map(|pair| pair.state), Some(expected), "{named:#?}");
    proved(&run);
}

#[test]
fn unlike_numbers_of_one_amount_settle_only_where_chance_is_unlikely() {
    equal_amounts(3, State::Settled);
    equal_amounts(150, State::Suggested);
}

/// A number whose amounts differ by what one line without a number makes up, and so many other
/// differing numbers that nothing makes up.
#[track_caller]
fn anchored(others: i64, expected: State) {
    let number = |at: i64| format!("XS-{}", 70_000 + at);
    let mut ours = vec![sale("a", "XS-88888", DAY, 90_000), sale("b", "", DAY, 30_007)];
    let mut theirs = vec![sale("t", "XS-88888", DAY, 120_007)];
    for at in 0..others {
        let day = DAY + 1 + (at % 5) as i32;
        ours.push(sale(&format!("o{at}"), &number(at), day, 500_000 + at * 991));
        theirs.push(sale(&format!("t{at}"), &number(at), day, 511_113 + at * 1_009));
    }
    let run = run(&ours, &theirs, &rules());
    let named = run.named();
    let group = named.iter().find(|group| group.ours == ["a", "b"] && group.theirs == ["t"]);
    assert_eq!(group.map(|group| group.state), Some(expected), "{named:#?}");
    proved(&run);
}

#[test]
fn a_sum_around_a_number_settles_only_where_chance_is_unlikely() {
    anchored(0, State::Settled);
    anchored(20, State::Settled);
    anchored(400, State::Suggested);
}

#[test]
fn a_line_that_two_numbers_want_is_nobodys() {
    let ours = [
        sale("a", "XS-70001", DAY, 90_000),
        sale("b", "XS-70002", DAY + 9, 190_000),
        sale("x", "", DAY, 30_007),
    ];
    let theirs = [sale("s", "XS-70001", DAY, 120_007), sale("t", "XS-70002", DAY + 9, 220_007)];
    let run = run(&ours, &theirs, &rules());
    let settled = |id: &str| {
        let named = run.named();
        named.iter().any(|one| one.state != State::Suggested && one.ours.contains(&id.to_owned()))
    };
    assert!(!settled("x"), "{:#?}", run.named());
    proved(&run);
}

/// Counts how often a run asks whether to stop, and says so from some time on.
struct Stop {
    asked: AtomicU64,
    after: u64,
}

impl Progress for Stop {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.after
    }
}

#[test]
fn a_run_can_be_stopped_inside_one_block() {
    let theirs: Vec<Line> =
        (0..200).map(|at| sale(&format!("t{at}"), "", DAY, 9_000_001 + at * 771)).collect();
    let (ours, theirs) = (lines(Side::Ours, &week(300)), lines(Side::Theirs, &theirs));
    let go = |after: u64| {
        let stop = Stop { asked: AtomicU64::new(0), after };
        let done = match_lines(&ours, &theirs, &rules(), &Openings::default(), &stop);
        (done.map(|_| ()), stop.asked.into_inner())
    };
    let (done, asked) = go(u64::MAX);
    assert_eq!(done, Ok(()));
    // Every line that looks for a sum asks, not only the block as a whole.
    assert!(asked > 200, "{asked}");
    assert_eq!(go(50).0, Err(MatchError::Cancelled));
}
