//! Pass 7 amount and date 金额日期: no usable reference, the same amount, dates in the window.
//!
//! Only what is unique both ways is joined, again and again until nothing more becomes unique;
//! then sets of interchangeable lines whose counts agree, asserted as sets. First in the whole
//! window, then in ever narrower ones, where a pair must be near and every rival far.
//!
//! Two numbers that differ deny that the lines are one. Where the other side's number is merely
//! unknown here, equal amounts may still be an accident: such pairs are settled only if the
//! block has more of them than chance would make.

use hashbrown::HashMap;
use heqi_domain::{NO_DAY, Reason};
use rayon::prelude::*;

use crate::chance::{Trials, accidents};
use crate::evidence::Evidence;
use crate::outcome::{Pass, Verdict};
use crate::passes::by_day::ByDay;
use crate::passes::variant::{MOST_PAIRS, clusters_by_amount};
use crate::work::{Item, OURS, THEIRS, Work};

/// Open lines of one amount, ours and theirs.
type Equal = (Vec<usize>, Vec<usize>);

/// Lines of ours and of theirs that are one.
type Joined = (Vec<usize>, Vec<usize>);

pub(crate) fn run(work: &mut Work<'_>) {
    let mut clusters: Vec<Equal> = Vec::new();
    for (ours, theirs) in clusters_by_amount(work, |item| !item.extra) {
        let (ours, theirs) = (distinct(work, OURS, &ours), distinct(work, THEIRS, &theirs));
        if ours.len() * theirs.len() <= MOST_PAIRS {
            clusters.push((ours, theirs));
        } else {
            for (side, lines, others) in [(OURS, &ours, &theirs), (THEIRS, &theirs, &ours)] {
                for line in lines {
                    work.limited[side][*line] = others.len() as u64;
                }
            }
        }
    }
    let decide = |level: u64, reach: &Reach| -> Vec<Joined> {
        let all = |cluster: &Equal| Cluster::of(work, cluster, reach, level).decide(work);
        clusters.par_iter().flat_map_iter(all).collect()
    };
    // What would be settled if every pair were believed shows how far unlike numbers may be.
    let reach = Reach::of(work);
    let mut joined = decide(u64::MAX, &reach);
    let doubted =
        |(ours, theirs): &Joined| ours.iter().any(|a| theirs.iter().any(|b| unlike(work, *a, *b)));
    let mut trials = Trials::default();
    for (ours, theirs) in joined.iter().filter(|one| doubted(one)) {
        trials.finds.extend(ours.iter().map(|line| reach.accidents(work, OURS, *line)));
        trials.finds.extend(theirs.iter().map(|line| reach.accidents(work, THEIRS, *line)));
    }
    if !trials.finds.is_empty() {
        for side in [OURS, THEIRS] {
            let numbered = work.open(side).filter(|line| numbered(&work.items[side][*line]));
            trials.searches.extend(numbered.map(|line| reach.accidents(work, side, line)));
        }
        let level = trials.level(work.rules.combination.chance_ppm);
        joined = decide(level, &reach);
    }
    for (ours, theirs) in joined {
        join(work, &ours, &theirs);
    }
}

/// Whether both lines bear a number, and not one.
fn unlike(work: &Work<'_>, ours: usize, theirs: usize) -> bool {
    let (a, b) = (&work.items[OURS][ours], &work.items[THEIRS][theirs]);
    a.key != 0 && b.key != 0 && a.key != b.key
}

const fn numbered(item: &Item) -> bool {
    item.key != 0 && !item.extra
}

/// Open lines with a number, by side: among how many of the other a line is looked for.
struct Reach([(ByDay, usize); 2]);

impl Reach {
    /// By day, and how many have none.
    fn of(work: &Work<'_>) -> Self {
        Self([OURS, THEIRS].map(|side| {
            let items = &work.items[side];
            let undated = work
                .open(side)
                .filter(|line| items[*line].day == NO_DAY && numbered(&items[*line]))
                .count();
            (ByDay::of(work, side, |line| numbered(&items[line])), undated)
        }))
    }

    /// Accidents to be expected for a line.
    fn accidents(&self, work: &Work<'_>, side: usize, line: usize) -> u64 {
        let item = &work.items[side][line];
        let dates = &work.rules.dates;
        let (back, on) = match (item.kind.is_money(), side == OURS) {
            (true, _) => (dates.money_tolerance * 2, dates.money_tolerance * 2),
            (false, true) => (dates.earlier, dates.later),
            (false, false) => (dates.later, dates.earlier),
        };
        let (from, to) = match item.day {
            NO_DAY => (NO_DAY, i32::MAX),
            day => (day.saturating_sub(back), day.saturating_add(on)),
        };
        let (dated, undated) = &self.0[1 - side];
        accidents((dated.between(from, to).len() + undated) as u64, item.amount, work.unit)
    }
}

/// Lines of one number, amount and date are one document entered more than once: one of them
/// stands for all, the others are too many.
fn distinct(work: &mut Work<'_>, side: usize, lines: &[usize]) -> Vec<usize> {
    let near = work.rules.dates.document_tolerance * 2;
    let mut kept: Vec<usize> = Vec::with_capacity(lines.len());
    // The last line kept of a number; lines stand by day, those without one first.
    let mut last: HashMap<u64, i32> = HashMap::new();
    for at in lines {
        let line = &work.items[side][*at];
        let twin = line.key != 0
            && last.get(&line.key).is_some_and(|day| *day == NO_DAY || line.day - day <= near);
        if twin {
            work.items[side][*at].extra = true;
        } else {
            last.insert(line.key, line.day);
            kept.push(*at);
        }
    }
    kept
}

/// Whether two lines may be one although no number says so.
pub(crate) fn admissible(work: &Work<'_>, ours: usize, theirs: usize) -> bool {
    let (a, b) = (&work.items[OURS][ours], &work.items[THEIRS][theirs]);
    work.compatible(ours, theirs) && in_window(work, ours, theirs) && !contradict(work, a, b)
}

/// Two numbers of one numbering that differ are two documents. Money is named after what it
/// pays as often as by a number of its own, so its number proves nothing.
fn contradict(work: &Work<'_>, a: &Item, b: &Item) -> bool {
    let money = a.kind.is_money() || b.kind.is_money();
    if a.key == 0 || b.key == 0 || a.key == b.key {
        return false;
    }
    if money {
        b.points && a.points && !work.rules.passes.diagnostic
    } else {
        a.points || b.points || (a.shared_shape && b.shared_shape)
    }
}

pub(crate) fn in_window(work: &Work<'_>, ours: usize, theirs: usize) -> bool {
    let dates = &work.rules.dates;
    let money = work.is_money(&[ours], &[theirs]);
    let (earlier, later) = if money {
        (dates.money_tolerance * 2, dates.money_tolerance * 2)
    } else {
        (dates.earlier, dates.later)
    };
    work.days(ours, theirs).is_none_or(|days| days >= -earlier && days <= later)
}

/// Distance that orders rivals: a statement that follows is nearer than one that precedes.
pub(crate) fn distance(work: &Work<'_>, ours: usize, theirs: usize) -> i32 {
    work.days(ours, theirs).map_or(0, i32::abs)
}

/// A pair that may be one, by its places in the cluster.
#[derive(Clone, Copy)]
struct Edge {
    a: usize,
    b: usize,
    days: i32,
    /// Whether it may be settled; it is a rival of others all the same.
    believed: bool,
}

/// The lines of one amount while they are being decided.
struct Cluster<'a> {
    lines: &'a Equal,
    edges: Vec<Edge>,
    joined: Vec<Joined>,
}

impl<'a> Cluster<'a> {
    fn of(work: &Work<'_>, lines: &'a Equal, reach: &Reach, level: u64) -> Self {
        let likely = |side: usize, line: usize| {
            level < u64::MAX && reach.accidents(work, side, line) > level
        };
        let of_theirs: Vec<bool> = lines.1.iter().map(|line| likely(THEIRS, *line)).collect();
        let mut edges = Vec::new();
        for (a, ours) in lines.0.iter().enumerate() {
            let likely_of_ours = likely(OURS, *ours);
            for (b, theirs) in lines.1.iter().enumerate() {
                if admissible(work, *ours, *theirs) {
                    let believed =
                        !unlike(work, *ours, *theirs) || !(likely_of_ours || of_theirs[b]);
                    edges.push(Edge { a, b, days: distance(work, *ours, *theirs), believed });
                }
            }
        }
        Self { lines, edges, joined: Vec::new() }
    }

    /// Whole window, then narrower: in a narrow one the rivals outside must be far.
    fn decide(mut self, work: &Work<'_>) -> Vec<Joined> {
        let near = work.rules.dates.near;
        for (width, clear) in [(i32::MAX, 0), (near, near * 5)] {
            loop {
                let before = self.edges.len();
                self.unique(width, clear);
                self.alike(width);
                if self.edges.len() == before || work.stopped() {
                    break;
                }
            }
        }
        self.joined
    }

    fn unique(&mut self, width: i32, clear: i32) {
        let two_of_ours = two_best(self.lines.0.len(), &self.edges, |edge| edge.a);
        let two_of_theirs = two_best(self.lines.1.len(), &self.edges, |edge| edge.b);
        let clear_of_rivals = |(nearest, second): (i32, i32), days: i32| {
            if width == i32::MAX {
                second == i32::MAX
            } else {
                days == nearest && second >= days.saturating_add(clear)
            }
        };
        let unique: Vec<Edge> = self
            .edges
            .iter()
            .filter(|edge| {
                edge.believed
                    && edge.days <= width
                    && clear_of_rivals(two_of_ours[edge.a], edge.days)
                    && clear_of_rivals(two_of_theirs[edge.b], edge.days)
            })
            .copied()
            .collect();
        self.take(unique.iter().map(|edge| (vec![edge.a], vec![edge.b])).collect());
    }

    /// Components whose every line may be any other's partner, with equal counts: a block match.
    fn alike(&mut self, width: i32) {
        let (ours, theirs) = (self.lines.0.len(), self.lines.1.len());
        let within = || self.edges.iter().filter(|edge| edge.days <= width);
        let of = components(ours + theirs, within().map(|edge| (edge.a, ours + edge.b)));
        let mut found: Vec<(Vec<usize>, Vec<usize>)> = vec![(vec![], vec![]); ours + theirs];
        (0..ours).for_each(|a| found[of[a]].0.push(a));
        (0..theirs).for_each(|b| found[of[ours + b]].1.push(b));
        let mut pairs = vec![0_usize; ours + theirs];
        within().for_each(|edge| pairs[of[edge.a]] += 1);
        // A line with a rival outside the component is not this component's to decide.
        for edge in &self.edges {
            let (a, b) = (of[edge.a], of[ours + edge.b]);
            if a != b || !edge.believed {
                (pairs[a], pairs[b]) = (usize::MAX, usize::MAX);
            }
        }
        let alike = found.into_iter().zip(pairs).filter(|((ours, theirs), pairs)| {
            ours.len() == theirs.len() && ours.len() > 1 && *pairs == ours.len() * theirs.len()
        });
        let alike = alike.map(|(component, _)| component).collect();
        self.take(alike);
    }

    fn take(&mut self, joined: Vec<(Vec<usize>, Vec<usize>)>) {
        let (ours, theirs) = self.lines;
        let (mut a, mut b) = (vec![false; ours.len()], vec![false; theirs.len()]);
        for (of_ours, of_theirs) in joined {
            of_ours.iter().for_each(|at| a[*at] = true);
            of_theirs.iter().for_each(|at| b[*at] = true);
            let pick = |lines: &[usize], places: Vec<usize>| -> Vec<usize> {
                places.into_iter().map(|at| lines[at]).collect()
            };
            self.joined.push((pick(ours, of_ours), pick(theirs, of_theirs)));
        }
        self.edges.retain(|edge| !a[edge.a] && !b[edge.b]);
    }
}

/// Per line its nearest partner's distance and the next one's (`MAX`: none).
fn two_best(lines: usize, edges: &[Edge], line: impl Fn(&Edge) -> usize) -> Vec<(i32, i32)> {
    let mut best = vec![(i32::MAX, i32::MAX); lines];
    for edge in edges {
        let (nearest, second) = &mut best[line(edge)];
        if edge.days < *nearest {
            (*nearest, *second) = (edge.days, *nearest);
        } else {
            *second = edge.days.min(*second);
        }
    }
    best
}

/// Connected components: per place the least place it is connected with.
fn components(count: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut root: Vec<usize> = (0..count).collect();
    let find = |root: &mut Vec<usize>, mut at: usize| {
        while root[at] != at {
            root[at] = root[root[at]];
            at = root[at];
        }
        at
    };
    for (a, b) in edges {
        let (a, b) = (find(&mut root, a), find(&mut root, b));
        root[a.max(b)] = a.min(b);
    }
    (0..count).map(|at| find(&mut root, at)).collect()
}

fn join(work: &mut Work<'_>, ours: &[usize], theirs: &[usize]) {
    let (verdict, evidence) = match (ours, theirs) {
        ([a], [b]) => {
            let evidence = Evidence { days: work.days(*a, *b), ..Evidence::default() };
            (pair_verdict(work, *a, *b), evidence)
        }
        _ => (alike_verdict(work, ours, theirs), Evidence::default()),
    };
    work.join(Pass::AmountDate, ours, theirs, verdict, evidence);
}

fn alike_verdict(work: &Work<'_>, ours: &[usize], theirs: &[usize]) -> Verdict {
    let mut verdict = Verdict::NONE;
    let notes: Vec<Option<Reason>> =
        ours.iter().zip(theirs).map(|(a, b)| work.reference_note(*a, *b)).collect();
    for note in notes.into_iter().flatten() {
        verdict = verdict.with(note);
    }
    verdict
}

/// Notes on reference and date of a pair that amount and date alone have joined.
pub(crate) fn pair_verdict(work: &Work<'_>, a: usize, b: usize) -> Verdict {
    let mut verdict = Verdict::NONE;
    for note in [work.reference_note(a, b), work.date_note(a, b)].into_iter().flatten() {
        verdict = verdict.with(note);
    }
    verdict
}
