//! The state of a case: a fold over its events in time order.
//!
//! Impossible sequences are tolerated and flagged (decisions.md 8): a platform's history is as it
//! is, and one odd event must not lose a case.

use chengping_types::{BodyId, Instant, named_enum};
use serde::Serialize;

use crate::{
    Event, EventKind, ExtensionWhenOverdue, Lifecycle, RedispatchDeadline, ReworkRule,
    SuspensionWhenOverdue,
};

named_enum! {
    /// Where a case stands in the closed loop (method e.2).
    pub enum Stage: "stage" {
        /// Reported, or nothing known yet.
        Reported = 0 => "reported",
        /// Settled on the spot by the collector; ended.
        SelfHandled = 1 => "self_handled",
        /// Being verified before filing.
        Verifying = 2 => "verifying",
        /// Not accepted; ended.
        Declined = 3 => "declined",
        /// Accepted, waiting for filing.
        Accepted = 4 => "accepted",
        /// Filing refused; ended.
        Refused = 5 => "refused",
        /// Filed, waiting for dispatch.
        Filed = 6 => "filed",
        /// With the unit.
        Handling = 7 => "handling",
        /// Returned by the unit, waiting for another dispatch.
        Returned = 8 => "returned",
        /// The clock is stopped.
        Suspended = 9 => "suspended",
        /// Handed back, waiting for a check.
        Handled = 10 => "handled",
        /// Being checked.
        Checking = 11 => "checking",
        /// Check passed, waiting for closing.
        Checked = 12 => "checked",
        /// Closed.
        Closed = 13 => "closed",
        /// Voided; final.
        Voided = 14 => "voided",
    }
}

/// Why an event does not fit where the case stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Irregularity {
    /// The case was voided or self-handled before; no effect.
    AfterEnd,
    /// Filed once more; the first stands.
    FiledAgain,
    /// Nothing was dispatched yet; no effect on counts.
    BeforeDispatch,
    /// Dispatched before it was filed.
    DispatchedBeforeFiling,
    /// Dispatched while closed; reopens the handling.
    DispatchedWhileClosed,
    /// The second hand-back of a round; the last counts.
    HandledAgain,
    /// The case is closed already; no effect.
    AfterClosing,
    /// A check without a hand-back before it; no effect.
    CheckWithoutHandBack,
    /// Closed normally without a hand-back; counts as handed back then.
    ClosedWithoutHandBack,
    /// Reopened, but was not closed; no effect.
    NotClosed,
    /// Suspended while suspended; no effect.
    SuspendedAgain,
    /// Resumed, but was not suspended; no effect.
    NotSuspended,
    /// Dated after the deadline; no effect.
    AfterDeadline,
    /// An extension without a new deadline; no effect.
    WithoutDeadline,
    /// A withdrawal without an order that stands; no effect.
    WithoutOrder,
}

/// What the events so far make of a case. Small and copied freely: the unit is borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State<'e> {
    pub(crate) stage: Stage,
    pub(crate) reported_at: Option<Instant>,
    pub(crate) filed_at: Option<Instant>,
    pub(crate) filing_desk: Option<&'e BodyId>,
    /// The first dispatch.
    pub(crate) dispatched_at: Option<Instant>,
    /// The unit of the last dispatch; nobody after an upheld return.
    pub(crate) unit: Option<&'e BodyId>,
    /// The unit of the last dispatch, returned or not.
    last_unit: Option<&'e BodyId>,
    return_upheld: bool,
    /// The whole-case deadline; none when the platform knows none.
    pub(crate) deadline: Option<Instant>,
    pub(crate) suspended_at: Option<Instant>,
    /// The hand-back of the current round.
    pub(crate) handled_at: Option<Instant>,
    pub(crate) closed_at: Option<Instant>,
    pub(crate) forced: bool,
    pub(crate) self_handled: bool,
    pub(crate) voided: bool,
    pub(crate) extensions: u16,
    /// By how many microseconds extensions moved the deadline.
    pub(crate) extended_by: i64,
    /// How many microseconds the clock stood still, in suspensions that are over.
    pub(crate) paused_for: i64,
    /// Rounds of handling: dispatches, failed checks and reopenings.
    pub(crate) rounds: u16,
    /// The first failed check that is a rework for good.
    rework_at: Option<Instant>,
    /// A failed check that is a rework unless another unit is sent before the next hand-back.
    rework_pending_at: Option<Instant>,
    /// Failed checks that are a rework for good.
    reworks: u16,
}

impl<'e> State<'e> {
    pub(crate) const NEW: Self = Self {
        stage: Stage::Reported,
        reported_at: None,
        filed_at: None,
        filing_desk: None,
        dispatched_at: None,
        unit: None,
        last_unit: None,
        return_upheld: false,
        deadline: None,
        suspended_at: None,
        handled_at: None,
        closed_at: None,
        forced: false,
        self_handled: false,
        voided: false,
        extensions: 0,
        extended_by: 0,
        paused_for: 0,
        rounds: 0,
        rework_at: None,
        rework_pending_at: None,
        reworks: 0,
    };

    /// Whether the case is in the counts at all: filed, not self-handled, not voided.
    pub(crate) fn counts(&self) -> bool {
        self.filed_at.is_some() && !self.self_handled && !self.voided
    }

    /// The first failed check that is a rework as far as is known.
    pub(crate) fn first_rework_at(&self) -> Option<Instant> {
        self.rework_at.or(self.rework_pending_at)
    }

    /// How many failed checks are a rework as far as is known (B31 返工次数).
    pub(crate) fn rework_rounds(&self) -> u16 {
        self.reworks.saturating_add(self.rework_pending_at.is_some().into())
    }

    /// Whether the last dispatch was taken back by an upheld return.
    pub(crate) fn is_sent_back(&self) -> bool {
        self.return_upheld
    }

    /// Whether it is open whether the last failed check is a rework.
    pub(crate) fn has_pending_rework(&self) -> bool {
        self.rework_pending_at.is_some()
    }

    /// Takes in the next event in time order.
    pub(crate) fn apply(
        &mut self,
        event: &'e Event,
        lifecycle: &Lifecycle,
    ) -> Result<(), Irregularity> {
        if self.voided || self.self_handled {
            return if event.kind.is_aside() { Ok(()) } else { Err(Irregularity::AfterEnd) };
        }
        match event.kind {
            EventKind::Reported => {
                self.reported_at = self.reported_at.or(Some(event.at));
                Ok(())
            }
            EventKind::SelfHandled => {
                self.self_handled = true;
                self.stage = Stage::SelfHandled;
                Ok(())
            }
            EventKind::VerifySent => self.before_filing(Stage::Verifying),
            EventKind::Verified => self.before_filing(Stage::Reported),
            EventKind::Accepted => self.before_filing(Stage::Accepted),
            EventKind::Declined => self.before_filing(Stage::Declined),
            EventKind::Refused => self.before_filing(Stage::Refused),
            EventKind::Filed => self.file(event),
            EventKind::Dispatched => self.dispatch(event, lifecycle),
            EventKind::Returned => self.send_back(event),
            EventKind::Extended => self.extend(event, lifecycle),
            EventKind::Suspended => self.suspend(event, lifecycle),
            EventKind::Resumed => self.resume(event, lifecycle),
            EventKind::Handled => self.hand_back(event.at, lifecycle),
            EventKind::CheckSent => self.while_handled(Stage::Checking),
            EventKind::CheckPassed => self.while_handled(Stage::Checked),
            EventKind::CheckFailed => self.fail_check(event.at, lifecycle),
            EventKind::Closed => self.close(event, lifecycle),
            EventKind::Reopened => self.reopen(),
            EventKind::Voided => {
                self.voided = true;
                self.stage = Stage::Voided;
                Ok(())
            }
            EventKind::Ordered
            | EventKind::OrderWithdrawn
            | EventKind::Visited
            | EventKind::Exempted => Ok(()),
        }
    }

    fn before_filing(&mut self, stage: Stage) -> Result<(), Irregularity> {
        if self.filed_at.is_some() {
            return Err(Irregularity::FiledAgain);
        }
        self.stage = stage;
        Ok(())
    }

    fn file(&mut self, event: &'e Event) -> Result<(), Irregularity> {
        if self.filed_at.is_some() {
            return Err(Irregularity::FiledAgain);
        }
        self.filed_at = Some(event.at);
        self.filing_desk = event.actor.as_ref();
        if self.dispatched_at.is_none() {
            self.stage = Stage::Filed;
        }
        Ok(())
    }

    fn dispatch(&mut self, event: &'e Event, lifecycle: &Lifecycle) -> Result<(), Irregularity> {
        let was_closed = self.closed_at.is_some();
        let sets_deadline = match lifecycle.redispatch_deadline {
            _ if self.dispatched_at.is_none() => true,
            RedispatchDeadline::Unchanged => false,
            RedispatchDeadline::RestartIfUpheld => self.return_upheld,
            RedispatchDeadline::Literal => true,
        };
        if sets_deadline {
            self.deadline = event.due_at;
        }
        if self.dispatched_at.is_some() && event.unit.as_ref() != self.last_unit {
            // Another unit begins afresh; the failure was the one before's, who is out of it.
            self.rework_pending_at = None;
        }
        self.dispatched_at = self.dispatched_at.or(Some(event.at));
        self.unit = event.unit.as_ref();
        self.last_unit = self.unit;
        self.return_upheld = false;
        self.begin_round();
        if was_closed {
            Err(Irregularity::DispatchedWhileClosed)
        } else if self.filed_at.is_none() {
            Err(Irregularity::DispatchedBeforeFiling)
        } else {
            Ok(())
        }
    }

    fn begin_round(&mut self) {
        self.handled_at = None;
        self.closed_at = None;
        self.forced = false;
        self.rounds = self.rounds.saturating_add(1);
        self.stage = if self.suspended_at.is_some() { Stage::Suspended } else { Stage::Handling };
    }

    fn send_back(&mut self, event: &Event) -> Result<(), Irregularity> {
        self.require_open()?;
        if event.is("upheld") {
            self.unit = None;
            self.return_upheld = true;
            self.stage = Stage::Returned;
        }
        Ok(())
    }

    fn extend(&mut self, event: &Event, lifecycle: &Lifecycle) -> Result<(), Irregularity> {
        self.require_open()?;
        let applies = lifecycle.extension_when_overdue == ExtensionWhenOverdue::Applied;
        if self.is_after_deadline(event.at, lifecycle) && !applies {
            return Err(Irregularity::AfterDeadline);
        }
        let deadline = event.due_at.ok_or(Irregularity::WithoutDeadline)?;
        if let Some(before) = self.deadline {
            let moved = deadline.as_micros() - before.as_micros();
            self.extended_by = self.extended_by.saturating_add(moved.max(0));
        }
        self.deadline = Some(deadline);
        self.extensions = self.extensions.saturating_add(1);
        Ok(())
    }

    fn suspend(&mut self, event: &Event, lifecycle: &Lifecycle) -> Result<(), Irregularity> {
        self.require_open()?;
        if self.suspended_at.is_some() {
            return Err(Irregularity::SuspendedAgain);
        }
        let applies = lifecycle.suspension_when_overdue == SuspensionWhenOverdue::Applied;
        if self.is_after_deadline(event.at, lifecycle) && !applies {
            return Err(Irregularity::AfterDeadline);
        }
        self.suspended_at = Some(event.at);
        self.stage = Stage::Suspended;
        Ok(())
    }

    /// While suspended the clock stands still: no instant is after the deadline then.
    fn is_after_deadline(&self, at: Instant, lifecycle: &Lifecycle) -> bool {
        let is_paused = self.suspended_at.is_some() && lifecycle.pauses();
        !is_paused && self.deadline.is_some_and(|deadline| at > deadline)
    }

    fn resume(&mut self, event: &Event, lifecycle: &Lifecycle) -> Result<(), Irregularity> {
        if self.suspended_at.is_none() {
            return Err(Irregularity::NotSuspended);
        }
        self.end_suspension(event.at, lifecycle);
        if event.due_at.is_some() {
            self.deadline = event.due_at;
        }
        self.stage = if self.handled_at.is_some() { Stage::Handled } else { Stage::Handling };
        Ok(())
    }

    /// Ends a suspension, if there is one; the deadline moves by the pause (decisions.md 5) if it was
    /// one.
    fn end_suspension(&mut self, at: Instant, lifecycle: &Lifecycle) {
        if let Some(since) = self.suspended_at.take()
            && lifecycle.pauses()
        {
            let pause = at.as_micros() - since.as_micros();
            self.paused_for = self.paused_for.saturating_add(pause);
            self.deadline = self
                .deadline
                .map(|deadline| Instant::from_micros(deadline.as_micros().saturating_add(pause)));
        }
    }

    fn hand_back(&mut self, at: Instant, lifecycle: &Lifecycle) -> Result<(), Irregularity> {
        self.require_open()?;
        let again = self.handled_at.is_some();
        self.set_handled(at, lifecycle);
        self.stage = Stage::Handled;
        if again { Err(Irregularity::HandledAgain) } else { Ok(()) }
    }

    fn set_handled(&mut self, at: Instant, lifecycle: &Lifecycle) {
        self.end_suspension(at, lifecycle);
        self.handled_at = Some(at);
        self.reworks = self.rework_rounds();
        self.rework_at = self.rework_at.or(self.rework_pending_at);
        self.rework_pending_at = None;
    }

    fn while_handled(&mut self, stage: Stage) -> Result<(), Irregularity> {
        self.require_open()?;
        if self.handled_at.is_none() {
            return Err(Irregularity::CheckWithoutHandBack);
        }
        self.stage = stage;
        Ok(())
    }

    fn fail_check(&mut self, at: Instant, lifecycle: &Lifecycle) -> Result<(), Irregularity> {
        self.require_open()?;
        if self.handled_at.is_none() {
            return Err(Irregularity::CheckWithoutHandBack);
        }
        match lifecycle.rework {
            ReworkRule::SameUnit => self.rework_pending_at = Some(at),
            ReworkRule::AnyFailedCheck => {
                self.reworks = self.reworks.saturating_add(1);
                self.rework_at = self.rework_at.or(Some(at));
            }
        }
        self.begin_round();
        Ok(())
    }

    fn close(&mut self, event: &Event, lifecycle: &Lifecycle) -> Result<(), Irregularity> {
        self.require_open()?;
        self.forced = event.is("forced");
        let without = self.handled_at.is_none() && !self.forced;
        if without {
            self.set_handled(event.at, lifecycle);
        }
        self.end_suspension(event.at, lifecycle);
        self.closed_at = Some(event.at);
        self.stage = Stage::Closed;
        if without { Err(Irregularity::ClosedWithoutHandBack) } else { Ok(()) }
    }

    fn reopen(&mut self) -> Result<(), Irregularity> {
        if self.closed_at.is_none() {
            return Err(Irregularity::NotClosed);
        }
        self.begin_round();
        Ok(())
    }

    /// Dispatched and not closed: what handling events need.
    fn require_open(&self) -> Result<(), Irregularity> {
        if self.dispatched_at.is_none() {
            Err(Irregularity::BeforeDispatch)
        } else if self.closed_at.is_some() {
            Err(Irregularity::AfterClosing)
        } else {
            Ok(())
        }
    }
}

impl EventKind {
    /// Whether it may come at any time, even after the end.
    const fn is_aside(self) -> bool {
        matches!(self, Self::Visited | Self::Ordered | Self::OrderWithdrawn | Self::Exempted)
    }
}
