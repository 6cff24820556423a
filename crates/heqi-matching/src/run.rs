//! The run: blocks, the exact pass over columns, the other passes block by block, the bridge.

use heqi_domain::{AT_A_TIME, LineIx, Lines, Progress, Stage};
use rayon::prelude::*;

use crate::around::{self, OpenBlock, Twins};
use crate::block::{self, Blocks};
use crate::bridge::{self, Openings};
use crate::content::group_id;
use crate::evidence::Evidence;
use crate::exact::{self, Exact, Left};
use crate::explain::residual;
use crate::outcome::{Block, Discrepancy, Group, Outcome, Pass, Residual, State, Verdict};
use crate::passes;
use crate::ruleset::RuleSet;
use crate::work::{self, OURS, THEIRS, Work};

/// Why a run returned no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// The amounts of a side sum beyond what 64 bits of minor units hold.
    #[error("the amounts are too large: their total exceeds 92,233,720,368,547,758.07")]
    TooLarge,
    /// A side has more lines than an index can count.
    #[error("a side has more than {0} lines; split the files by customer")]
    TooMany(u32),
    /// The bridge does not close. This is a defect of Heqi, never of the input.
    #[error(
        "the bridge of customer `{customer}` ({currency}) does not close: {off} minor units off; \
         no result was produced. Please report this with both files"
    )]
    NotClosed {
        /// Customer of the block.
        customer: String,
        /// Currency of the block.
        currency: String,
        /// By how much.
        off: i128,
    },
    /// A person asked to stop.
    #[error("stopped on request; nothing was kept")]
    Cancelled,
}

/// Matches two sides and explains what is left. Steps 3 and 4 of 8.
///
/// Amounts are minor units, signed from the receivable's side on *both* sides: a payable view
/// has been mirrored by the caller.
///
/// # Errors
/// [`MatchError`]; in particular, a bridge that does not close to the minor unit fails the run.
pub fn match_lines(
    ours: &Lines,
    theirs: &Lines,
    rules: &RuleSet,
    openings: &Openings,
    progress: &dyn Progress,
) -> Result<Outcome, MatchError> {
    bounded(ours, theirs)?;
    progress.stage(Stage::Match, (ours.len() + theirs.len()) as u64);
    let blocks = block::find(ours, theirs);
    let mut exact = exact::run(ours, theirs, &blocks, rules);
    let paired = 2 * exact.plain.iter().map(Vec::len).sum::<usize>() as u64;
    progress.advance(paired);
    if progress.cancelled() {
        return Err(MatchError::Cancelled);
    }
    let context = Context { lines: [ours, theirs], blocks: &blocks, rules, progress };
    let plain = std::mem::take(&mut exact.plain);
    // One after the other: each keeps all threads busy, and both at once would need the memory of
    // both.
    let (pairs, counts) = exact::in_order(plain, blocks.accounts.len(), &ours.day);
    let parts = context.explain(exact, openings)?;
    let Parts { mut blocks, groups, residuals, discrepancies } = parts;
    let mut end = 0;
    for (block, count) in blocks.iter_mut().zip(counts) {
        block.pairs = end..end + count;
        end += count;
    }
    Ok(Outcome { blocks, pairs, groups, residuals, discrepancies })
}

/// All subset sums of what passes this check fit in 64 bits.
fn bounded(ours: &Lines, theirs: &Lines) -> Result<(), MatchError> {
    let mut total: u128 = 0;
    for side in [ours, theirs] {
        if u32::try_from(side.len()).is_err() {
            return Err(MatchError::TooMany(u32::MAX));
        }
        let size = |amounts: &[i64]| {
            amounts.iter().map(|amount| u128::from(amount.unsigned_abs())).sum::<u128>()
        };
        total += side.amount.par_chunks(1 << 16).map(size).sum::<u128>();
    }
    if total > i64::MAX as u128 { Err(MatchError::TooLarge) } else { Ok(()) }
}

/// Open lines whose blocks are finished at once; while the next are, what came of them is put with
/// the rest. All at once would stand in memory twice.
const BATCH: usize = 1 << 16;

/// What one block comes to.
struct Part {
    block: Block,
    groups: Vec<Group>,
    residuals: Vec<Residual>,
    discrepancies: Vec<Discrepancy>,
}

/// What all blocks come to, end to end.
#[derive(Default)]
struct Parts {
    blocks: Vec<Block>,
    groups: Vec<Group>,
    residuals: Vec<Residual>,
    discrepancies: Vec<Discrepancy>,
}

impl Parts {
    fn take(&mut self, parts: Vec<Result<Part, MatchError>>) -> Result<(), MatchError> {
        for part in parts {
            let mut part = part?;
            let first = self.discrepancies.len();
            part.block.discrepancies = first..first + part.discrepancies.len();
            self.blocks.push(part.block);
            self.groups.append(&mut part.groups);
            self.residuals.append(&mut part.residuals);
            self.discrepancies.append(&mut part.discrepancies);
        }
        Ok(())
    }
}

struct Context<'a> {
    lines: [&'a Lines; 2],
    blocks: &'a Blocks,
    rules: &'a RuleSet,
    progress: &'a dyn Progress,
}

impl Context<'_> {
    fn block_of(&self, side: usize, line: LineIx) -> u32 {
        let of = if side == OURS { &self.blocks.of_ours } else { &self.blocks.of_theirs };
        of[self.lines[side].account[line as usize] as usize]
    }

    /// What the passes ask of the open lines of a block.
    fn open_block(&self, left: &[Vec<Left>; 2]) -> OpenBlock {
        [OURS, THEIRS].map(|side| {
            let lines = self.lines[side];
            let item = |left: &Left| work::item(lines, left, self.rules.references);
            let some = left[side].par_chunks(AT_A_TIME).flat_map_iter(|some| {
                lines.fetch(some.iter().map(|left| left.line));
                some.iter().map(item)
            });
            some.collect()
        })
    }

    fn items(&self, open: Open) -> OpenBlock {
        match open {
            Open::Left(left) => self.open_block(&left),
            Open::Items(items) => items,
        }
    }

    /// The later passes over all open lines, why the last lines stand alone, and the bridges.
    fn explain(&self, exact: Exact, openings: &Openings) -> Result<Parts, MatchError> {
        let count = self.blocks.accounts.len();
        let [ours, theirs] = [OURS, THEIRS].map(|side| by_block(&exact.open[side], count));
        let open: Vec<[Vec<Left>; 2]> = ours.into_iter().zip(theirs).map(Into::into).collect();
        let (twins, open): (_, Vec<Open>) = if self.rules.passes.look_around() {
            let blocks = open.par_iter().with_max_len(1);
            let mut items: Vec<OpenBlock> = blocks.map(|left| self.open_block(left)).collect();
            let of = [&self.blocks.of_ours, &self.blocks.of_theirs].map(Vec::as_slice);
            let twins = around::look(self.lines, of, &mut items, self.rules.references);
            (Some(twins), items.into_iter().map(Open::Items).collect())
        } else {
            (None, open.into_iter().map(Open::Left).collect())
        };
        let left: usize = exact.open.iter().map(Vec::len).sum();
        self.progress.stage(Stage::Explain, left as u64);
        let mut groups: Vec<Vec<Group>> = self.blocks.accounts.iter().map(|_| Vec::new()).collect();
        for group in self.exact_groups(exact) {
            groups[group.block as usize].push(group);
        }
        let blocks = bridge::totals(self.lines, self.blocks, openings);
        let mut all = Parts::default();
        // No open line is in more than one of either.
        all.residuals.reserve_exact(left);
        all.discrepancies.reserve_exact(left);
        let mut inputs = (0..).zip(open).zip(groups).zip(blocks);
        let mut waiting: Vec<Result<Part, MatchError>> = Vec::new();
        loop {
            let (mut batch, mut size) = (Vec::new(), 0);
            while size < BATCH
                && let Some(input) = inputs.next()
            {
                let (((_, open), _), _) = &input;
                size += open.len();
                batch.push(input);
            }
            let last = batch.is_empty();
            // Blocks are of very unlike size, so they are handed out one by one.
            let of_batch = batch.into_par_iter().with_max_len(1);
            let parts = of_batch.map(|(((number, open), groups), block)| {
                let count = open.len() as u64;
                let part = self.block(number, self.items(open), groups, block, twins.as_ref());
                self.progress.advance(count);
                part
            });
            let (kept, parts) = rayon::join(|| all.take(waiting), || parts.collect());
            kept?;
            if last {
                return Ok(all);
            }
            waiting = parts;
        }
    }

    /// The later passes of one block, why its last lines stand alone, and its bridge.
    fn block(
        &self,
        number: u32,
        open: OpenBlock,
        mut groups: Vec<Group>,
        block: Block,
        twins: Option<&Twins>,
    ) -> Result<Part, MatchError> {
        let mut work = Work::new(self.rules, number, self.lines, open, self.progress);
        if !self.progress.cancelled() {
            passes::run(&mut work);
        }
        if self.progress.cancelled() {
            return Err(MatchError::Cancelled);
        }
        let proposed = work.proposed();
        let (mut residuals, mut discrepancies) = (Vec::new(), Vec::new());
        for side in [OURS, THEIRS] {
            for at in work.open(side).filter(|at| !proposed[side][*at]) {
                let item = &work.items[side][at];
                let equal =
                    twins.map(|all| [OURS, THEIRS].map(|side| all.of(number, side, item.amount)));
                let (verdict, evidence) = residual::explain(&work, side, at, equal);
                let (side, line) = (work::side(side), item.line);
                let evidence = evidence.into();
                let residual = Residual { side, line, block: number, verdict, evidence };
                discrepancies.push(bridge::from_residual(&residual, item.content, item.amount));
                residuals.push(residual);
            }
        }
        groups.append(&mut work.groups);
        groups.sort_by_cached_key(|group| {
            (group.state, group.evidence.rank, self.first_day(group), group.id)
        });
        unique_ids(&mut groups);
        let discrepancies = bridge::of_block(self.lines, number, &block, &groups, discrepancies)?;
        Ok(Part { block, groups, residuals, discrepancies })
    }

    fn first_day(&self, group: &Group) -> i32 {
        let ours = group.ours.iter().map(|line| self.lines[OURS].day[*line as usize]);
        let theirs = group.theirs.iter().map(|line| self.lines[THEIRS].day[*line as usize]);
        ours.chain(theirs).min().unwrap_or(i32::MIN)
    }

    /// Exact pairs and blocks that carry something to say.
    fn exact_groups(&self, exact: Exact) -> Vec<Group> {
        let dated = exact.dated.into_iter().map(|(a, b)| (vec![a], vec![b]));
        let members: Vec<(Vec<LineIx>, Vec<LineIx>)> = dated.chain(exact.alike).collect();
        let groups: Vec<Vec<Group>> = members
            .par_chunks(AT_A_TIME)
            .map(|some| {
                self.lines[OURS].fetch(some.iter().flat_map(|(ours, _)| ours).copied());
                self.lines[THEIRS].fetch(some.iter().flat_map(|(_, theirs)| theirs).copied());
                some.iter().map(|(ours, theirs)| self.exact_group(ours, theirs)).collect()
            })
            .collect();
        groups.into_iter().flatten().collect()
    }

    fn exact_group(&self, a: &[LineIx], b: &[LineIx]) -> Group {
        let [ours, theirs] = self.lines;
        let (x, y) = (a[0] as usize, b[0] as usize);
        let money = ours.kind_of(a[0]).is_money() || theirs.kind_of(b[0]).is_money();
        let note = work::date_note(self.rules, ours.day[x], theirs.day[y], money);
        let key = crate::reference::core(ours.reference.get(a[0]));
        Group {
            id: group_id(ours, a, theirs, b),
            block: self.block_of(OURS, a[0]),
            pass: Pass::Exact,
            state: State::Settled,
            difference: 0,
            verdict: note.map_or(Verdict::NONE, |note| Verdict::NONE.with(note)),
            evidence: Evidence { key, ..Evidence::default() }.into(),
            ours: a.into(),
            theirs: b.into(),
        }
    }
}

/// Open lines of one block: as the exact pass left them, or with what the passes ask of them. That
/// is five times as much, so it is made block by block, unless all must look around first.
enum Open {
    Left([Vec<Left>; 2]),
    Items(OpenBlock),
}

impl Open {
    fn len(&self) -> usize {
        match self {
            Self::Left(sides) => sides.iter().map(Vec::len).sum(),
            Self::Items(sides) => sides.iter().map(Vec::len).sum(),
        }
    }
}

/// Open lines of one side, block by block.
fn by_block(open: &[Left], blocks: usize) -> Vec<Vec<Left>> {
    let mut counts = vec![0_usize; blocks];
    open.iter().for_each(|left| counts[left.block as usize] += 1);
    let mut sorted: Vec<Vec<Left>> = counts.into_iter().map(Vec::with_capacity).collect();
    open.iter().for_each(|left| sorted[left.block as usize].push(*left));
    sorted
}

/// Two groups of equal content are told apart by their ordinal.
fn unique_ids(groups: &mut [Group]) {
    let mut twins: Vec<(usize, u64)> = Vec::new();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|at| (groups[*at].id, *at));
    let mut first = 0;
    for at in 1..order.len() {
        if groups[order[at]].id != groups[order[first]].id {
            first = at;
        }
        let ordinal = (at - first) as u64;
        if ordinal > 0 {
            let id = groups[order[first]].id.0.wrapping_add(ordinal.wrapping_mul(0x9e37_79b9));
            twins.push((order[at], id));
        }
    }
    for (at, id) in twins {
        groups[at].id.0 = id;
    }
}
