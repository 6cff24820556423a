//! Step 4 of 8: why two amounts differ, and why a line stands alone.

pub(crate) mod difference;
pub(crate) mod residual;
pub(crate) mod sentence;

pub use sentence::sentence;
