//! Progress of long work, and the wish to stop it.

/// Told how far long work has come; asked whether to stop. Called from several threads.
pub trait Progress: Sync {
    /// A stage begins; `total` is its size in `unit`s, 0 when it is not known.
    fn stage(&self, name: Stage, total: u64);

    /// `amount` more units of the stage are done.
    fn advance(&self, amount: u64);

    /// Whether a person asked to stop. Work then ends with a typed error and leaves nothing.
    fn cancelled(&self) -> bool {
        false
    }
}

/// The stages of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Reading our file; units are bytes.
    ReadOurs,
    /// Reading their file; units are bytes.
    ReadTheirs,
    /// Matching; units are lines.
    Match,
    /// Explaining what is left; units are lines.
    Explain,
    /// Writing the result; units are lines.
    Write,
    /// Re-checking a result; units are lines.
    Verify,
}

impl Stage {
    /// The word used in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ReadOurs => "read_ours",
            Self::ReadTheirs => "read_theirs",
            Self::Match => "match",
            Self::Explain => "explain",
            Self::Write => "write",
            Self::Verify => "verify",
        }
    }
}

/// Nobody watches and nobody stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
}
