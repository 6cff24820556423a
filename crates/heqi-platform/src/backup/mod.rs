//! Backups 备份: one encrypted file that holds everything, restores into either engine, and is
//! held to its digest all the way.
//!
//! ```text
//! age( gzip( header line | canonical export | last line ) )
//! ```
//!
//! Three layers that other programs open as well: `age -d -i identity FILE | gunzip` gives the
//! text. The header says which schema, when, and where the audit chains stood; the last line
//! says the digest of the export between them, which is known only when it has been written.
//!
//! One read snapshot makes it: whoever works meanwhile is not held up, and the backup holds a
//! state that was committed. A restore is one transaction that is committed only if the export
//! of what was restored has the digest of the backup.

mod error;
pub mod export;
mod format;
mod make;
mod own;
mod read;
mod restore;
mod schema;
mod verify;

pub use error::BackupError;
pub use format::{Contents, Head, Header, KeyFile};
pub use make::{Order, make};
pub use own::rows_of;
pub use restore::restore;
pub use schema::{Column, Kind, Table, tables};
pub use verify::verify;
