//! The two sides 我方/对方 of a reconciliation.

use serde::{Deserialize, Serialize};

use crate::Lang;

/// Whose book a line was read from, always seen from the enterprise that runs Heqi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The enterprise's own book 我方.
    Ours,
    /// The customer's statement 对方.
    Theirs,
}

impl Side {
    /// The word used in files and JSON: `ours` or `theirs`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }

    /// The word for people: 我方, 对方 or ours, theirs.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Ours => lang.pick("我方", "ours"),
            Self::Theirs => lang.pick("对方", "theirs"),
        }
    }

    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}
