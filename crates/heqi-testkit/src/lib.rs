//! What tests of several crates share: databases that nobody else sees.

pub mod databases;
