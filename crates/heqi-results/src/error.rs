//! Why a result folder could not be written: one variant per decision the caller can take.

use std::path::PathBuf;

use heqi_domain::Side;

/// A result folder could not be written; whatever stood there before still stands.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The place is taken by something that Heqi did not write: choose another one.
    #[error("{path} {what}; move it away or choose another --out folder")]
    NotOurs {
        /// The folder that was asked for.
        path: PathBuf,
        /// What stands there.
        what: String,
    },
    /// The operating system refused: free space, change rights, or choose another place.
    #[error("cannot write {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The workbook could not be made: write the tables without it (`--format csv`).
    #[error("cannot make the workbook: {0}; the tables can be had with --format csv")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A line is lost or stands twice: the outcome must not be published.
    #[error(
        "conservation broken: {placed} of {lines} lines of {} are placed; no result was written, \
         please report this with both files",
        side.code()
    )]
    NotConserved {
        /// The side.
        side: Side,
        /// Lines read.
        lines: u64,
        /// Lines found in groups and residuals.
        placed: u64,
    },
    /// A bridge does not close: the outcome must not be published.
    #[error(
        "the bridge of customer `{customer}` in {currency} is off by {by}; no result was written, \
         please report this with both files"
    )]
    NotClosed {
        /// The customer.
        customer: String,
        /// The currency code.
        currency: String,
        /// closing difference − opening difference − Σ discrepancies, decimal text.
        by: String,
    },
    /// The movements of the blocks are not the sums of the lines: must not be published.
    #[error(
        "the {currency} movements of {} add up to {blocks}, the lines to {lines}; no result was \
         written, please report this with both files",
        side.code()
    )]
    SumsDiffer {
        /// The side.
        side: Side,
        /// The currency code.
        currency: String,
        /// Σ movements of the blocks, decimal text.
        blocks: String,
        /// Σ amounts of the lines, decimal text.
        lines: String,
    },
    /// This build has no writer for the format: ask for another one.
    #[error("this build of Heqi cannot write {0}; ask for csv, json or xlsx")]
    FormatMissing(&'static str),
    /// A person asked to stop; nothing was left behind.
    #[error("stopped; nothing was written")]
    Cancelled,
}

impl ResultsError {
    /// For `map_err` on I/O at `path`.
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }
}
