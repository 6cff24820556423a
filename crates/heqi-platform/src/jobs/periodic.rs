//! Work that comes round: once a night, once a day.
//!
//! Time is cut into intervals that begin at the same instants on every machine. Whoever looks
//! first in an interval enqueues its run; a server that slept through the beginning catches up
//! once. Nothing is scheduled ahead, so a changed interval leaves nothing behind.

use serde_json::json;

use super::queue::{NewJob, enqueue};
use crate::Timestamp;
use crate::db::{DbError, Sql, Tx};

/// How long runs that are over are kept.
const KEPT_SECONDS: i64 = 90 * 24 * 3600;

/// Work that comes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// Which handler does it; a job of the installation.
    pub kind: &'static str,
    /// How long an interval is.
    pub seconds: i64,
    /// How long after midnight in UTC+8, the zone of the books, an interval begins.
    pub at: i64,
}

impl Every {
    /// When the interval of this instant began.
    fn began(&self, now: Timestamp) -> Timestamp {
        let length = self.seconds.max(1).saturating_mul(1_000_000);
        let origin = (self.at - 8 * 3600).saturating_mul(1_000_000);
        let into = now.micros().saturating_sub(origin).rem_euclid(length);
        Timestamp::from_micros(now.micros().saturating_sub(into))
    }
}

/// Enqueues the run of the present interval, unless it was; its number. To be called in a
/// transaction of its own, every minute or so.
///
/// # Errors
/// [`DbError::Unique`] on `job` if another process has enqueued it at the same moment.
pub async fn every(tx: &mut Tx, run: &Every) -> Result<Option<i64>, DbError> {
    let began = run.began(tx.now());
    let dedup = began.to_string();
    let same = "SELECT COUNT(*) FROM job WHERE company_id = 0 AND kind = $1 AND dedup = $2";
    if tx.count(Sql::new(same).bind(run.kind).bind(&dedup)).await? > 0 {
        return Ok(None);
    }
    let old = "DELETE FROM job WHERE company_id = 0 AND kind = $1 AND finished_at < $2";
    let before = tx.now().plus_seconds(-KEPT_SECONDS);
    tx.execute(Sql::new(old).bind(run.kind).bind(before)).await?;
    let new = NewJob {
        company: 0,
        kind: run.kind,
        payload: json!({ "interval": began }),
        dedup: Some(dedup),
        run_at: None,
        attempts_max: 5,
        created_by: "system".to_owned(),
    };
    enqueue(tx, &new).await.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_begins_at_its_hour_in_the_zone_of_the_books() {
        let nightly = Every { kind: "test", seconds: 24 * 3600, at: 2 * 3600 };
        let at = |text: &str| Timestamp::try_from(text.to_owned()).unwrap();
        let cases = [
            ("2026-11-24T18:00:00Z", "2026-11-24T18:00:00Z"),
            ("2026-11-25T17:59:59Z", "2026-11-24T18:00:00Z"),
            ("2026-11-24T17:59:59Z", "2026-11-23T18:00:00Z"),
        ];
        for (now, began) in cases {
            assert_eq!(nightly.began(at(now)), at(began), "{now}");
        }
    }
}
