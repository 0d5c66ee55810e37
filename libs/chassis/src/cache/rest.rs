use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a server that did not answer is left alone.
const REST: Duration = Duration::from_secs(1);

/// Whether a server is worth asking: after it did not answer, it is not for a while. Else a call
/// that asks many times would wait as many times.
#[derive(Debug, Default)]
pub(super) struct Rest(Mutex<Option<Instant>>);

impl Rest {
    /// Whether the server is left alone at `now`.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_on = until.is_some_and(|until| now < until);
        if !is_on {
            *until = None;
        }
        is_on
    }

    /// The server did not answer.
    pub(super) fn begin(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_did_not_answer_is_asked_again_later() {
        let (rest, now) = (Rest::default(), Instant::now());
        assert!(!rest.is_on(now));
        rest.begin(now);
        assert!(rest.is_on(now + REST / 2));
        assert!(!rest.is_on(now + REST));
    }
}
