//! Passes 3 and 4 same reference 同号: lines of one number whose sums agree, and those whose
//! amounts differ.

use std::collections::BTreeSet;

use heqi_domain::{NO_DAY, Reason};

use crate::evidence::Evidence;
use crate::explain::difference;
use crate::outcome::{Pass, Verdict};
use crate::reference;
use crate::ruleset::References;
use crate::work::{OURS, THEIRS, Work};

/// Lines of one number and amount among which an opposite is looked for: an account of its own
/// under one number is not searched through for a flipped sign.
const MOST_EQUAL: usize = 200;

/// Open lines of both sides that bear one number.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub ours: Vec<usize>,
    pub theirs: Vec<usize>,
}

/// Clusters of open lines by number, both sides present and in reach of each other.
pub(crate) fn clusters(work: &Work<'_>) -> Vec<Cluster> {
    let mut keyed: Vec<(u64, usize, usize)> = Vec::new();
    for side in [OURS, THEIRS] {
        let open = work.open(side).filter(|item| {
            let line = &work.items[side][*item];
            line.key != 0 && (!line.extra || work.rules.references == References::AsWritten)
        });
        keyed.extend(open.map(|item| (work.items[side][item].key, side, item)));
    }
    keyed.sort_unstable();
    keyed
        .chunk_by(|a, b| a.0 == b.0)
        .map(|chunk| {
            let pick = |side| -> Vec<usize> {
                chunk.iter().filter(|entry| entry.1 == side).map(|entry| entry.2).collect()
            };
            Cluster { ours: pick(OURS), theirs: pick(THEIRS) }
        })
        .filter(|cluster| !cluster.ours.is_empty() && !cluster.theirs.is_empty())
        .filter(|cluster| in_reach(work, cluster))
        .collect()
}

/// Numbers start again some day: lines farther apart than the window are not one document.
/// Lines stand in the order of their days, those without one first.
fn in_reach(work: &Work<'_>, cluster: &Cluster) -> bool {
    let window = work.rules.dates.reference_window;
    let day = |side: usize, item: usize| work.items[side][item].day;
    let (ours, theirs) = (&cluster.ours, &cluster.theirs);
    if day(OURS, ours[0]) == NO_DAY || day(THEIRS, theirs[0]) == NO_DAY {
        return true;
    }
    let (mut a, mut b) = (0, 0);
    while a < ours.len() && b < theirs.len() {
        let days = day(THEIRS, theirs[b]) - day(OURS, ours[a]);
        if days.abs() <= window {
            return true;
        }
        if days > 0 { a += 1 } else { b += 1 }
    }
    false
}

/// A cluster by sign, and as a whole where the signs do not part it: an invoice and its payment
/// share a number but are two facts, and are netted only if the other side nets them too.
pub(crate) fn classes(work: &Work<'_>, cluster: &Cluster) -> Vec<Cluster> {
    let by_sign = |positive: bool| Cluster {
        ours: filter(&cluster.ours, |item| (work.items[OURS][*item].amount > 0) == positive),
        theirs: filter(&cluster.theirs, |item| (work.items[THEIRS][*item].amount > 0) == positive),
    };
    let mut classes = vec![by_sign(true), by_sign(false)];
    classes.retain(|class| !class.ours.is_empty() && !class.theirs.is_empty());
    let lines = |class: &Cluster| class.ours.len() + class.theirs.len();
    if classes.iter().map(lines).sum::<usize>() < lines(cluster) {
        classes.push(cluster.clone());
    }
    classes
}

fn filter(items: &[usize], keep: impl Fn(&usize) -> bool) -> Vec<usize> {
    items.iter().copied().filter(|item| keep(item)).collect()
}

fn still_open(work: &Work<'_>, cluster: &Cluster) -> bool {
    cluster.ours.iter().all(|item| work.items[OURS][*item].open)
        && cluster.theirs.iter().all(|item| work.items[THEIRS][*item].open)
}

/// Pass 4, first of all: the direction is flipped. A line stands beside its exact opposite of
/// the same number and date, and an equal one, if there is any, is far away (the payment).
pub(crate) fn flipped(work: &mut Work<'_>) {
    let dates = work.rules.dates.clone();
    for cluster in clusters(work) {
        let mut by_amount: Vec<(i64, usize)> =
            cluster.ours.iter().map(|ours| (work.items[OURS][*ours].amount, *ours)).collect();
        by_amount.sort_unstable();
        // Amounts that too many lines of ours bear, noted once.
        let mut crowds: BTreeSet<i64> = BTreeSet::new();
        for theirs in &cluster.theirs {
            let amount = work.items[THEIRS][*theirs].amount;
            let of = |amount: i64| {
                let first = by_amount.partition_point(|entry| entry.0 < amount);
                let last = by_amount.partition_point(|entry| entry.0 <= amount);
                &by_amount[first..last]
            };
            let (equal, opposite) = (of(amount), of(-amount));
            let most = equal.len().max(opposite.len());
            if most > MOST_EQUAL {
                work.limit(THEIRS, *theirs, most);
                if crowds.insert(amount) {
                    for (_, ours) in equal.iter().chain(opposite) {
                        work.limit(OURS, *ours, cluster.theirs.len());
                    }
                }
                continue;
            }
            let near = |entry: &&(i64, usize), days: i32| {
                work.items[OURS][entry.1].open
                    && work.compatible(entry.1, *theirs)
                    && work.days(entry.1, *theirs).is_none_or(|apart| apart.abs() <= days)
            };
            let equal_near = equal.iter().any(|entry| near(&entry, dates.later));
            let opposite = opposite.iter().find(|entry| near(entry, dates.document_tolerance));
            if let (false, Some((_, ours))) = (equal_near, opposite) {
                join_differing(work, &Cluster { ours: vec![*ours], theirs: vec![*theirs] });
            }
        }
    }
}

/// Pass 3: the sums agree.
pub(crate) fn sums(work: &mut Work<'_>) {
    for cluster in clusters(work) {
        for class in classes(work, &cluster) {
            if still_open(work, &class)
                && work.sum(OURS, &class.ours) == work.sum(THEIRS, &class.theirs)
            {
                let verdict = shape(work, &class);
                let evidence = evidence(work, &class);
                work.join(Pass::SameReferenceSum, &class.ours, &class.theirs, verdict, evidence);
            }
        }
    }
}

/// What the numbers of lines on both sides say.
pub(crate) fn shape(work: &Work<'_>, class: &Cluster) -> Verdict {
    let mixed = |side: usize, items: &[usize]| {
        let lines = || items.iter().map(|item| &work.items[side][*item]);
        let one_number = lines().all(|line| line.key == work.items[side][items[0]].key);
        let unknown = lines().any(|line| line.money().is_none());
        let signs = lines().any(|line| line.amount > 0) && lines().any(|line| line.amount < 0);
        let kinds = lines().any(|line| line.kind.is_money())
            && lines().any(|line| line.money() == Some(false));
        kinds || (unknown && one_number && signs)
    };
    match (class.ours.len(), class.theirs.len()) {
        (1, 1) => {
            let verdict = Verdict::NONE;
            work.date_note(class.ours[0], class.theirs[0])
                .map_or(verdict, |note| verdict.with(note))
        }
        (_, 1) if mixed(OURS, &class.ours) => Verdict::of(Reason::PartialPayment),
        (1, _) if mixed(THEIRS, &class.theirs) => Verdict::of(Reason::PartialPayment),
        (1, _) => Verdict::of(Reason::Split),
        (_, 1) => Verdict::of(Reason::Merged),
        _ => Verdict::of(Reason::Regrouped),
    }
}

fn evidence(work: &Work<'_>, class: &Cluster) -> Evidence {
    Evidence {
        key: work.key_text(OURS, class.ours[0]),
        days: work.days(class.ours[class.ours.len() - 1], class.theirs[class.theirs.len() - 1]),
        ..Evidence::default()
    }
}

/// The classes whose sums differ, each line in at most one: by sign where that leaves less.
pub(crate) fn differing(work: &Work<'_>) -> Vec<(Cluster, i64)> {
    let mut result: Vec<(Cluster, i64)> = Vec::new();
    for cluster in clusters(work) {
        let difference =
            |class: &Cluster| work.sum(OURS, &class.ours) - work.sum(THEIRS, &class.theirs);
        let mut classes = classes(work, &cluster);
        let whole = classes.iter().position(|class| {
            class.ours.len() == cluster.ours.len() && class.theirs.len() == cluster.theirs.len()
        });
        if let Some(at) = whole
            && classes.len() > 1
        {
            let all = classes.remove(at);
            let parts: u64 = classes.iter().map(|class| difference(class).unsigned_abs()).sum();
            if difference(&all).unsigned_abs() < parts {
                classes = vec![all];
            }
        }
        classes.retain(|class| may_differ(work, class));
        result.extend(classes.into_iter().map(|class| {
            let left = difference(&class);
            (class, left)
        }));
    }
    result
}

/// Whether one line and one line may be the same fact at all: money never is a sale, and a
/// receipt's opposite is no receipt unless it is dated like it (a flipped sign); nor is number 1
/// of one series number 1 of another.
fn may_differ(work: &Work<'_>, class: &Cluster) -> bool {
    let ([ours], [theirs]) = (&class.ours[..], &class.theirs[..]) else { return true };
    let (a, b) = (&work.items[OURS][*ours], &work.items[THEIRS][*theirs]);
    let opposite = a.amount.signum() != b.amount.signum();
    let dated_alike =
        work.days(*ours, *theirs).is_none_or(|days| days.abs() <= work.rules.dates.money_tolerance);
    work.compatible(*ours, *theirs)
        && (!opposite || dated_alike || !work.is_money(&class.ours, &class.theirs))
        && !reference::other_series(work.raw(OURS, *ours), work.raw(THEIRS, *theirs))
}

/// Pass 4a: differences that explain themselves (rounding, tax, discount, flipped sign,
/// swapped digits).
pub(crate) fn explained(work: &mut Work<'_>) {
    for (class, _) in differing(work) {
        if class.ours.len() == 1 && class.theirs.len() == 1 {
            let reason = finding(work, &class).reason;
            let sure = [
                Reason::Rounding,
                Reason::Tax,
                Reason::Discount,
                Reason::WrongSign,
                Reason::DigitSlip,
            ];
            let one_digit = difference::is_one_digit(
                work.sum(OURS, &class.ours),
                work.sum(THEIRS, &class.theirs),
            );
            if one_digit || reason.is_some_and(|reason| sure.contains(&reason)) {
                join_differing(work, &class);
            }
        }
    }
}

/// Pass 4b: every other difference of one number, but for the lines that a proposed sum would
/// explain: those wait for a person.
pub(crate) fn rest(work: &mut Work<'_>) {
    if work.rules.references == References::AsWritten {
        return one_by_one(work);
    }
    let proposed = work.proposed();
    for (class, _) in differing(work) {
        let waits = |side: usize, items: &[usize]| items.iter().any(|item| proposed[side][*item]);
        if still_open(work, &class) && !waits(OURS, &class.ours) && !waits(THEIRS, &class.theirs) {
            join_differing(work, &class);
        }
    }
}

/// A plain comparison: lines of one number are paired one by one, smallest amounts first, and
/// every difference stays open.
fn one_by_one(work: &mut Work<'_>) {
    for mut cluster in clusters(work) {
        cluster.ours.sort_by_key(|item| (work.items[OURS][*item].amount, *item));
        cluster.theirs.sort_by_key(|item| (work.items[THEIRS][*item].amount, *item));
        for (ours, theirs) in cluster.ours.iter().zip(&cluster.theirs) {
            let pair = Cluster { ours: vec![*ours], theirs: vec![*theirs] };
            let found = finding(work, &pair);
            let verdict = found.reason.map_or(Verdict::NONE, Verdict::of);
            let evidence = Evidence {
                rate_ppm: found.rate_ppm,
                hypotheses: found.hypotheses,
                ..evidence(work, &pair)
            };
            work.join(Pass::SameReference, &pair.ours, &pair.theirs, verdict, evidence);
        }
    }
}

fn finding(work: &Work<'_>, class: &Cluster) -> difference::Finding {
    difference::explain(
        work.sum(OURS, &class.ours),
        work.sum(THEIRS, &class.theirs),
        work.is_money(&class.ours, &class.theirs),
        &work.rules.differences,
    )
}

fn join_differing(work: &mut Work<'_>, class: &Cluster) {
    let found = finding(work, class);
    let several = class.ours.len() + class.theirs.len() > 2;
    let main = match found.reason {
        Some(Reason::Amount) if several => Some(Reason::SplitIncomplete),
        other => other,
    };
    let mut verdict = main.map_or(Verdict::NONE, Verdict::of);
    if !several && let Some(note) = work.date_note(class.ours[0], class.theirs[0]) {
        verdict = verdict.with(note);
    }
    let evidence = Evidence {
        rate_ppm: found.rate_ppm,
        hypotheses: found.hypotheses,
        ..evidence(work, class)
    };
    // Several lines of one number with an unexplained rest: some line of the group is missing
    // or one too many, and which is a person's to say. The same where a sum explains it too.
    let doubtful =
        |side: usize, items: &[usize]| items.iter().any(|item| work.doubtful[side][*item]);
    let doubtful = doubtful(OURS, &class.ours) || doubtful(THEIRS, &class.theirs);
    // Money bears the number of what it pays, not its own: two sums that differ may be two
    // payments of one invoice.
    let money = work.is_money(&class.ours, &class.theirs) && main == Some(Reason::Amount);
    if money || main == Some(Reason::SplitIncomplete) || (doubtful && found_amount(main)) {
        let evidence = Evidence { rank: 1, ..evidence };
        work.suggest(Pass::SameReference, &class.ours, &class.theirs, verdict, evidence);
    } else {
        work.join(Pass::SameReference, &class.ours, &class.theirs, verdict, evidence);
    }
}

/// Whether nothing but the amounts themselves explains the difference.
const fn found_amount(main: Option<Reason>) -> bool {
    matches!(main, Some(Reason::Amount | Reason::BankCharge))
}

/// The first day of some lines, if any has one.
pub(crate) fn first_day(work: &Work<'_>, side: usize, items: &[usize]) -> Option<i32> {
    items.iter().map(|item| work.items[side][*item].day).filter(|day| *day != NO_DAY).min()
}

/// The last day of some lines, if any has one.
pub(crate) fn last_day(work: &Work<'_>, side: usize, items: &[usize]) -> Option<i32> {
    items.iter().map(|item| work.items[side][*item].day).filter(|day| *day != NO_DAY).max()
}
