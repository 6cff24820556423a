//! Points of failure 故障点: named places at which a test makes the program fail.
//!
//! They are there only in a program built with the feature `failpoints`, and do something only
//! where `HEQI_FAILPOINTS` names a folder; in every other build a point is an empty function. A
//! test arms a point with a file of its name that says what is to happen: `error`, `panic`,
//! `abort`, or `sleep` and how many milliseconds. Whoever comes by first renames it to `NAME.hit`,
//! so that an armed point acts once, and the test sees that it did.

use crate::db::DbError;

/// Every point there is: the seams between an effect, its audit record, its stored answer, its
/// job, and their common commit.
pub const POINTS: &[&str] = &[
    "audit.append",
    "audit.appended",
    "audit.checkpoint",
    "backup.draft",
    "backup.place",
    "blobs.put",
    "idempotency.store",
    "idempotency.stored",
    "imports.staged",
    "jobs.claimed",
    "jobs.enqueued",
    "jobs.finish",
    "ledger.posted",
    "matching.groups",
    "periods.reopen",
    "periods.seal",
    "postgres.commit",
    "postgres.committed",
    "sqlite.commit",
    "sqlite.committed",
];

/// Passes a point.
///
/// # Errors
/// What a test has ordered; never without the feature.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn at(_point: &'static str) -> Result<(), DbError> {
    Ok(())
}

/// Passes a point.
///
/// # Errors
/// What a test has ordered.
///
/// # Panics
/// If a test has ordered that, or the point is not in the list.
#[cfg(feature = "failpoints")]
pub fn at(point: &'static str) -> Result<(), DbError> {
    assert!(POINTS.contains(&point), "{point} is not in the list of points");
    let Some(folder) = std::env::var_os("HEQI_FAILPOINTS") else { return Ok(()) };
    let armed = std::path::Path::new(&folder).join(point);
    let hit = armed.with_file_name(format!("{point}.hit"));
    if std::fs::rename(&armed, &hit).is_err() {
        return Ok(());
    }
    let order = std::fs::read_to_string(&hit).unwrap_or_default();
    match order.trim().split_once(' ').unwrap_or((order.trim(), "")) {
        ("panic", _) => panic!("failpoint {point}"),
        ("abort", _) => std::process::abort(),
        ("sleep", millis) => {
            let millis = millis.parse().unwrap_or(2_000);
            std::thread::sleep(std::time::Duration::from_millis(millis));
            Ok(())
        }
        _ => Err(DbError::Failed(format!("failpoint {point}"))),
    }
}
