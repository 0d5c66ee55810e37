//! What the earlier months, as they were frozen, have made of a case.

use chengping_types::Instant;

use super::aside::Aside;
use super::months::Period;
use super::{Deriver, mark_due};
use crate::EventKind::{Dispatched, Filed};
use crate::fold::State;
use crate::settlement::Seen;
use crate::{Base, Event, LateCorrection, Marks, PeriodBasis};

/// What the month in which a case settled has counted.
#[derive(Debug, Clone, Copy)]
struct Settled {
    on_time: bool,
    closed_on_time: bool,
    rework: bool,
}

/// Walks through the freezes of the months, earliest first, up to the view asked for.
///
/// One state moves forward through the events; each month looks at it once.
pub(super) struct History<'d, 'e> {
    deriver: &'d Deriver<'d>,
    sorted: &'d [&'e Event],
    aside: &'d Aside,
    state: State<'e>,
    next: usize,
    settled: Option<Settled>,
    /// Settled earlier, and not closed at the previous freeze.
    unclosed: bool,
    /// Settled earlier, and overdue and open at the previous freeze.
    carried: bool,
    /// In the backlog at the previous freeze.
    backlog: bool,
    corrected: bool,
}

impl<'d, 'e> History<'d, 'e> {
    pub(super) fn new(deriver: &'d Deriver<'d>, sorted: &'d [&'e Event], aside: &'d Aside) -> Self {
        Self {
            deriver,
            sorted,
            aside,
            state: State::NEW,
            next: 0,
            settled: None,
            unclosed: false,
            carried: false,
            backlog: false,
            corrected: false,
        }
    }

    /// The state at the view, and the counts by settlement of the month asked for.
    pub(super) fn run(mut self) -> (State<'e>, Marks) {
        let months = &self.deriver.months;
        let asked = months.asked();
        let cohort = self.deriver.question.lifecycle.period_basis == PeriodBasis::Cohort;
        let first = self.first_instant().filter(|_| !cohort);
        if let Some(first) = first.map(|at| months.month_of(at)) {
            let last = months.period(self.deriver.question.month.previous());
            let mut month = first;
            while month < self.deriver.question.month {
                let period = months.period(month);
                self.advance(period.view.as_of);
                self.pass(&period);
                if self.is_at_rest(&period, &last) {
                    break;
                }
                month = month.next();
            }
        }
        self.advance(asked.view.as_of);
        let concerned = first.is_some_and(|first| first < asked.end);
        let marks = if concerned { self.answer(asked) } else { Marks::NONE };
        (self.state, marks)
    }

    /// Whether every month from `period` to `last` finds the case as `period` does: no event, deadline
    /// or decision lies between their views, and a settlement in `period` is behind it. So a case of
    /// years ago is looked at a few times, and not once a month.
    fn is_at_rest(&self, period: &Period, last: &Period) -> bool {
        let lies = |at: Option<Instant>, from: Instant, to: Instant| {
            at.is_some_and(|at| from <= at && at < to)
        };
        let (from, to) = (period.view, last.view);
        let next = self.sorted.get(self.next).map(|event| event.at);
        let moves = lies(next, from.as_of, to.as_of)
            || lies(self.state.deadline, from.as_of, to.as_of)
            || lies(self.aside.exempt_late_at, from.decided, to.decided)
            || lies(self.aside.exempt_rework_at, from.decided, to.decided);
        let seen = self.deriver.see(&self.state, period, self.aside);
        let ages = lies(seen.backlog_from(), from.as_of, to.as_of);
        !moves && !ages && seen.settles_at().is_none_or(|at| at < period.end)
    }

    /// When the case was first filed or dispatched, as far as the view shows.
    fn first_instant(&self) -> Option<Instant> {
        self.sorted
            .iter()
            .filter(|event| self.deriver.question.view.shows(event))
            .find(|event| matches!(event.kind, Filed | Dispatched))
            .map(|event| event.at)
    }

    fn advance(&mut self, as_of: Instant) {
        while let Some(event) = self.sorted.get(self.next).filter(|event| event.at < as_of) {
            // Irregular events are shown by `timeline`; here their effect is all that matters.
            let _ = self.state.apply(event, &self.deriver.question.lifecycle);
            self.next += 1;
        }
    }

    /// Takes note of an earlier month, as it was frozen.
    fn pass(&mut self, period: &Period) {
        let seen = self.deriver.see(&self.state, period, self.aside);
        match self.settled {
            None => {
                if seen.settles_at().is_some_and(|at| at < period.end) {
                    let due = !seen.is_out_of_due();
                    self.settled = Some(Settled {
                        on_time: due && seen.is_on_time(),
                        closed_on_time: due && seen.is_closed_on_time(),
                        rework: seen.rework_at().is_some(),
                    });
                }
            }
            Some(settled) => self.corrected |= turns_late(settled, &seen, period),
        }
        self.unclosed = self.settled.is_some() && !seen.is_closed();
        self.carried = self.settled.is_some() && seen.is_overdue_open();
        self.backlog = seen.is_backlog();
    }

    /// Enters the case in the counts of the month asked for.
    fn answer(&self, asked: &Period) -> Marks {
        let seen = self.deriver.see(&self.state, asked, self.aside);
        let mut marks = Marks::NONE;
        match self.settled {
            None => {
                if seen.settles_at().is_some_and(|at| at < asked.end) {
                    mark_due(&mut marks, &seen);
                    marks.set(Base::Rework, seen.rework_at().is_some());
                }
            }
            Some(settled) if self.state.counts() => {
                let failed_now = seen.rework_at().is_some_and(|at| asked.holds(at));
                marks.set(Base::Rework, failed_now && !settled.rework);
                let subtract =
                    self.deriver.question.lifecycle.late_correction == LateCorrection::Subtract;
                if subtract && !self.corrected && turns_late(settled, &seen, asked) {
                    marks.set(Base::UndoOnTime, settled.on_time);
                    marks.set(Base::UndoClosedOnTime, settled.closed_on_time);
                }
                marks.set(Base::CarriedClosed, self.unclosed && seen.is_closed());
                let left = self.backlog && !seen.is_backlog() && !seen.exempt_late;
                marks.set(Base::LeftBacklog, left);
                if self.carried && !seen.exempt_late {
                    self.mark_carried(&mut marks, &seen);
                }
            }
            Some(_) => {}
        }
        marks
    }

    fn mark_carried(&self, marks: &mut Marks, seen: &Seen<'_, '_>) {
        marks.set(Base::CarriedStart, true);
        marks.set(Base::CarriedOpen, seen.is_overdue_open());
        if self.deriver.question.lifecycle.period_basis == PeriodBasis::Stock {
            marks.set(Base::Assigned, true);
            mark_due(marks, seen);
        }
    }
}

/// Whether a case that was counted on time is found late in a later month (decisions.md 3).
fn turns_late(settled: Settled, seen: &Seen<'_, '_>, period: &Period) -> bool {
    (settled.on_time || settled.closed_on_time)
        && seen.settles_at().is_some_and(|at| at < period.end)
        && !seen.is_on_time()
}
