//! Pass 5 mentioned references 摘要提及: a line whose memo or reference names documents of the
//! other side whose sum is its amount, or its amount and a bank's charge.

use heqi_domain::Reason;

use crate::evidence::Evidence;
use crate::explain::difference;
use crate::outcome::{Pass, Verdict};
use crate::reference;
use crate::work::{OURS, THEIRS, Work};

/// Most documents that one line may name; beyond it the line is a list, not a payment.
const MOST: usize = 60;

/// A number that more open lines bear than this names no document.
const MOST_BEARING: usize = 1_000;

pub(crate) fn run(work: &mut Work<'_>) {
    let mut claims: Vec<Claim> = Vec::new();
    for side in [THEIRS, OURS] {
        let by_key = open_by_key(work, 1 - side);
        let mut limits: Vec<(usize, usize)> = Vec::new();
        for item in work.open(side) {
            match named(work, side, item, &by_key) {
                Named::Lines(named) => claims.extend(claim(work, side, item, &named)),
                Named::Many(count) => limits.push((item, count)),
                Named::None => {}
            }
        }
        limits.into_iter().for_each(|(item, count)| work.limit(side, item, count));
    }
    // Two lines that name each other make one claim; a line that two claims want is nobody's.
    claims.sort_by(|a, b| (&a.ours, &a.theirs).cmp(&(&b.ours, &b.theirs)));
    claims.dedup_by(|a, b| (&a.ours, &a.theirs) == (&b.ours, &b.theirs));
    let mut wanted: Vec<(usize, usize)> = claims.iter().flat_map(Claim::lines).collect();
    wanted.sort_unstable();
    for claim in &claims {
        let contested = claim.lines().any(|line| {
            let first = wanted.partition_point(|other| *other < line);
            wanted.get(first + 1) == Some(&line)
        });
        if !contested {
            let evidence = Evidence { key: claim.key.clone(), ..Evidence::default() };
            work.join(Pass::Mentioned, &claim.ours, &claim.theirs, claim.verdict, evidence);
        }
    }
}

/// One line and the lines it names, whose sums agree or agree less a bank's charge.
struct Claim {
    ours: Vec<usize>,
    theirs: Vec<usize>,
    verdict: Verdict,
    key: String,
}

impl Claim {
    fn lines(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let ours = self.ours.iter().map(|item| (OURS, *item));
        ours.chain(self.theirs.iter().map(|item| (THEIRS, *item)))
    }
}

fn open_by_key(work: &Work<'_>, side: usize) -> Vec<(u64, usize)> {
    let mut keyed: Vec<(u64, usize)> = work
        .open(side)
        .map(|item| (work.items[side][item].key, item))
        .filter(|(key, _)| *key != 0)
        .collect();
    keyed.sort_unstable();
    keyed
}

/// What a line names.
enum Named {
    None,
    Lines(Vec<usize>),
    /// So many lines that no claim is made of them.
    Many(usize),
}

/// Open lines of the other side that the line names, of its sign and kind.
fn named(work: &Work<'_>, side: usize, item: usize, by_key: &[(u64, usize)]) -> Named {
    let other = 1 - side;
    let line = &work.items[side][item];
    let own = work.raw(side, item);
    let text = work.text(side, item);
    if !text.bytes().chain(own.bytes()).any(|byte| byte.is_ascii_digit() || byte >= 0x80) {
        return Named::None;
    }
    let mut keys = reference::mentions(text);
    // A reference is one number already; it is taken apart only if as a whole it leads nowhere.
    if !line.points {
        keys.extend(reference::mentions(own));
        keys.sort_unstable();
        keys.dedup();
    }
    let mut named: Vec<usize> = Vec::new();
    let mut many = 0;
    for key in keys {
        let first = by_key.partition_point(|entry| entry.0 < key);
        let last = by_key.partition_point(|entry| entry.0 <= key);
        if last - first <= MOST_BEARING {
            named.extend(by_key[first..last].iter().map(|entry| entry.1));
        } else {
            many = many.max(last - first);
        }
    }
    named.retain(|candidate| {
        let candidate_line = &work.items[other][*candidate];
        let (ours, theirs) = if side == OURS { (item, *candidate) } else { (*candidate, item) };
        candidate_line.open
            && candidate_line.amount.signum() == line.amount.signum()
            && work.compatible(ours, theirs)
            && work
                .days(ours, theirs)
                .is_none_or(|days| days.abs() <= 2 * work.rules.dates.reference_window)
    });
    named.sort_unstable();
    named.dedup();
    match named.len() {
        0 if many > 0 => Named::Many(many),
        0 => Named::None,
        count if count > MOST => Named::Many(count),
        _ => Named::Lines(named),
    }
}

fn claim(work: &Work<'_>, side: usize, item: usize, named: &[usize]) -> Option<Claim> {
    let one = [item];
    let (ours, theirs): (&[usize], &[usize]) =
        if side == OURS { (&one, named) } else { (named, &one) };
    let (a, b) = (work.sum(OURS, ours), work.sum(THEIRS, theirs));
    let mut verdict = match (ours.len(), theirs.len()) {
        (1, 1) => Verdict::NONE,
        (1, _) => Verdict::of(Reason::Split),
        _ => Verdict::of(Reason::Merged),
    };
    if a != b {
        let money = work.is_money(ours, theirs);
        if !(money && difference::is_bank_charge(a, b, &work.rules.differences)) {
            return None;
        }
        verdict = Verdict::of(Reason::BankCharge);
    } else if let ([o], [t]) = (ours, theirs)
        && let Some(note) = work.date_note(*o, *t)
    {
        verdict = verdict.with(note);
    }
    let key = work.key_text(1 - side, named[0]);
    Some(Claim { ours: ours.to_vec(), theirs: theirs.to_vec(), verdict, key })
}
