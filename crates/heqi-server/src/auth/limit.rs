//! Who has tried too often: attempts a minute, by account, by address and in all.
//!
//! Slowing down, not locking out: a session that is open is never ended by the attempts of others.

use std::num::NonZeroU32;

use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::problem::Problem;

/// Limits on attempts to sign in.
#[derive(Debug)]
pub struct Limiter {
    accounts: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<String>,
    all: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

const fn per_minute(count: u32, burst: u32) -> Quota {
    match (NonZeroU32::new(count), NonZeroU32::new(burst)) {
        (Some(count), Some(burst)) => Quota::per_minute(count).allow_burst(burst),
        _ => Quota::per_second(NonZeroU32::MIN),
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            accounts: RateLimiter::keyed(per_minute(10, 10)),
            addresses: RateLimiter::keyed(per_minute(60, 60)),
            all: RateLimiter::direct(per_minute(900, 200)),
            clock: DefaultClock::default(),
        }
    }
}

impl Limiter {
    /// Counts an attempt for this account from this address.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn attempt(&self, account: &str, address: &str) -> Result<(), Problem> {
        let checks = [
            self.all.check(),
            self.addresses.check_key(&address.to_owned()),
            self.accounts.check_key(&account.to_lowercase()),
        ];
        let wait = checks.into_iter().filter_map(Result::err);
        let wait = wait.map(|not| not.wait_time_from(self.clock.now()).as_secs() + 1).max();
        let Some(seconds) = wait else { return Ok(()) };
        let mut problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_attempts",
            format!("尝试过于频繁；请 {seconds} 秒后再试"),
            format!("Too many attempts; try again in {seconds} s"),
        );
        problem.retry_after = Some(seconds);
        Err(problem)
    }
}
