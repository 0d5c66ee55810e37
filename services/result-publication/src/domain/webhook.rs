//! Webhooks: where publications may be sent, what is sent, how it is signed, and when it is tried
//! again.

pub(crate) mod address;
pub(crate) mod event;
pub(crate) mod secret;

use std::time::Duration;

use chengping_ledger::version::EntryKind;
use chengping_types::name::{WebhookDeliveryName, WebhookName};
use chengping_types::{Instant, JurisdictionId, Month, RecordId, named_enum};

/// A registered address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) id: RecordId,
    pub(crate) url: String,
    pub(crate) creator: String,
    pub(crate) create_time: Instant,
    pub(crate) is_deleted: bool,
    pub(crate) done_count: u64,
    pub(crate) pending_count: u64,
    pub(crate) dead_count: u64,
    pub(crate) last_error: String,
    pub(crate) next_attempt_time: Option<Instant>,
}

impl Webhook {
    pub(crate) fn name(&self) -> WebhookName {
        WebhookName { jurisdiction: self.jurisdiction.clone(), webhook: self.id.clone() }
    }

    /// A registration never changes but by its end.
    pub(crate) const fn etag(&self) -> &'static str {
        if self.is_deleted { "\"2\"" } else { "\"1\"" }
    }
}

named_enum! {
    /// Where a delivery stands. The codes are those of the API.
    pub(crate) enum DeliveryState: "state of a delivery" {
        /// Waits for its next attempt.
        Pending = 1 => "pending",
        /// Taken in.
        Delivered = 2 => "delivered",
        /// Given up after too many attempts.
        Dead = 3 => "dead",
    }
}

/// A publication on its way to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) webhook: WebhookName,
    pub(crate) log_index: u64,
    pub(crate) month: Month,
    pub(crate) version: u32,
    pub(crate) kind: EntryKind,
    pub(crate) state: DeliveryState,
    /// Over all times that it was taken up.
    pub(crate) total_attempts: u32,
    pub(crate) last_status: u16,
    pub(crate) last_error: String,
    pub(crate) last_attempt_time: Option<Instant>,
    pub(crate) next_attempt_time: Option<Instant>,
}

impl Delivery {
    pub(crate) fn name(&self) -> WebhookDeliveryName {
        let WebhookName { jurisdiction, webhook } = self.webhook.clone();
        WebhookDeliveryName { jurisdiction, webhook, delivery: self.log_index }
    }
}

/// How often and how soon something is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) attempts_max: u32,
    pub(crate) first_retry: Duration,
    pub(crate) longest_retry: Duration,
}

impl Patience {
    /// How long to wait after `attempts` that failed, at least one: each time twice as long, up to a
    /// bound, and by `chance` up to a fifth less, so that those who failed together do not come back
    /// together. None when it is given up.
    pub(crate) fn pause(&self, attempts: u32, chance: u8) -> Option<Duration> {
        if attempts >= self.attempts_max {
            return None;
        }
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = self.first_retry.saturating_mul(doubled).min(self.longest_retry);
        Some(pause - pause / 5 * u32::from(chance) / 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_is_longer_up_to_a_bound_and_then_it_is_given_up() {
        let patience = Patience {
            attempts_max: 20,
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(6 * 3600),
        };
        let seconds = |attempts| patience.pause(attempts, 0).map(|pause| pause.as_secs());
        assert_eq!([1, 2, 3, 12].map(seconds), [Some(5), Some(10), Some(20), Some(10_240)]);
        assert_eq!([14, 19, 20, 99].map(seconds), [Some(21_600), Some(21_600), None, None]);
        for chance in [0, 1, 128, 255] {
            let pause = patience.pause(3, chance).unwrap();
            assert!((16..=20).contains(&pause.as_secs()), "{pause:?}");
        }
        // What config.default.toml says of these settings.
        let hours = |chance| {
            let pauses = (1..20).filter_map(|attempts| patience.pause(attempts, chance));
            pauses.sum::<Duration>().as_secs_f64() / 3600.0
        };
        assert!((37.5..38.0).contains(&hours(255)), "{}", hours(255));
        assert!((47.0..48.0).contains(&hours(0)), "{}", hours(0));
        let endless = Patience { attempts_max: u32::MAX, ..patience };
        assert_eq!(endless.pause(5_000, 0), Some(patience.longest_retry));
    }
}
