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

/// A piece of one of the tables.
enum Piece<'a> {
    Groups(&'a [Group]),
    Discrepancies(&'a [Discrepancy]),
    Residuals(&'a [Residual]),
}

impl<'a> Piece<'a> {
    /// What carries evidence in it.
    fn proofs(&self) -> Box<dyn Iterator<Item = Proof<'a>> + 'a> {
        match *self {
            Self::Groups(groups) => Box::new(groups.iter().map(Proof::Group)),
            Self::Discrepancies(rows) => {
                let some = rows.iter().filter(|it| it.evidence.is_some());
                Box::new(some.map(Proof::Discrepancy))
            }
            Self::Residuals(lines) => {
                let some = lines.iter().filter(|it| it.evidence.is_some());
                Box::new(some.map(Proof::Residual))
            }
        }
    }
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
    let groups = outcome.groups.chunks(PIECE / 4).map(Piece::Groups);
    let discrepancies = outcome.discrepancies.chunks(PIECE / 4).map(Piece::Discrepancies);
    let residuals = outcome.residuals.chunks(PIECE / 4).map(Piece::Residuals);
    let pieces: Vec<Piece> = groups.chain(discrepancies).chain(residuals).collect();
    let mut output = staging.create("evidence.jsonl")?;
    for wave in pieces.chunks(wave()) {
        work.check()?;
        let encoded: Vec<String> = wave
            .par_iter()
            .map(|piece| {
                let mut out = String::new();
                piece.proofs().for_each(|proof| evidence_line(&proof, result, &mut out));
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
