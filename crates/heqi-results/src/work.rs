//! What the writers of one run share: the order, the sentences, and the wish to stop.

use heqi_domain::Progress;
use rayon::prelude::*;

use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::order::{Run, pieces};

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
        let sentences = result.outcome.discrepancies.par_iter().map(result.sentence).collect();
        Self { pieces: pieces(result), sentences, progress }
    }

    /// Stops if a person asked for it.
    ///
    /// # Errors
    /// [`ResultsError::Cancelled`].
    pub fn check(&self) -> Result<(), ResultsError> {
        if self.progress.cancelled() { Err(ResultsError::Cancelled) } else { Ok(()) }
    }
}
