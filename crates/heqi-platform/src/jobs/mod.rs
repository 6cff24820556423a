//! Long work: a row that survives the process, is run once, shows its progress, can be canceled.
//!
//! A job is enqueued in the transaction of the change that causes it. A process takes it by a
//! lease and renews the lease while it works. The effect of a job and its mark *done* are one
//! transaction that holds only for the lease it was taken with, so that a process that was
//! thought dead and comes back cannot do it a second time.

mod periodic;
mod queue;
mod runner;

pub use periodic::{Every, every};
pub use queue::{
    Claim, Job, JobState, NewJob, beat, cancel, claim, enqueue, fail, find, finish, release,
};
pub use runner::{Handler, JobError, Runner, Work};
