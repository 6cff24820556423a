//! Ledgers to try Heqi on, made from a seed: the same seed makes the same bytes everywhere.
//!
//! [`generate`] invents a company, its customers and one period of their dealings, with
//! every discrepancy labeled; [`wholesale::wholesale`] invents a wholesale firm with its staff,
//! customers and six months for the server; [`bench_pair`] makes the large, plain pair of the
//! benchmark.
//! No clock, no float, nothing from the outside. Names are made up from syllables; a
//! likeness to a firm that exists is chance.
#![deny(clippy::float_arithmetic)]

mod bench;
mod company;
mod random;
pub mod wholesale;

pub use bench::{BenchPair, BenchSummary, bench_pair};
pub use company::{Customer, GoodsRow, OurRow, Sample, Spec, TheirRow, TruthGroup, generate};
