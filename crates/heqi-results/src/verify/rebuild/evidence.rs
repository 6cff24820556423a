//! The evidence, in the order of groups, discrepancies and residuals.

use heqi_domain::Side;
use heqi_matching::{Evidence, GroupId, Pass};

use super::super::VerifyError;
use super::super::cells::{self, Names};
use super::super::finding::FindingCode;
use super::super::rows::show;
use super::{Rebuilt, Tables};

impl Tables<'_> {
    pub fn evidence(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        const FILE: &str = "evidence.jsonl";
        let path = self.dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => String::new(),
            Err(error) => return Err(VerifyError::io(&path)(error)),
        };
        let ids = &self.names;
        let mut lines = text.lines().zip(1_u64..);
        let outcome = &mut rebuilt.outcome;
        let groups = outcome.groups.iter_mut().map(|group| {
            let rank = group.evidence.rank;
            (Subject::Group(group.id, group.pass, rank), &mut group.evidence)
        });
        let discrepancies = (outcome.discrepancies.iter_mut())
            .map(|row| (Subject::Discrepancy(row.id), &mut row.evidence));
        let residuals = (outcome.residuals.iter_mut())
            .map(|row| (Subject::Residual(row.side, row.line), &mut row.evidence));
        let before = self.unsound.total;
        // A line is read once, however many rows it is not of.
        let read = |(line, row)| (serde_json::from_str::<Proof>(line), line, row);
        let mut next = lines.next().map(read);
        for (subject, evidence) in groups.chain(discrepancies).chain(residuals) {
            let fits = next.as_ref().is_some_and(|(proof, ..)| {
                proof.as_ref().is_ok_and(|proof| subject.fits(proof, ids))
            });
            let group = matches!(subject, Subject::Group(..));
            // Without evidence there is no line; what is not this one's may be a later one's.
            if !fits && !group {
                continue;
            }
            let Some((proof, line, row)) = next.take() else {
                let code = FindingCode::Unreadable;
                let end = "the end of the file";
                self.unsound.add(code, FILE, None, "rows", subject.words(), end);
                return Ok(false);
            };
            next = lines.next().map(read);
            match proof {
                Ok(proof) if fits => *evidence = proof.evidence.into(),
                other => {
                    let code = FindingCode::Unreadable;
                    let expected = format!("the evidence of {}", subject.words());
                    let found = match other {
                        Ok(_) => show(Some(line.as_bytes())),
                        Err(error) => error.to_string(),
                    };
                    self.unsound.add(code, FILE, Some(row), "evidence", expected, found);
                }
            }
        }
        if let Some((_, line, row)) = next {
            let found = show(Some(line.as_bytes()));
            let code = FindingCode::Unreadable;
            self.unsound.add(
                code,
                FILE,
                Some(row),
                "rows",
                "evidence of what the tables hold, in their order",
                found,
            );
        }
        Ok(self.unsound.total == before)
    }
}

/// What a line of `evidence.jsonl` is about.
enum Subject {
    Group(GroupId, Pass, u32),
    Discrepancy(GroupId),
    Residual(Side, u32),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    of: String,
    id: Option<String>,
    pass: Option<String>,
    side: Option<String>,
    line_id: Option<String>,
    evidence: Evidence,
}

impl Subject {
    fn words(&self) -> String {
        match self {
            Self::Group(id, pass, _) => format!("group {id} ({})", pass.code()),
            Self::Discrepancy(id) => format!("discrepancy D{:016x}", id.0),
            Self::Residual(side, line) => format!("residual of {} (line {line})", side.code()),
        }
    }

    fn fits(&self, proof: &Proof, names: &Names) -> bool {
        let id = |prefix| proof.id.as_deref().and_then(|text| cells::id(prefix, text));
        match self {
            Self::Group(wanted, pass, rank) => {
                // The table shows the rank of suggestions, the evidence all of them.
                let ranked = *rank == proof.evidence.rank;
                let passed = proof.pass.as_deref() == Some(pass.code());
                proof.of == "group" && id('G') == Some(*wanted) && passed && ranked
            }
            Self::Discrepancy(wanted) => proof.of == "discrepancy" && id('D') == Some(*wanted),
            Self::Residual(side, line) => {
                let named = || proof.line_id.as_deref().and_then(|id| names.line(*side, id));
                proof.of == "residual"
                    && proof.side.as_deref() == Some(side.code())
                    && named() == Some(*line)
            }
        }
    }
}
