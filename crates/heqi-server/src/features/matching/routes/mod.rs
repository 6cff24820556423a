//! Groups, holds and acts over HTTP, a file for each thing that a person does.

pub(super) mod acts;
pub(super) mod bulk;
pub(super) mod decisions;
pub(super) mod groups;
pub(super) mod holds;
