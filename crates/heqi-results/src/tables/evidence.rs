//! `evidence.jsonl`: why each group, discrepancy and residual stands.

use heqi_matching::{Discrepancy, Evidence, Group, Residual};
use rayon::prelude::*;

use super::rows::{DISCREPANCY, GROUP};
use super::wave;
use crate::encode::push_json;
use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::order::PIECE;
use crate::staging::{Staging, WrittenFile};
use crate::text::push_hash;
use crate::work::Work;

/// Something that carries evidence.
enum Proof<'a> {
    Group(&'a Group),
    Discrepancy(&'a Discrepancy),
    Residual(&'a Residual),
}

/// Writes `evidence.jsonl`: one object per group that is not an exact pair, and per discrepancy
/// and residual that has evidence, in the order of the tables, so that every proof can be checked
/// again. That a line is missing at the customer is shown by its absence there, and by nothing.
pub fn write(
    staging: &Staging,
    result: &MatchResult,
    work: &Work,
) -> Result<WrittenFile, ResultsError> {
    let outcome = result.outcome;
    let discrepancies = outcome.discrepancies.iter().filter(|it| it.evidence.is_some());
    let residuals = outcome.residuals.iter().filter(|it| it.evidence.is_some());
    let proofs: Vec<Proof> = (outcome.groups.iter().map(Proof::Group))
        .chain(discrepancies.map(Proof::Discrepancy))
        .chain(residuals.map(Proof::Residual))
        .collect();
    let mut output = staging.create("evidence.jsonl")?;
    for wave in proofs.chunks(PIECE / 4 * wave()) {
        work.check()?;
        let encoded: Vec<String> = wave
            .par_chunks(PIECE / 4)
            .map(|piece| {
                let mut out = String::with_capacity(piece.len() * 128);
                piece.iter().for_each(|proof| evidence_line(proof, result, &mut out));
                out
            })
            .collect();
        encoded.iter().try_for_each(|lines| output.write(lines.as_bytes()))?;
    }
    output.finish()
}

fn evidence_line(proof: &Proof, result: &MatchResult, out: &mut String) {
    let (what, prefix, id, evidence): (_, _, _, &Evidence) = match proof {
        Proof::Group(group) => ("group", GROUP, group.id.0, &group.evidence),
        Proof::Discrepancy(it) => ("discrepancy", DISCREPANCY, it.id.0, &it.evidence),
        Proof::Residual(residual) => {
            out.push_str("{\"of\":\"residual\",\"side\":\"");
            out.push_str(residual.side.code());
            out.push_str("\",\"line_id\":");
            result.lines(residual.side).with_id(residual.line, |id| push_json(out, id));
            return evidence_end(&residual.evidence, out);
        }
    };
    out.push_str("{\"of\":\"");
    out.push_str(what);
    out.push_str("\",\"id\":\"");
    push_hash(out, prefix, id);
    out.push('"');
    if let Proof::Group(group) = proof {
        out.push_str(",\"pass\":\"");
        out.push_str(group.pass.code());
        out.push('"');
    }
    evidence_end(evidence, out);
}

fn evidence_end(evidence: &Evidence, out: &mut String) {
    out.push_str(",\"evidence\":");
    // Plain data without maps: it cannot fail.
    out.push_str(&serde_json::to_string(evidence).unwrap_or_default());
    out.push_str("}\n");
}
