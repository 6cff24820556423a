//! The server as its users meet it: the real binary, over HTTP, on both engines; and what
//! becomes of their books when it, its disk or its database fails (trust.md A1 to A8).

mod books;
#[cfg(unix)]
mod cluster;
mod crash;
mod desk;
#[cfg(target_os = "linux")]
mod disk_full;
#[cfg(feature = "failpoints")]
mod failpoints;
mod files;
mod import_crash;
mod invariants;
mod match_crash;
mod oracles;
mod path;
mod period_crash;
#[cfg(unix)]
mod postgres_faults;
mod process;

#[cfg(not(feature = "failpoints"))]
#[test]
fn a4_every_point_of_failure() {
    eprintln!("SKIPPED: the program has no points of failure (--features heqi/failpoints)");
}
