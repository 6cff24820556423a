//! Pass 2 exact 精确: same customer, same reference, same amount, over whole columns.
//!
//! There are millions of such pairs, so this pass works on columns: a 64-bit key of (block,
//! reference, amount) per line, both sides partitioned by key, each partition sorted and merged.
//! A key only finds candidates; what it finds is compared in full before it counts.

use heqi_domain::{Day, LineIx, Lines, NO_DAY};
use rayon::prelude::*;

use crate::block::Blocks;
use crate::content::content_key;
use crate::outcome::{ExactPair, GroupId};
use crate::reference;
use crate::ruleset::{References, RuleSet};
use crate::work::date_note;

/// What the exact pass found and what it left.
#[derive(Default)]
pub(crate) struct Exact {
    /// Pairs with nothing to say about them, unordered, and the block of each.
    pub plain: Vec<ExactPair>,
    /// Per plain pair: its block.
    pub block: Vec<u32>,
    /// Pairs whose dates deserve a note.
    pub dated: Vec<(LineIx, LineIx)>,
    /// k lines against k that nothing tells apart.
    pub alike: Vec<(Vec<LineIx>, Vec<LineIx>)>,
    /// Open lines of each side; `true` = its equals found partners, it is one too many.
    pub open: [Vec<(LineIx, bool)>; 2],
}

/// A line and the key it is looked for by.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    line: LineIx,
    block: u32,
}

/// One side, ready to be looked at by partition.
struct Partitioned {
    entries: Vec<Entry>,
    starts: Vec<usize>,
    without: Vec<LineIx>,
}

/// Candidate pairs that are looked up together.
const BATCH: usize = 128;

struct Join<'a> {
    ours: &'a Lines,
    theirs: &'a Lines,
    rules: &'a RuleSet,
}

/// Runs the pass. Everything is returned in an order that depends on content alone, but for
/// `plain`, which the caller sorts.
pub(crate) fn run(ours: &Lines, theirs: &Lines, blocks: &Blocks, rules: &RuleSet) -> Exact {
    if !rules.passes.exact {
        let all = |lines: &Lines| (0..lines.len() as LineIx).map(|line| (line, false)).collect();
        return Exact { open: [all(ours), all(theirs)], ..Exact::default() };
    }
    let bits = partition_bits(ours.len().max(theirs.len()));
    let salts: Vec<u64> = blocks
        .accounts
        .iter()
        .map(|account| {
            reference::hash_text(
                format!("{}\u{0}{}", account.customer, account.currency).as_bytes(),
            )
        })
        .collect();
    let (a, b) = rayon::join(
        || partition(ours, &blocks.of_ours, &salts, rules.references, bits),
        || partition(theirs, &blocks.of_theirs, &salts, rules.references, bits),
    );
    let join = Join { ours, theirs, rules };
    let parts: Vec<Exact> = (0..1_usize << bits)
        .into_par_iter()
        .map(|part| {
            let mut ours = a.entries[a.starts[part]..a.starts[part + 1]].to_vec();
            let mut theirs = b.entries[b.starts[part]..b.starts[part + 1]].to_vec();
            let mut found = Exact::default();
            join.merge(&mut ours, &mut theirs, &mut found);
            found
        })
        .collect();
    let mut all = Exact::default();
    let pairs = parts.iter().map(|part| part.plain.len()).sum();
    all.plain.reserve_exact(pairs);
    all.block.reserve_exact(pairs);
    for mut part in parts {
        all.plain.append(&mut part.plain);
        all.block.append(&mut part.block);
        all.dated.append(&mut part.dated);
        all.alike.append(&mut part.alike);
        for side in 0..2 {
            all.open[side].append(&mut part.open[side]);
        }
    }
    all.open[0].extend(a.without.iter().map(|line| (*line, false)));
    all.open[1].extend(b.without.iter().map(|line| (*line, false)));
    all
}

/// Partitions of about 16 Ki lines: both sides of one stay in a core's cache.
fn partition_bits(lines: usize) -> u32 {
    (lines / (1 << 14)).next_power_of_two().trailing_zeros().min(12)
}

fn partition(
    lines: &Lines,
    block_of: &[u32],
    salts: &[u64],
    references: References,
    bits: u32,
) -> Partitioned {
    let keys: Vec<u64> = (0..lines.len())
        .into_par_iter()
        .with_min_len(1 << 14)
        .map(|index| {
            let key = references.key(lines.reference.get(index as LineIx));
            if key == 0 {
                return 0;
            }
            let block = block_of[lines.account[index] as usize] as usize;
            mix(key ^ salts[block], lines.amount[index] as u64).max(1)
        })
        .collect();
    let count = 1_usize << bits;
    let part = |key: u64| (key >> 32 >> (32 - bits)) as usize;
    let mut starts = vec![0_usize; count + 1];
    for key in keys.iter().filter(|key| **key != 0) {
        starts[part(*key) + 1] += 1;
    }
    for index in 0..count {
        starts[index + 1] += starts[index];
    }
    let mut next = starts.clone();
    let mut entries = vec![Entry { key: 0, line: 0, block: 0 }; starts[count]];
    let mut without = Vec::new();
    for (line, key) in keys.iter().enumerate() {
        if *key == 0 {
            without.push(line as LineIx);
        } else {
            let slot = &mut next[part(*key)];
            let block = block_of[lines.account[line] as usize];
            entries[*slot] = Entry { key: *key, line: line as LineIx, block };
            *slot += 1;
        }
    }
    Partitioned { entries, starts, without }
}

/// Mixes two words so that every bit of both reaches every bit of the result.
///
/// Source: the `fmix64` finaliser of `MurmurHash3`, Austin Appleby, public domain.
const fn mix(a: u64, b: u64) -> u64 {
    let mut word = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    word = (word ^ word >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ word >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ word >> 33
}

impl Join<'_> {
    fn merge(&self, ours: &mut [Entry], theirs: &mut [Entry], found: &mut Exact) {
        ours.sort_unstable_by_key(|entry| (entry.key, entry.line));
        theirs.sort_unstable_by_key(|entry| (entry.key, entry.line));
        let mut singles: Vec<(Entry, Entry)> = Vec::with_capacity(ours.len().min(theirs.len()));
        let (mut i, mut j) = (0, 0);
        while i < ours.len() || j < theirs.len() {
            let key = match (ours.get(i), theirs.get(j)) {
                (Some(a), Some(b)) => a.key.min(b.key),
                (Some(a), None) => a.key,
                (None, Some(b)) => b.key,
                (None, None) => break,
            };
            let end_i = i + ours[i..].iter().take_while(|entry| entry.key == key).count();
            let end_j = j + theirs[j..].iter().take_while(|entry| entry.key == key).count();
            // Lines that share a key. Nearly always one and one, or one alone.
            match (&ours[i..end_i], &theirs[j..end_j]) {
                ([], rest) => found.open[1].extend(rest.iter().map(|entry| (entry.line, false))),
                (rest, []) => found.open[0].extend(rest.iter().map(|entry| (entry.line, false))),
                ([a], [b]) => singles.push((*a, *b)),
                (ours, theirs) => self.several(ours, theirs, found),
            }
            (i, j) = (end_i, end_j);
        }
        for batch in singles.chunks(BATCH) {
            self.singles(batch, found);
        }
    }

    /// Compares candidate pairs in full, a batch at a time: see [`heqi_domain::Strings::span`].
    fn singles(&self, batch: &[(Entry, Entry)], found: &mut Exact) {
        let spans: Vec<_> = batch
            .iter()
            .map(|(a, b)| (self.ours.reference.span(a.line), self.theirs.reference.span(b.line)))
            .collect();
        let (ours, theirs) = (self.ours.reference.bytes(), self.theirs.reference.bytes());
        for ((a, b), (of_a, of_b)) in batch.iter().zip(spans) {
            let same = ours[of_a] == theirs[of_b];
            if a.block == b.block && self.agree(same, a.line, b.line) {
                self.pair(GroupId(a.key), a.block, a.line, b.line, found);
            } else {
                found.open[0].push((a.line, false));
                found.open[1].push((b.line, false));
            }
        }
    }

    /// Whether two lines of one block and key agree in full: a key alone is no proof.
    ///
    /// Equal references in one block leave the amount as all that the key still holds, and
    /// [`mix`] maps unlike amounts to unlike keys, so the amounts need no second look.
    fn agree(&self, same_as_written: bool, a: LineIx, b: LineIx) -> bool {
        let core = |lines: &Lines, line| reference::core(lines.reference.get(line));
        match self.rules.references {
            References::AsWritten => same_as_written,
            References::Folded => {
                (same_as_written || core(self.ours, a) == core(self.theirs, b))
                    && self.may_meet(a, b)
            }
        }
    }

    fn same_as_written(&self, a: LineIx, b: LineIx) -> bool {
        self.ours.reference.get(a) == self.theirs.reference.get(b)
    }

    /// Whether kinds and dates allow two lines to be one.
    fn may_meet(&self, a: LineIx, b: LineIx) -> bool {
        let (kind_a, kind_b) = (self.ours.kind_of(a), self.theirs.kind_of(b));
        let unknown = heqi_domain::EntryKind::Unknown;
        let dates = &self.rules.dates;
        // What lies farther apart waits until the lines of its number are seen together: a
        // receipt may share number and amount with a sale whose sign was flipped.
        let window = if kind_a.is_money() || kind_b.is_money() {
            dates.money_tolerance * 2
        } else {
            dates.later
        };
        (kind_a == unknown || kind_b == unknown || kind_a.is_money() == kind_b.is_money())
            && self.distance(a, b).is_none_or(|days| days <= window)
    }

    /// Days between two lines, whichever is later; `None` where one has no date.
    fn distance(&self, a: LineIx, b: LineIx) -> Option<i32> {
        let (x, y) = (self.ours.day[a as usize], self.theirs.day[b as usize]);
        (x != NO_DAY && y != NO_DAY).then(|| x.abs_diff(y) as i32)
    }

    fn pair(&self, id: GroupId, block: u32, a: LineIx, b: LineIx, found: &mut Exact) {
        let plain = self.rules.references == References::AsWritten || {
            let (x, y) = (a as usize, b as usize);
            let money = self.ours.kind_of(a).is_money() || self.theirs.kind_of(b).is_money();
            date_note(self.rules, self.ours.day[x], self.theirs.day[y], money).is_none()
        };
        if plain {
            found.plain.push(ExactPair { id, ours: a, theirs: b });
            found.block.push(block);
        } else {
            found.dated.push((a, b));
        }
    }

    /// Several lines of one reference and amount: a block if nothing tells them apart and the
    /// counts agree, else the nearest pairs; what is left is one too many.
    fn several(&self, ours: &[Entry], theirs: &[Entry], found: &mut Exact) {
        let block = ours[0].block;
        // A key that two blocks share by accident is no cluster at all.
        if ours.iter().chain(theirs).any(|entry| entry.block != block) {
            found.open[0].extend(ours.iter().map(|entry| (entry.line, false)));
            found.open[1].extend(theirs.iter().map(|entry| (entry.line, false)));
            return;
        }
        let a = sorted_by_content(self.ours, ours);
        let b = sorted_by_content(self.theirs, theirs);
        let same_day = |lines: &Lines, indices: &[(Day, u64, LineIx)]| {
            indices.iter().all(|(day, _, line)| {
                *day == indices[0].0
                    && lines.reference.get(*line) == lines.reference.get(indices[0].2)
                    && lines.kind[*line as usize] == lines.kind[indices[0].2 as usize]
            })
        };
        if a.len() == b.len()
            && same_day(self.ours, &a)
            && same_day(self.theirs, &b)
            && self.agree(self.same_as_written(a[0].2, b[0].2), a[0].2, b[0].2)
        {
            let pick = |side: &[(Day, u64, LineIx)]| side.iter().map(|entry| entry.2).collect();
            found.alike.push((pick(&a), pick(&b)));
            return;
        }
        let mut candidates: Vec<(bool, i32, usize, usize)> = Vec::new();
        // A cluster beyond this is a degenerate file (every line one reference and amount):
        // in date order its k-th stands against the k-th.
        let wide = a.len() * b.len() > 10_000;
        for (i, x) in a.iter().enumerate() {
            let (first, end) = if wide { (i, b.len().min(i + 1)) } else { (0, b.len()) };
            for (j, y) in b.iter().enumerate().take(end).skip(first) {
                let same = self.same_as_written(x.2, y.2);
                if self.agree(same, x.2, y.2) {
                    let unlike =
                        !same || self.ours.kind[x.2 as usize] != self.theirs.kind[y.2 as usize];
                    candidates.push((unlike, self.distance(x.2, y.2).unwrap_or(0), i, j));
                }
            }
        }
        candidates.sort_unstable();
        let partner_of_b = most_pairs(a.len(), b.len(), &candidates);
        let mut used_a = vec![false; a.len()];
        for (j, partner) in partner_of_b.iter().enumerate() {
            if let Some(i) = *partner {
                used_a[i] = true;
                let id = crate::content::id_of_keys(&[a[i].1], &[b[j].1]);
                self.pair(id, block, a[i].2, b[j].2, found);
            }
        }
        let paired = used_a.contains(&true);
        let open_a = a.iter().zip(&used_a).filter(|(_, used)| !**used);
        found.open[0].extend(open_a.map(|(line, _)| (line.2, paired)));
        let open_b = b.iter().zip(&partner_of_b).filter(|(_, partner)| partner.is_none());
        found.open[1].extend(open_b.map(|(line, _)| (line.2, paired)));
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

fn sorted_by_content(lines: &Lines, entries: &[Entry]) -> Vec<(Day, u64, LineIx)> {
    let mut keyed: Vec<(Day, u64, LineIx)> = entries
        .iter()
        .map(|entry| (lines.day[entry.line as usize], content_key(lines, entry.line), entry.line))
        .collect();
    keyed.sort_unstable();
    keyed
}
