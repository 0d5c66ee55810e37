//! Two clocks. [`SteadyInstant`] is for promises between processes: it never goes back, and a machine
//! that sleeps does not stop it. [`WallClock`] tells the time of day, or what a test sets.

use std::ops::Add;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// The time of day, as the system has it unless a test sets it. Cheap to clone; clones show the same.
#[derive(Debug, Clone, Default)]
pub struct WallClock(Option<Arc<AtomicI64>>);

impl WallClock {
    /// A clock that stands still at so many microseconds since 1970 UTC, until it is set.
    #[must_use]
    pub fn standing_at(micros: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(micros))))
    }

    /// Sets it to so many microseconds since 1970 UTC. That of the system cannot be set.
    pub fn set(&self, micros: i64) {
        if let Some(time) = &self.0 {
            time.store(micros, Ordering::SeqCst);
        }
    }

    /// Microseconds since 1970 UTC.
    #[must_use]
    pub fn micros(&self) -> i64 {
        match &self.0 {
            Some(time) => time.load(Ordering::SeqCst),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_shows_what_it_is_set_to() {
        let clock = WallClock::standing_at(5);
        let same = clock.clone();
        same.set(7);
        assert_eq!(clock.micros(), 7);
        let system = WallClock::default();
        system.set(7);
        assert!(system.micros() > 1_000_000_000_000_000);
    }

    #[test]
    fn it_goes_on_and_never_back() {
        let first = SteadyInstant::now();
        let second = SteadyInstant::now();
        assert!(second >= first);
        assert_eq!(first.since(first + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!((first + Duration::from_secs(1)).since(first), Duration::from_secs(1));
    }
}
