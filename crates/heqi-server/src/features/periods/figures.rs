//! The figures of a period: both balances, and the difference taken apart so that its parts sum
//! exactly to it. Pure: lines and what ties them together come in, figures go out.
//!
//! Lines that belong together (a live match, a discrepancy, a reversal) form a knot. What a knot
//! comes to on the last day is explained by its discrepancies; if a part of it is booked only
//! after the last day, by timing; what is left over is unexplained, never dropped.

use std::collections::{BTreeMap, HashMap};

use heqi_domain::{DiscrepancyId, Id, LineId, Money, MoneyError, Reason, roll_forward};

use super::model::{Part, Share, SideFigures};

/// A posted line of the account, dated on or before the last day.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its number.
    pub id: i64,
    /// Whether it is ours.
    pub ours: bool,
    /// Signed minor units.
    pub amount: i64,
    /// Day of the books.
    pub posting: String,
    /// Day of the document.
    pub business: String,
    /// The line it reverses.
    pub reverses: Option<i64>,
    /// Digest of what it says.
    pub content: [u8; 32],
}

/// A discrepancy that was not found to be gone.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its number.
    pub id: i64,
    /// `main+note`.
    pub reason: String,
    /// Ours less theirs.
    pub amount: i64,
    /// Whether somebody has resolved it.
    pub resolved: bool,
    /// The match it was found in.
    pub group: Option<i64>,
    /// The posted lines it stands on.
    pub lines: Vec<i64>,
}

/// What ties lines together.
#[derive(Clone, Debug, Default)]
pub struct Ties {
    /// Match and line, of live matches.
    pub groups: Vec<(i64, i64)>,
    /// Discrepancies.
    pub found: Vec<Found>,
}

/// The figures of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Our book.
    pub ours: SideFigures,
    /// Theirs.
    pub theirs: SideFigures,
    /// The difference at the end by reason; its amounts sum to ours less theirs.
    pub breakdown: Vec<Share>,
    /// What it consists of, item by item: carried forward into the next period.
    pub items: Vec<Part>,
}

/// Takes the difference of an account apart.
///
/// `signed_through` is the last day of the signed period before; a document from before that
/// day that was booked after it came late.
///
/// # Errors
/// [`MoneyError::Overflow`] if a sum cannot be held.
pub fn figures(
    facts: &[Fact],
    ties: &Ties,
    first_day: &str,
    signed_through: &str,
) -> Result<Figures, MoneyError> {
    let ours = side(facts, true, first_day)?;
    let theirs = side(facts, false, first_day)?;
    let mut items = Vec::new();
    for knot in knots(facts, ties) {
        explain(&knot, first_day, signed_through, &mut items)?;
    }
    items.sort_by(|a, b| {
        (&a.reason, &a.lines, &a.discrepancy).cmp(&(&b.reason, &b.lines, &b.discrepancy))
    });
    let mut shares: BTreeMap<&str, (Money, i64)> = BTreeMap::new();
    for item in &items {
        let share = shares.entry(main_reason(&item.reason)).or_default();
        *share = (share.0.plus(Money::from_minor(item.amount))?, share.1 + 1);
    }
    let share = |(reason, (amount, count)): (&str, (Money, i64))| Share {
        reason: reason.to_owned(),
        amount: amount.minor(),
        count,
    };
    let breakdown = shares.into_iter().map(share).collect();
    Ok(Figures { ours, theirs, breakdown, items })
}

/// The code before the notes.
#[must_use]
pub fn main_reason(reason: &str) -> &str {
    reason.split('+').next().unwrap_or(reason)
}

/// Whether a reason explains nothing: none, or that a search gave up or could not decide.
#[must_use]
pub fn is_unexplained(reason: &str) -> bool {
    let main = Reason::from_code(main_reason(reason));
    matches!(main, None | Some(Reason::Unexplained | Reason::Ambiguous | Reason::SearchLimit))
}

fn side(facts: &[Fact], ours: bool, first_day: &str) -> Result<SideFigures, MoneyError> {
    let of_side = || facts.iter().filter(|fact| fact.ours == ours);
    let money = |fact: &Fact| Money::from_minor(fact.amount);
    let before = of_side().filter(|fact| fact.posting.as_str() < first_day);
    let within = of_side().filter(|fact| fact.posting.as_str() >= first_day);
    let movements: Vec<Money> = within.map(money).collect();
    let rolled = roll_forward(Money::total(before.map(money))?, &movements)?;
    Ok(SideFigures {
        opening: rolled.opening().minor(),
        debit: rolled.increase().minor(),
        credit: rolled.decrease().negate()?.minor(),
        closing: rolled.closing().minor(),
        lines: movements.len() as i64,
    })
}

/// Lines that belong together, and what was found on them.
#[derive(Default)]
struct Knot<'a> {
    facts: Vec<&'a Fact>,
    found: Vec<&'a Found>,
    /// A part of it is booked after the last day.
    later: bool,
}

fn explain(
    knot: &Knot<'_>,
    first_day: &str,
    signed_through: &str,
    items: &mut Vec<Part>,
) -> Result<(), MoneyError> {
    let signed = |fact: &&Fact| {
        let amount = Money::from_minor(fact.amount);
        if fact.ours { Ok(amount) } else { amount.negate() }
    };
    let rest = knot.facts.iter().map(signed).collect::<Result<Vec<_>, _>>()?;
    let rest = Money::total(rest)?;
    let carried_in = knot.facts.iter().all(|fact| fact.posting.as_str() < first_day);
    let lines = || knot.facts.iter().map(|fact| LineId::text(fact.id)).collect();
    let mut push = |reason: &str, amount: Money, discrepancy: Option<i64>| {
        if amount != Money::ZERO {
            let discrepancy = discrepancy.map(DiscrepancyId::text);
            let (reason, amount) = (reason.to_owned(), amount.minor());
            items.push(Part { reason, amount, discrepancy, lines: lines(), carried_in });
        }
    };
    if knot.later {
        let found = knot.found.first().map(|found| found.id);
        push(Reason::Cutoff.code(), rest, found);
        return Ok(());
    }
    let sum = |resolved_too: bool| {
        let counted = knot.found.iter().filter(|found| resolved_too || !found.resolved);
        Money::total(counted.map(|found| Money::from_minor(found.amount)))
    };
    // What was resolved by an entry has left the difference; what was resolved by a decision
    // alone still stands in it.
    let resolved_too = sum(false)? != rest;
    for found in knot.found.iter().filter(|found| resolved_too || !found.resolved) {
        push(&found.reason, Money::from_minor(found.amount), Some(found.id));
    }
    let late = knot.facts.iter().any(|fact| {
        fact.business.as_str() <= signed_through && fact.posting.as_str() > signed_through
    });
    let reason = if late { Reason::PostSignature } else { Reason::Unexplained };
    push(reason.code(), rest.minus(sum(resolved_too)?)?, None);
    Ok(())
}

fn knots<'a>(facts: &'a [Fact], ties: &'a Ties) -> Vec<Knot<'a>> {
    let mut forest = Forest::default();
    for fact in facts {
        let line = forest.node(Node::Line(fact.id));
        if let Some(reversed) = fact.reverses {
            let reversed = forest.node(Node::Line(reversed));
            forest.join(line, reversed);
        }
    }
    for (group, line) in &ties.groups {
        let (group, line) = (forest.node(Node::Group(*group)), forest.node(Node::Line(*line)));
        forest.join(group, line);
    }
    for found in &ties.found {
        let node = forest.node(Node::Found(found.id));
        let group = found.group.map(Node::Group);
        for tied in group.into_iter().chain(found.lines.iter().copied().map(Node::Line)) {
            let tied = forest.node(tied);
            forest.join(node, tied);
        }
    }
    let facts: HashMap<i64, &Fact> = facts.iter().map(|fact| (fact.id, fact)).collect();
    let found: HashMap<i64, &Found> = ties.found.iter().map(|found| (found.id, found)).collect();
    let mut knots: BTreeMap<usize, Knot<'_>> = BTreeMap::new();
    for (at, node) in forest.nodes.clone().into_iter().enumerate() {
        let knot = knots.entry(forest.root(at)).or_default();
        match node {
            Node::Line(id) => match facts.get(&id) {
                Some(fact) => knot.facts.push(fact),
                None => knot.later = true,
            },
            Node::Found(id) => knot.found.extend(found.get(&id)),
            Node::Group(_) => {}
        }
    }
    // A knot without a line of these days says nothing about them.
    knots.into_values().filter(|knot| !knot.facts.is_empty()).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    Line(i64),
    Group(i64),
    Found(i64),
}

/// Disjoint sets by union and path halving.
#[derive(Default)]
struct Forest {
    nodes: Vec<Node>,
    at: HashMap<Node, usize>,
    parent: Vec<usize>,
}

impl Forest {
    fn node(&mut self, node: Node) -> usize {
        if let Some(at) = self.at.get(&node) {
            return *at;
        }
        let at = self.nodes.len();
        self.nodes.push(node);
        self.parent.push(at);
        self.at.insert(node, at);
        at
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parent[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    //! Goal: whatever ties lines together, the parts sum to the difference.

    use proptest::prelude::*;

    use super::*;

    fn fact(id: i64, ours: bool, amount: i64, posting: &str) -> Fact {
        let posting = posting.to_owned();
        let business = posting.clone();
        Fact { id, ours, amount, posting, business, reverses: None, content: [0; 32] }
    }

    fn found(id: i64, reason: &str, amount: i64, lines: &[i64]) -> Found {
        let (reason, lines) = (reason.to_owned(), lines.to_vec());
        Found { id, reason, amount, resolved: false, group: None, lines }
    }

    fn parts(facts: &[Fact], ties: &Ties) -> Vec<(String, i64)> {
        let made = figures(facts, ties, "2026-10-01", "2026-09-30").unwrap();
        made.items.into_iter().map(|item| (item.reason, item.amount)).collect()
    }

    #[test]
    fn a_match_that_straddles_the_last_day_is_timing() {
        let facts = [fact(1, true, 500, "2026-10-30")];
        let ties = Ties { groups: vec![(9, 1), (9, 2)], found: Vec::new() };
        assert_eq!(parts(&facts, &ties), [("cutoff".to_owned(), 500)]);
        assert_eq!(parts(&facts, &Ties::default()), [("unexplained".to_owned(), 500)]);
    }

    #[test]
    fn a_stale_discrepancy_is_no_explanation() {
        let facts = [fact(1, true, 500, "2026-10-30"), fact(2, false, 480, "2026-10-30")];
        let groups = vec![(9, 1), (9, 2)];
        let right = Ties { groups: groups.clone(), found: vec![found(5, "tax", 20, &[1, 2])] };
        assert_eq!(parts(&facts, &right), [("tax".to_owned(), 20)]);
        let stale = Ties { groups, found: vec![found(5, "tax", 15, &[1, 2])] };
        let expected = [("tax".to_owned(), 15), ("unexplained".to_owned(), 5)];
        assert_eq!(parts(&facts, &stale), expected);
    }

    #[test]
    fn a_late_document_belongs_to_the_signed_period() {
        let mut late = fact(1, true, 500, "2026-10-01");
        late.business = "2026-09-12".to_owned();
        assert_eq!(parts(&[late], &Ties::default()), [("post_signature".to_owned(), 500)]);
    }

    #[test]
    fn a_reversal_takes_its_entry_out() {
        let mut reversal = fact(2, true, -500, "2026-10-09");
        reversal.reverses = Some(1);
        assert!(parts(&[fact(1, true, 500, "2026-10-02"), reversal], &Ties::default()).is_empty());
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_difference(
            lines in prop::collection::vec((any::<bool>(), -1000_i64..1000, 1_u32..31), 0..20),
            groups in prop::collection::vec((1_i64..5, 1_i64..25), 0..15),
            seen in prop::collection::vec((-50_i64..50, 1_i64..25, any::<bool>()), 0..6),
        ) {
            let facts: Vec<Fact> = lines.iter().enumerate().map(|(at, (ours, amount, day))| {
                fact(at as i64 + 1, *ours, *amount, &format!("2026-10-{day:02}"))
            }).collect();
            let found = seen.iter().enumerate().map(|(at, (amount, line, resolved))| Found {
                resolved: *resolved,
                ..found(at as i64 + 1, "tax", *amount, &[*line])
            }).collect();
            let ties = Ties { groups, found };
            let made = figures(&facts, &ties, "2026-10-05", "2026-09-30").unwrap();
            let difference = made.ours.closing - made.theirs.closing;
            let parts: i64 = made.breakdown.iter().map(|share| share.amount).sum();
            prop_assert_eq!(parts, difference);
            let side = &made.ours;
            prop_assert_eq!(side.opening + side.debit - side.credit, side.closing);
        }
    }
}
