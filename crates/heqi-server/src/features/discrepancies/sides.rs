//! Both sides of a discrepancy side by side: which line lies beside which.

use heqi_domain::{Id, Lang, LineId, decimal_text};

use super::diff::mark;
use super::exponent;
use super::model::{Marks, Pair, SideLine};
use super::store::Line;
use crate::features::ledger::LedgerKind;

/// The lines in pairs: those that share a number first, then those that share an amount, then
/// in the order of the account; what has no partner stands alone.
pub(super) fn pairs(lines: &[Line], currency: &str, lang: Lang) -> Vec<Pair> {
    let (ours, mut theirs): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.ours);
    let mut partner: Vec<Option<&Line>> = vec![None; ours.len()];
    let alike: [fn(&Line, &Line) -> bool; 3] = [
        |one, other| !one.reference.is_empty() && one.reference == other.reference,
        |one, other| one.amount == other.amount,
        |_, _| true,
    ];
    for alike in alike {
        for (line, partner) in ours.iter().zip(&mut partner).filter(|(_, found)| found.is_none()) {
            let at = theirs.iter().position(|other| alike(line, other));
            *partner = at.map(|at| theirs.remove(at));
        }
    }
    let digits = exponent(currency);
    let both = ours.iter().zip(partner);
    let both = both.map(|(line, partner)| shown(Some(line), partner, digits, lang));
    both.chain(theirs.iter().map(|line| shown(None, Some(line), digits, lang))).collect()
}

fn shown(ours: Option<&Line>, theirs: Option<&Line>, exponent: u32, lang: Lang) -> Pair {
    let amount = |line: &Line| decimal_text(line.amount.into(), exponent);
    let marks = ours.zip(theirs).map(|(ours, theirs)| Marks {
        reference: mark(&ours.reference, &theirs.reference),
        amount: mark(&amount(ours), &amount(theirs)),
        date: mark(&ours.business_date, &theirs.business_date),
        memo: mark(&ours.memo, &theirs.memo),
    });
    let line = |line: &Line| SideLine {
        id: LineId::text(line.id),
        kind: LedgerKind::from_code(&line.kind).unwrap_or(LedgerKind::Unknown).label(lang).into(),
        reference: line.reference.clone(),
        other_reference: line.other_reference.clone(),
        memo: line.memo.clone(),
        business_date: line.business_date.clone(),
        due_date: line.due_date.clone(),
        amount: line.amount,
    };
    Pair { ours: ours.map(line), theirs: theirs.map(line), marks }
}
