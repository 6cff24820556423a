//! Exact search for the subsets that make a sum 组合求和.
//!
//! Never first fit: the answer is *unique*, *alternatives*, *none* (proved) or *limit reached*.
//! Whether a unique answer may settle is another question: among many candidates some subset
//! makes any amount by chance, and the expected number of such accidents is about the number of
//! subsets tried divided by the amount in minor units (perf.md §3, guard study).

use std::cmp::Ordering;

use crate::evidence::SearchAnswer;

/// Bounds of one search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Smallest number of parts.
    pub least: usize,
    /// Largest number of parts.
    pub most: usize,
    /// Operations that may be spent.
    pub operations: u64,
    /// Subsets per million minor units of the target beyond which no larger size is tried;
    /// `None`: only operations bound the search.
    pub chance_ppm: Option<i64>,
    /// The unit that the amounts of this book are multiples of, in minor units: among round
    /// amounts far fewer totals are possible, so an accident is that much likelier.
    pub unit: i64,
}

/// Whether so many subsets are likely to make `target` by chance: more than `limit_ppm`
/// accidents are expected per million.
pub(crate) fn by_chance(tried: u64, target: i64, unit: i64, limit_ppm: i64) -> bool {
    let targets = i128::from(target.unsigned_abs()) / i128::from(unit.max(1));
    i128::from(tried) * 1_000_000 > i128::from(limit_ppm) * targets
}

/// The largest round number (1, 2, 5, 10, … minor units) that four of five amounts are a
/// multiple of; 1 where there are too few to tell.
pub(crate) fn unit_of(amounts: impl Iterator<Item = i64> + Clone) -> i64 {
    let count = amounts.clone().count();
    if count < 10 {
        return 1;
    }
    let mut unit = 1_i64;
    for power in 0..8 {
        for step in [2, 5, 10] {
            let candidate = step * 10_i64.pow(power);
            let round = amounts.clone().filter(|amount| amount % candidate == 0).count();
            if round * 5 >= count * 4 {
                unit = unit.max(candidate);
            }
        }
    }
    unit
}

/// What a search found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub answer: SearchAnswer,
    /// The first few solutions, fewest parts first; indices into the candidates.
    pub solutions: Vec<Vec<usize>>,
    /// Subsets that the tried sizes comprise.
    pub tried: u64,
    /// The operations were spent before all sizes were tried.
    pub spent: bool,
}

/// Solutions that are kept; more are only counted.
const KEPT: usize = 3;

/// Searches `amounts` for subsets that sum to `target`.
///
/// Sizes are tried in order and the search ends with the first size that has a solution: a
/// larger sum beside a smaller one is no rival, it is only more likely to be an accident.
pub(crate) fn search(amounts: &[i64], target: i64, bounds: Bounds) -> Found {
    let mut found =
        Found { answer: SearchAnswer::None, solutions: Vec::new(), tried: 0, spent: false };
    let mut sums: Option<Sums> = None;
    let mut spent = 0_u64;
    for size in bounds.least..=bounds.most.min(amounts.len()) {
        let tried = found.tried.saturating_add(subsets(amounts.len(), size));
        let too_likely =
            bounds.chance_ppm.is_some_and(|limit| by_chance(tried, target, bounds.unit, limit));
        if too_likely || spent.saturating_add(cost(amounts.len(), size)) > bounds.operations {
            found.spent = !too_likely;
            found.answer = SearchAnswer::LimitReached;
            return found;
        }
        spent += cost(amounts.len(), size);
        found.tried = tried;
        let sums = sums.get_or_insert_with(|| Sums::of(amounts, target));
        if !sums.may_make(size, i128::from(target)) {
            continue;
        }
        let mut walk = Walk {
            sorted: &sums.sorted,
            chosen: Vec::with_capacity(size),
            hits: Vec::new(),
            count: 0,
        };
        walk.down(0, size, i128::from(target));
        if walk.count > 0 {
            found.answer = if walk.count == 1 {
                SearchAnswer::Unique
            } else {
                SearchAnswer::Alternatives { found: walk.count }
            };
            let place = |at: &usize| sums.order[*at] as usize;
            found.solutions = walk.hits.iter().map(|hit| hit.iter().map(place).collect()).collect();
            return found;
        }
    }
    found
}

/// Most amounts whose pairs are kept.
const MOST_PAIRED: usize = 128;

/// The amounts of a search and the sums of two of them, to see without walking all subsets that
/// none makes a target. Nearly every search ends so: what most lines look for is not there.
struct Sums {
    /// The amounts that can be part of the target, sorted.
    sorted: Vec<i64>,
    /// Where each of them stands among the candidates.
    order: Vec<u32>,
    /// Sums of two amounts, sorted; made when first asked for.
    pairs: Vec<i64>,
}

impl Sums {
    fn of(amounts: &[i64], target: i64) -> Self {
        // Where all amounts have one sign, none beyond the target can be part of it.
        let (none_below, none_above) =
            (amounts.iter().all(|one| *one >= 0), amounts.iter().all(|one| *one <= 0));
        let useful = |one: i64| (!none_below || one <= target) && (!none_above || one >= target);
        let mut keyed: Vec<(i64, u32)> = amounts
            .iter()
            .zip(0_u32..)
            .filter(|(one, _)| useful(**one))
            .map(|(one, at)| (*one, at))
            .collect();
        keyed.sort_unstable();
        let (sorted, order) = keyed.into_iter().unzip();
        Self { sorted, order, pairs: Vec::new() }
    }

    /// Whether subsets of so many could make the target. A sum that takes one amount twice
    /// counts too, so only the answer no is sure.
    fn may_make(&mut self, size: usize, target: i128) -> bool {
        if self.sorted.len() < size {
            return false;
        }
        if size == 2 {
            return two_make(&self.sorted, target);
        }
        if !(3..=5).contains(&size) || self.sorted.len() > MOST_PAIRED {
            return true;
        }
        if self.pairs.is_empty() && size > 3 {
            for (at, one) in self.sorted.iter().enumerate() {
                // All sums of what is matched fit; see `run::bounded`.
                self.pairs.extend(self.sorted[..at].iter().map(|two| one.saturating_add(*two)));
            }
            self.pairs.sort_unstable();
        }
        let amounts = || self.sorted.iter().map(|amount| i128::from(*amount));
        match size {
            3 => amounts().any(|one| two_make(&self.sorted, target - one)),
            4 => two_make(&self.pairs, target),
            _ => amounts().any(|one| two_make(&self.pairs, target - one)),
        }
    }
}

/// Whether two of sorted numbers make a target; from both ends, one step a number.
fn two_make<N: Copy + Into<i128>>(sorted: &[N], target: i128) -> bool {
    let mut rest = sorted;
    while let [first, .., last] = rest {
        let sum: i128 = (*first).into() + (*last).into();
        match sum.cmp(&target) {
            Ordering::Equal => return true,
            Ordering::Less => rest = &rest[1..],
            Ordering::Greater => rest = &rest[..rest.len() - 1],
        }
    }
    false
}

/// Number of subsets of `size` of `count`, saturating.
pub(crate) fn subsets(count: usize, size: usize) -> u64 {
    let mut number = 1_u64;
    for step in 0..size.min(count) {
        number = number.saturating_mul((count - step) as u64) / (step as u64 + 1);
    }
    if size > count { 0 } else { number }
}

/// Operations of a size: all but the last part are walked, the last is looked up.
fn cost(count: usize, size: usize) -> u64 {
    subsets(count, size.saturating_sub(1)).saturating_mul(4)
}

struct Walk<'a> {
    sorted: &'a [i64],
    chosen: Vec<usize>,
    hits: Vec<Vec<usize>>,
    count: u32,
}

impl Walk<'_> {
    /// Chooses `left` more parts from `from` on that make `target`.
    fn down(&mut self, from: usize, left: usize, target: i128) {
        let rest = &self.sorted[from.min(self.sorted.len())..];
        if left == 1 {
            let Ok(wanted) = i64::try_from(target) else { return };
            let first = from + rest.partition_point(|amount| *amount < wanted);
            let equal = self.sorted[first..].iter().take_while(|amount| **amount == wanted).count();
            for at in first..first + equal {
                self.count = self.count.saturating_add(1);
                if self.hits.len() < KEPT {
                    self.hits.push(self.chosen.iter().copied().chain([at]).collect());
                }
            }
            return;
        }
        if rest.len() < left {
            return;
        }
        // The largest parts bound what can still be reached.
        let top: i128 =
            rest[rest.len() - (left - 1)..].iter().map(|amount| i128::from(*amount)).sum();
        for at in from..=self.sorted.len() - left {
            let part = i128::from(self.sorted[at]);
            if part * left as i128 > target {
                return;
            }
            if part + top < target {
                continue;
            }
            self.chosen.push(at);
            self.down(at + 1, left - 1, target - part);
            self.chosen.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Bounds =
        Bounds { least: 1, most: 5, operations: 1 << 40, chance_ppm: None, unit: 1 };

    #[track_caller]
    fn check(amounts: &[i64], target: i64, answer: SearchAnswer, first: &[usize]) {
        let found = search(amounts, target, WIDE);
        assert_eq!(found.answer, answer);
        let mut parts = found.solutions.first().cloned().unwrap_or_default();
        parts.sort_unstable();
        assert_eq!(parts, first);
    }

    #[test]
    fn four_answers() {
        check(&[40, 80, 25], 105, SearchAnswer::Unique, &[1, 2]);
        check(&[40, 60, 50, 50], 100, SearchAnswer::Alternatives { found: 2 }, &[0, 1]);
        check(&[40, 80], 100, SearchAnswer::None, &[]);
        let narrow = Bounds { operations: 10, ..WIDE };
        assert_eq!(search(&[1; 40], 3, narrow).answer, SearchAnswer::LimitReached);
    }

    #[test]
    fn fewest_parts_win_and_signs_mix() {
        check(&[100, 60, 40, -5], 100, SearchAnswer::Unique, &[0]);
        check(&[70, 35, -5], 100, SearchAnswer::Unique, &[0, 1, 2]);
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_trying_every_subset(
            amounts in proptest::collection::vec(-50_i64..50, 1..9),
            target in -80_i64..80,
        ) {
            let found = search(&amounts, target, WIDE);
            let mut best: Vec<u32> = Vec::new();
            for mask in 1_u32..1 << amounts.len() {
                let parts = mask.count_ones() as usize;
                let chosen = (0..amounts.len()).filter(|i| mask >> i & 1 == 1);
                let sum: i64 = chosen.map(|i| amounts[i]).sum();
                if parts <= 5 && sum == target {
                    best.push(mask);
                }
            }
            let fewest = best.iter().map(|mask| mask.count_ones()).min();
            let rivals = best.iter().filter(|mask| Some(mask.count_ones()) == fewest).count();
            match found.answer {
                SearchAnswer::None => proptest::prop_assert_eq!(rivals, 0),
                SearchAnswer::Unique => proptest::prop_assert_eq!(rivals, 1),
                SearchAnswer::Alternatives { found } => {
                    proptest::prop_assert_eq!(rivals, found as usize);
                }
                SearchAnswer::LimitReached => proptest::prop_assert!(false),
            }
        }
    }
}
