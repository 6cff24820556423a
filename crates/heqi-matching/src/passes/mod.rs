//! The passes that work on what the exact pass left, one file each, in their order.
//!
//! A pass joins only what its rule makes certain; what is merely likely waits for
//! [`suggest`](suggest::run), which runs last and joins nothing.

pub(crate) mod amount_date;
pub(crate) mod anchored;
pub(crate) mod by_day;
pub(crate) mod combination;
pub(crate) mod contra;
pub(crate) mod crowd;
pub(crate) mod mentioned;
pub(crate) mod netted;
pub(crate) mod same_reference;
pub(crate) mod suggest;
pub(crate) mod variant;

use crate::ruleset::References;
use crate::work::Work;

/// Runs the passes of one block in order.
pub(crate) fn run(work: &mut Work<'_>) {
    let passes = work.rules.passes.clone();
    if passes.contra {
        contra::run(work);
    }
    let folded = work.rules.references == References::Folded;
    if passes.same_reference && folded {
        same_reference::flipped(work);
    }
    if passes.same_reference_sum {
        same_reference::sums(work);
    }
    if passes.mentioned {
        mentioned::run(work);
    }
    if passes.same_reference && folded {
        same_reference::explained(work);
    }
    if passes.variant_reference {
        variant::run(work);
    }
    if passes.same_reference {
        if passes.combination {
            anchored::run(work);
        }
        same_reference::rest(work);
    }
    if passes.amount_date {
        amount_date::run(work);
        netted::run(work);
    }
    if passes.combination {
        combination::run(work);
    }
    work.drop_overtaken();
    // What the passes between have placed may leave one sum where there were several.
    if passes.same_reference && passes.combination {
        anchored::again(work);
    }
    if passes.same_reference {
        same_reference::rest(work);
    }
    work.drop_overtaken();
    if passes.diagnostic {
        suggest::run(work);
    }
}
