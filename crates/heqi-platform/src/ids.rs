//! Numbers for new rows: ascending, unique over processes, known before the row is written.
//!
//! 63 bits: 41 of milliseconds since 2026, 8 of the process's slot, 14 of a counter. Two
//! processes hold different slots (see [`crate::db`]), so nothing has to be asked of the
//! database. If the clock stands or is turned back, the generator goes on from where it was.

use std::sync::Mutex;

use crate::clock::Clock;

/// 2026-01-01 in milliseconds.
const EPOCH_MS: i64 = 1_767_225_600_000;
const SLOT_BITS: u32 = 8;
const COUNTER_BITS: u32 = 14;

/// Gives out numbers; one per process.
#[derive(Debug)]
pub struct Ids {
    clock: Clock,
    slot: i64,
    last: Mutex<i64>,
}

impl Ids {
    /// A generator for the process that holds `slot` (0 to 255).
    #[must_use]
    pub fn new(clock: Clock, slot: u8) -> Self {
        Self { clock, slot: i64::from(slot), last: Mutex::new(0) }
    }

    /// The next number; greater than every number given out before.
    pub fn next(&self) -> i64 {
        let ms = (self.clock.now().micros() / 1000 - EPOCH_MS).max(1);
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Milliseconds and counter make one number, so a full counter runs into the next one.
        *last = (ms << COUNTER_BITS).max(*last + 1);
        let (ms, counter) = (*last >> COUNTER_BITS, *last & ((1 << COUNTER_BITS) - 1));
        (ms << (SLOT_BITS + COUNTER_BITS)) | (self.slot << COUNTER_BITS) | counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn numbers_ascend_also_when_the_clock_is_turned_back() {
        let clock = Clock::fixed(Timestamp::from_micros(1_795_550_700_000_000));
        let ids = Ids::new(clock.clone(), 3);
        let mut last = 0;
        for round in 0..100_000 {
            if round == 50_000 {
                clock.advance(-3600);
            }
            let next = ids.next();
            assert!(next > last);
            last = next;
        }
    }

    #[test]
    fn two_slots_share_no_number() {
        let clock = Clock::fixed(Timestamp::from_micros(1_795_550_700_000_000));
        let (one, other) = (Ids::new(clock.clone(), 0), Ids::new(clock, 255));
        let ours: std::collections::BTreeSet<i64> = (0..20_000).map(|_| one.next()).collect();
        assert!((0..20_000).all(|_| !ours.contains(&other.next())));
    }
}
