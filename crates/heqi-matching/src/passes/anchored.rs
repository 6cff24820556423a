//! Pass 8 with a shared number: a sum that one common reference anchors.
//!
//! A payment names one invoice and pays three; a consolidated line bears the last delivery's
//! number. The lines of that number differ, and exactly the missing amount lies in lines of the
//! same side that no number of the other side claims. The anchor does most of the proving, so
//! the nearest lines are tried first and the search widens day by day.

use hashbrown::HashSet;
use heqi_domain::Reason;
use rayon::prelude::*;

use crate::chance::{Trials, accidents};
use crate::combination::{self, Bounds, Found};
use crate::evidence::{Evidence, SearchAnswer};
use crate::outcome::{Pass, Verdict};
use crate::passes::by_day::{ByDay, ByKind};
use crate::passes::same_reference::{self, Cluster};
use crate::work::{OURS, THEIRS, Work};

/// Widths, in days, by which the neighbourhood of the anchor grows. What one transfer pays is
/// booked within its week; what one document gathers may be months old.
const MONEY_WIDTHS: [i32; 3] = [0, 3, 7];
const WIDTHS: [i32; 7] = [0, 3, 7, 14, 31, 62, 400];

/// Numbers that differ and follow within days of each other: so many are compared with each.
const NEIGHBORS: usize = 40;

pub(crate) fn run(work: &mut Work<'_>) {
    one_number(work, true);
    two_numbers(work);
}

/// The same once more, after the other passes: only what is certain, nothing is proposed.
pub(crate) fn again(work: &mut Work<'_>) {
    one_number(work, false);
}

/// Open, dated lines that no open line of the other side claims by number and sign.
struct Free([ByKind; 2]);

impl Free {
    fn of(work: &Work<'_>) -> Self {
        Self([OURS, THEIRS].map(|side| {
            let others = &work.items[1 - side];
            let claimed: HashSet<(u64, i64)> = work
                .open(1 - side)
                .map(|item| (others[item].key, others[item].amount.signum()))
                .filter(|(key, _)| *key != 0)
                .collect();
            let items = &work.items[side];
            ByKind::of(work, side, |item| {
                let line = &items[item];
                !line.extra && !claimed.contains(&(line.key, line.amount.signum()))
            })
        }))
    }

    /// Those of the anchors' kind.
    fn beside(&self, work: &Work<'_>, side: usize, anchors: &[usize]) -> &ByDay {
        self.0[side].meeting(work.items[side][anchors[0]].money())
    }
}

/// A sum found around the lines of one number.
struct Sum {
    side: usize,
    answer: SearchAnswer,
    members: Vec<usize>,
    candidates: usize,
}

/// One number's search: what it found, and what it tried on both sides until then.
struct Search {
    sum: Option<Sum>,
    tried: u64,
    accidents: u64,
}

/// One number differs; lines without a claimed number make up the rest. All numbers are
/// searched before one is settled: what one of them finds is worth as much as all together say.
fn one_number(work: &mut Work<'_>, propose: bool) {
    let classes = same_reference::differing(work);
    let free = Free::of(work);
    let searches: Vec<Search> = classes
        .par_iter()
        .map(|(class, difference)| look(work, &free, class, *difference))
        .collect();
    let mut trials = work.anchored.clone();
    if propose {
        trials.searches = searches.iter().map(|search| search.accidents).collect();
    }
    let unique =
        |search: &Search| search.sum.as_ref().is_some_and(|sum| sum.answer == SearchAnswer::Unique);
    trials.finds.extend(searches.iter().filter(|search| unique(search)).map(|s| s.accidents));
    let level = trials.level(work.rules.combination.chance_ppm);
    let mut wanted: Vec<(usize, usize)> = searches
        .iter()
        .filter_map(|search| search.sum.as_ref())
        .flat_map(|sum| sum.members.iter().map(|item| (sum.side, *item)))
        .collect();
    wanted.sort_unstable();
    trials.finds.retain(|find| *find <= level);
    work.anchored = trials;
    for ((class, _), search) in classes.iter().zip(&searches) {
        let Some(sum) = &search.sum else { continue };
        let contested = sum.members.iter().any(|item| {
            let first = wanted.partition_point(|line| *line < (sum.side, *item));
            wanted.get(first + 1) == Some(&(sum.side, *item))
        });
        if alive(work, class) && sum.members.iter().all(|item| work.items[sum.side][*item].open) {
            let sure = unique(search) && search.accidents <= level && !contested;
            settle(work, class, sum, search.tried, sure, propose);
        }
    }
}

/// Looks for the missing amount on the side that lacks it, else on the other.
fn look(work: &Work<'_>, free: &Free, class: &Cluster, difference: i64) -> Search {
    let mut search = Search { sum: None, tried: 0, accidents: 1 };
    if work.stopped() || mixed(work, class) {
        return search;
    }
    for side in sides(work, class) {
        // Σ ours + part = Σ theirs, or Σ ours = Σ theirs + part.
        let missing = if side == OURS { -difference } else { difference };
        let anchors = if side == OURS { &class.ours } else { &class.theirs };
        let (tried, sum) = nearest(work, free, side, anchors, missing);
        search.tried = search.tried.saturating_add(tried);
        search.sum = sum;
        if search.sum.is_some() {
            break;
        }
    }
    search.accidents = accidents(search.tried, difference, work.unit);
    search
}

/// The side whose amount is the smaller lacks lines, unless the other's lines cancel out; it is
/// tried first.
fn sides(work: &Work<'_>, class: &Cluster) -> [usize; 2] {
    let (a, b) = (work.sum(OURS, &class.ours), work.sum(THEIRS, &class.theirs));
    if a.unsigned_abs() < b.unsigned_abs() { [OURS, THEIRS] } else { [THEIRS, OURS] }
}

fn alive(work: &Work<'_>, class: &Cluster) -> bool {
    class.ours.iter().all(|item| work.items[OURS][*item].open)
        && class.theirs.iter().all(|item| work.items[THEIRS][*item].open)
}

/// The first width around the anchors in which some subset makes the missing amount, and the
/// subsets tried until then.
fn nearest(
    work: &Work<'_>,
    free: &Free,
    side: usize,
    anchors: &[usize],
    missing: i64,
) -> (u64, Option<Sum>) {
    let rule = &work.rules.combination;
    let money = work.items[side][anchors[0]].kind.is_money();
    let widths: &[i32] = if money { &MONEY_WIDTHS } else { &WIDTHS };
    let free = free.beside(work, side, anchors);
    let around = around(work, free, side, anchors, widths[widths.len() - 1]);
    let most = rule.lines.saturating_sub(anchors.len()).max(1);
    // Candidates of the last full search and of the last for few parts, and what they tried.
    let mut last = [(0, 0_u64); 2];
    for width in widths {
        let near = around.partition_point(|(days, _)| days <= width);
        // Beyond the candidates of a full search one or two parts are still looked for.
        let bounded = if near > rule.candidates { near } else { 0 };
        let searches = [(near.min(rule.candidates), most), (bounded, 2)];
        for (which, (count, most)) in searches.into_iter().enumerate() {
            if last[which].0 == count {
                continue;
            }
            let found = search(work, side, &around[..count], missing, most);
            // What a narrower search tried is tried again, but for the larger subsets.
            let before = std::mem::replace(&mut last[which], (count, found.tried)).1;
            if let Some(solution) = found.solutions.first() {
                let members = solution.iter().map(|at| around[*at].1).collect();
                let sum = Sum { side, answer: found.answer, members, candidates: near };
                return (before.saturating_add(last[0].1).saturating_add(last[1].1), Some(sum));
            }
        }
    }
    (last[0].1.saturating_add(last[1].1), None)
}

/// The free lines nearest to the anchors, with their distance in days: ten times the candidates
/// of a full search.
fn around(
    work: &Work<'_>,
    free: &ByDay,
    side: usize,
    anchors: &[usize],
    width: i32,
) -> Vec<(i32, usize)> {
    let most = work.rules.combination.candidates * 10;
    let (Some(from), Some(to)) = (
        same_reference::first_day(work, side, anchors),
        same_reference::last_day(work, side, anchors),
    ) else {
        return Vec::new();
    };
    let part = free.between(from.saturating_sub(width), to.saturating_add(width));
    let mut around: Vec<(i32, usize)> = Vec::with_capacity(part.len().min(most));
    for (days, day) in free.outward(part, from, to) {
        let lines = day.map(|at| free.line(at)).filter(|line| !anchors.contains(line));
        around.extend(lines.take(most - around.len()).map(|line| (days, line)));
        if around.len() == most {
            break;
        }
    }
    around
}

fn search(work: &Work<'_>, side: usize, near: &[(i32, usize)], missing: i64, most: usize) -> Found {
    let amounts: Vec<i64> = near.iter().map(|(_, item)| work.items[side][*item].amount).collect();
    let bounds = Bounds {
        least: 1,
        most,
        operations: work.rules.combination.operations,
        chance_ppm: None,
        unit: work.unit,
    };
    combination::search(&amounts, missing, bounds)
}

/// Lines of both kinds or signs under one number (an invoice and its receipt) are no anchor: what
/// would be missing of their net is anybody's guess.
fn mixed(work: &Work<'_>, class: &Cluster) -> bool {
    [(OURS, &class.ours), (THEIRS, &class.theirs)].into_iter().any(|(side, items)| {
        let first = &work.items[side][items[0]];
        items.iter().any(|item| {
            let line = &work.items[side][*item];
            line.amount.signum() != first.amount.signum() || line.money() != first.money()
        })
    })
}

/// Joins a sum that is certain; proposes any other, if asked to.
fn settle(work: &mut Work<'_>, class: &Cluster, sum: &Sum, tried: u64, sure: bool, propose: bool) {
    let mut whole = class.clone();
    if sum.side == OURS { &mut whole.ours } else { &mut whole.theirs }.extend(&sum.members);
    let verdict = same_reference::shape(work, &whole);
    let evidence = Evidence {
        key: work.key_text(OURS, class.ours[0]),
        search: Some(sum.answer),
        tried,
        candidates: sum.candidates as u64,
        rank: u32::from(!sure),
        ..Evidence::default()
    };
    if sure {
        work.join(Pass::Combination, &whole.ours, &whole.theirs, verdict, evidence);
    } else if propose {
        let verdict = verdict.with(Reason::Ambiguous);
        work.suggest(Pass::Combination, &whole.ours, &whole.theirs, verdict, evidence);
        for (side, items) in [(OURS, &class.ours), (THEIRS, &class.theirs)] {
            for item in items {
                work.doubtful[side][*item] = true;
            }
        }
    }
}

/// Two numbers whose differences cancel out, alone or with a few free lines of ours.
struct Rivals {
    a: usize,
    b: usize,
    members: Vec<usize>,
    answer: SearchAnswer,
    tried: u64,
    accidents: u64,
}

/// Two numbers differ by amounts that cancel out, alone or with lines that neither side's
/// numbers claim: several of ours are several of theirs and only the sums agree.
fn two_numbers(work: &mut Work<'_>) {
    let differing = same_reference::differing(work);
    let free = Free::of(work);
    let mut order: Vec<(i32, usize)> = differing
        .iter()
        .enumerate()
        .filter_map(|(at, (class, _))| {
            same_reference::last_day(work, THEIRS, &class.theirs).map(|day| (day, at))
        })
        .collect();
    order.sort_unstable();
    let after = work.rules.combination.after;
    let compared: Vec<(Vec<u64>, Vec<Rivals>)> = order
        .par_iter()
        .enumerate()
        .map(|(place, (day, a))| {
            let mut found = (Vec::new(), Vec::new());
            let next = order[place + 1..].iter().take(NEIGHBORS);
            for (_, b) in next.take_while(|(other, _)| other - day <= after && !work.stopped()) {
                cancel(work, &free, &differing, (*a, *b), &mut found);
            }
            found
        })
        .collect();
    let (mut trials, mut rivals) = (Trials::default(), Vec::new());
    for (searches, found) in compared {
        trials.searches.extend(searches);
        trials.finds.extend(found.iter().map(|rival| rival.accidents));
        rivals.extend(found);
    }
    let level = trials.level(work.rules.combination.chance_ppm);
    let mut uses = vec![0_u32; differing.len()];
    for rival in &rivals {
        uses[rival.a] += 1;
        uses[rival.b] += 1;
    }
    let certain =
        |rival: &&Rivals| uses[rival.a] == 1 && uses[rival.b] == 1 && rival.accidents <= level;
    for rival in rivals.iter().filter(certain) {
        let (first, second) = (&differing[rival.a].0, &differing[rival.b].0);
        regroup(work, first, second, rival);
    }
}

fn regroup(work: &mut Work<'_>, first: &Cluster, second: &Cluster, rival: &Rivals) {
    let open = rival.members.iter().all(|item| work.items[OURS][*item].open);
    if !open || !alive(work, first) || !alive(work, second) {
        return;
    }
    let ours = first.ours.iter().chain(&second.ours).chain(&rival.members).copied();
    let ours: Vec<usize> = ours.collect();
    let theirs: Vec<usize> = first.theirs.iter().chain(&second.theirs).copied().collect();
    let evidence = Evidence {
        key: work.key_text(OURS, first.ours[0]),
        search: Some(rival.answer),
        tried: rival.tried,
        ..Evidence::default()
    };
    work.join(Pass::Combination, &ours, &theirs, Verdict::of(Reason::Regrouped), evidence);
}

/// The free lines of ours that make two differences cancel: none, or a unique few between the
/// two numbers' dates.
fn cancel(
    work: &Work<'_>,
    free: &Free,
    differing: &[(Cluster, i64)],
    (a, b): (usize, usize),
    (searches, finds): &mut (Vec<u64>, Vec<Rivals>),
) {
    let (first, second) = (&differing[a], &differing[b]);
    let Some(missing) = first.1.checked_add(second.1).and_then(i64::checked_neg) else { return };
    let alone = accidents(1, first.1, work.unit);
    if missing == 0 {
        searches.push(alone);
        let (members, answer) = (Vec::new(), SearchAnswer::Unique);
        finds.push(Rivals { a, b, members, answer, tried: 1, accidents: alone });
        return;
    }
    let anchors: Vec<usize> = first.0.ours.iter().chain(&second.0.ours).copied().collect();
    let (from, to) = (
        same_reference::first_day(work, OURS, &anchors),
        same_reference::last_day(work, OURS, &anchors),
    );
    let (Some(from), Some(to), false) = (from, to, work.is_money(&anchors, &[])) else {
        searches.push(alone);
        return;
    };
    let free = free.beside(work, OURS, &anchors);
    let between: Vec<usize> = free
        .between(from, to)
        .map(|at| free.line(at))
        .filter(|line| !anchors.contains(line))
        .take(work.rules.combination.candidates)
        .collect();
    let amounts: Vec<i64> = between.iter().map(|item| work.items[OURS][*item].amount).collect();
    let bounds = Bounds {
        least: 1,
        most: 3,
        operations: work.rules.combination.operations,
        chance_ppm: Some(work.rules.combination.chance_ppm),
        unit: work.unit,
    };
    let found = combination::search(&amounts, missing, bounds);
    let accidents = accidents(found.tried, missing, work.unit).saturating_add(alone);
    searches.push(accidents);
    if let (SearchAnswer::Unique, Some(solution)) = (found.answer, found.solutions.first()) {
        let members = solution.iter().map(|at| between[*at]).collect();
        finds.push(Rivals { a, b, members, answer: found.answer, tried: found.tried, accidents });
    }
}
