//! Several lines of one reference and amount: who of them belongs to whom.

use heqi_domain::Lines;

use super::join::Join;
use super::partition::Entry;
use super::{Exact, PlainPair};
use crate::content::{content_key, id_of_keys};

/// A line and its content key.
type Keyed = (Entry, u64);

impl Join<'_> {
    /// Settles lines that share their key with others, key by key.
    pub(super) fn clusters(
        &self,
        [mut ours, mut theirs]: [Vec<Entry>; 2],
        pairs: &mut Vec<PlainPair>,
        found: &mut Exact,
    ) {
        ours.sort_unstable_by_key(|entry| (entry.key, entry.line));
        theirs.sort_unstable_by_key(|entry| (entry.key, entry.line));
        let mut rest = theirs.as_slice();
        for ours in ours.chunk_by(|one, other| one.key == other.key) {
            let count = rest.iter().take_while(|entry| entry.key == ours[0].key).count();
            let (theirs, others) = rest.split_at(count);
            rest = others;
            if theirs.is_empty() {
                found.open[0].extend(ours.iter().map(|entry| entry.left(false)));
            } else {
                self.several(ours, theirs, pairs, found);
            }
        }
        // Theirs have the keys of ours, so nothing is left.
        found.open[1].extend(rest.iter().map(|entry| entry.left(false)));
    }

    /// A block if nothing tells them apart and the counts agree, else the nearest pairs; what is
    /// left is one too many.
    fn several(
        &self,
        ours: &[Entry],
        theirs: &[Entry],
        pairs: &mut Vec<PlainPair>,
        found: &mut Exact,
    ) {
        let block = ours[0].block;
        // A key that two blocks share by accident is no cluster at all.
        if ours.iter().chain(theirs).any(|entry| entry.block != block) {
            found.open[0].extend(ours.iter().map(|entry| entry.left(false)));
            found.open[1].extend(theirs.iter().map(|entry| entry.left(false)));
            return;
        }
        let a = sorted_by_content(self.ours, ours);
        let b = sorted_by_content(self.theirs, theirs);
        let alike = |lines: &Lines, side: &[Keyed]| {
            let first = &side[0].0;
            let kind = |entry: &Entry| lines.kind[entry.line as usize];
            side.iter().all(|(entry, _)| {
                entry.day == first.day
                    && lines.reference.get(entry.line) == lines.reference.get(first.line)
                    && kind(entry) == kind(first)
            })
        };
        if a.len() == b.len()
            && alike(self.ours, &a)
            && alike(self.theirs, &b)
            && self.agree(&a[0].0, &b[0].0)
        {
            let pick = |side: &[Keyed]| side.iter().map(|(entry, _)| entry.line).collect();
            found.alike.push((pick(&a), pick(&b)));
            return;
        }
        let mut candidates: Vec<(bool, i32, usize, usize)> = Vec::new();
        // A cluster beyond this is a degenerate file (every line one reference and amount):
        // in date order its k-th stands against the k-th.
        let wide = a.len() * b.len() > 10_000;
        for (i, (x, _)) in a.iter().enumerate() {
            let (first, end) = if wide { (i, b.len().min(i + 1)) } else { (0, b.len()) };
            for (j, (y, _)) in b.iter().enumerate().take(end).skip(first) {
                if self.agree(x, y) {
                    let kinds =
                        (self.ours.kind[x.line as usize], self.theirs.kind[y.line as usize]);
                    let unlike = !self.same_as_written(x, y) || kinds.0 != kinds.1;
                    candidates.push((unlike, x.distance(y).unwrap_or(0), i, j));
                }
            }
        }
        candidates.sort_unstable();
        let partner_of_b = most_pairs(a.len(), b.len(), &candidates);
        let mut used_a = vec![false; a.len()];
        for ((y, key), partner) in b.iter().zip(&partner_of_b) {
            if let Some(i) = *partner {
                used_a[i] = true;
                let id = id_of_keys(&[a[i].1], &[*key]);
                self.pair(id, (&a[i].0, y), pairs, found);
            }
        }
        let paired = used_a.contains(&true);
        let open_a = a.iter().zip(&used_a).filter(|(_, used)| !**used);
        found.open[0].extend(open_a.map(|((entry, _), _)| entry.left(paired)));
        let open_b = b.iter().zip(&partner_of_b).filter(|(_, partner)| partner.is_none());
        found.open[1].extend(open_b.map(|((entry, _), _)| entry.left(paired)));
    }
}

/// As many pairs as can be, the best candidates first: per line of theirs, its partner of ours.
///
/// Source: augmenting paths (Kuhn); candidates are in order of preference.
fn most_pairs(
    ours: usize,
    theirs: usize,
    candidates: &[(bool, i32, usize, usize)],
) -> Vec<Option<usize>> {
    let mut of_ours: Vec<Vec<usize>> = vec![Vec::new(); ours];
    let mut partner: Vec<Option<usize>> = vec![None; theirs];
    let mut taken = vec![false; ours];
    for (_, _, i, j) in candidates {
        of_ours[*i].push(*j);
        if !taken[*i] && partner[*j].is_none() {
            (taken[*i], partner[*j]) = (true, Some(*i));
        }
    }
    for start in (0..ours).filter(|i| !taken[*i] && !of_ours[*i].is_empty()) {
        let mut seen = vec![false; theirs];
        augment(start, &of_ours, &mut partner, &mut seen);
    }
    partner
}

fn augment(
    i: usize,
    of_ours: &[Vec<usize>],
    partner: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for j in &of_ours[i] {
        if std::mem::replace(&mut seen[*j], true) {
            continue;
        }
        let free = match partner[*j] {
            None => true,
            Some(other) => augment(other, of_ours, partner, seen),
        };
        if free {
            partner[*j] = Some(i);
            return true;
        }
    }
    false
}

/// By day, then content; only where both are equal does the place in the file decide.
fn sorted_by_content(lines: &Lines, entries: &[Entry]) -> Vec<Keyed> {
    let mut keyed: Vec<Keyed> =
        entries.iter().map(|entry| (*entry, content_key(lines, entry.line))).collect();
    keyed.sort_unstable_by_key(|(entry, content)| (entry.day, *content, entry.line));
    keyed
}
