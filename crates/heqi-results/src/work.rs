//! What the writers of one run share: the order, the sentences, and the wish to stop.

use heqi_domain::Progress;
use rayon::prelude::*;

use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::order::{Run, pieces};

/// Rows whose lines are looked up together: see [`heqi_domain::Lines::fetch`].
pub const AT_A_TIME: usize = 128;

/// Shared by all writers of one run.
pub struct Work<'a> {
    /// The merged order of exact pairs and other groups.
    pub pieces: Vec<Vec<Run>>,
    /// Per discrepancy: what it says in words.
    pub sentences: Vec<String>,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

impl<'a> Work<'a> {
    /// Prepares what every writer needs.
    pub fn new(result: &MatchResult, progress: &'a dyn Progress) -> Self {
        let sentences = || {
            let said: Vec<Vec<String>> = result
                .outcome
                .discrepancies
                .par_chunks(AT_A_TIME)
                .map(|some| {
                    result.ours.fetch(some.iter().flat_map(|it| it.ours.iter().copied()));
                    result.theirs.fetch(some.iter().flat_map(|it| it.theirs.iter().copied()));
                    some.iter().map(result.sentence).collect()
                })
                .collect();
            said.into_iter().flatten().collect()
        };
        let (pieces, sentences) = rayon::join(|| pieces(result), sentences);
        Self { pieces, sentences, progress }
    }

    /// Stops if a person asked for it.
    ///
    /// # Errors
    /// [`ResultsError::Cancelled`].
    pub fn check(&self) -> Result<(), ResultsError> {
        if self.progress.cancelled() { Err(ResultsError::Cancelled) } else { Ok(()) }
    }
}
