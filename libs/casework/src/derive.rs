//! The fact of one case for one month.

mod aside;
mod change;
mod description;
mod desk;
mod history;
mod months;

use chengping_types::{Instant, Month, TimeZone};
use serde::{Deserialize, Serialize};

use self::aside::Aside;
use self::history::History;
use self::months::{Months, Period};
use crate::EventKind::{Returned, Suspended};
use crate::fold::State;
use crate::settlement::Seen;
use crate::{Base, Case, Event, Fact, Lifecycle, Marks, NoDeadline, PeriodBasis};

/// How far an evaluation looks (decisions.md 2). Both cuts are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct View {
    /// Events before this instant are seen.
    pub as_of: Instant,
    /// Decisions before this instant are seen: exemptions and withdrawn orders.
    pub decided: Instant,
}

impl View {
    /// The view that sees everything, decisions included, before `as_of`.
    #[must_use]
    pub const fn at(as_of: Instant) -> Self {
        Self { as_of, decided: as_of }
    }

    /// Whether the view shows the event.
    #[must_use]
    pub fn shows(&self, event: &Event) -> bool {
        event.at < if event.kind.is_decision() { self.decided } else { self.as_of }
    }
}

/// What facts are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The month.
    pub month: Month,
    /// Where months begin and end.
    pub time_zone: TimeZone,
    /// How far to look. Earlier months are seen at their own freeze, or at this view where that is
    /// earlier: an evaluation never sees past its view.
    pub view: View,
    /// Day of the next month at whose end a month is frozen.
    pub freeze_day: u8,
    /// How events become counts.
    pub lifecycle: Lifecycle,
}

impl Question {
    /// The question for `month` at its default view, its own freeze.
    #[must_use]
    pub fn at_freeze(
        month: Month,
        time_zone: TimeZone,
        freeze_day: u8,
        lifecycle: Lifecycle,
    ) -> Self {
        let view = View::at(month.freeze(freeze_day, &time_zone));
        Self { month, time_zone, view, freeze_day, lifecycle }
    }
}

/// The fact of one case; none when the case contributes nothing to the month.
///
/// `events` are those of the case, in any order, with distinct numbers. For many cases make one
/// [`Deriver`].
#[must_use]
pub fn derive(case: &Case, events: &[Event], question: &Question) -> Option<Fact> {
    Deriver::new(question).derive(case, events)
}

/// Answers one [`Question`] for many cases.
#[derive(Debug)]
pub struct Deriver<'q> {
    question: &'q Question,
    months: Months<'q>,
}

impl<'q> Deriver<'q> {
    /// Prepares the months that the question needs.
    #[must_use]
    pub fn new(question: &'q Question) -> Self {
        Self { question, months: Months::new(question) }
    }

    /// Whether a case whose first event was at `first` may have a fact: most cases of a long history
    /// are younger than most of its months.
    #[must_use]
    pub fn sees(&self, first: Instant) -> bool {
        first < self.question.view.as_of.max(self.question.view.decided)
    }

    /// As [`derive`](fn@derive).
    #[must_use]
    pub fn derive(&self, case: &Case, events: &[Event]) -> Option<Fact> {
        if !events.iter().any(|event| self.question.view.shows(event)) {
            return None;
        }
        let mut sorted: Vec<&Event> = events.iter().collect();
        let place = |event: &&Event| (event.at, event.event_no);
        // Most platforms number the events of a case as they happen.
        if !sorted.is_sorted_by_key(place) {
            sorted.sort_unstable_by_key(place);
        }
        let aside = Aside::of(&sorted, self.question, self.months.asked());

        let (state, mut marks) = History::new(self, &sorted, &aside).run();
        let seen = self.see(&state, self.months.asked(), &aside);
        if state.self_handled || state.filed_at.is_none() {
            marks = Marks::NONE;
        } else {
            self.mark_by_own_time(&mut marks, &state, &sorted);
            if self.question.lifecycle.period_basis == PeriodBasis::Cohort {
                self.mark_cohort(&mut marks, &seen);
            }
        }
        description::mark(self, &mut marks, case, &sorted, &seen);
        let sums = description::sums(self, marks, &sorted, &seen);
        let desk = desk::count(self, case, &sorted, &seen, marks);
        let counted = if state.counts() { &aside } else { &Aside::default() };
        let has_none = desk.is_empty() && sums.is_empty();
        let silent = marks.is_empty() && !counted.has_counts() && has_none;
        (!silent).then(|| Fact { desk, sums, ..fact(case, &state, marks, counted) })
    }

    /// The counts whose month is that of an event of their own.
    fn mark_by_own_time(&self, marks: &mut Marks, state: &State<'_>, sorted: &[&Event]) {
        let asked = self.months.asked();
        let filed_now = state.filed_at.is_some_and(|at| asked.holds(at));
        marks.set(Base::Voided, filed_now && state.voided);
        if !state.counts() {
            return;
        }
        marks.set(Base::Filed, filed_now);
        marks.set(Base::SuspendedNow, state.suspended_at.is_some());
        let cohort = self.question.lifecycle.period_basis == PeriodBasis::Cohort;
        let dispatched_now = state.dispatched_at.is_some_and(|at| asked.holds(at));
        let assigned = if cohort { filed_now } else { dispatched_now };
        let is_paused = state.suspended_at.is_some() && self.question.lifecycle.pauses();
        let is_assignable = state.dispatched_at.is_some() && !is_paused;
        let no_deadline = self.question.lifecycle.no_deadline;
        let is_in_due = state.deadline.is_some() || no_deadline == NoDeadline::CountsAsOnTime;
        marks.set(Base::Assigned, assigned && is_assignable && is_in_due);
        self.mark_returns_and_pauses(marks, sorted);
    }

    fn mark_returns_and_pauses(&self, marks: &mut Marks, sorted: &[&Event]) {
        let asked = self.months.asked();
        let view = &self.question.view;
        let now = |event: &Event| asked.holds(event.at) && view.shows(event);
        if !sorted.iter().any(|event| matches!(event.kind, Returned | Suspended) && now(event)) {
            return;
        }
        // Rare, so the fold is run again to tell what took effect.
        let mut state = State::NEW;
        for event in sorted.iter().filter(|event| view.shows(event)) {
            let regular = state.apply(event, &self.question.lifecycle).is_ok();
            if regular && now(event) {
                let refused = event.is("refused");
                marks.set(Base::Returned, event.kind == Returned && !refused);
                marks.set(Base::Shirked, event.kind == Returned && refused);
                marks.set(Base::SuspendedEver, event.kind == Suspended);
            }
        }
    }

    fn mark_cohort(&self, marks: &mut Marks, seen: &Seen<'_, '_>) {
        let asked = self.months.asked();
        if seen.state.counts() && seen.state.filed_at.is_some_and(|at| asked.holds(at)) {
            marks.set(Base::Rework, seen.rework_at().is_some());
            if seen.settles_at().is_some() {
                mark_due(marks, seen);
            }
        }
    }

    fn see<'s, 'e>(&'s self, state: &'s State<'e>, period: &Period, aside: &Aside) -> Seen<'s, 'e> {
        let decided = |at: Option<Instant>| at.is_some_and(|at| at < period.view.decided);
        Seen {
            state,
            as_of: period.view.as_of,
            exempt_late: decided(aside.exempt_late_at),
            exempt_rework: decided(aside.exempt_rework_at),
            lifecycle: &self.question.lifecycle,
        }
    }
}

/// The counts of a case in the month to which it belongs.
fn mark_due(marks: &mut Marks, seen: &Seen<'_, '_>) {
    if seen.is_out_of_due() {
        return;
    }
    marks.set(Base::Due, true);
    marks.set(Base::Handled, seen.is_handled());
    marks.set(Base::OnTime, seen.is_on_time());
    marks.set(Base::Closed, seen.is_closed());
    marks.set(Base::ClosedOnTime, seen.is_closed_on_time());
    marks.set(Base::HandledLate, seen.is_handled() && !seen.is_on_time());
    marks.set(Base::ClosedLate, seen.is_closed() && !seen.is_closed_on_time());
    marks.set(Base::OverdueOpen, seen.is_overdue_open());
    marks.set(Base::Extended, seen.state.extensions > 0);
}

/// The fact of a case, apart from its counts of posts and its sums.
fn fact(case: &Case, state: &State<'_>, marks: Marks, aside: &Aside) -> Fact {
    Fact {
        case_no: case.case_no.clone(),
        source: case.source,
        category_scheme: case.category_scheme.clone(),
        category_code: case.category_code.clone(),
        area_code: case.area_code.clone(),
        collector: case.collector.clone(),
        reported_at: state.reported_at,
        filed_at: state.filed_at,
        filing_desk: state.filing_desk.cloned(),
        unit: state.unit.cloned(),
        marks,
        orders_first: aside.orders_first,
        orders_repeated: aside.orders_repeated,
        orders_weight: aside.orders_weight,
        visits: aside.visits,
        desk: Vec::new(),
        sums: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
