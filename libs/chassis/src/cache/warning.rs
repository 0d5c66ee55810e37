use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(10);

/// A warning that is given at most once per interval, with the number of those swallowed.
#[derive(Debug, Default)]
pub(super) struct RareWarning(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    swallowed: u64,
}

impl RareWarning {
    pub(super) fn warn(&self, operation: &'static str, cause: &dyn Display) {
        if let Some(swallowed) = self.take_turn(Instant::now()) {
            tracing::warn!(operation, %cause, swallowed, "the cache did not help");
        }
    }

    /// How many warnings were swallowed since the last, if it is time for one.
    fn take_turn(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.duration_since(last) < INTERVAL) {
            state.swallowed += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.swallowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_failures_is_one_line_and_a_count() {
        let warning = RareWarning::default();
        let start = Instant::now();
        assert_eq!(warning.take_turn(start), Some(0));
        for _ in 0..100 {
            assert_eq!(warning.take_turn(start + INTERVAL / 2), None);
        }
        assert_eq!(warning.take_turn(start + INTERVAL), Some(100));
    }
}
