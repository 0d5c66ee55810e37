//! What a state means for the counts of a month.

use chengping_types::Instant;

use crate::fold::State;
use crate::{ExemptLate, Lifecycle, NoDeadline, OnTimeClosing};

/// 60 days, in microseconds.
const BACKLOG_AFTER: i64 = 60 * 24 * 3_600_000_000;

/// The instant after which a case that fell due at `deadline` is in the backlog.
pub(crate) fn backlog_from(deadline: Instant) -> Instant {
    Instant::from_micros(deadline.as_micros().saturating_add(BACKLOG_AFTER))
}

/// A state as one view sees it: with the instant of the view and the exemptions decided by then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'s, 'e> {
    pub(crate) state: &'s State<'e>,
    pub(crate) as_of: Instant,
    pub(crate) exempt_late: bool,
    pub(crate) exempt_rework: bool,
    pub(crate) lifecycle: &'s Lifecycle,
}

impl Seen<'_, '_> {
    /// The settlement instant t*: when it was handled or fell due, whichever came first
    /// (method e.4). None while it has neither, is suspended or counts nowhere.
    pub(crate) fn settles_at(&self) -> Option<Instant> {
        let state = self.state;
        if !state.counts() || state.dispatched_at.is_none() || self.is_paused() {
            return None;
        }
        let ended = if state.forced { state.closed_at } else { state.handled_at };
        match (ended, state.deadline) {
            (Some(ended), Some(deadline)) => Some(ended.min(deadline)),
            (Some(ended), None) => self.knows_no_deadline_but_counts().then_some(ended),
            (None, Some(deadline)) => (deadline < self.as_of).then_some(deadline),
            (None, None) => None,
        }
    }

    /// Suspended, and therefore not judged.
    pub(crate) fn is_paused(&self) -> bool {
        self.state.suspended_at.is_some() && self.lifecycle.pauses()
    }

    fn knows_no_deadline_but_counts(&self) -> bool {
        self.lifecycle.no_deadline == NoDeadline::CountsAsOnTime
    }

    /// Whether the exemption takes it out of every ratio.
    pub(crate) fn is_out_of_due(&self) -> bool {
        self.exempt_late && self.lifecycle.exempt_late == ExemptLate::OutOfDue && !self.is_in_time()
    }

    /// Handed back, and by the deadline.
    fn is_in_time(&self) -> bool {
        let state = self.state;
        let by = |deadline| state.handled_at.is_some_and(|handled| handled <= deadline);
        !state.forced
            && state
                .deadline
                .map_or(state.handled_at.is_some() && self.knows_no_deadline_but_counts(), by)
    }

    /// Counts as on time, in fact or by exemption. Means something only once it settles.
    pub(crate) fn is_on_time(&self) -> bool {
        self.is_in_time() || self.exempt_late
    }

    /// Handed back (decisions.md 14: a forced closing is none).
    pub(crate) fn is_handled(&self) -> bool {
        self.state.handled_at.is_some()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.closed_at.is_some()
    }

    pub(crate) fn is_closed_on_time(&self) -> bool {
        match self.lifecycle.on_time_closing {
            OnTimeClosing::ClosedAndOnTime => self.is_closed() && self.is_on_time(),
            OnTimeClosing::HandledOnTime => self.is_on_time(),
            OnTimeClosing::ClosedByDeadline => self.state.closed_at.is_some_and(|closed| {
                let by = |deadline| closed <= deadline;
                self.exempt_late || (!self.state.forced && self.state.deadline.is_none_or(by))
            }),
        }
    }

    /// Past its deadline without a hand-back, and neither closed nor exempted.
    pub(crate) fn is_overdue_open(&self) -> bool {
        self.settles_at().is_some() && !self.is_handled() && !self.is_closed() && !self.exempt_late
    }

    /// Overdue and open for more than 60 days after its deadline (method b.1, B43).
    pub(crate) fn is_backlog(&self) -> bool {
        self.is_overdue_open() && self.backlog_from().is_some_and(|from| self.as_of > from)
    }

    /// The instant after which it is in the backlog, should it stay open.
    pub(crate) fn backlog_from(&self) -> Option<Instant> {
        self.state.deadline.map(backlog_from)
    }

    /// Settled, and not on time.
    pub(crate) fn is_late(&self) -> bool {
        self.settles_at().is_some() && !self.is_on_time()
    }

    /// The first rework, unless it was exempted.
    pub(crate) fn rework_at(&self) -> Option<Instant> {
        self.state.first_rework_at().filter(|_| !self.exempt_rework)
    }
}
