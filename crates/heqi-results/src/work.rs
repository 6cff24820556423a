//! What the writers of one run share: the order, and the wish to stop.

use heqi_domain::Progress;

use crate::error::ResultsError;
use crate::model::MatchResult;
use crate::order::{Run, pieces};

/// Shared by all writers of one run.
pub struct Work<'a> {
    /// The merged order of exact pairs and other groups.
    pub pieces: Vec<Vec<Run>>,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

impl<'a> Work<'a> {
    /// Prepares what every writer needs.
    pub fn new(result: &MatchResult, progress: &'a dyn Progress) -> Self {
        Self { pieces: pieces(result), progress }
    }

    /// Stops if a person asked for it.
    ///
    /// # Errors
    /// [`ResultsError::Cancelled`].
    pub fn check(&self) -> Result<(), ResultsError> {
        if self.progress.cancelled() { Err(ResultsError::Cancelled) } else { Ok(()) }
    }
}
