//! A clock for promises between processes: it never goes back, and a machine that sleeps does not
//! stop it.

use std::ops::Add;
use std::time::Duration;

/// An instant on the clock of this machine since it was started.
///
/// `std::time::Instant` stands still while a machine is suspended, so that a promise of a second
/// could be believed hours later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SteadyInstant(Duration);

impl SteadyInstant {
    /// Now.
    ///
    /// # Panics
    ///
    /// If the system has no such clock, which Linux has had since 2.6.39.
    #[must_use]
    pub fn now() -> Self {
        use nix::time::{ClockId, clock_gettime};

        #[cfg(any(target_os = "linux", target_os = "android"))]
        let clock = ClockId::CLOCK_BOOTTIME;
        // Elsewhere the monotonic clock counts sleep, or nothing does.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let clock = ClockId::CLOCK_MONOTONIC;
        Self(clock_gettime(clock).expect("the system has a clock").into())
    }

    /// The time since `earlier`, zero if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for SteadyInstant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_and_never_back() {
        let first = SteadyInstant::now();
        let second = SteadyInstant::now();
        assert!(second >= first);
        assert_eq!(first.since(first + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!((first + Duration::from_secs(1)).since(first), Duration::from_secs(1));
    }
}
