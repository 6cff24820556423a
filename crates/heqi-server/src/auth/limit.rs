//! Who has tried too often: attempts a minute, by account, by address and in all.
//!
//! The first gate, in memory and of this process alone, against a flood; what was tried in vain
//! is counted in the database as well ([`super::pace`]), for all processes together.
//! Slowing down, not locking out: a session that is open is never ended by the attempts of others.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

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
    counted: AtomicU32,
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
            counted: AtomicU32::new(0),
        }
    }
}

impl Limiter {
    /// Counts an attempt for this account from this address. An address that is over its limit
    /// takes nothing from the limit of all, nor from that of the account.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn attempt(&self, account: &str, address: &str) -> Result<(), Problem> {
        if self.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            self.addresses.retain_recent();
            self.accounts.retain_recent();
        }
        let refused = self.addresses.check_key(&network(address)).err();
        let refused = refused.or_else(|| self.all.check().err());
        let refused = refused.or_else(|| self.accounts.check_key(&account.to_lowercase()).err());
        let Some(refused) = refused else { return Ok(()) };
        Err(super::pace::too_many(refused.wait_time_from(self.clock.now()).as_secs() + 1))
    }
}

/// Attempts after which accounts and addresses that rest are forgotten, or an attacker could
/// fill the memory with made-up ones.
const FORGET_EVERY: u32 = 256;

/// What counts as one address: one of IPv4, a /64 of IPv6, since whoever has one has all of it.
pub(super) fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(six)) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(four) => four.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: D4. The bounds leave room for a minute to pass while a test runs.

    use super::*;

    fn passed(attempts: impl Iterator<Item = (String, String)>) -> usize {
        let limiter = Limiter::default();
        attempts.filter(|(account, from)| limiter.attempt(account, from).is_ok()).count()
    }

    #[test]
    fn d4_of_ten_thousand_tries_at_one_account_a_handful_count() {
        let from = |n: u32| format!("10.{}.{}.1", n / 256, n % 256);
        let count = passed((0..10_000).map(|n| ("wangfang".to_owned(), from(n))));
        assert!((10..=20).contains(&count), "{count}");
    }

    #[test]
    fn d4_of_ten_thousand_tries_from_one_network_a_few_count() {
        let from = |n: u32| format!("2001:db8:1:2::{n:x}");
        let count = passed((0..10_000).map(|n| (format!("user{n}"), from(n))));
        assert!((60..=120).contains(&count), "{count}");
    }

    #[test]
    fn d4_ten_thousand_tries_from_everywhere_are_bounded_and_forgotten() {
        let from = |n: u32| format!("10.{}.{}.1", n / 256, n % 256);
        let count = passed((0..10_000).map(|n| (format!("user{n}"), from(n))));
        assert!((200..=1_100).contains(&count), "{count}");
    }

    #[test]
    fn d4_an_address_over_its_limit_leaves_room_for_others() {
        let limiter = Limiter::default();
        for n in 0..10_000 {
            let _counted = limiter.attempt(&format!("user{n}"), "192.0.2.1").is_ok();
        }
        assert!(limiter.attempt("wangfang", "192.0.2.2").is_ok());
        let refused = limiter.attempt("wangfang", "192.0.2.1").unwrap_err();
        assert!(refused.retry_after.is_some());
    }
}
